# SPDX-License-Identifier: MIT
"""Make a camera fit constraints: choose, change the mode, write, look, and go back if it fails.

Source: W3C Media Capture and Streams, "ApplyConstraints".
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .camerastate import CameraState
from .cids import NAMES
from .constraints import fitness_distance, satisfies, select_settings
from .controlstate import ControlState
from .dictionaries import (
    MediaTrackConstraints,
    MediaTrackConstraintSet,
    MeteringMode,
)
from .domain import Wanted, parsed
from .errors import ControlError, DeviceGoneError, OverconstrainedError
from .implied import with_modes
from .mapping import MODES, NEEDS, control_ids, rules
from .nativemode import NativeMode, best_mode, mode_of
from .rules import RangeRule
from .source import Source
from .videomode import CROP_AND_SCALE, Size
from .writeplan import Write, WritePlan, write_plan
from .writing import carry_out, put_back, restore

if TYPE_CHECKING:
    from .pixfmt import Format

__all__ = ["Applied", "apply_constraints", "check_required", "required_names"]

_SIZES = frozenset(("width", "height", "aspectRatio", "frameRate", "resizeMode"))

# How long a zoom, a turn or a lens may take until it is where it was sent to.
_ARRIVES = 2.0
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of it.

    Attributes:
        size: Of pictures that are not as the camera makes them; else ``None``.
        held: What was chosen for the constraints, without what runs only once.
    """

    size: Size | None
    held: Mapping[str, Any]


def apply_constraints(
    source: Source,
    state: CameraState,
    wanted: MediaTrackConstraints,
    size: Size | None,
    others: Sequence[MediaTrackConstraints],
    sizes: Sequence[Size] = (),
) -> Applied:
    """Make the settings fit what is wanted, or change nothing.

    Args:
        size: Of the pictures until now, as in :class:`Applied`.
        others: What other users of the camera want; what they require stays true.
        sizes: Of the pictures of others, which can stay so if nobody is worse off for it.

    Raises:
        OverconstrainedError: Something required is impossible, or was not done.
    """
    return _Attempt(source, state, wanted, size, others, sizes).run()


