# SPDX-License-Identifier: MIT
"""Controls: found by any name, written on the driver's grid, masters first, read back."""

import errno
import math

import numpy as np
import pytest

from v4l2capture import (
    ClosedError,
    ControlError,
    Device,
    DeviceError,
    DeviceGoneError,
    UnknownControlError,
    cids,
)

from .lanes import SimLane, simulated


def knob(cid, label, kind, low, high, step, default, **more):
    numbers = {"min": low, "max": high, "step": step, "default": default}
    name = more.pop("name", label.lower().replace(" ", "_").replace("-", "_"))
    return {"id": cid, "name": name, "label": label, "type": kind} | numbers | more


# The test controls of vivid, word for word.
KNOBS = [
    knob(0x980900, "Brightness", "int", 0, 255, 1, 128, flags=["slider"]),
    knob(0x980901, "Contrast", "int", 0, 255, 1, 128, flags=["slider"]),
    knob(0x980912, "Gain, Automatic", "bool", 0, 1, 1, 1, name="gain_automatic", flags=["update"]),
    knob(0x980913, "Gain", "int", 0, 255, 1, 100, flags=["inactive"]),
    knob(0x98F900, "Button", "button", 0, 0, 0, 0, flags=["write-only", "execute-on-write"]),
    knob(0x98F901, "Boolean", "bool", 0, 1, 1, 1),
    knob(0x98F902, "Integer 32 Bits", "int", -(1 << 31), (1 << 31) - 1, 1, 0),
    knob(0x98F903, "Integer 64 Bits", "int64", -(1 << 63), (1 << 63) - 1, 1, 0),
    knob(
        0x98F904, "Menu", "menu", 1, 4, 1, 3,
        menu={"1": "Menu Item 1", "3": "Menu Item 3", "4": "Menu Item 4"},
    ),
    knob(0x98F905, "String", "str", 2, 4, 1, None, value="  "),
    knob(0x98F906, "Bitmask", "bitmask", 0, 0x80402010, 0, 0x80002000),
    knob(
        0x98F907, "Integer Menu", "intmenu", 1, 8, 1, 4,
        menu={"1": 1, "2": 1, "3": 2, "4": 3, "5": 5, "7": 13, "8": 42},
    ),
    knob(0x98F908, "U32 1 Element Array", "u32", 16, 131072, 1, 24, dims=[1]),
    knob(0x98F909, "U16 8x16 Matrix", "u16", 16, 8192, 1, 24, dims=[8, 16]),
    knob(0x98F90B, "Area", "area", None, None, None, [1000, 2000]),
    knob(0x98F90C, "Read-Only Integer 32 Bits", "int", 0, 255, 1, 0, flags=["read-only"]),
]  # fmt: skip
CLUSTERS = [{"master": 0x980912, "manual": 0, "slaves": [0x980913]}]


def vivid_like(**members):
    return simulated(controls=KNOBS, clusters=CLUSTERS, **members)


class KnobsLane(SimLane):
    def __init__(self):
        self.sim = vivid_like()
        self.path = self.sim.path


@pytest.fixture
def knobs(camera):
    """A device with a control of each type, the same on both lanes."""
    lane = KnobsLane() if isinstance(camera, SimLane) else camera
    with Device(lane.path) as device:
        yield device.controls


def webcam():
    camera = simulated("webcam")
    return camera, Device(camera.path)


def one(*controls, **members):
    """A camera with these controls, and nothing of interest beside them."""
    camera = simulated(controls=list(controls), **members)
    return camera, Device(camera.path).controls


# ---- finding ----


@pytest.mark.quirk("renamed-controls")
@pytest.mark.parametrize(
    "key",
    ["auto_exposure", "exposure_auto", 0x009A0901, np.int64(0x009A0901).item()],
    ids=["name", "name of older kernels", "id", "id from elsewhere"],
)
def test_control_is_found_by_any_of_its_names(key):
    _, device = webcam()

    control = device.controls[key]

    assert key in device.controls
    assert (control.id, control.name, control.label) == (
        0x009A0901,
        "auto_exposure",
        "Auto Exposure",
    )
    assert control is device.controls["auto_exposure"]


