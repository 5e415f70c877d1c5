# SPDX-License-Identifier: MIT
"""Choose settings for constraints: SelectSettings of the W3C, without enumerating.

Properties that do not depend on each other are narrowed one by one, which gives the same
result as comparing all combinations; size and frame rate are solved in
:mod:`v4l2capture.videomode`. First everything that is required narrows what is possible,
then each advanced set that still fits as a whole, last the ideals choose from what is left.

Where the W3C is silent: an unconstrained property stays as it is, so does one that already is
among the best; a number between two steps means the nearest step; numbers that may be
negative are ranked by their difference, which amounts to clamping.

Source: W3C Media Capture and Streams, "fitness distance", "SelectSettings" and
"ApplyConstraints".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .dictionaries import (
    PROPERTIES,
    Dictionary,
    MediaTrackConstraints,
    MediaTrackConstraintSet,
)
from .domain import Domain, Range, Wanted, domain_of, parsed, range_of
from .errors import OverconstrainedError
from .videomode import CROP_AND_SCALE, NONE, Region, Size, Video, Wish

__all__ = ["fitness_distance", "satisfies", "select_settings", "selectable"]

_Plain = Mapping[str, Any]

_VIDEO = {
    "width": "width",
    "height": "height",
    "aspectRatio": "aspect",
    "frameRate": "rate",
    "resizeMode": "resize",
}


# ---- the whole ----------------------------------------------------------------------------------


class _Space:
    """What is still possible. A copy is cheap, so that an advanced set can be tried."""

    def __init__(self, domains: dict[str, Domain], region: Region, video: Video | None) -> None:
        self.domains = domains
        self.region = region
        self.video = video

    def copy(self) -> _Space:
        return _Space(dict(self.domains), self.region, self.video)

    def narrow(self, name: str, wanted: Wanted) -> bool:
        """Keep what one constraint allows; ``False``: nothing."""
        if wanted.able is not None:
            return wanted.able == (name in self.domains)
        if not wanted.is_required:
            return True
        if self.video is not None and name in _VIDEO:
            region = _narrowed_region(self.region, name, wanted)
            if region is None:
                return False
            self.region = region
            return True
        domain = self.domains.get(name)
        if domain is None:
            return False
        left = domain.narrowed(wanted)
        if left is None:
            return False
        self.domains[name] = left
        return True

    def narrow_all(self, wanted: Mapping[str, Wanted]) -> bool:
        if not all(self.narrow(name, each) for name, each in wanted.items()):
            return False
        if self.video is None or not any(name in _VIDEO for name in wanted):
            return True
        return self.video.fits(self.region)


def _narrowed_region(region: Region, name: str, wanted: Wanted) -> Region | None:
    if name == "resizeMode":
        left = region.resize & frozenset(wanted.among or ())
        return replace(region, resize=left) if left else None
    return region.narrowed(_VIDEO[name], wanted.low, wanted.high)


def _whole_space(
    capabilities: _Plain,
    settings: _Plain,
    names: Iterable[str],
    modes: Sequence[_Plain],
    quantize: bool,
) -> _Space:
    """Return everything that is possible for ``names``."""
    domains: dict[str, Domain] = {}
    constrained = set(names)
    for name in constrained:
        domain = domain_of(PROPERTIES[name], capabilities.get(name), settings.get(name), quantize)
        if domain is not None:
            domains[name] = domain
    video, region = None, Region()
    if modes and not constrained.isdisjoint(_VIDEO):
        video, region = _video(capabilities, settings, modes)
    elif "aspectRatio" in constrained:
        video, region = _free_video(capabilities, settings, quantize)
    if video is not None:
        domains = {name: domain for name, domain in domains.items() if name not in _VIDEO}
    return _Space(domains, region, video)


def _resize_modes(capabilities: _Plain, settings: _Plain) -> list[str]:
    modes = capabilities.get("resizeMode") or [settings.get("resizeMode") or NONE]
    return list(modes) if isinstance(modes, list) else [modes]


def _current_size(settings: _Plain) -> Size | None:
    width, height = settings.get("width"), settings.get("height")
    if not width or not height:
        return None
    rate = float(settings.get("frameRate") or 30)
    return Size(width, height, rate, settings.get("resizeMode") or NONE)


def _video(capabilities: _Plain, settings: _Plain, modes: Sequence[_Plain]) -> tuple[Video, Region]:
    """Return the modes of the camera, and what all of them have in common."""
    resize = _resize_modes(capabilities, settings)
    natives = [(int(m["width"]), int(m["height"]), float(m.get("frameRate") or 0)) for m in modes]
    resizes = CROP_AND_SCALE in resize
    video = Video(natives, current=_current_size(settings), resizes=resizes)
    return video, Region(resize=frozenset(resize))


def _free_video(
    capabilities: _Plain, settings: _Plain, quantize: bool
) -> tuple[Video | None, Region]:
    """Return a camera of which only the largest size is known; any smaller one will do."""
    ranges = {
        name: range_of(PROPERTIES[name], capabilities.get(name), settings.get(name), quantize)
        for name in ("width", "height", "frameRate")
    }
    width, height, rate = ranges.values()
    if width is None or height is None:
        return None, Region()
    rate = rate or Range(30, 30, 0, 30, 30, 30)
    current = _current_size(settings)
    if current is not None:
        current = replace(current, resize=CROP_AND_SCALE)
    video = Video(
        [(int(width.maximum), int(height.maximum), rate.maximum)], current=current, even=False
    )
    region = Region(
        (width.minimum, width.maximum),
        (height.minimum, height.maximum),
        rate=(rate.minimum, rate.maximum),
        resize=frozenset((CROP_AND_SCALE,)),
    )
    return video, region


def _fail(name: str, wanted: Wanted, capabilities: _Plain, settings: _Plain) -> None:
    if name not in capabilities and name not in settings:
        raise OverconstrainedError(name, f"this camera has no {name}")
    have = _have(capabilities.get(name, settings.get(name)), wanted)
    raise OverconstrainedError(name, f"{name} cannot be {_words(wanted)}; the camera has {have}")


def _have(capability: Any, wanted: Wanted) -> str:
    if isinstance(capability, Mapping):
        low: Any = capability.get("min")
        high: Any = capability.get("max")
        inside = None not in (low, high) and low <= wanted.low <= wanted.high <= high
        return f"{low} to {high}" + (", but not every number between" if inside else "")
    return ", ".join(map(str, capability)) if isinstance(capability, list) else str(capability)


def _words(wanted: Wanted) -> str:
    if wanted.among is not None:
        return " or ".join(map(str, wanted.among))
    if wanted.low == wanted.high:
        return f"{wanted.low}"
    low = [f"at least {wanted.low}"] if wanted.low > -math.inf else []
    return " and ".join([*low, *([f"at most {wanted.high}"] if wanted.high < math.inf else [])])


def _require(
    space: _Space, wanted: Mapping[str, Wanted], capabilities: _Plain, settings: _Plain
) -> None:
    """Narrow ``space`` by what is required, or name the first constraint that can never hold."""
    whole = space.region
    for name, each in wanted.items():
        if each.able is not None or not each.is_required:
            continue
        if not space.narrow(name, each):
            alone = space.copy()
            alone.region = whole
            if space.video is None or name not in _VIDEO or not alone.narrow(name, each):
                _fail(name, each, capabilities, settings)
        if space.video is not None and name in _VIDEO:
            region = _narrowed_region(whole, name, each)
            if region is None or not space.video.fits(region):
                _fail(name, each, capabilities, settings)
    if space.video is not None and not space.video.fits(space.region):
        raise OverconstrainedError("", "no mode of the camera has all of these at once")


def select_settings(
    capabilities: _Plain | Dictionary,
    settings: _Plain | Dictionary,
    constraints: _Plain | Dictionary | None,
    *,
    modes: Sequence[_Plain] = (),
    quantize: bool = True,
    others: Sequence[_Plain | Dictionary] = (),
) -> dict[str, Any]:
    """Return the settings that fit ``constraints`` best.

    Args:
        capabilities: What the camera can, as ``MediaTrackCapabilities.to_dict()`` gives it.
        settings: What is set now.
        constraints: What is wanted; unknown names are dropped with a warning.
        modes: The native video modes, each ``{"width", "height", "frameRate"}``. Without
            them any size inside the capabilities will do.
        quantize: Whether a number is put on the nearest of the driver's steps.
        others: Constraints of other live tracks of the camera; what they require stays true.

    Returns:
        All settings: the chosen ones, and those that nobody asked for as they were.

    Raises:
        OverconstrainedError: A required constraint cannot hold; ``constraint`` names the
            first one, in the order of ``PROPERTIES``, that is impossible for itself.
        TypeError: A value of a wrong type, or a member in both spellings.
    """
    able = capabilities.to_dict() if isinstance(capabilities, Dictionary) else capabilities
    now = settings.to_dict() if isinstance(settings, Dictionary) else settings
    given = MediaTrackConstraints.of(constraints)
    basic = parsed(given, False)
    advanced = [parsed(each, True) for each in given.advanced or ()]
    elsewhere = [parsed(MediaTrackConstraints.of(other), False) for other in others]
    if not basic and not advanced:
        return dict(now)

    names = {name for wanted in (basic, *advanced) for name in wanted}
    space = _whole_space(able, now, names, modes, quantize)
    alone = space.copy()
    _respect(space, elsewhere)
    refusal = None
    try:
        _require(space, basic, able, now)
    except OverconstrainedError as error:
        refusal = error
    if refusal is not None:
        _require(alone, basic, able, now)  # which says why, unless it is because of others
        name = refusal.constraint
        what = f"{name} cannot be {_words(basic[name])}" if name else "no mode has all of this"
        text = f"{what} together with what another user of the camera requires"
        raise OverconstrainedError(name, text)
    for wanted in advanced:
        attempt = space.copy()
        if attempt.narrow_all(wanted):
            space = attempt
    return dict(now) | _chosen(space, basic, able, now)


def _respect(space: _Space, elsewhere: Iterable[Mapping[str, Wanted]]) -> None:
    """Leave what other tracks require; what they cannot have any more does not count."""
    regions = []
    for wanted in elsewhere:
        region: Region | None = Region()
        for name, each in wanted.items():
            if space.video is None or name not in _VIDEO:
                if name in space.domains:
                    space.narrow(name, each)
            elif each.is_required and region is not None:
                region = _narrowed_region(region, name, each)
        if region is not None and region != Region():
            regions.append(region)
    if regions and space.video is not None:
        space.video = space.video.respecting(regions)


def _chosen(
    space: _Space, basic: Mapping[str, Wanted], able: _Plain, now: _Plain
) -> dict[str, Any]:
    """Return the best of what is left."""
    found: dict[str, Any] = {}
    for name, domain in space.domains.items():
        wanted = basic.get(name)
        ideal = wanted.ideal if wanted is not None else None
        value = domain.chosen(ideal)
        if value is not None and (name in now or _touches(domain, ideal)):
            found[name] = value
    if space.video is not None:
        ideals = {_VIDEO[name]: w.ideal for name, w in basic.items() if name in _VIDEO}
        best = space.video.best(space.region, Wish(**ideals))
        if best is not None:
            found |= _video_settings(best, able, now, space.video)
    elif {"width", "height"} & found.keys() and "aspectRatio" in now:
        width, height = (found.get(side, now.get(side)) for side in ("width", "height"))
        if width and height:
            found["aspectRatio"] = round(width / height, 10)
    return found


def _touches(domain: Domain, ideal: Any) -> bool:
    """Whether anybody wants something of a property whose value is not known."""
    if ideal is not None:
        return True
    if isinstance(domain, Range):
        return (domain.low, domain.high) != (domain.minimum, domain.maximum)
    return domain.values is not None


def _video_settings(best: Size, able: _Plain, now: _Plain, video: Video) -> dict[str, Any]:
    known = able.keys() | now.keys()
    found: dict[str, Any] = {"width": best.width, "height": best.height}
    if best.rate and (video.even or "frameRate" in known):
        found["frameRate"] = best.rate
    if "aspectRatio" in known:
        found["aspectRatio"] = best.aspect
    if "resizeMode" in known and video.even:
        found["resizeMode"] = best.resize
    return found


def selectable(constraints: _Plain | Dictionary | None) -> MediaTrackConstraints:
    """Return constraints by which a device may be chosen.

    Raises:
        TypeError: Something is required that is no reason to choose a device, for example
            a zoom; it can only be preferred, or be in an advanced set.
    """
    given = MediaTrackConstraints.of(constraints)
    for name, wanted in parsed(given, False).items():
        if wanted.is_required and not PROPERTIES[name].selects:
            raise TypeError(f"{name} cannot be required where a device is chosen; prefer it")
    return given


def fitness_distance(
    capabilities: _Plain | Dictionary,
    settings: _Plain | Dictionary,
    constraints: _Plain | Dictionary | None,
) -> float:
    """Return how far settings are from the basic constraints; infinite: they do not hold.

    Advanced sets do not count. This ranks cameras: the less, the better.
    """
    return _fitness(capabilities, settings, parsed(MediaTrackConstraints.of(constraints), False))


def satisfies(
    capabilities: _Plain | Dictionary,
    settings: _Plain | Dictionary,
    advanced: _Plain | Dictionary,
) -> bool:
    """Return whether settings are what an advanced set wants, all of it."""
    wanted = parsed(MediaTrackConstraintSet.of(advanced), True)
    if any(
        each.able is not None and each.able != (name in settings) for name, each in wanted.items()
    ):
        return False
    return _fitness(capabilities, settings, wanted) < math.inf


def _fitness(
    capabilities: _Plain | Dictionary,
    settings: _Plain | Dictionary,
    constraints: Mapping[str, Wanted],
) -> float:
    able = capabilities.to_dict() if isinstance(capabilities, Dictionary) else capabilities
    now = settings.to_dict() if isinstance(settings, Dictionary) else settings
    size, region = _current_size(now), Region()
    total = 0.0
    for name, wanted in constraints.items():
        actual = now.get(name)
        domain = domain_of(PROPERTIES[name], able.get(name), actual, True)
        if wanted.able is not None:
            total += wanted.able != (actual is not None)
            continue
        if wanted.is_required and size is not None and name in _VIDEO:
            narrowed = _narrowed_region(region, name, wanted)
            if narrowed is None or not narrowed.allows(size):
                return math.inf
        elif wanted.is_required and not _holds(wanted, actual, domain):
            return math.inf
        if wanted.ideal is not None:
            total += 1 if actual is None else _distance(wanted.ideal, actual, domain)
    return total


def _holds(wanted: Wanted, actual: Any, domain: Domain | None) -> bool:
    """Whether a value is what is required, or the step nearest to something that is."""
    if actual is None or domain is None:
        return False
    if wanted.among is not None:
        return actual in wanted.among
    if wanted.low <= actual <= wanted.high:
        return True
    left = domain.narrowed(wanted)
    nearest = left.chosen(None) if isinstance(left, Range) else None
    return nearest is not None and math.isclose(nearest, actual)


def _distance(ideal: Any, actual: Any, domain: Domain | None) -> float:
    if isinstance(domain, Range):
        return domain.distance(actual, ideal)
    return 0 if actual in ideal else 1
