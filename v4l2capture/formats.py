# SPDX-License-Identifier: MIT
"""What a camera offers: pixel formats, their sizes, and the frame rates of each size.

Source: Documentation/userspace-api/media/v4l/vidioc-enum-{fmt,framesizes,frameintervals}.rst.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ._native import ffi, lib
from .cstring import text
from .pixfmt import fourcc, fourcc_text

if TYPE_CHECKING:
    from .device import Device

__all__ = [
    "FormatInfo",
    "FrameRateRange",
    "FrameSize",
    "FrameSizeRange",
    "enumerate_formats",
    "frame_rates",
    "rate",
]

# No camera has so many; a driver that counts without end has.
_MOST = 1000

_ENDS = (-errno.EINVAL, -errno.ENOTTY)


@dataclass(frozen=True, slots=True)
class FrameRateRange:
    """Frames per second of a driver that takes any rate in a range.

    Attributes:
        minimum: Slowest, exact.
        maximum: Fastest, exact.
    """

    minimum: Fraction
    maximum: Fraction


@dataclass(frozen=True, slots=True)
class FrameSize:
    """One size, in pixels.

    Attributes:
        frame_rates: Frames per second, exact, in the driver's order; empty where the
            driver does not say, or says a range.
        frame_rate_range: That range, or ``None``.
    """

    width: int
    height: int
    frame_rates: tuple[Fraction, ...]
    frame_rate_range: FrameRateRange | None = None


@dataclass(frozen=True, slots=True)
class FrameSizeRange:
    """Any size in a range, in pixels; rates as in :class:`FrameSize`, of the largest size."""

    min_width: int
    max_width: int
    step_width: int
    min_height: int
    max_height: int
    step_height: int
    frame_rates: tuple[Fraction, ...]
    frame_rate_range: FrameRateRange | None = None


@dataclass(frozen=True, slots=True)
class FormatInfo:
    """One pixel format of a camera.

    Attributes:
        pixel_format: The four characters, for example ``"YUYV"``.
        description: The driver's or kernel's words.
        compressed: Whether frames are of varying length.
        emulated: Whether a library, not the camera, makes it.
        sizes: Discrete sizes or ranges, in the driver's order.
    """

    pixel_format: str
    description: str
    compressed: bool
    emulated: bool
    sizes: tuple[FrameSize | FrameSizeRange, ...]


def enumerate_formats(device: Device) -> list[FormatInfo]:
    """Ask the driver for everything it offers. A part that it cannot answer is left out."""
    dev = device._dev
    out = ffi.new("struct vc_fmtdesc *")

    found = []
    for _ in _each(device, "VIDIOC_ENUM_FMT", lambda n: lib.vc_format_enum(dev, n, out)):
        name = fourcc_text(out.pixelformat)
        found.append(
            FormatInfo(
                name,
                text(out.description),
                bool(out.flags & lib.V4L2_FMT_FLAG_COMPRESSED),
                bool(out.flags & lib.V4L2_FMT_FLAG_EMULATED),
                tuple(_sizes(device, out.pixelformat)),
            )
        )
    return found


def _each(device: Device, operation: str, ask: Callable[[int], int]) -> Iterator[int]:
    for n in range(_MOST):
        rc = ask(n)
        if rc in _ENDS:
            return
        if rc == -errno.EPROTO:
            continue  # this entry makes no sense; the next may
        device._check(rc, operation)
        yield n


def _sizes(device: Device, pixelformat: int) -> Iterator[FrameSize | FrameSizeRange]:
    dev = device._dev
    out = ffi.new("struct vc_framesize *")

    def ask(n: int) -> int:
        return int(lib.vc_format_enum_size(dev, pixelformat, n, out))

    for _ in _each(device, "VIDIOC_ENUM_FRAMESIZES", ask):
        width = _largest(out.min_width, out.max_width, out.step_width)
        height = _largest(out.min_height, out.max_height, out.step_height)
        rates, span = frame_rates(device, pixelformat, width, height)
        if out.type == lib.V4L2_FRMSIZE_TYPE_DISCRETE:
            yield FrameSize(out.max_width, out.max_height, rates, span)
            continue
        yield FrameSizeRange(
            out.min_width,
            out.max_width,
            out.step_width,
            out.min_height,
            out.max_height,
            out.step_height,
            rates,
            span,
        )
        return  # a range is always the only entry


def _largest(least: int, most: int, step: int) -> int:
    """Return the largest of a range that is on its grid: drivers refuse to speak of others."""
    return least + (most - least) // step * step if step else most


def frame_rates(
    device: Device, pixelformat: int | str, width: int, height: int
) -> tuple[tuple[Fraction, ...], FrameRateRange | None]:
    """Return the discrete frame rates of one size, and the range where there is one."""
    dev = device._dev
    code = fourcc(pixelformat) if isinstance(pixelformat, str) else pixelformat
    out = ffi.new("struct vc_frameinterval *")
    rates: list[Fraction] = []
    span = None

    def ask(n: int) -> int:
        return int(lib.vc_format_enum_interval(dev, code, width, height, n, out))

    for _ in _each(device, "VIDIOC_ENUM_FRAMEINTERVALS", ask):
        fastest, slowest = rate(out.min), rate(out.max)
        if out.type == lib.V4L2_FRMIVAL_TYPE_DISCRETE:
            if fastest is not None:
                rates.append(fastest)
            continue
        if fastest is not None and slowest is not None:
            span = FrameRateRange(slowest, fastest)
        break  # a range is always the only entry
    return tuple(rates), span


def rate(interval: Any) -> Fraction | None:
    """Return frames per second of a ``struct v4l2_fract`` of seconds; ``None``: unknown."""
    if not interval.numerator or not interval.denominator:
        return None
    return Fraction(interval.denominator, interval.numerator)
