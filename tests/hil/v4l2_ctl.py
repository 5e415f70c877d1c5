# SPDX-License-Identifier: MIT
"""What v4l2-ctl says of a node: it shares no line with us."""

import re
import subprocess
from typing import Any

__all__ = ["printed_controls", "printed_formats", "v4l2_ctl"]

_FORMAT = re.compile(r"\s*\[\d+\]: '(?P<name>[^']+)' \((?P<about>.*?)(?:, csc-.*)?\)$")
_SIZE = re.compile(r"\s*Size: Discrete (?P<width>\d+)x(?P<height>\d+)$")
_RATE = re.compile(r"\s*Interval: Discrete .* \((?P<rate>[\d.]+) fps\)$")

_CONTROL = re.compile(
    r"\s*(?P<name>\w+) 0x(?P<id>[0-9a-f]{8}) \((?P<type>\w+)\s*\)\s*:(?P<rest>.*)$"
)
_NUMBER = re.compile(r"(min|max|step|default|value)=(-?(?:0x)?[0-9a-f]+)")
_ENTRY = re.compile(r"\t+(?P<index>\d+): (?P<label>.*?)(?: \(0x[0-9a-f]+\))?$")


def v4l2_ctl(path: str, *options: str, timeout: float = 60.0) -> str:
    """Run it on a node and return what it printed."""
    done = subprocess.run(
        ["v4l2-ctl", "--device", path, *options], capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


def printed_formats(path: str) -> dict[tuple[str, str], dict[tuple[int, int], list[str]]]:
    """Format and description -> size -> frame rates as they are printed."""
    formats: dict[tuple[str, str], dict[tuple[int, int], list[str]]] = {}
    sizes: dict[tuple[int, int], list[str]] = {}
    for line in v4l2_ctl(path, "--list-formats-ext").splitlines():
        if found := _FORMAT.match(line):
            sizes = formats[found["name"], found["about"]] = {}
        elif found := _SIZE.match(line):
            rates = sizes[int(found["width"]), int(found["height"])] = []
        elif found := _RATE.match(line):
            rates.append(found["rate"])
    return formats


def printed_controls(path: str) -> dict[str, dict[str, Any]]:
    """Name -> what is printed of it: id, type, min, max, step, default, value, flags, menu."""
    controls: dict[str, dict[str, Any]] = {}
    control: dict[str, Any] = {}
    for line in v4l2_ctl(path, "--list-ctrls-menus").splitlines():
        if found := _CONTROL.match(line):
            rest = found["rest"]
            control = controls[found["name"]] = {
                "id": int(found["id"], 16),
                "type": found["type"],
                "menu": {},
                "flags": set(),
            }
            for key, value in _NUMBER.findall(rest):
                control[key] = int(value, 0)
            if flags := re.search(r"flags=(.*)", rest):
                control["flags"] = set(flags[1].split(", "))
            if dims := re.search(r"dims=(\S+)", rest):
                control["dims"] = tuple(map(int, re.findall(r"\d+", dims[1])))
        elif found := _ENTRY.match(line):
            control["menu"][int(found["index"])] = found["label"]
    return controls
