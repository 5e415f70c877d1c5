# SPDX-License-Identifier: MIT
"""Any value for any control: it is set, or the error is one that the documentation names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v4l2capture import CaptureError, Device, SimulatedCamera

NUMBER = {"min": -7, "max": 100, "step": 3, "default": 2, "value": 2}

# One of each type, and those that contradict themselves.
CONTROLS = [
    {"type": "int"} | NUMBER,
    {"type": "bool", "min": 0, "max": 1, "step": 1, "default": 1, "value": 1},
    {"type": "menu", "min": 0, "max": 3, "default": 1, "value": 1, "menu": {"1": "a", "3": "b"}},
    {"type": "intmenu", "min": 0, "max": 2, "default": 0, "value": 0, "menu": {"0": 5, "2": -9}},
    {"type": "button"},
    {"type": "bitmask", "min": 0, "max": 0x80000005, "default": 1, "value": 1},
    {"type": "int64", "min": -(2**63), "max": 2**63 - 1, "step": 1, "default": 0, "value": 0},
    {"type": "str", "min": 0, "max": 10, "step": 1, "default": "", "value": "abc"},
    {"type": "u8", "min": 0, "max": 200, "step": 1, "default": 1, "dims": [3, 2]},
    {"type": "u16", "min": 0, "max": 60000, "step": 1, "default": 1, "dims": [4]},
    {"type": "u32", "min": 0, "max": 2**32 - 1, "step": 1, "default": 1, "dims": [2]},
    {"type": "int", "dims": [2]} | NUMBER,
    {"type": "area"},
    {"type": "rect"},
    {"type": "int", "min": 10, "max": -10, "step": 0, "default": 99, "value": 5},
    {"type": "int", "flags": ["read-only"]} | NUMBER,
    {"type": "int", "flags": ["write-only"]} | NUMBER,
]


def profile():
    controls = [
        {"id": f"0x{0x00980900 + 0xF0 + n:08x}", "name": f"control_{n}"} | control
        for n, control in enumerate(CONTROLS)
    ]
    return {"card": "All types", "driver": "test", "controls": controls}


NAMES = [f"control_{n}" for n in range(len(CONTROLS))]

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**33), 2**33)
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.binary(max_size=40)
    | st.sampled_from(["a", "b", "5", "\udc80", "a\0b", object(), int, 2**63, -(2**63) - 1]),
    lambda inner: st.lists(inner, max_size=7) | st.tuples(inner, inner, inner, inner),
    max_leaves=8,
)

KEYS = st.sampled_from(NAMES) | st.text(max_size=10) | st.integers(0, 2**33)


@pytest.fixture(scope="module")
def device():
    camera = SimulatedCamera(profile(), clock="manual")
    with Device(camera.path) as device:
        yield device


@given(values=st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_values_are_set_or_refused(device, values):
    before = device.controls.read()

    try:
        after = device.controls.set(values)
    except (CaptureError, TypeError, ValueError):
        pass
    else:
        assert len(after) == len(values)

    assert device.controls.read().keys() == before.keys()


@given(name=st.sampled_from(NAMES), value=VALUES)
def test_what_was_set_reads_as_it_was_returned(device, name, value):
    try:
        after = device.controls.set({name: value})[name]
    except (CaptureError, TypeError, ValueError):
        return

    if after is not None:
        assert device.controls[name].value == after


@given(name=st.sampled_from(NAMES), value=st.integers())
def test_a_number_that_is_no_value_changes_nothing(device, name, value):
    before = device.controls.read()

    try:
        device.controls.set({name: value})
    except (CaptureError, TypeError, ValueError):
        assert device.controls.read() == before


@given(key=KEYS | st.floats() | st.none() | st.booleans())
def test_any_key_is_a_control_or_an_error(device, key):
    try:
        control = device.controls[key]
    except (CaptureError, TypeError):
        assert key not in device.controls or isinstance(key, bool)
    else:
        assert control.name in device.controls
