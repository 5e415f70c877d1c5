# SPDX-License-Identifier: MIT
"""A camera in the words of the W3C: capabilities, settings, constraints, pictures.

This is the engine: synchronous, for one device. The objects of the W3C that asyncio
programs use are a face over it.

Sources: W3C MediaStream Image Capture; W3C Media Capture and Streams.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack

from .applying import apply_constraints
from .bitmap import ImageBitmap, picture
from .bracketing import BRACKETS, bracket_values, bracketed
from .camerahealth import CameraHealth
from .camerastate import CameraState
from .cids import IDS
from .connection import Connection
from .constraints import select_settings
from .developing import BracketOptions, Darkroom, PhotoFile, PhotoOptions, asked_for
from .device import Device
from .dictionaries import (
    MediaTrackCapabilities,
    MediaTrackConstraints,
    MediaTrackSettings,
    PhotoCapabilities,
    PhotoSettings,
    snake,
)
from .discovery import DeviceInfo, first_camera
from .errors import ClosedError, DeviceError
from .guard import ending_in_order
from .mapping import control_ids, zoom_ratio
from .nativemode import mode_of
from .node import Node
from .photo import Photo
from .sensor import LENSES
from .shooting import fresh_frame, shoot
from .source import Source
from .videomode import Size
from .waiting import end_of, left_until
from .whole import whole

if TYPE_CHECKING:
    from .controls import Controls
    from .controlstate import ControlState
    from .events import Events
    from .frame import Frame
    from .stream import Stream

__all__ = ["Camera", "View", "check_one_of"]


class View:
    """One user of a camera: what they asked for, and the size of their pictures.

    Several users share the hardware and its controls; each has pictures of their own.

    Attributes:
        constraints: As they were applied last.
        size: Of pictures that are not as the camera makes them; else ``None``.
        held: What was chosen for the constraints.

    Synchronization: as :class:`Camera`.
    """

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self.constraints = MediaTrackConstraints()
        self.size: Size | None = None
        self.held: Mapping[str, Any] = {}

    @property
    def settings(self) -> MediaTrackSettings:
        """What is set now, read from the camera."""
        return self._camera._settings(self)

    def apply_constraints(
        self,
        constraints: Mapping[str, Any] | MediaTrackConstraints | None = None,
        /,
        **members: Any,
    ) -> None:
        """As :meth:`Camera.apply_constraints`, for this user."""
        self._camera._apply(self, MediaTrackConstraints.of(constraints, **members))

    def picture(self, frame: Frame) -> ImageBitmap:
        """Return a frame as this user's picture."""
        info, size = frame.info, self.size
        rgb = picture(frame, None if size is None else (size.width, size.height))
        return ImageBitmap(rgb, info.timestamp_ns, info.timestamp_source)

    def close(self) -> None:
        """Want nothing any more."""
        self._camera._forget(self)


def check_one_of(name: str, value: str, *known: str) -> None:
    """Complain about a policy that there is not.

    Raises:
        ValueError: It is none of those that are known.
    """
    if value not in known:
        raise ValueError(f"{name}={value!r}: give {' or '.join(map(repr, known))}")


