# SPDX-License-Identifier: MIT
"""A slot: one buffer of a ring, as the frames in it see it. Made once for each buffer.

Who keeps a buffer from the driver holds its lease: a frame, a plane, an array. A plane
is a pointer whose destructor lets go. An array of a whole buffer is made ten times
cheaper: it is a view of an array that the slot keeps, and a weak reference tells when
it dies. What is made from it refers to it, so it dies last: NumPy shortens chains of
views only down to an array of another class, therefore the slot's is of a class of its own.
That one is in reach too, as ``array.base``; who keeps it keeps the buffer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from sys import getrefcount
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from ._native import ffi, lib
from .layout import array_layout
from .pixfmt import Format

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["FrameInfo", "Slot"]

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


class FrameInfo(NamedTuple):
    """What the driver said about a frame; see the attributes of ``Frame``."""

    timestamp_ns: int
    timestamp_source: str
    sequence: int
    field: int
    flags: int
    reason: str | None


class Slot:
    """One buffer, as the frames in it see it.

    Args:
        lease: ``struct vc_lease *`` of the buffer, or of a copy.
        format: Of the frames.
        ring: The ring it belongs to, where a frame fills the whole buffer; ``None`` for
            copies and for frames that are damaged.
    """

    __slots__ = (
        "__weakref__",
        "_ring",
        "array",
        "format",
        "lease",
        "let_go",
        "make_array",
        "watch",
    )

    # The array of the present frame, as long as the frame holds it; the frame's hold on
    # the lease is then the array's.
    array: Array | None
    # Returns a new array of the whole buffer; None: never, or not yet (see prepare()).
    make_array: Callable[[], Array] | None
    # One weak reference to the array, whose callback ends its hold on the lease.
    watch: list[Any]

    def __init__(self, lease: Any, format: Format, ring: Any = None) -> None:  # noqa: A002
        self.lease = lease
        self.format = format
        self.array = self.make_array = None
        self.watch = [None]
        self.let_go = _let_go_of(lease)
        # The memory of the lease must not go while a frame may look at it.
        self._ring = ring and ffi.gc(lib.vc_ring_ref(ring), lib.vc_ring_unref)

    def info(self) -> FrameInfo:
        """Return the driver's words about the present frame."""
        lease = self.lease
        return FrameInfo(
            lease.timestamp_ns,
            _SOURCES[lease.stamp],
            lease.sequence,
            lease.field,
            lease.flags,
            _REASONS[lease.broken],
        )

    # ---- planes: the general way ----

    def plane(self, number: int) -> memoryview:
        """Return a read-only view of a memory plane, with a hold of its own on the lease."""
        lease = self.lease
        plane = lease.planes[number]
        lib.vc_lease_hold(lease)
        pixels = ffi.gc(plane.start, partial(lib.vc_lease_release_pixels, lease))
        return memoryview(ffi.buffer(pixels, plane.length)).toreadonly()

    # ---- arrays of whole buffers: the quick way ----

    def prepare(self) -> bool:
        """Set :attr:`make_array`; return whether whole buffers can be arrays."""
        layout = array_layout(self.format)
        if layout is None or not self._ring:
            return False
        out = ffi.new("uint8_t const **")
        index = self.lease.index
        size = lib.vc_ring_pin(self._ring, index, out)
        if size < 0:
            return False
        # Both the mapping and the watch last as long as anything made from this pointer.
        ring = ffi.cast("struct vc_ring *", self._ring)
        pixels = ffi.gc(out[0], partial(_unpin, ring, index, self.watch))
        memory = memoryview(ffi.buffer(pixels, size)).toreadonly()
        base = _buffer_array(layout.shape, layout.dtype, memory, layout.strides)
        self.make_array = base.__array__  # a plain ndarray that refers to base
        self.let_go = _let_go_unless_kept(self, base)
        return True

    def unmap(self) -> None:
        """Drop what keeps the buffer mapped, as far as no array is alive."""
        self.let_go = _let_go_of(self.lease)
        self.make_array = None


def _buffer_array(shape: Any, dtype: Any, memory: Any, strides: Any) -> Array:
    import numpy as np

    kind: Any = type("BufferArray", (np.ndarray,), {})
    # NumPy sees through a memoryview, to what can be written, and through a plain array.
    array: Array = kind(shape, dtype, np.asarray(memory).view(kind), 0, strides)
    return array


def _let_go_of(lease: Any) -> Callable[[Any], None]:
    def let_go(_array: Any, lease: Any = lease, release: Any = lib.vc_lease_release) -> None:
        release(lease)

    return let_go


def _let_go_unless_kept(slot: Slot, base: Array) -> Callable[[Any], None]:
    """Return what to call when the array of a frame dies, and only ``base`` may be left."""
    slot_ref, watch = ref(slot), slot.watch

    def let_go(
        _array: Any,
        base: Any = base,
        most: int = _references_to_base(),
        references: Callable[[Any], int] = getrefcount,
        lease: Any = slot.lease,
        release: Callable[[Any], None] = lib.vc_lease_release,
    ) -> None:
        if references(base) <= most:
            release(lease)
            return
        # Somebody has it: the next frame gets another one, and this frame ends with this one.
        slot = slot_ref()
        if slot is not None:
            slot.unmap()
        watch[0] = ref(base, _let_go_of(lease))

    return let_go


@cache
def _references_to_base() -> int:
    """Count, in a dying array's callback, the references to its base that nobody else has."""
    counts: list[int] = []
    base = _buffer_array((1,), "u1", bytearray(1), None)
    make_array = base.__array__

    def let_go(_array: Any, base: Any = base) -> None:
        counts.append(getrefcount(base))

    array = make_array()
    watch = ref(array, let_go)
    del base, array
    assert watch() is None
    return counts[0]


def _unpin(ring: Any, index: int, _watch: list[Any], _pixels: Any) -> None:
    lib.vc_ring_unpin(ring, index)
