# SPDX-License-Identifier: MIT
"""What a camera can and has, in the words of the W3C: controls, size and rate together.

Sources: W3C MediaStream Image Capture; W3C Media Capture and Streams, "getCapabilities".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .controlstate import ControlState
from .dictionaries import (
    FillLightMode,
    MediaSettingsRange,
    MediaTrackCapabilities,
    MediaTrackSettings,
    MeteringMode,
    PhotoCapabilities,
    PhotoSettings,
)
from .discovery import DeviceInfo
from .mapping import (
    ROI_RECT,
    capabilities,
    control_ids,
    fill_light_modes,
    red_eye_reduction,
    settings,
)
from .nativemode import NativeMode, is_picture, mode_of, native_modes, photo_sizes
from .source import Source
from .videomode import CROP_AND_SCALE, NONE, Size

__all__ = ["CameraState", "group_id"]

# Neither of them is a control.
_VIDEO = frozenset(
    ("width", "height", "aspectRatio", "frameRate", "resizeMode", "deviceId", "groupId")
)


def group_id(info: DeviceInfo) -> str:
    """Return what all nodes of one physical device have in common.

    The serial number where that makes its name, else the socket it is plugged into.
    """
    if info.serial and info.serial.replace(" ", "_") in info.stable_id:
        return re.sub(r"-video-index\d+$", "", info.stable_id)
    return info.bus_info or info.stable_id


class CameraState:
    """One camera, looked at. Nothing here writes.

    Args:
        changed: Whether others have changed anything before.

    Synchronization: the caller's lock.
    """

    def __init__(self, source: Source, *, changed: bool = False) -> None:
        self._source = source
        self._modes: list[NativeMode] | None = None
        self._video: dict[str, Any] = {}  # capabilities that follow from the modes
        self._once: set[str] = set()  # modes that ran once, at the press of a button
        self._changed = changed

    # ---- changes by others ----

    def catch_up(self) -> None:
        """Take note of what others have changed."""
        changed, resized = self._source.listener.catch_up()
        if resized:
            self._modes = None
        self._once = {name for name in self._once if not changed & control_ids((name,))}
        self._changed = self._changed or resized or bool(changed)

    def take_changes(self) -> bool:
        """Return whether others have changed anything since this was asked last."""
        self.catch_up()
        changed, self._changed = self._changed, False
        return changed

    def ran(self, name: str, mode: Any) -> None:
        """Remember that a mode was asked for: when it ran once, drivers just say "manual"."""
        self._once.discard(name)
        if mode == MeteringMode.SINGLE_SHOT:
            self._once.add(name)

    # ---- size and rate ----

    @property
    def modes(self) -> list[NativeMode]:
        """The modes in which the camera itself gives pictures."""
        if self._modes is None:
            now = self._source.format
            if now is None:
                return []
            self._modes = native_modes(self._source.device.formats(), now)
            self._video = _video_capabilities(self._modes)
        return self._modes

    def frame_size(self, states: Mapping[int, ControlState]) -> tuple[int, int] | None:
        """Return the size of the picture, where points of interest need it."""
        return self._source.frame_size if ROI_RECT in states else None

    # ---- track ----

    def capabilities(
        self, states: Mapping[int, ControlState], names: Iterable[str] | None = None
    ) -> MediaTrackCapabilities:
        """Return what the camera can.

        Args:
            states: Of the controls that matter.
            names: What matters beside them; left out: everything.
        """
        able = capabilities(states, self._source.timing(states))
        if names is not None and _VIDEO.isdisjoint(names):
            return able
        info = self._source.device.info
        video = self._video if self.modes else {}
        return replace(able, device_id=info.stable_id, group_id=group_id(info), **video)

    def settings(
        self,
        states: Mapping[int, ControlState],
        size: Size | None,
        names: Iterable[str] | None = None,
    ) -> MediaTrackSettings:
        """Return what is set now.

        Args:
            size: Of pictures that are not as the camera makes them.
        """
        now = settings(states, self._source.timing(states), self.frame_size(states))
        for name in self._once:
            if name in now:
                now = MediaTrackSettings.of(now.to_dict() | {name: MeteringMode.SINGLE_SHOT.value})
        if names is not None and _VIDEO.isdisjoint(names):
            return now
        info = self._source.device.info
        return replace(
            now, device_id=info.stable_id, group_id=group_id(info), **self._video_settings(size)
        )

    def _video_settings(self, size: Size | None) -> dict[str, Any]:
        now = self._source.format
        if now is None:
            return {}
        size = mode_of(now).picture(size)
        return {
            "width": size.width,
            "height": size.height,
            "aspect_ratio": size.aspect,
            "frame_rate": _number(size.rate) if size.rate else None,
            "resize_mode": size.resize,
        }

    # ---- photos ----

    @property
    def photo_capabilities(self) -> PhotoCapabilities:
        """What can be chosen for a photo."""
        states = self._source.controls.states(("fillLightMode",))
        sizes = photo_sizes(self.modes)
        return PhotoCapabilities(
            red_eye_reduction=red_eye_reduction(states),
            image_width=_span([width for width, _ in sizes]),
            image_height=_span([height for _, height in sizes]),
            fill_light_mode=fill_light_modes(states),
        )

    @property
    def photo_settings(self) -> PhotoSettings:
        """What a photo has where nobody chooses: the largest size, and no light."""
        able = self.photo_capabilities
        size = max(photo_sizes(self.modes), key=lambda s: s[0] * s[1], default=(None, None))
        return PhotoSettings(
            red_eye_reduction=False,
            image_width=size[0],
            image_height=size[1],
            fill_light_mode=FillLightMode.OFF if able.fill_light_mode else None,
        )


def _video_capabilities(modes: list[NativeMode]) -> dict[str, Any]:
    resizes = any(is_picture(mode.pixel_format) for mode in modes)
    widths, heights = {mode.width for mode in modes}, {mode.height for mode in modes}
    low = (1, 1) if resizes else (min(widths), min(heights))
    high = (max(widths), max(heights))
    rate = max(mode.rate for mode in modes)
    return {
        "width": MediaSettingsRange(min=low[0], max=high[0]),
        "height": MediaSettingsRange(min=low[1], max=high[1]),
        "aspect_ratio": MediaSettingsRange(
            min=round(low[0] / high[1], 10), max=round(high[0] / low[1], 10)
        ),
        "frame_rate": MediaSettingsRange(min=0, max=_number(rate)) if rate else None,
        "resize_mode": [NONE, CROP_AND_SCALE] if resizes else [NONE],
    }


def _number(value: float) -> float:
    return int(value) if value == int(value) else value


def _span(sides: list[int]) -> MediaSettingsRange | None:
    return MediaSettingsRange(min=min(sides), max=max(sides)) if sides else None
