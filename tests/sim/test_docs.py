# SPDX-License-Identifier: MIT
"""What the manual says must be so: examples run, messages exist, nothing public is left out."""

import ast
import gc
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import v4l2capture
from v4l2capture import SimulatedCamera, errors
from v4l2capture.cli.program import COMMANDS
from v4l2capture.sim import _live

from .examples import ROOT, examples, run_commands, run_program, run_sessions

DOCS = ROOT / "docs"
PACKAGE = ROOT / "v4l2capture"
PAGES = sorted(DOCS.glob("*.md"))
TROUBLESHOOTING = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")


def shared_cameras():
    return [path for path in _live if "#" not in path]


@pytest.fixture(autouse=True)
def _by_itself(tmp_path, monkeypatch):
    """What examples save, they save in a folder; and each begins with cameras nobody has used."""
    monkeypatch.chdir(tmp_path)
    yield
    if shared_cameras():
        gc.collect()
    assert shared_cameras() == []


def each(language):
    found = [example for page in PAGES for example in examples(page, language)]
    return pytest.mark.parametrize("example", found, ids=[example.place for example in found])


each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


# ---- examples ----


@each("python")
def test_program_runs(example):
    for name, value in run_program(example.text).items():
        if name.startswith("test_"):
            value()


@each_page
def test_sessions_print_what_they_show(page):
    run_sessions(examples(page, "pycon"))


@each("console")
def test_commands_print_what_they_show(example, tmp_path, run, monkeypatch):
    run_commands(example, tmp_path, run, monkeypatch)


def test_every_example_is_of_a_kind_that_is_run():
    kinds = {kind for page in PAGES for kind in re.findall(r"^```(\w+)", page.read_text(), re.M)}

    assert kinds <= {"python", "pycon", "console", "text"}


# ---- nothing is left out ----


def test_every_public_name_is_in_the_reference():
    pages = [page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md")]
    named = set(re.findall(r"^\.\. auto\w+:: (?:[\w.]+\.)?(\w+)$", "\n".join(pages), re.M))

    assert set(v4l2capture.__all__) - named == {"__version__"}


def test_every_fault_is_in_the_table():
    table = (DOCS / "testing.md").read_text(encoding="utf-8")

    assert [name for name in SimulatedCamera.fault_names() if f"`{name}`" not in table] == []


def test_every_command_is_named():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)

    assert [name for name in COMMANDS if f"v4l2capture {name}" not in text] == []


# ---- troubleshooting ----


def texts(path: Path) -> Iterator[list[str]]:
    """Yield what each text in a module consists of, without what is filled in; no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(tree):
        if id(node) in docs | inside:
            continue
        if isinstance(node, ast.JoinedStr):
            yield [part.value for part in node.values if isinstance(part, ast.Constant)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.split(r"\{\w*\}", node.value)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("`", "")).strip(" .;:,!()")


def messages() -> list[str]:
    """Return the messages in the first columns of the tables."""
    tables = re.findall(r"^\| (?!---|message|line|what)(.*?) \|", TROUBLESHOOTING, re.M)
    return [message for cell in tables for message in re.findall(r"`([^`]+)`", cell)]


def test_every_error_has_a_section():
    headings = " ".join(re.findall(r"^#+ (.*)", TROUBLESHOOTING, re.M))
    classes = [name for name in errors.__all__ if isinstance(getattr(errors, name), type)]

    assert [name for name in classes if name not in headings] == ["CaptureError"]


def test_every_message_exists():
    """What nobody says any more, nobody looks for. Single words say nothing."""
    modules = (text for path in PACKAGE.rglob("*.py") for text in texts(path))
    said = "\n".join(plain(part) for text in modules for part in text)
    kernels = re.compile(r"[A-Z][\w /]+ \(errno \d+\)|open on")
    parts = [plain(each) for text in messages() for each in kernels.sub("", text).split("...")]

    assert len(parts) > 100
    assert [part for part in parts if " " in part and part not in said] == []


@pytest.mark.parametrize("module", ["errors", "diagnose", "cli/doctor"])
def test_every_message_is_explained(module):
    explained = plain(TROUBLESHOOTING)
    longest = [max(map(plain, text), key=len) for text in texts(PACKAGE / f"{module}.py")]

    assert [text for text in longest if text.count(" ") >= 3 and text not in explained] == []


# ---- links ----


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_linked_file_is_there(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []
