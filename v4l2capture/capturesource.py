# SPDX-License-Identifier: MIT
"""What all tracks of one camera share: the camera, its thread, and one reader of its frames.

Source: W3C Media Capture and Streams, "The model: sources, sinks, constraints, and settings".
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from .devicewatch import FLAPS
from .errors import CaptureError, ClosedError, DeviceError, DeviceGoneError
from .homecoming import Homecoming
from .sharedcamera import Look, SharedCamera
from .silence import longest_silence
from .worker import Outcome, Worker

if TYPE_CHECKING:
    from .camera import Camera
    from .dictionaries import MediaTrackConstraints
    from .frame import Frame
    from .photo import Photo
    from .stream import Stream
    from .track import MediaStreamTrack

__all__ = ["CaptureSource"]

_log = logging.getLogger(__name__)

_T = TypeVar("_T")
_R = TypeVar("_R")

# A driver that fails to stream or to give a frame is tried again, but not for ever.
_MOST_FAILURES = 10
_RETRY = 0.1

# By loop and camera. A source lives as long as its tracks, or the task that reads its frames.
_sources: weakref.WeakValueDictionary[tuple[int, str], CaptureSource] = (
    weakref.WeakValueDictionary()
)

# Those whose camera is away.
_waiting: weakref.WeakSet[CaptureSource] = weakref.WeakSet()

# By camera: who opens it after somebody has closed it waits in the same line.
_workers: weakref.WeakValueDictionary[str, Worker] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def _renew() -> None:
    """In a forked child: the thread that may have held the lock is not there."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew)


def _key(path: str) -> str:
    return path if path.startswith("sim:") else os.path.realpath(path)


