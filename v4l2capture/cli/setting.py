# SPDX-License-Identifier: MIT
"""``v4l2capture set``."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..camera import Camera
from ..cids import IDS
from ..controls import Control
from ..dictionaries import PROPERTIES, camel
from ..errors import OverconstrainedError
from ..mapping import LED_MODE, MODES, ROI_AUTO, ROI_RECT, RULES, control_ids
from ..node import Node
from ..snapshot import plain
from .choice import open_whole_camera
from .output import Failed, Table, put_json, say
from .undo import Before
from .values import PICTURE, UNITS, control_text, read_control, read_property, text

__all__ = ["add_arguments", "run"]

_HEADINGS = ("Name", "Requested", "Actual", "Unit")

_ID = re.compile(r"0x[0-9a-f]{1,8}|[1-9]\d{0,9}", re.IGNORECASE | re.ASCII)

# The controls that a property is itself, under another name.
_BEHIND: Mapping[str, frozenset[int]] = {
    **{rule.name: frozenset((rule.cid,)) for rule in RULES},
    **{name: frozenset(auto.cid for auto in rule.autos) for name, rule in MODES.items()},
    "torch": frozenset((LED_MODE,)),
    "pointsOfInterest": frozenset((ROI_RECT, ROI_AUTO)),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = f"{parser.prog} [-h] [--json] [DEVICE] NAME=VALUE [NAME=VALUE ...]"
    parser.add_argument(
        "words",
        nargs="+",
        metavar="[DEVICE] NAME=VALUE",
        help="the camera, as everywhere, is what has no =; left out: the first camera there is",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """set properties and controls of a camera

    NAME is a W3C name as `caps` shows it (exposureTime, or exposure_time), or the name or id of
    a control as `controls` shows it (gain, 0x00980913). VALUE is a number, on or off, a mode,
    an entry of a menu by its number or label, or points: pointsOfInterest=0.5,0.5.

    Either all is set, or nothing: what cannot be done is an error, and then the camera is as it
    was. Numbers are put on the driver's grid; the output says what each became. Automatic modes
    give way to the values they rule, so exposureTime=100 sets exposureMode to manual.

    Sizes and frame rates are those that the camera itself has, see `formats`.
    """
    try:
        device_name, pairs = split_words(args.words)
        properties, others = split_names(pairs)
    except ValueError as error:
        args.usage_error(str(error))
    with open_whole_camera(device_name) as camera:
        request = _Request(camera, properties, others)
        request.check()
        request.carry_out()
        if not properties.keys().isdisjoint(PICTURE):
            say(f"{camera.device.path} now gives {camera.device.format}")
        if args.json:
            put_json(request.results())
        else:
            Table(_HEADINGS, list(request.rows())).put()
    return 0


# ---- words ----


def split_words(words: Sequence[str]) -> tuple[str | None, list[tuple[str, str]]]:
    """Return the camera, if one is named, and the names and values.

    Raises:
        ValueError: They are neither.
    """
    devices = [word for word in words if _is_device(word)]
    if len(devices) > 1:
        raise ValueError(f"{devices[1]!r} is no NAME=VALUE, and the camera is {devices[0]!r}")
    pairs = []
    for word in words:
        name, _, written = word.partition("=")
        if word in devices:
            continue
        if not name or not written:
            raise ValueError(f"{word!r} is no NAME=VALUE")
        pairs.append((name, written))
    if not pairs:
        raise ValueError("there is no NAME=VALUE")
    return (devices[0] if devices else None), pairs


def _is_device(word: str) -> bool:
    """Whether a word is a camera. Paths of profiles may have a ``=``, names no slash or colon."""
    name, sign, _ = word.partition("=")
    return not sign or "/" in name or ":" in name


def split_names(pairs: Sequence[tuple[str, str]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return W3C names with their values, and all others with what was written.

    Raises:
        ValueError: A value that no camera could take, or a name twice.
    """
    properties: dict[str, Any] = {}
    others: dict[str, str] = {}
    for name, written in pairs:
        property_ = camel(name)
        if property_ not in PROPERTIES:
            if name in others:
                raise ValueError(f"{name} is there twice")
            others[name] = written
        elif property_ in properties:
            raise ValueError(f"{property_} is there twice")
        else:
            properties[property_] = read_property(property_, written)
    return properties, others