class _Attempt:
    """One attempt to apply constraints."""

    def __init__(
        self,
        source: Source,
        state: CameraState,
        wanted: MediaTrackConstraints,
        size: Size | None,
        others: Sequence[MediaTrackConstraints],
        sizes: Sequence[Size],
    ) -> None:
        self.source = source
        self.state = state
        self.wanted = wanted
        self.whole = wanted  # with the modes that are not said
        self.size = size
        self.others = others
        self.sizes = [replace(each, resize=CROP_AND_SCALE) for each in sizes]
        self.modes: Sequence[NativeMode] = ()
        self.names = {name for each in self._sets() for name in each} - {"advanced"}
        if "aspectRatio" in self.names:
            self.names |= {"width", "height"}
        self.required = required_names(wanted)
        self.able: dict[str, Any] = {}

    def _sets(self) -> list[MediaTrackConstraintSet]:
        return [self.whole, *(self.whole.advanced or ())]

    def run(self) -> Applied:
        names = self.names
        states = self.source.controls.states(names)
        self.able = self.state.capabilities(states, names).to_dict()
        now = self.state.settings(states, self.size, names).to_dict()
        self.whole = with_modes(self.wanted, self.able, now)
        self.others = [with_modes(other, self.able, now) for other in self.others]
        names |= {name for each in self._sets() for name in each} - {"advanced"}
        sized = not names.isdisjoint(_SIZES)
        self.modes = self.state.modes if sized else []
        chosen = self._choose(now)
        chosen |= self._on_entries(chosen, states)
        controls = {n: chosen[n] for n in names if n in chosen and control_ids((n,))}
        points = "pointsOfInterest"
        if points in controls and not self._wants(points, chosen):  # written anew, a region shrinks
            del controls[points]
        plan = self._plan(states, controls, now)
        old = self.source.format if sized else None
        streamed = self.source.stream is not None
        sensor = self.source.controls.sensor_states() if old is not None else {}
        try:
            if old is not None:
                self._take_size(chosen, mode_of(old))
            self._write(states, plan)
        except BaseException:
            if old is not None:
                with self.source.going_back(mode_of(old), streamed):
                    self._go_back(old, streamed, sensor)
            raise
        for name in MODES.keys() & controls.keys():
            self.state.ran(name, controls[name])
        once = MeteringMode.SINGLE_SHOT
        return Applied(self.size, {n: v for n, v in controls.items() if v != once})

    def _go_back(self, old: Format, streamed: bool, sensor: Mapping[int, ControlState]) -> None:
        if self.source.format == old and (self.source.stream is not None) == streamed:
            return
        self.source.set_mode(mode_of(old), False)
        self.state.catch_up()
        restore(self.source.controls, sensor)
        if streamed:
            self.source.start()

    def _choose(self, now: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings to have; of equals those with which others keep their pictures."""
        chosen = self._select(now, self.modes)
        if not (self.modes and self.sizes):
            return chosen
        kept = [mode for mode in self.modes if all(map(mode.serves, self.sizes))]
        if not kept:
            return chosen
        try:
            same = self._select(now, kept)
        except OverconstrainedError:
            return chosen
        if self._cost(same) > self._cost(chosen):
            return chosen
        self.modes = kept
        return same

    def _select(self, now: Mapping[str, Any], modes: Sequence[NativeMode]) -> dict[str, Any]:
        plain = [mode.to_dict() for mode in modes]
        try:
            return select_settings(self.able, now, self.whole, modes=plain, others=self.others)
        except OverconstrainedError as error:
            needing = [name for name in self.required if NEEDS.get(name) == error.constraint]
            if error.constraint in self.required or not needing:
                raise
            raise OverconstrainedError(needing[0], f"{needing[0]} cannot be set: {error}") from None

    def _met(self, chosen: Mapping[str, Any]) -> list[dict[str, Wanted]]:
        """Return what is wanted, without the advanced sets that could not be met."""
        sets = [each for each in self.whole.advanced or () if satisfies(self.able, chosen, each)]
        return [parsed(self.whole, False), *(parsed(each, True) for each in sets)]

    def _wants(self, name: str, chosen: Mapping[str, Any]) -> bool:
        """Whether anything is wanted of a property that has no bounds."""
        wanted = [each[name] for each in self._met(chosen) if name in each]
        return any(each.among is not None or each.ideal is not None for each in wanted)

    def _on_entries(
        self, chosen: Mapping[str, Any], states: Mapping[int, ControlState]
    ) -> dict[str, float]:
        """Return numbers for which a camera has only some values, not evenly apart.

        Each becomes the nearest of those that are still allowed; where none is, of all.
        """
        found = {}
        for name, rule in rules(states, self.source.timing(states)).items():
            if name not in self.names or name not in chosen or isinstance(rule, RangeRule):
                continue
            control = states.get(rule.cid)
            values = [] if control is None else rule.values(control)
            wanted = [parsed(each, False) for each in self.others] + self._met(chosen)
            for each in (one[name] for one in wanted if name in one):
                values = [v for v in values if each.low <= v <= each.high] or values
            if values:
                found[name] = min(values, key=lambda value: abs(value - chosen[name]))
        return found

    def _cost(self, chosen: Mapping[str, Any]) -> tuple[list[bool], float]:
        missed = [not satisfies(self.able, chosen, each) for each in self.whole.advanced or ()]
        distance = fitness_distance(self.able, chosen, self.whole)
        return missed, round(distance, 9)

    # ---- size and rate ----

    def _take_size(self, chosen: Mapping[str, Any], now: NativeMode) -> None:
        wanted = Size(
            chosen["width"],
            chosen["height"],
            float(chosen.get("frameRate") or 0),
            chosen.get("resizeMode") or "none",
        )
        modes = [now, *self.modes]
        suiting = [mode for mode in modes if self._suits_others(mode)]
        mode = best_mode(suiting, wanted, now) or best_mode(modes, wanted, now)
        self.size = wanted if wanted.resize == CROP_AND_SCALE else None
        if mode is None or mode == now:
            return
        self.source.set_mode(mode)
        taken = self.state.settings({}, self.size, _SIZES).to_dict()
        for name in self.required:
            if name in _SIZES and not self._is_met(name, taken):
                raise OverconstrainedError(name, f"asked for {mode}, the driver took {taken}")

    def _suits_others(self, mode: NativeMode) -> bool:
        """Whether what others require of size and rate can be made of a mode."""
        now = mode.to_dict()
        for other in self.others:
            sizes = {name: other[name] for name in other if name in _SIZES}
            try:
                if sizes:
                    select_settings(self.able, now, sizes, modes=[now])
            except OverconstrainedError:
                return False
        return True

    # ---- controls ----

    def _plan(
        self,
        states: Mapping[int, ControlState],
        controls: Mapping[str, Any],
        now: Mapping[str, Any],
    ) -> WritePlan:
        plan = write_plan(
            states,
            controls,
            timing=self.source.timing(states),
            frame=self.state.frame_size(states),
        )
        for name, reason in (plan.skipped or {}).items():
            if name in self.required and not self._is_met(name, now):
                raise OverconstrainedError(name, f"{name} cannot be set: {reason}")
        return plan

    def _is_met(self, name: str, now: Mapping[str, Any]) -> bool:
        return fitness_distance(self.able, now, {name: self.wanted[name]}) < math.inf

    def _write(self, states: Mapping[int, ControlState], plan: WritePlan) -> None:
        try:
            read = carry_out(self.source.controls, plan, self.required)
        except ControlError as error:
            member = self._member(plan, error)
            raise OverconstrainedError(member, f"{member} cannot be set: {error}") from error
        if not self.required:
            return
        try:
            self._arrive(states, plan, read)
        except DeviceGoneError:
            raise
        except BaseException:
            begun = {write.cid for step in plan.steps for write in step.writes}
            put_back(self.source.controls, plan, begun)
            raise

    def _arrive(
        self, states: Mapping[int, ControlState], plan: WritePlan, read: Mapping[int, Any]
    ) -> None:
        """Wait until what is required is there.

        Args:
            states: As they were before.
            read: What was read right after the writes.
        """
        if len(plan.steps) > 1 or any(step.wait for step in plan.steps):
            states = self.source.controls.states(self.names)  # one control may have changed another
        else:
            states = {
                cid: replace(one, value=read.get(cid, one.value)) for cid, one in states.items()
            }
        end = time.monotonic() + _ARRIVES
        while (missed := self._missed(plan, states)) and time.monotonic() < end:
            time.sleep(_POLL)
            states = self.source.controls.states(self.names)
        if missed:
            cause = self.source.controls.ignored(missed.cid, missed.value, states[missed.cid].value)
            raise OverconstrainedError(
                missed.member, f"{missed.member} is not what it was set to: {cause}"
            ) from cause

    def _missed(self, plan: WritePlan, states: Mapping[int, ControlState]) -> Write | None:
        """Return a write that did not bring about what is required."""
        now: dict[str, Any] = {}
        for write in (write for step in plan.steps for write in step.writes):
            name, state = write.member, states.get(write.cid)
            if name not in self.required or state is None or not state.is_readable:
                continue
            if state.value in (write.value, None):
                continue
            now = now or self.state.settings(states, self.size, self.names).to_dict()
            if not self._is_met(name, now):
                return write
        return None

    def _member(self, plan: WritePlan, error: ControlError) -> str:
        for step in plan.steps:
            for write in step.writes:
                if NAMES[write.cid] == error.control:
                    return write.member
        return ""


def check_required(
    source: Source, state: CameraState, wanted: MediaTrackConstraints, size: Size | None
) -> None:
    """Complain about a size or rate that is not as required, and about what cannot be any more.

    Raises:
        OverconstrainedError: There is one.
    """
    required = required_names(wanted)
    if not required:
        return
    names = _SIZES.union(required)
    states = source.controls.states(required)
    able = state.capabilities(states, names).to_dict()
    now = state.settings(states, size, names).to_dict()
    select_settings(able, now, {name: wanted[name] for name in required if name not in _SIZES})
    for name in required:
        if name in _SIZES and fitness_distance(able, now, {name: wanted[name]}) == math.inf:
            raise OverconstrainedError(name, f"{name} is not as required: it is {now.get(name)}")


def required_names(constraints: MediaTrackConstraints) -> list[str]:
    """Return what is required, in the order in which a failure is looked for."""
    return [name for name, wanted in parsed(constraints, False).items() if wanted.is_required]
