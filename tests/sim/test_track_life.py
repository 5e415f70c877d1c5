# SPDX-License-Identifier: MIT
"""Tracks begin, are cloned and end, and leave nothing behind."""

import asyncio
import errno
import gc
import sys
import threading
import weakref

import pytest

from v4l2capture import (
    Camera,
    DeviceBusyError,
    DeviceGoneError,
    DOMException,
    ImageCapture,
    MediaDevices,
    NotReadableError,
    OperationError,
)
from v4l2capture import capturesource as capturesource_module

from .face import (
    Listening,
    left,
    live,
    next_picture,
    quick,
    settle,
    video_track,
)
from .lanes import mappings


@pytest.fixture
def sim():
    return live()


# ---- clones ----


async def test_clone_has_the_same_but_its_id(sim):
    track = await video_track(sim.path, {"width": 320, "height": 240, "advanced": [{"zoom": 200}]})
    track.enabled = False

    twin = track.clone()

    assert twin.id != track.id
    assert twin.label == track.label
    assert twin.enabled is False
    assert twin.get_constraints() == track.get_constraints()
    assert twin.get_settings() == track.get_settings()
    assert twin.get_capabilities() == track.get_capabilities()


async def test_clone_lives_on(sim):
    track = await video_track(sim.path, {"width": 320, "height": 240})
    twin = track.clone()

    track.stop()
    picture = await anext(twin.frames())

    assert twin.ready_state == "live"
    assert (picture.width, picture.height) == (320, 240)
    await twin.apply_constraints({"zoom": 150})
    assert twin.get_constraints().to_dict() == {"zoom": 150}


async def test_clone_of_an_ended_track_has_ended(sim):
    track = await video_track(sim.path)
    track.stop()

    twin = track.clone()

    assert twin.ready_state == "ended"
    assert twin.get_settings() == track.get_settings()
    assert [picture async for picture in twin.frames()] == []


async def test_constraints_of_clones_are_their_own(sim):
    track = await video_track(sim.path)
    twin = track.clone()

    await twin.apply_constraints(width={"exact": 160}, height={"exact": 120})
    of_track, of_twin = await anext(track.frames()), await anext(twin.frames())

    assert (of_track.width, of_twin.width) == (640, 160)


# ---- the end ----


async def test_stop_ends_at_once_and_without_an_event(sim):
    track = await video_track(sim.path)
    listening = Listening(track)
    frames = track.frames()
    waiting = asyncio.create_task(anext(frames, None))
    await asyncio.sleep(0)

    track.stop()

    assert track.ready_state == "ended"
    await waiting  # for the end, or for a frame that was quicker
    assert await anext(frames, None) is None
    track.stop()
    await track.wait_closed()
    assert listening.types == []
    assert sim.handles == 0


async def test_ended_track_still_knows_which_camera_it_was():
    sim = live("phone")
    track = await video_track(sim.path)
    track.stop()

    assert track.get_settings().to_dict() == {
        "deviceId": sim.path,
        "facingMode": "environment",
        "groupId": "platform:sim-phone",
    }
    assert track.get_capabilities().torch == [False, True]


@pytest.mark.quirk("unplugged")
async def test_unplugged_camera_ends_all_its_tracks(sim):
    track = await video_track(sim.path)
    twin = track.clone()
    listening = Listening(track, twin)
    frames = track.frames()

    sim.fault("disconnect")
    await listening.wait_for("ended", 2)

    assert listening.types == ["ended", "ended"]
    assert (track.ready_state, twin.ready_state) == ("ended", "ended")
    assert [picture async for picture in frames] == []
    await track.wait_closed()
    assert sim.handles == 0


async def test_unplugged_camera_ends_its_track_in_the_middle_of_a_change(sim):
    track = await video_track(sim.path)
    sim.fault("stall")  # no frame tells of the plug
    listening = Listening(track)
    sim.fault("ioctl_error", request="VIDIOC_S_EXT_CTRLS", value=errno.ENODEV)

    with pytest.raises(OperationError) as caught:
        await track.apply_constraints(zoom=200)

    assert isinstance(caught.value.__cause__, DeviceGoneError)
    assert track.ready_state == "ended"
    assert listening.types == ["ended"]


async def test_other_failure_of_the_driver_is_no_end(sim):
    track = await video_track(sim.path)
    sim.fault("ioctl_error", request="VIDIOC_S_FMT", value=errno.EBUSY, count=1)

    with pytest.raises(OperationError):
        await track.apply_constraints(width={"exact": 1280})

    assert track.ready_state == "live"
    assert await asyncio.wait_for(anext(track.frames()), 5)


