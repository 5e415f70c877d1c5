# SPDX-License-Identifier: MIT
"""Photos, one after another: what is set for them, when each is due, and what is put back."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from typing import Any

from ..camera import Camera
from ..dictionaries import PhotoSettings, snake
from ..errors import CaptureError, DeviceGoneError, NotSupportedError, OverconstrainedError
from ..mapping import control_ids
from ..nativemode import mode_of, native_modes, photo_mode
from ..photo import Photo
from .files import writing_files
from .output import Failed, say, writing_result
from .photonames import Names
from .photoresults import Report
from .progress import Progress, size_text
from .request import Request
from .stopping import Ending
from .undo import Before

__all__ = ["Order", "Photographer", "Schedule"]

_LAMP = control_ids(("fillLightMode", "torch"))
_RAW = "image/x-adobe-dng"


@dataclass(frozen=True)
class Order:
    """What photos are wanted.

    Attributes:
        device: Which camera, as :func:`~.choice.open_camera` takes it.
        lamp: Its light, as :class:`~v4l2capture.Camera` takes it.
        properties, others: What to set for them, as :class:`~.request.Request` takes it.
        settings: Of each photo.
        options: Of :meth:`~v4l2capture.Camera.take_photo`: type, quality and so on.
        burst: How many at once.
        bracket: A property, and its value in each photo; ``None``: it stays as it is.
        every: Seconds from one time to the next; ``None``: just once.
        times: How often; ``None``: until the end.
        names: Of the files; ``None``: to stdout.
    """

    device: str | None
    lamp: str | None
    properties: Mapping[str, Any]
    others: Mapping[str, str]
    settings: PhotoSettings
    options: Mapping[str, Any]
    burst: int
    bracket: tuple[str, Sequence[float]] | None
    every: float | None
    times: int | None
    names: Names | None


class Schedule:
    """Moments that are equally far apart, however late one is noticed.

    Args:
        every: Seconds from one to the next.
        first: The first of them, in seconds on any clock.

    Attributes:
        missed: How many had passed before they were asked for.
    """

    def __init__(self, every: float, first: float) -> None:
        self._every = every
        self._first = first
        self._last = 0
        self.missed = 0

    def next(self, now: float) -> float:
        """Return the next moment that has not passed yet."""
        number = max(self._last + 1, -int((self._first - now) // self._every))
        self.missed += number - self._last - 1
        self._last = number
        return self._first + number * self._every


class Photographer:
    """Takes the photos of one order.

    Args:
        report: Is told of each photo.
        quiet: Say nothing but problems.

    Attributes:
        photos: How many there are.
        size: Their bytes.
        failed: How often there was none.
        missed: How often there was no time for one.
    """

    def __init__(self, order: Order, ending: Ending, report: Report, *, quiet: bool) -> None:
        self._order = order
        self._ending = ending
        self._report = report
        self._quiet = quiet
        self.photos = self.size = self.failed = self.missed = 0

    def __str__(self) -> str:
        photos = "1 photo" if self.photos == 1 else f"{self.photos} photos"
        failed = f", {self.failed} failed" * bool(self.failed)
        missed = f", no time for {self.missed}" * bool(self.missed)
        return f"{photos}{failed}{missed}, {size_text(self.size)}"

    def run(self, camera: Camera) -> None:
        """Take all photos; afterwards the camera is as it was.

        Raises:
            CaptureError, Failed: Something could not be done. The photos before it are there.
            Ended: A signal came; likewise.
        """
        self._ending.check()
        order = self._order
        request = Request(camera, order.properties, order.others)
        request.check()
        varied = control_ids((order.bracket[0],)) if order.bracket else frozenset()
        before = Before(camera, request.ids | varied | _LAMP)
        with ExitStack() as afterwards:
            afterwards.callback(before.put_back)
            afterwards.callback(camera.stop)
            afterwards.enter_context(self._ending.calling_off(camera.wake))
            request.carry_out()
            if order.every is None:
                self._take_round(camera)
            else:
                self._take_series(camera, order.every)
            with contextlib.suppress(DeviceGoneError):
                for change in request.forgotten():
                    say(f"the camera did not keep what was set: {change}")

    # ---- one after another ----

    def _take_series(self, camera: Camera, every: float) -> None:
        order = self._order
        schedule: Schedule | None = None
        try:
            with Progress(order.times, "photo", quiet=self._quiet) as progress:
                if order.options["type"] != _RAW:
                    _set_format(camera, order.settings)
                for number in count(1) if order.times is None else range(1, order.times + 1):
                    if schedule is not None:
                        self._wait_until(schedule.next(time.monotonic()))
                        self.missed = schedule.missed
                    begin = self._try_round(camera, number)
                    if schedule is None:
                        # The camera had to start: what counts is when the photo was taken.
                        schedule = Schedule(every, begin)
                    progress.update(self, number)
        finally:
            if not self._quiet:
                say(str(self))

    def _wait_until(self, moment: float) -> None:
        while (left := moment - time.monotonic()) > 0:
            self._ending.check()
            self._ending.sleep(left)

    def _try_round(self, camera: Camera, number: int) -> float:
        """Return when the first photo was taken; if there is none, say why."""
        begin = time.monotonic()
        try:
            return self._take_round(camera)
        except DeviceGoneError:
            raise
        except (CaptureError, Failed) as error:
            # What a camera cannot do at all, it cannot do the next time either.
            is_wrong = isinstance(error, NotSupportedError | OverconstrainedError)
            if sys.stdout.closed or (is_wrong and not self.photos):
                raise
            self.failed += 1
            say(f"try {number} failed: {error}")
        return begin

    # ---- once ----

    def _take_round(self, camera: Camera) -> float:
        """Take the photos of one time; return when the first was taken."""
        self._ending.check()
        try:
            photos = self._take(camera)
        finally:
            self._ending.check()  # whatever came of it: that is what it was called off for
        for photo in photos:
            self._deliver(photo)
        return photos[0].timestamp_ns / 1e9

    def _take(self, camera: Camera) -> list[Photo]:
        order = self._order
        try:
            if order.bracket is None:
                return camera.take_photos(order.burst, order.settings, **order.options)
            name, values = order.bracket
            options = {**order.options, snake(name): values}
            return camera.bracket(order.settings, **options)
        except CaptureError:
            raise
        except ValueError as error:  # a frame that is not what the camera says
            raise Failed(str(error)) from None

    def _deliver(self, photo: Photo) -> None:
        file = "-"
        if self._order.names is None:
            with writing_result():
                sys.stdout.buffer.write(photo)
                sys.stdout.buffer.flush()
        else:
            path = self._order.names[self.photos + 1]
            with writing_files(path):
                photo.save(path)
            file = str(path)
        self.photos += 1
        self.size += photo.size
        self._report.add(photo, file)


def _set_format(camera: Camera, wanted: PhotoSettings) -> None:
    """Give the camera the format of its photos once, instead of for each of them."""
    device = camera.device
    now = device.format
    modes = native_modes(device.formats(), now)
    mode = photo_mode(modes, wanted.image_width, wanted.image_height, mode_of(now))
    if mode is not None and mode != mode_of(now):
        device.set_format(mode.width, mode.height, mode.pixel_format, mode.frame_rate)
