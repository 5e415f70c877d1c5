# SPDX-License-Identifier: MIT
"""Examples in Markdown, run as they stand, with a simulated camera for the real one.

``python`` is a program, ``pycon`` a session whose output is compared, ``console`` are commands
whose output is compared where any is shown. In output, ``...`` stands for anything.
"""

import builtins
import contextlib
import doctest
import re
import shlex
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from v4l2capture import SimulatedCamera
from v4l2capture.cli.program import COMMANDS

ROOT = Path(__file__).resolve().parents[2]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINE = "\n"
_LIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

# What a reader's shell has, and does no harm in a test's own folder.
_PROGRAMS = {"cat", "head", "ls"}
_LEFT_OUT = re.compile(r"(^|\n)\.\.\.(\n|$)")  # any number of lines, or none
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*=")

Result = tuple[int, str, str]


class Example(NamedTuple):
    """One block of a page."""

    language: str
    text: str
    place: str


def examples(page: Path, *languages: str) -> list[Example]:
    """Return the blocks of a page that are in one of these languages."""
    source = page.read_text(encoding="utf-8")
    return [
        Example(match[1], match[2], f"{page.name}:{source[: match.start()].count(_LINE) + 1}")
        for match in _BLOCK.finditer(source)
        if match[1] in languages
    ]


def run_program(program: str) -> dict[str, Any]:
    """Run a program with a camera of its own; return its names."""
    camera = SimulatedCamera("webcam")
    names: dict[str, Any] = {}
    exec(program.replace("/dev/video0", camera.path), names)
    return names


def run_sessions(sessions: Iterable[Example]) -> None:
    """Run what is behind ``>>>`` in all of a page, and compare what it prints."""
    names: dict[str, Any] = {}
    runner = doctest.DocTestRunner(optionflags=_LIKE, verbose=False)
    said: list[str] = []
    try:
        for text, place in ((each.text, each.place) for each in sessions):
            test = doctest.DocTestParser().get_doctest(text, {}, place, place, 0)
            test.globs = names
            runner.run(test, out=said.append, clear_globs=False)
        assert not said, "".join(said)
    finally:
        names.clear()
        vars(builtins).pop("_", None)  # what was shown last


# ---- commands ----


def run_commands(
    example: Example, folder: Path, command_line: Callable[..., Result], variables: Any
) -> None:
    """Run what is behind ``$``, and compare what it prints where anything is shown.

    Args:
        folder: Where files go.
        command_line: Runs the words behind ``v4l2capture``.
        variables: ``pytest.MonkeyPatch``, for the words before it.
    """
    status = 0
    for command, shown in _commands(example.text):
        words = shlex.split(command, comments=True)
        if words == ["echo", "$?"]:
            status, out, err = 0, f"{status}\n", ""
        elif words and words[0] in _PROGRAMS:
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
            status, out, err = done.returncode, done.stdout, done.stderr
        elif "v4l2capture" in words:
            status, out, err = _run_ours(words, folder, command_line, variables)
        else:
            _look_at(words, example.place)
            continue
        wanted = _LEFT_OUT.sub("...", shown)
        same = doctest.OutputChecker().check_output(wanted, out + err, _LIKE)
        assert same or not shown, f"{example.place}: {command}\n{out}{err}"
        assert status == 0 or shown, f"{example.place}: {command}: {status}\n{err}"


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command with what is shown below it."""
    for part in re.split(r"(?m)^\$ ", text)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown.strip("\n") and shown


def _run_ours(
    words: list[str], folder: Path, command_line: Callable[..., Result], variables: Any
) -> Result:
    at = words.index("v4l2capture")
    before, words = words[:at], words[at + 1 :]
    target = None
    if ">" in words:
        words, target = words[: words.index(">")], words[-1]
    assert all(map(_VARIABLE.match, before)), before
    assert words[0] in COMMANDS, words
    with variables.context() as context, contextlib.chdir(folder):
        for name, _, value in (word.partition("=") for word in before):
            context.setenv(name, value)
        status, out, err = command_line(*words)
    if target is not None:
        (folder / target).write_text(out, encoding="utf-8")
        out = ""
    return status, out, err


def _look_at(words: list[str], place: str) -> None:
    """What changes the machine, or takes minutes, is not run: its names have to be there."""
    match words:
        case ["sudo" | "pip", *_]:
            return
        case ["make", *rest]:
            text = (ROOT / "Makefile").read_text(encoding="utf-8")
            targets = [word for word in rest if "=" not in word]
            missing = [each for each in targets if f"\n{each}: " not in text]
        case ["tools/hil/run", *rest]:
            text = (ROOT / "tools/hil/run").read_text(encoding="utf-8")
            options = [word for word in rest[: rest.index("--")] if word.startswith("--")]
            missing = [each for each in options if f'"{each}"' not in text]
        case _:
            missing = words
    assert not missing, f"{place}: {missing}"
