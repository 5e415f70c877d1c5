# SPDX-License-Identifier: MIT
"""Photos from the engine: whole files that say what was used, and a camera left as it was."""

import io
import itertools
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from v4l2capture import (
    Camera,
    CaptureTimeout,
    ClosedError,
    Device,
    DeviceGoneError,
    NotSupportedError,
    OverconstrainedError,
    SimulatedCamera,
    developing,
)
from v4l2capture.sim import builtin_profiles

SMALL = {"imageWidth": 320, "imageHeight": 240}
TYPES = ["image/jpeg", "image/png", "image/tiff", "image/webp"]
EXIF, LIGHT, PROGRAM, TIME, BIAS, ISO = 0x8769, 0x9209, 0x8822, 0x829A, 0x9204, 0x8827
SUB_SECONDS = 0x9291


def opened(photo):
    image = Image.open(io.BytesIO(photo))
    image.load()
    return image


def exif(photo):
    return opened(photo).getexif().get_ifd(EXIF)


@pytest.fixture
def phone():
    return SimulatedCamera("phone")


@pytest.fixture
def camera(phone):
    with Camera(phone.path) as camera:
        camera.apply_constraints(width={"exact": 320}, height={"exact": 240})
        yield camera


def state(path):
    with Device(path) as device:
        return device.controls.read(), device.format


@pytest.mark.quirk("slow-in-the-dark", "flicker")
@pytest.mark.parametrize("profile", builtin_profiles())
def test_every_camera_takes_photos_and_grabs_frames_and_is_as_before(profile):
    sim = SimulatedCamera(profile)
    before = state(sim.path)

    with Camera(sim.path) as camera:
        photo = camera.take_photo()
        largest = camera.photo_capabilities.image_width.max
        bitmap = camera.grab_frame()

    assert photo.type == "image/jpeg"
    assert opened(photo).size == (photo.width, photo.height)
    assert photo.width == largest
    assert bitmap.array().shape == (before[1].height, before[1].width, 3)
    assert state(sim.path)[1] == before[1]
    assert sim.handles == 0


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_a_picture_with_its_data(camera, kind):
    photo = camera.take_photo(SMALL, type=kind, tags={"Artist": "Ann"}, gps=(47.5, 8.25, 400))

    image = Image.open(io.BytesIO(photo))
    assert Image.MIME[image.format] == photo.type == kind
    assert sorted(image.size) == [240, 320]  # of a TIFF, Pillow says how it is to be turned
    assert image.getexif()[0x013B] == "Ann"
    assert image.getexif().get_ifd(0x8825)[2] == (47, 30, 0)


def test_dng_comes_from_a_camera_that_gives_raw_pictures(camera):
    with Camera("sim:sensor") as sensor:
        photo = sensor.take_photo(image_width=640, type="image/x-adobe-dng")
    with pytest.raises(NotSupportedError, match="raw"):
        camera.take_photo(type="image/x-adobe-dng")

    assert photo[:4] == b"II*\0"


def test_both_spellings_and_keywords_are_taken(camera):
    for photo in (
        camera.take_photo({"imageWidth": 640}),
        camera.take_photo({"image_width": 640}),
        camera.take_photo(image_width=640),
    ):
        assert photo.width == 640
    with pytest.raises(TypeError):
        camera.take_photo({"imageWidth": 640, "image_width": 320})


def test_photo_says_what_was_used(camera):
    camera.apply_constraints(exposure_time=250, iso=200, color_temperature=4000)

    photo = camera.take_photo(SMALL, fill_light_mode="flash", red_eye_reduction=True)

    assert photo.settings["exposureTime"] == 250
    assert photo.settings["fillLightMode"] == "flash"
    assert photo.settings["redEyeReduction"] is True
    data = exif(photo)
    assert Fraction(data[TIME]) == Fraction(1, 40)
    assert (data[ISO], data[PROGRAM]) == (200, 1)
    assert data[LIGHT] == 0x49  # fired, compulsory, red-eye reduction
    assert opened(photo).getexif()[0x0112] == 8  # the sensor stands by 90 degrees


def test_automatic_exposure_is_no_exposure_time(camera):
    """Firmware reads the last manual value while it exposes by itself."""
    camera.apply_constraints(exposure_compensation=1)

    data = exif(camera.take_photo(SMALL))

    assert TIME not in data
    assert data[BIAS] == 1


@pytest.mark.quirk("stale-frames")
def test_photo_is_of_now(camera):
    camera.grab_frame()
    time.sleep(0.2)
    asked = time.monotonic_ns()

    photo = camera.take_photo(SMALL)

    assert photo.timestamp_ns > asked
    assert abs(photo.timestamp.timestamp() - time.time()) < 5
    assert exif(photo)[SUB_SECONDS] == f"{photo.timestamp:%f}"


def test_burst_is_one_frame_after_another(camera):
    interval = 1e9 / float(camera.device.format.frame_rate)

    photos = camera.take_photos(6, SMALL)

    times = [photo.timestamp_ns for photo in photos]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert 0 < min(gaps) < 1.5 * interval  # on a busy machine some are left out
    assert times == sorted(times)


