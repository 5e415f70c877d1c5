# SPDX-License-Identifier: MIT
"""What constraints want without saying it: the manual modes in which values have an effect.

Whoever requires an exposure time requires that exposure is manual, and is not to fail, or to
lose the time, because a wish or a later advanced set would rather have it automatic.

Source: W3C MediaStream Image Capture, "Constrainable properties": what is significant when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from .dictionaries import (
    Constrain,
    MediaTrackConstraints,
    MediaTrackConstraintSet,
    MeteringMode,
    snake,
)
from .domain import Wanted, parsed
from .mapping import NEEDS

__all__ = ["with_modes"]

_Set = TypeVar("_Set", bound=MediaTrackConstraintSet)

_MANUAL = str(MeteringMode.MANUAL)


def with_modes(
    constraints: MediaTrackConstraints, able: Mapping[str, Any], now: Mapping[str, Any]
) -> MediaTrackConstraints:
    """Return constraints together with the modes that they need.

    A value that is required, or wanted by an advanced set, makes its mode as important; one
    that is ideal makes it ideal, behind a mode that is. A range that holds already needs none.

    Args:
        able: What the camera can, as ``MediaTrackCapabilities.to_dict()`` gives it.
        now: What is set.
    """
    sets: list[MediaTrackConstraintSet] = [constraints, *(constraints.advanced or ())]
    needs = {
        name: mode
        for name, mode in NEEDS.items()
        if name in able and _MANUAL in able.get(mode, ()) and any(name in each for each in sets)
    }
    if not needs:
        return constraints
    basic = _with_required(constraints, False, needs, now)
    basic = replace(basic, **_ideal_modes(basic, needs))
    advanced = [_with_required(each, True, needs, now) for each in constraints.advanced or ()]
    return replace(basic, advanced=advanced or None)


def _with_required(
    given: _Set, advanced: bool, needs: Mapping[str, str], now: Mapping[str, Any]
) -> _Set:
    wanted = parsed(given, advanced)
    modes = {}
    for name, mode in needs.items():
        alternatives = wanted[mode].among if mode in wanted else None
        free = alternatives is None or _MANUAL in alternatives
        if name in wanted and free and _is_new(wanted[name], now.get(name)):
            modes[snake(mode)] = Constrain(exact=_MANUAL)
    return replace(given, **modes) if modes else given


def _is_new(wanted: Wanted, now: float | None) -> bool:
    """Whether one value is required, or a range in which the present one does not lie."""
    if not wanted.is_required:
        return False
    return wanted.low == wanted.high or now is None or not wanted.low <= now <= wanted.high


def _ideal_modes(given: MediaTrackConstraintSet, needs: Mapping[str, str]) -> dict[str, Any]:
    wanted = parsed(given, False)
    modes = {}
    for name, mode in needs.items():
        if name in wanted and wanted[name].ideal is not None:
            other = wanted.get(mode, Wanted())
            ideal = [*(other.ideal or ()), _MANUAL]
            modes[snake(mode)] = Constrain(exact=other.among, ideal=ideal)
    return modes
