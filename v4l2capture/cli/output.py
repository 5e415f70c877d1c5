# SPDX-License-Identifier: MIT
"""What the commands say: results on stdout, messages on stderr, both for people and programs."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Failed",
    "Table",
    "hush_log",
    "put",
    "put_json",
    "say",
    "say_log",
    "visible",
    "writing_result",
]


_GAP = "  "

_handlers: list[Any] = []  # what makes messages of the library's log, or nothing


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
    with contextlib.suppress(OSError):  # nobody is there to be told
        print(f"v4l2capture: {visible(text)}", file=sys.stderr, flush=True)


def say_log() -> None:
    """Let what the library warns of be messages, too, until :func:`hush_log`."""
    import logging  # which others do not need

    class Saying(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(record.getMessage())

    if not _handlers:
        _handlers.append(Saying(logging.WARNING))
        logging.getLogger("v4l2capture").addHandler(_handlers[0])


def hush_log() -> None:
    """End what :func:`say_log` began."""
    if _handlers:
        import logging

        logging.getLogger("v4l2capture").removeHandler(_handlers.pop())


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
    """Rows in columns under headings.

    A row of one cell goes across all columns: a heading, or, indented, a detail of the row
    above. On a terminal that is too narrow the last column becomes such details.
    """

    headings: Sequence[str]
    rows: Iterable[Sequence[str]]

    def put(self) -> None:
        """Print the table on stdout."""
        with writing_result():
            if sys.stdout.isatty():
                self._put_on_terminal()
            else:
                for line, _ in self._lines(sys.maxsize):
                    print(line)

    def _put_on_terminal(self) -> None:
        from rich.console import Console
        from rich.text import Text

        console = Console()
        for line, is_heading in self._lines(console.width):
            console.print(Text(line, "bold" if is_heading else ""), soft_wrap=True)

    def _lines(self, room: int) -> Iterator[tuple[str, bool]]:
        """Yield the lines, and whether each is a heading."""
        rows = [tuple(map(visible, row)) for row in self.rows]
        columns = zip(self.headings, *(row for row in rows if len(row) > 1), strict=True)
        widths = [max(map(len, column)) for column in columns]
        if sum(widths) + len(_GAP) * (len(widths) - 1) > room:
            del widths[-1]
        yield _in_columns(self.headings, widths), True
        for row in rows:
            if len(row) == 1:
                yield row[0], not row[0].startswith(" ")
                continue
            yield _in_columns(row, widths), False
            if len(row) > len(widths) and row[-1]:
                yield f"      {self.headings[-1].lower()}: {row[-1]}", False


def _in_columns(cells: Sequence[str], widths: list[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=False))
    return _GAP.join(padded).rstrip()
