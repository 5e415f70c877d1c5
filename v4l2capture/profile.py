# SPDX-License-Identifier: MIT
"""Profiles: a camera as data, which the simulated camera plays.

A profile is JSON. Only ``card`` and ``driver`` need to be there, unknown keys are ignored,
and ``null`` is "the listing did not say". One that contradicts itself the way real cameras do
(default outside the range, step 0, minimum above maximum, menu with holes) loads; a malformed
one is a :class:`~v4l2capture.errors.ProfileError`.

``{"card", "driver", "bus_info", "version", "formats", "controls", "subdevices"}``, and, for
what a listing cannot say:

``capabilities``
    What the node can, in words (``["video-capture", "streaming"]``) or as a number; what a
    capture node can if absent. A profile never becomes another kind of node by its driver's name.
``multiplanar``
    Whether it uses the multi-planar API; if absent, whether one of its formats needs that.
``clusters``
    ``[{"master": id, "manual": 1, "slaves": [id]}]``: the slaves are inactive while the master
    has another value. If absent those of the uvcvideo driver, for profiles of that driver, where
    they do not contradict the ``inactive`` flags of the profile.
``inactive_writes``
    ``"refuse"`` (EACCES, as uvcvideo does) or ``"accept"``.
``timestamps``
    ``"start-of-exposure"`` or ``"end-of-frame"``.
``orphaned_buffers``
    Whether buffers can be freed while they are mapped.
``faults``
    ``[{"fault": "corrupt_jpeg", "count": 1, "after": 5}]``, from the start; see
    :meth:`v4l2capture.sim.SimulatedCamera.fault`.

A format is ``{"pixel_format" (or "fourcc"), "sizes"}``, and ``bytesperline_align``,
``sizeimage``, ``colorspace``, ``ycbcr_enc``, ``quantization``, ``xfer_func`` as numbers. A size
is ``{"width", "height"}`` or ``{"min_width", "max_width", "step_width", ...}``, with
``frame_rates`` (or ``fps``) or ``"frame_rate_range": ["1", "60"]``; an empty list of rates means
that the driver tells of none.

Source: what Documentation/userspace-api/media/v4l/ lets a driver say.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

from .cids import FLAGS, IDS, NAMES
from .errors import ProfileError

__all__ = [
    "CAPABILITIES",
    "TYPES",
    "Profile",
    "ProfileCluster",
    "ProfileControl",
    "ProfileFault",
    "ProfileFormat",
    "ProfileSize",
    "ProfileSubdevice",
]

_T = TypeVar("_T")

# include/uapi/linux/videodev2.h
CAPABILITIES: Final[dict[str, int]] = {
    "video-capture": 0x00000001,
    "video-output": 0x00000002,
    "video-capture-mplane": 0x00001000,
    "video-output-mplane": 0x00002000,
    "video-m2m-mplane": 0x00004000,
    "video-m2m": 0x00008000,
    "meta-capture": 0x00800000,
    "read-write": 0x01000000,
    "streaming": 0x04000000,
}

# Spelled as v4l2-ctl does; enum v4l2_ctrl_type.
TYPES: Final[dict[str, int]] = {
    "int": 1,
    "bool": 2,
    "menu": 3,
    "button": 4,
    "int64": 5,
    "str": 7,
    "bitmask": 8,
    "intmenu": 9,
    "u8": 0x0100,
    "u16": 0x0101,
    "u32": 0x0102,
    "area": 0x0106,
    "rect": 0x0107,
}

_INT64 = (-(1 << 63), (1 << 63) - 1)
_UINT64 = (0, (1 << 64) - 1)
_UINT32 = (0, (1 << 32) - 1)
_SIDES = (1, 16384)
_IDS = (1, 0x0FFFFFFF)  # the rest are flags of VIDIOC_QUERY_EXT_CTRL

# More than any camera has; a profile with more is a mistake or an attack.
_MOST_TEXT = 4 << 20
_MOST_FORMATS = 64
_MOST_SIZES = 256
_MOST_RATES = 64
_MOST_CONTROLS = 1000
_MOST_ENTRIES = 1000
_MOST_BYTES = 65536

_NEEDS_MULTIPLANAR = frozenset({"NM12", "NM21", "NM16", "NM61", "YM12", "YM21", "YM16", "YM61"})

_UVC_CLUSTERS: Final[tuple[tuple[int, int, tuple[int, ...]], ...]] = (
    # master, its manual value, slaves; uvc_ctrl_mappings[] in drivers/media/usb/uvc/uvc_ctrl.c
    (0x00980919, 0, (0x00980903,)),  # hue
    (0x009A0901, 1, (0x009A0902,)),  # exposure time
    (0x0098090C, 0, (0x0098091A, 0x0098090E, 0x0098090F)),  # white balance
    (0x009A090C, 0, (0x009A090A,)),  # focus
)

_DEFAULT_SIZES = ((640, 480), (1280, 720), (1920, 1080))
_DEFAULT_RATES = (Fraction(30), Fraction(15))


# ---- what a profile consists of -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProfileSize:
    """One size in pixels, or a range of sizes.

    Attributes:
        frame_rates: Frames per second, exact.
        frame_rate_range: Slowest and fastest of a driver that takes any, or ``None``.
    """

    min_width: int
    max_width: int
    step_width: int
    min_height: int
    max_height: int
    step_height: int
    frame_rates: tuple[Fraction, ...] = _DEFAULT_RATES
    frame_rate_range: tuple[Fraction, Fraction] | None = None

    @property
    def is_range(self) -> bool:
        """Whether this is more than one size."""
        return self.step_width > 0

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        data: dict[str, Any] = {"width": self.max_width, "height": self.max_height}
        if self.is_range:
            data = {
                f"{what}_{side}": getattr(self, f"{what}_{side}")
                for side in ("width", "height")
                for what in ("min", "max", "step")
            }
        if self.frame_rate_range is not None:
            return data | {"frame_rate_range": [str(rate) for rate in self.frame_rate_range]}
        return data | {"frame_rates": [str(rate) for rate in self.frame_rates]}


@dataclass(frozen=True, slots=True)
class ProfileFormat:
    """One pixel format. The numbers are V4L2's; 0 leaves them to the simulated driver."""

    pixel_format: str
    sizes: tuple[ProfileSize, ...]
    bytesperline_align: int = 0
    sizeimage: int = 0
    colorspace: int = 0
    ycbcr_enc: int = 0
    quantization: int = 0
    xfer_func: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        numbers = {key: getattr(self, key) for key in _FORMAT_NUMBERS if getattr(self, key)}
        sizes = [size.to_dict() for size in self.sizes]
        return {"pixel_format": self.pixel_format, "sizes": sizes} | numbers


