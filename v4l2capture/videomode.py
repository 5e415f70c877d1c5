# SPDX-License-Identifier: MIT
"""Which picture size and frame rate fit a wish: width, height and rate are solved together.

A camera has native modes. Each gives its own pictures (``resizeMode`` "none") and, cropped,
scaled down and with frames left out evenly, smaller and slower ones ("crop-and-scale").

Source: W3C Media Capture and Streams, "VideoResizeModeEnum" and "fitness distance".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["CROP_AND_SCALE", "NONE", "Region", "Size", "Video", "Wish", "ratio_distance"]

NONE = "none"
CROP_AND_SCALE = "crop-and-scale"

# Cameras say 30000/1001 and people say 29.97.
_RATE_TOLERANCE = 0.005

# Proportions and thinning beyond these are those of no picture; numbers shall stay finite.
_LONGEST = 1e6
_MOST_LEFT_OUT = 1e9

# What is near where nothing else says: the size that every camera has.
_USUAL = (640, 480, 30.0)


def ratio_distance(actual: float, ideal: float) -> float:
    """Return the fitness distance of a positive number, 0 to 1."""
    return 0.0 if actual == ideal else abs(actual - ideal) / max(abs(actual), abs(ideal))


@dataclass(frozen=True, slots=True)
class Size:
    """One mode: native, or made from a native one."""

    width: int
    height: int
    rate: float
    resize: str = NONE

    @property
    def aspect(self) -> float:
        """Width by height, as the W3C rounds it."""
        return round(self.width / self.height, 10)

    def distance(self, other: Size) -> float:
        """Return how far another mode is, as a sum of ratios."""
        return (
            ratio_distance(self.width, other.width)
            + ratio_distance(self.height, other.height)
            + ratio_distance(self.rate, other.rate)
        )


@dataclass(frozen=True, slots=True)
class Region:
    """What is required: bounds, inclusive, and the resize modes that are allowed."""

    width: tuple[float, float] = (1, math.inf)
    height: tuple[float, float] = (1, math.inf)
    aspect: tuple[float, float] = (0, math.inf)
    rate: tuple[float, float] = (0, math.inf)
    resize: frozenset[str] = frozenset((NONE, CROP_AND_SCALE))

    def narrowed(self, name: str, low: float, high: float) -> Region | None:
        """Return the part in which a number lies in [low, high], or ``None``: there is none."""
        old = getattr(self, name)
        new: dict[str, Any] = {name: (max(old[0], low), min(old[1], high))}
        return replace(self, **new) if new[name][0] <= new[name][1] else None

    def allows(self, size: Size) -> bool:
        """Whether a mode lies inside; a ratio is met by the pixel that is nearest to it."""
        width, height = size.width, size.height
        return (
            size.resize in self.resize
            and self.width[0] <= width <= self.width[1]
            and self.height[0] <= height <= self.height[1]
            and self.rate[0] - _RATE_TOLERANCE <= size.rate <= self.rate[1] + _RATE_TOLERANCE
            and self.aspect[0] * height - width <= max(0.5, self.aspect[0] / 2)
            and width - self.aspect[1] * height <= max(0.5, self.aspect[1] / 2)
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What is preferred; ``None`` is anything."""

    width: float | None = None
    height: float | None = None
    aspect: float | None = None
    rate: float | None = None
    resize: Sequence[str] | None = None

    def distance(self, size: Size) -> float:
        """Return the fitness distance; what is not positive ranks nothing."""
        total = 0.0
        if self.width is not None and self.width > 0:
            total += ratio_distance(size.width, self.width)
        if self.height is not None and self.height > 0:
            total += ratio_distance(size.height, self.height)
        if self.aspect is not None and self.aspect > 0:
            total += ratio_distance(size.aspect, self.aspect)
        if self.rate is not None and self.rate > 0:
            total += ratio_distance(size.rate, self.rate)
        if self.resize and size.resize not in self.resize:
            total += 1
        return total


