# SPDX-License-Identifier: MIT
"""Ending at a good moment: Ctrl-C and SIGTERM wait until what may not be cut off is done."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

__all__ = ["Ended", "Ending", "Stop"]

_LONGEST = 24 * 24 * 3600.0  # seconds: longer, as milliseconds, is too much for the kernel

_BETWEEN_CALLS = 200  # milliseconds; what takes long may have begun after the first

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

    def wait(self, fd: int, seconds: float | None) -> bool:
        """Wait until ``fd`` is readable or a signal comes; return False after ``seconds``."""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        left = None if seconds is None else min(max(0.0, seconds), _LONGEST) * 1000
        return bool(poll.poll(left))

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


class Ended(Exception):  # noqa: N818 (it is no error)
    """A signal came, and what it ended is put back."""


class Ending(Stop):
    """Notes a signal, and calls off what would take long; more of them change nothing.

    Nothing is raised in the middle of something: it could be what puts the camera back.
    """

    @contextmanager
    def calling_off(self, call: Callable[[], None]) -> Iterator[None]:
        """Let a signal in here be followed by calls from another thread, until this ends."""
        done = os.eventfd(0, os.EFD_CLOEXEC)
        thread = threading.Thread(target=self._call_off, args=(call, done), daemon=True)
        thread.start()
        try:
            yield
        finally:
            os.eventfd_write(done, 1)
            thread.join()
            os.close(done)

    def _call_off(self, call: Callable[[], None], done: int) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # they wake the main thread up
        self.wait(done, None)
        ended = select.poll()
        ended.register(done, select.POLLIN)
        while self.signal:
            call()
            if ended.poll(_BETWEEN_CALLS):
                break

    def check(self) -> None:
        """Raise :class:`Ended` if a signal has come."""
        if self.signal:
            raise Ended

    def sleep(self, seconds: float) -> None:
        """Sleep, but not longer than until a signal comes."""
        self.wait(self._wake, seconds)

    def _note(self, number: int, _frame: object) -> None:
        if not self.signal:
            self.signal = number
            os.eventfd_write(self._wake, 1)
