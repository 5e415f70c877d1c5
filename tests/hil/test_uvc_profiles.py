# SPDX-License-Identifier: MIT
"""Recorded cameras, odd ones among them, played as USB cameras and driven by uvcvideo.

One camera after the other is plugged into the rig's cable. Each has to have the numbers and the
capabilities of its listing, to take every value that it promises, and to give a frame and a photo.
"""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from v4l2capture import Camera, Device, OverconstrainedError
from v4l2capture.cids import FLAG_BITS, NAMES
from v4l2capture.dictionaries import PROPERTIES
from v4l2capture.profile import Profile

from .usbcam import FRAME_TIMEOUT_S, UsbCamera

pytestmark = pytest.mark.uvc

DATA = Path(__file__).parents[1] / "data"
CONTROLS = [name for name, row in PROPERTIES.items() if not row.selects]

# Name of the listing, and what is odd about it.
ODD = {
    "c920_bogus_defaults": "defaults far out of range",
    "elgato_facecam_fw409": "exposure modes 0 and 2, not 1 and 3",
    "lifecam_studio_uvcc": "a range that does not begin at 0",
    "logitech_bcc950_speed": "speeds instead of positions, with defaults that would move it",
    "ms2109_hdmi_grabber": "no camera: brightness and its kin only",
    "obsbot_tiny_4k": "pan, tilt and zoom, speeds too",
    "orbit_af_relative_ptz": "relative movements, which can only be written",
    "sq11_all_controls_bogus": "claims everything: step 0, minimum above maximum, empty ranges",
    "uvc_emulated_eio_sharpness_disabled": "a control that refuses every request",
}

# uvcvideo takes an exposure time in mode 1 only, which this camera lacks.
REFUSED = {("elgato_facecam_fw409", "exposureTime")}

# A byte of direction and one of speed: a range has no sign.
SPEEDS = {"pan_speed", "tilt_speed", "zoom_continuous"}


@pytest.fixture(scope="module")
def cable():
    with UsbCamera.of_the_rig() as usb:
        yield usb
        usb.reset()


@pytest.fixture(scope="module", params=ODD)
def listing(request, cable):
    """The name of a listing, while its camera is plugged in."""
    path = DATA / f"cameras/{request.param}.json"
    cable.become(path, largest=[640, 480])
    return path


@pytest.mark.quirk("uvc-bad-range")
def test_numbers_are_passed_on_as_they_are(cable, listing):
    """However they contradict each other."""
    left_out = {*cable.do("state")["left_out"], *SPEEDS}
    wanted = {
        NAMES[control.id]: (control.minimum, control.maximum, control.step, control.default)
        for control in (control.filled() for control in Profile.load(listing).controls)
        if control.type == "int" and not control.flags & FLAG_BITS["disabled"]
        if control.name not in left_out and NAMES[control.id] not in left_out
    }

    with Device(cable.path) as device:
        rows = [control._row for control in device.controls.values()]
        found = {
            NAMES[row.id]: (row.minimum, row.maximum, row.step, row.default_value) for row in rows
        }

    assert {name: found.get(name) for name in wanted} == wanted


@pytest.mark.quirk("bogus-default", "menu-holes", "relative-controls")
def test_capabilities_are_those_derived_by_hand(cable, listing):
    want = json.loads((DATA / "capabilities" / listing.name).read_text())
    want = want["capabilities"] | want.get("played", {})

    with Camera(cable.path) as camera:
        found = camera.capabilities.to_dict()

    assert {name: value for name, value in found.items() if name in CONTROLS} == {
        name: value for name, value in want.items() if name in CONTROLS
    }


def test_extremes_and_a_value_between_reach_the_camera_and_are_read_back(cable, listing):
    with Camera(cable.path) as camera:
        able = camera.capabilities
        for name in CONTROLS:
            span = able.get(name)
            if span is None or isinstance(span, list) or (listing.stem, name) in REFUSED:
                continue
            middle = span.min + (span.max - span.min) // span.step * 3 // 8 * span.step
            for value in (span.min, span.max, middle):
                camera.apply_constraints({name: {"exact": value}})

                # The largest value may lie on no step: then it stands for the last one.
                off = abs(camera.settings[name] - value)
                assert off <= (span.step / 2 if value == span.max else 0), name


@pytest.mark.parametrize("listing", ["elgato_facecam_fw409"], indirect=True)
def test_exposure_time_in_shutter_priority_is_refused_with_the_reason(cable, listing):
    with Camera(cable.path) as camera:
        before = camera.settings

        with pytest.raises(OverconstrainedError, match=r"exposure_time_absolute.*auto_exposure"):
            camera.apply_constraints(exposureTime={"exact": 100})

        assert camera.settings == before


@pytest.mark.quirk("no-capabilities")
def test_frame_and_photo_come(cable, listing):
    with Camera(cable.path) as camera:
        size = camera.settings.width, camera.settings.height
        assert camera.grab_frame(FRAME_TIMEOUT_S).array().shape == (size[1], size[0], 3)
        photo = camera.take_photo()

    with Image.open(io.BytesIO(bytes(photo))) as image:
        image.load()
        assert (image.format, image.size) == ("JPEG", size)
