# SPDX-License-Identifier: MIT
"""What one property can be, and what is wanted of it: the parts of a constraint problem.

Source: W3C Media Capture and Streams, "Constrainable pattern" and "fitness distance".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from .dictionaries import PROPERTIES, Constrain, MediaTrackConstraintSet, Property, snake
from .videomode import ratio_distance

__all__ = ["Choice", "Domain", "Range", "Wanted", "domain_of", "parsed", "range_of"]


# ---- what is wanted of one property -------------------------------------------------------------


@dataclass(slots=True)
class Wanted:
    """One constraint: bounds or alternatives that are required, and what would be ideal."""

    low: float = -math.inf
    high: float = math.inf
    among: list[Any] | None = None
    ideal: Any = None
    able: bool | None = None  # pan, tilt and zoom: whether there is such a property at all

    @property
    def is_required(self) -> bool:
        return self.among is not None or self.low > -math.inf or self.high < math.inf


def _wanted(row: Property, value: Any, advanced: bool) -> Wanted:
    """Return what a constraint means: a bare value is ideal, in an advanced set exact."""
    if not isinstance(value, Constrain):
        value = Constrain(exact=value) if advanced else Constrain(ideal=value)
    if row.kind in ("number", "ulong"):
        return _wanted_number(value)
    convert = _clamped if row.kind == "points" else _alternatives
    ideal = None if advanced else convert(value.ideal) or None
    return Wanted(among=convert(value.exact) or None, ideal=ideal)


def _wanted_number(value: Constrain) -> Wanted:
    for bare in (value.exact, value.ideal):
        if isinstance(bare, bool):
            return Wanted(able=bare)
    wanted = Wanted(ideal=value.ideal)
    if value.min is not None:
        wanted.low = value.min
    if value.max is not None:
        wanted.high = value.max
    if value.exact is not None:
        wanted.low, wanted.high = max(wanted.low, value.exact), min(wanted.high, value.exact)
    return wanted


def _alternatives(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _clamped(value: Any) -> list[Any]:
    """Return one alternative, a list of points inside the picture, or none."""
    if not value:
        return []
    return [[{"x": min(max(p.x, 0.0), 1.0), "y": min(max(p.y, 0.0), 1.0)} for p in value]]


def parsed(constraints: MediaTrackConstraintSet, advanced: bool) -> dict[str, Wanted]:
    """Return what is wanted, in the order in which a failure is looked for."""
    return {
        name: _wanted(row, value, advanced)
        for name, row in PROPERTIES.items()
        if (value := getattr(constraints, _ATTRIBUTE[name])) is not None
    }


_ATTRIBUTE = {name: snake(name) for name in PROPERTIES}


# ---- what a property can be -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Range:
    """A number between two others, on steps if it has any."""

    minimum: float
    maximum: float
    step: float  # 0: any number
    low: float
    high: float
    current: float | None

    def narrowed(self, wanted: Wanted) -> Range | None:
        low, high = max(self.low, wanted.low), min(self.high, wanted.high)
        return replace(self, low=low, high=high) if low <= high else None

    def chosen(self, ideal: float | None) -> float | None:
        current = self.current
        fits = current is not None and self.low <= current <= self.high
        if ideal is None:
            if fits:
                return current
            start = self.minimum if current is None else current
            return self._nearest(min(max(start, self.low), self.high))
        wanted = min(max(ideal, self.low), self.high)
        choices = self._steps_around(wanted)
        if fits and current is not None:
            choices.insert(0, current)
        if not choices:
            return self._nearest(wanted)
        return min(choices, key=lambda value: self.distance(value, ideal))

    def distance(self, actual: float, ideal: float) -> float:
        """Return a ratio between positive numbers, else the part of the whole range."""
        if ideal > 0 and self.minimum >= 0:
            return ratio_distance(actual, ideal)
        return abs(actual - ideal) / ((self.maximum - self.minimum) or 1)

    def _steps_around(self, value: float) -> list[float]:
        """Return the steps below and above ``value`` that are allowed."""
        if not self.step:
            return [value]
        below = math.floor((value - self.minimum) / self.step + 1e-9)
        both = (self._on_step(below), self._on_step(below + 1))
        return [each for each in both if each is not None and self.low <= each <= self.high]

    def _nearest(self, value: float) -> float:
        """Return the nearest step; if one of those around is allowed, not another."""
        if not self.step:
            return value
        choices = self._steps_around(value)
        if not choices:
            last = math.floor((self.maximum - self.minimum) / self.step + 1e-9)
            count = math.floor((value - self.minimum) / self.step + 0.5)
            return min(self.minimum + min(max(count, 0), last) * self.step, self.maximum)
        return min(choices, key=lambda each: (abs(each - value), -each))

    def _on_step(self, count: int) -> float | None:
        value = self.minimum + count * self.step
        if count < 0 or value > self.maximum + self.step * 1e-9:
            return None
        return min(value, self.maximum)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some values; ``values`` is ``None`` where there is no list, as for points."""

    values: list[Any] | None
    current: Any

    def narrowed(self, wanted: Wanted) -> Choice | None:
        if wanted.among is None:
            return self
        if self.values is None:
            return replace(self, values=wanted.among)
        left = [value for value in wanted.among if value in self.values]
        return replace(self, values=left) if left else None

    def chosen(self, ideal: list[Any] | None) -> Any:
        for value in ideal or ():
            if self.values is None or value in self.values:
                return value
        if self.values is None or self.current in self.values:
            return self.current
        return self.values[0]


Domain = Range | Choice


def domain_of(row: Property, capability: Any, current: Any, quantize: bool) -> Domain | None:
    """Return what a property can be, or ``None``: the camera does not have it."""
    if row.kind == "points":
        return None if current is None else Choice(None, current)
    if row.kind in ("number", "ulong"):
        return range_of(row, capability, current, quantize)
    if capability is None:
        return None if current is None else Choice([current], current)
    return Choice(list(capability) if isinstance(capability, list) else [capability], current)


def range_of(row: Property, capability: Any, current: Any, quantize: bool) -> Range | None:
    if capability is None or capability.get("min") is None or capability.get("max") is None:
        return None if current is None else Range(current, current, 0, current, current, current)
    low, high = capability["min"], capability["max"]
    step = capability.get("step") or 0
    if row.kind == "ulong":
        step = step or 1
    elif not quantize:
        step = 0
    return Range(low, high, step, low, high, current) if low <= high else None
