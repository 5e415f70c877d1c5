# SPDX-License-Identifier: MIT
"""What came of photos: the file, and what was used for it, for people and for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from ..dictionaries import FillLightMode, MeteringMode
from ..photo import Photo
from .output import put, say, visible, writing_result
from .values import text

__all__ = ["JsonReport", "Report", "SpokenReport", "TableReport", "describe"]

_SECOND = 10_000  # of the W3C's units of exposure time
_LONG = 0.3  # seconds from which on nobody says 1/3 s

# Columns, and how wide they are at least: the rows to come are not known.
_WIDTHS = {"File": 9, "Size": 9, "Exposure": 14, "ISO": 4, "Light": 14, "Bytes": 7}


class Report:
    """Is told of each photo as soon as there is a file. This one tells nobody."""

    def add(self, photo: Photo, file: str) -> None:
        """Take note of a photo."""


class JsonReport(Report):
    """A JSON object on a line for each photo, on stdout."""

    def add(self, photo: Photo, file: str) -> None:
        put(json.dumps(_facts(photo, file)))
        _flush()


class TableReport(Report):
    """A row for each photo, on stdout.

    Args:
        varied: A property that is not the same in all photos.
    """

    def __init__(self, varied: str | None) -> None:
        self._varied = varied
        self._widths: dict[str, int] = {}

    def add(self, photo: Photo, file: str) -> None:
        cells = describe(photo, file, self._varied)
        if not self._widths:
            # What the first does not have, the others do not have either.
            self._widths = {
                name: max(len(name), len(cell), _WIDTHS.get(name, 0))
                for name, cell in cells.items()
                if cell
            }
            self._put({name: name for name in self._widths})
        self._put(cells)
        _flush()

    def _put(self, cells: Mapping[str, str]) -> None:
        padded = (visible(cells[name]).ljust(width) for name, width in self._widths.items())
        put("  ".join(padded).rstrip())


class SpokenReport(Report):
    """A message for each photo: stdout is for the photo itself."""

    def add(self, photo: Photo, file: str) -> None:
        cells = describe(photo, file)
        say(", ".join(f"{name.lower()} {cells[name]}" for name in cells if cells[name]))


def _flush() -> None:
    with writing_result():
        sys.stdout.flush()


def _facts(photo: Photo, file: str) -> dict[str, Any]:
    return {
        "file": file,
        "type": photo.type,
        "bytes": photo.size,
        "width": photo.width,
        "height": photo.height,
        "timestamp": photo.timestamp.isoformat(),
        "settings": photo.settings,
    }


def describe(photo: Photo, file: str, varied: str | None = None) -> dict[str, str]:
    """Return what was used for a photo, for people; what there is not is empty."""
    used = photo.settings
    cells = {
        "File": file,
        "Size": f"{photo.width}x{photo.height}",
        "Exposure": ", ".join(_exposure(used)),
        "ISO": text(used.get("iso")),
        "Light": ", ".join(_light(used)),
    }
    if varied in ("focusDistance", "colorTemperature"):  # no column shows them yet
        cells[varied] = text(used.get(varied))
    return cells | {"Bytes": str(photo.size)}


def _exposure(used: Mapping[str, Any]) -> Iterator[str]:
    """Yield the time, or the compensation: what has an effect."""
    time = used.get("exposureTime")
    if used.get("exposureMode", MeteringMode.MANUAL) == MeteringMode.MANUAL:
        if time is not None:
            yield _seconds(time / _SECOND)
        return
    yield "auto"  # while it is, most cameras still read the last manual value
    if used.get("exposureCompensation"):
        yield f"{used['exposureCompensation']:+g} EV"


def _seconds(time: float) -> str:
    return f"{time:.3g} s" if time >= _LONG or not time else f"1/{round(1 / time)} s"


def _light(used: Mapping[str, Any]) -> Iterator[str]:
    lights = {
        "red-eye": used.get("redEyeReduction"),
        "flash": used.get("fillLightMode") == FillLightMode.FLASH,
        "torch": used.get("torch"),
    }
    yield from (name for name, is_on in lights.items() if is_on)
    if "fillLightMode" in used and not any(lights.values()):
        yield "off"
