# SPDX-License-Identifier: MIT
"""The colours of vivid's test pattern, from every pixel format that its two nodes offer.

vivid's generator is not our code and knows all formats, matrices and ranges: what it calls red
has to come out red. Its text, border, square and movement are off, as :func:`vivid.reset` and
``osd_text_mode`` leave it.
"""

import contextlib
import io
from collections.abc import Iterator

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from v4l2capture import Device, Frame
from v4l2capture.pixfmt import PIXEL_FORMATS

from . import vivid
from .nodes import path_of
from .vivid import Input

pytestmark = pytest.mark.vivid

# Left to right, in "100% Colorbar"; "75% Colorbar" has 191 (0.75 x 255) for 255.
BARS = np.array(
    [
        (255, 255, 255),
        (255, 255, 0),
        (0, 255, 255),
        (0, 255, 0),
        (255, 0, 255),
        (255, 0, 0),
        (0, 0, 255),
        (0, 0, 0),
    ]
)
PATTERNS = {"100% Colorbar": BARS, "75% Colorbar": np.minimum(BARS, 191)}

QUIET = {"test_pattern": "100% Colorbar", "osd_text_mode": "None"}

# What both nodes offer and no picture is made of. A format that becomes one has to leave the list.
NO_PICTURE = {
    "HSV3": "hue, saturation, value: for machines to look at; Frame.array() has the components",
    "HSV4": "the same with a byte of padding",
}

# vivid truncates to 8 bits, and the inverse matrix magnifies that: 3 at most.
TOLERANCE = 4
# Few bits in Y'CbCr, where truncation counts; few bits in RGB are exact at 255 and 0.
FEW_BITS = {"Y444": 26, "YUVO": 12, "YUVP": 12}
# The same at 75%, where the nearest step of few bits may be half a step away: 3 bits (2 for blue),
# 4, 5 bits.
FEW_BITS_OF_RGB = {3: 22, 4: 9, 5: 6, 6: 6}

SUBSAMPLED = {name for name, row in PIXEL_FORMATS.items() if row.chroma != (1, 1)}


def expected(pixel_format: str, bars: np.ndarray) -> np.ndarray:
    """Grey formats show vivid's luma, BT.709 weights for them all, in full range."""
    if PIXEL_FORMATS[pixel_format].family != "grey":
        return bars
    luma = bars @ np.array([0.2126, 0.7152, 0.0722])
    return np.repeat(luma[:, None], 3, axis=1)


def farthest(rgb: np.ndarray, bars: np.ndarray) -> int:
    """Return how far the worst pixel inside a bar is from the bar's colour.

    The outer quarters of a bar are not looked at: chroma is shared across its edges.
    """
    bar = rgb.shape[1] / len(bars)
    worst = 0.0
    for i, colour in enumerate(bars):
        inside = rgb[:, int(i * bar + bar / 4) : int((i + 1) * bar - bar / 4)]
        worst = max(worst, np.abs(inside.astype(float) - colour).max())
    return round(worst)


def tolerance(pixel_format: str) -> int:
    return FEW_BITS.get(pixel_format, TOLERANCE)


@contextlib.contextmanager
def shown(name: str, pattern: str = "100% Colorbar") -> Iterator[Device]:
    """Open one of vivid's nodes, known and quiet, with a pattern."""
    path = path_of(name)
    vivid.reset(path)
    with Device(path) as device:
        device.controls.set(QUIET | {"test_pattern": pattern})
        yield device


def one_frame(device: Device) -> Frame:
    """Return the first frame of a stream, in memory of its own."""
    with device.stream(2) as stream:
        return stream.read(timeout=10.0).copy()


@pytest.fixture(scope="module")
def opened() -> Iterator[dict[str, Device]]:
    with shown(vivid.SINGLE) as single, shown(vivid.MULTI) as multi:
        yield {"single": single, "multi": multi}


@pytest.fixture
def showing(opened) -> dict[str, Device]:
    """Both nodes with their bars; each test sets a format and little else."""
    for device in opened.values():
        device.controls.set(QUIET)
    return opened


