# SPDX-License-Identifier: MIT
"""The two functions that everything here is for, on every driver of the rig."""

import asyncio
import io

import numpy as np
import pytest
from PIL import Image

from v4l2capture import Camera, Device, ImageCapture, MediaDevices

from . import testcam

SLOW = 60.0  # seconds: the guest's processor is a program


@pytest.fixture
def testcam_full():
    return testcam.reset(testcam.FULL)


@pytest.fixture
def testcam_raw():
    return testcam.reset(testcam.RAW)


@pytest.fixture
def uvc(usb):
    return usb.path


LOOPBACKS = ["loopback", "loopback_shared"]


@pytest.fixture(params=["testcam_full", "testcam_raw", "single", "multi", "uvc", *LOOPBACKS])
def path(request, feed):
    path = request.getfixturevalue(request.param)
    if request.param in LOOPBACKS:
        feed(path, "--format", "MJPG", "--size", "320x240", "--fps", "20")  # always the same grey
    return path


def state(path):
    """What the camera is set to, but for what changes by itself."""
    with Device(path) as device:
        lasting = {n for n, c in device.controls.items() if not c.flags & {"volatile", "read-only"}}
        values = device.controls.read().items()
        return {"format": device.format} | {name: now for name, now in values if name in lasting}


def smallest(camera):
    """A size that the camera does not have now, where it has several."""
    able = camera.photo_capabilities
    return {"imageWidth": able.image_width.min, "imageHeight": able.image_height.min}


def assert_shows_the_same(photo, bitmap):
    image = Image.open(io.BytesIO(photo))
    assert (photo.type, image.format) == ("image/jpeg", "JPEG")
    assert image.size == (photo.width, photo.height)
    colour = np.asarray(image.convert("RGB")).mean((0, 1))
    # About: in another size, a sensor exposes for another time.
    assert colour == pytest.approx(bitmap.array().mean((0, 1)), abs=50)


def test_take_photo_and_grab_frame_work_and_leave_no_trace(path):
    before = state(path)

    with Camera(path) as camera:
        photo = camera.take_photo(smallest(camera), timeout=SLOW)
        bitmap = camera.grab_frame(SLOW)
        while_it_streams = camera.take_photo(smallest(camera), timeout=SLOW)
        again = camera.grab_frame(SLOW)

    assert_shows_the_same(photo, bitmap)
    assert_shows_the_same(while_it_streams, again)
    shape = before["format"].height, before["format"].width, 3
    assert bitmap.array().shape == again.array().shape == shape
    assert state(path).items() - before.items() == set()


async def test_they_work_on_a_track(path):
    media_devices = MediaDevices([path])
    (track,) = (await media_devices.get_user_media({"video": True})).get_video_tracks()
    image_capture = ImageCapture(track)

    able = await image_capture.get_photo_capabilities()
    size = {"imageWidth": able.image_width.min, "imageHeight": able.image_height.min}
    photo = await asyncio.wait_for(image_capture.take_photo(size, timeout=SLOW), SLOW)
    bitmap = await asyncio.wait_for(image_capture.grab_frame(), SLOW)

    assert_shows_the_same(photo, bitmap)
    now = track.get_settings()
    assert bitmap.array().shape == (now.height, now.width, 3)
    track.stop()
    await track.wait_closed()
