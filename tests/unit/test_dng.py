# SPDX-License-Identifier: MIT
"""Bayer frames as DNG files, opened again by LibRaw."""

from __future__ import annotations

import io

import numpy as np
import pytest
import rawpy
from PIL import Image

from v4l2capture.dng import Sensor, bayer_array
from v4l2capture.encode import encode_photo
from v4l2capture.exif import Exif
from v4l2capture.layout import minimum_bytes
from v4l2capture.pixfmt import PIXEL_FORMATS, Format, PlaneFormat

BAYER = [row for row in PIXEL_FORMATS.values() if row.family == "bayer"]
WIDTH, HEIGHT = 64, 48

DNG = "image/x-adobe-dng"

by_name = pytest.mark.parametrize("row", BAYER, ids=lambda row: row.name)


def make(row, size=(WIDTH, HEIGHT), padding=0):
    stride = row.colour_planes[0].row_bytes(size[0]) + padding
    form = Format(*size, row.fourcc, (PlaneFormat(0, stride),))
    rng = np.random.default_rng(row.bits)
    data = rng.integers(0, 256, minimum_bytes(form)[0], np.uint8)
    if row.bits in (10, 12, 14) and row.colour_planes[0].bits == 16:
        data[1 : WIDTH * HEIGHT * 2 : 2] &= (1 << (row.bits - 8)) - 1
    return form, memoryview(data.tobytes())


