# SPDX-License-Identifier: MIT
"""Ending at a good moment: Ctrl-C and SIGTERM wait until what may not be cut off is done."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

__all__ = ["Ended", "Ending", "Stop"]

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

    def __enter__(self) -> Self:
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


class Ended(BaseException):
    """A signal came. Nothing may take it for a failure, so it is no ``Exception``."""


class Ending(Stop):
    """Notes a signal, and lets it cut off what may be cut off; more of them change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._may_cut = False

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let a signal raise :class:`Ended` in here, also one that has come before."""
        self._may_cut = True
        try:
            self._check()
            yield
            self._check()  # some code swallows every exception: finalizers
        finally:
            self._may_cut = False

    def _check(self) -> None:
        if self.signal:
            raise Ended

    def _note(self, number: int, _frame: object) -> None:
        if not self.signal:
            self.signal = number
            if self._may_cut:
                raise Ended
