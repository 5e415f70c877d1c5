# SPDX-License-Identifier: MIT
"""Reading a profile: from JSON to :class:`~v4l2capture.profile.Profile`, checked throughout."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from .cids import FLAG_BITS, IDS, NAMES
from .errors import ProfileError
from .jsonreader import (
    UINT32,
    UINT64,
    JsonObject,
    a_boolean,
    a_choice,
    a_mapping,
    a_number,
    a_rate,
    a_text,
    a_uint32,
    list_of,
    parse,
    read_text,
    shown,
)
from .pixfmt import PIXEL_FORMATS, fourcc, fourcc_text
from .profile import (
    CAPABILITIES,
    DEFAULT_RATES,
    FORMAT_NUMBERS,
    TYPES,
    Profile,
    ProfileCluster,
    ProfileControl,
    ProfileFault,
    ProfileFormat,
    ProfileSize,
    ProfileSubdevice,
)

__all__ = ["read_profile"]

_SIDES = (1, 16384)
_IDS = (1, 0x0FFFFFFF)  # the rest are flags of VIDIOC_QUERY_EXT_CTRL

# More than any camera has; a profile with more is a mistake or an attack.
_MOST_FORMATS = 256
_MOST_SIZES = 256
_MOST_RATES = 64
_MOST_CONTROLS = 1000
_MOST_ENTRIES = 1000
_MOST_BYTES = 65536

_UVC_CLUSTERS: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    # master, its manual value, slaves; uvc_ctrl_mappings[] in drivers/media/usb/uvc/uvc_ctrl.c
    (0x00980919, 0, (0x00980903,)),  # hue
    (0x009A0901, 1, (0x009A0902,)),  # exposure time
    (0x0098090C, 0, (0x0098091A, 0x0098090E, 0x0098090F)),  # white balance
    (0x009A090C, 0, (0x009A090A,)),  # focus
)

_DEFAULT_SIZES = ((640, 480), (1280, 720), (1920, 1080))


# ---- formats -------------------------------------------------------------------------------


def _side(value: Any, where: str) -> int:
    return a_number(value, where, _SIDES)


def _rates(each: JsonObject) -> tuple[tuple[Fraction, ...], tuple[Fraction, Fraction] | None]:
    span = each.items(a_rate, "frame_rate_range", 2)
    if span is not None:
        if len(span) != 2 or span[0] > span[1]:
            where = each.place("frame_rate_range")
            raise ProfileError("the slowest and the fastest rate are wanted", where)
        return (), (span[0], span[1])
    key = "frame_rates" if each.has("frame_rates") else "fps"
    rates = each.items(a_rate, key, _MOST_RATES)
    return DEFAULT_RATES if rates is None else rates, None


def _size(value: Any, where: str) -> ProfileSize:
    each = JsonObject(value, where)
    rates = _rates(each)
    if not each.has("min_width", "max_width"):
        width, height = each.need(_side, "width"), each.need(_side, "height")
        return ProfileSize(width, width, 0, height, height, 0, *rates)
    columns, rows = _span(each, "width"), _span(each, "height")
    return ProfileSize(*columns, *rows, *rates)


def _span(each: JsonObject, side: str) -> tuple[int, int, int]:
    low, high = each.need(_side, f"min_{side}"), each.need(_side, f"max_{side}")
    if low > high:
        raise ProfileError(f"above max_{side}", each.place(f"min_{side}"))
    return low, high, each.take(_side, 1, f"step_{side}")


def _fourcc(value: Any, where: str) -> str:
    """Return a pixel format as everybody else spells it; listings leave out spaces."""
    try:
        return fourcc_text(fourcc(a_text(value, where)))
    except ValueError:
        raise ProfileError(f"four characters are wanted, not {shown(value)}", where) from None


def _format(value: Any, where: str) -> ProfileFormat:
    each = JsonObject(value, where)
    sizes = each.items(_size, "sizes", _MOST_SIZES)
    if sizes is None:
        sizes = tuple(ProfileSize(w, w, 0, h, h, 0) for w, h in _DEFAULT_SIZES)
    if not sizes:
        raise ProfileError("a format needs a size", each.place("sizes"))
    if len(sizes) > 1 and any(size.is_range for size in sizes):
        raise ProfileError("a range of sizes must be the only entry", each.place("sizes"))
    numbers = {key: each.take(a_uint32, 0, key) for key in FORMAT_NUMBERS}
    if numbers["bytesperline_align"] > _MOST_BYTES:
        raise ProfileError("too large", each.place("bytesperline_align"))
    return ProfileFormat(each.need(_fourcc, "pixel_format", "fourcc"), sizes, **numbers)


def _formats(root: JsonObject) -> tuple[ProfileFormat, ...]:
    formats = root.items(_format, "formats", _MOST_FORMATS)
    if formats is None:
        sizes = tuple(ProfileSize(w, w, 0, h, h, 0) for w, h in _DEFAULT_SIZES)
        return ProfileFormat("YUYV", sizes), ProfileFormat("MJPG", sizes)
    _no_twice([each.pixel_format for each in formats], "formats", "pixel_format")
    return formats


def _memory_planes(each: ProfileFormat) -> int:
    row = PIXEL_FORMATS.get(each.pixel_format)
    return row.memory_planes if row else 1


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
    return a_number(value, where, _IDS)


def _control_type(value: Any, where: str) -> str:
    if isinstance(value, str) and value in TYPES:
        return value
    if value == "string":
        return "str"
    try:
        return str(a_number(value, where, UINT32))
    except ProfileError:
        raise ProfileError(
            f"unknown type {shown(value)}; known: {', '.join(TYPES)}", where
        ) from None


def _flags(value: Any, where: str) -> int:
    """Return the flags as one number; what v4l2-ctl has no word for it prints as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return a_uint32(value, where)
    flags = 0
    for flag in list_of(_flag, value, where, 64):
        flags |= flag
    return flags


