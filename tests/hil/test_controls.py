# SPDX-License-Identifier: MIT
"""Every type of control that vivid has, written and read back through the kernel's framework."""

import errno

import pytest

from v4l2capture import ControlError, Device, UnknownControlError
from v4l2capture.cids import TYPES

pytestmark = pytest.mark.vivid

INT32, INT64 = 2**31, 2**63

# Name, what is written, what is read afterwards.
WRITES = [
    ("brightness", 17, 17),
    ("brightness", -5, 0),  # held inside the range
    ("brightness", 10**6, 255),
    ("hue", -128, -128),
    ("integer_32_bits", -INT32, -INT32),
    ("integer_32_bits", INT32 - 1, INT32 - 1),
    ("integer_64_bits", -INT64, -INT64),
    ("integer_64_bits", INT64 - 1, INT64 - 1),
    ("integer_64_bits", 2**40 + 1, 2**40 + 1),
    ("boolean", False, False),
    ("boolean", 1, True),
    ("menu", 4, 4),
    ("menu", "Menu Item 1", 1),
    ("integer_menu", 8, 8),
    ("integer_menu", "13", 6),
    ("bitmask", 0, 0),
    ("bitmask", 0x80402010, 0x80402010),  # bit 31 is no sign
    ("string", "ab", "ab"),
    ("string", "abcd", "abcd"),
    ("u32_1_element_array", [0x20000], (0x20000,)),
    ("u16_8x16_matrix", range(16, 144), tuple(range(16, 144))),
    ("u8_2x3x4x5_array", [16] * 119 + [32], (16,) * 119 + (32,)),
    ("u8_pixel_array", [0] * 239 + [255], (0,) * 239 + (255,)),
    ("u32_dynamic_array", [10, 20, 90], (10, 20, 90)),
    ("u32_dynamic_array", [11], (11,)),
    ("u32_dynamic_array", [50] * 100, (50,) * 100),
    ("area", (640, 480), (640, 480)),
]

# Types of the newest kernels' vivid, which this one does not have.
NOT_IN_THIS_KERNEL = {"rect"}


def shorten(value: object) -> str:
    text = str(value)
    return text if len(text) < 30 else text[:27] + "..."


@pytest.mark.quirk("out-of-range")
@pytest.mark.parametrize(
    ("name", "written", "read"), WRITES, ids=[f"{name}={shorten(v)}" for name, v, _ in WRITES]
)
def test_what_is_written_is_read_back(single, name, written, read):
    with Device(single) as device:
        control = device.controls[name]
        before = control.value
        try:
            applied = device.controls.set({name: written})

            assert applied == {name: read}
            assert control.value == read
            with Device(single) as other:  # not from a memory of ours
                assert other.controls[name].value == read
        finally:
            control.value = before


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("brightness", 1.5, TypeError),
        ("brightness", "12", TypeError),
        ("brightness", True, TypeError),
        ("boolean", 2, ValueError),
        ("menu", 2, ValueError),  # a hole
        ("menu", "Menu Item 2 (Skipped)", ValueError),
        ("integer_menu", 1, ValueError),  # a hole
        ("bitmask", 1, ValueError),
        ("bitmask", -1, ValueError),
        ("string", "a", ValueError),
        ("string", "abcde", ValueError),
        ("string", 5, TypeError),
        ("u32_1_element_array", [15], ValueError),
        ("u32_1_element_array", [16, 16], ValueError),
        ("u16_8x16_matrix", [16] * 127, ValueError),
        ("u32_dynamic_array", [], ValueError),
        ("u32_dynamic_array", [50] * 101, ValueError),
        ("u32_dynamic_array", [9], ValueError),
        ("area", (1,), ValueError),
        ("area", (-1, 5), ValueError),
        ("button", 0, ValueError),
        ("read_only_integer_32_bits", 5, ControlError),
    ],
)
def test_what_does_not_suit_a_control_changes_nothing(single, name, value, kind):
    """All is checked before anything is written: contrast stays, too."""
    with Device(single) as device:
        before = device.controls.read()

        with pytest.raises(kind, match=name):
            device.controls.set({"contrast": 3, name: value})

        after = device.controls.read()
    volatile = {"gain"}
    assert {k: v for k, v in after.items() if k not in volatile} == {
        k: v for k, v in before.items() if k not in volatile
    }


@pytest.mark.quirk("wide-controls")
def test_every_type_of_control_is_written_above(camera):
    with Device(camera) as device:
        here = {control.type for control in device.controls.values()}
        written = {device.controls[name].type for name, _, _ in WRITES}

    assert here == written | {"button"}
    assert set(TYPES.values()) - here == NOT_IN_THIS_KERNEL


