# SPDX-License-Identifier: MIT
"""The simulated camera: a profile, played by the C core below everything else.

``Device("sim:webcam")`` is all that most programs need. A test makes its own camera, so that
it can hold the clock and break things::

    camera = SimulatedCamera("webcam", clock="manual")
    with Device(camera.path) as device, device.stream() as stream:
        camera.tick()
        frame = stream.read()
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import struct
import threading
import weakref
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NoReturn

from ._native import ffi, lib
from .cids import FLAGS, IDS
from .errors import DeviceError, ProfileError, check, device_error
from .profile import (
    CAPABILITIES,
    TYPES,
    Profile,
    ProfileControl,
    ProfileFault,
    ProfileFormat,
    ProfileSize,
    ProfileSubdevice,
)

__all__ = ["SimulatedCamera", "builtin_profiles", "listed", "read_counter", "resolve"]

_PREFIX = "sim:"
_PROFILES = Path(__file__).with_name("profiles")
_SEARCHED = "V4L2CAPTURE_SIM"

_DEVICE_CAPS = 0x80000000  # V4L2_CAP_DEVICE_CAPS
_DYNAMIC_ARRAY = 0x00000800  # V4L2_CTRL_FLAG_DYNAMIC_ARRAY
_EXT_PIX_FORMAT = 0x00200000  # V4L2_CAP_EXT_PIX_FORMAT

# Element type -> struct format of one element.
_ELEMENTS = {"u8": "B", "u16": "H", "u32": "I", "int64": "q", "area": "II", "rect": "iiII"}

# Whoever opens a path gets the camera that is alive under it.
_live: weakref.WeakValueDictionary[str, SimulatedCamera] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def _forget() -> None:
    """In a forked child: the cameras are the parent's, and a thread of it may hold the lock."""
    global _lock
    _lock = threading.Lock()
    _live.clear()


os.register_at_fork(after_in_child=_forget)
_numbers = itertools.count(1)


