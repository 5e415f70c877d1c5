# SPDX-License-Identifier: MIT
"""Any V4L2 camera in Python: zero-copy frames, controls, and the W3C Image Capture model.

    from v4l2capture import Device

    with Device("/dev/video0") as device, device.stream() as stream:
        picture = stream.read(timeout=1.0).to_rgb()

Without a camera, ``Device("sim:webcam")`` does the same.
"""

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
from .sim import SimulatedCamera
from .stream import Stream, StreamStats

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
