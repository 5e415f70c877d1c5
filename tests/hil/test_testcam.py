# SPDX-License-Identifier: MIT
"""The test camera itself: a picture that lies would make liars of the tests that read it."""

import contextlib
import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

from v4l2capture import Device, DeviceGoneError, Stream

from . import testcam, testcam_code
from .nodes import unplugged
from .testcam import FLASH, FULL, LENS, RAW, SENSOR, VIDEO, Node

FRAME_TIMEOUT_S = 10.0
SETTLED = 40  # frames in which every automatic arrives


@pytest.fixture
def full() -> str:
    """The camera with an image processor, everything in its default."""
    return testcam.reset(FULL)


@pytest.fixture
def raw() -> str:
    """The raw camera, everything in its default."""
    return testcam.reset(RAW)


@pytest.fixture
def flash(full) -> Iterator[Node]:
    with testcam.open_part(FLASH) as node:
        yield node


@pytest.fixture
def manual(full) -> Iterator[Device]:
    """No automatics, 10 ms at ISO 100: the grey card has luma 125 and no tint."""
    with Device(full) as device:
        set_all = device.controls.set
        set_all({"auto_exposure": 1, "iso_sensitivity_auto": 0, "white_balance_automatic": 0})
        set_all({"exposure_time_absolute": 100, "iso_sensitivity": 0})
        set_all({"white_balance_temperature": 5000})
        yield device


@dataclass(frozen=True)
class Shot:
    """What is left of a frame when its buffer went back, so that many can be kept."""

    picture: np.ndarray
    code: testcam_code.Code
    sequence: int
    timestamp_ns: int

    @property
    def card(self) -> float:
        return testcam_code.grey_card(self.picture)


def shots(stream: Stream, number: int) -> Iterator[Shot]:
    """Give frames that end from now on; what waits in the queue is older."""
    now = time.monotonic_ns()
    while number:
        with stream.read(timeout=FRAME_TIMEOUT_S) as frame:
            picture = frame.array().copy()
            shot = Shot(picture, testcam_code.read(picture), frame.sequence, frame.timestamp_ns)
        if shot.timestamp_ns > now:
            number -= 1
            yield shot


def until(stream: Stream, done: Callable[[testcam_code.Code], bool]) -> Shot:
    """Return the first frame whose code is as wanted."""
    for shot in shots(stream, 60):
        if done(shot.code):
            return shot
    raise AssertionError("no frame is as wanted")


def last_of(stream: Stream, number: int) -> Shot:
    return list(shots(stream, number))[-1]


def colour(stream: Stream, name: str, number: int) -> tuple[float, float, float]:
    """Return the colour of a patch in the last of some frames."""
    last_of(stream, number)
    with stream.read(timeout=FRAME_TIMEOUT_S) as frame:
        return testcam_code.patch(frame.to_rgb(), name)


# ---- what there is ----


def test_media_device_ties_each_part_to_its_own_sensor(full):
    graph = testcam.topology()

    for number in (FULL, RAW):
        video, sensor, lens, light = (kind.format(number) for kind in (VIDEO, SENSOR, LENS, FLASH))
        assert (sensor, video) in graph.data
        assert {sink for source, sink in graph.ancillary if source == sensor} == {lens, light}
        assert graph.functions[video] == 0x10001  # MEDIA_ENT_F_IO_V4L
        assert graph.functions[sensor] == 0x20001  # MEDIA_ENT_F_CAM_SENSOR
        assert graph.functions[light] == 0x20002
        assert graph.functions[lens] == 0x20003
        for kind, name in ((VIDEO, video), (SENSOR, sensor), (LENS, lens), (FLASH, light)):
            device = Path(testcam.path_of(kind, number)).stat().st_rdev
            assert (os.major(device), os.minor(device)) == graph.nodes[name]


