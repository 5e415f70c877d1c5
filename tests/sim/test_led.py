# SPDX-License-Identifier: MIT
"""An LED of the kernel's LED class as the light of a camera.

Its files are plain ones here, so they keep what was written: a strobe does not end by itself.
tests/hil/test_led.py has the kernel's LED class, and light in the picture.
"""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from v4l2capture import (
    Camera,
    CaptureTimeout,
    ClosedError,
    ControlError,
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    DevicePermissionError,
    NotSupportedError,
    OverconstrainedError,
    SimulatedCamera,
    led,
)
from v4l2capture.cids import IDS
from v4l2capture.lamp import Lamp
from v4l2capture.led import find_led, led_names, open_led

from .lanes import open_fds

SHINES = {"brightness": 0, "max_brightness": 255, "trigger": "[none] timer torch"}
STROBES = SHINES | {
    "flash_strobe": 0,
    "flash_timeout": 300_000,
    "max_flash_timeout": 500_000,
    "flash_brightness": 700_000,
    "max_flash_brightness": 1_000_000,
    "flash_fault": "",
}
SMALL = {"image_width": 320, "image_height": 240}
STREAMED = {"image_width": 640, "image_height": 480}  # as it is: light has settled


class Files:
    """The folder of an LED."""

    def __init__(self, folder, values):
        self.folder = folder
        self.path = str(folder)
        folder.mkdir(parents=True)
        self.write(**values)

    def write(self, **values):
        for name, value in values.items():
            (self.folder / name).write_text(f"{value}\n")

    def read(self):
        files = sorted(self.folder.iterdir())
        return {each.name: each.read_text().strip() for each in files}

    def __getitem__(self, name):
        return int((self.folder / name).read_text())


@pytest.fixture(params=[SHINES, STROBES], ids=["shines", "strobes"])
def lamp(request, tmp_path):
    return Files(tmp_path / "white:flash", request.param)


@pytest.fixture
def flash(tmp_path):
    return Files(tmp_path / "white:flash", STROBES)


@pytest.fixture
def torch(tmp_path):
    return Files(tmp_path / "white:torch", SHINES)


def opened(files, profile="webcam"):
    return Camera(f"sim:{profile}", lamp=files.path)


# ---- what it can ----


def test_led_that_shines_is_a_torch(torch):
    with opened(torch) as camera:
        assert camera.capabilities.torch == [False, True]
        assert camera.photo_capabilities.fill_light_mode == []
        assert camera.photo_capabilities.red_eye_reduction == "controllable"
        with pytest.raises(NotSupportedError):
            camera.take_photo(fill_light_mode="flash")


def test_led_that_strobes_is_a_flash_too(flash):
    with opened(flash) as camera:
        assert camera.capabilities.torch == [False, True]
        assert camera.photo_capabilities.fill_light_mode == ["auto", "off", "flash"]
        assert camera.photo_capabilities.red_eye_reduction == "controllable"


def test_controls_are_those_of_a_flash():
    """The names of a flash subdevice, so that one program works with both."""
    with Camera("sim:phone") as phone:
        names = set(next(each for each in phone.nodes if each.path.endswith("flash-0")).controls)

    assert {"led_mode", "intensity_torch_mode", "intensity_flash_mode"} <= names
    assert {"strobe", "stop_strobe", "strobe_status", "strobe_timeout", "faults"} <= names


def test_controls_are_as_many_as_there_are_files(flash, torch):
    with open_led(flash.path) as node:
        assert list(node.controls) == [
            *("led_mode", "strobe", "stop_strobe", "strobe_status", "strobe_timeout"),
            *("intensity_flash_mode", "intensity_torch_mode", "faults"),
        ]
        assert node.controls["led_mode"].menu == {0: "Off", 1: "Flash", 2: "Torch"}
        assert node.controls["strobe_timeout"].maximum == 500_000
        assert node.controls["intensity_torch_mode"].default is None
    with open_led(torch.path) as node:
        assert list(node.controls) == ["led_mode", "intensity_torch_mode"]
        assert node.controls["led_mode"].menu == {0: "Off", 2: "Torch"}
    torch.write(max_brightness=1)
    with open_led(torch.path) as node:
        assert list(node.controls) == ["led_mode"]


