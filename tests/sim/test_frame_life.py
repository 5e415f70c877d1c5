# SPDX-License-Identifier: MIT
"""When a buffer goes back to the driver: with its last view, not earlier, not later."""

import errno
import gc
import itertools
import os
import pickle
import threading

import numpy as np
import pytest

from v4l2capture import ClosedError, Device, DeviceBusyError, StarvedError
from v4l2capture import stream as stream_module
from v4l2capture._native import lib

from .lanes import SimLane, buffer_states, mappings, open_small, queued, shoot, simulated, small

KEEPERS = {
    "plane": lambda frame: frame.planes[0],
    "slice of a plane": lambda frame: frame.planes[0][10:20],
    "view of a plane": lambda frame: memoryview(frame.planes[0]),
    "cast of a plane": lambda frame: frame.planes[0].cast("H"),
    "array": lambda frame: frame.array(),
    "same array again": lambda frame: (frame.array(), frame.array())[1],
    "part of an array": lambda frame: frame.array()[:, :, 0],
    "part of a part": lambda frame: frame.array()[10:20][2:4, ::2],
    "other shape of an array": lambda frame: frame.array().reshape(-1),
    "other type of an array": lambda frame: frame.array().view("<u2"),
    "base of a part": lambda frame: frame.array()[10:20].base,
    "base of an array": lambda frame: frame.array().base,
    "iterator over an array": lambda frame: iter(frame.array()),
    "flat iterator over an array": lambda frame: frame.array().flat,
    "view of an array": lambda frame: memoryview(frame.array()),
    "slice of a view of an array": lambda frame: memoryview(frame.array()).cast("B")[5:9],
    "bound method of an array": lambda frame: frame.array().sum,
    "array of a plane": lambda frame: np.asarray(frame.planes[0]),
    "array of a buffer": lambda frame: np.frombuffer(frame.planes[0], np.uint8, 16, 4),
    "array of a frame": np.asarray,
    "tensor": np.from_dlpack,
    "part of a tensor": lambda frame: np.from_dlpack(frame)[4:8],
    "strides of one's own": lambda frame: np.lib.stride_tricks.as_strided(frame.array(), (4, 4, 2)),
    "window": lambda frame: np.lib.stride_tricks.sliding_window_view(frame.array(), 8, 0),
}

keepers = pytest.mark.parametrize("keep", KEEPERS.values(), ids=KEEPERS.keys())


@pytest.mark.quirk("requeue")
@keepers
def test_buffer_goes_back_when_the_last_view_dies(camera, device, keep):
    """Too early would let the driver write under a picture, too late starves it."""
    stream = device.stream(buffers=4)  # not a fixture: pytest would keep it alive
    frame = shoot(camera, stream)

    view = keep(frame)
    frame.close()
    del frame
    held = (stream.leased, queued(device))
    del view

    assert held == (1, 3)
    assert (stream.leased, queued(device)) == (0, 4)


@keepers
def test_buffer_can_be_kept_again_after_it_went_back(camera, device, keep):
    """The array of a buffer is made from one that stays; it must not stay held."""
    stream = device.stream(buffers=1)  # vivid gives two at least

    for _ in range(3):
        views = [keep(shoot(camera, stream)) for _ in range(stream.buffers)]
        with pytest.raises(StarvedError):
            stream.read(0)
        del views

    assert stream.leased == 0


@keepers
def test_things_die_in_any_order(keep):
    """Whatever dies last, the pixels are those of the frame, and nothing stays mapped."""
    gc.collect()
    before = mappings("sim:")
    cameras = []
    for order in itertools.permutations(["frame", "stream", "device", "view"]):
        camera = SimLane(small())
        cameras.append(camera)
        alive = {"device": Device(camera.path)}
        alive["stream"] = alive["device"].stream(buffers=2)
        camera.sim.tick()
        alive["frame"] = alive["stream"].try_read()
        expected = alive["frame"].planes[0].tobytes()
        alive["view"] = keep(alive["frame"])

        for name in order:
            if "frame" in alive:
                assert alive["frame"].planes[0].tobytes() == expected, order
            del alive[name]

    gc.collect()  # a device and its controls refer to each other
    assert [camera.sim.handles for camera in cameras] == [0] * len(cameras)
    assert [camera.sim.mappings for camera in cameras] == [0] * len(cameras)
    assert mappings("sim:") == before