def test_image_processor_owns_sensor_and_lens(full, raw):
    registers = (testcam.EXPOSURE, testcam.ANALOGUE_GAIN, testcam.VBLANK)
    for number in (FULL, RAW):
        with testcam.open_part(SENSOR, number) as sensor, testcam.open_part(LENS, number) as lens:
            owned = [sensor.is_read_only(control) for control in registers]
            owned.append(lens.is_read_only(testcam.FOCUS_ABSOLUTE))
            places = sensor.get(testcam.ORIENTATION), sensor.get(testcam.ROTATION)

        assert set(owned) == {number == FULL}
        assert places == ((1, 90) if number == FULL else (0, 270))


@pytest.mark.parametrize(
    ("kind", "number", "broken"),
    [
        (VIDEO, FULL, set()),
        (VIDEO, RAW, set()),
        (SENSOR, RAW, set()),
        (LENS, RAW, set()),
        # It presses STROBE in any mode and takes EBUSY, which is what drivers say, for a fault.
        (FLASH, FULL, {"VIDIOC_G/S_CTRL", "VIDIOC_G/S/TRY_EXT_CTRLS"}),
    ],
    ids=["node", "raw node", "sensor", "lens", "flash"],
)
def test_driver_does_what_the_interface_asks(full, raw, kind, number, broken):
    option = "-d" if kind == VIDEO else "-u"
    said = subprocess.run(
        ["v4l2-compliance", option, testcam.path_of(kind, number)], capture_output=True, text=True
    ).stdout

    failed = {line.split()[1].rstrip(":") for line in said.splitlines() if ": FAIL" in line}
    assert "Total for testcam" in said
    assert failed == broken, said


# ---- the picture ----


@pytest.mark.parametrize(
    ("number", "pixel_format"),
    [(FULL, "YUYV"), (FULL, "GREY"), (FULL, "GRBG"), (FULL, "BA10"), (RAW, "GRBG"), (RAW, "BA10")],
)
def test_code_is_read_in_every_format(full, raw, number, pixel_format):
    with Device(testcam.path_of(VIDEO, number)) as device:
        device.set_format(640, 480, pixel_format)
        with device.stream() as stream:
            for shot in shots(stream, 3):
                assert (shot.code.camera, shot.code.sequence) == (number, shot.sequence)
                assert not shot.code.torch
                assert not shot.code.strobe
            source = "start of exposure" if number == RAW else "end of frame"
            assert stream.read(timeout=FRAME_TIMEOUT_S).timestamp_source == source


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (2592, 1944)])
def test_code_is_read_in_every_size_and_after_compression(manual, size):
    manual.set_format(*size)
    with manual.stream() as stream, stream.read(timeout=FRAME_TIMEOUT_S) as frame:
        code = testcam_code.read(frame.array())

        assert code.lines * testcam.line_ns(size[0]) == pytest.approx(10e6)
        assert testcam_code.grey_card(frame.array()) == pytest.approx(125, abs=1)
        assert testcam_code.read(frame.to_rgb()) == code
        jpeg = simplejpeg.decode_jpeg(frame.to_jpeg(quality=80))
        assert testcam_code.read(jpeg) == code


def test_frames_come_at_their_rate(full):
    with Device(full) as device:
        device.set_format(640, 480, frame_rate=15)
        with device.stream() as stream:
            taken = list(shots(stream, 6))

    for one, other in pairwise(taken):
        periods = other.sequence - one.sequence
        assert other.timestamp_ns - one.timestamp_ns == pytest.approx(periods * 1e9 / 15, abs=1e3)


# ---- exposure ----


