# SPDX-License-Identifier: MIT
"""What README shows must work as it stands, with a simulated camera for the real one."""

import re
from pathlib import Path

import pytest
from PIL import Image

from v4l2capture import SimulatedCamera
from v4l2capture.cli.program import COMMANDS

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    """What programs save, they save here."""
    monkeypatch.chdir(tmp_path)


def run(program):
    """Run a program with a simulated camera of its own; return its names."""
    camera = SimulatedCamera("webcam")
    names: dict[str, object] = {}
    exec(program.replace("/dev/video0", camera.path), names)
    return names


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.split("\n")[2])
def test_program_in_readme_runs(program):
    assert {"frame", "photo"} & run(program).keys()


def test_first_program_gives_the_shapes_it_promises():
    names = run(PROGRAMS[0])

    assert names["pixels"].shape == (720, 1280, 2)
    assert names["picture"].shape == (720, 1280, 3)
    assert names["jpeg"].startswith(b"\xff\xd8")


def test_camera_program_gives_what_its_remarks_say():
    names = run(PROGRAMS[1])

    assert repr(names["zoom"]) == "MediaSettingsRange(min=100, max=500, step=1)"
    assert names["settings"]["zoom"] == 200
    assert names["picture"].shape == (480, 640, 3)


def test_photo_program_gives_what_it_promises():
    names = run(PROGRAMS[2])

    with Image.open("photo.jpg") as picture:
        assert picture.size == (1920, 1080)
        assert picture.getexif()[0x013B] == "Ann"
    assert [photo.width for photo in names["burst"]] == [1280] * 5
    bracket = [
        names[name].settings["exposureCompensation"] for name in ("dark", "normal", "bright")
    ]
    assert bracket == [-2, 0, 2]


def test_asyncio_program_gives_what_its_remarks_say():
    names = run(PROGRAMS[3])

    assert repr(names["zoom"]) == "MediaSettingsRange(min=100, max=500, step=1)"
    assert names["frame"].array().shape == (480, 640, 3)
    assert names["photo"].width == 1920


def test_commands_in_readme_exist():
    """Each is tried elsewhere; here it is only the names."""
    commands = {line.split()[2] for line in README.splitlines() if "$ v4l2capture " in line}

    assert commands <= COMMANDS.keys()