def test_flash_without_a_brightness_to_choose_is_a_flash(flash):
    for name in ("flash_brightness", "max_flash_brightness", "flash_fault"):
        (flash.folder / name).unlink()
    with opened(flash) as camera:
        assert "flash" in camera.photo_capabilities.fill_light_mode
        camera.take_photo(fill_light_mode="flash", **SMALL)


def test_strobe_without_a_timer_is_not_used(flash):
    """Nobody but the timer ends it when this program is killed."""
    (flash.folder / "max_flash_timeout").unlink()
    with opened(flash) as camera:
        assert camera.photo_capabilities.fill_light_mode == []
        assert camera.capabilities.torch == [False, True]


@pytest.mark.parametrize("most", ["0", "", "bright", "-1"])
def test_led_that_cannot_shine_is_no_lamp(torch, most):
    torch.write(max_brightness=most)

    with pytest.raises(DeviceError) as caught:
        opened(torch)

    assert caught.value.filename == torch.path


def test_flash_that_cannot_shine_is_no_torch(flash):
    flash.write(max_brightness=0)
    before = flash.read()
    with opened(flash) as camera:
        assert camera.capabilities.torch is None
        assert camera.photo_capabilities.fill_light_mode == ["auto", "off", "flash"]
        assert camera.nodes[-1].controls["led_mode"].menu == {0: "Off", 1: "Flash"}
        camera.take_photo(fill_light_mode="flash", **SMALL)
        with pytest.raises(ValueError, match="led_mode has no entry 2"):
            camera.nodes[-1].controls["led_mode"].value = 2

    assert flash.read() == before


# ---- light ----


def test_torch_is_the_brightness(lamp):
    with opened(lamp) as camera:
        assert camera.settings.torch is False
        camera.apply_constraints(torch={"exact": True})
        assert (lamp["brightness"], camera.settings.torch) == (255, True)
        camera.apply_constraints(torch={"exact": False})
        assert (lamp["brightness"], camera.settings.torch) == (0, False)


def test_torch_is_as_bright_as_was_chosen(lamp):
    with open_led(lamp.path) as node:
        intensity, mode = node.controls["intensity_torch_mode"], node.controls["led_mode"]
        intensity.value = 20
        assert lamp["brightness"] == 0
        mode.value = 2
        assert lamp["brightness"] == 20
        intensity.value = 90
        assert lamp["brightness"] == 90
        intensity.value = 999
        assert (lamp["brightness"], intensity.value) == (255, 255)


def test_what_another_program_lights_is_seen(lamp):
    with opened(lamp) as camera:
        lamp.write(brightness=7)

        assert camera.settings.torch is True


def test_strobe_is_timed_and_dark_before(flash, monkeypatch):
    lit = []
    strobe = Lamp.strobe

    def spy(self, duration):
        period = strobe(self, duration)
        lit.append(flash.read())
        return period

    monkeypatch.setattr(Lamp, "strobe", spy)
    flash.write(brightness=128)
    with opened(flash) as camera:
        camera.take_photo(fill_light_mode="flash", **SMALL)

    assert [(each["flash_strobe"], each["brightness"]) for each in lit] == [("1", "0")]
    assert 90_000 <= int(lit[0]["flash_timeout"]) <= 300_000


def test_eyes_are_lit_by_strobes_where_there_are_any(flash, monkeypatch):
    strobes = []
    strobe = Lamp.strobe
    monkeypatch.setattr(
        Lamp, "strobe", lambda self, length: strobes.append(length) or strobe(self, length)
    )
    with opened(flash) as camera:
        camera.take_photo(red_eye_reduction=True, pre_light=0.6, **SMALL)

    assert strobes == [0.08] * 3


@pytest.mark.parametrize("mode", ["strobe", "stop_strobe"])
def test_strobe_is_refused_in_other_modes(flash, mode):
    with open_led(flash.path) as node, pytest.raises(ControlError) as caught:
        node.controls[mode].press()

    assert caught.value.errno == errno.EBUSY
    assert flash["flash_strobe"] == 0


