# SPDX-License-Identifier: MIT
"""Facts that stand in two files of the project and have to agree."""

import re
import tomllib
from pathlib import Path

import pytest

import v4l2capture

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "v4l2capture"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]
REQUIREMENTS = {
    requirement
    for requirements in (
        PROJECT["build-system"]["requires"],
        PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"].values(),
        *GROUPS.values(),
    )
    for requirement in requirements
}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_version_is_the_latest_of_the_changelog() -> None:
    latest = re.search(r"^## \[([\d.]+)\]", read("CHANGELOG.md"), re.MULTILINE)

    assert latest
    assert latest[1] == v4l2capture.__version__


@pytest.mark.parametrize("requirement", sorted(REQUIREMENTS))
def test_requirement_has_no_upper_bound(requirement: str) -> None:
    """One of ours would become a conflict in somebody else's project."""
    assert not re.search(r"[<~]|==", requirement)


def test_oldest_python_is_the_same_everywhere() -> None:
    oldest = PROJECT["project"]["requires-python"].removeprefix(">= ")
    short = oldest.replace(".", "")

    assert f'"cp{short}"' in read("setup.py")
    assert f"sys.version_info < ({oldest.replace('.', ', ')})" in read("tools/bootstrap")
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{short}"
    assert PROJECT["tool"]["mypy"]["python_version"] == oldest
    assert f"Programming Language :: Python :: {oldest}" in PROJECT["project"]["classifiers"]


def test_every_file_of_the_package_is_in_the_wheel() -> None:
    """Wheels hold modules, and data only by name."""
    globs = PROJECT["tool"]["setuptools"]["package-data"]["v4l2capture"]
    data = {path for glob in globs for path in PACKAGE.glob(glob)}

    left_out = [
        path
        for path in PACKAGE.rglob("*")
        if path.is_file()
        and path.suffix not in {".pyc", ".so"}
        and path not in data
        and not (path.suffix == ".py" and (path.parent / "__init__.py").exists())
    ]

    assert left_out == []
    assert [glob for glob in globs if not any(PACKAGE.glob(glob))] == []


def test_make_installs_groups_that_exist() -> None:
    wanted = set(re.findall(r"\$\(VENV\)/(\w+)\.stamp", read("Makefile"))) - {"base"}

    assert wanted
    assert wanted <= GROUPS.keys()


def test_make_builds_with_what_wheels_are_built_with() -> None:
    (setuptools,) = (r for r in PROJECT["build-system"]["requires"] if "setuptools" in r)

    assert f"'{setuptools}'" in read("Makefile")


def test_command_line_is_installed() -> None:
    assert PROJECT["project"]["scripts"]["v4l2capture"] == "v4l2capture.cli:main"


def test_interoperation_is_an_extra() -> None:
    """v4l2py is GPL: whoever wants it asks for it."""
    assert [name for name in PROJECT["project"]["dependencies"] if "linuxpy" in name] == []
    assert "v4l2py" in PROJECT["project"]["optional-dependencies"]
