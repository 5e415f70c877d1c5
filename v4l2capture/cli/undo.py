# SPDX-License-Identifier: MIT
"""What a camera was set to, to put it back: when a request fails half-way, or after a photo."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from ..camera import Camera
from ..cids import MASTERS
from ..errors import ControlError, DeviceError, DeviceGoneError
from .output import say
from .values import control_text

__all__ = ["Before"]

_MASTERS = frozenset(cid for masters in MASTERS.values() for cid in masters)

# What has no value to go back to, or changes by itself.
_PASSING = frozenset({"write-only", "read-only", "volatile"})


class Before:
    """The format of a camera, and the values of some of its controls.

    Args:
        cids: Which controls; those that the camera does not have do not count.
    """

    def __init__(self, camera: Camera, cids: Iterable[int]) -> None:
        self._device = camera.device
        self._format = None
        with contextlib.suppress(DeviceError):  # there is none, at a loopback that nobody feeds
            self._format = camera.device.format
        self._values = {}
        for cid in cids:
            control = next((n.controls[cid] for n in camera.nodes if cid in n.controls), None)
            if control is None or control.type == "button" or control.flags & _PASSING:
                continue
            with contextlib.suppress(ControlError):
                self._values[control] = control.value

    def put_back(self) -> None:
        """Set everything to what it was, as far as it can be done; say what cannot."""
        with contextlib.suppress(DeviceGoneError):
            self._put_back()
            for change in self._changes():
                say(f"not as it was: {change}")

    def _put_back(self) -> None:
        now = self._format
        if now is not None and self._device.format != now:
            with contextlib.suppress(DeviceError):
                self._device.set_format(now.width, now.height, now.pixel_format, now.frame_rate)
        # What a mode rules can be written while the mode is manual: that is now, or was before.
        rest = [control for control in self._values if control.id not in _MASTERS]
        masters = [control for control in self._values if control.id in _MASTERS]
        for control in (*rest, *masters, *rest):
            with contextlib.suppress(ControlError):
                if control.value != self._values[control]:
                    control.value = self._values[control]

    def _changes(self) -> Iterable[str]:
        now = self._format
        if now is not None and self._device.format != now:
            yield f"the format is {self._device.format}, and was {now}"
        for control, value in self._values.items():
            with contextlib.suppress(ControlError):
                if "inactive" not in control.flags and control.value != value:
                    is_ = control_text(control, control.value)
                    yield f"{control.name} is {is_}, and was {control_text(control, value)}"
