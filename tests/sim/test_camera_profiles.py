# SPDX-License-Identifier: MIT
"""Recordings of real cameras: sane capabilities, and every value that they promise is set."""

import json
from pathlib import Path

import pytest

from v4l2capture import Camera, OverconstrainedError, SimulatedCamera
from v4l2capture.dictionaries import PROPERTIES

DATA = Path(__file__).resolve().parents[1] / "data"
CAMERAS = sorted((DATA / "cameras").glob("*.json"))

# The listing has a value that is inactive although its mode is manual; played, it stays so.
REFUSED = {("c920_bogus_defaults", "exposureTime")}

CONTROLS = [name for name, row in PROPERTIES.items() if not row.selects]


@pytest.fixture(params=CAMERAS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def camera(path):
    with Camera(f"sim:{path}") as camera:
        yield camera


def test_camera_can_what_its_controls_amount_to(camera, path):
    want = json.loads((DATA / "capabilities" / path.name).read_text(encoding="utf-8"))
    want = want["capabilities"] | want.get("played", {})

    found = camera.capabilities.to_dict()

    assert {name: value for name, value in found.items() if name in CONTROLS} == {
        name: value for name, value in want.items() if name in CONTROLS
    }


def test_every_capability_has_a_setting_inside_it(camera):
    able, now = camera.capabilities, camera.settings

    for name in able:
        value, one = able[name], now.get(name)
        if one is None:  # a volatile control that cannot be read, say
            continue
        if isinstance(value, list):
            assert one in value
        elif not isinstance(value, str):
            assert value.min <= one <= value.max


def test_extremes_and_a_value_between_are_set_and_read_back(camera, path):
    able = camera.capabilities

    for name in CONTROLS:
        span = able.get(name)
        if span is None or isinstance(span, list) or (path.stem, name) in REFUSED:
            continue
        values = [span.min, span.max]
        if span.step:  # else nobody knows what lies between
            steps = (span.max - span.min) // span.step
            values.append(span.min + steps * 3 // 8 * span.step)
        for value in values:
            camera.apply_constraints({name: {"exact": value}})

            # The largest value may lie on no step: then it stands for the last one.
            off = abs(camera.settings[name] - value)
            assert off <= ((span.step or 0) / 2 if value == span.max else 1e-9), name


@pytest.mark.quirk("menu-holes")
def test_every_mode_is_set_and_read_back(camera):
    able = camera.capabilities

    for name in ("whiteBalanceMode", "exposureMode", "focusMode", "torch"):
        for value in able.get(name) or ():
            camera.apply_constraints({name: {"exact": value}})

            assert camera.settings[name] == value


@pytest.mark.quirk("getter-writes", "moving-default")
def test_opening_looking_and_closing_write_nothing(path):
    sim = SimulatedCamera(path)

    with Camera(sim.path) as camera:
        camera.capabilities, camera.settings, camera.photo_capabilities, camera.photo_settings  # noqa: B018

    assert sim.ioctls("VIDIOC_S_EXT_CTRLS") == sim.ioctls("VIDIOC_S_CTRL") == 0
    assert sim.ioctls("VIDIOC_S_FMT") == sim.ioctls("VIDIOC_S_PARM") == 0


@pytest.mark.quirk("inactive-control")
@pytest.mark.parametrize(("stem", "name"), REFUSED)
def test_refusal_names_the_control_and_its_master(stem, name):
    with Camera(f"sim:{DATA / 'cameras' / stem}.json") as camera:
        before = camera.settings

        with pytest.raises(OverconstrainedError, match=r"exposure_time_absolute=3.*auto_exposure"):
            camera.apply_constraints({name: {"exact": camera.capabilities[name].min}})

        assert camera.settings == before
