# SPDX-License-Identifier: MIT
"""Which cameras there are, and a track of the one that fits best.

Source: W3C Media Capture and Streams, "MediaDevices".
"""

from __future__ import annotations

import asyncio
import os
import uuid
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

from .camera import check_one_of
from .capturesource import CaptureSource
from .constraints import selectable
from .devicechange import DeviceChange
from .dictionaries import Dictionary, MediaTrackConstraints, MediaTrackSupportedConstraints
from .discovery import node_paths
from .errors import CaptureError, NotFoundError
from .eventtarget import DOMEvent, EventHandler, EventTarget
from .mediastream import MediaStream
from .selection import InputDeviceInfo, Verdict, judge, judge_at, list_cameras, refusal
from .track import MediaStreamTrack
from .webidl import Convert
from .worker import Outcome, Worker, rejected

__all__ = ["DeviceChangeEvent", "InputDeviceInfo", "MediaDevices"]


class DeviceChangeEvent(DOMEvent):
    """Cameras have come or gone.

    Attributes:
        devices: All that are there now.
        user_inserted_devices: Those of them that were not there before.
    """

    __slots__ = ("devices", "user_inserted_devices")

    def __init__(
        self,
        type: str,  # noqa: A002
        target: EventTarget,
        devices: tuple[InputDeviceInfo, ...],
        user_inserted_devices: tuple[InputDeviceInfo, ...],
    ) -> None:
        super().__init__(type, target)
        self.devices = devices
        self.user_inserted_devices = user_inserted_devices


def _video(_name: str, value: Any) -> bool | MediaTrackConstraints:
    return value if isinstance(value, bool) else MediaTrackConstraints.of(value)


def _audio(name: str, value: Any) -> bool:
    if not isinstance(value, bool | Mapping):
        raise TypeError(f"{name} takes True, False or a mapping, not {value!r}")
    return value is not False


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class MediaStreamConstraints(Dictionary):
    """Which tracks are wanted: ``True``, or what they are to be like."""

    video: bool | MediaTrackConstraints | None = None
    audio: bool | None = None

    MEMBERS: ClassVar[Mapping[str, Convert]] = {"video": _video, "audio": _audio}


