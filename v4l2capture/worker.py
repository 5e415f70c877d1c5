# SPDX-License-Identifier: MIT
"""A thread for calls that may take long, so that the event loop never waits for a driver."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

__all__ = ["Outcome", "Worker", "rejected", "resolved"]

_log = logging.getLogger(__name__)

_T = TypeVar("_T")
_R = TypeVar("_R")


class Withdrawn(Exception):  # noqa: N818
    """The call was cancelled before it began."""


class Outcome(Generic[_T]):
    """What a call returned or raised; for one look."""

    __slots__ = ("_error", "_result")

    def __init__(self, call: Callable[[], _T] | None) -> None:
        self._result: Any = None
        self._error: BaseException | None = None
        if call is None:
            self._error = Withdrawn()
            return
        try:
            self._result = call()
        except BaseException as error:
            self._error = error
        finally:
            del call

    def result(self) -> _T:
        """Return what it returned, or raise what it raised."""
        # An error knows the frames that it went through: it shall not keep itself alive.
        error, self._error = self._error, None
        try:
            if error is not None:
                raise error
        finally:
            del error
        result: _T = self._result
        return result


class Worker:
    """Makes calls one after another, in the order in which they were asked for.

    There is a thread only while there is work, so nobody has to close a worker, and one that
    is forgotten leaves nothing behind. The interpreter does not end in the middle of a call.

    Synchronization: any method from any thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._begin()
        _workers.add(self)

    def _begin(self) -> None:
        # A garbage collection inside of post() may post as well.
        self._lock = threading.RLock()
        self._calls: deque[Callable[[], None]] = deque()
        self._works = False

    def post(self, call: Callable[[], object]) -> None:
        """Make a call some time; nobody waits for it, and the log tells what goes wrong."""
        self._add(partial(_carry_out_alone, call))

    def submit(
        self,
        loop: asyncio.AbstractEventLoop,
        call: Callable[[], _T],
        then: Callable[[Outcome[_T]], _R],
    ) -> asyncio.Future[_R]:
        """Make a call, and tell the event loop.

        A future that is cancelled before its call has begun takes the call back. Afterwards it
        does not: what is being written is written to the end.

        Args:
            then: Called in the loop with the outcome, also when the future was cancelled.
                What it returns or raises is what the future gets.
        """
        promise: asyncio.Future[_R] = loop.create_future()
        self._add(partial(_carry_out, loop, promise, call, then))
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


_workers: weakref.WeakSet[Worker] = weakref.WeakSet()


def _renew() -> None:
    """In a forked child: neither the threads are there, nor who waits for what they do."""
    for worker in list(_workers):
        worker._begin()


os.register_at_fork(after_in_child=_renew)


def _carry_out_alone(call: Callable[[], object]) -> None:
    try:
        call()
    except Exception as error:
        _log.warning("%s", error)


def _carry_out(
    loop: asyncio.AbstractEventLoop,
    promise: asyncio.Future[_R],
    call: Callable[[], _T],
    then: Callable[[Outcome[_T]], _R],
) -> None:
    outcome = Outcome(None if promise.cancelled() else call)
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(_settle, promise, outcome, then)
    del promise, outcome, call, then  # an error knows its frames, and those from which they came


def _settle(
    promise: asyncio.Future[_R], outcome: Outcome[_T], then: Callable[[Outcome[_T]], _R]
) -> None:
    answer = Outcome(partial(then, outcome))
    if promise.done():
        return
    try:
        promise.set_result(answer.result())
    except BaseException as error:
        promise.set_exception(error)
    finally:
        del promise, outcome, answer, then


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
