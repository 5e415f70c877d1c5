# SPDX-License-Identifier: MIT
"""Time of a frame on this machine, from the simulated camera, beside copying one.

    python tests/bench/simulated.py [ROUNDS]

One JSON object on stdout. The camera's clock is ours: its frames are ready before the time is
taken, so neither waiting nor the drawing of the picture is in the numbers. What a system call
costs is not in them either: the simulated camera makes none, but for the wait.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from table import row, show

from v4l2capture import Device
from v4l2capture.sim import SimulatedCamera

BUFFERS = 8
SIZES = {"480p": (640, 480), "1080p": (1920, 1080)}
CALIBRATION = 20  # frames before the time is taken


class Source:
    """A simulated camera that always has frames ready when the time is taken."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.camera = SimulatedCamera("webcam", clock="manual")
        self.device = Device(self.camera.path)
        self.device.set_format(*size, "YUYV")
        self.stream = self.device.stream(buffers=BUFFERS)

    def microseconds(self, use: Callable[[Any], object]) -> float:
        """Return the time of one ``use(stream)``, each of which takes one frame."""
        self.camera.tick(BUFFERS)
        started = time.perf_counter_ns()
        for _ in range(BUFFERS):
            use(self.stream)
        return (time.perf_counter_ns() - started) / BUFFERS / 1e3


def copying(stream: Any) -> Callable[[Any], object]:
    target = np.zeros_like(stream.read(timeout=1.0).array())
    return lambda stream: np.copyto(target, stream.read(timeout=1.0).array())


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    sources = {name: Source(size) for name, size in SIZES.items()}
    uses: dict[tuple[str, str], Callable[[Any], object]] = {}
    for name, source in sources.items():
        source.camera.tick()
        uses |= {
            (name, "Frame"): lambda stream: stream.read(timeout=1.0),
            (name, "Frame and a new ndarray"): lambda stream: stream.read(timeout=1.0).array(),
            (name, "Frame, ndarray and a copy of it"): copying(source.stream),
        }
    seen: dict[tuple[str, str], list[float]] = {key: [] for key in uses}
    for number in range(CALIBRATION + rounds):
        for key, use in uses.items():
            taken = sources[key[0]].microseconds(use)
            if number >= CALIBRATION:
                seen[key].append(taken)
    median = {key: statistics.median(times) for key, times in seen.items()}
    rows = []
    for size in SIZES:
        copied = median[size, "Frame, ndarray and a copy of it"]
        copy = copied - median[size, "Frame and a new ndarray"]
        rows += [
            row(f"{what}, {size}", us, "us", of=("copying the frame", copy))
            for (of, what), us in median.items()
            if of == size
        ]
        rows.append(row(f"Frames in a second, {size}", 1e6 / median[size, "Frame"], "frames/s"))
    rows.append(
        row(
            "Frame at 1080p",
            median["1080p", "Frame"],
            "us",
            of=("at 480p", median["480p", "Frame"]),
        )
    )
    show(rows, rounds=rounds)


if __name__ == "__main__":
    main()
