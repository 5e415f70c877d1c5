# SPDX-License-Identifier: MIT
"""What README shows must work as it stands, with a simulated camera for the real one."""

import pytest
from PIL import Image

from v4l2capture.cli.program import COMMANDS

from .examples import ROOT, examples, run_program

README = ROOT / "README.md"
PROGRAMS = [example.text for example in examples(README, "python")]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    """What programs save, they save here."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.split("\n")[2])
def test_program_in_readme_runs(program):
    assert {"frame", "photo"} & run_program(program).keys()


def test_first_program_gives_the_shapes_it_promises():
    names = run_program(PROGRAMS[0])

    assert names["pixels"].shape == (720, 1280, 2)
    assert names["picture"].shape == (720, 1280, 3)
    assert names["jpeg"].startswith(b"\xff\xd8")


def test_camera_program_gives_what_its_remarks_say():
    names = run_program(PROGRAMS[1])

    assert repr(names["zoom"]) == "MediaSettingsRange(min=100, max=500, step=1)"
    assert names["settings"]["zoom"] == 200
    assert names["picture"].shape == (480, 640, 3)


def test_photo_program_gives_what_it_promises():
    names = run_program(PROGRAMS[2])

    with Image.open("photo.jpg") as picture:
        assert picture.size == (1920, 1080)
        assert picture.getexif()[0x013B] == "Ann"
    assert [photo.width for photo in names["burst"]] == [1280] * 5
    bracket = [
        names[name].settings["exposureCompensation"] for name in ("dark", "normal", "bright")
    ]
    assert bracket == [-2, 0, 2]


def test_asyncio_program_gives_what_its_remarks_say():
    names = run_program(PROGRAMS[3])

    assert repr(names["zoom"]) == "MediaSettingsRange(min=100, max=500, step=1)"
    assert names["frame"].array().shape == (480, 640, 3)
    assert names["photo"].width == 1920


def test_commands_in_readme_exist():
    """Each is tried elsewhere; here it is only the names."""
    lines = README.read_text(encoding="utf-8").splitlines()
    commands = {line.split()[2] for line in lines if "$ v4l2capture " in line}

    assert commands <= COMMANDS.keys()
