# SPDX-License-Identifier: MIT
"""The simulated camera: a profile, played by the C core below everything else.

``Device("sim:webcam")`` is all that most programs need. A test makes its own camera, so that
it can hold the clock and break things::

    camera = SimulatedCamera("webcam", clock="manual")
    with Device(camera.path) as device, device.stream() as stream:
        camera.tick()
        frame = stream.read()

Of a profile's formats it offers those that it can draw; :mod:`v4l2capture.player` has the rule.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import threading
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn

from ._native import ffi, lib
from .bell import ring
from .cids import FLAG_BITS, IDS
from .errors import DeviceError, ProfileError, check, device_error
from .jsonreader import INT64, UINT32, UINT64
from .player import play
from .profile import Profile, ProfileFault, ProfileSubdevice
from .whole import whole

__all__ = ["SimulatedCamera", "builtin_profiles", "listed", "read_counter", "resolve"]

_PREFIX = "sim:"
_PROFILES = Path(__file__).with_name("profiles")
_SEARCHED = "V4L2CAPTURE_SIM"

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

    # Whether it is the one that its path stands for: made for the first Device, not by its name.
    _is_shared = False

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
        self._sim: Any = play(profile, clock == "manual", path)
        for n, fault in enumerate(profile.faults):
            try:
                self._inject(fault)
            except ValueError as error:
                raise ProfileError(str(error), f"faults[{n}]") from None

    def open(self, node: int = 0, path: str = "") -> Any:
        """Return a new handle on a node, as ``struct vc_device *``; Device's business.

        Args:
            node: 0 is the video node, n the n-th subdevice.
            path: Of the node, for errors.
        """
        out = ffi.new("struct vc_device **")
        path = path or self.path
        check(lib.vc_sim_open(self._sim, node, os.fsencode(path), out), "open", path)
        return ffi.gc(out[0], _Closer(self))

    # ---- time ----

    def tick(self, frames: int = 1) -> None:
        """Let the time of so many frames pass; only for ``clock="manual"``.

        Raises:
            ValueError: The camera is on the real clock.
        """
        rc = lib.vc_sim_tick(self._sim, _number("frames", frames, UINT32))
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
        subdevice: str = "",
        value: int = 0,
    ) -> None:
        """Make something go wrong from now on.

        Args:
            name: One of :meth:`fault_names`.
            count: How often; 0 is until :meth:`clear_faults`.
            after: Begin after so many frames.
            control: Which control, by name or id, for faults of controls; 0 is all.
            request: Which ioctl fails, for ``"ioctl_error"``, for example ``"VIDIOC_G_FMT"``.
            subdevice: Which cannot be opened, for ``"open_error"``, or is gone, for
                ``"subdevice_gone"``: its name or function; ``""`` is all.
            value: The errno of errors, the bytes that are left of a frame, the number of
                buffers, the seconds that a timestamp is off; 0 is the usual one.

        Raises:
            ValueError: There is no such fault, control, ioctl, subdevice or errno.
        """
        count, after = _number("count", count, UINT32), _number("after", after, UINT32)
        value = _number("value", value, INT64)
        target = self._control_id(control) if control else _request_number(request)
        if subdevice:
            target = self._subdevice_number(subdevice)
        self._inject(ProfileFault(name, target, value, count, after))

    def _inject(self, fault: ProfileFault) -> None:
        if fault.name not in self.fault_names():
            known = ", ".join(self.fault_names())
            raise ValueError(f"there is no fault {fault.name!r}; there are {known}")
        raw = ffi.new(
            "struct vc_sim_fault *", (fault.control, fault.value, fault.count, fault.after)
        )
        rc = lib.vc_sim_fault(self._sim, fault.name.encode(), raw)
        if rc == -errno.ERANGE:
            raise ValueError(f"value={fault.value!r}: {fault.name!r} takes an errno, or 0")
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
        ring()

    def replug(self) -> None:
        """Plug it in again: it can be opened, and is as it was at first."""
        lib.vc_sim_replug(self._sim)
        ring()

    # ---- what others do to it ----

    def poke(self, control: str | int, value: int) -> None:
        """Change a control as firmware or another program would, with its events.

        It is that of the video node, or else of the first subdevice that has it.
        """
        value = _number("value", value, INT64)
        self._change(lib.vc_sim_poke(self._sim, self._control_id(control), value), control)

    def set_flags(self, control: str | int, flags: Iterable[str]) -> None:
        """Give a control these flags, in v4l2-ctl's words, for example ``["grabbed"]``."""
        bits = 0
        for flag in flags:
            if flag not in FLAG_BITS:
                raise ValueError(f"unknown flag {flag!r}; there are {', '.join(FLAG_BITS)}")
            bits |= FLAG_BITS[flag]
        self._change(lib.vc_sim_set_flags(self._sim, self._control_id(control), bits), control)

    def set_range(
        self, control: str | int, minimum: int, maximum: int, step: int, default: int
    ) -> None:
        """Give a control another range."""
        rc = lib.vc_sim_set_range(
            self._sim,
            self._control_id(control),
            _number("minimum", minimum, INT64),
            _number("maximum", maximum, INT64),
            _number("step", step, UINT64),
            _number("default", default, INT64),
        )
        self._change(rc, control)

    def _change(self, rc: int, control: str | int) -> None:
        if rc == -errno.EINVAL:
            raise ValueError(f"{self.path} has no number {control!r}")
        check(rc, "change", self.path)

    def set_light(self, light: float) -> None:
        """Light the scene: 1 is well lit, which it is at first, 0 is dark.

        Raises:
            ValueError: Below 0, or above 64.
        """
        if lib.vc_sim_set_light(self._sim, light) == -errno.EINVAL:
            raise ValueError(f"light={light!r}: give 0 to 64")

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
        if not isinstance(control, str):
            return _number("control", control, UINT32)
        nodes: list[Profile | ProfileSubdevice] = [self.profile, *self.profile.subdevices]
        own = {each.name: each.id for node in reversed(nodes) for each in node.controls}
        cid = own.get(control) or IDS.get(control)
        if cid is None:
            raise ValueError(f"{self.path} has no control {control!r}; it has {', '.join(own)}")
        return cid

    def _subdevice_number(self, name: str) -> int:
        names = [(each.name, each.function) for each in self.profile.subdevices]
        for number, own in enumerate(names, 1):
            if name in own:
                return number
        known = ", ".join(each[0] for each in names) or "none"
        raise ValueError(f"{self.path} has no subdevice {name!r}; it has {known}")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a simulated camera is one of its own; make another from its profile")

    def __repr__(self) -> str:
        return f"<SimulatedCamera {self.path}: {self.profile.card}>"


