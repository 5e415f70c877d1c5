# SPDX-License-Identifier: MIT
"""The dictionaries and enumerations of the W3C Image Capture model.

:data:`PROPERTIES` says once what each property of a video track is as a capability, a
constraint and a setting; the classes below it only spell the attributes out.

Sources: W3C MediaStream Image Capture; W3C Media Capture and Streams, "MediaTrack..."
dictionaries; W3C Media Capture and Streams Extensions for backgroundBlur.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from .webidl import (
    Constrain,
    Convert,
    Dictionary,
    MediaSettingsRange,
    Point2D,
    UnknownMemberWarning,
    boolean,
    camel,
    constrain,
    dictionary,
    number,
    one_of,
    scalar_or_list,
    sequence,
    snake,
    string,
    ulong,
)

__all__ = [
    "AUDIO_NAMES",
    "PROPERTIES",
    "Constrain",
    "Dictionary",
    "FillLightMode",
    "MediaSettingsRange",
    "MediaTrackCapabilities",
    "MediaTrackConstraintSet",
    "MediaTrackConstraints",
    "MediaTrackSettings",
    "MediaTrackSupportedConstraints",
    "MeteringMode",
    "PhotoCapabilities",
    "PhotoSettings",
    "Point2D",
    "Property",
    "RedEyeReduction",
    "UnknownMemberWarning",
    "VideoFacingMode",
    "VideoResizeMode",
    "camel",
    "snake",
]


class MeteringMode(StrEnum):
    """How focus, exposure or white balance find their value."""

    NONE = "none"
    MANUAL = "manual"
    SINGLE_SHOT = "single-shot"
    CONTINUOUS = "continuous"


class FillLightMode(StrEnum):
    """What the lamp does while a photo is taken."""

    AUTO = "auto"
    OFF = "off"
    FLASH = "flash"


class RedEyeReduction(StrEnum):
    """Whether eyes are lit before the photo."""

    NEVER = "never"
    ALWAYS = "always"
    CONTROLLABLE = "controllable"


class VideoFacingMode(StrEnum):
    """Where the camera looks, seen from its user."""

    USER = "user"
    ENVIRONMENT = "environment"
    LEFT = "left"
    RIGHT = "right"


class VideoResizeMode(StrEnum):
    """Whether pictures are as the camera makes them."""

    NONE = "none"
    CROP_AND_SCALE = "crop-and-scale"


# ---- the properties of a track ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Property:
    """What one property is, in each of the dictionaries.

    Attributes:
        kind: ``"number"``, ``"ulong"``, ``"string"``, ``"boolean"`` or ``"points"``.
        capability: ``None``: there is none.
        selects: It may be required when a device is chosen.
    """

    name: str
    kind: str
    capability: Convert | None
    constraint: Convert
    setting: Convert
    selects: bool = False


_points = sequence(dictionary(Point2D))
_range = dictionary(MediaSettingsRange)
_strings = sequence(string)
_booleans = sequence(boolean)
_modes = scalar_or_list(string)

_ULONG = constrain(ulong, dict.fromkeys(("min", "max", "exact", "ideal"), ulong))
_DOUBLE = constrain(number, dict.fromkeys(("min", "max", "exact", "ideal"), number))
_MOVE = constrain(number, dict.fromkeys(("min", "max", "exact", "ideal"), number), also=boolean)
_STRING = constrain(_modes, {"exact": _modes, "ideal": _modes})
_BOOLEAN = constrain(boolean, {"exact": boolean, "ideal": boolean})
_POINTS = constrain(_points, {"exact": _points, "ideal": _points})

# The order is the one in which a failed constraint is looked for.
# fmt: off
PROPERTIES: dict[str, Property] = {row.name: row for row in (
    #        name                    kind       capability  constraint  setting   selects
    Property("deviceId",             "string",  string,     _STRING,    string,   True),
    Property("groupId",              "string",  string,     _STRING,    string,   True),
    Property("facingMode",           "string",  _strings,   _STRING,    string,   True),
    Property("width",                "ulong",   _range,     _ULONG,     ulong,    True),
    Property("height",               "ulong",   _range,     _ULONG,     ulong,    True),
    Property("aspectRatio",          "number",  _range,     _DOUBLE,    number,   True),
    Property("frameRate",            "number",  _range,     _DOUBLE,    number,   True),
    Property("resizeMode",           "string",  _strings,   _STRING,    string,   True),
    Property("whiteBalanceMode",     "string",  _strings,   _STRING,    string),
    Property("exposureMode",         "string",  _strings,   _STRING,    string),
    Property("focusMode",            "string",  _strings,   _STRING,    string),
    Property("pointsOfInterest",     "points",  None,       _POINTS,    _points),
    Property("exposureCompensation", "number",  _range,     _DOUBLE,    number),
    Property("exposureTime",         "number",  _range,     _DOUBLE,    number),
    Property("colorTemperature",     "number",  _range,     _DOUBLE,    number),
    Property("iso",                  "number",  _range,     _DOUBLE,    number),
    Property("brightness",           "number",  _range,     _DOUBLE,    number),
    Property("contrast",             "number",  _range,     _DOUBLE,    number),
    Property("saturation",           "number",  _range,     _DOUBLE,    number),
    Property("sharpness",            "number",  _range,     _DOUBLE,    number),
    Property("focusDistance",        "number",  _range,     _DOUBLE,    number),
    Property("pan",                  "number",  _range,     _MOVE,      number),
    Property("tilt",                 "number",  _range,     _MOVE,      number),
    Property("zoom",                 "number",  _range,     _MOVE,      number),
    Property("torch",                "boolean", _booleans,  _BOOLEAN,   boolean),
    Property("backgroundBlur",       "boolean", _booleans,  _BOOLEAN,   boolean),
)}
# fmt: on

# Properties of microphones, which mean nothing for a camera; "volume" is of older drafts.
AUDIO_NAMES = frozenset(
    {
        "autoGainControl",
        "channelCount",
        "echoCancellation",
        "latency",
        "noiseSuppression",
        "sampleRate",
        "sampleSize",
        "volume",
    }
)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class MediaTrackSupportedConstraints(Dictionary):
    """The properties that can be constrained: ``True``, whatever the camera can."""

    device_id: bool | None = True
    group_id: bool | None = True
    facing_mode: bool | None = True
    width: bool | None = True
    height: bool | None = True
    aspect_ratio: bool | None = True
    frame_rate: bool | None = True
    resize_mode: bool | None = True
    white_balance_mode: bool | None = True
    exposure_mode: bool | None = True
    focus_mode: bool | None = True
    points_of_interest: bool | None = True
    exposure_compensation: bool | None = True
    exposure_time: bool | None = True
    color_temperature: bool | None = True
    iso: bool | None = True
    brightness: bool | None = True
    contrast: bool | None = True
    saturation: bool | None = True
    sharpness: bool | None = True
    focus_distance: bool | None = True
    pan: bool | None = True
    tilt: bool | None = True
    zoom: bool | None = True
    torch: bool | None = True
    background_blur: bool | None = True

    MEMBERS: ClassVar[Mapping[str, Convert]] = dict.fromkeys(PROPERTIES, boolean)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class MediaTrackCapabilities(Dictionary):
    """What the camera can: ranges, or lists of values."""

    device_id: str | None = None
    group_id: str | None = None
    facing_mode: list[str] | None = None
    width: MediaSettingsRange | None = None
    height: MediaSettingsRange | None = None
    aspect_ratio: MediaSettingsRange | None = None
    frame_rate: MediaSettingsRange | None = None
    resize_mode: list[str] | None = None
    white_balance_mode: list[str] | None = None
    exposure_mode: list[str] | None = None
    focus_mode: list[str] | None = None
    exposure_compensation: MediaSettingsRange | None = None
    exposure_time: MediaSettingsRange | None = None
    color_temperature: MediaSettingsRange | None = None
    iso: MediaSettingsRange | None = None
    brightness: MediaSettingsRange | None = None
    contrast: MediaSettingsRange | None = None
    saturation: MediaSettingsRange | None = None
    sharpness: MediaSettingsRange | None = None
    focus_distance: MediaSettingsRange | None = None
    pan: MediaSettingsRange | None = None
    tilt: MediaSettingsRange | None = None
    zoom: MediaSettingsRange | None = None
    torch: list[bool] | None = None
    background_blur: list[bool] | None = None

    MEMBERS: ClassVar[Mapping[str, Convert]] = {
        name: row.capability for name, row in PROPERTIES.items() if row.capability
    }


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class MediaTrackSettings(Dictionary):
    """The values that were chosen."""

    device_id: str | None = None
    group_id: str | None = None
    facing_mode: str | None = None
    width: int | None = None
    height: int | None = None
    aspect_ratio: float | None = None
    frame_rate: float | None = None
    resize_mode: str | None = None
    white_balance_mode: str | None = None
    exposure_mode: str | None = None
    focus_mode: str | None = None
    points_of_interest: list[Point2D] | None = None
    exposure_compensation: float | None = None
    exposure_time: float | None = None
    color_temperature: float | None = None
    iso: float | None = None
    brightness: float | None = None
    contrast: float | None = None
    saturation: float | None = None
    sharpness: float | None = None
    focus_distance: float | None = None
    pan: float | None = None
    tilt: float | None = None
    zoom: float | None = None
    torch: bool | None = None
    background_blur: bool | None = None

    MEMBERS: ClassVar[Mapping[str, Convert]] = {
        name: row.setting for name, row in PROPERTIES.items()
    }


_Number = float | Constrain
_Move = float | bool | Constrain
_Text = str | list[str] | Constrain


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class MediaTrackConstraintSet(Dictionary):
    """What is wanted: bare values, lists of alternatives, or :class:`Constrain`."""

    device_id: _Text | None = None
    group_id: _Text | None = None
    facing_mode: _Text | None = None
    width: _Number | None = None
    height: _Number | None = None
    aspect_ratio: _Number | None = None
    frame_rate: _Number | None = None
    resize_mode: _Text | None = None
    white_balance_mode: _Text | None = None
    exposure_mode: _Text | None = None
    focus_mode: _Text | None = None
    points_of_interest: list[Point2D] | Constrain | None = None
    exposure_compensation: _Number | None = None
    exposure_time: _Number | None = None
    color_temperature: _Number | None = None
    iso: _Number | None = None
    brightness: _Number | None = None
    contrast: _Number | None = None
    saturation: _Number | None = None
    sharpness: _Number | None = None
    focus_distance: _Number | None = None
    pan: _Move | None = None
    tilt: _Move | None = None
    zoom: _Move | None = None
    torch: bool | Constrain | None = None
    background_blur: bool | Constrain | None = None

    MEMBERS: ClassVar[Mapping[str, Convert]] = {
        name: row.constraint for name, row in PROPERTIES.items()
    }
    IGNORED: ClassVar[frozenset[str]] = AUDIO_NAMES


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class MediaTrackConstraints(MediaTrackConstraintSet):
    """What is wanted of a track.

    Attributes:
        advanced: Further wishes, the most important first: each is met as a whole or not at
            all, and none is ever a reason to fail.
    """

    advanced: list[MediaTrackConstraintSet] | None = None

    MEMBERS: ClassVar[Mapping[str, Convert]] = {
        **MediaTrackConstraintSet.MEMBERS,
        "advanced": sequence(dictionary(MediaTrackConstraintSet)),
    }


# ---- photos --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class PhotoCapabilities(Dictionary):
    """What can be chosen for a photo."""

    red_eye_reduction: RedEyeReduction | None = None
    image_height: MediaSettingsRange | None = None
    image_width: MediaSettingsRange | None = None
    fill_light_mode: list[FillLightMode] | None = None

    MEMBERS: ClassVar[Mapping[str, Convert]] = {
        "redEyeReduction": one_of(RedEyeReduction),
        "imageHeight": _range,
        "imageWidth": _range,
        "fillLightMode": sequence(one_of(FillLightMode)),
    }


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class PhotoSettings(Dictionary):
    """What is chosen for a photo; sizes are in pixels."""

    fill_light_mode: FillLightMode | None = None
    image_height: float | None = None
    image_width: float | None = None
    red_eye_reduction: bool | None = None

    MEMBERS: ClassVar[Mapping[str, Convert]] = {
        "fillLightMode": one_of(FillLightMode),
        "imageHeight": number,
        "imageWidth": number,
        "redEyeReduction": boolean,
    }
