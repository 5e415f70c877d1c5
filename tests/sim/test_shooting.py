# SPDX-License-Identifier: MIT
"""Frames for photos: fresh, in their size, lit when they shall be, everything put back."""

import errno
import io
import time

import pytest
from PIL import Image

from v4l2capture import (
    Camera,
    CaptureTimeout,
    Device,
    NotSupportedError,
    PhotoSettings,
    SimulatedCamera,
    UnknownError,
)
from v4l2capture.lamp import Lamp
from v4l2capture.metering import exposure_of, mean_luma
from v4l2capture.shooting import shoot

SMALL = {"imageWidth": 320, "imageHeight": 240}


@pytest.fixture
def phone():
    return SimulatedCamera("phone")


@pytest.fixture
def camera(phone):
    with Camera(phone.path) as camera:
        camera.apply_constraints(width={"exact": 320}, height={"exact": 240})
        yield camera


@pytest.fixture(params=["phone", "sensor"])
def sim(request):
    return SimulatedCamera(request.param)


@pytest.fixture
def with_lamp(sim):
    """Each camera that has one, in a small size."""
    with Camera(sim.path) as camera:
        camera.apply_constraints(width=320, height=240, resize_mode={"exact": "none"})
        yield camera


def shot(camera, timeout=5, **members):
    now = camera.device.format
    wanted = PhotoSettings.of(members, image_width=now.width, image_height=now.height)
    (taken,) = shoot(camera._source, camera._state, wanted, timeout)
    return taken


def lamp(camera):
    flash = next(node for node in camera.nodes[1:] if node.function == "flash")
    names = ("led_mode", "strobe_timeout", "strobe_status")
    return {name: flash.controls[name].value for name in names}


@pytest.mark.quirk("stale-frames", "late-controls")
def test_frame_was_exposed_after_the_call(camera):
    shot(camera)
    time.sleep(0.2)  # buffers fill meanwhile, and grow old
    asked = time.monotonic_ns()

    taken = shot(camera)

    assert exposure_of(taken.frame, 33_000_000)[0] >= asked


def test_stream_that_runs_gives_a_photo_within_two_frames(camera):
    interval = 1e9 / float(shot(camera).frame.format.frame_rate)
    waited = []

    for _ in range(5):
        asked = time.monotonic_ns()
        waited.append(shot(camera).frame.timestamp_ns - asked)

    assert min(waited) <= 2 * interval  # others may be late on a busy machine


def through_the_camera(camera, exposure):
    camera.nodes[1].controls["exposure"].value = exposure


def in_another_program(camera, exposure):
    with Camera(camera.device.path) as other:
        through_the_camera(other, exposure)


@pytest.mark.parametrize("write", [through_the_camera, in_another_program])
def test_control_that_was_just_written_has_had_its_effect(write):
    """A sensor is set two frames ahead; and not only constraints set it."""
    sim = SimulatedCamera("sensor")
    with Camera(sim.path) as camera:
        assert camera.nodes[1].function == "sensor"
        through_the_camera(camera, 60)
        dark = camera.grab_frame().array().mean()

        write(camera, 1000)

        lit = [camera.grab_frame().array().mean() for _ in range(3)]
        assert lit[0] > 2 * dark
        assert lit == pytest.approx([lit[0]] * 3, rel=0.02)


def test_flash_lights_the_frame_and_goes_out(with_lamp):
    before = lamp(with_lamp)
    dark = mean_luma(shot(with_lamp, fillLightMode="off").frame)

    taken = shot(with_lamp, fillLightMode="flash")

    assert mean_luma(taken.frame) > dark * 1.2
    assert taken.photo.fill_light_mode == "flash"
    assert lamp(with_lamp) == before
    assert before["led_mode"] == 0


def test_torch_that_was_on_is_on_again(with_lamp):
    with_lamp.apply_constraints(torch={"exact": True})

    shot(with_lamp, fillLightMode="flash")

    assert with_lamp.settings.torch is True


def test_flash_is_fired_in_the_dark_only(with_lamp):
    bright = shot(with_lamp, fillLightMode="auto")
    darkest = with_lamp.capabilities.exposure_time.min
    with_lamp.apply_constraints(exposure_time={"exact": darkest})
    dark = shot(with_lamp, fillLightMode="auto")

    assert bright.photo.fill_light_mode == "off"
    assert dark.photo.fill_light_mode == "flash"


def test_eyes_are_lit_before_the_photo(with_lamp):
    shot(with_lamp)  # settled
    begin = time.monotonic()

    taken = shot(with_lamp, redEyeReduction=True, fillLightMode="flash")

    assert time.monotonic() - begin >= 0.6
    assert taken.photo.red_eye_reduction is True
    assert lamp(with_lamp)["led_mode"] == 0


def test_light_before_the_photo_lasts_as_long_as_is_wanted(camera):
    shot(camera)
    begin = time.monotonic()

    wanted = PhotoSettings.of(SMALL, redEyeReduction=True)
    list(shoot(camera._source, camera._state, wanted, 5, pre_light=1.2))

    assert time.monotonic() - begin >= 1.2


def test_eyes_are_lit_also_by_a_lamp_that_the_sensor_strobes(camera):
    """Its own strobes come with frames; those before the photo have to be pressed."""
    flash = next(node for node in camera.nodes[1:] if node.function == "flash")
    flash.controls["strobe_source"].value = 1

    taken = shot(camera, redEyeReduction=True, fillLightMode="flash")

    assert taken.photo.fill_light_mode == "flash"
    assert flash.controls["strobe_source"].value == 1
    assert lamp(camera)["led_mode"] == 0


