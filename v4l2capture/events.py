# SPDX-License-Identifier: MIT
"""Events: a control or the source changed, told by the driver instead of asked for.

Source: Documentation/userspace-api/media/v4l/vidioc-dqevent.rst.
"""

from __future__ import annotations

import errno
import select
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from . import scalar
from ._native import ffi, lib
from .cids import flag_words
from .errors import CaptureTimeout, ClosedError
from .waiting import Waiter, end_of, left_until, milliseconds

if TYPE_CHECKING:
    from .node import Node

__all__ = ["ControlEvent", "Event", "Events", "SourceChangeEvent"]

_SEND_INITIAL: int = lib.V4L2_EVENT_SUB_FL_SEND_INITIAL


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened at the device.

    Attributes:
        kind: V4L2_EVENT_*, a number.
        sequence: Counts the events of this device handle.
        timestamp_ns: Nanoseconds on the clock of :func:`time.monotonic_ns`.
    """

    kind: int
    sequence: int
    timestamp_ns: int


@dataclass(frozen=True, slots=True)
class ControlEvent(Event):
    """A control changed.

    Attributes:
        id: The control's id.
        control: Its canonical name.
        changes: Some of ``{"value", "flags", "range", "dimensions"}``.
        value: The new value, ``None`` for a control that is no number. Where a driver's
            cache disagrees with this, this is right.
        flags: The new flags, in the words of ``Control.flags``.
    """

    id: int
    control: str
    changes: frozenset[str]
    value: int | bool | None
    flags: frozenset[str]

    CHANGES: ClassVar[dict[int, str]] = {
        lib.V4L2_EVENT_CTRL_CH_VALUE: "value",
        lib.V4L2_EVENT_CTRL_CH_FLAGS: "flags",
        lib.V4L2_EVENT_CTRL_CH_RANGE: "range",
        lib.V4L2_EVENT_CTRL_CH_DIMENSIONS: "dimensions",
    }


@dataclass(frozen=True, slots=True)
class SourceChangeEvent(Event):
    """The picture at the input has another size or rate: close the stream and look anew.

    Attributes:
        resolution: Whether the resolution changed.
    """

    resolution: bool


class Events:
    """The events of one device, as far as they were subscribed to.

    Iteration, ``read`` and their awaitable twins wait; ``try_read`` does not. The
    subscriptions end with the device.

    Synchronization: any method from any thread; each event goes to one reader.
    """

    def __init__(self, device: Node) -> None:
        self._device = device
        self._waiter: Waiter | None = None
        self._making = RLock()  # of the waiter
        self._subscribed: dict[tuple[int, int], int] = {}  # to flags

    # ---- what to be told ----

    def subscribe(self, *controls: str | int, initial: bool = False, own: bool = False) -> None:
        """Be told when these controls (none given: all there are) change.

        A second time replaces the first, and drops what was not fetched yet, if it differs.

        Args:
            controls: Names or ids.
            initial: Also send the present state of each, at once.
            own: Also tell of values that this device handle writes itself.
        """
        flags = _SEND_INITIAL if initial else 0
        flags |= lib.V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK if own else 0
        for name in controls or tuple(self._device.controls):
            self._subscribe(lib.V4L2_EVENT_CTRL, self._device.controls[name].id, flags)

    def subscribe_source_change(self, source: int = 0) -> None:
        """Be told when the signal at an input changes (HDMI grabbers, vivid's HDMI input).

        Args:
            source: Number of the input, for devices with several.
        """
        self._subscribe(lib.V4L2_EVENT_SOURCE_CHANGE, source, 0)

    def unsubscribe(self, *controls: str | int) -> None:
        """Be told no more about these controls (none given: all there are)."""
        device = self._device
        for name in controls or tuple(device.controls):
            self._unsubscribe(lib.V4L2_EVENT_CTRL, device.controls[name].id)

    def _subscribe(self, kind: int, cid: int, flags: int) -> None:
        device = self._device
        known = self._subscribed.get((kind, cid))
        if known is not None and (known != flags or flags & _SEND_INITIAL):
            self._unsubscribe(kind, cid)  # or the kernel keeps to the flags it knows
        rc = lib.vc_event_subscribe(device._dev, kind, cid, flags)
        device._check(rc, "VIDIOC_SUBSCRIBE_EVENT")
        self._subscribed[kind, cid] = flags

    def _unsubscribe(self, kind: int, cid: int) -> None:
        device = self._device
        rc = lib.vc_event_unsubscribe(device._dev, kind, cid)
        device._check(rc, "VIDIOC_UNSUBSCRIBE_EVENT")
        self._subscribed.pop((kind, cid), None)

    def _subscriptions(self) -> dict[tuple[int, int], int]:
        return dict(self._subscribed)

    def _go_back_to(self, before: Mapping[tuple[int, int], int]) -> None:
        """Be told what one was told before, and drop what was not fetched of the rest."""
        for (kind, cid), flags in list(self._subscribed.items()):
            wanted = before.get((kind, cid))
            if wanted == flags:
                continue
            self._unsubscribe(kind, cid)
            if wanted is not None:
                self._subscribe(kind, cid, wanted & ~_SEND_INITIAL)

    # ---- reading ----

    def try_read(self) -> Event | None:
        """Return the oldest event, or ``None``. Never waits."""
        out = ffi.new("struct vc_event *")
        rc = lib.vc_event_dequeue(self._device._dev, out)
        if rc == -errno.EAGAIN:
            return None
        self._device._check(rc, "VIDIOC_DQEVENT")
        return self._make(out)

    def read(self, timeout: float | None = None) -> Event:
        """Wait for the next event.

        Args:
            timeout: Seconds; ``None``: for ever.

        Raises:
            CaptureTimeout: Nothing happened in time.
            DeviceGoneError: The camera was unplugged.
            ClosedError: The device was closed, now or during the wait.
        """
        end = end_of(timeout)
        while (event := self.try_read()) is None:
            if not self._wait().wait(milliseconds(left_until(end))):
                raise self._timed_out(timeout)
        return event

    async def aread(self, timeout: float | None = None) -> Event:
        """Do what :meth:`read` does without blocking the event loop."""
        end = end_of(timeout)
        while (event := self.try_read()) is None:
            if not await self._wait().wait_async(milliseconds(left_until(end))):
                raise self._timed_out(timeout)
        return event

    def __iter__(self) -> Iterator[Event]:
        while True:
            yield self.read()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            yield await self.aread()

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is an event to fetch."""
        return self._wait().fileno()

    def __reduce__(self) -> NoReturn:
        raise TypeError("events are those of an open device: share them, or open it again")

    def _timed_out(self, timeout: float | None) -> CaptureTimeout:
        return CaptureTimeout(f"no event from {self._device.path} within {timeout} s")

    def _wait(self) -> Waiter:
        """The waiter is made when the first one waits: most programs never do."""
        device = self._device
        with self._making:
            if device.closed:  # and those that wait were woken, or will be after these lines
                raise ClosedError(f"{device.path} is closed")
            if self._waiter is None:
                waiter = Waiter(self._device.path)
                descriptor = waiter.fileno()
                rc = lib.vc_device_watch(
                    device._dev, descriptor, lib.EPOLL_CTL_ADD, select.EPOLLPRI
                )
                device._check(rc, "epoll_ctl")
                self._waiter = waiter
            return self._waiter

    def _close(self) -> None:
        with self._making:
            waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.wake()

    def _make(self, raw: Any) -> Event:
        common = (raw.type, raw.sequence, raw.timestamp_ns)
        if raw.type == lib.V4L2_EVENT_SOURCE_CHANGE:
            return SourceChangeEvent(*common, bool(raw.changes & lib.V4L2_EVENT_SRC_CH_RESOLUTION))
        if raw.type != lib.V4L2_EVENT_CTRL:
            return Event(*common)
        name, kind = self._device.controls._told(raw.id, raw.changes)
        has_number = not raw.flags & lib.V4L2_CTRL_FLAG_HAS_PAYLOAD
        return ControlEvent(
            *common,
            raw.id,
            name,
            frozenset(word for bit, word in ControlEvent.CHANGES.items() if raw.changes & bit),
            scalar.decode(kind, raw.value) if has_number else None,
            flag_words(raw.flags),
        )
