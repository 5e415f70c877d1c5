# SPDX-License-Identifier: MIT
"""What events tell of controls and a driver's cache denies. The events are right.

When a camera changes a control by itself and says so, uvcvideo passes that on as an event, and goes
on answering with the old value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["Hearsay"]


class Hearsay:
    """Values that were told and cannot be read."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[int, tuple[Any, Any]] = {}  # control to what it reads, and what was told

    def note(self, cid: int, told: Any, read: Any) -> None:
        """Remember an event, if what the driver answers after it is something else."""
        self._told[cid] = (read, told)

    def value(self, cid: int, read: Any) -> Any:
        """Return what a control has: what was told, as long as the driver answers the same."""
        denied, told = self._told.get(cid, (read, read))
        if denied != read:
            del self._told[cid]
            return read
        return told

    def forget(self, cids: Iterable[int]) -> None:
        """Trust the driver again: it has been written to."""
        for cid in list(cids):  # another thread may add some
            self._told.pop(cid, None)
