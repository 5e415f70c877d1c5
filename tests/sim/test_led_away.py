# SPDX-License-Identifier: MIT
"""A light that goes while its camera stays, and comes back."""

import pytest

from v4l2capture import (
    Camera,
    ControlError,
    DeviceGoneError,
    NotSupportedError,
    OverconstrainedError,
)
from v4l2capture.lamp import Lamp
from v4l2capture.led import open_led

from .lanes import open_fds
from .ledfiles import SHINES, SMALL, STREAMED, STROBES, Files


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


def test_led_that_is_gone_is_told_of(coming):
    with open_led(coming.path) as node:
        coming.go()

        with pytest.raises(DeviceGoneError):
            node.controls["led_mode"].value = 2


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
        write = type(camera._source.controls).write

        def gone(source, writes):
            writes = list(writes)
            if any(each.member == "torch" for each in writes) and coming.folder.exists():
                coming.go()
            return write(source, writes)

        monkeypatch.setattr(type(camera._source.controls), "write", gone)
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
