# SPDX-License-Identifier: MIT
"""A frame: the pixels of one driver buffer, safe to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ._native import ffi, lib
from .errors import ClosedError
from .pixfmt import Format, array_layout

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Frame", "FrameInfo"]

_REASONS: dict[int, str | None] = {
    lib.VC_WHOLE: None,
    lib.VC_BROKEN_ERROR: "the driver marked the frame as damaged",
    lib.VC_BROKEN_SHORT: "the driver filled in fewer bytes than the format needs",
    lib.VC_BROKEN_JPEG: "the JPEG has no start or no end",
}

_SOURCES: dict[int, str] = {
    lib.VC_STAMP_END_OF_FRAME: "end of frame",
    lib.VC_STAMP_START_OF_EXPOSURE: "start of exposure",
    lib.VC_STAMP_ARRIVAL: "arrival",
}


class _Keep:
    """A cffi destructor that does nothing but hold a reference.

    Each plane pointer gets one, so the lease lives as long as any view of any
    plane; vc_lease_release() then runs as the destructor of the lease itself.
    """

    __slots__ = ("_owner",)

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def __call__(self, _pointer: Any) -> None:
        pass


class FrameInfo(NamedTuple):
    """What the driver said about a frame; see the attributes of :class:`Frame`."""

    timestamp_ns: int
    timestamp_source: str
    sequence: int
    field: int
    flags: int
    reason: str | None


class Frame:
    """One captured frame. The pixels stay in the driver's buffer; nothing is copied.

    The buffer goes back to the driver when the last view of it dies: this frame,
    a plane, a slice of a plane, or an array made from one. ``close()`` and ``with``
    drop the frame's own reference; they never take memory away from a live view.
    The pixels stay readable after the stream stopped, the device was closed, or the
    camera was unplugged.

    Attributes:
        format: The :class:`~v4l2capture.pixfmt.Format` the frame was taken in.

    Synchronization: a frame may be used and dropped in any thread; two threads that
    use the same frame need no lock, because nothing in it changes but ``close()``.

    Source: struct v4l2_buffer, Documentation/userspace-api/media/v4l/buffer.rst.
    """

    __slots__ = ("__weakref__", "_info", "_lease", "format")

    def __init__(self, lease: Any, format: Format) -> None:  # noqa: A002
        self._lease = lease
        self.format = format

    # ---- what the driver said ----

    @property
    def info(self) -> FrameInfo:
        """All of the driver's answers at once; readable after ``close()`` too."""
        lease = self._lease
        if lease is None:
            return self._info
        return FrameInfo(
            lease.timestamp_ns,
            _SOURCES[lease.stamp],
            lease.sequence,
            lease.field,
            lease.flags,
            _REASONS[lease.broken],
        )

    @property
    def timestamp_ns(self) -> int:
        """Nanoseconds on the clock of :func:`time.monotonic_ns`."""
        return self.info.timestamp_ns

    @property
    def timestamp_source(self) -> str:
        """What :attr:`timestamp_ns` is the time of.

        ``"start of exposure"`` or ``"end of frame"`` as the driver says, or ``"arrival"``
        where its own time is missing, not monotonic, runs backwards or lies in the future.
        """
        return self.info.timestamp_source

    @property
    def sequence(self) -> int:
        """The driver's frame counter. A gap means that frames were lost."""
        lease = self._lease
        return lease.sequence if lease is not None else self._info.sequence

    @property
    def ok(self) -> bool:
        """Whether the frame is whole; :attr:`reason` says why not."""
        return self.info.reason is None

    @property
    def reason(self) -> str | None:
        """What is wrong with the frame, or ``None``."""
        return self.info.reason

    # ---- pixels ----

    def _held(self) -> Any:
        if self._lease is None:
            raise ClosedError("the frame is closed")
        return self._lease

    @property
    def planes(self) -> tuple[memoryview, ...]:
        """One read-only view of bytes for each memory plane, cut to what the driver filled in.

        Memory planes are not colour planes: NV12 has one, NM12 has two.

        Raises:
            ClosedError: The frame was closed.
        """
        lease = self._held()
        keep = _Keep(lease)
        return tuple(
            memoryview(
                ffi.buffer(ffi.gc(ffi.cast("uint8_t *", plane.start), keep), plane.length)
            ).toreadonly()
            for plane in lease.planes[0 : lease.num_planes]
        )

    def array(self) -> np.ndarray[Any, Any]:
        """Return the picture as a read-only NumPy array that shares memory with the buffer.

        Returns:
            Rows top to bottom: ``uint8`` of shape ``(H, W, channels)`` for packed formats,
            ``(H, W)`` for grey and 8-bit Bayer, ``uint16`` for formats in 16-bit words.
            Padding at the end of a line is skipped by the strides.

        Raises:
            ClosedError: The frame was closed.
            ValueError: The format is no rectangle of pixels (compressed, packed Bayer, several
                planes), or the driver filled in fewer bytes than it needs.
        """
        import numpy as np

        layout = array_layout(self.format)
        if layout is None:
            raise ValueError(
                f"a {self.format.pixel_format} frame is no array of pixels; "
                "use planes for its bytes, or to_rgb()"
            )
        plane = self.planes[0]
        try:
            return np.ndarray(layout.shape, layout.dtype, plane, strides=layout.strides)
        except TypeError:
            raise ValueError(
                f"the frame has {len(plane)} bytes, too few for {self.format.width}x"
                f"{self.format.height} {self.format.pixel_format} ({self.reason})"
            ) from None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        import numpy as np

        return np.array(self.array(), dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        return self.array().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)  # kDLCPU, the only device there is

    def to_rgb(self) -> np.ndarray[Any, Any]:
        """Return the picture in colour, in memory of its own.

        Returns:
            ``uint8`` array of shape ``(H, W, 3)``: full-range sRGB, rows top to bottom.

        Raises:
            ClosedError: The frame was closed.
            ValueError: The format cannot be converted, or the frame is not whole.
        """
        from .convert import to_rgb

        return to_rgb(self.format, self.planes)

    def to_jpeg(self, quality: int = 90) -> bytes:
        """Return the picture as a JPEG file.

        A camera's own JPEG passes through, mended where it needs to be (Huffman tables
        left out, padding around it), but never encoded again; ``quality`` has no effect then.

        Args:
            quality: 1 (small) to 100 (best).

        Raises:
            ClosedError: The frame was closed.
            ValueError: The format cannot be converted, the frame is not whole, or
                ``quality`` is out of range.
        """
        from .convert import to_jpeg

        return to_jpeg(self.format, self.planes, quality)

    def copy(self) -> Frame:
        """Return the same frame in memory of its own; it holds no buffer."""
        out = ffi.new("struct vc_lease **")
        if lib.vc_lease_copy(self._held(), out) < 0:
            raise MemoryError("no memory for a copy of a frame")
        return Frame(ffi.gc(out[0], lib.vc_lease_release), self.format)

    # ---- life ----

    def close(self) -> None:
        """Drop the frame's own hold on the buffer. Live views keep theirs."""
        if self._lease is not None:
            self._info = self.info
            self._lease = None

    def __enter__(self) -> Frame:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        info, shape = self.info, self.format
        state = "closed" if self._lease is None else info.reason or "ok"
        return (
            f"<Frame {info.sequence} {shape.width}x{shape.height} {shape.pixel_format}, "
            f"{info.timestamp_ns} ns, {state}>"
        )
