# SPDX-License-Identifier: MIT
"""vivid's buttons that make it fail, one by one: the error of the contract, then life goes on."""

import errno
import gc
import time

import pytest

from v4l2capture import CaptureTimeout, Device, DeviceError, DeviceGoneError, Stream

from . import vivid

pytestmark = pytest.mark.vivid

# Every button that breaks something, and the test that presses it.
INJECTIONS = {
    "disconnect": "test_disconnect_is_an_unplugged_camera",
    "inject_v4l2_buf_flag_error": "test_damaged_frame_is_skipped_and_counted",
    "inject_vidioc_reqbufs_error": "test_refused_buffers_name_the_operation",
    "inject_vidioc_qbuf_error": "test_refused_buffer_at_the_start_names_the_operation",
    "inject_vidioc_streamon_error": "test_refused_start_names_the_operation",
    "inject_fatal_streaming_error": "test_fatal_error_ends_the_stream_and_not_the_device",
    "inject_req_validate_error": "",  # of the request API, which the library leaves out
}


def test_no_button_is_forgotten(camera):
    with Device(camera) as device:
        buttons = {name for name, control in device.controls.items() if control.type == "button"}

    assert buttons == {*INJECTIONS, "button"}
    assert all(test in globals() for test in INJECTIONS.values() if test)


def works(device: Device) -> bool:
    """Whether a new stream delivers."""
    with device.stream() as stream:
        return [stream.read(timeout=10.0).ok for _ in range(5)] == [True] * 5


def refused(camera: str, button: str) -> DeviceError:
    """Press a button that lets no stream begin; return the error, when all is well again."""
    with Device(camera) as device:
        device.controls[button].press()
        with pytest.raises(DeviceError) as caught:
            device.stream()
        assert works(device)
    return caught.value


@pytest.mark.quirk("error-flag")
def test_damaged_frame_is_skipped_and_counted(camera):
    with Device(camera) as device, device.stream() as stream:
        stream.read(timeout=10.0)

        device.controls["inject_v4l2_buf_flag_error"].press()
        frames = [stream.read(timeout=10.0) for _ in range(3)]
        assert all(frame.ok for frame in frames)
        frames.clear()
        for _ in range(20):  # it may have been pressed while frames were waiting
            stream.read(timeout=10.0)

        assert stream.stats.broken == 1


def test_damaged_frame_comes_with_a_reason_for_who_wants_all(camera):
    with Device(camera) as device, device.stream() as stream:
        device.controls["inject_v4l2_buf_flag_error"].press()

        frames = [vivid.first(stream).copy() for _ in range(10)]

        damaged = [frame for frame in frames if not frame.ok]
        assert [frame.reason for frame in damaged] == ["the driver marked the frame as damaged"]
        assert len(damaged[0].planes[0]) > 0
        assert stream.stats.broken == 1


def test_refused_buffers_name_the_operation(camera):
    error = refused(camera, "inject_vidioc_reqbufs_error")

    assert (error.errno, error.operation) == (errno.EINVAL, "VIDIOC_REQBUFS")
    assert error.filename == camera


def test_refused_buffer_at_the_start_names_the_operation(camera):
    error = refused(camera, "inject_vidioc_qbuf_error")

    assert (error.errno, error.operation) == (errno.EINVAL, "VIDIOC_QBUF")


def test_buffer_that_is_refused_on_its_way_back_is_told_and_tried_again(camera):
    """A destructor cannot raise: the next read does, once, and no buffer is lost for good."""
    with Device(camera) as device, device.stream(2) as stream:
        frame = stream.read(timeout=10.0)
        device.controls["inject_vidioc_qbuf_error"].press()

        frame.close()
        with pytest.raises(DeviceError) as caught:
            read_many(stream, 5)

        assert (caught.value.errno, caught.value.operation) == (errno.EINVAL, "VIDIOC_QBUF")
        read_many(stream, 20)
        held = [stream.read(timeout=10.0) for _ in range(2)]  # both buffers are in use
        assert len({frame.timestamp_ns for frame in held}) == 2


def read_many(stream: Stream, count: int) -> None:
    for _ in range(count):
        stream.read(timeout=10.0)


