# SPDX-License-Identifier: MIT
"""Which cameras there are, and how to know one again.

Source: Documentation/userspace-api/media/v4l/vidioc-querycap.rst; the links in
/dev/v4l are made by udev's 60-persistent-v4l.rules.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from dataclasses import dataclass
from typing import Any

from . import sysfs
from ._native import ffi, lib
from .cstring import text
from .errors import (
    CaptureError,
    DeviceError,
    DevicePermissionError,
    NotFoundError,
    check,
    device_error,
)

__all__ = [
    "DeviceInfo",
    "describe",
    "find_again",
    "first_camera",
    "list_devices",
    "node_paths",
    "open_node",
    "reason",
    "scan",
]

# No pathlib here either: see sysfs.py.
_SYS = "/sys/class/video4linux"
_BY_ID = "/dev/v4l/by-id"
_BY_PATH = "/dev/v4l/by-path"

_CAPABILITIES: dict[int, str] = {
    lib.V4L2_CAP_VIDEO_CAPTURE: "video-capture",
    lib.V4L2_CAP_VIDEO_CAPTURE_MPLANE: "video-capture-mplane",
    lib.V4L2_CAP_VIDEO_OUTPUT: "video-output",
    lib.V4L2_CAP_VIDEO_OUTPUT_MPLANE: "video-output-mplane",
    lib.V4L2_CAP_VIDEO_M2M: "video-m2m",
    lib.V4L2_CAP_VIDEO_M2M_MPLANE: "video-m2m-mplane",
    lib.V4L2_CAP_META_CAPTURE: "meta-capture",
    lib.V4L2_CAP_READWRITE: "read-write",
    lib.V4L2_CAP_STREAMING: "streaming",
}


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A camera, as far as it can be known without changing anything.

    Attributes:
        path: Node it was found at; may change when it is plugged in again.
        driver: Name of the kernel driver, for example ``"uvcvideo"``.
        card: The camera's own name.
        bus_info: Where it is connected.
        serial: USB serial number, or ``""``.
        stable_id: Names the same camera after replug and reboot: from its serial number
            where it has one, else from the socket it is plugged into.
        version: Kernel version as the driver reports it, ``(major, minor, patch)``.
        capabilities: Of this node (device_caps), in words.
        multiplanar: Whether it uses the multi-planar API.
    """

    path: str
    driver: str
    card: str
    bus_info: str
    serial: str
    stable_id: str
    version: tuple[int, int, int]
    capabilities: frozenset[str]
    multiplanar: bool

    @property
    def is_camera(self) -> bool:
        """Whether the node gives pictures: no codec, no output, no metadata."""
        words = {"video-capture", "video-capture-mplane"}
        codecs = {"video-m2m", "video-m2m-mplane"}
        return bool(self.capabilities & words) and not self.capabilities & codecs


def describe(path: str, dev: Any) -> DeviceInfo:
    """Return what an open node (``struct vc_device *``) says of itself."""
    raw = lib.vc_device_capability(dev)
    version = raw.version
    bus_info = text(raw.bus_info)
    serial = _usb_serial(path)
    return DeviceInfo(
        path=path,
        driver=text(raw.driver),
        card=text(raw.card),
        bus_info=bus_info,
        serial=serial,
        stable_id=_stable_id(path, text(raw.card), bus_info, serial),
        version=(version >> 16 & 0xFF, version >> 8 & 0xFF, version & 0xFF),
        capabilities=frozenset(word for bit, word in _CAPABILITIES.items() if raw.caps & bit),
        multiplanar=raw.buf_type == lib.V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
    )


def _node_name(path: str) -> str:
    """Return the kernel's name of a node; links such as those in /dev/v4l lead to it."""
    is_link = os.path.islink(path)  # noqa: PTH114 (see sysfs.py)
    return (os.path.realpath(path) if is_link else path).rpartition("/")[2]


def _usb_serial(path: str) -> str:
    if path.startswith("sim:"):
        return ""
    # "device" is the interface, and the camera is what that is a part of.
    return sysfs.read(f"{_SYS}/{_node_name(path)}/device/../serial")


def _link_to(node: str, folder: str) -> str:
    """Return the name of the first link in ``folder`` that leads to a node."""
    for link in sysfs.entries(folder):
        try:
            target = os.readlink(f"{folder}/{link}")  # noqa: PTH115 (see sysfs.py)
        except OSError:
            continue  # removed meanwhile, or not udev's
        if target.rpartition("/")[2] == node:
            return link
    return ""


