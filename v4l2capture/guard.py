# SPDX-License-Identifier: MIT
"""Signals while something has to be put back: the program ends, but only after that."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["ending_in_order", "undisturbed"]


_blocks: set[object] = set()  # that are being run; one may begin before another ends
_ends = False  # a signal came while there were any

# A child has nothing to put back: the camera is its parent's.
os.register_at_fork(after_in_child=_blocks.clear)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let SIGTERM raise ``SystemExit`` inside, so that what is in ``finally`` still happens.

    Nothing is done where the program has a handler of its own, or in a thread that is not
    the main one: Python lets no other thread have a handler. A block may end in any thread.
    """
    global _ends
    if not _is_main() or signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, _end):
        yield
        return
    block = object()
    _blocks.add(block)
    signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        _blocks.discard(block)
        if not _blocks:
            _ends = False
            # Another thread leaves the handler behind, which does then what there was before.
            if _is_main() and signal.getsignal(signal.SIGTERM) is _end:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until what is inside is done; a second one does not wait.

    Nothing is done where a handler of the program answers them, or in a thread that is not
    the main one, which they do not disturb.
    """
    if not _is_main():
        yield
        return
    waiting: list[int] = []
    handlers: dict[int, Any] = {}

    def note(number: int, frame: FrameType | None) -> None:
        if waiting:
            handlers[number](number, frame)
        waiting.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        if handler in (signal.default_int_handler, _end):
            handlers[number] = handler
            signal.signal(number, note)
    try:
        yield
    finally:
        for noted, handler in handlers.items():
            signal.signal(noted, handler)
        if len(waiting) == 1:
            handlers[waiting[0]](waiting[0], None)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _end(number: int, _frame: FrameType | None) -> None:
    global _ends
    if not _blocks:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    elif not _ends:  # a second one would stop the putting back
        _ends = True
        raise SystemExit(128 + number)
