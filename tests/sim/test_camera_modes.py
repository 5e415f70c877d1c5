# SPDX-License-Identifier: MIT
"""Values that depend on a mode, and values of which a camera has only some."""

import json
import math
from pathlib import Path

import pytest

import v4l2capture
from v4l2capture import Camera, Device, OverconstrainedError, SimulatedCamera

PROFILES = Path(v4l2capture.__file__).parent / "profiles"


@pytest.fixture
def phone():
    return SimulatedCamera("phone")


def profile(name):
    return json.loads((PROFILES / f"{name}.json").read_text(encoding="utf-8"))


# ---- a mode that is wished for, and a value that is required -------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        {"exposureTime": {"exact": 100}, "exposureMode": "continuous"},
        {"exposureTime": {"exact": 100}, "exposureMode": {"ideal": "none"}},
        {"exposureTime": {"exact": 100}, "advanced": [{"exposureMode": "continuous"}]},
        {"exposureTime": {"max": 100}, "advanced": [{"exposureMode": {"ideal": "manual"}}]},
        {"advanced": [{"exposureTime": 100}, {"exposureMode": "continuous"}]},
        {"exposureMode": "continuous", "advanced": [{"exposureTime": 100}]},
        {"exposureTime": 100, "exposureMode": {"ideal": "none"}},
    ],
    ids=str,
)
def test_stronger_wish_for_a_value_decides_its_mode(sim, wanted):
    with Camera(sim.path) as camera:
        for _ in range(2):
            camera.apply_constraints(wanted)

            assert camera.settings.exposure_time == 100
            assert camera.settings.exposure_mode == "manual"


@pytest.mark.parametrize(
    "wanted",
    [
        {"exposureTime": 100, "exposureMode": {"exact": "continuous"}},
        {"exposureTime": 100, "exposureMode": "continuous"},
        {"advanced": [{"exposureMode": "continuous"}, {"exposureTime": 100}]},
        {"exposureTime": 100, "advanced": [{"exposureMode": "continuous"}]},
        {"advanced": [{"exposureTime": {"ideal": 100}}]},
        {"exposureTime": {"min": 10}},
    ],
    ids=str,
)
def test_stronger_wish_for_a_mode_leaves_the_value(sim, wanted):
    with Camera(sim.path) as camera:
        camera.apply_constraints(wanted)

        assert camera.settings.exposure_time == 250
        assert camera.settings.exposure_mode == "continuous"


def test_advanced_set_whose_mode_cannot_be_had_is_left_out_as_a_whole(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(
            exposure_mode={"exact": "continuous"}, advanced=[{"exposureTime": 100, "zoom": 200}]
        )

        assert camera.settings.zoom == 100


def test_mode_and_value_that_exclude_each_other_are_an_error(sim):
    with Camera(sim.path) as camera, pytest.raises(OverconstrainedError) as caught:
        camera.apply_constraints(
            exposure_mode={"exact": "continuous"}, exposure_time={"exact": 100}
        )

    assert caught.value.constraint == "exposureTime"


# ---- two users -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted", [{"exposureMode": "continuous"}, {"advanced": [{"exposureMode": "continuous"}]}]
)
def test_value_that_one_user_requires_keeps_its_mode(sim, wanted):
    with Camera(sim.path) as camera:
        other = camera.add_view()
        camera.apply_constraints(exposure_time={"exact": 100})

        other.apply_constraints(wanted)

        assert camera.settings.exposure_mode == "manual"
        with pytest.raises(OverconstrainedError, match="another user") as caught:
            other.apply_constraints(exposure_mode={"exact": "continuous"})
        assert caught.value.constraint == "exposureMode"
        assert camera.settings.exposure_time == 100


def test_mode_that_one_user_requires_is_an_error_by_the_name_of_the_value(sim):
    with Camera(sim.path) as camera:
        other = camera.add_view()
        camera.apply_constraints(exposure_mode={"exact": "continuous"})

        with pytest.raises(OverconstrainedError, match="another user") as caught:
            other.apply_constraints(exposure_time={"exact": 100})

        assert caught.value.constraint == "exposureTime"


