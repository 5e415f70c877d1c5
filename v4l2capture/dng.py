# SPDX-License-Identifier: MIT
"""What a sensor saw, before anybody made a picture of it, as a DNG file.

Source: Adobe Digital Negative specification 1.4; TIFF/EP (ISO 12234-2) for the filter's tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from .layout import minimum_bytes, plane_layouts
from .pixfmt import PIXEL_FORMATS, Format
from .tiff import (
    Directory,
    ascii_text,
    byte,
    long,
    pack_image,
    rational,
    short,
    signed_rational,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Sensor", "bayer_array", "encode_dng"]

# From CIE XYZ under D65 to linear sRGB: that of a sensor whose filters are sRGB's primaries.
_SRGB_MATRIX: Final[Sequence[float]] = (
    3.2404542, -1.5371385, -0.4985314,
    -0.9692660, 1.8760108, 0.0415560,
    0.0556434, -0.2040259, 1.0572252,
)  # fmt: skip
_D65 = 21
_COLOUR_FILTER_ARRAY = 32803
_COLOURS = "RGB"  # in the numbers of CFAPattern

# No filter lets through more than that many times less light than another.
_LEAST_NEUTRAL = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """What is known about a sensor beside its format. V4L2 tells none of it.

    Attributes:
        black_level: What a pixel without light reads, in the units of the format.
        white_level: What one with too much reads; ``None``: the largest number there is.
        neutral: What grey reads in R, G and B, in any unit; ``None``: it is estimated from the
            picture, whose colours are taken to be grey on average.
        matrix: Nine numbers, row by row: from CIE XYZ under D65 to R, G, B; ``None``: those of
            sRGB, which keeps hues about right.
    """

    black_level: int = 0
    white_level: int | None = None
    neutral: Sequence[float] | None = None
    matrix: Sequence[float] | None = None


def bayer_array(format: Format, planes: Sequence[memoryview]) -> NDArray[Any]:  # noqa: A002
    """Return the pixels of a Bayer frame, unpacked, as ``uint8`` or ``uint16`` of ``(H, W)``.

    Whole bytes and words are shared with the frame; MIPI's packed bits are not.

    Raises:
        ValueError: It is no Bayer format, or the frame is not whole.
    """
    import numpy as np

    row = PIXEL_FORMATS.get(format.pixel_format)
    if row is None or row.family != "bayer":
        raise ValueError(
            f"{format.pixel_format} is not what a sensor saw: a DNG is made of Bayer formats; "
            "take another type, or another pixel format"
        )
    if len(format.planes) != 1 or min(format.width, format.height) < 1:
        raise ValueError(f"the format contradicts itself: {format}")
    layout = plane_layouts(format, row)[0]
    if layout.stride < layout.row_bytes:
        raise ValueError(f"the format contradicts itself: {format}")
    need = minimum_bytes(format)[0]
    if len(planes[0]) < need:
        raise ValueError(f"the frame has {len(planes[0])} bytes, too few for {format}: {need}")
    width, height = format.width, format.height
    packed = row.colour_planes[0].bits
    if packed in (8, 16):
        kind = "uint8" if packed == 8 else "<u2"
        return np.ndarray((height, width), kind, planes[0], 0, (layout.stride, packed // 8))
    # The low bits of the last pixels may lie behind what their number of bits takes.
    group = 2 if packed == 12 else 4
    whole = -(-width // group) * (group * packed // 8)
    there = min(layout.stride, len(planes[0]) - layout.stride * (height - 1))
    shape = (height, min(whole, there))
    rows = np.ndarray(shape, np.uint8, planes[0], 0, (layout.stride, 1))
    return _unpack(np.pad(rows, ((0, 0), (0, whole - shape[1]))), packed, group)[:, :width]


def _unpack(rows: NDArray[np.uint8], bits: int, group: int) -> NDArray[np.uint16]:
    """Undo MIPI's packing: the high bytes of a group, then the bits that are left of them."""
    import numpy as np

    size, low = group * bits // 8, bits - 8
    groups = rows.reshape(len(rows), -1, size)
    rest = np.zeros(groups.shape[:2], np.uint32)
    for i in range(group, size):
        rest |= groups[:, :, i].astype(np.uint32) << np.uint32(8 * (i - group))
    out = np.empty((*groups.shape[:2], group), "<u2")
    for i in range(group):
        lowest = (rest >> np.uint32(low * i)) & np.uint32((1 << low) - 1)
        out[:, :, i] = (groups[:, :, i].astype(np.uint16) << np.uint16(low)) | lowest
    return out.reshape(len(rows), -1)


