# SPDX-License-Identifier: MIT
"""``v4l2capture formats``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from ..formats import FormatInfo, FrameSize, FrameSizeRange
from ..pixfmt import Format
from ..snapshot import format_data
from .choice import add_device, open_camera
from .output import Table, put, put_json, visible

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """show the pixel formats, sizes and frame rates of a camera"""
    with open_camera(args.device) as device:
        info, now, formats = device.info, device.format, device.formats()
    if args.json:
        put_json(
            {
                "path": info.path,
                "card": info.card,
                "format": _present(now),
                "formats": [format_data(each) for each in formats],
            }
        )
        return 0
    put(visible(f"{info.card} ({info.path}), now at {now}"))
    Table(("Format", "Size", "Frames/s"), [row for each in formats for row in _rows(each)]).put()
    return 0


def _present(now: Format) -> dict[str, Any]:
    return {
        "pixel_format": now.pixel_format,
        "width": now.width,
        "height": now.height,
        "frame_rate": None if now.frame_rate is None else str(now.frame_rate),
    }


def _rows(info: FormatInfo) -> Iterator[tuple[str, ...]]:
    notes = [info.description, *["made by a library"] * info.emulated]
    yield (f"{info.pixel_format}  {', '.join(filter(None, notes))}",)
    for size in info.sizes:
        yield "", _size(size), _rates(size)


def _size(size: FrameSize | FrameSizeRange) -> str:
    if isinstance(size, FrameSize):
        return f"{size.width}x{size.height}"
    steps = f" in steps of {size.step_width}x{size.step_height}"
    most = f"{size.max_width}x{size.max_height}"
    return f"{size.min_width}x{size.min_height} to {most}{steps}"


def _rates(size: FrameSize | FrameSizeRange) -> str:
    span = size.frame_rate_range
    if span:
        return f"{_rate(span.minimum)} to {_rate(span.maximum)}"
    return ", ".join(map(_rate, size.frame_rates)) or "?"


def _rate(rate: Fraction) -> str:
    """Return a rate as people write it: 29.97 is 30000/1001, and exactly that."""
    exact = f"{float(rate):.3f}".rstrip("0").rstrip(".")
    return exact if Fraction(exact) == rate else f"{exact} ({rate})"
