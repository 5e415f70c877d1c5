# SPDX-License-Identifier: MIT
"""Opening what is a camera and what is not, sharing it, closing it, recording it."""

import copy
import errno
import json
import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from v4l2capture import (
    ClosedError,
    Device,
    DeviceBusyError,
    DeviceError,
    DevicePermissionError,
    ProfileError,
    SimulatedCamera,
)
from v4l2capture.nativemode import is_picture

from .lanes import SimLane, open_fds, open_small, shoot, simulated, small

# ---- opening ----


def test_device_says_what_it_is(camera):
    with Device(camera.path) as device:
        info = device.info

    assert info.path == device.path == camera.path
    assert info.driver
    assert info.card
    assert info.bus_info
    assert {"streaming", "video-capture"} <= info.capabilities
    assert info.is_camera
    assert not info.multiplanar
    assert info.card in repr(device)
    assert "closed" in repr(device)


@pytest.mark.parametrize("kind", [Path, str], ids=["Path", "str"])
def test_path_may_be_of_either_kind(camera, kind):
    with Device(kind(camera.path)) as device:
        assert device.format.width


class Elsewhere:
    """A path of a library of its own."""

    def __init__(self, path):
        self._path = path

    def __fspath__(self):
        return self._path


def test_path_may_be_any_path_like(camera):
    with Device(Elsewhere(camera.path)) as device:
        assert device.path == camera.path


NO_CAMERAS = {
    "regular file": lambda tmp: _made(tmp / "file", lambda path: path.write_bytes(b"not a camera")),
    "empty file": lambda tmp: _made(tmp / "empty", Path.touch),
    "directory": lambda tmp: tmp,
    "null device": lambda _tmp: Path("/dev/null"),
    "zero device": lambda _tmp: Path("/dev/zero"),
    "FIFO": lambda tmp: _made(tmp / "fifo", os.mkfifo),
    "link to a file": lambda tmp: _made(tmp / "link", lambda path: path.symlink_to("/dev/null")),
    "terminal": lambda _tmp: Path("/dev/ptmx"),
    "itself": lambda _tmp: Path("/proc/self/exe"),
}


def _made(path, make):
    make(path)
    return path


@pytest.mark.parametrize("make", NO_CAMERAS.values(), ids=NO_CAMERAS.keys())
def test_what_is_no_camera_is_not_even_opened(tmp_path, make):
    """Opening a FIFO would wait, opening a tape would rewind it."""
    path = make(tmp_path)
    before = open_fds()

    with pytest.raises(DeviceError, match="no V4L2 device") as caught:
        Device(path)

    assert (caught.value.errno, caught.value.operation) == (errno.ENOTTY, "open")
    assert caught.value.filename == str(path)
    assert open_fds() == before


MISSING = {
    "missing": ("/no/such/node", errno.ENOENT),
    "below a file": ("/dev/null/video0", errno.ENOTDIR),
    "empty": ("", errno.ENOENT),
    "too long": ("/" + "x" * 5000, errno.ENAMETOOLONG),
    "no text": ("/dev/video\udcff", errno.ENOENT),
    "no profile": ("sim:no-such-profile", errno.ENOENT),
}


@pytest.mark.parametrize(("path", "number"), MISSING.values(), ids=MISSING.keys())
def test_what_is_not_there_is_an_error_with_its_path(path, number):
    with pytest.raises(DeviceError) as caught:
        Device(path)

    assert caught.value.errno == number
    assert caught.value.operation == "open"
    assert caught.value.filename == path


def test_who_looks_for_a_camera_in_vain_is_told_where_they_are():
    with pytest.raises(DeviceError, match=r"v4l2capture list. shows .*sim:webcam"):
        Device("/dev/video4711")


def test_link_that_leads_to_itself(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)

    with pytest.raises(DeviceError) as caught:
        Device(loop)

    assert caught.value.errno == errno.ELOOP


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/dev/video0\0", ValueError),
        ("sim:webcam\0", ValueError),
        (b"/dev/video0", ValueError),
        (0, TypeError),
        (None, TypeError),
        (1.5, TypeError),
    ],
)
def test_what_is_no_path_is_refused(path, error):
    with pytest.raises(error):
        Device(path)


def test_malformed_profile_says_where(tmp_path):
    path = tmp_path / "camera.json"
    path.write_text('{"card": "x", "driver": "y", "controls": [{"id": "zoom"}]}')

    with pytest.raises(ProfileError, match=r"controls\[0\]") as caught:
        Device(f"sim:{path}")

    assert "controls[0]" in caught.value.where


NOBODY = 65534
OPEN_AS_NOBODY = f"""
import os, sys
from v4l2capture import Device, DevicePermissionError, diagnose  # while they can be read
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
try:
    Device(sys.argv[1])
except DevicePermissionError as error:
    print(error.errno, isinstance(error, PermissionError), error)
"""


