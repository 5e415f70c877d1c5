# SPDX-License-Identifier: MIT
"""Time, and the descriptors that tell of it."""

import select
import time
from itertools import pairwise

import pytest

from v4l2capture import SimulatedCamera
from v4l2capture._native import lib

from .simulated import Node, profile

IN, PRI = select.EPOLLIN, select.EPOLLPRI
ADD, DELETE = 1, 2  # EPOLL_CTL_*


class Watch:
    """An epoll of the test's own on a node."""

    def __init__(self, node, events):
        self._epoll = select.epoll()
        self._node, self._events = node, events
        assert lib.vc_device_watch(node.dev, self._epoll.fileno(), ADD, events) == 0

    def ready(self, timeout=0.0):
        return bool(self._epoll.poll(timeout))

    def stop(self):
        return lib.vc_device_watch(self._node.dev, self._epoll.fileno(), DELETE, self._events)


@pytest.fixture
def node():
    return Node(SimulatedCamera(profile(), clock="manual"))


def test_descriptor_is_ready_while_a_frame_waits(node):
    node.start(3)
    watch = Watch(node, IN)
    states = [watch.ready()]
    node.camera.tick(2)
    states.append(watch.ready())
    node.dqbuf()
    states.append(watch.ready())
    node.dqbuf()
    states.append(watch.ready())

    assert states == [False, True, True, False]


def test_not_streaming_is_ready_as_the_error_of_poll_is(node):
    watch = Watch(node, IN)
    states = [watch.ready()]
    node.start()
    states.append(watch.ready())
    node.stream(False)
    states.append(watch.ready())

    assert states == [True, False, True]


def test_watch_ends(node):
    node.start()
    watch = Watch(node, IN)
    node.camera.tick()

    assert watch.stop() == 0
    assert not watch.ready()


def test_events_and_frames_are_told_apart(node):
    node.start()
    frames, events = Watch(node, IN), Watch(node, PRI)
    node.subscribe(5)
    node.camera.source_change()
    states = [(frames.ready(), events.ready())]
    node.event()
    node.camera.tick()
    states.append((frames.ready(), events.ready()))

    assert states == [(False, True), (True, False)]


def test_unplugging_wakes_both(node):
    node.start()
    frames, events = Watch(node, IN), Watch(node, PRI)

    node.camera.unplug()

    assert frames.ready()
    assert events.ready()


def test_real_clock_cannot_be_ticked():
    with pytest.raises(ValueError, match="real clock"):
        SimulatedCamera(profile()).tick()


def test_real_clock_delivers_when_the_frame_is_due():
    node = Node(SimulatedCamera(profile()))
    node.start(4)
    begin = time.monotonic()
    watch = Watch(node, IN)

    early = watch.ready()
    stamps = []
    for _ in range(3):
        assert watch.ready(5.0)
        rc, buf = node.dqbuf()
        assert rc == 0
        stamps.append(buf.timestamp.secs + buf.timestamp.usecs / 1e6)
    took = time.monotonic() - begin

    assert not early
    assert 0.099 <= took < 5
    assert [round(b - a, 3) for a, b in pairwise(stamps)] == [0.033, 0.033]
    assert abs(stamps[0] - begin) < 1  # of the first exposure, on CLOCK_MONOTONIC


def test_late_reader_finds_all_frames_and_the_gap():
    node = Node(SimulatedCamera(profile()))
    node.start(2)
    deadline = time.monotonic() + 5
    while node.camera.frames < 4 and time.monotonic() < deadline:
        time.sleep(0.01)

    first = [node.dqbuf()[1].sequence for _ in range(2)]
    node.qbuf(0)
    assert Watch(node, IN).ready(5.0)

    assert first == [0, 1]
    assert node.dqbuf()[1].sequence >= 4


def test_nobody_is_woken_for_frames_without_a_buffer():
    node = Node(SimulatedCamera(profile()))
    node.start(1)
    watch = Watch(node, IN)
    assert watch.ready(5.0)
    node.dqbuf()

    assert not watch.ready(0.1)
