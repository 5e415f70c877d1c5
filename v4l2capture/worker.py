# SPDX-License-Identifier: MIT
"""A thread for calls that may take long, so that the event loop never waits for a driver."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

__all__ = ["Worker", "rejected", "resolved"]

_T = TypeVar("_T")
_R = TypeVar("_R")


class Worker:
    """Makes calls one after another, in the order in which they were asked for.

    There is a thread only while there is work, so nobody has to close a worker, and one that
    is forgotten leaves nothing behind. The interpreter does not end in the middle of a call.

    Synchronization: any method from any thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._calls: deque[Callable[[], None]] = deque()
        self._works = False

    def post(self, call: Callable[[], object]) -> None:
        """Make a call some time; what it returns is dropped, and so is what goes wrong."""
        self._add(partial(_carry_out, Future(), call))

    def submit(
        self,
        loop: asyncio.AbstractEventLoop,
        call: Callable[[], _T],
        then: Callable[[Future[_T]], _R],
    ) -> asyncio.Future[_R]:
        """Make a call, and tell the event loop.

        A future that is cancelled before its call has begun takes the call back. Afterwards it
        does not: what is being written is written to the end.

        Args:
            then: Called in the loop with the outcome, also when the future was cancelled.
                What it returns or raises is what the future gets.
        """
        promise: asyncio.Future[_R] = loop.create_future()
        outcome: Future[_T] = Future()
        promise.add_done_callback(lambda done: done.cancelled() and outcome.cancel())

        def tell(_: Future[_T]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, promise, outcome, then)

        outcome.add_done_callback(tell)
        self._add(partial(_carry_out, outcome, call))
        return promise

    def _add(self, call: Callable[[], None]) -> None:
        with self._lock:
            self._calls.append(call)
            if self._works:
                return
            self._works = True
        try:
            threading.Thread(target=self._work, name=self._name).start()
        except RuntimeError:  # the interpreter is about to end: there are no new threads
            self._work()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._calls:
                    self._works = False
                    return
                call = self._calls.popleft()
            call()
            del call  # what it refers to shall not wait for the next one


def _carry_out(outcome: Future[Any], call: Callable[[], Any]) -> None:
    if not outcome.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:
        outcome.set_exception(error)
    else:
        outcome.set_result(result)


def _settle(
    promise: asyncio.Future[_R], outcome: Future[_T], then: Callable[[Future[_T]], _R]
) -> None:
    try:
        result = then(outcome)
    except Exception as error:
        if not promise.done():
            promise.set_exception(error)
    else:
        if not promise.done():
            promise.set_result(result)


def resolved(loop: asyncio.AbstractEventLoop, result: _T) -> asyncio.Future[_T]:
    """Return a future that has its result."""
    future = loop.create_future()
    future.set_result(result)
    return future


def rejected(loop: asyncio.AbstractEventLoop, error: Exception) -> asyncio.Future[Any]:
    """Return a future that has its error."""
    future = loop.create_future()
    future.set_exception(error)
    return future
