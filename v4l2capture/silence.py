# SPDX-License-Identifier: MIT
"""A camera that streams and gives no frames: how long that may be, and one new beginning."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from .errors import CaptureTimeout
from .waiting import end_of, left_until

if TYPE_CHECKING:
    from .frame import Frame
    from .stream import Stream

__all__ = ["Silence", "longest_silence"]

_log = logging.getLogger(__name__)

# A camera without a frame for so many seconds is silent; at slow rates, for so many frames.
_SILENCE = 2.0
_SILENT_FRAMES = 10


def longest_silence(frame_rate: Fraction | None) -> float:
    """Return the seconds without a frame that are nothing to worry about."""
    return max(_SILENCE, _SILENT_FRAMES / float(frame_rate)) if frame_rate else _SILENCE


class Silence:
    """How long somebody has waited for a camera that gives no frames.

    Time in which nobody waits does not count.

    Attributes:
        restarts: Whether a stream that stalls is begun anew: once, until there is a frame.

    Synchronization: one call at a time.
    """

    def __init__(self) -> None:
        self.restarts = False
        self._waited = 0.0
        self._begun_anew = False

    def read(
        self, start: Callable[[], Stream], stop: Callable[[], None], timeout: float | None
    ) -> Frame:
        """Return the next whole frame.

        Args:
            start: Begins to stream, or goes on.
            stop: Stops streaming.
            timeout: Seconds; ``None``: for ever.

        Raises:
            CaptureTimeout: There was none in time.
        """
        end = end_of(timeout)
        while True:
            stream = start()
            left = left_until(end)
            quiet = self._left(stream)
            is_last = quiet is None or (left is not None and left <= quiet)
            begin = time.monotonic()
            try:
                frame = stream.read(left if is_last else quiet)
            except CaptureTimeout as error:
                self._waited += time.monotonic() - begin
                if is_last and self._begun_anew:
                    raise CaptureTimeout(f"{error}, and it was begun anew") from None
                if is_last:
                    raise
                self._begun_anew = True
                _log.warning("%r gives no frames: begun anew", stream)
                stop()
            else:
                self._waited, self._begun_anew = 0.0, False
                return frame

    def _left(self, stream: Stream) -> float | None:
        """Return the seconds until a stream has stalled; ``None``: nobody cares."""
        if not self.restarts or self._begun_anew:
            return None
        return max(0.0, longest_silence(stream.format.frame_rate) - self._waited)