def _flag(value: Any, where: str) -> int:
    if isinstance(value, str) and value in FLAG_BITS:
        return FLAG_BITS[value]
    try:
        return a_uint32(value, where)
    except ProfileError:
        raise ProfileError(f"unknown flag {shown(value)}", where) from None


def _menu(value: Any, where: str, kind: str) -> dict[int, str | int]:
    data = a_mapping(value, where)
    if len(data) > _MOST_ENTRIES:
        raise ProfileError(f"{len(data)} entries; {_MOST_ENTRIES} are the most", where)
    menu: dict[int, str | int] = {}
    for key, entry in data.items():
        place = f"{where}.{key}"
        index = a_uint32(key, place)
        if index in menu:
            raise ProfileError(f"index {index} is there twice", place)
        menu[index] = a_number(entry, place) if kind == "intmenu" else a_text(entry, place)
    return dict(sorted(menu.items()))


def _value_check(kind: str, is_array: bool) -> Callable[[Any, str], Any]:
    """Return what checks a value, a default or a limit of a control of this type."""
    if kind == "str":
        return _string_value
    if is_array or kind in ("area", "rect"):
        return _payload_value
    return _number_value if kind in TYPES else _any_value


def _number_value(value: Any, where: str) -> int:
    return int(value) if isinstance(value, bool) else a_number(value, where)


def _string_value(value: Any, where: str) -> str | int:
    """Return the text; the limits of a string control are lengths."""
    if isinstance(value, int) and not isinstance(value, bool):
        return a_number(value, where, (0, _MOST_BYTES - 1))
    return a_text(value, where)


def _payload_value(value: Any, where: str) -> Any:
    """Return a number for all elements, a flat list of numbers, or hexadecimal bytes."""
    if isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            raise ProfileError(f"no hexadecimal bytes: {shown(value)}", where) from None
    if isinstance(value, list | tuple):
        if any(isinstance(item, list | tuple) for item in value):
            rows = list_of(_payload_value, value, where, _MOST_BYTES)
            return tuple(
                chain.from_iterable(row if isinstance(row, tuple) else (row,) for row in rows)
            )
        return list_of(_number_value, value, where, _MOST_BYTES)
    return _number_value(value, where)


def _any_value(_value: Any, _where: str) -> None:
    """Nothing is known of a type that is not in the table, so nothing is wrong either."""


def _dim(value: Any, where: str) -> int:
    return a_number(value, where, (1, _MOST_BYTES))


def _control(value: Any, where: str) -> ProfileControl:
    each = JsonObject(value, where)
    kind = each.need(_control_type, "type")
    cid = each.need(_control_id, "id", "name")
    name = each.take(a_text, NAMES.get(cid, f"control_{cid:08x}"), "name")
    dims = each.items(_dim, "dims", 4) or ()
    check = _value_check(kind, bool(dims) or kind in ("u8", "u16", "u32"))
    limit = _number_value if kind in ("u8", "u16", "u32", "str") or dims else check
    menu, place = each.get("menu")
    return ProfileControl(
        id=cid,
        name=name,
        label=each.take(a_text, name.replace("_", " ").title(), "label"),
        type=kind,
        minimum=each.take(limit, None, "min"),
        maximum=each.take(limit, None, "max"),
        step=each.take(lambda item, place: a_number(item, place, UINT64), None, "step"),
        default=each.take(check, None, "default"),
        value=each.take(check, None, "value"),
        flags=each.take(_flags, 0, "flags"),
        menu=None if menu is None else _menu(menu, place, kind),
        dims=dims,
    )