def test_long_burst_takes_no_memory_before_its_frames_come(camera):
    with pytest.raises(CaptureTimeout):
        camera.take_photos(10**20, SMALL, timeout=0)


def test_photos_that_are_developed_on_the_way_are_the_same(camera, monkeypatch):
    monkeypatch.setattr(developing, "_ROOM", 0)
    before = camera.device.format

    photos = camera.take_photos(3, image_width=640)

    times = [photo.timestamp_ns for photo in photos]
    assert times == sorted(set(times))
    assert {photo.width for photo in photos} == {640}
    assert camera.device.format == before


def test_frames_wait_only_while_there_is_room(monkeypatch):
    """A burst of a hundred raw frames of 1920x1080 would need 400 MB."""
    developed = []
    monkeypatch.setattr(developing, "_ROOM", 100)
    monkeypatch.setattr(developing, "develop", lambda shot, *_: developed.append(shot) or shot)
    shots = [SimpleNamespace(frame=SimpleNamespace(planes=[bytes(30), bytes(10)])) for _ in "12345"]
    darkroom = developing.Darkroom("Camera", developing.PhotoFile())

    counts = [darkroom.add(shot) or len(developed) for shot in shots]

    assert counts == [0, 0, 1, 2, 3]
    assert darkroom.photos() == shots


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("exposure_compensation", [-2, 0, 2]),
        ("exposure_time", [100, 25, 400]),
        ("focus_distance", [0, 1000]),
    ],
)
def test_each_photo_of_a_bracket_has_its_value(camera, name, values):
    before = camera.settings

    photos = camera.bracket(SMALL, **{name: values})

    w3c = "".join(w.capitalize() if i else w for i, w in enumerate(name.split("_")))
    assert [photo.settings[w3c] for photo in photos] == values
    after = camera.settings
    mode = {"exposure_time": "exposure_mode", "focus_distance": "focus_mode"}.get(name, name)
    assert after[mode] == before[mode]


def test_bracket_of_exposure_is_seen_in_the_pictures(camera):
    means = [
        np.asarray(opened(photo)).mean()
        for photo in camera.bracket(SMALL, exposure_time=[25, 100, 200])
    ]

    assert means == sorted(means)
    assert means[2] > means[0] * 2


def test_bracket_that_fails_puts_the_value_back(camera):
    with pytest.raises(OverconstrainedError):
        camera.bracket(SMALL, exposure_time=[100, 99999])

    assert camera.settings.exposure_mode == "continuous"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"type": "image/gif"}, ValueError),
        ({"quality": 0}, ValueError),
        ({"quality": True}, TypeError),
        ({"tags": {"Artits": "x"}}, ValueError),
        ({"gps": (91, 0)}, ValueError),
        ({"image_width": "wide"}, TypeError),
        ({"fill_light_mode": "torch"}, TypeError),
        ({"imagewidth": 5}, TypeError),
    ],
)
def test_bad_request_is_refused_before_anything_is_done(camera, phone, options, error):
    before = phone.ioctls("VIDIOC_STREAMON")

    with pytest.raises(error):
        camera.take_photo(**options)

    assert phone.ioctls("VIDIOC_STREAMON") == before


@pytest.mark.parametrize("values", [{}, {"exposure_time": [1], "iso": [100]}, {"zoom": [100]}])
def test_bracket_is_of_one_property(camera, values):
    with pytest.raises(TypeError):
        camera.bracket(**values)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (5, TypeError),
        (None, TypeError),
        ("12", TypeError),
        ([], ValueError),
        ([100, None], TypeError),
        ([100, "a"], TypeError),
        ([100, float("nan")], TypeError),
    ],
)
def test_values_of_a_bracket_are_looked_at_before_the_first_photo(camera, phone, values, error):
    before = phone.ioctls("VIDIOC_STREAMON")

    with pytest.raises(error, match="exposureTime"):
        camera.bracket(exposure_time=values)

    assert phone.ioctls("VIDIOC_STREAMON") == before


def test_camera_that_vanishes_is_gone(camera, phone):
    phone.fault("disconnect", after=3)

    with pytest.raises(DeviceGoneError):
        camera.take_photos(20, SMALL)


def test_closed_camera_says_so(camera):
    camera.close()

    with pytest.raises(ClosedError):
        camera.take_photo()


PROGRAM_TO_END = """
import sys
from v4l2capture import Camera, Device

with Device("sim:phone") as other, Camera("sim:phone") as camera:
    lamp = camera.nodes[2].controls
    print("ready", flush=True)
    try:
        while True:
            camera.take_photo(image_width=640, fill_light_mode="flash", red_eye_reduction=True)
    finally:
        print(lamp["led_mode"].value, other.format.width, flush=True)
"""


def test_sigterm_ends_the_program_after_everything_is_put_back():
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM_TO_END], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout.readline() == "ready\n"
    time.sleep(0.6)

    os.kill(program.pid, signal.SIGTERM)
    out, _ = program.communicate(timeout=20)

    assert out == "0 640\n"
    assert program.returncode == 128 + signal.SIGTERM
