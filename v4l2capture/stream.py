# SPDX-License-Identifier: MIT
"""A stream: the ring of buffers of a camera, and the frames that come out of it."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from ._native import ffi, lib
from .errors import (
    CaptureTimeout,
    ClosedError,
    DeviceError,
    StarvedError,
    device_error,
)
from .frame import Frame
from .layout import minimum_bytes
from .pixfmt import JPEGS, PIXEL_FORMATS
from .slot import Slot
from .waiting import Waiter, end_of, left_until, milliseconds
from .whole import whole

if TYPE_CHECKING:
    from .device import Device

__all__ = ["Stream", "StreamStats"]

_NEXT: int = lib.VC_NEXT
_WHOLE: int = lib.VC_ONLY_WHOLE
_NEWEST: int = lib.VC_ONLY_WHOLE | lib.VC_NEWEST
_LAST: int = lib.VC_LAST

_acquire = lib.vc_ring_acquire
_wait = lib.vc_ring_wait

# A driver that always says "ready" and never has a frame must not keep us spinning.
_MOST_FALSE_ALARMS = 1000

_OPERATIONS: dict[int, str] = {
    lib.VIDIOC_QBUF: "VIDIOC_QBUF",
    lib.VIDIOC_STREAMON: "VIDIOC_STREAMON",
}


class _Default:
    """Stands for the stream's own timeout, because ``None`` means for ever."""


_DEFAULT: Any = _Default()


# What the quick way of read() needs: the timeout it was prepared for, and the waiter to
# keep its descriptors open. No timeout is the one of _NEVER.
_Quick: TypeAlias = tuple[Any, Any, list[Slot], Waiter | None]
_NEVER: _Quick = (object(), None, [], None)


@dataclass(frozen=True, slots=True)
class StreamStats:
    """What became of the frames since the stream began.

    Attributes:
        delivered: Handed out.
        dropped: Lost before they reached us: gaps in the driver's sequence.
        broken: Taken from the driver but not whole; skipped, or handed out by ``try_read``.
        stale: Skipped by ``latest`` for a newer one.
        copied: Copied because the buffers were running out.
    """

    delivered: int
    dropped: int
    broken: int
    stale: int
    copied: int


class _Closed:
    """Stands in for the waiter of a stream that is closed."""

    def wait(self, _timeout_ms: int) -> NoReturn:
        raise ClosedError("the stream is closed")

    async def wait_async(self, _timeout_ms: int) -> NoReturn:
        self.wait(0)

    def fileno(self) -> NoReturn:
        self.wait(0)