async def test_camera_that_streams_again_some_time_after_a_change_is_no_end(sim, monkeypatch):
    monkeypatch.setattr(capturesource_module, "_RETRY", 0.001)
    track = await video_track(sim.path)
    sim.fault("streamon_error", value=errno.EIO, count=4)

    with pytest.raises(OperationError):
        await track.apply_constraints(width={"exact": 1280})

    picture = await asyncio.wait_for(anext(track.frames()), 5)
    assert picture.width == track.get_settings().width == 640


@pytest.mark.parametrize(
    "ask",
    [
        lambda track: track.apply_constraints(width={"exact": 1280}),
        lambda track: ImageCapture(track).take_photo(image_width=1920),
    ],
    ids=["constraints", "photo"],
)
async def test_picture_that_is_kept_too_long_for_another_size_is_no_end(sim, ask):
    """Drivers of old kernels change nothing while a buffer is held."""
    sim.fault("no_orphan")
    track = await video_track(sim.path)
    kept = [await anext(track.frames())]
    asyncio.get_running_loop().call_later(0.3, kept.clear)

    with pytest.raises(DOMException) as caught:
        await ask(track)

    assert isinstance(caught.value.__cause__, DeviceBusyError)
    picture = await asyncio.wait_for(anext(track.frames()), 5)
    assert picture.width == 640


async def test_camera_that_does_not_stream_again_after_a_change_ends_the_track(sim, monkeypatch):
    monkeypatch.setattr(capturesource_module, "_RETRY", 0.001)
    track = await video_track(sim.path)
    listening = Listening(track)
    sim.fault("streamon_error", value=errno.EIO)

    with pytest.raises(OperationError):
        await track.apply_constraints(width={"exact": 1280})
    await listening.wait_for("ended")

    assert track.ready_state == "ended"


async def test_driver_that_stumbles_is_tried_again(sim, monkeypatch):
    monkeypatch.setattr(capturesource_module, "_RETRY", 0.001)
    track = await video_track(sim.path)
    frames = track.frames()
    await anext(frames)

    sim.fault("dqbuf_error", count=3)
    for _ in range(3):
        await asyncio.wait_for(anext(frames), 5)

    assert track.ready_state == "live"


async def test_driver_that_fails_for_good_ends_the_track(sim, monkeypatch):
    monkeypatch.setattr(capturesource_module, "_RETRY", 0.001)
    track = await video_track(sim.path)
    listening = Listening(track)

    sim.fault("dqbuf_error")
    await listening.wait_for("ended")

    assert track.ready_state == "ended"


async def test_iteration_over_events_ends_with_the_track(sim):
    track = await video_track(sim.path)
    events = track.events("ended")
    changes = track.events("configurationchange")

    sim.unplug()

    assert [event.type async for event in events] == ["ended"]
    assert [event.type async for event in changes] == []


async def test_iteration_over_events_of_an_ended_track_ends_at_once(sim):
    track = await video_track(sim.path)
    track.stop()
    twin = track.clone()

    async with asyncio.timeout(5):
        assert [event async for event in track.events("ended")] == []
        assert [event async for event in twin.events("mute")] == []


async def test_stop_of_the_last_track_closes_the_camera(sim):
    track = await video_track(sim.path)
    twin = track.clone()

    track.stop()
    await track.wait_closed()
    assert sim.handles == 1
    twin.stop()
    await twin.wait_closed()
    assert sim.handles == 0


async def test_listener_may_stop_the_last_track(sim):
    """The camera may be closed before its listener returns: nobody may watch it then."""
    reported = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    track = await video_track(sim.path)
    stopped = asyncio.Event()

    def stop(_event):
        track.stop()
        for thread in threading.enumerate():
            if thread.name.startswith("v4l2capture"):
                thread.join(10)
        stopped.set()

    track.onconfigurationchange = stop
    sim.poke("brightness", 5)
    await asyncio.wait_for(stopped.wait(), 5)
    await track.wait_closed()
    gc.collect()

    assert sim.handles == 0
    assert reported == []


async def test_camera_can_be_used_again_right_after_it_was_stopped(camera):
    for _ in range(3):
        track = await video_track(camera.path)
        assert await next_picture(camera, track.frames())
        track.stop()


async def test_nothing_is_left_of_a_track(camera):
    track = await video_track(camera.path)  # what is made once
    await ImageCapture(track).get_photo_capabilities()
    track.stop()
    await track.wait_closed()
    del track
    before = await settle(camera.path, left(camera.path))

    for _ in range(min(camera.cycles, 10)):
        track = await video_track(camera.path, {"width": 320})
        twin = track.clone()
        frames = track.frames()
        await next_picture(camera, frames)
        await twin.apply_constraints(brightness=3)
        twin.stop()
        track.stop()
        del track, twin, frames

    assert await settle(camera.path, before) == before


