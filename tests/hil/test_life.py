# SPDX-License-Identifier: MIT
"""Streams, frames and devices that end in every order, on vb2 itself and with the plug pulled."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from v4l2capture import (
    CaptureTimeout,
    ClosedError,
    Device,
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    StarvedError,
    Stream,
    list_devices,
)

from . import vivid
from .held import held
from .nodes import path_of, unplugged

pytestmark = pytest.mark.vivid

# From the moment the kernel has unplugged the camera, or close() has returned, until the waiter
# has its exception. On hardware 100 ms would be plenty. The guest is emulated, about 30 times
# slower, on a host that does other things too, and the waiter needs the GIL and a time slice.
WAKE_S = 0.5


class Waiter(threading.Thread):
    """Waits in a thread for something that never comes, and keeps what came instead."""

    def __init__(self, wait: Callable[[], object]) -> None:
        super().__init__()
        self._wait = wait
        self.error: BaseException | None = None
        self.ended = 0.0
        self.start()
        time.sleep(0.3)  # it has to be inside the wait, which nobody can see from here
        assert self.is_alive(), self.error

    def run(self) -> None:
        try:
            self._wait()
        except BaseException as error:
            self.error = error
        self.ended = time.monotonic()

    def wait(self) -> BaseException | None:
        self.join(10.0)
        assert not self.is_alive(), "it still waits"
        return self.error


def silence(device: Device) -> None:
    """No frame comes any more."""
    device.controls["percentage_of_dropped_buffers"].value = 100


def drain(stream: Stream) -> None:
    """Read what is full, and once more: that has to raise, or it takes five seconds."""
    for _ in range(stream.buffers + 1):
        stream.read(timeout=5.0)


# ---- streams ----


def test_stream_delivers_frames_in_order(camera):
    with Device(camera) as device, device.stream() as stream:
        frames = [stream.read(timeout=10.0).copy() for _ in range(5)]
        stats = stream.stats

    sequences = [frame.sequence for frame in frames]
    times = [frame.timestamp_ns for frame in frames]
    assert sequences == sorted(sequences)
    assert times == sorted(set(times))
    assert abs(times[-1] - time.monotonic_ns()) < 60e9
    assert all(frame.ok for frame in frames)
    assert stats.delivered == 5
    assert stats.dropped == vivid.missing(sequences)


@pytest.mark.parametrize(("asked", "given"), [(1, 2), (2, 2), (5, 5), (32, 32)])
def test_driver_has_the_last_word_on_the_number_of_buffers(camera, asked, given):
    """vivid wants at least two."""
    with Device(camera) as device, device.stream(asked) as stream:
        assert stream.buffers == given


@pytest.mark.parametrize("buffers", [0, -1, 33])
def test_impossible_number_of_buffers_is_refused(single, buffers):
    with Device(single) as device:
        with pytest.raises(ValueError, match="buffers"):
            device.stream(buffers)

        with device.stream() as stream:
            assert stream.read(timeout=10.0).ok


@pytest.mark.quirk("requeue")
def test_holding_every_buffer_is_an_error_and_not_a_hang(camera):
    with Device(camera) as device, device.stream(3) as stream:
        held = [stream.read(timeout=10.0) for _ in range(stream.buffers)]

        with pytest.raises(StarvedError, match="all 3 buffers"):
            stream.read(timeout=None)
        held.pop()

        assert stream.read(timeout=10.0).ok
        assert stream.leased == 2


def test_copying_when_low_never_starves(camera):
    with Device(camera) as device, device.stream(3, copy_when_low=True) as stream:
        held = [stream.read(timeout=10.0) for _ in range(8)]

        assert len({frame.timestamp_ns for frame in held}) == 8
        assert stream.stats.copied == 6
        assert stream.leased == 2


@pytest.mark.quirk("stale-frames")
def test_latest_skips_what_is_stale(single):
    with Device(single) as device, device.stream(4) as stream:
        stream.read(timeout=10.0)
        time.sleep(0.3)  # at 60 frames/s all buffers are full by now

        stream.latest(timeout=10.0)

        assert stream.stats.stale >= 1


def test_second_stream_of_the_same_device_is_busy(single):
    with Device(single) as device, device.stream() as stream:
        with pytest.raises(DeviceBusyError, match="A stream of this device is open"):
            device.stream()

        assert stream.read(timeout=10.0).ok


@pytest.mark.quirk("busy-after-stop")
def test_format_cannot_change_under_a_stream(camera):
    with Device(camera) as device:
        before = device.format
        with device.stream() as stream:
            with pytest.raises(DeviceBusyError) as caught:
                device.set_format(640, 360)

            assert caught.value.operation == "VIDIOC_S_FMT"
            assert stream.read(timeout=10.0).ok
        assert device.format == before


# ---- frames that outlive what they came from ----


def test_frames_survive_a_restart_of_the_stream(camera):
    """The driver orphans their buffers; the new stream has others."""
    with Device(camera) as device:
        first = device.stream(3)
        kept = [first.read(timeout=10.0) for _ in range(2)]
        pixels = [[bytes(plane) for plane in frame.planes] for frame in kept]
        first.close()

        with device.stream(3) as second:
            assert second.leased == 0
            fresh = [second.read(timeout=10.0) for _ in range(2)]
            assert all(frame.ok for frame in fresh)
            assert [[bytes(plane) for plane in frame.planes] for frame in kept] == pixels
            kept.clear()
            del fresh
            assert second.read(timeout=10.0).ok

    assert held().mappings == 0


def test_frames_survive_another_format(single):
    with Device(single) as device:
        with device.stream() as stream:
            kept = stream.read(timeout=10.0)
        before = kept.to_rgb()

        device.set_format(640, 360, "NV12")
        with device.stream() as stream:
            other = stream.read(timeout=10.0)

        assert other.to_rgb().shape == (360, 640, 3)
        assert np.array_equal(kept.to_rgb(), before)


@pytest.mark.parametrize("order", ["frame first", "stream first", "device first"])
def test_things_may_end_in_any_order(camera, order):
    device = Device(camera)
    stream = device.stream()
    frame = stream.read(timeout=10.0)
    plane = frame.planes[0]
    pixels = bytes(plane)

    if order == "frame first":
        frame.close()
        stream.close()
        device.close()
    elif order == "stream first":
        stream.close()
        device.close()
        frame.close()
    else:
        device.close()
        frame.close()
        stream.close()

    assert bytes(plane) == pixels
    del plane, frame, stream, device
    assert held().mappings == 0


def test_array_keeps_its_buffer_and_only_its_buffer(single):
    with Device(single) as device, device.stream(4) as stream:
        array = stream.read(timeout=10.0).array()
        assert not array.flags.writeable
        assert stream.leased == 1

        corner = array[:8, :8]
        del array
        assert stream.leased == 1
        del corner

        assert stream.leased == 0


def test_descriptors_and_mappings_stay_flat(camera):
    def cycle() -> None:
        with Device(camera) as device, device.stream(3) as stream:
            frame = stream.read(timeout=10.0)
            frame.to_rgb()
            device.events.subscribe("brightness")
            assert device.events.try_read() is None
            device.fileno()

    cycle()
    before = held()
    for _ in range(10):
        cycle()

    assert held() == before
    assert before.mappings == 0


# ---- waiting ----


def test_wait_without_frames_times_out_on_time(camera):
    with Device(camera) as device, device.stream() as stream:
        stream.read(timeout=10.0)
        silence(device)
        for _ in range(stream.buffers):  # what was full already
            stream.try_read()

        began = time.monotonic()
        with pytest.raises(CaptureTimeout, match=r"no frame from /dev/video\d+ within 0.3 s"):
            stream.read(timeout=0.3)
        waited = time.monotonic() - began

        assert 0.3 <= waited < 0.3 + WAKE_S
        device.controls["percentage_of_dropped_buffers"].value = 0
        assert stream.read(timeout=10.0).ok


@pytest.mark.parametrize("what", ["stream", "device"])
def test_close_wakes_who_waits_in_another_thread(camera, what):
    with Device(camera) as device:
        silence(device)
        stream = device.stream()
        waiter = Waiter(lambda: stream.read(timeout=None))

        (stream if what == "stream" else device).close()
        closed = time.monotonic()

        assert isinstance(waiter.wait(), ClosedError)
        assert waiter.ended - closed < WAKE_S


def test_interrupt_from_the_keyboard_ends_a_wait(single):
    with Device(single) as device:
        silence(device)
        with device.stream() as stream:
            timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()

            began = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                stream.read(timeout=20.0)
            waited = time.monotonic() - began

            timer.join()
            assert waited < 0.3 + 2 * WAKE_S
            device.controls["percentage_of_dropped_buffers"].value = 0
            assert stream.read(timeout=10.0).ok


def test_other_signals_do_not_shorten_a_wait(single):
    calls = []
    old = signal.signal(signal.SIGALRM, lambda *_: calls.append(time.monotonic()))
    try:
        with Device(single) as device:
            silence(device)
            with device.stream() as stream:
                signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
                began = time.monotonic()
                with pytest.raises(CaptureTimeout):
                    stream.read(timeout=0.5)
                waited = time.monotonic() - began
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)

    assert len(calls) >= 2
    assert waited >= 0.5


# ---- others ----

HOLDER = """
import sys
from v4l2capture import Device
open("/proc/self/comm", "w").write("camera-hog")
with Device(sys.argv[1]) as device, device.stream() as stream:
    stream.read(timeout=20.0)
    print("streaming", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(camera) -> Iterator[tuple[str, int]]:
    """Another process that streams; its node and its number."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, camera],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "streaming\n"
    yield camera, process.pid
    process.communicate(timeout=30.0)


@pytest.mark.quirk("busy-elsewhere")
def test_busy_camera_names_who_holds_it(holder):
    node, pid = holder
    with Device(node) as device:
        with pytest.raises(DeviceBusyError) as caught:
            device.stream()
        with pytest.raises(DeviceBusyError) as caught_too:
            device.set_format(640, 360)

        assert device.controls["brightness"].value == 128  # looking is allowed
    error = caught.value
    assert (error.operation, error.filename) == ("VIDIOC_REQBUFS", node)
    assert f"camera-hog (pid {pid})" in str(error)
    assert caught_too.value.operation == "VIDIOC_S_FMT"
    assert f"camera-hog (pid {pid})" in str(caught_too.value)


def test_child_of_a_fork_leaves_the_camera_alone(single):
    with Device(single) as device, device.stream() as stream:
        frame = stream.read(timeout=10.0)
        pixels = bytes(frame.planes[0])

        child = os.fork()
        if child == 0:
            status = 1
            try:
                stream.read(timeout=5.0)
            except ClosedError:
                status = 0 if bytes(frame.planes[0]) == pixels else 2
            finally:
                os._exit(status)

        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        del frame
        assert [stream.read(timeout=10.0).ok for _ in range(6)] == [True] * 6


# ---- unplugged ----


@pytest.mark.quirk("hangup", "unplugged", "uvc-blocking-dqbuf")
def test_unplugging_wakes_who_waits_for_a_frame(camera, plugged):
    with Device(camera) as device:
        silence(device)
        with device.stream() as stream:
            waiter = Waiter(lambda: stream.read(timeout=None))

            vivid.unbind()
            gone = time.monotonic()

            error = waiter.wait()
            assert isinstance(error, DeviceGoneError)
            assert waiter.ended - gone < WAKE_S
            assert error.filename == camera
            assert error.operation == "VIDIOC_DQBUF"
            assert "unplugged" in str(error)


def test_unplugging_wakes_who_waits_for_an_event(single, plugged):
    with Device(single) as device:
        device.events.subscribe("brightness")
        waiter = Waiter(lambda: device.events.read(timeout=None))

        vivid.unbind()
        gone = time.monotonic()

        assert isinstance(waiter.wait(), DeviceGoneError)
        assert waiter.ended - gone < WAKE_S


@pytest.mark.quirk("unplugged")
def test_frames_outlive_the_camera(camera, plugged):
    device = Device(camera)
    stream = device.stream(4)
    frames = [stream.read(timeout=10.0) for _ in range(2)]
    pixels = [[bytes(plane) for plane in frame.planes] for frame in frames]

    vivid.unbind()

    assert [[bytes(plane) for plane in frame.planes] for frame in frames] == pixels
    assert frames[0].to_rgb().shape == (180, 320, 3)
    frames.pop().close()
    device.close()
    assert [bytes(plane) for plane in frames[0].planes] == pixels[0]
    del frames, stream, device
    assert held().mappings == 0


OPERATIONS: dict[str, Callable[[Device], object]] = {
    "VIDIOC_G_FMT": lambda device: device.format,
    "VIDIOC_ENUM_FMT": lambda device: device.formats(),
    "VIDIOC_G_EXT_CTRLS": lambda device: device.controls["brightness"].value,
    "VIDIOC_S_EXT_CTRLS": lambda device: device.controls.set({"brightness": 1}),
    "VIDIOC_QUERY_EXT_CTRL": lambda device: device.controls.refresh(),
    "VIDIOC_SUBSCRIBE_EVENT": lambda device: device.events.subscribe("brightness"),
    "VIDIOC_DQEVENT": lambda device: device.events.try_read(),
}


def test_everything_asked_of_an_unplugged_camera_says_so(camera, plugged):
    """And closing is quiet."""
    device = Device(camera)
    stream = device.stream()
    stream.read(timeout=10.0)
    device.controls.refresh()

    vivid.unbind()

    said = {}
    for operation, ask in OPERATIONS.items():
        with pytest.raises(DeviceGoneError) as caught:
            ask(device)
        said[operation] = caught.value.operation
    with pytest.raises(DeviceGoneError):
        drain(stream)
    assert said == {operation: operation for operation in OPERATIONS}
    with pytest.raises(DeviceError):
        Device(camera)
    stream.close()
    device.close()
    device.close()


@pytest.mark.quirk("other-index")
def test_camera_comes_back_and_is_known_again(single, plugged):
    """With the old handle open its old number is taken, so it comes back under another."""
    before = next(info for info in list_devices() if info.path == single)
    device = Device(single)
    frame = device.stream().read(timeout=10.0)

    with unplugged(vivid):
        absent = [info for info in list_devices() if info.bus_info == before.bus_info]
    again = next(info for info in list_devices() if info.bus_info == before.bus_info)

    assert absent == []
    assert again.path != single
    assert (again.stable_id, again.card) == (before.stable_id, before.card)
    with Device(again.path) as other, other.stream() as stream:
        assert stream.read(timeout=10.0).ok
    with pytest.raises(DeviceGoneError):
        _ = device.format
    frame.close()
    device.close()


def test_unplugging_again_and_again_leaves_nothing_behind(single, plugged):
    def cycle() -> None:
        with Device(path_of(vivid.SINGLE)) as device, device.stream(2) as stream:
            frame = stream.read(timeout=10.0)
            with unplugged(vivid):
                with pytest.raises(DeviceGoneError):
                    drain(stream)
                assert len(frame.planes[0]) > 0

    cycle()
    before = held()
    for _ in range(3):
        cycle()

    assert held() == before
    assert before.mappings == 0
