# SPDX-License-Identifier: MIT
"""Be told when cameras are plugged in or out: the kernel watches /dev.

Simulated cameras have no nodes; they ring a bell.

Source: inotify(7). The nodes are made by the kernel, their rights and the links in /dev/v4l
shortly afterwards by udev.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import select
import struct
from collections.abc import Iterator
from pathlib import Path

from .bell import Bell

__all__ = ["DIRECTORY", "FLAPS", "LONGEST", "SETTLED", "DeviceWatch"]

DIRECTORY = "/dev"

# Seconds without news after which nodes have settled: udev has set their rights and made links
# to them; and what that may take altogether.
SETTLED = 0.15
LONGEST = 0.6

# A camera that goes each time it has come is not asked more often than that, in seconds.
FLAPS = 0.5

_ATTRIB, _MOVED, _CREATE, _DELETE = 0x004, 0x0C0, 0x100, 0x200
_ONLY_DIRECTORIES = 0x01000000
_MASK = _ATTRIB | _MOVED | _CREATE | _DELETE | _ONLY_DIRECTORIES

_HEADER = struct.Struct("iIII")  # struct inotify_event: wd, mask, cookie, len

_NODE = re.compile(r"video\d+|v4l|v4l-subdev\d+|media\d+")

# Below the directory itself, as far as they are there; udev makes them for the first camera.
_LINKS = ("v4l", "v4l/by-id", "v4l/by-path")


class DeviceWatch:
    """A descriptor that is readable when nodes of cameras come, go, or get other rights.

    Raises:
        OSError: The kernel has no watches left for this user.

    Synchronization: one call at a time.
    """

    def __init__(self) -> None:
        self._fd = -1
        self._directory = Path(DIRECTORY)
        self._bell = Bell()
        self._either = select.epoll()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), "inotify_init1")
        self._nodes = self._add(self._directory)
        if self._nodes < 0:
            number = ctypes.get_errno()
            self.close()
            raise OSError(number, os.strerror(number), str(self._directory))
        self._add_links()
        for descriptor in (self._fd, self._bell.fileno()):
            self._either.register(descriptor, select.EPOLLIN)

    def _add(self, directory: Path) -> int:
        """Watch a directory; again is the same as once."""
        return int(self._libc.inotify_add_watch(self._fd, os.fsencode(directory), _MASK))

    def _add_links(self) -> None:
        for name in _LINKS:
            self._add(self._directory / name)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._either.fileno()

    def take(self) -> bool:
        """Fetch what has happened; return whether it may have to do with cameras."""
        found = self._bell.has_rung()
        for watch, name in self._events():  # what is not in the directory itself is a link
            found = found or watch != self._nodes or bool(_NODE.fullmatch(name))
        if found:
            self._add_links()
        return found

    def _events(self) -> Iterator[tuple[int, str]]:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._fd, 65536):
                at = 0
                while at < len(data):
                    watch, _, _, length = _HEADER.unpack_from(data, at)
                    at += _HEADER.size
                    name = data[at : at + length].rstrip(b"\0")
                    at += length
                    yield watch, os.fsdecode(name)

    def close(self) -> None:
        """Watch no more. May be repeated."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)
            self._either.close()

    def __del__(self) -> None:
        self.close()