_FORMAT_NUMBERS = (
    "bytesperline_align",
    "sizeimage",
    "colorspace",
    "ycbcr_enc",
    "quantization",
    "xfer_func",
)


@dataclass(frozen=True, slots=True)
class ProfileControl:
    """One control as a listing shows it; ``None`` is unknown.

    Attributes:
        name: In v4l2-ctl's spelling.
        label: The driver's words.
        type: A key of :data:`TYPES`, or the number of a type that is none of them.
        value: Also ``default``, ``minimum`` and ``maximum``: an int; str for ``"str"``; a
            tuple of ints for areas, rectangles and arrays; bytes where they were recorded.
        menu: Index to text, of an integer menu to number; ``None`` where it was not listed.
        flags: V4L2_CTRL_FLAG_*, as one number.
    """

    id: int
    name: str
    label: str
    type: str
    minimum: Any = None
    maximum: Any = None
    step: int | None = None
    default: Any = None
    value: Any = None
    flags: int = 0
    menu: dict[int, str | int] | None = None
    dims: tuple[int, ...] = ()

    def filled(self) -> ProfileControl:
        """Return a copy in which every number is known: the most harmless one that fits."""
        keys = tuple(self.menu or ()) or (0,)
        known = [x for x in (self.value, self.default) if isinstance(x, int)] or [0]
        usual: dict[str, tuple[Any, Any]] = {
            "bool": (0, 1),
            "menu": (min(keys), max(keys)),
            "intmenu": (min(keys), max(keys)),
            "bitmask": (0, 0x7FFFFFFF),
            "str": (0, max(32, len(str(self.value or "").encode()))),
        }
        low, high = usual.get(self.type, (min(0, *known), max(0, *known)))
        low = self.minimum if isinstance(self.minimum, int) else low
        high = self.maximum if isinstance(self.maximum, int) else max(low, high)
        step = (0 if self.type in ("button", "bitmask") else 1) if self.step is None else self.step
        default = self.default
        if default is None:
            fits = isinstance(self.value, int) and low <= self.value <= high
            default = self.value if fits else low
        value = default if self.value is None else self.value
        return replace(self, minimum=low, maximum=high, step=step, default=default, value=value)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        data: dict[str, Any] = {
            "id": f"0x{self.id:08x}",
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "min": _plain(self.minimum),
            "max": _plain(self.maximum),
            "step": self.step,
            "default": _plain(self.default),
            "value": _plain(self.value),
            "flags": _flag_words(self.flags),
        }
        if self.menu is not None:
            data["menu"] = {str(index): entry for index, entry in self.menu.items()}
        if self.dims:
            data["dims"] = list(self.dims)
        return data


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return list(value) if isinstance(value, tuple) else value


