# SPDX-License-Identifier: MIT
"""Frames as files of each type, opened again by other people's readers."""

from __future__ import annotations

import io
import math
from datetime import UTC, datetime

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from v4l2capture import convert, encode
from v4l2capture.encode import SUFFIXES, Encoded, encode_photo, photo_type
from v4l2capture.exif import Exif, Flash
from v4l2capture.jpegfile import segments
from v4l2capture.layout import minimum_bytes
from v4l2capture.pixfmt import PIXEL_FORMATS, Format, PlaneFormat

WIDTH, HEIGHT = 34, 22

EXIF = Exif(
    make="Maker",
    model="Model",
    software="v4l2capture",
    taken=datetime(2024, 12, 31, 23, 59, 59, 5, UTC),
    exposure_time=0.01,
    iso=100,
    exposure_bias=1,
    exposure_mode="manual",
    white_balance="auto",
    flash=Flash(present=False),
    subject_distance=math.inf,
    rotation=180,
    tags={"Artist": "Ann", "UserComment": "ä"},
    gps=(1, -2, 3),
)

BY_PILLOW = ["image/jpeg", "image/png", "image/tiff", "image/webp"]
LOSSLESS = ["image/png", "image/tiff"]
RAW = [row for row in PIXEL_FORMATS.values() if row.convertible and not row.compressed]


def frame_of(code, size=(WIDTH, HEIGHT), padding=0):
    """Smooth colours in a format, so that lossy files stay close."""
    row = PIXEL_FORMATS[code]
    strides = [plane.row_bytes(size[0]) + padding for plane in row.colour_planes]
    form = Format(*size, code, tuple(PlaneFormat(0, each) for each in strides[: row.memory_planes]))
    return form, [memoryview(bytes([0x6D]) * need) for need in minimum_bytes(form)]


def camera_jpeg(subsampling="422", size=(WIDTH, HEIGHT)):
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    rgb = np.stack([x * 7, y * 11, 255 - x * 7], axis=-1).astype(np.uint8)
    return simplejpeg.encode_jpeg(rgb, 90, "RGB", subsampling)


MJPG = Format(WIDTH, HEIGHT, "MJPG", (PlaneFormat(0, 0),))


def opened(encoded):
    return Image.open(io.BytesIO(encoded.data))


def pixels(encoded):
    return np.asarray(opened(encoded).convert("RGB"))


# ---- each type ----


@pytest.mark.parametrize("exif", [None, EXIF], ids=["plain", "exif"])
@pytest.mark.parametrize("code", ["MJPG", "YUYV", "NV12", "RGB3", "GREY", "Y10 ", "BA81", "pRAA"])
@pytest.mark.parametrize("type", BY_PILLOW)
def test_file_opens_with_its_size_and_type(type, code, exif):  # noqa: A002
    frame = (MJPG, [memoryview(camera_jpeg())]) if code == "MJPG" else frame_of(code)

    encoded = encode_photo(*frame, type=type, exif=exif)

    assert encoded[1:] == (type, WIDTH, HEIGHT)
    with opened(encoded) as image:
        image.load()
        assert image.size == (WIDTH, HEIGHT)
        assert Image.MIME[image.format] == type


@pytest.mark.parametrize("row", RAW, ids=lambda row: row.name)
@pytest.mark.parametrize("type", LOSSLESS)
def test_lossless_files_are_the_rgb(row, type):  # noqa: A002
    frame = frame_of(row.fourcc)

    assert (pixels(encode_photo(*frame, type=type)) == convert.to_rgb(*frame)).all()


@pytest.mark.parametrize("type", LOSSLESS)
def test_camera_jpeg_is_decoded_for_other_types(type):  # noqa: A002
    jpeg = camera_jpeg()

    encoded = encode_photo(MJPG, [memoryview(jpeg)], type=type)

    assert (pixels(encoded) == simplejpeg.decode_jpeg(jpeg)).all()


@pytest.mark.parametrize("type", LOSSLESS)
def test_grey_stays_one_component(type):  # noqa: A002
    with opened(encode_photo(*frame_of("GREY"), type=type)) as image:
        assert image.mode == "L"
        assert image.getpixel((0, 0)) == 0x6D