def _control(camera: Camera, name: str) -> Control:
    key = int(name, 0) if _ID.fullmatch(name) else name
    for node in camera.nodes:
        if key in node.controls:
            return node.controls[key]
    if isinstance(key, int) or IDS.get(key) in camera.controls.failed:
        return camera.controls[key]  # which says what is the matter with it
    there = [*camera.capabilities, *(each for node in camera.nodes for each in node.controls)]
    near = difflib.get_close_matches(name, there)
    advice = f"did you mean {' or '.join(near)}?" if near else "`caps` and `controls` show them"
    raise Failed(f"{camera.device.path} has neither a property nor a control {name!r}; {advice}")


# ---- the request ----


class _Request:
    """What was asked for of one camera, and what came of it."""

    def __init__(
        self, camera: Camera, properties: Mapping[str, Any], others: Mapping[str, str]
    ) -> None:
        self._camera = camera
        self._properties = properties
        self._values: dict[Control, Any] = {}
        for name, written in others.items():
            control = _control(camera, name)
            if control in self._values:
                raise Failed(f"{control.name} is there twice, under two of its names")
            try:
                self._values[control] = read_control(control, written)
            except ValueError as error:
                raise Failed(str(error)) from None
        self._settings: Mapping[str, Any] = {}
        self._read: dict[Control, Any] = {}

    # ---- before ----

    def check(self) -> None:
        """Find what is wrong, as far as that can be known before anything is written.

        Raises:
            Failed, CaptureError: It cannot be done.
        """
        if self._properties.get("resizeMode", "none") != "none":
            raise Failed("resizeMode can only be none: a camera itself crops and scales nothing")
        ids = {control.id: control.name for control in self._values}
        for name in self._properties:
            for cid in _BEHIND.get(name, frozenset()) & ids.keys():
                raise Failed(f"{name} and {ids[cid]} (0x{cid:08x}) are the same; give one of them")
        try:
            for node, values in self._of_nodes():
                node.controls.check(values)
        except (TypeError, ValueError) as error:
            raise Failed(str(error)) from None

    def _of_nodes(self) -> Iterator[tuple[Node, dict[str | int, Any]]]:
        for node in self._camera.nodes:
            here: dict[str | int, Any] = {
                control.id: value
                for control, value in self._values.items()
                if node.controls.get(control.id) is control
            }
            if here:
                yield node, here

    # ---- writing ----

    def carry_out(self) -> None:
        """Set everything, or nothing.

        Raises:
            CaptureError: Something could not be done; the camera is as it was.
        """
        cids = {control.id for control in self._values} | control_ids(self._properties)
        before = Before(self._camera, cids) if self._values else None
        self._apply()
        try:
            for node, values in self._of_nodes():
                read = node.controls.set(values)
                self._read |= {node.controls[name]: value for name, value in read.items()}
        except BaseException:
            for change in before.put_back() if before is not None else ():
                say(f"not as it was: {change}")
            raise
        self._settings = self._camera.settings.to_dict()

    def _apply(self) -> None:
        """Set the W3C properties: all of them, or the camera stays as it is."""
        if not self._properties:
            return
        required = {name: {"exact": value} for name, value in self._properties.items()}
        if not required.keys().isdisjoint(PICTURE):
            required["resizeMode"] = {"exact": "none"}
        try:
            self._camera.apply_constraints(required)
        except OverconstrainedError as error:
            if error.constraint:
                raise
            raise Failed(f"{error}; `formats` shows what it has") from None

    # ---- after ----

    def results(self) -> dict[str, dict[str, Any]]:
        """Return what was requested, and what each is now."""
        properties = {
            name: {"requested": value, "actual": self._settings.get(name)}
            for name, value in self._properties.items()
        }
        controls = {
            control.name: {"requested": plain(value), "actual": plain(self._read[control])}
            for control, value in self._values.items()
        }
        return properties | controls

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the same for people."""
        for name, value in self._properties.items():
            yield name, text(value), text(self._settings.get(name)), UNITS.get(name, "")
        for control, value in self._values.items():
            yield control.name, _entry(control, value), _entry(control, self._read[control]), ""


def _entry(control: Control, value: Any) -> str:
    label = control.menu.get(value) if control.menu else None
    return control_text(control, value) + ("" if label is None else f": {label}")