def _has_twin(node: str) -> bool:
    """Whether another node has the same device and index: then by-path is whoever came last."""

    def place(name: str) -> tuple[int, int, str]:
        status = os.stat(f"{_SYS}/{name}/device")  # noqa: PTH116 (see sysfs.py)
        return status.st_dev, status.st_ino, sysfs.read(f"{_SYS}/{name}/index")

    with contextlib.suppress(OSError):
        own = place(node)
        for other in sysfs.entries(_SYS):
            with contextlib.suppress(OSError):
                if other != node and other.startswith("video") and place(other) == own:
                    return True
    return False


def _is_shared(serial: str, node: str) -> bool:
    """Whether another camera has the same serial number, as cheap ones of one kind have."""

    def place(name: str) -> str:
        return os.path.realpath(f"{_SYS}/{name}/device/..")

    others = (name for name in sysfs.entries(_SYS) if name.startswith("video"))
    return any(_usb_serial(name) == serial and place(name) != place(node) for name in others)


def _linked_id(node: str, serial: str) -> str:
    """Return the name of the link that udev has made for one node alone, or ``""``."""
    # udev makes a by-id name without a serial number too; two such cameras share it, and whoever
    # is left gets it when one of them is unplugged.
    is_own = serial and not _is_shared(serial, node)
    known = (_link_to(node, _BY_ID) if is_own else "") or _link_to(node, _BY_PATH)
    return known if known and not _has_twin(node) else ""


def _stable_id(path: str, card: str, bus_info: str, serial: str) -> str:
    if path.startswith("sim:"):
        return path
    node = _node_name(path)
    known = _linked_id(node, serial)
    if known:
        return known
    return f"{bus_info}-{card}-index{sysfs.read(f'{_SYS}/{node}/index') or '0'}".replace(" ", "_")


def node_paths() -> list[str]:
    """Return all video nodes, simulated ones (``V4L2CAPTURE_SIM``) last, in numerical order."""
    from .sim import listed

    names = sysfs.entries(_SYS) or sysfs.entries("/dev")
    numbered = sorted(
        (int(match[1]), name) for name in names if (match := re.fullmatch(r"video(\d+)", name))
    )
    return [f"/dev/{name}" for _, name in numbered] + listed()


def scan() -> tuple[list[DeviceInfo], list[CaptureError]]:
    """Look at every video node: what answers, and why the others do not."""
    found: list[DeviceInfo] = []
    failed: list[CaptureError] = []
    for path in node_paths():
        try:
            found.append(describe(path, open_node(path)))
        except CaptureError as error:
            failed.append(error)
    return found, failed


def list_devices() -> list[DeviceInfo]:
    """Return all cameras: capture nodes only, no codecs, no metadata nodes.

    A node that cannot be opened is left out and hides no other; :func:`scan` has the reasons.
    """
    return [info for info in scan()[0] if info.is_camera]


def find_again(known: DeviceInfo) -> str | None:
    """Return the path at which a camera is now; ``None``: it is nowhere.

    A node that cannot be opened is the one, where its link says so.
    """
    if known.path.startswith("sim:"):
        return known.path
    for path in node_paths():
        try:
            found = describe(path, open_node(path)).stable_id
        except CaptureError:
            found = _linked_id(_node_name(path), _usb_serial(path))
        if found == known.stable_id:
            return path
    return None


def reason(error: CaptureError) -> str:
    """Return why a node could not be opened, with what to do about it."""
    if isinstance(error, DevicePermissionError) and not error.hint:
        from .diagnose import permission_hint

        error.hint = permission_hint(str(error.filename))
    return str(error)


def first_camera() -> str:
    """Return the path of the first camera.

    Raises:
        NotFoundError: There is none. The message says why nodes that are there do not answer.
    """
    found, failed = scan()
    for info in found:
        if info.is_camera:
            return info.path
    reasons = "".join(f"\n  {reason(error)}" for error in failed)
    raise NotFoundError(
        "no camera found; `sim:webcam` is a simulated one that always works; "
        f"`v4l2capture doctor` says what is missing{reasons}"
    )


def open_node(path: str) -> Any:
    """Open a node or a simulated camera; the result closes itself when it is dropped."""
    if path.startswith("sim:"):
        from .sim import resolve  # with profiles and all, a third of the time of an import

        return resolve(path).open()
    out = ffi.new("struct vc_device **")
    rc = lib.vc_device_open(os.fsencode(path), lib.VC_VIDEO, out)
    if rc == -errno.ENOENT:
        hint = "`v4l2capture list` shows the cameras there are; `sim:webcam` is a simulated one"
        raise device_error(DeviceError, errno.ENOENT, "open", path, hint)
    check(rc, "open", path)
    return ffi.gc(out[0], lib.vc_device_free)
