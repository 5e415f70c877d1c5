# SPDX-License-Identifier: MIT
"""An LED that is no subdevice: the kernel's LED class, and who may light it.

testcam with led=1 registers its lamp there, and writes into each picture how much of its exposure
was lit. What it has in common with a flash subdevice is in test_lamp.py.
"""

import fcntl
import re
import stat
import struct
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from v4l2capture import Camera, DevicePermissionError

from ..waits import wait_until
from . import testcam, testcam_code
from .rights import modes, nobody
from .testcam import LED, SENSOR, VIDEO, code_of, frame_of

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "photos.md"


@pytest.fixture(scope="module")
def path():
    with testcam.loaded("cameras=1", "led=1"):
        yield testcam.path_of(VIDEO)


@pytest.fixture
def camera(path):
    with testcam.opened(path) as camera:
        yield camera


def test_led_is_the_light_of_the_only_sensor(camera):
    assert [node.function for node in camera.nodes[1:]] == ["sensor", "lens", "flash"]
    assert camera.nodes[-1].name == LED.name
    assert camera.problems == []
    assert camera.photo_capabilities.fill_light_mode == ["auto", "off", "flash"]
    assert camera.photo_capabilities.red_eye_reduction == "controllable"
    assert camera.capabilities.torch == [False, True]


def test_torch_is_as_bright_as_the_file_and_is_seen_in_the_pixels(camera):
    camera.apply_constraints(torch={"exact": True}, exposure_time={"exact": 20}, iso={"exact": 100})
    assert code_of(camera).torch_share == 255
    bright = testcam_code.grey_card(frame_of(camera))

    camera.nodes[-1].controls["intensity_torch_mode"].value = 1
    wait_until(lambda: (LED / "brightness").read_text() == "1\n")
    dim = testcam_code.grey_card(frame_of(camera))

    camera.apply_constraints(torch={"exact": False})
    assert code_of(camera).torch_share == 0
    assert testcam_code.grey_card(frame_of(camera)) < dim < bright


def test_torch_that_was_on_is_on_again_as_bright_as_before(camera):
    (LED / "brightness").write_text("3")
    try:
        assert code_of(camera, fillLightMode="flash").strobe_share >= 0.85 * 255
        wait_until(lambda: (LED / "brightness").read_text() == "3\n")
    finally:
        (LED / "brightness").write_text("0")


def test_fault_reads_as_that_of_a_subdevice(camera):
    (LED / "inject_fault").write_text(str(0b100000100))

    assert camera.nodes[-1].controls["faults"].value == 0b100000100
    assert camera.nodes[-1].controls["faults"].value == 0


# ---- a light that goes ----

EV_LED, LED_CAPSL = 0x11, 0x01
UI_CREATE, UI_DESTROY, UI_SETUP = 0x5501, 0x5502, 0x405C5503
UI_SET_EVBIT, UI_SET_LEDBIT, UI_GET_SYSNAME = 0x40045564, 0x40045569, 0x8040552C


@contextmanager
def keyboard(lamp):
    """A keyboard's light by a name of ours; it goes with its keyboard, as one that is pulled."""
    with Path("/dev/uinput").open("wb", buffering=0) as made:
        fcntl.ioctl(made, UI_SET_EVBIT, EV_LED)
        fcntl.ioctl(made, UI_SET_LEDBIT, LED_CAPSL)
        fcntl.ioctl(made, UI_SETUP, struct.pack("4H80sI", 3, 1, 1, 1, b"lamp", 0))
        fcntl.ioctl(made, UI_CREATE)
        name = fcntl.ioctl(made, UI_GET_SYSNAME, bytes(64)).rstrip(b"\0").decode()
        led = Path(f"/sys/class/leds/{name}::capslock")
        wait_until(led.exists)
        (led / "trigger").write_text("none")
        lamp.symlink_to(led)
        try:
            yield led
        finally:
            lamp.unlink()
            fcntl.ioctl(made, UI_DESTROY)
    wait_until(lambda: not led.exists())


def test_camera_goes_on_without_a_light_that_is_gone_until_it_is_back(path, tmp_path):
    subprocess.run(["modprobe", "uinput"], check=True)
    lamp = tmp_path / "lamp"
    with keyboard(lamp):
        camera = Camera(path, lamp=str(lamp))
    with camera:
        stream = camera.start()

        assert camera.capabilities.torch is None
        assert camera.problems[-1].filename == str(lamp)
        assert camera.read().ok
        with keyboard(lamp) as led:
            assert camera.capabilities.torch == [False, True]
            camera.apply_constraints(torch={"exact": True})
            wait_until(lambda: (led / "brightness").read_text() == "1\n")
            assert camera.settings.torch is True

        assert camera.capabilities.torch is None
        assert camera.read().ok
        assert camera.stream is stream


# ---- who may ----


def test_led_that_may_not_be_written_is_a_problem(path):
    # All media devices: any of them may have one more sensor.
    nodes = (path, testcam.path_of(SENSOR), *Path("/dev").glob("media*"))
    with modes(nodes, 0o666), nobody(), Camera(path) as camera:
        error = camera.problems[-1]
        torch = camera.capabilities.torch

    assert torch is None
    assert isinstance(error, DevicePermissionError)
    assert error.filename == str(LED / "brightness")
    assert "It belongs to root:root with mode 0644" in str(error)


def test_rule_of_the_manual_gives_the_led_to_the_group_video(path):
    (rule,) = re.findall(r"^SUBSYSTEM==\"leds\".*$", MANUAL.read_text(), re.MULTILINE)
    file = Path("/run/udev/rules.d/90-lamp.rules")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(rule + "\n")
    try:
        subprocess.run(["udevadm", "control", "--reload"], check=True)
        subprocess.run(["udevadm", "trigger", "-c", "add", "-s", "leds"], check=True)
        subprocess.run(["udevadm", "settle", "--timeout=30"], check=True)
    finally:
        file.unlink()

    for name in ("brightness", "flash_strobe", "flash_timeout", "flash_brightness"):
        status = (LED / name).stat()
        assert (stat.S_IMODE(status.st_mode), (LED / name).group()) == (0o664, "video")


def test_led_that_a_trigger_drives_is_a_problem(path):
    (LED / "trigger").write_text("panic")
    try:
        with Camera(path) as camera:
            assert camera.capabilities.torch is None
            assert "'panic' drives the LED" in str(camera.problems[-1])
    finally:
        (LED / "trigger").write_text("none")


def test_led_of_one_of_two_sensors_is_nobodys_until_it_is_named():
    with testcam.loaded("cameras=2", "led=1"):
        path = testcam.path_of(VIDEO)
        with Camera(path) as camera:
            assert camera.capabilities.torch is None
            assert camera.problems == []
        with Camera(path, lamp=LED.name) as camera:
            assert camera.capabilities.torch == [False, True]
            assert code_of(camera, fillLightMode="flash").strobe_share >= 0.85 * 255
