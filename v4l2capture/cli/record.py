# SPDX-License-Identifier: MIT
"""``v4l2capture record``."""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from ..device import Device
from ..errors import CaptureTimeout
from ..frame import Frame
from ..pixfmt import Format, pixel_format
from ..rate import read_rate
from ..stream import Stream
from .arguments import number
from .choice import add_device, open_camera
from .files import writing_files
from .output import Failed, say
from .progress import Progress, Tally
from .stopping import Stop
from .writers import PICTURES, WRITERS, FolderWriter, Writer

__all__ = ["add_arguments", "run"]

# ---- the command line ----


class _Output(NamedTuple):
    """Where to record to; without ``make`` it is a folder."""

    path: Path
    make: type[Writer] | None


def _pixel_format(text: str) -> str:
    try:
        return pixel_format(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _output(text: str) -> _Output:
    path = Path(text)
    if text.endswith("/") or (text and path.is_dir()):
        return _Output(path, None)
    make = WRITERS.get(path.suffix.lower())
    if make is None and (text in ("", "-") or path.suffix):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a folder nor a file ending in {', '.join(WRITERS)}; "
            "a folder ends in /"
        )
    return _Output(path, make)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_device(parser)
    add = parser.add_argument
    frames = number(int, 0, sys.maxsize, "a number of frames")
    seconds = number(float, 0.001, 1e9, "a number of seconds")
    pixels = number(int, 1, 65535, "a number of pixels, 1 to 65535")
    rate = number(
        read_rate, Fraction(1, 1000), Fraction(1_000_000), "frames per second, 30 or 30000/1001"
    )
    quality = number(int, 1, 100, "a quality, 1 to 100")
    buffers = number(int, 2, 32, "a number of buffers, 2 to 32")
    add("-o", "--output", metavar="DIR|FILE", type=_output, required=True, help="see above")
    add("-n", "--frames", metavar="N", type=frames, default=0, help="how many; 0, or left out: all")
    add("--seconds", metavar="S", type=seconds, help="for how long")
    add("--width", metavar="W", type=pixels, help="left out, all these stay as they are")
    add("--height", metavar="H", type=pixels)
    add("--format", metavar="FORMAT", type=_pixel_format, help="YUYV, MJPG, NV12, ...")
    add("--rate", metavar="R", type=rate, help="frames per second, 30 or 30000/1001")
    add("--as", dest="kind", choices=list(PICTURES), help="files in a folder; left out: jpg")
    add("--quality", metavar="Q", type=quality, default=90, help="of JPEGs, 1 to 100; left out: 90")
    add("--buffers", metavar="B", type=buffers, default=4, help="2 to 32; left out: 4")
    add("--timeout", metavar="S", type=seconds, default=5.0, help="wait for a frame; left out: 5")
    add("-f", "--force", action="store_true", help="overwrite what is there")
    add("-q", "--quiet", action="store_true", help="nothing but problems on stderr")


def run(args: argparse.Namespace) -> int:
    """record frames into files

    -o DIR/      a file for each frame: frame-000001.jpg, ..., and frames.json
    -o FILE.raw  the bytes of all frames as they come, and FILE.json, which says what they are
    -o FILE.y4m  YUV4MPEG2, which video tools read: no loss, no colour conversion from Y'CbCr
    -o FILE.mkv  the camera's own JPEGs, not encoded again; .avi likewise; needs PyAV

    Records N frames, S seconds, or until Ctrl-C. Ctrl-C and SIGTERM finish the frame and leave
    whole files; the exit status is 0 when no end was given, else 128 + the signal's number.
    Frames that are damaged are left out and counted.
    """
    path, make = args.output
    if make is not None and args.kind:
        args.usage_error(f"--as is for folders, and {path} is a file")
    kind = make or FolderWriter
    with writing_files(path):
        obstacle = kind.in_the_way(path)
    if obstacle is not None and not args.force:
        raise Failed(f"{obstacle} is there already; --force overwrites it")
    if (lack := kind.lacks()) is not None:
        raise Failed(lack)

    with open_camera(args.device) as device, Stop() as stop:
        _set_format(device, args, make.wanted if make else ())
        present = device.format
        with writing_files(path):
            writer = (
                make(path, present)
                if make
                else FolderWriter(path, present, args.kind or "jpg", args.quality)
            )
        if not args.quiet:
            say(f"recording {present} from {device.path}")
        return _Recording(device, writer, args, stop).run()


