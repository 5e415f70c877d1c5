# SPDX-License-Identifier: MIT
"""A device: one V4L2 node, open."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import warnings
import weakref
from fractions import Fraction
from typing import Any

from ._native import ffi, lib
from .discovery import DeviceInfo, describe, open_node
from .errors import (
    BandwidthError,
    CaptureError,
    ClosedError,
    DeviceBusyError,
    DeviceError,
    DevicePermissionError,
    check,
)
from .formats import FormatInfo, enumerate_formats, rate
from .node import Node
from .pixfmt import Format, PlaneFormat, fourcc, fourcc_text, pixel_format
from .rate import read_rate
from .stream import Stream
from .whole import whole

__all__ = ["Device"]

_MOST_PIXELS = 65535
_FIELD_ANY = 0


class Device(Node):
    """One V4L2 node, open. Opening and closing change nothing at the camera.

    Args:
        path: ``"/dev/video0"``, or ``"sim:webcam"``, ``"sim:/path/to/profile.json"`` for
            the simulated camera.

    Attributes:
        path: As it was given.
        info: What the driver says of itself, :class:`~v4l2capture.discovery.DeviceInfo`.
        controls: All controls, by name or id.
        events: Changes that the driver tells of.

    Raises:
        DevicePermissionError: This user may not open the node.
        DeviceError: There is no such node, or it is no V4L2 device.
        ProfileError: The profile of a simulated camera is malformed.

    Synchronization: any method from any thread. After a fork the child's copy raises
    :class:`ClosedError`; the camera stays the parent's.

    Source: Documentation/userspace-api/media/v4l/v4l2.rst.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        if not isinstance(self.path, str) or "\0" in self.path:
            raise ValueError(f"path={path!r}: give a node such as '/dev/video0'")
        self._streams: weakref.WeakSet[Stream] = weakref.WeakSet()
        self._either: select.epoll | None = None  # frames or events; made when asked for
        self._last: Format | None = None  # that was set or streamed here
        self._dev: Any = None
        try:
            dev = open_node(self.path)
        except DeviceError as error:
            raise self._explained(error) from None
        super().__init__(dev)
        self.info: DeviceInfo = describe(self.path, dev)

    # ---- formats ----

    def formats(self) -> list[FormatInfo]:
        """Return every pixel format with its sizes and exact frame rates."""
        return enumerate_formats(self)

    @property
    def format(self) -> Format:
        """The present format, read from the driver, with its frame rate."""
        raw = ffi.new("struct vc_format *")
        self._check(lib.vc_format_get(self._dev, raw), "VIDIOC_G_FMT")
        return self._make_format(raw, self._frame_rate())

    def set_format(
        self,
        width: int | None = None,
        height: int | None = None,
        pixel_format: str | None = None,
        frame_rate: float | Fraction | str | None = None,
    ) -> Format:
        """Set the format and return the one that the driver really took.

        What is left out stays as it is. Drivers take the nearest they have, so compare.

        Args:
            width: Pixels.
            height: Pixels.
            pixel_format: ``"YUYV"``, ``"MJPG"``, ``"NV12"``, ... ; see ``formats()``.
            frame_rate: Frames per second; ``Fraction(30000, 1001)`` or ``"30000/1001"`` is exact.

        Raises:
            ValueError: A value that no camera can have.
            DeviceBusyError: A stream, or frames that are still alive, hold the buffers.
            DeviceError: The driver refused; the old format is back.
        """
        want_rate = None if frame_rate is None else _checked_rate(frame_rate)
        raw = ffi.new("struct vc_format *")
        self._check(lib.vc_format_get(self._dev, raw), "VIDIOC_G_FMT")
        before = ffi.new("struct vc_format *", raw[0])
        old_rate = self._frame_rate()
        if _want(raw, width, height, pixel_format):
            self._check(lib.vc_format_set(self._dev, raw), "VIDIOC_S_FMT")
        if want_rate is not None:
            try:
                self._set_rate(want_rate)
            except DeviceError:
                lib.vc_format_set(self._dev, before)
                if old_rate is not None:
                    with contextlib.suppress(DeviceError):
                        self._set_rate(old_rate)
                raise
        self._last = self._make_format(raw, self._frame_rate())
        return self._last

    def try_format(
        self, width: int | None = None, height: int | None = None, pixel_format: str | None = None
    ) -> Format:
        """Return what :meth:`set_format` would make of this, and change nothing."""
        raw = ffi.new("struct vc_format *")
        self._check(lib.vc_format_get(self._dev, raw), "VIDIOC_G_FMT")
        _want(raw, width, height, pixel_format)
        self._check(lib.vc_format_try(self._dev, raw), "VIDIOC_TRY_FMT")
        return self._make_format(raw, None)

    def _set_rate(self, frame_rate: Fraction) -> None:
        interval = ffi.new("struct v4l2_fract *", (frame_rate.denominator, frame_rate.numerator))
        rc = lib.vc_interval_set(self._dev, interval)
        if rc != -errno.ENOTTY:  # this camera has the one rate that it has
            self._check(rc, "VIDIOC_S_PARM")

    def _frame_rate(self) -> Fraction | None:
        interval = ffi.new("struct v4l2_fract *")
        return rate(interval) if lib.vc_interval_get(self._dev, interval) == 0 else None

    @staticmethod
    def _make_format(raw: Any, frame_rate: Fraction | None) -> Format:
        planes = range(raw.num_planes)
        return Format(
            width=raw.width,
            height=raw.height,
            pixel_format=fourcc_text(raw.pixelformat),
            planes=tuple(PlaneFormat(raw.sizeimage[i], raw.bytesperline[i]) for i in planes),
            field=raw.field,
            colorspace=raw.colorspace,
            ycbcr_enc=raw.ycbcr_enc,
            quantization=raw.quantization,
            xfer_func=raw.xfer_func,
            frame_rate=frame_rate,
        )

    # ---- frames ----

    def stream(
        self, buffers: int = 4, *, timeout: float | None = 5.0, copy_when_low: bool = False
    ) -> Stream:
        """Start streaming in the present format; see :class:`~v4l2capture.stream.Stream`."""
        return Stream(self, buffers, timeout=timeout, copy_when_low=copy_when_low)

    def _adopt(self, stream: Stream) -> None:
        self._streams.add(stream)
        self._last = stream.format
        if self._either is not None:
            self._either.register(stream.fileno(), select.EPOLLIN)

    def _disown(self, stream: Stream) -> None:
        self._streams.discard(stream)
        if self._either is not None:
            with contextlib.suppress(OSError):  # it never began, or another thread was quicker
                self._either.unregister(stream.fileno())

    @property
    def _leased(self) -> int:
        """How many frames are alive, of all streams there were."""
        return int(lib.vc_device_leased(self._dev)) if self._dev else 0

    # ---- waiting ----

    def fileno(self) -> int:
        """Return one descriptor that is readable when a frame or an event is ready.

        Streams and ``events`` have descriptors of their own, for who waits for one of them.
        """
        if self._closed:
            raise ClosedError(f"{self.path} is closed")
        if self._either is None:
            either = select.epoll()
            for descriptor in (self.events.fileno(), *(s.fileno() for s in self._streams)):
                either.register(descriptor, select.EPOLLIN)
            self._either = either
        return self._either.fileno()

    # ---- this camera as data ----

    def profile(self) -> dict[str, Any]:
        """Return this camera as a profile: what the simulated camera plays back."""
        from .snapshot import take_profile

        return take_profile(self)

    # ---- v4l2py ----

    @classmethod
    def from_v4l2py(cls, device: Any) -> Device:
        """Open the camera of an open :class:`v4l2py.Device` here as well.

        Both stay usable; only one of them can stream at a time.
        """
        return cls(os.fspath(device.filename))

    def to_v4l2py(self) -> Any:
        """Return an open ``v4l2py.Device`` of the same camera; the caller closes it.

        Raises:
            ImportError: v4l2py is not installed.
            ValueError: The camera is a simulated one: v4l2py knows only nodes.
        """
        if self.path.startswith("sim:"):
            raise ValueError(f"{self.path} has no node, and v4l2py knows nothing else")
        with warnings.catch_warnings():
            # That it is no longer maintained is no news to who asks for it.
            warnings.filterwarnings("ignore", "v4l2py is no longer being maintained")
            import v4l2py

        device = v4l2py.Device(self.path)
        device.open()
        return device

    # ---- errors ----

    def _check(self, rc: int, operation: str) -> int:
        """Return ``rc``, or raise what it stands for, with a hint what to do."""
        if rc >= 0:
            return rc
        try:
            return check(rc, operation, self.path)
        except DeviceError as error:
            raise self._explained(error) from None

    def _explained(self, error: DeviceError) -> DeviceError:
        from . import diagnose

        if isinstance(error, DeviceBusyError):
            if len(self._streams):
                error.hint = "A stream of this device is open; close that first"
            else:
                error.hint = diagnose.busy_hint(self.path, self._leased)
        elif isinstance(error, DevicePermissionError):
            error.hint = diagnose.permission_hint(self.path)
        elif isinstance(error, BandwidthError):
            with contextlib.suppress(CaptureError):  # of a camera that is busy failing
                error.hint = diagnose.bandwidth_hint(self.format, self.formats())
        elif error.operation == "VIDIOC_G_FMT" and error.errno in (errno.ENOTTY, errno.EINVAL):
            error.hint = "It gives no pictures now. Is it a loopback that nobody feeds?"
        return error

    # ---- life ----

    def _shut(self) -> None:
        for stream in list(self._streams):
            stream.close()
        self._either = None
        super()._shut()

    def __repr__(self) -> str:
        state = ", closed" if self._closed else ""
        return f"<Device {self.path}: {self.info.card} ({self.info.driver}){state}>"


