# SPDX-License-Identifier: MIT
"""How long it takes to begin: the import, and from opening a camera to its first frame.

    python tests/bench/startup.py [ROUNDS]                           the import, in milliseconds
    tools/hil/run --count -- python tests/bench/startup.py [ROUNDS]  the first frame

One JSON object on stdout. The start of the interpreter is in none of these numbers: the import
is the time of a process that imports less that of one that does nothing, each the fastest of
its rounds, because other programs can only make it slower; the first frame counts from
``Device(path)`` inside the process, and in other programs from their first ioctl.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from counting import c_loop, count_once, node, v4l2_ctl
from table import missing, row, show

IMPORT = "import v4l2capture"
DEVICE = "from v4l2capture import Device"  # the package loads what is behind a name at its use
PROGRAMS = {"pass": "pass", IMPORT: IMPORT, DEVICE: DEVICE, "import numpy": "import numpy"}

FIRST_FRAME = "--first-frame"


def milliseconds(code: str) -> tuple[float, float]:
    """Return the time that a program takes, and how much of it a processor worked."""
    started, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-c", code], check=True)
    wall, after = time.perf_counter() - started, os.times()
    worked = after.children_user + after.children_system
    return wall * 1e3, (worked - before.children_user - before.children_system) * 1e3


def imports_numpy() -> bool:
    code = f"{DEVICE}; import sys; sys.exit('numpy' in sys.modules)"
    return subprocess.run([sys.executable, "-c", code]).returncode != 0


def time_import(rounds: int) -> None:
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name, code in PROGRAMS.items():
            seen[name].append(milliseconds(code))
    ms = {name: min(wall for wall, _ in times) for name, times in seen.items()}
    cpu = {name: statistics.mean(worked for _, worked in times) for name, times in seen.items()}
    alone = ms["pass"]
    numpy = imports_numpy()
    show(
        [
            row("python -c pass", alone, "ms"),
            row(f"python -c '{DEVICE}'", ms[DEVICE], "ms", of=("python -c pass", alone)),
            row(IMPORT, ms[IMPORT] - alone, "ms", at_most=60),
            row(DEVICE, ms[DEVICE] - alone, "ms", at_most=60),
            row(f"{DEVICE}, CPU time, mean", cpu[DEVICE] - cpu["pass"], "ms"),
            row("import numpy, for comparison", ms["import numpy"] - alone, "ms"),
            row("NumPy imported by it", numpy, "times", at_most=0),
        ],
        rounds=rounds,
    )


# ---- in the guest ----


def first_frame(path: str) -> None:
    """Print what it takes from here to the first frame in our hands."""
    from v4l2capture import Device

    instructions, wall = time.process_time_ns(), time.monotonic_ns()
    frame = Device(path).stream(buffers=4).read(timeout=5.0)
    instructions, wall = time.process_time_ns() - instructions, time.monotonic_ns() - wall
    print(json.dumps({"instructions": instructions, "ms": wall / 1e6}))
    assert frame.ok


def our_first_frame(path: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, FIRST_FRAME, path], stdout=subprocess.PIPE, check=True
    )
    return dict(json.loads(done.stdout))


def count_first_frame(rounds: int) -> None:
    path = node()
    programs = {"C loop": c_loop(path, 1280, 720), "v4l2-ctl": v4l2_ctl(path, 1280, 720)}
    # Interleaved as everywhere; the C loop also leaves the format behind that all then have.
    all_: dict[str, list[dict[str, Any]]] = {name: [] for name in (*programs, "ours")}
    for _ in range(rounds):
        for name, command in programs.items():
            all_[name].append(count_once(command, (0, 1)))
        all_["ours"].append(our_first_frame(path))
    wrong = {name: each["error"] for name, of in all_.items() for each in of if "error" in each}
    rows = []
    for key, unit in (("ms", "ms"), ("instructions", "instructions")):
        median = {
            name: statistics.median(each[key] for each in of)
            for name, of in all_.items()
            if name not in wrong
        }
        for name in all_:
            bar = {"at_most": 1.1} if name == "ours" else {}
            what = f"{name}: first frame"
            of = next((n for n in (name, "v4l2-ctl") if n in wrong), None)
            if of is not None:
                rows.append(missing(what, wrong[of], **bar))
                continue
            rows.append(row(what, median[name], unit, of=("v4l2-ctl", median["v4l2-ctl"]), **bar))
    show(rows, rounds=rounds)


def main() -> None:
    if FIRST_FRAME in sys.argv:
        first_frame(sys.argv[-1])
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    if "V4L2CAPTURE_COUNT" in os.environ:
        count_first_frame(rounds or 5)
    else:
        time_import(rounds or 15)


if __name__ == "__main__":
    main()
