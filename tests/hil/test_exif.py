# SPDX-License-Identifier: MIT
"""Every kind of photo, read by exiftool: it has to find nothing wrong, and what we meant.

No camera takes part: it is here for the program, which the guest lane installs.
``V4L2CAPTURE_HIL=1 pytest tests/hil/test_exif.py`` works anywhere that has it.
"""

from __future__ import annotations

import io
import json
import math
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from v4l2capture.dng import Sensor
from v4l2capture.encode import SUFFIXES, encode_photo
from v4l2capture.exif import Exif, Flash
from v4l2capture.exiftags import TAGS
from v4l2capture.layout import minimum_bytes
from v4l2capture.pixfmt import PIXEL_FORMATS, Format, PlaneFormat

WIDTH, HEIGHT = 64, 48
TAKEN = datetime(2024, 2, 29, 23, 59, 58, 1234, timezone(timedelta(hours=5, minutes=45)))

FULL = Exif(
    make="Maker",
    model="HD Webcam",
    software="v4l2capture 0.1.0",
    taken=TAKEN,
    exposure_time=0.01,
    iso=400,
    exposure_bias=Fraction(1, 3),
    exposure_mode="auto",
    exposure_program="aperture priority",
    white_balance="manual",
    flash=Flash(mode="flash", fired=True, red_eye=True),
    subject_distance=1.5,
    digital_zoom=2,
    rotation=90,
    tags={
        "Artist": "José",
        "ImageDescription": "a test",
        "UserComment": "größer",
        "LensSpecification": (4, 12, 2.8, "4.5"),
        "BrightnessValue": -1,
    },
    gps=(-33.856784, 151.215297, -5),
)

# One of each, so that a tag with a wrong number or type would be seen.
PLAUSIBLE: dict[str, Any] = {
    "text": "text",
    "comment": "a comment",
    "moment": "2024:12:31 23:59:59",
    "short": 2,
    "long": 200,
    "rational": 2.5,
    "signed": -2.5,
}
ODD_ONES = {
    "Flash": 0x19,
    "GPSDateStamp": "2024:12:31",
    "GPSImgDirectionRef": "T",
    "GPSProcessingMethod": "GPS",
    "GPSTimeStamp": (23, 59, 59),
    "ImageUniqueID": "0123456789abcdef0123456789abcdef",
    "LensSpecification": (1, 2, 3, 4),
    "OffsetTime": "+01:00",
    "OffsetTimeDigitized": "+01:00",
    "OffsetTimeOriginal": "+01:00",
    "SubSecTime": "5",
    "SubSecTimeDigitized": "5",
    "SubSecTimeOriginal": "5",
}
EVERY_TAG = {
    tag.name: ODD_ONES.get(tag.name, PLAUSIBLE[tag.kind]) for tag in TAGS.values() if tag.settable
} | {"CustomRendered": 1, "ExposureMode": 1, "WhiteBalance": 1}

FACTS: dict[str, Exif | None] = {
    "nothing": None,
    "no facts": Exif(),
    "every tag": Exif(tags=EVERY_TAG, gps=(1, 2)),
    "model only": Exif(model="HD Webcam"),
    "full": FULL,
    "zeros": Exif(exposure_bias=0, exposure_time=0, iso=0, gps=(0, 0), digital_zoom=0),
    "extremes": Exif(
        exposure_bias=-5,
        exposure_time=Fraction(1, 4_000_000_000),
        iso=1_000_000,
        subject_distance=math.inf,
        gps=(90, -180, 8848.86),
        exposure_mode="bracket",
        taken=TAKEN.replace(microsecond=999999, tzinfo=timezone(-timedelta(hours=3, minutes=30))),
    ),
    **{
        f"flash {number}": Exif(flash=flash)
        for number, flash in enumerate(
            [
                Flash(present=False),
                *(
                    Flash(mode=mode, fired=fired, red_eye=red_eye)
                    for mode in (None, "flash", "off", "auto")
                    for fired in (False, True)
                    for red_eye in (False, True)
                ),
            ]
        )
    },
}


def raw_frame(code: str) -> tuple[Format, list[memoryview]]:
    row = PIXEL_FORMATS[code]
    form = Format(WIDTH, HEIGHT, code, (PlaneFormat(0, 0),) * row.memory_planes)
    return form, [memoryview(bytes([0x6D]) * need) for need in minimum_bytes(form)]


def camera_frame(jpeg: bytes) -> tuple[Format, list[memoryview]]:
    return Format(WIDTH, HEIGHT, "MJPG", (PlaneFormat(0, 0),)), [memoryview(jpeg)]


def camera_jpegs() -> dict[str, bytes]:
    """What cameras make: with JFIF, AVI1 or nothing before the tables, and data of their own."""
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    jpeg = simplejpeg.encode_jpeg(rgb, 90, "RGB", "422")
    bare = jpeg[:2] + jpeg[20:]
    own = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Theirs"
    Image.fromarray(rgb).save(own, "JPEG", exif=exif)
    avi1 = b"\xff\xe0\0\x10AVI1" + bytes(10)
    return {
        "with JFIF": jpeg,
        "with AVI1": bare[:2] + avi1 + bare[2:],
        "with nothing": bare,
        "with Exif": own.getvalue(),
    }


