# SPDX-License-Identifier: MIT
"""Waiting: seconds become milliseconds, and descriptors go with the last one who waits."""

import gc
import math
import os
import threading
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from v4l2capture.waiting import FOREVER, Waiter, milliseconds


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, FOREVER),
        (0, 0),
        (0.0, 0),
        (-0.0, 0),
        (1, 1000),
        (0.0001, 1),  # rounded up: 0 would not wait at all
        (1.0001, 1001),
        (Fraction(1, 3), 334),
        (Decimal("0.25"), 250),
        (np.float32(0.5), 500),
        (np.int64(2), 2000),
        (1e9, 0x7FFFFFFF),  # beyond what the system call takes
        (math.inf, 0x7FFFFFFF),
    ],
)
def test_seconds_become_milliseconds(seconds, expected):
    assert milliseconds(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "error"),
    [
        (-1, ValueError),
        (-1e-9, ValueError),
        (math.nan, ValueError),
        (-math.inf, ValueError),
        (True, TypeError),
        ("1", TypeError),
        (b"1", TypeError),
        ([1], TypeError),
        (1j, TypeError),
        (object(), TypeError),
    ],
)
def test_what_is_no_time_is_refused(seconds, error):
    with pytest.raises(error):
        milliseconds(seconds)


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_nothing_to_fetch_is_told_after_the_time():
    begin = time.monotonic()

    assert Waiter().wait(20) == 0
    assert time.monotonic() - begin >= 0.02


def test_wake_ends_waits_now_and_later():
    waiter = Waiter()
    waiter.wake()

    assert waiter.wait(FOREVER) == 1
    assert waiter.wait(0) == 1


def test_wake_from_another_thread():
    waiter = Waiter()
    timer = threading.Timer(0.02, waiter.wake)
    timer.start()

    assert waiter.wait(10_000) == 1
    timer.join()


def test_descriptors_go_with_it():
    gc.collect()
    before = descriptors()
    waiters = [Waiter() for _ in range(10)]
    during = descriptors()
    waiters.clear()

    assert during - before == 20
    assert descriptors() == before


def test_descriptors_stay_while_somebody_waits():
    """A number that is given to another file would make the thread wait for that."""
    waiter = Waiter()
    kept = []
    thread = threading.Thread(target=lambda it: kept.append(it.wait(10_000)), args=(waiter,))
    thread.start()
    number, wake = waiter.fileno(), waiter.wake
    del waiter
    open_meanwhile = os.fstat(number)

    wake()
    thread.join()

    assert open_meanwhile
    assert kept == [1]


@pytest.mark.parametrize("call", ["epoll", "eventfd"])
def test_too_many_open_files_is_an_os_error_and_leaks_nothing(monkeypatch, call):
    """The destructor must not complain about what was never made."""

    def fail(*_):
        raise OSError(24, "Too many open files")

    target = "v4l2capture.waiting.select.epoll" if call == "epoll" else "os.eventfd"
    gc.collect()
    before = descriptors()
    monkeypatch.setattr(target, fail)

    with pytest.raises(OSError, match="Too many"):
        Waiter()
    monkeypatch.undo()
    gc.collect()

    assert descriptors() == before
