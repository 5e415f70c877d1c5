# SPDX-License-Identifier: MIT
"""Programs that use a camera as hard as they can, and take what comes.

Errors of the camera are counted: it does fail. Everything else is a mistake of ours.
"""

import asyncio
import contextlib
import io
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from PIL import Image

from v4l2capture import (
    Camera,
    CaptureError,
    Device,
    DeviceGoneError,
    Frame,
    FrameSize,
    ImageCapture,
    MediaDevices,
    MediaStreamTrack,
    Photo,
    SimulatedCamera,
    Stream,
)

from .witness import Held, check_number, check_rows, is_plain, luma

LONGEST = 3.0  # seconds that one of them uses what it has opened

MOST_PIXELS = 640 * 480  # more only takes longer


class Consumer:
    """One program. It opens the camera again and again until it is told to stop."""

    def __init__(self, camera: SimulatedCamera, seed: str, stop: threading.Event) -> None:
        self.camera = camera
        self.random = random.Random(seed)
        self.stop = stop
        self.counts: Counter[str] = Counter()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Work in a thread."""
        try:
            while not self.stop.is_set():
                self.try_once()
        except BaseException as error:
            self.failure = error
            self.stop.set()

    def try_once(self) -> None:
        try:
            self.once(time.monotonic() + self.random.uniform(0.1, LONGEST))
        except CaptureError as error:
            self.failed(error)

    def failed(self, error: CaptureError) -> None:
        self.counts[type(error).__name__] += 1
        self.stop.wait(self.random.uniform(0.0, 0.05))

    def once(self, end: float) -> None:
        raise NotImplementedError

    def goes_on(self, end: float) -> bool:
        return not self.stop.is_set() and time.monotonic() < end

    def attempt(self, call: Callable[[], Any], comes_back: bool = False) -> Any:
        """Call what may fail without ending everything, unless the camera is gone for good."""
        try:
            return call()
        except CaptureError as error:
            if isinstance(error, DeviceGoneError) and not comes_back:
                raise
            self.failed(error)
            return None


# ---- frames -----------------------------------------------------------------------------


class Reader(Consumer):
    """Reads a stream in each way there is and keeps frames for random times."""

    def once(self, end: float) -> None:
        held: list[Held] = []
        try:
            with Device(self.camera.path) as device:
                self.choose_format(device)
                buffers = self.random.randint(2, 6)
                copies = self.random.random() < 0.5
                with device.stream(buffers, timeout=0.5, copy_when_low=copies) as stream:
                    while self.goes_on(end):
                        self.step(stream, held)
        finally:
            for each in held:  # longer than the stream and the device
                each.check()

    def choose_format(self, device: Device) -> None:
        choices = [
            (size.width, size.height, form.pixel_format)
            for form in device.formats()
            for size in form.sizes
            if isinstance(size, FrameSize) and size.width * size.height <= MOST_PIXELS
        ]
        width, height, form = self.random.choice(choices or [(640, 480, None)])
        device.set_format(width, height, form, self.random.choice([15, 30, 60]))

    def step(self, stream: Stream, held: list[Held]) -> None:
        frame = self.attempt(lambda: self.read(stream))
        if stream.closed:
            return
        now = time.monotonic()
        if frame is not None and frame.ok:
            self.counts["frames"] += 1
            how = self.random.choice(["frame", "frame", "plane", "array", "copy"])
            held.append(Held(frame, how, now + self.random.expovariate(10)))
        del frame
        for each in [each for each in held if each.until <= now]:
            each.check()
            held.remove(each)
        if len(held) > 40:  # copies
            del held[0]
        if stream.leased > stream.buffers:
            raise AssertionError(f"{stream.leased} of {stream.buffers} buffers are held")

    def read(self, stream: Stream) -> Frame | None:
        match self.random.randrange(8):
            case 0:
                return stream.latest(self.random.choice([0.1, None]) or 0.3)
            case 1:
                return stream.try_read()
            case 2:
                return asyncio.run(stream.aread(0.3))
            case 3:
                return stream.read(0.3)
            case _:
                return stream.read()


# ---- photos -----------------------------------------------------------------------------


def check_photo(photo: Photo) -> None:
    with Image.open(io.BytesIO(photo)) as image:
        image.load()
        if image.size != (photo.width, photo.height):
            raise AssertionError(f"{photo!r} has {image.size} pixels")


class Photographer(Consumer):
    """Applies constraints, looks, grabs frames and takes photos, with each policy there is."""

    def once(self, end: float) -> None:
        on_disconnect = self.random.choice(["raise", "wait"])
        on_stall = self.random.choice(["raise", "restart"])
        with Camera(self.camera.path, on_disconnect=on_disconnect, on_stall=on_stall) as camera:
            waits = on_disconnect == "wait"
            self.attempt(lambda: camera.apply_constraints(width=320, height=240), waits)
            while self.goes_on(end) and not camera.closed:
                self.attempt(lambda: self.act(camera), waits)

    def act(self, camera: Camera) -> None:
        match self.random.randrange(9):
            case 0 | 1:
                self.constrain(camera)
            case 2 | 3:
                with camera.grab_frame(timeout=1.0) as bitmap:
                    if bitmap.array().shape != (bitmap.height, bitmap.width, 3):
                        raise AssertionError(f"{bitmap!r}: {bitmap.array().shape}")
                self.counts["bitmaps"] += 1
            case 4:
                self.photo(camera)
            case 5:
                camera.settings.to_dict()
                camera.stop()
            case 6:
                with camera.read(timeout=0.5) as frame:
                    if not frame.ok:
                        raise AssertionError(f"{frame!r}: {frame.reason}")
                self.counts["reads"] += 1
            case 7:
                if self.random.random() < 0.3:
                    camera.reopen(timeout=0.5)
                    self.counts["reopened"] += 1
            case _:
                camera.capabilities.to_dict()
                camera.photo_capabilities.to_dict()

    def constrain(self, camera: Camera) -> None:
        wanted: dict[str, Any] = {}
        for name, can in camera.capabilities.to_dict().items():
            if isinstance(can, dict) and "step" in can and self.random.random() < 0.2:
                wanted[name] = self.random.uniform(can["min"], can["max"])
        size = self.random.choice([(320, 240), (640, 480)])
        camera.apply_constraints(
            {"width": size[0], "height": size[1], "advanced": [wanted] if wanted else []}
        )
        self.counts["constraints"] += 1

    def photo(self, camera: Camera) -> None:
        modes = camera.photo_capabilities.fill_light_mode or ()
        options: dict[str, Any] = {"image_width": 640, "image_height": 480}
        if modes:
            options["fill_light_mode"] = self.random.choice(list(modes))
        check_photo(camera.take_photo(options, timeout=3.0))
        self.counts["photos"] += 1


# ---- tracks ------------------------------------------------------------------------------


class Watcher(Consumer):
    """Uses the W3C objects: tracks, clones of them, photos, changes of mind."""

    def run(self) -> None:
        try:
            asyncio.run(self.watch())
        except BaseException as error:
            self.failure = error
            self.stop.set()

    async def watch(self) -> None:
        wrong: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: wrong.append(context))
        while not self.stop.is_set():
            end = time.monotonic() + self.random.uniform(0.1, LONGEST)
            try:
                await self.use(end)
            except CaptureError as error:
                self.failed(error)
            if wrong:
                raise AssertionError(str(wrong)) from wrong[0].get("exception")

    async def use(self, end: float) -> None:
        devices = MediaDevices(
            [self.camera.path],
            on_disconnect=self.random.choice(["end", "wait"]),
            on_stall=self.random.choice(["mute", "restart"]),
        )
        stream = await devices.get_user_media({"video": {"width": 320, "height": 240}})
        (track,) = stream.get_video_tracks()
        tracks = [track, track.clone()] if self.random.random() < 0.5 else [track]
        try:
            async with asyncio.TaskGroup() as group:
                for each in tracks:
                    group.create_task(self.see(each, end))
                group.create_task(self.meddle(track, end))
        except* CaptureError as errors:
            for error in errors.exceptions:
                if isinstance(error, CaptureError):
                    self.failed(error)
        finally:
            for each in tracks:
                each.stop()
            await track.wait_closed()

    async def see(self, track: MediaStreamTrack, end: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, end - time.monotonic())):
                async for picture in track.frames():
                    self.look_at(picture.frame)
                    del picture
                    if self.stop.is_set():
                        return
                    await asyncio.sleep(self.random.choice([0, 0, 0.1]))

    def look_at(self, frame: Frame | None) -> None:
        if frame is None:
            return
        self.counts["pictures"] += 1
        sequence = frame.sequence
        if is_plain(frame):
            pixels = luma(frame, frame.planes[0])
            check_number(pixels, sequence)
            check_rows(pixels, sequence)
        elif self.random.random() < 0.3:
            check_number(frame.to_rgb(), sequence)

    async def meddle(self, track: MediaStreamTrack, end: float) -> None:
        capture = ImageCapture(track)
        while self.goes_on(end) and track.ready_state == "live":
            await asyncio.sleep(self.random.uniform(0, 0.3))
            try:
                await self.act(track, capture)
            except CaptureError as error:
                self.failed(error)

    async def act(self, track: MediaStreamTrack, capture: ImageCapture) -> None:
        match self.random.randrange(5):
            case 0:
                size = self.random.choice([(320, 240), (160, 120), (640, 480)])
                await track.apply_constraints({"width": size[0], "height": size[1]})
            case 1:
                await track.apply_constraints({"advanced": [{"brightness": 60}], "width": 320})
            case 2:
                (await capture.grab_frame()).close()
                self.counts["grabs"] += 1
            case 3:
                check_photo(await capture.take_photo({"imageWidth": 320}, timeout=3.0))
                self.counts["track_photos"] += 1
            case _:
                track.enabled = not track.enabled
                track.get_settings().to_dict()
