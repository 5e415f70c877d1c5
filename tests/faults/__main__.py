# SPDX-License-Identifier: MIT
"""``python -m tests.faults``: what cameras do wrong, and on which drivers tests show the answer.

A field says how many tests have passed, or why there can be none. The exit status is 1 if a field
says neither, or if a test has not passed. The files are what ``pytest --faults-to=FILE`` left.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .quirks import DRIVERS, QUIRKS
from .results import Field, matrix, read

WHERE = Path("build/faults")
NARROWEST = 150  # columns in which sentences are still readable


def shown(fields: Sequence[Field]) -> Table:
    """Return the table for people."""
    table = Table(show_lines=True, expand=True)
    table.add_column("what cameras do wrong, and the answer", ratio=3)
    for driver in DRIVERS:
        table.add_column(driver, ratio=2)
    verdicts = {(field.quirk, field.driver): _styled(field) for field in fields}
    for key, quirk in QUIRKS.items():
        row = Text.assemble((key, "bold"), f"\n{quirk.symptom}", (f"\n→ {quirk.answer}", "dim"))
        table.add_row(row, *(verdicts[key, driver] for driver in DRIVERS))
    return table


def _styled(field: Field) -> Text:
    style = "red" if field.problem else "green" if field.tests else "dim"
    return Text(field.verdict, style)


def plain(fields: Sequence[Field]) -> list[dict[str, object]]:
    """Return the same for programs."""
    return [
        {"quirk": key, "symptom": quirk.symptom, "answer": quirk.answer}
        | {
            field.driver: {
                "verdict": field.verdict,
                "tests": {each.test: each.outcome for each in field.tests},
            }
            for field in fields
            if field.quirk == key
        }
        for key, quirk in QUIRKS.items()
    ]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="with the name of each test")
    parser.add_argument("file", nargs="*", type=Path, help=f"default: {WHERE}/*.json")
    args = parser.parse_args(argv)

    fields = matrix(read(args.file or sorted(WHERE.glob("*.json"))))
    console = Console()
    if args.json:
        print(json.dumps(plain(fields), indent=1))
    else:
        console.width = max(console.width, NARROWEST)
        console.print(shown(fields))
    wrong = [field for field in fields if field.problem]
    for field in wrong:
        print(f"{field.quirk} on {field.driver}: {field.problem}", file=sys.stderr)
    passed = sum(bool(field.tests) and not field.problem for field in fields)
    reasoned = len(fields) - passed - len(wrong)
    print(
        f"{len(QUIRKS)} quirks, {len(fields)} fields: {passed} passed, "
        f"{reasoned} with a reason, {len(wrong)} wrong",
        file=sys.stderr,
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
