# SPDX-License-Identifier: MIT
"""From a shot to a photo: the file, and in it what is known about how it was taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypedDict

from .cids import IDS
from .dictionaries import FillLightMode, MediaTrackSettings, MeteringMode, PhotoSettings
from .encode import check_request, encode_photo
from .exif import Exif, Flash
from .lamp import PRE_LIGHT, check_pre_light
from .mapping import zoom_ratio
from .photo import Photo, wall_clock
from .version import __version__

if TYPE_CHECKING:
    from .controlstate import ControlState
    from .shooting import Shot

__all__ = ["BracketOptions", "Darkroom", "PhotoFile", "PhotoOptions", "asked_for", "develop"]

_ROOM = 64_000_000  # bytes of frames that wait: 15 raw ones of 1920x1080

_SECOND = 10_000  # of the W3C's units of exposure time
_ROTATION, _ZOOM = IDS["camera_sensor_rotation"], IDS["zoom_absolute"]
_HELD = (str(MeteringMode.MANUAL),)


class PhotoOptions(TypedDict, total=False):
    """What a photo may be asked for with keywords.

    Attributes:
        image_width: Pixels, as ``image_height``: the nearest that the camera has.
        fill_light_mode: ``"off"``, ``"flash"``, or ``"auto"``: where the picture is dark.
        red_eye_reduction: Whether eyes are lit before.
        pre_light: Seconds from the first light in the eyes to the photo, 0.6, which pupils
            take to close, to 3; left out: 0.75.
        type: ``"image/jpeg"``, ``"image/png"``, ``"image/tiff"``, ``"image/webp"``, or
            ``"image/x-adobe-dng"`` from a camera that gives raw pictures.
        quality: 1 (small) to 100 (best). A camera's own JPEG is not encoded again.
        tags: More Exif tags by name, for example ``{"Artist": "Ann"}``.
        gps: Latitude, longitude and, if known, altitude in metres.
    """

    image_width: float
    image_height: float
    fill_light_mode: str
    red_eye_reduction: bool
    pre_light: float
    type: str
    quality: int
    tags: Mapping[str, Any] | None
    gps: Sequence[float] | None


class BracketOptions(PhotoOptions, total=False):
    """The same, and values of one of these, in the units of the W3C."""

    exposure_compensation: Sequence[float]
    exposure_time: Sequence[float]
    focus_distance: Sequence[float]
    iso: Sequence[float]
    color_temperature: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFile:
    """What kind of file a photo is to be; see :class:`PhotoOptions`.

    Raises:
        ValueError: As :func:`~v4l2capture.encode.encode_photo` and
            :class:`~v4l2capture.exif.Exif`.
    """

    type: str = "image/jpeg"
    quality: int = 90
    tags: Mapping[str, Any] | None = None
    gps: Sequence[float] | None = None

    def __post_init__(self) -> None:
        check_request(self.type, self.quality)
        Exif(tags=self.tags or {}, gps=self.gps)

    @property
    def is_raw(self) -> bool:
        """Whether it has a sensor's own pattern of colours."""
        return self.type == "image/x-adobe-dng"


def asked_for(
    settings: Mapping[str, Any] | PhotoSettings | None, options: Mapping[str, Any]
) -> tuple[PhotoSettings, PhotoFile, float]:
    """Return what was asked for in a dictionary and by keywords, before anything is done.

    The last are the seconds in which eyes are lit before.
    """
    members = dict(options)
    pre_light = check_pre_light(members.pop("pre_light", PRE_LIGHT))
    kind = {each.name: members.pop(each.name) for each in fields(PhotoFile) if each.name in members}
    return PhotoSettings.of(settings, **members), PhotoFile(**kind), pre_light


class Darkroom:
    """Where shots become photos, in their order.

    A burst goes on at full speed while there is room for its frames. Of a longer one the
    oldest are developed meanwhile, so that it needs no more memory, only more time.

    Args:
        model: What the camera is called.
    """

    def __init__(self, model: str, kind: PhotoFile) -> None:
        self._model = model
        self._kind = kind
        self._shots: deque[Shot] = deque()
        self._photos: list[Photo] = []

    def add(self, shot: Shot) -> None:
        """Take one more shot in."""
        self._shots.append(shot)
        while sum(map(_size, self._shots)) > _ROOM:
            self._develop()

    def photos(self) -> list[Photo]:
        """Return the photos of all shots."""
        while self._shots:
            self._develop()
        return self._photos

    def _develop(self) -> None:
        self._photos.append(develop(self._shots[0], self._model, self._kind))
        self._shots.popleft()


def _size(shot: Shot) -> int:
    return sum(len(plane) for plane in shot.frame.planes)


def develop(shot: Shot, model: str, kind: PhotoFile) -> Photo:
    """Return the photo.

    Args:
        model: What the camera is called.
    """
    frame, now, states = shot.frame, shot.settings, shot.states
    taken = wall_clock(frame.timestamp_ns)
    exif = Exif(
        model=model,
        software=f"v4l2capture {__version__}",
        taken=taken,
        exposure_time=_exposure_time(now, states),
        iso=now.iso,
        exposure_bias=now.exposure_compensation if not _is_held(now.exposure_mode) else None,
        exposure_mode=_mode(now.exposure_mode),
        white_balance=_mode(now.white_balance_mode),
        flash=_flash(shot),
        digital_zoom=zoom_ratio(states[_ZOOM]) if _ZOOM in states else None,
        rotation=states[_ROTATION].value if _ROTATION in states else None,
        tags=kind.tags or {},
        gps=kind.gps,
    )
    file = encode_photo(frame.format, frame.planes, type=kind.type, quality=kind.quality, exif=exif)
    return Photo(
        file.data,
        type=file.type,
        width=file.width,
        height=file.height,
        settings=now.to_dict() | shot.photo.to_dict(),
        timestamp_ns=frame.timestamp_ns,
        timestamp=taken,
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
