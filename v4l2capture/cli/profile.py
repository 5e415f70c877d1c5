# SPDX-License-Identifier: MIT
"""``v4l2capture profile``."""

from __future__ import annotations

import argparse

from .choice import add_device, open_camera
from .output import put_json

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """print a camera as a profile, in JSON

    The simulated camera plays profiles: save it to a file, and sim:FILE is this camera.
    """
    with open_camera(args.device) as device:
        profile = device.profile()
    put_json(profile)
    return 0
