# SPDX-License-Identifier: MIT
"""The emulated USB cameras by hand: plugged, broken, and found again.

``UsbCamera.of_the_rig()`` is the one that tools/hil/run plugged in; ``UsbCamera.play(profile)`` is
one of the test's own. What commands there are is said in tools/hil/usbcam/player.py, what can go
wrong in faults.py beside it.
"""

import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from v4l2capture import Device, Frame, Stream

from ..waits import wait_until
from .nodes import NODES

HIL = Path(__file__).resolve().parents[2] / "tools/hil"
UDEV = Path("/run/udev/data")  # what udev has dealt with, links and permissions included
FRAME_TIMEOUT_S = 10.0
NODROP = Path("/sys/module/uvcvideo/parameters/nodrop")

WEBCAM = HIL.parents[1] / "v4l2capture/profiles/webcam.json"
LISTINGS = HIL.parents[1] / "tests/data/cameras"

_numbers = itertools.count(1)


def node_of(serial: str) -> str:
    """Return the capture node of the USB camera with this serial number, or ""."""
    for entry in NODES.glob("video*"):
        with contextlib.suppress(OSError):  # it may go while we look
            node = Path("/dev", entry.name)
            number = entry.joinpath("device/../serial").read_text().strip()
            index = entry.joinpath("index").read_text().strip()  # 1 has metadata
            known = UDEV / f"c{entry.joinpath('dev').read_text().strip()}"
            if (number, index) == (serial, "0") and known.exists():
                return str(node)
    return ""


class UsbCamera:
    """A camera that a program plays."""

    def __init__(self, serial: str, path: str) -> None:
        self.serial = serial
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30.0)
        self._socket.connect(path)
        self._lines = self._socket.makefile("rwb")

    @classmethod
    def of_the_rig(cls) -> "UsbCamera":
        return cls("usbcam-1", os.environ["V4L2CAPTURE_UVC_SOCKET"])

    @classmethod
    @contextlib.contextmanager
    def play(cls, profile: str | Path, *options: str) -> Iterator["UsbCamera"]:
        """Plug a camera in for as long as the block lasts."""
        serial = f"test-{next(_numbers)}"
        path = f"/run/{serial}.sock"
        command = [sys.executable, "-B", str(HIL / "usbcam"), str(profile)]
        command += ["--serial", serial, "--socket", path, *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "plugged in\n"
                with cls(serial, path) as camera:
                    yield camera
            finally:
                process.kill()

    def __enter__(self) -> "UsbCamera":
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    # ---- where it is ----

    @property
    def path(self) -> str:
        """Its node; waits until it is there."""
        return wait_until(
            lambda: node_of(self.serial), f"there is no node of the camera {self.serial}"
        )

    def wait_gone(self) -> None:
        wait_until(lambda: not node_of(self.serial), "the node stays")

    # ---- commands ----

    def do(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Give a command and return the answer."""
        line = json.dumps({"do": command} | arguments)
        self._lines.write(line.encode() + b"\n")
        self._lines.flush()
        answer = json.loads(self._lines.readline())
        assert "error" not in answer, answer
        return answer

    def fault(self, name: str, **arguments: Any) -> None:
        self.do("fault", name=name, **arguments)

    def change(self, control: str, value: int, *, announce: bool = True) -> None:
        self.do("change", control=control, value=value, announce=announce)

    @property
    def values(self) -> dict[str, int]:
        """What its controls are, as itself sees them."""
        return self.do("state")["values"]

    def replug(self) -> str:
        """Unplug it, plug it in again as it was at first, and return its node."""
        self.do("unplug")
        self.wait_gone()
        self.do("plug")
        return self.path

    def become(self, profile: str | Path, **options: Any) -> str:
        """Unplug it, plug another camera in instead, and return its node.

        ``options`` are ``largest=[width, height]``, ``usb_id=[vendor, product]`` and
        ``isochronous``.
        """
        self.do("clear")
        self.do("unplug")
        self.wait_gone()
        self.do("plug", profile=str(profile), **options)
        return self.path

    def reset(self) -> str:
        """Let everything go right, and plug it in anew."""
        self.do("clear")
        return self.replug()


def unbind() -> None:
    """Pull the plug of the rig's camera."""
    with UsbCamera.of_the_rig() as camera:
        camera.do("unplug")
        camera.wait_gone()


def bind() -> None:
    """Plug it in again and wait for its node."""
    with UsbCamera.of_the_rig() as camera:
        camera.do("plug")
        assert camera.path


@contextlib.contextmanager
def damaged_frames_delivered() -> Iterator[None]:
    """Let uvcvideo deliver damaged frames of cameras that are plugged in from now on."""
    before = NODROP.read_text()
    NODROP.write_text("1")
    try:
        yield
    finally:
        NODROP.write_text(before)


def read(stream: Stream, count: int = 1) -> list[Frame]:
    """Return the next frames of a stream."""
    return [stream.read(timeout=FRAME_TIMEOUT_S) for _ in range(count)]


def small(device: Device, pixel_format: str = "YUYV") -> None:
    """Set a format that a busy machine keeps up with."""
    device.set_format(320, 240, pixel_format, 15)


@contextlib.contextmanager
def streaming(camera: UsbCamera, pixel_format: str = "YUYV", **options: Any) -> Iterator[Stream]:
    """Let it stream in such a format; ``options`` are those of Device.stream()."""
    with Device(camera.path) as device:
        small(device, pixel_format)
        with device.stream(**options) as stream:
            yield stream
