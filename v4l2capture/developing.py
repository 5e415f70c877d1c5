# SPDX-License-Identifier: MIT
"""From a shot to a photo: the file, and in it what is known about how it was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .cids import IDS
from .dictionaries import FillLightMode, MediaTrackSettings, MeteringMode
from .encode import encode_photo
from .exif import Exif, Flash
from .mapping import zoom_ratio
from .photo import Photo, wall_clock
from .version import __version__

if TYPE_CHECKING:
    from .controlstate import ControlState
    from .shooting import Shot

__all__ = ["develop"]

_SECOND = 10_000  # of the W3C's units of exposure time
_ROTATION, _ZOOM = IDS["camera_sensor_rotation"], IDS["zoom_absolute"]
_HELD = (str(MeteringMode.MANUAL),)


def develop(
    shot: Shot,
    model: str,
    *,
    type: str = "image/jpeg",  # noqa: A002
    quality: int = 90,
    tags: Mapping[str, Any] | None = None,
    gps: Sequence[float] | None = None,
) -> Photo:
    """Return the photo.

    Args:
        model: What the camera is called.

    Raises:
        ValueError: As :func:`~v4l2capture.encode.encode_photo` and
            :class:`~v4l2capture.exif.Exif`.
    """
    frame, now, states = shot.frame, shot.settings, shot.states
    exif = Exif(
        model=model,
        software=f"v4l2capture {__version__}",
        taken=wall_clock(frame.timestamp_ns),
        exposure_time=_exposure_time(now, states),
        iso=now.iso,
        exposure_bias=now.exposure_compensation if not _is_held(now.exposure_mode) else None,
        exposure_mode=_mode(now.exposure_mode),
        white_balance=_mode(now.white_balance_mode),
        flash=_flash(shot),
        digital_zoom=zoom_ratio(states[_ZOOM]) if _ZOOM in states else None,
        rotation=states[_ROTATION].value if _ROTATION in states else None,
        tags=tags or {},
        gps=gps,
    )
    file = encode_photo(frame.format, frame.planes, type=type, quality=quality, exif=exif)
    return Photo(
        file.data,
        type=file.type,
        width=file.width,
        height=file.height,
        settings=now.to_dict() | shot.photo.to_dict(),
        timestamp_ns=frame.timestamp_ns,
    )


def _is_held(mode: str | None) -> bool:
    return mode in _HELD


def _mode(mode: str | None) -> str | None:
    """Return a mode in Exif's words."""
    return None if mode is None else "manual" if _is_held(mode) else "auto"


def _exposure_time(now: MediaTrackSettings, states: Mapping[int, ControlState]) -> Fraction | None:
    """Return the exposure in seconds where the driver's word is good for it.

    While exposure is automatic most firmware still reads the last manual value.
    """
    if now.exposure_time is None:
        return None
    control = states.get(IDS["exposure_time_absolute"]) or states.get(IDS["exposure"])
    volatile = control is not None and "volatile" in control.flags
    if now.exposure_mode is not None and not _is_held(now.exposure_mode) and not volatile:
        return None
    return Fraction(now.exposure_time) / _SECOND


def _flash(shot: Shot) -> Flash:
    light = shot.photo.fill_light_mode
    return Flash(
        fired=light == FillLightMode.FLASH,
        mode=None if light is None else str(light),
        red_eye=bool(shot.photo.red_eye_reduction),
        present=light is not None or bool(shot.photo.red_eye_reduction),
    )
