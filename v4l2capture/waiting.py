# SPDX-License-Identifier: MIT
"""Waiting for a camera: one epoll descriptor, used by threads and by asyncio alike.

No C code waits, so signals and Ctrl-C always get through.
"""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

__all__ = ["Waiter", "check_timeout"]


def check_timeout(timeout: float | None) -> None:
    """Raise ``ValueError`` unless this is a number of seconds, or ``None`` for "for ever"."""
    if timeout is not None and not timeout >= 0:  # written so that it catches NaN
        raise ValueError(f"timeout={timeout!r}: give seconds >= 0, or None to wait for ever")


class Waiter:
    """An epoll descriptor that a camera is watched with, and an eventfd that ends the wait.

    Nobody closes a waiter. Whoever is inside :meth:`wait` holds a reference, so its
    descriptors stay open until the last one has left, and a number can never be
    reused under a thread that still waits on it.
    """

    __slots__ = ("__weakref__", "_epoll", "_futures", "_wake")

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._epoll.register(self._wake, select.EPOLLIN)
        self._futures: dict[Any, set[asyncio.Future[None]]] = {}

    def __del__(self) -> None:
        os.close(self._wake)

    def fileno(self) -> int:
        """Return the epoll descriptor: readable when there is something to fetch."""
        return self._epoll.fileno()

    def wake(self) -> None:
        """End every wait, now and in future."""
        os.eventfd_write(self._wake, 1)

    def wait(self, timeout: float | None) -> bool:
        """Wait for at most ``timeout`` seconds; return whether there is something to fetch."""
        return bool(self._epoll.poll(timeout, 1))

    async def wait_async(self, timeout: float | None) -> bool:
        """Do the same without blocking the event loop. Any number of tasks may wait."""
        import asyncio

        loop = asyncio.get_running_loop()
        futures = self._futures.setdefault(loop, set())
        if not futures:
            loop.add_reader(self.fileno(), self._resolve, futures)
        future = loop.create_future()
        futures.add(future)
        try:
            async with asyncio.timeout(timeout):
                await future
        except TimeoutError:
            return False
        finally:
            futures.discard(future)
            if not futures:
                loop.remove_reader(self.fileno())
                self._futures.pop(loop, None)
        return True

    @staticmethod
    def _resolve(futures: set[asyncio.Future[None]]) -> None:
        for future in futures:
            if not future.done():
                future.set_result(None)
