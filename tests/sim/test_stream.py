# SPDX-License-Identifier: MIT
"""Frames out of a stream: which, when, at what price, and what becomes of the bad ones."""

import errno
import math
import threading
import time
from fractions import Fraction

import numpy as np
import pytest

from v4l2capture import (
    BandwidthError,
    CaptureTimeout,
    ClosedError,
    Device,
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    Frame,
    StarvedError,
    StreamStats,
)
from v4l2capture import stream as stream_module
from v4l2capture import waiting as waiting_module
from v4l2capture.sim import read_counter
from v4l2capture.waiting import Waiter

from .lanes import SimLane, queued, shoot, simulated, small

STREAMING = ["VIDIOC_QBUF", "VIDIOC_DQBUF"]
OTHERS = [
    "VIDIOC_DQEVENT",
    "VIDIOC_G_EXT_CTRLS",
    "VIDIOC_G_FMT",
    "VIDIOC_G_PARM",
    "VIDIOC_QUERYBUF",
    "VIDIOC_QUERY_EXT_CTRL",
    "VIDIOC_REQBUFS",
    "VIDIOC_STREAMOFF",
    "VIDIOC_STREAMON",
]

# A way to get a frame that is there.
READERS = {
    "read": lambda stream: stream.read(0),
    "latest": lambda stream: stream.latest(0),
    "iteration": lambda stream: next(iter(stream)),
    "try_read": lambda stream: stream.try_read(),
}

readers = pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
whole_readers = pytest.mark.parametrize("reader", list(READERS.values())[:3], ids=list(READERS)[:3])


@pytest.fixture
def ticking(monkeypatch):
    """Give a simulated camera a frame's time whenever somebody begins to wait."""

    def begin(camera):
        wait, quick = Waiter.wait, stream_module._wait
        tick = camera.tick
        monkeypatch.setattr(Waiter, "wait", lambda it, ms: (ms and tick(), wait(it, ms))[1])
        monkeypatch.setattr(
            stream_module, "_wait", lambda it: (it.timeout_ms and tick(), quick(it))[1]
        )

    return begin


def open_stream(camera, **options):
    device = Device(camera.path)
    return device, device.stream(**options)


# ---- what a frame says ----


@readers
def test_frame_is_whole_and_said_to_be(camera, device, reader):
    stream = device.stream()
    camera.fill(device)

    frame = reader(stream)

    assert frame.ok
    assert frame.reason is None
    assert len(frame.planes) == 1
    assert len(frame.planes[0]) == camera.size[0] * camera.size[1] * 2
    assert frame.format == stream.format == device.format


def test_array_is_the_buffer(camera, device):
    """Zero copies: the same addresses, and no way to write."""
    stream = device.stream()

    frame = shoot(camera, stream)
    array = frame.array()

    assert array.shape == (*camera.size[::-1], 2)
    assert np.shares_memory(array, np.asarray(frame.planes[0]))
    assert array.ctypes.data == np.asarray(frame.planes[0]).ctypes.data
    assert array.ctypes.data == np.from_dlpack(frame).ctypes.data
    assert not array.flags.writeable
    assert frame.planes[0].readonly
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0


@pytest.mark.parametrize("frame_of", [Frame.copy, lambda frame: frame], ids=["copy", "frame"])
def test_array_cannot_be_made_writable(camera, device, frame_of):
    """The memory is the driver's: who wrote there would write into frames to come, or crash."""
    array = frame_of(shoot(camera, device.stream())).array()

    for each in (array, array[:1], array.base):
        with pytest.raises(ValueError, match="WRITEABLE"):
            each.setflags(write=True)


def test_asarray_converts_when_asked(camera, device):
    frame = shoot(camera, device.stream())

    assert np.shares_memory(np.asarray(frame), frame.array())
    assert np.asarray(frame, dtype=np.int16).dtype == np.int16
    assert not np.shares_memory(np.array(frame), frame.array())


