# SPDX-License-Identifier: MIT
"""A camera as data: record what a device offers as a profile.

The simulated camera plays profiles back; see :mod:`v4l2capture.profile` for the format.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from .controls import Control, Controls
from .formats import FormatInfo, FrameSize, FrameSizeRange
from .subdevice import Subdevice, find_subdevices

if TYPE_CHECKING:
    from .device import Device

__all__ = ["control_data", "format_data", "plain", "take_profile"]


def take_profile(device: Device) -> dict[str, Any]:
    """Return ``device`` as a profile: plain JSON types only. Changes nothing at the camera.

    A subdevice that cannot be opened is left out.
    """
    info = device.info
    return {
        "card": info.card,
        "driver": info.driver,
        "bus_info": info.bus_info,
        "capabilities": sorted(info.capabilities),
        "formats": [format_data(each) for each in device.formats()],
        "controls": _controls(device.controls),
        "subdevices": _subdevices(device),
    }


def _controls(controls: Controls) -> list[dict[str, Any]]:
    values = controls.read()
    return [control_data(each, values.get(each.name)) for each in controls.values()]


def _subdevices(device: Device) -> list[dict[str, Any]]:
    opened, _ = find_subdevices(device)
    with ExitStack() as stack:
        for each in opened:
            stack.enter_context(each)
        return [_subdevice(each) for each in opened]


def _subdevice(subdevice: Subdevice) -> dict[str, Any]:
    return {
        "function": subdevice.function,
        "name": subdevice.name,
        "controls": _controls(subdevice.controls),
    }


def format_data(info: FormatInfo) -> dict[str, Any]:
    """Return one entry of the profile's ``formats``."""
    return {
        "pixel_format": info.pixel_format,
        "description": info.description,
        "sizes": [_size(size) for size in info.sizes],
    }


def _size(size: FrameSize | FrameSizeRange) -> dict[str, Any]:
    if isinstance(size, FrameSize):
        data: dict[str, Any] = {"width": size.width, "height": size.height}
    else:
        data = {
            "min_width": size.min_width,
            "max_width": size.max_width,
            "step_width": size.step_width,
            "min_height": size.min_height,
            "max_height": size.max_height,
            "step_height": size.step_height,
        }
    span = size.frame_rate_range
    if span is not None:
        return data | {"frame_rate_range": [str(span.minimum), str(span.maximum)]}
    return data | {"frame_rates": [str(rate) for rate in size.frame_rates]}


def plain(value: Any) -> Any:
    """Return the value of a control as JSON has it."""
    if isinstance(value, bytes):
        return value.hex()
    return [plain(each) for each in value] if isinstance(value, tuple) else value


def control_data(control: Control, value: Any) -> dict[str, Any]:
    """Return one entry of the profile's ``controls``."""
    data: dict[str, Any] = {
        "id": f"0x{control.id:08x}",
        "name": control.name,
        "label": control.label,
        "type": control.type,
        "min": control.minimum,
        "max": control.maximum,
        "step": control._row.step,
        "default": control._row.default_value,
        "value": plain(value),
        "flags": sorted(control.flags),
    }
    if control.type in ("menu", "intmenu"):
        data["menu"] = {str(index): label for index, label in control.menu.items()}
    if control.dims:
        data["dims"] = list(control.dims)
    return data
