# SPDX-License-Identifier: MIT
"""Listings of real cameras, with all their oddities: each loads, opens and streams."""

import json
from pathlib import Path

import pytest

from v4l2capture import Device, SimulatedCamera
from v4l2capture.profile import Profile

CAMERAS = sorted((Path(__file__).resolve().parents[1] / "data" / "cameras").glob("*.json"))


@pytest.fixture(params=CAMERAS, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_there_are_listings():
    assert len(CAMERAS) >= 25


def test_nothing_of_a_listing_is_lost(path):
    listing = json.loads(path.read_text(encoding="utf-8"))
    profile = Profile.load(path)

    assert profile.card == listing["card"]
    assert Profile.load(profile.to_dict()) == profile
    listed = {int(each["id"], 16): each for each in listing["controls"]}
    assert {each.id for each in profile.controls} == set(listed)
    for control in profile.controls:
        one = listed[control.id]
        assert (control.minimum, control.maximum) == (one.get("min"), one.get("max"))
        assert (control.default, control.value) == (one.get("default"), one.get("value"))


def test_camera_streams_in_every_format(path):
    camera = SimulatedCamera(path, clock="manual")
    with Device(camera.path) as device:
        for each in device.formats():
            for size in each.sizes:
                device.set_format(size.width, size.height, each.pixel_format)
                with device.stream(buffers=2) as stream:
                    camera.tick()
                    frame = stream.try_read()
                    assert frame is not None
                    assert frame.ok


def test_controls_are_what_the_listing_says(path):
    camera = SimulatedCamera(path, clock="manual")
    with Device(camera.path) as device:
        assert device.controls.failed == {}
        for control in camera.profile.controls:
            full = control.filled()
            if "disabled" in control.to_dict()["flags"]:
                assert control.id not in device.controls
                continue
            shown = device.controls[control.id]
            assert (shown.minimum, shown.maximum) == (full.minimum, full.maximum)
            assert set(control.to_dict()["flags"]) <= shown.flags | {"has-payload"}


def test_values_are_what_the_listing_says(path):
    camera = SimulatedCamera(path, clock="manual")
    numbers = {"int", "bool", "menu", "intmenu", "int64"}
    with Device(camera.path) as device:
        for control in camera.profile.controls:
            flags = control.to_dict()["flags"]
            if control.type not in numbers or {"write-only", "disabled"} & set(flags):
                continue
            value = device.controls[control.id].value
            wide = control.type == "int64" or -(1 << 31) <= control.filled().value < 1 << 31
            # Beyond 32 bits it comes back as the kernel would cut it.
            assert value == control.filled().value or not wide