@pytest.mark.quirk("menu-holes", "vendor-ids")
def test_descriptions_are_vivids(single):
    with Device(single) as device:
        controls = device.controls
        limits = {
            name: (c.minimum, c.maximum, c.step, c.default)
            for name, c in controls.items()
            if name in {name for name, _, _ in WRITES}
        }
        menus = {name: controls[name].menu for name in ("menu", "integer_menu", "brightness")}
        dims = {name: c.dims for name, c in controls.items() if c.dims}

        assert controls.failed == {}
    assert limits["integer_32_bits"] == (-INT32, INT32 - 1, 1, 0)
    assert limits["integer_64_bits"] == (-INT64, INT64 - 1, 1, 0)
    assert limits["bitmask"] == (0, 0x80402010, 1, 0x80002000)
    assert limits["string"] == (2, 4, 1, None)
    assert menus == {
        "menu": {1: "Menu Item 1", 3: "Menu Item 3", 4: "Menu Item 4"},
        "integer_menu": {2: 2, 3: 3, 4: 5, 5: 8, 6: 13, 7: 21, 8: 42},
        "brightness": {},
    }
    assert dims == {
        "u32_1_element_array": (1,),
        "u16_8x16_matrix": (8, 16),
        "u8_2x3x4x5_array": (2, 3, 4, 5),
        "u32_dynamic_array": (100,),
        "u8_pixel_array": (12, 20),  # a number for each 16x16 pixels of 320x180
    }


def test_flags_are_vivids(single):
    with Device(single) as device:
        flags = {name: control.flags for name, control in device.controls.items() if control.flags}

    assert flags["brightness"] == {"slider"}
    assert flags["gain_automatic"] == {"update"}
    assert flags["gain"] == {"inactive", "volatile"}
    assert flags["read_only_integer_32_bits"] == {"read-only"}
    assert flags["button"] == {"write-only", "execute-on-write"}
    assert "dynamic-array" in flags["u32_dynamic_array"]
    assert flags["power_present"] == {"read-only"}


def test_read_only_control_follows_the_driver(single):
    """vivid writes the number of the frame into it."""
    with Device(single) as device, device.stream() as stream:
        frame = stream.read(timeout=10.0)
        for _ in range(3):
            frame = stream.read(timeout=10.0)

        value = device.controls["read_only_integer_32_bits"].value

    assert frame.sequence <= value <= frame.sequence + 60


def test_button_can_be_pressed_and_not_read(single):
    with Device(single) as device:
        device.controls["button"].press()

        with pytest.raises(ControlError) as caught:
            _ = device.controls["button"].value

    assert (caught.value.errno, caught.value.control) == (errno.EACCES, "button")
    assert caught.value.operation == "VIDIOC_G_EXT_CTRLS"


@pytest.mark.quirk("inactive-control", "master-and-slave")
def test_automatic_gain_holds_gain_until_it_is_switched_off(single):
    with Device(single) as device:
        gain = device.controls["gain"]
        assert gain.masters == ("gain_automatic",)
        assert "inactive" in gain.flags

        applied = device.controls.set({"gain": 77, "gain_automatic": False})

        assert applied == {"gain": 77, "gain_automatic": False}
        assert gain.value == 77
        assert not {"inactive", "volatile"} & gain.flags
        device.controls["gain_automatic"].value = True
        assert {"inactive", "volatile"} <= gain.flags


def test_many_controls_go_in_one_call_and_come_back(single):
    wanted = {"brightness": 1, "contrast": 2, "saturation": 3, "boolean": False, "string": "xy"}
    with Device(single) as device:
        assert device.controls.set(wanted) == wanted
        assert device.controls.read(wanted) == wanted
        device.controls["string"].value = "  "


def test_unknown_control_is_named_and_a_near_one_proposed(single):
    with Device(single) as device, pytest.raises(UnknownControlError, match="brightness") as caught:
        _ = device.controls["brightnes"]

    assert caught.value.control == "brightnes"


def test_camera_as_a_profile_has_all_of_it(single):
    with Device(single) as device:
        profile = device.profile()
        names = list(device.controls)
        formats = [info.pixel_format for info in device.formats()]

    assert [control["name"] for control in profile["controls"]] == names
    assert [format_["pixel_format"] for format_ in profile["formats"]] == formats
    assert profile["driver"] == "vivid"
