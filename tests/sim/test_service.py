# SPDX-License-Identifier: MIT
"""What a daemon needs: silence, a look at the camera's health, no home, and no light left on."""

import ast
import gc
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

import v4l2capture
from v4l2capture import Camera, CameraHealth, DeviceGoneError, SimulatedCamera

from .lanes import simulated

PACKAGE = Path(v4l2capture.__file__).parent


def run_program(program, *args, **options):
    options = {"capture_output": True, "text": True, "timeout": 60} | options
    return subprocess.run([sys.executable, "-c", program, *args], check=False, **options)


# ---- the log ----

WARNS = """
import logging, sys
from v4l2capture import Camera, SimulatedCamera
if sys.argv[1:]:
    logging.basicConfig(format="%(name)s %(levelname)s %(message)s")
camera = SimulatedCamera("phone")
camera.fault("open_error", subdevice="flash")
with Camera(camera.path) as open_camera:
    assert open_camera.problems
"""


def test_nothing_is_said_where_nobody_asked_for_a_log():
    done = run_program(WARNS)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_program_that_wants_the_log_gets_it():
    done = run_program(WARNS, "log")

    assert done.stderr.startswith("v4l2capture.parts WARNING a part of the camera is left out")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_each_module_has_a_logger_of_its_own(path):
    """So that a program can choose what it wants to hear of. Level and handlers are its own."""
    calls = {
        ast.unparse(node)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    if "cli" in path.parts:
        return  # a program

    allowed = {"logging.getLogger(__name__)", "logging.getLogger(__package__)"}
    assert {call for call in calls if call.startswith("logging.getLogger(")} - allowed in (
        set(),
        {"logging.getLogger(__package__).addHandler(logging.NullHandler())"},
    )
    assert not {
        call
        for call in calls
        if call.startswith(("print(", "logging.basicConfig", "logging.warning", "warnings.simple"))
    }


def test_commands_say_what_is_logged(run, monkeypatch):
    from v4l2capture import controlset, parts

    look = controlset.ControlSet.states

    def warn(self, names=None):
        parts._log.warning("it is getting dark")
        parts._log.info("by the way")
        return look(self, names)

    monkeypatch.setattr(controlset.ControlSet, "states", warn)

    status, _, err = run("caps", "sim:webcam")

    assert status == 0
    assert set(err.splitlines()) == {"v4l2capture: it is getting dark"}
    assert [type(each) for each in logging.getLogger("v4l2capture").handlers] == [
        logging.NullHandler
    ]


# ---- health ----

IDLE = CameraHealth(
    closed=False, streaming=False, last_frame_age=None, held=0, buffers=0, stats=None
)


def test_health_of_a_camera_that_does_not_stream():
    sim = simulated()
    with Camera(sim.path) as camera:
        assert camera.health() == IDLE

    assert camera.health() == replace(IDLE, closed=True)


def test_health_of_a_camera_that_streams():
    sim = simulated()
    with Camera(sim.path) as camera:
        stream = camera.start()
        before = camera.health()
        sim.tick(2)
        frame = stream.read(0)
        after = camera.health()
        sim.tick(30)
        later = camera.health()

        assert (before.streaming, before.last_frame_age, before.stats.delivered) == (True, None, 0)
        assert (after.held, after.buffers, after.stats.delivered) == (1, stream.buffers, 1)
        assert 0 <= after.last_frame_age < 0.1
        assert later.last_frame_age == pytest.approx(after.last_frame_age + 1)
        assert frame.sequence == 0

        camera.stop()
        assert camera.health() == IDLE


def test_health_of_a_camera_that_is_gone():
    sim = simulated()
    with Camera(sim.path) as camera:
        stream = camera.start()
        sim.unplug()
        with pytest.raises(DeviceGoneError):
            stream.read(0)

        assert camera.health().streaming
        assert camera.health().last_frame_age is None


def test_health_is_a_value():
    with pytest.raises(FrozenInstanceError):
        IDLE.held = 1


def test_health_asks_the_camera_nothing():
    sim = simulated()
    with Camera(sim.path) as camera:
        camera.start()
        requests = ("VIDIOC_G_FMT", "VIDIOC_G_EXT_CTRLS", "VIDIOC_QUERY_EXT_CTRL", "VIDIOC_DQBUF")
        before = [sim.ioctls(request) for request in requests]

        for _ in range(100):
            camera.health()

        assert [sim.ioctls(request) for request in requests] == before


def test_health_does_not_wait_for_who_has_the_camera():
    """Another thread takes a photo, and the camera gives none."""
    sim = simulated()
    with Camera(sim.path) as camera:

        def grab():
            with pytest.raises(v4l2capture.ClosedError):
                camera.grab_frame(timeout=None)

        waits = threading.Thread(target=grab)
        waits.start()
        end = time.monotonic() + 10
        while not camera.health().streaming:
            assert time.monotonic() < end
        assert camera.health().stats.delivered == 0
        camera.close()
        waits.join()

        assert camera.health() == replace(IDLE, closed=True)


# ---- a service account ----

ALL_LEVELS = """
import asyncio, os, sys
from v4l2capture import Camera, Device, ImageCapture, MediaDevices, list_devices
from v4l2capture.cli import main

assert "HOME" not in os.environ
list_devices()
with Device("sim:webcam") as device, device.stream() as stream:
    stream.read().to_rgb()
with Camera("sim:phone") as camera:
    camera.apply_constraints(zoom=200)
    camera.take_photo()

async def shoot():
    stream = await MediaDevices(["sim:webcam"]).get_user_media({"video": True})
    (track,) = stream.get_tracks()
    await ImageCapture(track).take_photo()
    track.stop()

asyncio.run(shoot())
sys.exit(main(["caps", "sim:webcam", "--json"]))
"""


def service_environment():
    """No home and no path, but what the sanitizer lane needs to load the C core at all."""
    sanitizer = {"LD_PRELOAD", "ASAN_OPTIONS", "UBSAN_OPTIONS"} & os.environ.keys()
    return {"PYTHONPATH": str(PACKAGE.parent)} | {name: os.environ[name] for name in sanitizer}


def test_needs_no_home_and_no_folder_to_write_to():
    done = run_program(
        ALL_LEVELS,
        cwd="/proc",  # in which not even root can write
        env=service_environment() | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert '"capabilities"' in done.stdout


def test_needs_no_standard_streams():
    """A daemon has closed them, and the next descriptors that are opened get their numbers."""
    closed = f"import os; os.closerange(0, 3)\n{ALL_LEVELS.replace('sys.exit(main', '(main')}"
    done = run_program(closed + "\nos._exit(42)", env=service_environment())

    assert done.returncode == 42


# ---- no light is left on ----

LIT = """
import asyncio, atexit, signal, sys, threading, time
from v4l2capture import Camera, Device, ImageCapture, MediaDevices, SimulatedCamera, find_subdevices

sim = SimulatedCamera("phone")
(flash,) = (each for each in find_subdevices(Device(sim.path))[0] if each.function == "flash")
mode = flash.controls["led_mode"]
dark = mode.value
seen = []
# Registered first, so it is called last.
atexit.register(lambda: print("lit" if mode.value != dark else "dark", "was lit" if seen else ""))


def shoot():
    with Camera(sim.path) as camera:
        camera.take_photo(fill_light_mode="flash", red_eye_reduction=True)


def wait():
    while mode.value == dark:
        time.sleep(0.001)
    seen.append(True)


def interrupt(number):
    def later():
        wait()
        signal.pthread_kill(threading.main_thread().ident, number)

    threading.Thread(target=later).start()


def exit_in_the_middle():
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(0))
    interrupt(signal.SIGALRM)
    shoot()


def error_in_the_middle():
    def fail(*_):
        raise ZeroDivisionError

    signal.signal(signal.SIGALRM, fail)
    interrupt(signal.SIGALRM)
    shoot()


def sigterm():
    interrupt(signal.SIGTERM)
    shoot()


def sigint():
    interrupt(signal.SIGINT)
    shoot()


def thread():
    threading.Thread(target=shoot).start()
    wait()


def daemon_thread():
    threading.Thread(target=shoot, daemon=True).start()
    wait()


def event_loop():
    async def main():
        stream = await MediaDevices([sim.path]).get_user_media({"video": True})
        capture = ImageCapture(stream.get_tracks()[0])
        photo = capture.take_photo({"fillLightMode": "flash", "redEyeReduction": True})
        while mode.value == dark:
            await asyncio.sleep(0.001)
        seen.append(photo)
        sys.exit(0)

    asyncio.run(main())


globals()[sys.argv[1]]()
"""

ENDS = [
    *("exit_in_the_middle", "error_in_the_middle", "sigterm", "sigint"),
    *("thread", "daemon_thread", "event_loop"),
]


@pytest.mark.parametrize("end", ENDS)
def test_program_that_ends_in_the_middle_of_a_photo_leaves_no_light_on(end):
    done = run_program(LIT, end)

    assert done.stdout.split("\n")[0] == "dark was lit"


def test_light_that_was_asked_for_stays():
    """It is a setting as all others: ``v4l2capture set torch=true`` would be of no use else."""
    sim = SimulatedCamera("phone")
    with Camera(sim.path) as camera:
        camera.apply_constraints(torch=True)
    gc.collect()

    with Camera(sim.path) as camera:
        assert camera.settings.torch