def test_refused_start_names_the_operation(camera):
    error = refused(camera, "inject_vidioc_streamon_error")

    assert (error.errno, error.operation) == (errno.EINVAL, "VIDIOC_STREAMON")


def test_fatal_error_ends_the_stream_and_not_the_device(camera):
    with Device(camera) as device:
        stream = device.stream()
        frame = stream.read(timeout=10.0)
        pixels = bytes(frame.planes[0])

        device.controls["inject_fatal_streaming_error"].press()
        with pytest.raises(DeviceError) as caught:
            read_many(stream, 10)

        assert (caught.value.errno, caught.value.operation) == (errno.EIO, "VIDIOC_DQBUF")
        with pytest.raises(DeviceError):
            stream.read(timeout=1.0)  # it does not heal
        stream.close()
        assert bytes(frame.planes[0]) == pixels
        assert works(device)


@pytest.mark.quirk("unplugged", "hangup")
def test_disconnect_is_an_unplugged_camera(camera):
    """vivid plugs itself in again when its last user has left."""
    device = Device(camera)
    stream = device.stream()
    frame = stream.read(timeout=10.0)
    pixels = bytes(frame.planes[0])

    device.controls["disconnect"].press()

    with pytest.raises(DeviceGoneError):
        read_many(stream, 10)
    with pytest.raises(DeviceGoneError):
        _ = device.format
    stream.close()
    device.close()
    assert bytes(frame.planes[0]) == pixels
    del frame, stream, device
    gc.collect()
    with Device(camera) as again:
        assert works(again)


# ---- frames that are late, lost or numbered oddly ----


@pytest.mark.quirk("lost-frames")
def test_lost_frames_are_counted(camera):
    """vivid leaves out three of four or so; the gaps in its counter tell."""
    with Device(camera) as device:
        device.controls["percentage_of_dropped_buffers"].value = 75
        with device.stream() as stream:
            sequences = [stream.read(timeout=10.0).sequence for _ in range(30)]
            stats = stream.stats

    assert stats.delivered == 30
    assert stats.dropped == vivid.missing(sequences) > 0


@pytest.mark.quirk("stall")
def test_no_frame_at_all_is_a_timeout(camera):
    with Device(camera) as device:
        device.controls["percentage_of_dropped_buffers"].value = 100
        with device.stream() as stream:
            with pytest.raises(CaptureTimeout):
                stream.read(timeout=0.3)
            assert stream.try_read() is None

            device.controls["percentage_of_dropped_buffers"].value = 0

            assert stream.read(timeout=10.0).ok


def test_frame_counter_may_wrap(single):
    """It starts 128 before 2**32; the step over it is no gap of four thousand million frames."""
    with Device(single) as device:
        device.controls["wrap_sequence_number"].value = True
        with device.stream(8) as stream:
            sequences = [stream.read(timeout=10.0).sequence]
            deadline = time.monotonic() + 30.0
            while sequences[-1] > 1000 and time.monotonic() < deadline:
                sequences.append(stream.read(timeout=10.0).sequence)
            stats = stream.stats

    assert sequences[0] >= 2**32 - 128
    assert sequences[-1] < 1000
    assert stats.dropped == vivid.missing(sequences)


@pytest.mark.quirk("wrong-clock")
@pytest.mark.parametrize("wrap", ["64 Bit", "32 Bit"])
def test_times_from_another_age_become_times_of_arrival(single, wrap):
    """vivid's clock is about to wrap: such a time lies far in the future, or far back."""
    with Device(single) as device:
        device.controls["wrap_timestamp"].value = wrap
        with device.stream() as stream:
            frames = [stream.read(timeout=10.0).copy() for _ in range(10)]

    times = [frame.timestamp_ns for frame in frames]
    assert times == sorted(set(times))
    assert all(0 <= time.monotonic_ns() - each < 60e9 for each in times)
    assert frames[0].timestamp_source == "arrival"


@pytest.mark.quirk("time-of-what")
def test_source_of_the_time_is_the_drivers(single):
    with Device(single) as device:
        device.controls["timestamp_source"].value = "Start of Exposure"
        with device.stream() as stream:
            source = stream.read(timeout=10.0).timestamp_source

    assert source == "start of exposure"
