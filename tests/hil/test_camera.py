# SPDX-License-Identifier: MIT
"""The engine on kernel drivers, in the words of the W3C: vivid, v4l2loopback, and uvcvideo."""

import time

import numpy as np
import pytest

from v4l2capture import Camera, Device, DeviceBusyError, DeviceGoneError, OverconstrainedError

from . import usbcam as usbcam_
from . import vivid as vivid_
from .nodes import unplugged
from .v4l2_ctl import printed_controls, v4l2_ctl

pytestmark = pytest.mark.vivid

RANGES = ("brightness", "contrast", "saturation")


@pytest.fixture(params=["single", "multi", "uvc"])
def camera(request) -> str:
    """A camera in a known, small format."""
    return request.getfixturevalue(request.param)


def everything(path: str):
    with Device(path) as device:
        return device.controls.read(), device.format


def test_capabilities_are_what_v4l2_ctl_lists(camera):
    printed = printed_controls(camera)

    with Camera(camera) as cam:
        able = cam.capabilities

    for name in RANGES:
        span = able[name].to_dict() | {"default": able[name].default}
        assert printed[name].items() >= span.items()


@pytest.mark.quirk("getter-writes")
def test_opening_looking_and_closing_change_nothing(camera):
    before = v4l2_ctl(camera, "--all")

    with Camera(camera) as cam:
        cam.capabilities, cam.settings, cam.photo_capabilities  # noqa: B018

    volatile = "volatile"  # vivid counts in those
    kept = [
        [line for line in text.splitlines() if volatile not in line]
        for text in (before, v4l2_ctl(camera, "--all"))
    ]
    assert kept[0] == kept[1]


def test_extremes_and_a_value_between_are_set_and_read_by_others(camera):
    with Camera(camera) as cam:
        for name in RANGES:
            span = cam.capabilities[name]
            for value in (span.min, span.max, (span.min + span.max) // 2):
                cam.apply_constraints({name: {"exact": value}})

                assert cam.settings[name] == value
                assert v4l2_ctl(camera, "--get-ctrl", name).split() == [f"{name}:", str(value)]


@pytest.mark.quirk("two-programs")
def test_change_by_v4l2_ctl_is_told(camera):
    with Camera(camera) as cam:
        assert not cam.take_changes()

        v4l2_ctl(camera, "--set-ctrl", "brightness=47")

        assert cam.take_changes()
        assert cam.settings.brightness == 47
        assert not cam.take_changes()


def test_impossible_requirement_changes_nothing(camera):
    before = everything(camera)

    with Camera(camera) as cam, pytest.raises(OverconstrainedError) as caught:
        cam.apply_constraints(contrast={"exact": 3}, torch={"exact": True})

    assert caught.value.constraint == "torch"
    assert everything(camera) == before


@pytest.mark.quirk("adjusted-rate")
@pytest.mark.parametrize(
    ("node", "width", "height", "rate"),
    [("single", 1280, 720, 10), pytest.param("uvc", 640, 480, 15, marks=pytest.mark.uvc)],
)
def test_size_and_rate_are_the_drivers(request, node, width, height, rate):
    with Camera(request.getfixturevalue(node)) as cam:
        cam.apply_constraints(
            width={"exact": width}, height={"exact": height}, frame_rate={"exact": rate}
        )

        assert (cam.settings.width, cam.settings.height) == (width, height)
        assert cam.settings.frame_rate == pytest.approx(rate, abs=0.01)
        assert cam.settings.resize_mode == "none"
        assert cam.grab_frame(20).array().shape == (height, width, 3)


@pytest.mark.quirk("adjusted-format")
def test_other_size_is_cropped_and_scaled(camera):
    with Camera(camera) as cam:
        cam.apply_constraints(width={"exact": 100}, height={"exact": 100})

        assert cam.settings.resize_mode == "crop-and-scale"
        assert cam.grab_frame(20).array().shape == (100, 100, 3)


@pytest.mark.quirk("stale-frames")
def test_grabbed_picture_is_fresh(camera):
    with Camera(camera) as cam:
        cam.grab_frame(20)
        time.sleep(0.5)
        asked = time.monotonic_ns()

        picture = cam.grab_frame(20)

        assert picture.timestamp_ns >= asked


def test_brightness_is_seen_in_the_picture(camera):
    with Camera(camera) as cam:
        span = cam.capabilities.brightness
        means = []
        for value in (span.min, span.max):
            cam.apply_constraints(brightness={"exact": value})
            cam.grab_frame(20)
            means.append(np.mean(cam.grab_frame(20).array()))

    assert means[1] > means[0] + 40


def test_size_is_not_changed_under_another_stream(camera):
    with Camera(camera) as cam, Device(camera) as other, other.stream():
        with pytest.raises(DeviceBusyError):
            cam.apply_constraints(width={"exact": 640}, height={"exact": 480})

        assert cam.settings.width == 320


@pytest.mark.quirk("unplugged")
@pytest.mark.parametrize(
    ("node", "plug"),
    [("single", vivid_), pytest.param("uvc", usbcam_, marks=pytest.mark.uvc)],
    ids=["vivid", "uvc"],
)
def test_camera_that_is_unplugged_is_gone(request, node, plug):
    with Camera(request.getfixturevalue(node)) as cam:
        cam.grab_frame(20)
        with unplugged(plug):
            with pytest.raises(DeviceGoneError):
                cam.apply_constraints(brightness=5)
            with pytest.raises(DeviceGoneError):
                cam.grab_frame(20)


@pytest.mark.quirk("no-rates")
def test_input_that_lists_no_rates_has_the_one_of_its_standard(single):
    vivid_.select_input(single, vivid_.Input.TV)
    vivid_.set_standard(single, vivid_.PAL)

    with Camera(single) as cam:
        assert {size.frame_rates for each in cam.device.formats() for size in each.sizes} == {(25,)}
        assert cam.settings.frame_rate == 25
        assert cam.grab_frame(20).height > 0


@pytest.mark.quirk("infrared")
def test_grey_camera_gives_pictures(single):
    vivid_.reset(single, "GREY")

    with Camera(single) as cam:
        picture = cam.grab_frame(20).array()
        assert cam.device.format.pixel_format == "GREY"

    assert picture.shape == (180, 320, 3)
    assert np.ptp(picture) > 100
    assert np.ptp(picture, axis=2).max() == 0


@pytest.mark.loopback
@pytest.mark.quirk("no-capabilities", "adjusted-format")
def test_loopback_is_a_camera_without_controls(loopback_shared, feed):
    feed(loopback_shared, "--format", "YUYV", "--size", "320x240", "--fps", "20")

    with Camera(loopback_shared) as cam:
        able = cam.capabilities
        assert set(able) <= {
            *("deviceId", "groupId", "width", "height", "aspectRatio", "frameRate", "resizeMode")
        }
        assert (cam.settings.width, cam.settings.height) == (320, 240)
        cam.apply_constraints(width={"exact": 160}, height={"exact": 120})
        assert cam.grab_frame(20).array().shape == (120, 160, 3)


@pytest.mark.loopback
@pytest.mark.quirk("capture-and-output")
def test_loopback_that_nobody_feeds_has_no_size(loopback_shared):
    with Camera(loopback_shared) as cam:
        assert "width" not in cam.settings
        assert cam.photo_capabilities.to_dict() == {"redEyeReduction": "never", "fillLightMode": []}
