# SPDX-License-Identifier: MIT
"""Facts about a photo as Exif data, read back by Pillow."""

from __future__ import annotations

import dataclasses
import math
import pickle
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

from v4l2capture.exif import Exif, Flash, orientation
from v4l2capture.exiftags import FLASH_NUMBERS, TAGS, as_fraction

TAKEN = datetime(2024, 2, 29, 23, 59, 58, 1234, timezone(timedelta(hours=5, minutes=45)))

PLACES = {"image": None, "exif": ExifTags.IFD.Exif, "gps": ExifTags.IFD.GPSInfo}


def read(exif, size=(640, 480), components=3):
    """What Pillow finds, by name."""
    data = Image.Exif()
    data.load(exif.payload(size, components))
    found = {}
    for name, tag in TAGS.items():
        place = PLACES[tag.place]
        values = data if place is None else data.get_ifd(place)
        if tag.number in values:
            found[name] = values[tag.number]
    return found


ALWAYS = {
    "XResolution": 72, "YResolution": 72, "ResolutionUnit": 2, "YCbCrPositioning": 1,
    "ExifVersion": b"0232", "FlashpixVersion": b"0100", "ColorSpace": 1,
    "ComponentsConfiguration": b"\1\2\3\0", "PixelXDimension": 640, "PixelYDimension": 480,
}  # fmt: skip


def written(**facts):
    """What a fact adds."""
    found = read(Exif(**facts))
    return {name: value for name, value in found.items() if ALWAYS.get(name) != value}


# ---- facts ----


def test_without_facts_nothing_is_claimed():
    assert read(Exif()) == ALWAYS


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"make": "Logitech"}, {"Make": "Logitech"}),
        ({"model": " HD Webcam\0\0x"}, {"Model": "HD Webcam"}),  # as drivers pad
        ({"make": "  "}, {}),
        ({"software": "v4l2capture 0.1.0"}, {"Software": "v4l2capture 0.1.0"}),
        ({"exposure_time": 0.01}, {"ExposureTime": Fraction(1, 100)}),
        ({"exposure_time": Fraction(1, 30)}, {"ExposureTime": Fraction(1, 30)}),
        ({"exposure_time": 1 / 30}, {"ExposureTime": Fraction(1, 30)}),
        ({"exposure_time": Decimal("0.0333")}, {"ExposureTime": Fraction(333, 10000)}),
        ({"exposure_time": 2}, {"ExposureTime": 2}),
        ({"exposure_time": 0}, {}),
        ({"exposure_time": -1}, {}),
        ({"exposure_time": math.inf}, {}),
        ({"iso": 0}, {}),
        ({"exposure_bias": 0}, {"ExposureBiasValue": 0}),
        ({"exposure_bias": -0.333}, {"ExposureBiasValue": Fraction(-333, 1000)}),
        ({"exposure_bias": Fraction(2, 3)}, {"ExposureBiasValue": Fraction(2, 3)}),
        ({"exposure_bias": math.nan}, {}),
        ({"exposure_mode": "auto"}, {"ExposureMode": 0, "ExposureProgram": 2}),
        ({"exposure_mode": "manual"}, {"ExposureMode": 1, "ExposureProgram": 1}),
        ({"exposure_mode": "bracket"}, {"ExposureMode": 2}),
        (
            {"exposure_mode": "auto", "exposure_program": "aperture priority"},
            {"ExposureMode": 0, "ExposureProgram": 3},
        ),
        ({"exposure_program": "shutter priority"}, {"ExposureProgram": 4}),
        ({"white_balance": "auto"}, {"WhiteBalance": 0}),
        ({"white_balance": "manual"}, {"WhiteBalance": 1}),
        ({"subject_distance": 1.5}, {"SubjectDistance": Fraction(3, 2)}),
        ({"subject_distance": math.inf}, {"SubjectDistance": 2**32 - 1}),  # as the standard has it
        ({"subject_distance": 0}, {}),
        ({"digital_zoom": 2.5}, {"DigitalZoomRatio": Fraction(5, 2)}),
        ({"rotation": 0}, {"Orientation": 1}),
        ({"rotation": 45}, {}),
    ],
)
def test_fact_becomes_tags(facts, expected):
    assert written(**facts) == expected


@pytest.mark.parametrize(("iso", "short"), [(100, 100), (99.6, 100), (102400, 65535)])
def test_iso_is_what_the_maker_recommends(iso, short):
    """The short number ends at 65535; the long one beside it does not."""
    expected = {"PhotographicSensitivity": short, "RecommendedExposureIndex": round(iso)}

    assert written(iso=iso) == expected | {"SensitivityType": 2}


