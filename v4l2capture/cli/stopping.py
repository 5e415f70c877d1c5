# SPDX-License-Identifier: MIT
"""Ending at a good moment: Ctrl-C and SIGTERM wait until the frame is written."""

from __future__ import annotations

import os
import select
import signal
import threading
from types import TracebackType
from typing import Any

__all__ = ["Stop"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Notes a signal instead of dying of it; a second one does what it always does.

    Attributes:
        signal: Number of the signal that came, or 0.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._before: dict[int, Any] = {}

    def wait(self, fd: int, seconds: float) -> bool:
        """Wait until ``fd`` is readable or a signal comes; return False after ``seconds``."""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        return bool(poll.poll(max(0.0, seconds) * 1000))

    def _note(self, number: int, _frame: object) -> None:
        self.signal = number
        os.eventfd_write(self._wake, 1)
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is not threading.main_thread():
            return self  # only the main thread may
        for number in _SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # nohup wants it so
            # Shells start jobs behind & with SIGINT ignored; kill -INT shall end them still.
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._restore()
        os.close(self._wake)
