# SPDX-License-Identifier: MIT
"""The kinds of rows in the mapping between V4L2 controls and W3C properties.

Each goes in both directions: what a control offers and has as a W3C value, and what has to
be written for a W3C value. Arithmetic is exact (``Fraction``).

Sources: as :mod:`v4l2capture.mapping`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from .cids import IDS
from .controlstate import Controls, ControlState
from .dictionaries import MediaSettingsRange, MeteringMode
from .sensor import SensorTiming

__all__ = ["LOCK", "Auto", "EntryRule", "GainRule", "ModeRule", "NumberRule", "RangeRule"]

LOCK = IDS["3a_lock"]

_MANUAL, _SINGLE_SHOT, _CONTINUOUS = (
    MeteringMode.MANUAL,
    MeteringMode.SINGLE_SHOT,
    MeteringMode.CONTINUOUS,
)


def _number(value: Fraction) -> float:
    return value.numerator if value.denominator == 1 else float(value)


# ---- numbers --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RangeRule:
    """One numeric W3C property behind an integer control: ``W3C value = driver value * scale``.

    Attributes:
        name: W3C member name.
        control: Canonical name of the control.
        unit: Of the W3C value; ``None`` where V4L2 has none.
        limit: The most that the W3C allows, to either side.
    """

    name: str
    control: str
    scale: Fraction = Fraction(1)
    unit: str | None = None
    limit: int | None = None

    @property
    def cid(self) -> int:
        return IDS[self.control]

    def bounds(self, control: ControlState) -> tuple[int, int] | None:
        """Return the lowest and highest driver value to publish, or ``None``: not usable."""
        if not control.is_range:
            return None
        low, high = control.minimum, control.maximum
        if self.limit is not None:
            most = int(self.limit / self.scale)
            low += max(0, -((low + most) // control.step)) * control.step
            high = high if high <= most else low + (most - low) // control.step * control.step
        return (low, high) if low < high else None

    def capability(self, control: ControlState) -> MediaSettingsRange | None:
        bounds = self.bounds(control)
        if bounds is None or not control.is_writable:
            return None
        low, high = bounds
        default = control.default
        fits = default is not None and low <= default <= high
        return MediaSettingsRange(
            min=self.to_w3c(low),
            max=self.to_w3c(high),
            step=self.to_w3c(control.step),
            default=self.to_w3c(default) if fits else None,
        )

    def setting(self, control: ControlState) -> float | None:
        bounds = self.bounds(control)
        if bounds is None or not isinstance(control.value, int):
            return None
        return self.to_w3c(min(max(control.value, bounds[0]), bounds[1]))

    def to_w3c(self, value: int) -> float:
        number, rest = divmod(value * self.scale.numerator, self.scale.denominator)
        return _number(value * self.scale) if rest else number

    def to_driver(self, value: float, control: ControlState) -> int:
        """Return the driver value nearest to ``value``, on a step and in range."""
        low, high = self.bounds(control) or (control.minimum, control.maximum)
        wanted = min(max(Fraction(value) / self.scale, Fraction(low)), Fraction(high))
        return control.nearest(wanted)


@dataclass(frozen=True, slots=True)
class EntryRule:
    """One numeric W3C property behind an integer menu: ``W3C value = entry / divisor``.

    Attributes:
        positive: Entries that are not positive mean something else, for example "automatic".
        auto: Control that has to be 0 before this one has an effect.
    """

    name: str
    control: str
    divisor: int
    unit: str | None = None
    positive: bool = False
    auto: str | None = None

    @property
    def cid(self) -> int:
        return IDS[self.control]

    def entries(self, control: ControlState) -> dict[int, Fraction]:
        """Return index to W3C value, of the entries that are values."""
        if control.type != "intmenu" or not control.is_readable:
            return {}
        numbers = {index: int(entry) for index, entry in control.menu.items()}
        if self.positive:
            numbers = {index: number for index, number in numbers.items() if number > 0}
        # ISO 10 is the least that ever was: a smaller one tells of a driver without the factor.
        bare = self.positive and max(numbers.values(), default=0) < 10 * self.divisor
        divisor = 1 if bare else self.divisor
        return {index: Fraction(number, divisor) for index, number in numbers.items()}

    def capability(self, control: ControlState) -> MediaSettingsRange | None:
        entries = self.entries(control)
        values = sorted(set(entries.values()))
        if len(values) < 2 or not control.is_writable:
            return None
        steps = {high - low for low, high in pairwise(values)}
        default = entries.get(control.default)
        return MediaSettingsRange(
            min=_number(values[0]),
            max=_number(values[-1]),
            step=_number(steps.pop()) if len(steps) == 1 else None,
            default=None if default is None else _number(default),
        )

    def setting(self, control: ControlState) -> float | None:
        value = self.entries(control).get(control.value)
        return None if value is None else _number(value)

    def values(self, control: ControlState) -> list[float]:
        """Return all values that it can have."""
        return [_number(value) for value in sorted(set(self.entries(control).values()))]

    def to_driver(self, value: float, control: ControlState) -> int:
        """Return the index of the entry nearest to ``value``."""
        entries = self.entries(control)
        return min(entries, key=lambda index: abs(entries[index] - Fraction(value)))


@dataclass(frozen=True, slots=True)
class GainRule:
    """The ISO speed of a raw sensor, from its gain code."""

    timing: SensorTiming
    name: str = "iso"
    control: str = "analogue_gain"
    unit: str | None = "ISO"

    @property
    def cid(self) -> int:
        return IDS[self.control]

    def capability(self, control: ControlState) -> MediaSettingsRange | None:
        if not control.is_range or not control.is_writable:
            return None
        low, high = self._iso(control.minimum), self._iso(control.last)
        if low is None or high is None or low >= high:
            return None
        default = None if control.default is None else self._iso(control.default)
        return MediaSettingsRange(min=low, max=high, default=default)

    def setting(self, control: ControlState) -> float | None:
        if not control.is_range or not isinstance(control.value, int):
            return None
        return self._iso(min(max(control.value, control.minimum), control.last))

    def values(self, control: ControlState) -> list[float]:
        """Return all values that it can have."""
        if not control.is_range:
            return []
        codes = range(control.minimum, control.last + 1, control.step)
        return [value for code in codes if (value := self._iso(code)) is not None]

    def to_driver(self, value: float, control: ControlState) -> int:
        sensor, base = self.timing.sensor, self.timing.base_iso
        assert sensor is not None
        assert base is not None
        return control.nearest(sensor.code(max(value, 1e-9) / base))

    def _iso(self, code: int) -> float | None:
        sensor, base = self.timing.sensor, self.timing.base_iso
        gain = sensor.gain(code) if sensor is not None else None
        return None if gain is None or base is None else gain * base


NumberRule = RangeRule | EntryRule | GainRule


# ---- modes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Auto:
    """A control that switches between automatic and manual, and what its entries mean."""

    control: str
    manual: tuple[int, ...]  # the one to prefer comes first
    continuous: tuple[int, ...]

    @property
    def cid(self) -> int:
        return IDS[self.control]

    def groups(self, control: ControlState) -> dict[str, list[int]]:
        """Return the entries of each mode that this camera has."""
        both = {_MANUAL: self.manual, _CONTINUOUS: self.continuous}
        if control.type == "bool":  # whatever the control: true is automatic
            both = {_MANUAL: (0,), _CONTINUOUS: (1,)}
        elif control.type != "menu":
            both = {}
        found = {str(mode): [e for e in group if control.has(e)] for mode, group in both.items()}
        return {mode: group for mode, group in found.items() if group}


@dataclass(frozen=True, slots=True)
class ModeRule:
    """One W3C mode, and the controls through which a camera may have it.

    Attributes:
        autos: The first one that a camera has is used.
        fixed: Control of the value; alone, it makes the mode manual for ever.
        button: Starts one automatic run.
        status: Bit 0 tells that the run is not over.
        lock: Bit of 3A_LOCK that holds what was found; another way to have one run.
    """

    name: str
    autos: tuple[Auto, ...]
    fixed: str
    button: str | None
    status: str | None
    lock: int

    def auto(self, controls: Controls) -> tuple[Auto, ControlState] | None:
        """Return the control that switches, or ``None``: this camera has none."""
        for auto in self.autos:
            control = controls.get(auto.cid)
            if control is not None and control.is_readable and auto.groups(control):
                return auto, control
        return None

    def pressed(self, controls: Controls) -> ControlState | None:
        """Return the button, or ``None``: this camera has none."""
        control = controls.get(IDS[self.button]) if self.button else None
        return control if control is not None and control.is_writable else None

    def locks(self, controls: Controls) -> bool:
        """Whether 3A_LOCK can hold this one."""
        control = controls.get(LOCK)
        return control is not None and control.is_writable and bool(control.maximum & self.lock)

    def capability(self, controls: Controls) -> list[str] | None:
        modes: set[str] = set()
        found = self.auto(controls)
        if found is not None and not found[1].is_writable:
            modes = {self._switched(*found)} - {""}
        elif found is not None:
            modes = set(found[0].groups(found[1]))
        elif self._is_fixed(controls):
            modes = {_MANUAL}
        if self.pressed(controls) or (_CONTINUOUS in modes and self.locks(controls)):
            modes.add(_SINGLE_SHOT)
        return [str(mode) for mode in MeteringMode if mode in modes] or None

    def setting(self, controls: Controls) -> str | None:
        able = self.capability(controls) or []
        found = self.auto(controls)
        mode = self._switched(*found) if found is not None else str(_MANUAL)
        if self._is_running(controls) or (mode == _CONTINUOUS and self._is_locked(controls)):
            mode = str(_SINGLE_SHOT)
        if found is None and mode not in able and able:
            mode = able[0]
        return mode if mode in able else None

    def _switched(self, auto: Auto, control: ControlState) -> str:
        groups = auto.groups(control).items()
        return next((mode for mode, group in groups if control.value in group), "")

    def _is_fixed(self, controls: Controls) -> bool:
        control = controls.get(IDS[self.fixed])
        return (
            control is not None
            and not any(auto.cid in controls for auto in self.autos)
            and control.is_range
            and control.is_writable
            and "inactive" not in control.flags
        )

    def _is_running(self, controls: Controls) -> bool:
        control = controls.get(IDS[self.status]) if self.status else None
        return control is not None and isinstance(control.value, int) and bool(control.value & 1)

    def _is_locked(self, controls: Controls) -> bool:
        control = controls.get(LOCK)
        return (
            self.locks(controls) and control is not None and bool((control.value or 0) & self.lock)
        )
