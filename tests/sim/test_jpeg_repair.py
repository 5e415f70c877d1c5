# SPDX-License-Identifier: MIT
"""JPEGs as cameras send them, mended, in the eyes of three decoders that know nothing of us.

Each of them has to see in the mended file exactly what it sees in the one that nobody spoilt,
and no other than the others see. ffmpeg's decoder has its own code for all of it; the other two
are libjpeg-turbo, once as patient as browsers are and once with every complaint an error.
"""

from __future__ import annotations

import io
import warnings
from fractions import Fraction

import av
import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from v4l2capture import Device, SimulatedCamera
from v4l2capture.convert import to_rgb
from v4l2capture.encode import encode_photo
from v4l2capture.exif import Exif
from v4l2capture.jpegfile import segments
from v4l2capture.pixfmt import Format, PlaneFormat

EXIF = Exif(make="Maker", exposure_time=0.01)
TABLES, FIRST_APP, COMMENT = 0xC4, 0xE0, 0xFE
END = b"\xff\xd9"

# ---- what cameras send ----


def scene(width, height, seed=0):
    """Soft colours with some noise, so that each part of the file means something."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 3 % 256, 255 - y * 4 % 256, (x + y) * 2 % 256], axis=-1)
    noise = np.random.default_rng(seed).integers(-12, 13, rgb.shape)
    return np.clip(rgb // 2 + 64 + noise, 0, 255).astype(np.uint8)


def by_libjpeg(subsampling, size=(64, 48), seed=0):
    rgb = scene(*size, seed)
    if subsampling == "Gray":
        return simplejpeg.encode_jpeg(rgb[..., 1:2].copy(), 85, "GRAY", "Gray")
    return simplejpeg.encode_jpeg(rgb, 85, "RGB", subsampling)


def by_pillow(**options):
    file = io.BytesIO()
    Image.fromarray(scene(64, 48)).save(file, "JPEG", quality=85, **options)
    return file.getvalue()


def by_ffmpeg():
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.time_base = 64, 48, Fraction(1, 30)
    encoder.pix_fmt, encoder.color_range = "yuvj422p", 2
    encoder.options = {"huffman": "default"}  # as Motion-JPEG has it
    frame = av.VideoFrame.from_ndarray(scene(64, 48), "rgb24").reformat(format="yuvj422p")
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def by_simulated_camera():
    """Restart markers in each row of blocks."""
    camera = SimulatedCamera("webcam", clock="manual")
    with Device(camera.path) as device:
        device.set_format(width=640, height=480, pixel_format="MJPG")
        with device.stream(buffers=1) as stream:
            camera.tick()
            return bytes(stream.read(0).planes[0])


SOURCES = {
    "4:2:0": by_libjpeg("420"),
    "4:2:2": by_libjpeg("422"),
    "4:4:4": by_libjpeg("444"),
    "grey": by_libjpeg("Gray"),
    "odd size": by_libjpeg("420", (61, 35)),
    "restart markers": by_pillow(subsampling="4:2:2", restart_marker_blocks=3),
    "tables of its own": by_pillow(subsampling="4:2:2", optimize=True),
    "ffmpeg": by_ffmpeg(),
    "simulated camera": by_simulated_camera(),
}


def segment(marker, body):
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def without(marker, jpeg):
    for each in reversed([each for each in segments(jpeg) if each.marker == marker]):
        jpeg = jpeg[: each.start] + jpeg[each.end :]
    return jpeg


def with_first(more, jpeg):
    return jpeg[:2] + more + jpeg[2:]


def between_segments(stray, jpeg):
    end = segments(jpeg)[1].end
    return jpeg[:end] + stray + jpeg[end:]


AVI1 = segment(FIRST_APP, b"AVI1\0" + bytes(9))
THUMBNAIL = segment(0xE1, b"Exif\0\0" + by_libjpeg("420", (16, 16)))
JUNK = bytes(range(1, 200))  # what an older frame left there; no FF, which would be a marker

CHANGES = {
    "untouched": lambda jpeg: jpeg,
    "no tables": lambda jpeg: without(TABLES, jpeg),
    "AVI1 and no tables": lambda jpeg: with_first(AVI1, without(TABLES, without(FIRST_APP, jpeg))),
    "no JFIF": lambda jpeg: without(FIRST_APP, jpeg),
    "zeros before": lambda jpeg: bytes(7) + jpeg,
    "ones before": lambda jpeg: b"\xff" * 7 + jpeg,
    "junk before": lambda jpeg: JUNK + jpeg,
    "zeros after": lambda jpeg: jpeg + bytes(1000),
    "ones after": lambda jpeg: jpeg + b"\xff" * 1000,
    "junk after": lambda jpeg: jpeg + JUNK,
    "strays": lambda jpeg: between_segments(b"\0\x12\xff\0", jpeg),
    "long marker": lambda jpeg: between_segments(b"\xff\xff\xff", jpeg),
    "an end in a comment": lambda jpeg: with_first(segment(COMMENT, b"no" + END), jpeg),
    "a thumbnail": lambda jpeg: with_first(THUMBNAIL, jpeg),
}

# Who leaves tables out cannot have others than those of the standard.
KINDS = [
    (source, change)
    for source in SOURCES
    for change in CHANGES
    if not (source == "tables of its own" and "no tables" in change)
]

# ---- who decodes it: luma of shape (H, W) ----


def pillow(jpeg):
    with warnings.catch_warnings(), Image.open(io.BytesIO(jpeg)) as image:
        warnings.simplefilter("error")
        image.draft("L", image.size)  # luma as it is, without a detour
        assert image.mode == "L"
        return np.asarray(image)


def libjpeg(jpeg):
    """Strict: a warning is an error."""
    return simplejpeg.decode_jpeg(jpeg, "GRAY")[..., 0]


def ffmpeg(jpeg):
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options = {"err_detect": "explode"}
    (frame, *more) = [*decoder.decode(av.Packet(jpeg)), *decoder.decode(None)]
    assert not more
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]


DECODERS = {"Pillow": pillow, "libjpeg-turbo": libjpeg, "ffmpeg": ffmpeg}

MJPG = Format(64, 48, "MJPG", (PlaneFormat(0, 0),))


def mended(data, exif=None):
    return encode_photo(MJPG, [memoryview(data)], exif=exif).data


@pytest.mark.parametrize("exif", [None, EXIF], ids=["plain", "exif"])
@pytest.mark.parametrize(("source", "change"), KINDS)
def test_all_see_what_was_there(source, change, exif):
    jpeg = SOURCES[source]

    file = mended(CHANGES[change](jpeg), exif)

    for name, decode in DECODERS.items():
        assert (decode(file) == decode(jpeg)).all(), name
    assert TABLES in {each.marker for each in segments(file)}  # which these three would make up


@pytest.mark.parametrize(("source", "change"), KINDS)
def test_our_own_pictures_of_it_are_the_same(source, change):
    jpeg = SOURCES[source]

    rgb = to_rgb(MJPG, [memoryview(CHANGES[change](jpeg))])

    assert (rgb == simplejpeg.decode_jpeg(jpeg)).all()


@pytest.mark.parametrize("jpeg", SOURCES.values(), ids=SOURCES)
def test_decoders_agree(jpeg):
    """Their arithmetic may round otherwise, not more."""
    lumas = [decode(jpeg).astype(int) for decode in DECODERS.values()]

    for luma in lumas[1:]:
        assert luma.shape == lumas[0].shape
        assert np.abs(luma - lumas[0]).max() <= 2


@pytest.mark.parametrize("source", ["4:2:0", "4:2:2", "restart markers", "ffmpeg"])
def test_they_see_the_scene(source):
    """Else all of them might agree about nothing."""
    expected = np.asarray(Image.fromarray(scene(64, 48)).convert("L")).astype(int)

    for name, decode in DECODERS.items():
        assert np.abs(decode(mended(SOURCES[source])) - expected).mean() < 6, name


# ---- what cannot be mended ----

RESTS = {
    "nothing": b"",
    "zeros": bytes(500),
    "ones": b"\xff" * 500,
    "junk": JUNK,
}


@pytest.mark.parametrize("rest", RESTS.values(), ids=RESTS)
@pytest.mark.parametrize("change", ["untouched", "no tables", "a thumbnail", "an end in a comment"])
@pytest.mark.parametrize("source", SOURCES)
def test_cut_frame_is_refused(source, change, rest):
    whole = CHANGES[change](SOURCES[source])

    for length in range(0, len(whole) - 1, max(1, len(whole) // 60)):
        with pytest.raises(ValueError, match="no whole JPEG"):
            mended(whole[:length] + rest)


# ---- all together ----


@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 50)),
    subsampling=st.sampled_from(["420", "422", "440", "444", "Gray"]),
    changes=st.lists(st.sampled_from(list(CHANGES)), max_size=4),
    seed=st.integers(0, 99),
)
def test_any_of_it_in_any_order(size, subsampling, changes, seed):
    jpeg = by_libjpeg(subsampling, size, seed)
    data = jpeg
    for change in changes:
        if not change.startswith(("zeros b", "ones b", "junk b")):
            data = CHANGES[change](data)
    for change in changes:
        if change.startswith(("zeros b", "ones b", "junk b")):
            data = CHANGES[change](data)

    file = mended(data, EXIF)

    for name, decode in DECODERS.items():
        assert (decode(file) == decode(jpeg)).all(), name


@given(
    source=st.sampled_from(list(SOURCES)),
    cut=st.floats(0, 1, exclude_max=True),
    rest=st.binary(max_size=30).filter(lambda rest: END not in rest),
)
def test_no_part_of_a_frame_is_taken_for_the_whole(source, cut, rest):
    jpeg = SOURCES[source]
    part = jpeg[: int(cut * (len(jpeg) - 2))]
    if part.endswith(END[:1]) and rest.startswith(END[1:]):
        rest = b""

    with pytest.raises(ValueError, match="no whole JPEG"):
        mended(part + rest)
