# SPDX-License-Identifier: MIT
"""How far a command is, on stderr: a moving line on a terminal, now and then one elsewhere."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Any

from .output import say

__all__ = ["Progress", "Tally", "size_text"]

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BETWEEN_UPDATES = 0.2


@dataclass
class Tally:
    """What has been recorded so far.

    Attributes:
        frames: Written.
        size: Their bytes.
        dropped: Lost before they reached us.
        damaged: Came, but not whole.
        first_ns, last_ns: When the first and the last of them were taken.
    """

    frames: int = 0
    size: int = 0
    dropped: int = 0
    damaged: int = 0
    first_ns: int = 0
    last_ns: int = 0

    @property
    def seconds(self) -> float:
        """Between the first and the last frame."""
        return (self.last_ns - self.first_ns) / 1e9

    def __str__(self) -> str:
        rate = f" at {(self.frames - 1) / self.seconds:.2f} frames/s" if self.seconds > 0 else ""
        frames = "1 frame" if self.frames == 1 else f"{self.frames} frames"
        lost = f"{self.dropped} dropped, {self.damaged} damaged"
        return f"{frames}{rate}, {lost}, {size_text(self.size)}"


def size_text(size: int) -> str:
    """Return a number of bytes for people."""
    for unit, bytes_of_it in (("GB", 1e9), ("MB", 1e6)):
        if size >= bytes_of_it:
            return f"{size / bytes_of_it:.1f} {unit}"
    return f"{size / 1e3:.1f} kB"


class Progress:
    """Shows what there is so far; ``with`` begins and ends it.

    Args:
        goal: The frames, seconds or photos that there will be; ``None``: nobody knows.
        what: What there will be first.
        quiet: Show nothing.
    """

    def __init__(self, goal: float | None, what: str, *, quiet: bool) -> None:
        self._goal = goal
        self._what = what
        self._quiet = quiet
        self._due = monotonic() + _SECONDS_BETWEEN_LINES
        self._bar: Any = None
        self._task: Any = None

    def update(self, tally: object, done: float) -> None:
        """Show how far we are, if it is time to.

        Args:
            tally: What there is, as ``str()`` says it.
            done: How much of the goal.
        """
        now = monotonic()
        if self._quiet or now < self._due:
            return
        if self._bar is None:
            self._due = now + _SECONDS_BETWEEN_LINES
            say(str(tally))
        else:
            self._due = now + _SECONDS_BETWEEN_UPDATES
            self._bar.update(self._task, completed=done, description=str(tally))

    def __enter__(self) -> Progress:
        if self._quiet or not sys.stderr.isatty():
            return self
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            TimeElapsedColumn(),
            *[BarColumn(bar_width=16)] * (self._goal is not None),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            redirect_stdout=sys.stdout.isatty(),  # else the result would go where the bar goes
            transient=True,
        )
        self._task = self._bar.add_task(f"waiting for the first {self._what}", total=self._goal)
        self._due = 0.0
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            with contextlib.suppress(OSError):
                self._bar.stop()
