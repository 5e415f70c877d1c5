# SPDX-License-Identifier: MIT
"""Descriptors and mappings are counted before and after: nothing stays, whatever went wrong."""

import gc

import pytest

from v4l2capture import CaptureError, Device, SimulatedCamera, list_devices

from .lanes import SimLane, mappings, open_fds, open_small, shoot, simulated, small

TIMES = SimLane.cycles


def stream_once(camera):
    with open_small(camera) as device, device.stream(buffers=2) as stream:
        shoot(camera, stream).array()


def everything_once(camera):
    with open_small(camera) as device:
        device.fileno()
        device.events.subscribe("brightness")
        device.controls.set({"brightness": 5})
        device.controls.refresh()
        with device.stream(buffers=3) as stream:
            frame = shoot(camera, stream)
            frame.array()
            frame.copy()
            stream.fileno()
        with device.stream(buffers=1) as stream:
            shoot(camera, stream).close()


def drop_everything_once(camera):
    device = open_small(camera)
    stream = device.stream(buffers=2)
    device.fileno()
    shoot(camera, stream).array()


def frame_outlives_all_once(camera):
    with open_small(camera) as device, device.stream(buffers=2) as stream:
        frame = shoot(camera, stream)
    assert frame.array().any()


CYCLES = [stream_once, everything_once, drop_everything_once, frame_outlives_all_once]


@pytest.mark.parametrize("cycle", CYCLES)
def test_nothing_is_left_of_a_cycle(camera, cycle):
    cycle(camera)
    gc.collect()
    before = open_fds(), mappings(camera.path)

    for _ in range(camera.cycles):
        cycle(camera)

    gc.collect()  # a device and its controls refer to each other
    assert (open_fds(), mappings(camera.path)) == before


FAULTS = [
    ("ioctl_error", {"request": "VIDIOC_QUERYCAP"}),
    ("ioctl_error", {"request": "VIDIOC_G_FMT"}),
    ("reqbufs_error", {}),
    ("reqbufs_many", {}),
    ("querybuf_error", {}),
    ("qbuf_error", {}),
    ("streamon_error", {}),
    ("enospc", {}),
    ("dqbuf_error", {}),
    ("bad_index", {}),
    ("streamoff_error", {}),
    ("disconnect", {}),
]


@pytest.mark.parametrize(
    ("fault", "options"), FAULTS, ids=[options.get("request", name) for name, options in FAULTS]
)
def test_nothing_is_left_of_an_error_that_is_kept(fault, options):
    """A program that logs its errors keeps their tracebacks, and all that is in them."""
    gc.collect()
    before = open_fds(), mappings("sim:")
    kept = []
    cameras = []

    for _ in range(20):
        camera = simulated()
        cameras.append(camera)
        camera.fault(fault, **options)
        try:
            with Device(camera.path) as device, device.stream(buffers=2) as stream:
                camera.tick()
                stream.read(0.001)
        except CaptureError as error:
            kept.append(error)

    assert len(kept) == (0 if fault == "streamoff_error" else 20)
    assert [camera.queued for camera in cameras] == [0] * 20
    assert [camera.handles for camera in cameras] == [0] * 20
    assert [camera.mappings for camera in cameras] == [0] * 20
    own = open_fds() - before[0]
    camera = device = stream = None
    kept.clear()
    cameras.clear()
    gc.collect()
    assert (open_fds(), mappings("sim:")) == before
    assert own <= 20 * 4  # a simulated camera's own, and the waiter that an error still refers to


@pytest.mark.parametrize("path", ["/dev/null", "/dev", "/no/such/node", "sim:no-such-profile"])
def test_nothing_is_left_of_what_cannot_be_opened(path):
    before = open_fds()
    kept = []

    for _ in range(TIMES):
        with pytest.raises(CaptureError) as caught:
            Device(path)
        kept.append(caught.value)

    assert open_fds() == before


def test_nothing_is_left_of_a_discovery(monkeypatch):
    monkeypatch.setenv("V4L2CAPTURE_SIM", "webcam,mplane,/no/such/profile.json")
    list_devices()
    gc.collect()
    before = open_fds()

    for _ in range(20):
        assert len(list_devices()) >= 2

    assert open_fds() == before


def test_nothing_is_left_of_a_camera_that_went_and_came_back():
    camera = simulated()
    gc.collect()
    before = open_fds(), mappings("sim:")

    for _ in range(50):
        with Device(camera.path) as device:
            stream = device.stream(buffers=2)
            camera.tick()
            frame = stream.read(0)
            camera.unplug()
            with pytest.raises(CaptureError):
                stream.read(0)
        camera.replug()
    del frame, stream, device

    gc.collect()
    assert (open_fds(), mappings("sim:")) == before
    assert (camera.handles, camera.mappings) == (0, 0)


def test_implicit_cameras_go_with_their_devices():
    gc.collect()
    before = open_fds()

    for _ in range(20):
        with Device("sim:webcam"):
            pass

    gc.collect()
    assert open_fds() == before
    assert SimulatedCamera(small()).handles == 0
