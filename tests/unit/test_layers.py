# SPDX-License-Identifier: MIT
"""Which module may import which. A new module needs a line here."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import v4l2capture

PACKAGE = Path(__file__).resolve().parents[2] / "v4l2capture"
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py"))

# Arithmetic and tables, without I/O. Only these may import each other.
PURE = {
    "cids",
    "constraints",
    "dictionaries",
    "errors",
    "exif",
    "jsonreader",
    "mapping",
    "payload",
    "pixfmt",
    "profile",
    "profile_reading",
}

# From the bottom up. A module may import what is below its own line.
LAYERS: tuple[set[str], ...] = (
    PURE,
    {"_native"},
    {"convert", "diagnose", "formats", "sim", "waiting"},
    {"slot"},
    {"frame"},
    {"controls", "discovery", "events", "stream"},
    {"snapshot"},
    {"device"},
    {"photo"},
    {"camera"},
    {"track"},
    {"imagecapture"},
    {"mediadevices"},
    {"__init__"},
    {"cli"},
    {"__main__"},
)
LEVEL = {module: level for level, layer in enumerate(LAYERS) for module in layer}

# Beside the standard library, and who may import it.
THIRD_PARTY = {
    "numpy": {"slot", "frame", "convert", "photo", "camera", "imagecapture", "cli"},
    "simplejpeg": {"convert", "photo"},
    "PIL": {"convert", "photo"},
    "rich": {"cli"},
    "linuxpy": {"device"},
}


def imports(module: str) -> Iterator[str]:
    """Yield the full name of every module that a module of ours imports, wherever in it.

    What only a type checker sees does not count: types may point upwards.
    """
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes.extend(node.orelse)
            continue
        nodes.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield f"v4l2capture.{node.module}"
        elif isinstance(node, ast.ImportFrom):
            yield from (f"v4l2capture.{alias.name}" for alias in node.names)


def test_every_module_has_its_place() -> None:
    assert set(MODULES) <= set(LEVEL)


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_what_is_below_it(module: str) -> None:
    below = PURE if module in PURE else set().union(*LAYERS[: LEVEL[module]])

    ours = {name.split(".")[1] for name in imports(module) if name.startswith("v4l2capture.")}

    assert ours <= below


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_the_libraries_it_may(module: str) -> None:
    others = {name.split(".")[0] for name in imports(module)} - sys.stdlib_module_names
    allowed = {name for name, users in THIRD_PARTY.items() if module in users}

    assert others - {"v4l2capture"} <= allowed


def test_import_loads_nothing_heavy() -> None:
    """On a small computer NumPy alone takes longer than everything else together."""
    heavy = ("numpy", "PIL", "simplejpeg", "rich", "asyncio", "argparse", "v4l2py")
    program = f"import sys, v4l2capture; print(*(set({heavy!r}) & set(sys.modules)))"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == []


def test_every_public_name_is_there() -> None:
    assert len(set(v4l2capture.__all__)) == len(v4l2capture.__all__)
    assert [name for name in v4l2capture.__all__ if not hasattr(v4l2capture, name)] == []
    assert set(v4l2capture.__all__) <= set(dir(v4l2capture))
