# SPDX-License-Identifier: MIT
"""What README shows must work as it stands, with a simulated camera for the real one."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.split("\n")[2])
def test_program_in_readme_runs(program):
    names: dict[str, object] = {}

    exec(program.replace("/dev/video0", "sim:webcam"), names)

    assert "frame" in names


def test_first_program_gives_the_shapes_it_promises():
    names: dict[str, object] = {}

    exec(PROGRAMS[0].replace("/dev/video0", "sim:webcam"), names)

    assert names["pixels"].shape == (720, 1280, 2)
    assert names["picture"].shape == (720, 1280, 3)
    assert names["jpeg"].startswith(b"\xff\xd8")
