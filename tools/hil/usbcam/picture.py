# SPDX-License-Identifier: MIT
"""What the camera sees: the simulated camera draws it, following the controls.

The scene, and the frame number in it, are those of ``sim:PROFILE``, so that the same eyes read
both. Nothing else of the simulated camera is used: the controls and their rules are firmware.py's.
"""

import contextlib
from dataclasses import replace

from model import Model

from v4l2capture.device import Device
from v4l2capture.profile import ProfileFormat, ProfileSize
from v4l2capture.sim import SimulatedCamera
from v4l2capture.stream import Stream

__all__ = ["Picture"]


class Picture:
    """Pictures, one after the other."""

    def __init__(self, model: Model) -> None:
        formats = tuple(
            ProfileFormat(
                each.pixel_format,
                tuple(ProfileSize(f.width, f.width, 0, f.height, f.height, 0) for f in each.frames),
            )
            for each in model.formats
        )
        drawn = replace(model.profile, driver="usbcam", formats=formats, faults=(), subdevices=())
        self._camera = SimulatedCamera(drawn, clock="manual")
        self._device = Device(self._camera.path)
        self._stream: Stream | None = None

    def start(self, pixel_format: str, width: int, height: int) -> None:
        """Begin with frame 0."""
        self.stop()
        self._device.set_format(width, height, pixel_format)
        self._stream = self._device.stream(buffers=2)

    def stop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def take(self) -> bytes:
        """Return the next picture."""
        assert self._stream is not None
        self._camera.tick()
        with self._stream.latest(timeout=1.0) as frame:
            return bytes(frame.planes[0])

    def set(self, cid: int, value: int) -> None:
        """Let a control show, if it does."""
        with contextlib.suppress(ValueError):
            self._camera.poke(cid, value)
