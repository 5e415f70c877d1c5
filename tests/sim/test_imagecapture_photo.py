# SPDX-License-Identifier: MIT
"""Photos of a track: what the W3C says, and what becomes of the other users of the camera."""

import asyncio
import io
import os
import signal
import subprocess
import sys

import pytest
from PIL import Image

from v4l2capture import (
    Camera,
    CaptureTimeout,
    Device,
    ImageCapture,
    InvalidStateError,
    NotSupportedError,
    OverconstrainedError,
    SimulatedCamera,
    UnknownError,
)

from .face import Listening, left, video_track

SMALL = {"width": 320, "height": 240}


@pytest.fixture
def phone():
    return SimulatedCamera("phone")


def size(photo):
    return Image.open(io.BytesIO(photo)).size


@pytest.mark.parametrize("settings", [(), (None,), ({},)], ids=["nothing", "null", "empty"])
async def test_photo_without_settings_has_the_largest_size(phone, settings):
    track = await video_track(phone.path)

    photo = await ImageCapture(track).take_photo(*settings)

    assert photo.type == "image/jpeg"
    assert size(photo) == (2592, 1944)


async def test_all_settings_are_used(phone):
    track = await video_track(phone.path, SMALL)
    wanted = {
        "imageWidth": 1080,
        "imageHeight": 700,
        "redEyeReduction": True,
        "fillLightMode": "flash",
    }

    photo = await ImageCapture(track).take_photo(wanted)

    assert (photo.width, photo.height) == (1280, 720)
    assert photo.settings["redEyeReduction"] is True
    assert photo.settings["fillLightMode"] == "flash"


async def test_settings_that_the_camera_tells_are_settings_to_take(phone):
    track = await video_track(phone.path)
    image_capture = ImageCapture(track)

    photo = await image_capture.take_photo(await image_capture.get_photo_settings())

    assert photo.width == 2592


@pytest.mark.parametrize(
    "settings",
    [
        {"redEyeReduction": True},
        {"imageWidth": 159},
        {"imageWidth": 3841},
        {"imageHeight": 2161},
        {"fillLightMode": "flash"},
    ],
)
async def test_what_the_camera_cannot_do_is_not_supported(settings):
    track = await video_track("sim:webcam")

    with pytest.raises(NotSupportedError):
        await ImageCapture(track).take_photo(settings)

    assert track.ready_state == "live"


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"imageWidth": "wide"}, TypeError),
        ({"fillLightMode": "on"}, TypeError),
        ({"redEyeReduction": 1}, TypeError),
        ({"imageWidth": 1, "image_width": 1}, TypeError),
        (3, TypeError),
    ],
)
async def test_wrong_argument_is_rejected(phone, settings, error):
    track = await video_track(phone.path)

    promise = ImageCapture(track).take_photo(settings)

    with pytest.raises(error):
        await promise


async def test_track_that_has_ended_takes_none(phone):
    track = await video_track(phone.path)
    track.stop()

    with pytest.raises(InvalidStateError):
        await ImageCapture(track).take_photo()


async def test_track_that_ends_meanwhile_is_an_unknown_error(phone):
    track = await video_track(phone.path)
    promise = ImageCapture(track).take_photo({"imageWidth": 640})
    track.stop()

    with pytest.raises(UnknownError):
        await promise


async def test_track_is_muted_while_the_camera_takes_another_size(phone):
    track = await video_track(phone.path, SMALL)
    heard = Listening(track)

    await ImageCapture(track).take_photo()
    await heard.wait_for("unmute")

    assert heard.types == ["mute", "unmute"]
    assert track.get_settings().width == 320


async def test_track_of_the_same_size_is_not_muted(phone):
    track = await video_track(phone.path, SMALL)
    heard = Listening(track)
    frames = track.frames()

    await ImageCapture(track).take_photo({"imageWidth": 320})
    await anext(frames)

    assert heard.types == []


async def test_others_have_their_pictures_again_and_keep_those_they_had(phone):
    track, other = await video_track(phone.path, SMALL), await video_track(phone.path, SMALL)
    frames = other.frames()
    kept = await anext(frames)
    before = kept.to_rgb().copy()

    await ImageCapture(track).take_photo()

    picture = await asyncio.wait_for(anext(frames), 10)
    assert (picture.width, picture.height) == (320, 240)
    assert (kept.to_rgb() == before).all()