@pytest.mark.quirk("padded-rows")
def test_rows_of_a_padded_buffer_are_skipped_by_strides():
    formats = small()["formats"]
    formats[0] |= {"bytesperline_align": 100}
    camera = simulated(formats=formats)
    device, stream = open_stream(camera)
    camera.tick()

    array = stream.try_read().array()

    assert device.format.planes[0].bytesperline == 200
    assert (array.shape, array.strides) == ((48, 64, 2), (200, 2, 1))


def test_metadata_stays_after_close(camera, device):
    frame = shoot(camera, device.stream())
    before = (frame.timestamp_ns, frame.timestamp_source, frame.sequence, frame.ok, frame.info)

    frame.close()

    assert (frame.timestamp_ns, frame.timestamp_source, frame.sequence, frame.ok, frame.info) == (
        before
    )
    assert "closed" in repr(frame)


@pytest.mark.parametrize(
    "use",
    [
        lambda frame: frame.planes,
        lambda frame: frame.array(),
        lambda frame: frame.to_rgb(),
        lambda frame: frame.to_jpeg(),
        lambda frame: frame.copy(),
        np.asarray,
        np.from_dlpack,
    ],
    ids=["planes", "array", "to_rgb", "to_jpeg", "copy", "asarray", "from_dlpack"],
)
@pytest.mark.parametrize("had_array", [False, True], ids=["never an array", "had an array"])
def test_closed_frame_has_no_pixels(camera, device, use, had_array):
    frame = shoot(camera, device.stream())
    if had_array:
        frame.array()
    frame.close()

    with pytest.raises(ClosedError, match="frame is closed"):
        use(frame)


def test_copy_is_the_same_and_holds_no_buffer(camera, device):
    stream = device.stream()
    frame = shoot(camera, stream)

    copy = frame.copy()
    again = copy.copy()
    expected = frame.planes[0].tobytes()
    info = frame.info
    frame.close()

    assert stream.leased == 0
    assert copy.planes[0].tobytes() == again.array().tobytes() == expected
    assert copy.info == again.info == info
    assert copy.array().shape == (*camera.size[::-1], 2)
    assert not np.shares_memory(copy.array(), again.array())


def test_view_of_a_copy_outlives_it(camera, device):
    copy = shoot(camera, device.stream()).copy()
    expected = copy.planes[0].tobytes()
    array, plane = copy.array()[4:], copy.planes[0][8:]

    copy.close()
    del copy

    assert array.tobytes() == expected[4 * 2 * camera.size[0] :]
    assert plane.tobytes() == expected[8:]


def test_compressed_frame_is_no_array():
    camera = simulated(small("MJPG"))
    _, stream = open_stream(camera)
    camera.tick()
    frame = stream.read(0)

    with pytest.raises(ValueError, match="MJPG frame is no array"):
        frame.array()
    assert frame.to_jpeg()[:2] == b"\xff\xd8"


def test_multiplanar_frame_has_a_view_for_each_memory_plane():
    camera = simulated("mplane")
    device = Device(camera.path)
    device.set_format(64, 48, "NM12")
    stream = device.stream()
    camera.tick(2)
    frame = stream.read(0)
    luma, chroma = frame.planes

    frame.close()
    held = stream.leased
    del luma
    still_held = stream.leased
    del chroma

    assert [len(plane) for plane in stream.read(0).planes] == [64 * 48, 64 * 24]
    assert (held, still_held, stream.leased) == (1, 1, 0)


def test_one_memory_plane_of_the_multiplanar_api_is_an_array():
    camera = simulated("mplane")
    device = Device(camera.path)
    device.set_format(640, 480, "YUYV")
    stream = device.stream()
    camera.tick()

    frame = stream.read(0)

    assert frame.array().shape == (480, 640, 2)
    assert np.shares_memory(frame.array(), np.asarray(frame.planes[0]))


@pytest.fixture
def shifting():
    """A driver that pads its rows, so that a picture may begin later and still be whole."""
    formats = small()["formats"]
    formats[0] |= {"bytesperline_align": 100}
    return simulated(multiplanar=True, formats=formats)