class SimulatedCamera:
    """A camera that is not there. Each instance is one of its own, under a path of its own.

    It lives as long as this object or a device opened from it does.

    Args:
        profile: Name of a built-in profile, path of a JSON file, the JSON text, a mapping, or a
            :class:`~v4l2capture.profile.Profile`.
        clock: ``"realtime"``: frames come as fast as the camera makes them. ``"manual"``:
            frames come, and time passes, by :meth:`tick` only.

    Attributes:
        path: What ``Device`` opens, for example ``"sim:webcam#1"``.
        profile: What it plays.

    Raises:
        ProfileError: The profile is malformed.
        DeviceError: There is no such profile.

    Synchronization: any method from any thread.
    """

    def __init__(
        self,
        profile: Profile | Mapping[str, Any] | str | os.PathLike[str] = "webcam",
        *,
        clock: Literal["realtime", "manual"] = "realtime",
    ) -> None:
        name = "profile"
        if isinstance(profile, str | os.PathLike):
            text = os.fspath(profile)
            name = name if text.lstrip().startswith("{") else text.removeprefix(_PREFIX)
        self._setup(f"{_PREFIX}{name}#{next(_numbers)}", _find(profile), clock)
        with _lock:
            _live[self.path] = self

    def _setup(self, path: str, profile: Profile, clock: str) -> None:
        if clock not in ("realtime", "manual"):
            raise ValueError(f"clock={clock!r}: give 'realtime' or 'manual'")
        self.path = path
        self.profile = profile
        self._sim: Any = _build(profile, clock == "manual", path)
        for fault in profile.faults:
            self._inject(fault)

    def open(self, node: int = 0, path: str = "") -> Any:
        """Return a new handle on a node, as ``struct vc_device *``; Device's business.

        Args:
            node: 0 is the video node, n the n-th subdevice.
            path: Of the node, for errors.
        """
        out = ffi.new("struct vc_device **")
        path = path or self.path
        check(lib.vc_sim_open(self._sim, node, path.encode(), out), "open", path)
        return ffi.gc(out[0], _Closer(self))

    # ---- time ----

    def tick(self, frames: int = 1) -> None:
        """Let the time of so many frames pass; only for ``clock="manual"``.

        Raises:
            ValueError: The camera is on the real clock.
        """
        rc = lib.vc_sim_tick(self._sim, frames)
        if rc == -errno.EINVAL:
            raise ValueError(f"{self.path} is on the real clock; make it with clock='manual'")
        check(rc, "tick", self.path)

    # ---- what goes wrong ----

    def fault(
        self,
        name: str,
        *,
        count: int = 0,
        after: int = 0,
        control: str | int = 0,
        request: str | int = 0,
        value: int = 0,
    ) -> None:
        """Make something go wrong from now on.

        Args:
            name: One of :meth:`fault_names`.
            count: How often; 0 is until :meth:`clear_faults`.
            after: Begin after so many frames.
            control: Which control, by name or id, for faults of controls; 0 is all.
            request: Which ioctl fails, for ``"ioctl_error"``, for example ``"VIDIOC_G_FMT"``.
            value: The errno of errors, the bytes that are left of a frame, the number of
                buffers, the seconds that a timestamp is off; 0 is the usual one.

        Raises:
            ValueError: There is no such fault, control or ioctl.
        """
        target = self._control_id(control) if control else _request_number(request)
        self._inject(ProfileFault(name, target, value, count, after))

    def _inject(self, fault: ProfileFault) -> None:
        raw = ffi.new(
            "struct vc_sim_fault *", (fault.control, fault.value, fault.count, fault.after)
        )
        rc = lib.vc_sim_fault(self._sim, fault.name.encode(), raw)
        if rc == -errno.EINVAL:
            known = ", ".join(self.fault_names())
            raise ValueError(f"there is no fault {fault.name!r}; there are {known}")
        check(rc, f"fault {fault.name!r}", self.path)

    def clear_faults(self) -> None:
        """Let everything go right again; what is unplugged stays unplugged."""
        lib.vc_sim_clear_faults(self._sim)

    @staticmethod
    def fault_names() -> list[str]:
        """Return the names of all faults."""
        names: list[str] = []
        while raw := lib.vc_sim_fault_name(len(names)):
            names.append(ffi.string(raw).decode())
        return names

    def unplug(self) -> None:
        """Pull the plug: every open handle is gone for good."""
        lib.vc_sim_unplug(self._sim)

    def replug(self) -> None:
        """Plug it in again: it can be opened, and is as it was at first."""
        lib.vc_sim_replug(self._sim)

    # ---- what others do to it ----

    def poke(self, control: str | int, value: int) -> None:
        """Change a control as firmware or another program would, with its events."""
        self._change(lib.vc_sim_poke(self._sim, self._control_id(control), value), control)

    def set_flags(self, control: str | int, flags: Iterable[str]) -> None:
        """Give a control these flags, in v4l2-ctl's words, for example ``["grabbed"]``."""
        words = {word: bit for bit, word in FLAGS.items()}
        bits = 0
        for flag in flags:
            if flag not in words:
                raise ValueError(f"unknown flag {flag!r}; there are {', '.join(words)}")
            bits |= words[flag]
        self._change(lib.vc_sim_set_flags(self._sim, self._control_id(control), bits), control)

    def set_range(
        self, control: str | int, minimum: int, maximum: int, step: int, default: int
    ) -> None:
        """Give a control another range."""
        cid = self._control_id(control)
        rc = lib.vc_sim_set_range(self._sim, cid, minimum, maximum, step, default)
        self._change(rc, control)

    def _change(self, rc: int, control: str | int) -> None:
        if rc == -errno.EINVAL:
            raise ValueError(f"{self.path} has no number {control!r}")
        check(rc, "change", self.path)

    def source_change(self) -> None:
        """Tell everybody who asked that the source has another resolution."""
        lib.vc_sim_source_change(self._sim)

    # ---- what tests count ----

    def ioctls(self, request: str | int) -> int:
        """Return how often an ioctl was asked, for example ``"VIDIOC_DQBUF"``."""
        return int(lib.vc_sim_ioctls(self._sim, _request_number(request)))

    @property
    def queued(self) -> int:
        """Buffers in the driver's hands, filled ones included."""
        return int(lib.vc_sim_queued(self._sim))

    @property
    def mappings(self) -> int:
        """Mappings of buffers that are alive."""
        return int(lib.vc_sim_mappings(self._sim))

    @property
    def handles(self) -> int:
        """Open handles."""
        return int(lib.vc_sim_handles(self._sim))

    @property
    def frames(self) -> int:
        """Frames since streaming began, those included that nobody left a buffer for."""
        return int(lib.vc_sim_frames(self._sim))

    # ---- helpers ----

    def _control_id(self, control: str | int) -> int:
        if isinstance(control, int):
            return control
        nodes: list[Profile | ProfileSubdevice] = [self.profile, *self.profile.subdevices]
        own = {each.name: each.id for node in reversed(nodes) for each in node.controls}
        cid = own.get(control) or IDS.get(control)
        if cid is None:
            raise ValueError(f"{self.path} has no control {control!r}; it has {', '.join(own)}")
        return cid

    def __reduce__(self) -> NoReturn:
        raise TypeError("a simulated camera is a thing: make another one of its profile")

    def __repr__(self) -> str:
        return f"<SimulatedCamera {self.path}: {self.profile.card}>"