def _want(raw: Any, width: int | None, height: int | None, name: str | None) -> bool:
    """Put what is wanted into a format; return whether anything is."""
    if width is not None:
        raw.width = _checked_side("width", width)
    if height is not None:
        raw.height = _checked_side("height", height)
    if name is not None:
        if not isinstance(name, str):
            raise TypeError(f"pixel_format={name!r}: give text such as 'YUYV'")
        raw.pixelformat = fourcc(pixel_format(name))
    if width is None and height is None and name is None:
        return False
    # Let the driver compute what depends on these.
    raw.field = _FIELD_ANY
    raw.colorspace = raw.ycbcr_enc = raw.quantization = raw.xfer_func = 0
    for plane in range(lib.VC_MAX_PLANES):
        raw.bytesperline[plane] = raw.sizeimage[plane] = 0
    return True


def _checked_side(name: str, value: int) -> int:
    return whole(name, value, 1, _MOST_PIXELS, f"1 to {_MOST_PIXELS} pixels")


def _checked_rate(value: float | Fraction | str) -> Fraction:
    """Return frames per second that fit into a struct v4l2_fract."""
    try:
        number = read_rate(value) if isinstance(value, str) else Fraction(value)
        exact = number.limit_denominator(1_000_000)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"frame_rate={value!r}: give frames per second, e.g. 30") from None
    if isinstance(value, bool) or not 0 < exact <= 1_000_000:
        raise ValueError(f"frame_rate={value!r}: give frames per second, e.g. 30")
    return exact
