# SPDX-License-Identifier: MIT
"""A track: what one user has of a camera, from the first picture to the last.

Sources: W3C Media Capture and Streams, "MediaStreamTrack"; Media Capture and Streams
Extensions for ``configurationchange`` and ``stats``.
"""

from __future__ import annotations

import asyncio
import copy
import time
import uuid
import weakref
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from .dictionaries import MediaTrackCapabilities, MediaTrackConstraints, MediaTrackSettings
from .errors import CaptureError, DeviceGoneError, DOMException, OperationError, UnknownError
from .eventtarget import DOMEvent, EventHandler, EventTarget
from .sharedcamera import Look, Seen, SharedCamera
from .videoframe import Thinner, VideoFrame
from .videomode import CROP_AND_SCALE
from .worker import Outcome, rejected, resolved

if TYPE_CHECKING:
    from .capturesource import CaptureSource
    from .frame import Frame

__all__ = ["MediaStreamTrack", "MediaStreamTrackVideoStats"]

_T = TypeVar("_T")

# What is still known of a camera that is gone.
_LASTING = ("deviceId", "facingMode", "groupId")


@dataclass(slots=True, eq=False)
class MediaStreamTrackVideoStats:
    """What became of a track's frames. They count whether or not anybody reads them.

    Attributes:
        delivered_frames: Came in time, and were there for whoever wanted them.
        discarded_frames: Left out, because the track's frame rate is lower than the camera's.
        total_frames: All that the camera made, those that were lost on their way too.
    """

    delivered_frames: int = 0
    discarded_frames: int = 0
    total_frames: int = 0

    def to_dict(self) -> dict[str, int]:
        """Return them with W3C names."""
        return {
            "deliveredFrames": self.delivered_frames,
            "discardedFrames": self.discarded_frames,
            "totalFrames": self.total_frames,
        }


