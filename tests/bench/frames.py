# SPDX-License-Identifier: MIT
"""Instructions per frame, ours and other libraries', none of which looks at a pixel.

    tools/hil/run --count -- python tests/bench/frames.py [ROUNDS]

One JSON object on stdout. See README.md beside this for how to read it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from counting import Command, c_loop, count, gstreamer, library, node, v4l2_ctl
from table import missing, row, show

HD = (1280, 720)
SMALL = (640, 480)
LARGE = (1920, 1080)

C = "C loop"
FRAME = "frame"

# Name of a program: what the table calls it, and its bar against the C loop.
OURS: dict[str, tuple[str, dict[str, float]]] = {
    FRAME: ("ours: Frame", {"at_most": 1.6, "goal": 1.3}),
    "array": ("ours: Frame and a new ndarray", {"at_most": 2.0}),
    "planes": ("ours: Frame, multi-planar", {"at_most": 1.8}),
    "iteration": ("ours: for frame in stream", {}),
    "latest": ("ours: latest()", {}),
    "asynchronous": ("ours: async for", {}),
}
OTHERS = {
    "v4l2-ctl": "v4l2-ctl",
    "opencv": "OpenCV grab()",
    "gstreamer": "GStreamer v4l2src ! fakesink",
    "pyav": "PyAV demux",
    "linuxpy": "linuxpy (v4l2py 3)",
}


def programs() -> dict[str, Command]:
    single, multi = node(), node("V4L2CAPTURE_VIVID_MPLANE")
    found = {
        C: c_loop(single, *HD),
        "C loop, multi-planar": c_loop(multi, *HD),
        "C loop that reads every byte": c_loop(single, *HD, "touch"),
        "v4l2-ctl": v4l2_ctl(single, *HD),
        "gstreamer": gstreamer(single, *HD),
        "touch": library("touch", single, *HD),
    }
    for name in (*OURS, "opencv", "pyav", "linuxpy"):
        found[name] = library(name, multi if name == "planes" else single, *HD)
    for size in (SMALL, LARGE):
        found[f"{FRAME} {size[1]}"] = library(FRAME, single, *size)
    found["linuxpy 1080"] = library("linuxpy", single, *LARGE)
    return found


Counted = Mapping[str, dict[str, Any]]


def line(
    counted: Counted, what: str, name: str, of: str, of_name: str, **bar: float
) -> dict[str, Any]:
    """Return the row of one program's instructions over another's."""
    for each in (name, of):
        if "error" in counted[each]:
            return missing(what, counted[each]["error"], **bar)
    number, base = (counted[each]["instructions"] for each in (name, of))
    return row(what, number, "instructions", of=(of_name, base), **bar)


def exact(counted: Counted, what: str, keys: tuple[str, ...], wanted: int) -> dict[str, Any]:
    """Return the row of something that must be one number and no other."""
    if "error" in counted[FRAME]:
        return missing(what, counted[FRAME]["error"], at_most=wanted)
    number = sum(counted[FRAME][key] for key in keys)
    return row(what, number, "per frame") | {"bar": f"= {wanted}", "reached": number == wanted}


def rows(counted: Counted) -> list[dict[str, Any]]:
    if "error" in counted[C]:
        return [missing(C, counted[C]["error"], at_most=1)]
    reads = "C loop that reads every byte"
    planar = "C loop, multi-planar"
    return [
        row(C, counted[C]["instructions"], "instructions"),
        line(counted, planar, planar, C, C),
        *(line(counted, what, name, C, C, **bar) for name, (what, bar) in OURS.items()),
        line(counted, "ours: Frame, multi-planar", "planes", planar, planar),
        *(line(counted, what, name, C, C) for name, what in OTHERS.items()),
        line(counted, "linuxpy at 720p", "linuxpy", FRAME, "our Frame", at_least=15),
        line(
            counted, "linuxpy at 1080p", "linuxpy 1080", f"{FRAME} 1080", "our Frame", at_least=29
        ),
        line(
            counted, "ours at 1080p", f"{FRAME} 1080", f"{FRAME} 480", "ours at 480p", at_most=1.02
        ),
        exact(counted, "ours: ioctls", ("dqbuf", "qbuf", "other"), 2),
        exact(counted, "ours: waits", ("waits",), 1),
        line(counted, reads, reads, C, C),
        line(counted, "ours, every byte of the array read", "touch", reads, reads, at_most=1.05),
    ]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    counted = count(programs(), rounds)
    show(rows(counted), rounds=rounds, counted=counted)


if __name__ == "__main__":
    main()
