# SPDX-License-Identifier: MIT
"""Frames as payloads, and what can be wrong with both. Bytes in, bytes out.

Source: USB Device Class Definition for Video Devices 1.5, chapter 2.4.3.3; ITU-T T.81, annex B.
"""

import struct
from collections.abc import Iterator

__all__ = ["PAYLOAD", "SPOILERS", "payloads"]

PAYLOAD = 16384  # dwMaxPayloadTransferSize of a bulk stream: one URB of the host

_HEADER = struct.Struct("<BBI")
_FRAME_ID, _END, _HAS_TIME, _ERROR, _END_OF_HEADER = 0x01, 0x02, 0x04, 0x40, 0x80


def payloads(
    frame: bytes, frame_id: int, time: int, *, size: int = PAYLOAD, error: bool = False
) -> Iterator[bytes]:
    """Cut a frame into payloads of ``size`` bytes with headers; ``error`` flags the last one."""
    room = size - _HEADER.size
    starts = range(0, max(len(frame), 1), room)
    for start in starts:
        bits = _HAS_TIME | _END_OF_HEADER | (_FRAME_ID if frame_id else 0)
        if start == starts[-1]:
            bits |= _END | (_ERROR if error else 0)
        yield _HEADER.pack(_HEADER.size, bits, time & 0xFFFFFFFF) + frame[start : start + room]


# ---- damage -------------------------------------------------------------------------------


def _truncated(frame: bytes, value: int) -> bytes:
    return frame[: value or len(frame) // 2]


def _garbage(frame: bytes, value: int) -> bytes:
    """The same number of bytes, none of which means anything; the same ones each time."""
    seed = value or 1
    return bytes((n * 167 + seed + (n >> 8) * 31) & 0xFF for n in range(4096)).ljust(
        len(frame), b"\x5a"
    )[: len(frame)]


def _oversized(frame: bytes, value: int) -> bytes:
    return frame + bytes(value or len(frame) * 2)


def _padded(frame: bytes, value: int) -> bytes:
    return frame + b"\xff" * (value or 512)


def _trailed(frame: bytes, value: int) -> bytes:
    return frame + b"\x5a" * (value or 512)


def _without_tables(frame: bytes, _value: int) -> bytes:
    """Leave the Huffman tables out, as motion JPEG has always done."""
    kept, at = bytearray(frame[:2]), 2
    while at + 4 <= len(frame) and frame[at] == 0xFF:
        length = 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
        if frame[at + 1] != 0xC4:
            kept += frame[at : at + length]
        at += length
        if frame[at - length + 1] == 0xDA:
            break
    return bytes(kept) + frame[at:]


def _without_end(frame: bytes, _value: int) -> bytes:
    return frame.removesuffix(b"\xff\xd9")


def _empty(_frame: bytes, _value: int) -> bytes:
    return b""


SPOILERS = {
    "truncated": _truncated,
    "garbage": _garbage,
    "oversized": _oversized,
    "padded": _padded,
    "trailed": _trailed,
    "no_dht": _without_tables,
    "no_eoi": _without_end,
    "empty": _empty,
}
"""Faults that change the bytes of a frame: the frame and the fault's number in, a frame out."""
