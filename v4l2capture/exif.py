# SPDX-License-Identifier: MIT
"""What is known about a photo, as Exif data. Arithmetic only.

What nobody knows is left out: no brightness, no aperture and no place is ever invented.

Source: Exif 2.32 (CIPA DC-008-2019).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from .exiftags import (
    FLASH_NUMBERS,
    TAGS,
    as_fraction,
    checked_value,
    date_text,
    known_tag,
    pack_value,
)
from .tiff import HEADER, Directory, pack_directory

__all__ = ["EXIF_PREFIX", "Exif", "Flash", "orientation"]

Number = int | float | Fraction | Decimal

EXIF_PREFIX: Final = b"Exif\0\0"

_PROGRAMS: Final = {"manual": 1, "auto": 2, "aperture priority": 3, "shutter priority": 4}
_EXPOSURE_MODES: Final = {"auto": 0, "manual": 1, "bracket": 2}
_WHITE_BALANCES: Final = {"auto": 0, "manual": 1}
_FLASH_MODES: Final = {None: 0, "flash": 0x08, "off": 0x10, "auto": 0x18}

_EXIF, _GPS = 0x8769, 0x8825  # where the outer directory points to the inner ones
_MOST_BYTES = 0xFFFF - 2  # of a segment of a JPEG, without its length
_INFINITELY_FAR: Final = Fraction(2**32 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash:
    """What the lamp did.

    Attributes:
        fired: It lit this photo.
        mode: What was asked for, in the words of ``fillLightMode``: ``"flash"``, ``"off"``,
            ``"auto"``; ``None``: nothing.
        red_eye: Eyes were lit before.
        present: Whether there is a lamp.
    """

    fired: bool = False
    mode: str | None = None
    red_eye: bool = False
    present: bool = True

    def __post_init__(self) -> None:
        _word("mode", self.mode, _FLASH_MODES)

    @property
    def number(self) -> int:
        """The value of the tag; what Exif has no number for is left out of it."""
        if not self.present:
            return 0x20
        fired, mode = int(self.fired), _FLASH_MODES[self.mode]
        for number in (fired | mode | 0x40 * self.red_eye, fired | mode):
            if number in FLASH_NUMBERS:
                return number
        return fired


@dataclass(frozen=True, slots=True, kw_only=True)
class Exif:
    """The facts about a photo. ``None`` is not known and not written.

    A number that says nothing (an exposure of 0 s, an ISO of 0) is not written either, so that
    a driver may say what it likes.

    Attributes:
        make: Who made the camera.
        model: What it is called.
        software: Name and version of what took the photo.
        taken: When, with its time zone.
        exposure_time: Seconds.
        iso: Sensitivity, as the driver says it.
        exposure_bias: EV.
        exposure_mode: ``"auto"``, ``"manual"`` or ``"bracket"``.
        exposure_program: ``"auto"``, ``"manual"``, ``"aperture priority"`` or
            ``"shutter priority"``; ``None``: what follows from the mode.
        white_balance: ``"auto"`` or ``"manual"``.
        flash: What the lamp did.
        subject_distance: Metres; ``math.inf`` for what is infinitely far.
        digital_zoom: Factor.
        rotation: Of the sensor: degrees, counter-clockwise, by which the picture is to be
            turned; see :func:`orientation`.
        tags: More of them by their names in the standard, for example ``{"Artist": "Ann"}``.
            They win over the above.
        gps: Latitude and longitude in degrees (WGS 84), and altitude in metres, if known.

    Raises:
        TypeError: A tag, or part of a place, is of the wrong kind.
        ValueError: No tag has that name, or a value is out of range.
    """

    make: str | None = None
    model: str | None = None
    software: str | None = None
    taken: datetime | None = None
    exposure_time: Number | None = None
    iso: Number | None = None
    exposure_bias: Number | None = None
    exposure_mode: str | None = None
    exposure_program: str | None = None
    white_balance: str | None = None
    flash: Flash | None = None
    subject_distance: Number | None = None
    digital_zoom: Number | None = None
    rotation: int | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    gps: Sequence[Number] | None = None

    def __post_init__(self) -> None:
        _word("exposure_mode", self.exposure_mode, (None, *_EXPOSURE_MODES))
        _word("exposure_program", self.exposure_program, (None, *_PROGRAMS))
        _word("white_balance", self.white_balance, (None, *_WHITE_BALANCES))
        if self.taken is not None and self.taken.utcoffset() is None:
            raise ValueError(f"taken={self.taken!r} has no time zone")
        if not isinstance(self.tags, Mapping):
            raise TypeError(f"tags={self.tags!r}: give a mapping from names to values")
        for name, value in self.tags.items():
            checked_value(known_tag(name), value)
        _place(self.gps)
        size = len(self.payload((1, 1), 3)) if self.tags else 0
        if size > _MOST_BYTES:
            raise ValueError(
                f"{size} bytes of Exif data are too many: a JPEG has room for {_MOST_BYTES}; "
                "shorten the tags"
            )

    def named(self) -> dict[str, Any]:
        """Return the tags by name, with those of the caller."""
        mode = self.exposure_mode
        program = self.exposure_program or mode
        found: dict[str, Any] = {
            "Make": _cleaned(self.make),
            "Model": _cleaned(self.model),
            "Software": _cleaned(self.software),
            "Orientation": orientation(self.rotation),
            "ExposureTime": _positive(self.exposure_time),
            "ExposureBiasValue": _finite(self.exposure_bias),
            "ExposureMode": _EXPOSURE_MODES.get(mode or ""),
            "ExposureProgram": _PROGRAMS.get(program or ""),
            "WhiteBalance": _WHITE_BALANCES.get(self.white_balance or ""),
            "Flash": self.flash and self.flash.number,
            "SubjectDistance": _distance(self.subject_distance),
            "DigitalZoomRatio": _positive(self.digital_zoom),
            **_sensitivity(_positive(self.iso)),
            **_place(self.gps),
            **_moment(self.taken, ("", "Original", "Digitized")),
        }
        for end in ("", "Original", "Digitized"):
            if (moment := self.tags.get(f"DateTime{end}")) is not None:
                found |= dict.fromkeys((f"SubSecTime{end}", f"OffsetTime{end}"))  # of another time
                found |= _moment(moment, (end,))
        found |= {name: checked_value(TAGS[name], value) for name, value in self.tags.items()}
        return {name: value for name, value in found.items() if value is not None}

    def directory(
        self, size: tuple[int, int] | None = None, *, components: int = 0, is_raw: bool = False
    ) -> Directory:
        """Return the directories of the file.

        Args:
            size: Width and height of the picture; ``None`` where the file's other tags have it.
            components: Of a JPEG: 1 or 3; else 0.
            is_raw: The colours are not sRGB yet.
        """
        places: dict[str, Directory] = {"image": {}, "exif": {}, "gps": {}}
        for name, value in {
            "XResolution": Fraction(72),  # nothing is known about paper; these say so
            "YResolution": Fraction(72),
            "ResolutionUnit": 2,
            "ExifVersion": b"0232",
            "FlashpixVersion": b"0100",
            "ColorSpace": 0xFFFF if is_raw else 1,  # uncalibrated, sRGB
            **_geometry(size, components),
            **self.named(),
        }.items():
            tag = TAGS[name]
            places[tag.place][tag.number] = pack_value(tag, value)
        outer = places["image"]
        outer[_EXIF] = places["exif"]
        if places["gps"]:
            version = TAGS["GPSVersionID"]
            places["gps"][version.number] = pack_value(version, (2, 3, 0, 0))
            outer[_GPS] = places["gps"]
        return outer

    def payload(self, size: tuple[int, int], components: int = 0) -> bytes:
        """Return the Exif data of a file that is no TIFF, with ``Exif`` before it."""
        return EXIF_PREFIX + HEADER + pack_directory(self.directory(size, components=components))


def orientation(rotation: int | None) -> int | None:
    """Return the value of the tag for V4L2's rotation of a sensor.

    V4L2 says by how much to turn the picture counter-clockwise, Exif to which side its top
    is: 90 degrees are 8 (the top is on the right), 270 are 6. Others have no number.

    Source: V4L2_CID_CAMERA_SENSOR_ROTATION in ext-ctrls-camera.rst.
    """
    return None if rotation is None else {0: 1, 90: 8, 180: 3, 270: 6}.get(rotation % 360)


# ---- one fact each ----


def _word(name: str, value: object, known: Any) -> None:
    if value not in known:
        words = ", ".join(repr(word) for word in known if word is not None)
        raise ValueError(f"{name}={value!r} is none of {words}")


def _cleaned(text: str | None) -> str | None:
    """Drivers pad with NUL and blanks."""
    return (text or "").split("\0", 1)[0].strip() or None


def _finite(value: Number | None) -> Fraction | None:
    return None if value is None or not math.isfinite(value) else as_fraction(value)


def _positive(value: Number | None) -> Fraction | None:
    fraction = _finite(value)
    return fraction if fraction is not None and 0 < fraction < 2**32 else None


def _distance(metres: Number | None) -> Fraction | None:
    return _INFINITELY_FAR if metres == math.inf else _positive(metres)


def _sensitivity(iso: Fraction | None) -> dict[str, int]:
    """The maker's own number, which Exif calls the recommended exposure index."""
    whole = 0 if iso is None else round(iso)
    if whole == 0:
        return {}
    return {
        "PhotographicSensitivity": min(whole, 65535),
        "SensitivityType": 2,
        "RecommendedExposureIndex": whole,
    }


