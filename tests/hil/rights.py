# SPDX-License-Identifier: MIT
"""Who may open a node: nobody, or everybody."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["modes", "nobody"]

NOBODY = 65534


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Have no rights for the time of the block."""
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@contextlib.contextmanager
def modes(paths: Iterable[str | Path], mode: int) -> Iterator[None]:
    """Let everybody, or nobody else, open nodes for the time of the block."""
    before = {path: Path(path).stat().st_mode & 0o777 for path in paths}
    try:
        for path in before:
            Path(path).chmod(mode)
        yield
    finally:
        for path, old in before.items():
            Path(path).chmod(old)
