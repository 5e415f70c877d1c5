# SPDX-License-Identifier: MIT
"""How long it takes to make a file of a frame, beside OpenCV and beside the JPEG encoder alone.

    python tests/bench/photo.py [ROUNDS]

One JSON object on stdout. The picture is noise whose power falls with its frequency as that of
photos does, at 1920x1080; all that is written has its Exif data inside. Everything takes its turn
in each round, a few times in a row, on one thread of a process of its own, as memory that others
have used is cheaper. The number is the median of the CPU time, so that a busy machine slows all
alike.

Copies: a camera's JPEG is copied twice (out of the driver's buffer, and behind its Exif data); YUYV
becomes planes, planes become a JPEG, and that is copied twice as well (out of the encoder's memory,
and behind its Exif data). A ``Photo`` is one more copy of the file. Where the stream stops for the
photo, or there are several, so is the frame, whose buffer the camera needs back.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import simplejpeg
from table import missing, row, show

from v4l2capture.convert import to_jpeg_planes
from v4l2capture.encode import encode_photo
from v4l2capture.exif import Exif, Flash
from v4l2capture.pixfmt import Format, PlaneFormat

WIDTH, HEIGHT, QUALITY = 1920, 1080, 80
YUYV = Format(WIDTH, HEIGHT, "YUYV", (PlaneFormat(0, WIDTH * 2),), ycbcr_enc=1, quantization=2)
CAMERA_JPEG = 200_000  # bytes
CALIBRATION = 5  # rounds before the time is taken
IN_A_ROW = 4
ABSENT = 3  # exit status: what it needs is not installed

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


def as_yuyv(rgb: np.ndarray) -> bytes:
    """Return it as a webcam would: BT.601, limited range."""
    r, g, b = (rgb[..., i].astype(np.float32) / 255 for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    out = np.empty((HEIGHT, WIDTH, 2), np.uint8)
    out[..., 0] = 16 + 219 * y
    out[:, 0::2, 1] = 128 + 224 * ((b - y) / 1.772)[:, 0::2]
    out[:, 1::2, 1] = 128 + 224 * ((r - y) / 1.402)[:, 0::2]
    return out.tobytes()


def camera_jpeg(rgb: np.ndarray) -> bytes:
    """Return a JPEG of just about 200 kB."""
    for quality in range(95, 5, -1):
        jpeg = simplejpeg.encode_jpeg(rgb, quality, "RGB", "422")
        if len(jpeg) <= CAMERA_JPEG:
            return bytes(jpeg)
    raise SystemExit(f"no JPEG of this picture is as small as {CAMERA_JPEG} bytes")


# ---- what is compared, each in a process of its own ----


def passed_on(folder: Path, *, exif: Exif | None) -> Work:
    """Return how a camera's JPEG becomes a photo."""
    jpeg = memoryview((folder / "jpeg").read_bytes())
    form = Format(WIDTH, HEIGHT, "MJPG", (PlaneFormat(0, 0),))
    return lambda: encode_photo(form, [jpeg], exif=exif)


def encoded(folder: Path) -> Work:
    """Return how YUYV becomes one."""
    yuyv = memoryview((folder / "yuyv").read_bytes())
    return lambda: encode_photo(YUYV, [yuyv], quality=QUALITY, exif=EXIF)


def encoder_alone(folder: Path) -> Work:
    """Return what libjpeg-turbo does for that."""
    luma, cb, cr, _ = to_jpeg_planes(YUYV, [memoryview((folder / "yuyv").read_bytes())])
    assert cb is not None
    return lambda: simplejpeg.encode_jpeg_yuv_planes(luma, cb, cr, QUALITY)


def opencv(folder: Path, *, keeps_chroma: bool) -> Work:
    """Return OpenCV's way, as its users go it or with the chroma that the camera gave."""
    try:
        import cv2
    except ImportError:
        sys.exit(ABSENT)
    cv2.setNumThreads(1)
    yuyv = np.frombuffer((folder / "yuyv").read_bytes(), np.uint8).reshape(HEIGHT, WIDTH, 2)
    how = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    if keeps_chroma:
        how += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]
    return lambda: cv2.imencode(".jpg", cv2.cvtColor(yuyv, cv2.COLOR_YUV2BGR_YUYV), how)


WORKS: dict[str, Callable[[Path], Work]] = {
    "camera's JPEG": partial(passed_on, exif=EXIF),
    "camera's JPEG without Exif": partial(passed_on, exif=None),
    "YUYV": encoded,
    "libjpeg-turbo on ready planes": encoder_alone,
    "OpenCV, cvtColor and imencode": partial(opencv, keeps_chroma=False),
    "OpenCV, the same with 4:2:2": partial(opencv, keeps_chroma=True),
}


def serve(name: str, folder: Path) -> None:
    """Do it a few times for each line on stdin, and say how many nanoseconds one took."""
    work = WORKS[name](folder)
    for _ in sys.stdin:
        start = time.thread_time_ns()
        for _ in range(IN_A_ROW):
            work()
        print((time.thread_time_ns() - start) // IN_A_ROW, flush=True)


class Peer:
    """One of them, and how long it took each time, in nanoseconds."""

    def __init__(self, name: str, folder: Path) -> None:
        self.times: list[int] = []
        command = [sys.executable, __file__, name, str(folder)]
        self._process = subprocess.Popen(
            command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def work(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it is absent
            print(file=self._process.stdin, flush=True)
        if taken := self._process.stdout.readline():
            self.times.append(int(taken))

    def end(self) -> None:
        self._process.communicate()
        if self._process.returncode not in (0, ABSENT):
            raise SystemExit(f"{self._process.args!r} failed")


def measure(folder: Path, rounds: int) -> dict[str, float]:
    """Return the median CPU time of each that is installed, in milliseconds."""
    peers = {name: Peer(name, folder) for name in WORKS}
    for _ in range(CALIBRATION + rounds):
        for peer in peers.values():
            peer.work()
    for peer in peers.values():
        peer.end()
    return {
        name: statistics.median(peer.times[CALIBRATION:]) / 1e6
        for name, peer in peers.items()
        if peer.times
    }


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    rgb = photo_like()
    jpeg = camera_jpeg(rgb)
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "yuyv").write_bytes(as_yuyv(rgb))
        (folder / "jpeg").write_bytes(jpeg)
        ms = measure(folder, rounds)

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
    if len(sys.argv) == 3:
        serve(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