async def test_quick_succession_gives_all_photos_in_turn(phone):
    track = await video_track(phone.path, SMALL)
    image_capture = ImageCapture(track)

    photos = await asyncio.gather(
        *(image_capture.take_photo({"imageWidth": width}) for width in (320, 640, 320))
    )

    assert [photo.width for photo in photos] == [320, 640, 320]
    times = [photo.timestamp_ns for photo in photos]
    assert times == sorted(set(times))


async def test_photo_that_was_cancelled_leaves_the_camera_usable(phone):
    track = await video_track(phone.path, SMALL)
    image_capture = ImageCapture(track)
    promise = image_capture.take_photo(fill_light_mode="flash")
    await asyncio.sleep(0)

    promise.cancel()
    photo = await image_capture.take_photo({"imageWidth": 320})

    assert photo.width == 320
    with Device(phone.path) as device:
        assert device.format.width == 320


async def test_camera_that_is_unplugged_ends_the_track(phone):
    track = await video_track(phone.path, SMALL)
    heard = Listening(track)
    phone.unplug()

    with pytest.raises(UnknownError):
        await ImageCapture(track).take_photo()

    await heard.wait_for("ended")


async def test_camera_that_stalls_is_an_unknown_error(phone, monkeypatch):
    track = await video_track(phone.path, SMALL)
    phone.fault("stall")

    with pytest.raises(UnknownError) as caught:
        await ImageCapture(track).take_photo({"imageWidth": 320}, timeout=0.3)

    assert isinstance(caught.value.__cause__, CaptureTimeout)
    phone.clear_faults()
    photo = await ImageCapture(track).take_photo({"imageWidth": 320})
    assert photo.width == 320


async def test_photo_that_nobody_wants_any_more_is_not_waited_for(phone):
    track = await video_track(phone.path, SMALL)
    with Camera(phone.path) as camera:
        before = [node.controls.read() for node in camera.nodes], camera.device.format
    phone.fault("stall")
    photos = [
        ImageCapture(track).take_photo(fill_light_mode="flash", timeout=60),
        ImageCapture(track).take_photo(image_width=1600, timeout=60),
    ]
    while phone.ioctls("VIDIOC_STREAMON") < 2:
        await asyncio.sleep(0.01)

    track.stop()
    async with asyncio.timeout(10):
        failed = await asyncio.gather(*photos, return_exceptions=True)
        await track.wait_closed()

    assert [type(error) for error in failed] == [UnknownError] * 2
    assert phone.handles == 0
    with Camera(phone.path) as camera:
        assert ([node.controls.read() for node in camera.nodes], camera.device.format) == before


async def test_requirements_of_a_track_stay_true_after_a_photo(phone):
    track = await video_track(phone.path, SMALL)
    await track.apply_constraints({"zoom": {"exact": 200}})

    photo = await ImageCapture(track).take_photo()

    assert photo.settings["zoom"] == 200
    other = await video_track(phone.path)
    with pytest.raises(OverconstrainedError):
        await other.apply_constraints({"zoom": {"exact": 300}})


async def test_nothing_is_left_of_a_photo(phone):
    track = await video_track(phone.path, SMALL)
    before = left(phone.path)

    await ImageCapture(track).take_photo({"imageWidth": 320})
    await track._source.wait_closed()

    assert left(phone.path) == before


PROGRAM = """
import asyncio
from v4l2capture import Camera, ImageCapture, MediaDevices

async def main():
    stream = await MediaDevices(["sim:phone"]).get_user_media({"video": {"width": 320}})
    image_capture = ImageCapture(stream.get_video_tracks()[0])
    print("ready", flush=True)
    while True:
        await image_capture.take_photo({"fillLightMode": "flash", "redEyeReduction": True})

with Camera("sim:phone") as camera:
    try:
        asyncio.run(main())
    finally:
        import time
        time.sleep(2.5)
        print(camera.nodes[2].controls["led_mode"].value, flush=True)
"""


def test_sigterm_ends_the_program_after_the_lamp_is_out():
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert program.stdout.readline() == "ready\n"

    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(timeout=1)
    os.kill(program.pid, signal.SIGTERM)
    out, _ = program.communicate(timeout=30)

    assert out == "0\n"
    assert program.returncode == 128 + signal.SIGTERM
