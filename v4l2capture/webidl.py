# SPDX-License-Identifier: MIT
"""WebIDL dictionaries in Python: which values a member takes, and both of its spellings.

A W3C name is camelCase in JSON and snake_case in Python. Every dictionary takes both and
gives snake_case attributes and camelCase data. What JavaScript would convert silently
(``"5"`` to 5, ``true`` to 1) is a ``TypeError`` here.

Sources: WebIDL, "Dictionary types" and "Type mapping"; W3C Media Capture and Streams,
"Constrainable pattern".
"""

from __future__ import annotations

import contextlib
import math
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from numbers import Integral, Real
from typing import Any, ClassVar, Self, TypeVar

__all__ = [
    "Constrain",
    "Dictionary",
    "MediaSettingsRange",
    "Point2D",
    "UnknownMemberWarning",
    "camel",
    "snake",
]

Convert = Callable[[str, Any], Any]  # (member, value) -> value, or TypeError
_Enum = TypeVar("_Enum", bound=StrEnum)

_MOST_ULONG = 0xFFFFFFFF


class UnknownMemberWarning(UserWarning):
    """A dictionary had a member that does not exist; it was dropped, as WebIDL wants it."""


@cache
def snake(name: str) -> str:
    """Return the Python spelling: ``"focusMode"`` -> ``"focus_mode"``."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


@cache
def camel(name: str) -> str:
    """Return the W3C spelling: ``"focus_mode"`` -> ``"focusMode"``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


# ---- a dictionary ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A W3C dictionary: snake_case attributes, absent members are ``None``.

    Iteration yields the W3C names of the members that are present; ``in`` and ``[]`` take
    both spellings; ``dict(d)`` works. Members that ``IGNORED`` names are dropped in
    silence, others that do not exist with an :class:`UnknownMemberWarning`.

    Synchronization: none required; nothing in it changes.
    """

    MEMBERS: ClassVar[Mapping[str, Convert]] = {}  # W3C name -> what its value may be
    IGNORED: ClassVar[frozenset[str]] = frozenset()

    _spellings: ClassVar[list[tuple[str, str]]]  # of each member: as W3C has it, as Python has it

    def __init_subclass__(cls) -> None:
        cls._spellings = [(name, snake(name)) for name in cls.MEMBERS]

    def __post_init__(self) -> None:
        for name, attribute in self._spellings:
            value = getattr(self, attribute)
            if value is not None:
                object.__setattr__(self, attribute, self.MEMBERS[name](name, value))

    @classmethod
    def of(cls, value: Mapping[str, Any] | Dictionary | None = None, /, **members: Any) -> Self:
        """Return this dictionary from a mapping in either spelling, another one, or keywords.

        Raises:
            TypeError: A value of a wrong type, a keyword that is no member, or one member
                twice, for example in both spellings.
        """
        if value is None and not members:
            return cls()
        if type(value) is cls and not members:
            return value
        if not isinstance(value, Mapping | Dictionary | None):
            raise TypeError(f"{cls.__name__} takes a mapping, not {value!r}")
        found: dict[str, Any] = {}
        for key in value or ():
            cls._take(found, key, value[key] if value is not None else None)
        for key, item in members.items():
            if camel(key) not in cls.MEMBERS:
                raise TypeError(f"{cls.__name__} has no member {key!r}")
            cls._take(found, key, item)
        return cls(**found)

    @classmethod
    def _take(cls, found: dict[str, Any], key: Any, value: Any) -> None:
        name = camel(key) if isinstance(key, str) else ""
        if name not in cls.MEMBERS:
            if name not in cls.IGNORED:
                text = f"{cls.__name__} has no member {key!r}; it is ignored"
                warnings.warn(text, UnknownMemberWarning, stacklevel=_outside())
        elif snake(name) in found:
            spellings = f", as {snake(name)} and {name}" if snake(name) != name else ""
            raise TypeError(f"{cls.__name__} has {name} twice{spellings}")
        else:
            found[snake(name)] = value

    def to_dict(self) -> dict[str, Any]:
        """Return what is present as plain JSON data with W3C names."""
        return {name: _plain(self[name]) for name in self}

    def get(self, name: str, default: Any = None) -> Any:
        """Return a member in either spelling, or ``default`` where it is absent."""
        return getattr(self, snake(name)) if name in self else default

    def keys(self) -> list[str]:
        """Return the W3C names of the members that are present."""
        return list(self)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or camel(name) not in self.MEMBERS:
            return False
        return getattr(self, snake(name)) is not None

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return getattr(self, snake(name))

    def __iter__(self) -> Iterator[str]:
        return (name for name, key in self._spellings if getattr(self, key) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        members = ", ".join(f"{snake(name)}={self[name]!r}" for name in self)
        return f"{type(self).__name__}({members})"


def _outside() -> int:
    """Return the stack level of the first frame that is not of this package."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__package__") == __package__:
        frame, level = frame.f_back, level + 1
    return level