class MediaDevices(EventTarget):
    """The cameras of this computer.

    Args:
        cameras: Paths, for example ``["sim:webcam"]``: only these; they need not be listed
            anywhere. Left out: all there are, and the simulated ones in ``V4L2CAPTURE_SIM``.
        on_disconnect: What happens to a track whose camera is unplugged: ``"end"``, or
            ``"wait"``: it is muted until the camera is back, at whatever node, and set as it was.
        on_stall: What happens to a track whose camera gives no frames: ``"mute"``, or
            ``"restart"``: its stream is begun anew, too, once.

    Attributes:
        ondevicechange: Listener: cameras have come or gone.

    Synchronization: the event loop's thread only.
    """

    EVENTS = ("devicechange",)

    ondevicechange = EventHandler()

    def __init__(
        self,
        cameras: Iterable[str | os.PathLike[str]] | None = None,
        *,
        on_disconnect: Literal["end", "wait"] = "end",
        on_stall: Literal["mute", "restart"] = "mute",
    ) -> None:
        super().__init__()
        check_one_of("on_disconnect", on_disconnect, "end", "wait")
        check_one_of("on_stall", on_stall, "mute", "restart")
        self._waits = on_disconnect == "wait"
        self._restarts = on_stall == "restart"
        if isinstance(cameras, str):
            raise TypeError(f"MediaDevices takes a list of cameras, not {cameras!r}")
        self._cameras = None if cameras is None else [os.fspath(camera) for camera in cameras]
        self._worker = Worker("v4l2capture cameras")
        self._known: tuple[InputDeviceInfo, ...] | None = None
        self._watch: DeviceChange | None = None

    # ---- which there are ----

    def get_supported_constraints(self) -> MediaTrackSupportedConstraints:
        """Return the properties that can be constrained, whatever the cameras can."""
        return MediaTrackSupportedConstraints()

    def enumerate_devices(self) -> asyncio.Future[list[InputDeviceInfo]]:
        """Return all cameras. One that does not answer hides no other.

        This begins when it is called, and not when it is awaited.
        """

        def listed(outcome: Outcome[list[InputDeviceInfo]]) -> list[InputDeviceInfo]:
            devices = outcome.result()
            if self._watch is None:
                self._known = tuple(devices)
            return devices

        open_ones = {
            source.path: InputDeviceInfo.of(source.look.info, source.look.capabilities)
            for source in CaptureSource.all()
            if source.look is not None
        }
        return self._worker.submit(
            asyncio.get_running_loop(), partial(list_cameras, self._cameras, open_ones), listed
        )

    def _listening(self) -> None:
        is_heard = self._is_heard("devicechange")
        if is_heard and self._watch is None:
            self._watch = DeviceChange(self._look)
            self._look()
        elif not is_heard and self._watch is not None:
            self._watch.close()
            self._watch = None

    def events(self, type: str) -> Any:  # noqa: A002
        queue = super().events(type)
        loop = asyncio.get_running_loop()
        weakref.finalize(queue, _call_soon, loop, self._listening).atexit = False
        return queue

    def _look(self) -> None:
        self.enumerate_devices().add_done_callback(self._looked)

    def _looked(self, outcome: asyncio.Future[list[InputDeviceInfo]]) -> None:
        if self._watch is None or outcome.cancelled():
            return
        before, now = self._known, tuple(outcome.result())
        self._known = now
        if before is not None and now != before:
            ids = {device.device_id for device in before}
            new = tuple(device for device in now if device.device_id not in ids)
            self._fire(DeviceChangeEvent("devicechange", self, now, new))

    # ---- a track of the best ----

    def get_user_media(
        self, constraints: Mapping[str, Any] | None = None, /, **members: Any
    ) -> asyncio.Future[MediaStream]:
        """Return a stream with a track of the camera that fits best; it is streaming then.

        This begins when it is called, and not when it is awaited. Who asks for a camera that
        another track of this event loop uses shares it.

        Args:
            constraints: ``{"video": True}``, or ``{"video": {...}}`` with what the track is
                to be like; see :meth:`MediaStreamTrack.apply_constraints`.
            members: The same as keywords.

        Raises:
            TypeError: No video is wanted, a value has a wrong type, or something is required
                that is no reason to choose a camera, for example a zoom.
            NotFoundError: There is no camera, or a microphone is wanted.
            OverconstrainedError: None has what is required.
            NotAllowedError: This user may not open it.
            NotReadableError: Others use it, or the bus that it is connected to.
            AbortError: It failed in another way.
        """
        loop = asyncio.get_running_loop()
        try:
            wanted = MediaStreamConstraints.of(constraints, **members)
            if wanted.video in (None, False) and not wanted.audio:
                raise TypeError("get_user_media takes {'video': True}, or what it is to be like")
            video = selectable(None if isinstance(wanted.video, bool) else wanted.video)
        except TypeError as error:
            return rejected(loop, error)
        if wanted.audio:
            return rejected(loop, NotFoundError("there are no microphones in this library"))
        return loop.create_task(self._get(video))

    async def _get(self, wanted: MediaTrackConstraints) -> MediaStream:
        failures: list[CaptureError] = []
        verdicts = await self._judge(wanted, failures)
        fit = [verdict for verdict in verdicts if verdict.distance < float("inf")]
        for verdict in sorted(fit, key=lambda each: (each.missed, each.distance)):
            track_id = str(uuid.uuid4())
            await CaptureSource.bring_home()
            source = CaptureSource.of(verdict.path)
            source.restarts = source.restarts or self._restarts
            make = partial(MediaStreamTrack._of, source, track_id, self._waits)
            try:
                return MediaStream([await source.join(track_id, wanted, make)])
            except CaptureError as error:
                failures.append(error)
        raise refusal(failures, [verdict for verdict in verdicts if verdict not in fit])

    async def _judge(
        self, wanted: MediaTrackConstraints, failures: list[CaptureError]
    ) -> list[Verdict]:
        loop = asyncio.get_running_loop()
        paths = self._cameras
        if paths is None:
            paths = await self._worker.submit(loop, node_paths, Outcome.result)
        verdicts: list[Verdict | None] = []
        for path in paths:
            source = CaptureSource.find(path)
            try:
                if source is not None and source.look is not None:
                    question = partial(_judge_open, path=path, wanted=wanted)
                    verdicts.append(await source.run(question, Outcome.result))
                else:
                    call = partial(judge_at, path, wanted)
                    verdicts.append(await self._worker.submit(loop, call, Outcome.result))
            except CaptureError as error:
                failures.append(error)
        return [verdict for verdict in verdicts if verdict is not None]

    def __repr__(self) -> str:
        return f"<MediaDevices {'all' if self._cameras is None else ', '.join(self._cameras)}>"


def _judge_open(shared: Any, path: str, wanted: MediaTrackConstraints) -> Verdict:
    return judge(shared.camera, path, wanted)


def _call_soon(loop: asyncio.AbstractEventLoop, call: Any) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
