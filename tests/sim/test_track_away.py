# SPDX-License-Identifier: MIT
"""Tracks whose camera is unplugged and comes back: muted meanwhile, if that is wanted."""

import asyncio
import logging

import pytest

from v4l2capture import (
    DeviceGoneError,
    ImageCapture,
    MediaDevices,
    OperationError,
    SimulatedCamera,
    UnknownError,
)
from v4l2capture import absence as absence_module
from v4l2capture import capturesource as capturesource_module
from v4l2capture import refusal as refusal_module
from v4l2capture.worker import Worker

from .face import Listening, control, left, live, quick, settle, video_track


@pytest.fixture
def sim():
    return live()


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """What flaps or refuses, does so for a moment only."""
    monkeypatch.setattr(capturesource_module, "FLAPS", 0.05)
    monkeypatch.setattr(refusal_module, "REFUSES", 0.2)


async def waiting_track(path, video=True):
    """A track that waits while its camera is away."""
    media_devices = MediaDevices([path], on_disconnect="wait")
    (track,) = (await media_devices.get_user_media({"video": video})).get_tracks()
    return track


@pytest.mark.quirk("unplugged")
async def test_track_is_muted_while_its_camera_is_away(sim):
    track = await waiting_track(sim.path, {"width": 320, "height": 240, "zoom": 200})
    await track.apply_constraints(width=320, height=240, zoom=200)
    listening = Listening(track)
    frames = track.frames()
    kept = await anext(frames)
    pixels = kept.to_rgb()
    settings = track.get_settings()

    sim.unplug()
    await listening.wait_for("mute")
    assert (track.ready_state, track.muted) == ("live", True)
    assert track.get_settings() == settings
    sim.replug()
    await listening.wait_for("unmute")
    async with asyncio.timeout(10):
        picture = await anext(frames)

    assert (picture.width, track.muted) == (320, False)
    assert control(sim, "zoom_absolute") == 200
    assert track.get_settings() == settings
    assert listening.types == ["mute", "unmute"]
    assert (kept.to_rgb() == pixels).all()


async def test_track_that_does_not_wait_ends(sim):
    waits, ends = await waiting_track(sim.path), await video_track(sim.path)
    twin = waits.clone()
    listening = Listening(ends)
    muted = Listening(waits, twin)

    sim.unplug()
    await listening.wait_for("ended")
    await muted.wait_for("mute", 2)
    sim.replug()
    await muted.wait_for("unmute", 2)

    assert [each.ready_state for each in (waits, ends, twin)] == ["live", "ended", "live"]
    assert set(muted.types) == {"mute", "unmute"}


async def test_camera_that_is_away_can_be_asked_nothing(sim):
    track = await waiting_track(sim.path)
    listening = Listening(track)
    sim.unplug()
    await listening.wait_for("mute")

    with pytest.raises(OperationError, match="unplugged"):
        await track.apply_constraints(zoom=200)
    with pytest.raises(OperationError, match="unplugged"):
        await ImageCapture(track).get_photo_capabilities()

    assert track.ready_state == "live"
    assert await MediaDevices([sim.path]).enumerate_devices() == []


async def test_change_that_finds_no_camera_mutes(sim):
    """No frame tells of the plug where none comes."""
    track = await waiting_track(sim.path)
    sim.fault("stall")
    listening = Listening(track)
    sim.fault("ioctl_error", request="VIDIOC_S_EXT_CTRLS", value=19)

    with pytest.raises(OperationError):
        await track.apply_constraints(zoom=200)
    await listening.wait_for("mute")
    sim.clear_faults()
    sim.replug()
    await listening.wait_for("unmute")

    await track.apply_constraints(zoom=200)
    assert control(sim, "zoom_absolute") == 200


async def test_picture_that_is_asked_for_meanwhile_comes_when_it_is_back(sim):
    track = await waiting_track(sim.path)
    listening = Listening(track)
    sim.unplug()
    await listening.wait_for("mute")

    grab = ImageCapture(track).grab_frame()
    sim.replug()

    assert (await grab).width == 640


