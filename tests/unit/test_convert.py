# SPDX-License-Identifier: MIT
"""Pictures from raw bytes: against a reference in floating point, at every edge."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator

import numpy as np
import pytest
import simplejpeg

from v4l2capture import convert
from v4l2capture.jpegfile import segments
from v4l2capture.layout import minimum_bytes
from v4l2capture.pixfmt import PIXEL_FORMATS, Format, PlaneFormat

from . import reference

# Every remainder of the widths that vector loops take at once, and of chroma blocks.
SIZES = [(1, 1), (2, 1), (1, 2), (1, 5), (2, 2), (3, 3), (5, 4), (8, 5), (17, 3), (67, 6), (642, 2)]

RAW = [row for row in PIXEL_FORMATS.values() if row.convertible and not row.compressed]
PLANAR = [row for row in RAW if row.family in ("yuv", "grey")]

COLOURS = [(encoding, q) for encoding in reference.WEIGHTS for q in (1, 2)]


def describe(row, size, padding=0, encoding=1, quantization=1):
    """A format whose rows have ``padding`` bytes behind them."""
    strides = [plane.row_bytes(size[0]) + padding for plane in row.colour_planes]
    planes = tuple(PlaneFormat(0, stride) for stride in strides[: row.memory_planes])
    return Format(*size, row.fourcc, planes, ycbcr_enc=encoding, quantization=quantization)


def fill(form, make):
    return [memoryview(make(size)) for size in minimum_bytes(form)]


def noise(seed):
    rng = np.random.default_rng(seed)
    return lambda size: rng.integers(0, 256, size, np.uint8).tobytes()


def arguments(form, planes):
    """The same picture as :mod:`reference` takes it."""
    return (
        form.pixel_format,
        (form.width, form.height),
        [plane.bytesperline for plane in form.planes],
        [np.frombuffer(plane, np.uint8) for plane in planes],
        form.ycbcr_enc,
        form.quantization,
    )


def assert_close(actual, expected, tolerance=1):
    assert actual.shape == expected.shape
    assert np.abs(actual.astype(int) - expected).max() <= tolerance


by_name = pytest.mark.parametrize("row", RAW, ids=lambda row: row.name)
by_planar_name = pytest.mark.parametrize("row", PLANAR, ids=lambda row: row.name)


def test_reference_knows_every_format():
    assert sorted(row.fourcc for row in RAW) == reference.FORMATS


# ---- the right colours ----


@by_name
@pytest.mark.parametrize("padding", [0, 6], ids=["tight", "padded"])
def test_rgb_is_the_references(row, padding):
    for size in SIZES:
        form = describe(row, size, padding)
        planes = fill(form, noise(size[0]))

        assert_close(convert.to_rgb(form, planes), reference.to_rgb(*arguments(form, planes)))


@by_name
@pytest.mark.parametrize(("encoding", "quantization"), COLOURS)
def test_rgb_in_every_matrix_and_range(row, encoding, quantization):
    form = describe(row, (70, 4), 0, encoding, quantization)
    planes = fill(form, noise(encoding))

    assert_close(convert.to_rgb(form, planes), reference.to_rgb(*arguments(form, planes)))


@by_planar_name
@pytest.mark.parametrize(("encoding", "quantization"), COLOURS)
def test_jpeg_planes_are_the_references(row, encoding, quantization):
    for size in SIZES:
        form = describe(row, size, 4, encoding, quantization)
        planes = fill(form, noise(size[1]))

        *actual, _ = convert.to_jpeg_planes(form, planes)

        expected = reference.to_jpeg_planes(*arguments(form, planes))
        for have, want in zip(actual, [*expected, None, None], strict=False):
            assert (have is None) == (want is None)
            if have is not None:
                assert_close(have, want)


@by_name
@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize(("encoding", "quantization"), COLOURS)
def test_extremes_are_clamped(row, value, encoding, quantization):
    """All bits 0 and all bits 1 drive every sum to its end."""
    form = describe(row, (34, 2), 0, encoding, quantization)
    planes = fill(form, lambda size: bytes([value]) * size)

    assert_close(convert.to_rgb(form, planes), reference.to_rgb(*arguments(form, planes)))


@pytest.mark.parametrize(("encoding", "quantization"), COLOURS)
def test_every_triple_of_a_grid_is_right(encoding, quantization):
    """Chroma at its limits is where 16 bits could overflow."""
    steps = np.unique([*range(0, 256, 5), 1, 15, 16, 17, 127, 128, 129, 235, 236, 240, 254])
    y, cb, cr = (a.ravel().astype(np.uint8) for a in np.meshgrid(steps, steps, steps))
    form = Format(
        y.size // 52, 52, "YM24", (PlaneFormat(0, 0),) * 3,
        ycbcr_enc=encoding, quantization=quantization,
    )  # fmt: skip
    size = form.width * form.height
    planes = [memoryview(component[:size].tobytes()) for component in (y, cb, cr)]
    strides = [form.width] * 3
    code, shape, _, *rest = arguments(form, planes)

    expected = reference.to_rgb(code, shape, strides, *rest)
    assert_close(convert.to_rgb(form, planes), expected)

    jpeg = reference.to_jpeg_planes(code, shape, strides, *rest)
    for have, want in zip(convert.to_jpeg_planes(form, planes)[:3], jpeg, strict=True):
        assert_close(have, want)


@pytest.mark.parametrize("quantization", [1, 2])
def test_grey_stays_grey(quantization):
    """A tint of 1 would be seen in flat areas."""
    luma = np.arange(256, dtype=np.uint8)
    group = np.stack([luma, np.full_like(luma, 128)], axis=-1).tobytes()
    form = Format(256, 1, "YUYV", (PlaneFormat(0, 512),), ycbcr_enc=2, quantization=quantization)

    rgb = convert.to_rgb(form, [memoryview(group)])[0].astype(int)

    assert np.ptp(rgb, axis=1).max() <= (0 if quantization == 1 else 1)
    assert (rgb[[16, 235], 1] == ([16, 235] if quantization == 1 else [0, 255])).all()


# ---- JPEG ----

# Y', Cb, Cr of saturated colours, computed by the reference's matrix.
COLOUR_BARS = np.array(
    [[255, 255, 255], [255, 255, 0], [0, 255, 255], [0, 255, 0],
     [255, 0, 255], [255, 0, 0], [0, 0, 255], [0, 0, 0]], float,
)  # fmt: skip


def ycbcr_of(rgb, encoding, quantization):
    red, blue = reference.WEIGHTS[encoding]
    y = rgb @ [red, 1 - red - blue, blue]
    pb, pr = (rgb[:, 2] - y) / (2 - 2 * blue), (rgb[:, 0] - y) / (2 - 2 * red)
    luma, chroma, black = (219 / 255, 224 / 255, 16) if quantization == 2 else (1, 1, 0)
    return reference.to_bytes(np.stack([y * luma + black, pb * chroma + 128, pr * chroma + 128]))


@pytest.mark.parametrize(("encoding", "quantization"), COLOURS)
@pytest.mark.parametrize("code", ["YM24", "YM16", "YM12"])
def test_colours_survive_a_jpeg(code, encoding, quantization):
    """Whatever the camera's matrix and range, a decoder takes BT.601 in full range."""
    _, columns, rows = reference.PLANES[code]
    bars = ycbcr_of(COLOUR_BARS, encoding, quantization).repeat(16, axis=1)
    y, cb, cr = (np.tile(component, (16, 1)) for component in bars)
    planes = [y, cb[::rows, ::columns], cr[::rows, ::columns]]
    form = Format(
        128, 16, code, tuple(PlaneFormat(0, plane.shape[1]) for plane in planes),
        ycbcr_enc=encoding, quantization=quantization,
    )  # fmt: skip

    jpeg = convert.encode_jpeg(form, [memoryview(plane.tobytes()) for plane in planes], 100)

    middle = simplejpeg.decode_jpeg(jpeg)[8, 8::16].astype(int)
    assert_close(middle, COLOUR_BARS, tolerance=4)


