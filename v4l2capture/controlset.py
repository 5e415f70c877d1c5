# SPDX-License-Identifier: MIT
"""The controls behind the W3C properties of one camera: one set, whichever node has them."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from .cids import IDS, NAMES
from .controls import Controls
from .controlstate import ControlState
from .errors import ControlError, DeviceGoneError, device_error
from .hearsay import Hearsay
from .mapping import control_ids
from .node import Node
from .parts import Parts
from .writeplan import Write

__all__ = ["ControlSet", "values_of"]

_SENSOR = frozenset((IDS["exposure"], IDS["analogue_gain"]))

_UNREADABLE = frozenset({"write-only", "disabled"})

# What automatic exposure and white balance need several frames to answer to.
_TO_SETTLE = (
    "exposureMode",
    "exposureCompensation",
    "iso",
    "whiteBalanceMode",
    "pointsOfInterest",
    "torch",
)
_OF_LIGHT = control_ids(_TO_SETTLE) - _SENSOR


class ControlSet:
    """The controls of one camera.

    Args:
        parts: The nodes that have them.
        hearsay: What events tell of them and cannot be read.

    Attributes:
        settled: Whether light has had time to settle since streaming began, or since something was
            written or lit that automatics answer to.

    Synchronization: the caller's lock.
    """

    def __init__(self, parts: Parts, hearsay: Hearsay) -> None:
        self._parts = parts
        self._hearsay = hearsay
        self.settled = False

    # ---- reading ----

    def states(self, names: Iterable[str] | None = None) -> dict[int, ControlState]:
        """Return the controls of W3C properties (left out: all) as they are now.

        The numbers of a node are read in one ioctl. A control that cannot be read hides no
        other: it has no value.
        """
        return self.states_of(control_ids(names))

    def sensor_states(self) -> dict[int, ControlState]:
        """Return the controls of a raw sensor whose values change where a size allows less."""
        if self._parts.sensor is None:
            return {}
        return self.states_of(_SENSOR)

    def states_of(self, cids: Collection[int]) -> dict[int, ControlState]:
        """Return those of some controls that there are, as they are now."""
        found: dict[int, ControlState] = {}
        for node in self._parts.nodes:
            controls = node.controls
            self._hearsay.forget(controls._written)
            here = [cid for cid in cids if cid not in found and self._parts.has(node, cid)]
            values = self._read(node, here)
            for cid in here:
                value = self._hearsay.value(cid, values.get(cid))
                found[cid] = ControlState.of(controls[cid], value)
        return found

    def value(self, cid: int) -> Any:
        """Return what a control reads now; ``None``: it cannot be read."""
        return self._read(self._parts.node_of(cid), [cid]).get(cid)

    def _read(self, node: Node, cids: Iterable[int]) -> dict[int, Any]:
        """Return the values of those that can be read; of a part that is gone, none."""
        try:
            return values_of(node.controls, [cid for cid in cids if self._parts.has(node, cid)])
        except DeviceGoneError as error:
            self._parts.check_rest(error)
            return {}

    # ---- writing ----

    def write(self, writes: Iterable[Write]) -> dict[int, Any]:
        """Write controls, those of one node in one ioctl, and return what each reads now.

        Raises:
            ControlError: The driver refused one.
        """
        read: dict[int, Any] = {}
        values = {write.cid: write.value for write in writes}
        if not _OF_LIGHT.isdisjoint(values):
            self.settled = False
        for node in self._parts.nodes:
            here = [cid for cid in values if self._parts.node_of(cid) is node]
            if here:
                try:
                    now = node.controls._set({cid: values[cid] for cid in here})
                except DeviceGoneError as error:
                    name, value = NAMES[here[0]], values[here[0]]
                    raise self._parts.part_gone(error, name, value) from error
                read.update(zip(here, now.values(), strict=True))
        return read

    def supersede(self, cids: Iterable[int]) -> None:
        """Forget what a user has set: constraints have it in hand from now on."""
        for cid in cids:
            self._parts.node_of(cid).controls._chosen.pop(cid, None)

    def ignored(self, cid: int, wanted: Any, read: Any) -> ControlError:
        """Return the error for a control that does not have the value it was given."""
        node = self._parts.node_of(cid)
        error = device_error(ControlError, errno.EIO, "VIDIOC_S_EXT_CTRLS", node.path)
        error.control, error.value = node.controls[cid].name, wanted
        error.strerror = f"the driver took it, but still reads {read!r}"
        return error


def values_of(controls: Controls, cids: Iterable[int]) -> dict[int, Any]:
    """Return the values of those that can be read, all at once if possible."""
    readable = [
        cid
        for cid in cids
        if controls[cid].type != "button" and not controls[cid].flags & _UNREADABLE
    ]
    if not readable:
        return {}
    try:
        return dict(zip(readable, controls.read(readable).values(), strict=True))
    except ControlError:
        return dict(_one_by_one(controls, readable))


def _one_by_one(controls: Controls, cids: Iterable[int]) -> Iterator[tuple[int, Any]]:
    for cid in cids:
        with contextlib.suppress(ControlError):
            yield cid, controls[cid].value