def test_array_begins_where_the_driver_says(shifting):
    """data_offset: the multi-planar API lets a driver put something before the picture."""
    _, stream = open_stream(shifting)
    shifting.fault("bad_data_offset", value=64)
    shifting.tick()

    frame = stream.read(0)

    assert len(frame.planes[0]) == 48 * 200 - 64
    assert frame.array().ctypes.data == np.asarray(frame.planes[0]).ctypes.data


def test_array_begins_where_the_driver_says_also_later(shifting):
    _, stream = open_stream(shifting, buffers=1)
    shifting.tick()
    stream.read(0).array()
    shifting.fault("bad_data_offset", value=64)
    shifting.tick()

    frame = stream.try_read()

    assert frame.array().ctypes.data == np.asarray(frame.planes[0]).ctypes.data


# ---- the price ----


@whole_readers
def test_a_frame_costs_two_ioctls_and_one_wait(reader, monkeypatch):
    camera = simulated("webcam")
    _, stream = open_stream(camera, timeout=0)
    camera.tick()
    reader(stream).array()  # the first one makes preparations
    waits = []
    wait, quick = Waiter.wait, stream_module._wait
    monkeypatch.setattr(Waiter, "wait", lambda it, ms: (waits.append(1), wait(it, ms))[1])
    monkeypatch.setattr(stream_module, "_wait", lambda it: (waits.append(1), quick(it))[1])
    before = {name: camera.ioctls(name) for name in STREAMING + OTHERS}

    for _ in range(10):
        camera.tick()
        assert reader(stream).array().any()

    after = {name: camera.ioctls(name) - before[name] for name in STREAMING + OTHERS}
    drained = 10 if reader is READERS["latest"] else 0  # it asks until there is none
    assert {name: n for name, n in after.items() if n} == {
        "VIDIOC_DQBUF": 10 + drained,
        "VIDIOC_QBUF": 10,
    }
    assert len(waits) <= 10


# ---- newest wins ----


@pytest.mark.quirk("stale-frames")
def test_latest_gives_older_frames_back(camera, device):
    stream = device.stream(buffers=4)
    camera.fill(device, 3)

    frame = stream.latest(0)

    stats = stream.stats
    assert stats.stale == 2 or (stats.stale > 2 and not isinstance(camera, SimLane))
    assert frame.sequence == stats.stale + stats.dropped  # a driver goes on meanwhile
    assert (stream.leased, queued(device)) == (1, 3)


def test_latest_is_the_newest_picture():
    camera = simulated("webcam")
    _, stream = open_stream(camera)
    camera.tick(4)

    frame = stream.latest(0)

    assert read_counter(frame.to_rgb()) == 3
    assert stream.stats == StreamStats(delivered=1, dropped=0, broken=0, stale=3, copied=0)


def test_latest_drains_in_one_call():
    camera = simulated()
    _, stream = open_stream(camera)
    camera.tick(4)
    before = camera.ioctls("VIDIOC_DQBUF"), camera.ioctls("VIDIOC_QBUF")

    stream.latest(0).close()

    after = camera.ioctls("VIDIOC_DQBUF"), camera.ioctls("VIDIOC_QBUF")
    assert (after[0] - before[0], after[1] - before[1]) == (4, 4)


def test_latest_waits_when_there_is_none(ticking):
    camera = simulated()
    _, stream = open_stream(camera)
    with pytest.raises(CaptureTimeout):
        stream.latest(0)
    ticking(camera)

    assert stream.latest(5).sequence == 0


# ---- all buffers held ----


@pytest.mark.quirk("requeue")
@readers
def test_starved_at_once_and_not_after_the_timeout(camera, device, reader):
    stream = device.stream(buffers=2, timeout=None)
    frames = [shoot(camera, stream) for _ in range(2)]

    with pytest.raises(StarvedError, match=r"all 2 buffers of .* are held"):
        reader(stream)
    with pytest.raises(StarvedError):
        stream.read(timeout=None)
    frames.pop()
    camera.fill(device)

    assert reader(stream).ok


