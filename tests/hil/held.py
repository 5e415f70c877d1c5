# SPDX-License-Identifier: MIT
"""What this process holds of cameras, as the kernel says."""

import gc
import threading
from pathlib import Path
from typing import NamedTuple

__all__ = ["Held", "held"]


class Held(NamedTuple):
    """Open descriptors, mappings of buffers, threads."""

    descriptors: int
    mappings: int
    threads: int


def held() -> Held:
    """Count what is left when nothing is forgotten."""
    gc.collect()
    return Held(
        len(list(Path("/proc/self/fd").iterdir())),
        Path("/proc/self/maps").read_text().count("/dev/video"),
        threading.active_count(),
    )
