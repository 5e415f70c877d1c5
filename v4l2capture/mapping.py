# SPDX-License-Identifier: MIT
"""Which V4L2 control stands behind which W3C name, and in which unit.

Data and arithmetic only. One row serves both directions: capabilities and settings are read
through it, and :mod:`v4l2capture.writeplan` writes through it. Controls without a row are
not in the W3C model and never appear in it.

What ``unit`` is ``None`` for has no unit in V4L2: the driver's own numbers are published.
Those of ``focusDistance`` run the other way round, too: larger is closer.

Sources: W3C MediaStream Image Capture, "Constrainable properties";
Documentation/userspace-api/media/v4l/control.rst, ext-ctrls-camera.rst, ext-ctrls-flash.rst;
include/uapi/linux/uvcvideo.h for the region of interest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from .cids import IDS
from .controlstate import Controls, ControlState, by_id
from .dictionaries import (
    FillLightMode,
    MediaTrackCapabilities,
    MediaTrackSettings,
    Point2D,
    RedEyeReduction,
    VideoFacingMode,
    snake,
)
from .rules import Auto, EntryRule, GainRule, ModeRule, NumberRule, RangeRule
from .sensor import SensorTiming

__all__ = [
    "LED_FLASH",
    "LED_MODE",
    "LED_NONE",
    "LED_TORCH",
    "MODES",
    "NEEDS",
    "ROI_AUTO",
    "ROI_RECT",
    "RULES",
    "capabilities",
    "control_ids",
    "fill_light_modes",
    "red_eye_reduction",
    "region_of_interest",
    "rules",
    "settings",
    "zoom_ratio",
]

_TURN = 180 * 3600  # arc seconds; the specification allows no more to either side

LED_MODE = IDS["led_mode"]
LED_NONE, LED_FLASH, LED_TORCH = range(3)
ROI_RECT = IDS["region_of_interest_rectangle"]
ROI_AUTO = IDS["region_of_interest_auto_ctrls"]
_ROI_3A = 0b1101  # exposure, white balance, focus; bit 1 is the iris
_FACING = {0: VideoFacingMode.USER, 1: VideoFacingMode.ENVIRONMENT}

# fmt: off
RULES: tuple[NumberRule, ...] = (
    #         name                    control                      scale        unit       limit
    RangeRule("brightness",           "brightness"),
    RangeRule("contrast",             "contrast"),
    RangeRule("saturation",           "saturation"),
    RangeRule("sharpness",            "sharpness"),
    RangeRule("colorTemperature",     "white_balance_temperature", Fraction(1), "K"),
    RangeRule("exposureTime",         "exposure_time_absolute",    Fraction(1), "100 µs"),
    RangeRule("focusDistance",        "focus_absolute"),
    RangeRule("zoom",                 "zoom_absolute"),
    RangeRule("pan",                  "pan_absolute",              Fraction(1), "arcsec",  _TURN),
    RangeRule("tilt",                 "tilt_absolute",             Fraction(1), "arcsec",  _TURN),
    #         name                    control                      divisor      unit
    EntryRule("exposureCompensation", "auto_exposure_bias",        1000,        "EV"),
    EntryRule("iso",                  "iso_sensitivity",           1000,        "ISO",
              positive=True, auto="iso_sensitivity_auto"),
)
# fmt: on

# fmt: off
MODES: dict[str, ModeRule] = {rule.name: rule for rule in (
    ModeRule("whiteBalanceMode",
             (Auto("white_balance_automatic", (0,), (1,)),
              # 2 to 9 are light sources; 10 is one more automatic algorithm of the Raspberry Pi
              Auto("white_balance_auto_preset", (0, *range(2, 10)), (1, 10))),
             "white_balance_temperature", "do_white_balance", None, 0b010),
    ModeRule("exposureMode",
             # 1 manual, 2 shutter priority; 3 aperture priority, 0 automatic time and iris
             (Auto("auto_exposure", (1, 2), (3, 0)),),
             "exposure_time_absolute", None, None, 0b001),
    ModeRule("focusMode",
             (Auto("focus_automatic_continuous", (0,), (1,)),),
             "focus_absolute", "auto_focus_start", "auto_focus_status", 0b100),
)}
# fmt: on

# Has an effect only while that mode is manual.
NEEDS: dict[str, str] = {
    "colorTemperature": "whiteBalanceMode",
    "exposureTime": "exposureMode",
    "focusDistance": "focusMode",
}


# Of a raw sensor, and of its timing.
_SENSOR = ("exposure", "analogue_gain", "pixel_rate", "horizontal_blanking")


def control_ids(names: Iterable[str] | None = None) -> frozenset[int]:
    """Return the controls that W3C properties (left out: all) are read from and written to."""
    wanted = set(_CONTROLS if names is None else names)
    wanted |= {NEEDS[name] for name in wanted if name in NEEDS}
    return frozenset(IDS[key] for name in wanted for key in _CONTROLS.get(name, ()))


def _controls_of_properties() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {rule.name: {rule.control} for rule in RULES}
    for rule in RULES:
        if isinstance(rule, EntryRule) and rule.auto:
            found[rule.name].add(rule.auto)
    for mode in MODES.values():
        others = (mode.fixed, mode.button, mode.status, "3a_lock")
        autos = (auto.control for auto in mode.autos)
        found[mode.name] = {key for key in (*autos, *others) if key is not None}
    for name in ("exposureTime", "iso"):
        found[name].update(_SENSOR)
    found["torch"] = {"led_mode"}
    found["fillLightMode"] = {"led_mode", "strobe"}
    found["facingMode"] = {"camera_orientation"}
    found["rotation"] = {"camera_sensor_rotation"}  # no property, but a photo's
    found["pointsOfInterest"] = {
        "region_of_interest_rectangle",
        "region_of_interest_auto_ctrls",
    }
    return found


_CONTROLS = _controls_of_properties()


def rules(controls: Controls, timing: SensorTiming | None = None) -> dict[str, NumberRule]:
    """Return the row of each numeric property; those of a raw sensor where it is one."""
    table: dict[str, NumberRule] = {rule.name: rule for rule in RULES}
    if timing is not None:
        seconds = controls.get(IDS["exposure_time_absolute"])
        if seconds is None or not seconds.is_range:
            table["exposureTime"] = RangeRule("exposureTime", "exposure", timing.scale, "100 µs")
        if timing.base_iso is not None and IDS["iso_sensitivity"] not in controls:
            table["iso"] = GainRule(timing)
    return table


# ---- from the driver to the W3C ----------------------------------------------------------------


def capabilities(
    controls: Iterable[ControlState] | Controls, timing: SensorTiming | None = None
) -> MediaTrackCapabilities:
    """Return what the controls of a camera amount to.

    Size, frame rate, ``deviceId`` and ``groupId`` are not controls and not in it, and
    ``pointsOfInterest`` has no capability: it is in :func:`settings` where there is one.

    Args:
        controls: Of the video node and of the lens, flash and sensor that belong to it.
        timing: Of a raw sensor; without it lines and gain codes have no W3C name.
    """
    have = by_id(controls)
    found: dict[str, Any] = {}
    for name, rule in rules(have, timing).items():
        if (control := have.get(rule.cid)) is not None:
            found[snake(name)] = rule.capability(control)
    for name, mode in MODES.items():
        found[snake(name)] = mode.capability(have)
    facing = _facing(have)
    return MediaTrackCapabilities(
        facing_mode=None if facing is None else [facing], torch=_torch(have), **found
    )


def settings(
    controls: Iterable[ControlState] | Controls,
    timing: SensorTiming | None = None,
    frame: tuple[int, int] | None = None,
) -> MediaTrackSettings:
    """Return the values that the controls of a camera have.

    A value outside the driver's own range counts as the nearest one inside.

    Args:
        frame: Size of the whole picture of the sensor, for points of interest; not needed
            where the driver tells the largest region.
    """
    have = by_id(controls)
    found: dict[str, Any] = {}
    for name, rule in rules(have, timing).items():
        if (control := have.get(rule.cid)) is not None:
            found[snake(name)] = rule.setting(control)
    for name, mode in MODES.items():
        found[snake(name)] = mode.setting(have)
    torch = have[LED_MODE].value == LED_TORCH if _torch(have) else None
    return MediaTrackSettings(
        facing_mode=_facing(have),
        torch=torch,
        points_of_interest=_points_of_interest(have, frame),
        **found,
    )


def _facing(controls: Controls) -> str | None:
    control = controls.get(IDS["camera_orientation"])
    if control is None or not control.is_readable:
        return None
    facing = _FACING.get(control.value)
    return None if facing is None else str(facing)


def zoom_ratio(control: ControlState, value: int | None = None) -> Fraction | None:
    """Return the magnification of a zoom that counts in hundredths, else ``None``.

    Drivers that begin at 100 mean 1:1 by it; of others the numbers mean nothing in common.
    """
    value = control.value if value is None else value
    if not control.is_range or control.minimum != 100 or value is None:
        return None
    return Fraction(min(max(value, control.minimum), control.maximum), 100)


# ---- lamps --------------------------------------------------------------------------------------


def _led_entries(controls: Controls) -> list[int]:
    """Return the modes of the lamp that the library knows; vendors have more."""
    control = controls.get(LED_MODE)
    if control is None or control.type != "menu" or not control.is_readable:
        return []
    if not control.is_writable:
        return [control.value] if control.value in (LED_NONE, LED_TORCH) else []
    return [entry for entry in (LED_NONE, LED_FLASH, LED_TORCH) if control.has(entry)]


def _torch(controls: Controls) -> list[bool] | None:
    entries = _led_entries(controls)
    if LED_TORCH not in entries:
        return None
    return [False, True] if LED_NONE in entries else [True]


def fill_light_modes(controls: Iterable[ControlState] | Controls) -> list[FillLightMode]:
    """Return what the lamp can do for a photo; empty: there is none."""
    have = by_id(controls)
    entries = _led_entries(have)
    strobe = have.get(IDS["strobe"])
    if LED_FLASH not in entries or strobe is None or not strobe.is_writable:
        return []
    if LED_NONE not in entries:
        return [FillLightMode.FLASH]
    return [FillLightMode.AUTO, FillLightMode.OFF, FillLightMode.FLASH]


def red_eye_reduction(controls: Iterable[ControlState] | Controls) -> RedEyeReduction:
    """Return whether the eyes can be lit before a photo. No camera does it by itself."""
    have = by_id(controls)
    if fill_light_modes(have) or _torch(have) == [False, True]:
        return RedEyeReduction.CONTROLLABLE
    return RedEyeReduction.NEVER


# ---- points of interest --------------------------------------------------------------------------


def _whole(controls: Controls, frame: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return the size of the picture in which regions lie, or ``None``: there are no regions."""
    rect, auto = controls.get(ROI_RECT), controls.get(ROI_AUTO)
    if rect is None or auto is None or rect.type != "rect" or not auto.is_writable:
        return None
    if not rect.is_writable or not _roi_bits(auto):
        return None
    if isinstance(rect.maximum, tuple) and len(rect.maximum) == 4 and min(rect.maximum[2:]) > 1:
        return rect.maximum[2], rect.maximum[3]
    return frame


