# SPDX-License-Identifier: MIT
"""One control as data: what a driver says of it, and its value, at one moment.

Source: Documentation/userspace-api/media/v4l/vidioc-queryctrl.rst.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from .cids import flag_words

__all__ = ["ControlState", "Controls", "Described", "by_id"]

_NUMBERS = frozenset({"int", "int64", "u8", "u16", "u32"})


class Described(Protocol):
    """A control of a device, or of a profile."""

    @property
    def id(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def minimum(self) -> Any: ...
    @property
    def maximum(self) -> Any: ...
    @property
    def step(self) -> int | None: ...
    @property
    def default(self) -> Any: ...
    @property
    def flags(self) -> Any: ...
    @property
    def menu(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class ControlState:
    """What a driver says of one control.

    Attributes:
        id: V4L2_CID_*.
        type: As :attr:`v4l2capture.controls.Control.type`.
        minimum: In driver units, as ``maximum``; ``(left, top, width, height)`` of a rectangle.
        step: At least 1.
        default: ``None`` where it lies outside the range.
        menu: Index to label, of an integer menu to number; empty where none is known.
        value: ``None`` where it could not be read.
    """

    id: int
    type: str
    minimum: Any = 0
    maximum: Any = 0
    step: int = 1
    default: Any = None
    flags: frozenset[str] = frozenset()
    menu: Mapping[int, str | int] = field(default_factory=dict)
    value: Any = None

    @classmethod
    def of(cls, control: Described, value: Any = None) -> ControlState:
        """Return the state of a control of a device or of a profile.

        Args:
            value: What it reads; asking for it is left to the caller, who can read all at once.
        """
        flags = control.flags
        if isinstance(flags, int):
            flags = flag_words(flags)
        low, high = control.minimum, control.maximum
        if control.type == "bool":
            low, high = 0, 1
        low, high = (0 if low is None else low), (0 if high is None else high)
        default = control.default
        if not isinstance(default, int) or not isinstance(low, int) or not low <= default <= high:
            default = None
        return cls(
            control.id,
            control.type,
            low,
            high,
            control.step or 1,
            default,
            flags,
            control.menu or {},
            value,
        )

    @property
    def is_there(self) -> bool:
        """Whether the driver did not switch it off for good."""
        return "disabled" not in self.flags

    @property
    def is_writable(self) -> bool:
        """Whether writing it can have an effect, perhaps after another one was written."""
        return self.is_there and "read-only" not in self.flags

    @property
    def is_readable(self) -> bool:
        """Whether its value means anything."""
        return self.is_there and "write-only" not in self.flags and self.type != "button"

    @property
    def is_range(self) -> bool:
        """Whether it is one number that can have more than one value."""
        return (
            self.type in _NUMBERS
            and self.is_readable
            and "has-payload" not in self.flags
            and self.minimum < self.maximum
        )

    @property
    def last(self) -> int:
        """The largest value on a step; the maximum itself may be on none."""
        return int(self.minimum + (self.maximum - self.minimum) // self.step * self.step)

    def nearest(self, value: Fraction | float) -> int:
        """Return the value on a step that is nearest to ``value``."""
        steps = math.floor((Fraction(value) - self.minimum) / self.step + Fraction(1, 2))
        return int(min(max(self.minimum + steps * self.step, self.minimum), self.last))

    def has(self, entry: int) -> bool:
        """Whether it takes ``entry``: an index that its menu names, or a boolean."""
        return entry in (0, 1) if self.type == "bool" else entry in self.menu


Controls = Mapping[int, ControlState]


def by_id(controls: Iterable[ControlState] | Controls) -> Controls:
    """Return controls as a mapping from id."""
    if isinstance(controls, Mapping):
        return controls
    return {control.id: control for control in controls}