class MediaStreamTrack(EventTarget):
    """What one user has of a camera: pictures in their size and rate, and its settings.

    ``MediaDevices.get_user_media`` and :meth:`clone` make tracks. A track that nobody has
    any more is stopped.

    Attributes:
        kind: ``"video"``.
        id: Unlike that of any other track.
        label: The camera's name.
        onended: Listener: the camera is gone. :meth:`stop` does not call it.
        onmute: Listener: no frames come, for some time, or until the camera is plugged in again.
        onunmute: Listener: they come again.
        onconfigurationchange: Listener: capabilities or settings are others now, and not
            because this track wanted it.

    Synchronization: the event loop's thread only.
    """

    EVENTS = ("ended", "mute", "unmute", "configurationchange")

    kind: ClassVar[str] = "video"

    onended = EventHandler()
    onmute = EventHandler()
    onunmute = EventHandler()
    onconfigurationchange = EventHandler()

    def __init__(
        self,
        source: CaptureSource,
        track_id: str,
        capabilities: MediaTrackCapabilities,
        seen: Seen,
        waits: bool,
    ) -> None:
        super().__init__()
        self.id = track_id
        self.label = ""
        self._source = source
        self._loop = source.loop
        self._enabled = True
        self._muted = source.muted
        self._ended = False
        self._waits = waits  # for a camera that is unplugged
        self._capabilities = capabilities
        self._seen = seen
        self._changed: tuple[MediaTrackCapabilities, Seen] | None = None  # while it was muted
        self._stats = MediaStreamTrackVideoStats()
        self._thinner = Thinner()
        self._readers: weakref.WeakSet[_Frames] = weakref.WeakSet()
        self._grabs: list[_Grab] = []

    @classmethod
    def _of(cls, source: CaptureSource, track_id: str, waits: bool, look: Look) -> Self:
        """Return the track of a user who has just joined."""
        track = cls(source, track_id, look.capabilities, look.users[track_id], waits)
        track.label = look.info.card
        return track

    # ---- what it is ----

    @property
    def ready_state(self) -> str:
        """``"live"``, and later, for good, ``"ended"``."""
        return "ended" if self._ended else "live"

    @property
    def muted(self) -> bool:
        """Whether no frames come although they should."""
        return self._muted

    @property
    def enabled(self) -> bool:
        """``True``; set it to ``False``, and all pictures are black. The camera goes on."""
        return self._enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        if not isinstance(enabled, bool):
            raise TypeError(f"enabled takes True or False, not {enabled!r}")
        self._enabled = enabled

    @property
    def stats(self) -> MediaStreamTrackVideoStats:
        """What became of the frames so far: the same object each time."""
        return self._stats

    # ---- capabilities, constraints, settings ----

    def get_capabilities(self) -> MediaTrackCapabilities:
        """Return what the camera can. Known, and not asked for: this never waits."""
        return copy.deepcopy(self._capabilities)

    def get_constraints(self) -> MediaTrackConstraints:
        """Return what was applied last, also what of it was not possible."""
        return copy.deepcopy(self._seen.constraints)

    def get_settings(self) -> MediaTrackSettings:
        """Return what was set when anybody changed something last. This never waits.

        What a camera's automatic modes do all the time is in ``Camera.settings``.
        """
        return copy.deepcopy(self._seen.settings)

    def apply_constraints(
        self,
        constraints: Mapping[str, Any] | MediaTrackConstraints | None = None,
        /,
        **members: Any,
    ) -> asyncio.Future[None]:
        """Make settings fit constraints; they replace those that were applied before.

        This begins when it is called, and not when it is awaited; calls for one camera are
        carried out in their order. Who is cancelled before its turn changes nothing; a change
        that has begun is carried out to its end. Nothing happens where the track has ended.

        Args:
            constraints: For example ``{"advanced": [{"zoom": 200}]}``.
            members: The same as keywords, for example ``zoom=200``.

        Raises:
            OverconstrainedError: Something required is impossible, or the driver did not do
                it; nothing is changed then.
            OperationError: The camera failed; where it was unplugged, the track ends.
            TypeError: A value of a wrong type, or a member in both spellings.
        """
        try:
            wanted = MediaTrackConstraints.of(constraints, **members)
        except TypeError as error:
            return rejected(self._loop, error)
        if self._ended:
            return resolved(self._loop, None)
        return self._source.run(lambda shared: self._apply(shared, wanted), self._applied)

    def _apply(self, shared: SharedCamera, wanted: MediaTrackConstraints) -> Look | None:
        # In the camera's thread. Who was stopped meanwhile wants nothing any more.
        return None if self._ended else shared.apply(self.id, wanted)

    def _applied(self, outcome: Outcome[Look | None]) -> None:
        look = self._result(outcome)
        if look is not None and not self._ended:
            self._capabilities, self._seen = look.capabilities, look.users[self.id]
            self._source.took(look)

    def _result(self, outcome: Outcome[_T]) -> _T:
        """Return what the camera answered, or raise what it means."""
        try:
            return outcome.result()
        except DOMException:
            raise
        except CaptureError as error:
            if isinstance(error, DeviceGoneError):
                self._source.fail(error)
            raise OperationError(str(error)) from error

    # ---- pictures ----

    def frames(self) -> AsyncIterator[VideoFrame]:
        """Return an asynchronous iterator over the pictures from now on, the newest first.

        Who is slow misses pictures, and delays nobody else. It ends with the track.
        """
        reader = _Frames(self)
        self._readers.add(reader)
        return reader

    # ---- life ----

    def clone(self) -> MediaStreamTrack:
        """Return another track of the same camera, with the same constraints and state."""
        source, seen = self._source, self._seen
        twin = type(self)(source, str(uuid.uuid4()), self._capabilities, seen, self._waits)
        twin.label = self.label
        twin._enabled, twin._muted, twin._ended = self._enabled, self._muted, self._ended
        twin._changed, twin._is_silent = self._changed, self._ended
        if not self._ended:
            source.copy(twin)
        return twin

    def stop(self) -> None:
        """Want nothing any more. The last track of a camera closes it, in its own thread."""
        if not self._ended:
            self._end()
            self._source.release(self.id)

    async def wait_closed(self) -> None:
        """After :meth:`stop`: wait until others can use the camera, if this was its last track."""
        await self._source.wait_closed()

    def __repr__(self) -> str:
        return f"<MediaStreamTrack {self.kind} {self.label!r}, {self.ready_state}>"

    # ---- what the source tells ----

    def _saw(self, capabilities: MediaTrackCapabilities, seen: Seen) -> None:
        """The camera was looked at. Whether anything changed shows here."""
        if self._ended:
            return
        if self._muted:
            self._changed = capabilities, seen
            return
        self._changed = None
        same = capabilities == self._capabilities and seen.settings == self._seen.settings
        self._capabilities, self._seen = capabilities, seen
        if not same:
            self._fire(DOMEvent("configurationchange", self))

    def _mute(self, muted: bool) -> None:
        """Frames stay away, or come again."""
        if self._ended or muted == self._muted:
            return
        self._muted = muted
        self._fire(DOMEvent("mute" if muted else "unmute", self))
        if self._changed is not None and not (self._muted or self._ended):
            self._saw(*self._changed)

    def _take(self, frame: Frame, passed: int, native: float | None) -> None:
        """A frame came.

        Args:
            passed: How many frames the camera has made since the last one, with this one.
            native: The camera's frame rate.
        """
        if self._ended:
            return
        settings = self._seen.settings
        scaled = settings.resize_mode == CROP_AND_SCALE
        size = (settings.width or 0, settings.height or 0) if scaled else None
        rate = settings.frame_rate if scaled else None
        in_time = self._thinner.takes(frame.timestamp_ns, rate, native)
        if self._enabled:
            self._stats.total_frames += passed
            self._stats.delivered_frames += in_time
            self._stats.discarded_frames += not in_time
        for grab in list(self._grabs):
            grab.offer(VideoFrame(frame, size, is_black=not self._enabled))
        if in_time:
            for reader in list(self._readers):
                reader.put(VideoFrame(frame, size, is_black=not self._enabled))

    def _fresh(self) -> asyncio.Future[VideoFrame]:
        """Return the first picture that is taken after this call, whatever the frame rate.

        Raises:
            UnknownError: The track ended before there was one.
        """
        grab = _Grab(self._loop.create_future())
        self._grabs.append(grab)
        grab.picture.add_done_callback(lambda _: self._grabs.remove(grab))
        return grab.picture

    def _end(self, error: BaseException | None = None) -> None:
        """There is nothing any more. Tell only those who wait for pictures."""
        self._ended = True
        now = self._seen.settings
        lasting = {name: now[name] for name in _LASTING if name in now}
        self._seen = replace(self._seen, settings=MediaTrackSettings.of(lasting))
        for grab in self._grabs:
            grab.fail(error)
        for reader in list(self._readers):
            reader.put(None)
        if error is None:
            self._fire_no_more()

    def _fail(self) -> None:
        """Tell everybody that the track has ended."""
        self._fire(DOMEvent("ended", self))
        self._fire_no_more()


