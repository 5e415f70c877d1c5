# SPDX-License-Identifier: MIT
"""How a frame lies in memory: distances of rows, sizes of planes, and as an array.

Arithmetic only.

Source: Documentation/userspace-api/media/v4l/pixfmt*.rst.
"""

from __future__ import annotations

from typing import NamedTuple

from .pixfmt import PIXEL_FORMATS, Format, PixelFormat

__all__ = ["ArrayLayout", "PlaneLayout", "array_layout", "minimum_bytes", "plane_layouts"]


class PlaneLayout(NamedTuple):
    """Where the rows of one colour plane lie.

    Attributes:
        memory: Number of the memory plane they are in.
        start: Byte in it that the first row begins with.
        stride: Bytes from one row to the next.
        rows: How many there are.
        row_bytes: Bytes of each that are picture.
    """

    memory: int
    start: int
    stride: int
    rows: int
    row_bytes: int


class ArrayLayout(NamedTuple):
    """How the first memory plane looks as an array.

    Attributes:
        shape: ``(H, W)`` or ``(H, W, C)``.
        dtype: For NumPy: ``"uint8"``, ``"<u2"`` or ``">u2"``.
        strides: Bytes, one for each dimension.
    """

    shape: tuple[int, ...]
    dtype: str
    strides: tuple[int, ...]


def plane_layouts(format: Format, row: PixelFormat) -> list[PlaneLayout]:  # noqa: A002
    """Return where each colour plane lies.

    Behind luma in the same memory plane, chroma has the padding of luma in the same
    proportion. A driver that leaves bytesperline 0 means no padding.
    """
    layouts = []
    start = 0
    for i, plane in enumerate(row.colour_planes):
        memory = i if row.memory_planes > 1 else 0
        stride = format.planes[memory].bytesperline
        if memory != i:
            stride = -(-stride // plane.columns) * plane.bits // row.colour_planes[0].bits
        row_bytes, rows = plane.row_bytes(format.width), plane.row_count(format.height)
        layouts.append(PlaneLayout(memory, start, stride or row_bytes, rows, row_bytes))
        start = start + layouts[i].stride * rows if row.memory_planes == 1 else 0
    return layouts


def minimum_bytes(format: Format) -> tuple[int, ...]:  # noqa: A002
    """Return the bytes of a whole frame in each memory plane; a frame with less is broken.

    The padding behind the last row does not count. 0 where the length varies or the
    layout is not known.
    """
    row = PIXEL_FORMATS.get(format.pixel_format)
    if row is None or len(format.planes) != row.memory_planes or not row.colour_planes:
        return (0,) * len(format.planes)
    needs = [0] * row.memory_planes
    for plane in plane_layouts(format, row):
        needs[plane.memory] = plane.start + plane.stride * (plane.rows - 1) + plane.row_bytes
    return tuple(needs)


def array_layout(format: Format) -> ArrayLayout | None:  # noqa: A002
    """Return how the first memory plane is an array of pixels, or ``None`` where it is none.

    Packed formats are ``(H, W, C)`` bytes, 16-bit words ``(H, W)``. One memory plane with
    several colour planes is the ``(H * 3 / 2, W)`` bytes (4:2:0; otherwise ``H * 2`` or
    ``H * 3``) that OpenCV and others take, if all rows have one distance: NV12 always when
    width and height are even, three planes only without padding. Several memory planes,
    MIPI's packed bits and compressed formats are no array.
    """
    row = PIXEL_FORMATS.get(format.pixel_format)
    if row is None or len(format.planes) != 1 or not row.colour_planes:
        return None
    planes = plane_layouts(format, row)
    if len(planes) > 1:
        return _stacked_layout(format, row, planes)
    first, stride = row.colour_planes[0], planes[0].stride
    width, height = format.width, format.height
    match first.bits // first.columns, first.columns:
        case 8, 1:
            return ArrayLayout((height, width), "uint8", (stride, 1))
        case 16, 1:
            return ArrayLayout((height, width), ">u2" if row.big_endian else "<u2", (stride, 2))
        case (16 | 24 | 32) as pixel, _:
            size = pixel // 8
            return ArrayLayout((height, width, size), "uint8", (stride, size, 1))
    return None


def _stacked_layout(
    format: Format,  # noqa: A002
    row: PixelFormat,
    planes: list[PlaneLayout],
) -> ArrayLayout | None:
    """Colour planes below each other, each as wide as the picture."""
    width, stride = format.width, planes[0].stride
    if row.bits != 8 or width % row.chroma[0] or format.height % row.chroma[1]:
        return None
    is_even = all(plane.stride == stride and plane.row_bytes == width for plane in planes)
    if not is_even and stride != width:
        return None
    size = sum(plane.row_bytes * plane.rows for plane in planes)
    if size % width:
        return None
    return ArrayLayout((size // width, width), "uint8", (stride, 1))
