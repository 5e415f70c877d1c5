# SPDX-License-Identifier: MIT
"""What becomes of a camera that nobody here has done: others change it, and parts go and come."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from .cids import MASTERS
from .controlset import values_of
from .errors import ClosedError, DeviceError, DeviceGoneError
from .events import ControlEvent, SourceChangeEvent
from .hearsay import Hearsay
from .mapping import control_ids
from .node import Node
from .parts import Parts

if TYPE_CHECKING:
    from .events import Events

__all__ = ["Listener"]


class Listener:
    """Hears what the nodes of a camera tell, and which of them go and come.

    Args:
        parts: The nodes.
        hearsay: Where it notes what events tell and cannot be read.

    Synchronization: the caller's lock.
    """

    def __init__(self, parts: Parts, hearsay: Hearsay) -> None:
        self._parts = parts
        self._hearsay = hearsay
        self._silent: list[Node] = []  # nodes that do not tell of changes
        self._heard_before: Mapping[tuple[int, int], int] | None = None
        self._told_ns = 0  # when others wrote a control last

    @property
    def event_sources(self) -> list[Events]:
        """Of each node: what :meth:`catch_up` looks at, to wait for."""
        return [node.events for node in self._parts.nodes if node not in self._silent]

    def start(self) -> None:
        """Be told when somebody else changes a control of a W3C property, or the picture's size."""
        device = self._parts.device
        self._heard_before = device.events._subscriptions()
        for node in self._parts.nodes:
            self._listen(node)
        with contextlib.suppress(DeviceError):  # most have none
            device.events.subscribe_source_change()

    def _listen(self, node: Node) -> None:
        try:
            for cid in (cid for cid in control_ids() if cid in node.controls):
                node.events.subscribe(cid)
        except DeviceError as error:
            if node is self._parts.device and isinstance(error, DeviceGoneError):
                raise
            self._silent.append(node)

    def stop(self) -> None:
        """Let the video node tell what it told before; the others are closed anyway."""
        before, self._heard_before = self._heard_before, None
        if before is not None:
            with contextlib.suppress(DeviceError, ClosedError):
                self._parts.device.events._go_back_to(before)

    def catch_up(self) -> tuple[set[int], bool]:
        """Fetch the events that are there; what a driver says of its controls is fresh then.

        Returns:
            The ids of the controls of which others have changed value or range, or which are gone
            or back, and whether the picture at the input has another size now.
        """
        changed, resized = set(), False
        for node in self._parts.nodes:
            try:
                others, is_resized = self._catch_up_with(node)
            except DeviceGoneError as error:
                changed |= self._lose(node, error)
            else:
                changed |= others
                resized = resized or is_resized
        for part in self._parts.find_again():
            self._listen(part)
            changed.update(cid for cid in control_ids() if self._parts.has(part, cid))
        return changed, resized

    def _lose(self, node: Node, error: DeviceGoneError) -> set[int]:
        """Go on without a part; return the ids of its controls."""
        self._parts.lose(node, error)
        if node in self._silent:  # else its descriptor may be watched; it is closed at the end
            self._silent.remove(node)
            node.close()
        return set(node.controls._rows)

    def _catch_up_with(self, node: Node) -> tuple[set[int], bool]:
        changed, resized = set(), False
        controls = node.controls
        if node in self._silent:
            controls.refresh()
        written, controls._written = controls._written, set()
        told: dict[int, ControlEvent] = {}
        while (event := node.events.try_read()) is not None:
            if isinstance(event, ControlEvent) and not _is_ours(event, written):
                changed.add(event.id)
                self._told_ns = max(self._told_ns, event.timestamp_ns)
                if event.changes == {"value"} and event.value is not None:
                    told[event.id] = event
            resized = resized or isinstance(event, SourceChangeEvent)
        self._hearsay.forget(written)
        read = values_of(controls, [cid for cid in told if cid in controls])
        for cid, value in read.items():
            is_later = cid not in written or told[cid].timestamp_ns > controls.written_ns
            if is_later and "volatile" not in controls[cid].flags:
                self._hearsay.note(cid, told[cid].value, value)
        return changed, resized

    @property
    def written_ns(self) -> int:
        """When anybody wrote a control last, as far as that is known; monotonic nanoseconds."""
        return max(self._told_ns, *(node.controls.written_ns for node in self._parts.nodes))


def _is_ours(event: ControlEvent, written: Collection[int]) -> bool:
    """Whether an event tells of what our own switch of a mode does to what the mode rules.

    Its flags change then. uvcvideo tells its value as well, whether that is another one or not.
    """
    if event.changes == {"flags"}:
        return True
    return "flags" in event.changes and any(
        master in written for master in MASTERS.get(event.id, ())
    )
