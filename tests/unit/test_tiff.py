# SPDX-License-Identifier: MIT
"""Directories of tags, read back by Pillow."""

from __future__ import annotations

import io
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from v4l2capture import tiff


def read(directory):
    """What Pillow finds: values and types."""
    data = io.BytesIO(tiff.HEADER + tiff.pack_directory(directory))
    found = ImageFileDirectory_v2(data.read(8))
    found.load(data)
    return dict(found), dict(found.tagtype)


@pytest.mark.parametrize(
    ("field", "kind", "value"),
    [
        (tiff.byte(1, 2, 3, 4, 5), 1, b"\1\2\3\4\5"),
        (tiff.ascii_text("abc"), 2, "abc"),
        (tiff.ascii_text("abcdef"), 2, "abcdef"),
        (tiff.short(1), 3, 1),
        (tiff.short(1, 2, 65535), 3, (1, 2, 65535)),
        (tiff.long(2**32 - 1), 4, 2**32 - 1),
        (tiff.rational(Fraction(1, 3)), 5, Fraction(1, 3)),
        (tiff.rational(Fraction(2**32 - 1)), 5, 2**32 - 1),
        (tiff.undefined(b"0232"), 7, b"0232"),
        (tiff.signed_rational(Fraction(-1, 3)), 10, Fraction(-1, 3)),
        (tiff.signed_rational(Fraction(1, 3), Fraction(0)), 10, (Fraction(1, 3), 0)),
    ],
)
def test_value_has_its_type(field, kind, value):
    """50000 is a tag that Pillow knows nothing about."""
    values, types = read({50000: field, 50001: tiff.short(7)})

    assert values == {50000: value, 50001: 7}
    assert types == {50000: kind, 50001: 3}


def test_tags_ascend_whatever_the_order():
    data = tiff.pack_directory(
        {5: tiff.short(5), 1: tiff.short(1), 3: tiff.ascii_text("long text")}
    )

    assert [data[at] for at in (2, 14, 26)] == [1, 3, 5]


def test_everything_begins_at_an_even_place():
    inner = {1: tiff.undefined(b"12345"), 2: tiff.undefined(b"1234567")}
    data = tiff.HEADER + tiff.pack_directory({1: tiff.undefined(b"12345"), 2: inner, 3: inner})

    places = [int.from_bytes(data[at : at + 4], "little") for at in (18, 30, 42)]
    assert [place % 2 for place in places] == [0, 0, 0]
    assert len(data) % 2 == 0


def test_directory_within_a_directory():
    inner = {0x9000: tiff.undefined(b"0232"), 0x829A: tiff.rational(Fraction(1, 100))}
    exif = Image.Exif()

    exif.load(tiff.HEADER + tiff.pack_directory({0x8769: inner, 0x0112: tiff.short(6)}))

    assert exif[0x0112] == 6
    assert exif.get_ifd(0x8769) == {0x9000: b"0232", 0x829A: Fraction(1, 100)}


@given(st.fractions(min_value=0, max_value=2**32))
def test_fraction_is_exact_or_the_nearest_that_fits(value):
    found = read({50000: tiff.rational(value)})[0][50000]

    fits = max(value.numerator, value.denominator) < 2**32
    assert abs(Fraction(found) - value) <= (0 if fits else max(value, 1) / 2**30)


@given(st.fractions(min_value=-(2**40), max_value=2**40))
def test_signed_fraction_always_fits(value):
    found = read({50000: tiff.signed_rational(value)})[0][50000]

    assert abs(found) <= 2**31
    assert found == 0 or (found > 0) == (value > 0)


def test_picture_is_behind_its_directory():
    pixels = bytes(range(24))
    directory = {
        256: tiff.long(4), 257: tiff.long(2), 258: tiff.short(8, 8, 8), 259: tiff.short(1),
        262: tiff.short(2), 277: tiff.short(3), 278: tiff.long(2),
    }  # fmt: skip

    with Image.open(io.BytesIO(tiff.pack_image(directory, memoryview(pixels)))) as image:
        assert image.size == (4, 2)
        assert image.mode == "RGB"
        assert image.tobytes() == pixels