# ---- one run -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["whiteBalanceMode", "focusMode", "exposureMode"])
def test_one_run_is_what_the_settings_say_afterwards(phone, name):
    with Camera(phone.path) as camera:
        camera.apply_constraints({name: {"exact": "single-shot"}})

        assert camera.settings[name] == "single-shot"


def test_own_change_of_a_mode_is_no_change_by_others(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(exposure_time=100, focus_mode="manual")

        assert not camera.take_changes()


# ---- only some values ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ({"iso": {"min": 120, "max": 250, "ideal": 130}}, 200),
        ({"iso": {"min": 120}}, 200),
        ({"iso": {"max": 390}, "advanced": [{"iso": {"min": 150}}]}, 200),
        ({"iso": 130}, 100),
        ({"iso": {"exact": 130}}, 100),  # to the nearest, as on a grid
        ({"exposureCompensation": {"min": 0.4, "max": 0.7}}, 0.667),
        ({"exposureCompensation": {"max": -0.4}}, -0.667),
    ],
    ids=str,
)
def test_value_is_one_of_those_that_are_allowed(phone, wanted, value):
    name = next(iter(wanted))
    with Camera(phone.path) as camera:
        for _ in range(2):
            camera.apply_constraints(wanted)

            assert camera.settings[name] == value


def test_gain_of_a_sensor_is_not_rounded_out_of_its_bounds():
    with Camera("sim:sensor", base_iso=100) as camera:
        camera.apply_constraints(iso={"min": 408})  # codes for 406 and 413 lie around

        assert 408 <= camera.settings.iso < 414


def test_region_that_nobody_asks_for_stays_as_it_is():
    path = Path(__file__).resolve().parents[1] / "data/cameras/laptop_roi_privacy_readonly.json"
    name = "region_of_interest_rectangle"
    with Camera(f"sim:{path}") as camera:
        camera.apply_constraints(points_of_interest=[{"x": 0.2, "y": 0.2}, {"x": 0.6, "y": 0.3}])
        before = camera.controls[name].value

        for nothing in ([], {"exact": []}, {}):
            camera.apply_constraints(points_of_interest=nothing)

            assert camera.controls[name].value == before


# ---- what others change, and what a camera forgets -----------------------------------------------


@pytest.mark.quirk("two-programs")
def test_start_does_not_undo_what_was_changed_since(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom=200, brightness=9)
        camera.controls["zoom_absolute"].value = 300

        camera.grab_frame()
        assert camera.settings.zoom == 300

        with Device(sim.path) as other:
            other.controls["zoom_absolute"].value = 400
        camera.apply_constraints(width={"exact": 320}, height={"exact": 240})
        assert camera.settings.zoom == 400


@pytest.mark.quirk("settings-lost")
def test_camera_that_forgets_gets_what_others_have_changed_back(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom=200, exposure_time=77)
        with Device(sim.path) as other:
            other.controls["zoom_absolute"].value = 400
        sim.fault("reset_controls_on_streamon")

        camera.grab_frame()

        assert camera.settings.zoom == 400
        assert camera.settings.exposure_time == 77


# ---- numbers without a unit ----------------------------------------------------------------------


def test_zoom_is_a_ratio_where_the_driver_counts_hundredths(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom=250)

        assert camera.zoom_ratio == 2.5
        assert camera.focus_metres is None
    with Camera("sim:sensor") as camera:
        assert camera.zoom_ratio is None
        assert camera.focus_metres is None  # nobody knows the lens behind this sensor


def test_focus_is_in_metres_where_sensor_and_lens_are_known():
    known = profile("sensor")
    known["subdevices"][0]["name"] = "imx708 10-001a"
    sim = SimulatedCamera(known)
    with Camera(sim.path) as camera:
        camera.apply_constraints(focus_distance={"exact": 445 + 320})
        assert camera.focus_metres == pytest.approx(0.1)

        camera.apply_constraints(focus_distance={"exact": 445})
        assert camera.focus_metres == math.inf
