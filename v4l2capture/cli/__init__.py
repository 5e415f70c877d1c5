# SPDX-License-Identifier: MIT
"""``v4l2capture`` on the command line.

stdout carries the result and nothing else; messages go to stderr. Exit status:
0 done, 1 the camera or the request failed, 2 the command line was wrong,
128 + the signal's number when a signal ended it before it was done.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    try:
        from .program import run  # takes long enough for a Ctrl-C to come before it is done

        return run(argv)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
