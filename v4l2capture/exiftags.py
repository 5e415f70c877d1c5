# SPDX-License-Identifier: MIT
"""The tags of Exif by name: where they are, what they hold, and how a value gets into the file.

Source: Exif 2.32 (CIPA DC-008-2019), sections 4.6.4 to 4.6.6.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from numbers import Rational
from typing import Any, Final, TypeVar

from .tiff import (
    Field,
    ascii_text,
    byte,
    long,
    rational,
    short,
    signed_rational,
    undefined,
)

__all__ = [
    "FLASH_NUMBERS",
    "TAGS",
    "Tag",
    "as_fraction",
    "checked_value",
    "date_text",
    "known_tag",
    "pack_value",
]


@dataclass(frozen=True, slots=True)
class Tag:
    """One row of :data:`TAGS`.

    Attributes:
        name: In the standard.
        place: ``"image"`` (the outer directory), ``"exif"`` or ``"gps"``.
        number: Of the tag in its directory.
        kind: ``"text"``, ``"moment"``, ``"comment"``, ``"bytes"``, ``"byte"``, ``"short"``,
            ``"long"``, ``"rational"`` or ``"signed"``.
        count: How many values.
        allowed: The only values there are, or ``None``.
        settable: Whether a caller may choose it; else it follows from the picture.
    """

    name: str
    place: str
    number: int
    kind: str
    count: int = 1
    allowed: Collection[int] | Collection[str] | None = None
    settable: bool = True


def _own(name: str, place: str, number: int, kind: str, count: int = 1) -> Tag:
    return Tag(name, place, number, kind, count, settable=False)


# What Exif combines of fired, return light, mode and red-eye reduction; all else means nothing.
FLASH_NUMBERS: Final = frozenset(
    b"\x00\x01\x05\x07\x08\x09\x0d\x0f\x10\x14\x18\x19\x1d\x1f\x20\x30"
    b"\x41\x45\x47\x49\x4d\x4f\x50\x58\x59\x5d\x5f"
)

# fmt: off
TAGS: dict[str, Tag] = {row.name: row for row in (
    #   name                          place    number  kind        count, allowed
    Tag("ImageDescription",           "image", 0x010E, "text"),
    Tag("Make",                       "image", 0x010F, "text"),
    Tag("Model",                      "image", 0x0110, "text"),
    Tag("Orientation",                "image", 0x0112, "short",    1, range(1, 9)),
    Tag("XResolution",                "image", 0x011A, "rational"),
    Tag("YResolution",                "image", 0x011B, "rational"),
    Tag("ResolutionUnit",             "image", 0x0128, "short",    1, (2, 3)),
    Tag("Software",                   "image", 0x0131, "text"),
    Tag("DateTime",                   "image", 0x0132, "moment"),
    Tag("Artist",                     "image", 0x013B, "text"),
    Tag("HostComputer",               "image", 0x013C, "text"),
    _own("YCbCrPositioning",          "image", 0x0213, "short"),
    Tag("Copyright",                  "image", 0x8298, "text"),

    Tag("ExposureTime",               "exif",  0x829A, "rational"),
    Tag("FNumber",                    "exif",  0x829D, "rational"),
    Tag("ExposureProgram",            "exif",  0x8822, "short",    1, range(9)),
    Tag("PhotographicSensitivity",    "exif",  0x8827, "short"),
    Tag("SensitivityType",            "exif",  0x8830, "short",    1, range(8)),
    Tag("StandardOutputSensitivity",  "exif",  0x8831, "long"),
    Tag("RecommendedExposureIndex",   "exif",  0x8832, "long"),
    Tag("ISOSpeed",                   "exif",  0x8833, "long"),
    _own("ExifVersion",               "exif",  0x9000, "bytes"),
    Tag("DateTimeOriginal",           "exif",  0x9003, "moment"),
    Tag("DateTimeDigitized",          "exif",  0x9004, "moment"),
    Tag("OffsetTime",                 "exif",  0x9010, "text"),
    Tag("OffsetTimeOriginal",         "exif",  0x9011, "text"),
    Tag("OffsetTimeDigitized",        "exif",  0x9012, "text"),
    _own("ComponentsConfiguration",   "exif",  0x9101, "bytes"),
    Tag("ShutterSpeedValue",          "exif",  0x9201, "signed"),
    Tag("ApertureValue",              "exif",  0x9202, "rational"),
    Tag("BrightnessValue",            "exif",  0x9203, "signed"),
    Tag("ExposureBiasValue",          "exif",  0x9204, "signed"),
    Tag("MaxApertureValue",           "exif",  0x9205, "rational"),
    Tag("SubjectDistance",            "exif",  0x9206, "rational"),
    Tag("MeteringMode",               "exif",  0x9207, "short",    1, (*range(7), 255)),
    Tag("LightSource",                "exif",  0x9208, "short",    1,
        (*range(5), *range(9, 16), *range(17, 25), 255)),
    Tag("Flash",                      "exif",  0x9209, "short",    1, FLASH_NUMBERS),
    Tag("FocalLength",                "exif",  0x920A, "rational"),
    Tag("UserComment",                "exif",  0x9286, "comment"),
    Tag("SubSecTime",                 "exif",  0x9290, "text"),
    Tag("SubSecTimeOriginal",         "exif",  0x9291, "text"),
    Tag("SubSecTimeDigitized",        "exif",  0x9292, "text"),
    Tag("AmbientTemperature",         "exif",  0x9400, "signed"),
    Tag("Humidity",                   "exif",  0x9401, "rational"),
    Tag("Pressure",                   "exif",  0x9402, "rational"),
    Tag("WaterDepth",                 "exif",  0x9403, "signed"),
    Tag("Acceleration",               "exif",  0x9404, "rational"),
    Tag("CameraElevationAngle",       "exif",  0x9405, "signed"),
    _own("FlashpixVersion",           "exif",  0xA000, "bytes"),
    _own("ColorSpace",                "exif",  0xA001, "short"),
    _own("PixelXDimension",           "exif",  0xA002, "long"),
    _own("PixelYDimension",           "exif",  0xA003, "long"),
    Tag("FlashEnergy",                "exif",  0xA20B, "rational"),
    Tag("FocalPlaneXResolution",      "exif",  0xA20E, "rational"),
    Tag("FocalPlaneYResolution",      "exif",  0xA20F, "rational"),
    Tag("FocalPlaneResolutionUnit",   "exif",  0xA210, "short",    1, (2, 3)),
    Tag("ExposureIndex",              "exif",  0xA215, "rational"),
    Tag("SensingMethod",              "exif",  0xA217, "short",    1, (1, 2, 3, 4, 5, 7, 8)),
    Tag("CustomRendered",             "exif",  0xA401, "short",    1, (0, 1)),
    Tag("ExposureMode",               "exif",  0xA402, "short",    1, (0, 1, 2)),
    Tag("WhiteBalance",               "exif",  0xA403, "short",    1, (0, 1)),
    Tag("DigitalZoomRatio",           "exif",  0xA404, "rational"),
    Tag("FocalLengthIn35mmFilm",      "exif",  0xA405, "short"),
    Tag("SceneCaptureType",           "exif",  0xA406, "short",    1, range(4)),
    Tag("GainControl",                "exif",  0xA407, "short",    1, range(5)),
    Tag("Contrast",                   "exif",  0xA408, "short",    1, range(3)),
    Tag("Saturation",                 "exif",  0xA409, "short",    1, range(3)),
    Tag("Sharpness",                  "exif",  0xA40A, "short",    1, range(3)),
    Tag("SubjectDistanceRange",       "exif",  0xA40C, "short",    1, range(4)),
    Tag("ImageUniqueID",              "exif",  0xA420, "text"),
    Tag("CameraOwnerName",            "exif",  0xA430, "text"),
    Tag("BodySerialNumber",           "exif",  0xA431, "text"),
    Tag("LensSpecification",          "exif",  0xA432, "rational", 4),
    Tag("LensMake",                   "exif",  0xA433, "text"),
    Tag("LensModel",                  "exif",  0xA434, "text"),
    Tag("LensSerialNumber",           "exif",  0xA435, "text"),

    _own("GPSVersionID",              "gps",   0x0000, "byte",     4),
    _own("GPSLatitudeRef",            "gps",   0x0001, "text"),
    _own("GPSLatitude",               "gps",   0x0002, "rational", 3),
    _own("GPSLongitudeRef",           "gps",   0x0003, "text"),
    _own("GPSLongitude",              "gps",   0x0004, "rational", 3),
    _own("GPSAltitudeRef",            "gps",   0x0005, "byte"),
    _own("GPSAltitude",               "gps",   0x0006, "rational"),
    Tag("GPSTimeStamp",               "gps",   0x0007, "rational", 3),
    Tag("GPSDOP",                     "gps",   0x000B, "rational"),
    Tag("GPSImgDirectionRef",         "gps",   0x0010, "text",     1, ("T", "M")),
    Tag("GPSImgDirection",            "gps",   0x0011, "rational"),
    _own("GPSMapDatum",               "gps",   0x0012, "text"),
    Tag("GPSProcessingMethod",        "gps",   0x001B, "comment",  1,
        ("GPS", "CELLID", "WLAN", "MANUAL")),
    Tag("GPSDateStamp",               "gps",   0x001D, "text"),
    Tag("GPSHPositioningError",       "gps",   0x001F, "rational"),
)}
# fmt: on

# The digits of other alphabets are none here.
_DAY: Final = re.compile(r"\d{4}:(0\d|1[0-2]):([0-2]\d|3[01])", re.ASCII)
_DATE: Final = re.compile(rf"{_DAY.pattern} ([01]\d|2[0-3]):[0-5]\d:[0-5]\d", re.ASCII)
_OFFSET: Final = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d", re.ASCII)
_DIGITS: Final = re.compile(r"\d+", re.ASCII)
# Fraction() would spend hours on the zeros of "1e999999999".
_NUMBER: Final = re.compile(r"[+-]?\d{1,20}(\.\d{1,20}|/\d{1,20})?", re.ASCII)
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")  # halves of characters, from undecoded bytes

# What text must look like, by the beginning of the tag's name.
_PATTERNS: Final = {
    "OffsetTime": (_OFFSET, "+01:00"),
    "SubSecTime": (_DIGITS, "123"),
    "GPSDateStamp": (_DAY, "2024:12:31"),
}

_LIMITS: Final = {"byte": 2**8, "short": 2**16, "long": 2**32}


def known_tag(name: str) -> Tag:
    """Return the tag that a caller may set under this name.

    Raises:
        ValueError: There is none; the message has the names that are close.
    """
    tag = TAGS.get(name)
    if tag is not None and tag.settable:
        return tag
    if tag is not None:
        hint = (
            "give gps=(latitude, longitude)" if tag.place == "gps" else "it follows from the photo"
        )
        raise ValueError(f"the Exif tag {name} cannot be set: {hint}")
    names = {row.name.casefold(): row.name for row in TAGS.values() if row.settable}
    near = difflib.get_close_matches(str(name).casefold(), names, n=4, cutoff=0.6)
    hint = f"; near it are {', '.join(names[key] for key in near)}" if near else ""
    raise ValueError(f"Exif has no tag {name!r} that could be set{hint}")


def pack_value(tag: Tag, value: Any) -> Field:
    """Return a value as the file has it.

    Args:
        value: As :func:`checked_value` returns it, or what that would return as it is: nothing
            is checked here.
    """
    pack = _PACKERS[tag.kind]
    return pack(*value) if type(value) is tuple else pack(value)


def _comment(text: str) -> Field:
    if text.isascii():
        return undefined(b"ASCII\0\0\0" + text.encode())
    return undefined(b"UNICODE\0" + text.encode("utf-16-le"))  # in the byte order of the file


_PACKERS: Final[Mapping[str, Callable[..., Field]]] = {
    "text": ascii_text,
    "moment": ascii_text,
    "comment": _comment,
    "bytes": undefined,
    "byte": byte,
    "short": short,
    "long": long,
    "rational": rational,
    "signed": signed_rational,
}


def as_fraction(value: Any) -> Fraction:
    """Return a number as a fraction: 1/100 for 0.01, which no float is exactly.

    Raises:
        TypeError: It is no number.
        ValueError: It is not finite.
    """
    if isinstance(value, bool):
        raise TypeError(f"{value!r} is no number")
    if isinstance(value, Rational):
        return Fraction(value)
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError(f"{value!r} is no number")
    try:
        fraction = Fraction(value)
    except (OverflowError, ZeroDivisionError) as error:
        raise ValueError(str(error)) from None
    return fraction if isinstance(value, str) else fraction.limit_denominator(1_000_000)


# ---- what callers give ----

_Value = TypeVar("_Value", int, str)


def checked_value(tag: Tag, value: object) -> Any:
    """Return a value in the type that :func:`pack_value` takes.

    Numbers may be text, too: ``"1/100"``, ``"2.8"``.

    Raises:
        TypeError: It is of the wrong kind.
        ValueError: It is out of range, or there are too few or too many.
    """
    match tag.kind:
        case "text" | "comment":
            return _text(tag, value)
        case "moment":
            return _moment(tag, value)
        case "rational":
            return tuple(_fraction(tag, each, 0, 2**32) for each in _values(tag, value))
        case "signed":
            return tuple(_fraction(tag, each, -(2**31), 2**31) for each in _values(tag, value))
    return tuple(_whole(tag, each) for each in _values(tag, value))


def date_text(moment: datetime) -> str:
    """Return a date and time as Exif has it, whatever its time zone."""
    return (
        f"{moment.year:04}:{moment.month:02}:{moment.day:02} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}"
    )


def _text(tag: Tag, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{tag.name} takes a str, not {value!r}")
    if not value or _NO_TEXT.search(value):
        raise ValueError(f"{tag.name} takes text without a NUL or undecoded bytes, not {value!r}")
    for beginning, (pattern, example) in _PATTERNS.items():
        if tag.name.startswith(beginning) and not pattern.fullmatch(value):
            raise ValueError(f'{tag.name} looks like "{example}", not {value!r}')
    return _allowed(tag, value)


def _moment(tag: Tag, value: object) -> str:
    if isinstance(value, datetime):
        return date_text(value)
    if not isinstance(value, str):
        raise TypeError(f"{tag.name} takes a datetime or a str, not {value!r}")
    if not _DATE.fullmatch(value):
        raise ValueError(f'{tag.name} looks like "2024:12:31 23:59:59", not {value!r}')
    return value


def _values(tag: Tag, value: object) -> Iterable[object]:
    if tag.count == 1:
        return [value]
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{tag.name} takes {tag.count} numbers, not {value!r}")
    values = list(value)
    if len(values) != tag.count:
        raise ValueError(f"{tag.name} takes {tag.count} numbers, not {len(values)}")
    return values


def _fraction(tag: Tag, value: object, least: int, end: int) -> Fraction:
    try:
        fraction = as_fraction(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{tag.name} takes a number, not {value!r}") from None
    if not least <= fraction < end:
        raise ValueError(f"{tag.name}={value!r} is out of range")
    return fraction


def _whole(tag: Tag, value: Any) -> int:
    try:
        if isinstance(value, bool):
            raise TypeError
        number = int(value) if isinstance(value, str) else operator.index(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{tag.name} takes a whole number, not {value!r}") from None
    most = _LIMITS[tag.kind] - 1
    if not 0 <= number <= most:
        raise ValueError(f"{tag.name} takes numbers from 0 to {most}, not {number}")
    return _allowed(tag, number)


def _allowed(tag: Tag, value: _Value) -> _Value:
    if tag.allowed is not None and value not in tag.allowed:
        known = ", ".join(map(str, sorted(tag.allowed)))
        raise ValueError(f"{tag.name} takes one of {known}; not {value!r}")
    return value
