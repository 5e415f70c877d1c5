# SPDX-License-Identifier: MIT
"""Which cameras there are, and how to know one again.

Source: Documentation/userspace-api/media/v4l/vidioc-querycap.rst; the links in
/dev/v4l are made by udev's 60-persistent-v4l.rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import sim
from ._native import ffi, lib
from .errors import CaptureError, check

__all__ = ["DeviceInfo", "describe", "list_devices", "node_paths", "scan"]

_SYS = Path("/sys/class/video4linux")
_BY_ID = Path("/dev/v4l/by-id")
_BY_PATH = Path("/dev/v4l/by-path")

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
    bus_info = _text(raw.bus_info)
    serial = _usb_serial(path)
    return DeviceInfo(
        path=path,
        driver=_text(raw.driver),
        card=_text(raw.card),
        bus_info=bus_info,
        serial=serial,
        stable_id=_stable_id(path, _text(raw.card), bus_info, serial),
        version=(version >> 16 & 0xFF, version >> 8 & 0xFF, version & 0xFF),
        capabilities=frozenset(word for bit, word in _CAPABILITIES.items() if raw.caps & bit),
        multiplanar=raw.buf_type == lib.V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
    )


def _text(raw: Any) -> str:
    return str(ffi.string(raw).decode("utf-8", "replace"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _sys_device(path: str) -> Path:
    """The device behind a node: for USB the interface, whose parent is the camera."""
    return (_SYS / Path(path).resolve().name / "device").resolve()


def _usb_serial(path: str) -> str:
    return "" if path.startswith("sim:") else _read(_sys_device(path).parent / "serial")


def _link_to(path: str, folder: Path) -> str:
    try:
        links = sorted(folder.iterdir())
    except OSError:
        return ""
    node = Path(path).resolve()
    return next((link.name for link in links if link.resolve() == node), "")


def _stable_id(path: str, card: str, bus_info: str, serial: str) -> str:
    if path.startswith("sim:"):
        return path
    # udev makes a by-id name without a serial number too; two such cameras share it.
    by_id = _link_to(path, _BY_ID) if serial else ""
    index = _read(_SYS / Path(path).resolve().name / "index") or "0"
    return by_id or _link_to(path, _BY_PATH) or f"{bus_info}-{card}-index{index}".replace(" ", "_")


def node_paths() -> list[str]:
    """Return all video nodes, simulated ones (``V4L2CAPTURE_SIM``) last, in numerical order."""
    try:
        names = [entry.name for entry in _SYS.iterdir()]
    except OSError:
        names = [entry.name for entry in Path("/dev").glob("video*")]
    numbered = sorted(
        (int(match[1]), name) for name in names if (match := re.fullmatch(r"video(\d+)", name))
    )
    return [f"/dev/{name}" for _, name in numbered] + sim.listed()


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


def open_node(path: str) -> Any:
    """Open a node or a simulated camera; the result closes itself when it is dropped."""
    if path.startswith("sim:"):
        return sim.resolve(path).open()
    out = ffi.new("struct vc_device **")
    check(lib.vc_device_open(path.encode(), out), "open", path)
    return ffi.gc(out[0], lib.vc_device_free)