def test_all_three_times_have_fractions_and_offset():
    day = "2024:02:29 23:59:58"

    assert written(taken=TAKEN) == {
        "DateTime": day, "DateTimeOriginal": day, "DateTimeDigitized": day,
        "SubSecTime": "001234", "SubSecTimeOriginal": "001234", "SubSecTimeDigitized": "001234",
        "OffsetTime": "+05:45", "OffsetTimeOriginal": "+05:45", "OffsetTimeDigitized": "+05:45",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("minutes", "offset"), [(0, "+00:00"), (-210, "-03:30"), (840, "+14:00"), (-1, "-00:01")]
)
def test_offset_of_a_time_zone(minutes, offset):
    taken = TAKEN.replace(tzinfo=timezone(timedelta(minutes=minutes)))

    assert written(taken=taken)["OffsetTimeOriginal"] == offset


def test_old_year_has_four_digits():
    assert written(taken=TAKEN.replace(year=72))["DateTime"] == "0072:02:29 23:59:58"


def test_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        Exif(taken=datetime(2024, 1, 1))


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [(None, None), (0, 1), (90, 8), (180, 3), (270, 6), (360, 1), (-90, 6), (45, None)],
)
def test_rotation_is_counter_clockwise(rotation, expected):
    """V4L2 says how far to turn the picture back; 8 is: turn it left by a quarter."""
    assert orientation(rotation) == expected


def test_orientation_turns_the_picture_upright():
    """Pillow turns a picture as its tag says; here one that has to be turned as V4L2 says."""
    upright = Image.new("L", (3, 2))
    upright.putpixel((0, 0), 255)
    for rotation in (0, 90, 180, 270):
        captured = upright.rotate(-rotation, expand=True)  # undone by turning counter-clockwise
        captured.getexif()[0x0112] = orientation(rotation)

        assert ImageOps.exif_transpose(captured).tobytes() == upright.tobytes()


@pytest.mark.parametrize(
    ("flash", "number"),
    [
        (Flash(present=False), 0x20),
        (Flash(), 0x00),
        (Flash(mode="off"), 0x10),
        (Flash(mode="auto"), 0x18),
        (Flash(mode="auto", fired=True), 0x19),
        (Flash(mode="flash", fired=True), 0x09),
        (Flash(mode="flash", fired=True, red_eye=True), 0x49),
        (Flash(mode="auto", fired=True, red_eye=True), 0x59),
        (Flash(mode="flash"), 0x08),  # it should have, but did not
        (Flash(fired=True), 0x01),
        (Flash(fired=True, red_eye=True), 0x41),
        (Flash(fired=True, mode="off"), 0x01),  # nobody has a number for that
        (Flash(mode="flash", red_eye=True), 0x08),
    ],
)
def test_flash_is_one_of_the_standards_numbers(flash, number):
    assert flash.number == number
    assert number in FLASH_NUMBERS
    assert written(flash=flash) == {"Flash": number}


@pytest.mark.parametrize(
    "facts",
    [
        {"exposure_mode": "continuous"},
        {"exposure_program": "bracket"},
        {"white_balance": "none"},
    ],
)
def test_unknown_word_is_refused(facts):
    with pytest.raises(ValueError, match=r"='\w+' is none of '(auto|manual)', '"):
        Exif(**facts)


def test_unknown_mode_of_a_flash_is_refused():
    with pytest.raises(ValueError, match="'flash', 'off', 'auto'"):
        Flash(mode="torch")


@pytest.mark.parametrize(("components", "code"), [(1, b"\1\0\0\0"), (3, b"\1\2\3\0")])
def test_components_of_a_jpeg(components, code):
    assert read(Exif(), components=components)["ComponentsConfiguration"] == code


def test_raw_picture_is_not_called_srgb():
    directory = Exif().directory(is_raw=True)

    assert directory[0x8769][0xA001].data == b"\xff\xff"


# ---- what callers add ----


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Artist", "Ann", "Ann"),
        ("ImageDescription", "x" * 5000, "x" * 5000),
        ("Copyright", "© José", "© José".encode().decode("latin-1")),  # as Pillow reads UTF-8
        ("Orientation", 6, 6),
        ("FNumber", 2.8, Fraction(14, 5)),
        ("FNumber", "2.8", Fraction(14, 5)),
        ("ExposureTime", "1/8000", Fraction(1, 8000)),
        ("ExposureTime", "1/3000000", Fraction(1, 3000000)),
        ("BrightnessValue", -1.5, Fraction(-3, 2)),
        ("PhotographicSensitivity", "400", 400),
        ("LensSpecification", [4, 12, 2.8, 4.5], (4, 12, Fraction(14, 5), Fraction(9, 2))),
        ("UserComment", "abc", b"ASCII\0\0\0abc"),
        ("UserComment", "ä", b"UNICODE\0\xe4\0"),
        ("DateTimeOriginal", "2020:01:02 03:04:05", "2020:01:02 03:04:05"),
        ("GPSImgDirection", 90, 90),
        ("GPSDateStamp", "2020:01:02", "2020:01:02"),
    ],
)
def test_caller_sets_a_tag(name, value, expected):
    assert read(Exif(tags={name: value}))[name] == expected


