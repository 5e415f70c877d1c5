# SPDX-License-Identifier: MIT
"""What `v4l2capture caps` says about a camera."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from v4l2capture import Camera, SimulatedCamera

from .simulated import profile

CAMERAS = sorted((Path(__file__).resolve().parents[1] / "data/cameras").glob("*.json"))

PARTS = ["capabilities", "settings", "photoCapabilities", "photoSettings"]


def rows(out):
    """Return the table as name to the rest of its line."""
    lines = [line for line in out.splitlines() if line.startswith("  ")]
    return {name.rstrip(":"): rest for name, rest in (line.split(maxsplit=1) for line in lines)}


def test_json_is_what_the_engine_says(run):
    status, out, err = run("caps", "sim:webcam", "--json")

    data = json.loads(out)
    assert (status, err, list(data)) == (0, "", PARTS)
    with Camera("sim:webcam") as camera:
        assert data["capabilities"] == camera.capabilities.to_dict()
        assert data["settings"] == camera.settings.to_dict()
        assert data["photoCapabilities"] == camera.photo_capabilities.to_dict()
        assert data["photoSettings"] == camera.photo_settings.to_dict()
    assert data["capabilities"]["zoom"] == {"min": 100, "max": 500, "step": 1}
    assert data["photoCapabilities"]["redEyeReduction"] == "never"


def test_table_has_range_unit_default_and_value(run):
    camera = SimulatedCamera("webcam")
    camera.poke("exposure_time_absolute", 333)

    status, out, err = run("caps", camera.path)

    assert (status, err) == (0, "")
    assert out.splitlines()[0] == f"Simulated Webcam ({camera.path})"
    found = rows(out)
    assert found["exposureTime"].split()[:5] == ["3..2047", "100", "µs", "250", "333"]
    assert found["colorTemperature"].split()[:4] == ["2800..6500/10", "K", "4600", "4600"]
    assert found["exposureCompensation"].split() == ["-2..2/0.5", "EV", "0", "0"]
    assert found["pan"].split() == ["-36000..36000/3600", "arcsec", "0", "0"]
    assert found["width"].split() == ["1..3840", "pixels", "640"]
    assert found["focusMode"].split() == ["manual,", "continuous", "continuous", "continuous"]
    assert found["redEyeReduction"].split() == ["never", "off"]
    assert found["fillLightMode"] == "none"


def test_numbers_without_a_unit_are_called_the_drivers_own(run):
    camera = SimulatedCamera("webcam")
    camera.poke("zoom_absolute", 150)

    found = rows(run("caps", camera.path)[1])

    assert "the driver's own numbers, no unit; 100 is 1:1, so this is 1.5:1" in found["zoom"]
    assert "the driver's own numbers, no unit; larger is closer" in found["focusDistance"]


def test_zoom_has_no_ratio_where_nobody_knows_it(run):
    zoom = {"id": "0x009a090d", "name": "zoom_absolute", "type": "int", "min": 1, "max": 31}
    camera = SimulatedCamera(profile(controls=[zoom | {"value": 4}]))

    found = rows(run("caps", camera.path)[1])

    assert found["zoom"].endswith("the driver's own numbers, no unit")


def test_property_that_a_mode_rules_says_so(run):
    camera = SimulatedCamera("webcam")
    camera.poke("focus_automatic_continuous", 0)

    found = rows(run("caps", camera.path)[1])

    assert "has an effect while exposureMode is manual" in found["exposureTime"]
    assert "has an effect" not in found["focusDistance"]


def test_entries_that_are_not_even_are_listed(run):
    iso = {"id": "0x009a0917", "name": "iso_sensitivity", "type": "intmenu", "min": 0, "max": 3}
    iso |= {"menu": {"0": 100000, "1": 200000, "2": 400000, "3": 800000}, "default": 1, "value": 2}
    camera = SimulatedCamera(profile(controls=[iso]))

    found = rows(run("caps", camera.path)[1])

    assert found["iso"].split() == ["100,", "200,", "400,", "800", "ISO", "200", "400"]


def test_many_entries_are_counted(run):
    thirds = {str(i): 1000 * i // 3 for i in range(-12, 13)}
    bias = {"id": "0x009a0913", "name": "auto_exposure_bias", "type": "intmenu"}
    bias |= {"min": 0, "max": 24, "default": 12, "value": 12}
    bias["menu"] = {str(i): number for i, number in enumerate(thirds.values())}
    camera = SimulatedCamera(profile(controls=[bias]))

    found = rows(run("caps", camera.path)[1])

    assert found["exposureCompensation"].startswith("-4..4, 25 values")


def test_points_of_interest_are_shown(run):
    laptop = next(path for path in CAMERAS if path.stem == "laptop_roi_privacy_readonly")

    found = rows(run("caps", f"sim:{laptop}")[1])

    assert found["pointsOfInterest"].startswith("points from 0,0 to 1,1")


def test_camera_with_no_property_has_its_picture(run):
    camera = SimulatedCamera(profile())

    status, out, _ = run("caps", camera.path)

    assert status == 0
    assert "controls" not in out.splitlines()
    assert {"width", "height", "imageWidth"} <= rows(out).keys()


@pytest.mark.parametrize("path", [*CAMERAS, "hostile", "mplane"], ids=lambda path: Path(path).stem)
def test_every_camera_has_a_table_and_json(run, path):
    status, out, err = run("caps", f"sim:{path}")
    assert (status, err) == (0, "")

    status, text, err = run("caps", f"sim:{path}", "--json")
    assert (status, err) == (0, "")
    data = json.loads(text)
    assert list(data) == PARTS
    assert rows(out).keys() == {name for part in data.values() for name in part}


def test_looking_changes_nothing(run):
    camera = SimulatedCamera("webcam")

    assert run("caps", camera.path)[0] == 0

    for request in ("VIDIOC_S_FMT", "VIDIOC_S_PARM", "VIDIOC_S_EXT_CTRLS", "VIDIOC_REQBUFS"):
        assert camera.ioctls(request) == 0


def test_value_that_cannot_be_read_hides_no_other(run):
    camera = SimulatedCamera("webcam")
    camera.fault("control_read_eio", control="zoom_absolute")

    status, out, _ = run("caps", camera.path)

    assert status == 0
    assert "100..500" in rows(out)["zoom"]
    assert rows(out)["contrast"].split() == ["0..100", "50", "50"]


def test_missing_device_is_an_error_with_its_name(run):
    status, out, err = run("caps", "/dev/video4711")

    assert (status, out) == (1, "")
    assert err.startswith("v4l2capture: open on /dev/video4711: No such file")


def test_no_camera_at_all_names_the_simulated_one(run, monkeypatch):
    monkeypatch.setattr("v4l2capture.discovery.node_paths", list)

    status, out, err = run("caps")

    assert (status, out) == (1, "")
    assert "sim:webcam" in err


def test_who_has_read_enough_hears_no_complaint():
    done = subprocess.run(
        f"{sys.executable} -m v4l2capture caps sim:webcam --json | head -c 1",
        shell=True,
        capture_output=True,
    )

    assert (done.stdout, done.stderr) == (b"{", b"")
