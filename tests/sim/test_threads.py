# SPDX-License-Identifier: MIT
"""Who waits is woken: by a close, by the plug, by a signal; and at once."""

import os
import select
import signal
import subprocess
import sys
import threading
import time

import pytest

from v4l2capture import CaptureError, ClosedError, Device, DeviceGoneError
from v4l2capture import events as events_module
from v4l2capture.waiting import Waiter

from .lanes import SimLane, simulated

AT_ONCE = 0.1 if not os.environ.get("V4L2CAPTURE_HIL") else 1.0  # the guest is emulated

WAITS = {
    "read": lambda _device, stream: stream.read(timeout=None),
    "read with a timeout": lambda _device, stream: stream.read(timeout=60),
    "latest": lambda _device, stream: stream.latest(timeout=None),
    "iteration": lambda _device, stream: [frame.close() for frame in stream],
    "events": lambda device, _stream: device.events.read(timeout=None),
    "iteration of events": lambda device, _stream: list(device.events),
}

waits = pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS.keys())


class Waiting:
    """A thread that waits, and what became of it."""

    def __init__(self, wait, *args):
        self.error = None
        self._thread = threading.Thread(target=self._run, args=(wait, *args), daemon=True)
        self._thread.start()
        time.sleep(0.05)  # there is no telling whether a thread is inside of a system call

    def _run(self, wait, *args):
        try:
            wait(*args)
        except CaptureError as error:
            self.error = error
        self.woken = time.monotonic()

    def end(self):
        self._thread.join(20)
        assert not self._thread.is_alive(), "nobody woke the one who waits"


def stalled(camera):
    """A device and a stream that gives no frames, on any lane."""
    device = Device(camera.path)
    device.set_format(*camera.size, "YUYV", 30)
    camera.silence(device)
    stream = device.stream(timeout=None)
    if not isinstance(camera, SimLane):
        while stream.try_read() is not None:
            time.sleep(0.05)
    return device, stream


@pytest.mark.parametrize(
    ("closed", "name"),
    [("device", name) for name in WAITS]
    + [("stream", name) for name in WAITS if "events" not in name],
)
def test_close_wakes_who_waits(camera, closed, name):
    device, stream = stalled(camera)
    wait = WAITS[name]
    waiting = Waiting(wait, device, stream)

    begin = time.monotonic()
    {"device": device, "stream": stream}[closed].close()
    waiting.end()

    assert isinstance(waiting.error, ClosedError)
    assert waiting.woken - begin < AT_ONCE
    device.close()


def test_close_wakes_who_waits_the_quick_way(camera):
    """From its second frame on, read() waits inside of C."""
    device = Device(camera.path)
    device.set_format(*camera.size, "YUYV", 30)
    stream = device.stream(timeout=None)
    waiting = Waiting(lambda: [frame.close() for frame in stream])
    camera.fill(device) if not isinstance(camera, SimLane) else camera.sim.tick()
    time.sleep(0.05)
    camera.silence(device)
    time.sleep(0.1)  # there may be one on its way

    begin = time.monotonic()
    stream.close()
    waiting.end()

    assert isinstance(waiting.error, ClosedError)
    assert waiting.woken - begin < AT_ONCE
    device.close()


def test_close_wakes_all_who_wait(camera):
    device, stream = stalled(camera)
    waiting = [Waiting(wait, device, stream) for wait in WAITS.values() for _ in range(2)]

    device.close()
    for each in waiting:
        each.end()

    assert {type(each.error) for each in waiting} == {ClosedError}


@pytest.mark.quirk("hangup", "uvc-blocking-dqbuf")
@waits
def test_unplugging_wakes_who_waits(wait):
    camera = simulated()
    device = Device(camera.path)
    stream = device.stream(timeout=None)
    waiting = Waiting(wait, device, stream)

    begin = time.monotonic()
    camera.unplug()
    waiting.end()

    assert isinstance(waiting.error, DeviceGoneError)
    assert waiting.woken - begin < AT_ONCE


def test_unplugging_wakes_who_waits_the_quick_way():
    camera = simulated()
    device = Device(camera.path)
    stream = device.stream(timeout=None)
    waiting = Waiting(lambda: [frame.close() for frame in stream])
    camera.tick()
    time.sleep(0.05)

    camera.unplug()
    waiting.end()

    assert isinstance(waiting.error, DeviceGoneError)


PROGRAM = """
import os, signal, sys, threading, time
from v4l2capture import Device, SimulatedCamera
camera = SimulatedCamera("webcam", clock="manual")
device = Device(camera.path)
stream = device.stream(timeout=None)
{before}
main = threading.main_thread().ident
threading.Timer({delay}, lambda: (print(time.monotonic(), flush=True),
                                  signal.pthread_kill(main, signal.SIGINT))).start()
try:
    {wait}
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
"""