def test_callers_tag_wins():
    facts = {"make": "A", "rotation": 180, "software": "B"}

    found = written(**facts, tags={"Make": "C", "Orientation": 1})

    assert found == {"Make": "C", "Software": "B", "Orientation": 1}


def test_callers_time_comes_without_our_fractions_and_zone():
    found = written(taken=TAKEN, tags={"DateTimeOriginal": "2020:01:02 03:04:05"})

    assert found["DateTimeOriginal"] == "2020:01:02 03:04:05"
    assert "SubSecTimeOriginal" not in found
    assert "OffsetTimeOriginal" not in found
    assert found["SubSecTime"] == "001234"


def test_callers_datetime_comes_with_its_own():
    moment = datetime(2020, 1, 2, 3, 4, 5, 600000, UTC)

    found = written(taken=TAKEN, tags={"DateTimeOriginal": moment})

    assert found["DateTimeOriginal"] == "2020:01:02 03:04:05"
    assert found["SubSecTimeOriginal"] == "600000"
    assert found["OffsetTimeOriginal"] == "+00:00"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Artst", "near it are Artist"),
        ("artist", "near it are Artist"),
        ("DateTimeOrginal", "DateTimeOriginal"),
        ("Qwxyz", "no tag 'Qwxyz'"),
        (5, "no tag 5"),
        ("PixelXDimension", "follows from the photo"),
        ("GPSLatitude", "gps="),
    ],
)
def test_unknown_tag_is_refused(name, message):
    with pytest.raises(ValueError, match=message):
        Exif(tags={name: "x"})


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("Artist", 5, TypeError, "Artist takes a str, not 5"),
        ("Artist", "", ValueError, "without a NUL"),
        ("Artist", "a\0b", ValueError, "without a NUL"),
        ("Artist", "\udc80", ValueError, "undecoded bytes"),  # a byte that nobody could decode
        ("Orientation", 0, ValueError, "one of 1, 2, 3, 4, 5, 6, 7, 8; not 0"),
        ("Orientation", "up", ValueError, "whole number"),
        ("Orientation", 1.0, TypeError, "whole number"),
        ("Orientation", True, TypeError, "whole number"),
        ("PhotographicSensitivity", 65536, ValueError, "from 0 to 65535"),
        ("PhotographicSensitivity", -1, ValueError, "from 0 to 65535"),
        ("ExposureTime", -1, ValueError, "out of range"),
        ("ExposureTime", "1/0", ValueError, "a number"),
        ("ExposureTime", "1e999999999", ValueError, "a number"),  # would take hours
        ("ExposureTime", math.nan, ValueError, "a number"),
        ("ExposureTime", math.inf, ValueError, "a number"),
        ("ExposureTime", None, TypeError, "a number"),
        ("ExposureTime", True, TypeError, "a number"),
        ("ExposureBiasValue", 2**31, ValueError, "out of range"),
        ("LensSpecification", 4, TypeError, "4 numbers"),
        ("LensSpecification", "1234", TypeError, "4 numbers"),
        ("LensSpecification", [1, 2], ValueError, "4 numbers, not 2"),
        ("DateTime", "2024-01-01 00:00:00", ValueError, "2024:12:31 23:59:59"),
        ("DateTime", "2024:13:01 00:00:00", ValueError, "2024:12:31 23:59:59"),
        ("DateTime", 5, TypeError, "datetime or a str"),
        ("OffsetTime", "CET", ValueError, r"\+01:00"),
        ("SubSecTime", ".5", ValueError, "123"),
        ("SubSecTime", "٣", ValueError, "123"),
        ("ImageDescription", "x" * 66000, ValueError, "too many.*shorten"),
        ("GPSProcessingMethod", "GUESS", ValueError, "one of CELLID, GPS, MANUAL, WLAN"),
    ],
)
def test_wrong_value_is_refused_before_there_is_a_photo(name, value, error, message):
    with pytest.raises(error, match=message):
        Exif(tags={name: value})


# ---- places ----


def test_no_place_without_being_told():
    assert not any(name.startswith("GPS") for name in read(Exif(taken=TAKEN, make="A")))