def encode_dng(
    format: Format,  # noqa: A002
    planes: Sequence[memoryview],
    directory: Directory,
    sensor: Sensor | None = None,
) -> bytes:
    """Return a Bayer frame as a DNG file: its pixels as they are, in bytes or 16-bit words.

    Args:
        directory: What else is to be in it, such as :meth:`Exif.directory` makes.
        sensor: What is known about it.

    Raises:
        ValueError: It is no Bayer format, the frame is not whole, or the levels are out of
            range.
    """
    import numpy as np

    sensor = sensor or Sensor()
    pixels = bayer_array(format, planes)
    row = PIXEL_FORMATS[format.pixel_format]
    most = (1 << row.bits) - 1
    white = most if sensor.white_level is None else sensor.white_level
    if not 0 <= sensor.black_level < white <= most:
        raise ValueError(
            f"black_level={sensor.black_level} and white_level={white} do not fit "
            f"{row.fourcc}, whose pixels are from 0 to {most}"
        )
    neutral = sensor.neutral
    if neutral is None:
        neutral = _grey_world(pixels, row.order, sensor.black_level, white)
    if len(neutral) != 3 or min(neutral) <= 0:
        raise ValueError(f"neutral={neutral!r}: give what grey reads in R, G and B")
    matrix = _SRGB_MATRIX if sensor.matrix is None else sensor.matrix
    if len(matrix) != 9:
        raise ValueError(f"matrix={matrix!r}: give nine numbers, row by row")
    directory = directory | {
        254: long(0),  # NewSubfileType: the picture itself
        256: long(format.width),
        257: long(format.height),
        258: short(pixels.itemsize * 8),  # BitsPerSample
        259: short(1),  # Compression: none
        262: short(_COLOUR_FILTER_ARRAY),
        277: short(1),  # SamplesPerPixel
        278: long(format.height),  # RowsPerStrip
        284: short(1),  # PlanarConfiguration
        33421: short(2, 2),  # CFARepeatPatternDim
        33422: byte(*(_COLOURS.index(colour) for colour in row.order)),  # CFAPattern
        50706: byte(1, 4, 0, 0),  # DNGVersion
        50707: byte(1, 1, 0, 0),  # DNGBackwardVersion
        50708: ascii_text(_camera(directory)),  # UniqueCameraModel
        50714: long(sensor.black_level),
        50717: long(white),
        50721: signed_rational(*(_decimal(each) for each in matrix)),  # ColorMatrix1
        50728: rational(*(_decimal(each / max(neutral)) for each in neutral)),  # AsShotNeutral
        50778: short(_D65),  # CalibrationIlluminant1
    }
    return pack_image(directory, np.ascontiguousarray(pixels).data)


def _decimal(value: float) -> Fraction:
    return Fraction(round(value * 10_000_000), 10_000_000)


def _camera(directory: Directory) -> str:
    """Return make and model, without which no DNG is one."""
    words = [
        field.data.rstrip(b"\0").decode()
        for tag in (271, 272)
        if (field := directory.get(tag)) and not isinstance(field, dict)
    ]
    return " ".join(words) or "V4L2 camera"


def _grey_world(pixels: NDArray[Any], order: str, black: int, white: int) -> list[float]:
    """Return what the picture has on average in R, G and B, without what is too bright to tell."""
    import numpy as np

    corners = [pixels[y::8, x::8] for y in (0, 1) for x in (0, 1)]
    height = min(len(corner) for corner in corners)
    width = min(corner.shape[1] for corner in corners)
    cells = np.stack([corner[:height, :width] for corner in corners]).astype(np.float64) - black
    good = cells.max(axis=0) < 0.98 * (white - black)
    if not good.any():
        return [1.0, 1.0, 1.0]
    means = cells[:, good].mean(axis=1)
    rgb = [
        float(np.mean([mean for mean, is_of in zip(means, order, strict=True) if is_of == colour]))
        for colour in _COLOURS
    ]
    brightest = max(rgb)
    if brightest <= 0:
        return [1.0, 1.0, 1.0]
    return [max(each / brightest, _LEAST_NEUTRAL) for each in rgb]
