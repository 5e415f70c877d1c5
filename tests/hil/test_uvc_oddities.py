# SPDX-License-Identifier: MIT
"""What USB cameras do that no profile says: late motors, shutters, forgotten settings, no sizes."""

import errno
import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from v4l2capture import Camera, ControlError, Device

from .usbcam import FRAME_TIMEOUT_S, HIL, UsbCamera, damaged_frames_delivered

pytestmark = pytest.mark.uvc

LISTINGS = Path(__file__).parents[1] / "data/cameras"
WEBCAM = HIL.parents[1] / "v4l2capture/profiles/webcam.json"


@pytest.fixture
def usb():
    """The rig's camera as it was at first, all well."""
    with UsbCamera.of_the_rig() as camera:
        camera.reset()
        yield camera
        camera.do("clear")
        camera.do("plug")


@pytest.fixture
def like_the_webcam(tmp_path):
    """Play a camera that differs from the built-in webcam in something."""

    def play(*options: str, volatile: tuple[str, ...] = (), **members: Any):
        profile = json.loads(WEBCAM.read_text()) | members
        for control in profile["controls"]:
            if control["name"] in volatile:  # uvcvideo asks for such a value each time
                control.setdefault("flags", []).append("volatile")
        path = tmp_path / "profile.json"
        path.write_text(json.dumps(profile))
        return UsbCamera.play(path, "--largest", "320x240", *options)

    return play


def small(device: Device, pixel_format: str = "YUYV") -> None:
    device.set_format(320, 240, pixel_format, 15)


def luma(camera: Camera) -> float:
    return float(camera.grab_frame(FRAME_TIMEOUT_S).array()[120:].mean())


# ---- controls -----------------------------------------------------------------------------


@pytest.mark.quirk("getter-writes", "moving-default")
@pytest.mark.parametrize("listing", ["logitech_bcc950_speed", "c920_bogus_defaults"])
def test_looking_and_streaming_write_nothing(listing):
    """The first has motors that run when their speed is set to its default."""
    source = LISTINGS / f"{listing}.json"
    with UsbCamera.play(source, "--largest", "640x480") as usb:
        before = usb.values
        for name in before:
            usb.fault("stall", control=name, request="SET_CUR", value=8)

        with Camera(usb.path) as camera:
            camera.capabilities, camera.settings, camera.photo_capabilities  # noqa: B018
            camera.device.profile()
            assert camera.grab_frame(FRAME_TIMEOUT_S).width == 640

        assert usb.values == before
        speeds = {name for name in before if name.endswith("_speed")}
        assert bool(speeds) == (listing == "logitech_bcc950_speed")


@pytest.mark.quirk("inactive-control", "uvc-inactive")
def test_inactive_control_names_its_master(usb):
    with Device(usb.path) as device:
        with pytest.raises(ControlError) as caught:
            device.controls["exposure_time_absolute"].value = 100

        assert (caught.value.errno, caught.value.master) == (errno.EACCES, "auto_exposure")
        device.controls.set({"exposure_time_absolute": 100, "auto_exposure": 1})
    assert usb.values["exposure_time_absolute"] == 100


@pytest.mark.quirk("renamed-controls")
def test_names_of_older_kernels_are_understood(usb):
    with Device(usb.path) as device:
        device.controls.set({"exposure_auto": 1, "focus_auto": False})

        assert device.controls["white_balance_temperature_auto"].name == "white_balance_automatic"
    assert (usb.values["auto_exposure"], usb.values["focus_automatic_continuous"]) == (1, 0)


@pytest.mark.quirk("relative-controls")
def test_relative_control_is_written_and_never_read(like_the_webcam):
    """The driver asks for no range of it, and so holds every value at 0."""
    iris = {"id": "0x009a0912", "name": "iris_relative", "type": "int", "flags": ["write-only"]}
    numbers = {"min": -3, "max": 3, "step": 1, "default": 0, "value": 0}
    with like_the_webcam(controls=[iris | numbers]) as usb, Camera(usb.path) as camera:
        control = camera.device.controls["iris_relative"]
        assert (control.minimum, control.maximum) == (0, 0)
        with pytest.raises(ControlError):
            _ = control.value
        before = usb.do("state")["requests"]

        control.value = -2

        assert usb.do("state")["requests"] > before
        assert camera.settings.to_dict().keys() >= {"width", "height"}


@pytest.mark.quirk("motor-latency")
def test_zoom_that_arrives_late_is_waited_for(like_the_webcam):
    with like_the_webcam(volatile=("zoom_absolute",)) as usb, Camera(usb.path) as camera:
        usb.fault("ignore", control="zoom_absolute", count=1)
        arrives = threading.Timer(0.5, usb.change, ("zoom_absolute", 200))
        arrives.start()

        camera.apply_constraints(zoom={"exact": 200})

        arrives.join()
        assert camera.settings.zoom == 200


@pytest.mark.quirk("privacy-shutter")
def test_shutter_that_closes_is_an_event(usb):
    with Device(usb.path) as device:
        assert device.controls["privacy"].value is False
        device.events.subscribe("privacy")

        usb.change("privacy", 1)

        event = device.events.read(timeout=10.0)
    assert (event.control, event.value) == ("privacy", True)


@pytest.mark.quirk("slow-in-the-dark", "flicker")
def test_what_decides_rate_and_flicker_stays_as_the_user_has_it(usb):
    with Device(usb.path) as device:
        device.controls.set({"exposure_dynamic_framerate": True, "power_line_frequency": 2})

    with Camera(usb.path) as camera:
        camera.take_photo()

    names = ("exposure_dynamic_framerate", "power_line_frequency")
    assert [usb.values[name] for name in names] == [1, 2]


# ---- formats and frames -------------------------------------------------------------------


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


@pytest.mark.quirk("adjusted-rate")
def test_rate_is_the_nearest_that_the_camera_has(usb):
    with Device(usb.path) as device:
        assert device.set_format(320, 240, "YUYV", 17).frame_rate == 15
        assert device.format.frame_rate == 15


@pytest.mark.quirk("lost-frames")
def test_frames_that_the_driver_drops_are_counted(usb):
    usb.fault("truncated", count=3, after=3)
    with Device(usb.path) as device:
        small(device)
        with device.stream(buffers=8) as stream:
            numbers = [stream.read(FRAME_TIMEOUT_S).sequence for _ in range(8)]
            stats = stream.stats

    gaps = np.diff(numbers) - 1
    assert stats.dropped == gaps.sum() >= 3
    assert not {3, 4, 5} & set(numbers)


@pytest.mark.quirk("bad-first-frames")
def test_first_frames_may_be_damaged():
    with damaged_frames_delivered(), UsbCamera.of_the_rig() as usb:
        usb.reset()
        usb.fault("error_flag", count=3)
        with Camera(usb.path) as camera:
            picture = camera.grab_frame(FRAME_TIMEOUT_S)

            assert picture.array().shape[2] == 3
            assert camera.stream.stats.broken >= 1
    with UsbCamera.of_the_rig() as usb:
        usb.replug()


@pytest.mark.quirk("late-controls", "stale-frames")
def test_picture_has_what_was_set_before_it(usb):
    with Camera(usb.path) as camera:
        camera.apply_constraints(width={"exact": 320}, height={"exact": 240}, brightness=-64)
        dark = luma(camera)
        time.sleep(1.0)  # the queue is full of dark frames now

        camera.apply_constraints(width={"exact": 320}, height={"exact": 240}, brightness=64)

        assert luma(camera) > dark + 40
