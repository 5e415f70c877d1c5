# SPDX-License-Identifier: MIT
"""The conversions of csrc/convert.h once more: slow, in floating point, one rule after the other.

Nothing here comes from the tables of the package, so a slip there is seen here. Layouts
are written as the kernel's documentation draws them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

# One letter for each byte of a group; a group is two pixels where there are two Y.
BYTES = {
    "YUYV": "Y U Y V",
    "UYVY": "U Y V Y",
    "YVYU": "Y V Y U",
    "VYUY": "V Y U Y",
    "YUV3": "Y U V",
    "YUV4": "A Y U V",
    "AYUV": "A Y U V",
    "XYUV": "X Y U V",
    "VUYA": "V U Y A",
    "VUYX": "V U Y X",
    "YUVA": "Y U V A",
    "YUVX": "Y U V X",
    "RGB3": "R G B",
    "BGR3": "B G R",
    "RGB4": "A R G B",
    "BGR4": "B G R A",
    "BA24": "A R G B",
    "BX24": "X R G B",
    "AR24": "B G R A",
    "XR24": "B G R X",
    "RA24": "A B G R",
    "RX24": "X B G R",
    "AB24": "R G B A",
    "XB24": "R G B X",
}

# One letter for each bit of a word, from the highest.
WORDS = {
    "Y444": "xxxxyyyyuuuuvvvv",
    "YUVO": "xyyyyyuuuuuvvvvv",
    "YUVP": "yyyyyuuuuuuvvvvv",
    "RGB1": "rrrgggbb",
    "R444": "xxxxrrrrggggbbbb",
    "AR12": "aaaarrrrggggbbbb",
    "XR12": "xxxxrrrrggggbbbb",
    "RA12": "rrrrggggbbbbaaaa",
    "RX12": "rrrrggggbbbbxxxx",
    "AB12": "aaaabbbbggggrrrr",
    "XB12": "xxxxbbbbggggrrrr",
    "GA12": "bbbbggggrrrraaaa",
    "BX12": "bbbbggggrrrrxxxx",
    "RGBO": "xrrrrrgggggbbbbb",
    "AR15": "arrrrrgggggbbbbb",
    "XR15": "xrrrrrgggggbbbbb",
    "RA15": "rrrrrgggggbbbbba",
    "RX15": "rrrrrgggggbbbbbx",
    "AB15": "abbbbbgggggrrrrr",
    "XB15": "xbbbbbgggggrrrrr",
    "BA15": "bbbbbgggggrrrrra",
    "BX15": "bbbbbgggggrrrrrx",
    "RGBQ": "xrrrrrgggggbbbbb",
    "AR15-BE": "arrrrrgggggbbbbb",
    "XR15-BE": "xrrrrrgggggbbbbb",
    "RGBP": "rrrrrggggggbbbbb",
    "RGBR": "rrrrrggggggbbbbb",
    "BGRH": "bbbbbbggggggrrrrrrxxxxxxxxxxxxxx",
}
BIG_ENDIAN = {"RGBQ", "AR15-BE", "XR15-BE", "RGBR", "BGRH", "Y16 -BE"}

# Colour planes, chroma columns and rows for each sample.
PLANES = {
    "NV12": ("Y UV", 2, 2),
    "NV21": ("Y VU", 2, 2),
    "NV16": ("Y UV", 2, 1),
    "NV61": ("Y VU", 2, 1),
    "NV24": ("Y UV", 1, 1),
    "NV42": ("Y VU", 1, 1),
    "NM12": ("Y UV", 2, 2),
    "NM21": ("Y VU", 2, 2),
    "NM16": ("Y UV", 2, 1),
    "NM61": ("Y VU", 2, 1),
    "YU12": ("Y U V", 2, 2),
    "YV12": ("Y V U", 2, 2),
    "422P": ("Y U V", 2, 1),
    "YM12": ("Y U V", 2, 2),
    "YM21": ("Y V U", 2, 2),
    "YM16": ("Y U V", 2, 1),
    "YM61": ("Y V U", 2, 1),
    "YM24": ("Y U V", 1, 1),
    "YM42": ("Y V U", 1, 1),
}

# One component: its bits, and the bits of its container.
SAMPLES = {
    "GREY": (8, 8),
    "Y10 ": (10, 16),
    "Y12 ": (12, 16),
    "Y14 ": (14, 16),
    "Y16 ": (16, 16),
    "Y16 -BE": (16, 16),
    "Y10P": (10, 10),
}

# Patterns in the order of the rows of each container.
PATTERNS = ("BGGR", "GBRG", "GRBG", "RGGB")
BAYER_CODES = {
    (8, 8): ("BA81", "GBRG", "GRBG", "RGGB"),
    (10, 16): ("BG10", "GB10", "BA10", "RG10"),
    (12, 16): ("BG12", "GB12", "BA12", "RG12"),
    (14, 16): ("BG14", "GB14", "GR14", "RG14"),
    (16, 16): ("BYR2", "GB16", "GR16", "RG16"),
    (10, 10): ("pBAA", "pGAA", "pgAA", "pRAA"),
    (12, 12): ("pBCC", "pGCC", "pgCC", "pRCC"),
    (14, 14): ("pBEE", "pGEE", "pgEE", "pREE"),
}
BAYER = {
    code: (pattern, *depth)
    for depth, codes in BAYER_CODES.items()
    for pattern, code in zip(PATTERNS, codes, strict=True)
}

FORMATS = sorted({*BYTES, *WORDS, *PLANES, *SAMPLES, *BAYER})

# ITU-R BT.601, BT.709, BT.2020, SMPTE 240M: weights of red and blue, by V4L2_YCBCR_ENC_*.
WEIGHTS = {1: (0.299, 0.114), 2: (0.2126, 0.0722), 6: (0.2627, 0.0593), 8: (0.212, 0.087)}
FULL, LIMITED = 1, 2  # V4L2_QUANTIZATION_*


def round_half_up(values: Floats) -> Floats:
    return np.floor(values + 0.5)


def to_bytes(values: Floats) -> Bytes:
    return np.clip(round_half_up(values), 0, 255).astype(np.uint8)


# ---- memory ----


def take_rows(data: Bytes, start: int, stride: int, count: int, size: int) -> Bytes:
    """``count`` rows of ``size`` bytes, ``stride`` apart."""
    return np.stack([data[start + stride * y :][:size] for y in range(count)])


def components(
    code: str, width: int, height: int, strides: Sequence[int], planes: Sequence[Bytes]
) -> tuple[dict[str, Floats], int, int]:
    """Components by letter, 8 bits each, and how many columns and rows share chroma.

    ``strides`` has one entry for each memory plane.
    """
    if code in PLANES:
        return planar_components(code, width, height, strides, planes)
    if code in BYTES:
        return byte_components(code, width, height, strides[0], planes[0])
    if code in WORDS:
        return word_components(code, width, height, strides[0], planes[0]), 1, 1
    bits, container = SAMPLES[code] if code in SAMPLES else BAYER[code][1:]
    samples = take_samples(code, bits, container, width, height, strides[0], planes[0])
    return {"Y": samples.astype(float)}, 1, 1


def planar_components(
    code: str, width: int, height: int, strides: Sequence[int], planes: Sequence[Bytes]
) -> tuple[dict[str, Floats], int, int]:
    order, columns, rows = PLANES[code]
    chroma_width, chroma_height = -(-width // columns), -(-height // rows)
    found: dict[str, Floats] = {}
    start = 0
    for i, letters in enumerate(order.split()):
        n = len(letters)
        w, h = (chroma_width, chroma_height) if i else (width, height)
        if len(planes) > 1:
            data, stride, start = planes[i], strides[i], 0
        else:
            data, stride = planes[0], -(-strides[0] // columns) * n if i else strides[0]
        taken = take_rows(data, start, stride, h, w * n)
        for j, letter in enumerate(letters):
            found[letter] = taken[:, j::n].astype(float)
        start += stride * h
    return found, columns, rows


def byte_components(
    code: str, width: int, height: int, stride: int, data: Bytes
) -> tuple[dict[str, Floats], int, int]:
    letters = BYTES[code].split()
    columns = letters.count("Y") or 1
    groups = -(-width // columns)
    taken = take_rows(data, 0, stride, height, groups * len(letters))
    taken = taken.reshape(height, groups, len(letters))
    found = {
        letter: taken[:, :, [j for j, x in enumerate(letters) if x == letter]]
        .reshape(height, -1)
        .astype(float)
        for letter in set(letters)
    }
    if "Y" in found:
        found["Y"] = found["Y"][:, :width]
    return found, columns, 1


def word_components(
    code: str, width: int, height: int, stride: int, data: Bytes
) -> dict[str, Floats]:
    bits = WORDS[code]
    size = len(bits) // 8
    taken = take_rows(data, 0, stride, height, width * size).reshape(height, width, size)
    if code not in BIG_ENDIAN:
        taken = taken[:, :, ::-1]
    word = np.unpackbits(taken, axis=2)  # highest bit first
    found = {}
    for letter in set(bits):
        own = word[:, :, [j for j, x in enumerate(bits) if x == letter]].astype(float)
        value = own @ 2.0 ** np.arange(own.shape[2])[::-1]
        found[letter.upper()] = round_half_up(value * 255 / (2 ** own.shape[2] - 1))
    return found


def take_samples(
    code: str, bits: int, container: int, width: int, height: int, stride: int, data: Bytes
) -> NDArray[np.int64]:
    """The 8 highest bits of each sample."""
    taken = take_rows(data, 0, stride, height, -(-width * container // 8)).astype(int)
    if container == 16:
        low, high = taken[:, 0::2], taken[:, 1::2]
        if code in BIG_ENDIAN:
            low, high = high, low
        return ((high << 8 | low) >> (bits - 8)) & 0xFF
    # MIPI: the high bytes of a group of samples, then a byte or more with the low bits.
    samples, group = {8: (1, 1), 10: (4, 5), 12: (2, 3), 14: (4, 7)}[container]
    columns = [x // samples * group + x % samples for x in range(width)]
    return taken[:, columns]


# ---- colour ----


def expand(values: Floats, quantization: int) -> Floats:
    return (values - 16) * 255 / 219 if quantization == LIMITED else values


def ycbcr_to_rgb(y: Floats, cb: Floats, cr: Floats, encoding: int, quantization: int) -> Floats:
    """R, G, B, 0 to 255 for what is in gamut, as floats."""
    red, blue = WEIGHTS[encoding]
    green = 1 - red - blue
    luma = expand(y, quantization)
    scale = 255 / 224 if quantization == LIMITED else 1
    pb, pr = (cb - 128) * scale, (cr - 128) * scale
    r = luma + 2 * (1 - red) * pr
    b = luma + 2 * (1 - blue) * pb
    g = (luma - red * r - blue * b) / green
    return np.stack([r, g, b], axis=-1)


def rgb_to_jpeg(rgb: Floats) -> Floats:
    """Y', Cb, Cr as JFIF defines them."""
    r, g, b = np.moveaxis(rgb, -1, 0)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return np.stack([y, (b - y) / 1.772 + 128, (r - y) / 1.402 + 128])


