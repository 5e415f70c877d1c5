# SPDX-License-Identifier: MIT
"""Pictures and photo settings of a track.

Source: W3C MediaStream Image Capture, "ImageCapture".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from .bitmap import ImageBitmap
from .developing import PhotoOptions, asked_for
from .dictionaries import PhotoCapabilities, PhotoSettings
from .errors import (
    DeviceGoneError,
    InvalidStateError,
    NotSupportedError,
    OperationError,
    UnknownError,
)
from .guard import ending_in_order
from .photo import Photo
from .sharedcamera import SharedCamera
from .track import MediaStreamTrack
from .videoframe import VideoFrame
from .waiting import end_of, left_until
from .worker import Outcome, rejected

if TYPE_CHECKING:
    from .camera import Camera

__all__ = ["ImageCapture"]

_T = TypeVar("_T")

# A camera that is muted may begin again.
_LONGEST = 5.0


class ImageCapture:
    """Takes pictures of a track.

    Its methods begin when they are called, and not when they are awaited.

    Args:
        track: Of a camera; it may have ended.

    Raises:
        NotSupportedError: The track is no video.
        TypeError: It is no track.

    Synchronization: the event loop's thread only.
    """

    def __init__(self, track: MediaStreamTrack) -> None:
        if not isinstance(track, MediaStreamTrack):
            raise TypeError(f"ImageCapture takes a MediaStreamTrack, not {track!r}")
        if track.kind != "video":
            raise NotSupportedError(f"pictures are taken of video, not of {track.kind}")
        self._track = track

    @property
    def track(self) -> MediaStreamTrack:
        """The track, as given."""
        return self._track

    def take_photo(
        self,
        settings: Mapping[str, Any] | PhotoSettings | None = None,
        /,
        *,
        timeout: float | None = 10.0,
        **options: Unpack[PhotoOptions],
    ) -> asyncio.Future[Photo]:
        """Take a photo; as :meth:`v4l2capture.Camera.take_photo`.

        Where it needs another size than the tracks have, they are muted for it. A track that
        waits for a camera that is unplugged has the photo taken when it is back, in time.

        Raises:
            InvalidStateError: The track has ended, or is not enabled.
            NotSupportedError: The camera cannot do what is wanted.
            UnknownError: It could not be taken; the ``__cause__`` says why.
            TypeError, ValueError: A wrong argument.
        """
        track = self._track
        error = self._dark()
        if error is not None:
            return rejected(track._loop, error)
        try:
            asked_for(settings, options)
            end = end_of(timeout)
        except (TypeError, ValueError) as wrong:
            return rejected(track._loop, wrong)

        def shoot(left: float | None) -> asyncio.Future[Photo]:
            return self._shoot(lambda camera: camera.take_photo(settings, timeout=left, **options))

        shot = shoot(timeout)
        if not track._waits:
            return shot
        task = track._loop.create_task(self._patiently(shot, shoot, end))
        task.add_done_callback(lambda _: _forget(shot))
        return task

    def _shoot(self, take: Callable[[Camera], Photo]) -> asyncio.Future[Photo]:
        track = self._track

        def taken(outcome: Outcome[Photo]) -> Photo:
            order.close()
            try:
                photo = track._result(outcome)
            except OperationError as error:
                raise UnknownError(str(error)) from error.__cause__
            if self._unfit():
                raise UnknownError("the track ended before there was a photo")
            return photo

        order = ExitStack()
        order.enter_context(ending_in_order())
        return track._source.take_photo(take, taken)

    async def _patiently(
        self,
        shot: asyncio.Future[Photo],
        shoot: Callable[[float | None], asyncio.Future[Photo]],
        end: float | None,
    ) -> Photo:
        """Wait for a photo; where the camera was unplugged, take it when there are pictures again.

        Raises:
            UnknownError: It could not be taken, or the track has ended.
        """
        while True:
            try:
                return await shot
            except UnknownError as error:
                if self._unfit() or not isinstance(error.__cause__, DeviceGoneError):
                    raise
                try:
                    async with asyncio.timeout(left_until(end)):
                        await self._track._fresh()
                except TimeoutError:
                    raise error from error.__cause__
            shot = shoot(left_until(end))

    def get_photo_capabilities(self) -> asyncio.Future[PhotoCapabilities]:
        """Return what can be chosen for a photo.

        Raises:
            InvalidStateError: The track has ended.
            OperationError: It ended meanwhile, or the camera failed.
        """
        return self._ask(lambda shared: shared.camera.photo_capabilities)

    def get_photo_settings(self) -> asyncio.Future[PhotoSettings]:
        """Return what a photo has where nobody chooses.

        Raises:
            InvalidStateError: The track has ended.
            OperationError: It ended meanwhile, or the camera failed.
        """
        return self._ask(lambda shared: shared.camera.photo_settings)

    def grab_frame(self) -> asyncio.Future[ImageBitmap]:
        """Return a picture that is taken after this call, in the size of the track.

        Raises:
            InvalidStateError: The track has ended, or is not enabled.
            UnknownError: It ended meanwhile, no picture came, or it cannot be decoded.
        """
        track = self._track
        error = self._dark()
        if error is not None:
            return rejected(track._loop, error)
        fresh = track._fresh()
        task = track._loop.create_task(self._grab(fresh))
        task.add_done_callback(lambda _: _forget(fresh))
        return task

    async def _grab(self, fresh: asyncio.Future[VideoFrame]) -> ImageBitmap:
        try:
            async with asyncio.timeout(_LONGEST):
                picture = await fresh
            bitmap = await self._track._source.convert(picture.bitmap)
        except TimeoutError:
            raise UnknownError(f"no picture came within {_LONGEST:g} s") from None
        except ValueError as error:
            raise UnknownError(str(error)) from error
        if self._unfit():
            raise UnknownError("the track ended before there was a picture")
        return bitmap

    def _unfit(self) -> InvalidStateError | None:
        if self._track.ready_state == "live":
            return None
        return InvalidStateError("the track has ended")

    def _dark(self) -> InvalidStateError | None:
        """Return why there is no picture: as browsers, and unlike the W3C, not even a photo."""
        error = self._unfit()
        if error is None and not self._track.enabled:
            error = InvalidStateError("the track is not enabled")
        return error

    def _ask(self, question: Callable[[SharedCamera], _T]) -> asyncio.Future[_T]:
        track = self._track

        def answered(outcome: Outcome[_T]) -> _T:
            answer = track._result(outcome)
            if self._unfit():
                raise OperationError("the track ended before the camera answered")
            return answer

        error = self._unfit()
        if error is not None:
            return rejected(track._loop, error)
        return track._source.run(question, answered)

    def __repr__(self) -> str:
        return f"<ImageCapture of {self._track!r}>"


def _forget(future: asyncio.Future[Any]) -> None:
    """Nobody waits for it any more, nor for its error."""
    future.cancel()
    if not future.cancelled():
        future.exception()
