# SPDX-License-Identifier: MIT
"""How tests came out, and what that makes of each field of the matrix."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .quirks import DRIVERS, QUIRKS

__all__ = ["DRIVERS", "Field", "Result", "matrix", "read"]


@dataclass
class Result:
    """One test.

    Attributes:
        test: Its pytest node id.
        outcome: passed, failed, skipped, or "" of a test that did not run.
    """

    test: str
    driver: str
    quirks: Sequence[str]
    outcome: str = ""


@dataclass(frozen=True)
class Field:
    """One quirk with one driver.

    Attributes:
        tests: The tests that show it.
        why_not: Why there can be none.
    """

    quirk: str
    driver: str
    tests: Sequence[Result]
    why_not: str

    @property
    def problem(self) -> str:
        """What is wrong with it, or ""."""
        if self.tests and self.why_not:
            return f"there is a test all the same: {self.tests[0].test}"
        if not self.tests and not self.why_not:
            return "neither a test nor a reason"
        return ", ".join(
            f"{each.test} {each.outcome or 'did not run'}"
            for each in self.tests
            if each.outcome != "passed"
        )

    @property
    def verdict(self) -> str:
        """What is printed in it."""
        if self.problem:
            return f"FAIL: {self.problem}"
        return f"pass ({len(self.tests)})" if self.tests else self.why_not


def read(files: Iterable[Path]) -> list[Result]:
    """Return the results that test runs have left."""
    found = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    return [Result(**each) for results in found for each in results]


def matrix(results: Sequence[Result]) -> list[Field]:
    """Return every field, row by row."""
    tests: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        for key in result.quirks:
            tests.setdefault((key, result.driver), []).append(result)
    return [
        Field(key, driver, tests.get((key, driver), ()), quirk.why_not.get(driver, ""))
        for key, quirk in QUIRKS.items()
        for driver in DRIVERS
    ]
