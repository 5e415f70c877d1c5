# SPDX-License-Identifier: MIT
"""Values of controls that are more than a number: strings, arrays, areas, rectangles."""

from __future__ import annotations

import operator
import struct
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .control import Control

__all__ = ["ELEMENTS", "decode", "encode"]

# Type of one element -> struct format. A type that is not here stays bytes.
ELEMENTS: dict[str, str] = {
    "int": "i",
    "bool": "i",
    "int64": "q",
    "u8": "B",
    "u16": "H",
    "u32": "I",
    "area": "II",
    "rect": "iiII",
}


def decode(kind: str, data: bytes, is_array: bool) -> Any:
    """Return the value in ``data``, as :attr:`Control.value` describes it."""
    if kind == "str":
        return data.split(b"\0", 1)[0].decode("utf-8", "replace")
    element = ELEMENTS.get(kind)
    if element is None or len(data) % struct.calcsize("=" + element):
        return data
    items = tuple(struct.iter_unpack("=" + element, data))
    if is_array:
        return tuple(item[0] if len(item) == 1 else item for item in items)
    return items[0][0] if len(items[0]) == 1 else items[0]


def encode(control: Control, value: Any) -> bytes:
    """Return the bytes of ``value`` for a control that is no plain number.

    Raises:
        TypeError: Of another kind than the control.
        ValueError: Too long, too many, or an element out of range.
    """
    if control.type == "str":
        return _encode_string(control, value)
    if isinstance(value, bytes | bytearray | memoryview):
        return _fitting(control, bytes(value), "bytes")
    element = ELEMENTS.get(control.type)
    if element is None:
        raise TypeError(f"{control.name} takes bytes, not {value!r}")
    try:
        flat = [operator.index(item) for item in _flatten(value)]
    except TypeError:
        raise TypeError(f"{control.name} takes whole numbers, not {value!r}") from None
    low, high = control.minimum, control.maximum
    if len(element) == 1 and low <= high:
        bad = next((item for item in flat if not low <= item <= high), None)
        if bad is not None:
            raise ValueError(f"{control.name} takes numbers from {low} to {high}, not {bad}")
    if len(flat) % len(element):
        raise ValueError(f"{control.name} takes groups of {len(element)} numbers, not {len(flat)}")
    try:
        data = struct.pack("=" + element * (len(flat) // len(element)), *flat)
    except struct.error:
        raise ValueError(f"{control.name}: a number does not fit into {control.type}") from None
    return _fitting(control, data, "numbers")


def _flatten(value: Any) -> Iterable[Any]:
    if isinstance(value, Iterable) and not isinstance(value, str):
        return chain.from_iterable(_flatten(item) for item in value)
    return (value,)


def _encode_string(control: Control, value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"{control.name} takes a str, not {value!r}")
    data = value.encode()
    if b"\0" in data or not control.minimum <= len(data) <= control.maximum:
        raise ValueError(
            f"{control.name} takes {control.minimum} to {control.maximum} bytes of text "
            f"without a NUL, not {value!r}"
        )
    data += b" " * (-(len(data) - control.minimum) % control.step)
    return data + b"\0"


def _fitting(control: Control, data: bytes, what: str) -> bytes:
    """An array is written whole, but a dynamic one may have any length up to its room."""
    row = control._row
    size = row.elems * row.elem_size
    if "dynamic-array" in control.flags:
        room = row.dims[0] * row.elem_size
        if not data or len(data) > room or len(data) % row.elem_size:
            raise ValueError(f"{control.name} takes 1 to {row.dims[0]} {what}")
    elif len(data) != size:
        have, need = len(data) // row.elem_size, row.elems
        raise ValueError(f"{control.name} takes {need} {what}, not {have}")
    return data
