# SPDX-License-Identifier: MIT
"""The same camera under asyncio: tasks wait, the event loop does not."""

import asyncio
import gc
import threading
import time

import pytest

from v4l2capture import (
    CaptureTimeout,
    ClosedError,
    Device,
    DeviceGoneError,
    SimulatedCamera,
    StarvedError,
)
from v4l2capture.waiting import Waiter

from .lanes import SimLane, open_fds, simulated


async def wait_until_waiting(waiter: Waiter, tasks: int = 1) -> None:
    """Let other tasks run until so many wait for the camera."""
    while sum(map(len, waiter._futures.values())) < tasks:
        await asyncio.sleep(0)


@pytest.fixture
def camera_and_stream():
    camera = simulated()
    device = Device(camera.path)
    return camera, device, device.stream()


async def test_frames_come_to_async_for(camera, device):
    stream = device.stream()
    times = []

    async for frame in _ticked(camera, stream):
        times.append(frame.timestamp_ns)  # vivid repeats a sequence number now and then
        if len(times) == 3:
            break

    assert times == sorted(set(times))
    assert frame.ok


async def _ticked(camera, stream):
    """``async for`` over a stream, with the simulated clock going."""
    tick = camera.sim.tick if isinstance(camera, SimLane) else lambda: None
    tick()
    async for frame in stream:
        yield frame
        asyncio.get_running_loop().call_soon(tick)


@pytest.mark.parametrize("method", ["aread", "alatest"])
async def test_the_event_loop_goes_on_while_a_task_waits(camera_and_stream, method):
    camera, _, stream = camera_and_stream
    task = asyncio.create_task(getattr(stream, method)(5))
    await wait_until_waiting(stream._waiter)

    camera.tick()
    frame = await task

    assert frame.ok
    assert stream._waiter._futures == {}


async def test_frame_that_is_there_comes_without_waiting(camera_and_stream):
    camera, _, stream = camera_and_stream
    camera.tick(2)

    assert (await stream.aread(0)).sequence == 0
    assert (await stream.alatest(0)).sequence == 1


@pytest.mark.parametrize("method", ["aread", "alatest"])
@pytest.mark.parametrize("timeout", [0, 0.02])
async def test_timeout_is_kept_to(camera_and_stream, method, timeout):
    _, _, stream = camera_and_stream
    begin = time.monotonic()

    with pytest.raises(CaptureTimeout, match="no frame from"):
        await getattr(stream, method)(timeout)

    assert timeout <= time.monotonic() - begin < 2
    assert stream._waiter._futures == {}


@pytest.mark.parametrize("timeout", [-1, float("nan")])
async def test_bad_timeout_is_refused(camera_and_stream, timeout):
    _, device, stream = camera_and_stream

    for wait in (stream.aread, stream.alatest, device.events.aread):
        with pytest.raises(ValueError, match="timeout"):
            await wait(timeout)


async def test_starved_at_once(camera_and_stream):
    camera, _, stream = camera_and_stream
    camera.tick(4)
    frames = [await stream.aread(0) for _ in range(4)]

    with pytest.raises(StarvedError):
        await stream.aread(None)
    assert len(frames) == 4


async def test_broken_frames_are_skipped(camera_and_stream):
    camera, _, stream = camera_and_stream
    camera.fault("short_frame", count=1)
    task = asyncio.create_task(stream.aread(5))
    await wait_until_waiting(stream._waiter)
    camera.tick()
    await asyncio.sleep(0.01)
    camera.tick()

    assert (await task).sequence == 1
    assert stream.stats.broken == 1


async def test_two_tasks_share_a_stream(camera_and_stream):
    camera, _, stream = camera_and_stream
    tasks = [asyncio.create_task(stream.aread(5)) for _ in range(2)]
    await wait_until_waiting(stream._waiter, 2)

    camera.tick()
    done, pending = await asyncio.wait(tasks, timeout=0.1)
    camera.tick()
    frames = await asyncio.gather(*tasks)

    assert (len(done), len(pending)) == (1, 1)
    assert sorted(frame.sequence for frame in frames) == [0, 1]


async def test_cancelled_task_takes_no_frame(camera_and_stream):
    camera, _, stream = camera_and_stream
    task = asyncio.create_task(stream.aread(None))
    await wait_until_waiting(stream._waiter)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    camera.tick()

    assert stream._waiter._futures == {}
    assert stream.leased == 0
    assert (await stream.aread(0)).sequence == 0


async def test_outer_timeout_is_not_ours(camera_and_stream):
    _, _, stream = camera_and_stream

    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.02):
            await stream.aread(None)

    assert not isinstance(caught.value, CaptureTimeout)