@pytest.mark.parametrize(
    ("said", "faults"),
    [
        ("", 0),
        ("led-over-voltage", 1),
        ("controller-over-temperature led-over-temperature", 0b100000100),
        ("controller-under-voltage", 0b10000000),
    ],
)
def test_faults_are_those_of_a_flash(flash, said, faults):
    flash.write(flash_fault=said)
    with open_led(flash.path) as node:
        assert node.controls["faults"].value == faults


# ---- as before ----


@pytest.mark.parametrize("brightness", [0, 128])
@pytest.mark.parametrize("options", [{"fill_light_mode": "flash"}, {"red_eye_reduction": True}])
def test_files_are_as_before_after_a_photo(flash, options, brightness):
    flash.write(brightness=brightness)
    before = flash.read()
    with opened(flash) as camera:
        photo = camera.take_photo(pre_light=0.6, **options, **SMALL)

    assert set(photo.settings.items()) >= {
        ("fillLightMode", options.get("fill_light_mode", "off")),
        ("redEyeReduction", "red_eye_reduction" in options),
    }
    assert flash.read() == before


@pytest.mark.parametrize("brightness", [0, 128])
def test_torch_is_as_before_after_it_lit_a_photo(torch, brightness):
    torch.write(brightness=brightness)
    before = torch.read()
    with opened(torch) as camera:
        camera.take_photo(red_eye_reduction=True, pre_light=0.6, **SMALL)

    assert torch.read() == before


def test_opening_and_closing_change_nothing(lamp):
    lamp.write(brightness=128)
    before = {each.name: each.stat().st_mtime_ns for each in lamp.folder.iterdir()}
    with opened(lamp) as camera:
        assert camera.settings.torch is True

    assert {each.name: each.stat().st_mtime_ns for each in lamp.folder.iterdir()} == before


def test_files_are_as_before_when_no_frame_comes(lamp):
    sim = SimulatedCamera("webcam")
    lamp.write(brightness=3)
    before = lamp.read()
    with Camera(sim.path, lamp=lamp.path) as camera:
        camera.grab_frame()
        sim.fault("stall")
        with pytest.raises(CaptureTimeout):
            camera.take_photo(red_eye_reduction=True, timeout=0.8, pre_light=0.6, **STREAMED)

    assert lamp.read() == before


def test_torch_does_not_wait_for_a_camera_that_hangs(torch, monkeypatch):
    """However much time the photo has: somebody looks into that light."""
    monkeypatch.setattr("v4l2capture.shooting.LONGEST", 0.8)
    sim = SimulatedCamera("webcam")
    with Camera(sim.path, lamp=torch.path) as camera:
        camera.grab_frame()
        sim.fault("stall")
        with pytest.raises(CaptureTimeout):
            camera.take_photo(red_eye_reduction=True, timeout=3600, pre_light=0.6, **STREAMED)

    assert torch["brightness"] == 0


TO_END = """
import sys
from v4l2capture import Camera

with Camera("sim:webcam", lamp=sys.argv[1]) as camera:
    camera.grab_frame()
    print("ready", flush=True)
    while True:
        camera.take_photo(red_eye_reduction=True, pre_light=3, image_width=640)
"""


