# SPDX-License-Identifier: MIT
"""Formats, sizes and rates: what is offered, and what the driver makes of a wish."""

import errno
import math
from decimal import Decimal
from fractions import Fraction

import pytest

from v4l2capture import (
    ClosedError,
    Device,
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    FrameRateRange,
    FrameSize,
    FrameSizeRange,
)

from .lanes import shoot, simulated, small

NTSC = Fraction(30000, 1001)


@pytest.fixture
def webcam():
    camera = simulated("webcam")
    return camera, Device(camera.path)


def size(width, height, **rates):
    return {"width": width, "height": height} | rates


def with_formats(*formats, **members):
    camera = simulated(small(**members) | {"formats": list(formats)})
    return camera, Device(camera.path)


# ---- what is offered ----


def test_everything_offered_can_be_set(camera, device):
    for info in device.formats()[:6]:
        each = info.sizes[0]
        assert isinstance(each, FrameSize)

        got = device.set_format(
            each.width, each.height, info.pixel_format, frame_rate=each.frame_rates[-1]
        )

        assert (got.width, got.height, got.pixel_format) == (
            each.width,
            each.height,
            info.pixel_format,
        )
        assert got.frame_rate == each.frame_rates[-1]
        assert device.format == got


def test_discrete_sizes_have_exact_rates(webcam):
    _, device = webcam

    formats = {info.pixel_format: info for info in device.formats()}

    assert formats["YUYV"].sizes[0] == FrameSize(640, 480, (Fraction(30), NTSC, Fraction(15)))
    assert formats["MJPG"].compressed
    assert not formats["YUYV"].compressed
    assert not formats["YUYV"].emulated
    assert formats["YUYV"].description


@pytest.mark.quirk("size-ranges")
@pytest.mark.parametrize("step", [1, 16], ids=["continuous", "stepwise"])
def test_range_of_sizes_with_a_range_of_rates(step):
    sides = {"min_width": 32, "max_width": 1920, "step_width": step}
    sides |= {"min_height": 32, "max_height": 1080, "step_height": step}
    _, device = with_formats(
        {"pixel_format": "YUYV", "sizes": [sides | {"frame_rate_range": ["1", "60"]}]}
    )

    (info,) = device.formats()

    assert info.sizes == (
        FrameSizeRange(
            32, 1920, step, 32, 1080, step, (), FrameRateRange(Fraction(1), Fraction(60))
        ),
    )


@pytest.mark.quirk("no-rates")
def test_driver_that_tells_of_no_rates():
    _, device = with_formats({"pixel_format": "YUYV", "sizes": [size(64, 48, frame_rates=[])]})

    assert device.formats()[0].sizes == (FrameSize(64, 48, ()),)


def test_driver_that_tells_of_no_sizes():
    camera = simulated("webcam")
    camera.fault("ioctl_error", request="VIDIOC_ENUM_FRAMESIZES", value=errno.ENOTTY)

    formats = Device(camera.path).formats()

    assert [info.sizes for info in formats] == [(), ()]


def test_unknown_pixel_format_is_offered_and_delivered_as_bytes():
    camera, device = with_formats({"pixel_format": "XYZ1", "sizes": [size(64, 48)]})
    stream = device.stream()
    camera.tick()

    frame = stream.read(0)

    assert device.formats()[0].pixel_format == stream.format.pixel_format == "XYZ1"
    assert len(frame.planes[0]) > 0
    with pytest.raises(ValueError, match="XYZ1"):
        frame.array()


# ---- what is set ----