def test_control_is_found_by_the_drivers_own_words():
    _, controls = one(knob(0x9A090D, "Vergrösserung, absolut", "int", 0, 9, 1, 0, name="zoom"))

    assert controls["zoom_absolute"] is controls["vergr_sserung_absolut"]


@pytest.mark.quirk("vendor-ids")
@pytest.mark.parametrize("vendor_first", [True, False])
def test_vendors_control_does_not_take_the_kernels_name(vendor_first):
    """Vendors use names at will; what the kernel defines is known by its number."""
    vendor = knob(0x98F123 if vendor_first else 0xA046D01, "Zoom Absolute", "int", 0, 9, 1, 1)
    _, controls = one(vendor, knob(0x9A090D, "Zoom, Absolute", "int", 100, 500, 1, 100))

    assert controls["zoom_absolute"].id == 0x9A090D
    assert controls[vendor["id"]].name == f"zoom_absolute_{vendor['id']:08x}"
    assert len(list(controls)) == len(controls) == 2


def test_two_of_one_name_are_told_apart():
    _, controls = one(
        knob(0x98F001, "Mode", "int", 0, 9, 1, 1), knob(0x98F002, "Mode", "int", 0, 9, 1, 2)
    )

    assert [control.value for control in controls.values()] == [1, 2]
    assert list(controls) == ["mode", "mode_0098f002"]


def test_iteration_is_by_rising_id_without_classes_and_disabled_ones(camera):
    with Device(camera.path) as device:
        ids = [control.id for control in device.controls.values()]

        assert ids == sorted(ids)
        assert not [cid for cid in ids if cid & 0xFFFF == 1]


@pytest.mark.quirk("control-disabled")
def test_disabled_control_is_not_there():
    camera = simulated("hostile")

    assert "sharpness" not in Device(camera.path).controls


@pytest.mark.parametrize("key", [None, 1.5, b"gain", True, ("gain",), ["gain"]])
def test_key_of_another_type_is_refused(knobs, key):
    with pytest.raises(TypeError):
        knobs[key]


@pytest.mark.parametrize("key", ["", "no_such_control", 0, -1, 0x9A09FF, 1 << 40])
def test_unknown_control_is_a_key_error_with_a_name(knobs, key):
    with pytest.raises(UnknownControlError) as caught:
        knobs[key]

    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, ControlError)
    assert caught.value.errno == errno.EINVAL
    assert "no such control" in str(caught.value)
    assert key not in knobs
    assert knobs.get(key) is None


def test_unknown_control_comes_with_suggestions(knobs):
    with pytest.raises(UnknownControlError, match=r"Did you mean .*brightness"):
        knobs["brightnes"]


# ---- describing ----


@pytest.mark.quirk("wide-controls")
def test_every_type_describes_itself(knobs):
    described = {
        name: (c.type, c.minimum, c.maximum, c.default, c.dims)
        for name, c in knobs.items()
        if 0x98F900 <= c.id <= 0x98F90C and c.type != "u8"
    }

    assert described == {
        "button": ("button", 0, 0, None, ()),
        "boolean": ("bool", 0, 1, 1, ()),
        "integer_32_bits": ("int", -(1 << 31), (1 << 31) - 1, 0, ()),
        "integer_64_bits": ("int64", -(1 << 63), (1 << 63) - 1, 0, ()),
        "menu": ("menu", 1, 4, 3, ()),
        "string": ("str", 2, 4, None, ()),
        "bitmask": ("bitmask", 0, 0x80402010, 0x80002000, ()),
        "integer_menu": ("intmenu", 1, 8, 4, ()),
        "u32_1_element_array": ("u32", 16, 131072, None, (1,)),
        "u16_8x16_matrix": ("u16", 16, 8192, None, (8, 16)),
        "area": ("area", 0, 0, None, ()),
        "read_only_integer_32_bits": ("int", 0, 255, 0, ()),
    }
    assert all(control.step >= 1 for control in knobs.values())


@pytest.mark.quirk("menu-holes")
def test_menus_have_holes(knobs):
    assert knobs["menu"].menu == {1: "Menu Item 1", 3: "Menu Item 3", 4: "Menu Item 4"}
    assert knobs["integer_menu"].menu[8] == 42
    assert knobs["brightness"].menu == {}