def _moment(moment: datetime | str | None, ends: Sequence[str]) -> dict[str, str]:
    """The tags of a time; ``ends`` are of their names."""
    if not isinstance(moment, datetime):
        return {}
    values = {"DateTime": date_text(moment), "SubSecTime": f"{moment.microsecond:06}"}
    offset = moment.utcoffset()
    if offset is not None:
        hours, minutes = divmod(round(abs(offset) / timedelta(minutes=1)), 60)
        sign = "-" if offset < timedelta() else "+"
        values["OffsetTime"] = f"{sign}{hours:02}:{minutes:02}"
    return {f"{name}{end}": value for name, value in values.items() for end in ends}


def _geometry(size: tuple[int, int] | None, components: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if size is not None:
        found |= {"PixelXDimension": size[0], "PixelYDimension": size[1]}
    if components:
        found["YCbCrPositioning"] = 1  # centred
        found["ComponentsConfiguration"] = bytes(range(1, components + 1)).ljust(4, b"\0")
    return found


def _place(gps: Sequence[Number] | None) -> dict[str, Any]:
    """Where the photo was taken, to a ten-thousandth of a second of arc: 3 mm."""
    if gps is None:
        return {}
    hint = "give (latitude, longitude) or (latitude, longitude, altitude)"
    if isinstance(gps, str) or not isinstance(gps, Sequence):
        raise TypeError(f"gps={gps!r}: {hint}")
    if not 2 <= len(gps) <= 3:
        raise ValueError(f"gps={gps!r}: {hint}")
    found: dict[str, Any] = {"GPSMapDatum": "WGS-84", "GPSProcessingMethod": "MANUAL"}
    for name, value, limit, refs in zip(
        ("Latitude", "Longitude"), gps, (90, 180), ("NS", "EW"), strict=False
    ):
        degrees = _coordinate(name.lower(), value, limit)
        units = round(abs(degrees) * 3600 * 10_000)
        minutes, rest = divmod(units, 60 * 10_000)
        found[f"GPS{name}Ref"] = refs[degrees < 0]
        found[f"GPS{name}"] = (*map(Fraction, divmod(minutes, 60)), Fraction(rest, 10_000))
    if len(gps) == 3:
        altitude = _coordinate("altitude", gps[2], 1_000_000)
        found["GPSAltitudeRef"] = int(altitude < 0)
        found["GPSAltitude"] = Fraction(round(abs(altitude) * 1000), 1000)
    return found


def _coordinate(name: str, value: Number, limit: int) -> Fraction:
    try:
        # Not as_fraction(): what is left of a float's noise is less than 3 mm.
        degrees = None if isinstance(value, bool | str) else Fraction(value)
    except (TypeError, ValueError, OverflowError):
        degrees = None
    if degrees is None:
        raise TypeError(f"gps: the {name} is a number, not {value!r}")
    if abs(degrees) > limit:
        raise ValueError(f"gps: the {name} is from {-limit} to {limit}, not {value!r}")
    return degrees
