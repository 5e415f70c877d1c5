# SPDX-License-Identifier: MIT
"""One picture of a track: a frame of the camera, in the track's size and at its rate.

Source: W3C WebCodecs, "VideoFrame", of which this has what a camera knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from .bitmap import ImageBitmap, picture
from .errors import ClosedError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .frame import Frame

__all__ = ["Thinner", "VideoFrame"]


class VideoFrame:
    """One picture of a track. Nothing is copied or converted until it is asked for.

    It keeps one of the camera's buffers as long as somebody has it. Cameras have about four,
    so keep pictures by :meth:`bitmap` or :meth:`to_rgb`.

    Attributes:
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.
        timestamp_ns: Nanoseconds on the clock of :func:`time.monotonic_ns`.
        timestamp_source: What that is the time of; see :attr:`Frame.timestamp_source`.
        sequence: The driver's frame counter.

    Synchronization: any thread; nothing in it changes but ``close()``.
    """

    __slots__ = (
        "__weakref__",
        "_frame",
        "_is_closed",
        "_size",
        "height",
        "sequence",
        "timestamp_ns",
        "timestamp_source",
        "width",
    )

    def __init__(self, frame: Frame, size: tuple[int, int] | None, *, is_black: bool) -> None:
        info, native = frame.info, frame.format
        self.timestamp_ns = info.timestamp_ns
        self.timestamp_source = info.timestamp_source
        self.sequence = info.sequence
        self.width, self.height = native.width, native.height
        if size is not None:
            self.width, self.height = min(size[0], self.width), min(size[1], self.height)
        self._size = size
        self._frame = None if is_black else frame
        self._is_closed = False

    @property
    def frame(self) -> Frame | None:
        """The camera's frame, without a copy and in the camera's size and format.

        ``None`` for the black picture of a track that is not enabled. All tracks of a camera
        and all who read them have the same one: drop it, but do not close it.

        Raises:
            ClosedError: This picture was closed.
        """
        if self._is_closed:
            raise ClosedError("the picture is closed")
        return self._frame

    def to_rgb(self) -> NDArray[np.uint8]:
        """Return the picture in memory of its own.

        Returns:
            ``uint8`` of shape ``(height, width, 3)``: full-range sRGB, rows top to bottom.

        Raises:
            ClosedError: It was closed.
            ValueError: The camera's format cannot be converted, or the frame is not whole.
        """
        frame = self.frame
        if frame is not None:
            return picture(frame, self._size)
        import numpy as np

        return np.zeros((self.height, self.width, 3), np.uint8)

    def bitmap(self) -> ImageBitmap:
        """Return the picture as a bitmap, in memory of its own; see :meth:`to_rgb`."""
        return ImageBitmap(self.to_rgb(), self.timestamp_ns, self.timestamp_source)

    def close(self) -> None:
        """Let go of the camera's frame. May be repeated."""
        self._frame = None
        self._is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = ", closed" if self._is_closed else ", black" if self._frame is None else ""
        return f"<VideoFrame {self.sequence}: {self.width}x{self.height}{state}>"


class Thinner:
    """Leaves frames out evenly, by their times, so that so many remain each second."""

    def __init__(self) -> None:
        self._due: float | None = None

    def takes(self, timestamp_ns: int, rate: float | None, native: float | None) -> bool:
        """Return whether to take a frame.

        Args:
            rate: Frames per second that are wanted; ``None``: all.
            native: Frames per second that the camera makes; ``None``: nobody knows.
        """
        if not rate or (native and rate > 0.9 * native):
            self._due = None
            return True
        interval = 1e9 / rate
        # A camera's clock is not even. What is nearest to its time is in time.
        slack = 0.5e9 / native if native else 0.1 * interval
        due = self._due
        early = due is not None and due - 2 * interval < timestamp_ns < due - slack
        if early:
            return False
        late = due is None or abs(timestamp_ns - due) > interval
        self._due = (timestamp_ns if late or due is None else due) + interval
        return True
