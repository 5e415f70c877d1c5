# SPDX-License-Identifier: MIT
"""The simulated driver's buffers behave as vb2's do: states, owner, errors."""

import ctypes
from itertools import pairwise

import pytest
from linuxpy.video import raw

from v4l2capture import SimulatedCamera

from .simulated import CAPTURE, CAPTURE_MPLANE, Node, profile

QUEUED, DONE = raw.BufferFlag.QUEUED.value, raw.BufferFlag.DONE.value
CAN_ORPHAN = 1 << 4  # V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS


@pytest.fixture(params=["YUYV", "NM12"])
def node(request):
    """A camera of each API."""
    one = profile()
    one["formats"][0]["pixel_format"] = request.param
    return Node(SimulatedCamera(one, clock="manual"))


def test_number_of_buffers_is_clamped(node):
    rc, request = node.reqbufs(100)

    assert (rc, request.count) == (0, 32)
    assert request.capabilities & CAN_ORPHAN


def test_zero_buffers_frees_and_gives_up_the_queue(node):
    other = Node(node.camera)
    node.reqbufs(2)

    refused = other.reqbufs(2)[0]
    node.reqbufs(0)
    allowed = other.reqbufs(2)[0]

    assert (refused, allowed) == ("EBUSY", 0)


def test_other_types_and_memories_are_refused(node):
    other = CAPTURE if node.type == CAPTURE_MPLANE else CAPTURE_MPLANE

    assert node.reqbufs(2, memory=raw.Memory.USERPTR.value)[0] == "EINVAL"
    node.type = other
    assert node.reqbufs(2)[0] == "EINVAL"
    assert node.stream(True) == "EINVAL"
    assert node.dqbuf()[0] == "EINVAL"


def test_the_second_opener_may_look_but_not_touch(node):
    other = Node(node.camera)
    node.start()

    assert other.querybuf(0)[0] == 0
    assert other.qbuf(0) == "EBUSY"
    assert other.dqbuf()[0] == "EBUSY"
    assert other.stream(True) == "EBUSY"
    assert other.stream(False) == "EBUSY"
    assert other.reqbufs(0)[0] == "EBUSY"


def test_closing_the_owner_frees_the_queue(node):
    other = Node(node.camera)
    node.start()

    node.close()

    assert node.camera.queued == 0
    assert other.reqbufs(2)[0] == 0


def test_streaming_needs_buffers(node):
    assert node.stream(True) == "EINVAL"
    assert node.dqbuf()[0] == "EINVAL"


def test_streamon_twice_is_fine(node):
    node.start()

    assert node.stream(True) == 0


def test_reqbufs_while_streaming_is_busy(node):
    node.start()

    assert node.reqbufs(0)[0] == "EBUSY"
    assert node.reqbufs(4)[0] == "EBUSY"


def test_flags_follow_the_state(node):
    node.start()
    states = [node.querybuf(0)[1].flags & (QUEUED | DONE)]
    node.camera.tick()
    states.append(node.querybuf(0)[1].flags & (QUEUED | DONE))
    buf = node.dqbuf()[1]
    states.append(node.querybuf(0)[1].flags & (QUEUED | DONE))

    assert states == [QUEUED, DONE, 0]
    assert buf.flags & (QUEUED | DONE) == 0


def test_buffer_is_queued_once(node):
    node.start()
    node.camera.tick()

    assert node.qbuf(0) == "EINVAL"  # filled
    assert node.qbuf(1) == "EINVAL"  # queued
    assert node.qbuf(2) == "EINVAL"  # not there
    assert node.dqbuf()[0] == 0
    assert node.qbuf(0) == 0


def test_nothing_filled_is_eagain(node):
    node.start()

    assert node.dqbuf()[0] == "EAGAIN"


def test_streamoff_returns_all_buffers(node):
    node.start()
    node.camera.tick()

    assert node.stream(False) == 0
    assert node.camera.queued == 0
    assert node.dqbuf()[0] == "EINVAL"
    assert [node.qbuf(i) for i in range(2)] == [0, 0]


