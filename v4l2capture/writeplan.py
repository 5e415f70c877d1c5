# SPDX-License-Identifier: MIT
"""What to write, in which order, for wanted settings; and how to undo it.

A plan is data. Automatic modes come first, each alone and read back, because a value that
they rule is refused, or ignored by slow firmware, until they have let go of it. Then those
values, then everything else in one call, then regions, then what runs once.

Source: Documentation/userspace-api/media/v4l/vidioc-g-ext-ctrls.rst;
drivers/media/usb/uvc/uvc_ctrl.c for masters and slaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .cids import IDS, MASTERS
from .controlstate import Controls, ControlState, by_id
from .dictionaries import MediaTrackSettings, MeteringMode, Point2D
from .mapping import (
    LED_MODE,
    LED_NONE,
    LED_TORCH,
    MODES,
    NEEDS,
    ROI_AUTO,
    ROI_RECT,
    region_of_interest,
    rules,
)
from .rules import LOCK, Auto, EntryRule, ModeRule
from .sensor import SensorTiming

__all__ = ["Step", "Wait", "Write", "WritePlan", "undo_plan", "write_plan"]

_MANUAL, _SINGLE_SHOT, _CONTINUOUS = (
    str(MeteringMode.MANUAL),
    str(MeteringMode.SINGLE_SHOT),
    str(MeteringMode.CONTINUOUS),
)

_MASTERS = frozenset(master for masters in MASTERS.values() for master in masters)

_SETTLES = 1.0  # seconds in which automatic exposure finds its value
_FOCUSES = 5.0  # seconds in which a lens has been everywhere


@dataclass(frozen=True, slots=True)
class Write:
    """One control, and what it gets.

    Attributes:
        value: A driver value; a tuple for a rectangle.
        member: The W3C name that it serves.
    """

    cid: int
    value: int | tuple[int, ...]
    member: str


@dataclass(frozen=True, slots=True)
class Wait:
    """What to wait for.

    Attributes:
        seconds: No longer than this.
        cid: Control to look at; ``None``: just let the time pass.
        busy: Wait while it has one of these bits.
    """

    seconds: float
    cid: int | None = None
    busy: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What to write in one ioctl.

    Attributes:
        verify: Read back and compare before the next step.
        wait: What to wait for afterwards.
    """

    writes: tuple[Write, ...]
    verify: bool = False
    wait: Wait | None = None


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What to write.

    Attributes:
        steps: In this order.
        restore: What brings everything back that a step has changed, in this order, each alone.
        skipped: W3C name to the reason why nothing is written for it.
    """

    steps: tuple[Step, ...] = ()
    restore: tuple[Write, ...] = ()
    skipped: Mapping[str, str] | None = None


class _Planner:
    """The plan as it grows."""

    def __init__(self, controls: Controls, *, again: bool = False) -> None:
        self.controls = controls
        self.again = again
        self.masters: list[Step] = []
        self.slaves: list[Write] = []
        self.others: list[Write] = []
        self.last: list[Step] = []
        self.switched: set[str] = set()  # modes whose master gets another value
        self.skipped: dict[str, str] = {}
        lock = controls.get(LOCK)
        self.lock = int(lock.value or 0) if lock is not None else 0
        self.locked = self.lock
        self.lock_member = ""
        self.settle: Wait | None = None

    def master(self, control: ControlState, value: int, member: str) -> None:
        """Write a control that rules others, unless it has this value already."""
        if self._differs(control, value):
            self.masters.append(Step((Write(control.id, value, member),), verify=True))
            self.switched.add(member)

    def _differs(self, control: ControlState, value: int) -> bool:
        return self.again or control.value != value or "execute-on-write" in control.flags

    # ---- modes ----

    def mode(self, rule: ModeRule, mode: str) -> None:
        """Plan one W3C mode."""
        able = rule.capability(self.controls) or []
        if mode not in able:
            self.skipped[rule.name] = f"this camera has no {mode}"
            return
        found = rule.auto(self.controls)
        button = rule.pressed(self.controls) if mode == _SINGLE_SHOT else None
        switch = mode
        if mode == _SINGLE_SHOT:
            switch = _MANUAL if button is not None else _CONTINUOUS
        if found is not None and found[1].is_writable:
            entry = self._entry(rule, switch, *found)
            if entry is not None:
                self.master(found[1], entry, rule.name)
        if rule.locks(self.controls):
            held = mode == _SINGLE_SHOT and button is None
            lock = self.lock | rule.lock if held else self.lock & ~rule.lock
            if lock != self.lock:
                self.lock, self.lock_member = lock, rule.name
            if held:
                self.settle = Wait(_SETTLES)
        if button is not None:
            self.last.append(Step((Write(button.id, 1, rule.name),), wait=self._end_of(rule)))

    def _entry(self, rule: ModeRule, mode: str, auto: Auto, control: ControlState) -> int | None:
        """Return which of several entries to take: the present one, the default, the first."""
        group = auto.groups(control).get(mode, [])
        if not group:
            return None
        if control.value in group:
            slave = self.controls.get(IDS[rule.fixed])
            # Under shutter priority uvcvideo refuses the exposure time that manual mode is for.
            refused = mode == _MANUAL and slave is not None and "inactive" in slave.flags
            return group[0] if refused else int(control.value)
        if mode == _CONTINUOUS and control.default in group:
            return int(control.default)
        return group[0]

    def _end_of(self, rule: ModeRule) -> Wait | None:
        status = IDS[rule.status] if rule.status else None
        return Wait(_FOCUSES, status, 1) if status in self.controls else None

    # ---- values ----

    def number(self, name: str, value: float, timing: SensorTiming | None) -> None:
        """Plan one number."""
        rule = rules(self.controls, timing)[name]
        control = self.controls.get(rule.cid)
        if control is None or rule.capability(control) is None:
            self.skipped[name] = f"this camera has no {name}"
            return
        raw = rule.to_driver(value, control)
        if isinstance(rule, EntryRule) and rule.auto:
            auto = self.controls.get(IDS[rule.auto])
            if auto is not None and auto.is_writable and auto.has(0):
                self.master(auto, 0, name)
        mode = NEEDS.get(name, "")
        if "inactive" in control.flags and not mode and not self.switched:
            self.skipped[name] = "it has no effect in the present mode"
            return
        if self._differs(control, raw) or {name, mode} & self.switched:
            slaves = mode or (isinstance(rule, EntryRule) and rule.auto)
            (self.slaves if slaves else self.others).append(Write(rule.cid, raw, name))

    def torch(self, value: bool) -> None:
        control = self.controls.get(LED_MODE)
        entry = LED_TORCH if value else LED_NONE
        if control is None or not control.is_writable or not control.has(entry):
            self.skipped["torch"] = "this camera has no lamp that does this"
        elif self._differs(control, entry):
            self.others.append(Write(LED_MODE, entry, "torch"))

    def points(self, points: list[Point2D], frame: tuple[int, int] | None) -> None:
        region = region_of_interest(self.controls, points, frame)
        name = "pointsOfInterest"
        if region is None:
            self.skipped[name] = "this camera has no regions of interest"
            return
        rect, bits = region
        if points:
            self.last.append(Step((Write(ROI_RECT, rect, name),)))
        if points or self._differs(self.controls[ROI_AUTO], bits):
            self.last.append(Step((Write(ROI_AUTO, bits, name),)))

    # ---- the whole ----

    def plan(self) -> WritePlan:
        steps = list(self.masters)
        for writes in (self.slaves, self.others):
            if writes:
                steps.append(Step(tuple(writes)))
        if self.lock != self.locked:
            write = Step((Write(LOCK, self.lock, self.lock_member),))
            if self.lock & ~self.locked:
                if steps and self.settle is not None:
                    steps[-1] = Step(steps[-1].writes, steps[-1].verify, self.settle)
                steps.append(write)
            else:  # nothing moves while it is held
                steps.insert(0, write)
        steps.extend(self.last)
        return WritePlan(tuple(steps), self._restore(steps), self.skipped)

    def _restore(self, steps: Iterable[Step]) -> tuple[Write, ...]:
        """Return the old values: of masters that were manual first, of the others last."""
        first, middle, last = [], [], []
        seen: set[int] = set()
        for step in steps:
            for write in step.writes:
                control = self.controls[write.cid]
                if write.cid in seen or control.value is None or not control.is_readable:
                    continue
                seen.add(write.cid)
                old = Write(write.cid, control.value, write.member)
                if not step.verify:
                    middle.append(old)
                elif self._was_manual(control):
                    first.append(old)
                else:
                    last.append(old)
        return (*first, *middle, *last)

    def _was_manual(self, control: ControlState) -> bool:
        for rule in MODES.values():
            found = rule.auto(self.controls)
            if found is not None and found[1].id == control.id:
                return control.value in found[0].groups(control).get(_MANUAL, [])
        return bool(control.value == 0)


def undo_plan(
    before: Iterable[ControlState] | Controls, now: Iterable[ControlState] | Controls
) -> WritePlan:
    """Return what brings controls back to what they were, as ``restore``, and no steps.

    Values come before the automatic modes that rule them, which would refuse them.
    """
    planner = _Planner(by_id(before))
    steps = [
        Step((Write(cid, state.value, ""),), verify=cid in _MASTERS)
        for cid, state in by_id(now).items()
        if state.is_writable and cid in planner.controls
        if state.value != planner.controls[cid].value
    ]
    return WritePlan(restore=planner._restore(steps))


def write_plan(
    controls: Iterable[ControlState] | Controls,
    wanted: Mapping[str, Any] | MediaTrackSettings,
    *,
    timing: SensorTiming | None = None,
    frame: tuple[int, int] | None = None,
    again: bool = False,
) -> WritePlan:
    """Return what has to be written so that the settings become ``wanted``.

    Whoever wants another exposure time, colour temperature or focus distance wants the manual
    mode in which it has an effect, too, and gets it, unless ``wanted`` says otherwise. What a
    control has already is not written again. Members that are no controls, for example
    ``width``, are left to the caller.

    Args:
        controls: As they are now.
        wanted: New settings; only those that have to change, or all.
        timing: Of a raw sensor, as for :func:`v4l2capture.mapping.settings`.
        frame: Size of the whole picture of the sensor, for points of interest.
        again: Write also what a control has already, for firmware that forgets what the
            driver believes that it knows.
    """
    have = by_id(controls)
    new = MediaTrackSettings.of(wanted)
    table = rules(have, timing)
    planner = _Planner(have, again=again)
    modes = {name: str(new[name]) for name in MODES if name in new}
    numbers = {name: new[name] for name in table if name in new}
    for name, mode in NEEDS.items():
        if name not in numbers:
            continue
        target = modes.get(mode)
        has = MODES[mode].setting(have)
        able = MODES[mode].capability(have) or []
        is_other = target is None and has not in (None, _MANUAL)
        if is_other and _MANUAL in able and _changes(have, table[name], new[name]):
            modes[mode] = target = _MANUAL
        if (target or has) not in (None, _MANUAL):
            del numbers[name]
            planner.skipped[name] = f"{mode} is {target or has}"
    for name, mode in modes.items():
        planner.mode(MODES[name], mode)
    for name, value in numbers.items():
        planner.number(name, value, timing)
    if new.torch is not None:
        planner.torch(new.torch)
    if new.points_of_interest is not None:
        planner.points(new.points_of_interest, frame)
    return planner.plan()


def _changes(controls: Controls, rule: Any, value: float) -> bool:
    """Whether a value is another one than the control has."""
    control = controls.get(rule.cid)
    if control is None or rule.capability(control) is None:
        return False
    return bool(control.value is None or rule.to_driver(value, control) != control.value)
