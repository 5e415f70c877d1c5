# SPDX-License-Identifier: MIT
"""The cameras that the device layer is tested with: simulated, and those of kernel drivers.

A test that takes ``camera`` or ``device`` says what happens, and all of them do it; what one
does otherwise is a row of ``OTHERWISE`` in conftest.py, with the reason. What only the
simulated one can do (hold the clock, break things, count ioctls) is behind ``camera.sim``,
and tests of it make that camera themselves.
"""

import ctypes
import os
import time
from functools import cache
from pathlib import Path
from typing import Any

from linuxpy.video import raw

from v4l2capture import Device, Frame, SimulatedCamera, Stream
from v4l2capture._native import ffi, lib

from ..hil.usbcam import UsbCamera

VIVID = os.environ.get("V4L2CAPTURE_VIVID", "")
UVC = os.environ.get("V4L2CAPTURE_UVC", "")

_FILLED = raw.BufferFlag.DONE.value
_QUEUED = raw.BufferFlag.QUEUED.value
_NO_HOLES = -22  # EINVAL: past the last buffer


def small(pixel_format: str = "YUYV", **members: Any) -> dict[str, Any]:
    """A camera with one small format and nothing else."""
    size = {"width": 64, "height": 48, "frame_rates": ["30", "15"]}
    formats = [{"pixel_format": pixel_format, "sizes": [size]}]
    return {"card": "Test", "driver": "test", "formats": formats} | members


def simulated(profile: Any = None, **members: Any) -> SimulatedCamera:
    """A simulated camera whose clock the test holds."""
    return SimulatedCamera(profile or small(**members), clock="manual")


def buffer_states(device: Device) -> list[int]:
    """Ask the driver, past the product, for the flags of each buffer."""
    request = lib.vc_sim_request(b"VIDIOC_QUERYBUF")
    planes = (raw.v4l2_plane * 8)()
    buf_type = lib.vc_device_capability(device._dev).buf_type
    states = []
    while True:
        buf = raw.v4l2_buffer(type=buf_type, memory=raw.Memory.MMAP.value, index=len(states))
        if device.info.multiplanar:
            buf.m.planes = ctypes.cast(planes, ctypes.POINTER(raw.v4l2_plane))
            buf.length = 8
        rc = lib.vc_ioctl(device._dev, request, ffi.cast("void *", ctypes.addressof(buf)))
        if rc:
            assert rc == _NO_HOLES
            return states
        states.append(buf.flags)


def queued(device: Device) -> int:
    """Buffers in the driver's hands, filled ones included, as the driver says."""
    return sum(bool(flags & (_QUEUED | _FILLED)) for flags in buffer_states(device))


class SimLane:
    """The simulated webcam. Time passes when a test says so."""

    size = (320, 240)
    cycles = 200  # of a test that looks for what is left

    def __init__(self, profile: Any = "webcam") -> None:
        self.sim = simulated(profile)
        self.path = self.sim.path

    def fill(self, _device: Device, frames: int = 1) -> None:
        """Let the camera fill so many buffers."""
        self.sim.tick(frames)

    def silence(self, _device: Device) -> None:
        """No frame comes any more: nobody lets time pass."""

    def restore(self) -> None:
        """Nothing outlives this camera."""


@cache
def _first_values(path: str) -> dict[str, Any]:
    """What a camera's controls were before any test: each puts them back."""
    with Device(path) as device:
        return device.controls.read()


class KernelLane:
    """A camera that a driver of the kernel makes, in the guest. Time passes by itself."""

    path: str
    size: tuple[int, int]
    driver: str
    cycles = 4  # each takes half a second

    def __init__(self) -> None:
        self._values = _first_values(self.path)

    def fill(self, device: Device, frames: int = 1) -> None:
        """Wait until so many buffers are filled."""
        end = time.monotonic() + 10
        while sum(bool(flags & _FILLED) for flags in buffer_states(device)) < frames:
            assert time.monotonic() < end, f"{self.driver} fills no buffers"
            time.sleep(0.002)

    def restore(self) -> None:
        """Give the next test the camera that this one was given."""
        with Device(self.path) as device:
            values = device.controls.read()
            # An automatic comes last, since it would not let its values be set.
            for name, value in sorted(self._values.items(), key=lambda item: "auto" in item[0]):
                control = device.controls[name]
                if values.get(name) == value or control.flags & {"read-only", "volatile"}:
                    continue
                if not isinstance(value, tuple) or len(values[name]) == len(value):
                    control.value = value  # else it depends on the size of the picture


class VividLane(KernelLane):
    """The kernel's virtual camera."""

    path = VIVID
    size = (320, 180)
    driver = "vivid"

    def silence(self, device: Device) -> None:
        """No frame comes any more."""
        device.controls["percentage_of_dropped_buffers"].value = 100


class UvcLane(KernelLane):
    """A USB camera, played by a program and driven by the kernel's own driver."""

    path = UVC
    size = (160, 120)
    driver = "uvcvideo"

    def silence(self, _device: Device) -> None:
        """No frame comes any more."""
        with UsbCamera.of_the_rig() as usb:
            usb.fault("silent")

    def restore(self) -> None:
        with UsbCamera.of_the_rig() as usb:
            usb.do("clear")
        super().restore()


Lane = SimLane | KernelLane


def open_small(camera: Lane) -> Device:
    """Open a camera in a small format, which all have: few bytes, many frames."""
    device = Device(camera.path)
    device.set_format(*camera.size, "YUYV", 30)
    return device


def shoot(camera: Lane, stream: Stream) -> Frame:
    """The next frame of a stream."""
    camera.fill(stream._device)
    return stream.read(10)


def open_fds() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def mappings(path: str) -> int:
    """Mappings of a camera's buffers that this process has, as the kernel says."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    if not path.startswith("sim:"):
        return sum(line.endswith(path) for line in lines)
    # The simulated driver maps its memory too, but to write.
    return sum("v4l2capture-sim" in line and "r--s" in line for line in lines)
