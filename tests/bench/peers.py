# SPDX-License-Identifier: MIT
"""The programs that are compared: each takes frames as its manual says, and looks at no pixel.

    python tests/bench/peers.py NAME DEVICE WIDTH HEIGHT FRAMES

Exit status 3: what it needs is not installed. Every one imports only what it measures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parents[2] / "build/bench"
ABSENT = 3


def _stream(path: str, width: int, height: int, pixel_format: str = "YUYV") -> Any:
    from v4l2capture import Device

    device = Device(path)
    device.set_format(width, height, pixel_format)
    return device.stream(buffers=4)


def frame(path: str, width: int, height: int, frames: int) -> None:
    """A Frame for each, safe to keep."""
    stream = _stream(path, width, height)
    for _ in range(frames):
        frame = stream.read(timeout=1.0)
    del frame


def array(path: str, width: int, height: int, frames: int) -> None:
    """A Frame and a new ndarray for each."""
    stream = _stream(path, width, height)
    for _ in range(frames):
        array = stream.read(timeout=1.0).array()
    del array


def planes(path: str, width: int, height: int, frames: int) -> None:
    """A Frame of two memory planes for each."""
    stream = _stream(path, width, height, "NM16")
    for _ in range(frames):
        frame = stream.read(timeout=1.0)
    del frame


def latest(path: str, width: int, height: int, frames: int) -> None:
    """The newest Frame each time."""
    stream = _stream(path, width, height)
    for _ in range(frames):
        frame = stream.latest(timeout=1.0)
    del frame


def iteration(path: str, width: int, height: int, frames: int) -> None:
    """``for frame in stream``."""
    for _ in islice(_stream(path, width, height), frames):
        pass


def asynchronous(path: str, width: int, height: int, frames: int) -> None:
    """``async for frame in stream``."""
    import asyncio

    async def consume() -> None:
        taken = 0
        async for _ in _stream(path, width, height):
            taken += 1
            if taken == frames:
                return

    asyncio.run(consume())


def touch(path: str, width: int, height: int, frames: int) -> None:
    """Every byte read through the array, by the C function that ``cloop touch`` has, too."""
    import cffi

    ffi = cffi.FFI()
    ffi.cdef("uint64_t sum_pixels(const unsigned char *pixels, size_t size);")
    sum_pixels = ffi.dlopen(str(TOOLS / "sum.so")).sum_pixels
    stream = _stream(path, width, height)
    for _ in range(frames):
        array = stream.read(timeout=1.0).array()
        sum_pixels(ffi.from_buffer(array), array.nbytes)
    del array


def opencv(path: str, width: int, height: int, frames: int) -> None:
    """``grab()`` keeps nothing: the buffer goes back with the next one."""
    import cv2

    capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*"YUYV"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
    for _ in range(frames):
        assert capture.grab()


def pyav(path: str, width: int, height: int, frames: int) -> None:
    """Packets out of FFmpeg, not decoded."""
    import av

    options = {"video_size": f"{width}x{height}", "input_format": "yuyv422"}
    container = av.open(path, format="v4l2", options=options)
    for _ in islice(container.demux(video=0), frames):
        pass


def linuxpy(path: str, width: int, height: int, frames: int) -> None:
    """What v4l2py 3 is underneath, too."""
    from linuxpy.video.device import Device, VideoCapture

    with Device(path) as device:
        capture = VideoCapture(device, size=4)
        capture.set_format(width, height, "YUYV")
        with capture:
            for _ in islice(capture, frames):
                pass


PEERS: dict[str, Callable[[str, int, int, int], None]] = {
    peer.__name__: peer
    for peer in (
        *(frame, array, planes, latest, iteration, asynchronous, touch),
        *(opencv, pyav, linuxpy),
    )
}


def main() -> int:
    name, path, *numbers = sys.argv[1:]
    width, height, frames = map(int, numbers)
    try:
        PEERS[name](path, width, height, frames)
    except ImportError as error:
        print(error, file=sys.stderr)
        return ABSENT
    return 0


if __name__ == "__main__":
    sys.exit(main())
