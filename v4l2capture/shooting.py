# SPDX-License-Identifier: MIT
"""Take one frame for a photo: in its size, with its light, fresh, and everything put back.

Source: W3C MediaStream Image Capture, "takePhoto()".
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from traceback import clear_frames
from typing import TYPE_CHECKING

from .camerastate import CameraState
from .convert import mend_jpeg
from .dictionaries import (
    FillLightMode,
    MediaSettingsRange,
    MediaTrackSettings,
    PhotoSettings,
    RedEyeReduction,
)
from .errors import CaptureTimeout, NotSupportedError, UnknownError
from .jpegfile import read_header
from .lamp import LONGEST, PRE_LIGHT, Lamp
from .metering import Settling, exposure_of, mean_luma
from .nativemode import NativeMode, mode_of, native_modes, photo_mode
from .pixfmt import JPEGS, PIXEL_FORMATS
from .source import Source
from .waiting import milliseconds
from .writing import restore

if TYPE_CHECKING:
    from .controlstate import ControlState
    from .formats import FormatInfo
    from .frame import Frame

__all__ = ["Shot", "fresh_frame", "shoot"]

_log = logging.getLogger(__name__)

# How long light may take to settle: a photo that is a little dark beats none.
_SETTLES = 1.5
_MOST_FRAMES = 30

# Frames from the write of a control to the first that was exposed with it; sensors need two.
_LATENCY = 2

# A scene that is darker than this, as metered, gets a flash where that is up to us.
_DARK = 0.2

# A frame whose time is this long before it can have been taken was timed by another clock.
_WRONG_CLOCK = 1_000_000_000

_LIT = 0.9  # of the exposure, for a frame to count as lit
_HALF_LIT = 0.5

_USUAL_INTERVAL = 1_000_000_000 // 30


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame for a photo, and what was used for it.

    Attributes:
        settings: Of the camera while it was taken.
        states: Of its controls, too.
        photo: As they were really used.
    """

    frame: Frame
    settings: MediaTrackSettings
    states: Mapping[int, ControlState]
    photo: PhotoSettings


def shoot(
    source: Source,
    state: CameraState,
    wanted: PhotoSettings,
    timeout: float | None,
    *,
    raw: bool = False,
    pre_light: float = PRE_LIGHT,
    count: int = 1,
    before_each: Callable[[int], None] | None = None,
) -> Generator[Shot]:
    """Take frames that were exposed when they were asked for, with the size and light wanted.

    Format and lamp are as before afterwards, whatever happens: at the end, or at a ``close()``.

    Args:
        timeout: Seconds until each has to be there.
        raw: Whether they have to be the sensor's own pattern of colours.
        pre_light: Seconds in which eyes are lit before, where that is wanted.
        count: How many.
        before_each: What to do before each of them; it is told which, from 0 on. Left out: nothing,
            and they are one frame after another.

    Raises:
        NotSupportedError: The camera cannot do what is wanted.
        UnknownError: The lamp did not light the frame.
        CaptureTimeout: No fresh frame came in time.
        ValueError: The timeout is less than nothing.
    """
    milliseconds(timeout)  # complains about a bad one before anything is done
    yield from _Shoot(source, state, wanted, timeout, raw, pre_light).run(count, before_each)


def fresh_frame(source: Source, timeout: float | None) -> Frame:
    """Return a frame that was taken after this call, and not in the dark of a cold start."""
    milliseconds(timeout)
    source.start()
    frames = _Frames(source)
    frames.allow(timeout)
    frames.settle()
    return frames.fresh()


