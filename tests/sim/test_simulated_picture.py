# SPDX-License-Identifier: MIT
"""What the simulated camera sees: bars, a frame counter, and what the controls do to them."""

import io

import numpy as np
import pytest

from v4l2capture import Device, ProfileError, SimulatedCamera
from v4l2capture.layout import minimum_bytes
from v4l2capture.pixfmt import PIXEL_FORMATS
from v4l2capture.sim import read_counter

from .simulated import profile

THREE_QUARTERS = 191
BARS = [
    (1, 1, 1),  # white
    (1, 1, 0),  # yellow
    (0, 1, 1),  # cyan
    (0, 1, 0),  # green
    (1, 0, 1),  # magenta
    (1, 0, 0),  # red
    (0, 0, 1),  # blue
    (0, 0, 0),  # black
]
CONVERTIBLE = [row for row in PIXEL_FORMATS.values() if row.convertible]
COLOUR = [row.fourcc for row in CONVERTIBLE if row.family in ("yuv", "rgb", "compressed")]
GREY = [row.fourcc for row in CONVERTIBLE if row.family == "grey"]
BAYER = [row.fourcc for row in CONVERTIBLE if row.family == "bayer"]


def camera_with(pixel_format, width=320, height=240, **members):
    size = {"width": width, "height": height}
    one = {"pixel_format": pixel_format, "sizes": [size]} | members
    return SimulatedCamera(profile(formats=[one]), clock="manual")


def shoot(camera, device):
    """The next frame as RGB."""
    with device.stream() as stream:
        camera.tick()
        frame = stream.try_read()
        assert frame.ok
        return frame.to_rgb()


