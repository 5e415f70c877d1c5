# SPDX-License-Identifier: MIT
"""Playing a profile: from data to a camera of the C core.

It draws every raw format that can be converted, and a few more; JPEGs too. Other compressed
formats, and those that nobody knows more of than the name, come as bytes that mean nothing.
A raw format that it cannot draw is left out of what it offers, for all its frames would be
damaged; a camera that has nothing else is refused.
"""

from __future__ import annotations

import errno
import struct
from fractions import Fraction
from typing import Any

from ._native import ffi, lib
from .errors import ProfileError, check
from .payload import ELEMENTS
from .pixfmt import PIXEL_FORMATS, fourcc
from .profile import (
    CAPABILITIES,
    TYPES,
    Profile,
    ProfileControl,
    ProfileFormat,
    ProfileSize,
    ProfileSubdevice,
)

__all__ = ["play"]

_DEVICE_CAPS = 0x80000000  # V4L2_CAP_DEVICE_CAPS
_DYNAMIC_ARRAY: int = lib.V4L2_CTRL_FLAG_DYNAMIC_ARRAY
_EXT_PIX_FORMAT = 0x00200000  # V4L2_CAP_EXT_PIX_FORMAT


def play(profile: Profile, manual: bool, path: str) -> Any:
    """Return a ``struct vc_sim *`` that plays the profile, on the manual clock or the real one.

    Raises:
        ProfileError: It has what no driver could have, or only formats that cannot be drawn.
    """
    out = ffi.new("struct vc_sim **")
    texts = [
        ffi.new("char[]", text.encode())
        for text in (profile.driver, profile.card, profile.bus_info)
    ]
    major, minor, patch = profile.version
    capabilities, device_caps = _capabilities(profile)
    config = ffi.new(
        "struct vc_sim_config *",
        {
            "driver": texts[0],
            "card": texts[1],
            "bus_info": texts[2],
            "version": major << 16 | minor << 8 | patch,
            "capabilities": capabilities,
            "device_caps": device_caps,
            "quirks": _quirks(profile, manual),
        },
    )
    check(lib.vc_sim_new(config, out), "simulate", path)
    sim = ffi.gc(out[0], lib.vc_sim_free)
    for each in _drawable(profile):
        _playable(_add_format(sim, each), path, each.pixel_format)
    for control in profile.controls:
        _playable(_add_control(sim, control), path, control.name)
    for cluster in profile.clusters:
        for slave in cluster.slaves:
            rc = lib.vc_sim_add_cluster(sim, cluster.master, cluster.manual, slave)
            _playable(rc, path, f"cluster of 0x{cluster.master:08x}")
    for subdevice in profile.subdevices:
        _playable(_add_subdevice(sim, subdevice), path, subdevice.function)
        for control in subdevice.controls:
            _playable(_add_control(sim, control), path, control.name)
    return sim


def _add_subdevice(sim: Any, subdevice: ProfileSubdevice) -> int:
    functions = {
        "sensor": lib.MEDIA_ENT_F_CAM_SENSOR,
        "lens": lib.MEDIA_ENT_F_LENS,
        "flash": lib.MEDIA_ENT_F_FLASH,
    }
    function = functions.get(subdevice.function, lib.MEDIA_ENT_F_UNKNOWN)
    return int(lib.vc_sim_add_subdevice(sim, function, subdevice.name.encode()))


def _playable(rc: int, path: str, what: str) -> None:
    """Raise what a refusal to describe a part of the camera stands for."""
    if rc == -errno.EINVAL:
        raise ProfileError(f"{what}: no driver can have this")
    check(rc, f"simulate {what}", path)


def _quirks(profile: Profile, manual: bool) -> int:
    wanted = {
        lib.VC_SIM_MANUAL_CLOCK: manual,
        lib.VC_SIM_MULTIPLANAR: profile.multiplanar,
        lib.VC_SIM_REFUSE_INACTIVE: profile.refuse_inactive,
        lib.VC_SIM_END_OF_FRAME: profile.end_of_frame,
        lib.VC_SIM_NO_ORPHANS: not profile.orphaned_buffers,
    }
    return sum(bit for bit, is_wanted in wanted.items() if is_wanted)


def _capabilities(profile: Profile) -> tuple[int, int]:
    """Return those of the device and those of the node; 0 is "a camera's"."""
    node = profile.capabilities
    if node is None:
        return 0, 0
    if node & (CAPABILITIES["video-capture"] | CAPABILITIES["video-capture-mplane"]):
        node |= _EXT_PIX_FORMAT
    return node | _DEVICE_CAPS, node & ~_DEVICE_CAPS


def _drawable(profile: Profile) -> list[ProfileFormat]:
    """Return the formats whose frames will be whole."""
    found = [each for each in profile.formats if _is_drawable(each, _is_multiplanar(profile))]
    if profile.formats and not found:
        names = ", ".join(each.pixel_format for each in profile.formats)
        raise ProfileError(f"none can be drawn: {names}", "formats")
    return found


def _is_drawable(each: ProfileFormat, is_multiplanar: bool) -> bool:
    row = PIXEL_FORMATS.get(each.pixel_format)
    if row is None or not row.colour_planes:
        return True  # bytes that mean nothing, as from any camera
    return (is_multiplanar or row.memory_planes == 1) and bool(lib.vc_sim_can_draw(row.number))


