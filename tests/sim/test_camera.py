# SPDX-License-Identifier: MIT
"""The engine: constraints become settings, or nothing changes; pictures are fresh."""

import errno
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from v4l2capture import (
    Camera,
    CaptureTimeout,
    ClosedError,
    ControlError,
    Device,
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    OverconstrainedError,
    SimulatedCamera,
)
from v4l2capture.cids import IDS
from v4l2capture.controls import Controls
from v4l2capture.sim import read_counter
from v4l2capture.writeplan import Write


def values(sim):
    with Device(sim.path) as device:
        return device.controls.read(), device.format


# ---- looking ----


def test_settings_have_every_capability(sim):
    with Camera(sim.path) as camera:
        assert set(camera.settings) == set(camera.capabilities)


def test_capabilities_are_plain_data(sim):
    with Camera(sim.path) as camera:
        able = camera.capabilities.to_dict()

    assert able["zoom"] == {"min": 100, "max": 500, "step": 1}
    assert able["width"] == {"min": 1, "max": 3840}
    assert able["resizeMode"] == ["none", "crop-and-scale"]
    assert able["deviceId"] == sim.path


def test_camera_of_an_open_device_leaves_it_open(sim):
    with Device(sim.path) as device:
        with Camera(device) as camera:
            assert camera.settings.zoom == 100

        assert not device.closed


def test_first_camera_is_taken_where_none_is_named(monkeypatch):
    monkeypatch.setenv("V4L2CAPTURE_SIM", "webcam")

    with Camera() as camera:
        assert camera.info.is_camera


@pytest.mark.quirk("two-programs")
def test_change_by_another_program_is_seen(sim):
    with Camera(sim.path) as camera, Device(sim.path) as other:
        other.controls["zoom_absolute"].value = 222

        assert camera.settings.zoom == 222


def test_range_that_changes_is_seen(sim):
    with Camera(sim.path) as camera:
        assert camera.capabilities.zoom.max == 500
        sim.set_range("zoom_absolute", 100, 300, 1, 100)

        assert camera.capabilities.zoom.max == 300


@pytest.mark.parametrize("profile", ["webcam", "phone"])
@pytest.mark.parametrize(
    ("manual", "automatic"),
    [
        ({"exposureMode": "manual", "exposureTime": 300}, {"exposureMode": "continuous"}),
        ({"whiteBalanceMode": "manual"}, {"whiteBalanceMode": "continuous"}),
    ],
    ids=["exposure", "white balance"],
)
def test_what_our_own_mode_does_to_others_is_no_change_by_others(profile, manual, automatic):
    """Drivers tell of it, us too: uvcvideo of values, the others of flags."""
    sim = SimulatedCamera(profile)
    with Camera(sim.path) as camera:
        for wanted in (manual, automatic, manual):
            camera.apply_constraints(wanted)
            assert not camera.take_changes()

        with Device(sim.path) as other:
            other.controls["auto_exposure"].value = other.controls["auto_exposure"].default
            other.controls["white_balance_automatic"].value = 1
        assert camera.take_changes()


def test_changes_are_told_once(sim):
    with Camera(sim.path) as camera:
        assert not camera.take_changes()
        sim.poke("brightness", 5)

        assert camera.settings.brightness == 5
        assert camera.take_changes()
        assert not camera.take_changes()


def test_own_writes_are_no_changes(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom=300)

        assert not camera.take_changes()


# ---- applying ----