def test_exposure_shows_two_frames_later(manual):
    """A frame that ends after the write is the one in progress; the second after it is new."""
    with manual.stream() as stream:
        last_of(stream, 4)

        before = time.monotonic_ns()
        manual.controls["exposure_time_absolute"].value = 50
        after = time.monotonic_ns()

        seen = list(shots(stream, 6))
    first, surely = (
        np.ceil(seen[0].sequence + (at - seen[0].timestamp_ns) * 30e-9) + 2
        for at in (before, after)
    )
    for shot in seen:
        if shot.sequence < first:
            assert shot.code.lines == 600
        elif shot.sequence >= surely:
            assert shot.code.lines == 300
        assert shot.card == pytest.approx(shot.code.lines * 125 / 600, abs=1)
    assert seen[-1].code.lines == 300


@pytest.mark.parametrize(
    ("light", "units", "iso", "expected"),
    [
        (500, 100, 0, 125),
        (250, 100, 0, 62.5),
        (250, 100, 1, 125),
        (500, 20, 3, 200),
        (500, 300, 0, 255),
        (0, 300, 3, 0),
    ],
)
def test_luma_is_light_times_exposure_times_gain(manual, light, units, iso, expected):
    manual.controls.set({"scene_light": light, "exposure_time_absolute": units})
    manual.controls.set({"iso_sensitivity": iso})

    with manual.stream() as stream:
        assert last_of(stream, 4).card == pytest.approx(expected, abs=1)


def test_sensor_of_a_raw_camera_is_set_in_lines(raw):
    with (
        Device(raw) as device,
        testcam.open_part(SENSOR, RAW) as sensor,
        device.stream() as stream,
    ):
        assert sensor.range_of(testcam.EXPOSURE) == (4, 1996)
        sensor.set(testcam.VBLANK, 4000 - 480)  # half the rate, twice the time
        assert sensor.range_of(testcam.EXPOSURE) == (4, 3996)
        sensor.set(testcam.EXPOSURE, 3000)
        sensor.set(testcam.ANALOGUE_GAIN, 8 + testcam.GAIN_ONE)
        written = time.monotonic_ns()

        shot = until(stream, lambda code: code.lines == 3000 and code.gain == 24)
        assert shot.timestamp_ns > written - 1e9 / 15  # its start was not long before
        device.controls["scene_light"].value = 100
        card = testcam_code.grey_card(last_of(stream, 4).picture, bayer=True)
        assert card == pytest.approx(100 * 50_000 * 1.5 / 40_000, abs=1)
        assert device.format.frame_rate == 15


def test_automatic_exposure_finds_its_luma(full):
    with Device(full) as device, device.stream() as stream, testcam.open_part(SENSOR) as sensor:
        for light in (60, 4000):
            device.controls["scene_light"].value = light
            shot = last_of(stream, SETTLED)
            assert shot.card == pytest.approx(110, abs=3)

        controls = device.controls.read()
        code = shot.code
        assert controls["exposure_time_absolute"] == pytest.approx(code.lines / 6, abs=1)
        assert sensor.get(testcam.EXPOSURE) == pytest.approx(code.lines, abs=1)

        device.controls["auto_exposure_bias"].value = 2  # -1 EV
        assert last_of(stream, SETTLED).card == pytest.approx(55, abs=3)
        device.controls["3a_lock"].value = 1
        device.controls["scene_light"].value = 1000
        assert last_of(stream, SETTLED).card == pytest.approx(14, abs=2)


def test_manual_exposure_begins_where_the_automatic_was(full):
    with Device(full) as device, device.stream() as stream:
        automatic = last_of(stream, SETTLED).card

        device.controls["auto_exposure"].value = 1

        assert "inactive" not in device.controls["exposure_time_absolute"].flags
        assert last_of(stream, 5).card == pytest.approx(automatic, abs=3)


# ---- light ----


def test_torch_lights_the_picture_while_it_is_on(manual, flash):
    with manual.stream() as stream:
        flash.set(testcam.LED_MODE, testcam.TORCH_MODE)  # 100 mA are as much as the scene's light
        lit = until(stream, lambda code: code.torch_share == 255)
        assert lit.card == pytest.approx(250, abs=1)

        flash.set(testcam.TORCH_INTENSITY, 20_000)
        assert last_of(stream, 4).card == pytest.approx(150, abs=1)

        flash.set(testcam.LED_MODE, testcam.OFF)
        dark = until(stream, lambda code: not code.torch)
        assert dark.card == pytest.approx(125, abs=1)