@pytest.mark.parametrize("closed", ["stream", "device"])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["same thread", "other thread"])
async def test_close_wakes_who_waits(camera_and_stream, closed, elsewhere):
    _, device, stream = camera_and_stream
    tasks = [asyncio.create_task(stream.aread(None)) for _ in range(2)]
    await wait_until_waiting(stream._waiter, 2)
    close = {"stream": stream, "device": device}[closed].close

    if elsewhere:
        await asyncio.to_thread(close)
    else:
        close()
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)

    assert [type(result) for result in results] == [ClosedError, ClosedError]
    with pytest.raises(ClosedError):
        await stream.aread()


async def test_unplugging_wakes_who_waits(camera_and_stream):
    camera, device, stream = camera_and_stream
    tasks = [
        asyncio.create_task(stream.aread(None)),
        asyncio.create_task(device.events.aread(None)),
    ]
    await wait_until_waiting(stream._waiter)
    await wait_until_waiting(device.events._waiter)

    camera.unplug()
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)

    assert [type(result) for result in results] == [DeviceGoneError, DeviceGoneError]


async def test_events_come_to_async_for(camera, device):
    device.events.subscribe("brightness", "contrast")
    with Device(camera.path) as other:
        other.controls.set({"brightness": 3})
        other.controls.set({"contrast": 4})
    seen = {}

    async for event in device.events:
        seen[event.control] = event.value
        if len(seen) == 2:
            break

    assert seen == {"brightness": 3, "contrast": 4}


async def test_event_timeout(device):
    with pytest.raises(CaptureTimeout, match="no event from"):
        await device.events.aread(0.01)


async def test_close_wakes_who_waits_for_events(camera_and_stream):
    _, device, _ = camera_and_stream
    task = asyncio.create_task(device.events.aread(None))
    await asyncio.sleep(0)
    await wait_until_waiting(device.events._waiter)

    device.close()

    with pytest.raises(ClosedError):
        await asyncio.wait_for(task, 5)


async def test_frames_and_events_of_one_camera_at_once():
    camera = simulated("webcam")
    device = Device(camera.path)
    stream = device.stream()
    device.events.subscribe("brightness")
    frame, event = (
        asyncio.create_task(stream.aread(5)),
        asyncio.create_task(device.events.aread(5)),
    )
    await wait_until_waiting(stream._waiter)
    await wait_until_waiting(device.events._waiter)

    camera.poke("brightness", 9)
    told = await event
    camera.tick()

    assert (told.value, (await frame).sequence) == (9, 0)


async def test_descriptors_wake_readers_of_the_event_loop():
    camera = simulated("webcam")
    device = Device(camera.path)
    stream = device.stream()
    device.events.subscribe("brightness")
    loop, told = asyncio.get_running_loop(), asyncio.Queue()
    sources = {
        "frame": (stream, stream.try_read),
        "event": (device.events, device.events.try_read),
    }

    def tell(name, take):
        take()
        told.put_nowait(name)

    for name, (source, take) in sources.items():
        loop.add_reader(source.fileno(), tell, name, take)

    camera.poke("brightness", 1)
    first = await asyncio.wait_for(told.get(), 5)
    camera.tick()
    second = await asyncio.wait_for(told.get(), 5)
    for source, _ in sources.values():
        loop.remove_reader(source.fileno())

    assert (first, second) == ("event", "frame")


def test_event_loops_in_two_threads_share_a_stream():
    camera = simulated()
    device = Device(camera.path)
    stream = device.stream(buffers=8)
    seen = []

    async def read():
        for _ in range(20):
            seen.append((await stream.aread(10)).sequence)

    threads = [threading.Thread(target=lambda: asyncio.run(read())) for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        camera.tick()
        time.sleep(0.001)
    for thread in threads:
        thread.join()

    assert len(seen) == len(set(seen)) == 40
    assert stream._waiter._futures == {}


def test_second_event_loop_after_the_first_has_ended():
    camera = simulated()
    device = Device(camera.path)
    stream = device.stream()

    async def give_up():
        task = asyncio.ensure_future(stream.aread(None))
        await wait_until_waiting(stream._waiter)
        assert not task.done()  # asyncio.run() cancels it

    async def read():
        task = asyncio.ensure_future(stream.aread(5))
        await wait_until_waiting(stream._waiter)
        camera.tick()
        return await task

    asyncio.run(give_up())

    assert asyncio.run(read()).ok
    assert stream._waiter._futures == {}


def test_nothing_leaks():
    camera = SimulatedCamera("webcam", clock="manual")

    async def cycle():
        with Device(camera.path) as device, device.stream() as stream:
            task = asyncio.ensure_future(stream.aread(5))
            await wait_until_waiting(stream._waiter)
            camera.tick()
            await task
            waiting = asyncio.ensure_future(stream.aread(None))
            await wait_until_waiting(stream._waiter)
        with pytest.raises(ClosedError):
            await waiting

    asyncio.run(cycle())
    gc.collect()
    before = open_fds()
    for _ in range(30):
        asyncio.run(cycle())

    gc.collect()
    assert open_fds() == before
