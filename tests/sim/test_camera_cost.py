# SPDX-License-Identifier: MIT
"""How many ioctls a camera takes: each may be a message over USB, and takes milliseconds."""

import pytest

from v4l2capture import Camera, Device

REQUESTS = (
    *("QUERYCAP", "ENUM_FMT", "ENUM_FRAMESIZES", "ENUM_FRAMEINTERVALS", "G_FMT", "G_PARM"),
    *("QUERY_EXT_CTRL", "QUERYCTRL", "QUERYMENU", "G_EXT_CTRLS", "G_CTRL", "SUBSCRIBE_EVENT"),
    *("DQEVENT", "S_EXT_CTRLS", "TRY_EXT_CTRLS", "S_CTRL", "S_FMT", "TRY_FMT", "S_PARM"),
)


@pytest.fixture
def cost(sim):
    """Do something; return the ioctls that it took."""

    def cost(use):
        before = {name: sim.ioctls(f"VIDIOC_{name}") for name in REQUESTS}
        use()
        taken = {name: sim.ioctls(f"VIDIOC_{name}") - before[name] for name in REQUESTS}
        return {name: count for name, count in taken.items() if count}

    return cost


def look_by_hand(path):
    with Device(path) as device:
        device.controls.refresh()
        device.formats()


def look(path):
    with Camera(path) as camera:
        assert camera.capabilities


def test_opening_takes_one_look_at_everything_and_one_reading_of_values(sim, cost):
    by_hand = cost(lambda: look_by_hand(sim.path))

    taken = cost(lambda: look(sim.path))

    subscribed = taken.pop("SUBSCRIBE_EVENT")  # one for each control behind a property
    assert subscribed <= len(sim.profile.controls)
    assert taken == by_hand | {"G_EXT_CTRLS": 1, "G_FMT": 1, "G_PARM": 1, "DQEVENT": 1}


def test_looking_again_takes_one_reading(sim, cost):
    with Camera(sim.path) as camera:
        assert camera.capabilities

        assert cost(lambda: camera.capabilities) == {"G_EXT_CTRLS": 1, "DQEVENT": 1}
        again = {"G_EXT_CTRLS": 1, "DQEVENT": 1, "G_FMT": 1, "G_PARM": 1}
        assert cost(lambda: camera.settings) == again


@pytest.mark.parametrize(
    "wanted",
    [{"advanced": [{"zoom": 200}]}, {"zoom": 200}, {"zoom": {"exact": 200}}],
    ids=["advanced", "ideal", "required"],
)
def test_a_zoom_takes_a_write_and_a_look_before_and_after(sim, cost, wanted):
    with Camera(sim.path) as camera:
        taken = cost(lambda: camera.apply_constraints(wanted))

        assert taken == {"DQEVENT": 1, "G_EXT_CTRLS": 2, "S_EXT_CTRLS": 1}


def test_a_zoom_that_is_set_already_takes_no_write(sim, cost):
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom=200)

        assert cost(lambda: camera.apply_constraints(zoom=200)) == {"DQEVENT": 1, "G_EXT_CTRLS": 1}