def test_strobe_lights_until_its_timeout(manual, flash):
    """5 ms of a strobe five times as bright as nothing at all."""
    manual.controls.set({"scene_light": 0, "exposure_time_absolute": 50})
    flash.set(testcam.LED_MODE, testcam.FLASH_MODE)
    flash.set(testcam.INTENSITY, 250_000)
    with manual.stream() as stream:
        last_of(stream, 4)

        begin = time.monotonic_ns()
        flash.set(testcam.STROBE)
        end = time.monotonic_ns() + 200_000_000
        assert flash.get(testcam.STROBE_STATUS) == 1
        seen = list(shots(stream, 15))
        assert flash.get(testcam.STROBE_STATUS) == 0

    readout = 480 * testcam.line_ns(640)
    for shot in seen:
        exposed = shot.timestamp_ns - readout
        inside = exposed - 5e6 > begin + 5e6 and exposed < end - 5e6
        outside = exposed < begin or exposed - 5e6 > end
        if inside:
            assert shot.code.strobe_share == 255
        if outside:
            assert not shot.code.strobe
        assert shot.card == pytest.approx(156 * shot.code.strobe_share / 255, abs=2)
    assert 1 <= sum(shot.code.strobe_share == 255 for shot in seen) <= 7


@pytest.mark.parametrize("control", [testcam.STROBE_STOP, testcam.LED_MODE], ids=["stop", "mode"])
def test_strobe_can_be_ended(manual, flash, control):
    flash.set(testcam.LED_MODE, testcam.FLASH_MODE)
    flash.set(testcam.TIMEOUT, 1_000_000)
    with manual.stream() as stream:
        flash.set(testcam.STROBE)
        until(stream, lambda code: code.strobe)

        flash.set(control)

        assert flash.get(testcam.STROBE_STATUS) == 0
        until(stream, lambda code: not code.strobe)


def test_strobe_of_the_sensor_lights_every_exposure(manual, flash):
    manual.controls["scene_light"].value = 0
    flash.set(testcam.INTENSITY, 100_000)
    flash.set(testcam.STROBE_SOURCE, testcam.EXTERNAL)
    flash.set(testcam.LED_MODE, testcam.FLASH_MODE)
    with manual.stream() as stream:
        assert last_of(stream, 4).card == pytest.approx(125, abs=1)
        assert last_of(stream, 1).code.strobe_share == 255
        with pytest.raises(OSError, match=os.strerror(errno.EBUSY)):
            flash.set(testcam.STROBE)

        manual.controls["exposure_time_absolute"].value = 200
        flash.set(testcam.TIMEOUT, 10_000)  # half of the exposure
        shot = last_of(stream, 4)
        assert shot.card == pytest.approx(125, abs=1)
        assert shot.code.strobe_share == pytest.approx(127, abs=1)


def refused(flash: Node, control: int, value: int = 0) -> bool:
    try:
        flash.set(control, value)
    except OSError as error:
        assert error.errno == errno.EBUSY  # noqa: PT017
        return True
    return False


def test_flash_refuses_what_it_cannot(flash):
    assert refused(flash, testcam.STROBE)  # in mode none
    assert refused(flash, testcam.STROBE_STOP)
    flash.set(testcam.LED_MODE, testcam.FLASH_MODE)
    flash.set(testcam.TIMEOUT, 10_000)
    flash.set(testcam.CHARGE, 0)
    assert not flash.get(testcam.READY)
    assert refused(flash, testcam.STROBE)
    flash.set(testcam.CHARGE, 1)
    assert flash.get(testcam.READY)

    flash.set(testcam.STROBE)

    begin = time.monotonic()
    assert not flash.get(testcam.READY)
    assert refused(flash, testcam.STROBE)
    while not flash.get(testcam.READY):
        assert time.monotonic() < begin + FRAME_TIMEOUT_S
    assert time.monotonic() > begin + 0.1  # it cools down
    flash.set(testcam.STROBE)


