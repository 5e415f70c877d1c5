# SPDX-License-Identifier: MIT
"""One control of a device: what it is, and its value.

Source: Documentation/userspace-api/media/v4l/vidioc-queryctrl.rst.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ._native import lib
from .cids import MASTERS, NAMES, TYPES, class_name, flag_words
from .cstring import text
from .scalar import decode, nearest

if TYPE_CHECKING:
    from .controls import Controls

__all__ = ["Control"]

_HAS_PAYLOAD: int = lib.V4L2_CTRL_FLAG_HAS_PAYLOAD
_NO_NUMBER: int = lib.VC_NO_NUMBER
_LEAST = -(1 << 31)

# Types whose numbers Python has in another way than C.
_UNLIKE_INT = frozenset(("bool", "bitmask"))

_read_knob = lib.vc_knob_read
_write_knob = lib.vc_knob_write


class Control:
    """One control of one device: what it is, and its value.

    Attributes:
        id: V4L2_CID_*, the key that never changes.
        name: Canonical name, for example ``"zoom_absolute"``.
        label: The driver's own words, for example ``"Zoom, Absolute"``.
        type: ``int bool menu intmenu button int64 str bitmask u8 u16 u32 area rect``, or
            the number of a type this version does not know.

    Synchronization: none required.
    """

    __slots__ = ("_controls", "_grid", "_knob", "_list", "_row", "id", "label", "name", "type")

    # The quick way to its value: struct vc_knob *, made at the first use; None: not made,
    # or the value is no number of 32 bits.
    _knob: Any

    # Of an integer that is written the quick way: minimum, maximum, step.
    _grid: tuple[int, int, int] | None

    def __init__(self, controls: Controls, row: Any, name: str) -> None:
        self._controls = controls
        self._row = row
        self._knob = self._grid = None
        self._list = controls._list  # owns the memory of the row
        self.id: int = row.id
        self.name = name
        self.label: str = text(row.name)
        self.type: str = TYPES.get(row.type, str(row.type))

    # ---- what it is ----

    @property
    def minimum(self) -> int:
        """The smallest value the driver announces, in the driver's units."""
        return int(self._controls._fresh(self).minimum)

    @property
    def maximum(self) -> int:
        """The largest value the driver announces; may be below :attr:`minimum` in bad drivers."""
        return int(self._controls._fresh(self).maximum)

    @property
    def step(self) -> int:
        """The distance between values, at least 1 (a driver's 0 means 1)."""
        return int(self._controls._fresh(self).step) or 1

    @property
    def default(self) -> int | None:
        """The driver's default, or ``None`` where it lies outside the driver's own range."""
        row = self._controls._fresh(self)
        if row.flags & _HAS_PAYLOAD or self.type in ("button", "str"):
            return None
        value = int(row.default_value)
        if self.type == "bitmask":
            return value & 0xFFFFFFFF
        return value if row.minimum <= value <= row.maximum else None

    @property
    def flags(self) -> frozenset[str]:
        """V4L2_CTRL_FLAG_* in v4l2-ctl's words, for example ``{"inactive"}``."""
        return flag_words(self._controls._fresh(self).flags)

    @property
    def menu(self) -> dict[int, str | int]:
        """Index to label (menu) or to number (integer menu); empty for all other types.

        Menus have holes: only indices that the driver named are here.
        """
        row = self._controls._fresh(self)
        entries = self._list.menu[row.menu_first : row.menu_first + row.menu_count]
        numbers = self.type == "intmenu"
        return {entry.index: entry.value if numbers else text(entry.name) for entry in entries}

    @property
    def dims(self) -> tuple[int, ...]:
        """Dimensions of an array control, outermost first; ``()`` for a single value."""
        row = self._controls._fresh(self)
        return tuple(row.dims[0 : row.nr_of_dims])

    @property
    def class_name(self) -> str:
        """The control's class: ``"user"``, ``"camera"``, ``"flash"``, ..., ``"vendor"``."""
        return class_name(self.id)

    @property
    def masters(self) -> tuple[str, ...]:
        """Controls of this device that make this one inactive while they are automatic."""
        return tuple(NAMES[cid] for cid in MASTERS.get(self.id, ()) if cid in self._controls)

    # ---- its value ----

    @property
    def value(self) -> Any:
        """The current value, read from the driver.

        ``int`` (menus: the index), ``bool``, ``str``, ``(width, height)`` of an area,
        ``(left, top, width, height)`` of a rectangle, a flat ``tuple`` of an array, else
        ``bytes``.

        Raises:
            ControlError: It is write-only (EACCES), or the driver could not read it.
        """
        if self._knob is None:
            return self._controls._get(self)
        number = _read_knob(self._knob)
        if number < _LEAST:
            self._controls._check(number - _NO_NUMBER, "VIDIOC_G_EXT_CTRLS", self)
        return decode(self.type, number) if self.type in _UNLIKE_INT else number

    @value.setter
    def value(self, value: Any) -> None:
        controls = self._controls
        grid = self._grid
        if grid is None or type(value) is not int or self._list is not controls._current:
            controls._set_one(self, value)
            return
        low, high, step = grid
        if step != 1 or not low <= value <= high:
            value = nearest(value, low, high, step)
        rc = _write_knob(self._knob, value)
        if rc < 0:
            controls._check(rc, "VIDIOC_S_EXT_CTRLS", self, value)
        controls._chosen[self.id] = value
        controls._written.add(self.id)

    def press(self) -> None:
        """Trigger a button."""
        self._controls._set_one(self, 1)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self.name} is a control of an open device: copy its value")

    def __repr__(self) -> str:
        row = self._row
        return f"<Control {self.name} ({self.type}) {row.minimum}..{row.maximum} step {row.step}>"
