# SPDX-License-Identifier: MIT
"""Run the benchmarks and print one JSON object with all that they found.

Usage: python tools/bench.py [NAME...]

Programs of tests/bench/ run here, those of tests/bench/guest/ in the guest, where one instruction
is one nanosecond; a name that begins with ``_`` is no program. Each prints one JSON object, with
``"absent"`` for a peer that is not installed. What fails is in the result, and in the exit status.
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
GUEST = [sys.executable, "tools/hil/run", "--count", "--"]


def programs() -> dict[str, list[str]]:
    """Return the command of every program."""
    here: dict[str, list[str]] = {path.stem: [] for path in BENCH.glob("[!_]*.py")}
    guest = {f"guest/{path.stem}": GUEST for path in BENCH.glob("guest/[!_]*.py")}
    return {
        name: [*prefix, sys.executable, f"tests/bench/{name}.py"]
        for name, prefix in sorted({**here, **guest}.items())
    }


def run(command: list[str]) -> Any:
    """Return the JSON object that a program printed, or one that says what went wrong."""
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        return {"error": f"exit status {done.returncode}", "output": done.stdout[-2000:]}
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as error:
        return {"error": f"no JSON: {error}", "output": done.stdout[-2000:]}


def processor() -> str:
    """Return the name that /proc/cpuinfo has for the first processor, where it has one."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model"):
            return value.strip()
    return platform.machine()


def main(names: list[str]) -> int:
    results = {}
    commands = programs()
    for name in names or commands:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results[name] = run(commands[name])
    machine = {
        "processor": processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }
    print(json.dumps({"machine": machine, "results": results}, indent=2))
    failed = [name for name, result in results.items() if "error" in result]
    if failed or not results:
        print(f"failed: {', '.join(failed) or 'there is no benchmark'}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