@pytest.mark.parametrize(
    ("before", "wait"),
    [
        ("", "stream.read()"),
        ("threading.Timer(0.05, camera.tick).start()", "[frame.close() for frame in stream]"),
        ("", "stream.latest()"),
        ("", "device.events.read()"),
    ],
    ids=["read", "iteration", "latest", "events"],
)
def test_ctrl_c_ends_a_wait_at_once(before, wait):
    program = PROGRAM.format(before=before, wait=wait, delay=0.3)

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    sent, raised = map(float, done.stdout.split())
    assert raised - sent < 0.5
    assert done.stderr == ""


def test_a_signal_that_raises_nothing_ends_no_wait():
    camera = simulated()
    device = Device(camera.path)
    stream = device.stream()
    seen = []
    old = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    main = threading.main_thread().ident
    begin = time.monotonic()
    try:
        camera.tick()
        stream.read(5).close()
        timers = [
            threading.Timer(0.02, signal.pthread_kill, (main, signal.SIGUSR1)),
            threading.Timer(0.1, camera.tick),
        ]
        for timer in timers:
            timer.start()
        frame = stream.read(5)
    finally:
        for timer in timers:
            timer.join()
        signal.signal(signal.SIGUSR1, old)

    assert frame.ok
    assert seen == [1]
    assert time.monotonic() - begin >= 0.09


def test_each_frame_goes_to_one_reader():
    camera = simulated()
    device = Device(camera.path)
    stream = device.stream(buffers=8)
    seen = []

    def read():
        while (frame := stream.try_read()) is not None or not done.is_set():
            if frame is not None:
                seen.append(frame.sequence)

    done = threading.Event()
    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(seen) < 500:
        camera.tick()
    done.set()
    for thread in threads:
        thread.join()

    assert len(seen) == len(set(seen)) == stream.stats.delivered
    assert stream.leased == 0


def test_reading_while_another_thread_closes_is_a_closed_error():
    """Whatever line the reader is at."""
    camera = simulated()
    device = Device(camera.path)

    def read(stream):
        for frame in stream:
            frame.array()
            camera.tick()

    for _ in range(100):
        stream = device.stream(timeout=None)
        camera.tick()
        closing = threading.Thread(target=stream.close)
        closing.start()
        with pytest.raises(ClosedError):
            read(stream)
        closing.join()

    assert camera.mappings == 0


def test_two_threads_close_one_stream():
    camera = simulated()
    device = Device(camera.path)
    device.fileno()
    errors = []
    for _ in range(100):
        stream = device.stream(timeout=None)
        start = threading.Barrier(3)

        def close(stream=stream, start=start):
            start.wait()
            try:
                stream.close()
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=close) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert errors == []
    assert camera.mappings == 0


def test_two_first_readers_of_events_are_both_woken(monkeypatch):
    """The descriptor for events is made when the first one waits, and only once."""
    monkeypatch.setattr(events_module, "Waiter", lambda path: (time.sleep(0.02), Waiter(path))[1])
    camera = simulated()
    device = Device(camera.path)
    waiting = [Waiting(device.events.read) for _ in range(2)]
    time.sleep(0.05)

    device.close()
    for each in waiting:
        each.end()

    assert [type(each.error) for each in waiting] == [ClosedError, ClosedError]


# ---- descriptors ----


def readable(descriptor, timeout=0.0):
    return bool(select.select([descriptor], [], [], timeout)[0])


def test_stream_is_readable_when_a_frame_is_there(camera, device):
    stream = device.stream()
    states = [readable(stream)] if isinstance(camera, SimLane) else [False]
    camera.fill(device)
    states.append(readable(stream))
    if isinstance(camera, SimLane):
        stream.read(0)
        states.append(readable(stream))

    assert states == [False, True, False][: len(states)]


def test_events_are_readable_when_one_is_there(camera, device):
    device.events.subscribe("brightness")
    states = [readable(device.events)]
    with Device(camera.path) as other:
        other.controls["brightness"].value = 17
    states.append(readable(device.events, 1))
    device.events.read(1)
    states.append(readable(device.events))

    assert states == [False, True, False]


@pytest.mark.parametrize("watched_first", [True, False])
def test_device_is_readable_for_either(watched_first):
    camera = simulated("webcam")
    device = Device(camera.path)
    if watched_first:
        device.fileno()
    stream = device.stream()
    device.events.subscribe("brightness")

    states = [readable(device)]
    camera.tick()
    states.append(readable(device))
    stream.read(0)
    states.append(readable(device))
    camera.poke("brightness", 3)
    states.append(readable(device))
    device.events.read(0)
    states.append(readable(device))
    stream.close()
    states.append(readable(device))

    assert states == [False, True, False, True, False, False]


def test_descriptors_of_the_closed_are_refused(camera):
    device = Device(camera.path)
    stream = device.stream()
    device.fileno()
    stream.close()
    device.close()

    for it in (device, stream, device.events):
        with pytest.raises(ClosedError):
            it.fileno()


@pytest.mark.quirk("hangup")
def test_unplugging_makes_every_descriptor_readable():
    camera = simulated()
    device = Device(camera.path)
    stream = device.stream()
    device.events.fileno()
    camera.unplug()

    assert all(readable(it) for it in (device, stream, device.events))
