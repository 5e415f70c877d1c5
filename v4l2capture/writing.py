# SPDX-License-Identifier: MIT
"""Carry a write plan out, and put back what it has changed."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .cids import NAMES
from .controlset import ControlSet
from .controlstate import ControlState
from .errors import ClosedError, ControlError, DeviceError, DeviceGoneError
from .guard import undisturbed
from .writeplan import Step, Wait, Write, WritePlan, undo_plan

__all__ = ["carry_out", "put_back", "restore"]

_log = logging.getLogger(__name__)

# Between two looks at a control that is expected to change.
_POLL = 0.02


def carry_out(controls: ControlSet, plan: WritePlan, required: Collection[str]) -> dict[int, Any]:
    """Write a plan, and put everything back where it fails.

    What nobody requires may fail: the rest is written all the same, and the log tells.

    Args:
        required: W3C names that must not fail.

    Returns:
        Id to what each control that was written read right afterwards.

    Raises:
        ControlError: One that is required failed; the old values are back.
        DeviceGoneError: The camera was unplugged.
    """
    failed: set[str] = set()
    read: dict[int, Any] = {}
    begun: set[int] = set()
    try:
        for step in plan.steps:
            begun.update(write.cid for write in step.writes)
            read |= _carry_out_step(controls, step, required, failed)
    except DeviceGoneError:
        raise
    except BaseException:
        put_back(controls, plan, begun)
        raise
    return read


def _carry_out_step(
    controls: ControlSet, step: Step, required: Collection[str], failed: set[str]
) -> dict[int, Any]:
    # What a mode rules is not written where that mode could not be had.
    writes = [write for write in step.writes if write.member not in failed]
    read: dict[int, Any] = {}
    while writes:
        try:
            read = controls.write(writes)
            if step.verify:
                _verify(controls, writes, read)
            break
        except ControlError as error:
            culprit = _culprit(writes, error)
            if culprit.member in required:
                raise
            failed.add(culprit.member)
            _log.warning("%s is not as wanted: %s", culprit.member, error)
            writes = [write for write in writes if write.member not in failed]
    if step.wait is not None and writes:
        _wait(controls, step.wait)
    return read


def _verify(controls: ControlSet, writes: Sequence[Write], read: Mapping[int, Any]) -> None:
    """Complain about a control that did not follow: what it rules would not either."""
    for write in writes:
        if read.get(write.cid) not in (None, write.value):
            raise controls.ignored(write.cid, write.value, read[write.cid])


def _culprit(writes: Sequence[Write], error: ControlError) -> Write:
    """Return the write that an error is about."""
    return next((write for write in writes if NAMES[write.cid] == error.control), writes[0])


def _wait(controls: ControlSet, wait: Wait) -> None:
    end = time.monotonic() + wait.seconds
    while (left := end - time.monotonic()) > 0:
        if wait.cid is not None and not _is_busy(controls.value(wait.cid), wait):
            return
        time.sleep(min(left, _POLL if wait.cid is not None else left))


def _is_busy(value: Any, wait: Wait) -> bool:
    return isinstance(value, int) and bool(value & wait.busy)


def put_back(controls: ControlSet, plan: WritePlan, begun: Collection[int]) -> None:
    """Write the old values of the controls that a plan has begun with; as far as possible."""
    with undisturbed():
        for write in plan.restore:
            if write.cid in begun:
                _put_back(controls, write)


def _put_back(controls: ControlSet, write: Write) -> None:
    try:
        controls.write((write,))
    except ControlError as error:
        if controls.value(write.cid) != write.value:
            _log.warning("the old value is not back: %s", error)
    except (DeviceError, ClosedError) as error:
        _log.warning("the old value is not back: %s", error)


def restore(controls: ControlSet, before: Mapping[int, ControlState]) -> None:
    """Put controls back that have other values now; as far as possible.

    Their ranges may be others, too: catch up before.
    """
    plan = undo_plan(before, controls.states_of(before.keys()))
    put_back(controls, plan, {write.cid for write in plan.restore})
