# SPDX-License-Identifier: MIT
"""A camera that gives no frames, or does not answer: an end in time, and nobody else waits."""

import asyncio
import threading

import pytest

from v4l2capture import Camera, CaptureTimeout, MediaDevices
from v4l2capture import silence as silence_module
from v4l2capture.controls import Controls
from v4l2capture.silence import longest_silence

from .face import live, quick, video_track
from .lanes import simulated

QUIET = 0.05


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """What is silent for a moment is silent."""
    monkeypatch.setattr(silence_module, "_SILENCE", QUIET)
    monkeypatch.setattr(silence_module, "_SILENT_FRAMES", 0)


def begun(sim):
    return sim.ioctls("VIDIOC_STREAMON")


def mended(camera, sim):
    """Let the next beginning mend a camera."""
    begin = camera._source._begin

    def mend(kept):
        sim.clear_faults()
        return begin(kept)

    camera._source._begin = mend


# ---- cameras ----


@pytest.mark.parametrize("rate", [None, 30, 100])
def test_two_seconds_are_silence(monkeypatch, rate):
    monkeypatch.undo()

    assert longest_silence(rate) == 2


def test_ten_frames_are_silence_where_they_take_longer(monkeypatch):
    monkeypatch.undo()

    assert longest_silence(1) == 10


@pytest.mark.quirk("stall")
def test_stream_that_stalls_ends_a_read():
    sim = simulated()
    with Camera(sim.path) as camera:
        with pytest.raises(CaptureTimeout):
            camera.read(timeout=3 * QUIET)

        assert begun(sim) == 1


@pytest.mark.quirk("stall")
def test_stream_that_stalls_is_begun_anew_once_where_that_is_wanted(caplog):
    sim = simulated()
    with Camera(sim.path, on_stall="restart") as camera:
        with pytest.raises(CaptureTimeout, match="and it was begun anew"):
            camera.read(timeout=3 * QUIET)
        with pytest.raises(CaptureTimeout):
            camera.read(timeout=3 * QUIET)

        assert begun(sim) == 2
        (said,) = caplog.messages
        assert "gives no frames: begun anew" in said


def test_stream_that_was_begun_anew_goes_on():
    """A camera whose firmware stumbles, as many do, and which a new beginning mends."""
    sim = live()
    with Camera(sim.path, on_stall="restart") as camera:
        camera.apply_constraints(zoom=200)
        camera.start()
        sim.fault("stall")
        mended(camera, sim)

        assert camera.read(timeout=20).ok
        assert camera.settings.zoom == 200
        assert begun(sim) == 2


def test_short_waits_add_up(monkeypatch):
    """Who polls must not begin a healthy stream anew each time, nor wait for ever."""
    sim = simulated()
    monkeypatch.setattr(silence_module, "_SILENCE", 60.0)
    with Camera(sim.path, on_stall="restart") as camera:
        for timeout in (0, QUIET / 10) * 5:
            with pytest.raises(CaptureTimeout):
                camera.read(timeout=timeout)
        assert begun(sim) == 1

        monkeypatch.setattr(silence_module, "_SILENCE", QUIET)
        for _ in range(12):
            with pytest.raises(CaptureTimeout):
                camera.read(timeout=QUIET / 10)
        assert begun(sim) == 2


def test_each_frame_allows_another_beginning():
    sim = simulated()
    with Camera(sim.path, on_stall="restart") as camera:
        for times in (2, 3):
            with pytest.raises(CaptureTimeout):
                camera.read(timeout=3 * QUIET)
            sim.tick()
            assert camera.read(timeout=0).ok
            assert begun(sim) == times


@pytest.mark.parametrize(
    "take",
    [
        lambda camera: camera.grab_frame(timeout=20),
        lambda camera: camera.take_photo(image_width=640, timeout=20),
    ],
    ids=["frame", "photo"],
)
def test_pictures_are_taken_of_a_stream_that_was_begun_anew(take):
    sim = live()
    with Camera(sim.path, on_stall="restart") as camera:
        camera.start()
        sim.fault("stall")
        mended(camera, sim)

        assert take(camera).width == 640
        assert begun(sim) == 2


# ---- tracks ----


async def test_track_that_is_silent_begins_anew_where_that_is_wanted():
    sim = live()
    stream = await MediaDevices([sim.path], on_stall="restart").get_user_media(video=True)
    (track,) = stream.get_tracks()
    unmuted = track.events("unmute")
    sim.fault("stall")
    async with asyncio.timeout(10):
        while begun(sim) == 1:
            await asyncio.sleep(0.001)
    assert track.muted

    sim.clear_faults()
    await asyncio.wait_for(anext(unmuted), 10)

    assert track.ready_state == "live"
    assert begun(sim) == 2


async def test_track_that_is_silent_is_muted():
    sim = live()
    track = await video_track(sim.path)
    muted = track.events("mute")
    sim.fault("stall")

    await asyncio.wait_for(anext(muted), 10)
    await track.apply_constraints(brightness=3)

    assert track.muted
    assert begun(sim) == 1


# ---- controls that do not answer ----


@pytest.fixture
def hanging(monkeypatch):
    """A function that lets the writes of one camera hang, until the event is set."""
    answered = threading.Event()
    begun = threading.Event()
    write = Controls._set

    def hang(path):
        def set_(controls, values):
            if controls._device.path == path:
                begun.set()
                assert answered.wait(20)
            return write(controls, values)

        monkeypatch.setattr(Controls, "_set", set_)
        return begun

    hang.answered = answered
    yield hang
    answered.set()


async def test_control_that_hangs_keeps_no_frames_from_anybody(hanging):
    one, other = quick(), quick(controls=[BRIGHTNESS])
    begun = hanging(other.path)
    track, slow = await video_track(one.path), await video_track(other.path)

    change = slow.apply_constraints(brightness=3)
    await asyncio.to_thread(begun.wait, 10)
    async with asyncio.timeout(20):
        for frames in (track.frames(), slow.frames()):
            for _ in range(5):
                assert (await anext(frames)).width == 64
        assert (await MediaDevices([one.path]).enumerate_devices())[0].path == one.path
    assert not change.done()

    hanging.answered.set()
    await asyncio.wait_for(change, 10)
    assert slow.get_settings().brightness == 3


@pytest.mark.quirk("uvc-timeout")
def test_control_that_hangs_keeps_no_frames_from_other_threads(hanging):
    one, other = quick(), quick(controls=[BRIGHTNESS])
    begun = hanging(other.path)
    with Camera(one.path) as camera, Camera(other.path) as slow:
        stream = slow.start()
        writing = threading.Thread(target=slow.apply_constraints, kwargs={"brightness": 3})
        writing.start()
        assert begun.wait(10)

        assert [camera.read().ok for _ in range(5)] == [True] * 5
        assert [stream.read().ok for _ in range(5)] == [True] * 5
        assert slow.health().streaming
        assert writing.is_alive()

        hanging.answered.set()
        writing.join(10)
        assert slow.settings.brightness == 3


BRIGHTNESS = {"id": "0x00980900", "name": "brightness", "type": "int", "min": 0, "max": 9}
