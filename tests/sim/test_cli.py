# SPDX-License-Identifier: MIT
"""What the commands say about cameras."""

import errno
import json
import os
from pathlib import Path

import pytest

from v4l2capture import Device, DevicePermissionError, SimulatedCamera, errors, list_devices
from v4l2capture.cli import choice, doctor
from v4l2capture.cli.output import Failed
from v4l2capture.subdevice import SubdeviceInfo

from .simulated import profile


@pytest.fixture
def no_cameras(monkeypatch):
    monkeypatch.setattr("v4l2capture.discovery.node_paths", list)


@pytest.fixture
def two_cameras(monkeypatch):
    monkeypatch.setenv("V4L2CAPTURE_SIM", "webcam,mplane")
    if any(not info.path.startswith("sim:") for info in list_devices()):
        pytest.skip("this machine has a real camera")


# ---- which camera ----


def test_no_camera_at_all_names_the_simulated_one(run, no_cameras):
    status, out, err = run("controls")

    assert (status, out) == (1, "")
    assert "sim:webcam" in err


def test_device_left_out_is_the_first_camera(run, two_cameras):
    status, out, _ = run("formats", "--json")

    assert status == 0
    assert json.loads(out)["path"] == "sim:webcam"


@pytest.mark.parametrize(
    ("name", "path"), [("3", "/dev/video3"), ("/dev/x", "/dev/x"), ("sim:a", "sim:a"), ("", "")]
)
def test_camera_may_be_a_number_or_a_path(name, path):
    assert choice._path(name) == path


def test_camera_may_be_a_stable_id(monkeypatch, two_cameras):
    found = list_devices()
    named = [type(info)(**{**_members(info), "stable_id": f"id-{info.path}"}) for info in found]
    monkeypatch.setattr(choice, "scan", lambda: (named, []))

    with pytest.raises(Failed, match="no camera is called 'id-7'"):
        choice._path("id-7")
    assert choice._path("id-sim:mplane") == "sim:mplane"


def _members(info):
    return {name: getattr(info, name) for name in info.__slots__}


@pytest.mark.parametrize("command", ["controls", "formats", "profile"])
def test_missing_device_is_an_error_with_its_name(command, run):
    status, out, err = run(command, "/dev/video4711")

    assert (status, out) == (1, "")
    assert err.startswith("v4l2capture: open on /dev/video4711: No such file")


# ---- list ----


def test_list_has_a_line_for_each_camera(run, two_cameras):
    status, out, err = run("list")

    assert (status, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["Device", "sim:webcam", "sim:mplane"]


def test_list_as_json(run, two_cameras):
    _, out, _ = run("list", "--json")

    first = json.loads(out)[0]
    assert first["card"] == "Simulated Webcam"
    assert first["stable_id"] == "sim:webcam"
    assert "video-capture" in first["capabilities"]


def test_list_without_cameras_is_empty_and_no_failure(run, no_cameras):
    status, out, err = run("list", "--json")

    assert (status, json.loads(out)) == (0, [])
    assert "sim:webcam" in err


def test_list_says_which_nodes_could_not_be_opened(run, monkeypatch):
    monkeypatch.setenv("V4L2CAPTURE_SIM", "nothing-like-it,webcam")

    status, out, err = run("list")

    assert status == 0
    assert "sim:webcam" in out
    assert "sim:nothing-like-it: No such file" in err


# ---- controls ----


def test_controls_are_shown_with_menus_and_flags(run):
    _, out, _ = run("controls", "sim:webcam")

    lines = out.splitlines()
    assert "user" in lines
    assert "camera" in lines
    assert "  * 3: Aperture Priority Mode" in lines
    words = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("  ")}
    assert words["exposure_time_absolute"] == ["int", "3..2047", "250", "250", "inactive"]
    assert words["focus_absolute"][:2] == ["int", "0..255/5"]
    assert words["white_balance_automatic"] == ["bool", "on", "on"]


def test_controls_as_json_are_those_of_the_profile(run):
    _, out, _ = run("controls", "sim:webcam", "--json")
    _, whole, _ = run("profile", "sim:webcam")

    data = json.loads(out)
    assert {control.pop("class") for control in data["controls"]} >= {"user", "camera"}
    assert data["controls"] == json.loads(whole)["controls"]
    assert data["failed"] == []