def test_sigterm_ends_the_program_in_the_dark(torch):
    program = subprocess.Popen(
        [sys.executable, "-c", TO_END, torch.path], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout.readline() == "ready\n"
    while torch.read()["brightness"] != "255":
        assert program.poll() is None
        time.sleep(0.01)

    program.send_signal(signal.SIGTERM)
    program.communicate(timeout=20)

    assert program.returncode == 128 + signal.SIGTERM
    assert torch["brightness"] == 0


# ---- trouble ----


def test_fault_of_the_lamp_is_said(flash, monkeypatch):
    flash.write(flash_fault="led-over-temperature")
    monkeypatch.setattr(Lamp, "strobe", lambda *_: (0, 1))
    with opened(flash) as camera, pytest.raises(Exception, match="LED over-temperature"):
        camera.take_photo(fill_light_mode="flash", **SMALL)


def test_fault_of_a_lamp_that_lit_the_picture_is_in_the_log(flash, caplog):
    flash.write(flash_fault="flash-timeout-exceeded")
    with opened(flash) as camera:
        camera.take_photo(fill_light_mode="flash", **SMALL)

    assert "complains of: timeout" in caplog.text


def test_led_that_is_gone_is_told_of(torch):
    with open_led(torch.path) as node:
        for each in torch.folder.iterdir():
            each.unlink()
        torch.folder.rmdir()

        with pytest.raises(DeviceGoneError):
            node.controls["led_mode"].value = 2


class Coming(Files):
    """An LED that can go and come back."""

    def go(self):
        for each in self.folder.iterdir():
            each.unlink()
        self.folder.rmdir()

    def come(self, values=STROBES):
        self.folder.mkdir()
        self.write(**values)


@pytest.fixture
def coming(tmp_path):
    return Coming(tmp_path / "white:flash", STROBES)


@pytest.fixture
def sim():
    return SimulatedCamera("webcam")


@pytest.mark.parametrize("policy", ["raise", "wait"])
def test_camera_goes_on_without_a_light_that_is_gone(sim, coming, policy, caplog):
    with Camera(sim.path, lamp=coming.path, on_disconnect=policy) as camera:
        stream = camera.start()
        coming.go()

        assert camera.capabilities.torch is None
        assert camera.settings.torch is None
        assert camera.photo_capabilities.fill_light_mode == []
        camera.apply_constraints(torch=True, zoom=200)
        assert camera.settings.zoom == 200
        with pytest.raises(OverconstrainedError, match="torch"):
            camera.apply_constraints(torch={"exact": True})
        with pytest.raises(NotSupportedError):
            camera.take_photo(fill_light_mode="flash")
        camera.take_photo(**STREAMED)
        assert camera.read().ok
        assert camera.stream is stream

        (problem,) = camera.problems
        assert isinstance(problem, DeviceGoneError)
        assert problem.filename == coming.path
        assert "Only this part of the camera is gone" in str(problem)
        assert [record.getMessage() for record in caplog.records if "gone" in record.msg] == [
            f"a part of the camera is gone: {problem}"
        ]


def test_light_that_is_back_is_used_again(sim, coming):
    with Camera(sim.path, lamp=coming.path) as camera:
        camera.nodes[-1].controls["intensity_torch_mode"].value = 20
        before = camera.capabilities
        coming.go()
        assert camera.capabilities.torch is None
        assert camera.take_changes()

        coming.come()

        assert camera.capabilities == before
        assert camera.take_changes()
        assert camera.problems == []
        camera.apply_constraints(torch={"exact": True})
        assert (coming["brightness"], camera.settings.torch) == (255, True)
        camera.take_photo(fill_light_mode="flash", **SMALL)


def test_another_light_of_the_same_name_is_used(sim, coming):
    with Camera(sim.path, lamp=coming.path) as camera:
        coming.go()
        coming.come(SHINES)

        assert camera.capabilities.torch == [False, True]
        assert camera.photo_capabilities.fill_light_mode == []


@pytest.mark.parametrize("required", [False, True])
def test_light_that_goes_while_it_is_set_is_its_own_error(sim, coming, monkeypatch, required):
    wanted = {"torch": {"exact": True} if required else True, "zoom": 200}
    with Camera(sim.path, lamp=coming.path) as camera:
        write = type(camera._source).write

        def gone(source, writes):
            writes = list(writes)
            if any(each.member == "torch" for each in writes) and coming.folder.exists():
                coming.go()
            return write(source, writes)

        monkeypatch.setattr(type(camera._source), "write", gone)
        if required:
            with pytest.raises(OverconstrainedError) as caught:
                camera.apply_constraints(wanted)
            assert caught.value.constraint == "torch"
            assert caught.value.__cause__.filename == coming.path
        else:
            camera.apply_constraints(wanted)
        assert camera.settings.zoom == (100 if required else 200)
        assert camera.read().ok


@pytest.mark.parametrize("policy", ["raise", "wait"])
def test_light_that_goes_in_the_middle_of_a_photo_is_its_own_error(
    sim, coming, monkeypatch, policy
):
    strobe = Lamp.strobe

    def gone(lamp, duration):
        coming.go()
        return strobe(lamp, duration)

    monkeypatch.setattr(Lamp, "strobe", gone)
    with Camera(sim.path, lamp=coming.path, on_disconnect=policy) as camera:
        device = camera.device

        with pytest.raises(ControlError) as caught:
            camera.take_photo(fill_light_mode="flash", **SMALL)

        assert caught.value.filename == coming.path
        assert camera.read().ok
        assert camera.device is device


def test_camera_that_goes_with_its_light_is_the_one_that_is_gone(sim, coming):
    """And when it is back, with its light, that is as bright as it was."""
    with Camera(sim.path, lamp=coming.path) as camera:
        camera.nodes[-1].controls["intensity_torch_mode"].value = 20
        coming.go()
        assert camera.capabilities.torch is None
        sim.unplug()
        with pytest.raises(DeviceGoneError) as caught:
            assert camera.settings
        assert caught.value.filename == sim.path

        coming.come()
        sim.replug()
        camera.reopen()

        assert camera.nodes[-1].controls["intensity_torch_mode"].value == 20


def test_nothing_is_left_of_lights_that_go_and_come(sim, coming):
    with Camera(sim.path, lamp=coming.path) as camera:
        before = open_fds()
        for _ in range(5):
            coming.go()
            assert camera.capabilities.torch is None
            coming.come()
            assert camera.capabilities.torch
        assert open_fds() == before


@pytest.fixture
def soon():
    """What waits for ever is interrupted, and where it tries again, too."""

    def late(*_):
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, 20, 2)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", [*STROBES])
def test_nobody_waits_for_a_file_that_is_a_fifo(flash, soon, name):
    """The folder may be anybody's."""
    (flash.folder / name).unlink()
    os.mkfifo(flash.folder / name)

    with contextlib.suppress(DeviceError), open_led(flash.path) as node:
        node.controls.read()
        for mode in (2, 0):
            node.controls["led_mode"].value = mode


