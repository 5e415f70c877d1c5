# SPDX-License-Identifier: MIT
"""How a camera is, for who watches over it: known without asking the camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from .errors import ClosedError

if TYPE_CHECKING:
    from .connection import Connection
    from .stream import StreamStats

__all__ = ["CameraHealth"]


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """How a camera is at one moment.

    A daemon that reads frames all the time restarts the stream when ``last_frame_age`` gets
    large, and complains when ``held`` stays at ``buffers``: somebody keeps frames.

    Attributes:
        closed: Whether it, or its device, was closed.
        streaming: Whether a stream is on.
        last_frame_age: Seconds since the time of the last frame that somebody fetched; ``None``:
            there was none since streaming began.
        held: Buffers that are held by frames that are alive.
        buffers: That the stream has.
        stats: What became of the frames since streaming began; ``None``: no stream is on.
    """

    closed: bool
    streaming: bool
    last_frame_age: float | None
    held: int
    buffers: int
    stats: StreamStats | None

    @classmethod
    def of(cls, link: Connection) -> Self:
        """Return how the camera of a connection is now. Waits for nobody who holds its lock."""
        stream = link.source.stream
        try:
            if stream is not None and not link.closed:
                return cls(
                    False, True, stream.last_frame_age, stream.leased, stream.buffers, stream.stats
                )
        except ClosedError:  # meanwhile
            pass
        return cls(link.closed, False, None, 0, 0, None)
