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
SOURCES = sorted(str(p.relative_to(CSRC.parent)) for p in CSRC.rglob("*.c"))
CDEFS = sorted(CSRC.glob("*.cdef.h"))
HEADERS = [name for name in ("vc.h", "convert.h", "sim/sim.h") if (CSRC / name).exists()]

CFLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O3", "-Wall", "-Wextra", "-fvisibility=hidden"]
LDFLAGS = ["-pthread"]
if os.environ.get("V4L2CAPTURE_SANITIZE") == "1":
    SANITIZE = ["-fsanitize=address,undefined", "-fno-omit-frame-pointer"]
    CFLAGS += ["-O1", "-g", *SANITIZE]
    LDFLAGS += SANITIZE

ffibuilder = cffi.FFI()
for cdef in CDEFS:
    ffibuilder.cdef(cdef.read_text(encoding="utf-8"))
ffibuilder.set_source(
    "v4l2capture._native",
    "\n".join(f'#include "{name}"' for name in HEADERS),
    sources=SOURCES,
    include_dirs=[str(CSRC)],
    extra_compile_args=CFLAGS,
    undef_macros=["NDEBUG"],  # setuptools defines it; assert() must stay in wheels
    extra_link_args=LDFLAGS,
)

if __name__ == "__main__":
    ffibuilder.compile(tmpdir=str(CSRC.parent), verbose=True)
