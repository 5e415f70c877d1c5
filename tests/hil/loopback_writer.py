# SPDX-License-Identifier: MIT
"""Feed frames to a v4l2loopback node, and leave, stall or change format as a real producer might.

    loopback_writer.py NODE [--format YUYV] [--size 640x480] [--fps 30] [--frames N] [FILE ...]

It says "writing" on stdout after the first frame. Every byte of frame n is n modulo 256, except
that MJPG frames are small valid JPEG files with a comment that says n. With files, these are the
frames, in turn, whatever is in them. Commands come on stdin, one on a line:

    format YUYV 320x240     reopen the node with another format
    pause, resume           hold the frames back, keep the node open
    leave                   end

Standard library only, so that it does not depend on what it helps to test.
"""

import argparse
import ctypes
import fcntl
import itertools
import os
import select
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

OUTPUT = 2  # V4L2_BUF_TYPE_VIDEO_OUTPUT
FIELD_NONE = 1
COLORSPACE_SRGB = 8


class PixFormat(ctypes.Structure):
    """struct v4l2_pix_format"""

    _fields_ = tuple(
        (name, ctypes.c_uint32)
        for name in (
            "width",
            "height",
            "pixelformat",
            "field",
            "bytesperline",
            "sizeimage",
            "colorspace",
            "priv",
            "flags",
            "ycbcr_enc",
            "quantization",
            "xfer_func",
        )
    )


class _Union(ctypes.Union):
    # The kernel's union also holds pointers, which align it.
    _fields_ = (("pix", PixFormat), ("raw", ctypes.c_uint8 * 200), ("align", ctypes.c_void_p))


class Format(ctypes.Structure):
    """struct v4l2_format"""

    _fields_ = (("type", ctypes.c_uint32), ("fmt", _Union))


VIDIOC_S_FMT = 0xC0000000 | ctypes.sizeof(Format) << 16 | ord("V") << 8 | 5

VIDIOC_STREAMON = 0x40045612

# Format: bytes for each line and for the whole picture, from width and height.
LAYOUTS: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "YUYV": lambda w, h: (w * 2, w * h * 2),
    "UYVY": lambda w, h: (w * 2, w * h * 2),
    "GREY": lambda w, h: (w, w * h),
    "RGB3": lambda w, h: (w * 3, w * h * 3),
    "NV12": lambda w, h: (w, w * h * 3 // 2),
    "YU12": lambda w, h: (w, w * h * 3 // 2),
    "MJPG": lambda w, h: (0, w * h * 2),
}


@dataclass(frozen=True)
class Picture:
    """What to write."""

    pixel_format: str
    width: int
    height: int

    @classmethod
    def parse(cls, pixel_format: str, size: str) -> "Picture":
        width, height = size.split("x")
        return cls(pixel_format, int(width), int(height))

    @property
    def size(self) -> int:
        return LAYOUTS[self.pixel_format](self.width, self.height)[1]

    def frame(self, number: int) -> bytes:
        if self.pixel_format == "MJPG":
            return jpeg(self.width, self.height, f"frame {number}")
        return bytes([number % 256]) * self.size


def jpeg(width: int, height: int, comment: str) -> bytes:
    """Return a grey baseline JPEG whose blocks are all "no change": two bits for each."""
    text = comment.encode()
    # One code of one bit in each table: difference 0 (DC) and end of block (AC), both "0".
    huffman = b"".join(
        struct.pack(">HHB", 0xFFC4, 20, table) + b"\1" + bytes(15) + b"\0" for table in (0x00, 0x10)
    )
    blocks = -(-width // 8) * -(-height // 8)
    bits = 2 * blocks
    scan = bytearray(-(-bits // 8))
    if bits % 8:
        scan[-1] = 0xFF >> bits % 8  # the rest of the last byte is ones
    return b"".join(
        (
            b"\xff\xd8",
            struct.pack(">HH", 0xFFFE, 2 + len(text)) + text,
            struct.pack(">HHB", 0xFFDB, 67, 0) + b"\1" * 64,
            struct.pack(">HHBHHB3B", 0xFFC0, 11, 8, height, width, 1, 1, 0x11, 0),
            huffman,
            struct.pack(">HHB2B3B", 0xFFDA, 8, 1, 1, 0, 0, 63, 0),
            bytes(scan),
            b"\xff\xd9",
        )
    )


def open_node(node: str, picture: Picture) -> int:
    """Open the node as an output with the picture's format."""
    fd = os.open(node, os.O_RDWR | os.O_CLOEXEC)
    line, size = LAYOUTS[picture.pixel_format](picture.width, picture.height)
    wanted = Format(type=OUTPUT)
    wanted.fmt.pix = PixFormat(
        width=picture.width,
        height=picture.height,
        pixelformat=int.from_bytes(picture.pixel_format.encode(), "little"),
        field=FIELD_NONE,
        bytesperline=line,
        sizeimage=size,
        colorspace=COLORSPACE_SRGB,
    )
    fcntl.ioctl(fd, VIDIOC_S_FMT, wanted)
    got = wanted.fmt.pix
    if (got.width, got.height) != (picture.width, picture.height):
        fail(f"{node} made {got.width}x{got.height} of {picture}")
    # Not needed to write; but only who has done this is noticed when it leaves, and else a node
    # with exclusive_caps is neither camera nor output from then on.
    fcntl.ioctl(fd, VIDIOC_STREAMON, struct.pack("=i", OUTPUT))
    return fd


def write(node: str, picture: Picture, fps: float, frames: int | None, files: list[bytes]) -> None:
    """Write frames until told to stop."""
    fd = open_node(node, picture)
    paused = False
    started = time.monotonic()
    commands = sys.stdin.fileno()
    watched = [commands]
    for number in itertools.count():
        if number == frames:
            break
        if not paused:
            os.write(fd, files[number % len(files)] if files else picture.frame(number))
        if number == 0:
            print("writing", flush=True)
        wait = max(started + (number + 1) / fps - time.monotonic(), 0.0)
        if not select.select(watched, [], [], wait)[0]:
            continue
        match os.read(commands, 4096).decode().split():
            case ["format", pixel_format, size]:
                picture = Picture.parse(pixel_format, size)
                os.close(fd)
                fd = open_node(node, picture)
            case ["pause"]:
                paused = True
            case ["resume"]:
                paused = False
            case ["leave"]:
                break
            case []:
                watched = []  # nobody there to command us; go on by ourselves
            case words:
                fail(f"unknown command: {' '.join(words)}")
    os.close(fd)


def fail(reason: str) -> NoReturn:
    print(f"loopback_writer: {reason}", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("node")
    parser.add_argument("--format", choices=LAYOUTS, default="YUYV")
    parser.add_argument("--size", default="640x480", metavar="WxH")
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--frames", type=int, metavar="N", help="leave after N frames")
    parser.add_argument("file", nargs="*", type=Path)
    args = parser.parse_intermixed_args()
    files = [file.read_bytes() for file in args.file]
    write(args.node, Picture.parse(args.format, args.size), args.fps, args.frames, files)


if __name__ == "__main__":
    main()
