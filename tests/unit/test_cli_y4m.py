# SPDX-License-Identifier: MIT
"""YUV4MPEG2: the planes in the file are the picture."""

from fractions import Fraction

import numpy as np
import pytest

from v4l2capture import convert
from v4l2capture.cli import y4m
from v4l2capture.layout import minimum_bytes
from v4l2capture.pixfmt import PIXEL_FORMATS, Format, PlaneFormat

from . import reference

SIZES = [(1, 1), (2, 1), (1, 5), (3, 3), (17, 4), (66, 6)]

RAW = [row for row in PIXEL_FORMATS.values() if row.convertible and not row.compressed]

# Chroma subsampling, and bits of a sample, of each tag of the format.
TAGS = {
    "420jpeg": (2, 2),
    "422": (2, 1),
    "444": (1, 1),
    "mono": None,
    "mono10": None,
    "mono12": None,
    "mono14": None,
    "mono16": None,
}


def describe(row, size, padding=0, quantization=1, **rest):
    strides = [plane.row_bytes(size[0]) + padding for plane in row.colour_planes]
    planes = tuple(PlaneFormat(0, stride) for stride in strides[: row.memory_planes])
    return Format(*size, row.fourcc, planes, ycbcr_enc=1, quantization=quantization, **rest)


def words(layout):
    """The header's words by their first letter."""
    magic, *rest = layout.header.decode("ascii").rstrip("\n").split(" ")

    assert magic == "YUV4MPEG2"
    return {word[0]: word[1:] for word in rest}


def as_rgb(planes, tag, quantization, size):
    """What a player makes of the planes."""
    width, height = size
    luma, *chroma = (np.asarray(plane, float) for plane in planes)
    bits = int(tag.removeprefix("mono") or 8) if tag.startswith("mono") else 8
    luma = np.floor(luma / (1 << (bits - 8)))
    if TAGS[tag] is None:
        cb = cr = np.full_like(luma, 128)
    else:
        cb, cr = (reference.spread(each, *TAGS[tag], width, height) for each in chroma)
    return reference.to_bytes(reference.ycbcr_to_rgb(luma, cb, cr, 1, quantization))


@pytest.mark.parametrize("padding", [0, 12], ids=["tight", "padded"])
@pytest.mark.parametrize("quantization", [1, 2], ids=["full", "limited"])
@pytest.mark.parametrize("row", RAW, ids=lambda row: row.name)
def test_planes_are_the_picture(row, quantization, padding):
    rng = np.random.default_rng(7)
    for size in SIZES:
        form = describe(row, size, padding, quantization)
        planes = [
            memoryview(rng.integers(0, 256, length, np.uint8).tobytes())
            for length in minimum_bytes(form)
        ]

        layout = y4m.layout(form)
        header = words(layout)
        arrays = list(layout.planes(planes))

        full = 1 if header["X"] == "COLORRANGE=FULL" else 2
        assert full == quantization or layout.is_converted
        picture = as_rgb(arrays, header["C"], full, size)
        # Rounding to Y'CbCr and back costs a little.
        tolerance = 3 if layout.is_converted else 1
        wrong = np.abs(picture.astype(int) - convert.to_rgb(form, planes))
        assert wrong.max() <= tolerance


@pytest.mark.parametrize("row", RAW, ids=lambda row: row.name)
def test_planes_have_the_sizes_that_the_tag_promises(row):
    for width, height in SIZES:
        form = describe(row, (width, height))
        planes = [memoryview(bytes(length)) for length in minimum_bytes(form)]

        layout = y4m.layout(form)
        sizes = [plane.shape for plane in layout.planes(planes)]

        share = TAGS[words(layout)["C"]]
        expected = [(height, width)]
        if share:
            expected += [(-(-height // share[1]), -(-width // share[0]))] * 2
        assert sizes == expected


@pytest.mark.parametrize("code", ["YUYV", "NV12", "YU12", "NM12", "422P", "GREY", "Y16 "])
def test_camera_samples_are_not_touched(code):
    """Each byte of the frame is in the file once, whatever its range."""
    row = PIXEL_FORMATS[code]
    form = describe(row, (16, 4), quantization=2)
    rng = np.random.default_rng(1)
    planes = [
        memoryview(rng.integers(0, 256, length, np.uint8).tobytes())
        for length in minimum_bytes(form)
    ]

    written = b"".join(np.ascontiguousarray(p).tobytes() for p in y4m.layout(form).planes(planes))

    assert sorted(written) == sorted(b"".join(planes))


@pytest.mark.parametrize(
    ("changes", "letter", "word"),
    [
        ({"frame_rate": Fraction(30000, 1001)}, "F", "30000:1001"),
        ({"frame_rate": Fraction(15)}, "F", "15:1"),
        ({}, "F", "0:0"),
        ({"field": 1}, "I", "p"),
        ({"field": 4}, "I", "t"),
        ({"field": 9}, "I", "b"),
        ({"field": 7}, "I", "?"),
        ({}, "W", "6"),
        ({}, "H", "4"),
    ],
)
def test_header_says_what_the_camera_says(changes, letter, word):
    form = describe(PIXEL_FORMATS["YUYV"], (6, 4), **changes)

    assert words(y4m.layout(form))[letter] == word


@pytest.mark.parametrize("code", ["H264", "Z16 ", "0x12345678", "PAL8"])
def test_what_is_no_picture_has_no_layout(code):
    assert y4m.layout(Format(6, 4, code, (PlaneFormat(96, 12),))) is None


def test_driver_that_contradicts_itself_has_no_layout():
    assert y4m.layout(Format(6, 4, "NM12", (PlaneFormat(96, 12),))) is None
