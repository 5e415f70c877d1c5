# SPDX-License-Identifier: MIT
"""The simulated driver's controls behave as v4l2-ctrls' do, or uvcvideo's where those differ."""

import ctypes
import struct
from typing import Any

import pytest
from linuxpy.video import raw

from v4l2capture import Device, SimulatedCamera
from v4l2capture._native import ffi, lib

from .simulated import Node, profile

NEXT_CTRL, NEXT_COMPOUND = 0x80000000, 0x40000000
DEF, MIN, MAX = 0x0F000000, 0x0F020000, 0x0F030000
INACTIVE = 0x10

INT, BOOL, MENU, INTMENU = 0x980900, 0x980901, 0x980918, 0x9A0913
BUTTON, WIDE, MASK, TEXT = 0x9A0906, 0x9F0902, 0x98F001, 0x98F002
READ_ONLY, WRITE_ONLY, GRABBED, DISABLED = 0x9A0910, 0x9A0904, 0x98091C, 0x98091B
VOLATILE, VECTOR = 0x98F003, 0x98F004
MASTER, SLAVE = 0x9A0901, 0x9A0902


def control(cid: int, kind: str, low: Any, high: Any, step: int, default: Any, **more: Any) -> Any:
    numbers = {"min": low, "max": high, "step": step, "default": default}
    return {"id": cid, "name": f"c{cid:x}", "type": kind} | numbers | more


CONTROLS = [
    control(INT, "int", -10, 25, 10, 0),
    control(BOOL, "bool", 0, 1, 1, 0),
    control(MENU, "menu", 0, 3, 1, 1, menu={"1": "One", "3": "Three"}),
    control(INTMENU, "intmenu", 0, 2, 1, 0, menu={"0": -1000, "2": 1000}),
    control(BUTTON, "button", 0, 0, 0, 0),
    control(WIDE, "int64", -(1 << 63), (1 << 63) - 1, 1, 0),
    control(MASK, "bitmask", 0, 0x0F, 0, 1),
    control(TEXT, "str", 2, 6, 2, None, value="ab"),
    control(READ_ONLY, "bool", 0, 1, 1, 0, flags=["read-only"]),
    control(WRITE_ONLY, "int", -1, 1, 1, 0, flags=["write-only"]),
    control(GRABBED, "int", 0, 9, 1, 0, flags=["grabbed"]),
    control(DISABLED, "int", 0, 0, 0, 0, flags=["disabled"]),
    control(VOLATILE, "int", 0, 9, 1, 5, flags=["volatile"]),
    control(VECTOR, "u16", 3, 100, 1, 7, dims=[3]),
    control(MASTER, "menu", 0, 1, 1, 0, menu={"0": "Auto", "1": "Manual"}),
    control(SLAVE, "int", 1, 100, 1, 50, flags=["inactive"]),
]
CLUSTERS = [{"master": MASTER, "manual": 1, "slaves": [SLAVE]}]


def make(**members: Any) -> Node:
    """A camera with a control of each kind."""
    one = profile(controls=CONTROLS, clusters=CLUSTERS, **members)
    return Node(SimulatedCamera(one, clock="manual"))


@pytest.fixture
def node() -> Node:
    return make()


# ---- asking ----


def test_walk_finds_each_control_once_and_the_classes(node):
    found, cid = [], 0
    while True:
        rc, answer = node.query(cid | NEXT_CTRL | NEXT_COMPOUND)
        if rc:
            break
        cid = answer.id
        found.append(cid)

    assert rc == "EINVAL"
    assert found == sorted([each["id"] for each in CONTROLS] + [0x980001, 0x9A0001, 0x9F0001])


def test_simple_walk_leaves_arrays_out(node):
    assert node.query((VECTOR - 1) | NEXT_CTRL)[1].id != VECTOR
    assert node.query((VECTOR - 1) | NEXT_COMPOUND)[1].id == VECTOR


def test_description_of_an_array(node):
    rc, answer = node.query(VECTOR)

    assert rc == 0
    assert (answer.elem_size, answer.elems, answer.nr_of_dims, answer.dims[0]) == (2, 3, 1, 3)


def test_old_query_cannot_tell_of_wide_ranges(node):
    old = raw.v4l2_queryctrl(id=WIDE)

    assert node("VIDIOC_QUERYCTRL", old) == 0
    assert (old.minimum, old.maximum, old.step) == (0, 0, 0)


@pytest.mark.parametrize(
    ("cid", "index", "expected"),
    [(MENU, 1, 0), (MENU, 2, "EINVAL"), (MENU, 4, "EINVAL"), (INT, 0, "EINVAL"), (INTMENU, 2, 0)],
)
def test_menus_have_holes(node, cid, index, expected):
    entry = raw.v4l2_querymenu(id=cid, index=index)

    assert node("VIDIOC_QUERYMENU", entry) == expected
    if expected == 0:
        assert entry.name == b"One" if cid == MENU else entry.value == 1000


