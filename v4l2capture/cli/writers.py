# SPDX-License-Identifier: MIT
"""Frames to files: a folder of pictures, raw bytes, YUV4MPEG2, or a container of JPEGs.

Whatever happens, files are whole: a frame is in them or it is not.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..frame import Frame
from ..pixfmt import JPEGS, PIXEL_FORMATS, Format
from . import y4m
from .files import Index, Part
from .output import Failed

__all__ = ["PICTURES", "WRITERS", "FolderWriter", "Writer"]


class Writer(ABC):
    """Takes frames of one format and leaves whole files.

    Attributes:
        count: Frames written.
        size: Their bytes.

    Raises (all methods):
        Failed: This format cannot be written like this.
        OSError: The file system refused; what was written before is whole.
    """

    # Formats that it takes, if it is particular about them.
    wanted: tuple[str, ...] = ()

    count = 0
    size = 0

    def __init__(self, path: Path, format: Format) -> None:  # noqa: A002
        self.path = path
        self.format = format

    @staticmethod
    def in_the_way(path: Path) -> Path | None:
        """Return a file that a recording to ``path`` would overwrite."""
        return path if path.exists() or path.is_symlink() else None

    @classmethod
    def lacks(cls) -> str | None:
        """Return what has to be installed before a camera is set up for such a file."""
        return None

    def write(self, frame: Frame) -> None:
        """Write one frame, or leave everything as it was.

        Raises:
            ValueError: There is no picture in this frame.
        """
        self.size += self._write(frame)
        self.count += 1

    @abstractmethod
    def _write(self, frame: Frame) -> int:
        """Write a frame and return its bytes."""

    @abstractmethod
    def publish(self) -> None:
        """Complete the files and give them their names; without a frame, leave none."""


# ---- a file for each frame ----


def _jpeg(frame: Frame, quality: int) -> bytes:
    return frame.to_jpeg(quality)


def _png(frame: Frame, _quality: int) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(frame.to_rgb()).save(out, "PNG", compress_level=1)
    return out.getvalue()


PICTURES: dict[str, Callable[[Frame, int], bytes] | None] = {
    "jpg": _jpeg,
    "png": _png,
    "raw": None,  # as they are
}

_NEEDED = {"jpg": ("numpy", "simplejpeg"), "png": ("numpy", "simplejpeg", "PIL.Image"), "raw": ()}


def _load(*libraries: str) -> None:
    """Load what the first frame will need: done then, it would cost the ones that follow."""
    for library in libraries:
        importlib.import_module(library)


class FolderWriter(Writer):
    """``frame-000001.jpg``, ..., each of them whole from the moment it has its name."""

    def __init__(self, path: Path, format: Format, suffix: str, quality: int) -> None:  # noqa: A002
        super().__init__(path, format)
        row = PIXEL_FORMATS.get(format.pixel_format)
        if suffix != "raw" and not (row and row.convertible):
            raise Failed(f"no picture can be made of {format.pixel_format}; try --as raw")
        self._suffix = suffix
        self._encode = PICTURES[suffix]
        self._quality = quality
        _load(*_NEEDED[suffix])
        self._is_new = not path.exists()
        path.mkdir(parents=True, exist_ok=True)
        self._index = Index(path / "frames.json", format)

    @staticmethod
    def in_the_way(path: Path) -> Path | None:
        if not path.is_dir():
            return Writer.in_the_way(path)
        ours = re.compile(r"frame-\d+\.\w+|frames\.json")
        return next((each for each in path.iterdir() if ours.fullmatch(each.name)), None)

    def _write(self, frame: Frame) -> int:
        chunks = [self._encode(frame, self._quality)] if self._encode else frame.planes
        name = f"frame-{self.count + 1:06}.{self._suffix}"
        part = Part(self.path / name)
        try:
            part.append(*chunks)
            self._index.add(frame, file=name)
        except BaseException:
            part.discard()
            raise
        part.publish()
        return part.size

    def publish(self) -> None:
        if self.count:
            self._index.publish()
            return
        self._index.discard()
        if self._is_new:
            self.path.rmdir()


# ---- one file ----


class RawWriter(Writer):
    """All bytes of all frames as they came; ``.json`` beside it says what they are."""

    def __init__(self, path: Path, format: Format) -> None:  # noqa: A002
        super().__init__(path, format)
        self._part = Part(path)
        try:
            self._index = Index(path.with_suffix(".json"), format)
        except BaseException:
            self._part.discard()
            raise

    @staticmethod
    def in_the_way(path: Path) -> Path | None:
        return Writer.in_the_way(path) or Writer.in_the_way(path.with_suffix(".json"))

    def _write(self, frame: Frame) -> int:
        planes = frame.planes
        start = self._part.size
        self._part.append(*planes)
        try:
            self._index.add(frame, offset=start, sizes=[len(plane) for plane in planes])
        except BaseException:
            self._part.cut(start)
            raise
        return self._part.size - start

    def publish(self) -> None:
        for each in (self._index, self._part):
            if self.count:
                each.publish()
            else:
                each.discard()


class Y4mWriter(Writer):
    """YUV4MPEG2, which every video tool reads."""

    def __init__(self, path: Path, format: Format) -> None:  # noqa: A002
        super().__init__(path, format)
        how = y4m.layout(format)
        if how is None:
            raise Failed(f"no picture can be made of {format.pixel_format}; record to a .raw file")
        self._layout = how
        _load("numpy", *("simplejpeg", "PIL.Image") * how.is_converted)
        self._part = Part(path)
        self._part.append(how.header)

    def _write(self, frame: Frame) -> int:
        import numpy as np

        planes = [np.ascontiguousarray(plane) for plane in self._layout.planes(frame.planes)]
        self._part.append(y4m.FRAME, *planes)
        return sum(plane.nbytes for plane in planes)

    def publish(self) -> None:
        if self.count:
            self._part.publish()
        else:
            self._part.discard()


class _Sink:
    """What PyAV writes to: the file that is not there yet."""

    def __init__(self, part: Part) -> None:
        self.write = part.write_here
        self.seek = part.seek
        self.tell = part.tell


class _Container(Writer):
    """A camera's own JPEGs in a video container, not encoded again. PyAV makes the container."""

    wanted = JPEGS
    muxer = ""
    ticks = 0  # of the clock in a second; 0: one for each frame

    @classmethod
    def lacks(cls) -> str | None:
        try:
            importlib.import_module("av")
            muxer = importlib.import_module("av.container").OutputContainer
        except ImportError:
            muxer = None
        if hasattr(muxer, "add_mux_stream"):
            return None
        return (
            f"{cls.muxer} files need PyAV 17 or newer: pip install 'v4l2-imagecapture[video]', "
            "or pip install 'av >= 17'"
        )

    def __init__(self, path: Path, format: Format) -> None:  # noqa: A002
        super().__init__(path, format)
        if format.pixel_format not in self.wanted:
            raise Failed(
                f"{path.suffix} files hold the JPEGs of a camera, not {format.pixel_format}; "
                "--format MJPG asks for them, or record to a .y4m file"
            )
        av: Any = importlib.import_module("av")
        rate = format.frame_rate or Fraction(30)
        self._new_packet = av.Packet
        self._time_base = Fraction(1, self.ticks) if self.ticks else 1 / rate
        self._begin: int | None = None
        self._last = -1
        self._is_broken = False
        self._part = Part(path)
        self._container = av.open(
            _Sink(self._part), "w", format=self.muxer, options={"flush_packets": "1"}
        )
        self._stream = self._container.add_mux_stream(
            "mjpeg", rate, width=format.width, height=format.height, time_base=self._time_base
        )

    def _write(self, frame: Frame) -> int:
        data = frame.to_jpeg()
        packet = self._new_packet(data)
        packet.stream = self._stream
        packet.time_base = self._time_base
        packet.pts = packet.dts = self._tick(frame.timestamp_ns)
        packet.is_keyframe = True
        try:
            self._container.mux(packet)
        except OSError:
            self._is_broken = True
            raise
        return len(data)

    def _tick(self, timestamp_ns: int) -> int:
        """Return the time of a frame since the first; never the same twice."""
        if self._begin is None:
            self._begin = timestamp_ns
        passed = Fraction(timestamp_ns - self._begin, 1_000_000_000)
        self._last = max(round(passed / self._time_base), self._last + 1)
        return self._last

    def publish(self) -> None:
        # The end of a container with no room for it is missing; players cope.
        with contextlib.suppress(*(Exception,) * self._is_broken):
            self._container.close()
        if self.count:
            self._part.publish()
        else:
            self._part.discard()


class MkvWriter(_Container):
    """Matroska: each frame has its own time."""

    muxer = "matroska"
    ticks = 1000


class AviWriter(_Container):
    """AVI: frames at a fixed rate, with gaps where some were lost."""

    muxer = "avi"


WRITERS: dict[str, type[RawWriter | Y4mWriter | _Container]] = {
    ".raw": RawWriter,
    ".y4m": Y4mWriter,
    ".mkv": MkvWriter,
    ".avi": AviWriter,
}