class _Frames:
    """The pictures of a track for one ``async for``: a box for one, in which a new one replaces
    the old one.
    """

    def __init__(self, track: MediaStreamTrack) -> None:
        self._track = track  # which lives while somebody reads
        self._picture: VideoFrame | None = None
        self._stirred = asyncio.Event()
        if track.ready_state == "ended":
            self._stirred.set()

    def put(self, picture: VideoFrame | None) -> None:
        """Take the newest picture; ``None``: there are no more."""
        self._picture = picture
        self._stirred.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> VideoFrame:
        while self._picture is None:
            if self._track.ready_state == "ended":
                raise StopAsyncIteration
            self._stirred.clear()
            await self._stirred.wait()
        picture, self._picture = self._picture, None
        return picture


# A picture that is not the first since somebody asked is fresh at last, whatever the clock of
# the camera says: so many lie in no driver.
_MOST_STALE = 8


class _Grab:
    """Somebody who waits for a fresh picture."""

    def __init__(self, picture: asyncio.Future[VideoFrame]) -> None:
        self.picture = picture
        self._asked = time.monotonic_ns()
        self._stale = 0

    def offer(self, picture: VideoFrame) -> None:
        fresh = picture.timestamp_ns >= self._asked or picture.timestamp_source == "arrival"
        if not fresh and self._stale < _MOST_STALE:
            self._stale += 1
        elif not self.picture.done():
            self.picture.set_result(picture)

    def fail(self, error: BaseException | None) -> None:
        if not self.picture.done():
            failed = UnknownError("the track ended before there was a picture")
            failed.__cause__ = error
            self.picture.set_exception(failed)
