# SPDX-License-Identifier: MIT
"""USB over a socket: the device's side of USB/IP, plugged into the kernel's virtual host.

The kernel sends requests (URBs) through the socket and takes the answers from it, in any order.

Source: Documentation/usb/usbip_protocol.rst; drivers of the virtual host take one end of a socket
through ``attach`` in sysfs: port, descriptor, device id, speed.
"""

import contextlib
import socket
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["ECONNRESET", "ENOSPC", "EPIPE", "EPROTO", "Link", "Unlink", "Urb"]

VHCI = Path("/sys/devices/platform/vhci_hcd.0")

CMD_SUBMIT, CMD_UNLINK, RET_SUBMIT, RET_UNLINK = 1, 2, 3, 4
_IN = 1
_HEADER = struct.Struct(">5I28s")  # command, seqnum, devid, direction, endpoint, the rest
_SUBMIT = struct.Struct(">IiiiI8s")  # flags, length, start frame, packets, interval, setup
_RETURN = struct.Struct(">5I5i8x")  # status, actual length, start frame, packets, errors
_PACKET = struct.Struct(">3Ii")  # of an isochronous transfer: offset, length, actual one, status

_HIGH_SPEED = 3  # enum usb_device_speed
_FREE = 4  # VDEV_ST_NULL
_DEVICE_ID = 1 << 16 | 1  # bus and device number; the kernel only hands it back

# What can become of a URB.
ENOSPC, EPIPE, EPROTO, ECONNRESET = 28, 32, 71, 104


class Urb(NamedTuple):
    """One request of the host.

    Attributes:
        packets: Offset and length of each, if the transfer is isochronous.
    """

    seqnum: int
    endpoint: int
    is_in: bool
    length: int
    setup: bytes
    data: bytes
    packets: tuple[tuple[int, int], ...] = ()


class Unlink(NamedTuple):
    """The host wants a URB back.

    Attributes:
        victim: Sequence number of that URB.
    """

    seqnum: int
    victim: int


class Link:
    """A cable; the other end of its socket is the kernel's."""

    @classmethod
    def plugged(cls) -> "Link":
        """Plug a cable into a free port.

        Raises:
            OSError: There is no virtual host, or no port of it is free.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            line = f"{_free_port()} {theirs.fileno()} {_DEVICE_ID} {_HIGH_SPEED}"
            VHCI.joinpath("attach").write_text(line, encoding="ascii")
        return cls(ours)

    def __init__(self, ours: socket.socket) -> None:
        self.socket = ours
        self._received = bytearray()
        self._newest = 0  # sequence number of a URB
        self._early: dict[int, Unlink] = {}  # those of URBs to come

    def close(self) -> None:
        """Pull the plug."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def receive(self) -> Iterator[Urb | Unlink]:
        """Give what has come; to be called when the socket is readable.

        The kernel sends URBs from one list and unlinks from another, so an unlink can come before
        its URB. It is answered once the URB is there, which then is nobody's: the kernel tears the
        connection down when it gets a URB back that it no longer has.

        Raises:
            EOFError: The host has cut the connection.
        """
        data = self.socket.recv(1 << 17)
        if not data:
            raise EOFError
        self._received += data
        while (message := self._parse()) is not None:
            if isinstance(message, Urb):
                self._newest = message.seqnum
                if unlink := self._early.pop(message.seqnum, None):
                    self.answer_unlink(unlink, found=True)
                    continue
            elif message.victim > self._newest:
                self._early[message.victim] = message
                continue
            yield message

    def _parse(self) -> Urb | Unlink | None:
        got = self._received
        if len(got) < _HEADER.size:
            return None
        command, seqnum, _, direction, endpoint, rest = _HEADER.unpack_from(got)
        if command == CMD_UNLINK:
            del got[: _HEADER.size]
            return Unlink(seqnum, int.from_bytes(rest[:4], "big"))
        if command != CMD_SUBMIT:
            raise EOFError  # nothing after it would make sense
        _, length, _, count, _, setup = _SUBMIT.unpack(rest)
        middle = _HEADER.size + (0 if direction == _IN else length)
        end = middle + _PACKET.size * max(count, 0)
        if len(got) < end:
            return None
        data = bytes(got[_HEADER.size : middle])
        packets = tuple(each[:2] for each in _PACKET.iter_unpack(bytes(got[middle:end])))
        del got[:end]
        return Urb(seqnum, endpoint, direction == _IN, length, setup, data, packets)

    def answer(self, urb: Urb, data: bytes = b"", error: int = 0) -> None:
        """Give a URB back: with the bytes read, or with an errno."""
        if urb.is_in:
            data, count = data[: urb.length], min(len(data), urb.length)
        else:
            data, count = b"", 0 if error else urb.length
        header = _RETURN.pack(RET_SUBMIT, urb.seqnum, 0, 0, 0, -error, count, 0, 0, 0)
        self._send(header + data)

    def answer_packets(self, urb: Urb, pieces: Sequence[bytes | None]) -> None:
        """Give an isochronous URB back, with the bytes of each packet; ``None``: it was lost."""
        data = b"".join(piece or b"" for piece in pieces)
        count, lost = len(pieces), pieces.count(None)
        text = _RETURN.pack(RET_SUBMIT, urb.seqnum, 0, 0, 0, 0, len(data), 0, count, lost) + data
        for (offset, length), piece in zip(urb.packets, pieces, strict=True):
            error = -EPROTO if piece is None else 0
            text += _PACKET.pack(offset, length, len(piece or b""), error)
        self._send(text)

    def answer_unlink(self, unlink: Unlink, *, found: bool) -> None:
        """Say whether a URB could be had back."""
        status = -ECONNRESET if found else 0
        self._send(_RETURN.pack(RET_UNLINK, unlink.seqnum, 0, 0, 0, status, 0, 0, 0, 0))

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # receive() will say so
            self.socket.sendall(data)


def _free_port() -> int:
    for line in VHCI.joinpath("status").read_text(encoding="ascii").splitlines()[1:]:
        hub, port, state, *_ = line.split()
        if hub == "hs" and int(state) == _FREE:
            return int(port)
    raise OSError("every port of the virtual USB host is taken")
