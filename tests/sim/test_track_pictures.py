# SPDX-License-Identifier: MIT
"""Pictures of tracks: the newest, in their size and at their rate, from one capture for all."""

import asyncio

import numpy as np
import pytest

from v4l2capture import (
    ClosedError,
    SimulatedCamera,
)
from v4l2capture import silence as silence_module
from v4l2capture.sim import read_counter

from .face import (
    Listening,
    live,
    next_picture,
    quick,
    video_track,
)
from .lanes import SimLane, small


@pytest.fixture
def sim():
    return live()


@pytest.fixture
def silence(monkeypatch):
    """A camera is muted after a moment."""
    monkeypatch.setattr(silence_module, "_SILENCE", 0.3)
    monkeypatch.setattr(silence_module, "_SILENT_FRAMES", 1)


# ---- pictures ----


async def test_pictures_come_to_async_for(camera):
    track = await video_track(camera.path)
    frames = track.frames()

    pictures = [await next_picture(camera, frames) for _ in range(3)]

    times = [picture.frame.timestamp_ns for picture in pictures]
    now = track.get_settings()
    assert times == sorted(set(times))
    assert (pictures[0].width, pictures[0].height) == (now.width, now.height)
    assert pictures[0].to_rgb().shape == (now.height, now.width, 3)
    assert pictures[0].frame.ok


async def test_picture_is_the_camera_frame_without_a_copy(camera):
    track = await video_track(camera.path, {"width": 320, "resizeMode": "none"})
    frames = track.frames()

    picture = await next_picture(camera, frames)
    array = picture.frame.array()

    assert np.shares_memory(array, picture.frame.array())
    assert np.array_equal(picture.bitmap().array(), picture.frame.to_rgb())


async def test_two_tracks_have_sizes_of_their_own_and_one_capture(camera):
    large = await video_track(camera.path)
    native = large.get_settings().width, large.get_settings().height
    small = await video_track(camera.path, {"width": 160, "height": 120})

    of_large, of_small = large.frames(), small.frames()
    picture = await next_picture(camera, of_large)
    other = await asyncio.wait_for(anext(of_small), 10)

    assert (other.width, other.height) == (160, 120)
    assert other.to_rgb().shape == (120, 160, 3)
    assert (picture.width, picture.height) == native
    if isinstance(camera, SimLane):
        assert picture.frame is other.frame
        assert camera.sim.handles == 1


async def test_newest_picture_is_the_one_that_a_slow_reader_gets():
    sim = SimulatedCamera(small(), clock="manual")
    track = await video_track(sim.path)
    frames, watching = track.frames(), track.frames()

    for _ in range(5):
        sim.tick()
        newest = await anext(watching)
    late = await anext(frames)

    assert late.sequence == newest.sequence == 4


async def test_slow_readers_do_not_keep_the_buffers():
    """Each has a frame of another time, and there are more of them than buffers."""
    sim = SimulatedCamera(small(), clock="manual")
    track = await video_track(sim.path)
    watching = track.frames()
    kept = []

    for _ in range(9):
        sim.tick()
        kept.append(await asyncio.wait_for(anext(watching), 5))

    assert [picture.sequence for picture in kept] == list(range(9))
    assert sim.queued >= 1


async def test_reader_that_waits_keeps_no_buffer():
    sim = SimulatedCamera(small(), clock="manual")
    track = await video_track(sim.path)
    buffers = sim.queued
    frames = track.frames()
    sim.tick()

    picture = await anext(frames)
    assert sim.queued == buffers - 1
    del picture

    assert sim.queued == buffers


async def test_picture_of_one_reader_is_closed_for_nobody_else():
    sim = SimulatedCamera(small(), clock="manual")
    track = await video_track(sim.path)
    one, two = track.frames(), track.frames()
    sim.tick()

    with await anext(one) as closed:
        pass

    assert (await anext(two)).to_rgb().any()
    with pytest.raises(ClosedError):
        closed.to_rgb()
    assert "closed" in repr(closed)


async def test_pictures_are_thinned_out_to_the_rate_of_the_track():
    sim = SimulatedCamera(small(), clock="manual")
    track = await video_track(sim.path, {"frameRate": {"exact": 10}})
    fast = track.clone()
    await fast.apply_constraints()
    await fast.apply_constraints(frame_rate={"exact": 30})
    slow_ones, fast_ones = track.frames(), fast.frames()

    for _ in range(7):
        sim.tick()
        picture = await anext(fast_ones)
        if picture.sequence % 3 == 0:
            assert (await anext(slow_ones)).sequence == picture.sequence

    assert track.stats.to_dict() == {"deliveredFrames": 3, "discardedFrames": 4, "totalFrames": 7}
    assert fast.stats.to_dict() == {"deliveredFrames": 7, "discardedFrames": 0, "totalFrames": 7}


