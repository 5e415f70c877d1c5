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
from .choice import add_device, open_camera
from .output import Table, put_json, say
from .values import control_text

__all__ = ["add_arguments", "run"]

_HEADINGS = ("Control", "Type", "Range/step", "Default", "Value", "Flags")

# Types whose minimum and maximum are numbers that say something.
_WITHOUT_RANGE = ("bool", "button", "bitmask", "area", "rect")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """show every control of a camera, with range, menu, value and flags"""
    with open_camera(args.device) as device:
        controls = device.controls
        values, unreadable = _read(controls)
        if args.json:
            put_json(
                {
                    "path": device.path,
                    "card": device.info.card,
                    "controls": [_as_json(c, values, unreadable) for c in controls.values()],
                    "failed": [
                        {"id": f"0x{cid:08x}", "name": NAMES.get(cid), "error": os.strerror(number)}
                        for cid, number in controls.failed.items()
                    ],
                }
            )
            return 0
        if not controls and not controls.failed:
            say(f"{device.path} has no controls")
            return 0
        Table(_HEADINGS, _rows(controls, values, unreadable)).put()
    return 0


def _read(controls: Controls) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values, and why those that should be readable are not."""
    values = controls.read()
    unreadable = {}
    for control in controls.values():
        if control.name in values or control.type == "button" or "write-only" in control.flags:
            continue
        try:
            values[control.name] = control.value
        except ControlError as error:
            unreadable[control.name] = error.strerror or "unreadable"
    return values, unreadable


def _as_json(
    control: Control, values: dict[str, Any], unreadable: dict[str, str]
) -> dict[str, Any]:
    data = control_data(control, values.get(control.name)) | {"class": control.class_name}
    if control.name in unreadable:
        data["error"] = unreadable[control.name]
    return data


def _rows(
    controls: Controls, values: dict[str, Any], unreadable: dict[str, str]
) -> Iterator[tuple[str, ...]]:
    class_name = None
    for control in controls.values():
        if control.class_name != class_name:
            class_name = control.class_name
            yield (class_name,)
        error = unreadable.get(control.name)
        value = f"({error})" if error else control_text(control, values.get(control.name))
        default = "" if control.default is None else control_text(control, control.default)
        flags = ", ".join(sorted(control.flags - {"slider", "has-payload"}))
        yield f"  {control.name}", _type(control), _range(control), default, value, flags
        for index, label in control.menu.items():
            mark = "*" if index == values.get(control.name) else " "
            yield (f"  {mark} {index}: {label}",)
    if controls.failed:
        yield ("cannot be described",)
    for cid, number in controls.failed.items():
        name = NAMES.get(cid, "")
        yield f"  {name or f'0x{cid:08x}'}", "", "", "", f"({os.strerror(number)})", ""


def _type(control: Control) -> str:
    return control.type + "".join(f"[{size}]" for size in control.dims)


def _range(control: Control) -> str:
    if control.type in _WITHOUT_RANGE:
        return f"0x{control.maximum & 0xFFFFFFFF:x}" if control.type == "bitmask" else ""
    step = f"/{control.step}" if control.step > 1 else ""
    return f"{control.minimum}..{control.maximum}{step}"