def photos() -> dict[str, tuple[str, Any, Exif | None]]:
    """A name for each kind: type, frame, facts."""
    found: dict[str, tuple[str, Any, Exif | None]] = {}
    for code in ("YUYV", "GREY", "RGB3", "BA81"):
        for kind in ("image/jpeg", "image/png", "image/tiff", "image/webp"):
            for facts in ("nothing", "full"):
                found[f"{code} {kind} {facts}"] = kind, raw_frame(code), FACTS[facts]
    for code in ("BA81", "GB10", "pgAA", "pRCC", "RG16"):
        for facts in ("nothing", "full"):
            found[f"{code} dng {facts}"] = "image/x-adobe-dng", raw_frame(code), FACTS[facts]
    for name, jpeg in camera_jpegs().items():
        # Without facts it is the camera's own, for whose faults nobody here can answer.
        found[f"camera's {name}"] = "image/jpeg", camera_frame(jpeg), FULL
    for name, facts in FACTS.items():
        found[f"YUYV image/jpeg {name}"] = "image/jpeg", raw_frame("YUYV"), facts
        found[f"YUYV image/tiff {name}"] = "image/tiff", raw_frame("YUYV"), facts
    for rotation in (0, 90, 180, 270):
        found[f"rotation {rotation}"] = (
            "image/jpeg",
            raw_frame("YUYV"),
            replace(FULL, rotation=rotation),
        )
    return found


PHOTOS = photos()


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Exiftool's words about each photo. It is called once: it takes long to start."""
    folder: Path = tmp_path_factory.mktemp("photos")
    paths = {}
    for number, (name, (kind, frame, exif)) in enumerate(PHOTOS.items()):
        sensor = Sensor(black_level=16, white_level=240) if "dng" in kind else None
        path = folder / f"{number}{SUFFIXES[kind][0]}"
        path.write_bytes(encode_photo(*frame, type=kind, exif=exif, sensor=sensor).data)
        paths[str(path)] = name
    words = ["exiftool", "-json", "-validate", "-warning", "-error", "-a", "-all", *paths]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return {paths[each["SourceFile"]]: each for each in json.loads(done.stdout)}


@pytest.mark.parametrize("name", PHOTOS)
def test_nothing_is_wrong_with_it(answers, name):
    answer = answers[name]

    assert answer["Validate"] == "OK", answer.get("Warning", answer.get("Error"))
    assert "Warning" not in answer
    assert "Error" not in answer
    assert answer["MIMEType"] == PHOTOS[name][0]
    assert answer["ImageSize"] == f"{WIDTH}x{HEIGHT}"


@pytest.mark.parametrize("name", [name for name, photo in PHOTOS.items() if photo[2] is FULL])
def test_it_says_what_we_meant(answers, name):
    answer = answers[name]

    expected = {
        "Make": "Maker",
        "Model": "HD Webcam",
        "Software": "v4l2capture 0.1.0",
        "DateTimeOriginal": "2024:02:29 23:59:58",
        "SubSecDateTimeOriginal": "2024:02:29 23:59:58.001234+05:45",
        "SubSecCreateDate": "2024:02:29 23:59:58.001234+05:45",
        "SubSecModifyDate": "2024:02:29 23:59:58.001234+05:45",
        "ExposureTime": "1/100",
        "ISO": 400,
        "SensitivityType": "Recommended Exposure Index",
        "ExposureCompensation": "+1/3",
        "ExposureMode": "Auto",
        "ExposureProgram": "Aperture-priority AE",
        "WhiteBalance": "Manual",
        "Flash": "On, Red-eye reduction",
        "SubjectDistance": "1.5 m",
        "DigitalZoomRatio": 2,
        "Orientation": "Rotate 270 CW",  # a quarter to the left
        "Artist": "José",
        "ImageDescription": "a test",
        "UserComment": "größer",
        "LensInfo": "4-12mm f/2.8-4.5",
        "BrightnessValue": -1,
        "GPSPosition": "33 deg 51' 24.42\" S, 151 deg 12' 55.07\" E",
        "GPSAltitude": "5 m Below Sea Level",
    }
    assert {key: answer.get(key) for key in expected} == expected


@pytest.mark.parametrize("name", [name for name, photo in PHOTOS.items() if photo[2] is None])
def test_it_says_nothing_that_nobody_knows(answers, name):
    claims = {"Make", "Model", "DateTimeOriginal", "ExposureTime", "ISO", "GPSPosition", "Flash"}

    assert claims & set(answers[name]) == set()


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (0, "Horizontal (normal)"),
        (90, "Rotate 270 CW"),
        (180, "Rotate 180"),
        (270, "Rotate 90 CW"),
    ],
)
def test_orientation_in_its_words(answers, rotation, expected):
    assert answers[f"rotation {rotation}"]["Orientation"] == expected


def test_cameras_own_exif_data_is_gone(answers):
    assert answers["camera's with Exif"]["Make"] == "Maker"


@pytest.mark.parametrize(("code", "pattern"), [("BA81", "2 1 1 0"), ("GB10", "1 2 0 1")])
def test_dng_describes_the_sensor(answers, code, pattern):
    answer = answers[f"{code} dng full"]

    assert answer["CFAPattern2"] == pattern  # 0 red, 1 green, 2 blue
    assert answer["PhotometricInterpretation"] == "Color Filter Array"
    assert answer["UniqueCameraModel"] == "Maker HD Webcam"
    assert (answer["BlackLevel"], answer["WhiteLevel"]) == (16, 240)
