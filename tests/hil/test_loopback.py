# SPDX-License-Identifier: MIT
"""v4l2loopback, a camera that a program makes: it may be absent, leave, stall and change.

It is also the one common driver that does not use the kernel's vb2 and v4l2-ctrls, so what these
guarantee (who waits is woken, buffers have an owner) is not to be had here.
"""

import contextlib
import itertools
import time
from collections.abc import Callable

import numpy as np
import pytest

from v4l2capture import CaptureTimeout, Device, DeviceError, Frame, Stream, list_devices


def listed() -> set[str]:
    return {info.path for info in list_devices()}


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20.0
    while not true():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.05)


def command(writer, words: str) -> None:
    writer.stdin.write(f"{words}\n")
    writer.stdin.flush()


def bytes_of(frame: Frame) -> set[int]:
    """Return the bytes that occur in a frame: one, unless it is torn.

    v4l2loopback writes its next frames into a buffer that we hold; who looks long has to copy.
    """
    return set(bytes(frame.planes[0]))


def silence(stream: Stream) -> None:
    """Read until nothing comes any more."""
    with contextlib.suppress(CaptureTimeout):
        for _ in range(100):
            stream.read(timeout=0.5)
        pytest.fail("it does not fall silent")


@pytest.fixture
def node(loopback) -> str:
    """The one that browsers want. Each producer takes seconds to start in the guest."""
    return loopback


@pytest.fixture(params=["loopback", "loopback_shared"])
def either(request) -> str:
    return request.getfixturevalue(request.param)


# ---- nobody feeds it ----


def test_node_with_exclusive_caps_is_listed_only_while_it_is_fed(loopback, feed):
    assert loopback not in listed()

    writer = feed(loopback)
    assert loopback in listed()

    command(writer, "leave")
    writer.wait(timeout=20.0)
    wait_until(lambda: loopback not in listed())


def test_node_without_exclusive_caps_is_always_listed(loopback_shared, feed):
    assert loopback_shared in listed()

    feed(loopback_shared)

    assert loopback_shared in listed()


def test_node_that_nobody_feeds_opens_and_says_why_it_gives_nothing(either):
    with Device(either) as device:
        assert device.formats() == []
        assert device.controls["timeout"].value == 0

        for ask in (lambda: device.format, device.stream, lambda: device.set_format(320, 240)):
            with pytest.raises(DeviceError, match="a loopback that nobody feeds") as caught:
                ask()

            assert (caught.value.operation, caught.value.filename) == ("VIDIOC_G_FMT", either)


# ---- somebody does ----


def become(writer, node: str, pixel_format: str, size: str) -> None:
    """Let the producer change its format, which works while nobody has the node open."""
    command(writer, f"format {pixel_format} {size}")
    wanted = (pixel_format, *map(int, size.split("x")))

    def changed() -> bool:
        time.sleep(0.3)
        with Device(node) as device:
            if not device.info.is_camera:
                return False
            format_ = device.format
        return (format_.pixel_format, format_.width, format_.height) == wanted

    wait_until(changed)


def test_frames_carry_what_the_producer_wrote(either, feed):
    writer = feed(either, "--format", "YUYV", "--size", "320x240", "--fps", "20")

    for pixel_format in ("YUYV", "UYVY", "GREY", "RGB3", "NV12", "YU12"):
        become(writer, either, pixel_format, "320x240")
        with Device(either) as device, device.stream() as stream:
            assert [info.pixel_format for info in device.formats()] == [pixel_format]
            frames = [stream.read(timeout=10.0).copy() for _ in range(3)]

        contents = [bytes_of(frame) for frame in frames]
        assert all(len(content) == 1 for content in contents)  # no frame is torn
        numbers = [content.pop() for content in contents]
        steps = [(b - a) % 256 for a, b in itertools.pairwise(numbers)]
        assert all(0 < step < 100 for step in steps)
        assert frames[0].to_rgb().shape == (240, 320, 3)


