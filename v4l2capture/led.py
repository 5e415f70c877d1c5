# SPDX-License-Identifier: MIT
"""The light of a camera whose flash has no node: an LED of the kernel's LED class.

Phones and boards whose driver registers no flash subdevice still have the lamp in
/sys/class/leds, named for example ``white:flash``. csrc/led.c makes its files the controls of a
flash, so that it is one more node of the camera.

Whose light it is decides the first of these that applies; what none of them decides is
nobody's, since a picture that is not lit is a smaller fault than a light in the wrong face:

1. The user names it.
2. The device tree says it: ``flash-leds`` of the sensor points to the LED.
3. This machine has one sensor, which does not face the user: there is nobody else whose light
   it could be. Lamps are on the back, also while a driver for the sensor there is missing.

A USB camera has no sensor of its own in this sense, so it never takes the torch of the phone
that it is plugged into; nor does a simulated camera.

Sources: Documentation/ABI/testing/sysfs-class-led, sysfs-class-led-flash;
Documentation/devicetree/bindings/media/video-interface-devices.yaml for flash-leds;
drivers/of/device.c for OF_FULLNAME.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from . import sysfs
from ._native import ffi, lib
from .cids import IDS
from .diagnose import permission_hint
from .errors import DeviceBusyError, DeviceError, DevicePermissionError, check, device_error
from .subdevice import Subdevice, SubdeviceInfo, count_sensors

if TYPE_CHECKING:
    from .device import Device

__all__ = ["find_led", "led_names", "obstacle", "open_led"]

_CLASS = "/sys/class/leds"
_VIDEO = "/sys/class/video4linux"
_TREE = "/sys/firmware/devicetree/base"

_ORIENTATION, _FRONT = IDS["camera_orientation"], 0

_LIGHT = re.compile(r"flash|torch", re.IGNORECASE)

# Files that csrc/led.c writes.
_WRITTEN = ("brightness", "flash_strobe", "flash_timeout", "flash_brightness")


def led_names() -> list[str]:
    """Return the LEDs that are called a flash or a torch; those that can strobe come first."""
    found = [name for name in sysfs.entries(_CLASS) if _LIGHT.search(name)]
    return sorted(found, key=lambda name: "flash_strobe" not in sysfs.entries(f"{_CLASS}/{name}"))


def find_led(sensor: Subdevice) -> tuple[Subdevice | None, list[DeviceError]]:
    """Open the LED that lights what a sensor sees.

    Returns:
        The lamp, or ``None``, and what was in the way.
    """
    names = [] if sensor.path.startswith("sim:") else led_names()
    if not names:
        return None, []
    try:
        names = _of(sensor, names)
    except DeviceError as error:
        unknown = f"so nobody knows whether {names[0]} is its light; lamp={names[0]!r} says so"
        error.hint = f"{error.hint}; {unknown}" if error.hint else unknown
        return None, [error]
    failed: list[DeviceError] = []
    for name in names:
        try:
            return open_led(name), failed
        except DeviceError as error:
            failed.append(error)
    return None, failed


def open_led(name: str) -> Subdevice:
    """Open an LED as a flash.

    Args:
        name: In /sys/class/leds; or the path of another folder with such files.

    Raises:
        DevicePermissionError: This user may not write all of its files.
        DeviceBusyError: A trigger of the kernel drives it.
        DeviceError: There is no such LED.
        TypeError: That is no name.
    """
    if not isinstance(name, str):
        raise TypeError(f"lamp={name!r}: give the name of an LED, e.g. 'white:flash', or None")
    path = _path(name)
    blocked = obstacle(name)
    if blocked is not None:
        raise blocked
    out = ffi.new("struct vc_device **")
    try:
        check(lib.vc_led_open(os.fsencode(path), out), "open", path)
    except DeviceError as error:
        error.hint = f"LEDs are: {', '.join(led_names())}" if led_names() else "There are no LEDs"
        raise
    info = SubdeviceInfo("flash", path.rstrip("/").rpartition("/")[2], path)
    return _Led(info, ffi.gc(out[0], lib.vc_device_free))


class _Led(Subdevice):
    """An LED as a flash."""

    def _open_again(self, _device: Device) -> Subdevice:
        return open_led(self.path)


def _path(name: str) -> str:
    return name if "/" in name else f"{_CLASS}/{name}"


def obstacle(name: str) -> DeviceError | None:
    """Return why an LED cannot be used, or ``None``. It is only looked at."""
    path = _path(name)
    there = sysfs.entries(path)
    for file in (f"{path}/{name}" for name in _WRITTEN if name in there):
        if not os.access(file, os.W_OK, effective_ids=True):
            hint = f"{permission_hint(file)}; the manual has a udev rule, under 'Photos and light'"
            return device_error(DevicePermissionError, errno.EACCES, "open", file, hint)
    trigger = re.search(r"\[(.+?)\]", sysfs.read(f"{path}/trigger"))
    if trigger is not None and trigger[1] != "none":
        hint = f"The kernel's trigger {trigger[1]!r} drives the LED: write none into this file"
        return device_error(DeviceBusyError, errno.EBUSY, "open", f"{path}/trigger", hint)
    return None


# ---- whose it is -------------------------------------------------------------------------


def _of(sensor: Subdevice, names: Iterable[str]) -> list[str]:
    """Return those of the LEDs that light what a sensor sees.

    Raises:
        DeviceError: A media device could not be asked whether there is another sensor.
    """
    node = sensor.path.rpartition("/")[2]
    wanted = sysfs.data(f"{_VIDEO}/{node}/device/of_node/flash-leds")
    if wanted:
        handles = {wanted[at : at + 4] for at in range(0, len(wanted), 4)}
        return [name for name in names if _handle(name) in handles]
    return list(names) if not _faces_user(sensor) and count_sensors() == 1 else []


def _faces_user(sensor: Subdevice) -> bool:
    orientation = sensor.controls.get(_ORIENTATION)
    return orientation is not None and orientation.value == _FRONT


def _handle(name: str) -> bytes:
    """Return the number by which the device tree points to an LED; empty: it is not in it."""
    uevent = sysfs.read(f"{_CLASS}/{name}/uevent")
    found = re.search(r"^OF_FULLNAME=(.+)$", uevent, re.MULTILINE)
    return sysfs.data(f"{_TREE}{found[1]}/phandle") if found else b""