# ---- writing ----


@pytest.mark.parametrize(
    ("cid", "written", "stored"),
    [
        (INT, 1000, 20),  # the maximum is not on a step
        (INT, -1000, -10),
        (INT, 4, 0),
        (INT, 5, 10),
        (BOOL, -7, 1),
        (BUTTON, 1, 0),
        (MASK, 0xFF, 0x0F),
        (VOLATILE, 7, 5),  # the hardware's business
    ],
)
def test_values_are_clamped_and_rounded(node, cid, written, stored):
    assert node.set(cid, written) == 0
    if cid != BUTTON:
        assert node.get(cid)[1] == [stored]


@pytest.mark.parametrize(
    ("cid", "value", "expected"),
    [
        (MENU, 4, "ERANGE"),
        (MENU, -1, "ERANGE"),
        (MENU, 2, "EINVAL"),
        (INTMENU, 1, "EINVAL"),
        (READ_ONLY, 1, "EACCES"),
        (GRABBED, 1, "EBUSY"),
        (DISABLED, 0, "EINVAL"),
        (0x980001, 0, "EACCES"),  # the name of a class
        (0x9A09FF, 0, "EINVAL"),  # no such control
        (VECTOR, 0, "EFAULT"),
    ],
)
def test_writes_are_refused(node, cid, value, expected):
    assert node.set(cid, value) == expected


@pytest.mark.parametrize(
    ("cid", "expected"),
    [(WRITE_ONLY, "EACCES"), (BUTTON, "EACCES"), (DISABLED, "EINVAL"), (VECTOR, "ENOSPC")],
)
def test_reads_are_refused(node, cid, expected):
    assert node.get(cid)[0] == expected


def test_failed_check_writes_nothing_and_names_nobody(node):
    rc, _, error_idx = node.ext("VIDIOC_S_EXT_CTRLS", {INT: 10, MENU: 2, BOOL: 1})

    assert (rc, error_idx) == ("EINVAL", 3)
    assert node.get(INT)[1] == [0]


def test_try_names_the_culprit_and_changes_nothing(node):
    rc, _, error_idx = node.ext("VIDIOC_TRY_EXT_CTRLS", {INT: 10, MENU: 2, BOOL: 1})
    fine, values, _ = node.ext("VIDIOC_TRY_EXT_CTRLS", {INT: 1000})

    assert (rc, error_idx) == ("EINVAL", 1)
    assert (fine, values) == (0, [20])
    assert node.get(INT)[1] == [0]


def test_failure_of_the_device_names_the_culprit(node):
    node.camera.fault("control_eio", control=MENU)

    rc, _, error_idx = node.ext("VIDIOC_S_EXT_CTRLS", {INT: 10, MENU: 3, BOOL: 1})

    assert (rc, error_idx) == ("EIO", 1)
    assert [node.get(cid)[1] for cid in (INT, MENU, BOOL)] == [[10], [1], [0]]


def test_read_failure_counts_all(node):
    assert node.ext("VIDIOC_G_EXT_CTRLS", {INT: 0, WRITE_ONLY: 0})[2] == 2


def test_which_selects_class_or_default(node):
    assert node.ext("VIDIOC_G_EXT_CTRLS", {INT: 0}, which=0x980000)[0] == 0
    assert node.ext("VIDIOC_G_EXT_CTRLS", {INT: 0}, which=0x9A0000)[0] == "EINVAL"
    assert node.ext("VIDIOC_G_EXT_CTRLS", {}, which=0x9A0000)[0] == 0
    assert node.ext("VIDIOC_G_EXT_CTRLS", {}, which=0x990000)[0] == "EINVAL"
    assert node.ext("VIDIOC_G_EXT_CTRLS", {VOLATILE: 0}, which=DEF)[1] == [5]
    assert node.ext("VIDIOC_S_EXT_CTRLS", {INT: 0}, which=DEF)[0] == "EINVAL"
    assert node.ext("VIDIOC_G_EXT_CTRLS", {INT: 0}, which=MIN)[0] == "EINVAL"  # no such flag


def test_old_calls_take_small_numbers_only(node):
    small, wide = raw.v4l2_control(id=INT, value=14), raw.v4l2_control(id=WIDE)

    assert node("VIDIOC_S_CTRL", small) == 0
    assert small.value == 10
    assert node("VIDIOC_G_CTRL", wide) == "EINVAL"


# ---- payloads ----


