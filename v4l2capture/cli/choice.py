# SPDX-License-Identifier: MIT
"""Which camera a command is about."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..device import Device
from ..discovery import first_camera, reason, scan
from .output import Failed, say, say_log

if TYPE_CHECKING:
    from ..camera import Camera

__all__ = ["add_device", "add_lamp", "open_camera", "open_whole_camera"]


def add_device(parser: argparse.ArgumentParser) -> None:
    """Let a command take a camera."""
    parser.add_argument(
        "device",
        nargs="?",
        metavar="DEVICE",
        help="/dev/videoN, N, a stable id, or sim:PROFILE; left out: the first camera there is",
    )


def add_lamp(parser: argparse.ArgumentParser) -> None:
    """Let a command take an LED that lights what the camera sees."""
    parser.add_argument(
        "--lamp",
        metavar="LED",
        help="in /sys/class/leds; left out: the camera's flash, or the LED of its sensor",
    )


def open_camera(name: str | None) -> Device:
    """Open the camera that the user means.

    Raises:
        Failed: None is called so.
        NotFoundError: None was named, and there is none.
        CaptureError: It cannot be opened.
    """
    return Device(first_camera() if name is None else _path(name))


def open_whole_camera(name: str | None, lamp: str | None) -> Camera:
    """Open it with its sensor, lenses and lamps; say which of them cannot be opened.

    Args:
        lamp: As :class:`~v4l2capture.Camera` takes it.

    Raises:
        Failed, CaptureError: As :func:`open_camera`.
    """
    from ..camera import Camera  # which others do not need

    camera = Camera(first_camera() if name is None else _path(name), lamp=lamp)
    for problem in camera.problems:
        say(reason(problem))
    say_log()
    return camera


def _path(name: str) -> str:
    """Return the path that a number or a stable id stands for; a path as it is."""
    if name.isascii() and name.isdigit():
        return f"/dev/video{name.lstrip('0') or '0'}"
    if not name or "/" in name or name.startswith("sim:"):
        return name
    found, _ = scan()
    path = next((info.path for info in found if info.stable_id == name), None)
    if path is None:
        raise Failed(f"no camera is called {name!r}; `v4l2capture list` shows what there is")
    return path
