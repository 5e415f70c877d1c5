# SPDX-License-Identifier: MIT
"""How bright a frame is, when light has settled, and when a frame was exposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .frame import Frame

__all__ = ["Settling", "exposure_of", "mean_luma"]

_JPEG = ("MJPG", "JPEG")
_SPARSE = 8  # every eighth row and column says enough
_WEIGHTS = (0.2126, 0.7152, 0.0722)  # of R, G and B: ITU-R BT.709


def mean_luma(frame: Frame) -> float:
    """Return how bright a frame is on average: 0 is black, 1 is white.

    Raises:
        ValueError: The format cannot be converted, or the frame is not whole.
    """
    if frame.format.pixel_format in _JPEG:
        import simplejpeg

        from .convert import mend_jpeg

        jpeg = mend_jpeg(frame.planes[0])
        grey = simplejpeg.decode_jpeg(jpeg, "GRAY", min_factor=_SPARSE, strict=False)
        return float(grey.mean()) / 255
    rgb = frame.to_rgb()[::_SPARSE, ::_SPARSE].mean(axis=(0, 1)) / 255
    return float(sum(weight * each for weight, each in zip(_WEIGHTS, rgb, strict=True)))


class Settling:
    """Whether exposure and white balance have found their values, told by the frames.

    The first frames of a stream are often black, green or torn. After them, light has
    settled when three frames in a row differ by less than 2 % from the ones before.

    Args:
        skip: Frames that do not count.
    """

    _ALIKE = 0.02
    _IN_A_ROW = 3
    _LEAST = 0.01  # in the dark, noise is more than 2 % of nothing

    def __init__(self, skip: int = 2) -> None:
        self._skip = skip
        self._before: float | None = None
        self._alike = 0

    def settled(self, luma: float) -> bool:
        """Take note of the next frame; return whether light has settled with it."""
        if self._skip > 0:
            self._skip -= 1
            return False
        before, self._before = self._before, luma
        if before is None:
            return False
        close = abs(luma - before) <= self._ALIKE * max(before, self._LEAST)
        self._alike = self._alike + 1 if close else 0
        return self._alike >= self._IN_A_ROW


def exposure_of(frame: Frame, interval_ns: int) -> tuple[int, int]:
    """Return when a frame was exposed: not before, and not after; monotonic nanoseconds.

    A frame takes at most an interval to expose; how long exactly, few drivers tell. Where
    only the arrival is known, the transfer may have taken another interval.

    Args:
        interval_ns: From one frame to the next.
    """
    at = frame.timestamp_ns
    match frame.timestamp_source:
        case "start of exposure":
            return at, at + interval_ns
        case "end of frame":
            return at - interval_ns, at
    return at - 2 * interval_ns, at
