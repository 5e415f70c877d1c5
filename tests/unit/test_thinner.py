# SPDX-License-Identifier: MIT
"""Frames are left out evenly, whatever the clock of the camera is like."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v4l2capture.videoframe import Thinner


def taken(times, rate, native):
    thinner = Thinner()
    return [time for time in times if thinner.takes(time, rate, native)]


@pytest.mark.parametrize(
    ("rate", "native", "every"),
    [
        *((30, 30, 1), (15, 30, 2), (10, 30, 3), (1, 30, 30), (None, 30, 1), (0, 30, 1)),
        *((29.97, 30000 / 1001, 1), (9.99, 30000 / 1001, 3), (7.5, 60, 8)),
    ],
)
def test_every_nth_frame_is_taken(rate, native, every):
    times = [round(n * 1e9 / native) for n in range(200)]

    assert taken(times, rate, native) == times[::every]


@given(
    rate=st.sampled_from([1, 2, 5, 7.5, 10, 15]),
    jitter=st.lists(st.floats(-0.2, 0.2), min_size=100, max_size=100),
)
def test_uneven_clock_changes_nothing(rate, jitter):
    times = [round((n + off) * 1e9 / 30) for n, off in enumerate(jitter)]

    found = taken(times, rate, 30)

    every = round(30 / rate)
    assert len(found) == pytest.approx(100 / every, abs=1)
    assert all(abs((b - a) * 30 / 1e9 - every) < 0.9 for a, b in pairwise(found))


def test_camera_that_is_slower_than_it_says_loses_no_more_than_it_must():
    """In the dark, a camera of 30 frames/s makes 12; of these, a track of 10 gets most."""
    times = [round(n * 1e9 / 12) for n in range(120)]

    assert len(taken(times, 10, 30)) >= 60


def test_rate_of_a_camera_that_does_not_know_its_own():
    times = [n * 33_333_333 for n in range(90)]

    assert len(taken(times, 10, None)) == pytest.approx(30, abs=3)


@pytest.mark.parametrize("jump", [-1, -3600, 3600], ids="{} s".format)
def test_clock_may_jump(jump):
    before = [n * 33_333_333 for n in range(30)]
    after = [time + jump * 1_000_000_000 + 1_000_000_000 for time in before]

    found = taken([*before, *after], 10, 30)

    assert len(found) == pytest.approx(20, abs=2)
