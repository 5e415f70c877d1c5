# SPDX-License-Identifier: MIT
"""Profiles: a camera as data, which the simulated camera plays.

A profile is JSON. Only ``card`` and ``driver`` need to be there, unknown keys are ignored,
and ``null`` is "the listing did not say". One that contradicts itself the way real cameras do
(default outside the range, step 0, minimum above maximum, menu with holes) loads; a malformed
one is a :class:`~v4l2capture.errors.ProfileError`.

``{"card", "driver", "bus_info", "version", "formats", "controls", "subdevices"}``, and, for
what a listing cannot say:

``capabilities``
    What the node can, in words (``["video-capture", "streaming"]``) or as a number; what a
    capture node can if absent. A profile never becomes another kind of node by its driver's name.
``multiplanar``
    Whether it uses the multi-planar API; if absent, whether one of its formats needs that.
``clusters``
    ``[{"master": id, "manual": 1, "slaves": [id]}]``: the slaves are inactive while the master
    has another value. If absent those of the uvcvideo driver, for profiles of that driver, where
    they do not contradict the ``inactive`` flags of the profile.
``inactive_writes``
    ``"refuse"`` (EACCES, as uvcvideo does) or ``"accept"``.
``timestamps``
    ``"start-of-exposure"`` or ``"end-of-frame"``.
``orphaned_buffers``
    Whether buffers can be freed while they are mapped.
``subdevices``
    ``[{"function": "flash", "name": "led", "controls": [...]}]``: a ``"sensor"``, ``"lens"`` or
    ``"flash"`` with a node of its own, see :mod:`v4l2capture.subdevice`. The picture follows
    them: the lamp lights it, a lens out of focus blurs it, a sensor is set two frames ahead.
``faults``
    ``[{"fault": "corrupt_jpeg", "count": 1, "after": 5}]``, from the start; see
    :meth:`v4l2capture.sim.SimulatedCamera.fault`.

A format is ``{"pixel_format" (or "fourcc"), "sizes"}``, and ``bytesperline_align``,
``sizeimage``, ``colorspace``, ``ycbcr_enc``, ``quantization``, ``xfer_func`` as numbers. A size
is ``{"width", "height"}`` or ``{"min_width", "max_width", "step_width", ...}``, with
``frame_rates`` (or ``fps``) or ``"frame_rate_range": ["1", "60"]``; an empty list of rates means
that the driver tells of none.

Source: what Documentation/userspace-api/media/v4l/ lets a driver say.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

from . import cids

__all__ = [
    "CAPABILITIES",
    "DEFAULT_RATES",
    "FORMAT_NUMBERS",
    "TYPES",
    "Profile",
    "ProfileCluster",
    "ProfileControl",
    "ProfileFault",
    "ProfileFormat",
    "ProfileSize",
    "ProfileSubdevice",
]

# include/uapi/linux/videodev2.h
CAPABILITIES: Final[dict[str, int]] = {
    "video-capture": 0x00000001,
    "video-output": 0x00000002,
    "video-capture-mplane": 0x00001000,
    "video-output-mplane": 0x00002000,
    "video-m2m-mplane": 0x00004000,
    "video-m2m": 0x00008000,
    "meta-capture": 0x00800000,
    "read-write": 0x01000000,
    "streaming": 0x04000000,
}

# enum v4l2_ctrl_type
TYPES: Final[dict[str, int]] = {word: number for number, word in cids.TYPES.items()}

DEFAULT_RATES = (Fraction(30), Fraction(15))


# ---- what a profile consists of -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProfileSize:
    """One size in pixels, or a range of sizes.

    Attributes:
        frame_rates: Frames per second, exact.
        frame_rate_range: Slowest and fastest of a driver that takes any, or ``None``.
    """

    min_width: int
    max_width: int
    step_width: int
    min_height: int
    max_height: int
    step_height: int
    frame_rates: tuple[Fraction, ...] = DEFAULT_RATES
    frame_rate_range: tuple[Fraction, Fraction] | None = None

    @property
    def is_range(self) -> bool:
        """Whether this is more than one size."""
        return self.step_width > 0

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        data: dict[str, Any] = {"width": self.max_width, "height": self.max_height}
        if self.is_range:
            data = {
                f"{what}_{side}": getattr(self, f"{what}_{side}")
                for side in ("width", "height")
                for what in ("min", "max", "step")
            }
        if self.frame_rate_range is not None:
            return data | {"frame_rate_range": [str(rate) for rate in self.frame_rate_range]}
        return data | {"frame_rates": [str(rate) for rate in self.frame_rates]}


@dataclass(frozen=True, slots=True)
class ProfileFormat:
    """One pixel format. The numbers are V4L2's; 0 leaves them to the simulated driver."""

    pixel_format: str
    sizes: tuple[ProfileSize, ...]
    bytesperline_align: int = 0
    sizeimage: int = 0
    colorspace: int = 0
    ycbcr_enc: int = 0
    quantization: int = 0
    xfer_func: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        numbers = {key: getattr(self, key) for key in FORMAT_NUMBERS if getattr(self, key)}
        sizes = [size.to_dict() for size in self.sizes]
        return {"pixel_format": self.pixel_format, "sizes": sizes} | numbers