def test_light_goes_out_though_the_strobe_cannot_be_stopped(flash):
    with open_led(flash.path) as node:
        node.controls["led_mode"].value = 2
        (flash.folder / "flash_strobe").unlink()
        (flash.folder / "flash_strobe").mkdir()

        with pytest.raises(ControlError):
            node.controls["led_mode"].value = 0

        assert flash["brightness"] == 0


def test_light_goes_out_whose_brightness_cannot_be_read(torch):
    with open_led(torch.path) as node:
        torch.write(brightness="bright")

        node.controls["led_mode"].value = 0

        assert torch["brightness"] == 0


@pytest.mark.parametrize("nonsense", ["", "x", "-1"])
def test_nonsense_in_a_file_is_an_error(torch, nonsense):
    with open_led(torch.path) as node:
        torch.write(brightness=nonsense)
        with pytest.raises(ControlError) as caught:
            _ = node.controls["led_mode"].value

    assert caught.value.errno == errno.EPROTO


def test_closed_led_says_so(torch):
    node = open_led(torch.path)
    node.close()

    with pytest.raises(ClosedError):
        node.controls.refresh()


def test_led_tells_of_nothing_and_keeps_nobody_waiting(torch):
    """Who waits for changes of the camera would never sleep, or never be told."""
    with opened(torch) as camera:
        assert len(camera.events) == len(camera.nodes) - 1
        assert camera.nodes[-1].events.try_read() is None
        assert camera.take_changes() is False


@pytest.fixture
def leds(tmp_path, monkeypatch):
    """A machine with some LEDs; returns the folder of all."""
    monkeypatch.setattr(led, "_CLASS", str(tmp_path))
    Files(tmp_path / "input3::capslock", SHINES)
    Files(tmp_path / "white:torch", SHINES)
    Files(tmp_path / "yellow:flash", STROBES)
    return tmp_path