def test_failing_controls_hide_no_others(run):
    camera = SimulatedCamera("webcam")
    camera.fault("control_read_eio", control="gain")

    _, out, _ = run("controls", camera.path)
    _, text, _ = run("controls", camera.path, "--json")

    assert "(Input/output error)" in next(line for line in out.splitlines() if "gain" in line)
    assert "zoom_absolute" in out
    data = {control["name"]: control for control in json.loads(text)["controls"]}
    assert data["gain"]["error"] == "Input/output error"
    assert "error" not in data["contrast"]


def test_controls_of_a_bad_driver_are_shown(run):
    status, out, _ = run("controls", "sim:hostile")

    assert status == 0
    assert "cannot be described" in out.splitlines()


def test_controls_of_every_type_are_shown(run):
    kinds = [
        {"id": "0x0098f900", "name": "words", "type": "str", "min": 0, "max": 8, "value": "hello"},
        {"id": "0x0098f901", "name": "bits", "type": "bitmask", "max": 255, "value": 129},
        {"id": "0x0098f902", "name": "big", "type": "int64", "max": 2**40, "value": 2**39},
        {"id": "0x0098f903", "name": "grid", "type": "u8", "dims": [3, 4], "max": 9, "value": 7},
    ]
    camera = SimulatedCamera(profile(controls=kinds))

    status, out, _ = run("controls", camera.path)

    assert status == 0
    rows = {line.split()[0]: line for line in out.splitlines() if line.startswith("  ")}
    assert "'hello'" in rows["words"]
    assert rows["bits"].split()[1:3] == ["bitmask", "0xff"]
    assert "0x81" in rows["bits"]
    assert str(2**39) in rows["big"]
    assert "u8[3][4]" in rows["grid"]
    assert rows["grid"].endswith("7, 7, 7, 7, 7, 7, 7, 7 ...")


def test_controls_of_the_lamp_follow_those_of_the_camera(run):
    _, out, _ = run("controls", "sim:phone")
    _, text, _ = run("controls", "sim:phone", "--json")

    lines = out.splitlines()
    heading = next(n for n, line in enumerate(lines) if line.startswith("flash "))
    assert "  led_mode" in [line[:10] for line in lines[heading:]]
    subdevices = {each["function"]: each for each in json.loads(text)["subdevices"]}
    assert subdevices["flash"]["path"].startswith("sim:phone/")
    assert "led_mode" in [control["name"] for control in subdevices["flash"]["controls"]]
    assert subdevices["flash"]["failed"] == []


def test_camera_without_controls_says_so(run):
    camera = SimulatedCamera(profile())

    status, out, err = run("controls", camera.path)

    assert (status, out) == (0, "")
    assert "has no controls" in err


# ---- formats and profile ----


def test_formats_have_exact_rates(run):
    _, out, _ = run("formats", "sim:webcam")

    assert "now at 640x480 YUYV" in out.splitlines()[0]
    assert any("640x480" in line and "29.97 (30000/1001)" in line for line in out.splitlines())


def test_formats_may_be_ranges(run):
    size = {"min_width": 16, "max_width": 64, "step_width": 16, "min_height": 8, "max_height": 32}
    size |= {"step_height": 8, "frame_rates": ["30"]}
    camera = SimulatedCamera(profile(formats=[{"pixel_format": "YUYV", "sizes": [size]}]))

    _, out, _ = run("formats", camera.path)

    assert "16x8 to 64x32 in steps of 16x8" in out


def test_formats_as_json(run):
    _, out, _ = run("formats", "sim:webcam", "--json")

    data = json.loads(out)
    assert data["format"] == {
        "pixel_format": "YUYV",
        "width": 640,
        "height": 480,
        "frame_rate": "30",
    }
    assert [each["pixel_format"] for each in data["formats"]] == ["YUYV", "MJPG"]


def test_profile_can_be_played(run, tmp_path):
    _, out, _ = run("profile", "sim:webcam")
    copy = tmp_path / "copy.json"
    copy.write_text(out)

    _, again, _ = run("profile", f"sim:{copy}")

    assert json.loads(again) == json.loads(out)


def test_looking_changes_nothing(run):
    camera = SimulatedCamera("webcam")

    for command in ("controls", "formats", "profile"):
        assert run(command, camera.path)[0] == 0

    for request in ("VIDIOC_S_FMT", "VIDIOC_S_PARM", "VIDIOC_S_EXT_CTRLS", "VIDIOC_REQBUFS"):
        assert camera.ioctls(request) == 0


