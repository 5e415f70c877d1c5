# SPDX-License-Identifier: MIT
"""A stream: a set of tracks.

Source: W3C Media Capture and Streams, "MediaStream".
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Self

from .eventtarget import EventHandler, EventTarget
from .track import MediaStreamTrack

__all__ = ["MediaStream"]


class MediaStream(EventTarget):
    """A set of tracks. ``async with`` stops them all, and waits until their cameras are closed.

    Args:
        tracks: To begin with: tracks, or those of another stream, which are then in both.

    Attributes:
        id: 36 characters, unlike those of any other stream.
        onaddtrack: Listener; what a program adds itself is no news, so it is never called.
        onremovetrack: Listener; likewise.

    Synchronization: the event loop's thread only.
    """

    EVENTS = ("addtrack", "removetrack")

    onaddtrack = EventHandler()
    onremovetrack = EventHandler()

    def __init__(self, tracks: MediaStream | Iterable[MediaStreamTrack] = ()) -> None:
        super().__init__()
        self.id = str(uuid.uuid4())
        self._tracks: dict[str, MediaStreamTrack] = {}
        for track in tracks.get_tracks() if isinstance(tracks, MediaStream) else tracks:
            self.add_track(track)

    @property
    def active(self) -> bool:
        """Whether any of the tracks is live."""
        return any(track.ready_state == "live" for track in self._tracks.values())

    def get_tracks(self) -> list[MediaStreamTrack]:
        """Return all tracks."""
        return list(self._tracks.values())

    def get_video_tracks(self) -> list[MediaStreamTrack]:
        """Return the tracks of cameras."""
        return [track for track in self._tracks.values() if track.kind == "video"]

    def get_audio_tracks(self) -> list[MediaStreamTrack]:
        """Return the tracks of microphones: there are none in this library."""
        return [track for track in self._tracks.values() if track.kind == "audio"]

    def get_track_by_id(self, track_id: str) -> MediaStreamTrack | None:
        """Return the track that has this id, or ``None``."""
        return self._tracks.get(track_id)

    def add_track(self, track: MediaStreamTrack) -> None:
        """Add a track; nothing happens where it is there already."""
        self._tracks.setdefault(_checked(track).id, track)

    def remove_track(self, track: MediaStreamTrack) -> None:
        """Take a track out, which goes on; nothing happens where it is not there."""
        self._tracks.pop(_checked(track).id, None)

    def clone(self) -> MediaStream:
        """Return another stream, with clones of all tracks."""
        return MediaStream(track.clone() for track in self._tracks.values())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for track in self._tracks.values():
            track.stop()
        for track in self._tracks.values():
            await track.wait_closed()

    def __repr__(self) -> str:
        state = "active" if self.active else "inactive"
        count = len(self._tracks)
        return f"<MediaStream {self.id}: {state}, {count} track{'s' if count != 1 else ''}>"


def _checked(track: MediaStreamTrack) -> MediaStreamTrack:
    if not isinstance(track, MediaStreamTrack):
        raise TypeError(f"a stream has tracks, not {track!r}")
    return track