def spread(chroma: Floats, columns: int, rows: int, width: int, height: int) -> Floats:
    """Chroma for each pixel: its block's sample."""
    return chroma.repeat(columns, axis=1).repeat(rows, axis=0)[:height, :width]


def mirrored(i: int, n: int) -> int:
    if n == 1:
        return 0
    return -i if i < 0 else 2 * (n - 1) - i if i >= n else i


def demosaic(samples: Floats, pattern: str) -> Floats:
    """Bilinear: for each colour the mean of the nearest samples that have it."""
    height, width = samples.shape
    rgb = np.empty((height, width, 3))
    beside, over = ((0, -1), (0, 1)), ((-1, 0), (1, 0))
    corners = ((-1, -1), (-1, 1), (1, -1), (1, 1))
    for y in range(height):
        for x in range(width):
            own = pattern[y % 2 * 2 + x % 2]
            row_colour = (set(pattern[y % 2 * 2 :][:2]) - {"G"}).pop()
            for channel, colour in enumerate("RGB"):
                if colour == own:
                    near: tuple[tuple[int, int], ...] = ((0, 0),)
                elif own == "G":
                    near = beside if colour == row_colour else over
                else:
                    near = (*beside, *over) if colour == "G" else corners
                rgb[y, x, channel] = np.mean(
                    [samples[mirrored(y + j, height), mirrored(x + i, width)] for j, i in near]
                )
    return rgb


