# SPDX-License-Identifier: MIT
"""Count the instructions of a frame in other processes: countlib.so around each of them.

Works in the counting guest only, where a nanosecond of CPU time is an instruction.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peers import ABSENT, TOOLS

__all__ = ["WARM", "c_loop", "count", "count_once", "gstreamer", "library", "node", "v4l2_ctl"]

WARM = (30, 120)  # frames that do not count, frames that do
SPARE = 8  # some programs stop before their last frame has been dequeued
TIMEOUT_S = 300
HERE = Path(__file__).resolve().parent

Command = tuple[str, ...]


def node(variable: str = "V4L2CAPTURE_VIVID") -> str:
    """Return the path of a camera, or end the program where instructions are not counted."""
    if "V4L2CAPTURE_COUNT" not in os.environ:
        sys.exit("This is for the counting guest: make bench, or tools/hil/run --count -- ...")
    return os.environ[variable]


# ---- what is run ----


def c_loop(path: str, width: int, height: int, *touch: str) -> Command:
    return (str(TOOLS / "cloop"), path, str(width), str(height), _frames(), *touch)


def library(name: str, path: str, width: int, height: int) -> Command:
    return (sys.executable, str(HERE / "peers.py"), name, path, str(width), str(height), _frames())


def v4l2_ctl(path: str, width: int, height: int) -> Command:
    format_ = f"width={width},height={height},pixelformat=YUYV"
    return (
        *("v4l2-ctl", "--device", path, f"--set-fmt-video={format_}"),
        *("--stream-mmap=4", f"--stream-count={_frames()}"),
    )


def gstreamer(path: str, width: int, height: int) -> Command:
    return (
        *("gst-launch-1.0", "--quiet", "v4l2src", f"device={path}", f"num-buffers={_frames()}"),
        *("!", f"video/x-raw,format=YUY2,width={width},height={height}"),
        *("!", "fakesink", "sync=false"),
    )


def _frames() -> str:
    return str(sum(WARM) + SPARE)


# ---- counting ----


def count(
    programs: Mapping[str, Command], rounds: int, frames: tuple[int, int] = WARM
) -> dict[str, dict[str, Any]]:
    """Run each program once in each round; return the medians of what was counted.

    A program that cannot be measured has an ``"error"`` instead: ``"absent"``, or why not.
    """
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in programs}
    errors: dict[str, dict[str, Any]] = {}
    for _ in range(rounds):
        for name, command in programs.items():
            if name in errors:
                continue
            result = count_once(command, frames)
            if "error" in result:
                errors[name] = result
            else:
                seen[name].append(result)
    return errors | {
        name: {key: statistics.median(one[key] for one in all_) for key in all_[0]}
        for name, all_ in seen.items()
        if all_ and name not in errors
    }


def count_once(command: Command, frames: tuple[int, int]) -> dict[str, Any]:
    """Run a program with countlib.so in it and return the numbers of a frame."""
    if not shutil.which(command[0]):
        return {"error": "absent"}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        output = Path(directory, "count.json")
        environment = os.environ | {
            "LD_PRELOAD": str(TOOLS / "countlib.so"),
            "COUNT_OUTPUT": str(output),
            "COUNT_WARMUP": str(frames[0]),
            "COUNT_FRAMES": str(frames[1]),
            "PYTHONWARNINGS": "ignore",
        }
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            return {"error": f"not done after {TIMEOUT_S} s"}
        lines = output.read_text(encoding="ascii").splitlines() if output.exists() else []
    counted = [line for line in map(json.loads, lines) if line["frames"]]
    if done.returncode == ABSENT:
        return {"error": "absent"}
    if done.returncode or len(counted) != 1:
        last = done.stderr.strip().splitlines()[-1:] or ["not counted"]
        return {"error": f"exit status {done.returncode}: {last[0]}"}
    return dict(counted[0])
