# SPDX-License-Identifier: MIT
"""A camera that is away: what it was set to, how to know it again, and putting all that back.

Nobody asks again and again whether it is back: the kernel tells when nodes come.
"""

from __future__ import annotations

import errno
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from .cids import IDS, MASTERS
from .device import Device
from .devicewatch import FLAPS
from .discovery import find_again
from .errors import (
    CaptureError,
    CaptureTimeout,
    ClosedError,
    ControlError,
    DeviceError,
    DeviceGoneError,
    device_error,
)
from .lookout import Lookout
from .nativemode import mode_of
from .refusal import Refusal
from .source import Source
from .subdevice import Subdevice
from .waiting import milliseconds
from .writing import carry_out

if TYPE_CHECKING:
    from .controls import Controls
    from .node import Node

__all__ = ["Absence"]

_log = logging.getLogger(__name__)

_MASTERS = frozenset(master for masters in MASTERS.values() for master in masters)

# Nothing to set again: what has no value, or none while another control rules it.
_UNLASTING = frozenset(("write-only", "execute-on-write", "read-only", "inactive"))

# What moves as long as it is not 0; nobody wants a camera that turns as soon as it is back.
_MOVING = frozenset((IDS["pan_speed"], IDS["tilt_speed"]))

# A camera that is being unplugged, or that nobody has plugged in again.
_ABSENT = (errno.ENODEV, errno.ENXIO, errno.ENOENT)


class Absence:
    """A camera that is away.

    Args:
        source: Of the camera, as it was. It stays the caller's to close.

    Attributes:
        info: What its driver said of it.
        streams: Whether it shall stream as soon as it is back.

    Synchronization: the caller's lock, but :meth:`end` any time.
    """

    def __init__(self, source: Source) -> None:
        device = source.device
        last = device._last
        self.info = device.info
        self._base_iso, self._lamp = source.base_iso, source.lamp
        self._mode = source.mode or (None if last is None else mode_of(last))
        stream = source.stream
        self.streams = source.streams or (stream is not None and not stream.closed)
        self._chosen = {key: dict(node.controls._chosen) for key, node in _known(source)}
        self._interrupt = source.interrupt
        self._restarts = source.silence.restarts
        self._not_before = source.opened + FLAPS
        self._lookouts: set[Lookout] = set()
        self._ended = False

    def end(self) -> None:
        """Let who waits look a last time."""
        self._ended = True
        for lookout in list(self._lookouts):
            lookout.wake()

    def gone(self) -> DeviceGoneError:
        """Return the error for who wants the camera now."""
        return device_error(DeviceGoneError, errno.ENODEV, "open", self.info.path)

    def wait(self, timeout: float | None, look: Callable[[], bool]) -> None:
        """Call a function until it returns ``True``: now, and when nodes have come or changed.

        Args:
            timeout: Seconds; ``None``: for ever, 0: call it once.

        Raises:
            CaptureTimeout: The camera is not back in time.
            CaptureError: What ``look`` raises, unless that was only for a moment.
        """
        milliseconds(timeout)  # complains about a bad one
        end = math.inf if timeout is None else time.monotonic() + timeout
        lookout = None if timeout == 0 else Lookout()
        refusal = Refusal()
        with self._waking(lookout):
            if lookout is not None:
                lookout.news(min(end, self._not_before))
            while True:
                try:
                    if look():
                        return
                    refusal.end()
                except ClosedError:
                    raise
                except CaptureError:
                    if refusal.is_meant() or time.monotonic() >= end:
                        raise
                until = min(end, refusal.meant)
                if lookout is None or (not lookout.news(until) and refusal.meant == math.inf):
                    raise CaptureTimeout(
                        f"{self.info.card} ({self.info.stable_id}) was unplugged from "
                        f"{self.info.path}, and is not back within {timeout:.1f} s"
                    )

    @contextmanager
    def _waking(self, lookout: Lookout | None) -> Iterator[None]:
        """Let :meth:`end` end the waiting of a lookout."""
        if lookout is None:
            yield
            return
        self._lookouts.add(lookout)
        if self._ended:
            lookout.wake()
        try:
            yield
        finally:
            self._lookouts.discard(lookout)

    def look(self, held: Mapping[str, Any], required: Collection[str]) -> Source | None:
        """Return the camera, open and set as it was; ``None``: it is not back.

        Args:
            held: W3C settings that somebody wants.
            required: The names of those without which they do not want the camera.

        Raises:
            ControlError: It cannot be set to what is required.
            DeviceError: It cannot be opened, or does not stream.
        """
        path = find_again(self.info)
        if path is None:
            return None
        try:
            device = Device(path)
        except DeviceError as error:
            if error.errno in _ABSENT:
                return None
            raise
        with ExitStack() as opened:
            opened.callback(device.close)
            if device.info.stable_id != self.info.stable_id:  # another one was quicker
                return None
            source = Source(device, self._base_iso, self._lamp)
            opened.callback(source.close)
            try:
                self._set_as_it_was(source, held, required)
            except DeviceGoneError:
                return None
            opened.pop_all()
            return source

    def _set_as_it_was(
        self, source: Source, held: Mapping[str, Any], required: Collection[str]
    ) -> None:
        """Set the size first, on which ranges depend; then what constraints and users chose."""
        source.listener.start()
        source.interrupt = self._interrupt
        source.silence.restarts = self._restarts
        source.held = dict(held)
        now = source.format
        if self._mode is not None and (now is None or mode_of(now) != self._mode):
            source.set_mode(self._mode)
        carry_out(source.controls, source.plan(held), required)
        for key, node in _known(source):
            _choose(node.controls, self._chosen.get(key, {}))
        if self.streams:
            source.start()


def _known(source: Source) -> Iterator[tuple[object, Node]]:
    """Yield each node with what it is known by at the next plug: paths are others then.

    Two may have one name; their order stays.
    """
    before: Counter[object] = Counter()
    for node in (source.device, *source.parts.subdevices):
        name = (node.function, node.name) if isinstance(node, Subdevice) else None
        yield (name, before[name]), node
        before[name] += 1


def _choose(controls: Controls, chosen: dict[int, Any]) -> None:
    """Set again what a user has set, masters first; as far as possible."""
    controls._chosen = dict(chosen)
    for cid in sorted(chosen.keys() - _MOVING, key=lambda cid: cid not in _MASTERS):
        control = controls.get(cid)
        if control is None or control.type == "button" or control.flags & _UNLASTING:
            continue
        try:
            controls.set({cid: chosen[cid]})
        except (ControlError, TypeError, ValueError) as error:  # the camera may have changed
            _log.warning("%s is not as it was: %s", control.name, error)
