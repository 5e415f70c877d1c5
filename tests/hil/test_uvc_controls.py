# SPDX-License-Identifier: MIT
"""Controls of USB cameras, as uvcvideo passes them on: listed, set, refused, never answered."""

import errno
import subprocess
import threading
import time

import pytest

from v4l2capture import Camera, ControlError, Device, DeviceError
from v4l2capture.profile import Profile

from .usbcam import FRAME_TIMEOUT_S, LISTINGS, WEBCAM, UsbCamera, read, small
from .v4l2_ctl import printed_controls, v4l2_ctl

pytestmark = pytest.mark.uvc


# ---- what is there ----


@pytest.fixture(scope="module")
def webcam() -> Profile:
    return Profile.load(WEBCAM)


LEFT_OUT = {"pan_reset", "auto_exposure_bias"}  # USB Video Class has no such controls


def test_v4l2_ctl_lists_the_controls_of_the_profile(usb, webcam):
    found = printed_controls(usb.path)

    assert found.keys() == {c.name for c in webcam.controls} - LEFT_OUT
    for control in webcam.controls:
        if control.name in LEFT_OUT:
            continue
        words = {"default": control.default, "value": control.value}
        if control.type == "int":
            words |= {"min": control.minimum, "max": control.maximum, "step": control.step}
        assert found[control.name].items() >= words.items(), control.name


def test_library_sees_the_controls_of_the_profile(usb, webcam):
    with Device(usb.path) as device:
        controls = device.controls

        assert set(controls) == {c.name for c in webcam.controls} - LEFT_OUT
        assert controls.failed == {}
        for wanted in webcam.controls:
            if wanted.name in LEFT_OUT:
                continue
            own = controls[wanted.name]
            assert own.type == wanted.type
            assert own.value == wanted.value
            assert own.default == wanted.default
            assert (own.minimum, own.maximum) == (wanted.minimum, wanted.maximum)
        assert "inactive" in controls["exposure_time_absolute"].flags
        assert "read-only" in controls["privacy"].flags


@pytest.mark.quirk("renamed-controls")
def test_names_of_older_kernels_are_understood(usb):
    with Device(usb.path) as device:
        device.controls.set({"exposure_auto": 1, "focus_auto": False})

        assert device.controls["white_balance_temperature_auto"].name == "white_balance_automatic"
    assert (usb.values["auto_exposure"], usb.values["focus_automatic_continuous"]) == (1, 0)


@pytest.mark.quirk("query-error")
@pytest.mark.parametrize("request_", ["GET_MIN", "GET_DEF"])
def test_control_that_cannot_be_described_does_not_hide_the_others(usb, request_):
    """uvcvideo asks for a range once: so it has to fail from the start."""
    usb.do("unplug")
    usb.wait_gone()
    usb.fault("stall", control="contrast", request=request_)
    usb.do("plug")

    with Device(usb.path) as device:
        assert "contrast" not in device.controls
        assert {"brightness", "saturation", "zoom_absolute"} <= set(device.controls)
        assert list(device.controls.failed) == [0x00980901]
    with Camera(usb.path) as camera:
        assert "contrast" not in camera.capabilities
        assert "brightness" in camera.capabilities


@pytest.mark.quirk("sleeping-sensor")
def test_value_that_cannot_be_read_is_no_obstacle(usb):
    usb.fault("stall", control="gain", request="GET_CUR", value=1)

    with Device(usb.path) as device:
        values = device.controls.read()

    assert values["brightness"] == 0
    assert values.get("gain") is None


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


# ---- what is set ----


@pytest.mark.quirk("out-of-range", "master-and-slave")
def test_every_writable_number_goes_to_the_camera_and_back(usb):
    with Device(usb.path) as device:
        device.controls.set(
            {
                "auto_exposure": 1,
                "white_balance_automatic": False,
                "focus_automatic_continuous": False,
            }
        )
        device.controls.refresh()
        for name, control in device.controls.items():
            if "read-only" in control.flags or control.type != "int":
                continue
            for value in (control.maximum, control.minimum):
                control.value = value

                # Its maximum may be off the step, counted from the minimum.
                reached = control.minimum + (value - control.minimum) // control.step * control.step
                assert control.value == reached
                assert usb.values[name] == reached


@pytest.mark.quirk("out-of-range")
def test_number_beyond_the_range_is_clamped_and_one_off_the_step_rounded_by_the_driver(usb):
    v4l2_ctl(usb.path, "--set-ctrl", "brightness=9999,pan_absolute=4000")

    assert usb.values["brightness"] == 64
    assert usb.values["pan_absolute"] == 3600


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


@pytest.mark.quirk("no-effect")
@pytest.mark.parametrize("is_read_before", [True, False])
def test_ignored_write_is_believed_by_the_driver_once_it_has_read_the_value(usb, is_read_before):
    """uvcvideo answers from its cache: then nobody can know but by looking at the picture."""
    usb.fault("ignore", control="brightness")
    with Device(usb.path) as device:
        brightness = device.controls["brightness"]
        if is_read_before:
            assert brightness.value == 0

        brightness.value = 33

        assert brightness.value == (33 if is_read_before else 0)
    assert usb.values["brightness"] == 0


