# SPDX-License-Identifier: MIT
"""testcam by hand: its nodes and subdevices, into a known state, unplugged, loaded differently.

What the module is stands at the top of tools/hil/testcam/driver.c; testcam_code.py reads its
pictures. Subdevices are set with ioctls made here, so that our own code is not among the suspects.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from v4l2capture import Camera, Device
from v4l2capture.dictionaries import PhotoSettings
from v4l2capture.shooting import shoot

from ..waits import wait_until
from . import nodes, testcam_code

DRIVER = Path("/sys/bus/platform/drivers/testcam")
MODULE = Path("/sys/module/testcam")
INSTANCE = "testcam.0"
LED = Path("/sys/class/leds/testcam0:white:flash")  # with led=1
BUILT = Path(__file__).resolve().parents[2] / "build" / "hil"

# Names in sysfs and in the media device; {} is the number of the camera.
VIDEO, SENSOR, LENS, FLASH = (
    "testcam {}",
    "testcam sensor {}",
    "testcam lens {}",
    "testcam flash {}",
)
FULL, RAW = 0, 1  # the cameras the rig loads

PIXEL_RATE = 180_000_000
MARGIN = 4  # lines of a frame that cannot be exposed
GAIN_ONE = 16


# ---- controls ----

EXPOSURE, FOCUS_ABSOLUTE = 0x980911, 0x9A090A
VBLANK, HBLANK, ANALOGUE_GAIN = 0x9E0901, 0x9E0902, 0x9E0903
ORIENTATION, ROTATION = 0x9A0922, 0x9A0923
SCENE_LIGHT, SCENE_TEMPERATURE, SCENE_FOCUS = 0x98E900, 0x98E901, 0x98E902
LED_MODE, STROBE_SOURCE, STROBE, STROBE_STOP, STROBE_STATUS = range(0x9C0901, 0x9C0906)
TIMEOUT, INTENSITY, TORCH_INTENSITY = 0x9C0906, 0x9C0907, 0x9C0908
FAULT, CHARGE, READY, INJECT_FAULT = 0x9C090A, 0x9C090B, 0x9C090C, 0x9C1900
OFF, FLASH_MODE, TORCH_MODE = 0, 1, 2  # of LED_MODE
SOFTWARE, EXTERNAL = 0, 1  # of STROBE_SOURCE

_DEFAULTS = {
    SENSOR: {VBLANK: 1520, EXPOSURE: 600, ANALOGUE_GAIN: 16},
    LENS: {FOCUS_ABSOLUTE: 512},
    FLASH: {
        LED_MODE: OFF,
        STROBE_SOURCE: SOFTWARE,
        TIMEOUT: 200_000,
        INTENSITY: 500_000,
        TORCH_INTENSITY: 100_000,
        CHARGE: 1,
    },
}

_G_CTRL, _S_CTRL, _QUERYCTRL = 0xC008561B, 0xC008561C, 0xC0445624
_SUBSCRIBE_EVENT, _DQEVENT = 0x4020565A, 0x80885659
_EVENT_CTRL, _READ_ONLY = 3, 0x4


class Node:
    """A node, open, and its controls by number."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def __enter__(self) -> "Node":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def get(self, control: int) -> int:
        return struct.unpack("=Ii", fcntl.ioctl(self.fd, _G_CTRL, struct.pack("=Ii", control, 0)))[
            1
        ]

    def set(self, control: int, value: int = 0) -> None:
        fcntl.ioctl(self.fd, _S_CTRL, struct.pack("=Ii", control, value))

    def _query(self, control: int) -> tuple[int, ...]:
        """Return minimum, maximum, step, default, flags."""
        asked = struct.pack("=II32s5i2I", control, 0, b"", *([0] * 7))
        answer = struct.unpack("=II32s5i2I", fcntl.ioctl(self.fd, _QUERYCTRL, asked))
        return answer[3:8]

    def has(self, control: int) -> bool:
        try:
            self._query(control)
        except OSError as error:
            assert error.errno == errno.EINVAL  # noqa: PT017
            return False
        return True

    def range_of(self, control: int) -> tuple[int, int]:
        return self._query(control)[:2]

    def is_read_only(self, control: int) -> bool:
        return bool(self._query(control)[4] & _READ_ONLY)

    def subscribe(self, control: int) -> None:
        event = struct.pack("=3I5I", _EVENT_CTRL, control, *([0] * 6))
        fcntl.ioctl(self.fd, _SUBSCRIBE_EVENT, event)

    def event(self) -> tuple[int, int] | None:
        """Return control and value of the next event."""
        try:
            data = fcntl.ioctl(self.fd, _DQEVENT, bytes(136))
        except OSError as error:
            assert error.errno == errno.ENOENT  # noqa: PT017
            return None
        # type; the union at 8: changes, type, value; behind it pending, sequence, time, id
        return struct.unpack_from("=I", data, 96)[0], struct.unpack_from("=q", data, 16)[0]