def test_advanced_constraint_is_met(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints({"advanced": [{"zoom": 200}]})

        assert camera.settings.zoom == 200
        assert camera.constraints.to_dict() == {"advanced": [{"zoom": 200}]}


@pytest.mark.parametrize("name", ["exposure_time", "exposureTime"])
def test_both_spellings_are_taken(sim, name):
    with Camera(sim.path) as camera:
        camera.apply_constraints({name: 100})

        assert camera.settings.exposure_time == 100
        assert camera.settings.exposure_mode == "manual"


def test_value_off_the_grid_goes_to_the_nearest_step(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(color_temperature={"exact": 4004})

        assert camera.settings.color_temperature == 4000


def test_constraints_replace_those_before(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom=300)
        camera.apply_constraints(brightness=10)

        assert camera.constraints.to_dict() == {"brightness": 10}
        assert camera.settings.zoom == 300  # nobody wants it to go back, either


def test_one_zoom_costs_one_write_and_two_reads(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom={"exact": 150})
        names = ("VIDIOC_G_EXT_CTRLS", "VIDIOC_S_EXT_CTRLS", "VIDIOC_DQEVENT")
        before = [sim.ioctls(name) for name in names]

        camera.apply_constraints(zoom={"exact": 250})

        assert [sim.ioctls(n) - b for n, b in zip(names, before, strict=True)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ({"zoom": {"exact": 501}}, "zoom"),
        ({"zoom": {"min": 600}}, "zoom"),
        ({"zoom": {"min": 200, "max": 100}}, "zoom"),
        ({"torch": {"exact": True}}, "torch"),
        ({"focusMode": {"exact": "none"}}, "focusMode"),
        ({"width": {"min": 5000}}, "width"),
        ({"brightness": {"exact": 1}, "iso": {"exact": 100}}, "iso"),
    ],
)
def test_impossible_constraint_is_named_and_changes_nothing(sim, wanted, name):
    with Camera(sim.path) as camera:
        camera.apply_constraints(contrast=20)
        before = values(sim)

        with pytest.raises(OverconstrainedError) as caught:
            camera.apply_constraints(wanted)

        assert caught.value.constraint == name
        assert values(sim) == before
        assert camera.constraints.to_dict() == {"contrast": 20}


@pytest.mark.parametrize(
    "wanted",
    [
        {"zoom": True, "pan": "far"},
        {"zoom": float("nan")},
        {"exposureTime": 1, "exposure_time": 2},
        {"torch": 1},
        {"advanced": {"zoom": 1}},
        [("zoom", 1)],
        {"brightness": {"exact": "5"}},
    ],
)
def test_wrong_type_is_a_type_error_and_changes_nothing(sim, wanted):
    with Camera(sim.path) as camera:
        before = values(sim)

        with pytest.raises(TypeError):
            camera.apply_constraints(wanted)

        assert values(sim) == before


# ---- a driver that refuses, ignores, forgets ----


def test_refused_requirement_puts_everything_back(sim):
    with Camera(sim.path) as camera:
        before = values(sim)
        sim.fault("control_eio", control="exposure_time_absolute")

        with pytest.raises(OverconstrainedError, match="exposure_time_absolute=99") as caught:
            camera.apply_constraints(exposure_time={"exact": 99}, zoom={"exact": 300})

        sim.clear_faults()
        assert caught.value.constraint == "exposureTime"
        assert isinstance(caught.value.__cause__, ControlError)
        assert caught.value.__cause__.errno == errno.EIO
        assert values(sim) == before  # automatic again, too


def test_refused_wish_does_not_keep_others_from_theirs(sim):
    with Camera(sim.path) as camera:
        sim.fault("control_eio", control="brightness")

        camera.apply_constraints(brightness=10, contrast=33, zoom=300)

        sim.clear_faults()
        assert camera.settings.brightness == 0
        assert camera.settings.contrast == 33
        assert camera.settings.zoom == 300


@pytest.mark.quirk("no-effect")
def test_ignored_requirement_is_an_error(sim, monkeypatch):
    monkeypatch.setattr("v4l2capture.applying._ARRIVES", 0.05)
    with Camera(sim.path) as camera:
        sim.fault("control_ignored", control="zoom_absolute")

        with pytest.raises(OverconstrainedError, match="still reads 100") as caught:
            camera.apply_constraints(zoom={"exact": 300})

        assert caught.value.constraint == "zoom"
        assert camera.constraints.to_dict() == {}


def test_ignored_mode_is_an_error_before_its_value_is_written(sim):
    with Camera(sim.path) as camera:
        sim.fault("control_ignored", control="auto_exposure")
        before = values(sim)

        with pytest.raises(OverconstrainedError, match="auto_exposure"):
            camera.apply_constraints(exposure_time={"exact": 99})

        assert values(sim) == before


@pytest.mark.quirk("motor-latency")
def test_motor_that_arrives_late_is_waited_for(sim):
    with Camera(sim.path) as camera:
        sim.fault("control_ignored", control="zoom_absolute", count=1)
        motor = threading.Timer(0.1, sim.poke, ("zoom_absolute", 300))
        motor.start()

        camera.apply_constraints(zoom={"exact": 300})

        motor.join()
        assert camera.settings.zoom == 300


@pytest.mark.quirk("settings-lost", "partly-restored")
def test_settings_that_a_camera_forgets_at_the_start_come_back(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom=300, exposure_time=77)
        sim.fault("reset_controls_on_streamon")

        camera.grab_frame()

        assert camera.settings.zoom == 300
        assert camera.settings.exposure_time == 77


@pytest.fixture
def cached(monkeypatch):
    """A driver that answers 0 when it is asked for the brightness, as it was at first.

    As uvcvideo does when a camera changes a control by itself.
    """
    answers = Controls.read

    def from_cache(controls, names):
        read = answers(controls, names)
        return read | dict.fromkeys(read.keys() & {"brightness"}, 0)

    monkeypatch.setattr(Controls, "read", from_cache)


def test_event_is_believed_where_the_driver_answers_from_its_cache(sim, cached):
    with Camera(sim.path) as camera:
        sim.poke("brightness", 44)

        assert camera.take_changes()
        assert camera.settings.brightness == 44


def test_event_is_believed_though_another_control_was_written_since(sim, cached):
    with Camera(sim.path) as camera:
        sim.poke("brightness", 44)
        camera.controls["contrast"].value = 3

        assert camera.settings.brightness == 44


@pytest.mark.parametrize(
    "write",
    [
        lambda controls: setattr(controls["brightness"], "value", 0),
        lambda controls: controls.set({"brightness": 0}),
        lambda controls: [setattr(controls["brightness"], "value", n) for n in (1, 0)],
    ],
    ids=["value", "set", "again"],
)
@pytest.mark.parametrize("looks", [True, False])
def test_write_is_believed_that_brings_about_what_the_cache_has(sim, cached, write, looks):
    with Camera(sim.path) as camera:
        sim.poke("brightness", 44)
        assert camera.settings.brightness == 44

        write(camera.controls)

        if looks:
            assert camera.settings.brightness == 0
        sim.poke("contrast", 7)
        assert camera.settings.brightness == 0
        sim.poke("brightness", 45)
        assert camera.settings.brightness == 45


def test_region_that_another_has_set_can_be_read():
    """Its event has no value."""
    path = Path(__file__).resolve().parents[1] / "data/cameras/laptop_roi_privacy_readonly.json"
    name = "region_of_interest_rectangle"
    with Camera(f"sim:{path}") as camera, Device(camera.device.path) as other:
        other.controls[name].value = (10, 20, 100, 100)

        assert camera.take_changes()
        assert camera.states[IDS[name]].value == (10, 20, 100, 100)


def test_ones_own_write_is_believed_against_an_event_of_before(sim):
    with Camera(sim.path) as camera:
        cid = camera.device.controls["brightness"].id
        sim.poke(cid, 44)

        camera._source.controls.write((Write(cid, 12, "brightness"),))

        assert camera.take_changes()
        assert camera.settings.brightness == 12


def test_settings_are_written_again_at_the_start_though_the_driver_has_them(sim):
    """A driver may answer from a cache, while the camera has forgotten."""
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom=300)
        before = sim.ioctls("VIDIOC_S_EXT_CTRLS")

        camera.grab_frame()

        assert sim.ioctls("VIDIOC_S_EXT_CTRLS") == before + 1


