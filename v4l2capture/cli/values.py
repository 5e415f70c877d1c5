# SPDX-License-Identifier: MIT
"""Values as people read and write them: of W3C properties, and of controls."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..controls import Control
from ..dictionaries import PROPERTIES
from ..mapping import RULES
from ..rate import read_rate

__all__ = ["PICTURE", "UNITS", "control_text", "read_control", "read_property", "text"]

# W3C properties that are no controls: they choose a mode.
PICTURE = ("width", "height", "aspectRatio", "frameRate", "resizeMode")

# Of W3C properties; where V4L2 has no unit, there is none.
UNITS: Mapping[str, str] = {
    "width": "pixels",
    "height": "pixels",
    "frameRate": "frames/s",
    "imageWidth": "pixels",
    "imageHeight": "pixels",
    **{rule.name: rule.unit for rule in RULES if rule.unit is not None},
}

_TRUE = frozenset(("true", "on", "yes", "1"))
_FALSE = frozenset(("false", "off", "no", "0"))

_MOST_ELEMENTS = 8

# ---- to read ----


def text(value: Any) -> str:
    """Return a value of a W3C property, as ``to_dict()`` gives it."""
    match value:
        case None:
            return ""
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:.0f}" if value.is_integer() else f"{value:.6g}"
        case {"x": x, "y": y}:
            return f"{text(x)},{text(y)}"
        case list():
            return (" " if value and isinstance(value[0], dict) else ", ").join(map(text, value))
    return str(value)


def control_text(control: Control, value: Any) -> str:
    """Return a value of a control."""
    match value:
        case None:
            return ""
        case bool():
            return text(value)
        case int() if control.type == "bool":
            return text(bool(value))
        case int() if control.type == "bitmask":
            return f"0x{value:x}"
        case str():
            return repr(value)
        case bytes():
            return _cut([f"{byte:02x}" for byte in value], " ")
        case tuple():
            return _cut([str(item) for item in value], ", ")
    return str(value)


def _cut(items: list[str], between: str) -> str:
    rest = "" if len(items) <= _MOST_ELEMENTS else " ..."
    return between.join(items[:_MOST_ELEMENTS]) + rest


# ---- to write ----


def read_property(name: str, written: str) -> Any:
    """Return the value of a W3C property.

    Raises:
        ValueError: No value of it is written so.
    """
    match PROPERTIES[name].kind:
        case "boolean":
            return _boolean(name, written)
        case "points":
            return _points(name, written)
        case "string":
            return written
    try:
        return float(read_rate(written)) if "/" in written else _number(written)
    except ValueError:
        raise ValueError(f"{name} takes a number, not {written!r}") from None


def read_control(control: Control, written: str) -> Any:
    """Return the value of a control; of a menu the index, if it has such an entry.

    Raises:
        ValueError: No value of it is written so.
    """
    match control.type:
        case "str":
            return written
        case "bool" | "button":
            return _boolean(control.name, written)
        case "menu" | "intmenu":
            return _entry(control.menu, written)
    many = bool(control.dims) or "has-payload" in control.flags
    try:
        numbers = tuple(_whole(each) for each in (written.split(",") if many else [written]))
    except ValueError:
        what = "whole numbers with commas between" if many else "a whole number"
        raise ValueError(f"{control.name} takes {what}, not {written!r}") from None
    return numbers if many else numbers[0]


def _boolean(name: str, written: str) -> bool:
    word = written.lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"{name} takes on or off, not {written!r}")
    return word in _TRUE


def _whole(written: str) -> int:
    try:
        return int(written, 0)
    except ValueError:
        return int(written)  # with zeros in front, which are not octal


def _number(written: str) -> float:
    try:
        value: float = _whole(written)
    except ValueError:
        value = float(written)
    try:
        if not math.isfinite(value):
            raise ValueError(written)
    except OverflowError:
        raise ValueError(written) from None
    return int(value) if value == int(value) else value


def _points(name: str, written: str) -> list[dict[str, float]]:
    try:
        numbers = [_number(each) for each in written.split(",")]
    except ValueError:
        numbers = []
    if not numbers or len(numbers) % 2:
        raise ValueError(f"{name} takes points such as 0.5,0.5, not {written!r}")
    return [{"x": x, "y": y} for x, y in zip(numbers[::2], numbers[1::2], strict=True)]


def _entry(menu: Mapping[int, str | int], written: str) -> int | str:
    """Return the index that a number or a label stands for, else what was written."""
    if written.isdecimal() and int(written) in menu:
        return int(written)
    same = [index for index, label in menu.items() if str(label).lower() == written.lower()]
    return same[0] if len(same) == 1 else written
