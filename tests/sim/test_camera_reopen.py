# SPDX-License-Identifier: MIT
"""A camera that is opened again when it is back: as it was, and as its users want it."""

import gc

import pytest

from v4l2capture import (
    Camera,
    CaptureTimeout,
    ClosedError,
    Device,
    DeviceGoneError,
    SimulatedCamera,
)
from v4l2capture.lamp import Lamp

from .face import control
from .lanes import mappings, small


@pytest.mark.quirk("unplugged", "partly-restored")
def test_reopened_camera_is_as_it_was(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(width={"exact": 320}, zoom={"exact": 200}, exposureTime=300)
        camera.controls["power_line_frequency"].value = 1
        before = camera.settings
        stream = camera.start()
        frame = stream.read()
        pixels = bytes(frame.planes[0])
        sim.unplug()
        with pytest.raises(DeviceGoneError):
            stream.read()
        sim.replug()

        camera.reopen()

        assert camera.settings == before
        assert camera.controls["power_line_frequency"].value == 1
        assert camera.constraints.to_dict()["zoom"] == {"exact": 200}
        assert camera.stream.read().format.width == 320
        assert bytes(frame.planes[0]) == pixels


def test_stream_that_was_off_stays_off(sim):
    with Camera(sim.path) as camera:
        camera.device.set_format(320, 240, "MJPG", 15)
        sim.unplug()
        sim.replug()

        camera.reopen()

        assert camera.stream is None
        now = camera.device.format
        assert (now.width, now.pixel_format, now.frame_rate) == (320, "MJPG", 15)


def test_stream_that_was_closed_stays_closed(sim):
    with Camera(sim.path) as camera:
        camera.start().close()

        camera.reopen()

        assert camera.stream is None


def test_camera_that_is_not_there_is_not_back(sim):
    with Camera(sim.path) as camera:
        camera.start()
        sim.unplug()

        with pytest.raises(CaptureTimeout, match=r"is not back within 0\.0 s"):
            camera.reopen()

        for ask in (
            lambda: camera.settings,
            lambda: camera.controls,
            lambda: camera.apply_constraints(zoom=200),
            lambda: camera.grab_frame(),
            lambda: camera.read(),
            lambda: camera.take_photo(),
            lambda: camera.start(),
        ):
            with pytest.raises(DeviceGoneError):
                ask()
        assert not camera.closed
        assert not camera.health().streaming
        sim.replug()
        camera.reopen()
        assert camera.stream.read().ok


def test_nothing_is_held_of_a_camera_that_is_away(sim):
    with Camera(sim.path) as camera:
        camera.start()
        sim.unplug()

        with pytest.raises(CaptureTimeout):
            camera.reopen()
        gc.collect()

        assert sim.handles == sim.mappings == mappings(sim.path) == 0


def test_camera_that_is_well_can_be_reopened(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom=200)
        old = camera.device

        camera.reopen()

        assert old.closed
        assert camera.settings.zoom == 200


def test_closed_camera_cannot_be_reopened(sim):
    camera = Camera(sim.path)
    camera.close()

    with pytest.raises(ClosedError):
        camera.reopen()


def test_device_of_the_caller_stays_the_callers(sim):
    with Device(sim.path) as device:
        with Camera(device) as camera:
            sim.unplug()
            sim.replug()
            camera.reopen()
            assert camera.device is not device
            assert camera.settings.width
        assert not device.closed
        assert sim.handles == 1


def test_lenses_and_lamps_come_back_too():
    sim = SimulatedCamera("phone")
    with Camera(sim.path) as camera:
        camera.apply_constraints(torch=True, focusDistance=100)
        sim.unplug()
        sim.replug()

        camera.reopen()

        assert (camera.settings.torch, camera.settings.focus_distance) == (True, 100)
        assert [node.closed for node in camera.nodes] == [False] * 3


def test_two_parts_of_one_name_are_not_mixed_up():
    focus = {"id": "0x009a090a", "name": "focus_absolute", "type": "int", "min": 0, "max": 99}
    lens = {"function": "lens", "name": "lens", "controls": [focus | {"default": 5, "value": 5}]}
    sim = SimulatedCamera(small(subdevices=[lens, lens]))
    with Camera(sim.path) as camera:
        for node, where in zip(camera.nodes[1:], (20, 30), strict=True):
            node.controls["focus_absolute"].value = where
        sim.unplug()
        sim.replug()

        camera.reopen()

        lenses = camera.nodes[1:]
        assert [each.controls["focus_absolute"].value for each in lenses] == [20, 30]


# ---- what it was ----


def test_what_was_chosen_last_counts(sim):
    with Camera(sim.path) as camera:
        camera.controls["brightness"].value = 10
        camera.apply_constraints(brightness=20, contrast=30)
        camera.controls.set({"contrast": 40})
        sim.unplug()
        sim.replug()

        camera.reopen()

        assert (control(sim, "brightness"), control(sim, "contrast")) == (20, 40)


def test_wish_that_was_already_met_counts(sim):
    with Camera(sim.path) as camera:
        camera.controls._set({"zoom_absolute": 200})  # as another program had left it
        camera.apply_constraints(zoom=200)
        sim.unplug()
        sim.replug()

        camera.reopen()

        assert control(sim, "zoom_absolute") == 200


@pytest.mark.quirk("master-and-slave")
def test_masters_are_set_before_what_they_rule(sim):
    with Camera(sim.path) as camera:
        camera.controls["auto_exposure"].value = 1
        camera.controls["exposure_time_absolute"].value = 77
        sim.unplug()
        sim.replug()

        camera.reopen()

        assert (control(sim, "auto_exposure"), control(sim, "exposure_time_absolute")) == (1, 77)


def test_what_a_master_rules_again_is_left_alone(sim, caplog):
    with Camera(sim.path) as camera:
        automatic = camera.controls["auto_exposure"].value
        camera.controls["auto_exposure"].value = 1
        camera.controls["exposure_time_absolute"].value = 77
        camera.controls["auto_exposure"].value = automatic
        sim.unplug()
        sim.replug()

        camera.reopen()

        assert control(sim, "auto_exposure") == automatic
        assert caplog.messages == []


@pytest.mark.quirk("moving-default")
def test_motors_and_buttons_stay_still():
    speed = {"id": "0x009a0920", "name": "pan_speed", "type": "int", "min": -5, "max": 5}
    button = {"id": "0x00980999", "name": "calibrate", "type": "button"}
    sim = SimulatedCamera(small(controls=[speed | {"default": 0, "value": 0}, button]))
    with Camera(sim.path) as camera:
        camera.controls["pan_speed"].value = 3
        camera.controls["calibrate"].press()
        sim.unplug()
        sim.replug()
        before = sim.ioctls("VIDIOC_S_EXT_CTRLS")

        camera.reopen()

        assert sim.ioctls("VIDIOC_S_EXT_CTRLS") == before


def test_user_who_has_gone_meanwhile_wants_nothing(sim):
    with Camera(sim.path) as camera:
        view = camera.add_view()
        view.apply_constraints(zoom=200)
        sim.unplug()
        with pytest.raises(CaptureTimeout):
            camera.reopen()
        view.close()
        sim.replug()

        camera.reopen()

        assert control(sim, "zoom_absolute") == 100


@pytest.mark.parametrize("frames", [1, 4, 8])
def test_what_a_photo_changes_is_not_what_it_was(frames):
    """The plug is pulled in the middle of a flash, in another format."""
    sim = SimulatedCamera("phone")
    with Camera(sim.path) as camera:
        before = camera.settings, [node.controls.read() for node in camera.nodes]
        camera.start()
        sim.fault("disconnect", after=frames, count=1)
        with pytest.raises(DeviceGoneError):
            camera.take_photos(20, fill_light_mode="flash", image_width=1280)
        sim.clear_faults()
        sim.replug()

        camera.reopen()

        assert (camera.settings, [node.controls.read() for node in camera.nodes]) == before


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        lambda camera: camera.apply_constraints(width={"exact": 320}),
        lambda camera: camera.take_photo(image_width=1280),
    ],
    ids=["constraints", "photo"],
)
def test_change_of_the_size_that_the_plug_ends_never_was(sim, monkeypatch, streams, change):
    set_format = Device.set_format

    def pulled(*args):
        sim.unplug()
        return set_format(*args)

    with Camera(sim.path) as camera:
        if streams:
            camera.start()
        with monkeypatch.context() as patch:
            patch.setattr(Device, "set_format", pulled)
            with pytest.raises(DeviceGoneError):
                change(camera)
        sim.replug()

        camera.reopen()

        assert camera.settings.width == 640
        assert (camera.stream is not None) == streams


def test_light_of_a_photo_is_not_what_it_was(monkeypatch):
    """The plug is pulled while the lamp flashes, which then cannot be told to stop."""
    sim = SimulatedCamera("phone")
    strobe = Lamp.strobe

    def pulled(lamp, duration):
        light = strobe(lamp, duration)
        sim.unplug()
        return light

    monkeypatch.setattr(Lamp, "strobe", pulled)
    with Camera(sim.path) as camera:
        before = [node.controls.read() for node in camera.nodes]
        with pytest.raises(DeviceGoneError):
            camera.take_photo(fill_light_mode="flash")
        sim.replug()

        camera.reopen()

        assert [node.controls.read() for node in camera.nodes] == before
