# SPDX-License-Identifier: MIT
"""TIFF: directories of tags, as Exif data, TIFF files and DNG files consist of them.

Each value is written with exactly the type that it was made with. Pillow's ``Image.Exif`` guesses
the types in inner directories, and fails for some. Its ``ImageFileDirectory_v2`` can be told them,
and made files that exiftool finds nothing wrong with, but takes five times as long: a camera's JPEG
of 200 kB got its Exif data in 0.43 ms instead of 0.16, where 0.3 are the limit.

Source: TIFF 6.0, section 2; Exif 2.32, section 4.6.2.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

__all__ = [
    "HEADER",
    "Directory",
    "Field",
    "ascii_text",
    "byte",
    "long",
    "pack_directory",
    "pack_image",
    "rational",
    "short",
    "signed_rational",
    "undefined",
]

_SHORT, _LONG = 3, 4


class Field(NamedTuple):
    """One value, or several of a type, in the bytes of the file.

    Attributes:
        type: The number that TIFF has for it.
        amount: How many values; of bytes and text: bytes.
        data: All of them, little endian.
    """

    type: int
    amount: int
    data: bytes


Directory = dict[int, "Field | Directory"]
"""What is in a directory by tag: values, or the directory that a tag points to."""


def byte(*values: int) -> Field:
    """Return whole numbers from 0 to 255."""
    return Field(1, len(values), bytes(values))


def ascii_text(text: str) -> Field:
    """Return text. Beyond ASCII it is in UTF-8, as everybody reads it."""
    data = text.encode() + b"\0"
    return Field(2, len(data), data)


def short(*values: int) -> Field:
    """Return whole numbers from 0 to 65535."""
    return Field(_SHORT, len(values), struct.pack(f"<{len(values)}H", *values))


def long(*values: int) -> Field:
    """Return whole numbers from 0 to 2**32 - 1."""
    return Field(_LONG, len(values), struct.pack(f"<{len(values)}I", *values))


def rational(*values: Fraction) -> Field:
    """Return fractions from 0 on, exactly where numerator and denominator have 32 bits."""
    return Field(5, len(values), _pack_fractions("<II", values, 2**32 - 1))


def signed_rational(*values: Fraction) -> Field:
    """Return fractions of either sign, exactly where numerator and denominator have 31 bits."""
    return Field(10, len(values), _pack_fractions("<ii", values, 2**31 - 1))


def undefined(data: bytes) -> Field:
    """Return bytes that mean something to whoever knows the tag."""
    return Field(7, len(data), data)


def _pack_fractions(layout: str, values: Sequence[Fraction], most: int) -> bytes:
    parts = []
    for value in values:
        if max(abs(value.numerator), value.denominator) > most:
            value = _nearest(value, most)
        parts.append(struct.pack(layout, value.numerator, value.denominator))
    return b"".join(parts)


def _nearest(value: Fraction, most: int) -> Fraction:
    """Return the nearest fraction that has no number above ``most``."""
    if abs(value) <= 1:
        return value.limit_denominator(most)
    return 1 / (1 / min(max(value, Fraction(-most)), Fraction(most))).limit_denominator(most)


# ---- files ----

HEADER: Final = b"II*\0" + (8).to_bytes(4, "little")

_STRIP_OFFSETS, _STRIP_BYTE_COUNTS = 273, 279


def pack_directory(directory: Directory, offset: int = len(HEADER)) -> bytes:
    """Return a directory with all that it points to.

    Args:
        directory: In any order.
        offset: Where in the file it will be; even.
    """
    entries, behind = [], bytearray()
    start = offset + 2 + 12 * len(directory) + 4
    for tag, field in sorted(directory.items()):
        if isinstance(field, dict):
            inner = pack_directory(field, start + len(behind))
            kind, amount, value = _LONG, 1, struct.pack("<I", start + len(behind))
            behind += inner
        else:
            kind, amount, value = field
            if len(value) > 4:
                place = struct.pack("<I", start + len(behind))
                behind += value
                value = place
        behind += bytes(len(behind) % 2)
        entries.append(struct.pack("<HHI4s", tag, kind, amount, value))
    return struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4) + bytes(behind)


def pack_image(directory: Directory, pixels: bytes | memoryview) -> bytes:
    """Return a TIFF file of one strip of pixels, whose place is added to the directory."""
    size = memoryview(pixels).nbytes
    directory = directory | {_STRIP_OFFSETS: long(0), _STRIP_BYTE_COUNTS: long(size)}
    start = len(HEADER) + len(pack_directory(directory))
    directory[_STRIP_OFFSETS] = long(start)
    return b"".join((HEADER, pack_directory(directory), pixels))
