# SPDX-License-Identifier: MIT
"""ImageCapture: pictures and photo settings of a track, as the W3C has them."""

import asyncio
import errno
import gc
import time

import numpy as np
import pytest

from v4l2capture import (
    Camera,
    ImageCapture,
    InvalidStateError,
    MediaDevices,
    MediaStreamTrack,
    NotSupportedError,
    OperationError,
    SimulatedCamera,
    UnknownError,
    VideoFrame,
)
from v4l2capture import imagecapture as imagecapture_module
from v4l2capture.sim import read_counter

from .face import live, pass_time, video_track
from .lanes import small


@pytest.fixture
def sim():
    return live()


async def test_program_for_a_browser_runs_with_other_spelling_only():
    media_devices = MediaDevices(["sim:webcam"])
    stream = await media_devices.get_user_media({"video": True})
    track = stream.get_video_tracks()[0]

    capabilities = track.get_capabilities()
    assert (capabilities.zoom.min, capabilities.zoom.max) == (100, 500)
    await track.apply_constraints({"advanced": [{"zoom": 200}]})
    bitmap = await ImageCapture(track).grab_frame()

    assert track.get_settings().zoom == 200
    assert (bitmap.width, bitmap.height) == (640, 480)
    assert bitmap.array().std() > 10


# ---- of what ----


async def test_track_is_the_one_that_was_given(sim):
    track = await video_track(sim.path)
    image_capture = ImageCapture(track)

    assert image_capture.track is track
    with pytest.raises(AttributeError):
        image_capture.track = None


@pytest.mark.parametrize("wrong", ["invalid", None, 123, {}, "", True], ids=repr)
def test_something_else_is_no_track(wrong):
    with pytest.raises(TypeError):
        ImageCapture(wrong)


def test_nothing_is_no_track():
    with pytest.raises(TypeError):
        ImageCapture()


async def test_sound_has_no_pictures(sim, monkeypatch):
    track = await video_track(sim.path)
    monkeypatch.setattr(MediaStreamTrack, "kind", "audio")

    with pytest.raises(NotSupportedError):
        ImageCapture(track)


async def test_track_may_have_ended(sim):
    track = await video_track(sim.path)
    track.stop()
    image_capture = ImageCapture(track)

    for method in (
        image_capture.grab_frame,
        image_capture.get_photo_capabilities,
        image_capture.get_photo_settings,
    ):
        promise = method()
        assert promise.done()
        with pytest.raises(InvalidStateError):
            await promise


# ---- photo settings ----


async def test_photo_capabilities_and_settings_are_those_of_the_camera():
    sim = live("phone")
    image_capture = ImageCapture(await video_track(sim.path))

    able = await image_capture.get_photo_capabilities()
    now = await image_capture.get_photo_settings()

    with Camera(sim.path) as camera:
        assert able == camera.photo_capabilities
        assert now == camera.photo_settings
    assert able.red_eye_reduction == "controllable"


@pytest.mark.parametrize("method", ["get_photo_capabilities", "get_photo_settings"])
async def test_track_that_stops_before_the_answer(sim, method):
    track = await video_track(sim.path)

    asked = getattr(ImageCapture(track), method)()
    track.stop()

    with pytest.raises(OperationError):
        await asked


@pytest.mark.parametrize("method", ["get_photo_capabilities", "get_photo_settings"])
async def test_camera_that_is_unplugged_before_the_answer(sim, method):
    track = await video_track(sim.path)
    sim.fault("stall")
    sim.unplug()

    with pytest.raises(OperationError):
        await getattr(ImageCapture(track), method)()

    assert track.ready_state == "ended"


# ---- pictures ----


async def test_grabbed_picture_is_taken_after_the_call(sim):
    image_capture = ImageCapture(await video_track(sim.path))

    for _ in range(3):
        asked = time.monotonic_ns()
        assert (await image_capture.grab_frame()).timestamp_ns >= asked


async def test_grabbed_picture_has_what_was_set_before(sim):
    track = await video_track(sim.path)
    image_capture = ImageCapture(track)
    dark = await image_capture.grab_frame()

    await track.apply_constraints(brightness=64)
    light = await image_capture.grab_frame()

    assert light.array().mean() > dark.array().mean() + 10


async def test_grabbed_picture_has_memory_of_its_own():
    sim = SimulatedCamera(small(), clock="manual")
    track = await video_track(sim.path)
    buffers = sim.queued
    grabbed = ImageCapture(track).grab_frame()
    async with asyncio.timeout(5):
        while not grabbed.done():
            sim.tick()
            await asyncio.sleep(0.001)

    bitmap = grabbed.result()
    async with asyncio.timeout(5):
        while sim.queued != buffers:  # the thread that made it lets go of the frame last
            await asyncio.sleep(0.001)
    assert (bitmap.width, bitmap.height) == (64, 48)
    assert bitmap.array().flags.writeable


