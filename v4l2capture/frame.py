# SPDX-License-Identifier: MIT
"""A frame: the pixels of one driver buffer, safe to keep."""

from __future__ import annotations

import os
from threading import RLock
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import ref

from ._native import ffi, lib
from .errors import ClosedError
from .layout import array_layout
from .pixfmt import Format
from .slot import FrameInfo, Slot

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Frame"]

_release = lib.vc_lease_release

# Between looking whether a frame is open and holding its lease, nobody may close it: no other
# thread, that is. A finalizer that the garbage collector runs just then may close other frames.
_closing = RLock()


def _renew() -> None:
    """In a forked child: the thread that may have held the lock is not there."""
    global _closing
    _closing = RLock()


os.register_at_fork(after_in_child=_renew)


class Frame:
    """One captured frame. The pixels stay in the driver's buffer; nothing is copied.

    The buffer goes back to the driver when the last view of it dies: this frame,
    a plane, a slice of a plane, or an array made from one. ``close()`` and ``with``
    drop the frame's own reference; they never take memory away from a live view.
    The pixels stay readable after the stream stopped, the device was closed, or the
    camera was unplugged.

    Synchronization: a frame may be used and dropped in any thread; two threads that
    use the same frame need no lock, because nothing in it changes but ``close()``.

    Source: struct v4l2_buffer, Documentation/userspace-api/media/v4l/buffer.rst.
    """

    # One hold on the lease belongs to the frame, or, once there is one, to its array.
    __slots__ = ("__weakref__", "_info", "_slot")

    _slot: Slot | None
    _info: FrameInfo

    # There is no __init__, because it would be called for each frame.

    @classmethod
    def _of(cls, slot: Slot) -> Frame:
        frame = cls()
        frame._slot = slot
        return frame

    def __del__(self, _release: Any = _release) -> None:
        slot = self._slot
        if slot is not None:
            if slot.array is None:
                _release(slot.lease)
            else:
                slot.array = None

    # ---- what the driver said ----

    @property
    def format(self) -> Format:
        """The format that the frame was taken in."""
        return self._open_slot().format

    @property
    def info(self) -> FrameInfo:
        """All of the driver's words at once; readable after ``close()`` too."""
        slot = self._slot
        if slot is not None:
            info = slot.info()
            if self._slot is slot:  # else it was closed meanwhile, and may be another frame's
                return info
        return self._info

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
        return self.info.sequence

    @property
    def ok(self) -> bool:
        """Whether the frame is whole; :attr:`reason` says why not."""
        return self.info.reason is None

    @property
    def reason(self) -> str | None:
        """What is wrong with the frame, or ``None``."""
        return self.info.reason

    # ---- pixels ----

    def _open_slot(self) -> Slot:
        slot = self._slot
        if slot is None:
            raise ClosedError("the frame is closed")
        return slot

    @property
    def planes(self) -> tuple[memoryview, ...]:
        """One read-only view of bytes for each memory plane, cut to what the driver filled in.

        Memory planes are not colour planes: NV12 has one, NM12 has two.

        Raises:
            ClosedError: The frame was closed.
        """
        with _closing:
            slot = self._open_slot()
            return tuple(slot.plane(number) for number in range(slot.lease.num_planes))

    def array(self) -> np.ndarray[Any, Any]:
        """Return the picture as a read-only NumPy array that shares memory with the buffer.

        Returns:
            Rows top to bottom: ``uint8`` of shape ``(H, W, channels)`` for packed formats,
            ``(H, W)`` for grey and 8-bit Bayer, ``uint16`` for formats in 16-bit words.
            Padding at the end of a line is skipped by the strides. The same array each time
            while the stream is open.

        Raises:
            ClosedError: The frame was closed.
            ValueError: The format is no rectangle of pixels (compressed, packed Bayer, several
                planes), or the driver filled in fewer bytes than it needs.
        """
        slot = self._slot
        if slot is None or (make := slot.make_array) is None:
            return self._array_slowly()
        array = make()
        # No call lies between these two lines, so no other thread does either.
        if self._slot is slot and slot.array is None:
            slot.array = array
            slot.watch[0] = ref(array, slot.let_go)
            return array
        return self._array_slowly()

    def _array_slowly(self) -> np.ndarray[Any, Any]:
        """Deal with frames that are closed, have their array, or are no whole buffer."""
        import numpy as np

        slot = self._open_slot()
        array = slot.array
        if array is not None:
            return array
        if slot.make_array is None and slot.prepare():
            return self.array()
        layout = array_layout(slot.format)
        if layout is None:
            raise ValueError(
                f"a {slot.format.pixel_format} frame is no array of pixels; "
                "use planes for its bytes, or to_rgb()"
            )
        plane = self.planes[0]
        try:
            # Of asarray(), for good: made from the view itself, it could be made writable.
            return np.ndarray(layout.shape, layout.dtype, np.asarray(plane), 0, layout.strides)
        except (TypeError, ValueError):
            raise ValueError(
                f"the frame has {len(plane)} bytes, too few for {slot.format.width}x"
                f"{slot.format.height} {slot.format.pixel_format} ({self.reason})"
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
        with _closing:
            slot = self._open_slot()
            if lib.vc_lease_copy(slot.lease, out) < 0:
                raise MemoryError("no memory for a copy of a frame")
        return Frame._of(Slot(out[0], slot.format))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a frame holds a driver's buffer: copy() it, and pickle its array")

    # ---- life ----

    def close(self) -> None:
        """Drop the frame's own hold on the buffer. Live views keep theirs."""
        if self._slot is None:
            return
        info = self.info
        with _closing:
            slot = self._slot
            if slot is None:  # another thread was quicker
                return
            self._info = info
            self._slot = None
            # As in array(): whoever owns the hold cannot change between these lines.
            array, slot.array = slot.array, None
            if array is None:
                _release(slot.lease)

    def __enter__(self) -> Frame:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        info = self.info
        state = "closed" if self._slot is None else info.reason or "ok"
        return f"<Frame {info.sequence} at {info.timestamp_ns} ns, {state}>"
