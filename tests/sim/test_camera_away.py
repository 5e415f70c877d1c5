# SPDX-License-Identifier: MIT
"""A camera that is away: who waits for it, who does not, and who looks for it."""

import gc
import os
import signal
import threading
import time

import pytest

from v4l2capture import (
    Camera,
    CaptureTimeout,
    ClosedError,
    DeviceGoneError,
)
from v4l2capture import absence as absence_module
from v4l2capture.waiting import Waiter

from ..waits import Doing, wait_until_away
from .lanes import mappings, open_fds


@pytest.fixture
def looks(monkeypatch):
    """The cameras that somebody has looked for."""
    found = []
    find = absence_module.find_again

    def find_again(info):
        found.append(info.path)
        return find(info)

    monkeypatch.setattr(absence_module, "find_again", find_again)
    return found


def test_reopen_waits_for_the_plug(sim, looks):
    with Camera(sim.path) as camera:
        sim.unplug()
        doing = Doing(lambda: camera.reopen(timeout=None))
        wait_until_away(camera)

        sim.replug()
        doing.end()

        assert camera.settings.width == 640
        assert len(looks) <= 2  # at first, and when it was told


def test_camera_that_is_there_stays_open(sim, looks):
    with Camera(sim.path, on_disconnect="wait") as camera:
        device = camera.device

        camera.apply_constraints(zoom=200)
        camera.take_photo(image_width=320)
        camera.read()

        assert camera.device is device
        assert looks == []


@pytest.mark.quirk("unplugged")
def test_reader_goes_on_when_the_camera_is_back(sim, looks):
    with Camera(sim.path, on_disconnect="wait") as camera:
        camera.apply_constraints(width={"exact": 320}, zoom=200)
        kept = camera.read()
        pixels = bytes(kept.planes[0])
        sim.unplug()
        reading = Doing(lambda: camera.read(timeout=None))
        wait_until_away(camera)

        sim.replug()
        frame = reading.end()

        assert (frame.format.width, camera.settings.zoom) == (320, 200)
        assert bytes(kept.planes[0]) == pixels
        assert len(looks) <= 4


@pytest.mark.parametrize(
    "take",
    [
        lambda camera: camera.grab_frame(timeout=10),
        lambda camera: camera.take_photo(image_width=1280),
        lambda camera: camera.take_photos(2)[0],
        lambda camera: camera.bracket(image_width=640, exposure_time=[10, 20])[0],
    ],
    ids=["frame", "photo", "photos", "bracket"],
)
def test_pictures_are_taken_when_the_camera_is_back(sim, take):
    with Camera(sim.path, on_disconnect="wait") as camera:
        sim.unplug()
        taking = Doing(lambda: take(camera))
        wait_until_away(camera)

        sim.replug()

        assert taking.end().width


def test_others_do_not_wait_for_who_waits(sim):
    with Camera(sim.path, on_disconnect="wait") as camera:
        sim.unplug()
        reading = [Doing(lambda: camera.read(timeout=None)) for _ in range(2)]
        wait_until_away(camera)

        with pytest.raises(DeviceGoneError):
            _ = camera.settings
        with pytest.raises(CaptureTimeout):
            camera.read(timeout=0.01)
        assert not camera.health().streaming

        sim.replug()
        assert [each.end().ok for each in reading] == [True] * 2


def test_camera_that_is_back_is_found_by_who_does_not_wait(sim):
    with Camera(sim.path, on_disconnect="wait") as camera:
        camera.apply_constraints(zoom=200)
        sim.unplug()
        with pytest.raises(DeviceGoneError):
            _ = camera.settings
        sim.replug()

        assert camera.settings.zoom == 200


def test_stop_holds_while_the_camera_is_away(sim):
    with Camera(sim.path, on_disconnect="wait") as camera:
        camera.start()
        sim.unplug()
        with pytest.raises(CaptureTimeout):
            camera.read(timeout=0)
        camera.stop()
        sim.replug()

        camera.reopen()

        assert camera.stream is None


def test_close_ends_the_waiting(sim, looks):
    camera = Camera(sim.path, on_disconnect="wait")
    sim.unplug()
    reading = Doing(lambda: camera.read(timeout=None))
    while len(looks) < 2:  # the first one is that of who does not wait
        time.sleep(0.001)

    camera.close()

    with pytest.raises(ClosedError):
        reading.end()
    assert camera.closed


def test_interrupt_ends_the_waiting_and_nothing_else(sim):
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with Camera(sim.path, on_disconnect="wait") as camera:
            sim.unplug()
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(KeyboardInterrupt):
                camera.read(timeout=None)
            sim.replug()

            assert camera.read().ok
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_nobody_asks_again_and_again(sim, looks, monkeypatch):
    waits, wait = [], Waiter.wait
    with Camera(sim.path, on_disconnect="wait") as camera:
        camera.start()
        sim.unplug()
        camera._link.source.opened -= 1  # else it waits only for the moment of its first look
        monkeypatch.setattr(Waiter, "wait", lambda *args: waits.append(1) or wait(*args))

        with pytest.raises(CaptureTimeout, match=r"was unplugged from sim:.* within 0\.[34] s"):
            camera.read(timeout=0.4)

        assert len(looks) == 1
        assert len(waits) <= 4


def test_camera_that_goes_each_time_is_not_asked_all_the_time(sim, looks):
    with Camera(sim.path, on_disconnect="wait") as camera:
        sim.fault("ioctl_error", request="VIDIOC_DQBUF", value=19)

        with pytest.raises((CaptureTimeout, DeviceGoneError)):
            camera.read(timeout=1.2)

        assert 1 <= len(looks) <= 4


def test_nothing_is_left_of_coming_and_going(sim):
    def cycle():
        reading = Doing(lambda: camera.read(timeout=None))
        reading.end()
        sim.unplug()
        reading = Doing(lambda: camera.read(timeout=None))
        wait_until_away(camera)
        sim.replug()
        assert reading.end().ok
        del reading
        gc.collect()
        return open_fds(), mappings(sim.path), threading.active_count(), sim.handles

    with Camera(sim.path, on_disconnect="wait") as camera:
        before = cycle()

        assert [cycle() for _ in range(3)] == [before] * 3


def test_child_does_not_open_a_camera_that_was_away(sim):
    with Camera(sim.path, on_disconnect="wait") as camera:
        sim.unplug()
        with pytest.raises(CaptureTimeout):
            camera.reopen()

        child = os.fork()
        if child == 0:
            try:
                camera.read(0)
            except ClosedError:
                os._exit(7 if camera.closed else 1)
            finally:
                os._exit(2)

        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert not camera.closed


# ---- arguments ----


@pytest.mark.parametrize("name", ["on_disconnect", "on_stall"])
def test_unknown_policy_is_refused(sim, name):
    with pytest.raises(ValueError, match=f"{name}='hope': give 'raise' or "):
        Camera(sim.path, **{name: "hope"})
    assert sim.handles == 0


@pytest.mark.parametrize("timeout", [-1, float("nan"), "soon"])
def test_bad_timeout_is_refused_before_anything_is_done(sim, timeout):
    with Camera(sim.path) as camera:
        for call in (camera.reopen, camera.read):
            with pytest.raises((ValueError, TypeError)):
                call(timeout)
        assert camera.settings
        assert camera.stream is None
