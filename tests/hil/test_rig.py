# SPDX-License-Identifier: MIT
"""The rig itself: without these, a red run of the other tests would not say who is wrong.

Everything goes through v4l2-ctl, so that our own code is not among the suspects.
"""

import os
from pathlib import Path

import pytest

from .v4l2_ctl import v4l2_ctl


def capture(node: str, path: Path, *options: str) -> bytes:
    """Let v4l2-ctl capture one frame into a file and return the bytes."""
    v4l2_ctl(node, "--stream-mmap=4", "--stream-count=1", f"--stream-to={path}", *options)
    return path.read_bytes()


def test_command_runs_as_root_in_the_guest():
    assert os.geteuid() == 0
    assert Path("/dev/virtio-ports/hil.result").exists()


def test_temporary_directory_takes_sockets(tmp_path):
    """The shared file system refuses them; tests of the library may need one."""
    os.mkfifo(tmp_path / "fifo")

    assert (tmp_path / "fifo").is_fifo()


@pytest.mark.parametrize(
    ("camera", "capability"),
    [
        ("vivid", "Video Capture\n"),
        ("vivid_mplane", "Video Capture Multiplanar\n"),
        ("loopback_shared", "Video Capture\n"),
    ],
)
def test_node_captures(request, camera, capability):
    node = request.getfixturevalue(camera)

    assert capability in v4l2_ctl(node, "--info")


def test_vivid_has_all_four_inputs(vivid):
    """Switching between them is how source-change events are made."""
    inputs = v4l2_ctl(vivid, "--list-inputs")

    assert [name in inputs for name in ("Webcam", "TV", "S-Video", "HDMI")] == [True] * 4


@pytest.mark.parametrize(
    "control", ["inject_v4l2_buf_flag_error", "disconnect", "percentage_of_dropped_buffers"]
)
def test_vivid_can_be_made_to_fail(vivid, control):
    assert control in v4l2_ctl(vivid, "--list-ctrls")


@pytest.mark.parametrize("camera", ["vivid", "vivid_mplane"])
def test_vivid_streams(request, camera, tmp_path):
    node = request.getfixturevalue(camera)
    v4l2_ctl(node, "--set-fmt-video=width=640,height=360,pixelformat=YUYV")

    frame = capture(node, tmp_path / "frame")

    assert len(frame) == 640 * 360 * 2
    assert len(set(frame)) > 10


def test_loopback_captures_only_while_it_is_fed(loopback, feed):
    assert "Video Output\n" in v4l2_ctl(loopback, "--info")

    feed(loopback)

    info = v4l2_ctl(loopback, "--info")
    assert "Video Capture\n" in info
    assert "Video Output\n" not in info


@pytest.mark.parametrize("pixel_format", ["YUYV", "UYVY", "GREY", "RGB3", "NV12", "YU12"])
def test_loopback_gets_the_writers_frames(loopback_shared, feed, tmp_path, pixel_format):
    feed(loopback_shared, "--format", pixel_format, "--size", "320x240", "--fps", "20")

    # v4l2loopback writes on while v4l2-ctl copies, so a slow machine may see two frames in one.
    frames = [capture(loopback_shared, tmp_path / "frame") for _ in range(3)]

    assert f"'{pixel_format}'" in v4l2_ctl(loopback_shared, "--get-fmt-video")
    assert all(len(frame) >= 320 * 240 for frame in frames)
    assert any(len(set(frame)) == 1 for frame in frames)


def test_loopback_gets_jpeg_files(loopback, feed, tmp_path):
    feed(loopback, "--format", "MJPG", "--size", "320x240", "--fps", "20")

    frame = capture(loopback, tmp_path / "frame")

    assert frame.startswith(b"\xff\xd8\xff\xfe")
    assert b"frame " in frame
    assert b"\xff\xd9" in frame


def test_writer_changes_the_format(loopback, feed):
    writer = feed(loopback, "--size", "640x480")

    writer.stdin.write("format GREY 320x240\n")
    writer.stdin.flush()

    for _ in range(100):
        if "320/240" in v4l2_ctl(loopback, "--get-fmt-video"):
            break
    assert "'GREY'" in v4l2_ctl(loopback, "--get-fmt-video")


def test_writer_leaves_after_its_frames(loopback, feed):
    writer = feed(loopback, "--frames", "3", "--fps", "20")

    assert writer.wait(timeout=30.0) == 0
