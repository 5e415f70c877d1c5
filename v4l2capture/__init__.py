# SPDX-License-Identifier: MIT
"""Any V4L2 camera in Python: zero-copy frames, controls, and the W3C Image Capture model.

    from v4l2capture import Device

    with Device("/dev/video0") as device, device.stream() as stream:
        picture = stream.read(timeout=1.0).to_rgb()

Without a camera, ``Device("sim:webcam")`` does the same.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .bitmap import ImageBitmap
    from .camera import Camera
    from .camerahealth import CameraHealth
    from .controls import Control, Controls
    from .device import Device
    from .dictionaries import (
        FillLightMode,
        MediaSettingsRange,
        MediaTrackCapabilities,
        MediaTrackConstraints,
        MediaTrackConstraintSet,
        MediaTrackSettings,
        MediaTrackSupportedConstraints,
        MeteringMode,
        PhotoCapabilities,
        PhotoSettings,
        Point2D,
        RedEyeReduction,
        VideoFacingMode,
        VideoResizeMode,
    )
    from .discovery import DeviceInfo, list_devices
    from .errors import (
        AbortError,
        BandwidthError,
        CaptureError,
        CaptureTimeout,
        ClosedError,
        ControlError,
        DeviceBusyError,
        DeviceError,
        DeviceGoneError,
        DevicePermissionError,
        DOMException,
        InvalidStateError,
        NotAllowedError,
        NotFoundError,
        NotReadableError,
        NotSupportedError,
        OperationError,
        OverconstrainedError,
        ProfileError,
        StarvedError,
        UnknownControlError,
        UnknownError,
    )
    from .events import ControlEvent, Event, Events, SourceChangeEvent
    from .eventtarget import DOMEvent, EventTarget
    from .formats import FormatInfo, FrameRateRange, FrameSize, FrameSizeRange
    from .frame import Frame
    from .imagecapture import ImageCapture
    from .mediadevices import DeviceChangeEvent, MediaDevices
    from .mediastream import MediaStream
    from .photo import Photo
    from .pixfmt import Format, PlaneFormat
    from .selection import InputDeviceInfo
    from .sim import SimulatedCamera
    from .stream import Stream, StreamStats
    from .subdevice import Subdevice, find_subdevices
    from .track import MediaStreamTrack, MediaStreamTrackVideoStats
    from .videoframe import VideoFrame


__all__ = [
    "AbortError",
    "BandwidthError",
    "Camera",
    "CameraHealth",
    "CaptureError",
    "CaptureTimeout",
    "ClosedError",
    "Control",
    "ControlError",
    "ControlEvent",
    "Controls",
    "DOMEvent",
    "DOMException",
    "Device",
    "DeviceBusyError",
    "DeviceChangeEvent",
    "DeviceError",
    "DeviceGoneError",
    "DeviceInfo",
    "DevicePermissionError",
    "Event",
    "EventTarget",
    "Events",
    "FillLightMode",
    "Format",
    "FormatInfo",
    "Frame",
    "FrameRateRange",
    "FrameSize",
    "FrameSizeRange",
    "ImageBitmap",
    "ImageCapture",
    "InputDeviceInfo",
    "InvalidStateError",
    "MediaDevices",
    "MediaSettingsRange",
    "MediaStream",
    "MediaStreamTrack",
    "MediaStreamTrackVideoStats",
    "MediaTrackCapabilities",
    "MediaTrackConstraintSet",
    "MediaTrackConstraints",
    "MediaTrackSettings",
    "MediaTrackSupportedConstraints",
    "MeteringMode",
    "NotAllowedError",
    "NotFoundError",
    "NotReadableError",
    "NotSupportedError",
    "OperationError",
    "OverconstrainedError",
    "Photo",
    "PhotoCapabilities",
    "PhotoSettings",
    "PlaneFormat",
    "Point2D",
    "ProfileError",
    "RedEyeReduction",
    "SimulatedCamera",
    "SourceChangeEvent",
    "StarvedError",
    "Stream",
    "StreamStats",
    "Subdevice",
    "UnknownControlError",
    "UnknownError",
    "VideoFacingMode",
    "VideoFrame",
    "VideoResizeMode",
    "__version__",
    "find_subdevices",
    "list_devices",
]


# What is behind a name is imported when it is asked for: each pays only for what it uses.
_HOMES = {
    "bitmap": "ImageBitmap",
    "camera": "Camera",
    "camerahealth": "CameraHealth",
    "controls": "Control Controls",
    "device": "Device",
    "dictionaries": "FillLightMode MediaSettingsRange MediaTrackCapabilities "
    "MediaTrackConstraintSet "
    "MediaTrackConstraints MediaTrackSettings MediaTrackSupportedConstraints MeteringMode "
    "PhotoCapabilities PhotoSettings Point2D RedEyeReduction VideoFacingMode VideoResizeMode",
    "discovery": "DeviceInfo list_devices",
    "errors": "AbortError BandwidthError CaptureError CaptureTimeout ClosedError ControlError "
    "DOMException DeviceBusyError DeviceError DeviceGoneError DevicePermissionError "
    "InvalidStateError NotAllowedError NotFoundError NotReadableError NotSupportedError "
    "OperationError OverconstrainedError ProfileError StarvedError UnknownControlError "
    "UnknownError",
    "events": "ControlEvent Event Events SourceChangeEvent",
    "eventtarget": "DOMEvent EventTarget",
    "formats": "FormatInfo FrameRateRange FrameSize FrameSizeRange",
    "frame": "Frame",
    "imagecapture": "ImageCapture",
    "mediadevices": "DeviceChangeEvent MediaDevices",
    "mediastream": "MediaStream",
    "photo": "Photo",
    "pixfmt": "Format PlaneFormat",
    "selection": "InputDeviceInfo",
    "sim": "SimulatedCamera",
    "stream": "Stream StreamStats",
    "track": "MediaStreamTrack MediaStreamTrackVideoStats",
    "videoframe": "VideoFrame",
    "subdevice": "Subdevice find_subdevices",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

if not TYPE_CHECKING:  # which would take it for a promise that every name is there

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
