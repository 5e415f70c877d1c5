# SPDX-License-Identifier: MIT
"""The border to C: every declaration in the ``*.cdef.h`` files is what the compiler saw.

cffi checks functions and constants while the extension is built, but a struct only when it is
first used. Here each is used.
"""

import os
import re
import types
from pathlib import Path

import pytest

from v4l2capture import _native
from v4l2capture._native import ffi, lib

CDEFS = [
    path.read_text(encoding="utf-8")
    for path in (Path(__file__).resolve().parents[2] / "csrc").rglob("*.cdef.h")
]
HANDLES = {name for cdef in CDEFS for name in re.findall(r"^struct (\w+);", cdef, re.MULTILINE)}

TYPEDEFS, STRUCTS, UNIONS = ffi.list_types()
LAYOUTS = [
    *TYPEDEFS,
    *(f"struct {name}" for name in STRUCTS if name not in HANDLES),
    *(f"union {name}" for name in UNIONS),
]
NAMES = [name for name in dir(lib) if not name.startswith("__")]


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout_is_the_compilers(name: str) -> None:
    assert ffi.sizeof(name) > 0


@pytest.mark.parametrize("name", sorted(HANDLES))
def test_handle_is_opaque(name: str) -> None:
    """Python passes it on, and does nothing else with it."""
    with pytest.raises(ffi.error, match="size"):
        ffi.sizeof(f"struct {name}")


@pytest.mark.parametrize("name", NAMES)
def test_name_is_in_the_extension(name: str) -> None:
    assert isinstance(getattr(lib, name), int | types.BuiltinFunctionType | ffi.CData)


def test_sanitizers_are_there_when_asked_for() -> None:
    """Their lane would pass just as well with the module of the checkout."""
    wanted = "libasan" in os.environ.get("LD_PRELOAD", "")

    assert ("build/asan" in _native.__file__) == wanted
    assert (b"__asan_init" in Path(_native.__file__).read_bytes()) == wanted
