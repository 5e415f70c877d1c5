# SPDX-License-Identifier: MIT
"""Frames of USB cameras, bulk and isochronous: their formats, their numbers, what is in them."""

import errno
import io
import time

import numpy as np
import pytest
from PIL import Image

from v4l2capture import BandwidthError, Camera, CaptureTimeout, Device, DeviceBusyError
from v4l2capture.sim import read_counter

from .usbcam import FRAME_TIMEOUT_S, UsbCamera, read, small, streaming

pytestmark = pytest.mark.uvc


# ---- formats ----


def test_formats_are_those_of_the_profile_that_are_small_enough():
    with UsbCamera.play("webcam", "--largest", "640x480") as usb, Device(usb.path) as device:
        found = {
            f.pixel_format: {(s.width, s.height): s.frame_rates for s in f.sizes}
            for f in device.formats()
        }

    assert found.keys() == {"YUYV", "MJPG"}
    assert found["YUYV"].keys() == {(640, 480), (320, 240), (160, 120), (352, 288)}
    assert found["MJPG"].keys() == {(640, 480), (320, 240)}
    rates = [float(rate) for rate in found["MJPG"][640, 480]]
    assert rates == pytest.approx([60, 30, 30000 / 1001, 15], rel=1e-5)


@pytest.mark.quirk("adjusted-rate")
def test_rate_is_the_nearest_that_the_camera_has(usb):
    with Device(usb.path) as device:
        assert device.set_format(320, 240, "YUYV", 17).frame_rate == 15
        assert device.format.frame_rate == 15


@pytest.mark.quirk("busy-elsewhere")
def test_who_has_set_the_format_holds_the_camera(usb):
    """Nobody streams, and yet it is busy."""
    with Device(usb.path) as device, Device(usb.path) as other:
        small(device)

        with pytest.raises(DeviceBusyError, match="or has set its format"):
            small(other)
        device.close()

        small(other)


@pytest.mark.quirk("infrared")
def test_camera_that_is_grey_only_gives_pictures(like_the_webcam):
    grey = {"pixel_format": "GREY", "sizes": [{"width": 320, "height": 240}]}
    with like_the_webcam(formats=[grey]) as usb, Camera(usb.path) as camera:
        assert [each.pixel_format for each in camera.device.formats()] == ["GREY"]

        picture = camera.grab_frame(FRAME_TIMEOUT_S).array()

        assert picture.shape == (240, 320, 3)
        assert np.ptp(picture) > 100
        assert np.ptp(picture, axis=2).max() == 0
        assert camera.take_photo().width == 320


# ---- streams ----


@pytest.mark.quirk("time-of-what")
@pytest.mark.parametrize("pixel_format", ["YUYV", "MJPG"])
def test_frames_stream_and_say_their_number(usb, pixel_format):
    with streaming(usb, pixel_format) as stream:
        frames = [
            (f.sequence, read_counter(f.to_rgb()), f.info.timestamp_source)
            for f in (stream.read(timeout=FRAME_TIMEOUT_S) for _ in range(20))
        ]

    assert [number - sequence for sequence, number, _ in frames] == [0] * 20
    assert {source for *_, source in frames} == {frames[0][2]}


@pytest.mark.quirk("lost-frames")
def test_frames_that_the_driver_drops_are_counted(usb):
    usb.fault("truncated", count=3, after=3)
    with streaming(usb, buffers=8) as stream:
        numbers = [stream.read(FRAME_TIMEOUT_S).sequence for _ in range(8)]
        stats = stream.stats

    gaps = np.diff(numbers) - 1
    assert stats.dropped == gaps.sum() >= 3
    assert not {3, 4, 5} & set(numbers)


@pytest.mark.quirk("stall")
def test_camera_that_delivers_nothing_is_a_timeout(usb):
    usb.fault("silent")
    with streaming(usb) as stream:
        with pytest.raises(CaptureTimeout):
            stream.read(timeout=1.0)

        usb.do("clear")
        assert read(stream)[0].ok


@pytest.fixture
def isochronous(usb):
    """A camera whose stream needs bandwidth reserved, as most have it."""
    usb.become("webcam", largest=[640, 480], isochronous=True)
    return usb


@pytest.mark.parametrize("pixel_format", ["YUYV", "MJPG"])
def test_isochronous_frames_stream_and_say_their_number(isochronous, pixel_format):
    with streaming(isochronous, pixel_format) as stream:
        numbers = [
            (frame.sequence, read_counter(frame.to_rgb()))
            for frame in (stream.read(timeout=FRAME_TIMEOUT_S) for _ in range(10))
        ]

    assert [number - sequence for sequence, number in numbers] == [0] * 10


@pytest.mark.quirk("no-bandwidth")
def test_too_little_bandwidth_is_an_error_with_the_arithmetic(isochronous):
    isochronous.fault("no_bandwidth", count=1)
    with Device(isochronous.path) as device:
        device.set_format(640, 480, "YUYV", 30)

        with pytest.raises(
            BandwidthError, match=r"640x480 YUYV is 614400 bytes x 30 frames/s = 18.4 MB/s"
        ) as caught:
            device.stream()

        assert (caught.value.errno, caught.value.operation) == (errno.ENOSPC, "VIDIOC_STREAMON")
        small(device)
        with device.stream() as stream:
            assert read(stream)[0].ok


# ---- pictures ----


def test_brightness_shows_in_the_picture(usb):
    def mean(brightness: int) -> float:
        device.controls["brightness"].value = brightness
        return float(np.mean(read(stream, 8)[-1].to_rgb()[120:]))

    with Device(usb.path) as device:
        small(device)
        with device.stream(copy_when_low=True) as stream:
            dark, light = mean(-64), mean(64)

    assert light > dark + 40


def luma(camera: Camera) -> float:
    return float(camera.grab_frame(FRAME_TIMEOUT_S).array()[120:].mean())


@pytest.mark.quirk("late-controls", "stale-frames")
def test_picture_has_what_was_set_before_it(usb):
    with Camera(usb.path) as camera:
        camera.apply_constraints(width={"exact": 320}, height={"exact": 240}, brightness=-64)
        dark = luma(camera)
        time.sleep(1.0)  # the queue is full of dark frames now

        camera.apply_constraints(width={"exact": 320}, height={"exact": 240}, brightness=64)

        assert luma(camera) > dark + 40


@pytest.mark.quirk("menu-holes")
def test_camera_applies_grabs_and_takes_a_photo(usb):
    with Camera(usb.path) as camera:
        able = camera.capabilities
        assert (able["brightness"].min, able["brightness"].max) == (-64, 64)
        assert set(able["exposureMode"]) == {"manual", "continuous"}

        camera.apply_constraints(
            width={"exact": 320},
            height={"exact": 240},
            brightness={"exact": 20},
            exposureMode={"exact": "manual"},
            exposureTime={"exact": 500},
        )
        assert camera.grab_frame(timeout=FRAME_TIMEOUT_S).width == 320
        photo = camera.take_photo()

    assert usb.values["brightness"] == 20
    assert (usb.values["auto_exposure"], usb.values["exposure_time_absolute"]) == (1, 500)
    with Image.open(io.BytesIO(bytes(photo))) as image:
        image.load()
        assert image.format == "JPEG"