async def test_photo_that_is_asked_for_meanwhile_is_taken_when_it_is_back(sim):
    track = await waiting_track(sim.path, {"width": 320})
    listening = Listening(track)
    sim.unplug()
    await listening.wait_for("mute")

    photo = ImageCapture(track).take_photo(image_width=640)
    sim.replug()

    assert (await photo).width == 640
    assert (track.ready_state, track.get_settings().width) == ("live", 320)


@pytest.mark.parametrize("frames", [1, 3])
async def test_photo_under_way_is_taken_when_the_camera_is_back(sim, frames):
    track = await waiting_track(sim.path)
    listening = Listening(track)
    await anext(track.frames())
    sim.fault("disconnect", after=frames, count=1)

    photo = ImageCapture(track).take_photo(image_width=1280)
    await listening.wait_for("mute")
    async with asyncio.timeout(10):
        while sim.handles:
            await asyncio.sleep(0)
    sim.clear_faults()
    sim.replug()

    assert (await photo).width == 1280
    assert track.ready_state == "live"


async def test_photo_waits_no_longer_than_it_may(sim):
    track = await waiting_track(sim.path)
    listening = Listening(track)
    sim.unplug()
    await listening.wait_for("mute")

    with pytest.raises(UnknownError, match="unplugged") as caught:
        await ImageCapture(track).take_photo(timeout=0.1)

    assert isinstance(caught.value.__cause__, DeviceGoneError)
    assert track.ready_state == "live"


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("turns", [0, 300])
async def test_photo_does_not_outlive_its_track(sim, shared, turns):
    track = await waiting_track(sim.path)
    twin = track.clone() if shared else None
    listening = Listening(track)
    sim.unplug()
    await listening.wait_for("mute")

    photo = ImageCapture(track).take_photo(timeout=3600)
    for _ in range(turns):
        await asyncio.sleep(0)
    track.stop()

    with pytest.raises(UnknownError):
        await asyncio.wait_for(photo, 10)
    assert twin is None or twin.ready_state == "live"


@pytest.mark.parametrize("turns", [0, 3, 30])
async def test_photo_that_is_waited_for_may_be_cancelled(sim, turns):
    track = await waiting_track(sim.path)
    listening = Listening(track)
    sim.unplug()
    await listening.wait_for("mute")
    before = sim.ioctls("VIDIOC_STREAMON")

    photo = ImageCapture(track).take_photo(image_width=1280)
    for _ in range(turns):
        await asyncio.sleep(0)
    photo.cancel()
    sim.replug()
    await listening.wait_for("unmute")

    assert photo.cancelled()
    assert sim.ioctls("VIDIOC_STREAMON") == before + 1


async def test_track_may_be_stopped_meanwhile(sim):
    track = await waiting_track(sim.path)
    listening = Listening(track)
    sim.unplug()
    await listening.wait_for("mute")

    track.stop()
    await track.wait_closed()
    sim.replug()

    assert track.ready_state == "ended"
    assert sim.handles == 0
    again = await video_track(sim.path)
    assert (await anext(again.frames())).width == 640


async def test_others_may_have_the_path_meanwhile(sim, monkeypatch):
    """The next camera there is another one: neither its tracks nor its thread are shared."""
    track = await waiting_track(sim.path)
    listening = Listening(track)
    sim.unplug()
    await listening.wait_for("mute")

    other = capturesource_module.CaptureSource.of(sim.path)

    assert other is not track._source
    assert other._worker is not track._source._worker
    other.close()


@pytest.mark.parametrize("looks", [False, True], ids=["quicker", "at once"])
async def test_who_asks_for_a_camera_that_has_just_come_back_shares_it(sim, looks):
    track = await waiting_track(sim.path)
    listening = Listening(track)
    sim.unplug()
    await listening.wait_for("mute")

    if looks:
        track._source._home._try()
    sim.replug()
    other = await video_track(sim.path)

    assert other._source is track._source
    assert [each.ready_state for each in (track, other)] == ["live", "live"]
    assert (await anext(track.frames())).width == 640