@by_name
def test_jpeg_looks_like_the_rgb(row):
    form = describe(row, (37, 21), 0, 1, 1)
    planes = fill(form, lambda size: bytes([0x6D]) * size)  # flat, so nothing is lost

    jpeg = convert.encode_jpeg(form, planes, 100)

    assert_close(simplejpeg.decode_jpeg(jpeg), convert.to_rgb(form, planes), tolerance=4)


@by_planar_name
def test_jpeg_keeps_the_subsampling(row):
    form = describe(row, (37, 21))
    planes = fill(form, noise(1))

    jpeg = convert.encode_jpeg(form, planes)

    expected = {(1, 1): "444", (2, 1): "422", (2, 2): "420"}[row.chroma]
    assert simplejpeg.decode_jpeg_header(jpeg)[3] == ("Gray" if row.family == "grey" else expected)
    assert convert.to_jpeg_planes(form, planes)[3] == simplejpeg.decode_jpeg_header(jpeg)[3]


@pytest.mark.parametrize(("code", "shape"), [("NV12", (4, 6)), ("YUYV", (3, 6)), ("NV24", (3, 5))])
def test_luma_fills_the_last_chroma_block(code, shape):
    """The encoder reads that far, and what is there shows at the edge of the picture."""
    form = describe(PIXEL_FORMATS[code], (5, 3))

    luma = convert.to_jpeg_planes(form, fill(form, noise(4)))[0]

    assert luma.shape == (3, 5)
    blocks = np.lib.stride_tricks.as_strided(luma, shape)
    assert luma.strides == (shape[1], 1)
    assert (blocks == np.pad(luma, ((0, shape[0] - 3), (0, shape[1] - 5)), "edge")).all()


