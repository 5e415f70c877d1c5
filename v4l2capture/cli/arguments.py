# SPDX-License-Identifier: MIT
"""Kinds of arguments that several commands take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

__all__ = ["number"]

_Number = TypeVar("_Number", int, float, Fraction)


def number(
    convert: Callable[[str], _Number], least: _Number, most: _Number, what: str
) -> Callable[[str], _Number]:
    """Return what reads a number for argparse, and complains that others are not ``what``."""

    def parse(text: str) -> _Number:
        try:
            value = convert(text)
            if least <= value <= most:
                return value
        except ValueError:
            pass
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")

    return parse