@pytest.mark.parametrize(
    ("gps", "expected"),
    [
        ((0, 0), ("N", (0, 0, 0), "E", (0, 0, 0))),
        ((48.5, -0.25), ("N", (48, 30, 0), "W", (0, 15, 0))),
        ((-33.856784, 151.215297), ("S", (33, 51, Fraction("24.4224")), "E",
                                    (151, 12, Fraction("55.0692")))),
        ((59.99999999999, 0), ("N", (60, 0, 0), "E", (0, 0, 0))),  # no 60 seconds
        ((90, 180), ("N", (90, 0, 0), "E", (180, 0, 0))),
        ((Decimal("1.1"), Fraction(1, 3)), ("N", (1, 6, 0), "E", (0, 20, 0))),
    ],
)  # fmt: skip
def test_place_in_degrees_minutes_seconds(gps, expected):
    found = read(Exif(gps=gps))

    parts = ("GPSLatitudeRef", "GPSLatitude", "GPSLongitudeRef", "GPSLongitude")
    assert tuple(found[part] for part in parts) == expected
    assert found["GPSVersionID"] == b"\2\3\0\0"
    assert "GPSAltitude" not in found


@pytest.mark.parametrize(
    ("altitude", "ref", "value"), [(12.5, 0, Fraction(25, 2)), (-400, 1, 400), (0, 0, 0)]
)
def test_altitude_below_the_sea_has_its_own_sign(altitude, ref, value):
    found = read(Exif(gps=(1, 2, altitude)))

    assert found["GPSAltitudeRef"] == bytes([ref])
    assert found["GPSAltitude"] == value


@pytest.mark.parametrize(
    ("gps", "error"),
    [
        ((1,), ValueError),
        ((1, 2, 3, 4), ValueError),
        ("12", TypeError),
        ((91, 0), ValueError),
        ((0, -180.1), ValueError),
        ((math.nan, 0), TypeError),
        ((0, math.inf), TypeError),
        (("1", "2"), TypeError),
        ((True, 0), TypeError),
        ((None, 0), TypeError),
        (5, TypeError),
    ],
)
def test_impossible_place_is_refused(gps, error):
    with pytest.raises(error, match="gps"):
        Exif(gps=gps)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_place_comes_back_to_three_millimetres(latitude, longitude):
    found = read(Exif(gps=(latitude, longitude)))

    for name, value, negative in (("Latitude", latitude, "S"), ("Longitude", longitude, "W")):
        degrees, minutes, seconds = (Fraction(part) for part in found[f"GPS{name}"])
        assert minutes < 60
        assert seconds < 60
        size = degrees + minutes / 60 + seconds / 3600
        sign = -1 if found[f"GPS{name}Ref"] == negative else 1
        assert abs(sign * size - Fraction(value)) <= Fraction(1, 2 * 36_000_000)


# ---- the table and the numbers ----


@pytest.mark.parametrize("tag", TAGS.values(), ids=lambda tag: tag.name)
def test_number_is_the_one_pillow_knows(tag):
    """A second list of the standard's numbers, by other people."""
    others = {
        "PhotographicSensitivity": "ISOSpeedRatings",  # until Exif 2.3
        "PixelXDimension": "ExifImageWidth",
        "PixelYDimension": "ExifImageHeight",
        "FlashpixVersion": "FlashPixVersion",
        "SubSecTime": "SubsecTime",
        "SubSecTimeOriginal": "SubsecTimeOriginal",
        "SubSecTimeDigitized": "SubsecTimeDigitized",
    }
    known = ExifTags.GPS if tag.place == "gps" else ExifTags.Base
    names = {row.value: row.name for row in known}

    assert names[tag.number] == others.get(tag.name, tag.name)


def test_no_number_appears_twice_in_a_place():
    assert len({(tag.place, tag.number) for tag in TAGS.values()}) == len(TAGS)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.01, Fraction(1, 100)),
        (1 / 3, Fraction(1, 3)),
        (1 / 8000, Fraction(1, 8000)),
        (333 / 10000, Fraction(333, 10000)),
        ("0.0099999", Fraction(99999, 10_000_000)),
        (Fraction(1, 2**31), Fraction(1, 2**31)),
        (7, Fraction(7)),
    ],
)
def test_float_becomes_the_fraction_that_was_meant(value, expected):
    assert as_fraction(value) == expected


def test_facts_can_be_replaced_and_pickled():
    exif = Exif(tags={"Artist": "Ann"}, gps=(1, 2))

    exif = dataclasses.replace(exif, make="A")

    assert pickle.loads(pickle.dumps(exif)) == exif
    assert read(exif)["Artist"] == "Ann"
