# SPDX-License-Identifier: MIT
"""Calls in a thread: in their order, to their end, and nothing is left of them."""

import asyncio
import contextlib
import gc
import logging
import threading
import weakref

import pytest

from v4l2capture.worker import Outcome, Withdrawn, Worker


@pytest.fixture
def worker():
    return Worker("test worker")


def submit(worker, call, then=Outcome.result):
    return worker.submit(asyncio.get_running_loop(), call, then)


async def test_calls_are_made_in_their_order_in_another_thread(worker):
    made = []

    def call(number):
        made.append((number, threading.current_thread().name))

    await asyncio.gather(*(submit(worker, lambda n=n: call(n)) for n in range(50)))

    assert made == [(n, "test worker") for n in range(50)]


async def test_there_is_a_thread_only_while_there_is_work(worker):
    done = threading.Event()
    call = submit(worker, done.wait)
    (thread,) = (each for each in threading.enumerate() if each.name == "test worker")

    done.set()
    await call
    thread.join(10)

    assert not thread.is_alive()
    assert await submit(worker, lambda: 5) == 5


async def test_error_goes_to_who_asked(worker):
    with pytest.raises(ZeroDivisionError):
        await submit(worker, lambda: 1 / 0)


async def test_what_comes_after_may_answer_otherwise(worker):
    def then(outcome):
        assert threading.current_thread() is threading.main_thread()
        with pytest.raises(ZeroDivisionError):
            outcome.result()
        raise LookupError

    with pytest.raises(LookupError):
        await submit(worker, lambda: 1 / 0, then)


async def test_call_that_has_not_begun_can_be_taken_back(worker):
    made, told, go_on = [], [], threading.Event()

    def then(outcome):
        with pytest.raises(Withdrawn):
            outcome.result()
        told.append(1)

    first = submit(worker, lambda: go_on.wait(10))
    second = submit(worker, lambda: made.append(2), then)
    second.cancel()
    go_on.set()
    await first
    await submit(worker, lambda: None)

    assert made == []
    assert told == [1]


async def test_call_that_has_begun_is_made_to_its_end(worker):
    begun, go_on, told = threading.Event(), threading.Event(), asyncio.Event()

    def call():
        begun.set()
        return go_on.wait(10)

    promise = submit(worker, call, lambda outcome: outcome.result() and told.set())
    await asyncio.to_thread(begun.wait, 10)
    promise.cancel()
    go_on.set()

    await asyncio.wait_for(told.wait(), 10)


async def test_results_and_errors_do_not_wait_for_the_garbage_collector(worker):
    class Thing:
        pass

    class FailureError(Exception):
        def __init__(self):
            alive.add(self)

    def fail():
        raise FailureError

    alive = weakref.WeakSet()
    gc.disable()
    try:
        thing = weakref.ref(await submit(worker, Thing))
        with contextlib.suppress(FailureError):  # pytest.raises() makes a circle
            await submit(worker, fail)
        await submit(worker, lambda: None)

        assert thing() is None
        assert len(alive) == 0
    finally:
        gc.enable()


def test_event_loop_may_be_closed_meanwhile(worker):
    go_on, made = threading.Event(), []
    loop = asyncio.new_event_loop()
    worker.submit(loop, lambda: go_on.wait(10), made.append)
    loop.close()

    worker.post(lambda: made.append("later"))
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "test worker":
            thread.join(10)

    assert made == ["later"]


async def test_log_tells_what_nobody_waits_for(worker, caplog):
    def fail():
        raise LookupError("lost")

    with caplog.at_level(logging.WARNING):
        worker.post(fail)
        await submit(worker, lambda: None)

    assert "lost" in caplog.text


def test_calls_are_made_also_when_there_are_no_new_threads(worker, monkeypatch):
    """As at the end of the interpreter."""

    def refuse(_):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    made = []

    worker.post(lambda: made.append(1))

    assert made == [1]
