# SPDX-License-Identifier: MIT
"""Photos from kernel drivers: lit, timed and tagged, as the test camera's pictures say.

testcam writes into each picture how it was exposed, where the lens was and how much of the
exposure was lit; so what is asserted here is in the pixels.
"""

import io
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from v4l2capture import Camera, DeviceGoneError

from ..waits import wait_until
from . import testcam, testcam_code
from .nodes import unplugged
from .testcam import FLASH, FULL, RAW, SMALL, code_of, frame_of


@pytest.fixture
def camera():
    with testcam.opened(testcam.reset(FULL)) as camera:
        yield camera


def test_parts_of_the_camera_are_found(camera):
    assert [node.function for node in camera.nodes[1:]] == ["sensor", "lens", "flash"]
    assert camera.problems == []
    assert camera.photo_capabilities.fill_light_mode == ["auto", "off", "flash"]
    assert camera.photo_capabilities.red_eye_reduction == "controllable"
    assert camera.capabilities.torch == [False, True]


def test_exposure_of_a_lit_photo_is_the_sensors(camera):
    """Automatic exposure answers to the flash at once; what it reads then is of later frames."""
    photo = camera.take_photo(SMALL, fillLightMode="flash", quality=100, timeout=30)

    image = Image.open(io.BytesIO(photo))
    seconds = testcam_code.read(np.asarray(image)).lines * testcam.line_ns(640) / 1e9
    assert float(image.getexif().get_ifd(0x8769)[0x829A]) == pytest.approx(seconds, rel=0.03)


def test_exposure_has_settled_after_the_torch_was_lit(camera):
    camera.grab_frame(20)
    camera.apply_constraints(torch={"exact": True})

    first = code_of(camera)

    time.sleep(1.0)
    assert code_of(camera).lines == pytest.approx(first.lines, rel=0.03)
    camera.apply_constraints(torch={"exact": False})


def test_torch_is_a_setting_and_is_seen_in_the_pixels(camera):
    camera.apply_constraints(torch={"exact": True})

    assert code_of(camera).torch_share == 255
    camera.apply_constraints(torch={"exact": False})
    assert code_of(camera).torch_share == 0


def test_eyes_are_lit_also_by_a_lamp_that_the_sensor_strobes(camera):
    with testcam.open_part(FLASH) as node:
        node.set(testcam.STROBE_SOURCE, testcam.EXTERNAL)

        code = code_of(camera, fillLightMode="flash", redEyeReduction=True)

        assert code.strobe_share >= 0.85 * 255
        assert node.get(testcam.STROBE_SOURCE) == testcam.EXTERNAL
        assert node.get(testcam.LED_MODE) == testcam.OFF
        node.set(testcam.STROBE_SOURCE, testcam.SOFTWARE)


FLASHES = """
import sys
from v4l2capture import Camera

with Camera(sys.argv[1]) as camera:
    while True:
        camera.take_photo(image_width=640, fill_light_mode="flash")
"""


def test_flash_of_a_program_that_is_killed_ends_by_its_own_timer():
    program = subprocess.Popen([sys.executable, "-c", FLASHES, testcam.reset(FULL)])
    with testcam.open_part(FLASH) as node:
        try:
            wait_until(lambda: node.get(testcam.STROBE_STATUS))
        finally:
            program.kill()
            program.wait()

        wait_until(lambda: not node.get(testcam.STROBE_STATUS))
        node.set(testcam.LED_MODE, testcam.OFF)


def test_camera_that_is_unplugged_is_gone_and_comes_back_dark(camera):
    camera.grab_frame(20)
    with unplugged(testcam), pytest.raises(DeviceGoneError):
        camera.take_photo(SMALL, fillLightMode="flash")

    with testcam.open_part(FLASH) as node:
        assert node.get(testcam.LED_MODE) == testcam.OFF


def test_auto_fires_in_the_dark_only(camera):
    assert not code_of(camera, fillLightMode="auto").strobe

    camera.apply_constraints(exposure_time={"exact": 2}, iso={"exact": 100})
    assert code_of(camera, fillLightMode="auto").strobe


def test_each_photo_of_a_bracket_carries_its_exposure(camera):
    camera.apply_constraints(iso={"exact": 100})
    times = [20, 80, 160]

    photos = camera.bracket(SMALL, exposure_time=times, quality=100, timeout=30)

    images = [Image.open(io.BytesIO(photo)) for photo in photos]
    for photo, image, wanted in zip(photos, images, times, strict=True):
        code = testcam_code.read(np.asarray(image))
        seconds = code.lines * testcam.line_ns(640) / 1e9
        assert seconds == pytest.approx(wanted / 10_000, rel=0.02)  # what the sensor did
        assert photo.settings["exposureTime"] == wanted
        assert float(image.getexif().get_ifd(0x8769)[0x829A]) == pytest.approx(wanted / 10_000)
    cards = [testcam_code.grey_card(np.asarray(image)) for image in images]
    assert cards == sorted(set(cards))
    assert camera.settings.exposure_mode == "continuous"


def test_focus_is_where_it_was_sent_to(camera):
    sharp = {}
    for distance in (0, 512, 1000):
        camera.apply_constraints(focus_distance={"exact": distance})
        frame = frame_of(camera)
        assert testcam_code.read(frame).focus == distance
        sharp[distance] = testcam_code.sharpness(frame)

    assert len(set(sharp.values())) == 3


def test_still_of_another_size_and_everything_as_before(camera):
    camera.grab_frame(20)
    before = camera.settings

    photo = camera.take_photo(timeout=30)

    assert Image.open(io.BytesIO(photo)).size == (2592, 1944)
    after = camera.settings
    assert (after.width, after.height, after.frame_rate) == (
        before.width,
        before.height,
        before.frame_rate,
    )


def test_photo_began_after_the_request(camera):
    camera.grab_frame(20)
    time.sleep(0.5)
    asked = time.monotonic_ns()

    photo = camera.take_photo(SMALL, timeout=30)

    assert photo.timestamp_ns > asked


def test_raw_sensor_gives_dng():
    with Camera(testcam.reset(RAW)) as camera:
        photo = camera.take_photo(type="image/x-adobe-dng", timeout=30)

    assert photo[:4] == b"II*\0"
