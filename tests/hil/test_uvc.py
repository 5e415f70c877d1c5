# SPDX-License-Identifier: MIT
"""USB cameras, as uvcvideo drives them: what is there, what it does, and how it breaks."""

import ctypes
import errno
import fcntl
import io
import json
import os
import select
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from linuxpy.video import raw
from PIL import Image

from v4l2capture import (
    BandwidthError,
    Camera,
    CaptureTimeout,
    ControlError,
    ControlEvent,
    Device,
    DeviceError,
    DeviceGoneError,
)
from v4l2capture._native import lib
from v4l2capture.profile import Profile
from v4l2capture.sim import read_counter

from .usbcam import FRAME_TIMEOUT_S, HIL, UsbCamera, damaged_frames_delivered
from .vivid import first

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
def usb_without_mercy():
    """The same; damaged frames, which uvcvideo drops unless told otherwise, are delivered."""
    with damaged_frames_delivered(), UsbCamera.of_the_rig() as camera:
        camera.reset()
        yield camera
        camera.do("clear")
    with UsbCamera.of_the_rig() as camera:
        camera.replug()


def ctl(node: str, *options: str) -> str:
    done = subprocess.run(
        ["v4l2-ctl", "-d", node, *options], capture_output=True, text=True, timeout=60.0
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


CAPTURE, MMAP = raw.BufType.VIDEO_CAPTURE.value, raw.Memory.MMAP.value


def buffer(index: int = 0):
    return raw.v4l2_buffer(type=CAPTURE, memory=MMAP, index=index)


def ioctl(node: int, name: str, argument) -> int:
    """Ask the driver past the library; return the errno, 0 if all is well."""
    try:
        fcntl.ioctl(node, lib.vc_sim_request(name.encode()), argument)
    except OSError as error:
        return error.errno
    return 0


def start(node: int) -> None:
    """Let it stream into two buffers."""
    request = raw.v4l2_requestbuffers(count=2, type=CAPTURE, memory=MMAP)
    assert ioctl(node, "VIDIOC_REQBUFS", request) == 0
    for index in range(2):
        assert ioctl(node, "VIDIOC_QBUF", buffer(index)) == 0
    assert ioctl(node, "VIDIOC_STREAMON", ctypes.c_int(CAPTURE)) == 0


def small(device: Device, pixel_format: str = "YUYV") -> None:
    """Something that a busy machine keeps up with."""
    device.set_format(320, 240, pixel_format, 15)


def read(stream, count: int = 1):
    return [stream.read(timeout=FRAME_TIMEOUT_S) for _ in range(count)]


def read_and_drop(stream, count: int) -> None:
    for _ in range(count):
        read(stream)


def listed(node: str) -> dict[str, dict[str, int]]:
    """What v4l2-ctl says of the numbers: name to minimum, maximum, step, default."""
    found = {}
    for line in ctl(node, "--list-ctrls").splitlines():
        name, _, rest = line.partition(" 0x")
        if ":" in rest and "class" not in rest:
            words = dict(w.split("=") for w in rest.split(":")[1].split() if "=" in w)
            found[name.strip()] = {key: int(v) for key, v in words.items() if key != "flags"}
    return found


# ---- what is there ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def webcam() -> Profile:
    return Profile.load(WEBCAM)


LEFT_OUT = {"pan_reset", "auto_exposure_bias"}  # USB Video Class has no such controls


def test_v4l2_ctl_lists_the_controls_of_the_profile(usb, webcam):
    found = listed(usb.path)

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


@pytest.mark.quirk("other-index")
def test_stable_name_has_the_serial_number(usb):
    names = [p.name for p in Path("/dev/v4l/by-id").iterdir() if p.resolve() == Path(usb.path)]

    assert names == ["usb-v4l2capture_Simulated_Webcam_usbcam-1-video-index0"]


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


# ---- pictures -----------------------------------------------------------------------------


@pytest.mark.quirk("time-of-what")
@pytest.mark.parametrize("pixel_format", ["YUYV", "MJPG"])
def test_frames_stream_and_say_their_number(usb, pixel_format):
    with Device(usb.path) as device:
        small(device, pixel_format)
        with device.stream() as stream:
            frames = [
                (f.sequence, read_counter(f.to_rgb()), f.info.timestamp_source)
                for f in (stream.read(timeout=FRAME_TIMEOUT_S) for _ in range(20))
            ]

    assert [number - sequence for sequence, number, _ in frames] == [0] * 20
    assert {source for *_, source in frames} == {frames[0][2]}


def test_brightness_shows_in_the_picture(usb):
    def mean(brightness: int) -> float:
        device.controls["brightness"].value = brightness
        return float(np.mean(read(stream, 8)[-1].to_rgb()[120:]))

    with Device(usb.path) as device:
        small(device)
        with device.stream(copy_when_low=True) as stream:
            dark, light = mean(-64), mean(64)

    assert light > dark + 40


# ---- the camera of the W3C ----------------------------------------------------------------


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


# ---- bandwidth ----------------------------------------------------------------------------


@pytest.fixture
def isochronous(usb):
    """A camera whose stream needs bandwidth reserved, as most have it."""
    usb.become("webcam", largest=[640, 480], isochronous=True)
    return usb


@pytest.mark.parametrize("pixel_format", ["YUYV", "MJPG"])
def test_isochronous_frames_stream_and_say_their_number(isochronous, pixel_format):
    with Device(isochronous.path) as device:
        small(device, pixel_format)
        with device.stream() as stream:
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


# ---- plugs --------------------------------------------------------------------------------


@pytest.mark.quirk("unplugged")
def test_unplugged_while_reading_is_gone_at_once_and_comes_back(usb):
    with Device(usb.path) as device:
        small(device)
        with device.stream() as stream:
            kept = read(stream)[0]
            before = bytes(kept.planes[0])
            usb.do("unplug", at=5)

            with pytest.raises(DeviceGoneError):
                read_and_drop(stream, 50)

            assert bytes(kept.planes[0]) == before
        with pytest.raises(DeviceGoneError):
            device.controls["brightness"].value = 3
    usb.wait_gone()

    usb.do("plug")

    with Device(usb.path) as device:
        small(device)
        with device.stream() as stream:
            assert [f.ok for f in read(stream, 3)] == [True] * 3


@pytest.mark.quirk("hangup", "uvc-blocking-dqbuf")
def test_blocked_reader_wakes_when_the_plug_is_pulled(usb):
    with Device(usb.path) as device:
        small(device)
        usb.fault("silent")
        with device.stream() as stream:
            usb.do("unplug")
            begin = time.monotonic()

            with pytest.raises(DeviceGoneError):
                stream.read(timeout=FRAME_TIMEOUT_S)

            assert time.monotonic() - begin < 2.0


@pytest.mark.quirk("other-index")
def test_camera_that_comes_back_by_itself_is_found_by_its_name(usb):
    (link,) = (p for p in Path("/dev/v4l/by-id").iterdir() if p.resolve() == Path(usb.path))

    usb.do("unplug", replug=0.5)
    usb.wait_gone()
    node = usb.path

    assert str(link.resolve()) == node
    with Device(link) as device:
        assert device.controls["brightness"].value == 0


@pytest.mark.quirk("hangup", "unplugged")
def test_unplugged_camera_is_urgent_in_error_and_hung_up_then_no_device(usb):
    node = os.open(usb.path, os.O_RDWR | os.O_NONBLOCK)
    try:
        start(node)
        poll = select.poll()
        poll.register(node, select.POLLIN | select.POLLPRI)

        usb.do("unplug")
        usb.wait_gone()

        ((_, events),) = poll.poll(5000)
        assert events & (select.POLLPRI | select.POLLERR | select.POLLHUP) == (
            select.POLLPRI | select.POLLERR | select.POLLHUP
        )
        assert ioctl(node, "VIDIOC_DQBUF", buffer()) == errno.ENODEV
        assert ioctl(node, "VIDIOC_QUERYBUF", buffer()) == errno.ENODEV
        assert ioctl(node, "VIDIOC_STREAMOFF", ctypes.c_int(CAPTURE)) == errno.ENODEV
    finally:
        os.close(node)


@pytest.mark.quirk("uvc-blocking-dqbuf")
def test_unplugged_camera_makes_a_blocked_dqbuf_invalid_before_it_is_gone(usb):
    """That is why the library never waits in there."""
    usb.fault("silent")
    node = os.open(usb.path, os.O_RDWR)
    try:
        start(node)
        answers = []
        blocked = threading.Thread(
            target=lambda: answers.append(ioctl(node, "VIDIOC_DQBUF", buffer()))
        )
        blocked.start()
        time.sleep(0.5)  # it has to be inside, which nobody can see from here
        assert not answers

        usb.do("unplug")
        blocked.join(20.0)

        assert answers == [errno.EINVAL]
        assert ioctl(node, "VIDIOC_DQBUF", buffer()) == errno.ENODEV
    finally:
        os.close(node)


# ---- controls that fail -------------------------------------------------------------------

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


@pytest.mark.quirk("out-of-range")
def test_number_beyond_the_range_is_clamped_and_one_off_the_step_rounded_by_the_driver(usb):
    ctl(usb.path, "--set-ctrl", "brightness=9999,pan_absolute=4000")

    assert usb.values["brightness"] == 64
    assert usb.values["pan_absolute"] == 3600


@pytest.mark.quirk("uvc-inactive")
def test_inactive_control_is_refused_without_asking_the_camera(usb):
    """Asked, it would answer with another error."""
    usb.fault("stall", control="exposure_time_absolute", request="SET_CUR", value=8)

    with Device(usb.path) as device, pytest.raises(ControlError) as caught:
        device.controls["exposure_time_absolute"].value = 500

    assert caught.value.errno == errno.EACCES
    assert caught.value.master == "auto_exposure"


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
        assert ctl(usb.path, "--get-ctrl", "brightness") == "brightness: 0\n"


@pytest.mark.quirk("uvc-event-before-value")
def test_change_that_the_camera_announces_is_in_the_settings(usb):
    with Camera(usb.path) as camera:
        assert camera.settings.brightness == 0

        usb.change("brightness", 44)
        deadline = time.monotonic() + 10.0
        while not camera.take_changes():
            assert time.monotonic() < deadline
            time.sleep(0.02)

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


def test_change_of_a_control_that_updates_itself_is_read(usb, tmp_path):
    profile = json.loads(WEBCAM.read_text())
    for control in profile["controls"]:
        if control["name"] == "gain":
            control["flags"] = ["volatile"]
    (tmp_path / "changing.json").write_text(json.dumps(profile))
    usb.become(tmp_path / "changing.json", largest=[640, 480])
    with Device(usb.path) as device:
        assert device.controls["gain"].value == 64

        usb.change("gain", 99, announce=False)

        assert device.controls["gain"].value == 99


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


# ---- frames that fail ---------------------------------------------------------------------


def decodes(jpeg: bytes) -> bool:
    with Image.open(io.BytesIO(jpeg)) as image:
        image.load()
        return image.size == (320, 240)


@pytest.mark.quirk("no-huffman-tables")
def test_jpeg_without_huffman_tables_is_mended(usb):
    usb.fault("no_dht")
    with Device(usb.path) as device:
        small(device, "MJPG")
        with device.stream() as stream:
            (frame,) = read(stream)

            assert b"\xff\xc4" not in bytes(frame.planes[0])[:600]
            assert read_counter(frame.to_rgb()) == frame.sequence
            assert decodes(frame.to_jpeg())


@pytest.mark.quirk("jpeg-padding")
@pytest.mark.parametrize("fault", ["padded", "trailed"])
def test_padding_after_a_jpeg_does_no_harm(usb, fault):
    usb.fault(fault)
    with Device(usb.path) as device:
        small(device, "MJPG")
        with device.stream() as stream:
            (frame,) = read(stream)

            assert read_counter(frame.to_rgb()) == frame.sequence


@pytest.mark.quirk("truncated-jpeg")
@pytest.mark.parametrize("fault", ["truncated", "no_eoi", "garbage"])
def test_damaged_jpeg_that_the_driver_delivers_is_skipped(usb, fault):
    usb.fault(fault, count=3, after=2)
    with Device(usb.path) as device:
        small(device, "MJPG")
        with device.stream(buffers=8) as stream:
            numbers = [
                read_counter(stream.read(timeout=FRAME_TIMEOUT_S).to_rgb()) for _ in range(6)
            ]

            assert not {2, 3, 4} & set(numbers)
            assert 1 <= stream.stats.broken <= 3  # the driver has no buffer for some, maybe
            assert numbers == sorted(set(numbers))


DAMAGES = ["truncated", "empty", "error_flag", "lost_packets", "usb_error"]


@pytest.mark.quirk("uvc-truncated-raw", "uvc-bus-error")
@pytest.mark.parametrize("fault", DAMAGES)
@pytest.mark.parametrize("helper", ["usb", "usb_without_mercy"])
def test_damaged_raw_frame_never_gets_through(request, helper, fault):
    """With and without the driver's help."""
    usb = request.getfixturevalue(helper)
    usb.fault(fault, count=2, after=3)
    with Device(usb.path) as device:
        small(device)
        with device.stream(buffers=6) as stream:
            for _ in range(10):
                (frame,) = read(stream)
                assert frame.ok
                assert len(frame.planes[0]) == 320 * 240 * 2
                assert read_counter(frame.to_rgb()) <= frame.sequence


@pytest.mark.quirk("uvc-truncated-raw")
def test_truncated_raw_frame_is_short_and_said_to_be_damaged(usb_without_mercy):
    usb_without_mercy.fault("truncated", count=2, after=1)
    with Device(usb_without_mercy.path) as device:
        small(device)
        with device.stream(buffers=8) as stream:
            frames = [first(stream) for _ in range(6)]

            damaged = [frame for frame in frames if not frame.ok]
            assert damaged
            assert {len(frame.planes[0]) for frame in damaged} == {320 * 240}
            assert {frame.reason for frame in damaged} == {"the driver marked the frame as damaged"}


@pytest.mark.quirk("uvc-bus-error")
def test_error_on_the_bus_empties_the_buffers_and_the_stream_goes_on(usb):
    usb.fault("usb_error", count=1, after=2)
    with Device(usb.path) as device:
        small(device)
        with device.stream(buffers=4) as stream:
            frames = [first(stream).copy() for _ in range(12)]

    damaged = [frame for frame in frames if not frame.ok]
    assert damaged
    assert {len(frame.planes[0]) for frame in damaged} == {0}
    assert frames[-1].ok


@pytest.mark.quirk("uvc-no-frame-size", "wrong-sizeimage")
def test_camera_that_does_not_say_how_large_a_frame_is_streams_raw_only(usb):
    """The driver computes the size of raw frames; of a JPEG it knows none, and has no buffers.

    It would answer EINVAL and complain in the kernel's log, so it is not asked.
    """
    usb.fault("no_size")
    with Device(usb.path) as device:
        small(device, "MJPG")
        with pytest.raises(DeviceError, match="how large a frame in MJPG") as caught:
            device.stream()
        assert (caught.value.errno, caught.value.operation) == (errno.EINVAL, "VIDIOC_REQBUFS")

        small(device)
        with device.stream() as stream:
            assert read(stream)[0].ok


@pytest.mark.quirk("error-flag")
def test_flagged_frames_are_counted_if_the_driver_delivers_them(usb_without_mercy):
    usb = usb_without_mercy
    usb.fault("error_flag", count=2, after=3)
    with Device(usb.path) as device:
        small(device)
        with device.stream(buffers=8) as stream:
            numbers = [stream.read(timeout=FRAME_TIMEOUT_S).sequence for _ in range(8)]

            assert 1 <= stream.stats.broken <= 2
    assert not {3, 4} & set(numbers)


def test_oversized_frame_does_not_overrun_the_buffer(usb_without_mercy):
    usb = usb_without_mercy
    usb.fault("oversized", count=2, after=1)
    with Device(usb.path) as device:
        small(device)
        with device.stream(copy_when_low=True) as stream:
            frames = read(stream, 6)

            assert {len(frame.planes[0]) for frame in frames} == {320 * 240 * 2}
            assert all(read_counter(frame.to_rgb()) < 1000 for frame in frames)


@pytest.mark.quirk("stall")
def test_camera_that_delivers_nothing_is_a_timeout(usb):
    usb.fault("silent")
    with Device(usb.path) as device:
        small(device)
        with device.stream() as stream:
            with pytest.raises(CaptureTimeout):
                stream.read(timeout=1.0)

            usb.do("clear")
            assert read(stream)[0].ok