async def test_nothing_is_left_of_an_unplugged_camera():
    before = None
    for _ in range(5):
        sim = quick()
        track = await video_track(sim.path)
        listening = Listening(track)
        sim.unplug()
        await listening.wait_for("ended")
        await track.wait_closed()
        del track, listening
        before = before or await settle(sim.path, left(sim.path))

    assert await settle(sim.path, before) == before


async def test_track_that_nobody_has_is_stopped(sim):
    track = await video_track(sim.path)
    gone = weakref.ref(track)
    await anext(track.frames())

    del track
    gc.collect()
    async with asyncio.timeout(5):
        while sim.handles:
            await asyncio.sleep(0.001)

    assert gone() is None


def test_end_of_the_event_loop_closes_the_camera(sim):
    async def main():
        track = await video_track(sim.path)
        await anext(track.frames())
        return track

    track = asyncio.run(main())

    assert track.ready_state == "ended"
    for thread in threading.enumerate():
        if thread.name.startswith("v4l2capture"):
            thread.join(10)
    assert sim.handles == 0
    assert mappings(sim.path) == 0
    track.stop()


def test_track_may_be_stopped_after_its_event_loop(sim):
    loop = asyncio.new_event_loop()
    track = loop.run_until_complete(video_track(sim.path))
    loop.run_until_complete(anext(track.frames()))
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task._log_destroy_pending = False
    loop.close()

    track.stop()

    for thread in threading.enumerate():
        if thread.name.startswith("v4l2capture"):
            thread.join(10)
    assert sim.handles == 0


async def test_camera_of_another_event_loop_is_busy(sim):
    """Its tracks belong to that loop's thread; they cannot be shared."""
    track = await video_track(sim.path)

    def other_loop():
        with pytest.raises(NotReadableError):
            asyncio.run(video_track(sim.path))

    await asyncio.to_thread(other_loop)
    assert await anext(track.frames())

    track.stop()
    await asyncio.to_thread(lambda: asyncio.run(video_track(sim.path)))


async def test_cameras_come_and_go_in_another_event_loop_meanwhile(sim):
    class Known:
        loop = None

    done = threading.Event()

    def other_loop():
        others = [Known() for _ in range(100)]
        while not done.is_set():
            for number, other in enumerate(others):
                capturesource_module._sources[number, sim.path] = other
            for number in range(len(others)):
                del capturesource_module._sources[number, sim.path]

    thread = threading.Thread(target=other_loop)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        track = await video_track(sim.path)
        for _ in range(3000):
            assert len(capturesource_module.CaptureSource.all()) == 1
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(interval)
    track.stop()


@pytest.mark.parametrize("profile", ["hostile", "mplane", "phone", "sensor"])
async def test_every_camera_has_tracks_with_pictures(profile):
    sim = live(profile)
    track = await video_track(sim.path)

    picture = await asyncio.wait_for(anext(track.frames()), 10)
    bitmap = await ImageCapture(track).grab_frame()
    await track.apply_constraints(width=320, height=240)

    assert picture.to_rgb().any()
    assert bitmap.array().any()
    assert set(track.get_settings()) <= set(track.get_capabilities()) | {"pointsOfInterest"}


ORDERS = [
    ("track", "stream", "devices", "sim"),
    ("sim", "track", "stream", "devices"),
    ("devices", "stream", "track", "sim"),
    ("stream", "sim", "track", "devices"),
]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
async def test_things_die_in_every_order(order):
    sim = quick()
    path = sim.path
    devices = MediaDevices([path])
    stream = await devices.get_user_media(video=True)
    track = stream.get_tracks()[0]
    picture = await anext(track.frames())
    things = {"sim": sim, "devices": devices, "stream": stream, "track": track}
    del sim, devices, stream, track

    for name in order:
        del things[name]
        gc.collect()
        await asyncio.sleep(0)

    assert picture.to_rgb().any()
    del picture
    gc.collect()
    async with asyncio.timeout(5):
        while mappings(path):
            await asyncio.sleep(0.001)


# ---- light ----


async def test_torch_that_a_track_lit_goes_out_with_it():
    sim = live("phone")
    track, other = await video_track(sim.path), await video_track(sim.path)
    await track.apply_constraints({"advanced": [{"torch": True}]})
    await other.apply_constraints({"torch": True})

    track.stop()
    await other.apply_constraints({"torch": True})  # after the stop
    with Camera(sim.path) as camera:
        assert camera.settings.torch is True
    other.stop()
    await other.wait_closed()

    with Camera(sim.path) as camera:
        assert camera.settings.torch is False


async def test_torch_that_was_on_before_stays_on():
    sim = live("phone")
    with Camera(sim.path) as camera:
        camera.apply_constraints(torch={"exact": True})
    track = await video_track(sim.path)

    track.stop()
    await track.wait_closed()

    with Camera(sim.path) as camera:
        assert camera.settings.torch is True
