# SPDX-License-Identifier: MIT
"""The sensor, lenses and flashes of a camera, where they have nodes of their own.

Phones and single-board computers have them, USB cameras do not. Which belong to a video
node is asked of its media device, so that several cameras in one machine are never mixed up.

Source: Documentation/userspace-api/media/mediactl/media-controller.rst;
Documentation/driver-api/media/v4l2-subdev.rst.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import sysfs
from ._native import ffi, lib
from .cstring import text
from .diagnose import permission_hint
from .errors import DeviceError, DeviceGoneError, DevicePermissionError, check, device_error
from .node import Node

if TYPE_CHECKING:
    from .device import Device

__all__ = [
    "Subdevice",
    "SubdeviceInfo",
    "count_sensors",
    "find_subdevices",
    "locate_subdevices",
]

FUNCTIONS: dict[int, str] = {
    lib.MEDIA_ENT_F_CAM_SENSOR: "sensor",
    lib.MEDIA_ENT_F_LENS: "lens",
    lib.MEDIA_ENT_F_FLASH: "flash",
}

_CLASS = "/sys/class/video4linux"
_NUMBERS = "/sys/dev/char"
_MEDIA = "/sys/bus/media/devices"

_TOPOLOGY = "MEDIA_IOC_G_TOPOLOGY"


@dataclass(frozen=True, slots=True)
class SubdeviceInfo:
    """A subdevice that belongs to a camera; it need not be open.

    Attributes:
        function: ``"sensor"``, ``"lens"`` or ``"flash"``.
        name: As the media device calls it, for example ``"imx219 10-0010"``.
        path: Of its node.
    """

    function: str
    name: str
    path: str
    _minor: int = field(default=0, repr=False, compare=False)


class Subdevice(Node):
    """A sensor, a lens or a flash of a camera, open: controls and events, no pictures.

    As long as a flash is open, the kernel takes its LED from the files in ``/sys/class/leds``
    and gives it the values of the controls. :func:`find_subdevices` opens them.

    Attributes:
        path: Of the node.
        function: ``"sensor"``, ``"lens"`` or ``"flash"``.
        name: As the media device calls it, for example ``"imx219 10-0010"``.
        controls: All its controls, by name or id.
        events: Changes that the driver tells of.

    Synchronization: any method from any thread. After a fork the child's copy raises
    :class:`ClosedError`; the node stays the parent's.
    """

    def __init__(self, info: SubdeviceInfo, dev: Any) -> None:
        self.path = info.path
        self.function = info.function
        self.name = info.name
        super().__init__(dev)

    @property
    def line_width(self) -> int | None:
        """Of a sensor: pixels of a line of its present picture; ``None``: it does not tell."""
        out = ffi.new("uint32_t *")
        return out[0] if lib.vc_sensor_width(self._dev, out) == 0 else None

    def _open_again(self, device: Device) -> Subdevice:
        """Open it anew, after it was gone, at whatever node it is now.

        Raises:
            DeviceError: It is not there, or refuses.
        """
        nodes, found = _locate(device)
        for info in found:
            if (info.function, info.name) == (self.function, self.name):
                return Subdevice(info, nodes.open(info))
        raise device_error(DeviceGoneError, errno.ENODEV, "open", self.path)

    def __repr__(self) -> str:
        state = ", closed" if self._closed else ""
        return f"<Subdevice {self.path}: {self.name} ({self.function}){state}>"


def find_subdevices(
    device: Device, *, but: Collection[str] = ()
) -> tuple[list[Subdevice], list[DeviceError]]:
    """Open what belongs to a camera: its sensor, its lenses and its flashes, in this order.

    They are the caller's to close, and stay open when the device is closed. A camera
    without any, as every USB camera is, has two empty lists.

    Args:
        but: Functions of those that shall not be opened, for example ``("flash",)``.

    Returns:
        What could be opened, and why the rest could not; neither hides the other.

    Raises:
        ClosedError: The device is closed, or the parent process's.
    """
    try:
        nodes, found = _locate(device)
    except DeviceError as error:
        return [], [error]
    opened: list[Subdevice] = []
    failed: list[DeviceError] = []
    for info in found:
        if info.function in but:
            continue
        try:
            opened.append(Subdevice(info, nodes.open(info)))
        except DeviceError as error:
            failed.append(error)
    return opened, failed


def locate_subdevices(device: Device) -> list[SubdeviceInfo]:
    """Return what :func:`find_subdevices` would open.

    Raises:
        ClosedError: The device is closed, or the parent process's.
        DeviceError: The media device could not be asked, or several sensors may feed this
            node and nothing tells which.
    """
    return _locate(device)[1]


def _locate(device: Device) -> tuple[_KernelNodes | _SimulatedNodes, list[SubdeviceInfo]]:
    device._check(lib.vc_device_check(device._dev), "open")
    nodes = _nodes_of(device)
    major, minor = nodes.number
    raw = ffi.new("struct vc_subdevice[]", lib.VC_MAX_SUBDEVICES)
    for path, media in nodes.media():
        topology = _topology(media, path)
        count = lib.vc_topology_find(topology, major, minor, raw)
        if count == -errno.ENOENT:
            continue  # another device of the same piece of hardware
        if count == -errno.ENOTUNIQ:
            raise _ambiguous(path)
        check(count, _TOPOLOGY, path)
        return nodes, [nodes.info(each) for each in raw[0:count] if each.major]
    return nodes, []


def _topology(media: Any, path: str) -> Any:
    out = ffi.new("struct vc_topology **")
    check(lib.vc_topology_read(media, out), _TOPOLOGY, path)
    return ffi.gc(out[0], lib.vc_topology_free)


def count_sensors() -> int:
    """Return how many sensors are part of this machine; those of USB cameras are not.

    Raises:
        DeviceError: A media device could not be asked.
    """
    count = 0
    for name in sysfs.entries(_MEDIA):
        path = _node(f"{_MEDIA}/{name}", name)
        media = _open(path, lib.VC_MEDIA)
        if text(lib.vc_device_capability(media).bus_info).startswith("usb-"):
            continue
        topology = _topology(media, path)
        entities = topology.entities[0 : topology.num_entities]
        count += sum(each.function == lib.MEDIA_ENT_F_CAM_SENSOR for each in entities)
    return count


def _ambiguous(path: str) -> DeviceError:
    error = device_error(DeviceError, errno.ENOTUNIQ, _TOPOLOGY, path)
    error.strerror = "several sensors may feed this camera, and nothing tells which"
    error.hint = "Enable the links of one of them, with media-ctl"
    return error


def _open(path: str, kind: int) -> Any:
    out = ffi.new("struct vc_device **")
    try:
        check(lib.vc_device_open(os.fsencode(path), kind, out), "open", path)
    except DevicePermissionError as error:
        error.hint = permission_hint(path)
        raise
    return ffi.gc(out[0], lib.vc_device_free)


# ---- nodes of the kernel -----------------------------------------------------------------


class _KernelNodes:
    """The nodes around a video node, as /sys shows them."""

    def __init__(self, path: str) -> None:
        number = os.stat(path).st_rdev  # noqa: PTH116 (a plain number is wanted)
        self.number = os.major(number), os.minor(number)

    def media(self) -> Iterator[tuple[str, Any]]:
        """Yield the media devices that the video node may be part of, open."""
        if not any(name.startswith("v4l-subdev") for name in sysfs.entries(_CLASS)):
            return
        device = f"{_NUMBERS}/{self.number[0]}:{self.number[1]}/device"
        # It belongs to the same piece of hardware, or to the one that this is a part of.
        for folder in (device, f"{device}/.."):
            for name in sysfs.entries(folder):
                if re.fullmatch(r"media\d+", name):
                    path = _node(f"{folder}/{name}", name)
                    yield path, _open(path, lib.VC_MEDIA)

    def info(self, raw: Any) -> SubdeviceInfo:
        path = _node(f"{_NUMBERS}/{raw.major}:{raw.minor}", f"{raw.major}:{raw.minor}")
        return SubdeviceInfo(FUNCTIONS[raw.function], text(raw.name), path)

    @staticmethod
    def open(info: SubdeviceInfo) -> Any:
        return _open(info.path, lib.VC_SUBDEVICE)


def _node(folder: str, name: str) -> str:
    """Return the path of the node that a folder in /sys is about."""
    found = re.search(r"^DEVNAME=([\w-]+)$", sysfs.read(f"{folder}/uevent"), re.MULTILINE)
    return f"/dev/{found[1] if found else name}"


# ---- nodes of a simulated camera -----------------------------------------------------------


class _SimulatedNodes:
    """The nodes of a simulated camera; their numbers are those that its topology has."""

    number = (lib.VC_SIM_MAJOR, 0)

    def __init__(self, path: str) -> None:
        from .sim import resolve

        self._camera = resolve(path)

    def media(self) -> Iterator[tuple[str, Any]]:
        """Yield the media device, where the camera has subdevices."""
        if self._camera.profile.subdevices:
            yield self._camera.path, self._camera.open(lib.VC_SIM_MEDIA)

    def info(self, raw: Any) -> SubdeviceInfo:
        name = text(raw.name)
        path = f"{self._camera.path}/{name}"
        return SubdeviceInfo(FUNCTIONS[raw.function], name, path, raw.minor)

    def open(self, info: SubdeviceInfo) -> Any:
        return self._camera.open(info._minor, info.path)


def _nodes_of(device: Device) -> _KernelNodes | _SimulatedNodes:
    if device.path.startswith("sim:"):
        return _SimulatedNodes(device.path)
    try:
        return _KernelNodes(device.path)
    except OSError as error:  # unplugged meanwhile
        number = error.errno or errno.ENODEV
        check(-number, "stat", device.path)
        raise