def test_jpeg_goes_through_as_it_came(node, feed):
    """v4l2loopback says how many bytes the producer wrote, and our end is the JPEG's."""
    feed(node, "--format", "MJPG", "--size", "320x240", "--fps", "20")

    with Device(node) as device, device.stream() as stream:
        frame = stream.read(timeout=10.0)
        jpeg = frame.to_jpeg()
        rgb = frame.to_rgb()

    assert b"frame " in jpeg[:64]
    assert (jpeg[:2], jpeg[-2:]) == (b"\xff\xd8", b"\xff\xd9")
    assert rgb.shape == (240, 320, 3)
    assert np.ptp(rgb) == 0  # the writer's pictures are grey all over


def test_odd_sizes_arrive(node, feed):
    writer = feed(node, "--format", "GREY", "--size", "321x241", "--fps", "20")

    for width, height in ((321, 241), (17, 1)):
        become(writer, node, "GREY", f"{width}x{height}")
        with Device(node) as device, device.stream() as stream:
            array = stream.read(timeout=10.0).copy().array()

        assert array.shape == (height, width)
        assert np.ptp(array) == 0


def test_frame_is_delivered_when_it_is_written(node, feed):
    """v4l2loopback forgets who waits if a frame was ready when the watch began.

    Then only a timeout would show that there are frames. Many streams, because it depends on
    when each began.
    """
    feed(node, "--size", "320x240", "--fps", "40")

    with Device(node) as device:
        for _ in range(8):
            with device.stream() as stream:
                for _ in range(4):
                    stream.read(timeout=2.0)


async def test_frame_is_delivered_to_who_awaits_it(node, feed):
    feed(node, "--size", "320x240", "--fps", "40")

    with Device(node) as device:
        for _ in range(4):
            with device.stream() as stream:
                for _ in range(4):
                    await stream.aread(timeout=2.0)


def test_other_format_than_the_producers_is_refused(node, feed):
    feed(node, "--size", "320x240", "--fps", "20")

    with Device(node) as device:
        before = device.format
        with pytest.raises(DeviceError) as caught:
            device.set_format(640, 480, "GREY")

        assert caught.value.operation == "VIDIOC_S_FMT"
        assert device.format == before
        with device.stream() as stream:
            assert stream.read(timeout=10.0).ok


# ---- it comes and goes ----


def test_producer_that_pauses_is_a_timeout_and_no_more(node, feed):
    writer = feed(node, "--size", "320x240", "--fps", "20")

    with Device(node) as device, device.stream() as stream:
        stream.read(timeout=10.0)
        command(writer, "pause")
        silence(stream)

        command(writer, "resume")

        assert len(bytes_of(stream.read(timeout=10.0))) == 1


def test_producer_that_leaves_may_come_back_to_the_same_stream(node, feed):
    writer = feed(node, "--size", "320x240", "--fps", "20")

    with Device(node) as device, device.stream() as stream:
        kept = stream.read(timeout=10.0).copy()
        pixels = bytes(kept.planes[0])
        command(writer, "leave")
        assert writer.wait(timeout=20.0) == 0
        silence(stream)

        feed(node, "--size", "320x240", "--fps", "20")

        assert len(bytes_of(stream.read(timeout=10.0))) == 1
        assert bytes(kept.planes[0]) == pixels


def test_producer_cannot_change_its_format_while_somebody_reads(node, feed):
    """v4l2loopback keeps the old one; our writer then gives up, and the stream falls silent."""
    writer = feed(node, "--size", "320x240", "--fps", "20")

    with Device(node) as device, device.stream() as stream:
        before = stream.read(timeout=10.0).format
        command(writer, "format GREY 160x120")

        assert writer.wait(timeout=20.0) == 1
        silence(stream)
        assert device.format == device.set_format()
        assert (device.format.width, device.format.pixel_format) == (before.width, "YUYV")