def _is_multiplanar(profile: Profile) -> bool:
    node = profile.capabilities
    if node is None:
        return profile.multiplanar
    return not node & CAPABILITIES["video-capture"]


def _add_format(sim: Any, each: ProfileFormat) -> int:
    raw = ffi.new(
        "struct vc_sim_format *",
        (
            fourcc(each.pixel_format),
            each.bytesperline_align,
            each.sizeimage,
            each.colorspace,
            each.ycbcr_enc,
            each.quantization,
            each.xfer_func,
        ),
    )
    rc = lib.vc_sim_add_format(sim, raw)
    for size in each.sizes:
        rc = rc or _add_size(sim, size)
    return int(rc)


def _add_size(sim: Any, size: ProfileSize) -> int:
    is_range = size.is_range
    raw = ffi.new(
        "struct vc_framesize *",
        (
            _range_type(size) if is_range else lib.V4L2_FRMSIZE_TYPE_DISCRETE,
            size.min_width,
            size.max_width,
            size.step_width,
            size.min_height,
            size.max_height,
            size.step_height,
        ),
    )
    rc = lib.vc_sim_add_size(sim, raw)
    for rate in size.frame_rates:
        rc = rc or _add_interval(sim, lib.V4L2_FRMIVAL_TYPE_DISCRETE, rate, rate)
    if size.frame_rate_range:
        slowest, fastest = size.frame_rate_range
        kind = lib.V4L2_FRMIVAL_TYPE_CONTINUOUS
        rc = rc or _add_interval(sim, kind, fastest, slowest)
    return int(rc)


def _range_type(size: ProfileSize) -> int:
    if size.step_width == size.step_height == 1:
        return int(lib.V4L2_FRMSIZE_TYPE_CONTINUOUS)
    return int(lib.V4L2_FRMSIZE_TYPE_STEPWISE)


def _add_interval(sim: Any, kind: int, fastest: Fraction, slowest: Fraction) -> int:
    raw = ffi.new(
        "struct vc_frameinterval *",
        {
            "type": kind,
            "min": (fastest.denominator, fastest.numerator),
            "max": (slowest.denominator, slowest.numerator),
            "step": (1, 1),
        },
    )
    return int(lib.vc_sim_add_interval(sim, raw))


def _add_control(sim: Any, control: ProfileControl) -> int:
    kind = TYPES.get(control.type)
    if kind is None:
        return 0  # a type that this version does not know cannot be played
    full = control.filled()
    dims = control.dims
    if control.flags & _DYNAMIC_ARRAY and isinstance(control.value, tuple) and control.value:
        dims = (len(control.value),)  # it keeps the length it had
    raw = ffi.new(
        "struct vc_sim_control *",
        {
            "id": control.id,
            "type": kind,
            "minimum": full.minimum,
            "maximum": full.maximum,
            "step": full.step,
            "default_value": _scalar(full.default),
            "value": _scalar(full.value),
            "flags": control.flags & ~_DYNAMIC_ARRAY,
            "nr_of_dims": len(dims),
            "dims": dims,
            "name": control.label.encode()[:31].decode(errors="ignore").encode(),
        },
    )
    rc = lib.vc_sim_add_control(sim, raw)
    for index, name, value in _menu(full):
        rc = rc or lib.vc_sim_add_menu_entry(sim, control.id, index, name, value)
    return int(rc or _add_payloads(sim, control))


def _scalar(value: Any) -> int:
    return int(value) if isinstance(value, int) else 0


def _menu(control: ProfileControl) -> list[tuple[int, bytes, int]]:
    """Return index, text and number. Where a listing has no menu, all entries are there."""
    if control.type not in ("menu", "intmenu"):
        return []
    entries = control.menu
    if entries is None:
        last = min(control.maximum, control.minimum + 63, 0xFFFFFFFF)  # struct v4l2_querymenu
        entries = {index: index for index in range(max(control.minimum, 0), last + 1)}
    if control.type == "intmenu":
        return [(index, b"", int(number)) for index, number in entries.items()]
    return [
        (index, (f"Entry {name}" if isinstance(name, int) else name).encode()[:31], 0)
        for index, name in entries.items()
    ]


def _add_payloads(sim: Any, control: ProfileControl) -> int:
    payloads = [
        (lib.V4L2_CTRL_WHICH_CUR_VAL, control.value),
        (lib.V4L2_CTRL_WHICH_DEF_VAL, control.default),
        (lib.V4L2_CTRL_WHICH_MIN_VAL, control.minimum),
        (lib.V4L2_CTRL_WHICH_MAX_VAL, control.maximum),
    ]
    for which, value in payloads:
        data = _payload(control, value)
        if data is None:
            continue
        rc = lib.vc_sim_add_payload(sim, control.id, which, data, len(data))
        if rc:
            return int(rc)
    return 0


def _payload(control: ProfileControl, value: Any) -> bytes | None:
    """Return the bytes of a value or limit; ``None`` where it is a plain number or unknown."""
    if control.type == "str":
        return value.encode() + b"\0" if isinstance(value, str) else None
    if isinstance(value, bytes):
        return value
    if not isinstance(value, tuple):
        return None
    element = ELEMENTS.get(control.type, "i")
    try:
        return struct.pack("=" + element * (len(value) // len(element)), *value)
    except struct.error as error:
        raise ProfileError(f"{control.name}: {error}") from None