def _controls(root: JsonObject) -> tuple[ProfileControl, ...]:
    controls = root.items(_control, "controls", _MOST_CONTROLS) or ()
    _no_twice([each.id for each in controls], root.place("controls"), "id")
    return tuple(sorted(controls, key=lambda control: control.id))


def _subdevice(value: Any, where: str) -> ProfileSubdevice:
    each = JsonObject(value, where)
    function = each.need(a_text, "function")
    return ProfileSubdevice(function, _controls(each), each.take(a_text, function, "name"))


# ---- clusters -------------------------------------------------------------------------------


def _cluster(value: Any, where: str) -> ProfileCluster:
    each = JsonObject(value, where)
    slaves = each.items(_control_id, "slaves", _MOST_CONTROLS)
    if not slaves:
        raise ProfileError("a list of slaves is wanted", each.place("slaves"))
    return ProfileCluster(each.need(_control_id, "master"), each.need(a_number, "manual"), slaves)


def _clusters(
    root: JsonObject, controls: tuple[ProfileControl, ...], is_uvc: bool
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
    known = {control.id: control for control in controls}
    found = []
    for master, manual, slaves in _UVC_CLUSTERS:
        if master not in known:
            continue
        is_manual = known[master].filled().value == manual
        agreeing = tuple(
            slave
            for slave in slaves
            if slave in known and bool(known[slave].flags & FLAG_BITS["inactive"]) != is_manual
        )
        if agreeing:
            found.append(ProfileCluster(master, manual, agreeing))
    return tuple(found)


# ---- the whole ------------------------------------------------------------------------------


def _capabilities(value: Any, where: str) -> int:
    if isinstance(value, str | int):
        return a_uint32(value, where)
    result = 0
    for bit in list_of(_capability, value, where, 32):
        result |= bit
    return result


def _capability(value: Any, where: str) -> int:
    return CAPABILITIES[a_choice(value, where, tuple(CAPABILITIES))]


def _version(value: Any, where: str) -> tuple[int, int, int]:
    parts = a_text(value, where).split(".")
    if len(parts) != 3:
        raise ProfileError(f"such as 6.1.0, not {shown(value)}", where)
    major, minor, patch = (a_number(part.lstrip("0") or "0", where, (0, 255)) for part in parts)
    return major, minor, patch


def _fault(value: Any, where: str) -> ProfileFault:
    each = JsonObject(value, where)
    return ProfileFault(
        name=each.need(a_text, "fault"),
        control=each.take(_control_id, 0, "control"),
        value=each.take(a_number, 0, "value"),
        count=each.take(a_uint32, 0, "count"),
        after=each.take(a_uint32, 0, "after"),
    )


def _writes(value: Any, where: str) -> str:
    return a_choice(value, where, ("refuse", "accept"))


def _stamps(value: Any, where: str) -> str:
    return a_choice(value, where, ("start-of-exposure", "end-of-frame"))


def read_profile(source: Mapping[str, Any] | str | os.PathLike[str]) -> Profile:
    """Do what :meth:`Profile.load` promises."""
    if isinstance(source, Mapping):
        return _profile(source)
    text = os.fspath(source)
    if not text.lstrip().startswith("{"):
        text = read_text(Path(text))
    return _profile(parse(text))


def _profile(data: Mapping[str, Any]) -> Profile:
    root = JsonObject(data, "")
    driver = root.need(a_text, "driver")
    is_uvc = driver.startswith("uvcvideo")
    formats = _formats(root)
    controls = _controls(root)
    capabilities = root.take(_capabilities, None, "capabilities")
    mplane = bool((capabilities or 0) & CAPABILITIES["video-capture-mplane"])
    needs = mplane or any(_memory_planes(each) > 1 for each in formats)
    return Profile(
        card=root.need(a_text, "card"),
        driver=driver,
        bus_info=root.take(a_text, "", "bus_info"),
        version=root.take(_version, (6, 1, 0), "version"),
        formats=formats,
        controls=controls,
        subdevices=root.items(_subdevice, "subdevices", 64) or (),
        capabilities=capabilities,
        multiplanar=root.take(a_boolean, needs, "multiplanar"),
        clusters=_clusters(root, controls, is_uvc),
        refuse_inactive=root.take(_writes, "refuse" if is_uvc else "accept", "inactive_writes")
        == "refuse",
        end_of_frame=root.take(_stamps, "start-of-exposure", "timestamps") == "end-of-frame",
        orphaned_buffers=root.take(a_boolean, True, "orphaned_buffers"),
        faults=root.items(_fault, "faults", 32) or (),
    )