@pytest.mark.parametrize("quality", [0, 101])
def test_quality_out_of_range_is_refused(quality):
    form = Format(2, 1, "GREY", (PlaneFormat(0, 2),))

    with pytest.raises(ValueError, match="quality"):
        convert.encode_jpeg(form, [memoryview(b"ab")], quality)


# ---- a camera's own JPEG ----

MJPG = Format(16, 16, "MJPG", (PlaneFormat(0, 0),))


@pytest.fixture(scope="module")
def jpeg():
    rng = np.random.default_rng(0)
    return simplejpeg.encode_jpeg(rng.integers(0, 256, (16, 16, 3), np.uint8))


def without_tables(jpeg):
    for each in reversed([each for each in segments(jpeg) if each.marker == 0xC4]):
        jpeg = jpeg[: each.start] + jpeg[each.end :]
    return jpeg


def test_whole_jpeg_passes_unchanged(jpeg):
    assert convert.to_jpeg(MJPG, [memoryview(jpeg)]) == jpeg


def test_missing_huffman_tables_are_put_in(jpeg):
    """Motion-JPEG may leave them out; many programs then see nothing."""
    bare = without_tables(jpeg)
    assert b"\xff\xc4" not in bare[:600]

    assert convert.to_jpeg(MJPG, [memoryview(bare)]) == jpeg


def test_what_lies_around_a_jpeg_is_cut_off(jpeg):
    assert convert.to_jpeg(MJPG, [memoryview(b"\xff\x00" + jpeg + b"\0" * 100)]) == jpeg


@pytest.mark.parametrize("change", [without_tables, lambda jpeg: jpeg + b"\0" * 9])
def test_jpeg_becomes_rgb(jpeg, change):
    rgb = convert.to_rgb(MJPG, [memoryview(change(jpeg))])

    assert (rgb == simplejpeg.decode_jpeg(jpeg)).all()


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"\xff\xd8\xff\xe0", b"\xff\xd9\xff\xd8\xff", b"x" * 99]
)
def test_no_jpeg_is_refused(data):
    with pytest.raises(ValueError, match="no whole JPEG"):
        convert.to_rgb(MJPG, [memoryview(data)])