@pytest.mark.quirk("no-permission")
def test_no_permission_says_so(tmp_path):
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked/video0").touch()
    (tmp_path / "locked").chmod(0)
    try:
        done = subprocess.run(
            [sys.executable, "-c", OPEN_AS_NOBODY, str(tmp_path / "locked/video0")],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        (tmp_path / "locked").chmod(0o700)

    assert done.stdout.startswith(f"{errno.EACCES} True open on {tmp_path}")


@pytest.mark.quirk("no-permission")
def test_no_permission_names_the_group_that_has_it(camera):
    if isinstance(camera, SimLane):
        camera.sim.fault("ioctl_error", request="VIDIOC_QUERYCAP", value=errno.EACCES)
        with pytest.raises(DevicePermissionError, match="Permission denied"):
            Device(camera.path)
        return
    before = stat.S_IMODE(Path(camera.path).stat().st_mode)
    Path(camera.path).chmod(0o660)

    done = subprocess.run(
        [sys.executable, "-c", OPEN_AS_NOBODY, camera.path],
        capture_output=True,
        text=True,
        check=True,
    )

    Path(camera.path).chmod(before)
    assert "It belongs to root:video with mode 0660" in done.stdout
    assert "sudo usermod -aG video nobody" in done.stdout


@pytest.mark.parametrize("number", [errno.EIO, errno.EBUSY, errno.EPERM, errno.ENOSPC])
def test_node_that_opens_and_does_not_answer(number):
    """Some drivers refuse a second opener with EBUSY."""
    camera = simulated()
    camera.fault("ioctl_error", request="VIDIOC_QUERYCAP", value=number)

    with pytest.raises(DeviceError) as caught:
        Device(camera.path)

    assert caught.value.errno == number
    assert isinstance(caught.value, DeviceBusyError) == (number == errno.EBUSY)
    assert camera.handles == 0


# ---- two openers ----


@pytest.mark.quirk("busy-elsewhere")
def test_two_handles_may_look_and_one_may_stream(camera, device):
    with Device(camera.path) as other:
        stream = device.stream()
        shoot(camera, stream)

        with pytest.raises(DeviceBusyError) as caught:
            other.stream()
        other.controls["brightness"].value = 21

        assert caught.value.operation == "VIDIOC_REQBUFS"
        assert "Somebody streams from it, or has set its format" in str(caught.value)
        assert device.controls["brightness"].value == 21
        assert shoot(camera, stream).ok
        stream.close()
        assert shoot(camera, other.stream()).ok


def test_frames_of_one_handle_do_not_keep_another_from_streaming(camera, device):
    stream = device.stream()
    frame = shoot(camera, stream)
    stream.close()

    with Device(camera.path) as other, other.stream() as second:
        assert shoot(camera, second).ok

    assert frame.ok


HOLD = """
import sys
from v4l2capture import Device
device = Device(sys.argv[1])
stream = device.stream()
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.mark.quirk("busy-elsewhere")
def test_busy_camera_names_who_holds_it(camera):
    """Another process can only hold a real node."""
    if isinstance(camera, SimLane):
        holders = "Somebody streams from it, or has set its format"
        other = Device(camera.path)
        stream = other.stream()
        release = stream.close
    else:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, camera.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holder.stdout.readline() == "held\n"
        holders = f"It is held by python.* .pid {holder.pid}."

        def release():
            holder.communicate("\n", timeout=30)

    device = Device(camera.path)
    with pytest.raises(DeviceBusyError, match=holders):
        device.stream()
    release()

    with device.stream() as stream:
        assert shoot(camera, stream).ok
    device.close()


# ---- closing ----


def test_close_may_be_repeated(camera):
    device = Device(camera.path)

    device.close()
    device.close()

    assert device.closed


def test_with_closes_also_after_an_error(camera):
    def fail():
        with Device(camera.path) as device:
            device.stream()
            raise RuntimeError(device)

    with pytest.raises(RuntimeError) as caught:
        fail()

    assert caught.value.args[0].closed


@pytest.mark.parametrize(
    "use",
    [
        lambda device: device.format,
        lambda device: device.formats(),
        lambda device: device.set_format(640, 480),
        lambda device: device.set_format(),
        lambda device: device.try_format(640, 480),
        lambda device: device.stream(),
        lambda device: device.fileno(),
        lambda device: device.profile(),
        lambda device: list(device.controls),
        lambda device: device.controls["brightness"],
        lambda device: device.controls.read(),
        lambda device: device.controls.set({"brightness": 1}),
    ],
)
@pytest.mark.parametrize("looked", [False, True], ids=["never used", "used"])
def test_closed_device_can_do_nothing(camera, use, looked):
    device = Device(camera.path)
    device.close()
    if looked:
        device = open_small(camera)
        device.fileno()
        device.stream()
        device.close()

    with pytest.raises(ClosedError, match="is closed"):
        use(device)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, pickle.dumps], ids=["copy", "deepcopy", "pickle"]
)
@pytest.mark.parametrize(
    ("part", "advice"),
    [
        (lambda device: device, "open sim:.* again"),
        (lambda device: device.stream(), "share it"),
        (lambda device: device.events, "share them"),
        (lambda device: device.controls, r"copy what read\(\)"),
        (lambda device: device.controls["zoom_absolute"], "zoom_absolute .* copy its value"),
    ],
    ids=["device", "stream", "events", "controls", "control"],
)
def test_what_shares_a_handle_is_not_duplicated(part, advice, duplicate):
    """Two objects that each close the one handle would close somebody else's."""
    with Device("sim:webcam") as device, pytest.raises(TypeError, match=advice):
        duplicate(part(device))


def test_frames_outlive_a_device_that_is_dropped(camera):
    device = open_small(camera)
    stream = device.stream()
    frame = shoot(camera, stream)
    expected = frame.planes[0].tobytes()

    del stream, device

    assert frame.array().tobytes() == expected


# ---- a camera as data ----


def described(device):
    return {
        "formats": [(info.pixel_format, info.sizes) for info in device.formats()],
        "controls": [
            (
                control.id,
                control.name,
                control.label,
                control.type,
                control.minimum,
                control.maximum,
                control.step,
                control.default,
                control.menu,
                control.dims,
                control.flags - {"has-payload"},
            )
            for control in device.controls.values()
        ],
        "values": device.controls.read(),
        "info": (device.info.card, device.info.driver, device.info.capabilities),
        "multiplanar": device.info.multiplanar,
    }


def replay(device):
    """The device's profile, through JSON, as a camera of its own."""
    profile = device.profile()
    assert json.loads(json.dumps(profile)) == profile  # plain types only
    return SimulatedCamera(profile, clock="manual")


@pytest.mark.parametrize("name", ["webcam", "mplane"])
def test_recorded_camera_is_the_same_camera(name):
    original = SimulatedCamera(name)
    device = Device(original.path)

    camera = replay(device)

    assert described(Device(camera.path)) == described(device)


def test_recorded_camera_is_the_same_camera_on_any_lane(camera):
    with Device(camera.path) as device:
        copy = replay(device)
        again, expected = described(Device(copy.path)), described(device)

    for each in (again, expected):
        each["values"].pop("gain", None)  # volatile in vivid: it never is the same
        # A dynamic array is played with the length it had.
        each["controls"] = [row for row in each["controls"] if row[1] != "u32_dynamic_array"]
    # What cannot be drawn is not played; nothing of it could be converted, either.
    played = {name for name, _ in again["formats"]}
    missing = {name for name, _ in expected["formats"]} - played
    assert [name for name in missing if is_picture(name)] == []
    expected["formats"] = [each for each in expected["formats"] if each[0] in played]
    assert again == expected


def test_recorded_dynamic_array_keeps_the_length_it_had():
    knob = {"id": 0x98F90D, "name": "list", "type": "u32", "min": 10, "max": 90, "step": 1}
    knob |= {"default": 50, "dims": [100], "value": [50, 60], "flags": ["dynamic-array"]}
    camera = simulated(controls=[knob])

    assert Device(camera.path).controls["list"].value == (50, 60)


def test_recorded_camera_streams():
    original = SimulatedCamera("webcam")
    camera = replay(Device(original.path))
    device = Device(camera.path)
    device.set_format(320, 240, "YUYV", 15)
    stream = device.stream()
    camera.tick()

    assert stream.read(0).array().shape == (240, 320, 2)


def test_camera_that_contradicts_itself_can_be_recorded():
    original = SimulatedCamera("hostile")
    device = Device(original.path)

    camera = replay(device)

    assert set(Device(camera.path).controls) >= set(device.controls) - {"led1_mode"}


@pytest.mark.quirk("getter-writes")
def test_recording_changes_nothing(camera, device):
    before = device.format, device.controls.read(["brightness", "contrast"])

    device.profile()

    assert (device.format, device.controls.read(["brightness", "contrast"])) == before


def test_profile_of_a_small_camera():
    camera = simulated(small(controls=[]))

    profile = Device(camera.path).profile()

    assert profile["card"] == "Test"
    assert profile["formats"][0]["sizes"] == [
        {"width": 64, "height": 48, "frame_rates": ["30", "15"]}
    ]
    assert profile["controls"] == []
