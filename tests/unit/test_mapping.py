# SPDX-License-Identifier: MIT
"""Controls as W3C properties: numbers, units, menus, modes, lamps, regions, raw sensors."""

import math
import re
from fractions import Fraction
from pathlib import Path

import pytest

from v4l2capture.cids import IDS, NAMES
from v4l2capture.controlstate import ControlState
from v4l2capture.dictionaries import FillLightMode, Point2D, RedEyeReduction
from v4l2capture.mapping import (
    MODES,
    NEEDS,
    RULES,
    capabilities,
    fill_light_modes,
    red_eye_reduction,
    region_of_interest,
    settings,
    zoom_ratio,
)
from v4l2capture.sensor import LENSES, SENSORS, timing

HEADERS = [Path("/usr/include/linux") / name for name in ("v4l2-controls.h", "uvcvideo.h")]

KERNEL = {
    "brightness": "BRIGHTNESS",
    "contrast": "CONTRAST",
    "saturation": "SATURATION",
    "sharpness": "SHARPNESS",
    "white_balance_temperature": "WHITE_BALANCE_TEMPERATURE",
    "white_balance_automatic": "AUTO_WHITE_BALANCE",
    "white_balance_auto_preset": "AUTO_N_PRESET_WHITE_BALANCE",
    "do_white_balance": "DO_WHITE_BALANCE",
    "exposure": "EXPOSURE",
    "auto_exposure": "EXPOSURE_AUTO",
    "exposure_time_absolute": "EXPOSURE_ABSOLUTE",
    "auto_exposure_bias": "AUTO_EXPOSURE_BIAS",
    "iso_sensitivity": "ISO_SENSITIVITY",
    "iso_sensitivity_auto": "ISO_SENSITIVITY_AUTO",
    "focus_absolute": "FOCUS_ABSOLUTE",
    "focus_automatic_continuous": "FOCUS_AUTO",
    "auto_focus_start": "AUTO_FOCUS_START",
    "auto_focus_status": "AUTO_FOCUS_STATUS",
    "3a_lock": "3A_LOCK",
    "zoom_absolute": "ZOOM_ABSOLUTE",
    "pan_absolute": "PAN_ABSOLUTE",
    "tilt_absolute": "TILT_ABSOLUTE",
    "camera_orientation": "CAMERA_ORIENTATION",
    "led_mode": "FLASH_LED_MODE",
    "strobe": "FLASH_STROBE",
    "analogue_gain": "ANALOGUE_GAIN",
    "horizontal_blanking": "HBLANK",
    "pixel_rate": "PIXEL_RATE",
    "region_of_interest_rectangle": "UVC_REGION_OF_INTEREST_RECT",
    "region_of_interest_auto_ctrls": "UVC_REGION_OF_INTEREST_AUTO",
}

EXPOSURES = {0: "Auto Mode", 1: "Manual Mode", 2: "Shutter Priority", 3: "Aperture Priority"}


def control(name, kind="int", low=0, high=100, step=1, **more):
    if kind == "bool":
        low, high = 0, 1
    return ControlState(IDS[name], kind, low, high, step, **more)


def menu(name, *entries, value=None, **more):
    numbers = all(isinstance(entry, int) for entry in entries) and more.pop("numbers", False)
    items = dict(enumerate(entries)) if numbers else {e: f"Entry {e}" for e in entries}
    return control(
        name,
        "intmenu" if numbers else "menu",
        min(items),
        max(items),
        menu=items,
        value=value,
        **more,
    )


def intmenu(name, *numbers, **more):
    return menu(name, *numbers, numbers=True, **more)


def able(*controls, **more):
    return capabilities(controls, **more).to_dict()


def now(*controls, **more):
    return settings(controls, **more).to_dict()


# ---- the table -------------------------------------------------------------------------------


def kernel_numbers():
    """Return V4L2_CID_* as the installed headers define them."""
    text = "".join(path.read_text() for path in HEADERS if path.exists())
    found = dict(re.findall(r"#define\s+(V4L2_C\w+)\s+(.+?)\s*(?:/\*.*)?$", text, re.MULTILINE))
    known = {}
    for name, value in found.items():
        while names := re.findall(r"V4L2_\w+", value):
            if any(each not in found for each in names):
                break
            for each in names:
                value = value.replace(each, found[each])
        if re.fullmatch(r"[()0-9a-fxA-FX|+ ]+", value) and name.startswith("V4L2_CID_"):
            known[name.removeprefix("V4L2_CID_")] = eval(value)
    return known