def test_starved_also_where_the_last_one_was_waited_for(ticking):
    """The quick way of the next read() must know that there is nothing left to wait for."""
    camera = simulated()
    _, stream = open_stream(camera, buffers=2, timeout=None)
    ticking(camera)

    frames = [stream.read(), stream.read()]
    thread_error = []

    def read():
        try:
            stream.read()
        except StarvedError as error:
            thread_error.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(5)

    assert len(frames) == 2
    assert len(thread_error) == 1


@readers
def test_last_buffer_is_copied_when_asked_for(camera, device, reader):
    stream = device.stream(buffers=2, copy_when_low=True)
    frames = []

    for _ in range(5):
        camera.fill(device)
        frames.append(reader(stream))

    assert stream.leased == 1
    assert stream.stats.copied == 4
    assert len({frame.timestamp_ns for frame in frames}) == 5
    assert all(frame.ok for frame in frames)


def test_readers_in_two_threads_copy_rather_than_starve():
    """While one copies the last frame, the other must not be told that all are held."""
    camera = simulated()
    _, stream = open_stream(camera, buffers=2, copy_when_low=True)
    keep = []
    errors = []

    def read():
        try:
            for _ in range(300):
                camera.tick()
                frame = stream.try_read()
                if frame is not None and not keep:
                    keep.append(frame)
        except StarvedError as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []


# ---- gaps and broken frames ----


@pytest.mark.quirk("lost-frames")
def test_gaps_in_the_sequence_are_counted():
    camera = simulated()
    _, stream = open_stream(camera, buffers=2)
    camera.tick(5)  # two buffers: 0 and 1 are kept, 2, 3 and 4 are lost
    stream.read(0).close()
    stream.read(0).close()
    camera.tick()

    frame = stream.read(0)

    assert frame.sequence == 5
    assert stream.stats.dropped == 3


def test_counter_that_stands_still_is_no_gap():
    camera = simulated()
    camera.fault("sequence_zero")
    _, stream = open_stream(camera)

    for _ in range(3):
        camera.tick()
        stream.read(0)

    assert stream.stats.dropped == 0


BROKEN = {
    "error flag": ("YUYV", "error_flag", {}, "marked the frame as damaged"),
    "half a frame": ("YUYV", "short_frame", {}, "fewer bytes"),
    "one byte": ("YUYV", "short_frame", {"value": 1}, "fewer bytes"),
    "one byte too few": ("YUYV", "short_frame", {"value": 64 * 48 * 2 - 1}, "fewer bytes"),
    "empty": ("MJPG", "short_frame", {"value": 0}, "fewer bytes|no start or no end"),
    "half a JPEG": ("MJPG", "corrupt_jpeg", {}, "no start or no end"),
    "two bytes of a JPEG": ("MJPG", "corrupt_jpeg", {"value": 2}, "no start or no end"),
    "offset behind the end": ("NM12", "bad_data_offset", {}, "fewer bytes"),
    "offset into the picture": ("NM12", "bad_data_offset", {"value": 8}, "fewer bytes"),
}


@pytest.fixture(params=BROKEN.values(), ids=BROKEN.keys())
def breaking(request):
    """A camera whose first frame is broken, and words for what is wrong with it."""
    pixel_format, fault, options, reason = request.param
    camera = simulated(small(pixel_format))
    camera.fault(fault, count=1, **options)
    device, stream = open_stream(camera)
    camera.tick()
    if fault == "error_flag":  # the others strike once by themselves
        camera.clear_faults()
    return camera, device, stream, reason


@pytest.mark.quirk("error-flag", "truncated-jpeg", "uvc-truncated-raw")
@whole_readers
def test_broken_frames_are_skipped_and_counted(breaking, reader):
    camera, _, stream, _ = breaking
    camera.tick()

    frame = reader(stream)

    assert frame.ok
    assert frame.sequence == 1
    assert (stream.stats.broken, stream.stats.delivered) == (1, 1)


def test_broken_frames_are_delivered_to_try_read(breaking):
    _, _, stream, reason = breaking

    frame = stream.try_read()

    assert not frame.ok
    assert any(words in frame.reason for words in reason.split("|"))
    assert stream.stats.broken == 1