def test_fault_puts_the_light_out_until_it_was_read(flash):
    flash.set(testcam.LED_MODE, testcam.TORCH_MODE)
    flash.subscribe(testcam.LED_MODE)
    over_temperature = 1 << 2

    flash.set(testcam.INJECT_FAULT, over_temperature)

    assert flash.event() == (testcam.LED_MODE, testcam.OFF)
    assert refused(flash, testcam.LED_MODE, testcam.TORCH_MODE)
    assert flash.get(testcam.FAULT) == over_temperature
    assert flash.get(testcam.FAULT) == 0
    flash.set(testcam.LED_MODE, testcam.TORCH_MODE)


# ---- focus, colour, framing ----


def test_picture_is_sharp_where_the_lens_is_right(manual):
    manual.controls.set({"focus_automatic_continuous": 0})
    sharpness = {}
    with manual.stream() as stream:
        for position in (0, 200, 300, 400, 500, 1023):
            manual.controls["focus_absolute"].value = position
            shot = until(stream, lambda code, position=position: code.focus == position)
            sharpness[position] = testcam_code.sharpness(shot.picture)

    assert sharpness[400] > sharpness[300] > sharpness[200] > sharpness[0]
    assert sharpness[500] == pytest.approx(sharpness[300], rel=0.01)
    assert sharpness[500] > sharpness[1023]
    assert sharpness[400] > sharpness[0] * 10


def test_focus_follows_the_scene_and_says_so(full):
    with Device(full) as device, testcam.open_part(LENS) as lens, device.stream() as stream:
        device.events.subscribe("auto_focus_status")
        lens.subscribe(testcam.FOCUS_ABSOLUTE)
        last_of(stream, SETTLED)
        assert device.controls["focus_absolute"].value == 400
        while device.events.try_read():
            pass
        while lens.event():
            pass

        device.controls["scene_focus_position"].value = 700

        assert device.events.read(timeout=FRAME_TIMEOUT_S).value == 1  # busy
        until(stream, lambda code: code.focus == 700)
        assert device.events.read(timeout=FRAME_TIMEOUT_S).value == 2  # reached
        assert lens.event() == (testcam.FOCUS_ABSOLUTE, 700)


def test_focus_is_found_once_or_not_at_all(full):
    with Device(full) as device, device.stream() as stream:
        controls = device.controls
        controls.set({"focus_automatic_continuous": 0})
        controls["focus_absolute"].value = 100
        assert controls["auto_focus_status"].value == 0

        controls["auto_focus_start"].press()
        last_of(stream, SETTLED)
        assert controls["auto_focus_status"].value == 2
        assert controls["focus_absolute"].value == 400

        controls["scene_focus_position"].value = 600
        controls["scene_light"].value = 0
        last_of(stream, 4)
        controls["auto_focus_start"].press()
        assert controls["auto_focus_status"].value == 1
        last_of(stream, SETTLED)
        assert controls["auto_focus_status"].value == 4
        assert controls["focus_absolute"].value == 400


def test_white_balance_is_seen_in_the_colours(full):
    with Device(full) as device, device.stream() as stream:
        device.controls["scene_colour_temperature"].value = 3000
        red, green, blue = colour(stream, "white", SETTLED)
        assert red == pytest.approx(green, abs=3)
        assert blue == pytest.approx(green, abs=3)
        assert device.controls["white_balance_temperature"].value == pytest.approx(3000, abs=20)

        device.controls["white_balance_automatic"].value = 0
        device.controls["white_balance_temperature"].value = 5000
        red, green, blue = colour(stream, "white", 3)
        assert red > green * 1.3
        assert blue < green * 0.7

        device.controls["do_white_balance"].press()
        red, green, blue = colour(stream, "white", 4)
        assert red == pytest.approx(green, abs=3)
        assert device.controls["white_balance_temperature"].value == 3000
        assert colour(stream, "blue", 1)[2] > 50


