# SPDX-License-Identifier: MIT
"""The camera itself: what it answers on each endpoint.

It keeps the values of the controls by the rules of the class: a value out of range or a control
that an automatic rules is refused, with a code that says why. What the profile says wrong about
itself (default out of range, step 0, minimum above maximum) it says to the host as well.

Source: Universal Serial Bus Specification 2.0, chapter 9.4; USB Device Class Definition for Video
Devices 1.5, chapters 2.4.2.2 and 4.
"""

import struct
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import descriptors
from faults import Fault, Faults, StallCode
from model import Model, Request, Selector, VideoFormat, VideoFrame
from payloads import PAYLOAD, SPOILERS, payloads
from picture import Picture
from wire import ENOSPC, EPIPE, EPROTO, Urb

__all__ = ["Firmware", "Identity"]

# bmRequestType
_DIRECTION, _KIND, _CLASS, _STANDARD = 0x80, 0x60, 0x20, 0x00
_TO_ENDPOINT = 2

# bRequest of the standard
_GET_STATUS, _CLEAR_FEATURE, _SET_FEATURE, _GET_DESCRIPTOR = 0, 1, 3, 6
_GET_CONFIGURATION, _SET_CONFIGURATION, _GET_INTERFACE, _SET_INTERFACE = 8, 9, 10, 11

_MICROFRAME = 1250  # in units of 100 ns

_CONTROL_INTERFACE, _STREAM_INTERFACE = 0, 1
_ERROR_CODE = 2  # selector of the control interface itself
_PROBE, _COMMIT = 1, 2  # selectors of the streaming interface
_PROBE_SIZES = {0x0110: 34, 0x0150: 48}
_PROBE_HEAD = struct.Struct("<HBBI5HIIIBBBB")


class Identity(NamedTuple):
    """What distinguishes two cameras of one model."""

    vendor: int = 0x1209
    product: int = 0x0001
    serial: str = "0001"


class Timer(NamedTuple):
    """What the program around this lends."""

    now: Callable[[], float]
    call: Callable[[float, Callable[[], None]], None]  # after so many seconds


