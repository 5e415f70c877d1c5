# SPDX-License-Identifier: MIT
"""Run the benchmarks and print one JSON object with all that they found.

Usage: python tools/bench.py [NAME...]

The programs are in tests/bench/, and each prints one JSON object, with a line for every peer that
is not installed. Those of ``GUEST`` run in the counting guest, where one instruction is one
nanosecond. What fails is in the result, and in the exit status.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

HERE = ("convert", "simulated", "startup")
GUEST = ("frames", "controls", "startup")


def commands() -> dict[str, list[str]]:
    """Return the command of every program."""
    guest = [sys.executable, "tools/hil/run", "--count", "--"]
    return {
        **{name: [sys.executable, f"tests/bench/{name}.py"] for name in HERE},
        **{
            f"{name} in the guest": [*guest, sys.executable, f"tests/bench/{name}.py"]
            for name in GUEST
        },
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
    for name, command in commands().items():
        if names and name.split()[0] not in names:
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        results[name] = run(command)
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
