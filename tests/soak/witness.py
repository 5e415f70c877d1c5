# SPDX-License-Identifier: MIT
"""Whether a frame is the one that it says it is, and stays so while somebody has it.

The simulated camera draws the frame's number into each picture. Below it, a picture has rows
of at most two kinds: a third kind is of another picture, with other settings.
"""

from typing import Any
from zlib import crc32

import numpy as np

from v4l2capture import Frame
from v4l2capture._native import ffi, lib
from v4l2capture.sim import read_counter

_LUMA_STEP = {"YUYV": 2, "GREY": 1, "NV12": 1, "NM12": 1, "YU12": 1}


class WrongFrameError(AssertionError):
    """A frame is not what it says."""


def luma(frame: Frame, pixels: Any) -> Any:
    """The brightness of a picture, (height, width), seen in the bytes of its first plane."""
    form = frame.format
    step, stride = _LUMA_STEP[form.pixel_format], form.planes[0].bytesperline
    rows = np.frombuffer(pixels, np.uint8)[: form.height * stride].reshape(form.height, stride)
    return rows[:, : form.width * step : step]


def is_plain(frame: Frame) -> bool:
    """Whether luma() can look into it."""
    return frame.format.pixel_format in _LUMA_STEP


def counter_rows(width: int, height: int) -> int:
    layout = ffi.new("struct vc_sim_counter *")
    if lib.vc_sim_counter_layout(width, height, layout) < 0:
        raise ValueError(f"{width}x{height} is too small for a number")
    return int(layout.cell * layout.rows)


def check_number(picture: Any, sequence: int) -> None:
    """Complain about a picture of another frame."""
    number = read_counter(picture)
    if number != sequence:
        raise WrongFrameError(f"frame {sequence} shows {number}")


def check_rows(picture: Any, sequence: int) -> None:
    """Complain about a picture that was put together from two."""
    rows = picture[counter_rows(picture.shape[1], picture.shape[0]) :]
    others = rows[(rows != rows[0]).any(axis=1)]
    if len(others) and (others != others[0]).any():
        raise WrongFrameError(f"frame {sequence} is torn")


class Held:
    """A frame that is kept, or only an array or a plane of it, until some time."""

    def __init__(self, frame: Frame, how: str, until: float) -> None:
        self.until = until
        self.sequence = frame.sequence
        plane = frame.planes[0]
        self.sum = crc32(plane)
        if is_plain(frame):
            picture = luma(frame, plane)
            check_number(picture, self.sequence)
            check_rows(picture, self.sequence)
        else:
            check_number(frame.to_rgb(), self.sequence)
        self.kept: Any = frame
        if how == "plane":
            self.kept = plane
        elif how == "array" and frame.format.pixel_format == "YUYV":
            self.kept = frame.array()
        elif how == "copy":
            self.kept = frame.copy()

    def check(self) -> None:
        """Complain about pixels that have changed."""
        kept = self.kept
        if isinstance(kept, Frame):
            if kept.sequence != self.sequence:
                raise WrongFrameError(f"frame {self.sequence} is {kept.sequence} now")
            kept = kept.planes[0]
        if crc32(memoryview(kept).cast("B")) != self.sum:
            raise WrongFrameError(f"frame {self.sequence} has changed while it was kept")
