# SPDX-License-Identifier: MIT
"""JPEG files as bytes: what their header says, and how Exif data gets in. Nothing is decoded.

Source: ITU-T T.81, annex B; JFIF 1.02; Exif 2.32, section 4.7.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["SCAN", "JpegHeader", "Segment", "read_header", "segments", "splice_exif"]

SCAN = 0xDA  # SOS

_START, _END = b"\xff\xd8", b"\xff\xd9"
_APP0, _APP1 = 0xE0, 0xE1
_EXIF_NAME: Final = b"Exif\0"
_MAX_SEGMENT = 0xFFFF

# Start of frame: all of C0 to CF but for the tables DHT, JPG and DAC.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

# Markers that stand alone: TEM and RST0 to RST7.
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})

# A marker, which may have any number of FF before it; what precedes them is not ours.
_MARKER: Final = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)


class Segment(NamedTuple):
    """One segment, and where in the file it is.

    Attributes:
        start: Of its FF.
        body: Behind the length.
    """

    marker: int
    start: int
    body: int
    end: int


class JpegHeader(NamedTuple):
    """What comes before the pixels.

    Attributes:
        width: Pixels.
        height: Rows.
        components: 1 for grey, 3 for colour.
    """

    width: int
    height: int
    components: int


def read_header(jpeg: bytes) -> JpegHeader:
    """Return what the header of a file says.

    Raises:
        ValueError: It is no whole JPEG: no header, no pixels or no end.
    """
    header, scan = None, None
    for segment in segments(jpeg):
        if segment.marker in _FRAMES and segment.end - segment.body >= 6:
            height, width, components = (
                int.from_bytes(jpeg[segment.body + at : segment.body + to], "big")
                for at, to in ((1, 3), (3, 5), (5, 6))
            )
            header = JpegHeader(width, height, components)
        elif segment.marker == SCAN:
            scan = segment
    if header is None or not header.width or not header.height:
        raise ValueError(f"no whole JPEG in {len(jpeg)} bytes: it has no header with a size")
    # The end of a thumbnail in the header is not the end of the file.
    if scan is None or not jpeg.endswith(_END) or len(jpeg) - len(_END) <= scan.end:
        raise ValueError(f"no whole JPEG in {len(jpeg)} bytes: it is cut off")
    return header


def splice_exif(jpeg: bytes, payload: bytes) -> bytes:
    """Return a JPEG with Exif data in place of what it had. All other bytes stay.

    It becomes the first segment, or the one behind JFIF's, which wants to be first itself.

    Args:
        jpeg: Whole.
        payload: As :meth:`Exif.payload` makes it.

    Raises:
        ValueError: The data is longer than a segment can be.
    """
    length = 2 + len(payload)
    if length > _MAX_SEGMENT:
        raise ValueError(f"{len(payload)} bytes are too many for a segment of a JPEG")
    place = len(_START)
    cuts = []
    for marker, start, body, end in segments(jpeg):
        if marker == _APP0 and start == place and jpeg.startswith(b"JF", body):
            place = end
        elif marker == _APP1 and jpeg.startswith(_EXIF_NAME, body):
            cuts.append((start, end))
    whole = memoryview(jpeg)
    head = bytes((0xFF, _APP1)) + length.to_bytes(2, "big")
    parts: list[bytes | memoryview] = [whole[:place], head, payload]
    for start, end in cuts:
        parts.append(whole[place:start])
        place = end
    return b"".join((*parts, whole[place:]))


def segments(jpeg: bytes) -> list[Segment]:
    """Return the segments up to the first scan; a cut one ends the list.

    A stray byte between two of them, which cameras have, spoils nothing.
    """
    found = []
    at = len(_START)
    while match := _MARKER.search(jpeg, at):
        marker = jpeg[match.end() - 1]
        at = match.end()
        if marker in _ALONE:
            continue
        end = at + int.from_bytes(jpeg[at : at + 2], "big")
        if end < at + 2 or end > len(jpeg):
            break
        found.append(Segment(marker, match.end() - 2, at + 2, end))
        if marker == SCAN:
            break
        at = end
    return found
