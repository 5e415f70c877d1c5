# SPDX-License-Identifier: MIT
"""Trouble: whatever can go wrong with a camera does, at random, and the plug is pulled."""

import contextlib
import random
import threading
import time
from collections import Counter

from v4l2capture import DeviceError, SimulatedCamera

# With these a frame's number says nothing, or its picture has none, or the camera never comes back
# by itself.
_LEFT_OUT = {"sequence_zero", "torn_jpeg", "disconnect"}

FAULTS = [name for name in SimulatedCamera.fault_names() if name not in _LEFT_OUT]


class Trouble:
    """Makes trouble for cameras until it is told to stop; then they are all right again."""

    def __init__(self, cameras: list[SimulatedCamera], seed: str, stop: threading.Event) -> None:
        self.random = random.Random(seed)
        self.stop = stop
        self.cameras = cameras
        self.counts: Counter[str] = Counter()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Work in a thread."""
        plug = {camera: self.soon() for camera in self.cameras}
        try:
            while not self.stop.wait(self.random.uniform(0.01, 0.1)):
                camera = self.random.choice(self.cameras)
                self.disturb(camera)
                if time.monotonic() > plug[camera]:
                    self.pull(camera)
                    plug[camera] = self.soon()
        except BaseException as error:
            self.failure = error
            self.stop.set()
        finally:
            for camera in self.cameras:
                camera.clear_faults()
                camera.replug()

    def soon(self) -> float:
        return time.monotonic() + self.random.uniform(1, 5)

    def pull(self, camera: SimulatedCamera) -> None:
        if self.random.random() < 0.5:
            camera.unplug()
        else:
            camera.fault("disconnect", after=self.random.randint(0, 3))
        self.counts["unplugged"] += 1
        self.stop.wait(self.random.uniform(0, 0.5))
        camera.clear_faults()
        camera.replug()

    def disturb(self, camera: SimulatedCamera) -> None:
        match self.random.randrange(8):
            case 0 | 1:
                camera.clear_faults()
            case 2:
                camera.set_light(self.random.uniform(0, 2))
            case 3:
                camera.poke("brightness", self.random.randint(-10, 10))
            case _:
                name = self.random.choice(FAULTS)
                with contextlib.suppress(DeviceError):  # too many at once
                    camera.fault(
                        name, count=self.random.randint(1, 4), after=self.random.randint(0, 10)
                    )
                self.counts["faults"] += 1
