# SPDX-License-Identifier: MIT
"""How long it takes to make a file of a frame, beside OpenCV and beside the JPEG encoder alone.

    python tests/bench/photo.py [ROUNDS]

One JSON object on stdout. The picture is noise whose power falls with its frequency as that of
photos does, at 1920x1080; all that is written has its Exif data inside. Everything takes its turn
in each round, a few times in a row, on one thread, and the number is the median of the CPU time, so
that a busy machine slows all alike.

Copies: a camera's JPEG is copied twice (out of the driver's buffer, and behind its Exif data); YUYV
becomes planes, planes become a JPEG, and that is copied twice as well (out of the encoder's memory,
and behind its Exif data). A ``Photo`` is one more copy of the file. Where the stream stops for the
photo, or there are several, so is the frame, whose buffer the camera needs back.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import simplejpeg
from table import missing, row, show

from v4l2capture.convert import to_jpeg_planes
from v4l2capture.encode import encode_photo
from v4l2capture.exif import Exif, Flash
from v4l2capture.pixfmt import Format, PlaneFormat

WIDTH, HEIGHT, QUALITY = 1920, 1080, 80
CAMERA_JPEG = 200_000  # bytes
CALIBRATION = 5  # rounds before the time is taken
IN_A_ROW = 4

Work = Callable[[], object]

EXIF = Exif(
    make="Maker",
    model="HD Webcam",
    software="v4l2capture",
    taken=datetime(2024, 12, 31, 23, 59, 59, 123456, UTC),
    exposure_time=Fraction(1, 30),
    iso=100,
    exposure_bias=0,
    exposure_mode="auto",
    white_balance="auto",
    flash=Flash(present=False),
    digital_zoom=1,
    rotation=0,
)


def photo_like(seed: int = 0) -> np.ndarray:
    """Return R, G, B of something that compresses as a photo does."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(
        np.fft.fftfreq(HEIGHT)[:, None] * HEIGHT, np.fft.rfftfreq(WIDTH)[None] * WIDTH
    )
    frequency[0, 0] = 1
    layers = []
    for steepness in (1.3, 1.6, 1.6):  # colour has less detail than brightness
        noise = rng.standard_normal(frequency.shape) + 1j * rng.standard_normal(frequency.shape)
        layers.append(np.fft.irfft2(noise / frequency**steepness, (HEIGHT, WIDTH)))
    luma, red, blue = (layer / layer.std() for layer in layers)
    rgb = np.stack([luma + 0.3 * red, luma - 0.15 * (red + blue), luma + 0.3 * blue], axis=-1)
    return np.clip(rgb * 48 + 120, 0, 255).astype(np.uint8)


def as_yuyv(rgb: np.ndarray) -> tuple[Format, memoryview]:
    """Return it as a webcam would: BT.601, limited range."""
    r, g, b = (rgb[..., i].astype(np.float32) / 255 for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    out = np.empty((HEIGHT, WIDTH, 2), np.uint8)
    out[..., 0] = 16 + 219 * y
    out[:, 0::2, 1] = 128 + 224 * ((b - y) / 1.772)[:, 0::2]
    out[:, 1::2, 1] = 128 + 224 * ((r - y) / 1.402)[:, 0::2]
    form = Format(WIDTH, HEIGHT, "YUYV", (PlaneFormat(0, WIDTH * 2),), ycbcr_enc=1, quantization=2)
    return form, memoryview(out.reshape(-1)).toreadonly()


def camera_jpeg(rgb: np.ndarray) -> tuple[Format, memoryview]:
    """Return a JPEG of just about 200 kB."""
    for quality in range(95, 5, -1):
        jpeg = simplejpeg.encode_jpeg(rgb, quality, "RGB", "422")
        if len(jpeg) <= CAMERA_JPEG:
            break
    else:
        raise SystemExit(f"no JPEG of this picture is as small as {CAMERA_JPEG} bytes")
    return Format(WIDTH, HEIGHT, "MJPG", (PlaneFormat(0, 0),)), memoryview(jpeg)


def opencv(yuyv: memoryview) -> dict[str, Work]:
    """Return OpenCV's way, as its users go it, and with the chroma that the camera gave."""
    try:
        import cv2
    except ImportError:
        return {}
    cv2.setNumThreads(1)
    source = np.frombuffer(yuyv, np.uint8).reshape(HEIGHT, WIDTH, 2)
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    keeping = [*options, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]

    def encode(how: list[int]) -> object:
        return cv2.imencode(".jpg", cv2.cvtColor(source, cv2.COLOR_YUV2BGR_YUYV), how)

    return {
        "OpenCV, cvtColor and imencode": lambda: encode(options),
        "OpenCV, the same with 4:2:2": lambda: encode(keeping),
    }


def measure(works: dict[str, Work], rounds: int) -> dict[str, float]:
    """Return the median CPU time of each in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(CALIBRATION + rounds):
        for name, work in works.items():
            start = time.thread_time_ns()
            for _ in range(IN_A_ROW):
                work()
            taken = time.thread_time_ns() - start
            if number >= CALIBRATION:
                times[name].append(taken / IN_A_ROW / 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    rgb = photo_like()
    form, yuyv = as_yuyv(rgb)
    mjpg, jpeg = camera_jpeg(rgb)
    luma, cb, cr, _ = to_jpeg_planes(form, [yuyv])
    assert cb is not None

    works: dict[str, Work] = {
        "camera's JPEG": lambda: encode_photo(mjpg, [jpeg], exif=EXIF),
        "camera's JPEG without Exif": lambda: encode_photo(mjpg, [jpeg]),
        "YUYV": lambda: encode_photo(form, [yuyv], quality=QUALITY, exif=EXIF),
        "libjpeg-turbo on ready planes": lambda: simplejpeg.encode_jpeg_yuv_planes(
            luma, cb, cr, QUALITY
        ),
        **opencv(yuyv),
    }
    ms = measure(works, rounds)

    ours = ms["YUYV"]
    alone = "libjpeg-turbo on ready planes"
    rows = [
        row(
            f"camera's JPEG of {len(jpeg)} bytes, with Exif", ms["camera's JPEG"], "ms", at_most=0.3
        ),
        row("camera's JPEG, without", ms["camera's JPEG without Exif"], "ms"),
        row("1080p YUYV to JPEG, quality 80", ours, "ms", of=(alone, ms[alone]), at_most=1.1),
    ]
    bars = {"OpenCV, cvtColor and imencode": {"at_most": 1.0, "goal": 0.65}}
    for name in ("OpenCV, cvtColor and imencode", "OpenCV, the same with 4:2:2"):
        if name in ms:
            rows.append(row("the same", ours, "ms", of=(name, ms[name]), **bars.get(name, {})))
        else:
            rows.append(missing("the same", f"absent: {name}", **bars.get(name, {})))
    show(rows, rounds=rounds)


if __name__ == "__main__":
    main()
