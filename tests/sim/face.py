# SPDX-License-Identifier: MIT
"""What the tests of the W3C objects share: tracks, time, and what is left afterwards."""

import asyncio
import gc
import threading
import time
from typing import Any

from v4l2capture import Device, MediaDevices, MediaStreamTrack, SimulatedCamera, VideoFrame

from .lanes import Lane, SimLane, mappings, open_fds, small


def live(profile: Any = "webcam") -> SimulatedCamera:
    """A simulated camera on the real clock."""
    return SimulatedCamera(profile)


def quick(**members: Any) -> SimulatedCamera:
    """A small one that makes a hundred frames each second."""
    size = {"width": 64, "height": 48, "frame_rates": ["100", "50"]}
    formats = [{"pixel_format": "YUYV", "sizes": [size]}]
    return SimulatedCamera(small() | {"formats": formats} | members)


async def video_track(path: str, video: Any = True) -> MediaStreamTrack:
    """A track of one camera."""
    stream = await MediaDevices([path]).get_user_media({"video": video})
    (track,) = stream.get_tracks()
    return track


def pass_time(camera: Lane, frames: int = 1) -> None:
    """Let the camera make a frame; with vivid, time passes by itself."""
    if isinstance(camera, SimLane):
        camera.sim.tick(frames)


async def next_picture(camera: Lane, frames: Any) -> VideoFrame:
    """The next picture of a track, on either lane."""
    pass_time(camera)
    return await asyncio.wait_for(anext(frames), 10)


class Listening:
    """The types of all events of some objects, in order, and a way to wait for them."""

    def __init__(self, *targets: Any) -> None:
        self.events: list[Any] = []
        self._stirred = asyncio.Event()
        for target in targets:
            for name in target.EVENTS:
                target.add_event_listener(name, self._take)

    def _take(self, event: Any) -> None:
        self.events.append(event)
        self._stirred.set()

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    async def wait_for(self, name: str, times: int = 1) -> None:
        """Wait until there were so many of one type."""
        async with asyncio.timeout(10):
            while self.types.count(name) < times:
                self._stirred.clear()
                await self._stirred.wait()


def control(camera: Lane | SimulatedCamera, name: str) -> Any:
    """What another program reads."""
    with Device(camera.path) as device:
        return device.controls[name].value


def left(path: str) -> tuple[int, int, int]:
    """Descriptors, mappings and threads that there are."""
    gc.collect()
    return open_fds(), mappings(path), threading.active_count()


async def settle(path: str, before: tuple[int, int, int]) -> tuple[int, int, int]:
    """What is left once the threads that were about to end have ended."""
    end = time.monotonic() + 10
    while left(path) != before and time.monotonic() < end:
        await asyncio.sleep(0)
    return left(path)
