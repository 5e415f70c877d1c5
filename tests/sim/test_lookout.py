# SPDX-License-Identifier: MIT
"""Waiting for cameras to come: news are told once, and a wake ends all waiting."""

import math
import os
import threading
import time

import pytest

from v4l2capture import DeviceError, SimulatedCamera
from v4l2capture import devicewatch as devicewatch_module
from v4l2capture.bell import Bell, ring
from v4l2capture.lookout import Lookout

from .lanes import open_fds


@pytest.fixture
def nodes(tmp_path, monkeypatch):
    """A directory that is watched instead of /dev."""
    monkeypatch.setattr(devicewatch_module, "DIRECTORY", tmp_path)
    return tmp_path


def soon():
    return time.monotonic() + 10


def now():
    return time.monotonic()


def test_node_that_comes_is_news_once(nodes):
    lookout = Lookout()
    assert not lookout.news(now())

    (nodes / "video3").touch()

    assert lookout.news(soon())
    assert not lookout.news(now())


def test_node_that_came_before_is_no_news(nodes):
    (nodes / "video3").touch()

    assert not Lookout().news(now())


def test_other_nodes_are_no_news(nodes):
    lookout = Lookout()

    (nodes / "ttyUSB0").touch()

    assert not lookout.news(now() + 0.01)


def test_simulated_plugs_are_news(nodes):
    camera = SimulatedCamera("webcam")
    lookout = Lookout()

    camera.unplug()
    assert lookout.news(soon())
    camera.replug()
    assert lookout.news(soon())
    assert not lookout.news(now())


def test_wake_ends_all_waiting(nodes):
    lookout = Lookout()
    waiting = threading.Thread(target=lookout.news, args=(math.inf,))
    waiting.start()

    lookout.wake()
    waiting.join(10)

    assert not waiting.is_alive()
    assert lookout.news(math.inf)


def test_too_many_watches_are_an_error(monkeypatch):
    monkeypatch.setattr(devicewatch_module, "DIRECTORY", "/nowhere")
    before = open_fds()

    with pytest.raises(DeviceError, match="inotify_add_watch on /nowhere"):
        Lookout()

    assert open_fds() == before


def test_nothing_is_left_of_a_lookout(nodes):
    before = open_fds()

    for _ in range(3):
        Lookout().news(now())

    assert open_fds() == before


def test_child_of_a_fork_rings_no_bell_of_its_parent():
    bell = Bell()

    child = os.fork()
    if child == 0:
        try:
            ring()
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    assert not bell.has_rung()
    ring()
    assert bell.has_rung()
    assert not bell.has_rung()