@pytest.mark.parametrize("length", range(2, 700, 13))
def test_cut_jpeg_never_crashes(jpeg, length):
    data = memoryview(jpeg[:length] + b"\xff\xd9")

    convert.mend_jpeg(data)


# ---- nothing is read outside ----


@by_name
def test_a_byte_short_is_refused(row):
    for size in SIZES[:8]:
        form = describe(row, size, 2)
        planes = fill(form, bytes)
        for i in range(len(planes)):
            short = [*planes[:i], planes[i][:-1], *planes[i + 1 :]]

            with pytest.raises(ValueError, match=r"too few|contradicts"):
                convert.to_rgb(form, short)


@pytest.fixture
def edge() -> Iterator[mmap.mmap]:
    """Two pages, of which the second may not be touched."""
    libc = ctypes.CDLL(None)
    area = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    second = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(area)) + mmap.PAGESIZE)
    assert libc.mprotect(second, mmap.PAGESIZE, 0) == 0
    yield area
    assert libc.mprotect(second, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE) == 0


@by_name
def test_nothing_behind_a_plane_is_read(row, edge):
    """A read one byte too far would end the process."""
    for size in [(1, 1), (3, 3), (15, 4), (33, 3), (47, 6)]:
        form = describe(row, size)
        planes = fill(form, noise(3))
        expected = convert.to_rgb(form, planes)
        for i, plane in enumerate(planes):
            start = mmap.PAGESIZE - len(plane)
            edge[start : mmap.PAGESIZE] = bytes(plane)
            at_edge = memoryview(edge)[start : mmap.PAGESIZE]

            moved = [*planes[:i], at_edge, *planes[i + 1 :]]
            assert (convert.to_rgb(form, moved) == expected).all()
            if row in PLANAR:
                convert.to_jpeg_planes(form, moved)


def test_result_owns_its_memory():
    data = bytearray(b"\x10\x80" * 4)
    form = Format(4, 1, "YUYV", (PlaneFormat(0, 8),))

    rgb = convert.to_rgb(form, [memoryview(data)])
    data[:] = b"\xff" * 8

    assert rgb.flags.owndata
    assert (rgb == 0).all()


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (Format(0, 4, "GREY", (PlaneFormat(0, 4),)), "contradicts"),
        (Format(4, 0, "GREY", (PlaneFormat(0, 4),)), "contradicts"),
        (Format(70000, 1, "GREY", (PlaneFormat(0, 0),)), "contradicts"),
        (Format(8, 1, "YUYV", (PlaneFormat(0, 15),)), "contradicts"),  # stride below a row
        (Format(4, 2, "NM12", (PlaneFormat(0, 4),)), "contradicts"),  # a plane is missing
        (Format(4, 2, "YUYV", (PlaneFormat(0, 8),), ycbcr_enc=99), "contradicts"),
        (Format(4, 2, "YUYV", (PlaneFormat(0, 8),), quantization=3), "contradicts"),
        (Format(65536, 65536, "Y16 ", (PlaneFormat(0, 2**32 - 1),)), "too few"),
        (Format(64, 64, "YUYV", (PlaneFormat(0, 128),)), r"64 bytes.*8192"),
        (Format(4, 4, "H264", (PlaneFormat(0, 0),)), "H264.*video library"),
        (Format(4, 4, "Z16 ", (PlaneFormat(0, 8),)), r"array\(\)"),
        (Format(4, 4, "ZZZZ", (PlaneFormat(0, 8),)), "ZZZZ"),
    ],
)
def test_what_cannot_be_is_refused(form, message):
    """Nothing that a driver says about its format is believed."""
    with pytest.raises(ValueError, match=message):
        convert.to_rgb(form, [memoryview(bytes(64))])


def test_rgb_has_no_jpeg_planes():
    form = Format(1, 1, "RGB3", (PlaneFormat(0, 3),))

    with pytest.raises(ValueError, match="encode_jpeg"):
        convert.to_jpeg_planes(form, [memoryview(b"abc")])
