# SPDX-License-Identifier: MIT
"""Hints say who holds a camera, who may open it, and what would fit."""

import grp
import os
import pwd
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from v4l2capture import Format, FormatInfo, PlaneFormat
from v4l2capture.diagnose import Holder, bandwidth_hint, busy_hint, holders, permission_hint


@pytest.fixture
def holder():
    """A process that has a device open which nobody else has."""
    process = subprocess.Popen(
        [sys.executable, "-c", "open('/dev/full'); f = open('/dev/full'); print(1); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONUNBUFFERED": "1"},
        text=True,
    )
    assert process.stdout.readline() == "1\n"
    yield process
    process.communicate("\n")


def test_holder_is_found_by_number_and_name(holder):
    found = holders("/dev/full")

    name = Path(f"/proc/{holder.pid}/comm").read_text(encoding="utf-8").strip()
    assert Holder(holder.pid, name) in found
    assert os.getpid() not in [each.pid for each in found]


def test_holder_is_found_through_a_link(holder, tmp_path):
    link = tmp_path / "cam"
    link.symlink_to("/dev/full")

    assert holder.pid in [each.pid for each in holders(str(link))]


def test_busy_hint_names_the_holder(holder):
    assert f"(pid {holder.pid})" in busy_hint("/dev/full", 0)


@pytest.mark.parametrize(
    ("alive", "words"), [(1, "1 frame is still alive"), (2, "2 frames are still alive")]
)
def test_busy_hint_counts_frames(alive, words):
    assert words in busy_hint("/dev/full", alive)


@pytest.mark.parametrize("path", ["/no/such/node", "sim:webcam", ""])
def test_nobody_holds_what_is_not_there(path):
    assert holders(path) == []
    assert "Another stream holds it" in busy_hint(path, 0)


def info(pixel_format, compressed):
    return FormatInfo(pixel_format, "", compressed, False, ())


def format_of(pixel_format, size, rate):
    return Format(1920, 1080, pixel_format, (PlaneFormat(size, 3840),), frame_rate=rate)


def test_bandwidth_hint_does_the_sum_and_names_a_compressed_format():
    hint = bandwidth_hint(
        format_of("YUYV", 4147200, Fraction(30)), [info("YUYV", False), info("MJPG", True)]
    )

    assert "1920x1080 YUYV is 4147200 bytes x 30 frames/s = 124.4 MB/s" in hint
    assert "try pixel_format='MJPG'" in hint


@pytest.mark.parametrize(
    ("pixel_format", "offered"),
    [("MJPG", [info("MJPG", True)]), ("YUYV", [info("YUYV", False)]), ("YUYV", [])],
)
def test_bandwidth_hint_names_no_format_that_does_not_help(pixel_format, offered):
    hint = bandwidth_hint(format_of(pixel_format, 100, None), offered)

    assert "pixel_format" not in hint
    assert "try a smaller size or a lower frame rate" in hint


def test_permission_hint_says_whose_it_is(tmp_path):
    path = tmp_path / "node"
    path.touch(mode=0o600)

    assert "with mode 0600" in permission_hint(str(path))
    assert "usermod" not in permission_hint(str(path))
    assert permission_hint("/no/such/node") == ""


OUTSIDER = {"primary": 1000, "members": []}
MEMBER = {"primary": 1000, "members": ["ann"]}


@pytest.mark.parametrize(
    ("known", "advice"),
    [
        (OUTSIDER, "ann is not in group video: run `sudo usermod -aG video ann`, then log in"),
        (MEMBER, "ann joined group video after this session began: log in again"),
        (OUTSIDER | {"primary": None}, "ann joined group video"),
    ],
    ids=["outsider", "member", "own group"],
)
def test_permission_hint_says_how_to_get_into_the_group(tmp_path, monkeypatch, known, advice):
    """Who was told to join it, and did so, shall not be told to do so again."""
    path = tmp_path / "node"
    path.touch()
    path.chmod(0o660)
    gid = path.stat().st_gid
    primary = gid if known["primary"] is None else known["primary"]
    ann = pwd.struct_passwd(("ann", "x", 1000, primary, "", "/", "/bin/sh"))
    video = grp.struct_group(("video", "x", gid, known["members"]))
    monkeypatch.setattr(os, "getegid", lambda: 54321)
    monkeypatch.setattr(os, "getgroups", list)
    monkeypatch.setattr(pwd, "getpwuid", {os.geteuid(): ann, path.stat().st_uid: ann}.__getitem__)
    monkeypatch.setattr(grp, "getgrgid", {gid: video}.__getitem__)

    hint = permission_hint(str(path))

    assert hint.startswith("It belongs to ann:video with mode 0660, and ")
    assert advice in hint
