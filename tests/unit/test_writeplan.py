# SPDX-License-Identifier: MIT
"""What is written for wanted settings, in which order, and how it is undone."""

import pytest

from v4l2capture.cids import IDS, NAMES
from v4l2capture.controlstate import ControlState
from v4l2capture.mapping import settings
from v4l2capture.sensor import timing
from v4l2capture.writeplan import Wait, write_plan

EXPOSURES = {1: "Manual Mode", 3: "Aperture Priority Mode"}


def control(name, kind="int", low=0, high=100, step=1, **more):
    if kind == "bool":
        low, high = 0, 1
    more["flags"] = frozenset(more.get("flags", ()))
    return ControlState(IDS[name], kind, low, high, step, **more)


def webcam(**values):
    """A camera with everything automatic, or as ``values`` say."""
    have = {"auto_exposure": 3, "white_balance_automatic": True, "focus": True} | values
    auto = have["auto_exposure"] == 3
    return [
        control("brightness", low=-64, high=64, value=0),
        control("zoom_absolute", low=100, high=500, value=100),
        control("pan_absolute", low=-36000, high=36000, step=3600, value=0),
        control("white_balance_automatic", "bool", value=have["white_balance_automatic"]),
        control(
            "white_balance_temperature",
            low=2800,
            high=6500,
            step=10,
            value=4600,
            flags=["inactive"] if have["white_balance_automatic"] else [],
        ),
        control(
            "auto_exposure", "menu", 0, 3, menu=EXPOSURES, default=3, value=have["auto_exposure"]
        ),
        control(
            "exposure_time_absolute",
            low=3,
            high=2047,
            value=250,
            flags=["inactive"] if auto else [],
        ),
        control("focus_automatic_continuous", "bool", value=have["focus"]),
        control(
            "focus_absolute",
            low=0,
            high=255,
            step=5,
            value=0,
            flags=["inactive"] if have["focus"] else [],
        ),
    ]


def named(writes):
    return {NAMES[write.cid]: write.value for write in writes}


def steps(plan):
    return [named(step.writes) for step in plan.steps]


def planned(states, wanted, **more):
    return steps(write_plan(states, wanted, **more))


# ---- order -----------------------------------------------------------------------------------


def test_one_number_is_one_call():
    assert planned(webcam(), {"zoom": 200}) == [{"zoom_absolute": 200}]


def test_masters_come_alone_and_first_then_slaves_then_the_rest_together():
    wanted = {
        "zoom": 200,
        "brightness": 3,
        "exposureTime": 500,
        "focusDistance": 7,
        "exposureMode": "manual",
        "focusMode": "manual",
        "whiteBalanceMode": "continuous",
    }

    plan = write_plan(webcam(), wanted)

    assert steps(plan) == [
        {"auto_exposure": 1},
        {"focus_automatic_continuous": 0},
        {"exposure_time_absolute": 500, "focus_absolute": 5},
        {"brightness": 3, "zoom_absolute": 200},
    ]
    assert [step.verify for step in plan.steps] == [True, True, False, False]


def test_values_are_held_on_the_grid():
    wanted = {"pan": -5000, "zoom": 9999, "colorTemperature": 3333, "whiteBalanceMode": "manual"}

    assert planned(webcam(), wanted) == [
        {"white_balance_automatic": 0},
        {"white_balance_temperature": 3330},
        {"zoom_absolute": 500, "pan_absolute": -3600},
    ]


def test_what_a_control_has_is_not_written_again():
    now = settings(webcam())

    plan = write_plan(webcam(), now)

    assert plan.steps == plan.restore == ()


def test_value_is_written_again_when_its_mode_is_switched():
    """While its master was automatic, what it read was not what the camera used."""
    wanted = {"exposureMode": "manual", "exposureTime": 250}

    assert planned(webcam(), wanted) == [{"auto_exposure": 1}, {"exposure_time_absolute": 250}]


def test_control_that_acts_on_every_write_is_always_written():
    state = control("zoom_absolute", value=5, flags=["execute-on-write"])

    assert planned([state], {"zoom": 5}) == [{"zoom_absolute": 5}]


# ---- modes that a value needs ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"exposureTime": 9}, [{"auto_exposure": 1}, {"exposure_time_absolute": 9}]),
        (
            {"colorTemperature": 3000},
            [{"white_balance_automatic": 0}, {"white_balance_temperature": 3000}],
        ),
        ({"focusDistance": 50}, [{"focus_automatic_continuous": 0}, {"focus_absolute": 50}]),
        ({"exposureTime": 250}, []),  # it has that already: nobody asked for another mode
    ],
)
def test_value_brings_its_manual_mode_along(wanted, expected):
    assert planned(webcam(), wanted) == expected


