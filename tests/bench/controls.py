# SPDX-License-Identifier: MIT
"""Instructions that controls cost, ours and other libraries', beside the same ioctls in C.

    tools/hil/run --count -- python tests/bench/controls.py [ROUNDS]

One JSON object on stdout. Each job runs in a process of its own, as
``controls.py LIBRARY DEVICE JOB``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from counting import node
from peers import ABSENT, TOOLS
from table import missing, row, show

# In the order of guest/cctrl.c.
SEVERAL = ("brightness", "contrast", "saturation", "hue")
TIMES = {"read": 500, "set": 500, "read4": 500, "set4": 500, "walk": 20, "look": 10}

Job = Callable[[int], object]


# ---- the jobs ----


def ours(path: str) -> dict[str, Job]:
    from v4l2capture import Device

    controls = Device(path).controls
    brightness = controls["brightness"]

    def set_one(turn: int) -> None:
        brightness.value = 100 + turn % 2

    def look(_: int) -> object:
        """Everything that is to be known of every control, as Python objects."""
        controls.refresh()
        return [
            (
                c.id,
                c.name,
                c.label,
                c.type,
                c.minimum,
                c.maximum,
                c.step,
                c.default,
                c.flags,
                c.menu,
            )
            for c in controls.values()
        ]

    return {
        "read": lambda _: brightness.value,
        "set": set_one,
        "read4": lambda _: controls.read(SEVERAL),
        "set4": lambda turn: controls.set(dict.fromkeys(SEVERAL, 100 + turn % 2)),
        "walk": lambda _: controls.refresh(),
        "look": look,
    }


def opencv(path: str) -> dict[str, Job]:
    import cv2

    capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
    return {"read": lambda _: capture.get(cv2.CAP_PROP_BRIGHTNESS)}


def linuxpy(path: str) -> dict[str, Job]:
    from linuxpy.video.device import Device

    device = Device(path)
    device.open()
    brightness = device.controls["brightness"]

    def set_one(turn: int) -> None:
        brightness.value = 100 + turn % 2

    return {
        "read": lambda _: brightness.value,
        "set": set_one,
        "walk": lambda _: device.controls.refresh(),
    }


LIBRARIES = {"ours": ours, "opencv": opencv, "linuxpy": linuxpy}


def work(library: str, path: str, job: str) -> int:
    """Do a job often enough and print its instructions, as cctrl does."""
    try:
        run = LIBRARIES[library](path)[job]
    except ImportError:
        return ABSENT
    times = TIMES[job]
    for turn in range(3):  # for the caches
        run(turn)
    started = time.process_time_ns()
    for turn in range(times):
        run(turn)
    print(json.dumps({"instructions": (time.process_time_ns() - started) / times}))
    return 0


# ---- the table ----


def ask(*command: str) -> float | str:
    """Return the instructions that a program printed, or why it has not."""
    done = subprocess.run(
        command, env=os.environ | {"PYTHONWARNINGS": "ignore"}, capture_output=True, text=True
    )
    if done.returncode == ABSENT:
        return "absent"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    return float(json.loads(done.stdout)["instructions"])


def measure(programs: dict[str, tuple[str, ...]], rounds: int) -> dict[str, float | str]:
    """Return the median of each, or what is wrong with it."""
    seen: dict[str, list[float]] = {name: [] for name in programs}
    wrong: dict[str, float | str] = {}
    for _ in range(rounds):
        for name, command in programs.items():
            answer = wrong[name] if name in wrong else ask(*command)
            if isinstance(answer, str):
                wrong[name] = answer
            else:
                seen[name].append(answer)
    return {name: wrong.get(name) or statistics.median(seen[name]) for name in programs}


def main() -> int:
    path = node()
    if len(sys.argv) == 4:
        return work(*sys.argv[1:])
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    programs: dict[str, tuple[str, ...]] = {}
    for job in ("read", "set", "read4", "set4", "walk"):
        programs[f"C {job}"] = (str(TOOLS / "cctrl"), path, job, str(TIMES[job]))
    for library, jobs in (
        ("ours", TIMES),
        ("opencv", ("read",)),
        ("linuxpy", ("read", "set", "walk")),
    ):
        for job in jobs:
            programs[f"{library} {job}"] = (sys.executable, __file__, library, path, job)
    counted = measure(programs, rounds)

    def line(what: str, name: str, base: str, **bar: float) -> dict[str, Any]:
        number, of = counted[name], counted[base]
        if isinstance(number, str) or isinstance(of, str):
            return missing(what, str(number if isinstance(number, str) else of), **bar)
        return row(what, number, "instructions", of=(base, of), **bar)

    show(
        [
            line("one value read in C", "C read", "C read"),
            line("ours: control.value", "ours read", "C read", at_most=2.6),
            line("OpenCV get()", "opencv read", "C read"),
            line("linuxpy control.value", "linuxpy read", "C read"),
            line("one value set in C", "C set", "C set"),
            line("ours: control.value = n", "ours set", "C set", at_most=2.6),
            line("linuxpy control.value = n", "linuxpy set", "C set"),
            line("4 values read in one ioctl in C", "C read4", "C read4"),
            line("ours: controls.read() of 4", "ours read4", "C read4"),
            line("4 values set in one ioctl, and read back, in C", "C set4", "C set4"),
            line("ours: controls.set() of 4", "ours set4", "C set4"),
            line("walk over controls and menus in C", "C walk", "C walk"),
            line("ours: controls.refresh()", "ours walk", "C walk", at_most=3, goal=2),
            line("ours: and every field of every control", "ours look", "C walk"),
            line("linuxpy controls.refresh()", "linuxpy walk", "C walk"),
        ],
        rounds=rounds,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