def test_led_that_is_not_there_is_told_of(leds):
    with pytest.raises(DeviceError, match="LEDs are: yellow:flash, white:torch") as caught:
        Camera("sim:webcam", lamp="white:flash")

    assert caught.value.errno == errno.ENOENT


@pytest.mark.parametrize("name", [5, b"white:flash", True])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(TypeError, match="give the name of an LED"):
        Camera("sim:webcam", lamp=name)


def test_camera_whose_lamp_is_missing_is_closed_again(leds):
    before = open_fds()
    with pytest.raises(DeviceError):
        Camera("sim:webcam", lamp="white:flash")

    assert open_fds() == before


def test_folder_that_is_no_led_is_not_one(tmp_path):
    with pytest.raises(DeviceError) as caught:
        open_led(str(tmp_path))

    assert caught.value.errno == errno.ENOTTY


def test_led_that_may_not_be_written_is_said(flash, monkeypatch):
    forbidden = f"{flash.path}/flash_strobe"
    monkeypatch.setattr(os, "access", lambda path, *_, **__: path != forbidden)

    with pytest.raises(DevicePermissionError) as caught:
        opened(flash)

    assert caught.value.filename == forbidden
    assert "It belongs to " in str(caught.value)
    assert "udev rule" in str(caught.value)


def test_led_that_a_trigger_drives_is_said(torch):
    torch.write(trigger="none [heartbeat] timer")

    with pytest.raises(DeviceBusyError, match="'heartbeat' drives the LED"):
        opened(torch)


# ---- whose light it is ----


def sensor(node="v4l-subdev2", orientation=None):
    controls = {}
    if orientation is not None:
        controls[IDS["camera_orientation"]] = SimpleNamespace(value=orientation)
    return SimpleNamespace(path=f"/dev/{node}", controls=controls)


@pytest.fixture
def machine(leds, tmp_path_factory, monkeypatch):
    """A phone: function to point a sensor to LEDs."""
    tree, video = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("video")
    monkeypatch.setattr(led, "_TREE", str(tree))
    monkeypatch.setattr(led, "_VIDEO", str(video))
    for number, name in enumerate(("white:torch", "yellow:flash"), 0x51):
        node = tree / "soc" / f"led@{number}"
        node.mkdir(parents=True)
        (node / "phandle").write_bytes(bytes((0, 0, 0, number)))
        (leds / name / "uevent").write_text(f"OF_NAME=led\nOF_FULLNAME=/soc/led@{number}\n")

    def point(node, *numbers):
        folder = video / node / "device" / "of_node"
        folder.mkdir(parents=True)
        (folder / "flash-leds").write_bytes(b"".join(bytes((0, 0, 0, n)) for n in numbers))

    return point


def test_lights_are_found_by_name_and_those_that_strobe_come_first(leds):
    assert led_names() == ["yellow:flash", "white:torch"]


@pytest.mark.parametrize(
    ("numbers", "name"),
    [((0x51,), "white:torch"), ((0x52,), "yellow:flash"), ((0x51, 0x52), "yellow:flash")],
)
def test_device_tree_says_whose_light_it_is(machine, monkeypatch, numbers, name):
    monkeypatch.setattr(led, "count_sensors", lambda: 2)
    machine("v4l-subdev2", *numbers)

    found, failed = find_led(sensor())

    assert (found.name, found.function, failed) == (name, "flash", [])


def test_device_tree_that_points_elsewhere_is_believed(machine, monkeypatch):
    monkeypatch.setattr(led, "count_sensors", lambda: 1)
    machine("v4l-subdev2", 0x77)

    assert find_led(sensor()) == (None, [])


@pytest.mark.parametrize(("sensors", "name"), [(1, "yellow:flash"), (2, None), (0, None)])
def test_without_it_only_the_only_sensor_has_the_light(machine, monkeypatch, sensors, name):
    monkeypatch.setattr(led, "count_sensors", lambda: sensors)

    found, failed = find_led(sensor())

    assert (found and found.name, failed) == (name, [])