class Stream:
    """Frames from a camera, in order, without a copy. Streaming begins at once.

    A frame that is kept keeps one buffer from the driver. When all are kept,
    reading raises :class:`StarvedError` instead of waiting for ever; with
    ``copy_when_low`` the last buffer is never given away, its frame is a copy.

    Args:
        device: An open device; its format is the one that frames will have.
        buffers: How many to ask the driver for, 1 to 32; it may give another number.
        timeout: Seconds that ``read``, ``latest`` and iteration wait for a frame where
            they are not told otherwise; ``None``: for ever.
        copy_when_low: Copy a frame rather than give the last buffer away.

    Attributes:
        format: The format that the frames have.

    Raises:
        DeviceBusyError: Another program, another stream, or frames that are still alive
            hold the camera's buffers.
        BandwidthError: The USB bus has no room for this format.
        DeviceError: The driver refused.

    Synchronization: any method from any thread; each frame goes to one reader.

    Source: Documentation/userspace-api/media/v4l/mmap.rst.
    """

    def __init__(
        self,
        device: Device,
        buffers: int = 4,
        *,
        timeout: float | None = 5.0,
        copy_when_low: bool = False,
    ) -> None:
        buffers = whole("buffers", buffers, 1, lib.VC_MAX_BUFFERS)
        self._quick: _Quick = _NEVER
        self.timeout = timeout
        self.format = device.format
        self._device = device
        self._copy_when_low = copy_when_low
        self._copied = 0
        waiter = Waiter(device.path)
        self._waiter: Waiter | _Closed = waiter
        self._slots: list[Slot] = []
        self._ring: Any = self._new_ring(buffers, waiter)
        try:
            for index in range(self.buffers):
                lease = lib.vc_ring_lease(self._ring, index)
                self._slots.append(Slot(lease, self.format, self._ring))
            self._start()
            device._adopt(self)
        except BaseException:  # an interrupt, too: its traceback would hold the camera's buffers
            self.close()
            raise

    def _new_ring(self, buffers: int, waiter: Waiter) -> Any:
        config = ffi.new("struct vc_ring_config *")
        config.count = buffers
        config.epfd = waiter.fileno()
        config.jpeg = self.format.pixel_format in JPEGS
        if self.format.pixel_format in PIXEL_FORMATS:
            for plane, least in enumerate(minimum_bytes(self.format)):
                config.minimum[plane] = least
        if config.jpeg and not any(plane.sizeimage for plane in self.format.planes):
            # The kernel would refuse it with a warning in its log.
            name = self.format.pixel_format
            hint = f"The camera does not say how large a frame in {name} may be; try another format"
            path = self._device.path
            raise device_error(DeviceError, errno.EINVAL, "VIDIOC_REQBUFS", path, hint)
        out = ffi.new("struct vc_ring **")
        self._device._check(lib.vc_ring_new(self._device._dev, config, out), "VIDIOC_REQBUFS")
        # The ring's descriptor belongs to the waiter, which must not go before the ring does.
        return ffi.gc(out[0], partial(_free_ring, waiter))

    def _start(self) -> None:
        request = ffi.new("uint32_t *")
        rc = lib.vc_ring_start(self._ring, request)
        if rc < 0:
            self.close()
            self._device._check(rc, _OPERATIONS.get(request[0], "VIDIOC_STREAMON"))

    # ---- reading ----

    def read(self, timeout: float | None = _DEFAULT) -> Frame:
        """Wait for the next whole frame and return it.

        Args:
            timeout: Seconds; ``None``: for ever, 0: do not wait. Left out: the stream's.

        Raises:
            CaptureTimeout: No whole frame came in time.
            StarvedError: All buffers are held by frames that are alive.
            DeviceGoneError: The camera was unplugged.
            ClosedError: The stream or the device was closed, now or during the wait.
        """
        known, patience, slots, waiter = self._quick
        if timeout is not known:
            if timeout is not _DEFAULT:
                milliseconds(timeout)  # complains about a bad one, also when there is a frame
            return self._take(_WHOLE) or self._wait_for(_WHOLE, timeout)
        index = _wait(patience)
        del waiter  # an error that somebody keeps shall not keep descriptors
        if index >= 0:
            frame = Frame()  # Frame._of() by hand: this is where the time of a frame goes
            frame._slot = slots[index]
            return frame
        return self._unusual(index) or self._wait_for(_WHOLE, timeout)

    def latest(self, timeout: float | None = _DEFAULT) -> Frame:
        """Return the newest whole frame, and give all older ones back to the driver.

        Waits, as :meth:`read` does, only when there is none yet. The older ones are
        counted as ``stale``.
        """
        if timeout is not _DEFAULT:
            milliseconds(timeout)
        return self._take(_NEWEST) or self._wait_for(_NEWEST, timeout)

    def try_read(self) -> Frame | None:
        """Return the next frame, whole or not (see ``Frame.ok``), or ``None``. Never waits."""
        return self._take(_NEXT)

    def __iter__(self) -> Iterator[Frame]:
        """Yield whole frames as :meth:`read` does, until an error ends it."""
        while True:
            yield self.read()

    async def aread(self, timeout: float | None = _DEFAULT) -> Frame:
        """Do what :meth:`read` does without blocking the event loop."""
        if timeout is not _DEFAULT:
            milliseconds(timeout)
        return self._take(_WHOLE) or await self._wait_for_async(_WHOLE, timeout)

    async def alatest(self, timeout: float | None = _DEFAULT) -> Frame:
        """Do what :meth:`latest` does without blocking the event loop."""
        if timeout is not _DEFAULT:
            milliseconds(timeout)
        return self._take(_NEWEST) or await self._wait_for_async(_NEWEST, timeout)

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while True:
            yield await self.aread()

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is a frame to fetch."""
        return self._waiter.fileno()

    def _wait_for(self, how: int, timeout: float | None) -> Frame:
        seconds = self.timeout if timeout is _DEFAULT else timeout
        left, end = milliseconds(seconds), end_of(seconds)
        for alarms in count():
            if not self._waiter.wait(left):
                self._time_out(seconds)
            self._be_quick(timeout, milliseconds(seconds))
            frame = self._take(how)  # which may be the last one, and forbid it again
            if frame is not None:
                return frame
            left = self._left(end, alarms)
        raise AssertionError("count() ends")

    def _be_quick(self, timeout: float | None, timeout_ms: int) -> None:
        """Prepare for the next read(), which most often has the same timeout.

        Not while the last buffer is given away, when waiting might never end.
        """
        ring, waiter = self._ring, self._waiter
        if ring is not None and isinstance(waiter, Waiter):
            patience = ffi.new("struct vc_patience *", (ring, timeout_ms))
            self._quick = (timeout, patience, self._slots, waiter)

    async def _wait_for_async(self, how: int, timeout: float | None) -> Frame:
        seconds = self.timeout if timeout is _DEFAULT else timeout
        left, end = milliseconds(seconds), end_of(seconds)
        for alarms in count():
            if not await self._waiter.wait_async(left):
                self._time_out(seconds)
            frame = self._take(how)
            if frame is not None:
                return frame
            left = self._left(end, alarms)
        raise AssertionError("count() ends")

    def _left(self, end: float | None, alarms: int) -> int:
        """Return the milliseconds that are left, after a wait that brought no whole frame."""
        if alarms == _MOST_FALSE_ALARMS:
            raise device_error(
                DeviceError,
                errno.EIO,
                "VIDIOC_DQBUF",
                self._device.path,
                f"The driver said {alarms} times that a frame is ready, and had no whole one",
            )
        return milliseconds(left_until(end))

    def _take(self, how: int) -> Frame | None:
        ring = self._ring
        if ring is None:
            raise ClosedError("the stream is closed")
        index = _acquire(ring, how)
        return self._frame(index) if index >= 0 else self._unusual(index)

    def _frame(self, index: int) -> Frame:
        slot = self._slots[index]
        if slot.lease.broken:
            slot = Slot(slot.lease, self.format)
        return Frame._of(slot)

    def _unusual(self, index: int) -> Frame | None:
        """Deal with every answer of the core but a plain buffer."""
        if index in (-errno.EAGAIN, -errno.EINTR):
            return None
        if index == -errno.ETIMEDOUT:
            self._time_out(self._quick[0])
        if index <= -_LAST:
            return self._last(-_LAST - index)
        if index == -errno.ENOBUFS:
            self._quick = _NEVER
            if self._copy_when_low:  # another thread is about to give the last one back
                return None
            raise StarvedError(
                f"all {self.buffers} buffers of {self._device.path} are held by frames that "
                "are alive; drop some, copy() what you keep, or ask for more buffers"
            )
        if index == -errno.EPIPE:
            raise ClosedError("the stream is closed")
        request = lib.vc_ring_culprit(self._held())
        self._device._check(index, _OPERATIONS.get(request, "VIDIOC_DQBUF"))
        raise AssertionError(index)

    def _last(self, index: int) -> Frame:
        self._quick = _NEVER
        frame = self._frame(index)
        if self._copy_when_low:
            self._copied += 1
            return frame.copy()
        return frame

    def _time_out(self, timeout: Any) -> NoReturn:
        stats = self.stats
        timeout = self.timeout if timeout is _DEFAULT else timeout
        raise CaptureTimeout(
            f"no frame from {self._device.path} within {float(timeout):.3g} s "
            f"({stats.delivered} delivered and {stats.broken} damaged so far, "
            f"{self.leased} of {self.buffers} buffers held)"
        )

    # ---- state ----

    @property
    def timeout(self) -> float | None:
        """As given; may be changed."""
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        milliseconds(seconds)  # complains about a bad one
        self._timeout = seconds
        self._quick = _NEVER

    @property
    def buffers(self) -> int:
        """How many buffers the driver gave us."""
        return int(lib.vc_ring_count(self._held()))

    @property
    def leased(self) -> int:
        """How many buffers are held by frames that are alive."""
        return int(lib.vc_ring_leased(self._held()))

    @property
    def stats(self) -> StreamStats:
        """What became of the frames so far; cheap enough to poll."""
        out = ffi.new("struct vc_ring_stats *")
        lib.vc_ring_stats(self._held(), out)
        return StreamStats(out.delivered, out.dropped, out.broken, out.stale, self._copied)

    @property
    def last_frame_age(self) -> float | None:
        """Seconds since the time of the last frame that was fetched; ``None``: none was yet.

        Frames that nobody fetches do not count: a camera has no other sign of life.
        """
        age = lib.vc_ring_age(self._held())
        return None if age < 0 else age / 1e9

    def _held(self) -> Any:
        ring = self._ring
        if ring is None:
            raise ClosedError("the stream is closed")
        return ring

    def close(self) -> None:
        """Stop streaming and give the buffers back. Frames that are alive stay readable.

        Who waits in another thread is woken with :class:`ClosedError`. May be repeated.
        """
        ring, waiter = self._ring, self._waiter
        if ring is None or isinstance(waiter, _Closed):
            return
        if waiter.is_ours():
            self._device._disown(self)
        self._quick = _NEVER
        for _ in range(2):  # a second time for who asked for an array between the lines
            for slot in self._slots:
                slot.unmap()
            lib.vc_ring_close(ring)
        waiter.wake()
        self._waiter = _Closed()  # before the ring: who finds no ring must find no waiter
        self._ring = None

    @property
    def closed(self) -> bool:
        """Whether the stream, or its device, was closed."""
        return self._ring is None

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a stream holds the camera's buffers: share it, it works in any thread")

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.leased} of {self.buffers} buffers held"
        return f"<Stream of {self._device.path}, {state}>"


def _free_ring(_waiter: Waiter, ring: Any) -> None:
    lib.vc_ring_free(ring)
