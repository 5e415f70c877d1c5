# SPDX-License-Identifier: MIT
"""What a camera tells the host about itself when it is plugged in.

Source: Universal Serial Bus Specification 2.0, chapter 9.6; USB Device Class Definition for Video
Devices 1.5, chapters 3.6 to 3.9.
"""

import struct

from model import Entity, Model, VideoFormat, VideoFrame

__all__ = [
    "PACKETS",
    "STATUS_ENDPOINT",
    "VIDEO_ENDPOINT",
    "configuration",
    "device",
    "names",
    "string",
]

STATUS_ENDPOINT, VIDEO_ENDPOINT = 1, 2  # both towards the host
PACKET = 512  # the only one for bulk endpoints of high speed
PACKETS = (512, 1024, 2048, 3072)  # isochronous, in each microframe: alternate settings 1 to 4
CLOCK_HZ = 1_000_000  # of the time stamps in payloads

_IN = 0x80
_ISOCHRONOUS, _BULK, _INTERRUPT = 5, 2, 3
_VIDEO, _CONTROL, _STREAMING, _COLLECTION = 0x0E, 1, 2, 3  # class and subclasses

# Types of descriptors.
_DEVICE, _CONFIGURATION, _STRING, _INTERFACE, _ENDPOINT, _ASSOCIATION = 1, 2, 3, 4, 5, 11
_CLASS_INTERFACE, _CLASS_ENDPOINT = 0x24, 0x25

_GUID_TAIL = bytes.fromhex("0000 1000 8000 00aa 0038 9b71")
_CONTROL_BYTES = 3  # bytes of bmControls
_MAKER, _PRODUCT, _SERIAL = 1, 2, 3


def _descriptor(kind: int, body: bytes) -> bytes:
    return bytes((2 + len(body), kind)) + body


def _interface(subtype: int, body: bytes) -> bytes:
    return _descriptor(_CLASS_INTERFACE, bytes((subtype,)) + body)


def device(vendor: int, product: int) -> bytes:
    """Return the device descriptor."""
    numbers = (0x0200, 0xEF, 2, 1, 64, vendor, product, 0x0100, _MAKER, _PRODUCT, _SERIAL, 1)
    return _descriptor(_DEVICE, struct.pack("<H4B3H4B", *numbers))


def string(index: int, names: dict[int, str]) -> bytes | None:
    """Return a string descriptor, or ``None`` where there is none; 0 is the languages."""
    if index == 0:
        return _descriptor(_STRING, struct.pack("<H", 0x0409))
    if index not in names:
        return None
    return _descriptor(_STRING, names[index].encode("utf-16-le")[:252])


def names(maker: str, product: str, serial: str) -> dict[int, str]:
    """Return the strings by the numbers that the device descriptor has."""
    return {_MAKER: maker, _PRODUCT: product, _SERIAL: serial}


def configuration(model: Model) -> bytes:
    """Return the only configuration, with everything in it."""
    protocol = 1 if model.version >= 0x0150 else 0
    body = _descriptor(_ASSOCIATION, bytes((0, 2, _VIDEO, _COLLECTION, 0, 0)))
    body += _descriptor(_INTERFACE, bytes((0, 0, 1, _VIDEO, _CONTROL, protocol, 0)))
    body += _control(model)
    body += _endpoint(STATUS_ENDPOINT, _INTERRUPT, 16, 6)
    body += _descriptor(_CLASS_ENDPOINT, struct.pack("<BH", _INTERRUPT, 16))
    if model.isochronous:
        body += _stream_interface(0, 0, protocol) + _streaming(model)
        for number, size in enumerate(PACKETS, 1):
            more = (size - 1) // 1024  # packets beyond the first in a microframe
            body += _stream_interface(number, 1, protocol)
            body += _endpoint(VIDEO_ENDPOINT, _ISOCHRONOUS, size // (more + 1) | more << 11, 1)
    else:
        body += _stream_interface(0, 1, protocol) + _streaming(model)
        body += _endpoint(VIDEO_ENDPOINT, _BULK, PACKET, 0)
    head = struct.pack("<HBBBBB", 9 + len(body), 2, 1, 0, 0x80, 250)
    return _descriptor(_CONFIGURATION, head) + body


def _stream_interface(setting: int, endpoints: int, protocol: int) -> bytes:
    text = bytes((1, setting, endpoints, _VIDEO, _STREAMING, protocol, 0))
    return _descriptor(_INTERFACE, text)


def _endpoint(number: int, kind: int, packet: int, interval: int) -> bytes:
    return _descriptor(_ENDPOINT, struct.pack("<BBHB", _IN | number, kind, packet, interval))


# ---- the control interface ----------------------------------------------------------------


def _bits(model: Model, entity: Entity) -> bytes:
    places = [each.place for each in model.selectors.values()]
    bits = sum(1 << place.bit for place in places if place.entity == entity)
    return bits.to_bytes(_CONTROL_BYTES, "little")


def _control(model: Model) -> bytes:
    camera = struct.pack("<BHBBHHHB", Entity.CAMERA, 0x0201, 0, 0, 0, 0, 0, _CONTROL_BYTES)
    unit = struct.pack("<BBHB", Entity.PROCESSING, Entity.CAMERA, 0, _CONTROL_BYTES)
    output = struct.pack("<BHBBB", Entity.OUTPUT, 0x0101, 0, Entity.PROCESSING, 0)
    entities = _interface(0x02, camera + _bits(model, Entity.CAMERA))
    entities += _interface(0x05, unit + _bits(model, Entity.PROCESSING) + bytes(2))
    entities += _interface(0x03, output)
    head = struct.pack("<HHIBB", model.version, 13 + len(entities), CLOCK_HZ, 1, 1)
    return _interface(0x01, head) + entities


# ---- the streaming interface --------------------------------------------------------------


def _streaming(model: Model) -> bytes:
    formats = b"".join(_format(n, each) for n, each in enumerate(model.formats, 1))
    count = len(model.formats)
    length = 13 + count + len(formats)
    head = struct.pack("<BHBB", count, length, _IN | VIDEO_ENDPOINT, 0)
    return _interface(0x01, head + bytes((Entity.OUTPUT, 0, 0, 0, 1)) + bytes(count)) + formats


def _format(index: int, each: VideoFormat) -> bytes:
    guid, bits = each.layout
    count = len(each.frames)
    if bits:
        middle = guid + _GUID_TAIL + bytes((bits,))
        text = _interface(0x04, bytes((index, count)) + middle + bytes((1, 0, 0, 0, 0)))
    else:
        text = _interface(0x06, bytes((index, count, 0, 1, 0, 0, 0, 0)))
    kind = 0x05 if bits else 0x07
    text += b"".join(_interface(kind, _frame(n, one)) for n, one in enumerate(each.frames, 1))
    # BT.709 primaries, BT.709 transfer, BT.601 matrix: sRGB as cameras have it
    return text + _interface(0x0D, bytes((1, 1, 4)))


def _frame(index: int, frame: VideoFrame) -> bytes:
    slow, fast = (
        frame.bytes * 8 * 10_000_000 // t for t in (frame.intervals[-1], frame.intervals[0])
    )
    most = 0xFFFFFFFF
    numbers = (min(slow, most), min(fast, most), frame.bytes, frame.intervals[0])
    head = struct.pack(
        "<BBHHIIIIB", index, 0, frame.width, frame.height, *numbers, len(frame.intervals)
    )
    return head + struct.pack(f"<{len(frame.intervals)}I", *frame.intervals)
