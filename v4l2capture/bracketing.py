# SPDX-License-Identifier: MIT
"""One value after another, for photos that differ in nothing else; the old one at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .applying import apply_constraints
from .dictionaries import MediaTrackConstraints
from .guard import undisturbed
from .mapping import NEEDS
from .writing import restore

if TYPE_CHECKING:
    from .camerastate import CameraState
    from .source import Source

__all__ = ["BRACKETS", "bracket_values", "bracketed"]

BRACKETS = ("exposureCompensation", "exposureTime", "focusDistance", "iso", "colorTemperature")


def bracket_values(name: str, given: Any) -> list[float]:
    """Return the values of a bracket.

    Raises:
        TypeError: They are no numbers.
        ValueError: There are none.
    """
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise TypeError(f"{name}={given!r}: give a list of numbers")
    values = list(given)
    if not values:
        raise ValueError(f"{name}=[]: give at least one value")
    for value in values:
        if value is None:
            raise TypeError(f"{name} takes numbers, not None")
        MediaTrackConstraints.of({name: {"exact": value}})
    return values


@contextmanager
def bracketed(source: Source, state: CameraState, name: str) -> Iterator[Callable[[float], None]]:
    """Yield a function that sets the property to a value, and put the old value back at the end.

    The function raises :class:`OverconstrainedError` where the camera does not take a value.
    """
    names = {name, NEEDS.get(name, name)}
    before = source.controls.states(names)

    def vary(value: float) -> None:
        state.catch_up()  # what a sensor can depends on the size of the picture
        wanted = MediaTrackConstraints.of({name: {"exact": value}})
        apply_constraints(source, state, wanted, None, ())
        source.controls.settled = False  # what is automatic finds other values now

    try:
        yield vary
    finally:
        source.controls.settled = False
        with undisturbed():
            state.catch_up()
            restore(source.controls, before)
