# SPDX-License-Identifier: MIT
"""What the colours of a format mean where the driver leaves it to defaults.

Arithmetic only. tests/unit/test_pixfmt.py checks the numbers against the kernel's header.

Source: the V4L2_MAP_*_DEFAULT macros of linux/videodev2.h.
"""

from __future__ import annotations

from .pixfmt import JPEGS, PIXEL_FORMATS, Format

__all__ = ["resolve_colour"]

# enum v4l2_colorspace
_SMPTE170M, _SMPTE240M, _REC709, _JPEG, _SRGB, _BT2020, _DCI_P3 = 1, 2, 3, 7, 8, 10, 12
# enum v4l2_ycbcr_encoding
_ENC_601, _ENC_709, _ENC_XV601, _ENC_XV709, _ENC_BT2020, _ENC_SMPTE240M = 1, 2, 3, 4, 6, 8
# enum v4l2_quantization
_FULL_RANGE, _LIM_RANGE = 1, 2

# V4L2_MAP_YCBCR_ENC_DEFAULT; all others are 601.
_ENCODING: dict[int, int] = {
    _REC709: _ENC_709,
    _DCI_P3: _ENC_709,
    _BT2020: _ENC_BT2020,
    _SMPTE240M: _ENC_SMPTE240M,
}


def resolve_colour(format: Format) -> tuple[int, int]:  # noqa: A002
    """Return ``(ycbcr_enc, quantization)`` with V4L2's defaults filled in.

    Grey is full range by default, as kernel drivers have it: the rule of limited range is
    for Y'CbCr. A colour space left open, which drivers should not do, is that of
    (Motion-)JPEG in JPEGs, sRGB in RGB, and by size in Y'CbCr: standard definition up to
    720x576, high definition above.
    """
    row = PIXEL_FORMATS.get(format.pixel_format)
    is_yuv = row is not None and row.family == "yuv"
    colorspace = format.colorspace
    if not colorspace:
        if format.pixel_format in JPEGS:
            colorspace = _JPEG
        elif is_yuv:
            is_sdtv = format.width <= 720 and format.height <= 576
            colorspace = _SMPTE170M if is_sdtv else _REC709
        else:
            colorspace = _SRGB
    is_full = not is_yuv or colorspace == _JPEG
    encoding = format.ycbcr_enc or _ENCODING.get(colorspace, _ENC_601)
    quantization = format.quantization or (_FULL_RANGE if is_full else _LIM_RANGE)
    # xvYCC is defined in limited range only, whatever else a driver says.
    if is_yuv and encoding in (_ENC_XV601, _ENC_XV709):
        quantization = _LIM_RANGE
    return encoding, quantization
