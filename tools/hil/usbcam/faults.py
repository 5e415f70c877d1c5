# SPDX-License-Identifier: MIT
"""What goes wrong, when, and how often. Nothing here knows what is done about it."""

from collections.abc import Iterator
from dataclasses import dataclass

from payloads import SPOILERS

__all__ = ["NAMES", "Fault", "Faults", "StallCode"]


class StallCode:
    """bRequestErrorCode: why a control request was refused."""

    NONE = 0
    NOT_READY = 1
    WRONG_STATE = 2
    POWER = 3
    OUT_OF_RANGE = 4
    INVALID_UNIT = 5
    INVALID_CONTROL = 6
    INVALID_REQUEST = 7
    INVALID_VALUE = 8


NAMES = {
    # of control requests
    "stall": "refuse requests, with `value` as the error code of the class (6)",
    "ignore": "accept SET_CUR, change nothing",
    "slow": "answer after `seconds`",
    "hang": "never answer",
    "no_bandwidth": "of an isochronous stream: the host cannot reserve what it needs",
    "no_size": "do not say how large a frame may be when the stream is negotiated",
    # of streams
    "silent": "deliver nothing; `after` frames",
    "forget": "set every control to its default when a stream starts",
    "usb_error": "let transfers of the frame fail on the bus",
    # of frames
    "error_flag": "set the error bit in the frame's last payload",
    "lost_packets": "lose every second payload of the frame, or `value` of them",
    "truncated": "keep half of the frame, or `value` bytes",
    "garbage": "as many bytes without meaning",
    "oversized": "three times the bytes, or `value` more",
    "padded": "512 or `value` times 0xFF after the frame",
    "trailed": "512 or `value` bytes of junk after the frame, as an older one leaves them",
    "no_dht": "leave the Huffman tables of a JPEG out",
    "no_eoi": "leave the end of a JPEG out",
    "empty": "a frame without bytes",
}
assert NAMES.keys() >= SPOILERS.keys()

OF_CONTROLS = frozenset({"stall", "ignore", "slow", "hang"})
OF_STREAMS = frozenset({"forget", "no_bandwidth", "no_size"})


@dataclass
class Fault:
    """One of :data:`NAMES`.

    Attributes:
        control: V4L2 id of the control it is for; 0: all, those of the stream included.
        request: bRequest it is for; 0: all.
        count: How often; 0: for ever.
        after: Begin after so many frames or requests that it would have been for.
    """

    name: str
    value: int | None = None
    seconds: float = 0.0
    control: int = 0
    request: int = 0
    count: int = 0
    after: int = 0

    def due(self) -> bool:
        """Count once; return whether it happens this time."""
        if self.after > 0:
            self.after -= 1
            return False
        return True


class Faults:
    """All that is to go wrong from now on."""

    def __init__(self) -> None:
        self._all: list[Fault] = []

    def add(self, fault: Fault) -> None:
        if fault.name not in NAMES:
            raise ValueError(f"there is no fault {fault.name!r}; there are {', '.join(NAMES)}")
        self._all.append(fault)

    def clear(self) -> None:
        self._all.clear()

    def of_request(self, cids: set[int], request: int) -> Iterator[Fault]:
        """Give what happens to a control request."""
        for fault in list(self._all):
            if (
                fault.name in OF_CONTROLS
                and (not fault.control or fault.control in cids)
                and (not fault.request or fault.request == request)
                and fault.due()
            ):
                self._spend(fault)
                yield fault

    def of_frame(self) -> Iterator[Fault]:
        """Give what happens to a frame."""
        for fault in list(self._all):
            if fault.name not in OF_CONTROLS | OF_STREAMS and fault.due():
                self._spend(fault)
                yield fault

    def of_stream(self, name: str) -> bool:
        """Return whether one of a stream happens this time."""
        for fault in self._all:
            if fault.name == name and fault.due():
                self._spend(fault)
                return True
        return False

    def _spend(self, fault: Fault) -> None:
        if fault.count:
            fault.count -= 1
            if fault.count == 0:
                self._all.remove(fault)
