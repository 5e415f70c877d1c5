# SPDX-License-Identifier: MIT
"""What comes from outside cannot make the library wait, run a program, or write elsewhere.

Opening what is no camera is in tests/sim/test_device.py, what a driver may say in tests/fuzz.
"""

import ast
import json
import os
import stat
import time
from pathlib import Path

import pytest

import v4l2capture
from v4l2capture import DeviceError, Photo, ProfileError, SimulatedCamera
from v4l2capture.cli.files import Part
from v4l2capture.profile import Profile

PACKAGE = Path(v4l2capture.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# ---- what the package may not use ----

# Modules that run programs, or what is in a file; the network; files that others can foresee.
FORBIDDEN = {
    *("ctypes.util", "marshal", "multiprocessing", "pickle", "pty", "runpy", "shelve", "shlex"),
    *("dill", "yaml", "http", "socket", "subprocess", "tempfile", "urllib"),
}
CALLS = {
    *("__import__", "compile", "eval", "exec", "execfile"),
    *("os.fork", "os.forkpty", "os.popen", "os.posix_spawn", "os.startfile", "os.system"),
    *("os.chmod", "os.umask", "os.putenv"),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_package_runs_nothing_and_unpickles_nothing(path):
    imported, called = set(), set()

    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported.add(node.module)
            imported.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            called.add(ast.unparse(node.func))

    assert not {name for name in imported if {name, name.partition(".")[0]} & FORBIDDEN}
    assert not imported & CALLS
    assert not called & CALLS
    assert not {name for name in called if name.startswith(("os.exec", "os.spawn"))}


# ---- profiles ----

LEAST = {"card": "a", "driver": "b"}
CONTROL = {"id": "0x00980900", "name": "a", "type": "menu"}


def one_size(width, height, rate="30"):
    """A format with one size."""
    size = {"width": width, "height": height, "frame_rates": [rate]}
    return {"pixel_format": "YUYV", "sizes": [size]}


SPECIAL = {
    "FIFO": lambda tmp: _made(tmp / "fifo", os.mkfifo),
    "endless device": lambda _tmp: Path("/dev/zero"),
    "link to a device": lambda tmp: _made(tmp / "link", lambda p: p.symlink_to("/dev/full")),
    "terminal": lambda _tmp: Path("/dev/ptmx"),
}


def _made(path, make):
    make(path)
    return path


@pytest.mark.parametrize("make", SPECIAL.values(), ids=SPECIAL.keys())
def test_profile_is_a_regular_file(tmp_path, make):
    """A FIFO has no end until somebody writes, a device may act on being opened."""
    path = make(tmp_path)

    with pytest.raises(ProfileError, match="no regular file"):
        Profile.load(path)
    with pytest.raises(ProfileError, match="no regular file"):
        SimulatedCamera(path)


def test_folder_is_no_profile(tmp_path):
    with pytest.raises(DeviceError, match="no such profile"):
        SimulatedCamera(tmp_path)


KEYS = ", ".join(f'"{n}": 0' for n in range(200_000))

HUGE = {
    "many keys, the last twice": "{" + KEYS + ', "z": 1, "z": 2}',
    "every key twice": "{" + KEYS + ", " + KEYS + "}",
    "nested lists": '{"a": ' + "[" * 2_000_000 + "]" * 2_000_000 + "}",
    "long number": '{"card": ' + "9" * 4_000_000 + "}",
    "long hexadecimal number": json.dumps(
        LEAST | {"controls": [{"id": "0x" + "f" * 4_000_000, "type": "int"}]}
    ),
    "long rate": json.dumps(LEAST | {"formats": [one_size(8, 8, "1e99999999")]}),
    "many formats": json.dumps(LEAST | {"formats": [{"pixel_format": "YUYV"}] * 100_000}),
    "many entries": json.dumps(
        LEAST | {"controls": [CONTROL | {"menu": {str(n): "" for n in range(200_000)}}]}
    ),
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
def test_huge_profile_is_refused_soon(text):
    begin = time.process_time()

    with pytest.raises(ProfileError):
        Profile.load(text)

    assert time.process_time() - begin < 10  # each has cost hours, or memory without end, somewhere


def test_long_file_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "camera.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole

    with pytest.raises(ProfileError, match="more than"):
        Profile.load(path)


SIZES = {
    "huge": (4294967295, 4294967295),
    "product of 32 bits and more": (65536, 65536),
    "a line": (4294967295, 1),
    "nothing": (0, 480),
    "negative": (-640, 480),
}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_size_that_memory_has_no_room_for_is_refused(size):
    with pytest.raises(ProfileError, match=r"formats\[0\].sizes\[0\]"):
        Profile.load(LEAST | {"formats": [one_size(*size)]})


DIMENSIONS = {"one": [1 << 20], "four": [65536] * 4, "five": [2] * 5, "none": [0]}


@pytest.mark.parametrize("dims", DIMENSIONS.values(), ids=DIMENSIONS.keys())
def test_array_that_memory_has_no_room_for_is_refused(dims):
    control = {"id": "0x0a046d01", "name": "x", "type": "u32", "dims": dims, "min": 0, "max": 9}

    with pytest.raises(ProfileError):
        SimulatedCamera(LEAST | {"formats": [], "controls": [control | {"step": 1, "default": 0}]})


# ---- files of frames; photos are in test_photo.py ----


PHOTO = Photo(b"x", type="image/jpeg", width=1, height=1, settings={}, timestamp_ns=0)


@pytest.fixture(params=[0o022, 0o077, 0o002])
def umask(request):
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


def write(path, data=b"frames"):
    part = Part(path)
    part.append(data)
    return part


def test_umask_is_respected(tmp_path, umask):
    part = write(tmp_path / "a.yuv")
    assert stat.S_IMODE(part.temporary.stat().st_mode) == 0o666 & ~umask
    part.publish()

    assert stat.S_IMODE((tmp_path / "a.yuv").stat().st_mode) == 0o666 & ~umask


def test_link_of_that_name_is_replaced_and_not_followed(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"keep this")
    path = tmp_path / "a.yuv"
    path.symlink_to(theirs)

    write(path).publish()

    assert theirs.read_bytes() == b"keep this"
    assert not path.is_symlink()
    assert path.read_bytes() == b"frames"


@pytest.mark.parametrize("save", [write, PHOTO.save], ids=["frames", "photo"])
def test_fifo_or_device_is_never_replaced(tmp_path, save):
    """A root who writes to a device with --force must not make a file of it."""
    path = _made(tmp_path / "a.jpg", os.mkfifo)

    with pytest.raises(FileExistsError, match="no regular file"):
        save(path)

    assert path.is_fifo()
    assert list(tmp_path.iterdir()) == [path]


def test_unfinished_file_is_not_written_through_a_link(tmp_path, monkeypatch):
    """Who may write into the same folder could leave a link under the name, if they knew it."""
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"keep this")
    monkeypatch.setattr("secrets.token_hex", lambda _size: "foreseen")
    (tmp_path / ".a.yuv.foreseen.part").symlink_to(theirs)

    with pytest.raises(FileExistsError):
        write(tmp_path / "a.yuv")

    assert theirs.read_bytes() == b"keep this"
    assert not (tmp_path / "a.yuv").exists()


def test_name_of_an_unfinished_file_is_never_the_same(tmp_path):
    first, second = write(tmp_path / "a.yuv"), write(tmp_path / "a.yuv", b"others")
    assert first.temporary != second.temporary

    first.publish()
    second.publish()

    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"others"]


def test_nothing_is_under_the_name_before_the_end(tmp_path):
    part = write(tmp_path / "a.yuv")
    assert not (tmp_path / "a.yuv").exists()
    part.discard()

    assert list(tmp_path.iterdir()) == []
