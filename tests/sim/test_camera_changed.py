# SPDX-License-Identifier: MIT
"""A camera that is back and is another one: it refuses what was set, or has it no more."""

import gc
import json
import logging

import pytest

from v4l2capture import (
    Camera,
    CaptureTimeout,
    ControlError,
    DeviceError,
    DeviceGoneError,
    OverconstrainedError,
)
from v4l2capture import connection as connection_module
from v4l2capture import refusal as refusal_module
from v4l2capture import sim as sim_module

from ..waits import Doing, wait_until_away
from .face import control
from .lanes import small


@pytest.fixture
def impatient(monkeypatch):
    """What a camera refuses, it refuses for good."""
    monkeypatch.setattr(refusal_module, "REFUSES", 0.0)


# ---- what it refuses ----


def test_control_that_is_refused_is_said_in_the_log(sim, caplog):
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom=200)
        camera.controls["brightness"].value = 7
        sim.unplug()
        sim.replug()
        sim.fault("control_eio")

        with caplog.at_level(logging.WARNING):
            camera.reopen()

        said = " ".join(caplog.messages)
        assert "zoom is not as wanted" in said
        assert "brightness is not as it was" in said
        assert camera.settings.zoom == 100


def test_refusal_is_remembered_for_the_next_time(sim):
    with Camera(sim.path) as camera:
        camera.controls["brightness"].value = 7
        for fault in (True, False):
            sim.unplug()
            sim.replug()
            if fault:
                sim.fault("control_eio")
            camera.reopen()
            sim.clear_faults()

        assert control(sim, "brightness") == 7


@pytest.mark.parametrize("policy", ["raise", "wait"])
def test_required_control_that_is_refused_is_an_error(sim, impatient, policy):
    with Camera(sim.path, on_disconnect=policy) as camera:
        camera.apply_constraints(zoom={"exact": 200})
        sim.unplug()
        sim.replug()
        sim.fault("control_eio", control="zoom_absolute")

        with pytest.raises(ControlError, match="zoom_absolute"):
            camera.reopen() if policy == "raise" else camera.read()
        assert sim.handles == 0
        sim.clear_faults()
        camera.reopen()

        assert camera.settings.zoom == 200


def test_camera_that_does_not_stream_any_more_is_an_error(sim, impatient):
    with Camera(sim.path, on_disconnect="wait") as camera:
        camera.start()
        sim.unplug()
        reading = Doing(lambda: camera.read(timeout=None))
        wait_until_away(camera)

        sim.fault("streamon_error", value=5)
        sim.replug()

        with pytest.raises(DeviceError) as caught:
            reading.end()
        assert caught.value.operation == "VIDIOC_STREAMON"


def test_camera_that_refuses_only_for_a_moment_is_waited_for(sim):
    with Camera(sim.path, on_disconnect="wait") as camera:
        camera.start()
        sim.unplug()
        sim.fault("streamon_error", value=5, count=1)
        sim.replug()

        assert camera.read(timeout=10).ok


# ---- what it has no more ----


@pytest.fixture
def file(tmp_path):
    """A camera that a test can change while it is away."""

    def write(*widths):
        sizes = [{"width": w, "height": w // 4 * 3, "frame_rates": ["100"]} for w in widths]
        formats = [{"pixel_format": "YUYV", "sizes": sizes}]
        path.write_text(json.dumps(small(formats=formats)), encoding="utf-8")
        return f"sim:{path}"

    path = tmp_path / "camera.json"
    return write


@pytest.mark.parametrize("required", [True, False])
def test_camera_that_is_back_with_less_says_so(file, required):
    """In a slower socket, most USB cameras have fewer sizes."""
    path = file(160, 320)
    with Camera(path) as camera:
        camera.apply_constraints(
            {"width": {"exact": 320} if required else 320, "resizeMode": {"exact": "none"}}
        )
        sim_module.resolve(path).unplug()
        with pytest.raises(CaptureTimeout):
            camera.reopen()
        file(160)
        gc.collect()

        if required:
            with pytest.raises(OverconstrainedError) as caught:
                camera.reopen()
            assert caught.value.constraint == "width"
        else:
            camera.reopen()
            assert camera.settings.width == 160


MAINS = "power_line_frequency"

MENU = {"id": "0x00980918", "name": MAINS, "type": "menu", "min": 0, "max": 2, "default": 0}

ZOOM = {"id": "0x009a090d", "name": "zoom_absolute", "type": "int", "min": 100, "max": 500}

ZOOM |= {"step": 1, "default": 100, "value": 100}

BEFORE = [ZOOM, MENU | {"value": 0, "menu": {"0": "Off", "1": "50 Hz", "2": "60 Hz"}}]


@pytest.fixture
def changed(tmp_path):
    """A camera that has other controls when it is back: another firmware, or another mode."""
    path = tmp_path / "camera.json"

    def write(*controls):
        path.write_text(json.dumps(small(controls=[*controls])), encoding="utf-8")
        return f"sim:{path}"

    def change(camera, *controls):
        sim_module.resolve(f"sim:{path}").unplug()
        with pytest.raises(CaptureTimeout):
            camera.reopen()
        write(*controls)
        gc.collect()

    with Camera(write(*BEFORE)) as camera:
        yield camera, lambda *controls: change(camera, *controls)


FEWER = MENU | {"menu": {"0": "Off"}, "max": 0, "value": 0}

NUMBER = ZOOM | {"id": MENU["id"], "name": MAINS}


@pytest.mark.parametrize(
    ("value", "now"),
    [(2, FEWER), ("60 Hz", FEWER), ("60 Hz", NUMBER)],
    ids=["no such entry", "no such label", "another type"],
)
def test_control_that_is_another_one_now_is_left_alone(changed, caplog, value, now):
    camera, change = changed
    camera.controls[MAINS].value = value
    camera.controls["zoom_absolute"].value = 200
    change(now, ZOOM)

    camera.reopen()

    assert camera.settings.zoom == 200
    assert f"{MAINS} is not as it was" in caplog.text


@pytest.mark.parametrize("controls", [[], [ZOOM | {"max": 150}]], ids=["none", "less"])
def test_camera_that_cannot_do_any_more_what_is_required_says_so(changed, controls):
    camera, change = changed
    camera.apply_constraints(zoom={"exact": 300})
    change(*controls)

    with pytest.raises(OverconstrainedError) as caught:
        camera.reopen()

    assert caught.value.constraint == "zoom"
    camera.device.close()


def test_camera_that_goes_while_it_is_looked_at_is_let_go(sim, monkeypatch):
    def unplugged(_, changed):
        raise DeviceGoneError(19, "No such device", sim.path)

    with Camera(sim.path) as camera:
        camera.start()
        sim.unplug()
        sim.replug()
        monkeypatch.setattr(connection_module, "CameraState", unplugged)
        with pytest.raises(DeviceGoneError) as kept:
            camera.reopen()

        assert kept.value
        assert sim.handles == 0
