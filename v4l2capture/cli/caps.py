# SPDX-License-Identifier: MIT
"""``v4l2capture caps``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..cids import IDS
from ..controlstate import ControlState
from ..dictionaries import PROPERTIES, Dictionary, MediaSettingsRange, MeteringMode
from ..mapping import NEEDS, rules, settings, zoom_ratio
from ..rules import EntryRule
from .choice import add_device, add_lamp, open_whole_camera
from .output import Table, put, put_json, visible
from .values import PICTURE, UNITS, text

__all__ = ["add_arguments", "run"]

_HEADINGS = ("Property", "Range/step", "Unit", "Default", "Value", "Remarks")

_CAMERA = ("deviceId", "groupId", "facingMode")

_NO_UNIT = "the driver's own numbers, no unit"
_MOST_ENTRIES = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_device(parser)
    add_lamp(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """show what a camera can and has, in W3C names and units

    The names are those of MediaStream Image Capture, as browsers have them; `set` takes them.
    """
    with open_whole_camera(args.device, args.lamp) as camera:
        data: dict[str, Dictionary] = {
            "capabilities": camera.capabilities,
            "settings": camera.settings,
            "photoCapabilities": camera.photo_capabilities,
            "photoSettings": camera.photo_settings,
        }
        states = camera.states
    if args.json:
        put_json({name: each.to_dict() for name, each in data.items()})
        return 0
    put(visible(f"{camera.info.card} ({camera.device.path})"))
    Table(_HEADINGS, list(_rows(data, states))).put()
    return 0


def _rows(
    data: Mapping[str, Dictionary], states: Mapping[int, ControlState]
) -> Iterator[tuple[str, ...]]:
    able, now = data["capabilities"], data["settings"]
    there = [name for name in PROPERTIES if name in able or name in now]
    yield ("camera",)
    for name in (name for name in there if name in _CAMERA):
        yield (f"  {name}: {now.get(name)}",)
    defaults = _defaults(states)
    groups = {
        "picture": [name for name in there if name in PICTURE],
        "controls": [name for name in there if name not in (*_CAMERA, *PICTURE)],
    }
    for heading, names in groups.items():
        if names:
            yield (heading,)
        for name in names:
            default = able[name].default if _is_range(able, name) else defaults.get(name)
            remark = _remark(name, now, states)
            yield _row(name, now, _range(name, able, states), default, remark)
    able, now = data["photoCapabilities"], data["photoSettings"]
    yield ("photo",)
    for name in able:
        yield _row(name, now, _range(name, able, states), None, "")


def _row(name: str, now: Dictionary, span: str, default: Any, remark: str) -> tuple[str, ...]:
    value = now.to_dict().get(name)
    return f"  {name}", span, UNITS.get(name, ""), text(default), text(value), remark


def _is_range(able: Dictionary, name: str) -> bool:
    return isinstance(able.get(name), MediaSettingsRange)


def _defaults(states: Mapping[int, ControlState]) -> dict[str, Any]:
    """Return what modes and lamps have where nobody has chosen."""
    return settings([replace(state, value=state.default) for state in states.values()]).to_dict()


def _range(name: str, able: Dictionary, states: Mapping[int, ControlState]) -> str:
    value = able.get(name)
    if name == "pointsOfInterest":
        return "points from 0,0 to 1,1"
    if not isinstance(value, MediaSettingsRange):
        return "none" if value == [] else text(able.to_dict().get(name))
    entries = _entries(name, states) if value.step is None else []
    if 0 < len(entries) <= _MOST_ENTRIES:
        return text(entries)
    step = "" if value.step in (None, 1) else f"/{text(value.step)}"
    count = f", {len(entries)} values" if entries else ""
    return f"{text(value.min)}..{text(value.max)}{step}{count}"


def _entries(name: str, states: Mapping[int, ControlState]) -> list[float]:
    """Return the values of a property that has only some."""
    rule = rules(states).get(name)
    control = states.get(rule.cid) if isinstance(rule, EntryRule) else None
    if control is None or not isinstance(rule, EntryRule):
        return []
    return sorted({float(value) for value in rule.entries(control).values()})


def _remark(name: str, now: Dictionary, states: Mapping[int, ControlState]) -> str:
    if name == "zoom":
        ratio = zoom_ratio(states[IDS["zoom_absolute"]])
        known = "" if ratio is None else f"; 100 is 1:1, so this is {text(float(ratio))}:1"
        return _NO_UNIT + known
    remarks = [f"{_NO_UNIT}; larger is closer"] if name == "focusDistance" else []
    mode = NEEDS.get(name, "")
    if now.get(mode, MeteringMode.MANUAL) != MeteringMode.MANUAL:
        remarks.append(f"has an effect while {mode} is manual")
    return "; ".join(remarks)
