# SPDX-License-Identifier: MIT
"""What photos are called: the end says the type, a number which of several it is."""

from __future__ import annotations

import re
from pathlib import Path

from ..encode import SUFFIXES, photo_type

__all__ = ["Names", "type_of"]

_PLACE = re.compile(r"%0?(\d{0,2})d")
_DEVICES, _OPEN_FILES = Path("/dev"), Path("/proc")
_DIGITS_OF_MANY = 6  # where nobody knows how many there will be


def type_of(written: str, type: str | None) -> str:  # noqa: A002
    """Return the type of the photos in a file, or on stdout (``-``).

    Args:
        type: What was asked for, or ``None``.

    Raises:
        ValueError: It has no name that a photo can have, or that of another type.
    """
    if written == "-":
        return type or "image/jpeg"
    path = Path(written)
    if not path.name or written.endswith("/") or path.is_dir():
        raise ValueError(f"{written!r} is a folder; give the name of a file in it")
    if (path.exists() and not path.is_file()) or _is_of_the_kernel(path.parent.resolve()):
        raise ValueError(f"{written!r} is no file; give the name of one, or - for stdout")
    named = photo_type(path)
    if path.suffix and named is None:
        known = ", ".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
        raise ValueError(f"{written!r} ends in none of {known}")
    if named is not None and type not in (None, named):
        raise ValueError(f"{written!r} is the name of {named}, and --type is {type}")
    return named or type or "image/jpeg"


def _is_of_the_kernel(folder: Path) -> bool:
    """Whether what is in a folder are devices and open files: /dev/fd/3 is no place for a photo."""
    return folder == _DEVICES or folder.is_relative_to(_OPEN_FILES)


class Names:
    """The names of the photos of one command.

    A photo has its number where the name has ``%d``, or ``%03d`` for three digits. Where it
    has none, several photos have ``-1``, ``-2``, ... before the suffix, with zeros in front
    so that they sort. A name without a suffix gets that of the type.

    Args:
        count: How many there will be; ``None``: nobody knows.

    Raises:
        ValueError: The name has several places for the number.
    """

    def __init__(self, path: Path, type: str, count: int | None) -> None:  # noqa: A002
        if not path.suffix:
            path = path.with_name(path.name + SUFFIXES[type][0])
        places = list(_PLACE.finditer(path.name))
        if len(places) > 1:
            raise ValueError(f"{path.name!r} has {len(places)} places for one number")
        self._folder = path.parent
        self._count = count
        self._is_numbered = bool(places) or count != 1
        if places:
            self._digits = int(places[0][1] or 1)
            self._ends = path.name[: places[0].start()], path.name[places[0].end() :]
        else:
            self._digits = _DIGITS_OF_MANY if count is None else len(str(count))
            self._ends = path.stem + "-" * self._is_numbered, path.suffix

    def __getitem__(self, number: int) -> Path:
        """Return the name of a photo; the first has number 1."""
        middle = f"{number:0{self._digits}}" if self._is_numbered else ""
        return self._folder / middle.join(self._ends)

    def in_the_way(self) -> Path | None:
        """Return a file that one of them would overwrite.

        Raises:
            OSError: There is no such folder.
        """
        number = r"(\d+)" if self._is_numbered else "()"
        ours = re.compile(number.join(map(re.escape, self._ends)))
        for path in sorted(self._folder.iterdir()):
            found = ours.fullmatch(path.name)
            if found and (self._count is None or self._is_ours(path, int(found[1] or 1))):
                return path
        return None

    def _is_ours(self, path: Path, number: int) -> bool:
        return 1 <= number <= (self._count or number) and path == self[number]