class Camera:
    """One camera, in the words of the W3C. Opening and closing change nothing at it.

    Args:
        camera: ``"/dev/video0"``, ``"sim:webcam"``, or an open :class:`Device`, which stays
            the caller's, but for its events until this is closed; ``None``: the first camera
            there is.
        base_iso: ISO speed of a raw sensor at gain 1. Without it a gain that is known as a
            factor has no ISO speed, and the camera no ``iso``.
        lamp: Name of an LED in /sys/class/leds that lights what the camera sees, for example
            ``"white:flash"``. Left out: the camera's own flash; where it has none, the LED that
            is known to be that of its sensor.
        on_disconnect: What happens to who wants a picture while the camera is unplugged:
            ``"raise"``: :class:`DeviceGoneError`, until :meth:`reopen`. ``"wait"``: they wait,
            and get it when the camera is back.
        on_stall: What happens to a stream that gives no frames: ``"raise"``: who reads gets
            :class:`CaptureTimeout`. ``"restart"``: after two seconds, or ten frames, it is
            begun anew, once; then the same.

    Raises:
        NotFoundError: There is no camera.
        DeviceError: It cannot be opened; :class:`DevicePermissionError` and so on.
        ValueError: There is no such policy.

    Synchronization: any method from any thread. After a fork the child's copy raises
    :class:`ClosedError`; the camera stays the parent's.

    Source: W3C MediaStream Image Capture.
    """

    def __init__(
        self,
        camera: str | os.PathLike[str] | Device | None = None,
        *,
        base_iso: float | None = None,
        lamp: str | None = None,
        on_disconnect: Literal["raise", "wait"] = "raise",
        on_stall: Literal["raise", "restart"] = "raise",
    ) -> None:
        check_one_of("on_disconnect", on_disconnect, "raise", "wait")
        check_one_of("on_stall", on_stall, "raise", "restart")
        self._views: list[View] = []
        self._link = Connection(
            first_camera() if camera is None else camera,
            base_iso,
            lamp,
            self._views,
            waits=on_disconnect == "wait",
            restarts=on_stall == "restart",
        )
        self._view = self.add_view()

    # ---- what there is ----

    @property
    def _source(self) -> Source:
        return self._link.source

    @property
    def _state(self) -> CameraState:
        return self._link.state

    @property
    def device(self) -> Device:
        """The device behind it; another one each time that it was opened anew."""
        return self._source.device

    @property
    def info(self) -> DeviceInfo:
        """What the driver says of itself."""
        return self.device.info

    @property
    def controls(self) -> Controls:
        """Every control of the video node, those without a W3C name too."""
        self._link.check_there()
        return self.device.controls

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The video node, and those of the sensor, the lenses and the lamps that belong to it."""
        return self._source.parts.nodes

    @property
    def problems(self) -> list[DeviceError]:
        """Why nodes that belong to the camera could not be opened, or are gone; their controls are
        missing.
        """
        return self._source.parts.problems

    @property
    def states(self) -> dict[int, ControlState]:
        """The controls behind the properties, of all nodes, by id, as they are now."""
        with self._link.looking():
            return self._source.controls.states()

    @property
    def capabilities(self) -> MediaTrackCapabilities:
        """What the camera can: ranges, or lists of values."""
        with self._link.looking():
            return self._state.capabilities(self._source.controls.states())

    @property
    def settings(self) -> MediaTrackSettings:
        """What is set now, read from the camera."""
        return self._view.settings

    @property
    def zoom_ratio(self) -> float | None:
        """How much it magnifies now, 1 is not at all; ``None``: the driver does not tell."""
        with self._link.looking():
            zoom = self._source.controls.states(("zoom",)).get(IDS["zoom_absolute"])
            ratio = None if zoom is None else zoom_ratio(zoom)
            return None if ratio is None else float(ratio)

    @property
    def focus_metres(self) -> float | None:
        """How far away is what is sharp now; ``None``: that is not known of this lens."""
        with self._link.looking():
            focus = self._source.controls.states(("focusDistance",)).get(IDS["focus_absolute"])
            lens = LENSES.get(self._source.parts.sensor_name)
            if lens is None or focus is None or not isinstance(focus.value, int):
                return None
            return lens.metres(focus.value)

    @property
    def constraints(self) -> MediaTrackConstraints:
        """What was applied last."""
        return self._view.constraints

    @property
    def photo_capabilities(self) -> PhotoCapabilities:
        """What can be chosen for a photo."""
        with self._link.looking():
            return self._state.photo_capabilities

    @property
    def photo_settings(self) -> PhotoSettings:
        """What a photo has where nobody chooses."""
        with self._link.looking():
            return self._state.photo_settings

    def _settings(self, view: View) -> MediaTrackSettings:
        with self._link.looking():
            return self._state.settings(self._source.controls.states(), view.size)

    # ---- asking for something ----

    def apply_constraints(
        self,
        constraints: Mapping[str, Any] | MediaTrackConstraints | None = None,
        /,
        **members: Any,
    ) -> None:
        """Make settings fit constraints; they replace those that were applied before.

        Numbers are put on the driver's grid. What is not required is done as far as it is
        possible; :attr:`settings` tells what came of it.

        Args:
            constraints: For example ``{"advanced": [{"zoom": 200}]}``.
            members: The same as keywords, for example ``zoom=200``.

        Raises:
            OverconstrainedError: Something required is impossible, or the driver did not do
                it; nothing is changed then. The driver's words are its ``__cause__``.
            TypeError: A value of a wrong type, or a member in both spellings.
            DeviceGoneError: The camera was unplugged.
            DeviceBusyError: Another program holds the format that would have to change.
        """
        self._view.apply_constraints(constraints, **members)

    def _apply(self, view: View, wanted: MediaTrackConstraints) -> None:
        with self._link.looking():
            others = [each for each in self._views if each is not view]
            before = self._source.format if others else None
            sizes = [mode_of(before).picture(each.size) for each in others] if before else []
            constraints = [each.constraints for each in others]
            done = apply_constraints(
                self._source, self._state, wanted, view.size, constraints, sizes
            )
            view.constraints, view.size, view.held = wanted, done.size, done.held
            self._source.controls.supersede(control_ids(done.held))
            now = self._source.format if sizes else None
            if now is not None and now != before:
                for each, size in zip(others, sizes, strict=True):
                    each.size = mode_of(now).keeping(size)
            self._hold()

    def fitting(
        self, constraints: Mapping[str, Any] | MediaTrackConstraints | None = None, /
    ) -> MediaTrackSettings:
        """Return the settings that constraints of one more user would lead to; change nothing.

        Raises:
            OverconstrainedError: Something required is impossible.
        """
        with self._link.looking():
            states = self._source.controls.states()
            chosen = select_settings(
                self._state.capabilities(states),
                self._state.settings(states, None),
                MediaTrackConstraints.of(constraints),
                modes=[mode.to_dict() for mode in self._state.modes],
                others=[view.constraints for view in self._views],
            )
            return MediaTrackSettings.of(chosen)

    def _hold(self) -> None:
        held: dict[str, Any] = {}
        for view in self._views:
            held |= view.held
        self._source.held = held

    def grab_frame(self, timeout: float | None = 5.0) -> ImageBitmap:
        """Return a picture that was taken after this call.

        Streaming begins with the first call, which takes until the light has settled, and
        goes on until :meth:`stop`.

        Args:
            timeout: Seconds to wait for it; ``None``: for ever.

        Raises:
            CaptureTimeout: No frame came in time.
            DeviceGoneError: The camera was unplugged.
            DeviceBusyError: Another program streams from it.
            ValueError: The camera gives no pictures that can be decoded.
        """
        with self._link.patiently(timeout, self._fresh) as frame:
            return self._view.picture(frame)

    def _fresh(self, timeout: float | None) -> Frame:
        with self._link.looking():
            return fresh_frame(self._source, timeout)

    def take_photo(
        self,
        settings: Mapping[str, Any] | PhotoSettings | None = None,
        /,
        *,
        timeout: float | None = 10.0,
        **options: Unpack[PhotoOptions],
    ) -> Photo:
        """Take a photo: one frame that was exposed after this call, as a file.

        Size, lamp and stream are as before afterwards, whatever happens, also at SIGTERM.

        Args:
            settings: For example ``{"imageWidth": 1920, "redEyeReduction": True}``. The size
                is the nearest that the camera has, left out: the largest; ``fillLightMode``
                "auto" fires where the picture is dark, left out: no flash.
            timeout: Seconds until the frame has to be there; ``None``: for ever.
            options: The settings as keywords, and what kind of file it is to be; see
                :class:`PhotoOptions`.

        Raises:
            NotSupportedError: The camera cannot do what is wanted.
            UnknownError: The lamp did not light the picture.
            CaptureTimeout: No fresh frame came in time.
            DeviceGoneError: The camera was unplugged.
            DeviceBusyError: Another program streams from it.
            ValueError: There is no such type, quality or tag.
        """
        return self.take_photos(1, settings, timeout=timeout, **options)[0]

    def take_photos(
        self,
        count: int,
        settings: Mapping[str, Any] | PhotoSettings | None = None,
        /,
        *,
        timeout: float | None = 10.0,
        **options: Unpack[PhotoOptions],
    ) -> list[Photo]:
        """Take several photos, one frame after another; as :meth:`take_photo`.

        Up to 64 MB of frames wait to become files, so that nothing slows a short burst; of a
        longer one the oldest are encoded on the way.
        """
        count = whole("count", count, 1, says="1 or more")
        wanted = asked_for(settings, options)
        return self._photos(partial(self._shoot, wanted, count, None), timeout)

    def bracket(
        self,
        settings: Mapping[str, Any] | PhotoSettings | None = None,
        /,
        *,
        timeout: float | None = 10.0,
        **options: Unpack[BracketOptions],
    ) -> list[Photo]:
        """Take one photo with each of some values, for example of ``exposure_compensation``.

        Each frame was exposed with its value, which was read back. Afterwards the value, and
        the mode that rules it, are as before.

        Args:
            options: One property and its values, ``exposure_time=[10, 40, 160]``, and those
                of :meth:`take_photo`.

        Raises:
            TypeError: Not exactly one property is given, or its values are no numbers.
            ValueError: There are no values.
            OverconstrainedError: The camera does not have the property, or not that value.
        """
        rest: dict[str, Any] = {**options}
        values = {name: rest.pop(snake(name)) for name in BRACKETS if snake(name) in rest}
        if len(values) != 1:
            raise TypeError(f"give values of one of {', '.join(map(snake, BRACKETS))}")
        ((name, given),) = values.items()
        each = bracket_values(name, given)
        wanted = asked_for(settings, rest)

        def bracket(left: float | None) -> Darkroom:
            with bracketed(self._source, self._state, name) as vary:
                return self._shoot(wanted, len(each), lambda number: vary(each[number]), left)

        return self._photos(bracket, timeout)

    def _shoot(
        self,
        asked: tuple[PhotoSettings, PhotoFile, float],
        count: int,
        before_each: Callable[[int], None] | None,
        timeout: float | None,
    ) -> Darkroom:
        wanted, kind, pre_light = asked
        darkroom = Darkroom(self.info.card, kind)
        shots = shoot(
            self._source,
            self._state,
            wanted,
            timeout,
            raw=kind.is_raw,
            pre_light=pre_light,
            count=count,
            before_each=before_each,
        )
        with closing(shots):
            for shot in shots:
                darkroom.add(shot)
        return darkroom

    def _photos(
        self, take: Callable[[float | None], Darkroom], timeout: float | None
    ) -> list[Photo]:
        def photograph(left: float | None) -> Darkroom:
            with self._link.looking():
                return take(left)

        with ending_in_order():
            darkroom = self._link.patiently(timeout, photograph)
        return darkroom.photos()

    # ---- several users ----

    def add_view(self) -> View:
        """Return one more user of this camera."""
        with self._link.lock:
            view = View(self)
            self._views.append(view)
            return view

    def _forget(self, view: View) -> None:
        with self._link.lock:
            if view in self._views:
                self._views.remove(view)
                self._hold()

    # ---- streaming ----

    @property
    def stream(self) -> Stream | None:
        """The stream that is on, or ``None``. Another one after each change of the format."""
        return self._source.stream

    def start(self) -> Stream:
        """Begin to stream in the present format, or go on; return the stream."""
        return self._link.start()

    def stop(self) -> None:
        """Stop streaming, so that others can use the camera."""
        self._link.stop()

    def read(self, timeout: float | None = 5.0) -> Frame:
        """Return the next whole frame, as the camera makes it; streaming begins if need be.

        Goes on with the next stream where another thread, a photo, a stall or the plug has
        ended one.

        Args:
            timeout: Seconds to wait for it, and for the camera; ``None``: for ever.

        Raises:
            CaptureTimeout: No whole frame came in time, or the camera is not back.
            StarvedError: All buffers are held by frames that are alive.
            DeviceGoneError: The camera was unplugged, and nobody shall wait for it.
            ClosedError: It was closed, now or during the wait.
        """
        return self._link.patiently(timeout, self._read)

    def _read(self, timeout: float | None) -> Frame:
        end = end_of(timeout)
        while True:
            try:
                return self._source.silence.read(self.start, self.stop, left_until(end))
            except ClosedError:  # or another thread has changed the format
                if self.closed:
                    raise

    def health(self) -> CameraHealth:
        """Return how the camera is, without asking it: cheap enough to poll.

        Does not wait for who takes a photo in another thread, or for a control that does not
        answer.
        """
        return CameraHealth.of(self._link)

    # ---- changes by others ----

    @property
    def events(self) -> list[Events]:
        """Of each node: readable when somebody else has changed something."""
        return self._source.listener.event_sources

    def on_interruption(self, call: Callable[[], None]) -> None:
        """Let a function be called when the stream stops for a photo in another format."""
        self._source.interrupt = call

    def take_changes(self) -> bool:
        """Return whether others have changed anything since this was asked last."""
        with self._link.looking():
            return self._state.take_changes()

    # ---- unplugged ----

    def reopen(self, timeout: float | None = 0.0) -> None:
        """Open the camera anew, at whatever node it is now, and set it as it was.

        That is: size, rate and pixel format, what was chosen for constraints, and controls that
        were set through :attr:`controls`, masters first. A stream that was on begins anew.
        Frames of the old one stay readable. What nobody requires and cannot be set again is
        in the log.

        Args:
            timeout: Seconds to wait until it is back; ``None``: for ever, 0: look once.

        Raises:
            CaptureTimeout: It is not there. All that needs it raises :class:`DeviceGoneError`.
            OverconstrainedError: It is back with another size or rate than constraints require, or
                cannot do any more what they require.
            DeviceError: It is back, and refuses: it cannot be opened, or does not stream, or
                does not take what constraints require.
            ClosedError: The camera was closed, now or during the wait.
        """
        self._link.reopen(timeout)

    # ---- life ----

    def wake(self) -> None:
        """End what waits for a picture in another thread, with :class:`ClosedError`, for good.

        That puts back what it has changed; only :meth:`close` is of use afterwards.
        """
        self._link.wake()

    def close(self) -> None:
        """Stop streaming and close the device, unless that is the caller's. May be repeated.

        Who waits for a picture in another thread is woken with :class:`ClosedError`.
        """
        self._link.close()

    @property
    def closed(self) -> bool:
        """Whether it, or its device, was closed."""
        return self._link.closed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = ", closed" if self.closed else ""
        return f"<Camera {self.device.path}: {self.info.card}{state}>"
