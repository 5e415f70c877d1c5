# SPDX-License-Identifier: MIT
"""What was asked for as NAME=VALUE: from words to a camera that is set like that, or as before."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..camera import Camera
from ..cids import IDS
from ..controls import Control
from ..dictionaries import PROPERTIES, camel
from ..errors import ControlError, OverconstrainedError
from ..mapping import LED_MODE, MODES, ROI_AUTO, ROI_RECT, RULES, control_ids
from ..node import Node
from ..snapshot import plain
from .output import Failed
from .values import PICTURE, UNITS, control_text, read_control, read_property, text

__all__ = ["Request", "split_names", "split_words"]

_ID = re.compile(r"0x[0-9a-f]{1,8}|[1-9]\d{0,9}", re.IGNORECASE | re.ASCII)

# The controls that a property is itself, under another name.
_BEHIND: Mapping[str, frozenset[int]] = {
    **{rule.name: frozenset((rule.cid,)) for rule in RULES},
    **{name: frozenset(auto.cid for auto in rule.autos) for name, rule in MODES.items()},
    "torch": frozenset((LED_MODE,)),
    "pointsOfInterest": frozenset((ROI_RECT, ROI_AUTO)),
}


# ---- words ----


def split_words(words: Sequence[str]) -> tuple[str | None, list[tuple[str, str]]]:
    """Return the camera, if one is named, and the names and values.

    Raises:
        ValueError: A word is neither.
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


class Request:
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

    @property
    def ids(self) -> frozenset[int]:
        """The controls that it may change, as :class:`Before` takes them."""
        return control_ids(self._properties) | {control.id for control in self._values}

    def carry_out(self) -> None:
        """Set everything.

        Raises:
            CaptureError: Something could not be done; what came before it is.
        """
        self._apply()
        for node, values in self._of_nodes():
            read = node.controls.set(values)
            self._read |= {node.controls[name]: value for name, value in read.items()}
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

    def forgotten(self) -> Iterator[str]:
        """Yield, in words, which controls the camera has given other values since."""
        for control, value in self._read.items():
            with contextlib.suppress(ControlError):  # it cannot be read
                if value is not None and control.value != value:
                    is_ = control_text(control, control.value)
                    yield f"{control.name} is {is_}, and was set to {control_text(control, value)}"

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
