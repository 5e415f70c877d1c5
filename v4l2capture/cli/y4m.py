# SPDX-License-Identifier: MIT
"""YUV4MPEG2: planes of Y'CbCr one after the other, under a line of text.

Y'CbCr and grey go in as the camera sent them, only laid out differently: no colour is
converted, no range changed. Everything else becomes the full-range Y'CbCr of JPEG.

Source: yuv4mpeg(5) of mjpegtools; the COLORRANGE tag and the deeper kinds of grey are
ffmpeg's, libavformat/yuv4mpegdec.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..colour import resolve_colour
from ..layout import plane_layouts
from ..pixfmt import PIXEL_FORMATS, Format, PixelFormat

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FRAME", "Layout", "layout"]

FRAME = b"FRAME\n"

_FULL_RANGE = 1  # V4L2_QUANTIZATION_FULL_RANGE

# Columns and rows that share a chroma sample. V4L2 has it in the middle of its block, as JPEG.
_CHROMA = {(1, 1): "444", (2, 1): "422", (2, 2): "420jpeg", (4, 1): "411"}

# enum v4l2_field: progressive, top field first, bottom field first; else unknown.
_FIELDS = {0: "p", 1: "p", 4: "t", 8: "t", 9: "b"}

_Planes = Callable[[Sequence[memoryview]], "Iterable[NDArray[Any]]"]


class Layout(NamedTuple):
    """How frames of one format are written.

    Attributes:
        header: The first line of the file.
        planes: From the memory planes of a frame to the arrays that follow ``FRAME``.
        is_converted: Whether these are other colours than those that came.
    """

    header: bytes
    planes: _Planes
    is_converted: bool = False


def layout(format: Format) -> Layout | None:  # noqa: A002
    """Return how to write a format, or ``None`` where no picture can be made of it."""
    row = PIXEL_FORMATS.get(format.pixel_format)
    if row is None or not (row.convertible or _is_plain_yuv(row)):
        return None
    if len(format.planes) != row.memory_planes:
        return None
    is_full = resolve_colour(format)[1] == _FULL_RANGE
    if _is_plain_yuv(row):
        tag = _CHROMA[row.chroma]
        return Layout(_header(format, tag, is_full), lambda planes: _samples(format, row, planes))
    if row.family == "grey" and row.colour_planes[0].bits in (8, 16):
        tag = "mono" if row.bits == 8 else f"mono{row.bits}"
        return Layout(_header(format, tag, is_full), lambda planes: _grey(format, row, planes))
    if row.family == "grey":
        return Layout(
            _header(format, "mono", True), lambda planes: _shallow_grey(format, planes), True
        )
    return Layout(_header(format, "444", True), lambda planes: _converted(format, planes), True)


def _header(format: Format, tag: str, is_full: bool) -> bytes:  # noqa: A002
    rate = format.frame_rate
    words = (
        "YUV4MPEG2",
        f"W{format.width}",
        f"H{format.height}",
        f"F{rate.numerator}:{rate.denominator}" if rate else "F0:0",
        f"I{_FIELDS.get(format.field, '?')}",
        "A0:0",
        f"C{tag}",
        f"XCOLORRANGE={'FULL' if is_full else 'LIMITED'}",
    )
    return " ".join(words).encode() + b"\n"


def _is_plain_yuv(row: PixelFormat) -> bool:
    """Whether all samples are bytes at equal distances, in a subsampling that has a tag."""
    return row.family == "yuv" and row.bits == 8 and row.order != "YYUV" and row.chroma in _CHROMA


def _samples(
    format: Format,  # noqa: A002
    row: PixelFormat,
    planes: Sequence[memoryview],
) -> list[NDArray[np.uint8]]:
    """Return Y', Cb and Cr, each sample as it came."""
    columns, rows = row.chroma
    sizes = {
        "Y": (format.height, format.width),
        "U": (-(-format.height // rows), -(-format.width // columns)),
    }
    found = {}
    for letters, plane in zip(row.order.split(), _colour_planes(format, row, planes), strict=True):
        for letter in "YUV":
            if letter in letters:
                step = len(letters) // letters.count(letter)
                height, width = sizes["Y" if letter == "Y" else "U"]
                found[letter] = plane[:height, letters.index(letter) :: step][:, :width]
    return [found[letter] for letter in "YUV"]


def _colour_planes(
    format: Format,  # noqa: A002
    row: PixelFormat,
    planes: Sequence[memoryview],
) -> list[NDArray[np.uint8]]:
    """Return the bytes of each colour plane as rows without padding."""
    import numpy as np

    return [
        np.ndarray((p.rows, p.row_bytes), np.uint8, planes[p.memory], p.start, (p.stride, 1))
        for p in plane_layouts(format, row)
    ]


def _grey(
    format: Format,  # noqa: A002
    row: PixelFormat,
    planes: Sequence[memoryview],
) -> list[NDArray[Any]]:
    import numpy as np

    (samples,) = _colour_planes(format, row, planes)
    if row.bits == 8:
        return [samples]
    words = np.ascontiguousarray(samples).view(">u2" if row.big_endian else "<u2")
    return [(words & ((1 << row.bits) - 1)).astype("<u2", copy=False)]


def _shallow_grey(
    format: Format,  # noqa: A002
    planes: Sequence[memoryview],
) -> list[NDArray[Any]]:
    from ..convert import to_jpeg_planes

    return [to_jpeg_planes(format, planes)[0]]


def _converted(
    format: Format,  # noqa: A002
    planes: Sequence[memoryview],
) -> list[NDArray[Any]]:
    import numpy as np
    from PIL import Image

    from ..convert import to_rgb

    picture = Image.fromarray(to_rgb(format, planes)).convert("YCbCr")
    return [np.asarray(band) for band in picture.split()]