@pytest.mark.quirk("error-flag", "uvc-bus-error")
def test_broken_frames_do_not_stop_the_stream(breaking):
    camera, device, stream, _ = breaking
    stream.try_read()
    camera.tick()

    assert stream.read(0).ok
    assert queued(device) == stream.buffers


@pytest.mark.quirk("uvc-truncated-raw")
def test_too_short_frame_is_no_array():
    camera = simulated()
    camera.fault("short_frame", value=10)
    _, stream = open_stream(camera)
    camera.tick()
    frame = stream.try_read()

    with pytest.raises(ValueError, match="has 10 bytes, too few for 64x48 YUYV"):
        frame.array()
    with pytest.raises(ValueError, match="bytes"):
        frame.to_rgb()
    assert len(frame.planes[0]) == 10


def test_damaged_frame_of_full_length_is_an_array_all_the_same():
    camera = simulated()
    camera.fault("error_flag")
    _, stream = open_stream(camera)
    camera.tick()

    frame = stream.try_read()
    array = frame.array()
    frame.close()
    held = stream.leased
    del array

    assert (held, stream.leased) == (1, 0)


@pytest.mark.quirk("wrong-sizeimage")
def test_more_bytes_than_the_buffer_has_are_not_believed():
    camera = simulated()
    camera.fault("bytesused_too_large", count=1)
    _, stream = open_stream(camera)
    camera.tick()

    frame = stream.read(0)

    assert len(frame.planes[0]) == 64 * 48 * 2


@pytest.mark.quirk("no-huffman-tables", "jpeg-padding")
@pytest.mark.parametrize("fault", ["padded_jpeg", "no_dht"])
def test_harmless_quirks_of_a_jpeg_are_no_damage(fault):
    camera = simulated(small("MJPG"))
    camera.fault(fault)
    _, stream = open_stream(camera)
    camera.tick()

    frame = stream.read(0)

    assert frame.ok
    assert frame.to_rgb().shape == (48, 64, 3)


@pytest.mark.parametrize("tables", [True, False], ids=["with tables", "without"])
def test_junk_behind_a_cut_jpeg_makes_it_no_whole_one(tables):
    """Its headers are looked through for where an end would count, and then there is none."""
    camera = simulated(small("MJPG"))
    camera.fault("corrupt_jpeg")
    camera.fault("padded_jpeg")
    if not tables:
        camera.fault("no_dht")
    _, stream = open_stream(camera)
    camera.tick()

    frame = stream.try_read()

    assert not frame.ok
    assert "no start or no end" in frame.reason


def test_buffer_that_does_not_exist_is_an_error_and_not_the_end():
    camera = simulated()
    camera.fault("bad_index", count=1)
    _, stream = open_stream(camera)
    camera.tick(2)

    with pytest.raises(DeviceError, match="contradicts the V4L2 specification") as caught:
        stream.read(0)

    assert caught.value.errno == errno.EPROTO
    assert caught.value.operation == "VIDIOC_DQBUF"
    assert stream.read(0).ok


def test_failing_dqbuf_is_an_error_and_not_the_end():
    camera = simulated()
    _, stream = open_stream(camera)
    camera.fault("dqbuf_error", count=1)
    camera.tick()

    with pytest.raises(DeviceError, match=r"VIDIOC_DQBUF on sim:.*Input/output error") as caught:
        stream.read(0)

    assert caught.value.errno == errno.EIO
    assert stream.read(0).ok


def test_failure_while_giving_back_is_told_by_the_next_read():
    """A destructor cannot fail."""
    camera = simulated()
    _, stream = open_stream(camera)
    camera.tick(2)
    frame = stream.read(0)
    camera.fault("qbuf_error", count=1)
    frame.close()

    with pytest.raises(DeviceError) as caught:
        stream.read(0)

    assert caught.value.errno == errno.EIO
    assert stream.read(0).ok


def test_failure_while_skipping_is_told_at_once():
    """Else a stream that lost its last buffer would wait for ever."""
    camera = simulated()
    _, stream = open_stream(camera, buffers=1)
    camera.fault("error_flag")
    camera.tick()
    camera.fault("qbuf_error", count=1)

    with pytest.raises(DeviceError) as caught:
        stream.read(0)

    assert caught.value.errno == errno.EIO