# ---- the two conversions ----


def to_rgb(
    code: str,
    size: tuple[int, int],
    strides: Sequence[int],
    planes: Sequence[Bytes],
    encoding: int,
    quantization: int,
) -> Bytes:
    width, height = size
    found, columns, rows = components(code, width, height, strides, planes)
    if "U" in found:
        cb, cr = (spread(found[c], columns, rows, width, height) for c in "UV")
        return to_bytes(ycbcr_to_rgb(found["Y"], cb, cr, encoding, quantization))
    if "R" in found:
        return to_bytes(expand(np.stack([found[c] for c in "RGB"], axis=-1), quantization))
    grey = np.clip(round_half_up(expand(found["Y"], quantization)), 0, 255)
    if code in BAYER:
        return to_bytes(demosaic(grey, BAYER[code][0]))
    return to_bytes(np.stack([grey] * 3, axis=-1))


def to_jpeg_planes(
    code: str,
    size: tuple[int, int],
    strides: Sequence[int],
    planes: Sequence[Bytes],
    encoding: int,
    quantization: int,
) -> list[Bytes]:
    """Y', Cb, Cr with the subsampling of the format; Y' alone for grey."""
    width, height = size
    found, columns, rows = components(code, width, height, strides, planes)
    if "U" not in found:
        return [to_bytes(expand(found["Y"], quantization))]
    cb, cr = (spread(found[c], columns, rows, width, height) for c in "UV")
    jpeg = rgb_to_jpeg(ycbcr_to_rgb(found["Y"], cb, cr, encoding, quantization))
    # Chroma does not depend on luma, so any pixel of a block has the block's chroma.
    return [to_bytes(jpeg[0]), *(to_bytes(plane[::rows, ::columns]) for plane in jpeg[1:])]
