# SPDX-License-Identifier: MIT
"""Everything that can go wrong, classed by who has to act, and what to do.

:func:`check` is the one place where the C core's ``-errno`` becomes an exception.
A wrong argument is a plain ``TypeError`` or ``ValueError`` and not listed here.
"""

from __future__ import annotations

import errno
import os
from typing import Any, TypeVar

__all__ = [
    "AbortError",
    "BandwidthError",
    "CaptureError",
    "CaptureTimeout",
    "ClosedError",
    "ControlError",
    "DOMException",
    "DeviceBusyError",
    "DeviceError",
    "DeviceGoneError",
    "DevicePermissionError",
    "InvalidStateError",
    "NotAllowedError",
    "NotFoundError",
    "NotReadableError",
    "NotSupportedError",
    "OperationError",
    "OverconstrainedError",
    "ProfileError",
    "StarvedError",
    "UnknownControlError",
    "UnknownError",
    "check",
    "device_error",
]


class CaptureError(Exception):
    """The root of all errors of this package; never raised itself."""


class DeviceError(CaptureError, OSError):
    """The kernel refused an operation.

    Attributes:
        errno: The kernel's error number, for example ``errno.EINVAL``.
        operation: The ioctl or system call that failed, for example ``"VIDIOC_S_FMT"``.
        filename: Path of the device node.
        hint: What to do about it, a sentence or two, or ``""``.
    """

    operation: str = ""
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.operation} on {self.filename}: {self.strerror} (errno {self.errno})"
        return f"{text}. {self.hint}" if self.hint else text

    def __reduce__(self) -> Any:
        return type(self), (self.errno, self.strerror, self.filename), self.__dict__


class DeviceGoneError(DeviceError):
    """The camera was unplugged, or its driver unbound. Close it; open it again when it is back."""

    hint = "The camera was unplugged or its driver unbound; close it, and open it when it is back"


class DeviceBusyError(DeviceError):
    """Somebody else streams from this camera or has set its format, or a frame of ours still
    holds its buffers.
    """


class DevicePermissionError(DeviceError, PermissionError):
    """This user may not open the node; the message names the group that may."""


class BandwidthError(DeviceError):
    """The USB bus has too little bandwidth left for this format (ENOSPC at STREAMON)."""


class ControlError(DeviceError):
    """A control could not be read or written.

    Attributes:
        control: Name of the control, or its id as ``"0x009a090a"``.
        value: What was to be written; ``None`` for a read.
        master: Name of the control whose automatic mode makes this one inactive, or ``None``.
        applied: What had been written before the failure, name to value.
    """

    control: str = ""
    value: Any = None
    master: str | None = None
    applied: dict[str, Any]

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.applied = {}

    def __str__(self) -> str:
        what = self.control if self.value is None else f"{self.control}={self.value!r}"
        text = f"{self.operation} of {what} on {self.filename}: {self.strerror}"
        text += f" (errno {self.errno})"
        if self.master:
            text += f". {self.master} holds it; set that to manual first"
        return f"{text}. {self.hint}" if self.hint else text


class UnknownControlError(ControlError, KeyError):
    """This camera has no control of that name or id."""


class StarvedError(CaptureError):
    """Every buffer is held by a frame that is alive: waiting would never end."""


class CaptureTimeout(CaptureError, TimeoutError):  # noqa: N818 (the name is a contract)
    """No frame, or no event, came in time."""


class ClosedError(CaptureError, ValueError):
    """The object was closed, or belongs to the process that this one was forked from."""


class ProfileError(CaptureError, ValueError):
    """A profile is malformed.

    Attributes:
        message: What is wrong.
        where: The place in the JSON, for example ``"controls[3].min"``; ``""`` is the whole.
        camera: Path of the simulated camera that was to play it, or ``""``.
    """

    camera: str = ""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message, where)
        self.message = message
        self.where = where

    def __str__(self) -> str:
        return ": ".join(part for part in (self.camera, self.where, self.message) if part)


class DOMException(CaptureError):  # noqa: N818 (the name is a contract)
    """What a W3C method rejects with. The error of the device is its ``__cause__``.

    Attributes:
        name: The name in the specification, for example ``"NotReadableError"``.
        message: The sentence, for people.

    Source: W3C Media Capture and Streams, MediaStream Image Capture; WebIDL, "DOMException".
    """

    name: str = "Error"

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class OverconstrainedError(DOMException):
    """Required constraints cannot be met.

    Attributes:
        constraint: The W3C name of one that can never be met here, or ``""`` where each
            can be met alone, but not all together.
    """

    name = "OverconstrainedError"

    def __init__(self, constraint: str, message: str = "") -> None:
        super().__init__(message)
        self.constraint = constraint

    def __reduce__(self) -> Any:
        return type(self), (self.constraint, self.message)


class NotSupportedError(DOMException):
    """The operation does not exist for this object or this camera."""

    name = "NotSupportedError"


class InvalidStateError(DOMException):
    """The track has ended, or is not in the state that this needs."""

    name = "InvalidStateError"


class UnknownError(DOMException):
    """The photo or the frame could not be taken."""

    name = "UnknownError"


class OperationError(DOMException):
    """The camera could not be asked."""

    name = "OperationError"


class NotAllowedError(DOMException):
    """This user may not use the camera."""

    name = "NotAllowedError"


class NotFoundError(DOMException):
    """There is no camera."""

    name = "NotFoundError"


class NotReadableError(DOMException):
    """There is a camera, but somebody else uses it."""

    name = "NotReadableError"


class AbortError(DOMException):
    """The camera failed in a way that is none of the others."""

    name = "AbortError"


_BY_ERRNO: dict[int, type[DeviceError]] = {
    errno.ENODEV: DeviceGoneError,
    errno.ENXIO: DeviceGoneError,
    errno.EBUSY: DeviceBusyError,
    errno.EACCES: DevicePermissionError,
    errno.EPERM: DevicePermissionError,
}

# ENOSPC is a full disk elsewhere; here it is a full bus.
_BY_OPERATION: dict[tuple[str, int], type[DeviceError]] = {
    ("VIDIOC_STREAMON", errno.ENOSPC): BandwidthError,
}

_CLOSED: dict[int, str] = {
    errno.EBADF: "{path} is closed",
    errno.ECHILD: "{path} was opened before a fork and belongs to the parent process; "
    "open it again in this one",
}

# What the core means by an errno that the kernel uses for something else.
_TEXT: dict[int, str] = {
    errno.EPROTO: "the driver's answer contradicts the V4L2 specification",
    errno.ENOTTY: "no such function, or no V4L2 device",
}


_Error = TypeVar("_Error", bound=DeviceError)


def device_error(
    kind: type[_Error], number: int, operation: str, path: str, hint: str = ""
) -> _Error:
    """Return a ``kind`` with all its attributes."""
    error = kind(number, _TEXT.get(number) or os.strerror(number), path)
    error.operation = operation
    if hint:
        error.hint = hint
    return error


def check(rc: int, operation: str, path: str) -> int:
    """Return ``rc`` unchanged, or raise the error that ``-errno`` stands for."""
    if rc >= 0:
        return rc
    number = -rc
    if number in _CLOSED:
        raise ClosedError(_CLOSED[number].format(path=path))
    kind = _BY_OPERATION.get((operation, number)) or _BY_ERRNO.get(number, DeviceError)
    raise device_error(kind, number, operation, path)