@pytest.mark.quirk("hangup")
def test_driver_that_cries_wolf_does_not_keep_us_spinning(monkeypatch):
    camera = simulated()
    _, stream = open_stream(camera)
    calls = []
    monkeypatch.setattr(Waiter, "wait", lambda _it, _ms: calls.append(1) or 1)

    with pytest.raises(DeviceError, match=r"said \d+ times that a frame is ready"):
        stream.read(timeout=None)

    assert 100 <= len(calls) <= 10_000


def test_broken_frames_do_not_prolong_the_timeout(ticking, monkeypatch):
    camera = simulated()
    camera.fault("error_flag")
    _, stream = open_stream(camera)
    ticking(camera)
    clock = iter(range(1000))
    monkeypatch.setattr(waiting_module, "monotonic", lambda: next(clock) / 30)

    with pytest.raises(CaptureTimeout, match="0 delivered and 30 damaged so far"):
        stream.read(1)


# ---- time ----


@pytest.mark.parametrize("method", ["read", "latest"])
@pytest.mark.parametrize("timeout", [0, 0.0, 0.02, Fraction(1, 50), np.float32(0.02)])
def test_timeout_is_kept_to(camera, device, method, timeout):
    stream = device.stream()
    if not isinstance(camera, SimLane):
        camera.silence(device)
        time.sleep(0.1)
        while stream.try_read():
            pass
    begin = time.monotonic()

    with pytest.raises(CaptureTimeout, match=r"no frame from .* within") as caught:
        getattr(stream, method)(timeout)

    assert float(timeout) <= time.monotonic() - begin < 2
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize("method", ["read", "latest"])
@pytest.mark.parametrize(
    ("timeout", "error"),
    [
        (-1, ValueError),
        (-0.001, ValueError),
        (math.nan, ValueError),
        (-math.inf, ValueError),
        ("1", TypeError),
        (True, TypeError),
        ([], TypeError),
        (1j, TypeError),
    ],
)
def test_bad_timeout_is_refused(camera, device, method, timeout, error):
    """Whether or not there is a frame: a mistake that shows only sometimes is the worst."""
    stream = device.stream()
    camera.fill(device)

    with pytest.raises(error):
        getattr(stream, method)(timeout)
    with pytest.raises(error):
        device.stream(timeout=timeout)
    assert stream.leased == 0


def test_timeout_of_the_stream_is_used_and_may_change(ticking):
    camera = simulated()
    _, stream = open_stream(camera, timeout=0)
    ticking(camera)

    with pytest.raises(CaptureTimeout, match="within 0 s"):
        stream.read()
    stream.timeout = 10

    assert stream.read().ok


def test_quick_reads_keep_to_a_timeout_that_changed(ticking):
    camera = simulated()
    _, stream = open_stream(camera, timeout=60)
    ticking(camera)
    stream.read().close()  # now 60 s are prepared for
    stream.timeout = 0

    with pytest.raises(CaptureTimeout, match="within 0 s"):
        stream.read()
    with pytest.raises(ValueError, match="timeout"):
        stream.timeout = -1
    assert stream.timeout == 0


@pytest.mark.quirk("time-of-what")
@pytest.mark.parametrize(
    ("profile", "source"),
    [("start-of-exposure", "start of exposure"), ("end-of-frame", "end of frame")],
)
def test_timestamp_source_is_the_drivers(profile, source):
    camera = simulated(timestamps=profile)
    _, stream = open_stream(camera)
    camera.tick(2)

    one, other = stream.read(0), stream.read(0)

    assert one.timestamp_source == other.timestamp_source == source
    assert abs(other.timestamp_ns - one.timestamp_ns - 33_333_333) < 2000