class Video:
    """The modes of one camera, and which of them is best.

    Attributes:
        resizes: Whether pictures may be cropped, scaled and left out.
        even: Frames are left out evenly: every second, third, fourth.

    Synchronization: none required; nothing in it changes.
    """

    def __init__(
        self,
        natives: Iterable[tuple[int, int, float]],
        *,
        current: Size | None = None,
        resizes: bool = True,
        even: bool = True,
    ) -> None:
        self.natives = [Size(*native) for native in dict.fromkeys(natives)]
        self.resizes = resizes
        self.even = even
        self._current = current
        self._near = current or Size(*_USUAL)
        self._sources = _largest(self.natives) if resizes else []

    def respecting(self, others: Iterable[Region]) -> Video:
        """Return the modes from which other tracks of the camera can have what they require."""
        kept = [size for size in self.natives if all(self._serves(size, o) for o in others)]
        if len(kept) == len(self.natives) or not kept:
            return self
        native = [(size.width, size.height, size.rate) for size in kept]
        return Video(native, current=self._current, resizes=self.resizes, even=self.even)

    def _serves(self, native: Size, region: Region) -> bool:
        if region.allows(native):
            return True
        return self.resizes and any(self._made(native, region, Wish()))

    def fits(self, region: Region) -> bool:
        """Whether any mode lies in ``region``."""
        return any(map(region.allows, self.natives)) or any(
            True for source in self._sources for _ in self._made(source, region, Wish())
        )

    def best(self, region: Region, wish: Wish) -> Size | None:
        """Return the mode in ``region`` with the least distance from ``wish``.

        Among equals: the current one, then a native one, then the one nearest to the current.
        """
        found = [size for size in self.natives if region.allows(size)]
        for source in self._sources:
            found.extend(self._made(source, region, wish))
        if not found:
            return None
        distances = [wish.distance(size) for size in found]
        least = min(distances) + 1e-12
        current = self._current
        if (
            current is not None
            and region.allows(current)
            and wish.distance(current) <= least
            and self.has(current)
        ):
            return current
        return min(
            (size for size, distance in zip(found, distances, strict=True) if distance <= least),
            key=self._preference,
        )

    def has(self, size: Size) -> bool:
        """Whether the camera can give this mode."""
        if size.resize == NONE:
            return any(
                (size.width, size.height) == (native.width, native.height)
                and abs(size.rate - native.rate) <= _RATE_TOLERANCE
                for native in self.natives
            )
        exact = Region(
            (size.width, size.width),
            (size.height, size.height),
            (0, math.inf),
            (size.rate, size.rate),
            frozenset((CROP_AND_SCALE,)),
        )
        return any(True for source in self._sources for _ in self._made(source, exact, Wish()))

    def _preference(self, size: Size) -> tuple[bool, float]:
        near = self._near
        bent = ratio_distance(size.width * near.height, size.height * near.width)
        return size.resize != NONE, size.distance(near) + 2 * bent

    # ---- cropped, scaled, left out ----

    def _made(self, native: Size, region: Region, wish: Wish) -> Iterator[Size]:
        """Yield what can be made of a native mode, as far as it may be the best."""
        if CROP_AND_SCALE not in region.resize:
            return
        widths = _whole(region.width, native.width)
        heights = _whole(region.height, native.height)
        rate = self._rate(native.rate, region.rate, wish.rate)
        if not widths or not heights or rate is None:
            return
        for width, height in set(self._sizes(widths, heights, region.aspect, wish)):
            if widths[0] <= width <= widths[1] and heights[0] <= height <= heights[1]:
                size = Size(width, height, rate, CROP_AND_SCALE)
                if region.allows(size):
                    yield size

    def _sizes(
        self,
        widths: tuple[int, int],
        heights: tuple[int, int],
        aspect: tuple[float, float],
        wish: Wish,
    ) -> Iterator[tuple[int, int]]:
        """Yield where the distance can be least.

        Between these points it is a sum of parts that are straight or concave in the width
        and in the height, so its minimum lies on one of them.
        """
        wide = _points(widths, wish.width, self._near.width)
        high = _points(heights, wish.height, self._near.height)
        ratios = {self._near.width / self._near.height}
        if wish.aspect is not None or aspect != (0, math.inf):
            wide.update(widths)
            high.update(heights)
            # Beyond them, what is nearest is a corner of the bounds.
            ratios.update(r for r in (*aspect, wish.aspect or 0) if 1 / _LONGEST < r < _LONGEST)
        for width in wide:
            yield from ((width, height) for height in high)
        for ratio in ratios:
            for width in wide:
                yield width, math.floor(width / ratio)
                yield width, math.ceil(width / ratio)
                yield width, math.floor(width / ratio + 0.5)
            for height in high:
                yield math.floor(height * ratio), height
                yield math.ceil(height * ratio), height

    def _rate(
        self, native: float, bounds: tuple[float, float], wanted: float | None
    ) -> float | None:
        """Return the frame rate to make of a native one, or ``None``: there is none in bounds."""
        low, high = bounds[0] - _RATE_TOLERANCE, bounds[1] + _RATE_TOLERANCE
        target = wanted if wanted is not None and wanted > 0 else self._near.rate
        if not self.even:
            top = min(bounds[1], native)
            return min(max(target, bounds[0]), top) if low <= top else None
        fewest = max(1, math.ceil(native / high)) if high > 0 else 0
        most = math.floor(native / low) if low > 0 else math.inf
        if not 0 < fewest <= most:
            return None
        count = min(native / target, _MOST_LEFT_OUT) if target > 0 else 1.0
        choices = {min(max(n, fewest), most) for n in (math.floor(count), math.ceil(count))}
        return min(
            (native / n if n > 1 else native for n in sorted(choices)),
            key=lambda rate: ratio_distance(rate, target),
        )


def _whole(bounds: tuple[float, float], native: int) -> tuple[int, int] | None:
    low, high = math.ceil(bounds[0]), math.floor(min(bounds[1], native))
    return (max(low, 1), high) if max(low, 1) <= high else None


def _points(bounds: tuple[int, int], wanted: float | None, near: int) -> set[int]:
    if wanted is not None and wanted > 0:
        middle = min(max(wanted, bounds[0]), bounds[1])
        return {math.floor(middle), math.ceil(middle)}
    return {min(max(near, bounds[0]), bounds[1])}


def _largest(natives: Sequence[Size]) -> list[Size]:
    """Leave out modes of which everything can be made from a larger one, too."""
    kept: list[Size] = []
    for size in sorted(natives, key=lambda s: (-s.width * s.height, -s.rate)):
        if not any(
            size.width <= large.width
            and size.height <= large.height
            and abs((times := large.rate / size.rate if size.rate else 1) - round(times)) < 1e-9
            and times >= 1
            for large in kept
        ):
            kept.append(size)
    return kept
