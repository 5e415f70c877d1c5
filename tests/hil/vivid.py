# SPDX-License-Identifier: MIT
"""vivid by hand: into a known state, another input, unplugged and plugged in again.

Standard library and the library's own controls; the few ioctls that it leaves out on purpose
(inputs, selections) are made here.
"""

import fcntl
import itertools
import os
import struct
import subprocess
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from v4l2capture import Device, Frame, Stream

from ..waits import wait_until
from .nodes import path_of, set_defaults
from .v4l2_ctl import v4l2_ctl

DRIVER = Path("/sys/bus/platform/drivers/vivid")
INSTANCE = "vivid.0"

# The names in sysfs, which stay when the numbers change.
SINGLE = "vivid-000-vid-cap"
MULTI = "vivid-001-vid-cap"


VIDIOC_S_INPUT = 0xC0045627
VIDIOC_S_STD = 0x40085618
VIDIOC_S_SELECTION = 0xC040565F
CROP, COMPOSE = 0x000, 0x100
PAL, NTSC_M = 0xFF, 0x1000  # V4L2_STD_*


class Input(IntEnum):
    WEBCAM = 0
    TV = 1
    S_VIDEO = 2
    HDMI = 3


def _ioctl(path: str, request: int, argument: bytes) -> bytes:
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return fcntl.ioctl(fd, request, argument)
    finally:
        os.close(fd)


def select_input(path: str, number: Input) -> None:
    """Switch to another input; its format is another, too."""
    _ioctl(path, VIDIOC_S_INPUT, struct.pack("=i", number))


def set_standard(path: str, standard: int) -> None:
    """Set the TV standard of the present input."""
    _ioctl(path, VIDIOC_S_STD, struct.pack("=Q", standard))


def select(path: str, target: int, left: int, top: int, width: int, height: int) -> list[int]:
    """Set the crop or compose rectangle and return the one that the driver took."""
    # The kernel takes the single-planar type for multi-planar nodes as well.
    asked = struct.pack("=III4i9I", 1, target, 0, left, top, width, height, *([0] * 9))
    return list(struct.unpack("=III4i9I", _ioctl(path, VIDIOC_S_SELECTION, asked))[3:7])


def set_bytesperline(path: str, width: int, height: int, name: str, bytesperline: int) -> None:
    """Set a format with padded lines, which the library itself never asks for."""
    fields = f"width={width},height={height},pixelformat={name},bytesperline={bytesperline}"
    v4l2_ctl(path, f"--set-fmt-video={fields}")


def first(stream: Stream) -> Frame:
    """Return the next frame, whole or not."""
    return wait_until(stream.try_read, "there is no frame at all")


def missing(sequences: Sequence[int]) -> int:
    """How many frames the numbers leave out; vivid may repeat one, and wrap at 32 bits."""
    steps = [(after - before) % 2**32 for before, after in itertools.pairwise(sequences)]
    return sum(max(step - 1, 0) for step in steps)


def reset(path: str, pixel_format: str = "YUYV") -> None:
    """Every control to its default, the webcam input, 320x180 at 60 frames/s."""
    with Device(path) as device:
        set_defaults(device)
    select_input(path, Input.WEBCAM)
    with Device(path) as device:
        device.set_format(320, 180, pixel_format, 60)


def unbind() -> None:
    """What pulling the plug is to a USB camera; all of vivid's nodes go."""
    (DRIVER / "unbind").write_text(INSTANCE)


def bind() -> None:
    """Plug it in again and wait for the nodes, which may have other numbers."""
    if not (DRIVER / INSTANCE).exists():
        (DRIVER / "bind").write_text(INSTANCE)
    for name in (SINGLE, MULTI):
        path_of(name)
    subprocess.run(["udevadm", "settle", "--timeout=30"], check=True)  # links in /dev/v4l
