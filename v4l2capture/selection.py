# SPDX-License-Identifier: MIT
"""Which camera fits constraints best, and which error says why none does.

Everything here may take long. Nothing here knows of event loops.

Source: W3C Media Capture and Streams, "getUserMedia()" and "enumerateDevices()".
"""

from __future__ import annotations

import errno
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .camera import Camera
from .camerastate import group_id
from .constraints import fitness_distance, satisfies
from .device import Device
from .dictionaries import MediaTrackCapabilities, MediaTrackConstraints
from .discovery import DeviceInfo, node_paths
from .domain import parsed
from .errors import (
    AbortError,
    BandwidthError,
    CaptureError,
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    DevicePermissionError,
    DOMException,
    NotAllowedError,
    NotFoundError,
    NotReadableError,
    OverconstrainedError,
)

__all__ = ["InputDeviceInfo", "Verdict", "judge", "judge_at", "list_cameras", "refusal"]


@dataclass(frozen=True, slots=True)
class InputDeviceInfo:
    """A camera, as far as it is known without using it.

    Attributes:
        device_id: Names it after replug and reboot, too.
        kind: ``"videoinput"``.
        label: Its own name.
        group_id: What all parts of one physical device have in common.
        path: Its node, or ``"sim:..."``; may change when it is plugged in again.
    """

    device_id: str
    kind: str
    label: str
    group_id: str
    path: str
    _capabilities: MediaTrackCapabilities = field(repr=False, compare=False)

    @classmethod
    def of(cls, info: DeviceInfo, capabilities: MediaTrackCapabilities) -> InputDeviceInfo:
        """Return what is known of a camera."""
        return cls(info.stable_id, "videoinput", info.card, group_id(info), info.path, capabilities)

    def get_capabilities(self) -> MediaTrackCapabilities:
        """Return what the camera can, as its tracks do; nothing where it cannot be asked."""
        return MediaTrackCapabilities.of(self._capabilities.to_dict())

    def to_dict(self) -> dict[str, str]:
        """Return the members of the W3C as JSON data."""
        return {
            "deviceId": self.device_id,
            "kind": self.kind,
            "label": self.label,
            "groupId": self.group_id,
        }


def list_cameras(
    cameras: Sequence[str] | None, known: Mapping[str, InputDeviceInfo]
) -> list[InputDeviceInfo]:
    """Return all cameras that answer.

    Args:
        cameras: Their paths; ``None``: those there are.
        known: By path, those that need not be asked, because they are open.
    """
    found: list[InputDeviceInfo] = []
    for path in node_paths() if cameras is None else cameras:
        info = known.get(path) or _look(path)
        if info is not None:
            found.append(info)
    return found


def _look(path: str) -> InputDeviceInfo | None:
    try:
        with Device(path) as device:
            return _look_at(device) if device.info.is_camera else None
    except CaptureError:
        return None  # it hides no other


def _look_at(device: Device) -> InputDeviceInfo:
    try:
        with Camera(device) as camera:
            return InputDeviceInfo.of(device.info, camera.capabilities)
    except DeviceGoneError:
        raise
    except CaptureError:
        return InputDeviceInfo.of(device.info, MediaTrackCapabilities())


# ---- which one fits ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well one camera fits.

    Attributes:
        missed: Which of the advanced sets are not met; they matter more than the distance, and
            the first of them most.
        distance: The less, the better; infinite: not at all.
        impossible: What is required and can never hold there.
    """

    path: str
    distance: float
    missed: tuple[bool, ...] = ()
    impossible: tuple[str, ...] = ()


def judge_at(path: str, wanted: MediaTrackConstraints) -> Verdict | None:
    """Open a camera and judge it; ``None``: it is no camera."""
    with Device(path) as device:
        if not device.info.is_camera:
            return None
        if not len(wanted):
            return Verdict(path, 0.0)
        with Camera(device) as camera:
            return judge(camera, path, wanted)


def judge(camera: Camera, path: str, wanted: MediaTrackConstraints) -> Verdict:
    """Return how well a camera fits."""
    able = camera.capabilities
    try:
        chosen = camera.fitting(wanted)
    except OverconstrainedError:
        names = (name for name, each in parsed(wanted, False).items() if each.is_required)
        return Verdict(
            path,
            math.inf,
            impossible=tuple(name for name in names if not _can(camera, name, wanted)),
        )
    missed = tuple(not satisfies(able, chosen, each) for each in wanted.advanced or ())
    return Verdict(path, fitness_distance(able, chosen, wanted), missed)


def _can(camera: Camera, name: str, wanted: MediaTrackConstraints) -> bool:
    try:
        camera.fitting({name: wanted[name]})
    except OverconstrainedError:
        return False
    return True


def refusal(failures: Iterable[CaptureError], unfit: Sequence[Verdict]) -> DOMException:
    """Return the error for whom no camera could be had.

    Args:
        failures: What went wrong with cameras that might have fitted.
        unfit: Those that did not.
    """
    failed = [error for error in failures if not _is_absence(error)]
    for kinds, meaning in _MEANINGS:
        for error in failed:
            if isinstance(error, kinds):
                refused = meaning(str(error))
                refused.__cause__ = error
                return refused
    for error in failed:
        if isinstance(error, OverconstrainedError):
            return error
    if failed:
        refused = AbortError(str(failed[0]))
        refused.__cause__ = failed[0]
        return refused
    if unfit:
        names = [name for name in unfit[0].impossible if all(name in v.impossible for v in unfit)]
        if names:
            return OverconstrainedError(names[0], f"no camera has such a {names[0]}")
        return OverconstrainedError("", "no camera can do all of this at once")
    reasons = "".join(f"\n  {error}" for error in failures)
    return NotFoundError(f"no camera found; `sim:webcam` is a simulated one{reasons}")


_MEANINGS: tuple[tuple[tuple[type[CaptureError], ...], type[DOMException]], ...] = (
    ((DeviceBusyError, BandwidthError), NotReadableError),
    ((DevicePermissionError,), NotAllowedError),
)


def _is_absence(error: CaptureError) -> bool:
    if isinstance(error, DeviceGoneError | NotFoundError):
        return True
    return isinstance(error, DeviceError) and error.errno in (errno.ENOENT, errno.ENOTTY)