def test_value_does_not_override_a_mode_that_somebody_wants():
    wanted = {"exposureTime": 9, "exposureMode": "continuous", "zoom": 200}

    plan = write_plan(webcam(), wanted)

    assert steps(plan) == [{"zoom_absolute": 200}]
    assert plan.skipped == {"exposureTime": "exposureMode is continuous"}


def test_unknown_master_is_no_reason_not_to_try():
    states = [
        control("auto_exposure", "menu", 0, 3, value=3),  # tells none of its entries
        control("exposure_time_absolute", value=5, flags=["inactive"]),
    ]

    assert planned(states, {"exposureTime": 9}) == [{"exposure_time_absolute": 9}]


# ---- menus -------------------------------------------------------------------------------------


def exposures(entries, value, default=None, time_flags=()):
    menu = {entry: str(entry) for entry in entries}
    return [
        control("auto_exposure", "menu", 0, 3, menu=menu, value=value, default=default),
        control("exposure_time_absolute", value=5, flags=time_flags),
    ]


@pytest.mark.parametrize(
    ("entries", "value", "default", "mode", "expected"),
    [
        ((0, 1), 0, 0, "manual", [1]),
        ((1, 3), 3, 3, "manual", [1]),
        ((0, 2), 0, 0, "manual", [2]),
        ((0, 2), 2, 0, "continuous", [0]),
        ((0, 1, 2, 3), 1, 0, "continuous", [0]),  # the driver's default
        ((0, 1, 2, 3), 1, 3, "continuous", [3]),
        ((0, 1, 2, 3), 1, 1, "continuous", [3]),
        ((0, 1, 2, 3), 0, 3, "continuous", []),  # already
        ((0, 1, 2, 3), 2, 3, "manual", []),  # shutter priority is manual, too
    ],
)
def test_entry_is_chosen_from_the_menu(entries, value, default, mode, expected):
    plan = write_plan(exposures(entries, value, default), {"exposureMode": mode})

    assert [write.value for step in plan.steps for write in step.writes] == expected


def test_shutter_priority_gives_way_where_it_holds_the_time():
    states = exposures((1, 2, 3), 2, 3, ["inactive"])

    assert planned(states, {"exposureMode": "manual", "exposureTime": 9}) == [
        {"auto_exposure": 1},
        {"exposure_time_absolute": 9},
    ]


def test_boolean_exposure_is_switched_by_meaning():
    state = control("auto_exposure", "bool", value=True)

    assert planned([state], {"exposureMode": "manual"}) == [{"auto_exposure": 0}]


@pytest.mark.parametrize(
    ("value", "mode", "expected"),
    [
        (1, "manual", [{"white_balance_auto_preset": 0}]),
        (6, "manual", []),
        (6, "continuous", [{"white_balance_auto_preset": 1}]),
        (10, "continuous", []),
    ],
)
def test_white_balance_by_preset(value, mode, expected):
    menu = {entry: str(entry) for entry in range(11)}
    state = control("white_balance_auto_preset", "menu", 0, 10, menu=menu, value=value)

    assert planned([state], {"whiteBalanceMode": mode}) == expected


def test_iso_switches_its_automatic_off_and_takes_the_nearest_entry():
    states = [
        control(
            "iso_sensitivity",
            "intmenu",
            0,
            3,
            value=0,
            menu={0: 0, 1: 100000, 2: 200000, 3: 800000},
        ),
        control("iso_sensitivity_auto", "menu", 0, 1, menu={0: "Manual", 1: "Auto"}, value=1),
    ]

    plan = write_plan(states, {"iso": 240})

    assert steps(plan) == [{"iso_sensitivity_auto": 0}, {"iso_sensitivity": 2}]
    assert named(plan.restore) == {"iso_sensitivity": 0, "iso_sensitivity_auto": 1}


def test_bias_without_effect_is_skipped():
    menu = {0: -1000, 1: 0, 2: 1000}
    held = control("auto_exposure_bias", "intmenu", 0, 2, menu=menu, value=1, flags=["inactive"])
    free = control("auto_exposure_bias", "intmenu", 0, 2, menu=menu, value=1)

    assert write_plan([held], {"exposureCompensation": 1}).steps == ()
    assert planned([free], {"exposureCompensation": 0.9}) == [{"auto_exposure_bias": 2}]


# ---- single shot -------------------------------------------------------------------------------


def test_one_run_of_the_focus_is_waited_for():
    states = [
        control("focus_automatic_continuous", "bool", value=True),
        control("auto_focus_start", "button", flags=["write-only"]),
        control("auto_focus_status", "bitmask", high=7, value=0),
    ]

    plan = write_plan(states, {"focusMode": "single-shot"})

    assert steps(plan) == [{"focus_automatic_continuous": 0}, {"auto_focus_start": 1}]
    assert plan.steps[-1].wait == Wait(5.0, IDS["auto_focus_status"], 1)
    assert named(plan.restore) == {"focus_automatic_continuous": True}