class _Frames:
    """The frames of a camera that streams, and the time from one to the next."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._timeout: float | None = None
        self._end = inf
        self._asked = time.monotonic_ns()
        self._drained = 0  # nothing yet
        self._before: tuple[int, int] | None = None  # sequence and time of the last one
        now = source.format
        rate = now.frame_rate if now is not None else None
        self.interval = round(1e9 / rate) if rate else _USUAL_INTERVAL

    def next(self) -> Frame:
        """Return the next whole frame."""
        frame = self._read()
        while not _can_be_read(frame):
            frame = self._read()
        info = frame.info
        if self._before is not None:
            frames, passed = info.sequence - self._before[0], info.timestamp_ns - self._before[1]
            if frames > 0 and passed > 0:
                self.interval = max(passed // frames, 1)
        self._before = info.sequence, info.timestamp_ns
        return frame

    def _read(self) -> Frame:
        left = self._end - time.monotonic()
        if left <= 0:
            path = self._source.device.path
            raise CaptureTimeout(f"no fresh frame from {path} within {self._timeout} s")
        return self._source.read(None if left == inf else left)

    def allow(self, timeout: float | None) -> None:
        """Let it be an error if what follows takes longer than this, from now on."""
        self._timeout = timeout
        self._end = inf if timeout is None else time.monotonic() + timeout

    def hurry(self, seconds: float) -> None:
        """Let it be an error if what follows takes longer than this."""
        self._end = min(self._end, time.monotonic() + seconds)

    def settle(self) -> None:
        """Wait until light has settled, where something has disturbed it; but not for long."""
        if self._source.controls.settled:
            return
        settling, end = Settling(), time.monotonic() + _SETTLES
        for _ in range(_MOST_FRAMES):
            if settling.settled(mean_luma(self.next())) or time.monotonic() > end:
                break
        self._source.controls.settled = True

    def fresh(self) -> Frame:
        """Return a frame whose exposure began after all that was asked for had an effect."""
        if not self._drained:
            self.drain()
        since = max(self._asked, self._source.listener.written_ns + _LATENCY * self.interval)
        while True:
            frame = self.next()
            if self._exposure_of(frame)[0] >= since:
                return frame

    def drain(self) -> None:
        """Drop the frames that lie in the driver: they were taken before."""
        while self._source.start().try_read() is not None:
            pass
        self._drained = time.monotonic_ns()

    def _exposure_of(self, frame: Frame) -> tuple[int, int]:
        """Return when a frame that has just been fetched was exposed."""
        first, last = exposure_of(frame, self.interval)
        if last > self._drained - _WRONG_CLOCK:
            return first, last
        now = time.monotonic_ns()  # it came since, which is all there is to know
        return now - 2 * self.interval, now

    def lit(self, lamp: Lamp) -> Frame | None:
        """Flash, and return the frame that has the light; ``None``: none has."""
        self.drain()
        self.next()  # to be in step: another exposure begins just now
        begin, end = lamp.strobe((_LATENCY + 1) * self.interval / 1e9)
        best: tuple[float, Frame] | None = None
        while True:
            frame = self.next()
            first, last = self._exposure_of(frame)
            share = (min(last, end) - max(first, begin)) / (last - first)
            if share >= _LIT:
                return frame
            if share >= _HALF_LIT and (best is None or share > best[0]):
                best = share, frame
            if last > end:
                return None if best is None else best[1]


def _can_be_read(frame: Frame) -> bool:
    """Whether a JPEG has a header: of a torn one, only the ends may be there."""
    if frame.format.pixel_format not in JPEGS:
        return True
    try:
        read_header(mend_jpeg(frame.planes[0]))
    except ValueError:
        return False
    return True


class _Shoot:
    """One shot."""

    def __init__(
        self,
        source: Source,
        state: CameraState,
        wanted: PhotoSettings,
        timeout: float | None,
        raw: bool,
        pre_light: float,
    ) -> None:
        self.source = source
        self.state = state
        self.wanted = wanted
        self.timeout = timeout
        self.raw = raw
        self.pre_light = pre_light
        self.lights: list[FillLightMode] = []
        self.frames: _Frames | None = None  # since nothing was changed

    def run(self, count: int, before_each: Callable[[int], None] | None) -> Generator[Shot]:
        self._check()
        with self._right_format() as switched:
            self.source.start()
            for number in range(count):
                if before_each is not None:
                    before_each(number)
                    self.frames = None
                shot = self._shot()
                if switched or count > 1:
                    # Its buffer belongs to a stream that is about to end, or needs it back.
                    with shot.frame as frame:
                        shot = replace(shot, frame=frame.copy())
                yield shot
                del shot

    def _check(self) -> None:
        able, wanted = self.state.photo_capabilities, self.wanted
        _check_side("imageWidth", wanted.image_width, able.image_width)
        _check_side("imageHeight", wanted.image_height, able.image_height)
        light, lights = wanted.fill_light_mode, able.fill_light_mode or []
        if light is not None and light not in (lights or [FillLightMode.OFF]):
            has = ", ".join(lights) or "no lamp"
            raise NotSupportedError(f"fillLightMode={light}: this camera has {has}")
        if wanted.red_eye_reduction and able.red_eye_reduction == RedEyeReduction.NEVER:
            raise NotSupportedError("redEyeReduction: this camera has no lamp to do it with")
        self.lights = lights

    def _shot(self) -> Shot:
        if self.frames is None:
            self.frames = _Frames(self.source)
        frames = self.frames
        frames.allow(self.timeout)
        frames.settle()
        flash, eyes = self._needs_flash(frames), bool(self.wanted.red_eye_reduction)
        # A flash makes automatics expose less at once: what they say after it is of other frames.
        states = self.source.controls.states() if flash else None
        frame = self._lit(frames, flash, eyes) if flash or eyes else frames.fresh()
        used = PhotoSettings(
            image_width=frame.format.width,
            image_height=frame.format.height,
            fill_light_mode=_LIGHT[flash] if self.lights else None,
            red_eye_reduction=eyes,
        )
        states = states or self.source.controls.states()
        return Shot(frame, self.state.settings(states, None), states, used)

    # ---- size ----

    @contextmanager
    def _right_format(self) -> Iterator[bool]:
        """Switch to the format of the photo; yield whether it is another one than before."""
        streamed = self.source.stream is not None
        now = self.source.format
        if now is None:
            raise NotSupportedError("the camera gives no pictures now")
        old = mode_of(now)
        mode = self._mode(old)
        if mode == old:
            yield False
            return
        if streamed:
            self.source.interrupt()
        sensor = self.source.controls.sensor_states()
        try:
            self.source.set_mode(mode)
            yield True
        except BaseException as error:
            # A frame that its traceback knows keeps drivers of old kernels from another size.
            clear_frames(error.__traceback__)
            raise
        finally:
            with self.source.going_back(old, streamed):
                self.source.set_mode(old, False)
                self.state.catch_up()
                restore(self.source.controls, sensor)
                if streamed:
                    self.source.start()

    def _mode(self, now: NativeMode) -> NativeMode:
        modes = self._raw_modes() if self.raw else [now, *self.state.modes]
        mode = photo_mode(modes, self.wanted.image_width, self.wanted.image_height, now)
        if mode is None:
            what = "raw pictures" if self.raw else "pictures that can be decoded"
            raise NotSupportedError(f"this camera gives no {what}")
        return mode

    def _raw_modes(self) -> list[NativeMode]:
        formats = [each for each in self.source.device.formats() if _is_raw(each)]
        now = self.source.format
        if not formats or now is None:
            return []
        names = {each.pixel_format for each in formats}
        return [mode for mode in native_modes(formats, now) if mode.pixel_format in names]

    # ---- light ----

    def _needs_flash(self, frames: _Frames) -> bool:
        match self.wanted.fill_light_mode:
            case FillLightMode.FLASH:
                return True
            case FillLightMode.AUTO:
                return mean_luma(frames.fresh()) < _DARK
        return False

    def _lit(self, frames: _Frames, flash: bool, eyes: bool) -> Frame:
        """Return a frame that has the light."""
        lamp = Lamp(self.source.parts)
        self.source.controls.settled = False  # for the next one: automatics see this light, too
        with lamp.borrowed():
            if eyes:
                lamp.close_pupils(self.pre_light)
                frames.drain()  # of the time before
                frames.hurry(LONGEST - self.pre_light)
            frame = frames.lit(lamp) if flash else frames.fresh()
            faults = ", ".join(lamp.faults)
            if frame is None:
                why = f": {faults}" if faults else " in time"
                raise UnknownError(f"the lamp did not light the picture{why}")
            if faults:
                _log.warning("the lamp lit the picture, but complains of: %s", faults)
            lamp.stop()
        return frame


_LIGHT = {True: FillLightMode.FLASH, False: FillLightMode.OFF}


def _is_raw(info: FormatInfo) -> bool:
    row = PIXEL_FORMATS.get(info.pixel_format)
    return row is not None and row.family == "bayer"


def _check_side(name: str, value: float | None, able: MediaSettingsRange | None) -> None:
    if value is None:
        return
    low, high = (able.min, able.max) if able is not None else (None, None)
    if low is None or high is None or not low <= value <= high:
        raise NotSupportedError(f"{name}={value}: this camera has {low} to {high}")
