# SPDX-License-Identifier: MIT
"""One camera and its users, as the thread sees it that talks to the driver.

Everything here may take long. Nothing here knows of event loops.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .camera import Camera, View
from .errors import CaptureError, ClosedError, NotFoundError

if TYPE_CHECKING:
    from .dictionaries import (
        MediaTrackCapabilities,
        MediaTrackConstraints,
        MediaTrackSettings,
    )
    from .discovery import DeviceInfo
    from .photo import Photo
    from .stream import Stream
    from .videomode import Size

__all__ = ["Look", "Seen", "SharedCamera"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One user, as far as the camera knows them; see :class:`~v4l2capture.camera.View`."""

    settings: MediaTrackSettings
    constraints: MediaTrackConstraints
    size: Size | None
    held: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """What a camera was like at one moment.

    Attributes:
        users: By the names that they joined with.
        descriptors: Readable when somebody else has changed something.
    """

    info: DeviceInfo
    capabilities: MediaTrackCapabilities
    users: Mapping[str, Seen]
    descriptors: tuple[int, ...]


class SharedCamera:
    """A camera that is open while it has users, who are known by their names.

    Synchronization: one call at a time, but :meth:`wake` any time.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._camera: Camera | None = None
        self._views: dict[str, View] = {}

    @property
    def camera(self) -> Camera:
        """The engine.

        Raises:
            ClosedError: It is not open.
        """
        if self._camera is None:
            raise ClosedError(f"{self.path} is closed")
        return self._camera

    # ---- users ----

    def join(self, user: str, wanted: MediaTrackConstraints) -> Look:
        """Open the camera for one more user, make it fit what they want, let it stream."""
        if self._camera is None:
            self._camera = _opened(self.path)
        view = self.camera.add_view()
        try:
            view.apply_constraints(wanted)
            self.camera.start()
            self._views[user] = view
            return self.look()
        except BaseException:
            self._views.pop(user, None)
            view.close()
            raise

    def copy(self, user: str, seen: Seen) -> Look:
        """Let another user join who wants and has the same as one did at some time."""
        view = self.camera.add_view()
        view.constraints, view.size, view.held = seen.constraints, seen.size, seen.held
        self._views[user] = view
        return self.look()

    def leave(self, user: str) -> None:
        """A user wants nothing any more. A torch that they alone have lit goes out."""
        view = self._views.pop(user, None)
        if view is None:
            return
        lit = [each for each in (view, *self._views.values()) if each.held.get("torch")]
        if lit == [view]:
            with contextlib.suppress(CaptureError):  # the camera may be gone
                view.apply_constraints(torch=False)
        view.close()

    def wake(self) -> None:
        """Let a call that waits for a picture end at once; nobody wants it any more."""
        camera = self._camera
        if camera is not None:
            camera.wake()

    def close(self) -> None:
        """Close the camera; also what is left of it after it was unplugged."""
        for user in list(self._views):
            self.leave(user)
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()

    # ---- looking ----

    def look(self) -> Look:
        """Return what the camera is like now."""
        camera = self.camera
        return Look(
            camera.info,
            camera.capabilities,
            {
                user: Seen(view.settings, view.constraints, view.size, view.held)
                for user, view in self._views.items()
            },
            tuple(events.fileno() for events in camera.events),
        )

    # ---- acting ----

    def take_photo(self, interrupt: Callable[[], None], take: Callable[[Camera], Photo]) -> Photo:
        """Take a photo; ``interrupt`` is called if nobody has frames meanwhile."""
        self.camera.on_interruption(interrupt)
        return take(self.camera)

    def apply(self, user: str, wanted: MediaTrackConstraints) -> Look:
        """Make settings fit what a user wants from now on."""
        self._views[user].apply_constraints(wanted)
        return self.look()

    def start(self) -> Stream:
        """Return the stream that is on, after a change of the format another one."""
        return self.camera.start()

    def reopen(self) -> Look:
        """Open it anew at whatever node it is now, set as it was, and let it stream.

        Raises:
            CaptureTimeout: It is not there.
        """
        self.camera.reopen()
        self.camera.start()
        return self.look()

    def restart(self) -> Stream:
        """Begin to stream anew."""
        self.camera.stop()
        return self.camera.start()


def _opened(path: str) -> Camera:
    camera = Camera(path)
    if not camera.info.is_camera:
        camera.close()
        raise NotFoundError(f"{path} is no camera")
    camera._view.close()  # its own user, who wants nothing, and whom nobody shall consider
    return camera
