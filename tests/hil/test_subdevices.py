# SPDX-License-Identifier: MIT
"""Sensor, lens and flash of real nodes: testcam has two cameras in one media device."""

import contextlib
from collections.abc import Iterator

import pytest

from v4l2capture import (
    Device,
    DeviceGoneError,
    DevicePermissionError,
    SimulatedCamera,
    Subdevice,
    find_subdevices,
)
from v4l2capture.subdevice import locate_subdevices

from . import testcam
from .nodes import unplugged
from .rights import modes, nobody
from .testcam import FLASH, FULL, LED_MODE, LENS, RAW, SENSOR, VIDEO


@pytest.fixture
def full() -> Iterator[Device]:
    """The camera with an image processor, everything in its default."""
    with Device(testcam.reset(FULL)) as device:
        yield device


@pytest.fixture
def raw() -> Iterator[Device]:
    """The raw camera, everything in its default."""
    with Device(testcam.reset(RAW)) as device:
        yield device


def opened(device: Device) -> dict[str, Subdevice]:
    found, failed = find_subdevices(device)
    assert failed == []
    return {each.function: each for each in found}


@pytest.mark.parametrize("number", [FULL, RAW], ids=["full", "raw"])
def test_each_camera_has_its_own_parts(number: int) -> None:
    with Device(testcam.reset(number)) as device:
        found = locate_subdevices(device)

    assert [(each.function, each.name, each.path) for each in found] == [
        ("sensor", SENSOR.format(number), testcam.path_of(SENSOR, number)),
        ("lens", LENS.format(number), testcam.path_of(LENS, number)),
        ("flash", FLASH.format(number), testcam.path_of(FLASH, number)),
    ]


def test_node_may_be_named_by_a_link(tmp_path) -> None:
    link = tmp_path / "camera"
    link.symlink_to(testcam.reset(FULL))
    with Device(link) as device:
        assert len(locate_subdevices(device)) == 3


def test_camera_without_lens_and_flash_has_a_sensor_only() -> None:
    with testcam.loaded("lens=0", "flash=0"), Device(testcam.path_of(VIDEO)) as device:
        found, failed = find_subdevices(device)
        for each in found:
            each.close()  # or the module stays in use

    assert [each.function for each in found] == ["sensor"]
    assert failed == []


def test_cameras_without_subdevices_have_none(vivid: str, loopback_shared: str) -> None:
    """vivid has a media device, v4l2loopback has not."""
    for path in (vivid, loopback_shared):
        with Device(path) as device:
            assert find_subdevices(device) == ([], [])


def test_opening_and_closing_change_nothing(raw: Device) -> None:
    with testcam.open_part(LENS, RAW) as lens:
        lens.set(testcam.FOCUS_ABSOLUTE, 321)
    for each in opened(raw).values():
        each.controls.read()
        each.close()

    with testcam.open_part(LENS, RAW) as lens:
        assert lens.get(testcam.FOCUS_ABSOLUTE) == 321


def test_controls_reach_the_hardware(raw: Device) -> None:
    parts = opened(raw)
    parts["lens"].controls["focus_absolute"].value = 123
    parts["flash"].controls["led_mode"].value = 2

    with testcam.open_part(LENS, RAW) as lens, testcam.open_part(FLASH, RAW) as flash:
        assert lens.get(testcam.FOCUS_ABSOLUTE) == 123
        assert flash.get(LED_MODE) == testcam.TORCH_MODE


def test_what_others_write_is_told(full: Device) -> None:
    flash = opened(full)["flash"]
    flash.events.subscribe("led_mode")
    with testcam.open_part(FLASH) as other:
        other.set(LED_MODE, testcam.FLASH_MODE)

    event = flash.events.read(5)
    assert (event.control, event.value) == ("led_mode", testcam.FLASH_MODE)


def test_blanking_comes_before_the_exposure_that_it_allows(raw: Device) -> None:
    controls = opened(raw)["sensor"].controls
    longest = controls["exposure"].maximum
    done = controls.set({"exposure": longest + 500, "vertical_blanking": 1520 + 600})

    assert done == {"exposure": longest + 500, "vertical_blanking": 1520 + 600}
    assert controls["exposure"].maximum == longest + 600


def test_part_that_may_not_be_opened_hides_no_other(full: Device) -> None:
    paths = [full.path, testcam.media_path()]
    paths += [testcam.path_of(kind) for kind in (SENSOR, LENS)]
    with modes(paths, 0o666), nobody():
        found, (error,) = find_subdevices(full)

    assert [each.function for each in found] == ["sensor", "lens"]
    assert isinstance(error, DevicePermissionError)
    assert error.filename == testcam.path_of(FLASH)
    assert "mode 0" in error.hint


def test_media_device_that_may_not_be_opened_is_told_of(full: Device) -> None:
    with modes([testcam.media_path()], 0o600), nobody():
        found, (error,) = find_subdevices(full)

    assert found == []
    assert isinstance(error, DevicePermissionError)
    assert error.filename == testcam.media_path()


def test_parts_go_with_the_camera(full: Device) -> None:
    parts = opened(full).values()
    with unplugged(testcam), contextlib.ExitStack() as stack:
        for each in (full, *parts):
            stack.callback(each.close)  # or its number is taken when it is back
        for part in parts:
            with pytest.raises(DeviceGoneError):
                part.controls.refresh()
        found, (error,) = find_subdevices(full)

    assert found == []
    assert error.filename == full.path


def test_recorded_camera_plays_with_its_parts(full: Device) -> None:
    profile = full.profile()

    camera = SimulatedCamera(profile, clock="manual")
    with Device(camera.path) as device:
        again = device.profile()
    assert again["subdevices"] == profile["subdevices"]
