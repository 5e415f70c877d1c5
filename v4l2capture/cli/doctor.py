# SPDX-License-Identifier: MIT
"""``v4l2capture doctor``."""

from __future__ import annotations

import argparse
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .. import __version__
from ..device import Device
from ..diagnose import holders, permission_hint
from ..discovery import DeviceInfo, node_paths, reason, scan
from ..errors import CaptureError
from ..led import led_names, obstacle
from ..sim import builtin_profiles
from ..subdevice import SubdeviceInfo, locate_subdevices
from .output import put, visible

__all__ = ["add_arguments", "run"]

_SYS = Path("/sys/class/video4linux")
_DEV = Path("/dev")
_USB = Path("/sys/bus/usb/devices")
_MODULES = Path("/sys/module")

_LIBRARIES = {
    "cffi": "the way to the C core",
    "numpy": "arrays",
    "simplejpeg": "JPEGs",
    "pillow": "PNG files",
    "rich": "tables on a terminal",
}
_OPTIONAL = {"av": "recording .mkv and .avi files", "v4l2py": "Device.from_v4l2py()"}

_USB_VIDEO_CLASS = "0e"
_LOOPBACK = "v4l2 loopback"


class _Remark(NamedTuple):
    """One line for a person: how it is, and what to do if it is not well."""

    text: str
    advice: str = ""
    is_problem: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(_args: argparse.Namespace) -> int:
    """say what is here, what is missing, and what to do about it

    The exit status is 0 when at least one camera, real or listed in V4L2CAPTURE_SIM, can be
    opened, else 1. Nothing is changed, and no camera is started.
    """
    found, failed = scan()
    sections = {
        "System": _system(),
        "Cameras": _cameras(found, failed),
        "Other nodes": _others(),
        "Drivers": _drivers(),
        "Simulated cameras": _simulated(found),
        "Libraries": _libraries(),
    }
    for title, remarks in sections.items():
        _put_section(title, list(remarks))
    usable = sum(info.is_camera for info in found)
    if usable:
        put(f"{usable} camera{'s' * (usable > 1)} can be used.")
        return 0
    put("No camera can be used. Try sim:webcam, a simulated one: `v4l2capture formats sim:webcam`")
    return 1


def _put_section(title: str, remarks: list[_Remark]) -> None:
    if not remarks:
        return
    put(title)
    for remark in remarks:
        mark = "!" if remark.is_problem else " "
        put(f" {mark} {visible(remark.text)}")
        if remark.advice:
            put(f"     -> {visible(remark.advice)}")
    put()


# ---- the machine ----


def _system() -> Iterator[_Remark]:
    system = os.uname()
    yield _Remark(f"Linux {system.release} on {system.machine}")
    yield _Remark(f"v4l2capture {__version__}, Python {platform.python_version()}")


def _drivers() -> Iterator[_Remark]:
    release = os.uname().release
    if not _SYS.is_dir():
        yield _Remark(
            f"{_SYS} is missing: the kernel has no video4linux loaded, or this is a container",
            "on the machine itself: sudo modprobe uvcvideo. In a container: share /sys and the "
            "nodes with it, for example --device /dev/video0",
            True,
        )
    loaded = [name for name in ("uvcvideo", "vivid", "v4l2loopback") if (_MODULES / name).is_dir()]
    if loaded:
        yield _Remark(f"loaded: {', '.join(loaded)}")
    if "uvcvideo" not in loaded:
        unused = list(_unused_usb_cameras())
        for name in unused:
            yield _Remark(f"USB camera without a driver: {name}", _uvc_advice(release), True)
        if not unused and not _has_module(release, "uvcvideo"):
            yield _Remark(f"this kernel has no uvcvideo module for {release}", _uvc_advice(release))


def _has_module(release: str, name: str) -> bool:
    folder = Path("/lib/modules") / release
    for listing in ("modules.dep", "modules.builtin"):
        try:
            if f"/{name}.ko" in (folder / listing).read_text(encoding="utf-8", errors="replace"):
                return True
        except OSError:
            continue
    return False


def _uvc_advice(release: str) -> str:
    if _has_module(release, "uvcvideo"):
        return "sudo modprobe uvcvideo"
    if "cloud" in release:
        return "cloud kernels have no camera drivers: sudo apt-get install linux-image-amd64"
    return "USB cameras need it: install the kernel's full set of modules, if this is no container"


def _unused_usb_cameras() -> Iterator[str]:
    """Name the USB devices with a video interface that no driver has taken."""
    for interface in sorted(_USB.glob("*:*.0")):
        if _read(interface / "bInterfaceClass") != _USB_VIDEO_CLASS:
            continue
        if not (interface / "driver").exists():
            device = interface.resolve().parent
            yield _read(device / "product") or device.name


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _libraries() -> Iterator[_Remark]:
    for name, purpose in _LIBRARIES.items():
        version = _version(name)
        if version:
            yield _Remark(f"{name} {version}")
        else:
            yield _Remark(f"{name} is missing: {purpose}", f"pip install {name}", True)
    for name, purpose in _OPTIONAL.items():
        version = _version(name)
        text = f"{name} {version}" if version else f"{name} is not installed, only for {purpose}"
        yield _Remark(text, "" if version else f"pip install {name}")


