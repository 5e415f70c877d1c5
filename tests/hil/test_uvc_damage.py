# SPDX-License-Identifier: MIT
"""Frames that a USB camera or its cable has damaged, with and without uvcvideo's help."""

import errno
import io

import pytest
from PIL import Image

from v4l2capture import Camera, Device, DeviceError
from v4l2capture.sim import read_counter

from .usbcam import FRAME_TIMEOUT_S, read, small, streaming
from .vivid import first

pytestmark = pytest.mark.uvc


# ---- JPEG ----


def decodes(jpeg: bytes) -> bool:
    with Image.open(io.BytesIO(jpeg)) as image:
        image.load()
        return image.size == (320, 240)


@pytest.mark.quirk("no-huffman-tables")
def test_jpeg_without_huffman_tables_is_mended(usb):
    usb.fault("no_dht")
    with streaming(usb, "MJPG") as stream:
        (frame,) = read(stream)

        assert b"\xff\xc4" not in bytes(frame.planes[0])[:600]
        assert read_counter(frame.to_rgb()) == frame.sequence
        assert decodes(frame.to_jpeg())


@pytest.mark.quirk("jpeg-padding")
@pytest.mark.parametrize("fault", ["padded", "trailed"])
def test_padding_after_a_jpeg_does_no_harm(usb, fault):
    usb.fault(fault)
    with streaming(usb, "MJPG") as stream:
        (frame,) = read(stream)

        assert read_counter(frame.to_rgb()) == frame.sequence


@pytest.mark.quirk("truncated-jpeg")
@pytest.mark.parametrize("fault", ["truncated", "no_eoi", "garbage"])
def test_damaged_jpeg_that_the_driver_delivers_is_skipped(usb, fault):
    usb.fault(fault, count=3, after=2)
    with streaming(usb, "MJPG", buffers=8) as stream:
        numbers = [read_counter(stream.read(timeout=FRAME_TIMEOUT_S).to_rgb()) for _ in range(6)]

        assert not {2, 3, 4} & set(numbers)
        assert 1 <= stream.stats.broken <= 3  # the driver has no buffer for some, maybe
        assert numbers == sorted(set(numbers))


# ---- raw ----

DAMAGES = ["truncated", "empty", "error_flag", "lost_packets", "usb_error"]


@pytest.mark.quirk("uvc-truncated-raw", "uvc-bus-error")
@pytest.mark.parametrize("fault", DAMAGES)
@pytest.mark.parametrize("helper", ["usb", "usb_without_mercy"])
def test_damaged_raw_frame_never_gets_through(request, helper, fault):
    """With and without the driver's help."""
    usb = request.getfixturevalue(helper)
    usb.fault(fault, count=2, after=3)
    with streaming(usb, buffers=6) as stream:
        for _ in range(10):
            (frame,) = read(stream)
            assert frame.ok
            assert len(frame.planes[0]) == 320 * 240 * 2
            assert read_counter(frame.to_rgb()) <= frame.sequence


@pytest.mark.quirk("uvc-truncated-raw")
def test_truncated_raw_frame_is_short_and_said_to_be_damaged(usb_without_mercy):
    usb_without_mercy.fault("truncated", count=2, after=1)
    with streaming(usb_without_mercy, buffers=8) as stream:
        frames = [first(stream) for _ in range(6)]

        damaged = [frame for frame in frames if not frame.ok]
        assert damaged
        assert {len(frame.planes[0]) for frame in damaged} == {320 * 240}
        assert {frame.reason for frame in damaged} == {"the driver marked the frame as damaged"}


@pytest.mark.quirk("uvc-bus-error")
def test_error_on_the_bus_empties_the_buffers_and_the_stream_goes_on(usb):
    usb.fault("usb_error", count=1, after=2)
    with streaming(usb, buffers=4) as stream:
        frames = [first(stream).copy() for _ in range(12)]

    damaged = [frame for frame in frames if not frame.ok]
    assert damaged
    assert {len(frame.planes[0]) for frame in damaged} == {0}
    assert frames[-1].ok


@pytest.mark.quirk("error-flag")
def test_flagged_frames_are_counted_if_the_driver_delivers_them(usb_without_mercy):
    usb = usb_without_mercy
    usb.fault("error_flag", count=2, after=3)
    with streaming(usb, buffers=8) as stream:
        numbers = [stream.read(timeout=FRAME_TIMEOUT_S).sequence for _ in range(8)]

        assert 1 <= stream.stats.broken <= 2
    assert not {3, 4} & set(numbers)


@pytest.mark.quirk("bad-first-frames")
def test_first_frames_may_be_damaged(usb_without_mercy):
    usb = usb_without_mercy
    usb.fault("error_flag", count=3)
    with Camera(usb.path) as camera:
        picture = camera.grab_frame(FRAME_TIMEOUT_S)

        assert picture.array().shape[2] == 3
        assert camera.stream.stats.broken >= 1


def test_oversized_frame_does_not_overrun_the_buffer(usb_without_mercy):
    usb = usb_without_mercy
    usb.fault("oversized", count=2, after=1)
    with streaming(usb, copy_when_low=True) as stream:
        frames = read(stream, 6)

        assert {len(frame.planes[0]) for frame in frames} == {320 * 240 * 2}
        assert all(read_counter(frame.to_rgb()) < 1000 for frame in frames)


@pytest.mark.quirk("uvc-no-frame-size", "wrong-sizeimage")
def test_camera_that_does_not_say_how_large_a_frame_is_streams_raw_only(usb):
    """The driver computes the size of raw frames; of a JPEG it knows none, and has no buffers.

    It would answer EINVAL and complain in the kernel's log, so it is not asked.
    """
    usb.fault("no_size")
    with Device(usb.path) as device:
        small(device, "MJPG")
        with pytest.raises(DeviceError, match="how large a frame in MJPG") as caught:
            device.stream()
        assert (caught.value.errno, caught.value.operation) == (errno.EINVAL, "VIDIOC_REQBUFS")

        small(device)
        with device.stream() as stream:
            assert read(stream)[0].ok
