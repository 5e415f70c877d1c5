# SPDX-License-Identifier: MIT
"""JSON from outside, read with suspicion: each value checked, each error says where.

Every ``a_...`` function takes a value and its place in the JSON and returns it checked.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from .errors import ProfileError
from .rate import read_rate

__all__ = [
    "INT64",
    "UINT32",
    "UINT64",
    "JsonObject",
    "a_boolean",
    "a_choice",
    "a_mapping",
    "a_number",
    "a_rate",
    "a_text",
    "a_uint32",
    "list_of",
    "parse",
    "read_text",
    "shown",
]

_T = TypeVar("_T")

INT64 = (-(1 << 63), (1 << 63) - 1)
UINT64 = (0, (1 << 64) - 1)
UINT32 = (0, (1 << 32) - 1)

_MOST_TEXT = 4 << 20  # characters; a profile with more is a mistake or an attack


def read_text(path: Path) -> str:
    """Return what is in a file. A FIFO might keep us for ever, a device act on being opened."""
    _check_regular(path, path.stat())
    with open(path, "rb", opener=_without_waiting) as file:
        _check_regular(path, os.fstat(file.fileno()))  # another one may be there by now
        data = file.read(_MOST_TEXT + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path} is no UTF-8 text: {error}") from None


def _check_regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise ProfileError(f"{path} is no regular file")


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def parse(text: str) -> Mapping[str, Any]:
    if len(text) > _MOST_TEXT:
        raise ProfileError(f"more than {_MOST_TEXT} characters")
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise ProfileError("nested too deeply") from None
    except ProfileError:
        raise
    except ValueError as error:  # also an integer of more digits than Python reads
        raise ProfileError(f"no JSON: {error}") from None
    return a_mapping(data, "")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ProfileError(f"key {twice!r} appears twice in one object")
    return data


def _no_constant(name: str) -> Any:
    raise ProfileError(f"{name} is no JSON")


def a_mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ProfileError(f"an object is wanted, not {shown(value)}", where)
    return value


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def list_of(check: Callable[[Any, str], _T], value: Any, where: str, most: int) -> tuple[_T, ...]:
    if not isinstance(value, list | tuple):
        raise ProfileError(f"a list is wanted, not {shown(value)}", where)
    if len(value) > most:
        raise ProfileError(f"{len(value)} entries; {most} are the most", where)
    return tuple(check(item, f"{where}[{i}]") for i, item in enumerate(value))


def a_text(value: Any, where: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ProfileError(f"text is wanted, not {shown(value)}", where)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ProfileError(f"no text that has a UTF-8 form: {shown(value)}", where) from None
    return value


def a_number(value: Any, where: str, limits: tuple[int, int] = INT64) -> int:
    """Return an int; text such as ``"0x10"`` will do, ``true`` and 1.5 will not."""
    number = value
    if isinstance(value, str):
        try:
            number = int(value, 0)
        except ValueError:
            number = None
    if isinstance(number, bool) or not isinstance(number, int):
        raise ProfileError(f"a whole number is wanted, not {shown(value)}", where)
    if not limits[0] <= number <= limits[1]:
        raise ProfileError(f"{shown(value)} is not from {limits[0]} to {limits[1]}", where)
    return number


def a_uint32(value: Any, where: str) -> int:
    return a_number(value, where, UINT32)


def a_boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise ProfileError(f"true or false is wanted, not {shown(value)}", where)
    return value


def a_choice(value: Any, where: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ProfileError(f"one of {', '.join(choices)} is wanted, not {shown(value)}", where)
    return str(value)


def a_rate(value: Any, where: str) -> Fraction:
    """Return frames per second; they go into a struct v4l2_fract, so 32 bits each."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError
        if isinstance(value, str):
            rate = read_rate(value)
        else:
            rate = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    except ValueError:
        raise ProfileError(
            f'frames per second are wanted, such as 30 or "30000/1001", not {shown(value)}',
            where,
        ) from None
    if not 0 < rate <= 10000 or max(rate.numerator, rate.denominator) > UINT32[1]:
        raise ProfileError(f"{shown(value)} frames per second", where)
    return rate


class JsonObject:
    """An object of the JSON and where it is; asks for its members one by one."""

    __slots__ = ("_data", "_where")

    def __init__(self, value: Any, where: str) -> None:
        self._data = a_mapping(value, where)
        self._where = where

    def place(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def has(self, *keys: str) -> bool:
        return any(self._data.get(key) is not None for key in keys)

    def get(self, *keys: str) -> tuple[Any, str]:
        """Return the first of several spellings that is there, and its place."""
        key = next((key for key in keys if self._data.get(key) is not None), keys[0])
        return self._data.get(key), self.place(key)

    def need(self, check: Callable[..., _T], *keys: str) -> _T:
        value, where = self.get(*keys)
        if value is None:
            raise ProfileError(f"{keys[0]!r} is missing", self._where)
        return check(value, where)

    def take(self, check: Callable[..., _T], default: _T, *keys: str) -> _T:
        value, where = self.get(*keys)
        return default if value is None else check(value, where)

    def items(self, check: Callable[[Any, str], _T], key: str, most: int) -> tuple[_T, ...] | None:
        value, where = self.get(key)
        return None if value is None else list_of(check, value, where, most)
