# SPDX-License-Identifier: MIT
"""How long conversions take, beside OpenCV on one thread and beside copying the frame.

    python tests/bench/convert.py [ROUNDS]

One JSON object on stdout: the median in milliseconds of each conversion of a 1920x1080 picture,
over that of OpenCV for the same work, where it has it (below 1: faster), and over that of
copying a YUYV frame of this size. What cameras give has to be converted as fast as OpenCV does.
Everything takes its turn in each round, so that a busy machine slows all alike.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
from table import row, show

from v4l2capture._native import ffi, lib
from v4l2capture.convert import _Image
from v4l2capture.layout import minimum_bytes
from v4l2capture.pixfmt import Format, PlaneFormat

WIDTH, HEIGHT = 1920, 1080

# OpenCV's names of Bayer patterns are those of the second row and column.
OPENCV = {
    "YUYV": cv2.COLOR_YUV2RGB_YUYV,
    "UYVY": cv2.COLOR_YUV2RGB_UYVY,
    "NV12": cv2.COLOR_YUV2RGB_NV12,
    "YU12": cv2.COLOR_YUV2RGB_I420,
    "BA81": cv2.COLOR_BayerRG2RGB,
    "XR24": cv2.COLOR_BGRA2RGB,
    "BGR3": cv2.COLOR_BGR2RGB,
    "GREY": cv2.COLOR_GRAY2RGB,
}
# What cameras mostly give: the bar is for these.
CAMERAS = ("YUYV", "UYVY", "NV12", "YU12", "BA81")
TO_RGB = (*OPENCV, "NV24", "YUV4", "RGBP", "Y10 ", "BG10", "pBAA", "pBCC")
OPENCV_TOO = ", by OpenCV"
# Against copying a frame; libyuv takes 2.1 copies to RGB.
BARS = {"YUYV to RGB": {"goal": 2.73}, "YUYV to JPEG planes": {"at_most": 1.2}}
TO_JPEG = {"YUYV": (1, 2), "NV12": (1, 2), "YUYV of BT.709": (2, 2), "YUYV in full range": (1, 1)}


def picture(code: str, encoding: int = 1, quantization: int = 0) -> tuple[Format, memoryview]:
    """Noise, which is as good as any picture: no loop looks at the values."""
    form = Format(
        WIDTH, HEIGHT, code, (PlaneFormat(0, 0),), ycbcr_enc=encoding, quantization=quantization
    )
    size = minimum_bytes(form)[0]
    return form, memoryview(np.random.default_rng(0).integers(0, 256, size, np.uint8))


def ours_to_rgb(code: str, out: np.ndarray) -> Callable[[], object]:
    form, data = picture(code)
    image = _Image(form, [data])
    memory = ffi.from_buffer("uint8_t[]", out)
    return lambda: image.check(lib.vc_convert_rgb(image.raw, memory, WIDTH * 3))


def opencv_to_rgb(code: str, out: np.ndarray) -> Callable[[], object]:
    _, data = picture(code)
    rows = -(-len(data) // WIDTH)
    shape = (rows, WIDTH) if rows % HEIGHT else (HEIGHT, WIDTH, rows // HEIGHT)
    source = np.frombuffer(data, np.uint8).reshape(shape)
    return lambda: cv2.cvtColor(source, OPENCV[code], dst=out)


def ours_to_jpeg(name: str) -> Callable[[], object]:
    form, data = picture(name.split()[0], *TO_JPEG[name])
    image = _Image(form, [data])
    planes = [np.empty((HEIGHT, WIDTH), np.uint8) for _ in range(3)]
    out = ffi.new("struct vc_jpeg_planes *")
    for i, plane in enumerate(planes):
        out.plane[i] = ffi.from_buffer("uint8_t[]", plane)
        out.stride[i] = WIDTH if i == 0 else WIDTH // 2

    def work() -> None:
        assert planes  # which keeps the memory
        image.check(lib.vc_convert_jpeg_planes(image.raw, out))

    return work


def measure(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median time of each in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) * 1e3 for name, values in times.items()}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    cv2.setNumThreads(1)
    out = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    frame = np.frombuffer(picture("YUYV")[1], np.uint8)
    copy = np.zeros_like(frame)

    works: dict[str, Callable[[], object]] = {"copy": lambda: np.copyto(copy, frame)}
    for code in TO_RGB:
        works[f"{code} to RGB"] = ours_to_rgb(code, out)
        if code in OPENCV:
            works[f"{code} to RGB" + OPENCV_TOO] = opencv_to_rgb(code, out)
    works |= {f"{name} to JPEG planes": ours_to_jpeg(name) for name in TO_JPEG}
    medians = measure(works, rounds)

    copying = ("copying a frame", medians.pop("copy"))
    rows = [row(*copying, "ms")]
    for name, median in medians.items():
        if name.endswith(OPENCV_TOO):
            continue
        if name + OPENCV_TOO in medians:
            bar = {"at_most": 1} if name.split()[0] in CAMERAS else {}
            rows.append(row(name, median, "ms", of=("OpenCV", medians[name + OPENCV_TOO]), **bar))
        rows.append(row(name, median, "ms", of=copying, **BARS.get(name, {})))
    show(rows, rounds=rounds)


if __name__ == "__main__":
    main()
