# SPDX-License-Identifier: MIT
"""``v4l2capture controls``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import Any

from ..cids import NAMES
from ..controls import Control, Controls
from ..errors import ControlError
from ..snapshot import control_data
from ..subdevice import Subdevice
from .choice import add_device, add_lamp, open_whole_camera
from .output import Table, put_json, say
from .values import control_text

__all__ = ["add_arguments", "run"]

_HEADINGS = ("Control", "Type", "Range/step", "Default", "Value", "Flags")

# Types whose minimum and maximum are numbers that say something.
_WITHOUT_RANGE = ("bool", "button", "bitmask", "area", "rect")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_device(parser)
    add_lamp(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """show every control of a camera, with range, menu, value and flags

    Those of its sensor, lenses and lamps follow, where they have nodes of their own.
    """
    with open_whole_camera(args.device, args.lamp) as camera:
        device = camera.device
        subdevices = [node for node in camera.nodes if isinstance(node, Subdevice)]
        own, *others = (_Listing(node.controls) for node in camera.nodes)
        below = list(zip(subdevices, others, strict=True))
        if args.json:
            put_json(
                {
                    "path": device.path,
                    "card": device.info.card,
                    **own.as_json(),
                    "subdevices": [
                        {"path": each.path, "name": each.name, "function": each.function}
                        | listing.as_json()
                        for each, listing in below
                    ],
                }
            )
            return 0
        rows = list(own.rows())
        for each, listing in below:
            rows.append((f"{each.function} {each.name} ({each.path})",))
            rows.extend(listing.rows())
        if not rows:
            say(f"{device.path} has no controls")
            return 0
        Table(_HEADINGS, rows).put()
    return 0


class _Listing:
    """The controls of one node, their values, and why those that should be readable are not."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._values = controls.read()
        self._unreadable: dict[str, str] = {}
        for control in controls.values():
            if control.name in self._values or control.type == "button":
                continue
            if "write-only" in control.flags:
                continue
            try:
                self._values[control.name] = control.value
            except ControlError as error:
                self._unreadable[control.name] = error.strerror or "unreadable"

    def as_json(self) -> dict[str, Any]:
        return {
            "controls": [self._entry(control) for control in self._controls.values()],
            "failed": [
                {"id": f"0x{cid:08x}", "name": NAMES.get(cid), "error": os.strerror(number)}
                for cid, number in self._controls.failed.items()
            ],
        }

    def _entry(self, control: Control) -> dict[str, Any]:
        data = control_data(control, self._values.get(control.name))
        data["class"] = control.class_name
        if control.name in self._unreadable:
            data["error"] = self._unreadable[control.name]
        return data

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the lines of the table: classes, controls, entries of menus."""
        class_name = None
        for control in self._controls.values():
            if control.class_name != class_name:
                class_name = control.class_name
                yield (class_name,)
            value = self._values.get(control.name)
            error = self._unreadable.get(control.name)
            shown = f"({error})" if error else control_text(control, value)
            default = "" if control.default is None else control_text(control, control.default)
            flags = ", ".join(sorted(control.flags - {"slider", "has-payload"}))
            yield f"  {control.name}", _type(control), _range(control), default, shown, flags
            for index, label in control.menu.items():
                mark = "*" if index == value else " "
                yield (f"  {mark} {index}: {label}",)
        failed = self._controls.failed
        if failed:
            yield ("cannot be described",)
        for cid, number in failed.items():
            name = NAMES.get(cid, "")
            yield f"  {name or f'0x{cid:08x}'}", "", "", "", f"({os.strerror(number)})", ""


def _type(control: Control) -> str:
    return control.type + "".join(f"[{size}]" for size in control.dims)


def _range(control: Control) -> str:
    if control.type in _WITHOUT_RANGE:
        return f"0x{control.maximum & 0xFFFFFFFF:x}" if control.type == "bitmask" else ""
    step = f"/{control.step}" if control.step > 1 else ""
    return f"{control.minimum}..{control.maximum}{step}"
