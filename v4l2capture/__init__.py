# SPDX-License-Identifier: MIT
"""Any V4L2 camera in Python: zero-copy frames, controls, and the W3C Image Capture model.

    from v4l2capture import Device

    with Device("/dev/video0") as device, device.stream() as stream:
        picture = stream.read(timeout=1.0).to_rgb()

Without a camera, ``Device("sim:webcam")`` does the same.
"""

from typing import TYPE_CHECKING, Any

from .controls import Control, Controls
from .device import Device
from .discovery import DeviceInfo, list_devices
from .errors import (
    BandwidthError,
    CaptureError,
    CaptureTimeout,
    ClosedError,
    ControlError,
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    DevicePermissionError,
    ProfileError,
    StarvedError,
    UnknownControlError,
)
from .events import ControlEvent, Event, Events, SourceChangeEvent
from .formats import FormatInfo, FrameRateRange, FrameSize, FrameSizeRange
from .frame import Frame
from .pixfmt import Format, PlaneFormat
from .stream import Stream, StreamStats

if TYPE_CHECKING:
    from .sim import SimulatedCamera

__version__ = "0.1.0"

__all__ = [
    "BandwidthError",
    "CaptureError",
    "CaptureTimeout",
    "ClosedError",
    "Control",
    "ControlError",
    "ControlEvent",
    "Controls",
    "Device",
    "DeviceBusyError",
    "DeviceError",
    "DeviceGoneError",
    "DeviceInfo",
    "DevicePermissionError",
    "Event",
    "Events",
    "Format",
    "FormatInfo",
    "Frame",
    "FrameRateRange",
    "FrameSize",
    "FrameSizeRange",
    "PlaneFormat",
    "ProfileError",
    "SimulatedCamera",
    "SourceChangeEvent",
    "StarvedError",
    "Stream",
    "StreamStats",
    "UnknownControlError",
    "__version__",
    "list_devices",
]


def __getattr__(name: str) -> Any:
    """Import what most programs never use when it is asked for: this one takes a while."""
    if name == "SimulatedCamera":
        from .sim import SimulatedCamera

        return SimulatedCamera
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