# ---- doctor ----


def test_doctor_without_a_camera_says_what_to_do(run, no_cameras, monkeypatch):
    monkeypatch.setattr(doctor, "node_paths", list)
    monkeypatch.delenv("V4L2CAPTURE_SIM", raising=False)

    status, out, err = run("doctor")

    assert (status, err) == (1, "")
    assert "No camera can be used" in out
    assert "sim:webcam" in out
    assert os.uname().release in out


def test_doctor_is_content_with_a_camera(run, monkeypatch):
    monkeypatch.setenv("V4L2CAPTURE_SIM", "webcam")

    status, out, _ = run("doctor")

    assert status == 0
    assert "listed by V4L2CAPTURE_SIM: sim:webcam" in out


def test_doctor_names_missing_libraries(run, monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda name: "" if name == "simplejpeg" else "1.0")

    _, out, _ = run("doctor")

    assert " ! simplejpeg is missing: JPEGs\n     -> pip install simplejpeg" in out


def _info(**changes):
    camera = SimulatedCamera(profile())
    with Device(camera.path) as device:
        members = _members(device.info)
    return type(device.info)(**(members | {"path": "/dev/video9"} | changes))


@pytest.mark.parametrize(
    ("driver", "words", "text"),
    [
        ("uvcvideo", {"meta-capture"}, "data about the pictures"),
        ("bcm2835-codec", {"video-m2m-mplane"}, "encodes"),
        ("vivid", {"video-output"}, "shows pictures"),
        ("v4l2 loopback", {"video-output"}, "nobody writes to"),
        ("x", set(), "no pictures"),
    ],
)
def test_doctor_says_why_a_node_is_no_camera(driver, words, text):
    remark = doctor._no_camera(_info(driver=driver, capabilities=frozenset(words)))

    assert remark.text.startswith("/dev/video9: ")
    assert text in remark.text


@pytest.mark.quirk("capture-and-output")
def test_doctor_knows_loopbacks_that_browsers_refuse():
    words = frozenset({"video-capture", "video-output"})

    remark = doctor._camera(_info(driver="v4l2 loopback", capabilities=words))

    assert "exclusive_caps=1" in remark.advice


def test_doctor_names_the_subdevices_of_a_camera(run, monkeypatch):
    monkeypatch.setenv("V4L2CAPTURE_SIM", "phone")

    status, out, _ = run("doctor")

    assert status == 0
    assert "   sim:phone has a flash, white:flash-0: sim:phone/white:flash-0" in out


def test_doctor_says_which_subdevices_may_not_be_opened(tmp_path, monkeypatch):
    node = tmp_path / "v4l-subdev0"
    node.touch(0o600)
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)

    locked = doctor._subdevice(_info(), SubdeviceInfo("flash", "led", str(node)))
    absent = doctor._subdevice(_info(), SubdeviceInfo("lens", "vcm", str(tmp_path / "none")))

    assert locked.is_problem
    assert locked.text.endswith("has a flash, led: " + str(node) + " may not be opened")
    assert "mode 0600" in locked.advice
    assert "container" in absent.advice


def test_doctor_says_that_it_could_not_ask_for_subdevices(monkeypatch):
    def refuse(_device):
        raise DevicePermissionError(errno.EACCES, "Permission denied", "/dev/media0")

    monkeypatch.setattr(doctor, "locate_subdevices", refuse)

    (remark,) = doctor._subdevices(_info(path="sim:phone"))

    assert remark.is_problem
    assert "/dev/media0" in remark.advice


def test_doctor_says_who_holds_a_camera(monkeypatch):
    monkeypatch.setattr(doctor, "_held", lambda _path: "cheese (pid 42)")

    remark = doctor._camera(_info())

    assert "open in cheese (pid 42)" in remark.text
    assert remark.advice


def test_no_permission_names_the_group(monkeypatch, run, tmp_path):
    node = tmp_path / "video0"
    node.touch()
    node.chmod(0o600)
    error = errors.device_error(errors.DevicePermissionError, 13, "open", str(node))
    monkeypatch.setattr("v4l2capture.cli.listing.scan", lambda: ([], [error]))

    _, _, err = run("list")

    owner = Path(node).owner()
    assert f"Permission denied (errno 13). It belongs to {owner}:" in err
