# SPDX-License-Identifier: MIT
"""Values of controls that are one number: as Python has them, and as the driver takes them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .control import Control

__all__ = ["ENCODERS", "decode", "encode_integer", "nearest"]


def decode(kind: str, value: int) -> int | bool:
    """Return a number as the type of its control has it."""
    if kind == "bool":
        return bool(value)
    return value & 0xFFFFFFFF if kind == "bitmask" else value


def nearest(number: int, low: int, high: int, step: int) -> int:
    """Return what is on the grid of a control and nearest to a number."""
    number = low if number < low else high if number > high else number
    if step == 1:
        return number
    number = low + (number - low + step // 2) // step * step
    return number if number <= high else number - step


def _index_of(control: Control, value: Any) -> int:
    """``operator.index`` with a sentence; ``bool`` is no number."""
    if isinstance(value, bool):
        raise TypeError(f"{control.name} takes an int, not {value!r}")
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{control.name} takes an int, not {value!r}") from None


def encode_integer(control: Control, value: Any) -> int:
    """Return a whole number as the driver takes it: in range and on a step."""
    number = value if type(value) is int else _index_of(control, value)
    row = control._controls._fresh(control)
    low: int = row.minimum
    high: int = row.maximum
    step: int = row.step or 1
    if low > high:  # a driver that contradicts itself decides alone
        return min(max(number, -(1 << 31)), (1 << 31) - 1)
    return nearest(number, low, high, step)


def _boolean(control: Control, value: Any) -> int:
    if value in (0, 1):
        return int(value)
    raise ValueError(f"{control.name} takes True or False, not {value!r}")


def _menu_entry(control: Control, value: Any) -> int:
    menu = control.menu
    if isinstance(value, str):
        index = next((i for i, label in menu.items() if str(label) == value), None)
    else:
        index = _index_of(control, value)
    if index is not None and index in menu:
        return index
    entries = ", ".join(f"{i} ({label})" for i, label in menu.items()) or "none that it names"
    raise ValueError(f"{control.name} has no entry {value!r}; it has {entries}")


def _bitmask(control: Control, value: Any) -> int:
    number = _index_of(control, value)
    most = control.maximum & 0xFFFFFFFF
    if number < 0 or number & ~most:
        raise ValueError(f"{control.name} takes bits of 0x{most:x}, not {value!r}")
    return number


def _button(control: Control, value: Any) -> int:
    if value in (1, None):
        return 1
    raise ValueError(f"{control.name} is a button: press() it, or write 1, not {value!r}")


# What to write for a value, by the type of its control; encode_integer for all others.
ENCODERS: dict[str, Callable[[Control, Any], int]] = {
    "bool": _boolean,
    "menu": _menu_entry,
    "intmenu": _menu_entry,
    "bitmask": _bitmask,
    "button": _button,
}