@pytest.mark.parametrize(
    ("code", "subsampling"), [("YUYV", "422"), ("NV12", "420"), ("NV24", "444"), ("GREY", "Gray")]
)
def test_jpeg_keeps_the_subsampling(code, subsampling):
    jpeg = encode_photo(*frame_of(code), exif=EXIF).data

    assert simplejpeg.decode_jpeg_header(jpeg)[3] == subsampling


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 1), (1, 5), (17, 9)])
@pytest.mark.parametrize("type", BY_PILLOW)
def test_odd_and_tiny_pictures(type, width, height):  # noqa: A002
    encoded = encode_photo(*frame_of("GREY", (width, height), padding=3), type=type, exif=EXIF)

    with opened(encoded) as image:
        image.load()
        assert image.size == (width, height)


@pytest.mark.parametrize("type", ["image/jpeg", "image/webp"])
def test_less_quality_is_smaller(type):  # noqa: A002
    rng = np.random.default_rng(0)
    form, planes = frame_of("YUYV")
    noise = [memoryview(rng.integers(0, 256, len(planes[0]), np.uint8).tobytes())]

    sizes = [len(encode_photo(form, noise, type=type, quality=q).data) for q in (1, 50, 100)]

    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[1] < sizes[2]


@pytest.mark.parametrize("type", [*LOSSLESS, "image/x-adobe-dng"])
def test_quality_has_no_effect_elsewhere(type):  # noqa: A002
    frame = frame_of("BA81")

    assert encode_photo(*frame, type=type, quality=1) == encode_photo(*frame, type=type)


# ---- Exif data ----


@pytest.mark.parametrize("code", ["MJPG", "YUYV", "GREY"])
@pytest.mark.parametrize("type", BY_PILLOW)
def test_exif_data_is_in_every_type(type, code):  # noqa: A002
    frame = (MJPG, [memoryview(camera_jpeg())]) if code == "MJPG" else frame_of(code)

    with opened(encode_photo(*frame, type=type, exif=EXIF)) as image:
        found = image.getexif()

        inner = found.get_ifd(0x8769)
        assert found[0x010F] == "Maker"
        assert found[0x013B] == "Ann"
        assert found[0x0112] == 3
        assert inner[0x829A] == 0.01
        assert inner[0x9003] == "2024:12:31 23:59:59"
        assert inner[0x9291] == "000005"
        assert found.get_ifd(0x8825)[1] == "N"
        # Where the file's own tags have the size, Exif does not repeat it.
        size = None if type == "image/tiff" else WIDTH
        assert inner.get(0xA002) == size


@pytest.mark.parametrize("type", BY_PILLOW)
def test_without_facts_there_is_no_exif_data_about_the_photo(type):  # noqa: A002
    with opened(encode_photo(*frame_of("YUYV"), type=type)) as image:
        assert {0x010F, 0x0110, 0x0112, 0x0132, 0x8825} & set(image.getexif()) == set()


# ---- a camera's own JPEG ----


def from_frame_header(jpeg):
    """Everything from the first table on."""
    return jpeg[jpeg.index(b"\xff\xdb") :]


def test_camera_jpeg_passes_untouched():
    jpeg = camera_jpeg()

    encoded = encode_photo(MJPG, [memoryview(jpeg)], quality=1)

    assert encoded == Encoded(jpeg, "image/jpeg", WIDTH, HEIGHT)


def test_exif_data_leaves_every_byte_from_the_first_table_on():
    jpeg = camera_jpeg()

    encoded = encode_photo(MJPG, [memoryview(jpeg)], exif=EXIF)

    assert from_frame_header(encoded.data) == from_frame_header(jpeg)
    assert len(encoded.data) == len(jpeg) + 4 + len(EXIF.payload((WIDTH, HEIGHT), 3))


@pytest.mark.parametrize("exif", [None, EXIF], ids=["plain", "exif"])
def test_camera_jpeg_is_mended(exif):
    """Padding around it, and the tables that Motion-JPEG may leave out."""
    jpeg = camera_jpeg()
    bare = jpeg
    for each in reversed([each for each in segments(jpeg) if each.marker == 0xC4]):
        bare = bare[: each.start] + bare[each.end :]

    frame = [memoryview(b"\0\0" + bare + b"\0" * 64)]

    assert (
        encode_photo(MJPG, frame, exif=exif).data
        == encode_photo(MJPG, [memoryview(jpeg)], exif=exif).data
    )


