# SPDX-License-Identifier: MIT
"""Waiting for a camera: one epoll descriptor, used by threads and by asyncio alike.

A wait ends when a signal comes, so Ctrl-C always gets through.
"""

from __future__ import annotations

import math
import os
import select
from time import monotonic
from typing import TYPE_CHECKING, Any

from .errors import DeviceError, device_error

if TYPE_CHECKING:
    import asyncio
    from typing import Protocol

    class HasFileno(Protocol):
        """Has a descriptor."""

        def fileno(self) -> int: ...


__all__ = ["FOREVER", "Waiter", "end_of", "left_until", "milliseconds"]

FOREVER = -1

_LONGEST = 0x7FFFFFFF  # milliseconds that fit into the system call: 24 days


def milliseconds(timeout: float | None) -> int:
    """Return seconds as the kernel takes them: whole milliseconds, rounded up, or FOREVER.

    Raises:
        ValueError: Less than nothing, or not a number.
        TypeError: Of a type that is no number.
    """
    if timeout is None:
        return FOREVER
    if isinstance(timeout, bool | str):
        raise TypeError(f"timeout={timeout!r}: give seconds, or None to wait for ever")
    if not timeout >= 0:  # written so that it catches NaN
        raise ValueError(f"timeout={timeout!r}: give seconds >= 0, or None to wait for ever")
    return _LONGEST if timeout > _LONGEST / 1000 else math.ceil(timeout * 1000)


def end_of(timeout: float | None) -> float | None:
    """Return when a timeout that begins now is over, in monotonic seconds; ``None``: never.

    Raises:
        ValueError, TypeError: As :func:`milliseconds`.
    """
    milliseconds(timeout)
    return None if timeout is None else monotonic() + timeout


def left_until(end: float | None) -> float | None:
    """Return the seconds until what :func:`end_of` gave, at least 0; ``None``: for ever."""
    return None if end is None else max(0.0, end - monotonic())


class Waiter:
    """An epoll descriptor that a camera is watched with, and an eventfd that ends the wait.

    Nobody closes a waiter. Whoever is inside :meth:`wait` holds a reference, so its
    descriptors stay open until the last one has left, and a number can never be
    reused under a thread that still waits on it.

    Args:
        path: Of the camera, for the error when there is no descriptor left.
    """

    __slots__ = ("__weakref__", "_epoll", "_futures", "_process", "_wake")

    def __init__(self, path: str = "") -> None:
        self._wake = -1  # until there is one
        try:
            self._epoll = select.epoll()
            self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            self._epoll.register(self._wake, select.EPOLLIN)
        except OSError as error:  # no descriptor is left
            raise device_error(DeviceError, error.errno or 0, "epoll_create1", path) from None
        self._process = os.getpid()
        self._futures: dict[Any, set[asyncio.Future[None]]] = {}

    def __del__(self) -> None:
        if self._wake >= 0:
            os.close(self._wake)

    def fileno(self) -> int:
        """Return the epoll descriptor: readable when there is something to fetch."""
        return self._epoll.fileno()

    def add(self, other: HasFileno) -> None:
        """Let another descriptor that is readable end each wait, too."""
        self._epoll.register(other, select.EPOLLIN)

    def is_ours(self) -> bool:
        """Whether this is the process that made it; a fork shares what the kernel knows of it."""
        return self._process == os.getpid()

    def wake(self) -> None:
        """End every wait, now and in future. A forked child cannot end its parent's."""
        if self.is_ours():
            os.eventfd_write(self._wake, 1)

    def wait(self, timeout_ms: int) -> int:
        """Wait for at most so many milliseconds.

        Returns:
            0 when the time is up, else there may be something to fetch.
        """
        return len(self._epoll.poll(None if timeout_ms == FOREVER else timeout_ms / 1000, 1))

    async def wait_async(self, timeout_ms: int) -> int:
        """Do the same without blocking the event loop. Any number of tasks may wait."""
        import asyncio

        loop = asyncio.get_running_loop()
        futures = self._futures.setdefault(loop, set())
        if not futures:
            loop.add_reader(self.fileno(), self._resolve, futures)
        future = loop.create_future()
        futures.add(future)
        try:
            async with asyncio.timeout(None if timeout_ms == FOREVER else timeout_ms / 1000):
                await future
        except TimeoutError:
            return 0
        finally:
            futures.discard(future)
            if not futures:
                loop.remove_reader(self.fileno())
                self._futures.pop(loop, None)
        return 1

    @staticmethod
    def _resolve(futures: set[asyncio.Future[None]]) -> None:
        for future in futures:
            if not future.done():
                future.set_result(None)