@pytest.mark.quirk("slow-in-the-dark", "flicker")
def test_what_decides_rate_and_flicker_stays_as_the_user_has_it(usb):
    with Device(usb.path) as device:
        device.controls.set({"exposure_dynamic_framerate": True, "power_line_frequency": 2})

    with Camera(usb.path) as camera:
        camera.take_photo()

    names = ("exposure_dynamic_framerate", "power_line_frequency")
    assert [usb.values[name] for name in names] == [1, 2]


# ---- what is refused ----

ERRNO_OF_CODE = {
    0: errno.EPIPE,
    1: errno.EBUSY,
    2: errno.EILSEQ,
    3: errno.EREMOTE,
    4: errno.ERANGE,
    5: errno.EIO,
    6: errno.EIO,
    7: errno.EIO,
    8: errno.EINVAL,
}


@pytest.mark.quirk("uvc-error-codes")
@pytest.mark.parametrize("code", ERRNO_OF_CODE)
def test_refused_write_has_the_errno_of_its_code_and_hides_no_other(usb, code):
    with Device(usb.path) as device:
        usb.fault("stall", control="brightness", request="SET_CUR", value=code)

        with pytest.raises(DeviceError) as caught:
            device.controls["brightness"].value = 7

        assert caught.value.errno == ERRNO_OF_CODE[code]
        device.controls["contrast"].value = 9
        assert usb.values["contrast"] == 9
        assert usb.values["brightness"] == 0


@pytest.mark.quirk("transient-error")
@pytest.mark.parametrize("code", [0, 5, 6, 7])
def test_request_that_is_refused_once_is_tried_again(usb, code):
    """These the driver calls EPIPE or EIO, as it does what was lost on the way."""
    with Device(usb.path) as device:
        usb.fault("stall", control="brightness", request="SET_CUR", value=code, count=1)

        device.controls["brightness"].value = 7

        assert usb.values["brightness"] == 7


@pytest.mark.quirk("uvc-inactive")
def test_inactive_control_is_refused_without_asking_the_camera(usb):
    """Asked, it would answer with another error."""
    usb.fault("stall", control="exposure_time_absolute", request="SET_CUR", value=8)

    with Device(usb.path) as device, pytest.raises(ControlError) as caught:
        device.controls["exposure_time_absolute"].value = 500

    assert caught.value.errno == errno.EACCES
    assert caught.value.master == "auto_exposure"


@pytest.mark.quirk("inactive-control", "uvc-inactive")
def test_inactive_control_names_its_master(usb):
    with Device(usb.path) as device:
        with pytest.raises(ControlError) as caught:
            device.controls["exposure_time_absolute"].value = 100

        assert (caught.value.errno, caught.value.master) == (errno.EACCES, "auto_exposure")
        device.controls.set({"exposure_time_absolute": 100, "auto_exposure": 1})
    assert usb.values["exposure_time_absolute"] == 100


@pytest.mark.quirk("uvc-missing-mode")
def test_exposure_mode_that_the_camera_lacks_is_refused(usb):
    usb.become(LISTINGS / "elgato_facecam_fw409.json", largest=[640, 480])

    refused = subprocess.run(
        ["v4l2-ctl", "-d", usb.path, "--set-ctrl", "auto_exposure=1"],
        capture_output=True,
        text=True,
    )

    with Device(usb.path) as device:
        assert set(device.controls["auto_exposure"].menu) == {0, 2}
        with pytest.raises(ValueError, match="auto_exposure"):
            device.controls["auto_exposure"].value = 1
    assert "Invalid argument" in refused.stderr
    assert usb.values["auto_exposure"] == 0


# ---- who does not answer ----


def test_slow_answer_is_waited_for(usb):
    usb.fault("slow", control="saturation", seconds=1.0, count=1)

    with Device(usb.path) as device:
        begin = time.monotonic()
        assert device.controls["saturation"].value == 50
        assert 0.9 < time.monotonic() - begin < 4.0


@pytest.mark.quirk("uvc-timeout")
def test_request_that_is_never_answered_times_out_and_the_camera_goes_on(usb):
    usb.fault("hang", control="sharpness", request="SET_CUR", count=1)

    with Device(usb.path) as device:
        with pytest.raises(DeviceError) as caught:
            device.controls["sharpness"].value = 7

        assert caught.value.errno == errno.ETIMEDOUT
        device.controls["sharpness"].value = 8
    assert usb.values["sharpness"] == 8


@pytest.mark.quirk("uvc-timeout")
def test_frames_come_while_a_control_hangs(usb):
    usb.fault("slow", control="sharpness", request="SET_CUR", seconds=2.0, count=1)

    with Device(usb.path) as device, Device(usb.path) as other:
        small(device)
        with device.stream(copy_when_low=True) as stream:

            def write() -> None:
                other.controls["sharpness"].value = 7

            writer = threading.Thread(target=write)
            writer.start()
            read(stream, 20)
            assert writer.is_alive()
            writer.join()