def _version(name: str) -> str:
    from importlib import metadata  # slow, and of no use to other commands

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


# ---- nodes ----


def _cameras(found: list[DeviceInfo], failed: list[CaptureError]) -> Iterator[_Remark]:
    for info in found:
        yield _camera(info) if info.is_camera else _no_camera(info)
        if info.is_camera:
            yield from _subdevices(info)
    for error in failed:
        yield _Remark(reason(error), is_problem=True)
    yield from _missing_nodes()
    if not found and not failed:
        yield _Remark("there is no video node", "plug in a camera, and look at `dmesg`", True)


def _camera(info: DeviceInfo) -> _Remark:
    text = f"{info.path}: {info.card} ({info.driver})"
    if info.driver == _LOOPBACK and "video-output" in info.capabilities:
        return _Remark(
            f"{text}; a loopback that is camera and screen in one, which browsers do not take",
            "load it with: modprobe v4l2loopback exclusive_caps=1",
        )
    held = _held(info.path)
    if held:
        return _Remark(
            f"{text}; open in {held}",
            "while that program streams, others get 'busy'; end it to record here",
        )
    return _Remark(text)


def _subdevices(info: DeviceInfo) -> Iterator[_Remark]:
    """Name what belongs to a camera. It is not opened: a lens would move, a lamp go out."""
    try:
        with Device(info.path) as device:
            found = locate_subdevices(device)
    except CaptureError as error:
        yield _Remark(
            f"{info.path}: whether it has a sensor, lens or flash of its own is not known",
            reason(error),
            True,
        )
        return
    for each in found:
        yield _subdevice(info, each)


def _subdevice(camera: DeviceInfo, found: SubdeviceInfo) -> _Remark:
    text = f"{camera.path} has a {found.function}, {found.name}: {found.path}"
    if found.path.startswith("sim:") or os.access(found.path, os.R_OK | os.W_OK):
        return _Remark(text)
    if not Path(found.path).exists():
        advice = "the node is not here: in a container, share it, too"
    else:
        advice = permission_hint(found.path)
    return _Remark(f"{text} may not be opened", advice, True)


def _no_camera(info: DeviceInfo) -> _Remark:
    text = f"{info.path}: {info.card} ({info.driver}) is no camera: "
    words = info.capabilities
    if info.driver == _LOOPBACK:
        return _Remark(
            f"{text}a loopback that nobody writes to",
            "it becomes a camera when a program writes pictures into it, ffmpeg for example",
        )
    if words & {"video-m2m", "video-m2m-mplane"}:
        return _Remark(f"{text}it encodes, decodes or scales pictures")
    if "meta-capture" in words:
        return _Remark(f"{text}it gives data about the pictures of another node")
    if words & {"video-output", "video-output-mplane"}:
        return _Remark(f"{text}it shows pictures")
    return _Remark(f"{text}it has {', '.join(sorted(words)) or 'no pictures'}")


def _held(path: str) -> str:
    return ", ".join(f"{each.name} (pid {each.pid})" for each in holders(path))


def _missing_nodes() -> Iterator[_Remark]:
    """Find where /sys and /dev disagree, as they do in containers."""
    known = {path for path in node_paths() if path.startswith("/dev/")}
    there = {str(path) for path in _DEV.glob("video*") if re.fullmatch(r"video\d+", path.name)}
    for path in sorted(there - known):
        yield _Remark(f"{path}: the kernel does not know it; left behind, or for another machine")


def _others() -> Iterator[_Remark]:
    """Media controllers and subdevices: lenses, flashes and sensors are behind them."""
    for pattern in ("media*", "v4l-subdev*"):
        for path in sorted(_DEV.glob(pattern)):
            if os.access(path, os.R_OK | os.W_OK):
                yield _Remark(f"{path}: may be opened")
            else:
                hint = permission_hint(str(path))
                yield _Remark(f"{path}: may not be opened", hint, True)
    yield from _leds()


def _leds() -> Iterator[_Remark]:
    """Lamps that have no node; see v4l2capture/led.py for whose they are."""
    for name in led_names():
        error = obstacle(name)
        if error is None:
            advice = f"the light of its sensor's camera, or of the one with --lamp {name}"
            yield _Remark(f"LED {name}: may be lit", advice)
        else:
            yield _Remark(f"LED {name}: cannot be a camera's light", reason(error), True)


def _simulated(found: list[DeviceInfo]) -> Iterator[_Remark]:
    yield _Remark(f"built in: {', '.join(f'sim:{name}' for name in builtin_profiles())}")
    listed = [info.path for info in found if info.path.startswith("sim:")]
    if listed:
        yield _Remark(f"listed by V4L2CAPTURE_SIM: {', '.join(listed)}")
