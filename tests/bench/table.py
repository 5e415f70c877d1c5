# SPDX-License-Identifier: MIT
"""Rows of the result: a number, what it is divided by, and the bar it is held against."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["missing", "render", "row", "show"]


def row(
    what: str,
    number: float,
    unit: str,
    *,
    of: tuple[str, float] | None = None,
    at_most: float | None = None,
    at_least: float | None = None,
    goal: float | None = None,
) -> dict[str, Any]:
    """Return one line of the table.

    Args:
        what: The peer or the job.
        number: What was measured.
        unit: Of the number.
        of: Name and number of what it is divided by; the bars are then for the ratio.
        at_most: A bar that the project set itself.
        at_least: The same from the other side.
        goal: What it would like, beyond ``at_most``.
    """
    result: dict[str, Any] = {"what": what, "number": round(number, 3), "unit": unit}
    judged = number
    if of is not None:
        judged = number / of[1]
        result |= {"ratio": round(judged, 3), "of": of[0]}
    if at_most is not None:
        result |= {"bar": f"<= {at_most:g}", "reached": judged <= at_most}
    if at_least is not None:
        result |= {"bar": f">= {at_least:g}", "reached": judged >= at_least}
    if goal is not None:
        result |= {"goal": f"<= {goal:g}", "goal_reached": judged <= goal}
    return result


def missing(what: str, error: str, **bar: Any) -> dict[str, Any]:
    """Return the line of something that could not be measured."""
    result = {"what": what, "error": error}
    return result | {"reached": False} if bar else result


def render(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the table for people."""
    lines = [("", "number", "unit", "ratio", "of", "bar", "goal", "")]
    for each in rows:
        if "error" in each:
            lines.append((each["what"], "-", each["error"][:40], *[""] * 4, _verdict(each)))
            continue
        lines.append(
            (
                each["what"],
                f"{each['number']:,.2f}".rstrip("0").rstrip("."),
                each["unit"],
                f"{each['ratio']:.2f}" if "ratio" in each else "",
                each.get("of", ""),
                each.get("bar", ""),
                each.get("goal", ""),
                _verdict(each),
            )
        )
    widths = [max(len(line[i]) for line in lines) for i in range(8)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in (1, 3) else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _verdict(each: Mapping[str, Any]) -> str:
    if not each.get("reached", True):
        return "NOT REACHED"
    if "goal" in each:
        return "reached, the goal too" if each["goal_reached"] else "reached, the goal not"
    return "reached" if "reached" in each else ""


def show(rows: list[dict[str, Any]], **more: Any) -> None:
    """Print what a benchmark has found: one JSON object."""
    print(json.dumps({**more, "rows": rows}))
