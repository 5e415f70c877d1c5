# SPDX-License-Identifier: MIT
"""A child of a fork has nothing to do with its parent's camera, whatever it does to it."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
import time
import traceback
import warnings

import pytest

from v4l2capture import (
    Camera,
    ClosedError,
    Device,
    ImageCapture,
    MediaDevices,
    SimulatedCamera,
    find_subdevices,
)

from .lanes import SimLane, open_small, queued, shoot, simulated


def in_child(function):
    """Run a function in a child of this process; return whether it returned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads and fork, from 3.12 on
        child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(20)
            function()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


USES = {
    "format": lambda device, _stream: device.format,
    "formats": lambda device, _stream: device.formats(),
    "set_format": lambda device, _stream: device.set_format(640, 480),
    "stream": lambda device, _stream: device.stream(),
    "controls": lambda device, _stream: device.controls["brightness"].value,
    "set a control": lambda device, _stream: device.controls.set({"brightness": 9}),
    "refresh": lambda device, _stream: device.controls.refresh(),
    "subdevices": lambda device, _stream: find_subdevices(device),
    "events": lambda device, _stream: device.events.try_read(),
    "wait for events": lambda device, _stream: device.events.read(5),
    "read": lambda _device, stream: stream.read(5),
    "latest": lambda _device, stream: stream.latest(5),
    "try_read": lambda _device, stream: stream.try_read(),
    "iteration": lambda _device, stream: next(iter(stream)),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_child_cannot_use_its_parents_camera(camera, device, use):
    stream = device.stream(timeout=5)
    shoot(camera, stream)

    def child():
        begin = time.monotonic()
        with pytest.raises(ClosedError, match=r"belongs to the parent|is closed"):
            use(device, stream)
        assert time.monotonic() - begin < 2

    assert in_child(child)
    assert shoot(camera, stream).ok


def test_child_that_was_prepared_to_wait_is_told_at_once():
    """read() waits in C once it has waited; the parent's camera would never answer the child."""
    camera = simulated()
    device = Device(camera.path)
    stream = device.stream(timeout=60)
    threading.Timer(0.05, camera.tick).start()
    stream.read().close()

    def child():
        begin = time.monotonic()
        with pytest.raises(ClosedError):
            stream.read()
        assert time.monotonic() - begin < 5

    assert in_child(child)


def close_all(device, stream, frames):
    for frame in frames:
        frame.close()
    stream.close()
    device.close()


def drop_all(device, stream, frames):
    frames.clear()
    del device, stream
    gc.collect()


ENDS = {
    "nothing": lambda *_: None,
    "closes": close_all,
    "closes the stream": lambda _device, stream, _frames: stream.close(),
    "closes the device": lambda device, *_: device.close(),
    "drops": drop_all,
    "takes arrays": lambda _device, _stream, frames: [frame.array().sum() for frame in frames],
    "copies": lambda _device, _stream, frames: [frame.copy() for frame in frames],
    "looks": lambda _device, stream, _frames: (repr(stream), stream.stats, stream.leased),
    "collects": lambda *_: gc.collect(),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_child_disturbs_nothing(camera, device, end):
    stream = device.stream(buffers=4)
    device.events.subscribe("brightness")
    device.fileno()
    frames = [shoot(camera, stream), shoot(camera, stream)]
    frames[0].array()
    expected = [frame.planes[0].tobytes() for frame in frames]
    before = queued(device)

    assert in_child(lambda: end(device, stream, frames))

    assert (stream.leased, queued(device)) == (2, before)
    assert [frame.planes[0].tobytes() for frame in frames] == expected
    if isinstance(camera, SimLane):
        with pytest.raises(TimeoutError):
            stream.read(0.01)  # and not woken for nothing
    with Device(camera.path) as other:
        other.controls["brightness"].value = 11
    assert device.events.read(5).value == 11
    assert shoot(camera, stream).ok


def test_parents_descriptors_still_tell_of_frames_after_a_child_closed_its_own():
    """An epoll is shared by a fork: what a child removes from it is gone for the parent."""
    import select

    camera = simulated()
    device = Device(camera.path)
    stream = device.stream()
    device.events.fileno()
    device.fileno()

    assert in_child(device.close)
    ready = [bool(select.select([it], [], [], 0)[0]) for it in (device, stream, device.events)]
    camera.tick()

    assert ready == [False, False, False]
    assert select.select([device, stream], [], [], 0)[0] == [device, stream]


def test_child_reads_its_parents_pictures():
    camera = SimLane()
    device = open_small(camera)
    stream = device.stream()
    frame = shoot(camera, stream)
    plane, array = frame.planes[0], frame.array()
    expected = plane.tobytes()

    def child():
        device.close()
        stream.close()
        assert plane.tobytes() == array.tobytes() == expected
        assert frame.planes[0].tobytes() == frame.copy().planes[0].tobytes() == expected

    assert in_child(child)
    assert plane.tobytes() == expected


def test_child_opens_a_camera_of_its_own(camera):
    with open_small(camera) as device, device.stream() as stream:
        shoot(camera, stream)

    def child():
        own = type(camera)()  # a simulated camera lives in one process
        with open_small(own) as device, device.stream() as stream:
            assert shoot(own, stream).ok

    assert in_child(child)


def test_fork_while_another_thread_reads():
    """The lock of the ring may be taken at the fork: the child must not wait for it."""
    camera = simulated()
    device = Device(camera.path)
    stream = device.stream()
    done = threading.Event()

    def read():
        while not done.is_set():
            stream.try_read()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for _ in range(20):
            assert in_child(lambda: (stream.stats, stream.leased, stream.close(), device.close()))
    finally:
        done.set()
        thread.join()


def test_fork_while_another_thread_waits_for_a_picture():
    """It has the lock of the camera, and is not there in the child to give it back."""
    sim = SimulatedCamera("webcam", clock="manual")
    camera = Camera(sim.path)

    def wait():
        with contextlib.suppress(ClosedError):
            camera.grab_frame(30)

    def child():
        with pytest.raises(ClosedError):
            camera.grab_frame(1)
        camera.close()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        while camera.stream is None:
            time.sleep(0.001)
        assert in_child(child)
        assert sim.handles == 1
    finally:
        camera.close()
        thread.join()


def test_fork_while_a_camera_is_being_asked():
    """Its thread is not there in the child, which has to have another one."""

    async def picture():
        async with await MediaDevices(["sim:webcam"]).get_user_media({"video": True}) as stream:
            return await ImageCapture(stream.get_video_tracks()[0]).grab_frame()

    def child():
        asyncio._set_running_loop(None)
        assert asyncio.run(picture()).width == 640

    async def main():
        async with await MediaDevices(["sim:webcam"]).get_user_media({"video": True}) as stream:
            photo = ImageCapture(stream.get_video_tracks()[0]).take_photo(image_width=1920)
            assert in_child(child)
            assert len(await photo) > 0

    asyncio.run(main())
