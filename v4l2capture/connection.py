# SPDX-License-Identifier: MIT
"""The connection to one camera, which breaks when it is unplugged, and can be made again."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .absence import Absence
from .applying import check_required, required_names
from .camerastate import CameraState
from .device import Device
from .errors import CaptureTimeout, ClosedError, DeviceGoneError
from .source import Source
from .waiting import end_of, left_until, milliseconds

if TYPE_CHECKING:
    from .dictionaries import MediaTrackConstraints
    from .stream import Stream
    from .videomode import Size

__all__ = ["Connection"]

_T = TypeVar("_T")


class _User(Protocol):
    """One user of the camera; see :class:`~v4l2capture.camera.View`."""

    @property
    def constraints(self) -> MediaTrackConstraints: ...
    @property
    def size(self) -> Size | None: ...
    @property
    def held(self) -> Mapping[str, Any]: ...


_connections: weakref.WeakSet[Connection] = weakref.WeakSet()


def _renew() -> None:
    """In a forked child: cameras are the parent's, and so is the thread that has a lock."""
    for connection in list(_connections):
        connection.lock = RLock()
        connection._ended = True


os.register_at_fork(after_in_child=_renew)


class Connection:
    """A camera that is open, or away.

    Args:
        camera: Path, or the caller's own device.
        base_iso, lamp: As :class:`Source`.
        users: Of the camera; it is looked at when the camera is back.
        waits: Whether who needs the camera waits while it is away.
        restarts: Whether a stream that stalls is begun anew once.

    Attributes:
        lock: What is done with the camera, is done inside.
        source: Its hardware, another one each time that it has come back.
        state: What it can and has.

    Synchronization: any method from any thread.
    """

    def __init__(
        self,
        camera: str | os.PathLike[str] | Device,
        base_iso: float | None,
        lamp: str | None,
        users: Sequence[_User],
        *,
        waits: bool,
        restarts: bool,
    ) -> None:
        self.lock = RLock()
        _connections.add(self)
        self._users = users
        self._waits = waits
        self._is_ours = not isinstance(camera, Device)
        self._ended = False
        self._absence: Absence | None = None
        device = camera if isinstance(camera, Device) else Device(camera)
        try:
            self.source = Source(device, base_iso, lamp)
        except BaseException:
            if self._is_ours:
                device.close()
            raise
        self.source.silence.restarts = restarts
        self.state = CameraState(self.source)
        try:
            self.source.listener.start()
        except BaseException:
            self.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether it, or its device, was closed."""
        return self._ended or (self._absence is None and self.source.device.closed)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Hold the lock, and know what others have changed."""
        with self.lock:
            self._catch_up()
            yield

    def _catch_up(self) -> None:
        self._check_open()
        if self._absence is None:
            try:
                self.state.catch_up()
                return
            except DeviceGoneError:
                if not self._waits:
                    raise
                self._go()
        if self._waits:
            with suppress(CaptureTimeout):  # of a camera that is not there, the next line tells
                self.reopen(0)
        self.check_there()

    def check_there(self) -> None:
        """Complain about a camera that is known to be away.

        Raises:
            DeviceGoneError: It is.
        """
        absence = self._absence
        if absence is not None:
            raise absence.gone()

    def _check_open(self) -> None:
        if self.closed:
            raise ClosedError(f"{self.source.device.path} is closed")

    # ---- streaming ----

    def start(self) -> Stream:
        """Begin to stream, or go on."""
        with self.lock:
            stream = self.source.stream
            if stream is None or stream.closed:
                self._catch_up()
                stream = self.source.start()
            return stream

    def stop(self) -> None:
        """Stop streaming."""
        with self.lock:
            self.source.stop()
            if self._absence is not None:
                self._absence.streams = False

    # ---- away, and back ----

    def patiently(self, timeout: float | None, call: Callable[[float | None], _T]) -> _T:
        """Make a call that needs the camera; where that is away, wait for it if that is wanted.

        Args:
            timeout: Seconds for all; ``None``: for ever.
            call: Takes the seconds that are left; it is made again for a camera that is back.
        """
        end = end_of(timeout)
        is_last = not self._waits
        while True:
            source = self.source
            try:
                return call(timeout)
            except DeviceGoneError:
                if is_last:
                    raise
            self._come_back(source, left_until(end))
            timeout = left_until(end)
            is_last = timeout == 0

    def reopen(self, timeout: float | None) -> None:
        """Make the connection anew; as :meth:`v4l2capture.Camera.reopen`."""
        self._come_back(self.source, timeout)

    def _go(self) -> Absence:
        """Let go of what is left of a camera that is gone."""
        source = self.source
        self._absence = absence = Absence(source)
        if self._ended:  # by a thread that did not know of it
            absence.end()
        source.close()
        if self._is_ours:
            source.device.close()
        else:
            source.listener.stop()
        return absence

    def _come_back(self, gone: Source, timeout: float | None) -> None:
        """Wait until there is another source than the one that is gone."""
        milliseconds(timeout)  # complains about a bad one
        with self.lock:
            self._check_open()
            if self.source is not gone:
                return  # another thread was quicker
            absence = self._absence or self._go()
        absence.wait(timeout, partial(self._is_back, absence))

    def _is_back(self, absence: Absence) -> bool:
        with self.lock:
            self._check_open()
            if self._absence is not absence:
                return True
            held = {name: each for user in self._users for name, each in user.held.items()}
            required = {name for user in self._users for name in required_names(user.constraints)}
            source = absence.look(held, required)
            if source is None:
                return False
            try:
                state = CameraState(source, changed=True)
                for user in self._users:
                    check_required(source, state, user.constraints, user.size)
            except BaseException:
                source.close()
                source.device.close()
                raise
            self.source, self.state, self._is_ours, self._absence = source, state, True, None
            if self._ended:  # by a thread that knew only of the old one
                source.wake()
            return True

    # ---- life ----

    def wake(self) -> None:
        """End the waiting of other threads, for good."""
        self._ended = True
        absence = self._absence
        if absence is not None:
            absence.end()
        self.source.wake()

    def close(self) -> None:
        """Stop streaming and close the device, unless that is the caller's. May be repeated."""
        self.wake()
        with self.lock:
            self.source.close()
            if self._is_ours:
                self.source.device.close()
            else:
                self.source.listener.stop()