def test_zoom_and_pan_move_the_chart(manual):
    def pairs(shot: Shot) -> int:
        row = testcam_code.bars(shot.picture) > 70
        return int(np.count_nonzero(row[1:] & ~row[:-1]))

    manual.controls.set({"focus_automatic_continuous": 0})
    manual.controls["focus_absolute"].value = 400
    with manual.stream() as stream:
        assert pairs(last_of(stream, 4)) == pytest.approx(32, abs=1)
        manual.controls["pan_absolute"].value = 36000  # a sixth of the chart
        card = testcam_code.luma(last_of(stream, 2).picture)[100]
        assert card[560:].max() < 2
        assert card[500] == pytest.approx(125, abs=1)
        manual.controls["pan_absolute"].value = 0
        manual.controls["zoom_absolute"].value = 150
        manual.controls["tilt_absolute"].value = 36000
        luma = testcam_code.luma(last_of(stream, 2).picture)
        assert luma[64 + 10, 320] == pytest.approx(125, abs=1)


# ---- the end ----


def test_everything_may_be_open_when_the_camera_goes(full, raw):
    with contextlib.ExitStack() as stack:
        devices = [stack.enter_context(Device(path)) for path in (full, raw)]
        streams = [device.stream() for device in devices]
        parts = [
            stack.enter_context(testcam.open_part(kind, number))
            for kind in (SENSOR, LENS, FLASH)
            for number in (FULL, RAW)
        ]
        media = os.open(testcam.media_path(), os.O_RDWR | os.O_CLOEXEC)
        stack.callback(os.close, media)
        parts[-1].subscribe(testcam.LED_MODE)
        parts[-1].set(testcam.LED_MODE, testcam.FLASH_MODE)
        parts[-1].set(testcam.STROBE)
        kept = [stream.read(timeout=FRAME_TIMEOUT_S) for stream in streams]
        with unplugged(testcam):
            for stream in streams:
                with pytest.raises(DeviceGoneError):
                    last_of(stream, 10)
            for part in parts:
                with pytest.raises(OSError, match=os.strerror(errno.ENODEV)):
                    part.get(testcam.FOCUS_ABSOLUTE)
            assert [testcam_code.read(frame.array()).camera for frame in kept] == [FULL, RAW]
    with Device(testcam.path_of(VIDEO)) as device, device.stream() as stream:
        last_of(stream, 3)


def test_module_stays_while_a_node_is_open(full):
    with testcam.open_part(LENS):
        done = subprocess.run(["rmmod", "testcam"], capture_output=True, text=True)
        assert "in use" in done.stderr


@pytest.mark.parametrize(
    ("flash_modes", "has_flash", "has_torch"),
    [(0, False, False), (1, True, False), (2, False, True)],
)
def test_module_can_have_less(flash_modes, has_flash, has_torch):
    with testcam.loaded("cameras=1", "lens=0", f"flash={flash_modes}"):
        names = set(testcam.topology().functions)
        assert LENS.format(0) not in names
        assert (FLASH.format(0) in names) == bool(flash_modes)
        if flash_modes:
            with testcam.open_part(FLASH) as flash:
                assert flash.has(testcam.STROBE) == has_flash
                assert flash.has(testcam.TORCH_INTENSITY) == has_torch
        with Device(testcam.path_of(VIDEO)) as device, device.stream() as stream:
            assert "focus_absolute" not in device.controls
            last_of(stream, 2)

    assert Path(testcam.path_of(VIDEO, RAW)).exists()