class _Closer:
    """A cffi destructor that frees the handle and, until then, keeps the camera alive."""

    __slots__ = ("_camera",)

    def __init__(self, camera: SimulatedCamera) -> None:
        self._camera = camera

    def __call__(self, device: Any) -> None:
        lib.vc_device_free(device)


def _number(name: str, value: Any, limits: tuple[int, int]) -> int:
    """Return an argument that the C core takes; to it, switches are numbers, too."""
    return whole(name, int(value) if isinstance(value, bool) else value, *limits)


def _request_number(request: str | int) -> int:
    if not isinstance(request, str):
        return _number("request", request, UINT32)
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

    Two devices opened by the same path share one camera. It lives as long as they do; when
    all of them are closed and the profile is another by now, the next one gets a new camera.

    Raises:
        DeviceError: There is no such profile, or the camera with that number is gone.
        ProfileError: The profile is malformed.
    """
    with _lock:
        camera = _live.get(path)
        if camera is not None and (camera.handles or not camera._is_shared):
            return camera
        try:
            profile = _find(path.removeprefix(_PREFIX), path)
            if camera is None or camera.profile != profile:
                camera = SimulatedCamera.__new__(SimulatedCamera)
                camera._setup(path, profile, "realtime")
                camera._is_shared = True
                _live[path] = camera
        except ProfileError as error:
            error.camera = path
            raise
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
