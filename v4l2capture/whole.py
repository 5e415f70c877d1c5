# SPDX-License-Identifier: MIT
"""Arguments that are whole numbers."""

from __future__ import annotations

import math
import operator

__all__ = ["whole"]


def whole(name: str, value: object, low: int, high: float = math.inf, says: str = "") -> int:
    """Return an argument as an ``int``, also one of NumPy; ``bool`` is no number.

    Args:
        name: Of the argument.
        low: The least that will do.
        high: The most.
        says: The range in words, where they say more than the numbers.

    Raises:
        TypeError: It is no whole number.
        ValueError: It is out of range.
    """
    says = says or f"{low} to {high}"
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: give a whole number, {says}")
    if not low <= number <= high:
        raise ValueError(f"{name}={value!r}: give {says}")
    return number
