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

from v4l2capture import Format, FormatInfo, FrameSize, FrameSizeRange, PlaneFormat
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
    assert "Somebody streams from it, or has set its format" in busy_hint(path, 0)


VGA, HD, FULL_HD = (640, 480), (1280, 720), (1920, 1080)


def info(pixel_format, modes, compressed=False):
    sizes = (FrameSize(*size, tuple(map(Fraction, rates))) for size, rates in modes.items())
    return FormatInfo(pixel_format, "", compressed, False, tuple(sizes))


def hint_for(pixel_format, offered, size=FULL_HD, rate=Fraction(30)):
    planes = (PlaneFormat(2 * size[0] * size[1], 2 * size[0]),)
    return bandwidth_hint(Format(*size, pixel_format, planes, frame_rate=rate), offered)


def test_bandwidth_hint_does_the_sum():
    hint = hint_for("YUYV", [])

    assert "1920x1080 YUYV is 4147200 bytes x 30 frames/s = 124.4 MB/s" in hint


YUYV = info("YUYV", {VGA: [30, 15], HD: [15, 10], FULL_HD: [30, 15, 5]})
MJPG = info("MJPG", {VGA: [60, 30], HD: [60, 30], FULL_HD: [30]}, compressed=True)
SMALL_JPEG = info("MJPG", {VGA: [30]}, compressed=True)
ANY_SIZE = FormatInfo(
    "YUYV", "", False, False, (FrameSizeRange(16, 4096, 2, 16, 4096, 2, (Fraction(30),)),)
)


@pytest.mark.parametrize(
    ("pixel_format", "offered", "size", "advice"),
    [
        ("YUYV", [YUYV, MJPG], FULL_HD, "set_format(1920, 1080, 'MJPG', frame_rate=30)"),
        ("YUYV", [MJPG, YUYV], VGA, "set_format(640, 480, 'MJPG', frame_rate=30)"),
        ("YUYV", [YUYV, SMALL_JPEG], FULL_HD, "set_format(640, 480, 'MJPG', frame_rate=30)"),
        ("YUYV", [YUYV], FULL_HD, "set_format(640, 480, 'YUYV', frame_rate=30)"),  # not slower
        ("YUYV", [YUYV], VGA, "set_format(640, 480, 'YUYV', frame_rate=15)"),  # none is smaller
        ("MJPG", [YUYV, MJPG], FULL_HD, "set_format(1280, 720, 'MJPG', frame_rate=30)"),
        ("MJPG", [YUYV, SMALL_JPEG], VGA, "a smaller size, a lower frame rate, or another"),
        ("YUYV", [ANY_SIZE], VGA, "a smaller size, a lower frame rate, or another"),
        ("YUYV", [], VGA, "a smaller size, a lower frame rate, or another"),
    ],
)
def test_bandwidth_hint_names_a_mode_that_needs_far_less(pixel_format, offered, size, advice):
    assert f"; try {advice}" in hint_for(pixel_format, offered, size)


def test_bandwidth_hint_does_without_a_rate():
    hint = hint_for("YUYV", [info("YUYV", {VGA: [], FULL_HD: []})], rate=None)

    assert "= 124.4 MB/s" in hint
    assert "try set_format(640, 480, 'YUYV', frame_rate=30)" in hint


def test_permission_hint_says_whose_it_is(tmp_path):
    path = tmp_path / "node"
    path.touch(mode=0o600)

    assert "with mode 0600" in permission_hint(str(path))
    assert "usermod" not in permission_hint(str(path))
    assert permission_hint("/no/such/node") == ""


def test_group_that_may_only_read_is_none_to_join(tmp_path, monkeypatch):
    """Files of LEDs are 0644 root:root; nobody shall be told to become a member of root."""
    path = tmp_path / "brightness"
    path.touch()
    path.chmod(0o644)
    monkeypatch.setattr(os, "getegid", lambda: 54321)
    monkeypatch.setattr(os, "getgroups", list)

    assert "usermod" not in permission_hint(str(path))


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
