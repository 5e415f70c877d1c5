# SPDX-License-Identifier: MIT
"""SIGTERM while something has to be put back: the program ends, but only after that."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

__all__ = ["ending_in_order"]


_inside = 0  # blocks that are being run, of which one may begin before another ends


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let SIGTERM raise ``SystemExit`` inside, so that what is in ``finally`` still happens.

    Nothing is done where the program has a handler of its own, or in a thread that is not
    the main one: Python lets no other thread have a handler.
    """
    global _inside
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, _end):
        yield
        return
    _inside += 1
    signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        _inside -= 1
        if not _inside:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # a second one would stop the putting back
    raise SystemExit(128 + number)
