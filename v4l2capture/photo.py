# SPDX-License-Identifier: MIT
"""A photo: the bytes of a file, and what is known about them.

Source: W3C MediaStream Image Capture, "takePhoto()", whose Blob this is.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from .encode import SUFFIXES, photo_type

__all__ = ["Photo", "check_replaceable", "wall_clock"]


class Photo(bytes):
    """The bytes of a file, ready to be written or sent, and what is known about the photo.

    It is ``bytes``, also for a copy, a pickle and a comparison.

    Attributes:
        type: What kind of file, for example ``"image/jpeg"``.
        width: Pixels, before any turn that the orientation asks for.
        height: Rows.
        settings: What was used, in the words of the W3C: of ``PhotoSettings`` and
            ``MediaTrackSettings``.
        timestamp: When it was taken, in local time.
        timestamp_ns: The same on the clock of :func:`time.monotonic_ns`.
    """

    type: str
    width: int
    height: int
    settings: dict[str, Any]
    timestamp: datetime
    timestamp_ns: int

    def __new__(
        cls,
        data: bytes,
        *,
        type: str,  # noqa: A002
        width: int,
        height: int,
        settings: Mapping[str, Any],
        timestamp_ns: int,
        timestamp: datetime | None = None,
    ) -> Self:
        """Make a photo.

        Args:
            timestamp: ``None``: what the clocks say now that ``timestamp_ns`` is.
        """
        photo = super().__new__(cls, data)
        photo.type = type
        photo.width = width
        photo.height = height
        photo.settings = dict(settings)
        photo.timestamp_ns = timestamp_ns
        photo.timestamp = wall_clock(timestamp_ns) if timestamp is None else timestamp
        return photo

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file, which is there whole or not at all.

        A file of that name is replaced; so is a symbolic link, and not what it points to. A
        device or a FIFO stays.

        Args:
            path: A name without the suffix of a type of photo gets that of this type:
                ``"photo"`` becomes ``"photo.jpg"``.

        Returns:
            The path of the file.

        Raises:
            ValueError: The suffix is that of another type.
            OSError: It cannot be written.
        """
        path = Path(path)
        named = photo_type(path)
        if named is None:
            if path.is_dir():
                raise IsADirectoryError(
                    errno.EISDIR, "a folder; give the name of a file", str(path)
                )
            path = path.with_name(path.name + SUFFIXES.get(self.type, ("",))[0])
        elif named != self.type:
            raise ValueError(
                f"{path} is the name of {named}, and this photo is {self.type}; take the photo "
                f'with type="{named}", or save it as {path.stem}{SUFFIXES[self.type][0]}'
            )
        _write_whole(path, self)
        return path

    # ---- as bytes do, but with what is known ----

    def __reduce__(self) -> Any:
        return _restore, (type(self), bytes(self), self.__dict__)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.type}, {self.width}x{self.height}, {self.size} bytes, "
            f"{self.timestamp:%Y-%m-%d %H:%M:%S}>"
        )

    __str__ = __repr__  # not a page of escaped bytes


def _restore(kind: type[Photo], data: bytes, members: dict[str, Any]) -> Photo:
    photo = bytes.__new__(kind, data)
    photo.__dict__.update(members)
    return photo


def _write_whole(path: Path, data: bytes) -> None:
    """Write beside the file first: nobody sees half of it, and no link leads elsewhere."""
    check_replaceable(path)
    temporary = path.with_name(f".v4l2capture-{secrets.token_hex(8)}.part")
    file = temporary.open("xb")
    try:
        with file:
            file.write(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_replaceable(path: Path) -> None:
    """Refuse to put a file in place of a device or a FIFO: that was a slip.

    Raises:
        FileExistsError: There is one.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)):
        raise FileExistsError(errno.EEXIST, "no regular file is there, and it stays", str(path))


def wall_clock(timestamp_ns: int) -> datetime:
    """Return the local time of a moment on the clock of :func:`time.monotonic_ns`.

    That clock neither jumps nor stands for a date: what is between the two now is added.
    """
    between = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.monotonic_ns()
    seconds, nanoseconds = divmod(timestamp_ns + between, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=nanoseconds // 1000)
    return moment.astimezone()
