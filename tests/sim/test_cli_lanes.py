# SPDX-License-Identifier: MIT
"""The commands that know W3C names, on the simulated camera and on a kernel driver."""

import json

import pytest

from v4l2capture import Camera, Device


def test_caps_are_what_the_engine_says(run, camera):
    status, out, err = run("caps", camera.path, "--json")

    assert (status, err) == (0, "")
    data = json.loads(out)
    with Camera(camera.path) as opened:
        assert data["capabilities"] == opened.capabilities.to_dict()
        assert data["photoCapabilities"] == opened.photo_capabilities.to_dict()
        assert data["settings"].keys() == opened.settings.to_dict().keys()


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_property_is_set_and_stays(run, camera, name):
    span = json.loads(run("caps", camera.path, "--json")[1])["capabilities"][name]

    for value in (span["min"], span["max"]):
        status, out, err = run("set", camera.path, f"{name}={value}", "--json")

        assert (status, err) == (0, "")
        assert json.loads(out) == {name: {"requested": value, "actual": value}}
        with Device(camera.path) as device:
            assert device.controls[name].value == value


def test_property_and_control_in_one_command(run, camera):
    status, out, _ = run("set", camera.path, "contrast=31", "0x00980903=9", "--json")

    assert status == 0
    assert {name: each["actual"] for name, each in json.loads(out).items()} == {
        "contrast": 31,
        "hue": 9,
    }


def test_what_a_driver_refuses_changes_nothing(run, camera):
    with Device(camera.path) as device:
        control = next(c for c in device.controls.values() if "read-only" in c.flags)
        before = device.controls["contrast"].value

    status, out, err = run("set", camera.path, f"contrast={before + 1}", f"{control.name}=0")

    assert (status, out) == (1, "")
    assert control.name in err
    with Device(camera.path) as device:
        assert device.controls["contrast"].value == before


def test_size_stays_when_the_command_has_ended(run, camera):
    with Device(camera.path) as device:
        now = device.format
    width, height = camera.size

    try:
        status, _, err = run("set", camera.path, f"width={width}", f"height={height}")

        assert status == 0
        assert f"now gives {width}x{height}" in err
        with Device(camera.path) as device:
            assert (device.format.width, device.format.height) == (width, height)
    finally:
        with Device(camera.path) as device:
            device.set_format(now.width, now.height, now.pixel_format, now.frame_rate)
