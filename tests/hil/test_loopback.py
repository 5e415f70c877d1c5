# SPDX-License-Identifier: MIT
"""v4l2loopback, a camera that a program makes: it may be absent, leave, stall and change.

It is also the one common driver that does not use the kernel's vb2 and v4l2-ctrls, so what these
guarantee (who waits is woken, buffers have an owner) is not to be had here.
"""

import contextlib
import errno
import fcntl
import io
import itertools
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from v4l2capture import (
    Camera,
    CaptureTimeout,
    Device,
    DeviceError,
    Frame,
    SimulatedCamera,
    Stream,
    list_devices,
)
from v4l2capture.sim import read_counter

from ..waits import wait_until
from .v4l2_ctl import v4l2_ctl

pytestmark = pytest.mark.loopback

VIDIOC_G_SELECTION = 0xC040565E


def listed() -> set[str]:
    return {info.path for info in list_devices()}


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


@pytest.mark.quirk("capture-and-output")
def test_node_without_exclusive_caps_is_always_listed(loopback_shared, feed):
    assert loopback_shared in listed()

    feed(loopback_shared)

    assert loopback_shared in listed()


@pytest.mark.quirk("capture-and-output", "no-capabilities")
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


@pytest.mark.quirk("busy-after-stop", "infrared")
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


@pytest.mark.quirk("requeue")
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


@pytest.mark.quirk("adjusted-format")
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


@pytest.mark.quirk("stall")
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


@pytest.mark.quirk("lost-frames", "stale-frames", "time-of-what", "wrong-clock")
def test_frames_that_came_while_nobody_read_are_counted(node, feed):
    feed(node, "--size", "320x240", "--fps", "40")

    with Device(node) as device, device.stream(2) as stream:
        first = stream.read(timeout=10.0).sequence
        time.sleep(1.0)  # some ten times as many frames as there are buffers
        newest = stream.latest(timeout=10.0)
        stats = stream.stats

        assert newest.sequence > first + 4
        assert newest.timestamp_source == "arrival"  # it does not say which clock it has
    assert stats.dropped + stats.stale == newest.sequence - first - 1


# ---- what is in the frames is the producer's ----


def jpeg_of_a_camera() -> bytes:
    """Return a picture with the Huffman tables of the standard, which a camera may leave out."""
    camera = SimulatedCamera("webcam", clock="manual")
    with Device(camera.path) as device:
        device.set_format(320, 240, "MJPG", 30)
        with device.stream() as stream:
            camera.tick()
            return bytes(stream.read().planes[0])


def without_tables(jpeg: bytes) -> bytes:
    while (begin := jpeg.find(b"\xff\xc4")) >= 0:
        size = int.from_bytes(jpeg[begin + 2 : begin + 4], "big")
        jpeg = jpeg[:begin] + jpeg[begin + 2 + size :]
    return jpeg


def feed_files(feed, node: str, folder: Path, pixel_format: str, *frames: bytes) -> None:
    """Feed frames in turn."""
    for number, frame in enumerate(frames):
        folder.joinpath(f"{number}").write_bytes(frame)
    files = [str(folder / f"{number}") for number in range(len(frames))]
    feed(node, "--format", pixel_format, "--size", "320x240", "--fps", "20", *files)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(without_tables, marks=pytest.mark.quirk("no-huffman-tables")),
        pytest.param(
            lambda jpeg: b"\xff" * 64 + jpeg + b"\xff" * 512,
            marks=pytest.mark.quirk("jpeg-padding"),
        ),
    ],
    ids=["no tables", "padding"],
)
def test_odd_jpeg_is_a_picture(node, feed, tmp_path, change):
    jpeg = jpeg_of_a_camera()
    assert change(jpeg) != jpeg
    feed_files(feed, node, tmp_path, "MJPG", change(jpeg))

    with Device(node) as device, device.stream() as stream:
        frame = stream.read(timeout=10.0)

        assert bytes(frame.planes[0]).startswith(change(jpeg))
        assert read_counter(frame.to_rgb()) == 0
        with Image.open(io.BytesIO(frame.to_jpeg())) as image:
            image.load()


@pytest.mark.parametrize(
    ("pixel_format", "whole"),
    [
        pytest.param("MJPG", jpeg_of_a_camera, marks=pytest.mark.quirk("truncated-jpeg")),
        pytest.param(
            "YUYV",
            lambda: bytes(range(256)) * 600,
            marks=pytest.mark.quirk("error-flag", "uvc-truncated-raw"),
        ),
    ],
    ids=["MJPG", "YUYV"],
)
def test_half_a_frame_is_skipped_and_counted(node, feed, tmp_path, pixel_format, whole):
    """v4l2loopback flags nothing: it only says how many bytes there are."""
    frame = whole()
    feed_files(feed, node, tmp_path, pixel_format, frame, frame[: len(frame) // 2])

    with Device(node) as device, device.stream() as stream:
        # Of the frame that was there before us it has forgotten how many bytes it has.
        stream.read(timeout=10.0).close()
        read = [bytes(stream.read(timeout=10.0).planes[0]) for _ in range(5)]

        assert read == [frame] * 5
        assert stream.stats.broken >= 3


# ---- its own controls ----


@pytest.mark.quirk("vendor-ids", "out-of-range")
def test_its_controls_have_their_own_ids_and_ranges(node, feed):
    feed(node, "--size", "320x240", "--fps", "20")

    with Device(node) as device:
        timeout = device.controls["timeout"]
        assert timeout.id == 0x0098F902

        timeout.value = 1_000_000
        assert timeout.value == timeout.maximum == 100_000
        timeout.value = 0


@pytest.mark.quirk("two-programs", "getter-writes")
def test_what_another_program_sets_is_told_and_stays(node, feed):
    feed(node, "--size", "320x240", "--fps", "20")

    with Camera(node) as camera:
        camera.device.events.subscribe("keep_format")
        v4l2_ctl(node, "--set-ctrl", "keep_format=1")

        event = camera.device.events.read(timeout=10.0)
        assert (event.control, event.value) == ("keep_format", True)
        camera.capabilities, camera.settings, camera.photo_capabilities  # noqa: B018
        assert camera.grab_frame(20.0).width > 0

    with Device(node) as device:
        assert device.controls.read() == {
            "keep_format": True,
            "sustain_framerate": False,
            "timeout": 0,
            "timeout_image_io": False,
        }
        device.controls["keep_format"].value = False


@pytest.mark.quirk("missing-ioctl")
def test_ioctl_that_the_driver_has_not_is_no_error(node, feed):
    feed(node, "--size", "320x240", "--fps", "20")
    with (
        Path(node).open("rb") as file,
        pytest.raises(OSError, match="Inappropriate") as caught,
    ):
        fcntl.ioctl(file, VIDIOC_G_SELECTION, bytes(64))
    assert caught.value.errno == errno.ENOTTY

    with Camera(node) as camera:
        assert camera.take_photo().width == 320
