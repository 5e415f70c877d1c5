# SPDX-License-Identifier: MIT
"""Why the kernel said no: who holds a node, who may open it, what would fit.

Reads /proc and the file system; asks no camera.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .formats import FrameSize

if TYPE_CHECKING:
    from .formats import FormatInfo
    from .pixfmt import Format

__all__ = ["Holder", "bandwidth_hint", "busy_hint", "holders", "permission_hint"]

_USUAL_RATE = Fraction(30)  # where nobody knows

_BY_GROUP = stat.S_IRGRP | stat.S_IWGRP  # who reads a node writes to it, too


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a node open."""

    pid: int
    name: str


def holders(path: str) -> list[Holder]:
    """Return the other processes that have ``path`` open, as far as we may look."""
    try:
        device = os.stat(path).st_rdev  # noqa: PTH116 (a plain number is wanted)
    except OSError:
        return []
    return [
        Holder(pid, _process_name(pid))
        for pid in _pids()
        if pid != os.getpid() and device in _open_devices(pid)
    ]


def _pids() -> list[int]:
    return sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _open_devices(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                status = link.stat()
                if stat.S_ISCHR(status.st_mode):
                    yield status.st_rdev


def _process_name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "?"


def busy_hint(path: str, alive: int) -> str:
    """Say who holds a busy camera: frames of our own, or other processes."""
    if alive:
        frames = "1 frame is" if alive == 1 else f"{alive} frames are"
        return f"{frames} still alive and this driver cannot part from them; drop or copy() them"
    found = ", ".join(f"{holder.name} (pid {holder.pid})" for holder in holders(path))
    if found:
        return f"It is held by {found}"
    return (
        "Somebody streams from it, or has set its format, and has to close it first "
        "(another user's process cannot be seen)"
    )


class _Mode(NamedTuple):
    pixel_format: str
    width: int
    height: int
    rate: Fraction

    @property
    def load(self) -> Fraction:
        """Pixels in a second."""
        return self.width * self.height * self.rate


def bandwidth_hint(format: Format, offered: Iterable[FormatInfo]) -> str:  # noqa: A002
    """Do the sum for a format that the bus has no room for, and name one that needs less."""
    now = _Mode(format.pixel_format, format.width, format.height, format.frame_rate or _USUAL_RATE)
    size = sum(plane.sizeimage for plane in format.planes)
    hint = (
        f"{now.width}x{now.height} {now.pixel_format} is {size} bytes x {float(now.rate):g} "
        f"frames/s = {float(size * now.rate) / 1e6:.1f} MB/s, more than the bus has left"
    )
    less = _with_less(now, list(offered))
    if less is None:
        return f"{hint}; try a smaller size, a lower frame rate, or another controller"
    name, width, height, rate = less
    return f"{hint}; try set_format({width}, {height}, {name!r}, frame_rate={float(rate):g})"


def _with_less(now: _Mode, offered: Sequence[FormatInfo]) -> _Mode | None:
    """Return the mode that is most like the present one, but needs far less of the bus.

    A compressed format does, at the same size; else it is half as many pixels in a second.
    """
    compressed = {info.pixel_format for info in offered if info.compressed}
    modes = [
        _Mode(info.pixel_format, size.width, size.height, rate)
        for info in offered
        for size in info.sizes
        if isinstance(size, FrameSize)
        for rate in size.frame_rates or (now.rate,)
    ]
    less = [mode for mode in modes if mode.pixel_format in compressed and mode.load <= now.load]
    if not less or now.pixel_format in compressed:
        less = [
            mode
            for mode in modes
            if mode.pixel_format == now.pixel_format and mode.load <= now.load / 2
        ]
    return max(less, key=lambda mode: (mode.rate == now.rate, mode.load), default=None)


def permission_hint(path: str) -> str:
    """Say who may open a node, and how to become one of them."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return ""
    owner, group = _user_name(status.st_uid), _group_name(status.st_gid)
    hint = f"It belongs to {owner}:{group} with mode {stat.S_IMODE(status.st_mode):04o}"
    is_open_to_group = status.st_mode & _BY_GROUP == _BY_GROUP
    if not is_open_to_group or status.st_gid in {os.getegid(), *os.getgroups()}:
        return hint
    user = _user_name(os.geteuid())
    if _will_be_in(status.st_gid):
        return f"{hint}, and {user} joined group {group} after this session began: log in again"
    return (
        f"{hint}, and {user} is not in group {group}: "
        f"run `sudo usermod -aG {group} {user}`, then log in again"
    )


def _will_be_in(gid: int) -> bool:
    """Whether the next login makes this user a member of a group."""
    try:
        user = pwd.getpwuid(os.geteuid())
        return gid == user.pw_gid or user.pw_name in grp.getgrgid(gid).gr_mem
    except KeyError:
        return False


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
