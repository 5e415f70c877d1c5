# SPDX-License-Identifier: MIT
"""Nodes of any driver by hand: found by their names, in their defaults, with the plug pulled."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from v4l2capture import Device

from ..waits import wait_until

__all__ = ["NODES", "Plug", "path_of", "set_defaults", "unplugged"]

NODES = Path("/sys/class/video4linux")


def _named(name: str) -> str:
    for entry in NODES.glob("*/name"):
        node = Path("/dev", entry.parent.name)
        with contextlib.suppress(OSError):  # it may go while we look
            if entry.read_text().strip() == name and node.is_char_device():
                return str(node)
    return ""


def path_of(name: str) -> str:
    """Return the node that the driver calls ``name``; wait for it to appear."""
    return wait_until(lambda: _named(name), f"there is no node named {name}")


def set_defaults(device: Device) -> None:
    """Set every number, switch and menu to its default."""
    controls = device.controls
    present = controls.read()
    controls.set(
        {
            control.id: control.default
            for control in controls.values()
            if not {"read-only", "volatile", "inactive"} & control.flags
            and control.default is not None
            and control.type in ("int", "int64", "bool", "menu", "intmenu", "bitmask")
            and present.get(control.name) != control.default
        }
    )


class Plug(Protocol):
    """What pulls a camera's plug and puts it in again: the modules vivid, testcam and usbcam."""

    def unbind(self) -> None: ...

    def bind(self) -> None: ...


@contextlib.contextmanager
def unplugged(plug: Plug) -> Iterator[None]:
    """Unplug for the time of the block."""
    plug.unbind()
    try:
        yield
    finally:
        plug.bind()