@pytest.mark.quirk("wrong-clock")
@pytest.mark.parametrize("fault", ["timestamps_zero", "timestamps_future", "timestamps_backwards"])
def test_timestamp_that_cannot_be_true_becomes_the_arrival(fault):
    camera = simulated()
    _, stream = open_stream(camera)
    camera.tick()
    before = stream.read(0).timestamp_ns
    camera.fault(fault, count=1)
    camera.tick()
    bad = stream.read(0)
    camera.clear_faults()
    camera.tick()
    after = stream.read(0)

    assert bad.timestamp_source == "arrival"
    assert before < bad.timestamp_ns <= before + 2 * 33_400_000
    assert after.timestamp_source == "start of exposure"
    assert bad.ok


def test_timestamps_are_on_the_monotonic_clock(camera):
    path = "sim:webcam" if isinstance(camera, SimLane) else camera.path  # on the real clock
    with Device(path) as device, device.stream() as stream:
        before = time.monotonic_ns()

        frame = stream.read(10)

        assert before - 1_000_000_000 <= frame.timestamp_ns <= time.monotonic_ns()


# ---- starting and ending ----


@pytest.mark.parametrize("buffers", [0, -1, 33, 10**9])
def test_number_of_buffers_has_limits(device, buffers):
    with pytest.raises(ValueError, match="give 1 to 32"):
        device.stream(buffers=buffers)


@pytest.mark.parametrize("buffers", ["4", None, 2.5, True])
def test_number_of_buffers_is_a_number(device, buffers):
    with pytest.raises(TypeError):
        device.stream(buffers=buffers)
    assert device.stream().buffers >= 4


@pytest.mark.parametrize("buffers", [1, 2, 4, np.int64(5), 32])
def test_any_number_of_buffers_streams(camera, device, buffers):
    stream = device.stream(buffers=buffers)

    for _ in range(3):
        assert shoot(camera, stream).ok

    assert 1 <= stream.buffers <= 32


def test_driver_may_give_fewer_buffers():
    camera = simulated()
    camera.fault("reqbufs_few", value=2)
    _, stream = open_stream(camera, buffers=8)
    camera.tick(2)

    frames = [stream.read(0), stream.read(0)]

    assert stream.buffers == 2
    with pytest.raises(StarvedError, match="all 2 buffers"):
        stream.read(0)
    del frames


START_ERRORS = {
    "no memory": ("reqbufs_error", "VIDIOC_REQBUFS", errno.ENOMEM, DeviceError),
    "no buffer to look at": ("querybuf_error", "VIDIOC_REQBUFS", errno.EINVAL, DeviceError),
    "more buffers than there can be": ("reqbufs_many", "VIDIOC_REQBUFS", errno.EPROTO, DeviceError),
    "no queueing": ("qbuf_error", "VIDIOC_QBUF", errno.EIO, DeviceError),
    "no start": ("streamon_error", "VIDIOC_STREAMON", errno.EIO, DeviceError),
    "no room on the bus": ("enospc", "VIDIOC_STREAMON", errno.ENOSPC, BandwidthError),
}


@pytest.mark.quirk("no-bandwidth")
@pytest.mark.parametrize(
    ("fault", "operation", "number", "kind"), START_ERRORS.values(), ids=START_ERRORS.keys()
)
@pytest.mark.parametrize("watched", [False, True], ids=["alone", "device is watched"])
def test_stream_that_cannot_start_leaves_nothing_behind(fault, operation, number, kind, watched):
    camera = simulated()
    device = Device(camera.path)
    if watched:
        device.fileno()
    camera.fault(fault, count=1)

    with pytest.raises(kind) as caught:
        device.stream()
    camera.clear_faults()

    assert (caught.value.operation, caught.value.errno) == (operation, number)
    assert caught.value.filename == camera.path
    assert (camera.queued, camera.mappings) == (0, 0)
    device.set_format(64, 48)
    stream = device.stream()
    camera.tick()
    assert stream.read(0).ok


@pytest.mark.quirk("no-bandwidth")
def test_bandwidth_error_says_the_sum_and_a_way_out():
    camera = simulated("webcam")
    camera.fault("enospc")
    device = Device(camera.path)
    device.set_format(640, 480, "YUYV", 30)

    with pytest.raises(BandwidthError) as caught:
        device.stream()

    assert "640x480 YUYV is 614400 bytes x 30 frames/s = 18.4 MB/s" in str(caught.value)
    assert "try set_format(640, 480, 'MJPG', frame_rate=30)" in str(caught.value)


