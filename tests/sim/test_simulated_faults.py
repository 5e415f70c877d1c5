# SPDX-License-Identifier: MIT
"""Faults strike where, when and as often as they were told to."""

import errno

import pytest
from linuxpy.video import raw

from v4l2capture import ProfileError, SimulatedCamera

from .simulated import Node, profile

ERROR = raw.BufferFlag.ERROR.value
GAIN = 0x980913


@pytest.fixture
def node():
    gain = {"id": GAIN, "name": "gain", "type": "int", "min": 0, "max": 9, "default": 1, "value": 4}
    size = {"width": 320, "height": 240}
    formats = [{"pixel_format": "MJPG", "sizes": [size]}]
    return Node(SimulatedCamera(profile(formats=formats, controls=[gain]), clock="manual"))


def shoot(node):
    """The next frame, its buffer queued again; ``None`` where there is none."""
    node.camera.tick()
    rc, buf = node.dqbuf()
    if rc == "EAGAIN":
        return None
    assert rc == 0
    node.qbuf(buf.index)
    return buf


@pytest.mark.parametrize(
    ("name", "request_of", "expected"),
    [
        ("reqbufs_error", lambda node: node.reqbufs(2)[0], "ENOMEM"),
        ("querybuf_error", lambda node: node.querybuf(0)[0], "EINVAL"),
        ("qbuf_error", lambda node: node.qbuf(0), "EIO"),
        ("streamon_error", lambda node: node.stream(True), "EIO"),
        ("enospc", lambda node: node.stream(True), "ENOSPC"),
        ("streamoff_error", lambda node: node.stream(False), "EIO"),
        ("dqbuf_error", lambda node: node.dqbuf()[0], "EIO"),
    ],
)
def test_ioctl_fails_as_often_as_told(node, name, request_of, expected):
    node.reqbufs(2)
    before = request_of(node)
    node.camera.fault(name, count=2)

    assert [request_of(node), request_of(node)] == [expected, expected]
    assert before == "EAGAIN" or request_of(node) != expected


def test_any_ioctl_fails_in_any_way(node):
    node.camera.fault("ioctl_error", request="VIDIOC_QUERYCAP", value=errno.ETIMEDOUT)

    assert node("VIDIOC_QUERYCAP", raw.v4l2_capability()) == "ETIMEDOUT"
    node.camera.clear_faults()
    assert node("VIDIOC_QUERYCAP", raw.v4l2_capability()) == 0


def test_drop_leaves_a_gap(node):
    node.start()
    node.camera.fault("drop", after=1, count=2)

    assert [buf and buf.sequence for buf in (shoot(node) for _ in range(5))] == [
        0,
        None,
        None,
        3,
        4,
    ]


def test_stall_leaves_none(node):
    node.start()
    node.camera.fault("stall", count=2)

    assert [buf and buf.sequence for buf in (shoot(node) for _ in range(4))] == [None, None, 0, 1]


def test_disconnect_comes_after_some_frames(node):
    node.start()
    node.camera.fault("disconnect", after=1)
    shoot(node)
    node.camera.tick()

    assert node.dqbuf()[0] == "ENODEV"
    assert node.qbuf(0) == "ENODEV"


def test_disconnect_is_now(node):
    node.camera.fault("disconnect")

    assert node.reqbufs(1)[0] == "ENODEV"


@pytest.mark.parametrize(
    "name", ["error_flag", "short_frame", "corrupt_jpeg", "torn_jpeg", "no_dht", "padded_jpeg"]
)
def test_one_frame_is_spoilt(node, name):
    node.start()
    good = shoot(node)
    node.camera.fault(name, count=1)
    spoilt, next_one = shoot(node), shoot(node)

    same = spoilt.bytesused == good.bytesused and not spoilt.flags & ERROR
    assert not same
    assert abs(next_one.bytesused - good.bytesused) < 50
    assert not next_one.flags & ERROR


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("bad_index", lambda buf: buf.index == 200),
        ("bytesused_too_large", lambda buf: buf.bytesused > buf.length),
        ("timestamps_zero", lambda buf: (buf.timestamp.secs, buf.timestamp.usecs) == (0, 0)),
        ("timestamps_backwards", lambda buf: buf.timestamp.secs < 1000),
        ("timestamps_future", lambda buf: buf.timestamp.secs > 4000),
        ("sequence_zero", lambda buf: buf.sequence == 0),
    ],
)
def test_driver_says_what_cannot_be(node, name, what):
    node.start()
    shoot(node)
    node.camera.fault(name)

    node.camera.tick()
    assert what(node.dqbuf()[1])


def test_bad_data_offset():
    one = profile()
    one["formats"][0]["pixel_format"] = "NM12"
    node = Node(SimulatedCamera(one, clock="manual"))
    node.start()
    node.camera.fault("bad_data_offset")
    node.camera.tick()
    buf = node.dqbuf()[1]

    assert buf.room[0].data_offset > buf.room[0].length


