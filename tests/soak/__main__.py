# SPDX-License-Identifier: MIT
"""``python -m tests.soak --seconds 600 --seed 1``: months of a bad camera in minutes.

Three programs use three simulated cameras on the real clock, while faults come at random and
plugs are pulled every few seconds. Every few seconds all of them stop, and what is left is
counted: descriptors, mappings and threads must be as many as at first, and memory must not
grow. One line of JSON is the result; the exit status is 1 if anything was wrong.
"""

import argparse
import ctypes
import faulthandler
import gc
import json
import logging
import random
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from v4l2capture import SimulatedCamera

from .consumers import Consumer, Photographer, Reader, Watcher
from .trouble import Trouble

ROUND = 5.0  # seconds
WARM = 2  # rounds until everything was used once
PATIENCE = 60.0  # seconds until a round that does not end is a hang
MOST_GROWTH = 16.0  # MiB: allocators keep some for each thread

KINDS: list[tuple[type[Consumer], str]] = [
    (Reader, "webcam"),
    (Reader, "mplane"),
    (Photographer, "phone"),
    (Watcher, "webcam"),
]


def what_there_is() -> dict[str, float]:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what glibc keeps is no leak
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    return {
        "rss_mib": round(pages * 4096 / 2**20, 1),
        "fds": len(list(Path("/proc/self/fd").iterdir())),
        "mappings": sum("v4l2capture-sim" in line for line in maps),
        "threads": len(list(Path("/proc/self/task").iterdir())),
    }


class Soak:
    """The whole of it."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.cameras = [SimulatedCamera(profile) for _, profile in KINDS]
        self.counts: Counter[str] = Counter()
        self.samples: list[dict[str, float]] = []
        self.wrong: list[str] = []

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.wrong:
            self.round(min(ROUND, max(1.0, end - time.monotonic())))
            self.samples.append(what_there_is())
        self.compare()

    def round(self, seconds: float) -> None:
        stop = threading.Event()
        name = f"{self.seed} {len(self.samples)}"
        workers: list[Any] = [
            kind(camera, f"{name} {number}", stop)
            for number, ((kind, _), camera) in enumerate(zip(KINDS, self.cameras, strict=True))
        ]
        workers.append(Trouble(self.cameras, name, stop))
        threads = [threading.Thread(target=worker.run) for worker in workers]
        faulthandler.dump_traceback_later(seconds + PATIENCE, exit=True)
        for thread in threads:
            thread.start()
        stop.wait(seconds)
        stop.set()
        for thread in threads:
            thread.join()
        faulthandler.cancel_dump_traceback_later()
        for worker in workers:
            self.counts.update(worker.counts)
            if worker.failure is not None:
                self.wrong.append(f"{type(worker).__name__}: {worker.failure!r}")
                traceback.print_exception(worker.failure)
                worker.failure = None
        self.look(threads, workers)

    def look(self, threads: list[Any], workers: list[Any]) -> None:
        threads.clear()
        workers.clear()
        end = time.monotonic() + 10  # for threads of workers that are about to end
        while threading.active_count() > 1 and time.monotonic() < end:
            time.sleep(0.01)
        gc.collect()
        for camera in self.cameras:
            left = camera.handles, camera.mappings, camera.queued
            if left != (0, 0, 0):
                self.wrong.append(f"{camera}: {left} handles, mappings, buffers are left")

    def compare(self) -> None:
        steady = self.samples[WARM:]
        if len(steady) < 2:
            return
        for what in ("fds", "mappings", "threads"):
            values = [sample[what] for sample in steady]
            if len(set(values)) > 1:
                self.wrong.append(f"{what} are not always as many: {values}")
        half = len(steady) // 2
        before, after = (
            max(sample["rss_mib"] for sample in part) for part in (steady[:half], steady[half:])
        )
        if after - before > MOST_GROWTH:
            self.wrong.append(f"memory grew from {before} to {after} MiB")

    def result(self) -> dict[str, Any]:
        steady = self.samples[WARM:] or self.samples
        return {
            "seed": self.seed,
            "rounds": len(self.samples),
            "wrong": self.wrong,
            "counts": dict(sorted(self.counts.items())),
            "memory": [sample["rss_mib"] for sample in self.samples],
            "first": steady[0] if steady else {},
            "last": steady[-1] if steady else {},
        }


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    args = parser.parse_args()
    print(f"soak: {args.seconds:g} s, seed {args.seed}", file=sys.stderr, flush=True)
    logging.disable(logging.CRITICAL)  # the camera fails on purpose

    soak = Soak(args.seed)
    unraisable: list[str] = []
    sys.unraisablehook = lambda error: unraisable.append(f"{error.exc_value!r} in {error.object!r}")
    threading.excepthook = lambda error: unraisable.append(f"{error.exc_value!r} in a thread")
    begin = time.monotonic()
    soak.run(args.seconds)
    soak.wrong += unraisable
    print(json.dumps({"seconds": round(time.monotonic() - begin)} | soak.result()))
    return 1 if soak.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