@pytest.mark.quirk("bogus-default", "uvc-bad-range", "empty-menu")
def test_contradictions_of_a_driver_are_lived_with():
    camera = simulated("hostile")
    device = Device(camera.path)

    assert device.controls["contrast"].minimum > device.controls["contrast"].maximum
    assert device.controls["brightness"].step == 1
    assert device.controls["brightness"].default is None
    assert device.controls["led1_mode"].menu == {}
    assert device.controls["power_line_frequency"].menu == {0: "Disabled", 2: "60 Hz"}


@pytest.mark.quirk("unknown-type")
def test_types_that_nobody_knew_when_this_was_written_hide_no_other(monkeypatch):
    monkeypatch.delitem(cids.TYPES, 8)
    monkeypatch.delitem(cids.TYPES, 0x0101)
    camera = vivid_like()
    controls = Device(camera.path).controls

    values = controls.read()

    assert controls["bitmask"].type == "8"
    assert controls["u16_8x16_matrix"].type == "257"
    assert values.keys() == {c["name"] for c in KNOBS} - {"button"}
    assert values["brightness"] == 128
    assert values["bitmask"] == controls["bitmask"].value
    assert isinstance(values["u16_8x16_matrix"], bytes)


# ---- reading and writing ----

WRITES = {
    "bool": ("boolean", False, False),
    "bool as number": ("boolean", 0, False),
    "bool as array element": ("boolean", np.True_, True),
    "int": ("integer_32_bits", -70000, -70000),
    "int at its ends": ("integer_32_bits", -(1 << 31), -(1 << 31)),
    "int beyond": ("integer_32_bits", 1 << 40, (1 << 31) - 1),
    "int from an array": ("brightness", np.uint8(200), 200),
    "above the range": ("brightness", 1000, 255),
    "below the range": ("brightness", -1000, 0),
    "64 bits": ("integer_64_bits", -(1 << 62) - 1, -(1 << 62) - 1),
    "64 bits beyond": ("integer_64_bits", 1 << 70, (1 << 63) - 1),
    "menu by index": ("menu", 4, 4),
    "menu by label": ("menu", "Menu Item 1", 1),
    "integer menu by index": ("integer_menu", 5, 5),
    "integer menu by number": ("integer_menu", "42", 8),
    "bitmask with the highest bit": ("bitmask", 0x80000010, 0x80000010),
    "string": ("string", "abcd", "abcd"),
    "short string": ("string", "xy", "xy"),
    "array of one": ("u32_1_element_array", 99, (99,)),
    "array": ("u16_8x16_matrix", range(16, 144), tuple(range(16, 144))),
    "nested array": ("u16_8x16_matrix", np.full((8, 16), 77, np.uint16), (77,) * 128),
    "area": ("area", (640, 480), (640, 480)),
}  # fmt: skip


@pytest.mark.quirk("wide-controls")
@pytest.mark.parametrize(("name", "value", "expected"), WRITES.values(), ids=WRITES.keys())
def test_every_type_is_written_and_read_back(knobs, name, value, expected):
    returned = knobs.set({name: value})

    assert returned == {name: expected}
    assert knobs[name].value == expected
    assert type(knobs[name].value) is type(expected)


@pytest.mark.parametrize(("name", "value", "expected"), WRITES.values(), ids=WRITES.keys())
def test_attribute_writes_the_same(knobs, name, value, expected):
    control = knobs[name]

    control.value = value
    first = control.value
    control.value = value  # the second time is another way

    assert first == control.value == expected


@pytest.mark.quirk("out-of-range")
@pytest.mark.parametrize(
    ("low", "high", "step", "written", "stored"),
    [
        (3, 2047, 5, 12, 13),  # 3, 8, 13, ...: the nearest step
        (3, 2047, 5, 10, 8),
        (3, 2047, 5, 2047, 2043),  # the maximum is not on a step itself
        (3, 2047, 5, 10**9, 2043),
        (-10, 25, 10, 24, 20),
        (-10, 25, 10, -14, -10),
        (0, 9, 0, 5, 5),  # step 0 is 1
        (-468000, 468000, 3600, 1800, 3600),
        (7, 7, 1, 3, 7),
    ],
)
def test_numbers_are_held_in_range_and_on_the_grid(low, high, step, written, stored):
    _, controls = one(knob(0x98F001, "Number", "int", low, high, step, low))

    controls["number"].value = written
    first = controls["number"].value
    controls["number"].value = written

    assert first == controls["number"].value == stored


