# SPDX-License-Identifier: MIT
"""The engine when a driver, a signal or another thread gets in its way: nothing stays changed."""

import math
import signal
import threading

import pytest

from v4l2capture import (
    BandwidthError,
    Camera,
    CaptureError,
    Device,
    DeviceError,
    OverconstrainedError,
    SimulatedCamera,
)
from v4l2capture import lamp as lamp_module
from v4l2capture import shooting as shooting_module


def values(sim):
    with Device(sim.path) as device:
        return device.controls.read(), device.format


@pytest.fixture
def interrupted():
    """Ctrl-C, shortly."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


# ---- constraints ----


def test_interrupted_wait_for_a_motor_puts_everything_back(sim, interrupted):
    with Camera(sim.path) as camera:
        before = values(sim)
        sim.fault("control_ignored", control="pan_absolute")
        interrupted(0.3)

        with pytest.raises(KeyboardInterrupt):
            camera.apply_constraints(zoom={"exact": 200}, pan={"exact": 3600})

        assert values(sim) == before


@pytest.mark.parametrize("fault", ["enospc", "streamon_error"])
def test_stream_is_on_again_after_a_size_that_cannot_be_streamed(sim, fault):
    with Camera(sim.path) as camera:
        camera.start()
        before = values(sim)
        sim.fault(fault, count=1)

        with pytest.raises(DeviceError):
            camera.apply_constraints(width={"exact": 1280}, height={"exact": 720})

        assert values(sim) == before
        assert camera.stream.read(timeout=5).format.width == 640


def test_exposure_that_a_size_cut_short_is_back_when_the_size_is_refused():
    sim = SimulatedCamera("sensor")
    with Camera(sim.path) as camera:
        before = [node.controls.read() for node in camera.nodes]
        sim.fault("control_eio", control="focus_absolute", count=2)  # once would be tried again

        with pytest.raises(OverconstrainedError):
            camera.apply_constraints(width={"exact": 640}, focus_distance={"exact": 100})

        assert [node.controls.read() for node in camera.nodes] == before


@pytest.mark.parametrize("value", [1e308, 5e-324, {"ideal": 1e308}, {"ideal": 5e-324}], ids=str)
@pytest.mark.parametrize("name", ["aspectRatio", "frameRate", "zoom", "exposureTime", "pan"])
def test_wish_beyond_all_bounds_is_met_as_far_as_possible(sim, name, value):
    with Camera(sim.path) as camera:
        camera.apply_constraints({name: value})

        assert camera.settings


@pytest.mark.parametrize("value", [1e308, 5e-324, {"min": 1e308}, {"max": 5e-324}], ids=str)
@pytest.mark.parametrize("name", ["aspectRatio", "zoom", "exposureTime"])
def test_requirement_beyond_all_bounds_is_impossible(sim, name, value):
    with Camera(sim.path) as camera:
        before = values(sim)

        with pytest.raises(OverconstrainedError) as caught:
            camera.apply_constraints({name: value if isinstance(value, dict) else {"exact": value}})

        assert caught.value.constraint == name
        assert values(sim) == before


# ---- wrong arguments ----


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda camera: camera.grab_frame(timeout=-1), ValueError),
        (lambda camera: camera.grab_frame(timeout=math.nan), ValueError),
        (lambda camera: camera.grab_frame(timeout=True), TypeError),
        (lambda camera: camera.take_photo(timeout=math.nan), ValueError),
        (lambda camera: camera.take_photo(timeout="5"), TypeError),
        (lambda camera: camera.take_photo(tags=["Artist"]), TypeError),
        (lambda camera: camera.bracket(exposure_time=[None]), TypeError),
        (lambda camera: camera.bracket(exposure_time=[100], timeout=-1), ValueError),
        (lambda camera: Camera(camera.device, base_iso="100"), ValueError),
        (lambda camera: Camera(camera.device, base_iso=math.nan), ValueError),
        (lambda camera: Camera(camera.device, base_iso=-100), ValueError),
    ],
)
def test_wrong_argument_is_refused_before_anything_is_done(sim, wrong, error):
    with Camera(sim.path) as camera:
        before = values(sim)

        with pytest.raises(error) as caught:
            wrong(camera)

        assert not isinstance(caught.value, CaptureError)
        assert camera.stream is None
        assert values(sim) == before


# ---- photos ----


def test_exposure_that_the_size_of_a_photo_cut_short_is_back():
    sim = SimulatedCamera("sensor")
    with Camera(sim.path) as camera:
        before = [node.controls.read() for node in camera.nodes]

        camera.take_photo(image_width=640)

        assert [node.controls.read() for node in camera.nodes] == before


def test_stream_is_on_again_after_a_photo_that_cannot_be_streamed(sim):
    with Camera(sim.path) as camera:
        camera.start()
        before = values(sim)
        sim.fault("enospc", count=1)

        with pytest.raises(BandwidthError):
            camera.take_photo(image_width=1920)

        assert values(sim) == before
        assert camera.stream.read(timeout=5).format.width == 640


PUTTING_BACK = {"the size": (Device, "set_format"), "the lamp": (lamp_module, "_put_back")}


@pytest.mark.parametrize("when", PUTTING_BACK)
def test_interrupt_while_a_photo_puts_things_back_waits_for_that(when, monkeypatch):
    sim = SimulatedCamera("phone")
    with Camera(sim.path) as camera:
        camera.start()
        before = [node.controls.read() for node in camera.nodes], camera.device.format
        owner, name = PUTTING_BACK[when]
        put_back, calls = getattr(owner, name), []

        def disturbed(*args):
            calls.append(args)
            if when == "the lamp" or len(calls) == 2:  # the first one takes the photo's size
                signal.raise_signal(signal.SIGINT)
            return put_back(*args)

        monkeypatch.setattr(owner, name, disturbed)

        with pytest.raises(KeyboardInterrupt):
            camera.take_photo(image_width=1280, fill_light_mode="flash")

        assert ([node.controls.read() for node in camera.nodes], camera.device.format) == before


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ("webcam", "exposure_time"),
        ("webcam", "focus_distance"),
        ("webcam", "color_temperature"),
        ("phone", "exposure_time"),
        ("phone", "iso"),
        ("phone", "exposure_compensation"),
        ("sensor", "exposure_time"),
    ],
)
def test_every_control_is_as_before_after_a_bracket(profile, name):
    sim = SimulatedCamera(profile)
    with Camera(sim.path) as camera:
        before = [node.controls.read() for node in camera.nodes]
        able = camera.capabilities[name]
        last = min(able.max, able.min + 100)  # of a sensor, most depends on the size

        camera.bracket(image_width=640, **{name: [able.min, last]})

        assert [node.controls.read() for node in camera.nodes] == before


@pytest.mark.quirk("slow-automatics")
def test_light_settles_again_after_a_bracket(sim):
    with Camera(sim.path) as camera:
        camera.bracket(image_width=320, exposure_time=[3, 10])

        assert not camera._source.controls.settled


# ---- drivers of old kernels, which change nothing while a frame is alive ----


def test_frame_that_another_thread_is_about_to_drop_is_waited_for(sim):
    sim.fault("no_orphan")
    with Camera(sim.path) as camera:
        kept = [camera.start().read(timeout=5)]
        timer = threading.Timer(0.05, kept.clear)
        timer.start()

        photo = camera.take_photo(image_width=1920)
        timer.join()

        assert photo.width == 1920
        assert camera.settings.width == 640


def test_size_goes_back_though_the_error_knows_a_frame(sim, monkeypatch):
    def fail(frame):
        raise ValueError("there is nothing to see")

    sim.fault("no_orphan")
    monkeypatch.setattr(shooting_module, "mean_luma", fail)
    with Camera(sim.path) as camera:
        camera.start()

        with pytest.raises(ValueError, match="nothing to see"):
            camera.take_photo(image_width=1920)

        assert camera.settings.width == 640
        assert camera.stream.read(timeout=5)


# ---- a clock that is not ours ----


@pytest.mark.quirk("wrong-clock")
@pytest.mark.parametrize("hours", [1, 100])
def test_camera_with_another_clock_gives_pictures(hours):
    sim = SimulatedCamera("phone")
    sim.fault("timestamps_backwards", value=3600 * hours)
    with Camera(sim.path) as camera:
        assert camera.grab_frame(timeout=5)
        assert camera.take_photo(image_width=320, timeout=5)
        assert camera.take_photo(image_width=320, fill_light_mode="flash", timeout=5)


# ---- a device that is the caller's ----


def test_events_of_the_device_are_as_before(sim):
    with Device(sim.path) as device:
        device.events.subscribe("zoom_absolute", own=True)
        with Camera(device) as camera:
            sim.poke("zoom_absolute", 150)
            assert camera.take_changes()
        sim.poke("brightness", 5)
        device.controls["zoom_absolute"].value = 200
        camera.close()  # again

        event = device.events.try_read()

        assert (event.control, event.value) == ("zoom_absolute", 200)
        assert device.events.try_read() is None


def test_device_that_is_closed_or_gone_is_let_go_of(sim):
    device = Device(sim.path)
    camera = Camera(device)
    sim.unplug()
    camera.close()
    device.close()

    camera.close()

    assert sim.handles == 0
