# SPDX-License-Identifier: MIT
"""Waiting in a thread for cameras to come: the kernel tells, nobody asks again and again."""

from __future__ import annotations

import math
import time

from .devicewatch import LONGEST, SETTLED, DeviceWatch
from .errors import DeviceError, device_error
from .waiting import Waiter, milliseconds

__all__ = ["Lookout"]


class Lookout:
    """Somebody who waits for nodes to come.

    Raises:
        DeviceError: The kernel has no watches left for this user.

    Synchronization: one call at a time, but :meth:`wake` any time.
    """

    def __init__(self) -> None:
        self._waiter = Waiter()
        try:
            self._watch = DeviceWatch()
        except OSError as error:
            raise device_error(
                DeviceError, error.errno or 0, "inotify_add_watch", error.filename or "/dev"
            ) from None
        self._waiter.add(self._watch)
        self._woken = False

    def wake(self) -> None:
        """End all waiting, now and in future."""
        self._woken = True
        self._waiter.wake()

    def news(self, until: float) -> bool:
        """Wait until nodes have come, gone, or got other rights, and have settled.

        Args:
            until: No longer than this, in monotonic seconds.

        Returns:
            Whether there is any reason to look.
        """
        while self._happens(until):
            if self._watch.take():
                latest = time.monotonic() + LONGEST
                while self._happens(min(latest, time.monotonic() + SETTLED)) and not self._woken:
                    self._watch.take()
                return True
            if self._woken:
                return True
        return False

    def _happens(self, until: float) -> bool:
        left = None if until == math.inf else max(0.0, until - time.monotonic())
        return bool(self._waiter.wait(milliseconds(left)))
