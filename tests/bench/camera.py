# SPDX-License-Identifier: MIT
"""What the W3C's words cost: opening a camera, applying a constraint, choosing settings.

    python tests/bench/camera.py [ROUNDS]                           milliseconds, simulated camera
    tools/hil/run --count -- python tests/bench/camera.py [ROUNDS]  instructions, vivid

One JSON object on stdout. The yardstick is always the same work done by hand: the ioctls that
nobody can do without. The simulated camera makes no system calls, so what is left there is our
own time, which is what the bars are for. vivid has no zoom: its brightness is as good.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from controls import measure
from counting import node
from peers import TOOLS
from table import missing, row, show

from v4l2capture import Camera
from v4l2capture._native import ffi, lib
from v4l2capture.cids import IDS
from v4l2capture.constraints import select_settings
from v4l2capture.discovery import open_node
from v4l2capture.sim import SimulatedCamera

REPEAT = 10  # times that one turn does its work

WALK = "open, and walk over the controls, in C"
OPEN = "ours: open a Camera, to its capabilities"
SET = "one zoom set, and read back, in C"
APPLY = "ours: apply_constraints() of one zoom"
EXACT = "ours: the same, required"

Work = Callable[[int], object]


# ---- the jobs ----


def walk(path: str) -> None:
    device = open_node(path)
    out = ffi.new("struct vc_control_list **")
    assert lib.vc_control_walk(device, out) >= 0
    ffi.gc(out[0], lib.vc_control_list_free)


def look(path: str) -> None:
    with Camera(path) as camera:
        assert camera.capabilities


def setter(path: str) -> Work:
    device, knob = open_node(path), ffi.new("struct vc_knob *")
    knob.dev, knob.id = device, IDS["zoom_absolute"]

    def set_and_read(turn: int) -> None:
        assert lib.vc_knob_write(knob, 200 + turn % 2) == 0
        assert lib.vc_knob_read(knob) == 200 + turn % 2
        assert device  # whose handle it is

    return set_and_read


# ---- choosing settings ----

SIZES = [(160 * i, 90 * i) for i in range(1, 16)]
MODES = [
    {"width": width, "height": height, "frameRate": rate}
    for width, height in SIZES
    for rate in (60.0, 30.0, 30000 / 1001, 15.0)
]
NUMBERS = (
    *("exposureCompensation", "exposureTime", "colorTemperature", "iso", "brightness", "contrast"),
    *("saturation", "sharpness", "focusDistance", "pan", "tilt", "zoom"),
)
CHOICES = ("whiteBalanceMode", "exposureMode", "focusMode")
SPAN = {"min": 0, "max": 1000, "step": 5}
ABLE: dict[str, Any] = {
    "width": {"min": 1, "max": SIZES[-1][0], "step": 1},
    "height": {"min": 1, "max": SIZES[-1][1], "step": 1},
    "aspectRatio": {"min": 1 / SIZES[-1][1], "max": SIZES[-1][0]},
    "frameRate": {"min": 0, "max": 60},
    "resizeMode": ["none", "crop-and-scale"],
    **dict.fromkeys(NUMBERS, SPAN),
    **{key: ["manual", "continuous"] for key in CHOICES},
}
NOW: dict[str, Any] = {
    "width": 640,
    "height": 360,
    "aspectRatio": 1.7777777778,
    "frameRate": 30.0,
    "resizeMode": "none",
    **dict.fromkeys(NUMBERS, 500),
    **dict.fromkeys(CHOICES, "manual"),
}
WISHES: dict[str, Any] = {
    "width": 1000,
    "height": 700,
    "aspectRatio": 1.5,
    "frameRate": 24,
    "resizeMode": "none",
    **dict.fromkeys(NUMBERS, 333),
    **dict.fromkeys(CHOICES, "continuous"),
}
REQUIRED: dict[str, Any] = {
    "width": {"min": 600},
    "height": {"max": 700},
    "aspectRatio": {"min": 1.3, "max": 1.8},
    "frameRate": {"min": 20},
    "resizeMode": {"exact": ["none", "crop-and-scale"]},
    **{key: {"min": 100, "max": 333} for key in NUMBERS},
    **{key: {"exact": "continuous"} for key in CHOICES},
}
ADVANCED = {"advanced": [{name: value} for name, value in WISHES.items()]}


def choosing(constraints: Mapping[str, Any]) -> Work:
    return lambda _: select_settings(ABLE, NOW, constraints, modes=MODES)


# ---- on this machine ----


def time_all(works: Mapping[str, Work], rounds: int) -> dict[str, float]:
    """Return the time of each in milliseconds, in the fastest of the rounds.

    Everything takes its turn in each; other programs can only make it slower.
    """
    seen: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            started = time.perf_counter_ns()
            for turn in range(REPEAT):
                work(turn)
            seen[name].append((time.perf_counter_ns() - started) / REPEAT / 1e6)
    return {name: min(times) for name, times in seen.items()}


def native(rounds: int) -> None:
    simulated = SimulatedCamera("webcam")
    path = simulated.path
    camera = Camera(path)
    wishes = {
        f"select_settings(), 20 constraints, {len(MODES)} modes: {what}": choosing(constraints)
        for what, constraints in (
            ("wishes", WISHES),
            ("required", REQUIRED),
            ("20 advanced sets", ADVANCED),
        )
    }
    assert len(WISHES) == len(REQUIRED) == len(ADVANCED["advanced"]) == 20
    assert len(MODES) == 60
    ms = time_all(
        {
            WALK: lambda _: walk(path),
            OPEN: lambda _: look(path),
            SET: setter(path),
            APPLY: lambda turn: camera.apply_constraints({"advanced": [{"zoom": 200 + turn % 2}]}),
            EXACT: lambda turn: camera.apply_constraints(zoom={"exact": 200 + turn % 2}),
            **wishes,
        },
        rounds,
    )
    open_more, apply_more, exact_more = (
        ms[ours] - ms[theirs] for ours, theirs in ((OPEN, WALK), (APPLY, SET), (EXACT, SET))
    )
    show(
        [
            row(WALK, ms[WALK], "ms"),
            row(OPEN, ms[OPEN], "ms"),
            row("  what it takes more than C", open_more, "ms", at_most=2),
            row(SET, ms[SET] * 1e3, "us"),
            row(APPLY, ms[APPLY] * 1e3, "us"),
            row("  what it takes more than C", apply_more * 1e3, "us", at_most=300),
            row(EXACT, ms[EXACT] * 1e3, "us"),
            row("  what it takes more than C", exact_more * 1e3, "us", at_most=300),
            *(row(name, ms[name], "ms", at_most=2) for name in wishes),
        ],
        rounds=rounds,
    )


# ---- in the guest ----

TIMES = {"open": 10, "change": 100}


def opener(path: str) -> Work:
    return lambda _: look(path)


def changer(path: str) -> Work:
    camera = Camera(path)
    return lambda turn: camera.apply_constraints({"advanced": [{"brightness": 100 + turn % 2}]})


def work(path: str, job: str) -> None:
    """Do a job often enough and print its instructions, as cctrl does."""
    run = {"open": opener, "change": changer}[job](path)
    for turn in range(3):  # for the caches
        run(turn)
    started = time.process_time_ns()
    for turn in range(TIMES[job]):
        run(turn)
    print(json.dumps({"instructions": (time.process_time_ns() - started) / TIMES[job]}))


def guest(rounds: int) -> None:
    path = node()
    programs: dict[str, tuple[str, ...]] = {}
    for job, times in TIMES.items():
        programs[f"C {job}"] = (str(TOOLS / "cctrl"), path, job, str(times))
        programs[f"ours {job}"] = (sys.executable, __file__, path, job)
    counted = measure(programs, rounds)
    rows = []
    for what, job in (
        (WALK, "C open"),
        (OPEN, "ours open"),
        (SET.replace("zoom", "brightness"), "C change"),
        (APPLY.replace("zoom", "brightness"), "ours change"),
    ):
        number, base = counted[job], counted[f"C {job.split()[1]}"]
        if isinstance(number, str) or isinstance(base, str):
            rows.append(missing(what, str(number if isinstance(number, str) else base)))
        else:
            rows.append(row(what, number, "instructions", of=("in C", base)))
    show(rows, rounds=rounds)


def main() -> None:
    if len(sys.argv) == 3:
        work(*sys.argv[1:])
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    if "V4L2CAPTURE_COUNT" in os.environ:
        guest(rounds or 3)
    else:
        native(rounds or 50)


if __name__ == "__main__":
    main()
