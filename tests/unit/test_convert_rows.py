# SPDX-License-Identifier: MIT
"""The loops for every instruction set give the same bits.

The extension takes the fastest set that the processor has, so the others would never
run here. This builds the conversion once for each.
"""

from __future__ import annotations

import ctypes
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from v4l2capture import convert
from v4l2capture.layout import minimum_bytes
from v4l2capture.pixfmt import PIXEL_FORMATS, Format, PlaneFormat

CSRC = Path(__file__).resolve().parents[2] / "csrc"
CC = shutil.which("cc")

# Table in convert_rows.h -> what /proc/cpuinfo calls the instructions.
TABLES = {"generic": None, "sse41": "sse4_1", "avx2": "avx2"}
if platform.machine() != "x86_64":
    TABLES = {"generic": None}

RAW = [row for row in PIXEL_FORMATS.values() if row.convertible and not row.compressed]


class Image(ctypes.Structure):
    """``struct vc_image``."""

    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("fourcc", "width", "height", "encoding")),
        ("quantization", ctypes.c_uint32),
        ("num_planes", ctypes.c_uint32),
        ("plane", ctypes.c_char_p * 3),
        ("stride", ctypes.c_uint32 * 3),
        ("length", ctypes.c_size_t * 3),
    )


@pytest.fixture(scope="module", params=TABLES)
def library(request, tmp_path_factory):
    """The conversion with one table of loops and no choice."""
    flag = TABLES[request.param]
    if CC is None:
        pytest.skip("needs a C compiler")
    if flag and f" {flag} " not in Path("/proc/cpuinfo").read_text(encoding="ascii"):
        pytest.skip(f"needs a processor with {flag}")
    path = tmp_path_factory.mktemp("rows")
    table = f"vc_rows_{request.param}"
    (path / "best.c").write_text(
        '#include "convert_rows.h"\n'
        f"const struct vc_rows *vc_rows_best(void) {{ return &{table}; }}\n",
        encoding="ascii",
    )
    flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-fPIC", f"-I{CSRC}"]
    objects = []
    for source in (*sorted(CSRC.glob("convert*.c")), path / "best.c"):
        rename = ["-Dvc_rows_best=not_the_best"] if source.name == "convert_rows.c" else []
        objects.append(str(path / f"{source.stem}.o"))
        subprocess.run([CC, *flags, *rename, "-c", str(source), "-o", objects[-1]], check=True)
    subprocess.run([CC, "-shared", "-o", str(path / "rows.so"), *objects], check=True)
    return ctypes.CDLL(str(path / "rows.so"))


@pytest.mark.parametrize("quantization", [1, 2])
def test_every_instruction_set_gives_the_same_picture(library, quantization):
    rng = np.random.default_rng(7)
    for row in RAW:
        for width, height in ((1, 1), (31, 3), (97, 4), (640, 2)):
            form = Format(
                width, height, row.fourcc, (PlaneFormat(0, 0),) * row.memory_planes,
                ycbcr_enc=2, quantization=quantization,
            )  # fmt: skip
            planes = [rng.integers(0, 256, n, np.uint8).tobytes() for n in minimum_bytes(form)]
            image = Image(row.number, width, height, 2, quantization, len(planes))
            for i, plane in enumerate(planes):
                image.plane[i], image.length[i] = plane, len(plane)
            rgb = np.empty((height, width, 3), np.uint8)
            stride = ctypes.c_size_t(width * 3)

            rc = library.vc_convert_rgb(
                ctypes.byref(image), ctypes.c_void_p(rgb.ctypes.data), stride
            )

            assert rc == 0
            assert (rgb == convert.to_rgb(form, [memoryview(plane) for plane in planes])).all(), row


def test_every_instruction_set_gives_the_same_jpeg_planes(library):
    rng = np.random.default_rng(8)
    for row in RAW:
        if row.family not in ("yuv", "grey"):
            continue
        for encoding in (1, 2):
            form = Format(
                97, 5, row.fourcc, (PlaneFormat(0, 0),) * row.memory_planes,
                ycbcr_enc=encoding, quantization=2,
            )  # fmt: skip
            planes = [rng.integers(0, 256, n, np.uint8).tobytes() for n in minimum_bytes(form)]
            image = Image(row.number, 97, 5, encoding, 2, len(planes))
            for i, plane in enumerate(planes):
                image.plane[i], image.length[i] = plane, len(plane)
            *expected, _ = convert.to_jpeg_planes(form, [memoryview(plane) for plane in planes])
            actual = [np.empty_like(plane) for plane in expected if plane is not None]
            out = (ctypes.c_size_t * 6)()  # struct vc_jpeg_planes: three pointers, three strides
            for i, plane in enumerate(actual):
                out[i], out[3 + i] = plane.ctypes.data, plane.strides[0]

            assert library.vc_convert_jpeg_planes(ctypes.byref(image), out) == 0
            for have, want in zip(actual, expected, strict=False):
                assert (have == want).all(), row