FORMAT_NUMBERS = (
    "bytesperline_align",
    "sizeimage",
    "colorspace",
    "ycbcr_enc",
    "quantization",
    "xfer_func",
)


@dataclass(frozen=True, slots=True)
class ProfileControl:
    """One control as a listing shows it; ``None`` is unknown.

    Attributes:
        name: In v4l2-ctl's spelling.
        label: The driver's words.
        type: A key of :data:`TYPES`, or the number of a type that is none of them.
        value: Also ``default``, ``minimum`` and ``maximum``: an int; str for ``"str"``; a
            tuple of ints for areas, rectangles and arrays; bytes where they were recorded.
        menu: Index to text, of an integer menu to number; ``None`` where it was not listed.
        flags: V4L2_CTRL_FLAG_*, as one number.
    """

    id: int
    name: str
    label: str
    type: str
    minimum: Any = None
    maximum: Any = None
    step: int | None = None
    default: Any = None
    value: Any = None
    flags: int = 0
    menu: dict[int, str | int] | None = None
    dims: tuple[int, ...] = ()

    def filled(self) -> ProfileControl:
        """Return a copy in which every number is known: the most harmless one that fits."""
        keys = tuple(self.menu or ()) or (0,)
        known = [x for x in (self.value, self.default) if isinstance(x, int)] or [0]
        usual: dict[str, tuple[Any, Any]] = {
            "bool": (0, 1),
            "menu": (min(keys), max(keys)),
            "intmenu": (min(keys), max(keys)),
            "bitmask": (0, 0x7FFFFFFF),
            "str": (0, max(32, len(str(self.value or "").encode()))),
        }
        low, high = usual.get(self.type, (min(0, *known), max(0, *known)))
        low = self.minimum if isinstance(self.minimum, int) else low
        high = self.maximum if isinstance(self.maximum, int) else max(low, high)
        step = (0 if self.type in ("button", "bitmask") else 1) if self.step is None else self.step
        default = self.default
        if default is None:
            fits = isinstance(self.value, int) and low <= self.value <= high
            default = self.value if fits else low
        value = default if self.value is None else self.value
        return replace(self, minimum=low, maximum=high, step=step, default=default, value=value)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        data: dict[str, Any] = {
            "id": f"0x{self.id:08x}",
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "min": _plain(self.minimum),
            "max": _plain(self.maximum),
            "step": self.step,
            "default": _plain(self.default),
            "value": _plain(self.value),
            "flags": _flag_words(self.flags),
        }
        if self.menu is not None:
            data["menu"] = {str(index): entry for index, entry in self.menu.items()}
        if self.dims:
            data["dims"] = list(self.dims)
        return data


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return list(value) if isinstance(value, tuple) else value


