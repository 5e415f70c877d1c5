# SPDX-License-Identifier: MIT
"""Pixel formats: their names, numbers, planes and components.

Data and arithmetic only. tests/unit/test_pixfmt.py checks names and numbers against the
kernel's header.

Source: Documentation/userspace-api/media/v4l/pixfmt*.rst and linux/videodev2.h.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

__all__ = [
    "JPEGS",
    "PIXEL_FORMATS",
    "ColourPlane",
    "Format",
    "PixelFormat",
    "PlaneFormat",
    "fourcc",
    "fourcc_text",
    "pixel_format",
]


@dataclass(frozen=True, slots=True)
class PlaneFormat:
    """One memory plane, as the driver laid it out.

    Attributes:
        sizeimage: Bytes of the largest frame.
        bytesperline: Bytes from one row to the next, of luma where a plane holds
            chroma too; 0 for compressed formats.
    """

    sizeimage: int
    bytesperline: int


@dataclass(frozen=True, slots=True)
class Format:
    """What a stream delivers. The enums are V4L2's numbers; 0 is the default in all of them.

    Attributes:
        width: Pixels.
        height: Rows, of both fields when interlaced.
        pixel_format: The four characters, for example ``"YUYV"``; see :data:`PIXEL_FORMATS`.
        planes: One entry for each memory plane.
        field: ``enum v4l2_field``.
        colorspace: ``enum v4l2_colorspace``.
        ycbcr_enc: ``enum v4l2_ycbcr_encoding``.
        quantization: ``enum v4l2_quantization``.
        xfer_func: ``enum v4l2_xfer_func``.
        frame_rate: Frames per second, or ``None`` where the driver does not say.
    """

    width: int
    height: int
    pixel_format: str
    planes: tuple[PlaneFormat, ...]
    field: int = 0
    colorspace: int = 0
    ycbcr_enc: int = 0
    quantization: int = 0
    xfer_func: int = 0
    frame_rate: Fraction | None = None

    def __str__(self) -> str:
        rate = f", {float(self.frame_rate):.4g} frames/s" if self.frame_rate else ""
        return f"{self.width}x{self.height} {self.pixel_format}{rate}"


class ColourPlane(NamedTuple):
    """Samples that lie together: a group of ``bits`` for every ``columns`` x ``rows`` pixels."""

    bits: int
    columns: int = 1
    rows: int = 1

    def row_bytes(self, width: int) -> int:
        """Return the bytes of one row without padding."""
        return _divide_up(_divide_up(width, self.columns) * self.bits, 8)

    def row_count(self, height: int) -> int:
        """Return the number of rows of samples."""
        return _divide_up(height, self.rows)


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """One row of :data:`PIXEL_FORMATS`.

    Attributes:
        fourcc: Four characters, and ``-BE`` behind them where bit 31 is set.
        name: The kernel's name without ``V4L2_PIX_FMT_``.
        family: ``"yuv"``, ``"rgb"``, ``"grey"``, ``"bayer"``, ``"hsv"``, ``"depth"``,
            ``"compressed"``, or ``"other"``, of which only the name is known.
        bits: Bits of the most precise component.
        colour_planes: In the order of memory.
        order: Components as they follow in memory or in a word from the highest bit on;
            the 2x2 pattern of ``"bayer"``.
        memory_planes: Buffers of a frame: 1, or one for each colour plane.
        big_endian: Whether words begin with the high byte.
        convertible: Whether :mod:`v4l2capture.convert` makes pictures of it.
    """

    fourcc: str
    name: str
    family: str
    bits: int = 0
    colour_planes: tuple[ColourPlane, ...] = ()
    order: str = ""
    memory_planes: int = 1
    big_endian: bool = False
    convertible: bool = True

    @property
    def number(self) -> int:
        """What the kernel takes: :func:`fourcc` of the characters."""
        return fourcc(self.fourcc)

    @property
    def compressed(self) -> bool:
        """Whether the length of a frame varies."""
        return self.family == "compressed"

    @property
    def chroma(self) -> tuple[int, int]:
        """Columns and rows of pixels that share a chroma sample; ``(1, 1)`` where none do."""
        last = self.colour_planes[-1] if self.colour_planes else ColourPlane(0)
        return last.columns, last.rows


def _divide_up(a: int, b: int) -> int:
    return -(-a // b)


# ---- the table ----

# One component or packed pixel after the other, by its bits.
_8, _10, _12, _14, _16, _24, _32 = ((ColourPlane(bits),) for bits in (8, 10, 12, 14, 16, 24, 32))
# Four bytes for two pixels.
_GROUPS_422: Final = (ColourPlane(32, 2),)
# Luma, then chroma, two components side by side or one plane after the other.
_PAIRS_420: Final = (ColourPlane(8), ColourPlane(16, 2, 2))
_PAIRS_422: Final = (ColourPlane(8), ColourPlane(16, 2))
_PAIRS_444: Final = (ColourPlane(8), ColourPlane(16))
_PAIRS_420_16: Final = (ColourPlane(16), ColourPlane(32, 2, 2))
_PLANES_410: Final = (ColourPlane(8), ColourPlane(8, 4, 4), ColourPlane(8, 4, 4))
_PLANES_411: Final = (ColourPlane(8), ColourPlane(8, 4), ColourPlane(8, 4))
_PLANES_420: Final = (ColourPlane(8), ColourPlane(8, 2, 2), ColourPlane(8, 2, 2))
_PLANES_422: Final = (ColourPlane(8), ColourPlane(8, 2), ColourPlane(8, 2))
_PLANES_444: Final = (ColourPlane(8), ColourPlane(8), ColourPlane(8))

# fmt: off
_RAW: tuple[PixelFormat, ...] = (
    #           fourcc    name        family   bits planes          order
    # Y'CbCr, packed 4:2:2
    PixelFormat("YUYV",   "YUYV",     "yuv",   8,  _GROUPS_422,    "YUYV"),
    PixelFormat("UYVY",   "UYVY",     "yuv",   8,  _GROUPS_422,    "UYVY"),
    PixelFormat("YVYU",   "YVYU",     "yuv",   8,  _GROUPS_422,    "YVYU"),
    PixelFormat("VYUY",   "VYUY",     "yuv",   8,  _GROUPS_422,    "VYUY"),
    PixelFormat("YYUV",   "YYUV",     "yuv",   8,  _GROUPS_422,    "YYUV", convertible=False),
    # Y'CbCr, luma and chroma pairs; M: each in its own memory plane
    PixelFormat("NV12",   "NV12",     "yuv",   8,  _PAIRS_420,     "Y UV"),
    PixelFormat("NV21",   "NV21",     "yuv",   8,  _PAIRS_420,     "Y VU"),
    PixelFormat("NV16",   "NV16",     "yuv",   8,  _PAIRS_422,     "Y UV"),
    PixelFormat("NV61",   "NV61",     "yuv",   8,  _PAIRS_422,     "Y VU"),
    PixelFormat("NV24",   "NV24",     "yuv",   8,  _PAIRS_444,     "Y UV"),
    PixelFormat("NV42",   "NV42",     "yuv",   8,  _PAIRS_444,     "Y VU"),
    PixelFormat("P010",   "P010",     "yuv",   10, _PAIRS_420_16,  "Y UV", convertible=False),
    PixelFormat("NM12",   "NV12M",    "yuv",   8,  _PAIRS_420,     "Y UV", memory_planes=2),
    PixelFormat("NM21",   "NV21M",    "yuv",   8,  _PAIRS_420,     "Y VU", memory_planes=2),
    PixelFormat("NM16",   "NV16M",    "yuv",   8,  _PAIRS_422,     "Y UV", memory_planes=2),
    PixelFormat("NM61",   "NV61M",    "yuv",   8,  _PAIRS_422,     "Y VU", memory_planes=2),
    # Y'CbCr, three planes
    PixelFormat("YU12",   "YUV420",   "yuv",   8,  _PLANES_420,    "Y U V"),
    PixelFormat("YV12",   "YVU420",   "yuv",   8,  _PLANES_420,    "Y V U"),
    PixelFormat("422P",   "YUV422P",  "yuv",   8,  _PLANES_422,    "Y U V"),
    PixelFormat("411P",   "YUV411P",  "yuv",   8,  _PLANES_411,    "Y U V", convertible=False),
    PixelFormat("YUV9",   "YUV410",   "yuv",   8,  _PLANES_410,    "Y U V", convertible=False),
    PixelFormat("YVU9",   "YVU410",   "yuv",   8,  _PLANES_410,    "Y V U", convertible=False),
    PixelFormat("YM12",   "YUV420M",  "yuv",   8,  _PLANES_420,    "Y U V", memory_planes=3),
    PixelFormat("YM21",   "YVU420M",  "yuv",   8,  _PLANES_420,    "Y V U", memory_planes=3),
    PixelFormat("YM16",   "YUV422M",  "yuv",   8,  _PLANES_422,    "Y U V", memory_planes=3),
    PixelFormat("YM61",   "YVU422M",  "yuv",   8,  _PLANES_422,    "Y V U", memory_planes=3),
    PixelFormat("YM24",   "YUV444M",  "yuv",   8,  _PLANES_444,    "Y U V", memory_planes=3),
    PixelFormat("YM42",   "YVU444M",  "yuv",   8,  _PLANES_444,    "Y V U", memory_planes=3),
    # Y'CbCr, packed 4:4:4
    PixelFormat("YUV3",   "YUV24",    "yuv",   8,  _24,            "YUV"),
    PixelFormat("YUV4",   "YUV32",    "yuv",   8,  _32,            "AYUV"),
    PixelFormat("AYUV",   "AYUV32",   "yuv",   8,  _32,            "AYUV"),
    PixelFormat("XYUV",   "XYUV32",   "yuv",   8,  _32,            "XYUV"),
    PixelFormat("VUYA",   "VUYA32",   "yuv",   8,  _32,            "VUYA"),
    PixelFormat("VUYX",   "VUYX32",   "yuv",   8,  _32,            "VUYX"),
    PixelFormat("YUVA",   "YUVA32",   "yuv",   8,  _32,            "YUVA"),
    PixelFormat("YUVX",   "YUVX32",   "yuv",   8,  _32,            "YUVX"),
    PixelFormat("Y444",   "YUV444",   "yuv",   4,  _16,            "XYUV"),
    PixelFormat("YUVO",   "YUV555",   "yuv",   5,  _16,            "AYUV"),
    PixelFormat("YUVP",   "YUV565",   "yuv",   6,  _16,            "YUV"),
    # RGB, whole bytes in the order of memory
    PixelFormat("RGB3",   "RGB24",    "rgb",   8,  _24,            "RGB"),
    PixelFormat("BGR3",   "BGR24",    "rgb",   8,  _24,            "BGR"),
    PixelFormat("RGB4",   "RGB32",    "rgb",   8,  _32,            "ARGB"),
    PixelFormat("BGR4",   "BGR32",    "rgb",   8,  _32,            "BGRA"),
    PixelFormat("BA24",   "ARGB32",   "rgb",   8,  _32,            "ARGB"),
    PixelFormat("BX24",   "XRGB32",   "rgb",   8,  _32,            "XRGB"),
    PixelFormat("AR24",   "ABGR32",   "rgb",   8,  _32,            "BGRA"),
    PixelFormat("XR24",   "XBGR32",   "rgb",   8,  _32,            "BGRX"),
    PixelFormat("AB24",   "RGBA32",   "rgb",   8,  _32,            "RGBA"),
    PixelFormat("XB24",   "RGBX32",   "rgb",   8,  _32,            "RGBX"),
    PixelFormat("RA24",   "BGRA32",   "rgb",   8,  _32,            "ABGR"),
    PixelFormat("RX24",   "BGRX32",   "rgb",   8,  _32,            "XBGR"),
    # RGB, fields of a word, named from its highest bit
    PixelFormat("RGB1",   "RGB332",   "rgb",   3,  _8,             "RGB"),
    PixelFormat("R444",   "RGB444",   "rgb",   4,  _16,            "XRGB"),
    PixelFormat("AR12",   "ARGB444",  "rgb",   4,  _16,            "ARGB"),
    PixelFormat("XR12",   "XRGB444",  "rgb",   4,  _16,            "XRGB"),
    PixelFormat("RA12",   "RGBA444",  "rgb",   4,  _16,            "RGBA"),
    PixelFormat("RX12",   "RGBX444",  "rgb",   4,  _16,            "RGBX"),
    PixelFormat("AB12",   "ABGR444",  "rgb",   4,  _16,            "ABGR"),
    PixelFormat("XB12",   "XBGR444",  "rgb",   4,  _16,            "XBGR"),
    PixelFormat("GA12",   "BGRA444",  "rgb",   4,  _16,            "BGRA"),
    PixelFormat("BX12",   "BGRX444",  "rgb",   4,  _16,            "BGRX"),
    PixelFormat("RGBO",   "RGB555",   "rgb",   5,  _16,            "XRGB"),
    PixelFormat("AR15",   "ARGB555",  "rgb",   5,  _16,            "ARGB"),
    PixelFormat("XR15",   "XRGB555",  "rgb",   5,  _16,            "XRGB"),
    PixelFormat("RA15",   "RGBA555",  "rgb",   5,  _16,            "RGBA"),
    PixelFormat("RX15",   "RGBX555",  "rgb",   5,  _16,            "RGBX"),
    PixelFormat("AB15",   "ABGR555",  "rgb",   5,  _16,            "ABGR"),
    PixelFormat("XB15",   "XBGR555",  "rgb",   5,  _16,            "XBGR"),
    PixelFormat("BA15",   "BGRA555",  "rgb",   5,  _16,            "BGRA"),
    PixelFormat("BX15",   "BGRX555",  "rgb",   5,  _16,            "BGRX"),
    PixelFormat("RGBQ",   "RGB555X",  "rgb",   5,  _16,            "XRGB", big_endian=True),
    PixelFormat("AR15-BE","ARGB555X", "rgb",   5,  _16,            "ARGB", big_endian=True),
    PixelFormat("XR15-BE","XRGB555X", "rgb",   5,  _16,            "XRGB", big_endian=True),
    PixelFormat("RGBP",   "RGB565",   "rgb",   6,  _16,            "RGB"),
    PixelFormat("RGBR",   "RGB565X",  "rgb",   6,  _16,            "RGB", big_endian=True),
    PixelFormat("BGRH",   "BGR666",   "rgb",   6,  _32,            "BGR", big_endian=True),
    # grey; P: MIPI's packing, the low bits follow each group
    PixelFormat("GREY",   "GREY",     "grey",  8,  _8,             "Y"),
    PixelFormat("Y10 ",   "Y10",      "grey",  10, _16,            "Y"),
    PixelFormat("Y12 ",   "Y12",      "grey",  12, _16,            "Y"),
    PixelFormat("Y14 ",   "Y14",      "grey",  14, _16,            "Y"),
    PixelFormat("Y16 ",   "Y16",      "grey",  16, _16,            "Y"),
    PixelFormat("Y16 -BE","Y16_BE",   "grey",  16, _16,            "Y", big_endian=True),
    PixelFormat("Y10P",   "Y10P",     "grey",  10, _10,            "Y"),
    # Bayer; order is the 2x2 pattern
    PixelFormat("BA81",   "SBGGR8",   "bayer", 8,  _8,             "BGGR"),
    PixelFormat("GBRG",   "SGBRG8",   "bayer", 8,  _8,             "GBRG"),
    PixelFormat("GRBG",   "SGRBG8",   "bayer", 8,  _8,             "GRBG"),
    PixelFormat("RGGB",   "SRGGB8",   "bayer", 8,  _8,             "RGGB"),
    PixelFormat("BG10",   "SBGGR10",  "bayer", 10, _16,            "BGGR"),
    PixelFormat("GB10",   "SGBRG10",  "bayer", 10, _16,            "GBRG"),
    PixelFormat("BA10",   "SGRBG10",  "bayer", 10, _16,            "GRBG"),
    PixelFormat("RG10",   "SRGGB10",  "bayer", 10, _16,            "RGGB"),
    PixelFormat("BG12",   "SBGGR12",  "bayer", 12, _16,            "BGGR"),
    PixelFormat("GB12",   "SGBRG12",  "bayer", 12, _16,            "GBRG"),
    PixelFormat("BA12",   "SGRBG12",  "bayer", 12, _16,            "GRBG"),
    PixelFormat("RG12",   "SRGGB12",  "bayer", 12, _16,            "RGGB"),
    PixelFormat("BG14",   "SBGGR14",  "bayer", 14, _16,            "BGGR"),
    PixelFormat("GB14",   "SGBRG14",  "bayer", 14, _16,            "GBRG"),
    PixelFormat("GR14",   "SGRBG14",  "bayer", 14, _16,            "GRBG"),
    PixelFormat("RG14",   "SRGGB14",  "bayer", 14, _16,            "RGGB"),
    PixelFormat("BYR2",   "SBGGR16",  "bayer", 16, _16,            "BGGR"),
    PixelFormat("GB16",   "SGBRG16",  "bayer", 16, _16,            "GBRG"),
    PixelFormat("GR16",   "SGRBG16",  "bayer", 16, _16,            "GRBG"),
    PixelFormat("RG16",   "SRGGB16",  "bayer", 16, _16,            "RGGB"),
    PixelFormat("pBAA",   "SBGGR10P", "bayer", 10, _10,            "BGGR"),
    PixelFormat("pGAA",   "SGBRG10P", "bayer", 10, _10,            "GBRG"),
    PixelFormat("pgAA",   "SGRBG10P", "bayer", 10, _10,            "GRBG"),
    PixelFormat("pRAA",   "SRGGB10P", "bayer", 10, _10,            "RGGB"),
    PixelFormat("pBCC",   "SBGGR12P", "bayer", 12, _12,            "BGGR"),
    PixelFormat("pGCC",   "SGBRG12P", "bayer", 12, _12,            "GBRG"),
    PixelFormat("pgCC",   "SGRBG12P", "bayer", 12, _12,            "GRBG"),
    PixelFormat("pRCC",   "SRGGB12P", "bayer", 12, _12,            "RGGB"),
    PixelFormat("pBEE",   "SBGGR14P", "bayer", 14, _14,            "BGGR"),
    PixelFormat("pGEE",   "SGBRG14P", "bayer", 14, _14,            "GBRG"),
    PixelFormat("pgEE",   "SGRBG14P", "bayer", 14, _14,            "GRBG"),
    PixelFormat("pREE",   "SRGGB14P", "bayer", 14, _14,            "RGGB"),
    # neither a picture nor convertible, but an array
    PixelFormat("HSV3",   "HSV24",    "hsv",   8,  _24,            "HSV", convertible=False),
    PixelFormat("HSV4",   "HSV32",    "hsv",   8,  _32,            "AHSV", convertible=False),
    PixelFormat("Z16 ",   "Z16",      "depth", 16, _16,            "Z", convertible=False),
)

_COMPRESSED: dict[str, str] = {
    "MJPG": "MJPEG", "JPEG": "JPEG", "dvsd": "DV", "MPEG": "MPEG", "H264": "H264",
    "AVC1": "H264_NO_SC", "M264": "H264_MVC", "H263": "H263", "MPG1": "MPEG1", "MPG2": "MPEG2",
    "MG2S": "MPEG2_SLICE", "MPG4": "MPEG4", "XVID": "XVID", "VC1G": "VC1_ANNEX_G",
    "VC1L": "VC1_ANNEX_L", "VP80": "VP8", "VP8F": "VP8_FRAME", "VP90": "VP9", "VP9F": "VP9_FRAME",
    "HEVC": "HEVC", "FWHT": "FWHT", "SFWH": "FWHT_STATELESS", "S264": "H264_SLICE",
    "S265": "HEVC_SLICE", "CPIA": "CPIA1", "WNVA": "WNVA", "S910": "SN9C10X", "PWC1": "PWC1",
    "PWC2": "PWC2", "E625": "ET61X251", "S561": "SPCA561", "P207": "PAC207", "M310": "MR97310A",
    "JL20": "JL2005BCD", "SONX": "SN9C2028", "905C": "SQ905C", "PJPG": "PJPG", "O511": "OV511",
    "O518": "OV518", "JPGL": "JPGL", "S401": "SE401", "S5CI": "S5C_UYVY_JPG", "MT21": "MT21C",
    "Q08C": "QC08C", "Q10C": "QC10C",
}

# Tiles, palettes, two pictures in one, vendors' own: left to those who know them.
_OTHER: dict[str, str] = {
    "Y04 ": "Y4", "Y06 ": "Y6", "Y10B": "Y10BPACK", "ip3y": "IPU3_Y10", "PAL8": "PAL8",
    "UV8 ": "UV8", "Y41P": "Y41P", "M420": "M420", "VT12": "NV12_4L4", "HM12": "NV12_16L16",
    "ST12": "NV12_32L32", "T010": "P010_4L4", "TM12": "NV12MT", "VM12": "NV12MT_16X16",
    "NA12": "NV12M_8L128", "NT12-BE": "NV12M_10BE_8L128", "aBA8": "SBGGR10ALAW8",
    "aGA8": "SGBRG10ALAW8", "agA8": "SGRBG10ALAW8", "aRA8": "SRGGB10ALAW8",
    "bBA8": "SBGGR10DPCM8", "bGA8": "SGBRG10DPCM8", "BD10": "SGRBG10DPCM8",
    "bRA8": "SRGGB10DPCM8", "S920": "SN9C20X_I420", "S501": "SPCA501", "S505": "SPCA505",
    "S508": "SPCA508", "S680": "STV0680", "TM60": "TM6000", "CITV": "CIT_YYVYUY",
    "KONI": "KONICA420", "Y8I ": "Y8I", "Y12I": "Y12I", "MM21": "MM21", "INZI": "INZI",
    "CNF4": "CNF4", "HI24": "HI240", "ip3b": "IPU3_SBGGR10", "ip3g": "IPU3_SGBRG10",
    "ip3G": "IPU3_SGRBG10", "ip3r": "IPU3_SRGGB10",
}
# fmt: on

JPEGS: Final = ("MJPG", "JPEG")

PIXEL_FORMATS: dict[str, PixelFormat] = {
    row.fourcc: row
    for row in (
        *_RAW,
        *(
            PixelFormat(code, name, "compressed", convertible=code in JPEGS)
            for code, name in _COMPRESSED.items()
        ),
        *(PixelFormat(code, name, "other", convertible=False) for code, name in _OTHER.items()),
    )
}

# ---- names and numbers ----

_BIG_ENDIAN = 1 << 31

# What others call them. The kernel's own names come first and need no entry.
_ALIASES: dict[str, str] = {
    "BGR": "BGR3",
    "GRAY": "GREY",
    "GRAY8": "GREY",
    "H265": "HEVC",
    "I420": "YU12",
    "IYUV": "YU12",
    "JPG": "JPEG",
    "RGB": "RGB3",
    "Y8": "GREY",
    "Y800": "GREY",
    "YUY2": "YUYV",
}

_BY_NAME: dict[str, str] = _ALIASES | {row.name: row.fourcc for row in PIXEL_FORMATS.values()}


def fourcc(text: str) -> int:
    """Return the number of a pixel format, the inverse of :func:`fourcc_text`.

    Args:
        text: Up to four characters (spaces fill up), then ``-BE`` for bit 31; or a number
            in hexadecimal, ``"0x56595559"``.

    Raises:
        ValueError: It is neither.
    """
    if re.fullmatch(r"0x[0-9a-fA-F]{1,8}", text):
        return int(text, 16)
    code = text.removesuffix("-BE") if len(text) > 4 else text
    if not re.fullmatch(r"[ -~]{1,4}", code):
        raise ValueError(f"{text!r} is not a code of four characters")
    number = int.from_bytes(code.ljust(4).encode(), "little")
    return number | _BIG_ENDIAN if code != text else number


def fourcc_text(number: int) -> str:
    """Return the four characters of a pixel format, as the kernel prints it.

    Bit 31 becomes ``-BE`` behind them. What cannot be printed comes as ``"0x…"``.
    """
    code = (number & ~_BIG_ENDIAN).to_bytes(4, "little")
    if not all(0x20 <= byte <= 0x7E for byte in code):
        return f"0x{number:08x}"
    return code.decode() + ("-BE" if number & _BIG_ENDIAN else "")


def pixel_format(text: str) -> str:
    """Return the pixel format that a user means, as its four characters.

    Understands the characters themselves, the kernel's names with and without
    ``V4L2_PIX_FMT_``, a few names from elsewhere (``"I420"``), small letters where no
    other format is meant by them, and ``"0x…"`` for formats that this table lacks.

    Raises:
        ValueError: Nothing is called like this; the message has what is nearest.
    """
    name = text.strip().removeprefix("V4L2_PIX_FMT_")
    for candidate in (text, name.ljust(4), name.upper().ljust(4)):
        if candidate in PIXEL_FORMATS:
            return candidate
    for candidate in (name, name.upper()):
        if candidate in _BY_NAME:
            return _BY_NAME[candidate]
    if name.startswith("0x"):
        return fourcc_text(fourcc(name))
    names = {known.strip() for known in (*PIXEL_FORMATS, *_BY_NAME)}
    import difflib

    near = difflib.get_close_matches(name.upper(), sorted(names), n=6, cutoff=0.6)
    hint = (
        f"; near it are {', '.join(near)}" if near else ', which is written like "YUYV" or "MJPG"'
    )
    raise ValueError(f"{text!r} is not a pixel format{hint}")