def bars(rgb):
    """The colour in the middle of each bar."""
    height, width = rgb.shape[:2]
    return [rgb[height // 2, (2 * i + 1) * width // 16].astype(int) for i in range(8)]


def expected_bars():
    return [np.array(bar) * THREE_QUARTERS for bar in BARS]


@pytest.mark.parametrize("pixel_format", COLOUR)
def test_bars_have_their_colours(pixel_format):
    camera = camera_with(pixel_format)
    tolerance = max(3, 2 << 8 - (PIXEL_FORMATS[pixel_format].bits or 8))
    with Device(camera.path) as device:
        rgb = shoot(camera, device)

    assert np.abs(np.array(bars(rgb)) - expected_bars()).max() <= tolerance


@pytest.mark.parametrize("pixel_format", BAYER)
def test_bars_of_a_raw_sensor(pixel_format):
    camera = camera_with(pixel_format)
    with Device(camera.path) as device:
        rgb = shoot(camera, device)

    assert np.abs(np.array(bars(rgb)) - expected_bars()).max() <= 3


@pytest.mark.parametrize("pixel_format", GREY)
def test_bars_of_a_grey_camera(pixel_format):
    camera = camera_with(pixel_format)
    with Device(camera.path) as device:
        seen = [int(grey[0]) for grey in bars(shoot(camera, device))]

    assert np.abs(np.array(seen) - np.array(expected_bars()) @ (0.299, 0.587, 0.114)).max() <= 3


@pytest.mark.parametrize("pixel_format", COLOUR + GREY + BAYER)
@pytest.mark.parametrize(("width", "height"), [(640, 480), (320, 240), (176, 144), (1280, 720)])
def test_counter_can_be_read_from_the_picture(pixel_format, width, height):
    camera = camera_with(pixel_format, width, height)
    with Device(camera.path) as device, device.stream() as stream:
        seen = []
        for _ in range(3):
            camera.tick()
            seen.append(read_counter(stream.try_read().to_rgb()))

    assert seen == [0, 1, 2]


@pytest.mark.parametrize(("width", "height"), [(641, 481), (101, 77), (63, 50), (33, 35), (18, 18)])
@pytest.mark.parametrize(
    "pixel_format", ["YUYV", "NV12", "NV24", "YU12", "NM12", "YM16", "RGB3", "BGRH", "GREY", "Y10P"]
)
def test_odd_sizes_are_whole(pixel_format, width, height):
    camera = camera_with(pixel_format, width, height)
    with Device(camera.path) as device:
        rgb = shoot(camera, device)

    assert rgb.shape == (height, width, 3)
    if width < 32:
        return
    assert read_counter(rgb) == 0


@pytest.mark.parametrize(
    "pixel_format", ["YUYV", "NV12", "NV24", "YU12", "NM12", "YM61", "RGB3", "pRAA", "pREE"]
)
def test_padded_rows_are_whole(pixel_format):
    camera = camera_with(pixel_format, bytesperline_align=100)
    with Device(camera.path) as device:
        assert device.format.planes[0].bytesperline % 100 == 0
        rgb = shoot(camera, device)

    assert np.abs(np.array(bars(rgb)) - expected_bars()).max() <= 3
    assert read_counter(rgb) == 0


@pytest.mark.parametrize("quantization", [1, 2], ids=["full", "limited"])
@pytest.mark.parametrize("ycbcr_enc", [1, 2, 6], ids=["601", "709", "2020"])
def test_colour_fields_are_kept_to(ycbcr_enc, quantization):
    camera = camera_with("YUYV", ycbcr_enc=ycbcr_enc, quantization=quantization)
    with Device(camera.path) as device:
        rgb = shoot(camera, device)

    assert np.abs(np.array(bars(rgb)) - expected_bars()).max() <= 3


@pytest.mark.parametrize(
    ("width", "height"), [(640, 480), (1920, 1080), (100, 75), (16, 16), (1, 1)]
)
def test_jpeg_is_one_for_other_decoders(width, height):
    from PIL import Image

    camera = camera_with("MJPG", width, height)
    with Device(camera.path) as device, device.stream() as stream:
        camera.tick()
        data = bytes(stream.try_read().planes[0])

    picture = Image.open(io.BytesIO(data))
    picture.load()
    assert picture.size == (width, height)


def test_unknown_format_is_bytes():
    camera = camera_with("XYZ1")
    with Device(camera.path) as device, device.stream() as stream:
        camera.tick(2)
        stream.try_read()
        frame = stream.try_read()
        assert bytes(frame.planes[0][:4]) == b"\0\0\0\1"


@pytest.mark.parametrize("row", PIXEL_FORMATS.values(), ids=lambda row: row.name)
def test_each_format_is_whole_or_not_offered(row):
    """A camera whose every frame is damaged is of use to nobody."""
    size = {"width": 64, "height": 48}
    formats = [{"pixel_format": code, "sizes": [size]} for code in (row.fourcc, "XYZ1")]
    camera = SimulatedCamera(profile(formats=formats), clock="manual")
    with Device(camera.path) as device:
        if len(device.formats()) == 1:
            assert not row.convertible
            return
        device.set_format(pixel_format=row.fourcc)
        with device.stream() as stream:
            camera.tick()
            frame = stream.try_read()

    assert frame.reason is None
    assert [len(plane) for plane in frame.planes] >= list(minimum_bytes(frame.format))
    assert len(frame.planes) == row.memory_planes


@pytest.mark.parametrize(
    ("code", "members"), [("P010", {}), ("NM12", {"multiplanar": False})], ids=["P010", "NM12"]
)
def test_camera_that_can_draw_nothing_is_refused(code, members):
    one = {"pixel_format": code, "sizes": [{"width": 64, "height": 48}]}

    with pytest.raises(ProfileError, match=code) as caught:
        SimulatedCamera(profile(formats=[one], **members))

    assert caught.value.where == "formats"


def test_too_small_for_a_counter():
    with pytest.raises(ValueError, match="frame counter"):
        read_counter(np.zeros((3, 300)))


# ---- controls ----


@pytest.fixture
def webcam():
    camera = SimulatedCamera("webcam", clock="manual")
    with Device(camera.path) as device:
        device.set_format(640, 480, "YUYV")
        yield camera, device


def white(rgb):
    return rgb[240, 40].astype(int)


def test_brightness_and_contrast(webcam):
    camera, device = webcam
    device.controls["brightness"].value = 64
    bright = white(shoot(camera, device))
    device.controls["brightness"].value = -64
    dark = white(shoot(camera, device))
    device.controls["brightness"].value = 0
    device.controls["contrast"].value = 0
    flat = np.ptp(np.array(bars(shoot(camera, device))))

    assert bright.min() > 250
    assert dark.max() < 70
    assert flat <= 2


def test_saturation(webcam):
    camera, device = webcam
    device.controls["saturation"].value = 0

    assert all(np.ptp(bar) <= 3 for bar in bars(shoot(camera, device)))


def test_exposure_counts_only_by_hand(webcam):
    camera, device = webcam
    device.controls["auto_exposure"].value = 1
    device.controls["exposure_time_absolute"].value = 125
    dim = white(shoot(camera, device))
    device.controls["gain"].value = 128
    lifted = white(shoot(camera, device))
    device.controls["auto_exposure"].value = 3
    automatic = white(shoot(camera, device))

    assert np.abs(dim - THREE_QUARTERS / 2).max() <= 4
    assert np.abs(lifted - THREE_QUARTERS).max() <= 4
    assert np.abs(automatic - THREE_QUARTERS).max() <= 4


def test_bias_counts_only_in_automatic_mode(webcam):
    camera, device = webcam
    device.controls["auto_exposure_bias"].value = 2  # -1 EV
    biased = white(shoot(camera, device))
    device.controls["auto_exposure"].value = 1

    assert np.abs(biased - THREE_QUARTERS / 2).max() <= 4
    assert np.abs(white(shoot(camera, device)) - THREE_QUARTERS).max() <= 4


def test_white_balance_tints(webcam):
    camera, device = webcam
    device.controls["white_balance_automatic"].value = False
    device.controls["white_balance_temperature"].value = 6500
    red, _, blue = white(shoot(camera, device))
    device.controls["white_balance_temperature"].value = 2800
    cold_red, _, cold_blue = white(shoot(camera, device))

    assert red > blue + 50
    assert cold_blue > cold_red + 50


def test_zoom_magnifies_the_middle(webcam):
    camera, device = webcam
    device.controls["zoom_absolute"].value = 400
    colours = {tuple(bar > 95) for bar in bars(shoot(camera, device))}

    assert colours == {(False, True, False), (True, False, True)}  # green and magenta


def test_pan_moves_the_picture(webcam):
    camera, device = webcam
    before = shoot(camera, device)
    device.controls["pan_absolute"].value = 36000  # 10 of 70 degrees, to the right

    after = shoot(camera, device)

    shift = 640 // 7
    assert np.array_equal(
        after[240, 8 : 640 - shift - 8 : 20] > 95, before[240, shift + 8 : -8 : 20] > 95
    )


def test_privacy_is_black(webcam):
    camera, device = webcam
    camera.poke("privacy", 1)

    assert max(bar.max() for bar in bars(shoot(camera, device))) <= 2


def test_control_shows_in_the_next_frame_of_a_running_stream(webcam):
    camera, device = webcam
    with device.stream() as stream:
        camera.tick()
        before = white(stream.try_read().to_rgb())
        device.controls["brightness"].value = -64
        camera.tick()
        after = white(stream.try_read().to_rgb())

    assert before.min() > after.max() + 100
