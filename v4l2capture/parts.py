# SPDX-License-Identifier: MIT
"""The nodes of one camera: which there are, which has a control, which are gone and come back.

A camera is a video node and, on a phone or a Raspberry Pi, a sensor, lenses and a lamp with nodes
of their own. One of these may go while the camera stays: its driver is unbound, an LED unplugged.
"""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING, Any

from .device import Device
from .errors import ControlError, DeviceError, DeviceGoneError, device_error
from .led import find_led, open_led
from .mapping import LED_MODE
from .node import Node
from .subdevice import Subdevice, find_subdevices

if TYPE_CHECKING:
    from .controls import Control
    from .pixfmt import Format

__all__ = ["Parts", "present_format"]

_log = logging.getLogger(__name__)

# Every module that logs has a logger of its own below this one. Where the program has not asked
# for a log there is none: Python would print warnings on stderr.
logging.getLogger(__package__).addHandler(logging.NullHandler())


def present_format(device: Device) -> Format | None:
    """Return the format of a video node; ``None``: there is none, at a loopback that nobody feeds.

    Raises:
        DeviceGoneError: The node is gone.
    """
    try:
        return device.format
    except DeviceGoneError:
        raise
    except DeviceError:
        return None


class Parts:
    """The nodes of one camera. The first that has a control is the one that is asked.

    Args:
        device: The video node, open. It stays the caller's.
        lamp: An LED that lights the picture, by name or path; ``None``: the camera's own flash,
            else the LED that belongs to its sensor.

    Attributes:
        sensor: The one among its subdevices; ``None``: it has none.
        subdevices: Its sensor, lenses and flashes, also those that are gone by now.
        problems: Why nodes that belong to the camera could not be opened, or that they are gone.

    Synchronization: the caller's lock.
    """

    def __init__(self, device: Device, lamp: str | None) -> None:
        self.device = device
        led = None if lamp is None else open_led(lamp)
        # Who opens a flash node takes its LED from everybody else.
        but = () if led is None else ("flash",)
        self.subdevices, self.problems = find_subdevices(device, but=but)
        self.sensor = next((each for each in self.subdevices if each.function == "sensor"), None)
        self._gone: dict[Subdevice, DeviceError] = {}
        if led is None and self.sensor is not None and self._has_no_lamp():
            led, problems = find_led(self.sensor)
            self.problems += problems
        if led is not None:
            self.subdevices.append(led)
        for problem in self.problems:
            _log.warning("a part of the camera is left out: %s", problem)

    def _has_no_lamp(self) -> bool:
        return not any(LED_MODE in node.controls for node in self.nodes)

    def close(self) -> None:
        """Close what was opened here."""
        for part in self.subdevices:
            part.close()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The video node first, then its sensor, lenses and flashes, as far as they are there."""
        return (self.device, *(part for part in self.subdevices if part not in self._gone))

    @property
    def sensor_name(self) -> str:
        """What the chip of a raw sensor is called, for example ``"imx219"``; else ``""``."""
        return "" if self.sensor is None else self.sensor.name.partition(" ")[0]

    # ---- which node has a control ----

    def has(self, node: Node, cid: int) -> bool:
        """Whether a node has a control; a part that is gone has none."""
        try:
            return cid in node.controls
        except DeviceGoneError as error:
            self.check_rest(error)
            return False

    def node_of(self, cid: int) -> Node:
        """Return the node that has a control; where none has, the video node."""
        return next((node for node in self.nodes if self.has(node, cid)), self.device)

    def find(self, cid: int) -> Control | None:
        """Return the control of an id, or ``None``: the camera has none."""
        return self.node_of(cid).controls.get(cid)

    # ---- parts that go and come ----

    def check_rest(self, error: DeviceGoneError) -> None:
        """Complain about a node that is gone, unless it is a part and the rest is there.

        Raises:
            DeviceGoneError: It is the video node, or that is gone, too.
        """
        if error.filename == self.device.path:
            raise error
        present_format(self.device)
        error.hint = "Only this part of the camera is gone; it is used again when it is back"

    def part_gone(self, error: DeviceGoneError, control: str, value: Any = None) -> ControlError:
        """Return the error for who needs a control of a part that is gone.

        Raises:
            DeviceGoneError: All of the camera is.
        """
        self.check_rest(error)
        number, operation = error.errno or errno.ENODEV, error.operation
        gone = device_error(ControlError, number, operation, error.filename, error.hint)
        gone.control, gone.value = control, value
        return gone

    def lose(self, node: Node, error: DeviceGoneError) -> None:
        """Go on without a part.

        Raises:
            DeviceGoneError: All of the camera is gone.
        """
        self.check_rest(error)
        part = next(each for each in self.subdevices if each is node)
        self._gone[part] = error
        self.problems.append(error)
        _log.warning("a part of the camera is gone: %s", error)

    def find_again(self) -> list[Subdevice]:
        """Use parts again that were gone; return those that are back."""
        back = []
        for part in list(self._gone):
            try:
                again = part._open_again(self.device)
            except DeviceError:
                continue
            self.problems.remove(self._gone.pop(part))
            self.subdevices[self.subdevices.index(part)] = again
            if part is self.sensor:
                self.sensor = again
            again.controls._chosen = part.controls._chosen
            _log.warning("a part of the camera is back: %s", again.path)
            back.append(again)
        return back
