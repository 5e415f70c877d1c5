# SPDX-License-Identifier: MIT
"""What tells that simulated cameras were plugged in or out: no kernel does.

Source: eventfd(2).
"""

from __future__ import annotations

import contextlib
import os
import weakref

__all__ = ["Bell", "ring"]


class Bell:
    """A descriptor that is readable once :func:`ring` was called.

    Synchronization: any method from any thread.
    """

    _fd = -1  # until there is one

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        _bells.add(self)

    def fileno(self) -> int:
        """Return the descriptor; it is closed with this object."""
        return self._fd

    def has_rung(self) -> bool:
        """Return whether it has rung since this was asked last."""
        with contextlib.suppress(BlockingIOError):
            return os.eventfd_read(self._fd) > 0
        return False

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)


_bells: weakref.WeakSet[Bell] = weakref.WeakSet()

os.register_at_fork(after_in_child=_bells.clear)  # they are the parent's


def ring() -> None:
    """Let all bells ring."""
    for bell in list(_bells):
        os.eventfd_write(bell.fileno(), 1)
