# SPDX-License-Identifier: MIT
"""The hardware of one camera: its nodes, their controls, and its stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeVar

from .cids import IDS
from .controlset import ControlSet
from .controlstate import ControlState
from .device import Device
from .dictionaries import MeteringMode
from .errors import ClosedError, DeviceBusyError, DeviceGoneError
from .guard import undisturbed
from .hearsay import Hearsay
from .listener import Listener
from .mapping import settings
from .parts import Parts, present_format
from .sensor import SensorTiming, timing
from .silence import Silence
from .writeplan import WritePlan, write_plan
from .writing import carry_out

if TYPE_CHECKING:
    from .frame import Frame
    from .nativemode import NativeMode
    from .pixfmt import Format
    from .stream import Stream

__all__ = ["Source"]

_T = TypeVar("_T")

_BUFFERS = 4

# Seconds in which others let go of a frame that they do not keep, and between two looks.
_LET_GO = 0.2
_POLL = 0.02


def _nothing() -> None:
    """What most do about an interruption."""


class Source:
    """The hardware of one camera, with its stream, and what it shall be like.

    Args:
        device: The video node, open.
        base_iso: ISO speed of a raw sensor at gain 1; ``None``: nobody knows.
        lamp: As :class:`Parts`.

    Attributes:
        parts: Its nodes.
        controls: Of all its nodes; those of the video node alone are ``device.controls``.
        listener: Hears what others change, once it has been started.
        stream: What is on, or ``None``. Another one after each change of the format.
        mode: What it should have been set to when it was unplugged; ``None``: it was in no other.
        streams: Whether it should have streamed then, though it did not.
        silence: How long somebody has waited for frames.
        held: W3C settings that somebody wants. Some cameras forget what they are when streaming
            begins; then they are written again.
        closed: Whether :meth:`close` was called.
        interrupt: Called when the stream stops for a photo in another format.
        opened: When this was made, in monotonic seconds.

    Synchronization: the caller's lock.
    """

    def __init__(
        self, device: Device, base_iso: float | None = None, lamp: str | None = None
    ) -> None:
        if base_iso is not None and (not isinstance(base_iso, Real) or not 0 < base_iso < 1e9):
            raise ValueError(f"base_iso={base_iso!r}: give an ISO speed, e.g. 100, or None")
        self.device = device
        self.base_iso = base_iso
        self.lamp = lamp
        self.parts = Parts(device, lamp)
        hearsay = Hearsay()
        self.controls = ControlSet(self.parts, hearsay)
        self.listener = Listener(self.parts, hearsay)
        self.stream: Stream | None = None
        self.mode: NativeMode | None = None
        self.streams = False
        self.silence = Silence()
        self.held: dict[str, Any] = {}
        self.interrupt: Callable[[], None] = _nothing
        self.opened = time.monotonic()
        self.closed = False

    def wake(self) -> None:
        """End the waiting of another thread, which has the lock, for good."""
        self.closed = True
        stream = self.stream
        if stream is not None:
            stream.close()

    def close(self) -> None:
        """Stop streaming and close what was opened here; the video node is the caller's."""
        self.closed = True
        self.stop()
        self.parts.close()

    # ---- what is set ----

    def timing(self, states: Mapping[int, ControlState]) -> SensorTiming | None:
        """Return the timing of a raw sensor, or ``None``: there is none, or not all is known."""
        sensor = self.parts.sensor
        if sensor is None or IDS["exposure"] not in states:
            return None
        return timing(states, sensor.line_width, self.parts.sensor_name, self.base_iso)

    def plan(self, wanted: Mapping[str, Any], *, again: bool = False) -> WritePlan:
        """Return what has to be written so that W3C settings are as wanted, or all ``again``."""
        states = self.controls.states(wanted)
        timing = self.timing(states)
        return write_plan(states, wanted, timing=timing, frame=self.frame_size, again=again)

    def _kept(self) -> dict[str, Any]:
        """Return what shall not be forgotten, as it is now: others may have changed it since."""
        if not self.held:
            return {}
        states = self.controls.states(self.held)
        now = settings(states, self.timing(states), self.frame_size).to_dict()
        passing = (None, MeteringMode.SINGLE_SHOT)
        # Of a region, only its middle is known.
        return {
            name: value if name == "pointsOfInterest" or now.get(name) in passing else now[name]
            for name, value in self.held.items()
        }

    # ---- the stream ----

    @property
    def format(self) -> Format | None:
        """The present format; ``None``: there is none, at a loopback that nobody feeds."""
        return present_format(self.device)

    @property
    def frame_size(self) -> tuple[int, int] | None:
        """Width and height of the present format."""
        now = self.format
        return None if now is None else (now.width, now.height)

    def start(self) -> Stream:
        """Begin to stream in the present format, or go on."""
        if self.closed:
            raise ClosedError(f"{self.device.path} is closed")
        if self.stream is None or self.stream.closed:
            return self._begin(self._kept())
        return self.stream

    def _begin(self, kept: Mapping[str, Any]) -> Stream:
        self.controls.settled = False
        stream = partial(self.device.stream, _BUFFERS, copy_when_low=True)
        self.stream = self._when_frames_are_gone(stream)
        if kept:
            # What was forgotten does not show: uvcvideo, for one, answers from its cache.
            carry_out(self.controls, self.plan(kept, again=True), ())
        return self.stream

    def read(self, timeout: float | None) -> Frame:
        """Return the next whole frame, streaming if need be; see :meth:`Silence.read`."""
        return self.silence.read(self.start, self.stop, timeout)

    def stop(self) -> None:
        """Stop streaming."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None

    def set_mode(self, mode: NativeMode, streams: bool | None = None) -> None:
        """Change size, rate and pixel format; a stream stops for it and begins again.

        Args:
            streams: Whether it streams afterwards; left out: as before.
        """
        if streams is None:
            streams = self.stream is not None
        kept = self._kept() if streams else {}
        self.stop()
        wanted = (mode.width, mode.height, mode.pixel_format, mode.frame_rate or None)
        try:
            self._when_frames_are_gone(partial(self.device.set_format, *wanted))
        finally:
            if streams:
                self._begin(kept)

    @contextmanager
    def going_back(self, mode: NativeMode, streams: bool) -> Iterator[None]:
        """Go back to a mode inside; a camera that is unplugged has it when it is back."""
        with undisturbed():
            try:
                yield
            except DeviceGoneError:
                self.mode, self.streams = mode, streams
                raise

    def _when_frames_are_gone(self, call: Callable[[], _T]) -> _T:
        """Call what drivers of old kernels refuse while a frame is alive; but do not wait long.

        Another thread may just be done with the one that it has made a picture of.
        """
        end = time.monotonic() + _LET_GO
        while True:
            try:
                return call()
            except DeviceBusyError:
                if not self.device._leased or time.monotonic() > end:
                    raise
            time.sleep(_POLL)
