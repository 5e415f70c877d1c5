# SPDX-License-Identifier: MIT
"""The marker ``quirk`` of pytest: which trouble a test is about, on which driver, how it came out.

``@pytest.mark.quirk("error-flag", ...)`` names rows of the table in quirks.py. The driver follows
from the marks that a test or its parameter has anyway; a test without one of them takes simulated
cameras. ``--faults-to=FILE`` writes what was found, for ``python -m tests.faults``. With a space
for the "=", pytest would look for options below FILE, and not find this one.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from .quirks import DRIVERS, QUIRKS
from .results import Result

__all__ = ["Recorder", "note_quirks"]

_DRIVER_OF_MARK = {"vivid": "vivid", "uvc": "uvcvideo", "loopback": "loopback"}
assert {*_DRIVER_OF_MARK.values()} < {*DRIVERS}

_PROPERTY = "quirks"


def note_quirks(items: Sequence[pytest.Item]) -> None:
    """Let the reports of marked tests say so, wherever they run; an unknown key is an error."""
    for item in items:
        keys = [key for mark in item.iter_markers("quirk") for key in mark.args]
        for key in keys:
            if key not in QUIRKS:
                raise pytest.UsageError(f"{item.nodeid}: tests/faults/quirks.py has no {key!r}")
        if keys:
            item.user_properties.append((_PROPERTY, [_driver_of(item), keys]))


def _driver_of(item: pytest.Item) -> str:
    drivers = (_DRIVER_OF_MARK.get(mark.name) for mark in item.iter_markers())  # the closest first
    return next(filter(None, drivers), "simulated")


class Recorder:
    """Notes the tests that have the marker, and how each of them ended."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._results: dict[str, Result] = {}

    def _result(self, of: pytest.Item | pytest.TestReport) -> Result | None:
        for name, value in of.user_properties:
            if name == _PROPERTY:
                driver, keys = value
                return self._results.setdefault(of.nodeid, Result(of.nodeid, driver, keys))
        return None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self._result(item)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        result = self._result(report)
        if not result or result.outcome not in ("", "passed"):
            return
        if report.when == "call" or not report.passed:  # set-up and tear-down may fail, too
            result.outcome = report.outcome

    def pytest_sessionfinish(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        found = [vars(result) for result in self._results.values()]
        self._file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
