# SPDX-License-Identifier: MIT
"""The matrix of faults: none of its fields is empty, and it says what the tests have said."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ..faults.__main__ import main
from ..faults.quirks import DRIVERS, QUIRKS
from ..faults.recorder import Recorder, note_quirks
from ..faults.results import Result, matrix, read

pytest_plugins = ["pytester"]

TESTS = Path(__file__).resolve().parents[1]

# As in the guest, where all drivers are; nobody opens a node to collect a test.
EVERY_DRIVER = {
    "V4L2CAPTURE_HIL": "1",
    "V4L2CAPTURE_VIVID": "/dev/nothing",
    "V4L2CAPTURE_UVC": "/dev/nothing",
}


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Result]:
    """The tests that have the marker, on all drivers. None is run."""
    file = tmp_path_factory.mktemp("faults") / "collected.json"
    marked = [path for path in TESTS.rglob("test_*.py") if ".quirk(" in path.read_text()]
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-m", "quirk"]
    command += [f"--faults-to={file}", *map(str, marked)]
    done = subprocess.run(
        command, cwd=TESTS.parent, env=os.environ | EVERY_DRIVER, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return read([file])


def test_every_field_has_a_test_or_else_a_reason(collected):
    wrong = {
        (field.quirk, field.driver): field.tests or "neither a test nor a reason"
        for field in matrix(collected)
        if bool(field.tests) == bool(field.why_not)
    }

    assert wrong == {}


def test_tests_in_the_guest_say_which_driver_they_are_about(collected):
    """Without a mark they would count for the simulated camera."""
    unsaid = [each.test for each in collected if each.driver == "simulated"]

    assert [test for test in unsaid if test.startswith("tests/hil/")] == []


def result(outcome: str, quirk: str = "stall", driver: str = "simulated") -> Result:
    return Result(f"test_{outcome}", driver, [quirk], outcome)


@pytest.mark.parametrize("outcome", ["failed", "skipped", ""])
def test_one_test_that_has_not_passed_spoils_its_field(outcome):
    first = {(f.quirk, f.driver): f for f in matrix([result("passed"), result(outcome)])}

    assert first["stall", "simulated"].verdict.startswith(f"FAIL: test_{outcome} ")


def test_test_beside_a_reason_spoils_the_field():
    """Then the reason is not true."""
    (field,) = (
        each
        for each in matrix([result("passed", "no-bandwidth", "vivid")])
        if (each.quirk, each.driver) == ("no-bandwidth", "vivid")
    )

    assert field.problem == "there is a test all the same: test_passed"


def complete() -> list[dict[str, object]]:
    """What is left by a run in which all is well."""
    return [
        vars(result("passed", key, driver))
        for key, quirk in QUIRKS.items()
        for driver in DRIVERS
        if driver not in quirk.why_not
    ]


def test_complete_matrix_is_printed_and_a_success(tmp_path, capsys):
    file = tmp_path / "all.json"
    file.write_text(json.dumps(complete()))

    assert main([str(file)]) == 0

    out, err = capsys.readouterr()
    assert all(key in out for key in QUIRKS)
    assert "pass (1)" in out
    assert err.endswith(", 0 wrong\n")


def test_json_has_a_verdict_in_each_field(tmp_path, capsys):
    file = tmp_path / "all.json"
    file.write_text(json.dumps(complete()))

    assert main(["--json", str(file)]) == 0

    rows = json.loads(capsys.readouterr().out)
    assert [row["quirk"] for row in rows] == list(QUIRKS)
    assert all(row[driver]["verdict"] for row in rows for driver in DRIVERS)


def test_lane_that_did_not_run_is_a_failure(tmp_path, capsys):
    file = tmp_path / "all.json"
    file.write_text(json.dumps([each for each in complete() if each["driver"] != "uvcvideo"]))

    assert main([str(file)]) == 1

    assert "stall on uvcvideo: neither a test nor a reason\n" in capsys.readouterr().err


PROGRAM = """
import pytest

@pytest.fixture
def bad_end():
    yield
    raise OSError

@pytest.mark.quirk("stall")
def test_good(): pass

@pytest.mark.quirk("stall", "hangup")
@pytest.mark.vivid
def test_bad(): raise OSError

@pytest.mark.quirk("stall")
@pytest.mark.parametrize("lane", [pytest.param(0, marks=pytest.mark.uvc)])
def test_that_ends_badly(lane, bad_end): pass

@pytest.mark.quirk("stall")
@pytest.mark.loopback
@pytest.mark.skip
def test_left_out(): pass

def test_something_else(): pass
"""
MARKS = ("quirk", "vivid", "uvc", "loopback")


class Notes:
    """What tests/conftest.py does."""

    def pytest_collection_modifyitems(self, items):
        note_quirks(items)


@pytest.fixture
def run(pytester, tmp_path):
    """Run a program of tests; return what was noted."""
    pytester.makeini("[pytest]\nmarkers =" + "".join(f"\n  {mark}" for mark in MARKS))

    def run(program: str) -> tuple[int, list[Result]]:
        pytester.makepyfile(program)
        file = tmp_path / "noted" / "results.json"
        done = pytester.inline_run("-p", "no:asyncio", plugins=[Notes(), Recorder(file)])
        return done.ret, read([file])

    return run


def test_outcome_of_each_marked_test_is_noted(run):
    _, noted = run(PROGRAM)

    assert [(each.test.partition("::")[2], each.driver, each.outcome) for each in noted] == [
        ("test_good", "simulated", "passed"),
        ("test_bad", "vivid", "failed"),
        ("test_that_ends_badly[0]", "uvcvideo", "failed"),
        ("test_left_out", "loopback", "skipped"),
    ]
    assert noted[1].quirks == ["stall", "hangup"]


def test_key_that_is_not_in_the_table_is_a_wrong_command(run):
    status, noted = run("import pytest\n@pytest.mark.quirk('stal')\ndef test_it(): pass\n")

    assert status == pytest.ExitCode.USAGE_ERROR
    assert noted == []
