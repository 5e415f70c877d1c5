# SPDX-License-Identifier: MIT
"""Which LED is the light of a camera: the one that is named, pointed to, or alone."""

import errno
import os
from types import SimpleNamespace

import pytest

from v4l2capture import (
    Camera,
    DeviceError,
    DevicePermissionError,
    SimulatedCamera,
    led,
)
from v4l2capture.cids import IDS
from v4l2capture.led import find_led, led_names

from .lanes import open_fds
from .ledfiles import SHINES, STROBES, Files


@pytest.fixture
def leds(tmp_path, monkeypatch):
    """A machine with some LEDs; returns the folder of all."""
    monkeypatch.setattr(led, "_CLASS", str(tmp_path))
    Files(tmp_path / "input3::capslock", SHINES)
    Files(tmp_path / "white:torch", SHINES)
    Files(tmp_path / "yellow:flash", STROBES)
    return tmp_path


# ---- that of its sensor ----


def sensor(node="v4l-subdev2", orientation=None):
    controls = {}
    if orientation is not None:
        controls[IDS["camera_orientation"]] = SimpleNamespace(value=orientation)
    return SimpleNamespace(path=f"/dev/{node}", controls=controls)


@pytest.fixture
def machine(leds, tmp_path_factory, monkeypatch):
    """A phone: function to point a sensor to LEDs."""
    tree, video = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("video")
    monkeypatch.setattr(led, "_TREE", str(tree))
    monkeypatch.setattr(led, "_VIDEO", str(video))
    for number, name in enumerate(("white:torch", "yellow:flash"), 0x51):
        node = tree / "soc" / f"led@{number}"
        node.mkdir(parents=True)
        (node / "phandle").write_bytes(bytes((0, 0, 0, number)))
        (leds / name / "uevent").write_text(f"OF_NAME=led\nOF_FULLNAME=/soc/led@{number}\n")

    def point(node, *numbers):
        folder = video / node / "device" / "of_node"
        folder.mkdir(parents=True)
        (folder / "flash-leds").write_bytes(b"".join(bytes((0, 0, 0, n)) for n in numbers))

    return point


def test_lights_are_found_by_name_and_those_that_strobe_come_first(leds):
    assert led_names() == ["yellow:flash", "white:torch"]


@pytest.mark.parametrize(
    ("numbers", "name"),
    [((0x51,), "white:torch"), ((0x52,), "yellow:flash"), ((0x51, 0x52), "yellow:flash")],
)
def test_device_tree_says_whose_light_it_is(machine, monkeypatch, numbers, name):
    monkeypatch.setattr(led, "count_sensors", lambda: 2)
    machine("v4l-subdev2", *numbers)

    found, failed = find_led(sensor())

    assert (found.name, found.function, failed) == (name, "flash", [])


def test_device_tree_that_points_elsewhere_is_believed(machine, monkeypatch):
    monkeypatch.setattr(led, "count_sensors", lambda: 1)
    machine("v4l-subdev2", 0x77)

    assert find_led(sensor()) == (None, [])


@pytest.mark.parametrize(("sensors", "name"), [(1, "yellow:flash"), (2, None), (0, None)])
def test_without_it_only_the_only_sensor_has_the_light(machine, monkeypatch, sensors, name):
    monkeypatch.setattr(led, "count_sensors", lambda: sensors)

    found, failed = find_led(sensor())

    assert (found and found.name, failed) == (name, [])


@pytest.mark.parametrize(("orientation", "name"), [(0, None), (1, "yellow:flash")])
def test_light_is_not_for_who_holds_the_phone(machine, monkeypatch, orientation, name):
    """The sensor on the back may have no driver yet."""
    monkeypatch.setattr(led, "count_sensors", lambda: 1)

    found, failed = find_led(sensor(orientation=orientation))

    assert (found and found.name, failed) == (name, [])


def test_sensor_beside_one_that_is_pointed_to_has_no_light(machine, monkeypatch):
    monkeypatch.setattr(led, "count_sensors", lambda: 2)
    machine("v4l-subdev2", 0x52)

    assert find_led(sensor("v4l-subdev5")) == (None, [])


