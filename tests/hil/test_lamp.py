# SPDX-License-Identifier: MIT
"""The light of a photo, whichever way a driver offers it: a flash subdevice, or the LED class.

testcam writes into each picture how much of its exposure was lit.
"""

import time
from contextlib import nullcontext

import pytest

from v4l2capture import UnknownError

from . import testcam, testcam_code
from .testcam import FLASH, FULL, LED, SMALL, VIDEO, code_of, frame_of


class Subdevice:
    """The flash of testcam as the rig loads it."""

    def loaded(self):
        return nullcontext()

    def reset(self):
        return testcam.reset(FULL)

    def state(self):
        with testcam.open_part(FLASH) as node:
            return node.get(testcam.LED_MODE), node.get(testcam.TIMEOUT)

    def is_lit(self):
        return self.state()[0] != testcam.OFF

    def inject_fault(self, faults):
        with testcam.open_part(FLASH) as node:
            node.set(testcam.INJECT_FAULT, faults)

    def repair(self):
        with testcam.open_part(FLASH) as node:
            node.get(testcam.FAULT)


class Led:
    """The same with led=1."""

    def loaded(self):
        return testcam.loaded("cameras=1", "led=1")

    def reset(self):
        return testcam.path_of(VIDEO)

    def state(self):
        names = ("brightness", "flash_strobe", "flash_timeout", "flash_brightness", "trigger")
        return {name: (LED / name).read_text() for name in names}

    def is_lit(self):
        now = self.state()
        return (now["flash_strobe"], now["brightness"]) != ("0\n", "0\n")

    def inject_fault(self, faults):
        (LED / "inject_fault").write_text(str(faults))

    def repair(self):
        (LED / "flash_fault").read_text()


@pytest.fixture(scope="module", params=[Subdevice, Led], ids=["subdevice", "led"])
def lamp(request):
    lamp = request.param()
    with lamp.loaded():
        yield lamp


@pytest.fixture
def camera(lamp):
    with testcam.opened(lamp.reset()) as camera:
        yield camera


def test_photo_without_light_is_not_lit(camera):
    code = code_of(camera, fillLightMode="off")

    assert not code.torch
    assert not code.strobe


def test_flash_lights_all_of_the_exposure_and_goes_out(camera, lamp):
    before = lamp.state()

    code = code_of(camera, fillLightMode="flash")

    assert code.strobe_share >= 0.85 * 255
    assert lamp.state() == before
    assert not code_of(camera).strobe


def test_flash_is_seen_in_the_pixels(camera):
    camera.apply_constraints(exposure_time={"exact": 20}, iso={"exact": 100})
    dark = testcam_code.grey_card(frame_of(camera))

    lit = testcam_code.grey_card(frame_of(camera, fillLightMode="flash"))

    assert lit > dark * 1.3


def test_eyes_are_lit_long_before_the_photo(camera, lamp):
    code_of(camera)  # light has settled
    begin = time.monotonic()

    code = code_of(camera, fillLightMode="flash", redEyeReduction=True)

    assert time.monotonic() - begin >= 0.6
    assert code.strobe_share >= 0.85 * 255
    assert not lamp.is_lit()


def test_fault_of_the_lamp_is_said(camera, lamp):
    lamp.inject_fault(4)  # over-temperature: it refuses to light

    with pytest.raises((UnknownError, OSError)):
        camera.take_photo(SMALL, fillLightMode="flash")

    assert not lamp.is_lit()
    lamp.repair()
    assert camera.nodes[-1].controls["faults"].value == 0