def test_cameras_exif_data_gives_way_to_ours_only():
    theirs = encode_photo(MJPG, [memoryview(camera_jpeg())], exif=Exif(make="Theirs")).data
    frame = [memoryview(theirs)]

    assert encode_photo(MJPG, frame).data == theirs
    assert encode_photo(MJPG, frame, exif=EXIF) == encode_photo(
        MJPG, [memoryview(camera_jpeg())], exif=EXIF
    )


def test_size_is_what_the_jpeg_says():
    """Some cameras deliver another one than they promised."""
    encoded = encode_photo(MJPG, [memoryview(camera_jpeg(size=(48, 16)))], exif=EXIF)

    assert encoded[2:] == (48, 16)
    assert opened(encoded).getexif().get_ifd(0x8769)[0xA002] == 48


@pytest.mark.parametrize("type", BY_PILLOW)
@pytest.mark.parametrize("rest", [b"", b"\0" * 500])
def test_cut_jpeg_is_refused(type, rest):  # noqa: A002
    """Also where the end of a thumbnail looks like an end, and a decoder would fill in grey."""
    thumbnail = b"\xff\xe1" + (2 + 6 + 4).to_bytes(2, "big") + b"Exif\0\0\xff\xd8\xff\xd9"
    jpeg = camera_jpeg()
    cut = jpeg[:2] + thumbnail + jpeg[2 : len(jpeg) // 2] + rest

    with pytest.raises(ValueError, match="no whole JPEG"):
        encode_photo(MJPG, [memoryview(cut)], type=type, exif=EXIF)


# ---- what cannot be ----


@pytest.mark.parametrize("code", ["YUYV", "NM12", "GREY", "pRAA", "RGB3"])
@pytest.mark.parametrize("type", [*BY_PILLOW, "image/x-adobe-dng"])
def test_missing_bytes_are_refused(type, code):  # noqa: A002
    form, planes = frame_of(code)

    with pytest.raises(ValueError, match=r"too few|not what a sensor saw"):
        encode_photo(form, [plane[:-1] for plane in planes], type=type)


@pytest.mark.parametrize("type", BY_PILLOW)
def test_unknown_format_is_refused(type):  # noqa: A002
    form = Format(4, 4, "H264", (PlaneFormat(0, 0),))

    with pytest.raises(ValueError, match="H264"):
        encode_photo(form, [memoryview(bytes(64))], type=type)


@pytest.mark.parametrize("code", ["MJPG", "YUYV", "GREY"])
def test_dng_is_for_what_a_sensor_saw(code):
    frame = (MJPG, [memoryview(camera_jpeg())]) if code == "MJPG" else frame_of(code)

    with pytest.raises(ValueError, match=f"{code} is not what a sensor saw.*Bayer"):
        encode_photo(*frame, type="image/x-adobe-dng")


@pytest.mark.parametrize("type", ["image/jpg", "jpeg", "", "image/gif"])
def test_unknown_type_is_refused(type):  # noqa: A002
    with pytest.raises(ValueError, match="image/jpeg, image/png"):
        encode_photo(*frame_of("YUYV"), type=type)


@pytest.mark.parametrize(
    ("quality", "error"), [(0, ValueError), (101, ValueError), (9.5, TypeError), (True, TypeError)]
)
@pytest.mark.parametrize("code", ["YUYV", "MJPG"])
def test_quality_out_of_range_is_refused(code, quality, error):
    """Also where it would have no effect: what works must not depend on the camera."""
    frame = (MJPG, [memoryview(camera_jpeg())]) if code == "MJPG" else frame_of(code)

    with pytest.raises(error, match="1"):
        encode_photo(*frame, quality=quality)


def test_request_is_checked_without_a_frame():
    encode.check_request("image/png", 90)

    with pytest.raises(ValueError, match="type"):
        encode.check_request("image/bmp", 90)


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("a.jpg", "image/jpeg"),
        ("a.JPEG", "image/jpeg"),
        ("/x.y/a.png", "image/png"),
        ("a.tif", "image/tiff"),
        ("a.tiff", "image/tiff"),
        ("a.webp", "image/webp"),
        ("a.dng", "image/x-adobe-dng"),
        ("a.bmp", None),
        ("a", None),
        (".jpg", None),
        ("jpg", None),
    ],
)
def test_type_of_a_name(path, type):  # noqa: A002
    assert photo_type(path) == type


def test_each_suffix_is_of_one_type():
    suffixes = [suffix for each in SUFFIXES.values() for suffix in each]

    assert len(set(suffixes)) == len(suffixes)