def test_who_cannot_count_sensors_says_so(machine, monkeypatch):
    def fail():
        raise DevicePermissionError(errno.EACCES, "Permission denied", "/dev/media1")

    monkeypatch.setattr(led, "count_sensors", fail)

    found, (error,) = find_led(sensor())

    assert found is None
    assert "lamp='yellow:flash'" in str(error)


def test_light_that_may_not_be_used_is_a_problem_and_hides_no_other(machine, monkeypatch):
    monkeypatch.setattr(led, "count_sensors", lambda: 1)
    monkeypatch.setattr(os, "access", lambda path, *_, **__: "yellow" not in path)

    found, (error,) = find_led(sensor())

    assert found.name == "white:torch"
    assert error.filename.endswith("yellow:flash/brightness")


@pytest.mark.parametrize("profile", ["webcam", "mplane"])
def test_camera_without_a_sensor_takes_no_light(leds, monkeypatch, profile):
    """A USB camera in the socket of a phone sees something else than the phone's torch lights."""
    monkeypatch.setattr(led, "count_sensors", lambda: 1)
    with Camera(f"sim:{profile}") as camera:
        assert camera.capabilities.torch is None
        assert camera.problems == []


def test_simulated_sensor_takes_no_light_of_this_machine(leds, monkeypatch):
    monkeypatch.setattr(led, "count_sensors", lambda: 1)
    sim = SimulatedCamera("sensor")
    sim.fault("open_error", subdevice="flash")
    with Camera(sim.path) as camera:
        assert camera.capabilities.torch is None


def test_own_flash_is_the_light_unless_another_is_named(flash):
    sim = SimulatedCamera("phone")
    with Camera(sim.path) as camera:
        assert [each.name for each in camera.nodes[1:]] == ["dw9714 10-000c", "white:flash-0"]
    with Camera(sim.path, lamp=flash.path) as camera:
        assert [each.name for each in camera.nodes[1:]] == ["dw9714 10-000c", "white:flash"]
        camera.apply_constraints(torch={"exact": True})

    assert flash["brightness"] == 255


# ---- the one that is named ----


def test_led_that_is_not_there_is_told_of(leds):
    with pytest.raises(DeviceError, match="LEDs are: yellow:flash, white:torch") as caught:
        Camera("sim:webcam", lamp="white:flash")

    assert caught.value.errno == errno.ENOENT


@pytest.mark.parametrize("name", [5, b"white:flash", True])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(TypeError, match="give the name of an LED"):
        Camera("sim:webcam", lamp=name)


def test_camera_whose_lamp_is_missing_is_closed_again(leds):
    before = open_fds()
    with pytest.raises(DeviceError):
        Camera("sim:webcam", lamp="white:flash")

    assert open_fds() == before


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("caps",), "auto, off, flash"),
        (("controls",), "flash white:flash ("),
        (("set", "torch=on"), "torch"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else None,
)
def test_every_command_takes_a_lamp(run, flash, command, told):
    name, *words = command

    status, out, _ = run(name, "sim:webcam", "--lamp", flash.path, *words)

    assert status == 0
    assert told in out


def test_photo_in_the_light_of_an_led(run, flash, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = flash.read()
    shot = ("photo", "sim:webcam", "-o", "x.jpg", "--width", "320", "--lamp", flash.path)

    status, _, _ = run(*shot, "--fill-light", "flash", "--red-eye", "--pre-light", "0.6")

    assert status == 0
    assert flash.read() == before


def test_lamp_that_is_not_there_is_said(run, leds):
    status, out, err = run("caps", "sim:webcam", "--lamp", "white:flash")

    assert (status, out) == (1, "")
    assert "LEDs are: yellow:flash, white:torch" in err


def test_doctor_says_which_lights_there_are_and_may_not_be_written(run, leds, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, *_, **__: "yellow" not in str(path))

    _, out, _ = run("doctor")

    assert "   LED white:torch: may be lit" in out
    assert " ! LED yellow:flash: cannot be a camera's light" in out
    assert "yellow:flash/brightness" in out