REFUSED = {
    "text": ("brightness", "12", TypeError),
    "nothing": ("brightness", None, TypeError),
    "fraction": ("brightness", 1.5, TypeError),
    "NaN": ("brightness", math.nan, TypeError),
    "truth for a number": ("brightness", True, TypeError),
    "two for a truth": ("boolean", 2, ValueError),
    "NaN for a truth": ("boolean", math.nan, ValueError),
    "text for a truth": ("boolean", "yes", ValueError),
    "hole of a menu": ("menu", 2, ValueError),
    "behind a menu": ("menu", 5, ValueError),
    "unknown label": ("menu", "Menu Item 2", ValueError),
    "fraction for a menu": ("menu", 1.0, TypeError),
    "hole of an integer menu": ("integer_menu", 9, ValueError),
    "bits that are not there": ("bitmask", 1, ValueError),
    "negative bits": ("bitmask", -1, ValueError),
    "string too short": ("string", "a", ValueError),
    "string too long": ("string", "abcde", ValueError),
    "string with NUL": ("string", "a\0b", ValueError),
    "number for a string": ("string", 12, TypeError),
    "bytes for a string": ("string", b"ab", TypeError),
    "too few": ("u16_8x16_matrix", [20] * 127, ValueError),
    "too many": ("u16_8x16_matrix", [20] * 129, ValueError),
    "element out of range": ("u16_8x16_matrix", [20] * 127 + [1], ValueError),
    "text in an array": ("u16_8x16_matrix", ["20"] * 128, TypeError),
    "NaN in an array": ("u16_8x16_matrix", [math.nan] * 128, TypeError),
    "one side of an area": ("area", (640,), ValueError),
    "three sides of an area": ("area", (1, 2, 3), ValueError),
    "negative area": ("area", (-1, 2), ValueError),
    "button with a value": ("button", 7, ValueError),
}


@pytest.mark.quirk("uvc-missing-mode")
@pytest.mark.parametrize(("name", "value", "error"), REFUSED.values(), ids=REFUSED.keys())
def test_wrong_values_are_refused_before_anything_is_written(knobs, name, value, error):
    before = knobs["contrast"].value

    with pytest.raises(error, match=name):
        knobs[name].value = value
    with pytest.raises(error, match=name):
        knobs.set({"contrast": before + 1, name: value})

    assert knobs["contrast"].value == before


def test_button_is_pressed(knobs):
    knobs["button"].press()
    knobs["button"].value = True

    assert knobs.set({"button": 1}) == {"button": None}


@pytest.mark.quirk("relative-controls")
def test_write_only_control_cannot_be_read(knobs):
    with pytest.raises(ControlError, match="button") as caught:
        knobs["button"].value  # noqa: B018

    assert caught.value.errno == errno.EACCES
    assert caught.value.operation == "VIDIOC_G_EXT_CTRLS"


@pytest.mark.parametrize(
    "way",
    [
        lambda control: setattr(control, "value", 5),
        lambda control: control._controls.set({"contrast": 1, control.name: 5}),
    ],
    ids=["attribute", "set"],
)
def test_read_only_control_is_not_written(knobs, way):
    control = knobs["read_only_integer_32_bits"]

    with pytest.raises(ControlError, match="read-only") as caught:
        way(control)

    assert (caught.value.control, caught.value.value) == (control.name, 5)
    assert caught.value.errno == errno.EACCES
    assert knobs["contrast"].value == 128


def test_volatile_control_is_read_anew():
    camera, controls = one(knob(0x980913, "Gain", "int", 0, 9, 1, 5, flags=["volatile"]))
    before = controls["gain"].value

    camera.poke("gain", 7)

    assert (before, controls["gain"].value) == (5, 7)


def test_rectangle_and_its_kin():
    camera = simulated("mplane")
    device = Device(camera.path)

    device.controls["rectangle"].value = (1, 2, 30, 40)
    device.controls["s32_array"].value = (-10, 0, 2, 10)

    assert device.controls["rectangle"].value == (1, 2, 30, 40)
    assert device.controls["s32_array"].value == (-10, 0, 2, 10)
    assert device.controls["u32_vector"].value == (1, 2, 0xFFFFFFFF)


