# SPDX-License-Identifier: MIT
"""Frame rates as people write them."""

from fractions import Fraction

import pytest

from v4l2capture.rate import read_rate

WRITTEN = {
    "30": Fraction(30),
    "29.97": Fraction(2997, 100),
    "30000/1001": Fraction(30000, 1001),
    "0": Fraction(0),
}

WRONG = ["", "fast", "-5", "1/0", "nan", "1e9", "30/1.001", " 30", "\u0663\u0660", "1" * 11]


@pytest.mark.parametrize(("text", "rate"), WRITTEN.items(), ids=WRITTEN)
def test_rate_is_exact(text: str, rate: Fraction) -> None:
    assert read_rate(text) == rate


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_rate_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="no frame rate") as caught:
        read_rate(text)

    assert repr(text) in str(caught.value)


def test_many_zeros_do_not_take_for_ever() -> None:
    with pytest.raises(ValueError, match="no frame rate"):
        read_rate("1e999999999")