@pytest.mark.skipif(not HEADERS[0].exists(), reason="the kernel's headers are not installed")
def test_numbers_are_the_kernels():
    kernel = kernel_numbers()
    compared = {name: kernel[KERNEL[name]] for name in KERNEL if KERNEL[name] in kernel}

    assert len(compared) >= 25
    assert {name: IDS[name] for name in compared} == compared


def test_every_control_of_the_table_is_compared_with_the_kernel():
    used = {rule.control for rule in RULES}
    for mode in MODES.values():
        used |= {auto.control for auto in mode.autos}
        used |= {name for name in (mode.fixed, mode.button, mode.status) if name}

    assert used <= KERNEL.keys()
    assert all(NAMES[IDS[name]] == name for name in used)


def test_no_name_and_no_control_appears_twice():
    names = [*(rule.name for rule in RULES), *MODES]

    assert len(set(names)) == len(names)
    assert len({rule.cid for rule in RULES}) == len(RULES)
    assert set(NEEDS) <= set(names)
    assert set(NEEDS.values()) == set(MODES)


def test_controls_outside_the_model_are_nowhere_in_it():
    inside = KERNEL.keys()
    others = [control(name, value=1) for name in NAMES.values() if name not in inside]

    assert able(*others) == now(*others) == {}


# ---- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [r for r in RULES if r.control in KERNEL], ids=lambda r: r.name)
def test_every_driver_value_survives_the_round_trip(rule):
    state = intmenu(rule.control, *range(1000, 30000, 700))
    if hasattr(rule, "scale"):
        state = control(rule.control, low=-7200, high=7200, step=48)
    values = state.menu if state.menu else range(-7200, 7201, 48)

    for value in values:
        one = ControlState(
            state.id,
            state.type,
            state.minimum,
            state.maximum,
            state.step,
            menu=state.menu,
            value=value,
        )
        assert rule.to_driver(rule.setting(one), state) == value


@pytest.mark.parametrize(
    ("low", "high", "step", "flags", "kind"),
    [
        (5, 5, 1, (), "int"),
        (9, 3, 1, (), "int"),
        (0, 0, 0, ("disabled",), "int"),
        (0, 9, 1, ("disabled",), "int"),
        (0, 9, 1, ("write-only",), "int"),
        (0, 9, 1, ("has-payload",), "u8"),
        (0, 9, 1, (), "bool"),
        (0, 9, 1, (), "menu"),
        (0, 9, 1, (), "107"),
    ],
)
def test_what_is_no_range_has_no_capability_and_no_setting(low, high, step, flags, kind):
    state = ControlState(
        IDS["brightness"], kind, low, high, step or 1, flags=frozenset(flags), value=5
    )

    assert able(state) == now(state) == {}


def test_read_only_is_a_setting_without_a_capability():
    state = control("zoom_absolute", flags=frozenset({"read-only"}), value=5)

    assert able(state) == {}
    assert now(state) == {"zoom": 5}


@pytest.mark.parametrize("value", [-5, 105])
def test_value_outside_the_range_counts_as_the_nearest(value):
    assert now(control("brightness", value=value)) == {"brightness": max(0, min(value, 100))}


@pytest.mark.parametrize("value", [None, b"x", (1, 2)])
def test_value_that_could_not_be_read_is_absent(value):
    assert now(control("brightness", value=value)) == {}


@pytest.mark.parametrize(
    ("low", "high", "step", "expected"),
    [
        (-36000, 36000, 3600, {"min": -36000, "max": 36000, "step": 3600}),
        (-2592000, 2592000, 3600, {"min": -648000, "max": 648000, "step": 3600}),
        (-650000, 650000, 5000, {"min": -645000, "max": 645000, "step": 5000}),
        (0, 700000, 7, {"min": 0, "max": 647997, "step": 7}),
        (0, 3600, 3600, {"min": 0, "max": 3600, "step": 3600}),
        (700000, 800000, 1, None),
    ],
)
def test_pan_and_tilt_end_at_half_a_turn(low, high, step, expected):
    states = [
        control(name, low=low, high=high, step=step) for name in ("pan_absolute", "tilt_absolute")
    ]

    assert able(*states) == ({"pan": expected, "tilt": expected} if expected else {})