async def test_who_asks_for_a_camera_does_not_wait_for_one_that_is_away(sim):
    track = await waiting_track(sim.path)
    listening = Listening(track)
    sim.unplug()
    await listening.wait_for("mute")
    other = live()

    another = await video_track(other.path)

    assert another._source is not track._source
    assert (track.ready_state, track.muted) == ("live", True)


@pytest.mark.quirk("other-index")
async def test_camera_that_is_back_elsewhere_is_shared_there(sim, monkeypatch):
    track = await waiting_track(sim.path)
    listening = Listening(track)
    elsewhere = f"{sim.path}b"
    monkeypatch.setitem(capturesource_module._workers, elsewhere, worker := Worker("other"))
    sim.unplug()
    await listening.wait_for("mute")
    returned = track._source._returned

    def moved(look):
        object.__setattr__(look.info, "path", elsewhere)
        returned(look)

    track._source._home._back = moved
    sim.replug()
    await listening.wait_for("unmute")

    find = capturesource_module.CaptureSource.find
    assert find(elsewhere) is track._source
    assert find(sim.path) is None
    assert worker is capturesource_module._workers[elsewhere]


async def test_camera_that_is_back_and_refuses_ends_its_track(sim, caplog):
    track = await waiting_track(sim.path)
    await track.apply_constraints(zoom={"exact": 200})
    listening = Listening(track)
    sim.unplug()
    await listening.wait_for("mute")

    sim.fault("control_eio", control="zoom_absolute")
    with caplog.at_level(logging.WARNING):
        sim.replug()
        await listening.wait_for("ended")

    assert track.ready_state == "ended"
    assert "is back, and refuses" in caplog.text
    assert "zoom_absolute" in caplog.text


async def test_camera_that_refuses_for_a_moment_is_waited_for(sim):
    track = await waiting_track(sim.path)
    listening = Listening(track)
    sim.unplug()
    await listening.wait_for("mute")

    sim.fault("streamon_error", value=5, count=1)
    sim.replug()
    await listening.wait_for("unmute")

    assert track.ready_state == "live"


async def test_nobody_asks_again_and_again(sim, monkeypatch):
    looks = []
    find = absence_module.find_again
    monkeypatch.setattr(absence_module, "find_again", lambda info: looks.append(1) or find(info))
    track = await waiting_track(sim.path)
    listening = Listening(track)

    sim.unplug()
    await listening.wait_for("mute")
    await asyncio.sleep(0.5)

    assert 1 <= len(looks) <= 2
    assert track.muted


async def test_nothing_is_left_of_coming_and_going():
    sim = quick()
    track = await waiting_track(sim.path)
    listening = Listening(track)

    async def cycle(number):
        sim.unplug()
        await listening.wait_for("mute", number)
        sim.replug()
        await listening.wait_for("unmute", number)
        await anext(track.frames())

    await cycle(1)
    before = await settle(sim.path, left(sim.path))
    for number in range(2, 5):
        await cycle(number)

    assert await settle(sim.path, before) == before
    track.stop()
    await track.wait_closed()
    assert sim.handles == sim.mappings == 0


def test_end_of_the_loop_ends_the_waiting():
    sim = SimulatedCamera("webcam")

    async def main():
        track = await waiting_track(sim.path)
        listening = Listening(track)
        sim.unplug()
        await listening.wait_for("mute")
        return track

    track = asyncio.run(main())

    assert track.ready_state == "live"
    track.stop()
    assert track.ready_state == "ended"


@pytest.mark.parametrize("name", ["on_disconnect", "on_stall"])
def test_unknown_policy_is_refused(name):
    with pytest.raises(ValueError, match=f"{name}='hope': give '"):
        MediaDevices([], **{name: "hope"})