def test_grabbed_control_is_said_to_be_busy(sim):
    with Camera(sim.path) as camera:
        sim.set_flags("zoom_absolute", ["grabbed"])

        with pytest.raises(OverconstrainedError, match="zoom_absolute") as caught:
            camera.apply_constraints(zoom={"exact": 300})

        assert caught.value.__cause__.errno == errno.EBUSY


@pytest.mark.quirk("unplugged")
def test_camera_that_vanishes_is_gone(sim):
    with Camera(sim.path) as camera:
        sim.unplug()

        with pytest.raises(DeviceGoneError):
            camera.apply_constraints(zoom=300)
        with pytest.raises(DeviceGoneError):
            camera.grab_frame()


def test_camera_that_vanishes_in_the_middle_is_gone(sim):
    with Camera(sim.path) as camera:
        sim.fault("ioctl_error", request="VIDIOC_S_EXT_CTRLS", value=errno.ENODEV)

        with pytest.raises(DeviceGoneError):
            camera.apply_constraints(zoom={"exact": 300})


# ---- size and rate ----


def test_native_size_is_set_at_the_camera(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(width={"exact": 1280}, height={"exact": 720})

        assert camera.settings.resize_mode == "none"
        assert (camera.device.format.width, camera.device.format.height) == (1280, 720)
        assert camera.grab_frame().array().shape == (720, 1280, 3)


@pytest.mark.quirk("adjusted-format")
def test_other_size_is_cropped_and_scaled(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(width={"exact": 500}, height={"exact": 500})

        now = camera.settings
        assert (now.width, now.height, now.resize_mode) == (500, 500, "crop-and-scale")
        assert now.aspect_ratio == 1
        assert camera.grab_frame().array().shape == (500, 500, 3)


def test_scaled_picture_shows_the_middle(sim):
    with Camera(sim.path) as camera:
        whole = camera.grab_frame().array().astype(int)
        camera.apply_constraints(width={"exact": 240}, height={"exact": 240})

        small = camera.grab_frame().array().astype(int)

    middle = whole[:, 80:560].reshape(240, 2, 240, 2, 3).mean(axis=(1, 3))
    assert np.abs(middle - small).mean() < 4  # but for what moves


def test_rate_is_set_at_the_camera(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(frame_rate={"exact": 15})

        assert camera.settings.frame_rate == 15
        assert camera.device.format.frame_rate == 15


def test_stream_begins_again_in_another_size(sim):
    with Camera(sim.path) as camera:
        camera.grab_frame()
        first = camera.stream

        camera.apply_constraints(width={"exact": 320}, height={"exact": 240})

        assert first.closed
        assert camera.stream is not first
        assert camera.grab_frame().width == 320


def test_size_goes_back_when_a_control_is_refused(sim):
    with Camera(sim.path) as camera:
        camera.grab_frame()
        sim.fault("control_eio", control="zoom_absolute")

        with pytest.raises(OverconstrainedError):
            camera.apply_constraints(width={"exact": 320}, zoom={"exact": 300})

        assert camera.device.format.width == 640
        assert camera.grab_frame().width == 640


def test_size_is_not_changed_under_another_program(sim):
    with Camera(sim.path) as camera, Device(sim.path) as other, other.stream():
        with pytest.raises(DeviceBusyError):
            camera.apply_constraints(width={"exact": 320}, height={"exact": 240})

        assert camera.settings.width == 640


# ---- several users ----


def test_two_users_have_pictures_of_their_own_size(sim):
    with Camera(sim.path) as camera:
        small = camera.add_view()
        camera.apply_constraints(width={"exact": 1280}, height={"exact": 720})

        small.apply_constraints(width={"exact": 320}, height={"exact": 180})

        assert camera.settings.width == 1280
        assert small.settings.width == 320
        assert small.settings.resize_mode == "crop-and-scale"


@pytest.mark.parametrize("size", [(160, 120), (1280, 720), (1920, 1080)], ids=str)
def test_user_who_chose_no_size_keeps_the_one_they_have(sim, size):
    """Where the camera has a mode from which both can be made."""
    with Camera(sim.path) as camera:
        other = camera.add_view()

        other.apply_constraints(width=size[0], height=size[1])

        assert (other.settings.width, other.settings.height) == size
        assert (camera.settings.width, camera.settings.height) == (640, 480)
        assert (camera.grab_frame().width, camera.grab_frame().height) == (640, 480)


def test_size_that_cannot_be_had_with_the_one_of_another_user_changes_that(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(frame_rate=60)
        other = camera.add_view()
        able = camera.settings.width, camera.settings.height, camera.settings.frame_rate

        other.apply_constraints(width=3840, height=2160)

        assert able[2] == 60
        assert other.settings.width == 3840
        assert camera.settings.frame_rate < 60


def test_requirement_of_one_user_is_respected_by_the_other(sim):
    with Camera(sim.path) as camera:
        other = camera.add_view()
        camera.apply_constraints(zoom={"exact": 200})

        with pytest.raises(OverconstrainedError) as caught:
            other.apply_constraints(zoom={"exact": 300})

        assert caught.value.constraint == "zoom"
        other.apply_constraints(zoom=300)  # a wish is no reason to fail
        assert camera.settings.zoom == 200


def test_user_who_left_requires_nothing(sim):
    with Camera(sim.path) as camera:
        other = camera.add_view()
        other.apply_constraints(zoom={"exact": 200})
        other.close()

        camera.apply_constraints(zoom={"exact": 300})

        assert camera.settings.zoom == 300


# ---- pictures ----


@pytest.mark.quirk("stale-frames", "late-controls")
def test_grabbed_picture_is_taken_after_the_call(sim):
    with Camera(sim.path) as camera:
        camera.grab_frame()
        time.sleep(0.2)  # buffers fill meanwhile, and grow old
        asked = time.monotonic_ns()

        picture = camera.grab_frame()

        assert picture.timestamp_ns >= asked
        assert (picture.width, picture.height) == (640, 480)
        assert picture.array().dtype == np.uint8


def test_grabbed_picture_is_of_its_own_memory(sim):
    with Camera(sim.path) as camera:
        picture = camera.grab_frame()
        kept = picture.array()
        before = kept.copy()
        for _ in range(6):
            camera.grab_frame()

    assert (kept == before).all()
    assert kept.flags.owndata or kept.base is not None
    picture.close()
    assert picture.width == 0
    with pytest.raises(ClosedError):
        picture.array()
    assert (kept == before).all()


def test_pictures_come_in_turn(sim):
    with Camera(sim.path) as camera:
        counters = [read_counter(camera.grab_frame().array()[..., 1]) for _ in range(3)]

    assert counters == sorted(set(counters))


@pytest.mark.quirk("bad-first-frames")
def test_first_frames_may_be_damaged(sim):
    sim.fault("error_flag", count=3)

    with Camera(sim.path) as camera:
        picture = camera.grab_frame(10)

        assert camera.stream.stats.broken == 3
        assert read_counter(picture.array()) >= 3


@pytest.mark.quirk("infrared")
def test_camera_that_is_grey_only_gives_pictures():
    grey = {"pixel_format": "GREY", "sizes": [{"width": 320, "height": 240}]}
    sim = SimulatedCamera({"card": "IR Camera", "driver": "uvcvideo", "formats": [grey]})

    with Camera(sim.path) as camera:
        picture = camera.grab_frame(10).array()
        photo = camera.take_photo()

    assert picture.shape == (240, 320, 3)
    assert np.ptp(picture, axis=2).max() == 0
    assert (photo.width, photo.height) == (320, 240)


@pytest.mark.quirk("format-first")
def test_size_is_set_before_any_control(sim):
    """Some cameras refuse all else before, or forget it."""
    with Camera(sim.path) as camera:
        camera.grab_frame()
        before = sim.ioctls("VIDIOC_S_EXT_CTRLS")
        sim.fault("ioctl_error", request="VIDIOC_S_FMT", value=errno.EIO, count=1)

        with pytest.raises(DeviceError):
            camera.apply_constraints(width={"exact": 320}, zoom={"exact": 300})

        assert sim.ioctls("VIDIOC_S_EXT_CTRLS") == before


@pytest.mark.quirk("stall")
def test_no_picture_in_time_is_a_timeout(sim):
    with Camera(sim.path) as camera:
        sim.fault("stall")

        with pytest.raises(CaptureTimeout):
            camera.grab_frame(timeout=0.2)


@pytest.mark.quirk("busy-after-stop")
def test_stopped_camera_is_free_for_others(sim):
    with Camera(sim.path) as camera:
        camera.grab_frame()
        camera.stop()

        with Device(sim.path) as other, other.stream() as stream:
            assert stream.read(5).ok


@pytest.mark.parametrize(
    "use",
    [
        lambda camera: camera.settings,
        lambda camera: camera.capabilities,
        lambda camera: camera.photo_capabilities,
        lambda camera: camera.grab_frame(),
        lambda camera: camera.apply_constraints(zoom=300),
    ],
    ids=["settings", "capabilities", "photo_capabilities", "grab_frame", "apply_constraints"],
)
def test_closed_camera_says_so(sim, use):
    camera = Camera(sim.path)
    camera.close()
    camera.close()

    with pytest.raises(ClosedError):
        use(camera)


def test_nothing_is_left_after_close(sim):
    for _ in range(5):
        with Camera(sim.path) as camera:
            camera.grab_frame()

    assert sim.handles == 0
    assert sim.mappings == 0


def test_threads_may_use_it_at_once(sim):
    failures = []

    def work(zoom):
        try:
            for _ in range(10):
                camera.apply_constraints(zoom=zoom)
                assert camera.settings.zoom in (150, 250)
                camera.grab_frame()
        except BaseException as error:
            failures.append(error)

    with Camera(sim.path) as camera:
        threads = [threading.Thread(target=work, args=(zoom,)) for zoom in (150, 250)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert failures == []


# ---- a lens and a lamp with nodes of their own ----


LAMP = {
    "function": "flash",
    "controls": [
        {
            "id": "0x009c0901",
            "name": "led_mode",
            "type": "menu",
            "min": 0,
            "max": 2,
            "default": 0,
            "value": 0,
            "menu": {"0": "Off", "1": "Flash", "2": "Torch"},
        },
        {"id": "0x009c0903", "name": "strobe", "type": "button"},
    ],
}


def test_lamp_joins_the_camera_and_goes_back_when_a_requirement_fails():
    sim = SimulatedCamera({"card": "Phone", "driver": "test", "subdevices": [LAMP]})
    with Camera(sim.path) as camera:
        assert camera.capabilities.torch == [False, True]
        assert camera.photo_capabilities.fill_light_mode == ["auto", "off", "flash"]

        camera.apply_constraints(torch={"exact": True})
        assert camera.settings.torch is True

        with pytest.raises(OverconstrainedError):
            camera.apply_constraints(torch={"exact": False}, zoom={"exact": 5})
        assert camera.settings.torch is True
        assert camera.problems == []

    assert sim.handles == 0


# ---- a raw sensor ----


def test_lines_of_a_sensor_are_time():
    with Camera("sim:sensor") as camera:
        line = (1920 + 1528) / 182_400_000 * 10_000  # of an IMX219, in units of 100 µs

        assert camera.capabilities.exposure_time.step == pytest.approx(line)
        camera.apply_constraints(exposure_time={"exact": 100})
        assert camera.settings.exposure_time == pytest.approx(100, abs=line / 2)
        assert "iso" not in camera.capabilities


def test_gain_of_a_sensor_is_a_speed_where_the_user_knows_its_base():
    with Camera("sim:sensor", base_iso=100) as camera:
        camera.apply_constraints(iso={"exact": 400})

        assert camera.settings.iso == pytest.approx(400)
        assert camera.nodes[1].controls["analogue_gain"].value == 192  # 256 / (256 - 192) = 4
