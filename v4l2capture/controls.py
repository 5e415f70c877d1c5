# SPDX-License-Identifier: MIT
"""Controls: every knob a driver has, by name, old name or id.

The driver is asked once for all of them, in C; what Python shows of one is made when
it is looked at. Values are never remembered: reading one asks the driver.

Source: Documentation/userspace-api/media/v4l/extended-controls.rst.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from . import payload, scalar
from ._native import ffi, lib
from .cids import IDS, MANUAL, MASTERS, NAMES, slug
from .control import Control
from .cstring import text
from .errors import ControlError, DeviceError, UnknownControlError, check, device_error

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Control", "Controls"]

_DISABLED: int = lib.V4L2_CTRL_FLAG_DISABLED
_READ_ONLY: int = lib.V4L2_CTRL_FLAG_READ_ONLY
_WRITE_ONLY: int = lib.V4L2_CTRL_FLAG_WRITE_ONLY
_INACTIVE: int = lib.V4L2_CTRL_FLAG_INACTIVE
_GRABBED: int = lib.V4L2_CTRL_FLAG_GRABBED
_UPDATE: int = lib.V4L2_CTRL_FLAG_UPDATE
_HAS_PAYLOAD: int = lib.V4L2_CTRL_FLAG_HAS_PAYLOAD
_CTRL_CLASS: int = lib.V4L2_CTRL_TYPE_CTRL_CLASS

# The flag that explains a refusal.
_SUSPICIOUS: dict[int, int] = {errno.EBUSY: _GRABBED, errno.EACCES: _INACTIVE}

# Of a raw sensor: the blank lines decide how long an exposure may be.
_BLANKING = IDS["vertical_blanking"]

_MASTER_IDS = frozenset(master for masters in MASTERS.values() for master in masters) | {_BLANKING}

# Flags of a control that cannot be written the quick way.
_SLOW: int = _READ_ONLY | _HAS_PAYLOAD | _UPDATE

_write_knob = lib.vc_knob_write

_value = ffi.typeof("struct vc_value[]")
_index = ffi.typeof("uint32_t[2]")


def _key(name: str, cid: int) -> str:
    return f"{name}_{cid:08x}"


class Controls(Mapping[str | int, Control]):
    """All controls of a device that work; a mapping from name (or id) to :class:`Control`.

    Iteration yields canonical names by rising id. Controls that the driver disabled are
    absent; those that it could not describe are in :attr:`failed`.

    Synchronization: none required.
    """

    def __init__(self, device: Node) -> None:
        self._device = device
        self._list: Any = None
        self._rows: dict[int, Any] = {}
        self._names: dict[str, int] | None = None  # see _by_name()
        self._made: dict[int, Control] = {}
        self._current: Any = None  # the same list, while it is to be believed
        self._failed: dict[int, int] = {}
        self._chosen: dict[int, Any] = {}  # by id, what a user has set last
        self._written: set[int] = set()  # ids, since somebody has read the events

    # ---- the list ----

    def refresh(self) -> None:
        """Ask the driver again for all descriptions: ranges, flags and menus."""
        out = ffi.new("struct vc_control_list **")
        self._device._check(lib.vc_control_walk(self._device._dev, out), "VIDIOC_QUERY_EXT_CTRL")
        found = ffi.gc(out[0], lib.vc_control_list_free)
        rows, failed = {}, {}
        for row in found.items[0 : found.count]:
            if row.error:
                failed[row.id] = -row.error
            elif row.type != _CTRL_CLASS and not row.flags & _DISABLED:
                rows[row.id] = row
        self._list, self._rows, self._names, self._failed = found, rows, None, failed
        self._current = found

    def _table(self) -> dict[int, Any]:
        if self._current is None:
            self.refresh()
        return self._rows

    @property
    def failed(self) -> dict[int, int]:
        """The controls that the driver could not describe: id to errno."""
        self._table()
        return self._failed

    def _by_name(self) -> dict[str, int]:
        """Return canonical name to id, made when a name is asked for that is not the kernel's."""
        rows = self._table()
        names = self._names
        if names is None:
            names = {}
            for cid, row in rows.items():
                name = NAMES.get(cid) or slug(text(row.name)) or f"0x{cid:08x}"
                if name in names or (cid not in NAMES and IDS.get(name) in rows):
                    name = _key(name, cid)
                names[name] = cid
            self._names = names
        return names

    def _fresh(self, control: Control) -> Any:
        if control._list is self._current:
            return control._row
        row = self._table().get(control.id)
        if row is not None:  # else it has vanished, and what it was is all we know
            control._row, control._list, control._grid = row, self._list, None
        return control._row

    def _find(self, key: str | int) -> int | None:
        """Return the id that ``key`` stands for here, or ``None``."""
        rows = self._table()
        if isinstance(key, int):
            return key if key in rows else None
        cid = IDS.get(key)
        if cid in rows:
            return cid
        cid = self._by_name().get(key)
        if cid is None:
            cid = next((i for i, row in rows.items() if slug(text(row.name)) == key), None)
        return cid if cid in rows else None

    def __getitem__(self, key: str | int) -> Control:
        """Return a control by canonical name, name in older kernels, driver's name, or id.

        Raises:
            UnknownControlError: The camera has no such control (also a ``KeyError``).
        """
        if not isinstance(key, (str, int)) or isinstance(key, bool):
            raise TypeError(f"a control is named by str or int, not {type(key).__name__}")
        cid = self._find(key)
        if cid is None:
            raise self._unknown(key)
        control = self._made.get(cid)
        if control is None:
            name = NAMES.get(cid) or next(n for n, i in self._by_name().items() if i == cid)
            control = self._made[cid] = Control(self, self._rows[cid], name)
        return control

    def _unknown(self, key: str | int) -> UnknownControlError:
        name = key if isinstance(key, str) else f"0x{key:08x}"
        import difflib

        near = difflib.get_close_matches(name, self._by_name(), 3, 0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else "`controls` lists what there is"
        cid = key if isinstance(key, int) else IDS.get(key)
        if cid in self.failed:
            hint = "The driver fails when it is asked to describe it"
        error = device_error(
            UnknownControlError, errno.EINVAL, "VIDIOC_QUERY_EXT_CTRL", self._device.path, hint
        )
        error.control = name
        error.strerror = "this camera has no such control"
        return error

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str | int) and self._find(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def __len__(self) -> int:
        return len(self._table())

    def __reduce__(self) -> NoReturn:
        raise TypeError("controls are those of an open device: copy what read() returns")

    def _told(self, cid: int, changes: int) -> tuple[str, str]:
        """Take note of an event; return the name and type of the control it is about."""
        if changes & ~lib.V4L2_EVENT_CTRL_CH_VALUE:
            self._current = None
        control = self.get(cid)
        return (control.name, control.type) if control else (f"0x{cid:08x}", "int")

    # ---- reading ----

    def _get(self, control: Control) -> Any:
        row = self._fresh(control)
        if row.flags & _HAS_PAYLOAD:
            return self._get_payload(control)
        if row.type != lib.V4L2_CTRL_TYPE_INTEGER64:
            self._make_knob(control)
            return control.value
        value = ffi.new(_value, 1)
        value[0].id, value[0].type = control.id, row.type
        self._check(
            lib.vc_control_get(self._device._dev, value, 1, ffi.new(_index)),
            "VIDIOC_G_EXT_CTRLS",
            control,
        )
        return scalar.decode(control.type, value[0].value)

    def _make_knob(self, control: Control) -> Any:
        knob = ffi.new("struct vc_knob *")
        knob.dev, knob.id, knob.type = self._device._dev, control.id, control._row.type
        control._knob = knob
        return knob

    def _get_payload(self, control: Control) -> Any:
        row = ffi.new("struct vc_control *")
        dev = self._device._dev
        # A dynamic array may have another length now.
        self._check(lib.vc_control_query(dev, control.id, row), "VIDIOC_QUERY_EXT_CTRL", control)
        size = row.elems * row.elem_size
        data = ffi.new("uint8_t[]", max(size, 1))
        self._check(
            lib.vc_control_get_payload(dev, lib.V4L2_CTRL_WHICH_CUR_VAL, control.id, data, size),
            "VIDIOC_G_EXT_CTRLS",
            control,
        )
        return payload.decode(control.type, bytes(ffi.buffer(data, size)), row.nr_of_dims > 0)

    def read(self, names: Iterable[str | int] | None = None) -> dict[str, Any]:
        """Return the values of several controls (left out: all), the numbers in one ioctl.

        A control that cannot be read is left out when all are asked for; one that was
        named raises.
        """
        if names is None:
            controls = [c for c in self.values() if self._is_readable(c)]
        else:
            controls = [self[name] for name in names]
        numbers = [c for c in controls if not c._row.flags & _HAS_PAYLOAD]
        read = self._read_numbers(numbers)
        for control in controls:
            if control.name in read:
                continue
            try:
                read[control.name] = self._get(control)
            except ControlError:
                if names is not None:
                    raise
        return {control.name: read[control.name] for control in controls if control.name in read}

    @staticmethod
    def _is_readable(control: Control) -> bool:
        return not control._row.flags & _WRITE_ONLY and control.type != "button"

    def _read_numbers(self, controls: list[Control]) -> dict[str, Any]:
        """Read all at once; nothing where one of them fails, so that each can be tried alone."""
        values = ffi.new(_value, [(c.id, c._row.type, 0) for c in controls])
        count, failed = len(controls), ffi.new(_index)
        if not count or lib.vc_control_get(self._device._dev, values, count, failed) < 0:
            return {}
        return {
            control.name: scalar.decode(control.type, value.value)
            for control, value in zip(controls, values, strict=True)
        }

    # ---- writing ----

    @property
    def written_ns(self) -> int:
        """When one was written through this device last, in monotonic nanoseconds; 0: never."""
        return int(lib.vc_device_written(self._device._dev))

    def set(self, values: Mapping[str | int, Any]) -> dict[str, Any]:
        """Write several controls and return what each of them reads now.

        Everything is checked before anything is written. Numbers are held inside the
        driver's range and on its grid. Controls that rule others (automatic modes, blanking) come
        first, each in an ioctl of its own and verified; all other numbers follow in one.

        Args:
            values: Name or id to value; a menu takes its index or its label.

        Raises:
            UnknownControlError: The camera has no such control.
            TypeError, ValueError: A value does not suit its control.
            ControlError: The driver refused; ``applied`` tells what had been written.
        """
        read = self._set(values)
        self._chosen.update((self[name].id, value) for name, value in values.items())
        return read

    def _set(self, values: Mapping[str | int, Any]) -> dict[str, Any]:
        """Do what :meth:`set` does; nobody has chosen this for good."""
        wanted = self._encoded(values)
        try:
            return self._write(values, wanted)
        finally:
            self._written.update(control.id for control in wanted)

    def _write(
        self, values: Mapping[str | int, Any], wanted: Mapping[Control, int | bytes]
    ) -> dict[str, Any]:
        numbers = {c: v for c, v in wanted.items() if isinstance(v, int)}
        masters = [c for c in numbers if c.id in _MASTER_IDS]
        others = [c for c in numbers if c.id not in _MASTER_IDS]
        applied: dict[str, Any] = {}
        try:
            for control in masters:
                self._write_numbers({control: numbers[control]}, applied)
                self._verify(control, numbers[control], applied[control.name])
            if any(control.id == _BLANKING for control in masters):
                numbers |= self._numbers(values, others)
            self._write_numbers({control: numbers[control] for control in others}, applied)
            for control, data in wanted.items():
                if isinstance(data, bytes):
                    self._write_payload(control, data)
                    applied[control.name] = self._get_back(control)
        except ControlError as error:
            error.applied = applied
            raise
        return {control.name: applied[control.name] for control in wanted}

    def check(self, values: Mapping[str | int, Any]) -> None:
        """Raise what :meth:`set` would raise before it writes; write nothing."""
        self._encoded(values)

    def _encoded(self, values: Mapping[str | int, Any]) -> dict[Control, int | bytes]:
        return {control: self._encode(control, value) for control, value in self._named(values)}

    def _numbers(
        self, values: Mapping[str | int, Any], controls: list[Control]
    ) -> dict[Control, int]:
        """Return what goes to the driver for some of the controls, in the ranges of now."""
        encoded = ((c, self._encode(c, value)) for c, value in self._named(values) if c in controls)
        return {control: number for control, number in encoded if isinstance(number, int)}

    def _verify(self, control: Control, wanted: int, read: Any) -> None:
        """Complain about a master that did not follow: what it rules would not either."""
        if read is None or int(read) == wanted:
            return
        error = device_error(ControlError, errno.EIO, "VIDIOC_S_EXT_CTRLS", self._device.path)
        error.control, error.value = control.name, wanted
        error.strerror = f"the driver took it, but still reads {read!r}"
        raise error

    def _named(self, values: Mapping[str | int, Any]) -> list[tuple[Control, Any]]:
        if not isinstance(values, Mapping):
            raise TypeError(f"give a mapping from names to values, not {values!r}")
        pairs = [(self[key], value) for key, value in values.items()]
        seen: set[int] = set()
        for control, _ in pairs:
            if control.id in seen:
                raise ValueError(f"{control.name} is given twice, under two of its names")
            seen.add(control.id)
        return pairs

    def _set_one(self, control: Control, value: Any) -> None:
        """Do what :meth:`set` does; nobody is told what it reads now, so nobody asks."""
        row = self._fresh(control)
        wide = row.type == lib.V4L2_CTRL_TYPE_INTEGER64
        if row.flags & _SLOW or wide or control.id in _MASTER_IDS:
            self.set({control.id: value})
            return
        knob = control._knob or self._make_knob(control)
        if control.type == "int" and row.minimum <= row.maximum:
            control._grid = row.minimum, row.maximum, row.step or 1
        number = scalar.ENCODERS.get(control.type, scalar.encode_integer)(control, value)
        rc = _write_knob(knob, number)
        if rc < 0:
            self._check(rc, "VIDIOC_S_EXT_CTRLS", control, number)
        self._chosen[control.id] = value
        self._written.add(control.id)

    def _encode(self, control: Control, value: Any) -> int | bytes:
        """Return what goes to the driver: a number on its grid, or the bytes of the rest."""
        row = self._fresh(control)
        if row.flags & _READ_ONLY:
            raise self._refused(control, value, "it is read-only")
        if row.flags & _HAS_PAYLOAD:
            return payload.encode(control, value)
        return scalar.ENCODERS.get(control.type, scalar.encode_integer)(control, value)

    def _refused(self, control: Control, value: Any, why: str) -> ControlError:
        error = device_error(ControlError, errno.EACCES, "VIDIOC_S_EXT_CTRLS", self._device.path)
        error.control, error.value, error.strerror = control.name, value, why
        return error

    def _write_numbers(self, wanted: dict[Control, int], applied: dict[str, Any]) -> None:
        if not wanted:
            return
        controls = list(wanted)
        count, result = len(controls), ffi.new(_index)
        values = ffi.new(_value, [(c.id, c._row.type, n) for c, n in wanted.items()])
        rc = lib.vc_control_set(self._device._dev, values, count, result, result + 1)
        self._mark_stale(controls)
        if rc < 0:
            culprit = controls[result[0]] if result[0] < count else self._suspect(rc, controls)
            for control in controls[: result[1]]:
                applied[control.name] = self._get_back(control)
            self._check(rc, "VIDIOC_S_EXT_CTRLS", culprit, wanted[culprit])
        readable = [c for c in controls if self._is_readable(c)]
        read = self._read_numbers(readable)
        for control in controls:
            applied[control.name] = (
                read[control.name] if control.name in read else self._get_back(control)
            )

    def _suspect(self, rc: int, controls: list[Control]) -> Control:
        """Return the most likely one where the driver names none: the one that has the flag."""
        self._current = None
        flag = _SUSPICIOUS.get(-rc, 0)
        return next((c for c in controls if self._fresh(c).flags & flag), controls[0])

    def _write_payload(self, control: Control, data: bytes) -> None:
        rc = lib.vc_control_set_payload(self._device._dev, control.id, data, len(data))
        self._mark_stale([control])
        self._check(rc, "VIDIOC_S_EXT_CTRLS", control, data)

    def _get_back(self, control: Control) -> Any:
        """Return the value after a write; ``None`` where the driver cannot tell."""
        if not self._is_readable(control):
            return None
        try:
            return self._get(control)
        except ControlError:
            return None

    def _mark_stale(self, controls: list[Control]) -> None:
        """Writing a master changes flags of others, and UPDATE says that values change."""
        if any(c.id in _MASTER_IDS or c._row.flags & _UPDATE for c in controls):
            self._current = None

    def _check(self, rc: int, operation: str, control: Control, value: Any = None) -> None:
        if rc >= 0:
            return
        try:
            check(rc, operation, self._device.path)
        except DeviceError as cause:
            if cause.errno in (errno.ENODEV, errno.ENXIO):
                raise
            number = cause.errno or 0
        error = device_error(ControlError, number, operation, self._device.path)
        error.control, error.value = control.name, value
        if number == errno.EACCES and value is not None:
            error.master = self._holder(control)
        raise error

    def _holder(self, control: Control) -> str | None:
        """Return the master that is not manual now, as far as it can be read.

        Where all are, and the driver says all the same that one holds it: the first.
        """
        for name in control.masters:
            master = self[name]
            with contextlib.suppress(DeviceError):
                if master.value == MANUAL.get(master.id, 0):
                    continue
            return name
        return next(iter(control.masters), None) if "inactive" in control.flags else None
