# SPDX-License-Identifier: MIT
"""Any facts and any camera's JPEG: a photo that others can read, or an error that is documented."""

import io
import math
from datetime import timedelta, timezone
from fractions import Fraction

import numpy as np
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from v4l2capture.encode import SUFFIXES, encode_photo
from v4l2capture.exif import Exif, Flash
from v4l2capture.exiftags import TAGS
from v4l2capture.jpegfile import read_header
from v4l2capture.pixfmt import Format, PlaneFormat

# ---- facts ----

NUMBERS = (
    st.integers(-(2**64), 2**64)
    | st.floats()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.sampled_from([0, -0.0, 2**31, 2**32, 2**64, 1e308, 5e-324, math.inf, math.nan])
)
TEXTS = st.text() | st.sampled_from(["", " ", "\0", "a\0b", "é" * 300, "\udc80", "x" * 70000])
ZONES = st.none() | st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(timezones=ZONES)
ANY = (
    st.none()
    | st.booleans()
    | NUMBERS
    | TEXTS
    | MOMENTS
    | st.binary(max_size=20)
    | st.lists(NUMBERS, max_size=5)
)
LIKELY = st.sampled_from(
    [
        "1/3",
        "٣",
        "1e99999999",
        "2024:12:31 23:59:59",
        "+01:00",
        "5",
        "auto",
        "manual",
        "flash",
        "GPS",
        "T",
        1,
        2,
    ]
)
WORDS = st.none() | TEXTS | LIKELY

FACTS = st.fixed_dictionaries(
    {},
    optional={
        "make": st.none() | st.text(),
        "model": st.none() | st.text(),
        "software": st.none() | st.text(),
        "taken": st.none() | MOMENTS,
        "exposure_time": NUMBERS,
        "iso": NUMBERS,
        "exposure_bias": NUMBERS,
        "exposure_mode": WORDS,
        "exposure_program": WORDS,
        "white_balance": WORDS,
        "flash": st.builds(Flash, fired=st.booleans(), red_eye=st.booleans()),
        "subject_distance": NUMBERS,
        "digital_zoom": NUMBERS,
        "rotation": st.none() | st.integers(),
        "tags": st.dictionaries(st.sampled_from(list(TAGS)) | st.text(), LIKELY | ANY, max_size=4),
        "gps": st.none() | st.lists(NUMBERS, max_size=4) | st.tuples(st.floats(-90, 90), NUMBERS),
    },
)

PLACES = {"exif": ExifTags.IFD.Exif, "gps": ExifTags.IFD.GPSInfo}


def by_pillow(payload):
    """What is in it, by tag, in each directory."""
    data = Image.Exif()
    data.load(payload)
    return {"image": dict(data)} | {place: data.get_ifd(tag) for place, tag in PLACES.items()}


@given(FACTS)
def test_any_facts_are_read_back_or_refused(facts):
    try:
        exif = Exif(**facts)
    except (TypeError, ValueError):
        return

    payload = exif.payload((640, 480), 3)

    found = by_pillow(payload)
    for name in exif.named():
        assert TAGS[name].number in found[TAGS[name].place]
    for name, value in facts.get("tags", {}).items():
        tag = TAGS[name]
        back = found[tag.place][tag.number]
        if tag.kind == "short" or (tag.kind == "text" and value.isascii()):
            assert str(back) == str(value).strip()
        elif tag.kind in ("rational", "signed") and isinstance(value, Fraction):
            assert abs(Fraction(back) - value) <= max(abs(value), 1) / 2**30


# ---- a camera's JPEG ----


def camera_jpegs():
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (24, 32, 3), np.uint8)
    for subsampling in ("420", "422"):
        yield simplejpeg.encode_jpeg(rgb, 80, "RGB", subsampling)
    file = io.BytesIO()
    exif = Exif(make="Theirs", gps=(1, 2)).payload((32, 24), 3)
    Image.fromarray(rgb).save(file, "JPEG", exif=exif, restart_marker_blocks=1)
    yield file.getvalue()


JPEGS = list(camera_jpegs())
MJPG = Format(32, 24, "MJPG", (PlaneFormat(0, 0),))

PIECES = st.binary(max_size=12) | st.sampled_from(
    [b"\xff", b"\xff\xd8", b"\xff\xd9", b"\xff\xd8\xff", b"\xff\xda", b"\xff\xc4\0\2", b"\xff\xe1",
     b"\xff\xe1\0\x10Exif\0\0", b"\xff\xc0\0\x0b\x08\0\0\0\0\1\1\x11\0", b"\0\0", b"\xff\xff"]
)  # fmt: skip


@st.composite
def nearly_jpegs(draw):
    """A JPEG that is all right but for a few places; most of them are before its pixels."""
    jpeg = bytearray(draw(st.sampled_from(JPEGS)))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, draw(st.sampled_from([30, 700, len(jpeg)]))))
        jpeg[at : at + draw(st.sampled_from([0, 0, 1, 2, 20, 500]))] = draw(PIECES)
    return bytes(jpeg)


@given(jpeg=nearly_jpegs() | st.binary(max_size=200), exif=st.sampled_from([None, Exif(make="We")]))
def test_any_jpeg_is_mended_or_refused(jpeg, exif):
    try:
        photo = encode_photo(MJPG, [memoryview(jpeg)], exif=exif)
    except ValueError:
        return

    header = read_header(photo.data)
    assert (photo.width, photo.height) == header[:2]
    assert photo.data.startswith(b"\xff\xd8\xff")
    assert photo.data.endswith(b"\xff\xd9")
    assert encode_photo(MJPG, [memoryview(photo.data)], exif=exif) == photo
    if exif is not None:
        assert photo.data.count(exif.payload(header[:2], header[2])) == 1


@given(jpeg=nearly_jpegs(), type=st.sampled_from([name for name in SUFFIXES if "dng" not in name]))
def test_any_jpeg_is_a_picture_of_any_type_or_refused(jpeg, type):  # noqa: A002
    try:
        photo = encode_photo(MJPG, [memoryview(jpeg)], type=type)
    except ValueError:
        return

    assert photo.type == type