async def test_pictures_of_a_disabled_track_are_black():
    sim = SimulatedCamera("webcam", clock="manual")
    track = await video_track(sim.path, {"width": 320, "height": 240})
    other = track.clone()
    track.enabled = False
    frames, of_other = track.frames(), other.frames()
    sim.tick()

    picture = await anext(frames)

    assert picture.frame is None
    assert picture.to_rgb().shape == (240, 320, 3)
    assert not picture.to_rgb().any()
    assert "black" in repr(picture)
    assert (await anext(of_other)).to_rgb().any()
    track.enabled = True
    sim.tick()
    assert (await anext(frames)).to_rgb().any()


async def test_enabled_takes_a_boolean(sim):
    track = await video_track(sim.path)

    with pytest.raises(TypeError):
        track.enabled = 1


async def test_format_may_change_while_somebody_reads(sim):
    track = await video_track(sim.path)
    frames = track.frames()
    await anext(frames)

    await track.apply_constraints(width={"exact": 1280}, height={"exact": 720})
    pictures = [await asyncio.wait_for(anext(frames), 5) for _ in range(3)]

    assert [(picture.width, picture.height) for picture in pictures[1:]] == [(1280, 720)] * 2
    assert read_counter(pictures[-1].to_rgb()) == pictures[-1].sequence


async def test_format_may_change_again_and_again(sim):
    track = await video_track(sim.path)
    frames = track.frames()

    for _ in range(3):
        for width, height in ((1280, 720), (640, 480)):
            await track.apply_constraints(width={"exact": width}, height={"exact": height})
            async with asyncio.timeout(5):
                while (picture := await anext(frames)).width != width:
                    pass

    assert picture.to_rgb().shape == (480, 640, 3)
    assert track.ready_state == "live"


# ---- counting ----


async def test_frames_are_counted_though_nobody_reads_them():
    sim = quick()
    track = await video_track(sim.path)
    stats = track.stats

    async with asyncio.timeout(5):
        while stats.delivered_frames < 3:
            await asyncio.sleep(0.01)

    assert track.stats is stats
    assert stats.discarded_frames == 0
    assert stats.total_frames >= stats.delivered_frames


async def test_frames_of_a_disabled_track_are_not_counted():
    sim = SimulatedCamera(small(), clock="manual")
    track = await video_track(sim.path)
    frames = track.frames()
    sim.tick()
    await anext(frames)
    track.enabled = False

    for _ in range(3):
        sim.tick()
        await anext(frames)

    assert track.stats.to_dict() == {"deliveredFrames": 1, "discardedFrames": 0, "totalFrames": 1}


async def test_lost_frames_are_in_the_total():
    sim = SimulatedCamera(small(), clock="manual")
    track = await video_track(sim.path)
    frames = track.frames()
    sim.tick()
    await anext(frames)

    sim.fault("drop", count=2)
    sim.tick(3)
    await anext(frames)

    assert track.stats.to_dict() == {"deliveredFrames": 2, "discardedFrames": 0, "totalFrames": 4}


async def test_clone_counts_from_zero():
    sim = SimulatedCamera(small(), clock="manual")
    track = await video_track(sim.path)
    frames = track.frames()
    sim.tick()
    await anext(frames)

    assert track.clone().stats.total_frames == 0


# ---- silence ----


async def test_camera_that_is_silent_mutes_its_tracks_until_it_speaks(sim, silence):
    track = await video_track(sim.path)
    twin = track.clone()
    listening = Listening(track, twin)
    frames = track.frames()

    sim.fault("stall")
    await listening.wait_for("mute", 2)
    assert (track.muted, twin.muted, track.clone().muted) == (True, True, True)
    counted = track.stats.to_dict()
    sim.clear_faults()
    await listening.wait_for("unmute", 2)

    assert listening.types == ["mute", "mute", "unmute", "unmute"]
    assert not track.muted
    assert track.stats.total_frames <= counted["totalFrames"] + 1
    assert await asyncio.wait_for(anext(frames), 5)


async def test_stopped_track_is_not_muted_any_more(sim, monkeypatch):
    track = await video_track(sim.path)
    other = track.clone()
    listening = Listening(track, other)
    track.stop()

    monkeypatch.setattr(silence_module, "_SILENCE", 0.1)
    monkeypatch.setattr(silence_module, "_SILENT_FRAMES", 1)
    await anext(other.frames())
    sim.fault("stall")
    await listening.wait_for("mute")

    assert {event.target for event in listening.events} == {other}
    assert not track.muted
