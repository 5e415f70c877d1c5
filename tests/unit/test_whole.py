# SPDX-License-Identifier: MIT
"""Whole numbers as arguments: those of NumPy are some, switches and decimals are none."""

import numpy as np
import pytest

from v4l2capture.whole import whole


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_whole_number_of_any_library_becomes_an_int(value):
    number = whole("buffers", value, 1, 32)

    assert number == 3
    assert type(number) is int


@pytest.mark.parametrize("value", [True, np.True_, 3.0, np.float64(3), "3", None])
def test_anything_else_is_refused_by_name(value):
    with pytest.raises(TypeError, match=r"^buffers=.*: give a whole number, 1 to 32$"):
        whole("buffers", value, 1, 32)


@pytest.mark.parametrize("value", [0, 33, -(10**30)])
def test_range_is_said(value):
    with pytest.raises(ValueError, match=rf"^buffers={value}: give 1 to 32$"):
        whole("buffers", value, 1, 32)


def test_range_may_be_open_and_in_words():
    assert whole("count", 10**30, 1) == 10**30
    with pytest.raises(ValueError, match=r"^count=0: give 1 or more$"):
        whole("count", 0, 1, says="1 or more")
