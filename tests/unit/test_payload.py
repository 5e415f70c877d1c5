# SPDX-License-Identifier: MIT
"""Bytes of controls to Python's values and back, exactly, or refused."""

import struct
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from v4l2capture import payload


def control(kind, size, *, elems=1, low=0, high=0, step=1, dims=(), dynamic=False):
    """As much of a Control as the functions look at; ``size`` is of one element."""
    row = SimpleNamespace(elems=elems, elem_size=size, dims=dims or (elems,))
    flags = frozenset({"dynamic-array"} if dynamic else ())
    return SimpleNamespace(
        name="knob", type=kind, minimum=low, maximum=high, step=step, flags=flags, _row=row
    )


@pytest.mark.parametrize(
    ("kind", "data", "is_array", "value"),
    [
        ("str", b"ab\0cd", False, "ab"),
        ("str", b"abcd", False, "abcd"),
        ("str", b"\xff\0", False, "\ufffd"),
        ("str", b"", False, ""),
        ("u8", b"\x01\xff", True, (1, 255)),
        ("u16", b"\x01\x00\xff\xff", True, (1, 65535)),
        ("u32", b"\x01\x00\x00\x80", True, (0x80000001,)),
        ("u32", b"\x01\x00\x00\x80", False, 0x80000001),
        ("int", b"\xff\xff\xff\xff", True, (-1,)),
        ("int64", b"\xfe" + b"\xff" * 7, True, (-2,)),
        ("area", struct.pack("=II", 640, 480), False, (640, 480)),
        ("area", struct.pack("=IIII", 1, 2, 3, 4), True, ((1, 2), (3, 4))),
        ("rect", struct.pack("=iiII", -1, -2, 3, 4), False, (-1, -2, 3, 4)),
        ("270", b"\x01\x02", False, b"\x01\x02"),  # a type of a newer kernel
        ("u16", b"\x01", True, b"\x01"),  # a driver that cannot count
    ],
)
def test_bytes_become_a_value(kind, data, is_array, value):
    assert payload.decode(kind, data, is_array) == value


ARRAYS = {"u8": ("B", 0, 255), "u16": ("H", 0, 65535), "u32": ("I", 0, (1 << 32) - 1)}
ARRAYS |= {"int": ("i", -(1 << 31), (1 << 31) - 1), "int64": ("q", -(1 << 63), (1 << 63) - 1)}


@given(st.sampled_from(sorted(ARRAYS)), st.data())
def test_what_goes_in_comes_out(kind, data):
    letter, low, high = ARRAYS[kind]
    values = tuple(data.draw(st.lists(st.integers(low, high), min_size=1, max_size=20)))
    one = control(kind, struct.calcsize(letter), elems=len(values), low=low, high=high)

    assert payload.decode(kind, payload.encode(one, values), True) == values


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12))
def test_text_goes_in_and_comes_out(text):
    one = control("str", 64, high=48)

    assert payload.decode("str", payload.encode(one, text), False) == text


@pytest.mark.parametrize(
    ("text", "data"), [("ab", b"ab\0"), ("abc", b"abc \0"), ("abcd", b"abcd\0"), ("", None)]
)
def test_text_is_filled_up_to_a_step(text, data):
    one = control("str", 7, low=2, high=6, step=2)

    if data is None:
        with pytest.raises(ValueError, match="2 to 6 bytes"):
            payload.encode(one, text)
    else:
        assert payload.encode(one, text) == data


def test_length_of_text_is_counted_in_bytes():
    with pytest.raises(ValueError, match="bytes of text"):
        payload.encode(control("str", 5, high=4), "äöü")


@pytest.mark.parametrize(
    "value",
    [[1, 2, 3, 4], (1, 2, 3, 4), range(1, 5), [[1, 2], [3, 4]], np.array([[1, 2], [3, 4]], "u1")],
    ids=["list", "tuple", "range", "nested", "array"],
)
def test_any_sequence_will_do(value):
    one = control("u8", 1, elems=4, high=100, dims=(2, 2))

    assert payload.encode(one, value) == bytes([1, 2, 3, 4])


def test_bytes_of_the_right_size_will_do():
    assert payload.encode(control("u16", 2, elems=2), b"\x01\x02\x03\x04") == b"\x01\x02\x03\x04"
    assert payload.encode(control("270", 3), bytearray(b"abc")) == b"abc"
    assert payload.encode(control("270", 3), memoryview(b"abc")) == b"abc"


@pytest.mark.parametrize(
    ("one", "value", "error"),
    [
        (control("u8", 1, elems=2, high=9), [1], ValueError),
        (control("u8", 1, elems=2, high=9), [1, 2, 3], ValueError),
        (control("u8", 1, elems=2, high=9), [], ValueError),
        (control("u8", 1, elems=2, high=9), [1, 10], ValueError),
        (control("u8", 1, elems=2, low=9, high=0), [1, 256], ValueError),
        (control("u8", 1, elems=2, high=9), [1, 1.0], TypeError),
        (control("u8", 1, elems=2, high=9), [1, None], TypeError),
        (control("u8", 1, elems=2, high=9), "12", TypeError),
        (control("u8", 1, elems=2, high=9), b"123", ValueError),
        (control("area", 8), (1, 2, 3), ValueError),
        (control("area", 8), (1, -2), ValueError),
        (control("area", 8), 5, ValueError),
        (control("rect", 16), (1, 2, 3), ValueError),
        (control("str", 8, high=7), 5, TypeError),
        (control("str", 8, high=7), b"ab", TypeError),
        (control("270", 5), 5, TypeError),
        (control("270", 5), "abcde", TypeError),
        (control("270", 5), None, TypeError),
        (control("270", 5), b"abcd", ValueError),
        (control("270", 5), [1, 2, 3, 4, 5], TypeError),
    ],
)
def test_what_does_not_suit_is_refused(one, value, error):
    with pytest.raises(error, match="knob"):
        payload.encode(one, value)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_dynamic_array_may_have_any_length_up_to_its_room(count):
    one = control("u32", 4, elems=2, high=90, dims=(8,), dynamic=True)

    assert len(payload.encode(one, [50] * count)) == 4 * count


@pytest.mark.parametrize("count", [0, 9])
def test_dynamic_array_has_its_limits(count):
    one = control("u32", 4, elems=2, high=90, dims=(8,), dynamic=True)

    with pytest.raises(ValueError, match="1 to 8"):
        payload.encode(one, [50] * count)
