# SPDX-License-Identifier: MIT
"""Values as people read and write them."""

import pytest

from v4l2capture.cli.values import UNITS, control_text, read_control, read_property, text
from v4l2capture.mapping import RULES


class Control:
    """What reading a value needs to know of a control."""

    def __init__(self, kind, menu=None, dims=(), flags=()):
        self.name = "knob"
        self.type = kind
        self.menu = menu or {}
        self.dims = dims
        self.flags = frozenset(flags)


# ---- W3C properties ----


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("zoom", "200", 200),
        ("zoom", "0xc8", 200),
        ("zoom", "0200", 200),
        ("pan", "-3600", -3600),
        ("exposureCompensation", "-0.5", -0.5),
        ("exposureCompensation", "1e1", 10),
        ("frameRate", "29.97", 29.97),
        ("frameRate", "30000/1001", 30000 / 1001),
        ("torch", "on", True),
        ("torch", "True", True),
        ("torch", "yes", True),
        ("torch", "off", False),
        ("torch", "false", False),
        ("torch", "no", False),
        ("focusMode", "manual", "manual"),
        ("deviceId", "=", "="),
        ("pointsOfInterest", "0.5,0.25", [{"x": 0.5, "y": 0.25}]),
        ("pointsOfInterest", "0,0,1,1", [{"x": 0, "y": 0}, {"x": 1, "y": 1}]),
    ],
)
def test_property_is_read_by_its_kind(name, written, value):
    read = read_property(name, written)

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "written", "complaint"),
    [
        ("zoom", "far", "zoom takes a number, not 'far'"),
        ("zoom", "nan", "zoom takes a number"),
        ("zoom", "inf", "zoom takes a number"),
        ("zoom", "1e999999999", "zoom takes a number"),
        ("zoom", "9" * 400, "zoom takes a number"),
        ("zoom", "9" * 5000, "zoom takes a number"),
        ("zoom", "on", "zoom takes a number"),
        ("zoom", "", "zoom takes a number"),
        ("frameRate", "30/0", "frameRate takes a number"),
        ("torch", "2", "torch takes on or off, not '2'"),
        ("pointsOfInterest", "0.5", "points such as 0.5,0.5"),
        ("pointsOfInterest", "a,b", "points such as 0.5,0.5"),
        ("pointsOfInterest", "nan,0", "points such as 0.5,0.5"),
    ],
)
def test_property_that_is_written_wrong_is_named(name, written, complaint):
    with pytest.raises(ValueError, match=complaint):
        read_property(name, written)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "on"),
        (False, "off"),
        (200, "200"),
        (30.0, "30"),
        (30000 / 1001, "29.97"),
        (1e9, "1000000000"),
        (-0.5, "-0.5"),
        ("manual", "manual"),
        (["manual", "continuous"], "manual, continuous"),
        ([False, True], "off, on"),
        ([], ""),
        ([{"x": 0.5, "y": 0.25}, {"x": 1, "y": 0}], "0.5,0.25 1,0"),
    ],
)
def test_property_is_shown_as_it_is_written(value, shown):
    assert text(value) == shown


def test_units_are_those_of_the_mapping():
    assert {"exposureTime": "100 µs", "colorTemperature": "K"}.items() <= UNITS.items()
    assert [r.name for r in RULES if r.unit is None and r.name in UNITS] == []


# ---- controls ----

LABELS = {0: "Disabled", 1: "50 Hz", 2: "60 Hz", 4: "1"}


@pytest.mark.parametrize(
    ("control", "written", "value"),
    [
        (Control("int"), "-10", -10),
        (Control("int64"), "0x10", 16),
        (Control("bitmask"), "0xff", 255),
        (Control("bool"), "on", True),
        (Control("bool"), "0", False),
        (Control("button"), "1", True),
        (Control("str"), "two words", "two words"),
        (Control("menu", LABELS), "2", 2),
        (Control("menu", LABELS), "60 hz", 2),
        (Control("menu", LABELS), "1", 1),  # an index before a label
        (Control("menu", LABELS), "3", "3"),  # which the control refuses
        (Control("menu", {0: "x", 1: "X"}), "x", "x"),  # which of them?
        (Control("intmenu", {0: 100, 1: 200}), "200", 1),
        (Control("u8", dims=(3,)), "1,2,0x3", (1, 2, 3)),
        (Control("area", flags=["has-payload"]), "640,480", (640, 480)),
    ],
)
def test_control_is_read_by_its_type(control, written, value):
    read = read_control(control, written)

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("control", "written", "complaint"),
    [
        (Control("int"), "on", "knob takes a whole number, not 'on'"),
        (Control("int"), "1.5", "knob takes a whole number"),
        (Control("int"), "1,2", "knob takes a whole number"),
        (Control("bool"), "2", "knob takes on or off"),
        (Control("area", flags=["has-payload"]), "640x480", "whole numbers with commas between"),
    ],
)
def test_control_that_is_written_wrong_is_named(control, written, complaint):
    with pytest.raises(ValueError, match=complaint):
        read_control(control, written)


@pytest.mark.parametrize(
    ("control", "value", "shown"),
    [
        (Control("int"), None, ""),
        (Control("bool"), 1, "on"),
        (Control("button"), True, "on"),
        (Control("bitmask"), 255, "0xff"),
        (Control("str"), "a b", "'a b'"),
        (Control("u8", dims=(9,)), tuple(range(9)), "0, 1, 2, 3, 4, 5, 6, 7 ..."),
        (Control("77"), b"\x00\xff", "00 ff"),
    ],
)
def test_control_is_shown_by_its_type(control, value, shown):
    assert control_text(control, value) == shown
