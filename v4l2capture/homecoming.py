# SPDX-License-Identifier: MIT
"""Waiting in an event loop for a camera that was unplugged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from .devicechange import DeviceChange
from .errors import CaptureError, CaptureTimeout, DeviceGoneError
from .refusal import Refusal
from .sharedcamera import Look

__all__ = ["Homecoming"]


class Homecoming:
    """Looks for a camera each time that nodes have come, until it is back.

    Args:
        pause: Seconds until the first look.
        reopen: Opens it anew; the future has what it is like now.
        back: Called with that.
        refused: Called with the error of a camera that is back, and refuses.

    Raises:
        OSError: The kernel has no watches left for this user.

    Synchronization: the event loop's thread only.
    """

    def __init__(
        self,
        pause: float,
        reopen: Callable[[], asyncio.Future[Look]],
        back: Callable[[Look], object],
        refused: Callable[[BaseException], object],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._reopen = reopen
        self._back = back
        self._refused = refused
        self._refusal = Refusal()
        self._looks: asyncio.Future[Look] | None = None
        self._is_news = self._closed = False
        self._change = DeviceChange(self._try)
        self._timer = self._loop.call_later(pause, self._try)

    def close(self) -> None:
        """Wait no more. May be repeated."""
        if not self._closed:
            self._closed = True
            self._timer.cancel()
            self._change.close()

    async def look(self) -> None:
        """Look now, and wait until that is done."""
        self._try()
        while self._looks is not None:
            await asyncio.wait([self._looks])

    def _try(self) -> None:
        if self._closed:
            return
        self._is_news = self._looks is not None
        if self._looks is None:
            self._looks = self._reopen()
            self._looks.add_done_callback(self._looked)

    def _looked(self, outcome: asyncio.Future[Look]) -> None:
        self._looks = None
        if outcome.cancelled():
            return
        error = outcome.exception()
        if self._closed:
            return
        if error is None:
            self.close()
            self._back(outcome.result())
        elif isinstance(error, CaptureTimeout | DeviceGoneError):
            self._refusal.end()
            if self._is_news:
                self._try()
        else:
            self._again_or_never(error)

    def _again_or_never(self, error: BaseException) -> None:
        if isinstance(error, CaptureError) and not self._refusal.is_meant():
            left = self._refusal.meant - monotonic()
            self._timer.cancel()
            self._timer = self._loop.call_later(left, self._try)
            return
        self.close()
        self._refused(error)
