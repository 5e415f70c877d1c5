# SPDX-License-Identifier: MIT
"""From a profile to what a USB Video Class device has: controls as bytes, formats with GUIDs.

What the class has no control for (an integer menu of exposure biases, a button) is left out, as
are formats that are not in the table; :attr:`Model.left_out` names them.

Source: USB Device Class Definition for Video Devices 1.5, chapters 3.7, 4.2 and A.9, and its
payload specification for uncompressed formats, chapter 2.2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from v4l2capture.cids import FLAG_BITS
from v4l2capture.profile import Profile, ProfileControl, ProfileSize
from v4l2capture.sim import builtin_profiles

__all__ = [
    "LARGEST",
    "Entity",
    "Model",
    "Request",
    "Selector",
    "VideoFormat",
    "VideoFrame",
]

PROFILES = Path(__file__).resolve().parents[3] / "v4l2capture/profiles"
LARGEST = (1 << 16, 1 << 16)  # no limit: the class has 16 bits for each


class Entity(IntEnum):
    """Ids of what the picture passes on its way to the host."""

    CAMERA = 1
    PROCESSING = 2
    OUTPUT = 3


class Request(IntEnum):
    """bRequest of the class."""

    SET_CUR = 0x01
    GET_CUR = 0x81
    GET_MIN = 0x82
    GET_MAX = 0x83
    GET_RES = 0x84
    GET_LEN = 0x85
    GET_INFO = 0x86
    GET_DEF = 0x87


# ---- how a number becomes bytes -----------------------------------------------------------


class Coding(NamedTuple):
    """A number of V4L2 as the class has it, and back. Numbers wrap, as they do in firmware."""

    to_raw: Callable[[ProfileControl, Request, int], int] = lambda _control, _request, value: value
    from_raw: Callable[[int], int] = lambda raw: raw


_EXPOSURE_BITS = {0: 2, 1: 1, 2: 4, 3: 8}  # bmAutoExposureMode for V4L2's menu entries


def _exposure_mode(control: ProfileControl, request: Request, value: int) -> int:
    if request in (Request.GET_CUR, Request.GET_DEF):
        return _EXPOSURE_BITS.get(value, 0)
    modes = control.menu or range(control.minimum, control.maximum + 1)
    return sum(_EXPOSURE_BITS.get(mode, 0) for mode in modes)


def _exposure_mode_back(raw: int) -> int:
    return {bit: mode for mode, bit in _EXPOSURE_BITS.items()}.get(raw, -1)


def _speed(_control: ProfileControl, request: Request, value: int) -> int:
    """A byte of direction, then one of speed. Only the present one has a direction."""
    direction = (value > 0) - (value < 0) if request == Request.GET_CUR else 1
    return direction & 0xFF | (abs(value) & 0xFF) << 8


def _speed_back(raw: int) -> int:
    direction, speed = raw & 0xFF, raw >> 8 & 0xFF
    return 0 if direction == 0 else speed if direction < 0x80 else -speed


def _zoom_speed(control: ProfileControl, request: Request, value: int) -> int:
    """A byte in between says whether the zoom is a digital one."""
    raw = _speed(control, request, value)
    return raw & 0xFF | raw >> 8 << 16


def _zoom_speed_back(raw: int) -> int:
    return _speed_back(raw & 0xFF | raw >> 16 << 8)


_NUMBER = Coding()
_MODE = Coding(_exposure_mode, _exposure_mode_back)
_SPEED = Coding(_speed, _speed_back)
_ZOOM_SPEED = Coding(_zoom_speed, _zoom_speed_back)


class Field(NamedTuple):
    """Where a V4L2 control is in a control of the class."""

    cid: int
    size: int
    is_signed: bool = False
    coding: Coding = _NUMBER


class Place(NamedTuple):
    """A control of the class: entity, bit in bmControls, selector, and what it is made of."""

    entity: Entity
    bit: int
    selector: int
    fields: tuple[Field, ...]


_USER, _LENS = 0x00980900, 0x009A0900  # V4L2_CID_USER_BASE and V4L2_CID_CAMERA_CLASS_BASE
_RED, _BLUE, _AUTO_WHITE, _TEMPERATURE = _USER + 14, _USER + 15, _USER + 12, _USER + 26
_AUTO_WHITE_BIT = {True: (12, 0x0B), False: (13, 0x0D)}  # of the temperature, of components
POWER_LINE = _USER + 24


def _places(*, has_temperature: bool) -> list[Place]:
    unit, camera = Entity.PROCESSING, Entity.CAMERA
    return [
        Place(unit, 0, 0x02, (Field(_USER + 0, 2, True),)),  # brightness
        Place(unit, 1, 0x03, (Field(_USER + 1, 2),)),  # contrast
        Place(unit, 2, 0x06, (Field(_USER + 3, 2, True),)),  # hue
        Place(unit, 3, 0x07, (Field(_USER + 2, 2),)),  # saturation
        Place(unit, 4, 0x08, (Field(_USER + 27, 2),)),  # sharpness
        Place(unit, 5, 0x09, (Field(_USER + 16, 2),)),  # gamma
        Place(unit, 6, 0x0A, (Field(_TEMPERATURE, 2),)),
        Place(unit, 7, 0x0C, (Field(_BLUE, 2), Field(_RED, 2))),
        Place(unit, 8, 0x01, (Field(_USER + 28, 2),)),  # backlight compensation
        Place(unit, 9, 0x04, (Field(_USER + 19, 2),)),  # gain
        Place(unit, 10, 0x05, (Field(POWER_LINE, 1),)),
        Place(unit, 11, 0x10, (Field(_USER + 25, 1),)),  # hue, automatic
        Place(unit, *_AUTO_WHITE_BIT[has_temperature], (Field(_AUTO_WHITE, 1),)),
        Place(camera, 1, 0x02, (Field(_LENS + 1, 1, coding=_MODE),)),  # exposure mode
        Place(camera, 2, 0x03, (Field(_LENS + 3, 1),)),  # exposure may slow the frames down
        Place(camera, 3, 0x04, (Field(_LENS + 2, 4),)),  # exposure time
        Place(camera, 5, 0x06, (Field(_LENS + 10, 2),)),  # focus
        Place(camera, 7, 0x09, (Field(_LENS + 17, 2),)),  # iris
        Place(camera, 8, 0x0A, (Field(_LENS + 18, 1, True),)),  # iris, relative
        Place(camera, 9, 0x0B, (Field(_LENS + 13, 2),)),  # zoom
        Place(camera, 10, 0x0C, (Field(_LENS + 15, 3, coding=_ZOOM_SPEED),)),
        Place(camera, 11, 0x0D, (Field(_LENS + 8, 4, True), Field(_LENS + 9, 4, True))),
        Place(
            camera,
            12,
            0x0E,
            (Field(_LENS + 32, 2, coding=_SPEED), Field(_LENS + 33, 2, coding=_SPEED)),
        ),
        Place(camera, 17, 0x08, (Field(_LENS + 12, 1),)),  # focus, automatic
        Place(camera, 18, 0x11, (Field(_LENS + 16, 1),)),  # privacy
    ]


# ---- a control of the class ---------------------------------------------------------------

_NUMBERS = {
    Request.GET_MIN: "minimum",
    Request.GET_MAX: "maximum",
    Request.GET_RES: "step",
    Request.GET_DEF: "default",
}

# bmInfo of GET_INFO
_GET, _SET, _DISABLED_BY_AUTO, _AUTOUPDATE = 1, 2, 4, 8


@dataclass(frozen=True)
class Selector:
    """One control of the class, with the ranges of the profile behind it."""

    place: Place
    controls: Mapping[int, ProfileControl]

    @property
    def size(self) -> int:
        return sum(each.size for each in self.place.fields)

    def has_flag(self, name: str) -> bool:
        return any(control.flags & FLAG_BITS[name] for control in self.controls.values())

    def info(self, *, is_inactive: bool) -> int:
        """Return what GET_INFO answers."""
        bits = 0 if self.has_flag("write-only") else _GET
        bits |= 0 if self.has_flag("read-only") else _SET
        bits |= _AUTOUPDATE if self.has_flag("volatile") else 0
        return bits | (_DISABLED_BY_AUTO if is_inactive else 0)

    def encode(self, request: Request, values: Mapping[int, int]) -> bytes:
        """Return what a GET request answers."""
        data = b""
        for each in self.place.fields:
            control = self.controls.get(each.cid)
            raw = 0
            if control is not None:
                name = _NUMBERS.get(request)
                value = values[each.cid] if name is None else getattr(control, name)
                raw = each.coding.to_raw(control, request, value)
            data += (raw & (1 << 8 * each.size) - 1).to_bytes(each.size, "little")
        return data

    def decode(self, data: bytes) -> dict[int, int]:
        """Return the numbers that SET_CUR sends."""
        values, at = {}, 0
        for each in self.place.fields:
            piece, at = data[at : at + each.size], at + each.size
            if each.cid in self.controls:
                raw = int.from_bytes(piece, "little", signed=each.is_signed)
                values[each.cid] = each.coding.from_raw(raw)
        return values


# ---- formats ------------------------------------------------------------------------------

_MOST_FRAMES = 255  # bFrameIndex is a byte


class Layout(NamedTuple):
    """How the class calls a pixel format."""

    guid: bytes  # the first four bytes; the rest is the same for all
    bits: int  # for each pixel; 0: compressed


LAYOUTS = {
    "YUYV": Layout(b"YUY2", 16),
    "UYVY": Layout(b"UYVY", 16),
    "NV12": Layout(b"NV12", 12),
    "GREY": Layout(b"Y800", 8),
    "MJPG": Layout(b"", 0),
}


class VideoFrame(NamedTuple):
    """A size, with the intervals in units of 100 ns, the shortest first."""

    width: int
    height: int
    intervals: tuple[int, ...]
    bytes: int


@dataclass(frozen=True)
class VideoFormat:
    """A pixel format and its sizes."""

    pixel_format: str
    frames: tuple[VideoFrame, ...]

    @property
    def layout(self) -> Layout:
        return LAYOUTS[self.pixel_format]


def _interval(rate: Fraction) -> int:
    return min(max(round(10_000_000 / rate), 1), 0xFFFFFFFF)


def _frame(size: ProfileSize, bits: int, declared: int) -> VideoFrame:
    rates = size.frame_rates
    if size.frame_rate_range is not None:
        rates = size.frame_rate_range
    intervals = sorted({_interval(rate) for rate in rates}) or [_interval(Fraction(30))]
    pixels = size.max_width * size.max_height
    # Of a JPEG nobody knows before; this is what cameras say.
    needed = declared or (pixels * bits // 8 if bits else pixels * 2)
    return VideoFrame(size.max_width, size.max_height, tuple(intervals), needed)


def _formats(profile: Profile, largest: tuple[int, int]) -> list[VideoFormat]:
    result = []
    for each in profile.formats:
        if each.pixel_format not in LAYOUTS:
            continue
        bits = LAYOUTS[each.pixel_format].bits
        frames = [_frame(size, bits, each.sizeimage) for size in each.sizes]
        smallest = min(frames, key=lambda frame: frame.width * frame.height, default=None)
        fit = [f for f in frames if f.width <= largest[0] and f.height <= largest[1]]
        if smallest is not None:
            result.append(VideoFormat(each.pixel_format, tuple(fit or [smallest])[:_MOST_FRAMES]))
    return result


# ---- all of it ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """A camera as the class knows it.

    Attributes:
        version: bcdUVC. Only 1.5 has an automatic power line frequency.
        isochronous: Whether the stream needs bandwidth reserved, or is a bulk one.
        left_out: Names of what the profile has and the class has not.
    """

    profile: Profile
    version: int
    selectors: dict[tuple[int, int], Selector]
    formats: list[VideoFormat]
    isochronous: bool = False
    left_out: list[str] = field(default_factory=list)

    @classmethod
    def load(
        cls, source: str, largest: tuple[int, int] = LARGEST, *, isochronous: bool = False
    ) -> "Model":
        """Return the model of a built-in profile or of one in a file; see :meth:`of`."""
        path = PROFILES / f"{source}.json" if source in builtin_profiles() else source
        return replace(cls.of(Profile.load(path), largest), isochronous=isochronous)

    @classmethod
    def of(cls, profile: Profile, largest: tuple[int, int] = LARGEST) -> "Model":
        """Return the model of a profile, without sizes beyond ``largest`` if others are left.

        Raises:
            ValueError: None of its formats is left.
        """
        own = {control.id: control.filled() for control in profile.controls}
        used: set[int] = set()
        selectors = {}
        components = own.keys() & {_RED, _BLUE}
        for place in _places(has_temperature=_TEMPERATURE in own or not components):
            cids = [each.cid for each in place.fields if each.cid in own]
            if cids:
                used.update(cids)
                controls = {cid: own[cid] for cid in cids}
                selectors[place.entity.value, place.selector] = Selector(place, controls)
        formats = _formats(profile, largest)
        if not formats:
            names = ", ".join(each.pixel_format for each in profile.formats) or "none"
            raise ValueError(f"{profile.card}: no format for USB among: {names}")
        power_line = own.get(POWER_LINE)
        version = 0x0150 if power_line and power_line.maximum > 2 else 0x0110
        left_out = [control.name for cid, control in own.items() if cid not in used]
        left_out += sorted({f.pixel_format for f in profile.formats} - LAYOUTS.keys())
        return cls(profile, version, selectors, formats, left_out=left_out)