def _set_format(device: Device, args: argparse.Namespace, wanted: tuple[str, ...]) -> None:
    """Set what was asked for, and the pixel format if this kind of file needs another one."""
    pixels = args.format
    if pixels is None and wanted and device.format.pixel_format not in wanted:
        offered = {info.pixel_format for info in device.formats()}
        pixels = next((each for each in wanted if each in offered), None)
    asked = {
        "width": args.width,
        "height": args.height,
        "pixel_format": pixels,
        "frame_rate": args.rate,
    }
    if any(value is not None for value in asked.values()):
        got = device.set_format(**asked)
        for change in _changes(got, asked):
            say(f"the camera took {change}")


def _changes(got: Format, asked: dict[str, object]) -> list[str]:
    """Say what a camera made of what was asked for, where that is something else."""
    return [
        f"{name} {getattr(got, name)} instead of {value}"
        for name, value in asked.items()
        if value is not None and getattr(got, name) not in (value, None)
    ]


# ---- frames ----


class _Recording:
    """One recording, from the first frame to the last word about it."""

    def __init__(
        self, device: Device, writer: Writer, args: argparse.Namespace, stop: Stop
    ) -> None:
        self._device = device
        self._writer = writer
        self._stop = stop
        self._frames: int = args.frames
        self._seconds: float | None = args.seconds
        self._buffers: int = args.buffers
        self._timeout: float = args.timeout
        self._quiet: bool = args.quiet
        self._unusable = 0
        self._end = 0.0  # of our patience
        self.tally = Tally()

    def run(self) -> int:
        """Record, and return the exit status."""
        try:
            with (
                self._device.stream(self._buffers) as stream,
                Progress(self._frames or self._seconds, "frame", quiet=self._quiet) as progress,
            ):
                self._record(stream, progress)
        finally:
            with writing_files(self._writer.path):
                self._writer.publish()
            if self.tally.frames and not self._quiet:
                say(f"{self.tally}: {self._writer.path}")
        return self._status()

    def _record(self, stream: Stream, progress: Progress) -> None:
        self._end = monotonic() + self._timeout
        while self._wants_more():
            frame = self._next(stream)
            if frame is None or self._is_late(frame):
                break
            self._take(frame)
            del frame  # its buffer, while we wait for the next one
            self._count(stream)
            progress.update(self.tally, self._done())
        self._count(stream)

    def _wants_more(self) -> bool:
        return not self._frames or self.tally.frames < self._frames

    def _is_late(self, frame: Frame) -> bool:
        if self._seconds is None or not self.tally.frames:
            return False
        return frame.timestamp_ns - self.tally.first_ns >= self._seconds * 1e9

    def _done(self) -> float:
        return self.tally.frames if self._frames else self.tally.seconds

    def _next(self, stream: Stream) -> Frame | None:
        """Wait for a whole frame; ``None`` when it is time to stop."""
        while not self._stop.signal:
            left = self._end - monotonic()
            if left <= 0 or not self._stop.wait(stream.fileno(), left):
                self._count(stream)
                raise CaptureTimeout(
                    f"no good frame from {self._device.path} within {self._timeout:g} s "
                    f"({self.tally.damaged} damaged)"
                )
            frame = None if self._stop.signal else stream.try_read()
            if frame is not None and frame.ok:
                return frame
        return None

    def _take(self, frame: Frame) -> None:
        tally = self.tally
        try:
            with writing_files(self._writer.path):
                self._writer.write(frame)
        except ValueError as error:  # a JPEG that looks whole and is not, for example
            self._unusable += 1
            say(f"frame {frame.sequence} left out: {error}")
            return
        if not tally.frames:
            tally.first_ns = frame.timestamp_ns
        tally.last_ns = frame.timestamp_ns
        tally.frames, tally.size = self._writer.count, self._writer.size
        self._end = monotonic() + self._timeout

    def _count(self, stream: Stream) -> None:
        stats = stream.stats
        self.tally.dropped = stats.dropped
        self.tally.damaged = stats.broken + self._unusable

    def _status(self) -> int:
        """An endless recording that was ended is done; any other was cut short."""
        if not self.tally.frames:
            say("no frame was recorded and no file made")
        if not self._stop.signal:
            return 0
        is_endless = not self._frames and self._seconds is None
        return 0 if is_endless and self.tally.frames else 128 + self._stop.signal