def test_second_stream_is_busy_and_the_first_goes_on(camera, device):
    stream = device.stream()
    frame = shoot(camera, stream)

    with pytest.raises(DeviceBusyError) as caught:
        device.stream()

    assert "stream" in str(caught.value)
    assert "alive" not in str(caught.value)  # frames are not what keeps it busy
    del frame
    assert shoot(camera, stream).ok


@pytest.mark.quirk("busy-after-stop")
def test_stream_starts_anew_after_close(camera, device):
    for _ in range(3):
        with device.stream() as stream:
            assert shoot(camera, stream).sequence == 0


def test_stream_that_is_dropped_gives_the_camera_free(camera, device):
    stream = device.stream()
    shoot(camera, stream)
    del stream

    assert shoot(camera, device.stream()).ok


@pytest.mark.quirk("busy-after-stop")
def test_format_can_be_set_after_close(camera, device):
    with device.stream() as stream:
        shoot(camera, stream)

    assert device.set_format(640, 480).width == 640


def test_close_of_a_failing_camera_is_quiet():
    camera = simulated()
    device, stream = open_stream(camera)
    camera.fault("streamoff_error")

    stream.close()
    device.close()

    assert camera.handles == 0


@pytest.mark.parametrize(
    "use",
    [
        lambda stream: stream.read(),
        lambda stream: stream.read(0),
        lambda stream: stream.latest(),
        lambda stream: stream.try_read(),
        lambda stream: next(iter(stream)),
        lambda stream: stream.fileno(),
        lambda stream: stream.stats,
        lambda stream: stream.buffers,
        lambda stream: stream.leased,
    ],
)
@pytest.mark.parametrize("how", ["stream", "device"])
def test_closed_stream_can_do_nothing(camera, device, use, how):
    stream = device.stream()
    shoot(camera, stream)
    {"stream": stream, "device": device}[how].close()

    with pytest.raises(ClosedError):
        use(stream)
    assert stream.closed
    assert "closed" in repr(stream)
    stream.close()


@pytest.mark.quirk("unplugged")
def test_unplugged_camera_is_gone_and_closes_quietly():
    camera = simulated()
    device, stream = open_stream(camera)
    camera.tick()
    frame = stream.read(0)
    camera.unplug()

    for use in (stream.read, stream.try_read, lambda: device.format, device.formats):
        with pytest.raises(DeviceGoneError, match="unplugged"):
            use()
    stream.close()
    device.close()
    assert frame.ok


@pytest.mark.quirk("unplugged")
def test_camera_that_comes_back_can_be_opened_again():
    camera = simulated()
    device, stream = open_stream(camera)
    camera.unplug()
    with pytest.raises(DeviceGoneError):
        stream.read(0)
    device.close()

    camera.replug()
    _, stream = open_stream(camera)
    camera.tick()

    assert stream.read(0).ok


@pytest.mark.quirk("stall")
def test_stalled_camera_times_out():
    camera = simulated()
    camera.fault("stall")
    _, stream = open_stream(camera)
    camera.tick(100)

    with pytest.raises(CaptureTimeout):
        stream.read(0)


def test_frame_is_made_by_the_stream_only():
    frame = Frame.__new__(Frame)

    with pytest.raises(AttributeError):
        frame.planes  # noqa: B018
    with pytest.raises(AttributeError):
        frame.close()
    frame._slot = None  # or its end is a warning


def interrupt(*_):
    raise KeyboardInterrupt


def test_interrupted_begin_gives_the_buffers_back_at_once(monkeypatch):
    """Not when the error dies: its traceback knows the stream, and who handles it may go on."""
    camera = simulated("webcam")
    device = Device(camera.path)
    with monkeypatch.context() as patch:
        patch.setattr(stream_module, "Slot", interrupt)
        with pytest.raises(KeyboardInterrupt) as kept:
            device.stream()

    device.set_format(1280, 720)
    _, stream = open_stream(camera)
    camera.tick()

    assert stream.read().format.width == 1280
    assert kept.value