def test_all_are_read_in_one_ioctl():
    camera = vivid_like()
    controls = Device(camera.path).controls
    list(controls.values())
    before = camera.ioctls("VIDIOC_G_EXT_CTRLS")

    values = controls.read()

    numbers = sum(isinstance(value, int) for value in values.values())
    payloads = len(values) - numbers
    assert camera.ioctls("VIDIOC_G_EXT_CTRLS") - before == 1 + payloads
    assert "button" not in values
    assert set(values) == set(controls) - {"button"}


@pytest.mark.parametrize("use", ["read", "write"])
def test_one_value_is_one_ioctl(use):
    camera = vivid_like()
    control = Device(camera.path).controls["brightness"]
    control.value = 5
    requests = ("VIDIOC_G_EXT_CTRLS", "VIDIOC_S_EXT_CTRLS", "VIDIOC_QUERY_EXT_CTRL")
    before = [camera.ioctls(request) for request in requests]

    for value in range(10):
        if use == "read":
            assert control.value == 5
        else:
            control.value = value

    counts = [camera.ioctls(request) - n for request, n in zip(requests, before, strict=True)]
    assert counts == ([10, 0, 0] if use == "read" else [0, 10, 0])


def test_n_values_are_written_in_one_ioctl_and_read_back_in_one():
    camera = vivid_like()
    controls = Device(camera.path).controls
    list(controls.values())
    before = camera.ioctls("VIDIOC_S_EXT_CTRLS"), camera.ioctls("VIDIOC_G_EXT_CTRLS")

    controls.set({"brightness": 1, "contrast": 2, "boolean": False, "menu": 1})

    after = camera.ioctls("VIDIOC_S_EXT_CTRLS"), camera.ioctls("VIDIOC_G_EXT_CTRLS")
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


def test_named_values_are_read_in_the_order_asked(knobs):
    values = knobs.read(["contrast", 0x980900, "string"])

    assert list(values) == ["contrast", "brightness", "string"]
    assert knobs.read([]) == {}


def test_setting_nothing_does_nothing(knobs):
    assert knobs.set({}) == {}


def test_one_control_under_two_names_is_refused():
    _, device = webcam()

    with pytest.raises(ValueError, match="auto_exposure is given twice"):
        device.controls.set({"auto_exposure": 1, "exposure_auto": 3})
    with pytest.raises(ValueError, match="given twice"):
        device.controls.set({"brightness": 1, 0x980900: 3})


# ---- masters and slaves ----


@pytest.mark.quirk("inactive-control", "uvc-inactive")
def test_inactive_control_names_its_master():
    _, device = webcam()
    control = device.controls["exposure_time_absolute"]

    for _ in range(2):
        with pytest.raises(ControlError) as caught:
            control.value = 100
        assert caught.value.master == "auto_exposure"
        assert "auto_exposure holds it; set that to manual first" in str(caught.value)
    assert control.masters == ("auto_exposure",)
    assert "inactive" in control.flags


@pytest.mark.quirk("master-and-slave")
def test_master_is_written_first_whatever_the_order():
    _, device = webcam()

    values = device.controls.set({"exposure_time_absolute": 100, "auto_exposure": 1})

    assert values == {"exposure_time_absolute": 100, "auto_exposure": 1}
    assert list(values) == ["exposure_time_absolute", "auto_exposure"]
    assert "inactive" not in device.controls["exposure_time_absolute"].flags


def test_flags_of_slaves_follow_their_master(knobs):
    states = []
    for automatic in (True, False, True):
        knobs["gain_automatic"].value = automatic
        states.append("inactive" in knobs["gain"].flags)

    assert states == [True, False, True]


def test_flags_of_slaves_follow_also_through_a_control_that_was_kept(knobs):
    gain = knobs["gain"]
    before = gain.flags

    knobs.set({"gain_automatic": False})

    assert "inactive" in before
    assert "inactive" not in gain.flags


@pytest.mark.quirk("master-and-slave")
def test_master_that_does_not_follow_is_an_error():
    """What it rules would not follow either, and be refused for a reason that misleads."""
    camera, device = webcam()
    camera.fault("control_ignored", control="focus_automatic_continuous")

    with pytest.raises(ControlError, match="still reads True") as caught:
        device.controls.set({"focus_absolute": 50, "focus_automatic_continuous": False})

    assert caught.value.control == "focus_automatic_continuous"
    assert caught.value.applied == {"focus_automatic_continuous": True}


