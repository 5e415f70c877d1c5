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


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let SIGTERM raise ``SystemExit`` inside, so that what is in ``finally`` still happens.

    Nothing is done where the program has a handler of its own, or in a thread that is not
    the main one: Python lets no other thread have a handler.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(
        number, signal.SIG_IGN
    )  # once is enough; a second one would stop the putting back
    raise SystemExit(128 + number)