def flat(row, colours, size=(WIDTH, HEIGHT)):
    """A picture of one colour: what the sensor reads in R, G and B."""
    pattern = np.array([colours["RGB".index(colour)] for colour in row.order]).reshape(2, 2)
    pixels = np.tile(pattern, (size[1] // 2, size[0] // 2))
    data = pixels.astype("<u2" if row.bits > 8 else np.uint8).tobytes()
    return Format(*size, row.fourcc, (PlaneFormat(0, 0),)), memoryview(data)


def developed(dng, **options):
    """LibRaw's picture in linear sRGB, without any judgement of its own."""
    with rawpy.imread(io.BytesIO(dng)) as raw:
        return raw.postprocess(
            gamma=(1, 1), no_auto_bright=True, output_bps=8, user_flip=0, **options
        )


def tags_of(dng):
    """What Pillow finds; it knows TIFF, but nothing of filters, so it takes this for no picture."""
    tags = Image.Exif()
    tags.load(dng)
    return tags


# ---- pixels ----

# Where the low bits of each pixel of a group are, as the kernel's tables have it: byte, its lowest
# bit, how many, and where they go.
LOW_BITS = {
    8: (1, 1, [[]]),
    10: (4, 5, [[(4, 2 * i, 2, 0)] for i in range(4)]),
    12: (2, 3, [[(2, 0, 4, 0)], [(2, 4, 4, 0)]]),
    14: (4, 7, [
        [(4, 0, 6, 0)],
        [(4, 6, 2, 0), (5, 0, 4, 2)],
        [(5, 4, 4, 0), (6, 0, 2, 4)],
        [(6, 2, 6, 0)],
    ]),
}  # fmt: skip


def slow_pixels(row, form, data):
    container, stride = row.colour_planes[0].bits, form.planes[0].bytesperline
    out = np.zeros((form.height, form.width), int)
    for y, x in np.ndindex(out.shape):
        line = data[y * stride :]
        if container == 16:
            out[y, x] = line[2 * x] + 256 * line[2 * x + 1]
            continue
        pixels, size, places = LOW_BITS[container]
        group = line[x // pixels * size :]
        out[y, x] = group[x % pixels] << (container - 8)
        for byte, shift, bits, to in places[x % pixels]:
            out[y, x] |= (group[byte] >> shift & ((1 << bits) - 1)) << to
    return out


@by_name
@pytest.mark.parametrize("padding", [0, 6], ids=["tight", "padded"])
@pytest.mark.parametrize("size", [(8, 2), (4, 1), (4, 3), (36, 22)])
def test_pixels_are_as_the_kernel_says(row, size, padding):
    form, data = make(row, size, padding)

    actual = bayer_array(form, [data])

    assert actual.shape == (size[1], size[0])
    assert (actual == slow_pixels(row, form, data)).all()


@by_name
@pytest.mark.parametrize("padding", [0, 6], ids=["tight", "padded"])
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (6, 2), (7, 1), (35, 3)])
def test_rows_that_end_within_a_group(row, size, padding):
    """Where low bits are not in the frame, the high ones are right."""
    form, data = make(row, size, padding)
    low = (1 << (row.bits - 8)) - 1 if row.colour_planes[0].bits % 8 else 0
    behind = memoryview(bytes(data) + bytes(8))
    expected = slow_pixels(row, form, behind)

    assert ((bayer_array(form, [data]) ^ expected) & ~low == 0).all()
    if padding:
        assert (bayer_array(form, [behind]) == expected).all()


@by_name
def test_libraw_has_every_pixel(row):
    form, data = make(row, padding=4)

    with rawpy.imread(io.BytesIO(encode_photo(form, [data], type=DNG).data)) as raw:
        assert (raw.raw_image == bayer_array(form, [data])).all()
        assert raw.white_level == (1 << row.bits) - 1
        assert raw.black_level_per_channel == [0, 0, 0, 0]


@by_name
def test_libraw_has_the_order_of_the_filter(row):
    form, data = make(row)

    with rawpy.imread(io.BytesIO(encode_photo(form, [data], type=DNG).data)) as raw:
        order = "".join(raw.color_desc.decode()[i] for i in raw.raw_pattern.flat)

    assert order == row.order


@pytest.mark.parametrize("code", ["YUYV", "GREY", "MJPG", "ZZZZ"])
def test_other_formats_are_refused(code):
    with pytest.raises(ValueError, match="Bayer"):
        bayer_array(Format(8, 2, code, (PlaneFormat(0, 0),)), [memoryview(bytes(64))])


@by_name
def test_a_byte_short_is_refused(row):
    form, data = make(row, padding=2)

    with pytest.raises(ValueError, match="too few"):
        bayer_array(form, [data[:-1]])


@pytest.mark.parametrize(
    "form",
    [
        Format(0, 4, "RGGB", (PlaneFormat(0, 4),)),
        Format(4, 0, "RGGB", (PlaneFormat(0, 4),)),
        Format(4, 2, "RG10", (PlaneFormat(0, 7),)),  # stride below a row
        Format(4, 2, "RGGB", ()),
        Format(4, 2, "RGGB", (PlaneFormat(0, 4), PlaneFormat(0, 4))),
    ],
)
def test_contradictions_are_refused(form):
    with pytest.raises(ValueError, match=r"too few|contradicts"):
        bayer_array(form, [memoryview(bytes(64))] * len(form.planes))


# ---- colours ----

COLOURS = [(180, 180, 180), (180, 0, 0), (0, 180, 0), (0, 0, 180), (40, 90, 180), (1, 2, 3)]
WORDS = [row for row in BAYER if row.colour_planes[0].bits in (8, 16)]


@pytest.mark.parametrize("row", WORDS, ids=lambda row: row.name)
@pytest.mark.parametrize("rgb", COLOURS)
def test_colours_are_those_of_the_sensor(row, rgb):
    """Without a judgement about white: what is red for the sensor is red in sRGB."""
    most = (1 << row.bits) - 1
    form, data = flat(row, [value * most // 255 for value in rgb])

    dng = encode_photo(form, [data], type=DNG, sensor=Sensor(neutral=(1, 1, 1))).data

    assert np.abs(developed(dng, use_camera_wb=True).astype(int) - rgb).max() <= 1


def test_levels_of_black_and_white():
    row = PIXEL_FORMATS["RG10"]
    form, data = flat(row, [64 + 400, 64 + 400, 64 + 400])
    sensor = Sensor(black_level=64, white_level=864, neutral=(1, 1, 1))

    dng = encode_photo(form, [data], type=DNG, sensor=sensor).data

    assert np.abs(developed(dng, use_camera_wb=True).astype(int) - 127).max() <= 1
    with rawpy.imread(io.BytesIO(dng)) as raw:
        assert raw.black_level_per_channel == [64] * 4
        assert raw.white_level == 864


def test_given_neutral_becomes_grey():
    form, data = flat(PIXEL_FORMATS["RG12"], [1000, 2000, 1500])

    dng = encode_photo(form, [data], type=DNG, sensor=Sensor(neutral=(0.5, 1, 0.75))).data

    picture = developed(dng, use_camera_wb=True)
    assert np.ptp(picture[20, 20].astype(int)) <= 1
    with rawpy.imread(io.BytesIO(dng)) as raw:
        red, green, blue = raw.camera_whitebalance[:3]
        assert (red / green, blue / green) == pytest.approx((2, 4 / 3), rel=1e-3)


def test_neutral_is_estimated_from_the_picture():
    """A sensor sees most green; a picture that is grey on average tells by how much."""
    rng = np.random.default_rng(0)
    form, data = flat(PIXEL_FORMATS["BG12"], [1000, 2000, 1500], (256, 256))
    light = rng.uniform(0.1, 1.9, (128, 128)).repeat(2, 0).repeat(2, 1)
    scene = (bayer_array(form, [data]) * light).astype("<u2")
    scene[:64] = 4095  # too bright to tell

    encoded = encode_photo(form, [memoryview(scene.tobytes())], type=DNG)

    with rawpy.imread(io.BytesIO(encoded.data)) as raw:
        red, green, blue = raw.camera_whitebalance[:3]
    assert (red / green, blue / green) == pytest.approx((2, 4 / 3), rel=0.01)


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_pictures_have_a_neutral_too(level):
    form, data = flat(PIXEL_FORMATS["RGGB"], [level] * 3)

    with rawpy.imread(io.BytesIO(encode_photo(form, [data], type=DNG).data)) as raw:
        assert raw.camera_whitebalance[:3] == [1, 1, 1]


def test_estimate_has_limits():
    """A red wall is not grey, whatever the average says."""
    form, data = flat(PIXEL_FORMATS["RGGB"], [200, 3, 0])

    with rawpy.imread(io.BytesIO(encode_photo(form, [data], type=DNG).data)) as raw:
        red, green, blue = raw.camera_whitebalance[:3]
    assert (green / red, blue / red) == pytest.approx((5, 5), rel=1e-3)


@pytest.mark.parametrize(
    ("sensor", "message"),
    [
        (Sensor(black_level=-1), "do not fit"),
        (Sensor(black_level=255), "do not fit"),
        (Sensor(white_level=256), "from 0 to 255"),
        (Sensor(black_level=9, white_level=9), "do not fit"),
        (Sensor(neutral=(1, 1)), "R, G and B"),
        (Sensor(neutral=(1, 0, 1)), "R, G and B"),
        (Sensor(matrix=(1, 2, 3)), "nine numbers"),
    ],
)
def test_impossible_sensor_is_refused(sensor, message):
    form, data = flat(PIXEL_FORMATS["RGGB"], [1, 2, 3])

    with pytest.raises(ValueError, match=message):
        encode_photo(form, [data], type=DNG, sensor=sensor)


def test_matrix_of_a_known_sensor_is_written():
    matrix = [0.5, 0.1, 0.0, -0.3, 1.2, 0.1, 0.0, 0.2, 0.4]
    form, data = flat(PIXEL_FORMATS["RGGB"], [10, 20, 30])

    encoded = encode_photo(form, [data], type=DNG, sensor=Sensor(matrix=matrix))

    found = tags_of(encoded.data)[50721]
    assert [float(value) for value in found] == pytest.approx(matrix)


# ---- what is in it beside pixels ----


@pytest.mark.parametrize(("rotation", "flip"), [(None, 0), (0, 0), (90, 5), (180, 3), (270, 6)])
def test_libraw_turns_it(rotation, flip):
    """In LibRaw's numbers 5 is a quarter to the left, 6 to the right."""
    form, data = make(PIXEL_FORMATS["RGGB"])

    encoded = encode_photo(form, [data], type=DNG, exif=Exif(rotation=rotation))

    with rawpy.imread(io.BytesIO(encoded.data)) as raw:
        assert raw.sizes.flip == flip


@pytest.mark.parametrize(
    ("exif", "name"),
    [
        (None, "V4L2 camera"),
        (Exif(model="imx219"), "imx219"),
        (Exif(make="Sony", model="imx219"), "Sony imx219"),
    ],
)
def test_camera_has_a_name(exif, name):
    form, data = make(PIXEL_FORMATS["RGGB"])

    encoded = encode_photo(form, [data], type=DNG, exif=exif)

    assert tags_of(encoded.data)[50708] == name
    assert tags_of(encoded.data)[50706] == b"\1\4\0\0"


def test_exif_data_is_in_it():
    form, data = make(PIXEL_FORMATS["RGGB"])

    encoded = encode_photo(form, [data], type=DNG, exif=Exif(exposure_time=0.02, gps=(1, 2)))

    found = tags_of(encoded.data)
    assert found.get_ifd(0x8769)[0x829A] == 0.02
    assert found.get_ifd(0x8825)[2] == (1, 0, 0)
    assert 0xA002 not in found.get_ifd(0x8769)