class CaptureSource:
    """One open camera in one event loop, and the tracks that share it.

    Attributes:
        muted: No frames have come for some time.
        look: What the camera was like when somebody looked last; ``None``: not yet, or it is away.
        restarts: Whether a stream that stalls is begun anew once, each time that it is muted.

    Synchronization: the event loop's thread only.
    """

    def __init__(self, path: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.path = path
        self.look: Look | None = None
        self.muted = False
        self.restarts = False
        self._key = _key(path)
        with _lock:
            self._worker = _workers.setdefault(self._key, Worker(f"v4l2capture {path}"))
        self._home: Homecoming | None = None  # while the camera is away
        self._begun = 0.0  # when its frames were read for the first time since it came
        self._pictures = Worker(f"v4l2capture {path} pictures")
        self._shared = SharedCamera(path)
        self._tracks: weakref.WeakValueDictionary[str, MediaStreamTrack] = (
            weakref.WeakValueDictionary()
        )
        self._users: dict[str, weakref.finalize[Any, Any]] = {}  # by the ids of their tracks
        self._joining = 0
        self._closed = False
        self._failure: BaseException | None = None
        self._descriptors: tuple[int, ...] = ()
        self._pump: asyncio.Task[None] | None = None
        self._photos = 0  # that are asked for and not taken yet
        self._free = asyncio.Event()  # no photo is being taken: the frames are the tracks'
        self._free.set()
        self._watchdog: asyncio.TimerHandle | None = None
        self._last = 0.0  # when a frame came
        self._silence = longest_silence(None)
        self._counted: tuple[weakref.ref[Stream] | None, int] = (None, 0)

    @classmethod
    def of(cls, path: str) -> CaptureSource:
        """Return the source that is open in this event loop, or a new one."""
        return cls.find(path) or cls._new(path)

    @classmethod
    def find(cls, path: str) -> CaptureSource | None:
        """Return the source that is open in this event loop."""
        loop = asyncio.get_running_loop()
        source = _sources.get((id(loop), _key(path)))
        return source if source is not None and source.loop is loop else None

    @classmethod
    def all(cls) -> list[CaptureSource]:
        """Return all sources that are open in this event loop."""
        loop = asyncio.get_running_loop()
        found = (known() for known in _sources.valuerefs())  # other threads may add some
        return [source for source in found if source is not None and source.loop is loop]

    @classmethod
    async def bring_home(cls) -> None:
        """Let those of this event loop who wait for a camera have it, if it is back, at once.

        Else somebody who asks for it just now could be quicker, and they would find it busy.
        """
        loop = asyncio.get_running_loop()
        for source in list(_waiting):
            if source.loop is loop and source._home is not None:
                await source._home.look()

    @classmethod
    def _new(cls, path: str) -> CaptureSource:
        source = cls(path)
        source._take_path(path)
        return source

    # ---- the camera's thread ----

    def run(
        self, call: Callable[[SharedCamera], _T], then: Callable[[Outcome[_T]], _R]
    ) -> asyncio.Future[_R]:
        """Call the camera in its thread, after all that was asked of it before."""
        return self._worker.submit(self.loop, partial(call, self._shared), then)

    def take_photo(
        self, take: Callable[[Camera], Photo], then: Callable[[Outcome[Photo]], _R]
    ) -> asyncio.Future[_R]:
        """Let the camera's thread have the frames until it has a photo."""

        def interrupt() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self.loop.call_soon_threadsafe(self._mute, True)

        def taken(outcome: Outcome[Photo]) -> _R:
            self._photos -= 1
            if not self._photos:
                self._free.set()
            return then(outcome)

        self._photos += 1
        self._free.clear()
        return self.run(lambda shared: shared.take_photo(interrupt, take), taken)

    def convert(self, call: Callable[[], _T]) -> asyncio.Future[_T]:
        """Make a picture in another thread than the camera's."""
        return self._pictures.submit(self.loop, call, Outcome.result)

    # ---- tracks ----

    def join(
        self,
        track_id: str,
        wanted: MediaTrackConstraints,
        make: Callable[[Look], MediaStreamTrack],
    ) -> asyncio.Future[MediaStreamTrack]:
        """Open the camera, or share it, and make a track of it.

        Raises:
            OverconstrainedError: Something required is impossible.
            DeviceError: The camera does not open or does not stream.
        """
        self._joining += 1

        def joined(outcome: Outcome[Look]) -> MediaStreamTrack:
            self._joining -= 1
            try:
                look = outcome.result()
                if self._failure is not None:
                    raise self._failure
                track = make(look)
                self.adopt(track)
                self.took(look)
                self._begin(look.descriptors)
            except BaseException:
                self._leave_if_last()
                raise
            return track

        return self.run(lambda shared: shared.join(track_id, wanted), joined)

    def adopt(self, track: MediaStreamTrack) -> None:
        """Feed a track until it is released, or nobody has it any more."""
        self._tracks[track.id] = track
        self._users[track.id] = user = weakref.finalize(track, _lose, self, track.id)
        user.atexit = False

    def copy(self, track: MediaStreamTrack) -> None:
        """Feed a copy of a track that this source feeds."""
        track_id, seen = track.id, track._seen
        self.adopt(track)
        self.run(lambda shared: shared.copy(track_id, seen), self._looked)

    def release(self, track_id: str) -> None:
        """Feed a track no more; without tracks the camera is closed."""
        user = self._users.pop(track_id, None)
        if user is not None:
            user.detach()
            self._tracks.pop(track_id, None)
            self._worker.post(partial(self._shared.leave, track_id))
            self._leave_if_last()

    def _leave_if_last(self) -> None:
        if not self._users and not self._joining:
            self.close()

    # ---- what others change ----

    def took(self, look: Look) -> None:
        """Take note of what the camera is like now, and tell its tracks."""
        self.look = look
        for track in list(self._tracks.values()):
            seen = look.users.get(track.id)
            if seen is not None:
                track._saw(look.capabilities, seen)

    def _stirred(self) -> None:
        """Look at the camera, because somebody else may have changed something."""
        self._unwatch()  # until it was looked at: it stays readable
        self.run(SharedCamera.look, self._looked)

    def _looked(self, outcome: Outcome[Look]) -> None:
        try:
            look = outcome.result()
        except (DeviceGoneError, ClosedError) as error:
            self.fail(error)
        except CaptureError as error:
            _log.warning("changes of %s are not seen any more: %s", self.path, error)
        else:
            if not self._closed:
                self.took(look)
                self._watch(look.descriptors)

    def _watch(self, descriptors: tuple[int, ...]) -> None:
        if self._closed:  # by a listener that was told just now
            return
        self._unwatch()
        self._descriptors = descriptors
        for descriptor in descriptors:
            self.loop.add_reader(descriptor, self._stirred)

    def _unwatch(self) -> None:
        for descriptor in self._descriptors:
            self.loop.remove_reader(descriptor)
        self._descriptors = ()

    # ---- frames ----

    def _begin(self, descriptors: tuple[int, ...]) -> None:
        if self._pump is None:
            self._pump = self.loop.create_task(self._read())
            self._pump.add_done_callback(self._read_no_more)
            self._watch(descriptors)
            self._last = self._begun = self.loop.time()
            self._wait_for_silence()

    async def _read(self) -> None:
        """Hand frames out, the newest first. Nothing here keeps one while it waits."""
        failures, begin = 0, SharedCamera.start
        while True:
            try:
                stream = await self.run(begin, Outcome.result)
                with contextlib.suppress(ClosedError):  # for another format
                    while True:
                        await self._free.wait()
                        self._deliver(stream, await stream.alatest(None))
                        failures = 0
            except DeviceGoneError:
                raise
            except DeviceError:
                failures += 1
                if failures == _MOST_FAILURES:
                    raise
                await asyncio.sleep(_RETRY)
                begin = SharedCamera.restart
            else:
                begin = SharedCamera.start

    def _deliver(self, stream: Stream, frame: Frame) -> None:
        self._last = self.loop.time()
        if self.muted:
            self._mute(False)
        passed = self._passed(stream)
        native = stream.format.frame_rate
        rate = float(native) if native else None
        self._silence = longest_silence(native)
        for track in list(self._tracks.values()):
            track._take(frame, passed, rate)

    def _passed(self, stream: Stream) -> int:
        """Return how many frames the camera has made since this was asked last."""
        stats = stream.stats
        total = stats.delivered + stats.dropped + stats.broken + stats.stale
        known, before = self._counted
        self._counted = (weakref.ref(stream), total)
        if known is None or known() is not stream:
            return 1  # of those that came before, nobody knows who was there to miss them
        return max(total - before, 1)

    def _read_no_more(self, task: asyncio.Task[None]) -> None:
        if self._closed or task is not self._pump:
            if not task.cancelled():
                task.exception()  # nobody is left to be told
            return
        if task.cancelled():  # with all other tasks, at the end of the loop
            self._end()
            return
        error = task.exception()
        assert error is not None
        if not isinstance(error, CaptureError):
            self.loop.call_exception_handler(
                {"message": f"Reading from {self.path} failed", "exception": error, "task": task}
            )
        self.fail(error)

    # ---- silence ----

    def _wait_for_silence(self) -> None:
        left = self._last + self._silence - self.loop.time()
        if left <= 0 and not self.muted:
            self._mute(True)
            if self.restarts and not self._photos:
                _log.warning("%s gives no frames: begun anew", self.path)
                self._worker.post(self._shared.restart)
        self._watchdog = self.loop.call_later(
            left if left > 0 else self._silence, self._wait_for_silence
        )

    def _mute(self, muted: bool) -> None:
        self.muted = muted
        for track in list(self._tracks.values()):
            track._mute(muted)

    # ---- unplugged ----

    def _wait_for_return(self, error: BaseException) -> None:
        """Go on without the tracks that do not wait for the camera's return."""
        for track in list(self._tracks.values()):
            if not track._waits:
                track._end(error)
                self.release(track.id)
                track._fail()
        if self._home is not None or self._closed:
            return
        self._leave_path()
        with _lock:  # nor shall it wait for this one
            if _workers.get(self._key) is self._worker:
                del _workers[self._key]
        self.look = None
        self._stop_reading()
        pause = max(0.0, self._begun + FLAPS - self.loop.time())
        reopen = partial(self.run, SharedCamera.reopen, Outcome.result)
        try:
            self._home = Homecoming(pause, reopen, self._returned, self._refused)
        except OSError as unwatched:
            self._end_with(unwatched)
        else:
            _waiting.add(self)
            self._mute(True)

    def _returned(self, look: Look) -> None:
        self._home = None
        _waiting.discard(self)
        self._take_path(look.info.path)
        self._begin(look.descriptors)
        self.took(look)

    def _refused(self, error: BaseException) -> None:
        _log.warning("%s is back, and refuses: %s", self.path, error)
        self._end_with(error)

    def _take_path(self, path: str) -> None:
        """Be the source of the camera at a path from now on."""
        self.path, self._key = path, _key(path)
        _sources[id(self.loop), self._key] = self
        with _lock:
            _workers.setdefault(self._key, self._worker)

    def _leave_path(self) -> None:
        """Leave it to whatever camera is there next."""
        if _sources.get((id(self.loop), self._key)) is self:
            del _sources[id(self.loop), self._key]

    def _stop_reading(self) -> None:
        pump, self._pump = self._pump, None
        self._unwatch()
        if pump is not None:
            pump.cancel()
        if self._watchdog is not None:
            self._watchdog.cancel()

    # ---- life ----

    def fail(self, error: BaseException) -> None:
        """End all tracks, because there is no camera any more; but not those that can wait."""
        gone = isinstance(error, DeviceGoneError)
        if gone and any(track._waits for track in list(self._tracks.values())):
            self._wait_for_return(error)
        else:
            self._end_with(error)

    def _end_with(self, error: BaseException) -> None:
        self._failure = self._failure or error
        for track in self._end(error):
            track._fail()

    def _end(self, error: BaseException | None = None) -> list[MediaStreamTrack]:
        tracks = list(self._tracks.values())
        for track in tracks:
            track._end(error)
        self.close()
        return tracks

    def close(self) -> None:
        """Close the camera; its thread does that, after all that was asked of it before."""
        if self._closed:
            return
        self._closed = True
        self._leave_path()
        for user in self._users.values():
            user.detach()
        self._users.clear()
        self._tracks.clear()
        if not self.loop.is_closed():
            self._stop_reading()
            if self._home is not None:
                self._home.close()
        if self._photos:
            self._pictures.post(self._shared.wake)
        self._worker.post(self._shared.close)

    async def wait_closed(self) -> None:
        """Wait until all that was asked of the camera so far is done."""
        await self.run(lambda _: None, Outcome.result)


def _lose(source: CaptureSource, track_id: str) -> None:
    """A track is garbage; which thread finds out, nobody knows."""
    try:
        source.loop.call_soon_threadsafe(source.release, track_id)
    except RuntimeError:  # the loop is closed, and nobody uses it any more
        source.release(track_id)