ENDS = {
    "stream closed": lambda _device, stream: stream.close(),
    "device closed": lambda device, _stream: device.close(),
    "both closed": lambda device, stream: (stream.close(), device.close()),
    "stream started anew": lambda device, stream: (stream.close(), device.stream(buffers=2)),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_pixels_stay_readable_after_the_end(camera, end):
    device = open_small(camera)
    stream = device.stream(buffers=3)
    frame = shoot(camera, stream)
    array, plane = frame.array(), frame.planes[0]
    expected = plane.tobytes()

    again = end(device, stream)

    assert plane.tobytes() == array.tobytes() == frame.planes[0].tobytes() == expected
    assert frame.to_rgb().shape == (*camera.size[::-1], 3)
    assert frame.copy().planes[0].tobytes() == expected
    del again
    device.close()


@pytest.mark.quirk("unplugged")
def test_pixels_stay_readable_after_the_camera_was_unplugged():
    camera = SimLane(small())
    device = Device(camera.path)
    stream = device.stream(buffers=2)
    frame = shoot(camera, stream)
    array, expected = frame.array(), frame.planes[0].tobytes()

    camera.sim.unplug()
    stream.close()
    device.close()
    del stream, device
    gc.collect()

    assert array.tobytes() == frame.planes[0].tobytes() == expected


def test_nothing_but_the_frames_stays_mapped_after_close(camera):
    """Three buffers of a 4K camera are 50 MB that nobody can see."""
    device = open_small(camera)
    stream = device.stream(buffers=4)
    frames = [shoot(camera, stream) for _ in range(3)]
    array, plane = frames[1].array(), frames[2].planes[0]
    frames[0].array()
    frames.clear()
    counts = [mappings(camera.path)]
    stream.close()
    counts.append(mappings(camera.path))
    del array
    counts.append(mappings(camera.path))
    del plane
    counts.append(mappings(camera.path))

    assert counts == [4, 2, 1, 0]
    device.close()


def test_frame_of_an_old_stream_is_not_queued_in_the_new_one(camera, device):
    """Its buffer was orphaned: number 0 of the new stream is another buffer."""
    old = device.stream(buffers=2)
    frame = shoot(camera, old)
    expected = frame.planes[0].tobytes()
    old.close()

    new = device.stream(buffers=2)
    fresh = [shoot(camera, new) for _ in range(2)]
    before = queued(device)
    kept = frame.planes[0].tobytes()
    del frame

    assert (before, queued(device)) == (0, 0)
    assert kept == expected
    assert len({each.planes[0].tobytes() for each in fresh}) <= 2
    assert new.leased == 2


# ---- drivers that cannot part from mapped buffers ----


@pytest.fixture
def clingy():
    return simulated(orphaned_buffers=False)


@pytest.mark.parametrize(("alive", "words"), [(1, "1 frame is"), (2, "2 frames are")])
def test_restart_is_refused_while_frames_are_alive(clingy, alive, words):
    device = Device(clingy.path)
    stream = device.stream(buffers=4)
    clingy.tick(alive)
    frames = [stream.try_read() for _ in range(alive)]
    stream.close()

    with pytest.raises(DeviceBusyError, match=f"{words} still alive"):
        device.stream()
    frames.clear()

    assert device.stream(buffers=2).buffers == 2


def test_copies_do_not_keep_the_driver_busy(clingy):
    device = Device(clingy.path)
    stream = device.stream()
    clingy.tick()
    copy = stream.try_read().copy()
    stream.close()

    assert device.stream().buffers == 4
    assert copy.ok


def test_format_can_be_set_once_the_last_frame_is_gone(clingy):
    """The driver refused to free its buffers at the close: they go with the frame."""
    device = Device(clingy.path)
    stream = device.stream()
    clingy.tick()
    frame = stream.try_read()
    array = frame.array()
    stream.close()
    with pytest.raises(DeviceBusyError, match="1 frame is still alive"):
        device.set_format(64, 48)

    del frame, array

    assert device.set_format(64, 48).width == 64


# ---- memory ----


def test_memory_in_reach_of_an_array_stays_mapped(camera, device):
    """What lies behind an array's base is nobody's frame any more, but reading it is no crash."""
    stream = device.stream(buffers=2)
    memory = shoot(camera, stream).array().base.base
    stream.close()

    assert mappings(camera.path) == 1
    assert len(bytes(memory)) >= camera.size[0] * camera.size[1] * 2
    del memory
    assert mappings(camera.path) == 0


def test_what_a_reader_waits_with_outlives_the_stream():
    """read() is in C when another thread closes the stream and drops it."""
    camera = SimLane(small())
    device = Device(camera.path)
    stream = device.stream()
    stream._be_quick(None, 0)
    _, patience, *held = stream._quick

    stream.close()
    del stream
    gc.collect()

    assert lib.vc_ring_wait(patience) == -errno.EPIPE
    assert held


def test_stream_that_is_dropped_goes_before_its_descriptor(monkeypatch):
    """Else it would take itself out of an epoll that has been given the same number."""
    free, seen = stream_module._free_ring, []
    monkeypatch.setattr(
        stream_module,
        "_free_ring",
        lambda waiter, ring: (seen.append(os.fstat(waiter.fileno())), free(waiter, ring)),
    )
    camera = SimLane(small())
    device = Device(camera.path)
    stream = device.stream()

    del stream

    assert len(seen) == 1
    assert camera.sim.queued == 0


# ---- closing a frame ----


def test_closing_twice_gives_back_once(camera, device):
    stream = device.stream(buffers=2)
    one, other = shoot(camera, stream), shoot(camera, stream)

    one.close()
    one.close()

    assert (stream.leased, queued(device)) == (1, 1)
    assert other.ok


def test_closing_in_many_threads_gives_back_once():
    camera = SimLane(small())
    device = Device(camera.path)
    stream = device.stream(buffers=2)
    for _ in range(50):
        frame = shoot(camera, stream)
        start = threading.Barrier(4)

        def close(frame=frame, start=start):
            start.wait()
            frame.close()

        threads = [threading.Thread(target=close) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert stream.leased == 0
    assert queued(device) == 2


def test_views_taken_while_another_thread_closes_are_whole():
    camera = SimLane(small())
    device = Device(camera.path)
    stream = device.stream(buffers=2)
    for _ in range(100):
        frame = shoot(camera, stream)
        expected = frame.planes[0].tobytes()
        start = threading.Barrier(2)
        thread = threading.Thread(target=lambda f=frame, s=start: (s.wait(), f.close()))
        thread.start()
        start.wait()
        try:
            views = [frame.planes[0], frame.array()]
        except ClosedError:
            views = []
        thread.join()
        camera.sim.tick(2)

        assert {bytes(view.tobytes()) for view in views} <= {expected}
        del views, frame
        stream.latest(0)
    assert stream.leased == 0


def test_with_closes_a_frame(camera, device):
    stream = device.stream()

    with shoot(camera, stream) as frame:
        held = stream.leased

    assert (held, stream.leased) == (1, 0)
    with pytest.raises(ClosedError, match="frame is closed"):
        frame.planes  # noqa: B018


def test_frames_die_in_other_threads(camera, device):
    stream = device.stream(buffers=4)
    frames = [shoot(camera, stream) for _ in range(3)]
    arrays = [frame.array() for frame in frames]

    threads = [threading.Thread(target=arrays.pop), threading.Thread(target=frames.clear)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = stream.leased
    arrays.clear()

    assert held == 2
    assert (stream.leased, queued(device)) == (0, 4)


def test_a_finalizer_may_close_frames(monkeypatch):
    """The garbage collector runs anywhere, also between the lines of another frame's planes."""
    camera = SimLane(small())
    device = Device(camera.path)
    stream = device.stream()
    camera.sim.tick(2)
    one, other = stream.try_read(), stream.try_read()
    plane = type(one._slot).plane

    def interrupted(slot, number):
        other.close()
        return plane(slot, number)

    monkeypatch.setattr(type(one._slot), "plane", interrupted)
    thread = threading.Thread(target=lambda: one.planes, daemon=True)
    thread.start()
    thread.join(10)

    assert not thread.is_alive()
    assert stream.leased == 1


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_frame_is_not_duplicated_behind_its_back(camera, device, protocol):
    """Two objects that each give back the one hold would take the buffer from a third."""
    import copy

    frame = shoot(camera, device.stream())

    for duplicate in (copy.copy, copy.deepcopy, lambda it: pickle.dumps(it, protocol)):
        with pytest.raises(TypeError, match="copy"):
            duplicate(frame)


def test_array_is_the_same_as_long_as_it_lives(camera, device):
    stream = device.stream()
    frame = shoot(camera, stream)

    assert frame.array() is frame.array()


def test_array_after_the_stream_closed_and_the_first_array_died(camera, device):
    stream = device.stream()
    frame = shoot(camera, stream)
    frame.array()
    stream.close()

    array = frame.array()
    frame.close()
    expected = array.tobytes()

    assert array.tobytes() == expected
    assert mappings(camera.path) == 1


def test_closed_frame_cannot_give_back_the_next_one():
    """The next picture in the same buffer is another array with the same pixels' place."""
    camera = SimLane(small())
    device = Device(camera.path)
    stream = device.stream(buffers=1)
    first = shoot(camera, stream)
    address = first.array().ctypes.data
    first.close()
    second = shoot(camera, stream)

    first.close()

    assert second.array().ctypes.data == address
    assert stream.leased == 1


def test_buffers_are_the_drivers_once_queued(camera, device):
    stream = device.stream(buffers=3)

    states = buffer_states(device)

    assert len(states) == stream.buffers
    assert queued(device) == 3
