# SPDX-License-Identifier: MIT
"""The kernel's small files and folders, which may vanish at any time.

Everything that opens a camera passes here, so there is no pathlib: it takes ten times as long.
"""

from __future__ import annotations

import os

__all__ = ["data", "entries", "read"]

_MOST = 65536  # no file here has more


def read(path: str) -> str:
    """Return what a file says, or ``""``."""
    return data(path).decode("utf-8", "replace").strip()


def data(path: str) -> bytes:
    """Return the bytes of a file, or none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO would wait
    except OSError:
        return b""
    try:
        return os.read(fd, _MOST)
    except OSError:
        return b""
    finally:
        os.close(fd)


def entries(folder: str) -> list[str]:
    """Return the names in a folder, sorted; none where there is no such folder."""
    try:
        with os.scandir(folder) as found:
            return sorted(entry.name for entry in found)
    except OSError:
        return []
