# SPDX-License-Identifier: MIT
"""The plug of a USB camera: pulled while somebody reads, waits or polls, and put in again."""

import ctypes
import errno
import fcntl
import os
import select
import threading
import time
from pathlib import Path

import pytest
from linuxpy.video import raw

from v4l2capture import Device, DeviceGoneError
from v4l2capture._native import lib

from .usbcam import FRAME_TIMEOUT_S, read, small, streaming

pytestmark = pytest.mark.uvc


def read_and_drop(stream, count: int) -> None:
    for _ in range(count):
        read(stream)


@pytest.mark.quirk("unplugged")
def test_unplugged_while_reading_is_gone_at_once_and_comes_back(usb):
    with Device(usb.path) as device:
        small(device)
        with device.stream() as stream:
            kept = read(stream)[0]
            before = bytes(kept.planes[0])
            usb.do("unplug", at=5)

            with pytest.raises(DeviceGoneError):
                read_and_drop(stream, 50)

            assert bytes(kept.planes[0]) == before
        with pytest.raises(DeviceGoneError):
            device.controls["brightness"].value = 3
    usb.wait_gone()

    usb.do("plug")

    with streaming(usb) as stream:
        assert [f.ok for f in read(stream, 3)] == [True] * 3


@pytest.mark.quirk("hangup", "uvc-blocking-dqbuf")
def test_blocked_reader_wakes_when_the_plug_is_pulled(usb):
    with Device(usb.path) as device:
        small(device)
        usb.fault("silent")
        with device.stream() as stream:
            usb.do("unplug")
            begin = time.monotonic()

            with pytest.raises(DeviceGoneError):
                stream.read(timeout=FRAME_TIMEOUT_S)

            assert time.monotonic() - begin < 2.0


# ---- its name ----


@pytest.mark.quirk("other-index")
def test_stable_name_has_the_serial_number(usb):
    names = [p.name for p in Path("/dev/v4l/by-id").iterdir() if p.resolve() == Path(usb.path)]

    assert names == ["usb-v4l2capture_Simulated_Webcam_usbcam-1-video-index0"]


@pytest.mark.quirk("other-index")
def test_camera_that_comes_back_by_itself_is_found_by_its_name(usb):
    (link,) = (p for p in Path("/dev/v4l/by-id").iterdir() if p.resolve() == Path(usb.path))

    usb.do("unplug", replug=0.5)
    usb.wait_gone()
    node = usb.path

    assert str(link.resolve()) == node
    with Device(link) as device:
        assert device.controls["brightness"].value == 0


# ---- what the driver says, past the library ----

CAPTURE, MMAP = raw.BufType.VIDEO_CAPTURE.value, raw.Memory.MMAP.value


def buffer(index: int = 0):
    return raw.v4l2_buffer(type=CAPTURE, memory=MMAP, index=index)


def ioctl(node: int, name: str, argument) -> int:
    """Ask the driver past the library; return the errno, 0 if all is well."""
    try:
        fcntl.ioctl(node, lib.vc_sim_request(name.encode()), argument)
    except OSError as error:
        return error.errno
    return 0


def start(node: int) -> None:
    """Let it stream into two buffers."""
    request = raw.v4l2_requestbuffers(count=2, type=CAPTURE, memory=MMAP)
    assert ioctl(node, "VIDIOC_REQBUFS", request) == 0
    for index in range(2):
        assert ioctl(node, "VIDIOC_QBUF", buffer(index)) == 0
    assert ioctl(node, "VIDIOC_STREAMON", ctypes.c_int(CAPTURE)) == 0


@pytest.mark.quirk("hangup", "unplugged")
def test_unplugged_camera_is_urgent_in_error_and_hung_up_then_no_device(usb):
    node = os.open(usb.path, os.O_RDWR | os.O_NONBLOCK)
    try:
        start(node)
        poll = select.poll()
        poll.register(node, select.POLLIN | select.POLLPRI)

        usb.do("unplug")
        usb.wait_gone()

        ((_, events),) = poll.poll(5000)
        assert events & (select.POLLPRI | select.POLLERR | select.POLLHUP) == (
            select.POLLPRI | select.POLLERR | select.POLLHUP
        )
        assert ioctl(node, "VIDIOC_DQBUF", buffer()) == errno.ENODEV
        assert ioctl(node, "VIDIOC_QUERYBUF", buffer()) == errno.ENODEV
        assert ioctl(node, "VIDIOC_STREAMOFF", ctypes.c_int(CAPTURE)) == errno.ENODEV
    finally:
        os.close(node)


@pytest.mark.quirk("uvc-blocking-dqbuf")
def test_unplugged_camera_makes_a_blocked_dqbuf_invalid_before_it_is_gone(usb):
    """That is why the library never waits in there."""
    usb.fault("silent")
    node = os.open(usb.path, os.O_RDWR)
    try:
        start(node)
        answers = []
        blocked = threading.Thread(
            target=lambda: answers.append(ioctl(node, "VIDIOC_DQBUF", buffer()))
        )
        blocked.start()
        time.sleep(0.5)  # it has to be inside, which nobody can see from here
        assert not answers

        usb.do("unplug")
        blocked.join(20.0)

        assert answers == [errno.EINVAL]
        assert ioctl(node, "VIDIOC_DQBUF", buffer()) == errno.ENODEV
    finally:
        os.close(node)
