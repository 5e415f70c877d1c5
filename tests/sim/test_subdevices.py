# SPDX-License-Identifier: MIT
"""Sensor, lens and flash of a camera: found, opened, controlled, told of, closed."""

import copy
import errno
import gc
import json
import os
import pickle
import select
from pathlib import Path

import pytest

from v4l2capture import (
    Camera,
    CaptureTimeout,
    ClosedError,
    ControlError,
    Device,
    DeviceError,
    DeviceGoneError,
    DevicePermissionError,
    SimulatedCamera,
    find_subdevices,
    subdevice,
)
from v4l2capture._native import ffi, lib
from v4l2capture.cids import IDS
from v4l2capture.profile import Profile
from v4l2capture.subdevice import SubdeviceInfo, locate_subdevices
from v4l2capture.writeplan import Write

from .lanes import open_fds, simulated, small

CAMERAS = sorted((Path(__file__).resolve().parents[1] / "data" / "cameras").glob("*.json"))


@pytest.fixture
def phone():
    return simulated("phone")


def subdevices(device):
    """Name to subdevice; all of them can be opened."""
    found, failed = find_subdevices(device)
    assert failed == []
    return {each.function: each for each in found}


# ---- finding ----


def test_sensor_lens_and_flash_are_found_in_this_order():
    camera = simulated("sensor")
    with Device(camera.path) as device:
        found, failed = find_subdevices(device)

    assert [(each.function, each.name) for each in found] == [
        ("sensor", "imx219 10-0010"),
        ("lens", "dw9807 10-000c"),
        ("flash", "white:flash-0"),
    ]
    assert failed == []


def test_camera_without_subdevices_has_none_and_nothing_is_opened():
    camera = simulated("webcam")
    with Device(camera.path) as device:
        handles = camera.handles

        assert find_subdevices(device) == ([], [])
        assert camera.handles == handles
    assert camera.ioctls("MEDIA_IOC_DEVICE_INFO") == 0


def test_subdevices_can_be_located_without_opening_them(phone):
    """A lamp that is opened loses what /sys had it do."""
    with Device(phone.path) as device:
        lens, flash = locate_subdevices(device)
        handles = phone.handles

    assert (lens.function, flash.function) == ("lens", "flash")
    assert flash.path == f"{phone.path}/white:flash-0"
    assert handles == 1


@pytest.mark.parametrize("functions", [["flash"], ["lens"], ["flash", "lens", "sensor"]])
def test_kernel_without_ancillary_links_will_do(functions):
    profile = small(subdevices=[{"function": each, "controls": []} for each in functions])
    camera = simulated(profile)
    camera.fault("no_ancillary_links")
    with Device(camera.path) as device:
        found, failed = find_subdevices(device)

    assert {each.function for each in found} == set(functions)
    assert failed == []


def test_two_sensors_are_not_guessed_between():
    profile = small(subdevices=[{"function": "sensor", "name": n} for n in ("left", "right")])
    camera = simulated(profile)
    with Device(camera.path) as device:
        found, (error,) = find_subdevices(device)

        assert found == []
        assert error.errno == errno.ENOTUNIQ
        assert "several sensors" in str(error)
        with pytest.raises(DeviceError, match="several sensors"):
            locate_subdevices(device)


def test_what_is_no_sensor_lens_or_flash_is_not_the_cameras():
    profile = small(subdevices=[{"function": "heater"}, {"function": "lens"}])
    camera = simulated(profile)
    with Device(camera.path) as device:
        assert list(subdevices(device)) == ["lens"]