async def test_grabbed_picture_has_the_size_of_the_track(camera):
    track = await video_track(camera.path, {"width": 160, "height": 120})
    other = await video_track(camera.path)
    now = other.get_settings()

    grabbed = [ImageCapture(each).grab_frame() for each in (track, other)]
    async with asyncio.timeout(10):
        while not all(each.done() for each in grabbed):
            pass_time(camera)
            await asyncio.sleep(0.001)
    small_one, large_one = (each.result() for each in grabbed)

    assert (small_one.width, small_one.height) == (160, 120)
    assert (large_one.width, large_one.height) == (now.width, now.height)


async def test_grabbed_picture_is_the_next_one_at_whatever_rate(sim):
    """A track that has one frame each second does not keep its user waiting."""
    track = await video_track(sim.path, {"frameRate": 1})
    assert track.get_settings().frame_rate == 1

    async with asyncio.timeout(0.9):
        for _ in range(3):
            await ImageCapture(track).grab_frame()


async def test_pictures_are_grabbed_side_by_side(sim):
    image_capture = ImageCapture(await video_track(sim.path))

    pictures = await asyncio.gather(*(image_capture.grab_frame() for _ in range(4)))

    assert len({read_counter(picture.array()) for picture in pictures}) == 1
    assert len({id(picture.array()) for picture in pictures}) == 4


async def test_event_loop_goes_on_while_a_picture_is_converted(sim):
    image_capture = ImageCapture(
        await video_track(sim.path, {"width": 3840, "height": 2160, "resizeMode": "none"})
    )
    turns = 0

    async def turn():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    turning = asyncio.create_task(turn())
    bitmap = await image_capture.grab_frame()
    turning.cancel()

    assert bitmap.array().shape == (2160, 3840, 3)
    assert turns > 10


@pytest.mark.parametrize("take", [ImageCapture.grab_frame, ImageCapture.take_photo])
async def test_there_is_no_picture_of_a_disabled_track(sim, take):
    """W3C asks no more of a track than to be live; browsers want it enabled, too."""
    track = await video_track(sim.path)
    image_capture = ImageCapture(track)
    track.enabled = False

    with pytest.raises(InvalidStateError, match="not enabled"):
        await take(image_capture)


async def test_picture_of_a_track_that_is_disabled_meanwhile_is_black(sim):
    track = await video_track(sim.path)

    grabbed = ImageCapture(track).grab_frame()
    track.enabled = False

    assert not (await grabbed).array().any()


async def test_track_that_stops_before_the_picture(sim):
    track = await video_track(sim.path)

    grabbed = ImageCapture(track).grab_frame()
    track.stop()

    with pytest.raises(UnknownError):
        await grabbed


async def test_camera_that_is_unplugged_before_the_picture(sim):
    track = await video_track(sim.path)
    sim.fault("stall")
    grabbed = ImageCapture(track).grab_frame()
    sim.unplug()

    with pytest.raises(UnknownError) as caught:
        await grabbed

    assert caught.value.__cause__.errno == errno.ENODEV


async def test_camera_that_gives_no_picture_in_time(sim, monkeypatch):
    monkeypatch.setattr(imagecapture_module, "_LONGEST", 0.05)
    track = await video_track(sim.path)
    sim.fault("stall")

    with pytest.raises(UnknownError, match=r"0\.05 s"):
        await ImageCapture(track).grab_frame()


async def test_camera_that_is_muted_may_begin_again(sim):
    track = await video_track(sim.path)
    sim.fault("stall")
    grabbed = ImageCapture(track).grab_frame()
    await track.apply_constraints()
    sim.clear_faults()

    assert (await grabbed).width == 640


async def test_picture_that_cannot_be_decoded(sim, monkeypatch):
    def refuse(_):
        raise ValueError("no picture")

    monkeypatch.setattr(VideoFrame, "to_rgb", refuse)
    track = await video_track(sim.path)

    with pytest.raises(UnknownError, match="no picture"):
        await ImageCapture(track).grab_frame()


async def test_grab_that_is_cancelled_leaves_nothing(sim):
    track = await video_track(sim.path)
    image_capture = ImageCapture(track)

    grabbed = image_capture.grab_frame()
    grabbed.cancel()
    await asyncio.sleep(0)
    bitmap = await image_capture.grab_frame()

    assert grabbed.cancelled()
    assert track._grabs == []
    assert np.any(bitmap.array())


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("stops", [False, True])
async def test_grab_may_be_cancelled_at_any_time(sim, turns, stops):
    reported = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    track = await video_track(sim.path)

    grabbed = ImageCapture(track).grab_frame()
    for _ in range(turns):
        await asyncio.sleep(0)
    if stops:
        track.stop()
    grabbed.cancel()
    await asyncio.wait([grabbed])
    del grabbed
    gc.collect()
    await asyncio.sleep(0)

    assert reported == []


@pytest.mark.parametrize("fault", ["timestamps_zero", "timestamps_backwards", "timestamps_future"])
async def test_camera_with_a_wrong_clock_gives_pictures(sim, fault):
    sim.fault(fault)
    track = await video_track(sim.path)

    assert (await asyncio.wait_for(ImageCapture(track).grab_frame(), 4)).width == 640