def _plain(value: Any) -> Any:
    if isinstance(value, Dictionary):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value


# ---- what a member takes --------------------------------------------------------------------


def number(name: str, value: Any) -> int | float:
    """A finite number; ``bool`` is none."""
    # The built-in types come first because asking the abstract ones takes long.
    if isinstance(value, int | float | Real) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):  # too large for a double
            result = int(value) if isinstance(value, int | Integral) else float(value)
            if math.isfinite(result):
                return result
    raise TypeError(f"{name} takes a finite number, not {value!r}")


def ulong(name: str, value: Any) -> int:
    """A whole number of 32 bits; others are clamped and rounded, as ``[Clamp]`` says."""
    if isinstance(value, int | float) and abs(value) > _MOST_ULONG:
        return _MOST_ULONG if value > 0 else 0
    return min(max(round(number(name, value)), 0), _MOST_ULONG)


def boolean(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise TypeError(f"{name} takes True or False, not {value!r}")


def string(name: str, value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{name} takes a string, not {value!r}")


def sequence(convert: Convert) -> Convert:
    """A list of what ``convert`` takes."""

    def items(name: str, value: Any) -> list[Any]:
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise TypeError(f"{name} takes a list, not {value!r}")
        return [convert(name, item) for item in value]

    return items


def one_of(enum: type[_Enum]) -> Convert:
    """A value of an enumeration."""

    def entry(name: str, value: Any) -> _Enum:
        try:
            return enum(string(name, value))
        except ValueError:
            names = ", ".join(enum)
            raise TypeError(f"{name} takes one of {names}, not {value!r}") from None

    return entry


def dictionary(cls: type[Dictionary]) -> Convert:
    """A nested dictionary."""

    def nested(_name: str, value: Any) -> Dictionary:
        return cls.of(value)

    return nested


def constrain(
    bare: Convert, parts: Mapping[str, Convert], *, also: Convert | None = None
) -> Convert:
    """A constraint: a bare value, or ``{"min", "max", "exact", "ideal"}`` as far as it has them.

    Args:
        bare: What a value without a dictionary may be.
        parts: What the members of the dictionary may be.
        also: What else a bare value may be; pan, tilt and zoom take a boolean, too.
    """

    def constraint(name: str, value: Any) -> Any:
        if isinstance(value, Mapping | Constrain):
            given = Constrain.of(value)
            for key in given:
                if key not in parts:
                    text = f"{name} has no {key}; it is ignored"
                    warnings.warn(text, UnknownMemberWarning, stacklevel=_outside())
            return Constrain(
                **{key: convert(name, given[key]) for key, convert in parts.items() if key in given}
            )
        if also is not None and isinstance(value, bool):
            return also(name, value)
        return bare(name, value)

    return constraint


def scalar_or_list(convert: Convert) -> Convert:
    """One value, or a list of alternatives."""
    many = sequence(convert)

    def either(name: str, value: Any) -> Any:
        is_one = isinstance(value, str) or not isinstance(value, Iterable)
        return convert(name, value) if is_one else many(name, value)

    return either


def _anything(_name: str, value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Constrain(Dictionary):
    """What is wanted of one property.

    Attributes:
        exact: Required: this value, or one of this list.
        ideal: Preferred: this value, or one of this list.
    """

    min: float | None = None
    max: float | None = None
    exact: Any = None
    ideal: Any = None

    MEMBERS: ClassVar[Mapping[str, Convert]] = dict.fromkeys(
        ("min", "max", "exact", "ideal"), _anything
    )


@dataclass(frozen=True, slots=True, repr=False)
class Point2D(Dictionary):
    """A point of the picture: (0, 0) is its upper left corner, (1, 1) the lower right one."""

    x: float = 0.0
    y: float = 0.0

    MEMBERS: ClassVar[Mapping[str, Convert]] = {"x": number, "y": number}


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class MediaSettingsRange(Dictionary):
    """The values that a numeric property can have.

    Attributes:
        step: Distance between two values; ``None`` where there is none, or none that is even.
        default: The driver's default, or ``None``. No member of the W3C dictionary:
            it takes part in neither :meth:`to_dict`, iteration nor comparison.
    """

    min: float | None = None
    max: float | None = None
    step: float | None = None
    default: float | None = field(default=None, compare=False)

    MEMBERS: ClassVar[Mapping[str, Convert]] = dict.fromkeys(("min", "max", "step"), number)