def test_default_outside_the_published_range_is_none():
    pan = control("pan_absolute", low=-2592000, high=2592000, step=3600, default=720000)
    raw = type(
        "Raw",
        (),
        {
            "id": IDS["brightness"],
            "type": "int",
            "minimum": 0,
            "maximum": 255,
            "step": 0,
            "default": -8193,
            "flags": 0x20,
            "menu": None,
        },
    )

    assert capabilities([pan]).pan.default is None
    state = ControlState.of(raw(), 3)
    assert (state.default, state.step, state.flags) == (None, 1, {"slider"})


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(-1.0, 3), (3.0, 3), (5.4, 3), (5.5, 8), (12.4, 13), (2047.0, 2043), (1e9, 2043)],
)
def test_written_value_lies_on_a_step_inside_the_range(wanted, expected):
    rule = next(rule for rule in RULES if rule.name == "exposureTime")

    assert rule.to_driver(wanted, control(rule.control, low=3, high=2047, step=5)) == expected


# ---- integer menus ---------------------------------------------------------------------------


def test_bias_is_in_exposure_values():
    even = intmenu("auto_exposure_bias", -1000, -500, 0, 500, 1000, value=1, default=2)
    thirds = intmenu("auto_exposure_bias", -667, -333, 0, 333, 667, value=9)

    assert able(even) == {"exposureCompensation": {"min": -1, "max": 1, "step": 0.5}}
    assert capabilities([even]).exposure_compensation.default == 0
    assert now(even) == {"exposureCompensation": -0.5}
    assert able(thirds) == {"exposureCompensation": {"min": -0.667, "max": 0.667}}
    assert now(thirds) == {}


def test_unordered_menu_is_searched():
    rule = next(rule for rule in RULES if rule.name == "exposureCompensation")
    state = intmenu("auto_exposure_bias", 0, 2000, -2000)

    assert [rule.to_driver(ev, state) for ev in (-9, -0.9, 0.9, 1.1)] == [2, 0, 0, 1]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((0, 100000, 200000, 800000), {"min": 100, "max": 800}),  # 0 is automatic
        ((100000, 200000, 300000), {"min": 100, "max": 300, "step": 100}),
        ((100, 200, 400), {"min": 100, "max": 400}),  # drivers that forget the factor
        ((100000,), None),
        ((0, 100000), None),
    ],
)
def test_iso_is_read_from_the_entries(entries, expected):
    assert able(intmenu("iso_sensitivity", *entries)) == ({"iso": expected} if expected else {})


def test_menu_of_which_nothing_is_known_gives_nothing():
    states = [
        control(name, kind, 0, 4, value=1)
        for name, kind in (
            ("auto_exposure_bias", "intmenu"),
            ("iso_sensitivity", "intmenu"),
            ("auto_exposure", "menu"),
            ("led_mode", "menu"),
        )
    ]

    assert able(*states) == now(*states) == {}


# ---- modes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "modes", "values"),
    [
        ((0, 1), ["manual", "continuous"], {0: "continuous", 1: "manual"}),
        ((1, 3), ["manual", "continuous"], {1: "manual", 3: "continuous", 0: None}),
        ((0, 2), ["manual", "continuous"], {0: "continuous", 2: "manual"}),
        ((0, 1, 2, 3), ["manual", "continuous"], {2: "manual", 3: "continuous"}),
        ((1,), ["manual"], {1: "manual"}),
        ((3,), ["continuous"], {3: "continuous"}),
    ],
)
def test_exposure_modes_are_read_from_the_menu(entries, modes, values):
    for value, mode in values.items():
        state = menu("auto_exposure", *entries, value=value)

        assert able(state) == {"exposureMode": modes}
        assert now(state) == ({"exposureMode": mode} if mode else {})


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("auto_exposure", "exposureMode"),
        ("white_balance_automatic", "whiteBalanceMode"),
        ("focus_automatic_continuous", "focusMode"),
    ],
)
def test_boolean_means_automatic(name, member):
    for value, mode in ((True, "continuous"), (False, "manual"), (1, "continuous")):
        state = control(name, "bool", value=value)

        assert able(state) == {member: ["manual", "continuous"]}
        assert now(state) == {member: mode}


def test_boolean_that_cannot_be_written_has_one_mode():
    state = control("white_balance_automatic", "bool", value=True, flags=frozenset({"read-only"}))

    assert able(state) == {"whiteBalanceMode": ["continuous"]}