@pytest.mark.parametrize(("orientation", "name"), [(0, None), (1, "yellow:flash")])
def test_light_is_not_for_who_holds_the_phone(machine, monkeypatch, orientation, name):
    """The sensor on the back may have no driver yet."""
    monkeypatch.setattr(led, "count_sensors", lambda: 1)

    found, failed = find_led(sensor(orientation=orientation))

    assert (found and found.name, failed) == (name, [])


def test_sensor_beside_one_that_is_pointed_to_has_no_light(machine, monkeypatch):
    monkeypatch.setattr(led, "count_sensors", lambda: 2)
    machine("v4l-subdev2", 0x52)

    assert find_led(sensor("v4l-subdev5")) == (None, [])


def test_who_cannot_count_sensors_says_so(machine, monkeypatch):
    def fail():
        raise DevicePermissionError(errno.EACCES, "Permission denied", "/dev/media1")

    monkeypatch.setattr(led, "count_sensors", fail)

    found, (error,) = find_led(sensor())

    assert found is None
    assert "lamp='yellow:flash'" in str(error)


def test_light_that_may_not_be_used_is_a_problem_and_hides_no_other(machine, monkeypatch):
    monkeypatch.setattr(led, "count_sensors", lambda: 1)
    monkeypatch.setattr(os, "access", lambda path, *_, **__: "yellow" not in path)

    found, (error,) = find_led(sensor())

    assert found.name == "white:torch"
    assert error.filename.endswith("yellow:flash/brightness")


@pytest.mark.parametrize("profile", ["webcam", "mplane"])
def test_camera_without_a_sensor_takes_no_light(leds, monkeypatch, profile):
    """A USB camera in the socket of a phone sees something else than the phone's torch lights."""
    monkeypatch.setattr(led, "count_sensors", lambda: 1)
    with Camera(f"sim:{profile}") as camera:
        assert camera.capabilities.torch is None
        assert camera.problems == []


def test_simulated_sensor_takes_no_light_of_this_machine(leds, monkeypatch):
    monkeypatch.setattr(led, "count_sensors", lambda: 1)
    sim = SimulatedCamera("sensor")
    sim.fault("open_error", subdevice="flash")
    with Camera(sim.path) as camera:
        assert camera.capabilities.torch is None


def test_own_flash_is_the_light_unless_another_is_named(flash):
    sim = SimulatedCamera("phone")
    with Camera(sim.path) as camera:
        assert [each.name for each in camera.nodes[1:]] == ["dw9714 10-000c", "white:flash-0"]
    with Camera(sim.path, lamp=flash.path) as camera:
        assert [each.name for each in camera.nodes[1:]] == ["dw9714 10-000c", "white:flash"]
        camera.apply_constraints(torch={"exact": True})

    assert flash["brightness"] == 255


# ---- on the command line ----


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("caps",), "auto, off, flash"),
        (("controls",), "flash white:flash ("),
        (("set", "torch=on"), "torch"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else None,
)
def test_every_command_takes_a_lamp(run, flash, command, told):
    name, *words = command

    status, out, _ = run(name, "sim:webcam", "--lamp", flash.path, *words)

    assert status == 0
    assert told in out


def test_photo_in_the_light_of_an_led(run, flash, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = flash.read()
    shot = ("photo", "sim:webcam", "-o", "x.jpg", "--width", "320", "--lamp", flash.path)

    status, _, _ = run(*shot, "--fill-light", "flash", "--red-eye", "--pre-light", "0.6")

    assert status == 0
    assert flash.read() == before


def test_lamp_that_is_not_there_is_said(run, leds):
    status, out, err = run("caps", "sim:webcam", "--lamp", "white:flash")

    assert (status, out) == (1, "")
    assert "LEDs are: yellow:flash, white:torch" in err


def test_doctor_says_which_lights_there_are_and_may_not_be_written(run, leds, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, *_, **__: "yellow" not in str(path))

    _, out, _ = run("doctor")

    assert "   LED white:torch: may be lit" in out
    assert " ! LED yellow:flash: cannot be a camera's light" in out
    assert "yellow:flash/brightness" in out
