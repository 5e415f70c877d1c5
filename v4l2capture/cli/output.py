# SPDX-License-Identifier: MIT
"""What the commands say: results on stdout, messages on stderr, both for people and programs."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Failed", "Table", "put", "put_json", "say", "visible", "writing_result"]


class Failed(Exception):  # noqa: N818 (it is no error of the program)
    """The request cannot be done. The text is for the person who made it."""


@contextlib.contextmanager
def writing_result() -> Iterator[None]:
    """Turn a full disk behind stdout into a message; a closed pipe stays what it is."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        with contextlib.suppress(OSError):
            sys.stdout.close()  # or Python complains once more at exit
        raise Failed(f"cannot write the result: {error.strerror}") from None


def say(text: str) -> None:
    """Print a message on stderr."""
    print(f"v4l2capture: {visible(text)}", file=sys.stderr, flush=True)


def put(text: str = "") -> None:
    """Print a line of the result on stdout."""
    with writing_result():
        print(text)


def put_json(data: Any) -> None:
    """Print the result as JSON on stdout."""
    put(json.dumps(data, indent=2))


def visible(text: str) -> str:
    """Return what a driver or a user called something without what would move the cursor."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


@dataclass
class Table:
    """Rows under headings; pretty on a terminal, plain columns in a pipe.

    A row of one cell is a heading within the table.
    """

    headings: Sequence[str]
    rows: Iterable[Sequence[str]]

    def put(self) -> None:
        """Print the table on stdout."""
        rows = [[visible(cell) for cell in row] for row in self.rows]
        with writing_result():
            if sys.stdout.isatty():
                self._put_pretty(rows)
            else:
                self._put_plain(rows)

    def _put_plain(self, rows: list[list[str]]) -> None:
        full = [row for row in rows if len(row) > 1]
        widths = [max(map(len, column)) for column in zip(self.headings, *full, strict=True)]
        for row in ([heading.upper() for heading in self.headings], *rows):
            cells = zip(row, widths, strict=False)
            print("  ".join(cell.ljust(width) for cell, width in cells).rstrip())

    def _put_pretty(self, rows: list[list[str]]) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), highlight=False)
        for i, heading in enumerate(self.headings):
            table.add_column(heading, overflow="fold", no_wrap=i == 0)
        for row in rows:
            style = "bold" if len(row) == 1 else ""
            table.add_row(*(Text(cell) for cell in row), style=style)
        Console().print(table)