class _Closer:
    """A cffi destructor that frees the handle and, until then, keeps the camera alive."""

    __slots__ = ("_camera",)

    def __init__(self, camera: SimulatedCamera) -> None:
        self._camera = camera

    def __call__(self, device: Any) -> None:
        lib.vc_device_free(device)


def _request_number(request: str | int) -> int:
    if isinstance(request, int):
        return request
    number = int(lib.vc_sim_request(request.encode()))
    if not number:
        raise ValueError(f"{request!r} is no ioctl that a simulated camera knows")
    return number


# ---- from paths to cameras ----------------------------------------------------------------


def builtin_profiles() -> list[str]:
    """Return the names of the profiles that come with the package."""
    return sorted(path.stem for path in _PROFILES.glob("*.json"))


def listed() -> list[str]:
    """Return the paths of the cameras in V4L2CAPTURE_SIM, a list of names and files."""
    names = os.environ.get(_SEARCHED, "").split(",")
    return [_PREFIX + name.strip().removeprefix(_PREFIX) for name in names if name.strip()]


def resolve(path: str) -> SimulatedCamera:
    """Return the camera that is alive under ``path``, or a new one on the real clock.

    Two devices opened by the same path share one camera. It lives as long as they do.

    Raises:
        DeviceError: There is no such profile, or the camera with that number is gone.
        ProfileError: The profile is malformed.
    """
    with _lock:
        camera = _live.get(path)
        if camera is None:
            camera = SimulatedCamera.__new__(SimulatedCamera)
            camera._setup(path, _find(path.removeprefix(_PREFIX), path), "realtime")
            _live[path] = camera
        return camera


def _find(source: Profile | Mapping[str, Any] | str | os.PathLike[str], path: str = "") -> Profile:
    if not isinstance(source, str | os.PathLike):
        return Profile.load(source)
    name = os.fspath(source)
    if name.lstrip().startswith("{"):
        return Profile.load(name)
    name = name.removeprefix(_PREFIX)
    if name in builtin_profiles():
        return Profile.load(_PROFILES / f"{name}.json")
    try:
        return Profile.load(Path(name))
    except OSError as error:
        raise _no_profile(path or _PREFIX + name, error.errno or errno.ENOENT) from None


def _no_profile(path: str, number: int) -> DeviceError:
    if re.search(r"#\d+$", path):
        hint = "That simulated camera is gone; keep the SimulatedCamera while its path is in use"
    else:
        hint = f"There is no such profile; built in are {', '.join(builtin_profiles())}"
    return device_error(DeviceError, number, "open", path, hint)


# ---- from a profile to a camera -------------------------------------------------------------


def _build(profile: Profile, manual: bool, path: str) -> Any:
    """Return a ``struct vc_sim *`` that plays the profile."""
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
    for each in profile.formats:
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


def _fourcc(name: str) -> int:
    text = name.removesuffix("-BE").ljust(4).encode()
    return int.from_bytes(text, "little") | (1 << 31 if name.endswith("-BE") else 0)


def _add_format(sim: Any, each: ProfileFormat) -> int:
    raw = ffi.new(
        "struct vc_sim_format *",
        (
            _fourcc(each.pixel_format),
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
    element = _ELEMENTS.get(control.type, "i")
    try:
        return struct.pack("=" + element * (len(value) // len(element)), *value)
    except struct.error as error:
        raise ProfileError(f"{control.name}: {error}") from None


# ---- reading the picture -------------------------------------------------------------------


def read_counter(picture: Any) -> int:
    """Return the frame number that is drawn into a picture of a simulated camera.

    Args:
        picture: Array of shape ``(height, width)`` or ``(height, width, 3)``.

    Raises:
        ValueError: The picture is too small to hold one.
    """
    height, width = picture.shape[:2]
    layout = ffi.new("struct vc_sim_counter *")
    if lib.vc_sim_counter_layout(width, height, layout) < 0:
        raise ValueError(f"there is no frame counter in a picture of {width}x{height}")
    number = 0
    for bit in range(32):
        row, column = divmod(bit, layout.columns)
        y, x = (place * layout.cell + layout.cell // 2 for place in (row, column))
        number = number << 1 | bool(picture[y, x].mean() > 127)
    return number