@pytest.mark.parametrize(
    ("value", "mode"), [(0, "manual"), (1, "continuous"), (6, "manual"), (10, "continuous")]
)
def test_white_balance_by_preset(value, mode):
    state = menu("white_balance_auto_preset", *range(11), value=value)

    assert able(state) == {"whiteBalanceMode": ["manual", "continuous"]}
    assert now(state) == {"whiteBalanceMode": mode}


@pytest.mark.parametrize(
    ("name", "mode", "value"),
    [
        ("focus_absolute", "focusMode", "focusDistance"),
        ("exposure_time_absolute", "exposureMode", "exposureTime"),
        ("white_balance_temperature", "whiteBalanceMode", "colorTemperature"),
    ],
)
def test_value_without_an_automatic_is_manual(name, mode, value):
    assert now(control(name, value=3)) == {mode: "manual", value: 3}
    assert able(control(name))[mode] == ["manual"]

    assert mode not in able(control(name, flags=frozenset({"inactive"})))


def test_single_shot_by_button():
    states = [
        control("white_balance_automatic", "bool", value=False),
        control("do_white_balance", "button", flags=frozenset({"write-only"})),
        control("auto_focus_start", "button", flags=frozenset({"write-only"})),
        control("auto_focus_status", "bitmask", high=7, value=1),
    ]

    assert able(*states) == {
        "whiteBalanceMode": ["manual", "single-shot", "continuous"],
        "focusMode": ["single-shot"],
    }
    assert now(*states) == {"whiteBalanceMode": "manual", "focusMode": "single-shot"}


def test_single_shot_by_lock():
    auto = menu("auto_exposure", 0, 1, value=0)

    for bits, mode in ((0, "continuous"), (1, "single-shot"), (2, "continuous")):
        lock = control("3a_lock", "bitmask", high=7, value=bits)
        assert able(auto, lock) == {"exposureMode": ["manual", "single-shot", "continuous"]}
        assert now(auto, lock) == {"exposureMode": mode}
    assert able(auto, control("3a_lock", "bitmask", high=6, value=0)) == {
        "exposureMode": ["manual", "continuous"]
    }


# ---- lamps, direction --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "torch", "lights", "red_eye"),
    [
        ((0, 1, 2), [False, True], ["auto", "off", "flash"], "controllable"),
        ((0, 2), [False, True], [], "controllable"),
        ((2,), [True], [], "never"),
        ((0, 1), None, ["auto", "off", "flash"], "controllable"),
        ((1,), None, ["flash"], "controllable"),
        ((0, 1, 2, 3, 4), [False, True], ["auto", "off", "flash"], "controllable"),
        ((0,), None, [], "never"),
    ],
)
def test_lamps(entries, torch, lights, red_eye):
    states = [menu("led_mode", *entries, value=entries[-1]), control("strobe", "button")]

    assert able(*states) == ({"torch": torch} if torch else {})
    assert fill_light_modes(states) == [FillLightMode(light) for light in lights]
    assert red_eye_reduction(states) == RedEyeReduction(red_eye)


def test_flash_without_a_strobe_is_none():
    """Sensors have such a menu for a pin, and nothing may be behind it."""
    state = menu("led_mode", 0, 1, value=0)

    assert fill_light_modes([state]) == []
    assert red_eye_reduction([state]) is RedEyeReduction.NEVER
    assert fill_light_modes([]) == []


@pytest.mark.parametrize(("value", "facing"), [(0, "user"), (1, "environment"), (2, None)])
def test_facing_mode(value, facing):
    state = menu("camera_orientation", 0, 1, 2, value=value, flags=frozenset({"read-only"}))

    assert able(state) == ({"facingMode": [facing]} if facing else {})
    assert now(state) == ({"facingMode": facing} if facing else {})


def test_zoom_ratio_is_known_where_the_driver_counts_hundredths():
    assert zoom_ratio(control("zoom_absolute", low=100, high=500, value=250)) == Fraction(5, 2)
    assert zoom_ratio(control("zoom_absolute", low=1, high=31, value=4)) is None


# ---- points of interest --------------------------------------------------------------------------


def region(value=(0, 0, 1, 1), bits=0, most=0b1111, maximum=(0, 0, 1000, 500), **more):
    rect = ControlState(
        IDS["region_of_interest_rectangle"], "rect", (0, 0, 50, 50), maximum, value=value, **more
    )
    auto = control("region_of_interest_auto_ctrls", "bitmask", high=most, value=bits)
    return [rect, auto]