def test_slave_after_a_master_that_fails_is_not_written():
    camera, device = webcam()
    camera.fault("control_eio", control="auto_exposure")

    with pytest.raises(ControlError) as caught:
        device.controls.set({"exposure_time_absolute": 100, "auto_exposure": 1})

    assert (caught.value.control, caught.value.applied) == ("auto_exposure", {})
    assert device.controls["exposure_time_absolute"].value == 250


# ---- what goes wrong ----


@pytest.mark.quirk("uvc-error-codes")
def test_failure_names_the_right_control_and_what_was_written():
    camera = vivid_like()
    controls = Device(camera.path).controls
    camera.fault("control_eio", control=0x980901)

    with pytest.raises(ControlError) as caught:
        controls.set({"brightness": 7, "contrast": 8, "boolean": False})

    error = caught.value
    assert (error.control, error.value, error.errno) == ("contrast", 8, errno.EIO)
    assert error.applied == {"brightness": 7}
    assert "VIDIOC_S_EXT_CTRLS of contrast=8 on sim:" in str(error)
    camera.clear_faults()
    assert controls.read(["brightness", "contrast", "boolean"]) == {
        "brightness": 7,
        "contrast": 128,
        "boolean": True,
    }


def test_what_was_written_before_includes_the_masters():
    camera, device = webcam()
    camera.fault("control_eio", control="brightness")

    with pytest.raises(ControlError) as caught:
        device.controls.set({"auto_exposure": 1, "brightness": 5})

    assert caught.value.applied == {"auto_exposure": 1}


def test_grabbed_control_is_busy_and_named_among_many():
    """S_EXT_CTRLS says only that one of them is wrong: which, TRY_EXT_CTRLS tells."""
    camera = vivid_like()
    controls = Device(camera.path).controls
    camera.set_flags(0x980901, ["grabbed"])

    with pytest.raises(ControlError) as caught:
        controls.set({"brightness": 7, "contrast": 8})

    assert (caught.value.control, caught.value.errno) == ("contrast", errno.EBUSY)
    assert caught.value.applied == {}
    assert controls["brightness"].value == 128


@pytest.mark.quirk("inactive-control")
def test_inactive_control_among_many_is_named():
    _, device = webcam()

    with pytest.raises(ControlError) as caught:
        device.controls.set({"brightness": 7, "focus_absolute": 5, "contrast": 8})

    assert (caught.value.control, caught.value.errno) == ("focus_absolute", errno.EACCES)
    assert caught.value.master == "focus_automatic_continuous"


@pytest.mark.quirk("transient-error")
@pytest.mark.parametrize("number", [errno.EIO, errno.EPIPE])
@pytest.mark.parametrize("old", [False, True], ids=["today's driver", "old driver"])
def test_request_that_is_lost_once_is_tried_again(number, old):
    camera = vivid_like()
    controls = Device(camera.path).controls
    if old:
        camera.fault("no_ext_ctrls")

    for write in (
        lambda value: setattr(controls["brightness"], "value", value),
        lambda value: controls.set({"brightness": value, "contrast": value}),
    ):
        camera.fault("control_eio", control="brightness", value=number, count=1)
        write(9)
        camera.fault("control_read_eio", control="brightness", value=number, count=1)
        assert controls["brightness"].value == 9
        camera.fault("control_read_eio", control="brightness", value=number, count=1)
        assert controls.read()["brightness"] == 9
        write(7)


@pytest.mark.quirk("uvc-error-codes", "uvc-timeout")
@pytest.mark.parametrize("number", [errno.ETIMEDOUT, errno.EINVAL, errno.EBUSY])
def test_other_errors_are_told_at_once(number):
    """Who lets a request time out would do so again, after some more seconds."""
    camera = vivid_like()
    controls = Device(camera.path).controls
    camera.fault("control_eio", control="brightness", value=number, count=1)

    with pytest.raises(ControlError) as caught:
        controls["brightness"].value = 9

    assert caught.value.errno == number
    assert controls["brightness"].value == 128


PUSHES = {
    "button": {"id": "0x00980903", "name": "button", "type": "button"},
    "relative": {"id": "0x009a0904", "name": "pan_relative", "type": "int", "min": -9, "max": 9,
                 "step": 1, "default": 0, "value": 0},
}  # fmt: skip