def path_of(kind: str, number: int = FULL) -> str:
    """Return the node of one part of a camera; wait for it to appear."""
    return nodes.path_of(kind.format(number))


def open_part(kind: str, number: int = FULL) -> Node:
    return Node(path_of(kind, number))


def line_ns(width: int) -> float:
    """How long one line takes at a width."""
    return (6000 if width == 2592 else 3000) * 1e9 / PIXEL_RATE


def reset(number: int = FULL) -> str:
    """Every control of a camera to its default, 640x480 at 30 frames/s; return the node.

    Pictures are YUYV, or SGRBG8 from the raw camera.
    """
    path = path_of(VIDEO, number)
    with Device(path) as device:
        for _ in range(2):  # what a master had made inactive, in the second round
            nodes.set_defaults(device)
        device.set_format(640, 480, "GRBG" if number == RAW else "YUYV", 30)
    for kind, defaults in _DEFAULTS.items():
        with open_part(kind, number) as part:
            if kind == FLASH:
                part.get(FAULT)
            for control, value in defaults.items():
                if not part.is_read_only(control):
                    part.set(control, value)
    with open_part(FLASH, number) as flash:
        wait_until(lambda: flash.get(READY), "the flash does not get ready")
    return path


# ---- photos ----

SMALL = {"imageWidth": 640, "imageHeight": 480}


@contextlib.contextmanager
def opened(path: str) -> Iterator[Camera]:
    """Open a camera that streams in the size of a small photo."""
    with Camera(path) as camera:
        camera.apply_constraints(width={"exact": 640}, height={"exact": 480})
        yield camera


def frame_of(camera: Camera, **settings: Any) -> NDArray[Any]:
    """Return the frame of a photo: what is encoded has no code to be read any more."""
    (shot,) = shoot(camera._source, camera._state, PhotoSettings.of(SMALL, **settings), 20)
    return shot.frame.array()


def code_of(camera: Camera, **settings: Any) -> testcam_code.Code:
    return testcam_code.read(frame_of(camera, **settings))


# ---- the media device ----


@dataclass(frozen=True)
class Topology:
    """G_TOPOLOGY of the media device: what is there, and what belongs together."""

    functions: dict[str, int]  # of entities, by name
    data: set[tuple[str, str]]
    ancillary: set[tuple[str, str]]
    nodes: dict[str, tuple[int, int]]  # device numbers, by name of the entity


_G_TOPOLOGY = 0xC0487C04
# struct media_v2_entity, _interface, _pad and _link, as far as anything is in them
_FORMATS = ("=I64sII20x", "=III36xII56x", "=IIII16x", "=IIII24x")
_LINK_TYPE, _DATA, _INTERFACE, _ANCILLARY = 0xF << 28, 0 << 28, 1 << 28, 2 << 28


