# SPDX-License-Identifier: MIT
"""What a USB camera changes by itself: announced, kept to itself, or forgotten at a start."""

import asyncio

import pytest

from v4l2capture import Camera, CaptureTimeout, ControlEvent, Device, MediaDevices

from ..waits import TIMEOUT_S, wait_until
from .usbcam import FRAME_TIMEOUT_S, LISTINGS, read, small
from .v4l2_ctl import v4l2_ctl

pytestmark = pytest.mark.uvc


@pytest.mark.quirk("uvc-event-before-value")
def test_change_that_the_camera_announces_is_an_event(usb):
    """The driver still answers with its old value: the event is right."""
    with Device(usb.path) as device:
        device.events.subscribe("brightness")
        assert device.controls["brightness"].value == 0

        usb.change("brightness", 44)

        event = device.events.read(timeout=10.0)
        assert isinstance(event, ControlEvent)
        assert (event.control, event.value) == ("brightness", 44)
        assert v4l2_ctl(usb.path, "--get-ctrl", "brightness") == "brightness: 0\n"


@pytest.mark.quirk("uvc-event-before-value")
def test_change_that_the_camera_announces_is_in_the_settings(usb):
    with Camera(usb.path) as camera:
        assert camera.settings.brightness == 0

        usb.change("brightness", 44)
        wait_until(camera.take_changes)

        assert camera.settings.brightness == 44


@pytest.mark.quirk("uvc-silent-change")
def test_change_that_it_keeps_to_itself_is_none(usb):
    """The driver answers with its old value for ever."""
    with Device(usb.path) as device:
        device.events.subscribe("brightness")
        assert device.controls["brightness"].value == 0

        usb.change("brightness", 44, announce=False)

        with pytest.raises(CaptureTimeout):
            device.events.read(timeout=1.0)
        assert device.controls["brightness"].value == 0


def test_change_of_a_control_that_updates_itself_is_read(like_the_webcam):
    with like_the_webcam(volatile=("gain",)) as usb, Device(usb.path) as device:
        assert device.controls["gain"].value == 64

        usb.change("gain", 99, announce=False)

        assert device.controls["gain"].value == 99


MODES = [
    {"exposureMode": "manual", "exposureTime": 300},
    {"exposureMode": "continuous"},
    {"whiteBalanceMode": "manual", "colorTemperature": 3000},
    {"whiteBalanceMode": "continuous"},
]


def test_our_own_change_of_a_mode_is_none_by_others(usb):
    """The driver tells everybody, us too, what it does to the controls that a mode rules."""
    with Camera(usb.path) as camera, Device(usb.path) as device:
        for name in ("exposure_time_absolute", "white_balance_temperature"):
            device.events.subscribe(name)
        for wanted in MODES:
            camera.apply_constraints(wanted)

            assert "flags" in device.events.read(timeout=10.0).changes
            while device.events.try_read() is not None:
                pass
            assert not camera.take_changes(), wanted
        device.controls["auto_exposure"].value = 1
        assert camera.take_changes()


async def test_our_own_change_of_a_mode_is_no_configurationchange(usb):
    (track,) = (await MediaDevices([usb.path]).get_user_media({"video": True})).get_tracks()
    heard = []
    track.add_event_listener("configurationchange", heard.append)
    for wanted in MODES:
        await track.apply_constraints(wanted)
        for _ in range(3):
            await anext(track.frames())
    assert heard == []

    with Device(usb.path) as device:
        device.controls["auto_exposure"].value = 1
    async with asyncio.timeout(TIMEOUT_S):
        while not heard:
            await asyncio.sleep(0.02)
    track.stop()
    await track.wait_closed()


@pytest.mark.quirk("privacy-shutter")
def test_shutter_that_closes_is_an_event(usb):
    with Device(usb.path) as device:
        assert device.controls["privacy"].value is False
        device.events.subscribe("privacy")

        usb.change("privacy", 1)

        event = device.events.read(timeout=10.0)
    assert (event.control, event.value) == ("privacy", True)


# ---- forgotten ----


@pytest.mark.quirk("settings-lost")
def test_settings_forgotten_at_the_start_are_seen_in_the_camera(usb):
    usb.fault("forget", count=1)
    with Device(usb.path) as device:
        small(device)
        device.controls["brightness"].value = 50

        with device.stream() as stream:
            read(stream)

            assert usb.values["brightness"] == 0


@pytest.mark.quirk("settings-lost", "partly-restored", "format-first")
def test_settings_forgotten_at_the_start_are_applied_again_by_the_engine(usb):
    """It cannot see that they are: the driver answers from its cache."""
    usb.fault("forget")
    with Camera(usb.path) as camera:
        camera.apply_constraints(brightness=50, exposureMode="manual", exposureTime=77)

        camera.grab_frame(timeout=FRAME_TIMEOUT_S)

        assert usb.values["brightness"] == 50
        assert usb.values["exposure_time_absolute"] == 77


@pytest.mark.quirk("uvc-rewrites-controls")
def test_settings_that_a_c920_forgets_are_written_again_by_the_driver(usb):
    """It is known to do that; the driver knows it by its numbers."""
    listing = LISTINGS / "c920_bogus_defaults.json"
    usb.become(listing, largest=[640, 480], usb_id=[0x046D, 0x082D])
    usb.fault("forget")
    with Device(usb.path) as device:
        device.set_format(640, 480)
        device.controls["brightness"].value = 50

        with device.stream() as stream:
            read(stream)

            assert usb.values["brightness"] == 50