class Firmware:
    """One camera, from when it is plugged in until it is unplugged.

    Args:
        answer: Gives a URB back, with data or an errno.
        answer_packets: Gives an isochronous one back, with the data of each packet.
        unplug: Pulls the plug, for a fault.
    """

    def __init__(
        self,
        model: Model,
        picture: Picture,
        faults: Faults,
        identity: Identity,
        timer: Timer,
        answer: Callable[..., None],
        answer_packets: Callable[[Urb, list[bytes | None]], None],
    ) -> None:
        self.model = model
        self._picture = picture
        self._faults = faults
        self._identity = identity
        self._timer = timer
        self._answer = answer
        self._answer_packets = answer_packets
        self._strings = descriptors.names("v4l2capture", model.profile.card, identity.serial)
        self._configuration = descriptors.configuration(model)
        self._error = StallCode.NONE
        self._configured = 0

        self.values: dict[int, int] = {}
        self.requests = 0  # of controls, without those of the standard
        self.frames = 0  # since it was plugged in
        self.late = 0  # those of them that the host did not take in time
        self.unplug_at: int | None = None  # a number of frames
        self.unplug: Callable[[], None] = lambda: None
        for selector in model.selectors.values():
            for cid, control in selector.controls.items():
                self._set(cid, int(control.value))

        self._pending: dict[int, Urb] = {}  # what the host waits for
        self._wants_status: deque[Urb] = deque()
        self._wants_video: deque[Urb] = deque()
        self._status: deque[bytes] = deque()
        self._video: deque[bytes | None] = deque()  # None: an error on the bus
        self._payload = PAYLOAD
        self._choice = (1, 1, model.formats[0].frames[0].intervals[0])
        self._run = 0  # changes when a stream starts or ends
        self.streaming = False
        self._frame_id = 0

    # ---- what the host sends ----

    def submit(self, urb: Urb) -> None:
        """Take a URB; it is answered now, or later."""
        self._pending[urb.seqnum] = urb
        if urb.endpoint == descriptors.STATUS_ENDPOINT:
            self._wants_status.append(urb)
            self._pump(self._wants_status, self._status)
        elif urb.endpoint == descriptors.VIDEO_ENDPOINT:
            self._wants_video.append(urb)
            self._pump(self._wants_video, self._video)
        elif urb.endpoint == 0:
            self._control(urb)
        else:
            self._give(urb, b"", EPIPE)

    def unlink(self, seqnum: int) -> bool:
        """Forget a URB; return whether it was still waiting."""
        urb = self._pending.pop(seqnum, None)
        if urb is None:
            return False
        for queue in (self._wants_status, self._wants_video):
            if urb in queue:
                queue.remove(urb)
        return True

    def _give(self, urb: Urb, data: bytes = b"", error: int = 0) -> None:
        if self._pending.pop(urb.seqnum, None) is not None:
            self._answer(urb, data, error)

    def _pump(self, wants: deque[Urb], has: deque[Any]) -> None:
        while wants and has:
            if wants[0].packets:
                self._fill(wants.popleft())
                continue
            data = has.popleft()
            self._give(wants.popleft(), data or b"", EPROTO if data is None else 0)

    def _fill(self, urb: Urb) -> None:
        """Put a payload into each packet, as long as there are any."""
        pieces = [self._video.popleft() if self._video else b"" for _ in urb.packets]
        if self._pending.pop(urb.seqnum, None) is not None:
            self._answer_packets(urb, pieces)

    # ---- endpoint 0 ----

    def _control(self, urb: Urb) -> None:
        kind, request, value, index, length = struct.unpack("<BBHHH", urb.setup)
        if kind & _KIND == _STANDARD:
            data = self._standard(kind, request, value, index)
            self._finish(urb, data, length)
        elif kind & _KIND == _CLASS:
            self._class(urb, request, value >> 8, index >> 8, index & 0xFF, length)
        else:
            self._finish(urb, EPIPE, length)

    def _finish(self, urb: Urb, data: bytes | int, length: int) -> None:
        if isinstance(data, int):
            self._give(urb, b"", data)
        else:
            self._give(urb, data[:length])

    def _standard(self, kind: int, request: int, value: int, index: int) -> bytes | int:
        """Return the answer, or an errno."""
        if request == _GET_DESCRIPTOR:
            return self._descriptor(value >> 8, value & 0xFF)
        if request == _GET_STATUS:
            return bytes(2)
        if request == _GET_CONFIGURATION:
            return bytes((self._configured,))
        if request == _GET_INTERFACE:
            return bytes(1)
        if request == _SET_CONFIGURATION:
            self._configured = value
            self._stop()
            return b""
        if request == _SET_INTERFACE:
            return self._select(value) if index == _STREAM_INTERFACE else b""
        if request == _CLEAR_FEATURE:
            # This is how a host says that it has had enough of a bulk stream.
            if kind & 0x1F == _TO_ENDPOINT and index & 0x0F == descriptors.VIDEO_ENDPOINT:
                self._stop()
            return b""
        return b"" if request == _SET_FEATURE else EPIPE

    def _select(self, setting: int) -> bytes | int:
        """Take an alternate setting of the stream: 0 ends it; the others begin one."""
        self._stop()
        if setting == 0:
            return b""
        if not self.model.isochronous or setting > len(descriptors.PACKETS):
            return EPIPE
        if self._faults.of_stream("no_bandwidth"):
            return ENOSPC  # the host's own word, which no device says
        self._payload = descriptors.PACKETS[setting - 1]
        self._start()
        return b""

    def _descriptor(self, kind: int, number: int) -> bytes | int:
        if kind == 1:
            return descriptors.device(self._identity.vendor, self._identity.product)
        if kind == 2:
            return self._configuration
        if kind == 3:
            return descriptors.string(number, self._strings) or EPIPE
        return EPIPE

    # ---- requests of the class ----

    def _class(
        self, urb: Urb, request: int, selector: int, entity: int, interface: int, length: int
    ) -> None:
        self.requests += 1
        found = self.model.selectors.get((entity, selector))
        is_control = interface == _CONTROL_INTERFACE
        if is_control and entity == 0:
            if (request, selector) == (Request.GET_CUR, _ERROR_CODE):
                self._finish(urb, bytes((self._error,)), length)
            else:
                self._stall(urb, StallCode.INVALID_CONTROL)
            return
        wait = 0.0
        cids = set(found.controls) if is_control and found else set()
        for fault in self._faults.of_request(cids, request):
            if fault.name == "stall":
                self._stall(urb, StallCode.INVALID_CONTROL if fault.value is None else fault.value)
                return
            if fault.name == "hang":
                return
            if fault.name == "ignore" and request == Request.SET_CUR:
                self._finish(urb, b"", length)
                return
            if fault.name == "slow":
                wait += fault.seconds
        if wait:
            self._timer.call(
                wait, lambda: self._serve(urb, request, selector, found, is_control, length)
            )
        else:
            self._serve(urb, request, selector, found, is_control, length)

    def _serve(
        self,
        urb: Urb,
        request: int,
        selector: int,
        found: Selector | None,
        is_control: bool,
        length: int,
    ) -> None:
        if urb.seqnum not in self._pending:
            return  # the host has lost patience
        if not is_control:
            result: bytes | int = self._negotiate(request, selector, urb.data)
        elif found is None:
            result = StallCode.INVALID_UNIT
        elif request == Request.SET_CUR:
            result = self._write(found, urb.data)
        else:
            result = self._read(found, request)
        if isinstance(result, int):
            self._stall(urb, result)
        else:
            self._error = StallCode.NONE
            self._finish(urb, result, length)

    def _stall(self, urb: Urb, code: int) -> None:
        self._error = code
        self._give(urb, b"", EPIPE)

    def _read(self, selector: Selector, request: int) -> bytes | int:
        if selector.has_flag("disabled"):
            return StallCode.INVALID_CONTROL
        if request == Request.GET_LEN:
            return struct.pack("<H", selector.size)
        if request == Request.GET_INFO:
            return bytes((selector.info(is_inactive=self._is_inactive(set(selector.controls))),))
        try:
            return selector.encode(Request(request), self.values)
        except ValueError:
            return StallCode.INVALID_REQUEST

    def _write(self, selector: Selector, data: bytes) -> bytes | int:
        if selector.has_flag("read-only") or selector.has_flag("disabled"):
            return StallCode.INVALID_REQUEST
        if len(data) != selector.size:
            return StallCode.INVALID_REQUEST
        if self._is_inactive(set(selector.controls)):
            return StallCode.WRONG_STATE
        values = selector.decode(data)
        for cid, value in values.items():
            control = selector.controls[cid]
            low, high = control.minimum, control.maximum
            if low <= high and not low <= value <= high and value != control.default:
                return StallCode.OUT_OF_RANGE
        for cid, value in values.items():
            self._set(cid, value)
        return b""

    def _is_inactive(self, cids: set[int]) -> bool:
        return any(
            self.values.get(cluster.master, cluster.manual) != cluster.manual
            for cluster in self.model.profile.clusters
            if cids & set(cluster.slaves)
        )

    def _set(self, cid: int, value: int) -> None:
        self.values[cid] = value
        self._picture.set(cid, value)

    def change(self, cid: int, value: int, *, announce: bool) -> None:
        """Change a control as the camera itself does, with or without telling the host.

        Raises:
            KeyError: It has no such control.
        """
        place = next(p for p in self.model.selectors.values() if cid in p.controls)
        self._set(cid, value)
        if announce:
            where = place.place
            data = place.encode(Request.GET_CUR, self.values)
            head = bytes((1, where.entity, 0, where.selector, 0))
            self._status.append(head + data)
            self._pump(self._wants_status, self._status)

    # ---- the stream ----

    def _chosen(self) -> tuple[VideoFormat, VideoFrame]:
        chosen = self.model.formats[self._choice[0] - 1]
        return chosen, chosen.frames[self._choice[1] - 1]

    def _negotiate(self, request: int, selector: int, data: bytes) -> bytes | int:
        size = _PROBE_SIZES[self.model.version]
        if selector not in (_PROBE, _COMMIT):
            return StallCode.INVALID_CONTROL
        if request == Request.GET_LEN:
            return struct.pack("<H", size)
        if request == Request.GET_INFO:
            return b"\x03"
        if request == Request.SET_CUR:
            if len(data) < 8:
                return StallCode.INVALID_REQUEST
            self._choose(*struct.unpack_from("<BBI", data, 2))
            if selector == _COMMIT and not self.model.isochronous:
                self._start()
            return b""
        if request == Request.GET_RES:
            return bytes(size)
        return self._probe(Request(request)).ljust(size, b"\0")

    def _choose(self, format_: int, frame: int, interval: int) -> None:
        format_ = min(max(format_, 1), len(self.model.formats))
        frames = self.model.formats[format_ - 1].frames
        frame = min(max(frame, 1), len(frames))
        intervals = frames[frame - 1].intervals
        self._choice = (format_, frame, min(intervals, key=lambda each: abs(each - interval)))

    def _probe(self, request: Request) -> bytes:
        format_, frame, interval = self._choice
        if request == Request.GET_DEF:
            format_, frame, interval = 1, 1, self.model.formats[0].frames[0].intervals[0]
        size = self.model.formats[format_ - 1].frames[frame - 1].bytes
        if self._faults.of_stream("no_size"):
            size = 0
        numbers = (1, format_, frame, interval, 0, 0, 0, 0, 0, size, self._needed(size, interval))
        return _PROBE_HEAD.pack(*numbers, descriptors.CLOCK_HZ, 3, 0, 0, 0)

    def _needed(self, size: int, interval: int) -> int:
        """Return the bytes of a payload: of a microframe, if the stream is isochronous."""
        if not self.model.isochronous:
            return PAYLOAD
        needed = size * _MICROFRAME // interval
        return next(
            (each for each in descriptors.PACKETS if each > needed), descriptors.PACKETS[-1]
        )

    def _start(self) -> None:
        self._stop()
        if self._faults.of_stream("forget"):
            for selector in self.model.selectors.values():
                for cid, control in selector.controls.items():
                    self._set(cid, int(control.default))
        chosen, frame = self._chosen()
        self._picture.start(chosen.pixel_format, frame.width, frame.height)
        self.streaming = True
        self._due = self._timer.now() + self._choice[2] / 1e7
        self._wait_for_frame(self._run)

    def _stop(self) -> None:
        self._run += 1
        self.streaming = False
        self._video.clear()
        self._picture.stop()

    def _wait_for_frame(self, run: int) -> None:
        self._timer.call(self._due - self._timer.now(), lambda: self._frame(run))

    def _frame(self, run: int) -> None:
        if run != self._run:
            return
        if self.frames == self.unplug_at:
            self.unplug()
            return
        self.frames += 1
        # A camera does not wait; one that is emulated may not run after its clock either.
        interval = self._choice[2] / 1e7
        self._due = max(self._due + interval, self._timer.now() + interval / 4)
        if self._video:
            self.late += 1  # and not drawn: the number in a picture counts those that were sent
        else:
            data = self._picture.take()
            self._video.extend(self._spoiled(data, list(self._faults.of_frame())))
            self._pump(self._wants_video, self._video)
        self._wait_for_frame(run)

    def _spoiled(self, data: bytes, faults: list[Fault]) -> list[bytes | None]:
        names = {fault.name for fault in faults}
        for fault in faults:
            if fault.name in SPOILERS:
                data = SPOILERS[fault.name](data, fault.value or 0)
        if "silent" in names:
            return []
        self._frame_id ^= 1
        time = int(self._timer.now() * descriptors.CLOCK_HZ)
        flagged = "error_flag" in names
        pieces: list[bytes | None] = [
            *payloads(data, self._frame_id, time, size=self._payload, error=flagged)
        ]
        if "usb_error" in names:
            pieces[0] = None
        for fault in faults:
            if fault.name == "lost_packets":
                lost = fault.value or max(len(pieces) // 2, 1)
                del pieces[: 2 * lost : 2]
        return pieces
