# SPDX-License-Identifier: MIT
"""Tell an event loop when nodes of cameras have come or gone, once they have settled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .devicewatch import LONGEST, SETTLED, DeviceWatch

__all__ = ["DeviceChange"]


class DeviceChange:
    """Calls a function each time that nodes have come, gone, or got other rights.

    Raises:
        OSError: The kernel has no watches left for this user.

    Synchronization: the event loop's thread only.
    """

    def __init__(self, tell: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._tell = tell
        self._watch = DeviceWatch()
        self._timer: asyncio.TimerHandle | None = None
        self._latest = 0.0
        self._loop.add_reader(self._watch.fileno(), self._stirred)

    def _stirred(self) -> None:
        if not self._watch.take():
            return
        now = self._loop.time()
        if self._timer is None:
            self._latest = now + LONGEST
        else:
            self._timer.cancel()
        self._timer = self._loop.call_at(min(now + SETTLED, self._latest), self._settled)

    def _settled(self) -> None:
        self._timer = None
        self._tell()

    def close(self) -> None:
        """Tell nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
        if not self._loop.is_closed():
            self._loop.remove_reader(self._watch.fileno())
        self._watch.close()