def _roi_bits(auto: ControlState) -> int:
    return int(auto.maximum) & _ROI_3A


def _points_of_interest(controls: Controls, frame: tuple[int, int] | None) -> list[Point2D] | None:
    """Return the middle of the region; an empty list where none is set."""
    whole = _whole(controls, frame)
    if whole is None:
        return None
    value = controls[ROI_RECT].value
    if not isinstance(value, tuple) or len(value) != 4 or not controls[ROI_AUTO].value:
        return []
    left, top, width, height = value
    if width <= 1 or height <= 1:  # what drivers have until one is set
        return []
    middle = (Fraction(2 * left + width, 2 * whole[0]), Fraction(2 * top + height, 2 * whole[1]))
    return [Point2D(*(float(min(max(each, Fraction(0)), Fraction(1))) for each in middle))]


def region_of_interest(
    controls: Iterable[ControlState] | Controls,
    points: Sequence[Point2D],
    frame: tuple[int, int] | None = None,
) -> tuple[tuple[int, int, int, int], int] | None:
    """Return the rectangle and the bits to write, or ``None``: there are no regions.

    A point becomes a region of a fifth of the picture in each direction, inside the picture;
    several become one that holds all of them. No point switches regions off.
    """
    have = by_id(controls)
    whole = _whole(have, frame)
    if whole is None:
        return None
    rect = have[ROI_RECT]
    least = rect.minimum[2:] if isinstance(rect.minimum, tuple) else (1, 1)
    sides = []
    for size, small, values in zip(
        whole, least, ([p.x for p in points], [p.y for p in points]), strict=True
    ):
        if not values:
            sides.append((0, size))
            continue
        length = max(size // 5, small, 1)
        low = round(Fraction(min(values)) * size) - length // 2
        high = round(Fraction(max(values)) * size) - length // 2 + length
        length = min(high - low, size)
        sides.append((min(max(low, 0), size - length), length))
    (left, width), (top, height) = sides
    return (left, top, width, height), _roi_bits(have[ROI_AUTO]) if points else 0
