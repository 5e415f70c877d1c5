# SPDX-License-Identifier: MIT
"""Pixel formats: the table against the kernel's header, names, sizes, arrays, colour defaults."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from v4l2capture import colour, pixfmt
from v4l2capture._native import lib
from v4l2capture.colour import resolve_colour
from v4l2capture.layout import array_layout, minimum_bytes
from v4l2capture.pixfmt import (
    PIXEL_FORMATS,
    Format,
    PlaneFormat,
    fourcc,
    fourcc_text,
    pixel_format,
)

HEADER = Path("/usr/include/linux/videodev2.h")


def kernel_numbers():
    """``V4L2_PIX_FMT_*`` from the installed header: name to number."""
    macro = r"#define V4L2_PIX_FMT_(\w+)\s+v4l2_fourcc(_be)?\('(.)', '(.)', '(.)', '(.)'\)"
    return {
        name: int.from_bytes("".join(code).encode(), "little") | (1 << 31 if big_endian else 0)
        for name, big_endian, *code in re.findall(macro, HEADER.read_text(encoding="utf-8"))
    }


def make(code, width, height, *bytesperline, **colour):
    planes = tuple(PlaneFormat(0, stride) for stride in bytesperline or (0,))
    return Format(width, height, code, planes, **colour)


# ---- the table ----


def test_numbers_are_the_kernels():
    kernel = kernel_numbers()

    known = {row.name: row.number for row in PIXEL_FORMATS.values() if row.name in kernel}

    assert len(known) > 150  # the oldest header we build with lacks a few
    assert known == {name: kernel[name] for name in known}


@pytest.mark.parametrize("row", PIXEL_FORMATS.values(), ids=lambda row: row.name)
def test_row_agrees_with_itself(row):
    assert PIXEL_FORMATS[row.fourcc] is row
    assert fourcc_text(row.number) == row.fourcc
    assert row.memory_planes in (1, len(row.colour_planes))
    assert bool(row.colour_planes) == (row.family not in ("compressed", "other"))


@pytest.mark.parametrize("row", PIXEL_FORMATS.values(), ids=lambda row: row.name)
def test_c_and_python_have_the_same_formats(row):
    """Both have a table; this is what keeps them together."""
    has_planes = row.convertible and row.family in ("yuv", "grey")
    columns, rows = row.chroma
    expected = 0 if row.family == "grey" else columns << 4 | rows

    assert lib.vc_jpeg_subsampling(row.number) == (expected if has_planes else -errno.ENOTSUP)


def test_no_name_appears_twice():
    names = [row.name for row in PIXEL_FORMATS.values()]

    assert len(set(names)) == len(names)
    assert not set(pixfmt._ALIASES) & set(names)
    assert set(pixfmt._ALIASES.values()) <= set(PIXEL_FORMATS)


# ---- names and numbers ----


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("YUYV", 0x56595559),
        ("Y10", 0x20303159),  # filled up with a space
        ("Y10 ", 0x20303159),
        ("Y16 -BE", 0xA0363159),
        ("0x56595559", 0x56595559),
        ("0x00000001", 1),
    ],
)
def test_fourcc(text, number):
    assert fourcc(text) == number


@pytest.mark.parametrize("text", ["", "YUYVX", "é", "Y\0", "0x123456789", "12345-BE"])
def test_fourcc_refuses_what_is_no_code(text):
    with pytest.raises(ValueError, match="four characters"):
        fourcc(text)


@given(st.integers(0, 2**32 - 1))
def test_any_number_can_be_written(number):
    """A driver may say anything; it has to survive the way to text and back."""
    text = fourcc_text(number)

    assert text.isprintable()
    assert fourcc(text) == number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("YUYV", "YUYV"),
        ("yuyv", "YUYV"),
        ("MJPEG", "MJPG"),
        ("mjpg", "MJPG"),
        ("JPEG", "JPEG"),
        ("RGB24", "RGB3"),
        ("NV12M", "NM12"),
        ("Y10", "Y10 "),
        ("y16", "Y16 "),
        ("Y16_BE", "Y16 -BE"),
        ("SBGGR10P", "pBAA"),
        ("pgAA", "pgAA"),  # GRBG; pGAA is GBRG
        ("pGAA", "pGAA"),
        ("V4L2_PIX_FMT_H264", "H264"),
        ("I420", "YU12"),
        ("0x56595559", "YUYV"),
        ("0x5a5a5a5a", "ZZZZ"),  # unknown here, but asked for by number
    ],
)
def test_pixel_format_understands(text, expected):
    assert pixel_format(text) == expected


@pytest.mark.parametrize("row", PIXEL_FORMATS.values(), ids=lambda row: row.name)
def test_every_code_and_name_is_understood(row):
    assert pixel_format(row.fourcc) == row.fourcc
    assert pixel_format(f"V4L2_PIX_FMT_{row.name}") == row.fourcc


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("YUVV", "YUYV"),
        ("NV12X", "NV12"),
        ("MPJG", "MJPG"),
        ("!!", "written like"),
        ("", "written"),
    ],
)
def test_nonsense_is_refused_with_what_is_near(text, near):
    with pytest.raises(ValueError, match=near):
        pixel_format(text)


# ---- sizes ----


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (make("YUYV", 640, 480, 1280), (614400,)),
        (make("YUYV", 640, 480), (614400,)),  # a driver that leaves bytesperline 0
        (make("YUYV", 3, 2, 16), (16 + 8,)),  # two groups; no padding behind the last row
        (make("NV12", 640, 480, 640), (460800,)),
        (make("NV12", 640, 480, 704), (704 * 480 + 704 * 239 + 640,)),
        (make("NV12", 5, 3, 5), (15 + 2 * 6,)),
        (make("NV24", 4, 2, 4), (8 + 16,)),
        (make("YU12", 640, 480, 704), (704 * 480 + 352 * 240 + 352 * 239 + 320,)),
        (make("YU12", 5, 3, 5), (15 + 6 + 6,)),
        (make("422P", 4, 2, 4), (16,)),
        (make("NM12", 640, 480, 640, 640), (307200, 153600)),
        (make("YM12", 640, 480, 640, 320, 320), (307200, 76800, 76800)),
        (make("RGB3", 5, 2, 16), (31,)),
        (make("Y10 ", 5, 2, 10), (20,)),
        (make("pBAA", 8, 2, 10), (20,)),
        (make("pBAA", 5, 1, 8), (7,)),  # 50 bits
        (make("pBCC", 3, 1, 8), (5,)),
        (make("P010", 4, 2, 8), (16 + 8,)),
        (make("MJPG", 640, 480, 0), (0,)),
        (make("HM12", 640, 480, 640), (0,)),
        (make("ZZZZ", 640, 480, 640), (0,)),
        (make("NM12", 640, 480, 640), (0,)),  # not the planes the format has
    ],
)
def test_minimum_bytes(form, expected):
    assert minimum_bytes(form) == expected


# ---- arrays ----


@pytest.mark.parametrize(
    ("form", "shape", "dtype", "strides"),
    [
        (make("YUYV", 4, 2, 8), (2, 4, 2), "uint8", (8, 2, 1)),
        (make("YUYV", 3, 2, 16), (2, 3, 2), "uint8", (16, 2, 1)),
        (make("RGB3", 4, 2, 12), (2, 4, 3), "uint8", (12, 3, 1)),
        (make("XR24", 4, 2, 32), (2, 4, 4), "uint8", (32, 4, 1)),
        (make("GREY", 4, 2, 6), (2, 4), "uint8", (6, 1)),
        (make("Y10 ", 4, 2, 8), (2, 4), "<u2", (8, 2)),
        (make("Y16 -BE", 4, 2, 8), (2, 4), ">u2", (8, 2)),
        (make("BA81", 4, 2), (2, 4), "uint8", (4, 1)),
        (make("BG10", 4, 2, 8), (2, 4), "<u2", (8, 2)),
        (make("RGBP", 4, 2, 8), (2, 4), "<u2", (8, 2)),
        (make("Z16 ", 4, 2, 8), (2, 4), "<u2", (8, 2)),
        (make("NV12", 4, 2, 4), (3, 4), "uint8", (4, 1)),
        (make("NV12", 4, 2, 64), (3, 4), "uint8", (64, 1)),
        (make("NV16", 4, 2, 64), (4, 4), "uint8", (64, 1)),
        (make("NV24", 4, 2, 4), (6, 4), "uint8", (4, 1)),
        (make("YU12", 4, 4, 4), (6, 4), "uint8", (4, 1)),
        (make("YU12", 4, 2, 4), (3, 4), "uint8", (4, 1)),
        (make("422P", 4, 2, 4), (4, 4), "uint8", (4, 1)),
    ],
)
def test_array_layout(form, shape, dtype, strides):
    layout = array_layout(form)

    assert layout is not None
    assert layout == (shape, dtype, strides)
    # NumPy refuses an array that reaches outside.
    memory = bytes(minimum_bytes(form)[0])
    assert np.ndarray(shape, dtype, memory, strides=strides).shape == shape


@pytest.mark.parametrize(
    "form",
    [
        make("MJPG", 4, 2),
        make("HM12", 4, 2, 4),
        make("ZZZZ", 4, 2, 4),
        make("pBAA", 4, 2, 5),  # bits
        make("NM12", 4, 2, 4, 4),  # two buffers
        make("YU12", 4, 2, 8),  # rows of two distances
        make("NV24", 4, 2, 8),
        make("NV12", 4, 3, 4),  # half a row
        make("NV12", 3, 2, 4),
        make("P010", 4, 2, 8),
    ],
    ids=lambda form: form.pixel_format,
)
def test_what_is_no_rectangle_has_no_array(form):
    assert array_layout(form) is None


# ---- colour ----

SMPTE170M, SMPTE240M, REC709, JPEG, SRGB, OPRGB, BT2020, RAW, DCI_P3 = 1, 2, 3, 7, 8, 9, 10, 11, 12
ENC_601, ENC_709, ENC_XV601, ENC_XV709, ENC_2020, ENC_240M = 1, 2, 3, 4, 6, 8
FULL, LIMITED = 1, 2


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (make("YUYV", 640, 480, colorspace=SRGB), (ENC_601, LIMITED)),  # what uvcvideo says
        (make("YUYV", 640, 480, colorspace=JPEG), (ENC_601, FULL)),
        (make("YUYV", 640, 480, colorspace=SMPTE170M), (ENC_601, LIMITED)),
        (make("YUYV", 640, 480, colorspace=REC709), (ENC_709, LIMITED)),
        (make("YUYV", 640, 480, colorspace=DCI_P3), (ENC_709, LIMITED)),
        (make("YUYV", 640, 480, colorspace=OPRGB), (ENC_601, LIMITED)),
        (make("YUYV", 640, 480, colorspace=BT2020), (ENC_2020, LIMITED)),
        (make("YUYV", 640, 480, colorspace=SMPTE240M), (ENC_240M, LIMITED)),
        (make("YUYV", 720, 576), (ENC_601, LIMITED)),
        (make("YUYV", 1280, 720), (ENC_709, LIMITED)),
        (make("MJPG", 1280, 720), (ENC_601, FULL)),
        (make("RGB3", 1280, 720), (ENC_601, FULL)),
        (make("RGB3", 640, 480, colorspace=REC709), (ENC_709, FULL)),
        (make("GREY", 640, 480, colorspace=SRGB), (ENC_601, FULL)),
        (make("BA81", 640, 480, colorspace=RAW), (ENC_601, FULL)),
        # What the driver says counts more.
        (make("YUYV", 640, 480, colorspace=SRGB, ycbcr_enc=ENC_709), (ENC_709, LIMITED)),
        (make("YUYV", 640, 480, colorspace=SRGB, quantization=FULL), (ENC_601, FULL)),
        (make("RGB3", 640, 480, quantization=LIMITED), (ENC_601, LIMITED)),
        (make("GREY", 640, 480, quantization=LIMITED), (ENC_601, LIMITED)),
        # But xvYCC has no other range than the limited one.
        (make("YUYV", 640, 480, ycbcr_enc=ENC_XV601, quantization=FULL), (ENC_XV601, LIMITED)),
        (make("NV12", 640, 480, ycbcr_enc=ENC_XV709, quantization=FULL), (ENC_XV709, LIMITED)),
        (make("RGB3", 640, 480, ycbcr_enc=ENC_XV709, quantization=FULL), (ENC_XV709, FULL)),
    ],
)
def test_colour_defaults_are_v4l2s(form, expected):
    assert resolve_colour(form) == expected


def test_enums_are_the_kernels():
    text = HEADER.read_text(encoding="utf-8")
    kernel = {name: int(value) for name, value in re.findall(r"V4L2_(\w+)\s*=\s*(\d+)\s*,", text)}

    for prefix in ("SMPTE170M", "SMPTE240M", "REC709", "JPEG", "SRGB", "BT2020", "DCI_P3"):
        assert getattr(colour, f"_{prefix}") == kernel[f"COLORSPACE_{prefix}"]
    for name in ("601", "709", "XV601", "XV709", "BT2020", "SMPTE240M"):
        assert getattr(colour, f"_ENC_{name}") == kernel[f"YCBCR_ENC_{name}"]
    for name in ("FULL_RANGE", "LIM_RANGE"):
        assert getattr(colour, f"_{name}") == kernel[f"QUANTIZATION_{name}"]
