# SPDX-License-Identifier: MIT
"""Run the benchmarks: one JSON object on stdout, one table of all bars on stderr.

Usage: python tools/bench.py [--here] [NAME...]

Programs of tests/bench/ are named below, by where they run: on this machine, where time is taken,
or in the guest, where one instruction is one nanosecond. Those of the guest share one boot.
A peer that is not installed is in the result as "absent", a bar that is missed as
"reached": false; the exit status says only whether everything ran.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / "tests/bench"

NATIVE = ("simulated", "startup", "camera", "convert", "photo")
GUEST = ("guest/frames", "guest/controls", "guest/camera", "guest/startup")
COUNTING = [sys.executable, str(ROOT / "tools/hil/run"), "--count", "--"]

Result = dict[str, Any]


def load(command: list[str]) -> Result:
    """Return the JSON object that a program printed, or one that says what went wrong."""
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        return {"error": f"exit status {done.returncode}", "output": done.stdout[-2000:]}
    try:
        return dict(json.loads(done.stdout))
    except json.JSONDecodeError as error:
        return {"error": f"no JSON: {error}", "output": done.stdout[-2000:]}


def run(name: str) -> Result:
    print(f"{name} ...", file=sys.stderr, flush=True)
    return load([sys.executable, str(BENCH / f"{name.removeprefix('guest/')}.py")])


def run_in_guest(names: list[str]) -> dict[str, Result]:
    """Boot once, and let this program run them there."""
    print("booting the guest ...", file=sys.stderr, flush=True)
    answer = load([*COUNTING, sys.executable, str(Path(__file__).resolve()), "--here", *names])
    return answer["results"] if "results" in answer else dict.fromkeys(names, answer)


def processor() -> str:
    """Return the name that /proc/cpuinfo has for the first processor, where it has one."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model"):
            return value.strip()
    return platform.machine()


def machine() -> dict[str, Any]:
    return {
        "processor": processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def print_tables(results: dict[str, Result]) -> None:
    sys.path.insert(0, str(BENCH))
    from table import render

    for name, result in results.items():
        if "rows" in result:
            print(f"\n{name}\n{render(result['rows'])}", file=sys.stderr)


def main(arguments: list[str]) -> int:
    here = arguments[:1] == ["--here"]
    names = arguments[here:] or [*NATIVE, *GUEST]
    if unknown := set(names) - {*NATIVE, *GUEST}:
        print(f"no benchmark {', '.join(sorted(unknown))}: {NATIVE + GUEST}", file=sys.stderr)
        return 2
    guests = [] if here else [name for name in names if name in GUEST]
    results = {name: run(name) for name in names if name not in guests}
    if guests:
        results |= run_in_guest(guests)
    if here:
        print(json.dumps({"results": results}))
        return 0
    print(json.dumps({"machine": machine(), "results": results}, indent=2))
    print_tables(results)
    failed = [name for name, result in results.items() if "error" in result]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
