# SPDX-License-Identifier: MIT
"""Listings of real cameras give the capabilities that were derived from them by hand.

tests/data/capabilities has one file for each listing: ``capabilities``, their ``defaults``,
and ``played``: what the simulated camera has beyond it, because it offers every entry of a
menu that a listing does not show.
"""

import json
from pathlib import Path

import pytest

from v4l2capture.controlstate import ControlState, by_id
from v4l2capture.dictionaries import MediaSettingsRange
from v4l2capture.mapping import RULES, capabilities, settings
from v4l2capture.profile import Profile
from v4l2capture.writeplan import write_plan

DATA = Path(__file__).resolve().parents[1] / "data"
CAMERAS = sorted((DATA / "cameras").glob("*.json"))


def expected(path):
    return json.loads((DATA / "capabilities" / path.name).read_text(encoding="utf-8"))


def states(path, played=False):
    profile = Profile.load(path)
    controls = [*profile.controls, *(c for s in profile.subdevices for c in s.controls)]
    if played:
        controls = [control.filled() for control in controls]
    return [
        every_entry(ControlState.of(c, c.value)) if played else ControlState.of(c, c.value)
        for c in controls
    ]


def every_entry(state):
    if state.type not in ("menu", "intmenu") or state.menu:
        return state
    menu = {index: f"Entry {index}" for index in range(state.minimum, state.maximum + 1)}
    if state.type == "intmenu":
        menu = {index: index for index in menu}
    return ControlState(
        state.id,
        state.type,
        state.minimum,
        state.maximum,
        1,
        state.default,
        state.flags,
        menu,
        state.value,
    )


@pytest.fixture(params=CAMERAS, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_every_listing_has_its_expectation():
    assert {each.name for each in (DATA / "capabilities").glob("*.json")} == {
        each.name for each in CAMERAS
    }


def test_camera_has_the_capabilities_of_its_controls(path):
    want = expected(path)

    found = capabilities(states(path))

    assert found.to_dict() == want["capabilities"]
    assert {
        name: found[name].default
        for name in found
        if isinstance(found[name], MediaSettingsRange) and found[name].default is not None
    } == want["defaults"]


def test_camera_with_all_menus_has_what_they_name(path):
    want = expected(path)

    found = capabilities(states(path, played=True))

    assert found.to_dict() == want["capabilities"] | want.get("played", {})


def test_ranges_are_ranges(path):
    for rows in (states(path), states(path, played=True)):
        found = capabilities(rows)
        for name in found:
            if isinstance(found[name], MediaSettingsRange):
                one = found[name]
                assert one.min < one.max
                assert one.step is None or one.step > 0
                assert one.default is None or one.min <= one.default <= one.max


def test_settings_lie_in_the_capabilities(path):
    able, now = capabilities(states(path)), settings(states(path))

    for name in now:
        have = able[name]
        if isinstance(have, MediaSettingsRange):
            assert have.min <= now[name] <= have.max
        else:
            assert now[name] in have


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_value_of_a_range_is_written_on_the_grid_and_read_back(path, rule):
    rows = by_id(states(path, played=True))
    able = capabilities(rows).get(rule.name)
    if able is None:
        return

    for part in (0, 0.31, 0.5, 1):
        wanted = able.min + (able.max - able.min) * part
        plan = write_plan(rows, {rule.name: wanted})
        writes = [w for step in plan.steps for w in step.writes if w.cid == rule.cid]
        control = rows[rule.cid]
        raw = writes[0].value if writes else control.value
        assert writes or rule.to_driver(wanted, control) == raw

        if control.type != "intmenu":
            assert control.minimum <= raw <= control.maximum
            assert (raw - control.minimum) % control.step == 0
            assert abs(rule.to_w3c(raw) - wanted) <= control.step
        assert able.min <= rule.setting(with_value(control, raw)) <= able.max


def with_value(state, value):
    return ControlState(
        state.id,
        state.type,
        state.minimum,
        state.maximum,
        state.step,
        state.default,
        state.flags,
        state.menu,
        value,
    )
