# SPDX-License-Identifier: MIT
"""
Build `v4l2capture._native`, the cffi API-mode binding of csrc/.

Run by setup.py through ``cffi_modules``. The ``*.cdef.h`` files are checked
against the real headers: functions and constants when the compiler runs, struct
layouts when a struct is first used. tests/unit/test_native.py uses each of them
once.
"""

import os
from pathlib import Path

import cffi

CSRC = Path(__file__).resolve().parent
HEADERS = [name for name in ("vc.h", "convert.h", "sim/sim.h") if (CSRC / name).exists()]

CFLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O3", "-Wall", "-Wextra", "-fvisibility=hidden"]
LDFLAGS = ["-pthread"]
if os.environ.get("V4L2CAPTURE_SANITIZE") == "1":
    SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    CFLAGS += ["-O1", "-g", "-fno-omit-frame-pointer", *SANITIZE]
    LDFLAGS += SANITIZE


def files(pattern: str) -> list[str]:
    """Return the files of csrc/ in a fixed order, as setuptools wants them: from the root."""
    return sorted(str(path.relative_to(CSRC.parent)) for path in CSRC.rglob(pattern))


ffibuilder = cffi.FFI()
for cdef in sorted(CSRC.rglob("*.cdef.h")):
    ffibuilder.cdef(cdef.read_text(encoding="utf-8"))
ffibuilder.set_source(
    "v4l2capture._native",
    "".join(f'#include "{name}"\n' for name in HEADERS),
    sources=files("*.c"),
    depends=[*files("*.h"), *files("*.py")],  # make it anew; and are part of the sdist
    include_dirs=[str(CSRC)],
    extra_compile_args=CFLAGS,
    undef_macros=["NDEBUG"],  # setuptools defines it; assert() must stay in wheels
    extra_link_args=LDFLAGS,
)
