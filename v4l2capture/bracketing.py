# SPDX-License-Identifier: MIT
"""One value after another, for photos that differ in nothing else; the old one at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .applying import apply_constraints
from .dictionaries import MediaTrackConstraints
from .guard import undisturbed
from .mapping import NEEDS

if TYPE_CHECKING:
    from .camerastate import CameraState
    from .source import Source

__all__ = ["BRACKETS", "bracketed"]

BRACKETS = ("exposureCompensation", "exposureTime", "focusDistance", "iso", "colorTemperature")


@contextmanager
def bracketed(source: Source, state: CameraState, name: str) -> Iterator[Callable[[float], None]]:
    """Yield a function that sets the property to a value, and put the old value back at the end.

    The function raises :class:`OverconstrainedError` where the camera does not take a value.
    """
    names = {name, NEEDS.get(name, name)}
    before = source.states(names)

    def vary(value: float) -> None:
        if value is None:
            raise TypeError(f"{name} takes a number, not None")
        state.catch_up()  # what a sensor can depends on the size of the picture
        wanted = MediaTrackConstraints.of({name: {"exact": value}})
        apply_constraints(source, state, wanted, None, ())
        source.settled = False  # what is automatic finds other values now

    try:
        yield vary
    finally:
        source.settled = False
        with undisturbed():
            state.catch_up()
            source.restore(before)
