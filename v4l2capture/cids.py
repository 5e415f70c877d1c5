# SPDX-License-Identifier: MIT
"""The names of V4L2 controls, old and new, and which of them rule which.

Data only. A control is known by its id: names were changed in Linux 5.16, vendors
translate and misspell them. The canonical name is the one of the current kernel in
the spelling of v4l2-ctl; names of older kernels are accepted for the same id.

Sources: include/uapi/linux/v4l2-controls.h; drivers/media/v4l2-core/v4l2-ctrls-defs.c;
drivers/media/usb/uvc/uvc_ctrl.c before Linux 5.16 for the old names.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = [
    "CLASSES",
    "FLAGS",
    "FLAG_BITS",
    "IDS",
    "MANUAL",
    "MASTERS",
    "NAMES",
    "TYPES",
    "class_name",
    "flag_words",
    "slug",
]

_USER = 0x00980900
_UVC = 0x00981AE0
_CAMERA = 0x009A0900
_FLASH = 0x009C0900
_JPEG = 0x009D0900
_SOURCE = 0x009E0900
_PROC = 0x009F0900

# Upper 16 bits of an id -> class. Vendor ids may lie anywhere.
CLASSES: dict[int, str] = {
    0x0098: "user",
    0x0099: "codec",
    0x009A: "camera",
    0x009B: "fm-tx",
    0x009C: "flash",
    0x009D: "jpeg",
    0x009E: "image-source",
    0x009F: "image-processing",
    0x00A0: "digital-video",
    0x00A3: "detection",
}

# Both in the spelling of v4l2-ctl, and of profiles.
TYPES: dict[int, str] = {
    1: "int",
    2: "bool",
    3: "menu",
    4: "button",
    5: "int64",
    7: "str",
    8: "bitmask",
    9: "intmenu",
    0x0100: "u8",
    0x0101: "u16",
    0x0102: "u32",
    0x0106: "area",
    0x0107: "rect",
}
FLAGS: dict[int, str] = {
    0x0001: "disabled",
    0x0002: "grabbed",
    0x0004: "read-only",
    0x0008: "update",
    0x0010: "inactive",
    0x0020: "slider",
    0x0040: "write-only",
    0x0080: "volatile",
    0x0100: "has-payload",
    0x0200: "execute-on-write",
    0x0400: "modify-layout",
    0x0800: "dynamic-array",
    0x1000: "has-min-max",
}

# fmt: off
NAMES: dict[int, str] = {
    _USER + 0:    "brightness",
    _USER + 1:    "contrast",
    _USER + 2:    "saturation",
    _USER + 3:    "hue",
    _USER + 12:   "white_balance_automatic",
    _USER + 13:   "do_white_balance",
    _USER + 14:   "red_balance",
    _USER + 15:   "blue_balance",
    _USER + 16:   "gamma",
    _USER + 17:   "exposure",
    _USER + 18:   "gain_automatic",
    _USER + 19:   "gain",
    _USER + 20:   "horizontal_flip",
    _USER + 21:   "vertical_flip",
    _USER + 24:   "power_line_frequency",
    _USER + 25:   "hue_automatic",
    _USER + 26:   "white_balance_temperature",
    _USER + 27:   "sharpness",
    _USER + 28:   "backlight_compensation",
    _USER + 29:   "chroma_agc",
    _USER + 30:   "color_killer",
    _USER + 31:   "color_effects",
    _USER + 32:   "brightness_automatic",
    _USER + 33:   "band_stop_filter",
    _USER + 34:   "rotate",
    _USER + 35:   "background_color",
    _USER + 36:   "chroma_gain",
    _USER + 37:   "illuminator_1",
    _USER + 38:   "illuminator_2",
    _USER + 39:   "min_number_of_capture_buffers",
    _USER + 40:   "min_number_of_output_buffers",
    _USER + 41:   "alpha_component",
    _USER + 42:   "color_effects_cbcr",
    _USER + 43:   "color_effects_rgb",
    _UVC + 1:     "region_of_interest_rectangle",
    _UVC + 2:     "region_of_interest_auto_ctrls",
    _CAMERA + 1:  "auto_exposure",
    _CAMERA + 2:  "exposure_time_absolute",
    _CAMERA + 3:  "exposure_dynamic_framerate",
    _CAMERA + 4:  "pan_relative",
    _CAMERA + 5:  "tilt_relative",
    _CAMERA + 6:  "pan_reset",
    _CAMERA + 7:  "tilt_reset",
    _CAMERA + 8:  "pan_absolute",
    _CAMERA + 9:  "tilt_absolute",
    _CAMERA + 10: "focus_absolute",
    _CAMERA + 11: "focus_relative",
    _CAMERA + 12: "focus_automatic_continuous",
    _CAMERA + 13: "zoom_absolute",
    _CAMERA + 14: "zoom_relative",
    _CAMERA + 15: "zoom_continuous",
    _CAMERA + 16: "privacy",
    _CAMERA + 17: "iris_absolute",
    _CAMERA + 18: "iris_relative",
    _CAMERA + 19: "auto_exposure_bias",
    _CAMERA + 20: "white_balance_auto_preset",
    _CAMERA + 21: "wide_dynamic_range",
    _CAMERA + 22: "image_stabilization",
    _CAMERA + 23: "iso_sensitivity",
    _CAMERA + 24: "iso_sensitivity_auto",
    _CAMERA + 25: "exposure_metering_mode",
    _CAMERA + 26: "scene_mode",
    _CAMERA + 27: "3a_lock",
    _CAMERA + 28: "auto_focus_start",
    _CAMERA + 29: "auto_focus_stop",
    _CAMERA + 30: "auto_focus_status",
    _CAMERA + 31: "auto_focus_range",
    _CAMERA + 32: "pan_speed",
    _CAMERA + 33: "tilt_speed",
    _CAMERA + 34: "camera_orientation",
    _CAMERA + 35: "camera_sensor_rotation",
    _CAMERA + 36: "hdr_sensor_mode",
    _FLASH + 1:   "led_mode",
    _FLASH + 2:   "strobe_source",
    _FLASH + 3:   "strobe",
    _FLASH + 4:   "stop_strobe",
    _FLASH + 5:   "strobe_status",
    _FLASH + 6:   "strobe_timeout",
    _FLASH + 7:   "intensity_flash_mode",
    _FLASH + 8:   "intensity_torch_mode",
    _FLASH + 9:   "intensity_indicator",
    _FLASH + 10:  "faults",
    _FLASH + 11:  "charge",
    _FLASH + 12:  "ready_to_strobe",
    _JPEG + 1:    "chroma_subsampling",
    _JPEG + 2:    "restart_interval",
    _JPEG + 3:    "compression_quality",
    _JPEG + 4:    "active_markers",
    _SOURCE + 1:  "vertical_blanking",
    _SOURCE + 2:  "horizontal_blanking",
    _SOURCE + 3:  "analogue_gain",
    _SOURCE + 4:  "red_pixel_value",
    _SOURCE + 5:  "green_red_pixel_value",
    _SOURCE + 6:  "blue_pixel_value",
    _SOURCE + 7:  "green_blue_pixel_value",
    _SOURCE + 8:  "unit_cell_size",
    _SOURCE + 9:  "notify_gains",
    _PROC + 1:    "link_frequency",
    _PROC + 2:    "pixel_rate",
    _PROC + 3:    "test_pattern",
    _PROC + 4:    "deinterlacing_mode",
    _PROC + 5:    "digital_gain",
}

_OLD_NAMES: dict[str, int] = {
    "exposure_auto":                   _CAMERA + 1,
    "exposure_absolute":               _CAMERA + 2,
    "exposure_auto_priority":          _CAMERA + 3,
    "focus_auto":                      _CAMERA + 12,
    "hue_auto":                        _USER + 25,
    "white_balance_temperature_auto":  _USER + 12,
    "white_balance_component_auto":    _USER + 12,
    "white_balance_red_component":     _USER + 14,
    "white_balance_blue_component":    _USER + 15,
    "autogain":                        _USER + 18,
    "iso":                             _CAMERA + 23,
}

# Slave -> its masters: while the master is automatic the slave has no effect.
MASTERS: dict[int, tuple[int, ...]] = {
    _USER + 3:    (_USER + 25,),
    _USER + 14:   (_USER + 12, _CAMERA + 20),
    _USER + 15:   (_USER + 12, _CAMERA + 20),
    _USER + 17:   (_CAMERA + 1,),
    _USER + 19:   (_USER + 18, _CAMERA + 1),
    _USER + 26:   (_USER + 12, _CAMERA + 20),
    _CAMERA + 2:  (_CAMERA + 1,),
    _CAMERA + 10: (_CAMERA + 12,),
    _CAMERA + 17: (_CAMERA + 1,),
    _CAMERA + 23: (_CAMERA + 24,),
}

# What a master is set to so that it rules nothing, where that is not 0.
MANUAL: dict[int, int] = {_CAMERA + 1: 1}
# fmt: on

FLAG_BITS: dict[str, int] = {word: bit for bit, word in FLAGS.items()}
IDS: dict[str, int] = _OLD_NAMES | {name: cid for cid, name in NAMES.items()}


def slug(name: str) -> str:
    """Return a name in the spelling of v4l2-ctl: ``"Focus, Absolute"`` -> ``focus_absolute``."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def class_name(cid: int) -> str:
    """Return the class of a control; ``"vendor"`` outside the kernel's classes."""
    return CLASSES.get(cid >> 16, "vendor")


@lru_cache
def flag_words(bits: int) -> frozenset[str]:
    """Return the words of flags that are one number."""
    return frozenset(word for bit, word in FLAGS.items() if bits & bit)
