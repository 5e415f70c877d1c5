# SPDX-License-Identifier: MIT
"""The hardware of one camera: its nodes, their controls as data, writing to them, its stream.

A camera is a video node and, on a phone or a Raspberry Pi, a sensor, a lens and a lamp with
nodes of their own. Here they are one set of controls.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeVar

from .cids import IDS, MASTERS, NAMES
from .controls import Control, Controls
from .controlstate import ControlState
from .device import Device
from .dictionaries import MeteringMode
from .errors import (
    ClosedError,
    ControlError,
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    device_error,
)
from .events import ControlEvent, SourceChangeEvent
from .guard import undisturbed
from .hearsay import Hearsay
from .led import find_led, open_led
from .mapping import LED_MODE, control_ids, settings
from .node import Node
from .sensor import SensorTiming, timing
from .silence import Silence
from .subdevice import Subdevice, find_subdevices
from .writeplan import Step, Wait, Write, WritePlan, undo_plan, write_plan

if TYPE_CHECKING:
    from .events import Events
    from .frame import Frame
    from .nativemode import NativeMode
    from .pixfmt import Format
    from .stream import Stream

__all__ = ["Source"]

_T = TypeVar("_T")

_log = logging.getLogger(__name__)

# Every module that logs has a logger of its own below this one. Where the program has not asked
# for a log there is none: Python would print warnings on stderr.
logging.getLogger(__package__).addHandler(logging.NullHandler())

_EXPOSURE = IDS["exposure"]

_SENSOR = frozenset((_EXPOSURE, IDS["analogue_gain"]))

_UNREADABLE = frozenset({"write-only", "disabled"})

# What automatic exposure and white balance need several frames to answer to.
_TO_SETTLE = (
    "exposureMode",
    "exposureCompensation",
    "iso",
    "whiteBalanceMode",
    "pointsOfInterest",
    "torch",
)
_OF_LIGHT = control_ids(_TO_SETTLE) - _SENSOR

# Between two looks at a control that is expected to change.
_POLL = 0.02

_BUFFERS = 4

# Seconds in which others let go of a frame that they do not keep.
_LET_GO = 0.2


def _nothing() -> None:
    """What most do about an interruption."""


class Source:
    """The nodes of one camera. The first that has a control is the one that is asked.

    Args:
        device: The video node, open.
        base_iso: ISO speed of a raw sensor at gain 1; ``None``: nobody knows.
        lamp: An LED that lights the picture, by name or path; ``None``: the camera's own flash,
            else the LED that belongs to its sensor.

    Attributes:
        parts: Its sensor, lenses and flashes, also those that are gone by now.
        problems: Why nodes that belong to the camera could not be opened, or that they are gone.
        stream: What is on, or ``None``. Another one after each change of the format.
        mode: What it should have been set to when it was unplugged; ``None``: it was in no other.
        streams: Whether it should have streamed then, though it did not.
        silence: How long somebody has waited for frames.
        held: W3C settings that somebody wants. Some cameras forget what they are when streaming
            begins; then they are written again.
        closed: Whether :meth:`close` was called.
        settled: Whether light has had time to settle since streaming began, or since something was
            written or lit that automatics answer to.
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
        led = None if lamp is None else open_led(lamp)
        # Who opens a flash node takes its LED from everybody else.
        subdevices, self.problems = find_subdevices(device, but=() if led is None else ("flash",))
        self._sensor = next((each for each in subdevices if each.function == "sensor"), None)
        self.parts = subdevices
        self._gone: dict[Subdevice, DeviceError] = {}
        if led is None and self._sensor is not None and self._has_no_lamp():
            led, problems = find_led(self._sensor)
            self.problems += problems
        if led is not None:
            self.parts.append(led)
        for problem in self.problems:
            _log.warning("a part of the camera is left out: %s", problem)
        self._silent: list[Node] = []  # nodes that do not tell of changes
        self._heard_before: Mapping[tuple[int, int], int] | None = None
        self._hearsay = Hearsay()
        self.stream: Stream | None = None
        self.mode: NativeMode | None = None
        self.streams = False
        self.silence = Silence()
        self.held: dict[str, Any] = {}
        self.settled = False
        self.interrupt: Callable[[], None] = _nothing
        self._told_ns = 0  # when others wrote a control last
        self.opened = time.monotonic()
        self.closed = False

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The video node first, then its sensor, lenses and flashes, as far as they are there."""
        return (self.device, *(part for part in self.parts if part not in self._gone))

    def _has_no_lamp(self) -> bool:
        return not any(LED_MODE in node.controls for node in self.nodes)

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
        for part in self.parts:
            part.close()

    # ---- reading ----

    def states(self, names: Iterable[str] | None = None) -> dict[int, ControlState]:
        """Return the controls of W3C properties (left out: all) as they are now.

        The numbers of a node are read in one ioctl. A control that cannot be read hides no
        other: it has no value.
        """
        return self._look_at(control_ids(names))

    def _look_at(self, wanted: Collection[int]) -> dict[int, ControlState]:
        found: dict[int, ControlState] = {}
        for node in self.nodes:
            controls = node.controls
            self._hearsay.forget(controls._written)
            here = [cid for cid in wanted if cid not in found and self._has(node, cid)]
            values = self._read(node, here)
            for cid in here:
                value = self._hearsay.value(cid, values.get(cid))
                found[cid] = ControlState.of(controls[cid], value)
        return found

    def _read(self, node: Node, cids: Iterable[int]) -> dict[int, Any]:
        """Return the values of those that can be read; of a part that is gone, none."""
        try:
            return _values(node.controls, [cid for cid in cids if self._has(node, cid)])
        except DeviceGoneError as error:
            self._check_rest(error)
            return {}

    def sensor_states(self) -> dict[int, ControlState]:
        """Return the controls of a raw sensor whose values change where a size allows less."""
        if self._sensor is None:
            return {}
        return self._look_at(_SENSOR)

    def timing(self, states: Mapping[int, ControlState]) -> SensorTiming | None:
        """Return the timing of a raw sensor, or ``None``: there is none, or not all is known."""
        if self._sensor is None or _EXPOSURE not in states:
            return None
        return timing(states, self._sensor.line_width, self.sensor_name, self.base_iso)

    @property
    def sensor_name(self) -> str:
        """What the chip of a raw sensor is called, for example ``"imx219"``; else ``""``."""
        return "" if self._sensor is None else self._sensor.name.partition(" ")[0]

    def control(self, cid: int) -> Control:
        """Return the control of an id.

        Raises:
            UnknownControlError: The camera has none.
        """
        return self._node(cid).controls[cid]

    def find(self, cid: int) -> Control | None:
        """Return the control of an id, or ``None``: the camera has none."""
        return self._node(cid).controls.get(cid)

    def _node(self, cid: int) -> Node:
        return next((node for node in self.nodes if self._has(node, cid)), self.device)

    def _has(self, node: Node, cid: int) -> bool:
        """Whether a node has a control; a part that is gone has none."""
        try:
            return cid in node.controls
        except DeviceGoneError as error:
            self._check_rest(error)
            return False

    # ---- parts that go and come ----

    def _check_rest(self, error: DeviceGoneError) -> None:
        """Complain about a node that is gone, unless it is a part and the rest is there.

        Raises:
            DeviceGoneError: It is the video node, or that is gone, too.
        """
        if error.filename == self.device.path:
            raise error
        _ = self.format
        error.hint = "Only this part of the camera is gone; it is used again when it is back"

    def part_gone(self, error: DeviceGoneError, control: str, value: Any = None) -> ControlError:
        """Return the error for who needs a control of a part that is gone.

        Raises:
            DeviceGoneError: All of the camera is.
        """
        self._check_rest(error)
        number, operation = error.errno or errno.ENODEV, error.operation
        gone = device_error(ControlError, number, operation, error.filename, error.hint)
        gone.control, gone.value = control, value
        return gone

    def _lose(self, node: Node, error: DeviceGoneError) -> set[int]:
        """Go on without a part; return the ids of its controls."""
        self._check_rest(error)
        part = next(each for each in self.parts if each is node)
        self._gone[part] = error
        self.problems.append(error)
        _log.warning("a part of the camera is gone: %s", error)
        if part in self._silent:  # else its descriptor may be watched; close() closes it
            self._silent.remove(part)
            part.close()
        return set(part.controls._rows)

    def _look_for_parts(self) -> set[int]:
        """Use parts again that were gone and are back; return the ids of their controls."""
        back: set[int] = set()
        for part in list(self._gone):
            try:
                again = part._open_again(self.device)
            except DeviceError:
                continue
            self.problems.remove(self._gone.pop(part))
            self.parts[self.parts.index(part)] = again
            if part is self._sensor:
                self._sensor = again
            again.controls._chosen = part.controls._chosen
            self._listen(again)
            _log.warning("a part of the camera is back: %s", again.path)
            back.update(cid for cid in control_ids() if self._has(again, cid))
        return back

    # ---- the stream ----

    @property
    def format(self) -> Format | None:
        """The present format; ``None``: there is none, at a loopback that nobody feeds."""
        try:
            return self.device.format
        except DeviceGoneError:
            raise
        except DeviceError:
            return None

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
        self.settled = False
        stream = partial(self.device.stream, _BUFFERS, copy_when_low=True)
        self.stream = self._when_frames_are_gone(stream)
        if kept:
            # What was forgotten does not show: uvcvideo, for one, answers from its cache.
            self.carry_out(self.plan(kept, again=True), ())
        return self.stream

    def plan(self, wanted: Mapping[str, Any], *, again: bool = False) -> WritePlan:
        """Return what has to be written so that W3C settings are as wanted, or all ``again``."""
        states = self.states(wanted)
        timing = self.timing(states)
        return write_plan(states, wanted, timing=timing, frame=self.frame_size, again=again)

    def _kept(self) -> dict[str, Any]:
        """Return what shall not be forgotten, as it is now: others may have changed it since."""
        if not self.held:
            return {}
        states = self.states(self.held)
        now = settings(states, self.timing(states), self.frame_size).to_dict()
        passing = (None, MeteringMode.SINGLE_SHOT)
        # Of a region, only its middle is known.
        return {
            name: value if name == "pointsOfInterest" or now.get(name) in passing else now[name]
            for name, value in self.held.items()
        }

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

    # ---- what changes by itself ----

    @property
    def event_sources(self) -> list[Events]:
        """Of each node: what :meth:`catch_up` looks at, to wait for."""
        return [node.events for node in self.nodes if node not in self._silent]

    def watch(self) -> None:
        """Be told when somebody else changes a control of a W3C property, or the picture's size."""
        self._heard_before = self.device.events._subscriptions()
        for node in self.nodes:
            self._listen(node)
        with contextlib.suppress(DeviceError):  # most have none
            self.device.events.subscribe_source_change()

    def _listen(self, node: Node) -> None:
        try:
            for cid in (cid for cid in control_ids() if cid in node.controls):
                node.events.subscribe(cid)
        except DeviceError as error:
            if node is self.device and isinstance(error, DeviceGoneError):
                raise
            self._silent.append(node)

    def unwatch(self) -> None:
        """Let the video node tell what it told before; the others are closed anyway."""
        before, self._heard_before = self._heard_before, None
        if before is not None:
            with contextlib.suppress(DeviceError, ClosedError):
                self.device.events._go_back_to(before)

    def catch_up(self) -> tuple[set[int], bool]:
        """Fetch the events that are there; what a driver says of its controls is fresh then.

        Returns:
            The ids of the controls of which others have changed value or range, and whether
            the picture at the input has another size now.
        """
        changed, resized = set(), False
        for node in self.nodes:
            try:
                others, is_resized = self._catch_up_with(node)
            except DeviceGoneError as error:
                changed |= self._lose(node, error)
            else:
                changed |= others
                resized = resized or is_resized
        return changed | self._look_for_parts(), resized

    def _catch_up_with(self, node: Node) -> tuple[set[int], bool]:
        changed, resized = set(), False
        controls = node.controls
        if node in self._silent:
            controls.refresh()
        written, controls._written = controls._written, set()
        told: dict[int, ControlEvent] = {}
        while (event := node.events.try_read()) is not None:
            if isinstance(event, ControlEvent) and not _is_ours(event, written):
                changed.add(event.id)
                self._told_ns = max(self._told_ns, event.timestamp_ns)
                if event.changes == {"value"} and event.value is not None:
                    told[event.id] = event
            resized = resized or isinstance(event, SourceChangeEvent)
        self._hearsay.forget(written)
        read = _values(controls, [cid for cid in told if cid in controls])
        for cid, value in read.items():
            is_later = cid not in written or told[cid].timestamp_ns > controls.written_ns
            if is_later and "volatile" not in controls[cid].flags:
                self._hearsay.note(cid, told[cid].value, value)
        return changed, resized

    @property
    def written_ns(self) -> int:
        """When anybody wrote a control last, as far as that is known; monotonic nanoseconds."""
        return max(self._told_ns, *(node.controls.written_ns for node in self.nodes))

    # ---- writing ----

    def write(self, writes: Iterable[Write]) -> dict[int, Any]:
        """Write controls, those of one node in one ioctl, and return what each reads now.

        Raises:
            ControlError: The driver refused one.
        """
        read: dict[int, Any] = {}
        values = {write.cid: write.value for write in writes}
        if not _OF_LIGHT.isdisjoint(values):
            self.settled = False
        for node in self.nodes:
            here = [cid for cid in values if self._node(cid) is node]
            if here:
                try:
                    now = node.controls._set({cid: values[cid] for cid in here})
                except DeviceGoneError as error:
                    raise self.part_gone(error, NAMES[here[0]], values[here[0]]) from error
                read.update(zip(here, now.values(), strict=True))
        return read

    def supersede(self, cids: Iterable[int]) -> None:
        """Forget what a user has set: constraints have it in hand from now on."""
        for cid in cids:
            self._node(cid).controls._chosen.pop(cid, None)

    def carry_out(self, plan: WritePlan, required: Collection[str]) -> dict[int, Any]:
        """Write a plan, and put everything back where it fails.

        What nobody requires may fail: the rest is written all the same, and the log tells.

        Args:
            required: W3C names that must not fail.

        Returns:
            Id to what each control that was written read right afterwards.

        Raises:
            ControlError: One that is required failed; the old values are back.
            DeviceGoneError: The camera was unplugged.
        """
        failed: set[str] = set()
        read: dict[int, Any] = {}
        begun: set[int] = set()
        try:
            for step in plan.steps:
                begun.update(write.cid for write in step.writes)
                read |= self._carry_out_step(step, required, failed)
        except DeviceGoneError:
            raise
        except BaseException:
            self.put_back(plan, begun)
            raise
        return read

    def _carry_out_step(
        self, step: Step, required: Collection[str], failed: set[str]
    ) -> dict[int, Any]:
        # What a mode rules is not written where that mode could not be had.
        writes = [write for write in step.writes if write.member not in failed]
        read: dict[int, Any] = {}
        while writes:
            try:
                read = self.write(writes)
                if step.verify:
                    self._verify(writes, read)
                break
            except ControlError as error:
                culprit = _culprit(writes, error)
                if culprit.member in required:
                    raise
                failed.add(culprit.member)
                _log.warning("%s is not as wanted: %s", culprit.member, error)
                writes = [write for write in writes if write.member not in failed]
        if step.wait is not None and writes:
            self._wait(step.wait)
        return read

    def _verify(self, writes: Sequence[Write], read: Mapping[int, Any]) -> None:
        """Complain about a control that did not follow: what it rules would not either."""
        for write in writes:
            if read.get(write.cid) not in (None, write.value):
                raise self.ignored(write.cid, write.value, read[write.cid])

    def ignored(self, cid: int, wanted: Any, read: Any) -> ControlError:
        """Return the error for a control that does not have the value it was given."""
        error = device_error(ControlError, errno.EIO, "VIDIOC_S_EXT_CTRLS", self._node(cid).path)
        error.control, error.value = self.control(cid).name, wanted
        error.strerror = f"the driver took it, but still reads {read!r}"
        return error

    def put_back(self, plan: WritePlan, begun: Collection[int]) -> None:
        """Write the old values of the controls that a plan has begun with; as far as possible."""
        with undisturbed():
            self._put_back([write for write in plan.restore if write.cid in begun])

    def _put_back(self, writes: Iterable[Write]) -> None:
        for write in writes:
            try:
                self.write((write,))
            except ControlError as error:
                read = self._read(self._node(write.cid), [write.cid])
                if read.get(write.cid) != write.value:
                    _log.warning("the old value is not back: %s", error)
            except (DeviceError, ClosedError) as error:
                _log.warning("the old value is not back: %s", error)

    def restore(self, before: Mapping[int, ControlState]) -> None:
        """Put controls back that have other values now; as far as possible.

        Their ranges may be others, too: catch up before.
        """
        plan = undo_plan(before, self._look_at(before.keys()))
        self.put_back(plan, {write.cid for write in plan.restore})

    def _wait(self, wait: Wait) -> None:
        end = time.monotonic() + wait.seconds
        while (left := end - time.monotonic()) > 0:
            if wait.cid is not None and not self._is_busy(wait):
                return
            time.sleep(min(left, _POLL if wait.cid is not None else left))

    def _is_busy(self, wait: Wait) -> bool:
        assert wait.cid is not None
        value = self._read(self._node(wait.cid), [wait.cid]).get(wait.cid)
        return isinstance(value, int) and bool(value & wait.busy)


def _is_ours(event: ControlEvent, written: Collection[int]) -> bool:
    """Whether an event tells of what our own switch of a mode does to what the mode rules.

    Its flags change then. uvcvideo tells its value as well, whether that is another one or not.
    """
    if event.changes == {"flags"}:
        return True
    return "flags" in event.changes and any(
        master in written for master in MASTERS.get(event.id, ())
    )


def _values(controls: Controls, cids: Iterable[int]) -> dict[int, Any]:
    """Return the values of those that can be read, all at once if possible."""
    readable = [
        cid
        for cid in cids
        if controls[cid].type != "button" and not controls[cid].flags & _UNREADABLE
    ]
    if not readable:
        return {}
    try:
        return dict(zip(readable, controls.read(readable).values(), strict=True))
    except ControlError:
        return dict(_one_by_one(controls, readable))


def _one_by_one(controls: Controls, cids: Iterable[int]) -> Iterator[tuple[int, Any]]:
    for cid in cids:
        with contextlib.suppress(ControlError):
            yield cid, controls[cid].value


def _culprit(writes: Sequence[Write], error: ControlError) -> Write:
    """Return the write that an error is about."""
    return next((write for write in writes if NAMES[write.cid] == error.control), writes[0])
