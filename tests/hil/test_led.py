# SPDX-License-Identifier: MIT
"""A photo in the light of an LED that is no subdevice: the kernel's LED class, lit pixels.

testcam with led=1 registers its lamp as /sys/class/leds/testcam0:white:flash, and writes into
each picture how much of its exposure was lit.
"""

import os
import re
import stat
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from v4l2capture import Camera, DevicePermissionError, UnknownError
from v4l2capture.dictionaries import PhotoSettings
from v4l2capture.shooting import shoot

from ..waits import wait_until
from . import testcam, testcam_code
from .testcam import SENSOR, VIDEO

NAME = "testcam0:white:flash"
LED = Path("/sys/class/leds") / NAME
SMALL = {"imageWidth": 640, "imageHeight": 480}
MANUAL = Path(__file__).resolve().parents[2] / "docs" / "photos.md"
NOBODY = 65534


@pytest.fixture(scope="module")
def path():
    with testcam.loaded("cameras=1", "led=1"):
        yield testcam.path_of(VIDEO, 0)


@pytest.fixture
def camera(path):
    with Camera(path) as camera:
        camera.apply_constraints(width={"exact": 640}, height={"exact": 480})
        yield camera


def frame_of(camera, **settings):
    (shot,) = shoot(camera._source, camera._state, PhotoSettings.of(SMALL, **settings), 20)
    return shot.frame.array()


def code_of(camera, **settings):
    return testcam_code.read(frame_of(camera, **settings))


def lamp():
    names = ("brightness", "flash_strobe", "flash_timeout", "flash_brightness", "trigger")
    return {name: (LED / name).read_text() for name in names}


def is_lit():
    return (LED / "flash_strobe").read_text() == "1\n" or (LED / "brightness").read_text() != "0\n"


def test_led_is_the_light_of_the_only_sensor(camera):
    assert [node.function for node in camera.nodes[1:]] == ["sensor", "lens", "flash"]
    assert camera.nodes[-1].name == NAME
    assert camera.problems == []
    assert camera.photo_capabilities.fill_light_mode == ["auto", "off", "flash"]
    assert camera.photo_capabilities.red_eye_reduction == "controllable"
    assert camera.capabilities.torch == [False, True]


def test_photo_without_light_is_not_lit(camera):
    code = code_of(camera, fillLightMode="off")

    assert not code.torch
    assert not code.strobe


def test_flash_lights_all_of_the_exposure_and_goes_out(camera):
    before = lamp()

    code = code_of(camera, fillLightMode="flash")

    assert code.strobe_share >= 0.85 * 255
    assert lamp() == before
    assert not code_of(camera).strobe


def test_flash_is_seen_in_the_pixels(camera):
    camera.apply_constraints(exposure_time={"exact": 20}, iso={"exact": 100})
    dark = testcam_code.grey_card(frame_of(camera))

    lit = testcam_code.grey_card(frame_of(camera, fillLightMode="flash"))

    assert lit > dark * 1.3


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


def test_eyes_are_lit_long_before_the_photo(camera):
    code_of(camera)  # light has settled
    begin = time.monotonic()

    code = code_of(camera, fillLightMode="flash", redEyeReduction=True)

    assert time.monotonic() - begin >= 0.6
    assert code.strobe_share >= 0.85 * 255
    assert not is_lit()


def test_fault_of_the_lamp_is_said(camera):
    (LED / "inject_fault").write_text("4")  # over-temperature: it refuses to light

    with pytest.raises((UnknownError, OSError)):
        camera.take_photo(SMALL, fillLightMode="flash")

    assert not is_lit()
    (LED / "flash_fault").read_text()  # which repairs it
    assert camera.nodes[-1].controls["faults"].value == 0


def test_fault_reads_as_that_of_a_subdevice(camera):
    (LED / "inject_fault").write_text(str(0b100000100))

    assert camera.nodes[-1].controls["faults"].value == 0b100000100
    assert camera.nodes[-1].controls["faults"].value == 0


# ---- who may ----


@contextmanager
def nobody(path):
    """What a user without rights to the LED is told; the nodes may be opened."""
    # All media devices: any of them may have one more sensor.
    for node in (path, testcam.path_of(SENSOR, 0), *Path("/dev").glob("media*")):
        Path(node).chmod(0o666)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_led_that_may_not_be_written_is_a_problem(path):
    with nobody(path), Camera(path) as camera:
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
        path = testcam.path_of(VIDEO, 0)
        with Camera(path) as camera:
            assert camera.capabilities.torch is None
            assert camera.problems == []
        with Camera(path, lamp=NAME) as camera:
            assert camera.capabilities.torch == [False, True]
            assert code_of(camera, fillLightMode="flash").strobe_share >= 0.85 * 255
