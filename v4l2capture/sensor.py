# SPDX-License-Identifier: MIT
"""Raw sensors and their lenses: lines to seconds, gain codes to gains, lens codes to metres.

Only what is known is converted: a sensor that is not in the tables has no gain and no
metres, and without a pixel rate and a line length there are no seconds.

Sources: Documentation/userspace-api/media/drivers/camera-sensor.rst; the data sheets, as
far as drivers/media/i2c follows them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from .cids import IDS
from .controlstate import Controls

__all__ = ["LENSES", "SENSORS", "Lens", "Sensor", "SensorTiming", "timing"]

_HUNDRED_MICROSECONDS = 10_000  # in a second


@dataclass(frozen=True, slots=True)
class Sensor:
    """What its data sheet says.

    ``gain = top / (top - code)`` where ``top`` is given, ``code / unit`` where ``unit`` is,
    else ``10 ** (code * decades)``.

    Attributes:
        margin: Lines by which an exposure is shorter than a frame.
        late: Frames after the start that are not to be trusted.
    """

    margin: int
    top: int = 0
    unit: int = 0
    decades: Fraction = Fraction(0)
    late: int = 0

    def gain(self, code: int) -> float | None:
        """Return the gain, 1 is none; ``None`` where the code means nothing."""
        if self.top:
            return self.top / (self.top - code) if 0 <= code < self.top else None
        if self.unit:
            return code / self.unit if code > 0 else None
        return float(10 ** (code * float(self.decades)))

    def code(self, gain: float) -> float:
        """Return the code for a gain, not yet rounded."""
        if self.top:
            return self.top - self.top / gain
        if self.unit:
            return gain * self.unit
        return math.log10(gain) / float(self.decades)


# fmt: off
SENSORS: dict[str, Sensor] = {
    "imx219":  Sensor(margin=4,  top=256, late=1),
    "imx283":  Sensor(margin=4,  top=2048),
    "imx290":  Sensor(margin=2,  decades=Fraction(15, 1000), late=1),
    "imx296":  Sensor(margin=4,  decades=Fraction(1, 200)),
    "imx327":  Sensor(margin=2,  decades=Fraction(15, 1000), late=1),
    "imx415":  Sensor(margin=8,  decades=Fraction(15, 1000)),
    "imx462":  Sensor(margin=2,  decades=Fraction(15, 1000), late=1),
    "imx477":  Sensor(margin=22, top=1024),
    "imx500":  Sensor(margin=22, top=1024),
    "imx519":  Sensor(margin=32, top=1024),
    "imx708":  Sensor(margin=48, top=1024),
    "ov5647":  Sensor(margin=4,  unit=16, late=2),
    "ov64a40": Sensor(margin=32, unit=128),
    "ov7251":  Sensor(margin=4,  unit=16),
    "ov9281":  Sensor(margin=25, unit=16),
    "vd55g1":  Sensor(margin=64, top=32),
    "vd56g3":  Sensor(margin=75, top=32),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Lens:
    """A lens whose codes are proportional to dioptres.

    Attributes:
        infinity: The code at which it is focused on infinity.
        dioptre: Codes for one dioptre more.
    """

    infinity: int
    dioptre: int

    def metres(self, code: int) -> float:
        """Return the distance of what is sharp; infinite is ``math.inf``."""
        return self.dioptre / (code - self.infinity) if code > self.infinity else math.inf

    def code(self, metres: float) -> float:
        """Return the code for a distance, not yet rounded."""
        return self.infinity + self.dioptre / metres


LENSES: dict[str, Lens] = {"imx708": Lens(infinity=445, dioptre=32)}


@dataclass(frozen=True, slots=True)
class SensorTiming:
    """How long one line of the sensor takes now, and what its gain codes mean.

    Attributes:
        pixel_rate: Pixels per second.
        line_length: Pixels of a line, blanking included.
        sensor: Its gain law, or ``None``.
        base_iso: The ISO speed at gain 1, which only the user can know; ``None``: no ``iso``.
    """

    pixel_rate: int
    line_length: int
    sensor: Sensor | None = None
    base_iso: float | None = None

    @property
    def scale(self) -> Fraction:
        """One line in units of 100 µs, exact."""
        return Fraction(self.line_length * _HUNDRED_MICROSECONDS, self.pixel_rate)


def timing(
    controls: Controls, width: int | None, name: str = "", base_iso: float | None = None
) -> SensorTiming | None:
    """Return the timing of a sensor, or ``None`` where anything that it needs is not known.

    Args:
        controls: Of the sensor.
        width: Pixels of a line without blanking: the width of the analogue crop rectangle.
        name: Of the sensor, for example ``"imx219"``.
    """
    rate, blank = (_number(controls, key) for key in ("pixel_rate", "horizontal_blanking"))
    if not width or rate is None or blank is None or blank < 0 or rate <= 0:
        return None
    sensor = SENSORS.get(name)
    return None if sensor is None else SensorTiming(rate, width + blank, sensor, base_iso)


def _number(controls: Controls, name: str) -> int | None:
    """Return the value; what a driver says of its range is often wrong, the value is not."""
    control = controls.get(IDS[name])
    if control is None or not control.is_there or not isinstance(control.value, int):
        return None
    value = control.value
    if control.type == "int" and value >= 1 << 31:
        value -= 1 << 32  # a negative number that went through an unsigned one
    return value