def test_eyes_are_lit_also_by_a_lamp_that_nobody_but_the_sensor_strobes():
    with Device("sim:phone") as device:
        profile = device.profile()
    for node in profile["subdevices"]:
        for control in node["controls"]:
            if control["name"] == "strobe_source":
                control |= {"min": 1, "default": 1, "value": 1, "menu": {"1": "External"}}
    sim = SimulatedCamera(profile)
    with Camera(sim.path) as camera:
        taken = shot(camera, redEyeReduction=True, fillLightMode="flash")

        assert taken.photo.red_eye_reduction is True
        assert lamp(camera)["led_mode"] == 0


def test_still_of_another_size_leaves_the_stream_as_it_was(camera):
    camera.grab_frame()

    (taken,) = shoot(
        camera._source, camera._state, PhotoSettings(image_width=640, image_height=480), 5
    )

    assert (taken.frame.format.width, taken.frame.format.height) == (640, 480)
    assert camera.device.format.width == 320
    assert camera.grab_frame().width == 320
    assert len(taken.frame.planes[0]) == 640 * 480 * 2  # readable for good


def test_size_between_two_is_the_nearest(camera):
    (taken,) = shoot(camera._source, camera._state, PhotoSettings(image_width=1200), 5)

    assert taken.frame.format.width == 1280


@pytest.mark.parametrize(
    "wanted",
    [
        {"imageWidth": 5000},
        {"imageHeight": 10},
        {"fillLightMode": "flash"},
        {"redEyeReduction": True},
    ],
)
def test_what_the_camera_cannot_do_is_not_supported(wanted):
    sim = SimulatedCamera("webcam")
    with Camera(sim.path) as camera, pytest.raises(NotSupportedError):
        list(shoot(camera._source, camera._state, PhotoSettings.of(wanted), 5))


def test_no_lamp_may_be_off():
    with Camera("sim:webcam") as camera:
        (taken,) = shoot(
            camera._source,
            camera._state,
            PhotoSettings(fill_light_mode="off", red_eye_reduction=False, image_width=640),
            5,
        )

    assert taken.photo.fill_light_mode is None


def test_everything_is_put_back_when_no_frame_comes(with_lamp, sim):
    with_lamp.grab_frame()
    before = with_lamp.settings, lamp(with_lamp)
    sim.fault("stall")

    with pytest.raises(CaptureTimeout):
        shot(with_lamp, timeout=0.2, fillLightMode="flash")

    sim.clear_faults()
    assert (with_lamp.settings, lamp(with_lamp)) == before
    assert with_lamp.grab_frame().width == before[0].width


def test_lamp_that_fails_is_said(with_lamp, sim):
    sim.fault("ioctl_error", request="VIDIOC_S_EXT_CTRLS", value=errno.EIO)

    with pytest.raises(Exception, match="led_mode"):
        shot(with_lamp, fillLightMode="flash")

    sim.clear_faults()
    assert lamp(with_lamp)["led_mode"] == 0


def test_camera_that_another_program_streams_from_is_busy(phone):
    with Camera(phone.path) as camera, Device(phone.path) as other, other.stream():
        with pytest.raises(Exception, match="busy"):
            list(shoot(camera._source, camera._state, PhotoSettings(), 5))

        assert camera.device.format.width == 640


@pytest.mark.parametrize("after", [0, 7], ids=["while light settles", "later"])
@pytest.mark.parametrize("fault", ["torn_jpeg", "corrupt_jpeg"])
def test_damaged_jpeg_is_refused_and_the_next_one_taken(fault, after):
    sim = SimulatedCamera("webcam")
    with Camera(sim.path) as camera:
        sim.fault(fault, count=3, after=after)

        photos = [camera.take_photo() for _ in range(3)]

        for photo in photos:
            assert Image.open(io.BytesIO(photo)).size == (3840, 2160)
        assert camera.grab_frame().width == 640


def test_several_frames_have_what_was_done_before_each(camera):
    values = (100, 300, 200)

    def zoom(number):
        camera.apply_constraints(zoom={"exact": values[number]})

    small = PhotoSettings.of(SMALL)
    taken = [*shoot(camera._source, camera._state, small, 5, count=3, before_each=zoom)]

    assert tuple(each.settings.zoom for each in taken) == values
    assert camera.stream.leased == 0


def test_exposure_is_that_of_before_the_flash(with_lamp, monkeypatch):
    """Automatic exposure answers to a flash before anybody can ask what it was."""
    with_lamp.apply_constraints(exposure_time={"exact": 100})
    strobe = Lamp.strobe

    def answered(lamp, duration):
        light = strobe(lamp, duration)
        with Camera(with_lamp.device.path) as other:
            other.apply_constraints(exposure_time={"exact": 10})
        return light

    monkeypatch.setattr(Lamp, "strobe", answered)

    assert shot(with_lamp, fillLightMode="flash").settings.exposure_time == pytest.approx(100, 0.01)


def light_the_torch(camera):
    camera.apply_constraints(torch={"exact": True})


def expose_by_hand(camera):
    camera.apply_constraints(exposure_mode={"exact": "manual"})


def flash(camera):
    shot(camera, fillLightMode="flash")


@pytest.mark.quirk("slow-automatics")
@pytest.mark.parametrize("disturb", [light_the_torch, expose_by_hand, flash])
def test_light_that_was_disturbed_has_to_settle(camera, disturb):
    shot(camera)
    assert camera._source.controls.settled

    disturb(camera)
    assert not camera._source.controls.settled

    shot(camera)
    assert camera._source.controls.settled


def test_unlit_frame_is_no_photo(with_lamp, monkeypatch):
    monkeypatch.setattr("v4l2capture.lamp.Lamp.strobe", lambda *_: (0, 1))

    with pytest.raises(UnknownError, match="did not light"):
        shot(with_lamp, fillLightMode="flash")

    assert lamp(with_lamp)["led_mode"] == 0
