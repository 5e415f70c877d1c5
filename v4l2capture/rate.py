# SPDX-License-Identifier: MIT
"""Frame rates as people write them."""

from __future__ import annotations

import re
from fractions import Fraction

__all__ = ["read_rate"]

# Fraction() would spend hours on the zeros of "1e999999999".
_TEXT = re.compile(r"\d{1,10}([./]\d{1,10})?", re.ASCII)


def read_rate(text: str) -> Fraction:
    """Return ``"30"``, ``"29.97"`` or ``"30000/1001"`` as an exact number.

    Raises:
        ValueError: It is written in another way, or divides by zero.
    """
    try:
        if _TEXT.fullmatch(text):
            return Fraction(text)
    except ZeroDivisionError:
        pass
    raise ValueError(f"{text!r} is no frame rate")