def test_streamoff_takes_back_what_never_streamed(node):
    node.reqbufs(2)
    node.qbuf(0)

    assert node.stream(False) == 0
    assert node.qbuf(0) == 0


def test_frames_come_in_the_order_of_the_buffers(node):
    node.start(3)
    node.camera.tick(3)

    indices = [node.dqbuf()[1].index for _ in range(3)]

    assert indices == [0, 1, 2]


def test_sequence_counts_frames_that_found_no_buffer(node):
    node.start()
    node.camera.tick(5)
    early = [node.dqbuf()[1].sequence for _ in range(2)]
    node.qbuf(0)
    node.camera.tick()

    assert early == [0, 1]
    assert node.dqbuf()[1].sequence == 5
    assert node.camera.frames == 6


def test_sequence_begins_anew_with_streaming(node):
    node.start()
    node.camera.tick(3)
    node.stream(False)
    node.qbuf(0)
    node.stream(True)
    node.camera.tick()

    assert node.dqbuf()[1].sequence == 0


def test_timestamps_are_one_interval_apart(node):
    node.start(3)
    node.camera.tick(3)

    stamps = [node.dqbuf()[1].timestamp for _ in range(3)]
    times = [stamp.secs * 1_000_000 + stamp.usecs for stamp in stamps]

    assert [round((b - a) / 1000) for a, b in pairwise(times)] == [33, 33]


def test_format_is_fixed_while_there_are_buffers(node):
    wanted = raw.v4l2_format(type=node.type)
    node("VIDIOC_G_FMT", wanted)
    node.reqbufs(1)

    assert node("VIDIOC_S_FMT", wanted) == "EBUSY"
    assert node("VIDIOC_TRY_FMT", wanted) == 0
    node.reqbufs(0)
    assert node("VIDIOC_S_FMT", wanted) == 0


def test_frame_rate_is_fixed_while_streaming(node):
    parm = raw.v4l2_streamparm(type=node.type)
    node.start()

    assert node("VIDIOC_S_PARM", parm) == "EBUSY"
    assert node("VIDIOC_G_PARM", parm) == 0


@pytest.mark.parametrize(
    ("planes", "expected"), [(0, "EINVAL"), (1, "EINVAL"), (2, 0), (9, "EINVAL")]
)
def test_planes_need_room(planes, expected):
    one = profile()
    one["formats"][0]["pixel_format"] = "NM12"
    node = Node(SimulatedCamera(one, clock="manual"))
    node.reqbufs(1)

    assert node("VIDIOC_QUERYBUF", node.buffer(0, planes)) == expected


def test_a_frame_is_not_lost_to_a_call_without_room():
    one = profile()
    one["formats"][0]["pixel_format"] = "NM12"
    node = Node(SimulatedCamera(one, clock="manual"))
    node.start()
    node.camera.tick()

    assert node("VIDIOC_DQBUF", node.buffer(0, 1)) == "EINVAL"
    rc, buf = node.dqbuf()
    assert (rc, buf.length) == (0, 2)
    assert [buf.room[i].bytesused for i in range(2)] == [320 * 240, 320 * 120]


def test_offsets_are_those_of_whole_pages(node):
    node.reqbufs(3)

    offsets = []
    for index in range(3):
        buf = node.querybuf(index)[1]
        if node.type == CAPTURE:
            offsets.append(buf.m.offset)
        else:
            offsets += [buf.room[i].m.mem_offset for i in range(2)]

    assert offsets == sorted(set(offsets))
    assert all(offset % 4096 == 0 for offset in offsets)


def test_nothing_is_known_of_other_ioctls(node):
    assert node("VIDIOC_QUERYCAP", raw.v4l2_capability()) == 0
    assert node("VIDIOC_G_STD", ctypes.c_uint64()) == "ENOTTY"


def test_node_without_capture_has_no_queue():
    node = Node(SimulatedCamera(profile(capabilities=["meta-capture", "streaming"])))

    assert node.reqbufs(1)[0] == "ENOTTY"
    assert node("VIDIOC_G_FMT", raw.v4l2_format(type=CAPTURE)) == "ENOTTY"
    assert node.stream(True) == "ENOTTY"