@pytest.mark.quirk("transient-error", "relative-controls")
@pytest.mark.parametrize("control", PUSHES.values(), ids=PUSHES)
def test_push_that_may_have_worked_is_not_repeated(control):
    """Else the camera would turn twice as far."""
    camera = simulated(controls=[control])
    controls = Device(camera.path).controls
    for write in (
        lambda: setattr(controls[control["name"]], "value", 1),
        lambda: controls.set({control["name"]: 1}),
    ):
        camera.fault("control_eio", control=control["name"], count=1)

        with pytest.raises(ControlError, match="errno 5"):
            write()


@pytest.mark.parametrize(
    ("autogain", "exposure", "master"),
    [(1, 1, "gain_automatic"), (0, 3, "auto_exposure"), (0, 2, "auto_exposure"), (0, 1, None)],
)
def test_master_that_is_named_is_one_that_is_automatic(autogain, exposure, master):
    """Gain has two; to say that the manual one holds it would send people astray."""
    modes = {"0": "Auto Mode", "1": "Manual Mode", "2": "Shutter Priority", "3": "Aperture"}
    camera, controls = one(
        knob(0x980912, "Gain, Automatic", "bool", 0, 1, 1, 1, name="gain_automatic"),
        knob(0x980913, "Gain", "int", 0, 255, 1, 100),
        knob(0x9A0901, "Auto Exposure", "menu", 0, 3, 1, 3, menu=modes),
    )
    controls.set({0x980912: autogain, 0x9A0901: exposure})
    camera.fault("control_eio", control=0x980913, value=errno.EACCES)

    with pytest.raises(ControlError) as caught:
        controls["gain"].value = 5

    assert caught.value.master == master


@pytest.mark.quirk("sleeping-sensor")
def test_control_that_cannot_be_read_hides_no_other():
    camera = vivid_like()
    controls = Device(camera.path).controls
    camera.fault("control_read_eio", control=0x980901)

    values = controls.read()

    assert "contrast" not in values
    assert values["brightness"] == 128
    with pytest.raises(ControlError, match="contrast"):
        controls.read(["brightness", "contrast"])
    with pytest.raises(ControlError, match="contrast"):
        controls["contrast"].value  # noqa: B018


@pytest.mark.quirk("query-error")
@pytest.mark.parametrize("number", [errno.EIO, errno.ETIMEDOUT, errno.EREMOTEIO])
def test_control_that_cannot_be_described_hides_no_other(number):
    camera = vivid_like()
    camera.fault("query_error", control=0x980901, value=number)
    controls = Device(camera.path).controls

    names = list(controls)

    assert "contrast" not in controls
    assert controls.failed == {0x980901: number}
    assert {"brightness", "gain", "area"} <= set(names)
    assert len(names) == len(KNOBS) - 1
    with pytest.raises(UnknownControlError, match="driver fails when it is asked"):
        controls["contrast"]
    with pytest.raises(UnknownControlError, match="driver fails when it is asked"):
        controls[0x980901]


@pytest.mark.quirk("query-error")
def test_driver_that_runs_in_circles_ends():
    camera = vivid_like()
    camera.fault("ids_not_rising")

    controls = Device(camera.path).controls

    assert len(controls) <= len(KNOBS)


@pytest.mark.quirk("missing-ioctl", "wide-controls")
def test_old_driver_without_the_extended_calls():
    camera = vivid_like()
    camera.fault("no_ext_ctrls")
    controls = Device(camera.path).controls

    assert controls.set({"brightness": 9, "contrast": 8}) == {"brightness": 9, "contrast": 8}
    assert controls["brightness"].value == 9
    controls["brightness"].value = 11
    assert controls.read(["brightness", "menu"]) == {"brightness": 11, "menu": 3}
    assert controls["menu"].menu == {1: "Menu Item 1", 3: "Menu Item 3", 4: "Menu Item 4"}


def test_controls_without_a_description_are_known_before_any_other_is_asked_for():
    camera = simulated("hostile")

    with Device(camera.path) as device:
        assert device.controls.failed == {0x00980910: errno.EIO}