def _flag_words(flags: int) -> list[str]:
    words = [word for bit, word in FLAGS.items() if flags & bit]
    rest = flags & ~sum(FLAGS)
    return words + ([f"0x{rest:08x}"] if rest else [])


@dataclass(frozen=True, slots=True)
class ProfileCluster:
    """Controls that have no effect while their master has another value than ``manual``."""

    master: int
    manual: int
    slaves: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "master": f"0x{self.master:08x}",
            "manual": self.manual,
            "slaves": [f"0x{slave:08x}" for slave in self.slaves],
        }


@dataclass(frozen=True, slots=True)
class ProfileFault:
    """Something that goes wrong from the start; as the arguments of ``SimulatedCamera.fault``."""

    name: str
    control: int = 0
    value: int = 0
    count: int = 0
    after: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        data: dict[str, Any] = {"fault": self.name}
        if self.control:
            data["control"] = f"0x{self.control:08x}"
        numbers = {"value": self.value, "count": self.count, "after": self.after}
        return data | {key: value for key, value in numbers.items() if value}


@dataclass(frozen=True, slots=True)
class ProfileSubdevice:
    """A lens, a flash or a sensor that belongs to the camera but is a node of its own."""

    function: str
    controls: tuple[ProfileControl, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        controls = [control.to_dict() for control in self.controls]
        return {"function": self.function, "controls": controls}


@dataclass(frozen=True, slots=True)
class Profile:
    """A camera as data. :meth:`load` makes one from JSON.

    Attributes:
        version: Kernel version, ``(major, minor, patch)``.
        formats: Empty: the driver offers none.
        controls: By rising id.
        capabilities: V4L2_CAP_* of the node, or ``None``: what a capture node can.
        clusters: Which controls rule which, explicit or derived.

    Synchronization: none required; nothing in it changes.
    """

    card: str
    driver: str
    bus_info: str = ""
    version: tuple[int, int, int] = (6, 1, 0)
    formats: tuple[ProfileFormat, ...] = ()
    controls: tuple[ProfileControl, ...] = ()
    subdevices: tuple[ProfileSubdevice, ...] = ()
    capabilities: int | None = None
    multiplanar: bool = False
    clusters: tuple[ProfileCluster, ...] = ()
    refuse_inactive: bool = False
    end_of_frame: bool = False
    orphaned_buffers: bool = True
    faults: tuple[ProfileFault, ...] = field(default=())

    @classmethod
    def load(cls, source: Profile | Mapping[str, Any] | str | os.PathLike[str]) -> Profile:
        """Return a profile from a mapping, from JSON text (it begins with ``{``), or from a file.

        Raises:
            ProfileError: It is malformed; ``where`` says in which place.
            OSError: The file cannot be read.
        """
        if isinstance(source, Profile):
            return source
        if isinstance(source, Mapping):
            return _profile(source)
        text = os.fspath(source)
        if not text.lstrip().startswith("{"):
            text = _read(Path(text))
        return _profile(_parse(text))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; :meth:`load` makes an equal profile of it."""
        data: dict[str, Any] = {
            "card": self.card,
            "driver": self.driver,
            "bus_info": self.bus_info,
            "version": ".".join(map(str, self.version)),
            "formats": [each.to_dict() for each in self.formats],
            "controls": [each.to_dict() for each in self.controls],
            "subdevices": [each.to_dict() for each in self.subdevices],
            "multiplanar": self.multiplanar,
            "clusters": [each.to_dict() for each in self.clusters],
            "inactive_writes": "refuse" if self.refuse_inactive else "accept",
            "timestamps": "end-of-frame" if self.end_of_frame else "start-of-exposure",
            "orphaned_buffers": self.orphaned_buffers,
            "faults": [each.to_dict() for each in self.faults],
        }
        if self.capabilities is not None:
            data["capabilities"] = f"0x{self.capabilities:08x}"
        return data


# ---- text ---------------------------------------------------------------------------------


def _read(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MOST_TEXT + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path} is no UTF-8 text: {error}") from None


def _parse(text: str) -> Mapping[str, Any]:
    if len(text) > _MOST_TEXT:
        raise ProfileError(f"more than {_MOST_TEXT} characters")
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise ProfileError("nested too deeply") from None
    except ProfileError:
        raise
    except ValueError as error:  # also an integer of more digits than Python reads
        raise ProfileError(f"no JSON: {error}") from None
    return _mapping(data, "")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        twice = next(key for key, _ in pairs if [k for k, _ in pairs].count(key) > 1)
        raise ProfileError(f"key {twice!r} appears twice in one object")
    return data


def _no_constant(name: str) -> Any:
    raise ProfileError(f"{name} is no JSON")


# ---- values ------------------------------------------------------------------------------
#
# Each takes a value and its place in the JSON, and returns it checked.


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ProfileError(f"an object is wanted, not {_short(value)}", where)
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _list_of(check: Callable[[Any, str], _T], value: Any, where: str, most: int) -> tuple[_T, ...]:
    if not isinstance(value, list | tuple):
        raise ProfileError(f"a list is wanted, not {_short(value)}", where)
    if len(value) > most:
        raise ProfileError(f"{len(value)} entries; {most} are the most", where)
    return tuple(check(item, f"{where}[{i}]") for i, item in enumerate(value))


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ProfileError(f"text is wanted, not {_short(value)}", where)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ProfileError(f"no text that has a UTF-8 form: {_short(value)}", where) from None
    return value


def _number(value: Any, where: str, limits: tuple[int, int] = _INT64) -> int:
    """Return an int; text such as ``"0x10"`` will do, ``true`` and 1.5 will not."""
    number = value
    if isinstance(value, str):
        try:
            number = int(value, 0)
        except ValueError:
            number = None
    if isinstance(number, bool) or not isinstance(number, int):
        raise ProfileError(f"a whole number is wanted, not {_short(value)}", where)
    if not limits[0] <= number <= limits[1]:
        raise ProfileError(f"{_short(value)} is not from {limits[0]} to {limits[1]}", where)
    return number


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise ProfileError(f"true or false is wanted, not {_short(value)}", where)
    return value


def _choice(value: Any, where: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ProfileError(f"one of {', '.join(choices)} is wanted, not {_short(value)}", where)
    return str(value)


def _rate(value: Any, where: str) -> Fraction:
    """Return frames per second; they go into a struct v4l2_fract, so 32 bits each."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError
        rate = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise ProfileError(
            f'frames per second are wanted, such as 30 or "30000/1001", not {_short(value)}',
            where,
        ) from None
    if not 0 < rate <= 10000 or max(rate.numerator, rate.denominator) > _UINT32[1]:
        raise ProfileError(f"{_short(value)} frames per second", where)
    return rate


class _Object:
    """An object of the JSON and where it is; asks for its members one by one."""

    __slots__ = ("_data", "_where")

    def __init__(self, value: Any, where: str) -> None:
        self._data = _mapping(value, where)
        self._where = where

    def place(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def has(self, *keys: str) -> bool:
        return any(self._data.get(key) is not None for key in keys)

    def get(self, *keys: str) -> tuple[Any, str]:
        """Return the first of several spellings that is there, and its place."""
        key = next((key for key in keys if self._data.get(key) is not None), keys[0])
        return self._data.get(key), self.place(key)

    def need(self, check: Callable[..., _T], *keys: str) -> _T:
        value, where = self.get(*keys)
        if value is None:
            raise ProfileError(f"{keys[0]!r} is missing", self._where)
        return check(value, where)

    def take(self, check: Callable[..., _T], default: _T, *keys: str) -> _T:
        value, where = self.get(*keys)
        return default if value is None else check(value, where)

    def items(self, check: Callable[[Any, str], _T], key: str, most: int) -> tuple[_T, ...] | None:
        value, where = self.get(key)
        return None if value is None else _list_of(check, value, where, most)


# ---- formats -------------------------------------------------------------------------------


def _side(value: Any, where: str) -> int:
    return _number(value, where, _SIDES)


def _uint32(value: Any, where: str) -> int:
    return _number(value, where, _UINT32)


def _rates(each: _Object) -> tuple[tuple[Fraction, ...], tuple[Fraction, Fraction] | None]:
    span = each.items(_rate, "frame_rate_range", 2)
    if span is not None:
        if len(span) != 2 or span[0] > span[1]:
            where = each.place("frame_rate_range")
            raise ProfileError("the slowest and the fastest rate are wanted", where)
        return (), (span[0], span[1])
    key = "frame_rates" if each.has("frame_rates") else "fps"
    rates = each.items(_rate, key, _MOST_RATES)
    return _DEFAULT_RATES if rates is None else rates, None


def _size(value: Any, where: str) -> ProfileSize:
    each = _Object(value, where)
    rates = _rates(each)
    if not each.has("min_width", "max_width"):
        width, height = each.need(_side, "width"), each.need(_side, "height")
        return ProfileSize(width, width, 0, height, height, 0, *rates)
    columns, rows = _span(each, "width"), _span(each, "height")
    return ProfileSize(*columns, *rows, *rates)


def _span(each: _Object, side: str) -> tuple[int, int, int]:
    low, high = each.need(_side, f"min_{side}"), each.need(_side, f"max_{side}")
    if low > high:
        raise ProfileError(f"above max_{side}", each.place(f"min_{side}"))
    return low, high, each.take(_side, 1, f"step_{side}")


def _fourcc(value: Any, where: str) -> str:
    """Return four printable characters; short names are padded, as the kernel pads them."""
    text = _text(value, where)
    big_endian = text.endswith("-BE")
    text = text.removesuffix("-BE").ljust(4)
    if len(text) != 4 or not text.strip() or not (text.isascii() and text.isprintable()):
        raise ProfileError(f"four characters are wanted, not {_short(value)}", where)
    return text.rstrip() + ("-BE" if big_endian else "")


def _format(value: Any, where: str) -> ProfileFormat:
    each = _Object(value, where)
    sizes = each.items(_size, "sizes", _MOST_SIZES)
    if sizes is None:
        sizes = tuple(ProfileSize(w, w, 0, h, h, 0) for w, h in _DEFAULT_SIZES)
    if not sizes:
        raise ProfileError("a format needs a size", each.place("sizes"))
    if len(sizes) > 1 and any(size.is_range for size in sizes):
        raise ProfileError("a range of sizes must be the only entry", each.place("sizes"))
    numbers = {key: each.take(_uint32, 0, key) for key in _FORMAT_NUMBERS}
    if numbers["bytesperline_align"] > _MOST_BYTES:
        raise ProfileError("too large", each.place("bytesperline_align"))
    return ProfileFormat(each.need(_fourcc, "pixel_format", "fourcc"), sizes, **numbers)


def _formats(root: _Object) -> tuple[ProfileFormat, ...]:
    formats = root.items(_format, "formats", _MOST_FORMATS)
    if formats is None:
        sizes = tuple(ProfileSize(w, w, 0, h, h, 0) for w, h in _DEFAULT_SIZES)
        return ProfileFormat("YUYV", sizes), ProfileFormat("MJPG", sizes)
    _no_twice([each.pixel_format for each in formats], "formats", "pixel_format")
    return formats


def _no_twice(keys: list[Any], where: str, what: str) -> None:
    for i, key in enumerate(keys):
        if key in keys[:i]:
            shown = f"0x{key:08x}" if isinstance(key, int) else key
            raise ProfileError(f"{shown} is there twice", f"{where}[{i}].{what}")


# ---- controls -------------------------------------------------------------------------------


def _control_id(value: Any, where: str) -> int:
    """Return an id from a number, or from a name that the kernel knows."""
    if isinstance(value, str) and value in IDS:
        return IDS[value]
    return _number(value, where, _IDS)


def _control_type(value: Any, where: str) -> str:
    if isinstance(value, str) and value in TYPES:
        return value
    if value == "string":
        return "str"
    try:
        return str(_number(value, where, _UINT32))
    except ProfileError:
        raise ProfileError(
            f"unknown type {_short(value)}; known: {', '.join(TYPES)}", where
        ) from None


def _flags(value: Any, where: str) -> int:
    """Return the flags as one number; what v4l2-ctl has no word for it prints as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _uint32(value, where)
    words = {word: bit for bit, word in FLAGS.items()}
    flags = 0
    for flag in _list_of(lambda item, place: _flag(item, place, words), value, where, 64):
        flags |= flag
    return flags


def _flag(value: Any, where: str, words: dict[str, int]) -> int:
    if isinstance(value, str) and value in words:
        return words[value]
    try:
        return _uint32(value, where)
    except ProfileError:
        raise ProfileError(f"unknown flag {_short(value)}", where) from None


def _menu(value: Any, where: str, kind: str) -> dict[int, str | int]:
    data = _mapping(value, where)
    if len(data) > _MOST_ENTRIES:
        raise ProfileError(f"{len(data)} entries; {_MOST_ENTRIES} are the most", where)
    menu: dict[int, str | int] = {}
    for key, entry in data.items():
        place = f"{where}.{key}"
        index = _uint32(key, place)
        if index in menu:
            raise ProfileError(f"index {index} is there twice", place)
        menu[index] = _number(entry, place) if kind == "intmenu" else _text(entry, place)
    return dict(sorted(menu.items()))


def _value_check(kind: str, is_array: bool) -> Callable[[Any, str], Any]:
    """Return what checks a value, a default or a limit of a control of this type."""
    if kind == "str":
        return _string_value
    if is_array or kind in ("area", "rect"):
        return _payload_value
    return _number_value if kind in TYPES else _any_value


def _number_value(value: Any, where: str) -> int:
    return int(value) if isinstance(value, bool) else _number(value, where)


def _string_value(value: Any, where: str) -> str | int:
    """Return the text; the limits of a string control are lengths."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _number(value, where, (0, _MOST_BYTES - 1))
    return _text(value, where)


def _payload_value(value: Any, where: str) -> Any:
    """Return a number for all elements, a flat list of numbers, or hexadecimal bytes."""
    if isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            raise ProfileError(f"no hexadecimal bytes: {_short(value)}", where) from None
    if isinstance(value, list | tuple):
        if any(isinstance(item, list | tuple) for item in value):
            rows = _list_of(_payload_value, value, where, _MOST_BYTES)
            return tuple(
                chain.from_iterable(row if isinstance(row, tuple) else (row,) for row in rows)
            )
        return _list_of(_number_value, value, where, _MOST_BYTES)
    return _number_value(value, where)


def _any_value(_value: Any, _where: str) -> None:
    """Nothing is known of a type that is not in the table, so nothing is wrong either."""


def _dim(value: Any, where: str) -> int:
    return _number(value, where, (1, _MOST_BYTES))


def _control(value: Any, where: str) -> ProfileControl:
    each = _Object(value, where)
    kind = each.need(_control_type, "type")
    cid = each.need(_control_id, "id", "name")
    name = each.take(_text, NAMES.get(cid, f"control_{cid:08x}"), "name")
    dims = each.items(_dim, "dims", 4) or ()
    check = _value_check(kind, bool(dims) or kind in ("u8", "u16", "u32"))
    limit = _number_value if kind in ("u8", "u16", "u32", "str") or dims else check
    menu, place = each.get("menu")
    return ProfileControl(
        id=cid,
        name=name,
        label=each.take(_text, name.replace("_", " ").title(), "label"),
        type=kind,
        minimum=each.take(limit, None, "min"),
        maximum=each.take(limit, None, "max"),
        step=each.take(lambda item, place: _number(item, place, _UINT64), None, "step"),
        default=each.take(check, None, "default"),
        value=each.take(check, None, "value"),
        flags=each.take(_flags, 0, "flags"),
        menu=None if menu is None else _menu(menu, place, kind),
        dims=dims,
    )


def _controls(root: _Object) -> tuple[ProfileControl, ...]:
    controls = root.items(_control, "controls", _MOST_CONTROLS) or ()
    _no_twice([each.id for each in controls], root.place("controls"), "id")
    return tuple(sorted(controls, key=lambda control: control.id))


def _subdevice(value: Any, where: str) -> ProfileSubdevice:
    each = _Object(value, where)
    return ProfileSubdevice(each.need(_text, "function"), _controls(each))


# ---- clusters -------------------------------------------------------------------------------


def _cluster(value: Any, where: str) -> ProfileCluster:
    each = _Object(value, where)
    slaves = each.items(_control_id, "slaves", _MOST_CONTROLS)
    if not slaves:
        raise ProfileError("a list of slaves is wanted", each.place("slaves"))
    return ProfileCluster(each.need(_control_id, "master"), each.need(_number, "manual"), slaves)


def _clusters(
    root: _Object, controls: tuple[ProfileControl, ...], is_uvc: bool
) -> tuple[ProfileCluster, ...]:
    clusters = root.items(_cluster, "clusters", _MOST_CONTROLS)
    if clusters is None:
        return _derived_clusters(controls) if is_uvc else ()
    known = {control.id for control in controls}
    ruled: set[int] = set()
    for i, cluster in enumerate(clusters):
        where = f"clusters[{i}]"
        if cluster.master not in known:
            raise ProfileError("there is no such control", f"{where}.master")
        for n, slave in enumerate(cluster.slaves):
            if slave not in known or slave == cluster.master or slave in ruled:
                raise ProfileError(
                    "no such control, its own master, or ruled twice", f"{where}.slaves[{n}]"
                )
            ruled.add(slave)
    return clusters


def _derived_clusters(controls: tuple[ProfileControl, ...]) -> tuple[ProfileCluster, ...]:
    """Return the clusters of uvcvideo that are there, where the flags do not deny them."""
    inactive = next(bit for bit, word in FLAGS.items() if word == "inactive")
    known = {control.id: control for control in controls}
    found = []
    for master, manual, slaves in _UVC_CLUSTERS:
        if master not in known:
            continue
        is_manual = known[master].filled().value == manual
        agreeing = tuple(
            slave
            for slave in slaves
            if slave in known and bool(known[slave].flags & inactive) != is_manual
        )
        if agreeing:
            found.append(ProfileCluster(master, manual, agreeing))
    return tuple(found)


# ---- the whole ------------------------------------------------------------------------------


def _capabilities(value: Any, where: str) -> int:
    if isinstance(value, str | int):
        return _uint32(value, where)
    result = 0
    for bit in _list_of(_capability, value, where, 32):
        result |= bit
    return result


def _capability(value: Any, where: str) -> int:
    return CAPABILITIES[_choice(value, where, tuple(CAPABILITIES))]


def _version(value: Any, where: str) -> tuple[int, int, int]:
    parts = _text(value, where).split(".")
    if len(parts) != 3:
        raise ProfileError(f"such as 6.1.0, not {_short(value)}", where)
    major, minor, patch = (_number(part.lstrip("0") or "0", where, (0, 255)) for part in parts)
    return major, minor, patch


def _fault(value: Any, where: str) -> ProfileFault:
    each = _Object(value, where)
    return ProfileFault(
        name=each.need(_text, "fault"),
        control=each.take(_control_id, 0, "control"),
        value=each.take(_number, 0, "value"),
        count=each.take(_uint32, 0, "count"),
        after=each.take(_uint32, 0, "after"),
    )


def _writes(value: Any, where: str) -> str:
    return _choice(value, where, ("refuse", "accept"))


def _stamps(value: Any, where: str) -> str:
    return _choice(value, where, ("start-of-exposure", "end-of-frame"))


def _profile(data: Mapping[str, Any]) -> Profile:
    root = _Object(data, "")
    driver = root.need(_text, "driver")
    is_uvc = driver.startswith("uvcvideo")
    formats = _formats(root)
    controls = _controls(root)
    capabilities = root.take(_capabilities, None, "capabilities")
    mplane = bool((capabilities or 0) & CAPABILITIES["video-capture-mplane"])
    needs = mplane or any(each.pixel_format in _NEEDS_MULTIPLANAR for each in formats)
    return Profile(
        card=root.need(_text, "card"),
        driver=driver,
        bus_info=root.take(_text, "", "bus_info"),
        version=root.take(_version, (6, 1, 0), "version"),
        formats=formats,
        controls=controls,
        subdevices=root.items(_subdevice, "subdevices", 64) or (),
        capabilities=capabilities,
        multiplanar=root.take(_boolean, needs, "multiplanar"),
        clusters=_clusters(root, controls, is_uvc),
        refuse_inactive=root.take(_writes, "refuse" if is_uvc else "accept", "inactive_writes")
        == "refuse",
        end_of_frame=root.take(_stamps, "start-of-exposure", "timestamps") == "end-of-frame",
        orphaned_buffers=root.take(_boolean, True, "orphaned_buffers"),
        faults=root.items(_fault, "faults", 32) or (),
    )