def _flag_words(flags: int) -> list[str]:
    words = [word for bit, word in cids.FLAGS.items() if flags & bit]
    rest = flags & ~sum(cids.FLAGS)
    return words + ([f"0x{rest:08x}"] if rest else [])


@dataclass(frozen=True, slots=True)
class ProfileCluster:
    """Controls that have no effect while their master has another value than ``manual``."""

    master: int
    manual: int
    slaves: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "master": f"0x{self.master:08x}",
            "manual": self.manual,
            "slaves": [f"0x{slave:08x}" for slave in self.slaves],
        }


@dataclass(frozen=True, slots=True)
class ProfileFault:
    """Something that goes wrong from the start; as the arguments of ``SimulatedCamera.fault``."""

    name: str
    control: int = 0
    value: int = 0
    count: int = 0
    after: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        data: dict[str, Any] = {"fault": self.name}
        if self.control:
            data["control"] = f"0x{self.control:08x}"
        numbers = {"value": self.value, "count": self.count, "after": self.after}
        return data | {key: value for key, value in numbers.items() if value}


@dataclass(frozen=True, slots=True)
class ProfileSubdevice:
    """A lens, a flash or a sensor that belongs to the camera but is a node of its own.

    Attributes:
        function: ``"sensor"``, ``"lens"`` or ``"flash"``; one that is none of them is there,
            but no camera's.
        name: Of its entity, for example ``"imx219 10-0010"``.
    """

    function: str
    controls: tuple[ProfileControl, ...]
    name: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        controls = [control.to_dict() for control in self.controls]
        return {"function": self.function, "name": self.name, "controls": controls}


@dataclass(frozen=True, slots=True)
class Profile:
    """A camera as data. :meth:`load` makes one from JSON.

    Attributes:
        version: Kernel version, ``(major, minor, patch)``.
        formats: Empty: the driver offers none.
        controls: By rising id.
        capabilities: V4L2_CAP_* of the node, or ``None``: what a capture node can.
        clusters: Which controls rule which, explicit or derived.

    Synchronization: none required; nothing in it changes.
    """

    card: str
    driver: str
    bus_info: str = ""
    version: tuple[int, int, int] = (6, 1, 0)
    formats: tuple[ProfileFormat, ...] = ()
    controls: tuple[ProfileControl, ...] = ()
    subdevices: tuple[ProfileSubdevice, ...] = ()
    capabilities: int | None = None
    multiplanar: bool = False
    clusters: tuple[ProfileCluster, ...] = ()
    refuse_inactive: bool = False
    end_of_frame: bool = False
    orphaned_buffers: bool = True
    faults: tuple[ProfileFault, ...] = field(default=())

    @classmethod
    def load(cls, source: Profile | Mapping[str, Any] | str | os.PathLike[str]) -> Profile:
        """Return a profile from a mapping, from JSON text (it begins with ``{``), or from a file.

        Raises:
            ProfileError: It is malformed; ``where`` says in which place.
            OSError: The file cannot be read.
        """
        if isinstance(source, Profile):
            return source
        from .profile_reading import read_profile

        return read_profile(source)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; :meth:`load` makes an equal profile of it."""
        data: dict[str, Any] = {
            "card": self.card,
            "driver": self.driver,
            "bus_info": self.bus_info,
            "version": ".".join(map(str, self.version)),
            "formats": [each.to_dict() for each in self.formats],
            "controls": [each.to_dict() for each in self.controls],
            "subdevices": [each.to_dict() for each in self.subdevices],
            "multiplanar": self.multiplanar,
            "clusters": [each.to_dict() for each in self.clusters],
            "inactive_writes": "refuse" if self.refuse_inactive else "accept",
            "timestamps": "end-of-frame" if self.end_of_frame else "start-of-exposure",
            "orphaned_buffers": self.orphaned_buffers,
            "faults": [each.to_dict() for each in self.faults],
        }
        if self.capabilities is not None:
            data["capabilities"] = f"0x{self.capabilities:08x}"
        return data