def test_hostile_driver_is_read_as_far_as_it_goes():
    camera = simulated("hostile")
    device = Device(camera.path)

    values = device.controls.read()

    assert device.controls.failed == {0x00980910: errno.EIO}
    assert "pan_absolute" in values or "pan_absolute" in device.controls
    assert values["hue"] == 0


@pytest.mark.quirk("uvc-bad-range")
def test_contradicting_range_leaves_the_decision_to_the_driver():
    _, controls = one(knob(0x98F001, "Odd", "int", 10, 5, 1, 7))

    controls["odd"].value = 6  # the driver clamps or takes it, but nobody divides by zero

    assert isinstance(controls["odd"].value, int)


@pytest.mark.quirk("settings-lost", "uvc-silent-change")
def test_values_that_firmware_resets_are_seen():
    camera, device = webcam()
    camera.fault("reset_controls_on_streamon")
    device.controls["brightness"].value = 20

    with device.stream():
        assert device.controls["brightness"].value == 0


@pytest.mark.parametrize("name", ["brightness", "integer_64_bits", "string", "u16_8x16_matrix"])
def test_closed_device_is_told(name):
    camera = vivid_like()
    device = Device(camera.path)
    control = device.controls[name]
    value = control.value
    control.value = value
    device.close()

    for use in (
        lambda: control.value,
        lambda: setattr(control, "value", value),
        lambda: device.controls.set({name: value}),
        device.controls.refresh,
    ):
        with pytest.raises(ClosedError):
            use()


@pytest.mark.quirk("unplugged")
@pytest.mark.parametrize("name", ["brightness", "integer_64_bits", "string", "u16_8x16_matrix"])
def test_unplugged_camera_is_told(name):
    camera = vivid_like()
    device = Device(camera.path)
    control = device.controls[name]
    value = control.value
    camera.unplug()

    for use in (
        lambda: control.value,
        lambda: setattr(control, "value", value),
        lambda: device.controls.set({name: value}),
        device.controls.refresh,
    ):
        with pytest.raises(DeviceGoneError):
            use()


@pytest.mark.quirk("two-programs")
def test_range_that_changed_is_used_after_refresh():
    camera, controls = one(knob(0x980900, "Brightness", "int", 0, 9, 1, 0))
    controls["brightness"].value = 9
    camera.set_range("brightness", 0, 99, 10, 0)

    controls.refresh()
    controls["brightness"].value = 55

    assert controls["brightness"].maximum == 99
    assert controls["brightness"].value in (50, 60)


def test_control_that_vanishes_is_an_error_of_that_control():
    camera, controls = one(
        knob(0x980900, "Brightness", "int", 0, 9, 1, 0),
        knob(0x980901, "Contrast", "int", 0, 9, 1, 0),
    )
    brightness = controls["brightness"]
    brightness.value = 3
    camera.set_flags("brightness", ["disabled"])
    controls.refresh()

    assert list(controls) == ["contrast"]
    assert (brightness.name, brightness.maximum) == ("brightness", 9)
    for _ in range(2):
        with pytest.raises(ControlError, match="brightness") as caught:
            brightness.value = 5
        assert caught.value.errno == errno.EINVAL
    with pytest.raises(ControlError, match="brightness"):
        brightness.value  # noqa: B018
    with pytest.raises(UnknownControlError):
        controls["brightness"]


@pytest.mark.quirk("missing-ioctl", "no-capabilities")
def test_node_without_controls_has_none():
    camera = simulated(controls=[])
    controls = Device(camera.path).controls

    assert (len(controls), list(controls), controls.read(), controls.failed) == (0, [], {}, {})


def test_walk_that_fails_outright_is_an_error():
    camera = vivid_like()
    device = Device(camera.path)
    camera.fault("ioctl_error", request="VIDIOC_QUERY_EXT_CTRL", value=errno.ENODEV)

    with pytest.raises(DeviceError):
        list(device.controls)


@pytest.mark.quirk("getter-writes", "moving-default")
def test_opening_and_looking_writes_nothing():
    camera = simulated("webcam")
    with Device(camera.path) as device:
        device.formats()
        device.controls.read()
        device.profile()

    assert [camera.ioctls(f"VIDIOC_{name}") for name in ("S_EXT_CTRLS", "S_CTRL", "S_FMT")] == [
        0,
        0,
        0,
    ]