def offers(name: str) -> list[str]:
    with Device(path_of(name)) as device:
        return [info.pixel_format for info in device.formats()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask the driver what there is, so that nothing can be forgotten. A mere list needs none."""
    if metafunc.config.option.collectonly:
        return
    if {"kind", "offered"} <= set(metafunc.fixturenames):
        cases = [("single", each) for each in offers(vivid.SINGLE)]
        cases += [("multi", each) for each in offers(vivid.MULTI)]
        metafunc.parametrize(
            ("kind", "offered"), cases, ids=[f"{kind}-{each.strip()}" for kind, each in cases]
        )


# ---- every format ----


def test_both_nodes_offer_all_that_this_file_is_about():
    """Else a driver with fewer formats would make everything here pass."""
    single, multi = set(offers(vivid.SINGLE)), set(offers(vivid.MULTI))

    assert len(single) >= 83
    assert multi - single == {
        *("NM12", "NM21", "NM16", "NM61"),
        *("YM12", "YM21", "YM16", "YM61", "YM24", "YM42"),
    }
    assert single < multi
    assert single | multi <= set(PIXEL_FORMATS)


def test_every_format_shows_the_bars_in_their_colours(showing, kind, offered):
    device = showing[kind]
    format_ = device.set_format(320, 180, offered, 60)
    assert format_.pixel_format == offered

    frame = one_frame(device)

    if offered in NO_PICTURE:
        with pytest.raises(ValueError, match="cannot be converted"):
            frame.to_rgb()
        return
    rgb = frame.to_rgb()
    assert rgb.shape == (180, 320, 3)
    assert farthest(rgb, expected(offered, BARS)) <= tolerance(offered)


@pytest.mark.parametrize("name", [vivid.SINGLE, vivid.MULTI])
def test_values_between_black_and_full_are_scaled_right(name):
    """0 and 255 look right even if a 5-bit field is shifted instead of scaled."""
    wrong = {}
    with shown(name, "75% Colorbar") as device:
        for offered in (info.pixel_format for info in device.formats()):
            if offered in NO_PICTURE:
                continue
            device.set_format(320, 180, offered, 60)
            row = PIXEL_FORMATS[offered]
            limit = tolerance(offered)
            if row.family == "rgb":
                limit = FEW_BITS_OF_RGB.get(row.bits, TOLERANCE)

            rgb = one_frame(device).to_rgb()

            distance = farthest(rgb, expected(offered, PATTERNS["75% Colorbar"]))
            if distance > limit:
                wrong[offered] = distance

    assert wrong == {}


def test_formats_without_a_picture_have_their_components_as_an_array(showing):
    """Hue is a byte in vivid's default: 85 of it between two primaries."""
    device = showing["single"]
    device.set_format(320, 180, "HSV3", 60)

    hsv = one_frame(device).array()

    assert hsv.shape == (180, 320, 3)
    hues = [int(hsv[90, 20 + 40 * bar, 0]) for bar in range(8)]
    assert hues[1:7] == [42, 127, 85, 215, 0, 170]
    assert (hsv[90, 60:280, 1:] == 255).all()


def test_planes_of_a_multi_planar_format_are_memory_planes(showing):
    """NM16's first plane begins behind a data_offset in vivid, so that this gets tested."""
    device = showing["multi"]

    planes = {}
    for name in ("NV12", "NM12", "NM16", "YM12", "YUYV"):
        device.set_format(320, 180, name, 60)
        planes[name] = [len(plane) for plane in one_frame(device).planes]

    assert planes == {
        "NV12": [86400],
        "NM12": [57600, 28800],
        "NM16": [57600, 57600],
        "YM12": [57600, 14400, 14400],
        "YUYV": [115200],
    }


# ---- colour spaces ----

# vivid is right and we are not, knowingly: encoding -> why.
APPROXIMATED = {
    "BT.2020 Constant Luminance": "needs the transfer function, and no camera has it; "
    "taken as BT.2020",
}


@pytest.mark.parametrize("pixel_format", ["YUYV", "NV12", "AYUV", "RGB3", "RGBP"])
def test_every_colour_space_and_range_gives_the_same_colours(showing, pixel_format):
    """The generator draws full red in each of them; only the bytes differ."""
    device = showing["single"]
    device.set_format(320, 180, pixel_format, 60)
    controls = device.controls
    ranges = controls["quantization"].menu
    spaces, encodings = controls["colorspace"].menu, controls["y_cbcr_encoding"].menu
    cases = [(space, "Default") for space in spaces.values()]
    cases += [("sRGB", encoding) for encoding in encodings.values()]
    wrong, bytes_seen = {}, set()

    for space, encoding in cases:
        for range_ in ranges.values():
            controls.set({"colorspace": space, "y_cbcr_encoding": encoding, "quantization": range_})
            frame = one_frame(device)
            bytes_seen.add(bytes(frame.planes[0][:640]))
            distance = farthest(frame.to_rgb(), BARS)
            if distance > TOLERANCE:
                wrong[encoding, range_] = distance

    controls.set({"colorspace": "sRGB", "y_cbcr_encoding": "Default", "quantization": "Default"})
    is_yuv = PIXEL_FORMATS[pixel_format].family == "yuv"
    assert {encoding for encoding, _ in wrong} == (set(APPROXIMATED) if is_yuv else set())
    # Else the controls had no effect and this test none either.
    assert len(bytes_seen) >= (8 if is_yuv else 2)


# ---- sizes ----


@contextlib.contextmanager
def scaled(name: str) -> Iterator[Device]:
    """vivid's HDMI input: any size, because it can scale; the webcam input has six sizes."""
    with shown(name) as device:
        vivid.select_input(device.path, Input.HDMI)
        device.controls.set(QUIET)
        try:
            yield device
        finally:
            vivid.reset(device.path)


@pytest.mark.parametrize("name", [vivid.SINGLE, vivid.MULTI])
@pytest.mark.parametrize(("width", "height"), [(333, 77), (334, 77), (333, 78)])
def test_odd_sizes_are_right_or_said_to_be_short(name, width, height):
    """vivid rounds chroma down where it has to be rounded up: its buffers are too small.

    Such a frame is never shown with the wrong colours, and never read past its end.
    """
    wrong = {}
    with scaled(name) as device:
        for offered in offers(name):
            if offered in NO_PICTURE:
                continue
            device.set_format(width, height, offered)
            columns, rows = PIXEL_FORMATS[offered].chroma
            is_short = bool(width % columns or height % rows)

            with device.stream(2) as stream:
                frame = vivid.first(stream)

            if is_short:
                if frame.ok or "fewer bytes" not in frame.reason:
                    wrong[offered] = "not found to be short"
                continue
            distance = farthest(frame.to_rgb(), expected(offered, BARS))
            if distance > tolerance(offered):
                wrong[offered] = distance

    assert wrong == {}


@pytest.mark.quirk("padded-rows")
@pytest.mark.parametrize(
    ("pixel_format", "bytesperline"),
    [("YUYV", 1000), ("NV12", 512), ("YU12", 512), ("RGB3", 1024), ("Y10 ", 700), ("RGGB", 400)],
)
def test_padding_at_the_end_of_lines_is_skipped(pixel_format, bytesperline):
    with scaled(vivid.SINGLE) as device:
        vivid.set_bytesperline(device.path, 334, 78, pixel_format, bytesperline)

        frame = one_frame(device)

        assert frame.format.planes[0].bytesperline == bytesperline
        distance = farthest(frame.to_rgb(), expected(pixel_format, BARS))
        assert distance <= tolerance(pixel_format)


def test_cropping_shows_part_of_the_bars():
    with scaled(vivid.SINGLE) as device:
        crop = vivid.select(device.path, vivid.CROP, 640, 0, 640, 720)
        assert crop == [640, 0, 640, 720]
        device.set_format(320, 180, "YUYV")

        frame = one_frame(device)

        assert farthest(frame.to_rgb(), BARS[4:]) <= TOLERANCE


@pytest.mark.parametrize("number", [Input.TV, Input.S_VIDEO])
def test_interlaced_inputs_give_whole_pictures(number):
    """Both fields in one buffer. In PAL the first line of both carries data, not picture."""
    with shown(vivid.SINGLE) as device:
        vivid.select_input(device.path, number)
        device.controls.set(QUIET)
        try:
            format_ = device.format
            frame = one_frame(device)
        finally:
            vivid.reset(device.path)

    assert (format_.width, format_.height, format_.frame_rate) == (720, 576, 25)
    assert farthest(frame.to_rgb()[2:], BARS) <= TOLERANCE


def test_flips_turn_the_picture(showing):
    device = showing["single"]
    device.set_format(320, 180, "YUYV", 60)

    device.controls["horizontal_flip"].value = True
    frame = one_frame(device)
    device.controls["horizontal_flip"].value = False

    assert farthest(frame.to_rgb(), BARS[::-1]) <= TOLERANCE


# ---- JPEG ----

JPEG_CASES = [
    *[("single", name) for name in ("YUYV", "VYUY", "NV12", "YU12", "422P", "NV24", "AYUV")],
    *[("single", name) for name in ("GREY", "Y16 ", "RGB3", "RGBP", "RGGB", "BG10")],
    *[("multi", name) for name in ("NM12", "NM16", "YM12", "YM24")],
]


@pytest.mark.parametrize(("kind", "pixel_format"), JPEG_CASES)
def test_jpeg_has_the_same_colours(showing, kind, pixel_format):
    """Two decoders, because one could agree with the encoder about something wrong."""
    device = showing[kind]
    device.set_format(320, 180, pixel_format, 60)
    frame = one_frame(device)

    jpeg = frame.to_jpeg(quality=95)

    bars = expected(pixel_format, BARS)
    for decoded in (simplejpeg.decode_jpeg(jpeg), Image.open(io.BytesIO(jpeg)).convert("RGB")):
        assert farthest(np.asarray(decoded), bars) <= TOLERANCE + 4  # of the quality


def test_jpeg_of_limited_range_and_bt709_has_the_same_colours(showing):
    """JPEG knows one matrix and one range: BT.601, full."""
    device = showing["single"]
    device.set_format(320, 180, "YUYV", 60)

    device.controls.set({"colorspace": "Rec. 709", "quantization": "Limited Range"})
    jpeg = one_frame(device).to_jpeg(quality=95)
    device.controls.set({"colorspace": "sRGB", "quantization": "Default"})

    assert farthest(simplejpeg.decode_jpeg(jpeg), BARS) <= TOLERANCE + 4
