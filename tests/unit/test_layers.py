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
FILES = sorted(PACKAGE.rglob("*.py"))

# Arithmetic and tables, without I/O. Only these may import each other.
PURE = {
    "cids",
    "colour",
    "constraints",
    "controlstate",
    "dictionaries",
    "domain",
    "errors",
    "exif",
    "exiftags",
    "hearsay",
    "implied",
    "jpegfile",
    "jsonreader",
    "layout",
    "mapping",
    "payload",
    "pixfmt",
    "profile",
    "profile_reading",
    "rate",
    "rules",
    "scalar",
    "sensor",
    "tiff",
    "version",
    "videomode",
    "webidl",
    "whole",
    "writeplan",
}

# From the bottom up. A module, or a package as a whole, may import what is below its own line.
LAYERS: tuple[set[str], ...] = (
    PURE,
    {"_native", "bell", "guard", "sysfs"},
    {"cstring"},
    {"convert", "formats", "player", "waiting"},
    {"diagnose", "sim", "slot"},
    {"control", "frame"},
    {"controls", "devicewatch", "discovery", "events", "stream"},
    {"node"},
    {"subdevice"},
    {"led", "snapshot"},
    {"device"},
    {"lookout", "nativemode", "parts", "refusal", "silence"},
    {"controlset", "lamp"},
    {"listener", "writing"},
    {"source"},
    {"absence", "camerastate"},
    {"applying", "metering"},
    {"bitmap", "bracketing", "connection", "shooting"},
    {"camerahealth", "dng"},
    {"encode"},
    {"photo"},
    {"developing"},
    {"camera"},
    {"devicechange", "eventtarget", "selection", "sharedcamera", "videoframe", "worker"},
    {"homecoming"},
    {"capturesource"},
    {"track"},
    {"imagecapture", "mediastream"},
    {"mediadevices"},
    {"__init__"},
    {"cli"},
    {"__main__"},
)
LEVEL = {module: level for level, layer in enumerate(LAYERS) for module in layer}

# The face: what asyncio programs use. "waiting" lends it the camera's descriptor.
ASYNCHRONOUS = {
    "capturesource",
    "devicechange",
    "eventtarget",
    "homecoming",
    "imagecapture",
    "mediadevices",
    "track",
    "waiting",
    "worker",
}

# Beside the standard library, and who may import it.
THIRD_PARTY = {
    "av": {"cli"},
    "numpy": {"slot", "frame", "convert", "bitmap", "dng", "encode", "videoframe", "cli"},
    "simplejpeg": {"convert", "metering"},
    "PIL": {"bitmap", "encode", "cli"},
    "rich": {"cli"},
    "v4l2py": {"device"},
}


def module(path: Path) -> str:
    """Return what a file is called in the table."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Yield the full name of all that a file imports, wherever in it.

    What only a type checker sees does not count: types may point upwards.
    """
    package = path.relative_to(PACKAGE.parent).parent.parts
    nodes: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes.extend(node.orelse)
            continue
        nodes.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            start = ".".join([*above, node.module] if node.module else above)
            yield from (f"{start}.{alias.name}" for alias in node.names)


def ours(path: Path) -> set[str]:
    """Return the modules of this package that a file imports, by their names in the table."""
    found = {name.split(".")[1] for name in imports(path) if name.startswith("v4l2capture.")}
    return {name if name in LEVEL else "__init__" for name in found} - {module(path)}


each_file = pytest.mark.parametrize(
    "path", FILES, ids=lambda path: str(path.relative_to(PACKAGE).with_suffix(""))
)


@each_file
def test_module_has_its_place(path: Path) -> None:
    assert module(path) in LEVEL


@each_file
def test_module_imports_only_what_is_below_it(path: Path) -> None:
    here = module(path)
    below = PURE if here in PURE else set().union(*LAYERS[: LEVEL[here]])

    assert ours(path) <= below


@each_file
def test_module_imports_only_the_libraries_it_may(path: Path) -> None:
    others = {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names
    allowed = {name for name, users in THIRD_PARTY.items() if module(path) in users}

    assert others - {"v4l2capture"} <= allowed


@each_file
def test_asyncio_lives_in_the_face_only(path: Path) -> None:
    uses = {name.split(".")[0] for name in imports(path)} & {"asyncio"}

    assert not uses or module(path) in ASYNCHRONOUS


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a fresh process has after it."""
    program = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_import_loads_nothing_of_it_that_is_not_used() -> None:
    loaded = {name for name in loaded_by("import v4l2capture") if "v4l2capture." in name}

    assert loaded == {"v4l2capture.version"}


def test_device_loads_nothing_heavy() -> None:
    """On a small computer NumPy alone takes longer than everything else together."""
    heavy = {"numpy", "PIL", "simplejpeg", "rich", "asyncio", "argparse", "json", "v4l2py"}

    assert loaded_by("from v4l2capture import Device") & heavy == set()


def test_every_public_name_is_there() -> None:
    assert len(set(v4l2capture.__all__)) == len(v4l2capture.__all__)
    assert [name for name in v4l2capture.__all__ if not hasattr(v4l2capture, name)] == []
    assert set(v4l2capture.__all__) <= set(dir(v4l2capture))
    assert set(v4l2capture._HOME) == set(v4l2capture.__all__) - {"__version__"}
