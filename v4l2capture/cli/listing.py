# SPDX-License-Identifier: MIT
"""``v4l2capture list``."""

from __future__ import annotations

import argparse
from typing import Any

from ..discovery import DeviceInfo, reason, scan
from .output import Table, put_json, say

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="a list of objects; [] for no camera")


def run(args: argparse.Namespace) -> int:
    """list the cameras there are

    Nodes that cannot be opened are named on stderr. No camera at all is no failure.
    """
    found, failed = scan()
    cameras = [info for info in found if info.is_camera]
    for error in failed:
        say(reason(error))
    if args.json:
        put_json([_as_json(info) for info in cameras])
    elif cameras:
        rows = [(c.path, c.card, c.driver, c.bus_info, c.stable_id) for c in cameras]
        Table(("Device", "Camera", "Driver", "Bus", "Stable id"), rows).put()
    if not cameras:
        say(
            "no camera found. sim:webcam is a simulated one that every command takes; "
            "V4L2CAPTURE_SIM=webcam lists it here too. `v4l2capture doctor` says what is missing"
        )
    return 0


def _as_json(info: DeviceInfo) -> dict[str, Any]:
    return {
        "path": info.path,
        "card": info.card,
        "driver": info.driver,
        "bus_info": info.bus_info,
        "serial": info.serial,
        "stable_id": info.stable_id,
        "version": ".".join(map(str, info.version)),
        "capabilities": sorted(info.capabilities),
        "multiplanar": info.multiplanar,
    }
