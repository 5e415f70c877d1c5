# SPDX-License-Identifier: MIT
"""Photos: bytes that know what they are, and files that are whole or not there."""

from __future__ import annotations

import copy
import io
import os
import pickle
import stat
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from v4l2capture import photo as module
from v4l2capture.photo import Photo, wall_clock

DATA = b"\xff\xd8 not really \xff\xd9"
TAKEN = datetime(2024, 12, 31, 23, 59, 59, 123456, timezone(timedelta(hours=1)))


def make(type="image/jpeg", data=DATA, **members):  # noqa: A002
    known = {
        "width": 640,
        "height": 480,
        "settings": {"zoom": 200.0, "fillLightMode": "flash"},
        "timestamp_ns": 5,
        "timestamp": TAKEN,
    }
    return Photo(data, type=type, **known | members)


def attributes(photo):
    names = ("type", "size", "width", "height", "settings", "timestamp", "timestamp_ns")
    return {name: getattr(photo, name) for name in names}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# ---- bytes ----


def test_photo_is_its_bytes_and_knows_what_they_are():
    photo = make()

    assert isinstance(photo, bytes)
    assert photo == DATA
    assert hash(photo) == hash(DATA)
    assert bytes(memoryview(photo)) == DATA
    assert attributes(photo) == {
        "type": "image/jpeg",
        "size": len(DATA),
        "width": 640,
        "height": 480,
        "settings": {"zoom": 200.0, "fillLightMode": "flash"},
        "timestamp": TAKEN,
        "timestamp_ns": 5,
    }


def test_settings_are_the_photos_own():
    settings = {"zoom": 1.0}
    photo = make(settings=settings)

    settings["zoom"] = 2.0

    assert photo.settings == {"zoom": 1.0}


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda photo, p=protocol: pickle.loads(pickle.dumps(photo, p))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES.keys())
def test_copy_keeps_what_is_known(duplicate):
    class Mine(Photo):
        pass

    globals()["Mine"] = Mine  # where pickle looks
    Mine.__qualname__ = "Mine"
    photo = Mine(DATA, **{k: v for k, v in attributes(make()).items() if k != "size"})
    photo.note = "mine"

    other = duplicate(photo)

    assert type(other) is Mine
    assert other == photo
    assert attributes(other) == attributes(photo)
    assert other.note == "mine"


def test_repr_is_no_page_of_bytes():
    text = "<Photo image/jpeg, 640x480, 16 bytes, 2024-12-31 23:59:59>"

    assert repr(make()) == str(make()) == f"{make()}" == text


# ---- the clock ----


def test_wall_clock_is_now_for_now():
    before = datetime.now(UTC)
    moment = wall_clock(time.monotonic_ns())
    after = datetime.now(UTC)

    slack = timedelta(milliseconds=1)  # the two clocks are read one after the other
    assert before - slack <= moment <= after + slack
    assert moment.utcoffset() is not None


def test_wall_clock_keeps_microseconds():
    now = time.monotonic_ns()

    earlier, later = wall_clock(now - 3_600_000_000_000), wall_clock(now)

    assert abs(later - earlier - timedelta(hours=1)) < timedelta(milliseconds=1)


@pytest.mark.parametrize(("zone", "offset"), [("UTC0", 0), ("XYZ-5:45", 345), ("ABC3", -180)])
def test_wall_clock_is_in_the_local_zone(monkeypatch, zone, offset):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        moment = wall_clock(time.monotonic_ns())
    finally:
        monkeypatch.undo()
        time.tzset()

    assert moment.utcoffset() == timedelta(minutes=offset)


def test_time_comes_from_the_frames_clock():
    photo = make(timestamp=None, timestamp_ns=time.monotonic_ns() - 10_000_000_000)

    age = datetime.now(UTC) - photo.timestamp
    assert timedelta(seconds=9.9) < age < timedelta(seconds=20)


# ---- files ----


@pytest.mark.parametrize(
    ("type", "name", "expected"),
    [
        ("image/jpeg", "a.jpg", "a.jpg"),
        ("image/jpeg", "a.JPEG", "a.JPEG"),
        ("image/jpeg", "a", "a.jpg"),
        ("image/jpeg", "2024.12.31", "2024.12.31.jpg"),
        ("image/png", "a", "a.png"),
        ("image/tiff", "a", "a.tif"),
        ("image/webp", "a", "a.webp"),
        ("image/x-adobe-dng", "a", "a.dng"),
        ("image/jpeg", ".jpg", ".jpg.jpg"),  # a hidden file, not a suffix
    ],
)
def test_file_has_the_suffix_of_its_type(tmp_path, type, name, expected):  # noqa: A002
    path = make(type).save(tmp_path / name)

    assert path == tmp_path / expected
    assert path.read_bytes() == DATA
    assert names(tmp_path) == [expected]


@pytest.mark.parametrize("name", ["a.png", "a.dng", "a.TIFF"])
def test_suffix_of_another_type_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=rf"{name}.*image/jpeg.*type=.*or save it as a\.jpg"):
        make().save(tmp_path / name)

    assert names(tmp_path) == []


def test_path_may_be_text_and_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert make().save("a.jpg").read_bytes() == DATA


def test_file_is_replaced(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"old")

    make().save(path)

    assert path.read_bytes() == DATA
    assert names(tmp_path) == ["a.jpg"]


def test_reader_of_the_old_file_keeps_it(tmp_path):
    """Nobody ever sees half of a photo: the new file takes the name, not the place."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"old")

    with path.open("rb") as reader:
        make().save(path)
        assert reader.read() == b"old"


def test_link_is_replaced_and_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"precious")
    path = tmp_path / "a.jpg"
    path.symlink_to(elsewhere)

    make().save(path)

    assert elsewhere.read_bytes() == b"precious"
    assert not path.is_symlink()
    assert path.read_bytes() == DATA


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_umask_is_respected(tmp_path, umask):
    old = os.umask(umask)
    try:
        path = make().save(tmp_path / "a")
    finally:
        os.umask(old)

    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_name_may_be_as_long_as_the_file_system_takes(tmp_path):
    name = "x" * 251 + ".jpg"

    assert make().save(tmp_path / name).name == name


def test_temporary_file_of_another_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(module.secrets, "token_hex", lambda _: "same")
    theirs = tmp_path / ".v4l2capture-same.part"
    theirs.symlink_to(tmp_path / "target")

    with pytest.raises(FileExistsError):
        make().save(tmp_path / "a")

    assert names(tmp_path) == [theirs.name]


class Full(io.FileIO):
    """A file on a disk that is full."""


@pytest.mark.parametrize("step", ["write", "rename"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step, error):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"old")

    def fail(*_):
        raise error

    if step == "rename":
        monkeypatch.setattr(module.Path, "replace", fail)
    else:
        monkeypatch.setattr(Full, "write", fail, raising=False)
        monkeypatch.setattr(module.Path, "open", lambda *how: Full(*how))
    with pytest.raises(type(error)):
        make().save(path)

    monkeypatch.undo()
    assert names(tmp_path) == ["a.jpg"]
    assert path.read_bytes() == b"old"


def test_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        make().save(tmp_path / "none" / "a.jpg")


@pytest.mark.parametrize("name", ["a.jpg", "folder"])
def test_folder_is_no_name_of_a_file(tmp_path, name):
    (tmp_path / name).mkdir()

    with pytest.raises(IsADirectoryError):
        make().save(tmp_path / name)

    assert names(tmp_path) == [name]