@pytest.mark.quirk("adjusted-format", "adjusted-rate")
@pytest.mark.parametrize(
    ("wish", "got"),
    [
        ({"width": 320, "height": 240}, (320, 240, "YUYV", Fraction(30))),
        ({"width": 300, "height": 200}, (320, 240, "YUYV", Fraction(30))),
        ({"width": 99999 // 2, "height": 99999 // 2}, (1920, 1080, "YUYV", Fraction(5))),
        ({"pixel_format": "MJPG"}, (640, 480, "MJPG", Fraction(60))),
        ({"pixel_format": "mjpg"}, (640, 480, "MJPG", Fraction(60))),
        ({"frame_rate": 15}, (640, 480, "YUYV", Fraction(15))),
        ({"frame_rate": NTSC}, (640, 480, "YUYV", NTSC)),
        ({"frame_rate": "30000/1001"}, (640, 480, "YUYV", NTSC)),
        ({"frame_rate": 29.97}, (640, 480, "YUYV", NTSC)),
        ({"frame_rate": Decimal("29.97")}, (640, 480, "YUYV", NTSC)),
        ({"frame_rate": 1000}, (640, 480, "YUYV", Fraction(30))),
        ({}, (640, 480, "YUYV", Fraction(30))),
    ],
)
def test_format_is_what_the_driver_made_of_it(webcam, wish, got):
    _, device = webcam

    answer = device.set_format(**wish)

    assert (answer.width, answer.height, answer.pixel_format, answer.frame_rate) == got
    assert device.format == answer


def test_what_is_left_out_stays(camera, device):
    before = device.format

    after = device.set_format(pixel_format=before.pixel_format)

    assert (after.width, after.height) == (before.width, before.height)


def test_try_changes_nothing(camera, device):
    before = device.format
    (sizes,) = (info.sizes for info in device.formats() if info.pixel_format == before.pixel_format)
    other = next(size for size in sizes if size.width != before.width)

    tried = device.try_format(other.width, other.height)

    assert (tried.width, tried.height) == (other.width, other.height)
    assert device.format == before


@pytest.mark.quirk("adjusted-format")
def test_frames_have_the_format_that_was_set(camera, device):
    for width, height in ((640, 480), camera.size):
        device.set_format(width, height)
        with device.stream() as stream:
            frame = shoot(camera, stream)

            assert frame.array().shape == (height, width, 2)


def test_exact_rate_goes_in_and_comes_out(webcam):
    _, device = webcam

    device.set_format(frame_rate=NTSC)

    assert device.format.frame_rate == NTSC


WRONG = {
    "no width": ({"width": 0}, ValueError),
    "negative height": ({"height": -1}, ValueError),
    "huge width": ({"width": 65536}, ValueError),
    "fraction": ({"width": 320.0}, TypeError),
    "text": ({"width": "320"}, TypeError),
    "truth": ({"height": True}, TypeError),
    "NaN": ({"width": math.nan}, TypeError),
    "unknown format": ({"pixel_format": "YUVY2"}, ValueError),
    "number for a format": ({"pixel_format": 5}, TypeError),
    "bytes for a format": ({"pixel_format": b"YUYV"}, TypeError),
    "no rate": ({"frame_rate": 0}, ValueError),
    "negative rate": ({"frame_rate": -5}, ValueError),
    "NaN rate": ({"frame_rate": math.nan}, ValueError),
    "infinite rate": ({"frame_rate": math.inf}, ValueError),
    "text for a rate": ({"frame_rate": "fast"}, ValueError),
    "rate divided by zero": ({"frame_rate": "1/0"}, ValueError),
    "truth for a rate": ({"frame_rate": True}, ValueError),
    "list for a rate": ({"frame_rate": [30]}, ValueError),
}


@pytest.mark.parametrize(("wish", "error"), WRONG.values(), ids=WRONG.keys())
def test_wrong_wishes_are_refused_and_nothing_is_asked(webcam, wish, error):
    camera, device = webcam
    before = camera.ioctls("VIDIOC_S_FMT"), camera.ioctls("VIDIOC_S_PARM")

    with pytest.raises(error):
        device.set_format(320, 240) if not wish else device.set_format(**wish)

    assert (camera.ioctls("VIDIOC_S_FMT"), camera.ioctls("VIDIOC_S_PARM")) == before


def test_unknown_pixel_format_comes_with_suggestions(device):
    with pytest.raises(ValueError, match="YUYV"):
        device.set_format(pixel_format="YUVY")


def test_refused_format_is_an_error_and_the_old_one_stays(webcam):
    camera, device = webcam
    before = device.format
    camera.fault("ioctl_error", request="VIDIOC_S_FMT", value=errno.EINVAL, count=1)

    with pytest.raises(DeviceError) as caught:
        device.set_format(320, 240)

    assert (caught.value.operation, caught.value.errno) == ("VIDIOC_S_FMT", errno.EINVAL)
    assert device.format == before


def test_refused_rate_brings_the_old_format_back(webcam):
    camera, device = webcam
    device.set_format(640, 480, "YUYV", frame_rate=15)
    before = device.format
    camera.fault("ioctl_error", request="VIDIOC_S_PARM", value=errno.EIO, count=1)

    with pytest.raises(DeviceError) as caught:
        device.set_format(320, 240, "MJPG", frame_rate=30)

    assert caught.value.operation == "VIDIOC_S_PARM"
    assert device.format == before  # with its rate


@pytest.mark.quirk("no-rates", "missing-ioctl")
def test_camera_without_rates_takes_any_wish(webcam):
    camera, device = webcam
    for request in ("VIDIOC_S_PARM", "VIDIOC_G_PARM"):
        camera.fault("ioctl_error", request=request, value=errno.ENOTTY)

    answer = device.set_format(320, 240, frame_rate=30)

    assert (answer.width, answer.frame_rate) == (320, None)


def test_format_is_busy_while_a_stream_is_open(camera, device):
    before = device.format
    with device.stream() as stream:
        frame = shoot(camera, stream)

        with pytest.raises(DeviceBusyError, match="stream of this device is open"):
            device.set_format(640, 480)

        assert frame.ok
        assert shoot(camera, stream).ok
    assert device.format == before


def test_format_is_busy_while_another_program_streams(camera, device):
    with Device(camera.path) as other, other.stream():
        with pytest.raises(DeviceBusyError) as caught:
            device.set_format(640, 480)

        assert caught.value.operation == "VIDIOC_S_FMT"


@pytest.mark.parametrize("number", [errno.EIO, errno.EPROTO])
def test_format_that_cannot_be_read_is_an_error(webcam, number):
    camera, device = webcam
    camera.fault("ioctl_error", request="VIDIOC_G_FMT", value=number)

    for use in (lambda: device.format, device.set_format, device.stream):
        with pytest.raises(DeviceError) as caught:
            use()
        assert caught.value.errno == number
    assert device.formats()


@pytest.mark.quirk("wrong-sizeimage")
def test_zero_size_of_a_buffer_is_lived_with():
    camera = simulated()
    camera.fault("zero_sizeimage")
    device = Device(camera.path)

    with device.stream() as stream:
        camera.tick()

        assert stream.read(0).array().shape == (48, 64, 2)


@pytest.mark.quirk("uvc-no-frame-size")
def test_jpeg_of_which_nobody_knows_the_size_is_not_asked_for():
    """The kernel would refuse the buffers, and complain in its log."""
    camera = simulated(pixel_format="MJPG")
    camera.fault("zero_sizeimage")
    device = Device(camera.path)

    with pytest.raises(DeviceError, match="does not say how large a frame in MJPG") as caught:
        device.stream()

    assert caught.value.errno == errno.EINVAL
    assert camera.ioctls("VIDIOC_REQBUFS") == 0


@pytest.mark.parametrize("capabilities", [["meta-capture", "streaming"], ["video-output"]])
def test_node_that_gives_no_pictures_has_no_formats(capabilities):
    camera = simulated(capabilities=capabilities)
    device = Device(camera.path)

    assert device.formats() == []
    for use in (lambda: device.format, device.set_format, device.stream):
        with pytest.raises(DeviceError):
            use()


@pytest.mark.parametrize("way", ["closed", "unplugged"])
def test_device_that_is_no_more(way):
    camera = simulated()
    device = Device(camera.path)
    if way == "closed":
        device.close()
    else:
        camera.unplug()

    for use in (
        lambda: device.format,
        device.formats,
        lambda: device.set_format(64, 48),
        lambda: device.try_format(64, 48),
        device.stream,
        device.profile,
    ):
        with pytest.raises(ClosedError if way == "closed" else DeviceGoneError):
            use()
