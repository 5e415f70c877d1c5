# SPDX-License-Identifier: MIT
"""The lamp of a camera: lit for a photo, and as it was before on every way out.

A strobe ends by the lamp's own timer, whatever becomes of this program; a torch does not.
So everything that can be done by strobes is. A lamp that only shines is put out by this
program alone: after SIGKILL it shines until somebody else puts it out.

Sources: Documentation/userspace-api/media/v4l/ext-ctrls-flash.rst;
drivers/media/v4l2-core/v4l2-flash-led-class.c for microseconds.
"""

from __future__ import annotations

import atexit
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from numbers import Real
from typing import Any, TypeAlias

from .cids import IDS
from .controls import Control
from .errors import ClosedError, DeviceError, DeviceGoneError
from .guard import undisturbed
from .mapping import LED_FLASH, LED_MODE, LED_NONE, LED_TORCH
from .parts import Parts

__all__ = ["LONGEST", "PRE_LIGHT", "Lamp", "check_pre_light"]

_log = logging.getLogger(__name__)

_STROBE, _STOP = IDS["strobe"], IDS["stop_strobe"]
_SOURCE, _TIMEOUT, _FAULTS = IDS["strobe_source"], IDS["strobe_timeout"], IDS["faults"]
_SOFTWARE, _EXTERNAL = range(2)

_MICROSECOND = 1000
_UNKNOWN_TIMEOUT = 200_000_000  # nanoseconds; of a lamp that does not say

# Seconds from the first light in an eye to the photo. A pupil needs light for 70 ms to notice,
# and half a second more to close; nobody stands still for long.
PRE_LIGHT = 0.75
_PRE_LIGHTS = (0.6, 3.0)
_PULSES = 3
_PULSE = 0.08

# Seconds that a torch shines for one photo, in all: nobody waits in it for a camera that hangs.
LONGEST = 10.0

_FAULT_WORDS = (
    *("over-voltage", "timeout", "over-temperature", "short circuit", "over-current"),
    *("indicator", "under-voltage", "input voltage", "LED over-temperature"),
)


def check_pre_light(seconds: float) -> float:
    """Return seconds of light before a photo.

    Raises:
        ValueError: Too few or too many.
    """
    low, high = _PRE_LIGHTS
    if isinstance(seconds, bool) or not isinstance(seconds, Real) or not low <= seconds <= high:
        raise ValueError(f"pre_light={seconds!r}: give seconds, {low} to {high}")
    return float(seconds)


# Controls of a lamp, and the values that they had.
_Old: TypeAlias = list[tuple[Control, Any]]


class Lamp:
    """The lamp of one camera.

    Args:
        parts: The nodes of the camera, one of which has a LED_MODE control.

    Attributes:
        strobes: Whether it can flash, and not just shine.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        mode = self._control(LED_MODE)
        assert mode is not None
        self._mode = mode
        self._ended = False
        self.strobes = LED_FLASH in mode.menu and self._control(_STROBE) is not None

    def _control(self, cid: int) -> Control | None:
        return self._parts.find(cid)

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """Whatever is done to the lamp inside is undone at the end.

        That is the end of the program, too: of a daemon thread Python runs no ``finally``.
        """
        old: _Old = [
            (control, control.value)
            for cid in (LED_MODE, _TIMEOUT, _SOURCE)
            if (control := self._control(cid)) is not None
        ]
        at_exit = partial(self._end, old)
        atexit.register(at_exit)
        controls = self._mode._controls
        chosen = dict(controls._chosen)
        try:
            yield
        except DeviceGoneError as error:
            raise self._parts.part_gone(error, self._mode.name) from error
        finally:
            with undisturbed():
                atexit.unregister(at_exit)
                _put_back(old)
                controls._chosen = chosen  # this light was nobody's choice

    def _end(self, old: _Old) -> None:
        self._ended = True  # the thread that borrowed it may go on for a moment
        _put_back(old)

    # ---- light ----

    def strobe(self, duration: float) -> tuple[int, int]:
        """Flash; return from when to when there is light, in monotonic nanoseconds.

        Args:
            duration: Seconds of light; the lamp's own timer may allow less.
        """
        self._light(LED_FLASH)
        length = self._time(duration)
        begin = time.monotonic_ns()
        if not self._is_external:
            self._press(_STROBE)
        else:
            length = 1 << 62  # the sensor flashes with each frame
        return begin, begin + length

    def _light(self, mode: int) -> None:
        if self._ended:
            raise ClosedError("the program is ending")
        self._mode.value = mode

    @property
    def _is_external(self) -> bool:
        source = self._control(_SOURCE)
        return source is not None and source.value == _EXTERNAL

    def _time(self, duration: float) -> int:
        """Set the lamp's timer; return what it really is, in nanoseconds."""
        timeout = self._control(_TIMEOUT)
        if timeout is None:
            return _UNKNOWN_TIMEOUT
        wanted = round(duration * 1e9) // _MICROSECOND
        if "read-only" not in timeout.flags:
            timeout.value = max(timeout.minimum, min(wanted, timeout.maximum))
        return int(timeout.value) * _MICROSECOND

    def stop(self) -> None:
        """End the light, before the lamp's timer does."""
        if self.strobes and not self._is_external and self._mode.value == LED_FLASH:
            self._press(_STOP)
        self._mode.value = LED_NONE

    def _press(self, cid: int) -> None:
        control = self._control(cid)
        if control is not None:
            control.press()

    def close_pupils(self, seconds: float = PRE_LIGHT) -> None:
        """Shine into eyes, so that their pupils are small when the photo is taken.

        Three strobes where the lamp can, else the torch, and the time that pupils take. The
        torch stays on: it is the light of the photo.

        Args:
            seconds: From the first light to the photo.
        """
        begin = time.monotonic()
        if self.strobes:
            with self._by_software():
                for pulse in range(_PULSES):
                    _sleep_until(begin + pulse * seconds / _PULSES)
                    self._pulse()
        else:
            self._light(LED_TORCH)
        _sleep_until(begin + seconds)

    def _pulse(self) -> None:
        _, end = self.strobe(_PULSE)
        if end > time.monotonic_ns() + 2 * _PULSE * 1e9:  # no timer of its own
            time.sleep(_PULSE)
            self.stop()

    @contextmanager
    def _by_software(self) -> Iterator[None]:
        """Strobe when told to, if possible also where the sensor does it for each frame."""
        source = self._control(_SOURCE)
        if source is None or not self._is_external or _SOFTWARE not in source.menu:
            yield
            return
        source.value = _SOFTWARE
        yield
        source.value = _EXTERNAL

    @property
    def faults(self) -> list[str]:
        """What the lamp complains of; asking makes it forget."""
        control = self._control(_FAULTS)
        if control is None:
            return []
        bits = int(control.value)
        return [word for bit, word in enumerate(_FAULT_WORDS) if bits >> bit & 1]


def _put_back(old: _Old) -> None:
    for control, value in old:
        try:
            if control.value != value:
                control.value = value
        except (DeviceError, ClosedError) as error:
            _log.warning("the lamp is not as it was: %s", error)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
