# SPDX-License-Identifier: MIT
"""What `v4l2capture set` does to a camera, and what it leaves alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from v4l2capture import Camera, Device, SimulatedCamera

from .simulated import profile

LAPTOP = Path(__file__).resolve().parents[1] / "data/cameras/laptop_roi_privacy_readonly.json"


@pytest.fixture
def camera():
    return SimulatedCamera("webcam")


@pytest.fixture
def set_(run, camera):
    """Set something at the camera; return status, stdout and stderr."""
    return lambda *words: run("set", camera.path, *words)


def state(camera):
    """Everything that can be set."""
    with Device(camera.path) as device:
        return device.controls.read(), device.format


def rows(out):
    """Return the table as name to requested and actual; columns are apart by two blanks."""
    lines = [[cell for cell in line.split("  ") if cell] for line in out.splitlines()[1:]]
    return {name: tuple(each.strip() for each in rest) for name, *rest in lines}


# ---- properties ----


def test_both_spellings_are_properties(set_, camera):
    status, out, err = set_("exposure_time=100", "colorTemperature=5000")

    assert (status, err) == (0, "")
    assert out.splitlines()[0].split() == ["Name", "Requested", "Actual", "Unit"]
    assert rows(out) == {
        "exposureTime": ("100", "100", "100 µs"),
        "colorTemperature": ("5000", "5000", "K"),
    }
    values = state(camera)[0]
    assert values["exposure_time_absolute"] == 100
    assert values["auto_exposure"] == 1
    assert values["white_balance_automatic"] is False


def test_json_has_what_was_requested_and_what_it_became(set_):
    status, out, err = set_("focusDistance=7", "gain=999", "focus_mode=manual", "--json")

    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "focusDistance": {"requested": 7, "actual": 5},
        "focusMode": {"requested": "manual", "actual": "manual"},
        "gain": {"requested": 999, "actual": 128},
    }


def test_value_between_two_steps_becomes_the_nearest(set_, camera):
    _, out, _ = set_("pan=30", "tilt=-3700", "--json")

    assert json.loads(out) == {
        "pan": {"requested": 30, "actual": 0},
        "tilt": {"requested": -3700, "actual": -3600},
    }


def test_points_of_interest_become_a_region(run):
    camera = SimulatedCamera(LAPTOP)

    status, out, _ = run("set", camera.path, "pointsOfInterest=0.25,0.5")

    assert status == 0
    assert rows(out)["pointsOfInterest"][0] == "0.25,0.5"
    left, _, width, _ = state(camera)[0]["region_of_interest_rectangle"]
    with Device(camera.path) as device:
        assert left + width / 2 == pytest.approx(device.format.width / 4, abs=2)


def test_name_that_is_property_and_control_is_the_property(set_):
    """Only a property is refused outside its range: controls are held inside it."""
    status, _, err = set_("brightness=1000")

    assert status == 1
    assert "brightness cannot be 1000; the camera has -64 to 64" in err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["zoom=900"], "zoom cannot be 900; the camera has 100 to 500"),
        (["focusMode=manuel"], "focusMode cannot be manuel; the camera has manual, continuous"),
        (["torch=on"], "this camera has no torch"),
        (["exposureMode=continuous", "exposureTime=9"], "exposureMode is continuous"),
        (["resizeMode=crop-and-scale"], "resizeMode can only be none"),
        (["deviceId=another"], "deviceId cannot be another"),
        (["zoom=200", "torch=on"], "this camera has no torch"),
    ],
)
def test_what_cannot_be_changes_nothing(set_, camera, words, complaint):
    before = state(camera)

    status, out, err = set_(*words)

    assert (status, out) == (1, "")
    assert complaint in err
    assert state(camera) == before
    assert camera.ioctls("VIDIOC_S_EXT_CTRLS") == 0


# ---- size and rate ----


def test_size_and_rate_are_those_of_a_mode(set_, camera):
    status, out, err = set_("width=1280", "height=720", "frameRate=29.97")

    assert status == 0
    assert err == f"v4l2capture: {camera.path} now gives 1280x720 MJPG, 29.97 frames/s\n"
    assert rows(out)["width"] == ("1280", "1280", "pixels")
    assert str(state(camera)[1].frame_rate) == "30000/1001"


def test_one_side_is_enough(set_, camera):
    status, _, err = set_("height=1080")

    assert status == 0
    assert "1920x1080" in err
    assert state(camera)[1].width == 1920


def test_size_that_only_cropping_could_make_is_refused(set_, camera):
    before = state(camera)

    status, out, err = set_("width=1000", "height=700", "zoom=200")

    assert (status, out) == (1, "")
    assert "`formats` shows what it has" in err
    assert state(camera) == before


# ---- controls ----


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("gain=10", "gain", 10),
        ("0x00980913=10", "gain", 10),
        ("9963795=10", "gain", 10),
        ("zoom_absolute=0xc8", "zoom_absolute", 200),
        ("focus_auto=off", "focus_automatic_continuous", False),
        ("exposure_auto=manual mode", "auto_exposure", 1),
        ("power_line_frequency=2", "power_line_frequency", 2),
        ("power_line_frequency=60 Hz", "power_line_frequency", 2),
        ("auto_exposure_bias=1000", "auto_exposure_bias", 6),
        ("hue=-90", "hue", -90),
    ],
)
def test_control_has_names_and_an_id(set_, camera, word, name, value):
    status, out, err = set_(word, "--json")

    assert (status, err) == (0, "")
    assert json.loads(out) == {name: {"requested": value, "actual": value}}
    assert state(camera)[0][name] == value


def test_entry_of_a_menu_is_shown_with_its_label(set_):
    _, out, _ = set_("power_line_frequency=2")

    assert rows(out) == {"power_line_frequency": ("2: 60 Hz", "2: 60 Hz")}


def test_button_is_pressed(set_, camera):
    _, out, _ = set_("pan_reset=1", "--json")

    assert json.loads(out) == {"pan_reset": {"requested": True, "actual": None}}
    assert camera.ioctls("VIDIOC_S_EXT_CTRLS") == 1


def test_controls_that_are_no_numbers(run):
    kinds = [
        {"id": "0x0098f900", "name": "words", "type": "str", "min": 0, "max": 8, "value": "old"},
        {"id": "0x0098f903", "name": "grid", "type": "u8", "dims": [3], "max": 9, "value": 7},
    ]
    camera = SimulatedCamera(profile(controls=kinds))

    status, out, _ = run("set", camera.path, "words=new one", "grid=1,2,3", "--json")

    assert status == 0
    assert json.loads(out) == {
        "words": {"requested": "new one", "actual": "new one"},
        "grid": {"requested": [1, 2, 3], "actual": [1, 2, 3]},
    }


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["zom=200"], "neither a property nor a control 'zom'; did you mean zoom?"),
        (["exposuretime=9"], "did you mean exposureTime"),
        (["xyzzy=200"], "neither a property nor a control 'xyzzy'; `caps` and `controls`"),
        (["0x00981234=1"], "0x00981234 on {}: this camera has no such control"),
        (["gain=on"], "gain takes a whole number, not 'on'"),
        (["privacy=on"], "privacy=True on {}: it is read-only"),
        (["power_line_frequency=70"], "has no entry '70'; it has 0 (Disabled), 1 (50 Hz)"),
        (["gain=1", "0x00980913=2"], "gain is there twice"),
        (["zoom=200", "zoom_absolute=300"], "zoom and zoom_absolute (0x009a090d) are the same"),
        (["focusMode=manual", "focus_auto=on"], "focusMode and focus_automatic_continuous (0x"),
        (["brightness=1", "0x00980900=2"], "brightness and brightness (0x00980900) are the same"),
    ],
)
def test_what_no_control_takes_changes_nothing(set_, camera, words, complaint):
    before = state(camera)

    status, out, err = set_("zoom=150" if "zoom=200" not in words else "pan=0", *words)

    assert (status, out) == (1, "")
    assert complaint.format(camera.path) in err
    assert state(camera) == before
    assert camera.ioctls("VIDIOC_S_EXT_CTRLS") == 0


# ---- when the driver fails ----


def test_driver_that_fails_is_quoted_and_the_camera_as_it_was(set_, camera):
    camera.fault("control_eio", control="zoom_absolute")
    before = state(camera)

    status, out, err = set_("exposureTime=100", "zoom=200")

    assert (status, out) == (1, "")
    assert "VIDIOC_S_EXT_CTRLS of zoom_absolute=200" in err
    assert "Input/output error" in err
    assert state(camera) == before


def test_driver_that_does_nothing_is_found_out(set_, camera):
    camera.fault("control_ignored", control="zoom_absolute")

    status, out, err = set_("zoom=200")

    assert (status, out) == (1, "")
    assert "still reads 100" in err


def test_properties_are_put_back_when_a_control_fails(set_, camera):
    camera.fault("control_eio", control="gain")
    before = state(camera)

    status, out, err = set_(
        *("exposureTime=100", "width=1280", "frameRate=15", "focusDistance=50", "gain=10")
    )

    assert (status, out) == (1, "")
    assert err == (
        f"v4l2capture: VIDIOC_S_EXT_CTRLS of gain=10 on {camera.path}: "
        "Input/output error (errno 5)\n"
    )
    assert state(camera) == before


def test_controls_are_put_back_when_another_fails(set_, camera):
    """Modes come first, in an ioctl of their own: they have been written by then."""
    camera.fault("control_eio", control="gain")
    before = state(camera)

    status, _, err = set_("auto_exposure=1", "exposure_time_absolute=9", "hue=9", "gain=10")

    assert status == 1
    assert "gain=10" in err
    assert state(camera) == before


def test_lamp_is_set_by_property_and_by_control(run):
    camera = SimulatedCamera("phone")

    _, torch, _ = run("set", camera.path, "torch=on", "--json")
    _, mode, _ = run("set", camera.path, "led_mode=Flash", "zoom=200", "--json")

    assert json.loads(torch) == {"torch": {"requested": True, "actual": True}}
    assert json.loads(mode) == {
        "zoom": {"requested": 200, "actual": 200},
        "led_mode": {"requested": 1, "actual": 1},
    }


def test_lamp_is_not_set_twice(run):
    status, _, err = run("set", "sim:phone", "torch=on", "led_mode=Flash")

    assert status == 1
    assert "torch and led_mode (0x009c0901) are the same" in err


def test_lamp_is_put_back_when_another_node_fails(run):
    camera = SimulatedCamera("phone")
    camera.fault("control_eio", control="brightness")

    status, _, err = run("set", camera.path, "torch=on", "0x00980900=7")

    assert status == 1
    assert "brightness=7" in err
    with Camera(camera.path) as opened:
        assert opened.settings.torch is False


def test_manual_mode_is_put_back_with_its_values(set_, camera):
    assert set_("exposureTime=100")[0] == 0
    camera.fault("control_eio", control="gain")
    before = state(camera)

    assert set_("exposureMode=continuous", "gain=10")[0] == 1

    assert state(camera) == before


def test_what_cannot_be_put_back_is_named(run):
    """Its brightness lies outside its own range, so nobody can write it."""
    camera = SimulatedCamera("hostile")

    status, out, err = run("set", camera.path, "brightness=40", "backlight_compensation=2")

    assert (status, out) == (1, "")
    said, failed = err.splitlines()
    assert said == "v4l2capture: not as it was: brightness is 30, and was -8193"
    assert "backlight_compensation=2" in failed
    assert "Device or resource busy" in failed


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["focusDistance=30"], "focus_absolute=30"),  # taken and ignored
        (["exposureTime=30"], "auto_exposure holds it"),  # inactive in each of its modes
        (["gain=3"], "Input/output error"),
        (["gamma=3"], "The driver fails when it is asked to describe it"),
        (["contrast=7"], "this camera has no contrast"),  # its range is empty
        (["privacy=on"], "it is read-only"),
        (["power_line_frequency=1"], "has no entry"),  # a hole
        (["zoom=200"], "this camera has no zoom"),
    ],
)
def test_bad_driver_is_named_and_no_traceback(run, words, complaint):
    camera = SimulatedCamera("hostile")

    status, out, err = run("set", camera.path, *words)

    assert (status, out) == (1, "")
    assert complaint in err
    assert "Traceback" not in err


def test_bad_driver_does_what_it_can(run):
    camera = SimulatedCamera("hostile")

    status, out, _ = run("set", camera.path, "pan=30", "brightness=40", "hue=9", "--json")

    assert status == 0
    assert {name: each["actual"] for name, each in json.loads(out).items()} == {
        "pan": 0,
        "brightness": 40,
        "hue": 9,
    }


def test_unplugged_camera_is_an_error(set_, camera, monkeypatch):
    apply = Camera.apply_constraints

    def unplug(self, *args):
        camera.unplug()
        apply(self, *args)

    monkeypatch.setattr(Camera, "apply_constraints", unplug)

    status, out, err = set_("zoom=200", "gain=10")

    assert (status, out) == (1, "")
    assert "unplugged" in err


def test_busy_camera_is_an_error_and_controls_are_free(set_, camera):
    with Device(camera.path) as device, device.stream():
        status, _, err = set_("width=1280")
        assert status == 1
        assert "busy" in err

        assert set_("zoom=200", "gain=10")[0] == 0


# ---- the command line ----


def test_device_left_out_is_the_first_camera(run, monkeypatch):
    monkeypatch.setattr("v4l2capture.discovery.node_paths", lambda: ["sim:mplane", "sim:webcam"])

    _, _, err = run("set", "width=1280")

    assert err.startswith("v4l2capture: sim:mplane now gives 1280x")


def test_device_may_come_last(run, camera):
    assert run("set", "zoom=200", camera.path)[0] == 0
    assert state(camera)[0]["zoom_absolute"] == 200


def test_missing_device_is_an_error_with_its_name(run):
    status, out, err = run("set", "/dev/video4711", "zoom=200")

    assert (status, out) == (1, "")
    assert err.startswith("v4l2capture: open on /dev/video4711: No such file")


def test_result_may_go_into_a_pipe():
    command = [sys.executable, "-m", "v4l2capture", "set", "sim:webcam", "zoom=200", "--json"]

    done = subprocess.run(command, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"zoom": {"requested": 200, "actual": 200}}