def media_path() -> str:
    for entry in sorted(Path("/sys/bus/media/devices").glob("media*/model")):
        if entry.read_text().strip() == "testcam":
            return f"/dev/{entry.parent.name}"
    raise AssertionError("testcam has no media device")


def _tables() -> list[list[tuple[int, ...]]]:
    """Return what G_TOPOLOGY says: entities, interfaces, pads, links."""
    fd = os.open(media_path(), os.O_RDWR | os.O_CLOEXEC)
    try:
        counted = fcntl.ioctl(fd, _G_TOPOLOGY, bytes(72))
        numbers = [struct.unpack_from("=I", counted, 8 + 16 * i)[0] for i in range(4)]
        sizes = [struct.calcsize(format_) for format_ in _FORMATS]
        room = [
            ctypes.create_string_buffer(n * size) for n, size in zip(numbers, sizes, strict=True)
        ]
        asked = struct.pack("=Q", 0)
        for number, buffer in zip(numbers, room, strict=True):
            asked += struct.pack("=IIQ", number, 0, ctypes.addressof(buffer))
        fcntl.ioctl(fd, _G_TOPOLOGY, asked)
    finally:
        os.close(fd)
    return [
        list(struct.iter_unpack(format_, buffer.raw[: number * size]))
        for format_, buffer, number, size in zip(_FORMATS, room, numbers, sizes, strict=True)
    ]


def topology() -> Topology:
    entities, interfaces, pads, links = _tables()
    names = {each[0]: each[1].rstrip(b"\0").decode() for each in entities}
    owners = {pad[0]: names[pad[1]] for pad in pads}
    devices = {each[0]: (each[3], each[4]) for each in interfaces}

    def of_type(kind: int) -> list[tuple[int, int]]:
        return [(source, sink) for _, source, sink, flags in links if flags & _LINK_TYPE == kind]

    return Topology(
        functions={names[each[0]]: each[2] for each in entities},
        data={(owners[source], owners[sink]) for source, sink in of_type(_DATA)},
        ancillary={(names[source], names[sink]) for source, sink in of_type(_ANCILLARY)},
        nodes={names[sink]: devices[source] for source, sink in of_type(_INTERFACE)},
    )


# ---- the module ----


def unbind() -> None:
    """What pulling the plug is to a USB camera; all of testcam's nodes go."""
    (DRIVER / "unbind").write_text(INSTANCE)


def bind() -> None:
    """Plug it in again and wait for the nodes."""
    if not (DRIVER / INSTANCE).exists():
        (DRIVER / "bind").write_text(INSTANCE)
    _wait_for_nodes()


def _wait_for_nodes() -> None:
    subprocess.run(["udevadm", "settle", "--timeout=30"], check=True)
    path_of(VIDEO, 0)


def _file() -> Path:
    """Return the file that the module was loaded from."""
    version = (MODULE / "srcversion").read_text().strip()
    for path in BUILT.glob("*/*/testcam.ko"):
        said = subprocess.run(["modinfo", "-F", "srcversion", path], capture_output=True, text=True)
        if said.stdout.strip() == version:
            return path
    raise AssertionError(f"no testcam.ko below {BUILT} is the one that is loaded")


def parameters() -> list[str]:
    """Return what the module was loaded with, in the words of insmod."""
    return [f"{each.name}={each.read_text().strip()}" for each in (MODULE / "parameters").iterdir()]


@contextlib.contextmanager
def loaded(*different: str) -> Iterator[None]:
    """Load the module with other parameters for the time of the block: ``loaded("flash=2")``."""
    file, before = _file(), parameters()
    subprocess.run(["rmmod", "testcam"], check=True)
    try:
        subprocess.run(["insmod", file, *different], check=True)
        _wait_for_nodes()
        yield
    finally:
        subprocess.run(["rmmod", "testcam"], check=MODULE.exists())
        subprocess.run(["insmod", file, *before], check=True)
        _wait_for_nodes()
