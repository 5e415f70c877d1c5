# SPDX-License-Identifier: MIT
"""JPEG files as bytes: the header, and Exif data that gets in without a pixel being touched."""

from __future__ import annotations

import io

import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from v4l2capture.exif import Exif
from v4l2capture.jpegfile import JpegHeader, read_header, splice_exif

PAYLOAD = Exif(make="Ours").payload((16, 8), 3)


def make_jpeg(subsampling="422", size=(16, 8)):
    rng = np.random.default_rng(0)
    return simplejpeg.encode_jpeg(
        rng.integers(0, 256, (size[1], size[0], 3), np.uint8), 90, "RGB", subsampling
    )


JPEG = make_jpeg()
JFIF_END = 20
assert JPEG[6:11] == b"JFIF\0"
BARE = JPEG[:2] + JPEG[JFIF_END:]  # from the first table on


def segment(marker, body):
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


AVI1 = segment(0xE0, b"AVI1\0\0\0\0" + bytes(6))
JFIF = JPEG[2:JFIF_END]
JFXX = segment(0xE0, b"JFXX\0\x10")
THEIRS = segment(0xE1, Exif(make="Theirs").payload((16, 8), 3))
XMP = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
ICC = segment(0xE2, b"ICC_PROFILE\0\1\1")
COMMENT = segment(0xFE, b"Exif\0\0 is not always Exif")
OURS = segment(0xE1, PAYLOAD)


def with_segments(*segments):
    return JPEG[:2] + b"".join(segments) + BARE[2:]


# ---- Exif data ----


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], [OURS]),
        ([JFIF], [JFIF, OURS]),  # JFIF wants to be first
        ([JFIF, JFXX], [JFIF, JFXX, OURS]),
        ([AVI1], [OURS, AVI1]),
        ([THEIRS], [OURS]),
        ([JFIF, THEIRS], [JFIF, OURS]),
        ([THEIRS, JFIF], [OURS, JFIF]),
        ([JFIF, XMP, ICC, COMMENT], [JFIF, OURS, XMP, ICC, COMMENT]),
        ([XMP, THEIRS, ICC, THEIRS, COMMENT], [OURS, XMP, ICC, COMMENT]),
        ([ICC, JFIF], [OURS, ICC, JFIF]),
    ],
)
def test_exif_takes_its_place_and_others_keep_theirs(before, after):
    assert splice_exif(with_segments(*before), PAYLOAD) == with_segments(*after)


def test_second_splice_changes_nothing():
    once = splice_exif(JPEG, PAYLOAD)

    assert splice_exif(once, PAYLOAD) == once


def test_pillow_sees_the_same_picture_and_our_data():
    spliced = splice_exif(with_segments(JFIF, THEIRS), PAYLOAD)

    with Image.open(io.BytesIO(spliced)) as image, Image.open(io.BytesIO(JPEG)) as original:
        assert image.getexif()[0x010F] == "Ours"
        assert image.tobytes() == original.tobytes()


def test_too_much_for_a_segment_is_refused():
    assert len(splice_exif(JPEG, bytes(65533))) == len(JPEG) + 65537

    with pytest.raises(ValueError, match="65534 bytes are too many"):
        splice_exif(JPEG, bytes(65534))


bodies = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"Exif\0\0II*\0", b"Exif\0", b"JFIF\0\1\2", b"JFXX\0", b"AVI1", b"", b"\xff\xd9"]
    ),
)
segments = st.lists(
    st.tuples(
        st.sampled_from([*range(0xE0, 0xF0), 0xE0, 0xE1, 0xE1, 0xFE, 0xDB, 0xC4, 0xDD]),
        bodies,
        st.sampled_from([b"", b"", b"", b"\xff", b"\xff\xff", b"\0", b"\x12\0"]),  # lies between
    ),
    max_size=8,
)


@given(segments)
def test_any_order_of_segments_survives(listed):
    """All bytes but the camera's Exif data come out again, in their order."""
    jpeg = JPEG[:2] + b"".join(gap + segment(*each) for *each, gap in listed) + BARE[2:]
    kept = JPEG[:2] + BARE[2:]
    expected = [
        (gap, b"" if each[0] == 0xE1 and each[1].startswith(b"Exif\0") else segment(*each))
        for *each, gap in listed
    ]

    spliced = splice_exif(jpeg, PAYLOAD)

    assert spliced.count(OURS) == 1
    place = spliced.index(OURS)
    rest = spliced[:place] + spliced[place + len(OURS) :]
    assert rest == kept[:2] + b"".join(gap + each for gap, each in expected) + kept[2:]
    before = spliced[2:place]
    assert not before or before.startswith((b"\xff\xe0\0", b"\xff\xe0\0"))
    assert read_header(spliced) == read_header(jpeg)
    assert splice_exif(spliced, PAYLOAD) == spliced


@given(st.binary(max_size=60))
def test_any_bytes_are_survived(data):
    splice_exif(b"\xff\xd8" + data, PAYLOAD)


# ---- the header ----


@pytest.mark.parametrize("size", [(16, 8), (1, 1), (641, 479)])
@pytest.mark.parametrize(("subsampling", "components"), [("Gray", 1), ("420", 3), ("444", 3)])
def test_header_has_size_and_components(size, subsampling, components):
    if subsampling == "Gray":
        jpeg = simplejpeg.encode_jpeg(np.zeros((size[1], size[0], 1), np.uint8), 90, "GRAY", "Gray")
    else:
        jpeg = make_jpeg(subsampling, size)

    assert read_header(jpeg) == JpegHeader(*size, components)


def test_progressive_jpeg_has_a_header_too():
    file = io.BytesIO()
    Image.new("RGB", (30, 20)).save(file, "JPEG", progressive=True)

    assert read_header(file.getvalue()) == JpegHeader(30, 20, 3)


@pytest.mark.parametrize("gap", [b"\xff\xff", b"\0", b"\x12\x34\0"])
def test_stray_bytes_between_segments_spoil_nothing(gap):
    assert read_header(JPEG[:JFIF_END] + gap + JPEG[JFIF_END:]) == JpegHeader(16, 8, 3)


@pytest.mark.parametrize(
    "jpeg",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9",
        JPEG[:-2],  # no end
        JPEG[:-2] + b"\0\0",
        JPEG[: JPEG.index(b"\xff\xda")] + b"\xff\xd9",  # no pixels
        BARE[: BARE.index(b"\xff\xda") + 14] + b"\xff\xd9",  # not one of them
        segment(0xC0, bytes(15)).join((JPEG[:2], JPEG[JPEG.index(b"\xff\xda") :])),  # 0x0
        JPEG[:2] + JPEG[JPEG.index(b"\xff\xda") :],  # no size
    ],
)
def test_part_of_a_jpeg_is_refused(jpeg):
    with pytest.raises(ValueError, match="no whole JPEG"):
        read_header(jpeg)


def test_end_of_a_thumbnail_is_not_the_end():
    thumbnail = segment(0xE1, b"Exif\0\0" + JPEG)

    with pytest.raises(ValueError, match="no whole JPEG"):
        read_header(JPEG[:2] + thumbnail + BARE[2:-2])
    assert read_header(JPEG[:2] + thumbnail + BARE[2:]) == JpegHeader(16, 8, 3)


@pytest.mark.parametrize("length", range(0, len(JPEG), 7))
def test_cut_anywhere_is_refused(length):
    with pytest.raises(ValueError, match="no whole JPEG"):
        read_header(JPEG[:length])