def test_points_are_known_by_their_setting():
    assert able(*region()) == {}
    assert now(*region()) == {"pointsOfInterest": []}
    assert now(*region((400, 200, 200, 100), 1)) == {"pointsOfInterest": [{"x": 0.5, "y": 0.5}]}
    assert now(*region((400, 200, 200, 100), 0)) == {"pointsOfInterest": []}
    assert now(*region(maximum=0)) == {}
    assert now(*region(maximum=0), frame=(10, 10)) == {"pointsOfInterest": []}
    assert now(*region(most=2)) == {}
    assert now(*region()[:1]) == now(*region()[1:]) == {}


@pytest.mark.parametrize(
    ("points", "rect", "bits"),
    [
        ([(0.5, 0.5)], (400, 200, 200, 100), 0b1101),
        ([(0, 0)], (0, 0, 200, 100), 0b1101),
        ([(1, 1)], (800, 400, 200, 100), 0b1101),
        ([(0.2, 0.5), (0.8, 0.5)], (100, 200, 800, 100), 0b1101),
        ([(0, 0), (1, 1)], (0, 0, 1000, 500), 0b1101),
        ([], (0, 0, 1000, 500), 0),
    ],
)
def test_points_become_a_region(points, rect, bits):
    assert region_of_interest(region(), [Point2D(*p) for p in points]) == (rect, bits)


def test_point_in_the_middle_survives_the_round_trip():
    rect, bits = region_of_interest(region(), [Point2D(0.3, 0.7)])

    assert now(*region(rect, bits)) == {"pointsOfInterest": [{"x": 0.3, "y": 0.7}]}


# ---- raw sensors ---------------------------------------------------------------------------------


def raw(value=1600, **more):
    numbers = {"rate": 182400000, "blank": 1528} | more
    return [
        control("exposure", low=4, high=1759, value=value, default=1600),
        control("horizontal_blanking", low=1528, high=1528, value=numbers["blank"]),
        control("analogue_gain", low=0, high=232, value=128),
        ControlState(IDS["pixel_rate"], "int64", 1, 1, value=numbers["rate"]),
    ]


def by_number(states):
    return {state.id: state for state in states}


def test_lines_become_time_when_everything_is_known():
    states = raw()
    known = timing(by_number(states), 1920, "imx219", base_iso=100)

    found, values = able(*states, timing=known), now(*states, timing=known)

    assert float(known.scale) == pytest.approx(0.189, rel=1e-3)  # 18.9 µs, in 100 µs
    assert found["exposureTime"]["min"] == float(4 * known.scale)
    assert values["exposureTime"] == pytest.approx(302.46, rel=1e-3)
    assert values["iso"] == 200  # 256 / (256 - 128)
    assert able(*states) == now(*states) == {}


@pytest.mark.parametrize(
    ("width", "name", "numbers"),
    [
        (None, "imx219", {}),
        (1920, "unheard-of", {}),
        (1920, "imx219", {"rate": 0}),
        (1920, "imx219", {"rate": None}),
        (1920, "imx219", {"blank": 4294966492}),  # -804
        (1920, "imx219", {"blank": None}),
    ],
)
def test_nothing_is_converted_by_guess(width, name, numbers):
    assert timing(by_number(raw(**numbers)), width, name) is None


def test_iso_needs_the_users_word():
    states = raw()
    known = timing(by_number(states), 1920, "imx219")

    assert "iso" not in able(*states, timing=known)


@pytest.mark.parametrize("name", SENSORS)
def test_gain_law_goes_both_ways(name):
    sensor = SENSORS[name]
    codes = range(1, (sensor.top or sensor.unit * 16 or 240) - 1, 7)

    for code in codes:
        assert sensor.code(sensor.gain(code)) == pytest.approx(code)


def test_gains_are_those_of_the_data_sheets():
    assert SENSORS["imx219"].gain(0) == 1
    assert SENSORS["imx219"].gain(256) is None
    assert SENSORS["ov5647"].gain(32) == 2
    assert SENSORS["imx290"].gain(20) == pytest.approx(10**0.3)


def test_lens_of_known_modules_has_metres():
    lens = LENSES["imx708"]

    assert lens.metres(445) == math.inf
    assert lens.metres(445 + 320) == 0.1
    assert lens.code(0.5) == 509