# ---- finding them in /sys ----


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A machine with a camera whose media device is that of the chip it is a part of."""
    for name in ("class/v4l-subdev0", "chip/media3", "chip/part/media7", "char/81:5"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "chip" / "media3" / "uevent").write_text("MAJOR=1\nDEVNAME=media3\n")
    (tmp_path / "char" / "81:5" / "uevent").write_text("DEVNAME=v4l-subdev9\n")
    node = os.stat("/dev/null").st_rdev  # noqa: PTH116 (any device will do)
    device = tmp_path / "char" / f"{os.major(node)}:{os.minor(node)}"
    device.mkdir()
    (device / "device").symlink_to(tmp_path / "chip" / "part")
    monkeypatch.setattr(subdevice, "_CLASS", str(tmp_path / "class"))
    monkeypatch.setattr(subdevice, "_NUMBERS", str(tmp_path / "char"))
    monkeypatch.setattr(subdevice, "_open", lambda path, _kind: path)
    return tmp_path


def test_media_device_is_that_of_the_hardware_or_of_what_it_is_a_part_of(kernel):
    nodes = subdevice._KernelNodes("/dev/null")

    assert [path for path, _ in nodes.media()] == ["/dev/media7", "/dev/media3"]


def test_machine_without_subdevices_is_not_asked_for_media_devices(kernel):
    (kernel / "class" / "v4l-subdev0").rmdir()

    assert list(subdevice._KernelNodes("/dev/null").media()) == []


@pytest.mark.parametrize(("minor", "path"), [(5, "/dev/v4l-subdev9"), (6, "/dev/81:6")])
def test_node_is_called_as_the_kernel_calls_it(kernel, minor, path):
    raw = ffi.new("struct vc_subdevice *", {"major": 81, "minor": minor, "name": b"dw9714"})
    raw.function = lib.MEDIA_ENT_F_LENS

    info = subdevice._KernelNodes("/dev/null").info(raw)

    assert info == SubdeviceInfo("lens", "dw9714", path)


def test_node_that_is_gone_is_told_of(tmp_path, phone):
    with Device(phone.path) as device:
        device.path = str(tmp_path / "video0")
        found, (error,) = find_subdevices(device)

    assert found == []
    assert error.errno == errno.ENOENT


def test_node_of_another_kind_is_not_opened():
    """Opening alone does things to some devices: a tape rewinds."""
    for kind in (lib.VC_SUBDEVICE, lib.VC_MEDIA):
        with pytest.raises(DeviceError) as caught:
            subdevice._open("/dev/null", kind)
        assert caught.value.errno == errno.ENOTTY


# ---- what goes wrong ----


def test_one_that_cannot_be_opened_hides_no_other(phone):
    phone.fault("open_error", subdevice="flash")
    with Device(phone.path) as device:
        (lens,), (error,) = find_subdevices(device)

    assert lens.function == "lens"
    assert isinstance(error, DevicePermissionError)
    assert error.filename == f"{phone.path}/white:flash-0"
    assert error.operation == "open"


@pytest.mark.parametrize("request_name", ["MEDIA_IOC_DEVICE_INFO", "MEDIA_IOC_G_TOPOLOGY"])
def test_media_device_that_fails_is_told_of(phone, request_name):
    phone.fault("ioctl_error", request=request_name)
    with Device(phone.path) as device:
        found, (error,) = find_subdevices(device)

    assert found == []
    assert error.errno == errno.EIO


def test_unplugged_camera_is_told_of(phone):
    with Device(phone.path) as device:
        phone.unplug()
        found, (error,) = find_subdevices(device)

    assert found == []
    assert isinstance(error, DeviceGoneError)


def test_closed_device_raises(phone):
    device = Device(phone.path)
    device.close()

    with pytest.raises(ClosedError):
        find_subdevices(device)


# ---- controls and events ----


def test_controls_work_as_those_of_a_device(phone):
    with Device(phone.path) as device:
        flash = subdevices(device)["flash"]
        flash.controls["led_mode"].value = "Torch"
        done = flash.controls.set({"intensity_torch_mode": 62500, "strobe_timeout": 30000})

        assert flash.controls["led_mode"].value == 2
        assert done == {"intensity_torch_mode": 62500, "strobe_timeout": 30000}
        assert "led_mode" not in device.controls
        assert flash.controls["led_mode"].class_name == "flash"


def test_error_of_a_control_names_the_subdevice(phone):
    with Device(phone.path) as device:
        flash = subdevices(device)["flash"]
        with pytest.raises(ControlError, match=r"of strobe=1 on sim:phone#.*/white:flash-0"):
            flash.controls["strobe"].press()


def test_events_of_a_node_are_its_own(phone):
    with Device(phone.path) as device:
        nodes = subdevices(device)
        for each in (device, *nodes.values()):
            each.events.subscribe()
        phone.poke("led_mode", 2)

        event = nodes["flash"].events.read(1)
        assert (event.control, event.value) == ("led_mode", 2)
        for each in (device, nodes["lens"]):
            assert each.events.try_read() is None


def test_same_control_of_two_nodes_is_two_controls():
    focus = {"id": "0x009a090a", "name": "focus_absolute", "type": "int", "min": 0, "max": 9}
    camera = simulated(
        small(controls=[focus], subdevices=[{"function": "lens", "controls": [focus]}])
    )
    with Device(camera.path) as device:
        lens = subdevices(device)["lens"]
        for each in (device, lens):
            each.events.subscribe()
        camera.poke("focus_absolute", 5)

        assert device.events.try_read().value == 5
        assert lens.events.try_read() is None
        assert lens.controls["focus_absolute"].value == 0


def test_writing_is_told_to_other_handles(phone):
    with Device(phone.path) as device:
        one, other = subdevices(device)["lens"], subdevices(device)["lens"]
        other.events.subscribe("focus_absolute")
        one.controls["focus_absolute"].value = 17

        assert other.events.read(1).value == 17
        assert one.events.try_read() is None


def test_waiting_for_an_event_ends(phone):
    with Device(phone.path) as device:
        lens = subdevices(device)["lens"]
        lens.events.subscribe()
        with pytest.raises(CaptureTimeout):
            lens.events.read(0.01)


def test_unplug_ends_the_subdevices_too(phone):
    with Device(phone.path) as device:
        flash = subdevices(device)["flash"]
        phone.unplug()

        with pytest.raises(DeviceGoneError):
            flash.controls["led_mode"].value = 2
        phone.replug()
        with pytest.raises(DeviceGoneError):
            flash.controls["led_mode"].value = 2


def test_pictures_are_not_to_be_had_from_a_subdevice(phone):
    with Device(phone.path) as device:
        flash = subdevices(device)["flash"]
        rc = lib.vc_format_get(flash._dev, ffi.new("struct vc_format *"))

    assert -rc in (errno.ENOTTY, errno.EINVAL)


# ---- life ----


def test_subdevice_is_closed_once_and_for_all(phone):
    with Device(phone.path) as device:
        with subdevices(device)["flash"] as flash:
            assert not flash.closed
            assert repr(flash) == f"<Subdevice {flash.path}: white:flash-0 (flash)>"
        flash.close()

        assert flash.closed
        assert "closed" in repr(flash)
        with pytest.raises(ClosedError):
            flash.controls.refresh()
        with pytest.raises(ClosedError):
            flash.events.read(1)


def test_subdevice_outlives_its_device(phone):
    with Device(phone.path) as device:
        flash = subdevices(device)["flash"]

    flash.controls["led_mode"].value = 1
    assert flash.controls["led_mode"].value == 1


def test_subdevice_keeps_its_camera_alive():
    device = Device("sim:phone")
    flash = subdevices(device)["flash"]
    flash.controls["led_mode"].value = 2
    device.close()
    del device
    gc.collect()

    with Device("sim:phone") as again:
        assert subdevices(again)["flash"].controls["led_mode"].value == 2


def test_nothing_is_left_of_a_subdevice(phone):
    with Device(phone.path) as device:
        gc.collect()
        before = open_fds(), phone.handles
        for _ in range(5):
            flash = subdevices(device)["flash"]
            flash.events.subscribe()
            flash.events.fileno()
            del flash
            gc.collect()

        assert (open_fds(), phone.handles) == before


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_subdevice_is_not_duplicated(phone, duplicate):
    with Device(phone.path) as device:
        flash = subdevices(device)["flash"]
        with pytest.raises(TypeError, match="a subdevice is an open handle"):
            duplicate(flash)


# ---- profiles ----


def test_profile_of_a_device_has_its_subdevices(phone):
    with Device(phone.path) as device:
        profile = device.profile()

    assert [(each["function"], each["name"]) for each in profile["subdevices"]] == [
        ("lens", "dw9714 10-000c"),
        ("flash", "white:flash-0"),
    ]
    assert profile["subdevices"][1]["controls"][0]["menu"] == {
        "0": "Off",
        "1": "Flash",
        "2": "Torch",
    }
    assert phone.handles == 0


def test_recorded_subdevices_play(phone):
    with Device(phone.path) as device:
        recorded = device.profile()
    again = simulated(recorded)
    with Device(again.path) as device:
        assert device.profile() == recorded


def test_subdevice_that_cannot_be_opened_is_left_out_of_a_profile(phone):
    phone.fault("open_error", subdevice="flash")
    with Device(phone.path) as device:
        assert [each["function"] for each in device.profile()["subdevices"]] == ["lens"]


@pytest.mark.parametrize("path", CAMERAS, ids=lambda path: path.stem)
@pytest.mark.parametrize("function", ["sensor", "lens", "flash"])
def test_every_listing_plays_as_a_subdevice(path, function):
    """Some of them are of one, the others do no harm."""
    listing = json.loads(path.read_text(encoding="utf-8"))
    part = {"function": function, "name": listing["card"], "controls": listing["controls"]}
    camera = simulated(small(subdevices=[part]))
    alone = Profile.load(path)
    with Device(camera.path) as device:
        (opened,), failed = find_subdevices(device)
        values = opened.controls.read()
        with device.stream(buffers=2) as stream:
            camera.tick(3)
            assert stream.try_read().ok

    assert failed == []
    assert opened.controls.failed == {}
    known = {each.id for each in alone.controls if "disabled" not in each.to_dict()["flags"]}
    assert {opened.controls[name].id for name in values} <= known


def test_simulated_cameras_name_their_subdevices():
    camera = SimulatedCamera("phone")

    with pytest.raises(ValueError, match="no subdevice 'sensor'; it has dw9714"):
        camera.fault("open_error", subdevice="sensor")


# ---- parts that go and come ----


@pytest.mark.parametrize("policy", ["raise", "wait"])
def test_camera_goes_on_without_a_flash_that_is_gone(policy):
    phone = SimulatedCamera("phone")
    with Camera(phone.path, on_disconnect=policy) as camera:
        stream = camera.start()
        before = camera.capabilities
        phone.fault("subdevice_gone", subdevice="flash")

        assert camera.capabilities.torch is None
        assert camera.capabilities.focus_distance == before.focus_distance
        assert camera.photo_capabilities.fill_light_mode == []
        assert camera.read().ok
        assert camera.stream is stream
        (problem,) = camera.problems
        assert problem.filename == f"{phone.path}/white:flash-0"
        phone.clear_faults()

        assert camera.capabilities == before
        assert camera.problems == []
        camera.apply_constraints(torch={"exact": True})
        camera.take_photo(fill_light_mode="flash", image_width=640)
        assert camera.settings.torch


def test_part_that_goes_is_a_change_and_so_is_its_return():
    phone = SimulatedCamera("phone")
    with Camera(phone.path) as camera:
        assert not camera.take_changes()
        for change in (
            lambda: phone.fault("subdevice_gone", subdevice="lens"),
            phone.clear_faults,
        ):
            change()
            assert camera.take_changes()
            assert not camera.take_changes()


def test_waiting_for_changes_does_not_spin_over_a_part_that_is_gone():
    phone = SimulatedCamera("phone")
    with Camera(phone.path) as camera:
        phone.fault("subdevice_gone", subdevice="flash")
        assert camera.take_changes()

        waiting = [events.fileno() for events in camera.events]

        assert len(waiting) == 2
        assert select.select(waiting, [], [], 0)[0] == []


def test_camera_that_goes_as_a_whole_is_the_one_that_is_gone():
    """Whatever node is asked first."""
    phone = SimulatedCamera("phone")
    with Camera(phone.path) as camera:
        assert camera.settings
        phone.unplug()

        with pytest.raises(DeviceGoneError) as caught:
            camera._source.controls.write([Write(IDS["led_mode"], 2, "torch")])

        assert caught.value.filename == phone.path
        assert camera.problems == []
