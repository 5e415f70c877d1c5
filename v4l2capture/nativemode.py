# SPDX-License-Identifier: MIT
"""The modes in which a camera itself gives pictures: size, rate, and in which pixel format.

Where a driver takes any size or rate in a range, the usual ones stand for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from .formats import FormatInfo, FrameSize, FrameSizeRange
from .pixfmt import PIXEL_FORMATS, Format
from .videomode import CROP_AND_SCALE, NONE, Size

__all__ = [
    "NativeMode",
    "best_mode",
    "is_picture",
    "mode_of",
    "native_modes",
    "photo_mode",
    "photo_sizes",
]

_USUAL_SIZES = (
    *((160, 120), (176, 144), (320, 180), (320, 240), (352, 288), (640, 360), (640, 480)),
    *((800, 600), (960, 540), (1024, 768), (1280, 720), (1280, 960), (1600, 1200)),
    *((1920, 1080), (2560, 1440), (2592, 1944), (3840, 2160), (4096, 2160), (4608, 2592)),
)
_USUAL_RATES = (120, 60, 50, 30, 25, 20, 15, 10, 5)

# Of the ratio of two rates: cameras say 30000/1001, people say 29.97 or 30.
_TOLERANCE = 0.005

# What to prefer where a mode comes in several formats. Raw pictures need no decoding.
_FAMILIES = ("yuv", "rgb", "grey", "bayer")


@dataclass(frozen=True, slots=True)
class NativeMode:
    """One mode.

    Attributes:
        frame_rate: Frames per second, exact; ``None``: nobody knows.
    """

    width: int
    height: int
    frame_rate: Fraction | None
    pixel_format: str

    @property
    def rate(self) -> float:
        """Frames per second; 0 where nobody knows."""
        return float(self.frame_rate or 0)

    def to_dict(self) -> dict[str, Any]:
        """Return it as :func:`v4l2capture.constraints.select_settings` takes modes."""
        return {"width": self.width, "height": self.height, "frameRate": self.rate}

    def serves(self, wanted: Size) -> bool:
        """Whether its pictures are ``wanted``, or can be cropped, scaled and thinned out to it.

        A rate that nobody knows is no obstacle.
        """
        times = self.rate / wanted.rate if self.rate and wanted.rate else 1.0
        if wanted.resize == NONE:
            same = (self.width, self.height) == (wanted.width, wanted.height)
            return same and abs(times - 1) <= _TOLERANCE
        if self.width < wanted.width or self.height < wanted.height:
            return False
        return times > 1 - _TOLERANCE and abs(times - round(times)) <= _TOLERANCE

    def picture(self, size: Size | None) -> Size:
        """Return what pictures are like for whom ``size`` was chosen; ``None``: nothing was."""
        if size is not None and self.serves(size):
            return size
        return Size(self.width, self.height, self.rate, NONE)

    def keeping(self, old: Size) -> Size | None:
        """Return what to choose so that pictures stay as they were; ``None``: nothing."""
        made = replace(old, resize=CROP_AND_SCALE)
        return None if self.serves(replace(old, resize=NONE)) or not self.serves(made) else made


def is_picture(pixel_format: str) -> bool:
    """Whether frames in this format can be turned into pictures."""
    row = PIXEL_FORMATS.get(pixel_format)
    return pixel_format in ("MJPG", "JPEG") or (row is not None and row.convertible)


def mode_of(format: Format) -> NativeMode:  # noqa: A002
    """Return a format as a mode."""
    return NativeMode(format.width, format.height, format.frame_rate, format.pixel_format)


def native_modes(formats: Sequence[FormatInfo], current: Format) -> list[NativeMode]:
    """Return every size and rate that gives pictures; of other formats where there are none.

    Where a mode comes in several pixel formats the present one is taken, else the one that
    is the least work.

    Args:
        current: The present format, which counts as a mode even if the driver's list lacks it.
    """
    usable = [each for each in formats if is_picture(each.pixel_format)] or list(formats)
    now = mode_of(current)
    found = {now: now}
    done: set[FrameSize | FrameSizeRange] = set()  # which most formats of a camera share
    for info in sorted(usable, key=lambda each: _work(each.pixel_format, now.pixel_format)):
        for size in info.sizes:
            if size in done:
                continue
            done.add(size)
            rates: list[Fraction | None] = [*_rates(size, current)] or [None]
            for width, height in _sizes(size, current):
                for rate in rates:
                    key = NativeMode(width, height, rate, now.pixel_format)
                    found.setdefault(key, replace(key, pixel_format=info.pixel_format))
    return list(found.values())


def _sizes(size: FrameSize | FrameSizeRange, current: Format) -> Iterator[tuple[int, int]]:
    if isinstance(size, FrameSize):
        yield size.width, size.height
        return
    ends = (size.min_width, size.min_height), (size.max_width, size.max_height)
    for width, height in (*ends, (current.width, current.height), *_USUAL_SIZES):
        inside = size.min_width <= width <= size.max_width
        inside = inside and size.min_height <= height <= size.max_height
        across, down = width - size.min_width, height - size.min_height
        if inside and across % size.step_width == 0 and down % size.step_height == 0:
            yield width, height


def _rates(size: FrameSize | FrameSizeRange, current: Format) -> Iterator[Fraction]:
    yield from size.frame_rates
    span = size.frame_rate_range
    if span is not None:
        yield span.maximum
        yield from (Fraction(r) for r in _USUAL_RATES if span.minimum < r < span.maximum)
        yield span.minimum
    elif not size.frame_rates and current.frame_rate is not None:  # it has this one, if it has any
        yield current.frame_rate


def best_mode(modes: Iterable[NativeMode], wanted: Size, current: NativeMode) -> NativeMode | None:
    """Return the mode to take for pictures of a size and rate, ``None``: there is none.

    The current one if it is among them and will do, else the smallest and slowest.
    """
    serving = [mode for mode in modes if mode.serves(wanted)]
    if current in serving:
        return current
    return min(serving, key=lambda mode: (mode.width * mode.height, mode.rate), default=None)


def _work(pixel_format: str, current: str) -> int:
    if pixel_format == current:
        return -1
    row = PIXEL_FORMATS.get(pixel_format)
    family = row.family if row is not None else ""
    return _FAMILIES.index(family) if family in _FAMILIES else len(_FAMILIES)


def photo_sizes(modes: Iterable[NativeMode]) -> list[tuple[int, int]]:
    """Return the sizes that a still can have, the smallest first."""
    return sorted({(m.width, m.height) for m in modes if is_picture(m.pixel_format)})


def photo_mode(
    modes: Iterable[NativeMode], width: float | None, height: float | None, current: NativeMode
) -> NativeMode | None:
    """Return the mode for a still, ``None``: there is none.

    Its size is the one that is nearest in both directions together, the largest where
    nothing is wanted. Of equal ones the current mode, else the fastest, is taken.
    """

    def rank(mode: NativeMode) -> tuple[float, int, bool, float]:
        off = sum(
            abs(side - wanted) / max(side, wanted)
            for side, wanted in ((mode.width, width), (mode.height, height))
            if wanted
        )
        return off, -mode.width * mode.height, mode != current, -mode.rate

    stills = [mode for mode in modes if is_picture(mode.pixel_format)]
    return min(stills, key=rank, default=None)