def test_one_run_of_the_white_balance():
    states = [
        control("white_balance_automatic", "bool", value=False),
        control("do_white_balance", "button", flags=["write-only"]),
    ]

    plan = write_plan(states, {"whiteBalanceMode": "single-shot"})

    assert steps(plan) == [{"do_white_balance": 1}]
    assert plan.restore == ()


def test_exposure_is_locked_after_it_has_settled():
    auto = control("auto_exposure", "menu", 0, 1, menu={0: "a", 1: "m"}, value=1)
    lock = control("3a_lock", "bitmask", high=7, value=4)

    plan = write_plan([auto, lock], {"exposureMode": "single-shot"})

    assert steps(plan) == [{"auto_exposure": 0}, {"3a_lock": 5}]
    assert plan.steps[0].wait == Wait(1.0)


def test_lock_is_taken_away_before_anything_moves():
    auto = control("auto_exposure", "menu", 0, 1, menu={0: "a", 1: "m"}, value=0)
    lock = control("3a_lock", "bitmask", high=7, value=5)

    assert planned([auto, lock], {"exposureMode": "manual"}) == [
        {"3a_lock": 4},
        {"auto_exposure": 1},
    ]


# ---- lamps, regions, sensors -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "wanted", "expected"), [(0, True, 2), (1, True, 2), (2, False, 0), (2, True, None)]
)
def test_torch(value, wanted, expected):
    state = control("led_mode", "menu", 0, 2, menu={0: "n", 1: "f", 2: "t"}, value=value)

    assert planned([state], {"torch": wanted}) == (
        [] if expected is None else [{"led_mode": expected}]
    )


def test_region_is_written_before_what_looks_at_it():
    states = [
        ControlState(
            IDS["region_of_interest_rectangle"],
            "rect",
            (0, 0, 1, 1),
            (0, 0, 1000, 500),
            value=(0, 0, 1, 1),
        ),
        control("region_of_interest_auto_ctrls", "bitmask", high=1, value=0),
    ]

    plan = write_plan(states, {"pointsOfInterest": [{"x": 0.5, "y": 0.5}]})

    assert steps(plan) == [
        {"region_of_interest_rectangle": (400, 200, 200, 100)},
        {"region_of_interest_auto_ctrls": 1},
    ]
    assert planned(states, {"pointsOfInterest": []}) == []


def test_exposure_of_a_raw_sensor_is_written_in_lines():
    states = [
        control("exposure", low=4, high=1759, value=1600),
        control("horizontal_blanking", value=80),
        ControlState(IDS["pixel_rate"], "int64", value=100_000_000),
    ]
    known = timing({state.id: state for state in states}, 1920, "imx219")

    assert planned(states, {"exposureTime": 100}, timing=known) == [{"exposure": 500}]


# ---- what cannot be written, and how to go back --------------------------------------------------


def test_what_the_camera_has_not_is_skipped_and_said():
    wanted = {"zoom": 1, "torch": True, "focusMode": "manual", "pointsOfInterest": []}

    plan = write_plan([control("brightness", value=1)], wanted | {"width": 640})

    assert plan.steps == ()
    assert set(plan.skipped) == wanted.keys()


@pytest.mark.parametrize(
    ("states", "wanted", "expected"),
    [
        (  # was automatic: values first, while they can be written
            webcam(),
            {"exposureMode": "manual", "exposureTime": 9, "zoom": 200},
            ["exposure_time_absolute", "zoom_absolute", "auto_exposure"],
        ),
        (  # was manual: that first, or the value is refused
            webcam(auto_exposure=1),
            {"exposureMode": "continuous", "zoom": 200},
            ["auto_exposure", "zoom_absolute"],
        ),
        (webcam(auto_exposure=1), {"exposureTime": 9}, ["exposure_time_absolute"]),
    ],
)
def test_way_back_is_in_an_order_that_drivers_accept(states, wanted, expected):
    plan = write_plan(states, wanted)

    old = {state.id: state.value for state in states}
    assert [NAMES[write.cid] for write in plan.restore] == expected
    assert all(write.value == old[write.cid] for write in plan.restore)


@pytest.mark.parametrize(
    "wanted",
    [{"zoom": "1"}, {"zoom": True}, {"torch": 1}, {"focusMode": 1}, {"zoom": {"exact": 1}}],
)
def test_wrong_type_is_a_type_error(wanted):
    with pytest.raises(TypeError):
        write_plan(webcam(), wanted)
