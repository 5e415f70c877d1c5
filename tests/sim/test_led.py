# SPDX-License-Identifier: MIT
"""An LED of the kernel's LED class as the light of a camera.

Its files are plain ones here, so they keep what was written: a strobe does not end by itself.
tests/hil/test_lamp.py and test_led.py have the kernel's LED class, and light in the picture.
"""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from v4l2capture import (
    Camera,
    CaptureTimeout,
    ClosedError,
    ControlError,
    DeviceBusyError,
    DeviceError,
    DevicePermissionError,
    NotSupportedError,
    SimulatedCamera,
)
from v4l2capture.lamp import Lamp
from v4l2capture.led import open_led

from .ledfiles import SHINES, SMALL, STREAMED, STROBES, Files, opened


@pytest.fixture(params=[SHINES, STROBES], ids=["shines", "strobes"])
def lamp(request, tmp_path):
    return Files(tmp_path / "white:flash", request.param)


@pytest.fixture
def torch(tmp_path):
    return Files(tmp_path / "white:torch", SHINES)


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