def payload(node: Node, request: str, cid: int, data: bytes, size: int | None = None) -> Any:
    room = ctypes.create_string_buffer(data, max(len(data), 1))
    item = raw.v4l2_ext_control(id=cid, size=len(data) if size is None else size)
    item.value64 = ctypes.addressof(room)
    every = raw.v4l2_ext_controls(count=1)
    every.controls = ctypes.pointer(item)
    return node(request, every), room.raw, item.size


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"abcd\0", 0),
        (b"abcdef\0", 0),
        (b"abcd", "ERANGE"),  # the last byte becomes the end, and three are not on a step
        (b"\0", "ERANGE"),
        (b"abcdefgh\0", "ERANGE"),
    ],
)
def test_strings_have_lengths(node, written, expected):
    assert payload(node, "VIDIOC_S_EXT_CTRLS", TEXT, written)[0] == expected


def test_string_needs_room_to_be_read(node):
    rc, _, size = payload(node, "VIDIOC_G_EXT_CTRLS", TEXT, bytes(2))

    assert (rc, size) == ("ENOSPC", 7)
    assert payload(node, "VIDIOC_G_EXT_CTRLS", TEXT, bytes(7))[:2] == (0, b"ab\0\0\0\0\0")


def test_array_is_clamped_element_by_element(node):
    wish = struct.pack("3H", 0, 50, 1000)

    rc, answer, _ = payload(node, "VIDIOC_S_EXT_CTRLS", VECTOR, wish)

    assert (rc, struct.unpack("3H", answer)) == (0, (3, 50, 100))
    assert payload(node, "VIDIOC_G_EXT_CTRLS", VECTOR, bytes(6))[1] == answer


def test_size_of_an_array_is_told(node):
    assert payload(node, "VIDIOC_G_EXT_CTRLS", VECTOR, b"", 0)[::2] == ("ENOSPC", 6)
    assert payload(node, "VIDIOC_S_EXT_CTRLS", VECTOR, bytes(4))[0] == "EFAULT"


def test_rectangle_stays_inside_its_limits():
    low, high = [0, 0, 8, 8], [0, 0, 640, 480]
    rect = control(TEXT, "rect", low, high, 0, high, value=[8, 8, 64, 64], flags=["has-min-max"])
    node = Node(SimulatedCamera(profile(controls=[rect])))
    wish = struct.pack("iiII", 630, -5, 100, 2)

    rc, answer, _ = payload(node, "VIDIOC_S_EXT_CTRLS", TEXT, wish)

    assert (rc, struct.unpack("iiII", answer)) == (0, (540, 0, 100, 8))


# ---- clusters ----


def test_slave_wakes_up_with_its_master(node):
    flags = [node.query(SLAVE)[1].flags & INACTIVE]
    node.set(MASTER, 1)
    flags.append(node.query(SLAVE)[1].flags & INACTIVE)
    node.set(MASTER, 0)
    flags.append(node.query(SLAVE)[1].flags & INACTIVE)

    assert flags == [INACTIVE, 0, INACTIVE]


def test_most_drivers_keep_what_is_written_to_a_sleeping_control(node):
    assert node.set(SLAVE, 70) == 0
    assert node.get(SLAVE)[1] == [70]


def test_uvcvideo_refuses_to_write_a_sleeping_control():
    node = make(inactive_writes="refuse")

    assert node.set(SLAVE, 70) == "EACCES"
    assert node.ext("VIDIOC_TRY_EXT_CTRLS", {SLAVE: 70})[0] == 0
    assert node.ext("VIDIOC_S_EXT_CTRLS", {MASTER: 1, SLAVE: 70})[0] == 0
    assert node.get(SLAVE)[1] == [70]
    assert node.ext("VIDIOC_S_EXT_CTRLS", {SLAVE: 80, MASTER: 0})[0] == "EACCES"


def test_the_last_mention_of_the_master_counts():
    node = make(inactive_writes="refuse")

    rc, _, _ = node.ext_list("VIDIOC_S_EXT_CTRLS", [(MASTER, 1), (SLAVE, 9), (MASTER, 0)])

    assert rc == "EACCES"


# ---- hostile descriptions ----


def test_contradictions_do_no_harm():
    """Real cameras have them; whatever is answered, the driver lives on."""
    node = Node(SimulatedCamera("hostile", clock="manual"))
    for each in node.camera.profile.controls:
        for value in (-(1 << 31), -1, 0, 1, (1 << 31) - 1):
            node.set(each.id, value)
        node.get(each.id)

    assert node.query(0x980901)[1].minimum == 10
    assert node.query(0x980901)[1].maximum == 5


def test_wide_numbers_are_rounded_without_overflow():
    low, high = -(1 << 63), (1 << 63) - 1
    wide = control(WIDE, "int64", low, high, 1 << 62, 0)
    camera = SimulatedCamera(profile(controls=[wide]))
    with Device(camera.path) as device:
        value = ffi.new("struct vc_value *", (WIDE, 5, high))
        out = ffi.new("uint32_t[2]")

        assert lib.vc_control_set(device._dev, value, 1, out, out + 1) == 0
        assert device.controls[WIDE].value == low + 3 * (1 << 62)