@pytest.mark.parametrize(("name", "expected"), [("reqbufs_few", 1), ("reqbufs_many", 64)])
def test_another_number_of_buffers(node, name, expected):
    node.camera.fault(name)

    assert node.reqbufs(4)[1].count == expected


def test_sizeimage_may_be_zero(node):
    wanted = raw.v4l2_format(type=node.type)
    node.camera.fault("zero_sizeimage")
    node("VIDIOC_G_FMT", wanted)

    assert wanted.fmt.pix.sizeimage == 0


def test_older_drivers_know_only_the_older_calls(node):
    node.camera.fault("no_ext_ctrls")

    assert node.get(GAIN)[0] == "ENOTTY"
    assert node("VIDIOC_G_CTRL", raw.v4l2_control(id=GAIN)) == 0


def test_ignored_write_reads_back_as_before(node):
    node.camera.fault("control_ignored", control="gain")

    assert node.set(GAIN, 7) == 0
    assert node.get(GAIN)[1] == [4]


def test_control_that_cannot_be_read(node):
    node.camera.fault("control_read_eio", control=GAIN, value=errno.ENXIO)

    assert node.get(GAIN)[0] == "ENXIO"


def test_description_that_cannot_be_read(node):
    node.camera.fault("query_error", control=GAIN)

    assert node.query(GAIN)[0] == "EIO"
    assert node.query((GAIN - 1) | 1 << 31)[0] == "EIO"


def test_enumeration_that_runs_in_circles(node):
    node.camera.fault("ids_not_rising")

    assert node.query(GAIN - 1 | 1 << 31)[1].id < GAIN


def test_controls_are_forgotten_when_streaming_begins(node):
    node.set(GAIN, 9)
    node.camera.fault("reset_controls_on_streamon", count=1)
    node.start()

    assert node.get(GAIN)[1] == [1]


def test_unknown_names_are_refused(node):
    with pytest.raises(ValueError, match="drop"):
        node.camera.fault("no such fault")
    with pytest.raises(ValueError, match="gain"):
        node.camera.fault("control_eio", control="no such control")
    with pytest.raises(ValueError, match="no ioctl"):
        node.camera.fault("ioctl_error", request="VIDIOC_NONSENSE")


@pytest.mark.parametrize(
    ("what", "error", "named"),
    [
        (lambda camera: camera.fault(5), ValueError, "no fault 5"),
        (lambda camera: camera.fault("drop\0"), ValueError, "no fault"),
        (lambda camera: camera.fault("drop", count=-1), ValueError, "count=-1"),
        (lambda camera: camera.fault("drop", after="soon"), TypeError, "after='soon'"),
        (lambda camera: camera.fault("drop", value=1 << 63), ValueError, "value="),
        (lambda camera: camera.fault("drop", control=-1), ValueError, "control=-1"),
        (lambda camera: camera.fault("drop", control=2.5), TypeError, "control=2.5"),
        (lambda camera: camera.fault("drop", request=1 << 40), ValueError, "request="),
        (lambda camera: camera.fault("dqbuf_error", value=5000), ValueError, "value=5000.*errno"),
        (lambda camera: camera.tick(-1), ValueError, "frames=-1"),
        (lambda camera: camera.tick(None), TypeError, "frames=None"),
        (lambda camera: camera.poke("gain", 2**70), ValueError, "value="),
        (lambda camera: camera.poke("gain", "much"), TypeError, "value='much'"),
        (lambda camera: camera.poke(2**32, 1), ValueError, "control="),
        (lambda camera: camera.set_flags(None, []), TypeError, "control=None"),
        (lambda camera: camera.set_range("gain", 0, 9, -1, 0), ValueError, "step=-1"),
        (lambda camera: camera.set_range("gain", 0, 9.5, 1, 0), TypeError, "maximum=9.5"),
        (lambda camera: camera.ioctls(None), TypeError, "request=None"),
    ],
)
def test_wrong_argument_is_named(node, what, error, named):
    with pytest.raises(error, match=named) as caught:
        what(node.camera)

    assert type(caught.value) is error


@pytest.mark.parametrize(
    "fault", [{"fault": "dqbuf_error", "value": 5000}, {"fault": "nonsense"}, {"fault": ""}]
)
def test_profile_with_a_fault_that_cannot_be_says_where(fault):
    with pytest.raises(ProfileError) as caught:
        SimulatedCamera(profile(faults=[{"fault": "drop"}, fault]))

    assert caught.value.where == "faults[1]"


def test_every_fault_can_be_asked_for(node):
    for name in node.camera.fault_names():
        if name != "disconnect":
            node.camera.fault(name, count=1)
            node.camera.clear_faults()

    node.start()
    assert shoot(node).sequence == 0
