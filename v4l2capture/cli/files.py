# SPDX-License-Identifier: MIT
"""Files that are whole or not there, and what is written beside them about each frame."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..frame import Frame
from ..photo import check_replaceable
from ..pixfmt import Format
from .output import Failed

__all__ = ["Index", "Part", "writing_files"]


@contextlib.contextmanager
def writing_files(path: Path) -> Iterator[None]:
    """Turn an error of the file system into a message."""
    try:
        yield
    except OSError as error:
        raise Failed(f"cannot write {path}: {error.strerror or error}") from None


class Part:
    """A file that appears under its name only when it is whole.

    Until then it is a hidden file with ``.part`` at its end, in the same folder.

    Attributes:
        path: The name it will have.
        size: Bytes so far.
    """

    def __init__(self, path: Path) -> None:
        check_replaceable(path)
        self.path = path
        self.size = 0
        # A new file under a name that nobody foresees: a link there would lead elsewhere.
        self.temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        self._file = self.temporary.open("xb", buffering=0)

    def append(self, *chunks: Any) -> None:
        """Write all chunks, or leave the file as it was."""
        size = self.size
        try:
            for chunk in chunks:
                self._write(memoryview(chunk).cast("B"))
        except BaseException:
            self.cut(size)
            raise

    def _write(self, data: memoryview) -> None:
        while data:
            written = self._file.write(data)
            self.size += written
            data = data[written:]

    def cut(self, size: int) -> None:
        """Forget all but the first ``size`` bytes."""
        self._file.truncate(size)
        self._file.seek(size)
        self.size = size

    # For a library that writes here and there; a frame that did not fit is cut off.

    def write_here(self, data: bytes) -> int:
        """Write all bytes where we are, or none."""
        start, end = self._file.tell(), self.size
        self.size = start
        try:
            self._write(memoryview(data))
        except BaseException:
            self._file.truncate(max(start, end))
            self._file.seek(start)
            self.size = end
            raise
        self.size = max(self.size, end)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return where we are in the file."""
        return self._file.tell()

    def publish(self) -> None:
        """Give it its name."""
        self._file.close()
        self.temporary.replace(self.path)

    def discard(self) -> None:
        """Forget it."""
        self._file.close()
        self.temporary.unlink(missing_ok=True)


class Index:
    """The JSON beside frames without a container: the format once, then a line for each frame.

    Raw pixels mean nothing without it.
    """

    def __init__(self, path: Path, format: Format) -> None:  # noqa: A002
        self._part = Part(path)
        self._count = 0
        rate = None if format.frame_rate is None else str(format.frame_rate)
        head = json.dumps({"format": asdict(format) | {"frame_rate": rate}}, indent=2)
        self._part.append(f'{head.removesuffix("}").rstrip()},\n  "frames": ['.encode())

    def add(self, frame: Frame, **where: Any) -> None:
        """Note a frame: when it was taken, and where it is."""
        info = frame.info
        row = {
            "sequence": info.sequence,
            "timestamp_ns": info.timestamp_ns,
            "timestamp_source": info.timestamp_source,
        }
        comma = "," if self._count else ""
        self._part.append(f"{comma}\n    {json.dumps(row | where)}".encode())
        self._count += 1

    def publish(self) -> None:
        self._part.append(b"\n  ]\n}\n")
        self._part.publish()

    def discard(self) -> None:
        self._part.discard()
