# SPDX-License-Identifier: MIT
"""Recordings: what is in the files, and that they are whole whatever happens."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest
import simplejpeg

from v4l2capture import Device, SimulatedCamera
from v4l2capture.cli import files, main, writers

from .simulated import profile

COMMAND = [sys.executable, "-m", "v4l2capture", "record"]
SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture
def record(capfd):
    """Record with a command line; return its status and stderr. stdout stays empty."""

    def record(*words):
        status = main(["record", *map(str, words)])
        out, err = capfd.readouterr()
        assert out == ""
        return status, err

    return record


@pytest.fixture
def camera():
    return SimulatedCamera("webcam")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def read_y4m(path):
    """Return the header's words and the frames of a file."""
    header, _, rest = path.read_bytes().partition(b"\n")
    first, *frames = rest.split(b"FRAME\n")

    assert first == b""
    return header.decode().split(" "), frames


# ---- what is written ----


def test_folder_has_a_jpeg_for_each_frame(record, camera, tmp_path):
    status, err = record(camera.path, "-o", tmp_path / "new" / "frames", "-n", 3)

    folder = tmp_path / "new" / "frames"
    index = json.loads((folder / "frames.json").read_text())
    pictures = [f"frame-{i:06}.jpg" for i in (1, 2, 3)]
    assert status == 0
    assert "3 frames" in err
    assert names(folder) == [*pictures, "frames.json"]
    assert [row["file"] for row in index["frames"]] == pictures
    assert [row["sequence"] for row in index["frames"]] == [0, 1, 2]
    for picture in pictures:
        rgb = simplejpeg.decode_jpeg((folder / picture).read_bytes())
        assert rgb.shape == (480, 640, 3)


def test_jpegs_of_the_camera_pass_through(record, camera, tmp_path):
    record(camera.path, "-o", f"{tmp_path}/", "-n", 2, "--format", "MJPG", "--quality", 1)
    record(camera.path, "-o", f"{tmp_path}/raw/", "-n", 1, "--as", "raw")

    jpeg = (tmp_path / "frame-000001.jpg").read_bytes()
    raw = (tmp_path / "raw" / "frame-000001.raw").read_bytes()
    assert jpeg.startswith(b"\xff\xd8")
    assert jpeg.endswith(b"\xff\xd9")
    assert abs(len(jpeg) - len(raw)) < 200  # the same picture but for its counter


def test_png_is_the_picture(record, camera, tmp_path):
    from PIL import Image

    record(camera.path, "-o", f"{tmp_path}/", "-n", 1, "--as", "png")
    record(camera.path, "-o", f"{tmp_path}/raw/", "-n", 1, "--as", "raw")

    with Image.open(tmp_path / "frame-000001.png") as picture:
        assert picture.size == (640, 480)
        assert picture.mode == "RGB"
    assert (tmp_path / "raw" / "frame-000001.raw").stat().st_size == 640 * 480 * 2


@pytest.mark.parametrize("name", ["webcam", "mplane"])
def test_raw_file_has_all_bytes_and_says_what_they_are(record, name, tmp_path):
    status, _ = record(f"sim:{name}", "-o", tmp_path / "x.raw", "-n", 3, "--rate", 30)

    index = json.loads((tmp_path / "x.json").read_text())
    end = 0
    for row in index["frames"]:
        assert row["offset"] == end
        end += sum(row["sizes"])
    times = [row["timestamp_ns"] for row in index["frames"]]
    assert status == 0
    assert names(tmp_path) == ["x.json", "x.raw"]
    assert (tmp_path / "x.raw").stat().st_size == end
    assert len(index["frames"]) == 3
    assert len(index["format"]["planes"]) == len(index["frames"][0]["sizes"])
    assert index["format"]["frame_rate"] == "30"
    assert times == sorted(times)


def test_y4m_has_every_frame(record, tmp_path):
    status, _ = record("sim:webcam", "-o", tmp_path / "x.y4m", "-n", 3, "--rate", "30000/1001")

    header, frames = read_y4m(tmp_path / "x.y4m")
    assert status == 0
    assert header == [
        "YUV4MPEG2", "W640", "H480", "F30000:1001", "Ip", "A0:0", "C422", "XCOLORRANGE=LIMITED",
    ]  # fmt: skip
    assert [len(frame) for frame in frames] == [640 * 480 * 2] * 3


def test_y4m_of_jpegs_is_decoded(record, tmp_path):
    record("sim:webcam", "-o", tmp_path / "x.y4m", "-n", 1, "--format", "MJPG")

    header, frames = read_y4m(tmp_path / "x.y4m")
    assert header[-2:] == ["C444", "XCOLORRANGE=FULL"]
    assert len(frames[0]) == 640 * 480 * 3


@pytest.mark.parametrize("suffix", [".mkv", ".avi"])
def test_container_has_the_jpegs_of_the_camera(record, suffix, tmp_path):
    camera = SimulatedCamera("webcam")

    status, _ = record(camera.path, "-o", tmp_path / f"x{suffix}", "-n", 5)

    with av.open(tmp_path / f"x{suffix}") as container:
        packets = [packet for packet in container.demux() if packet.size]
        assert container.streams.video[0].codec_context.name == "mjpeg"
    assert status == 0
    assert len(packets) == 5
    pictures = [simplejpeg.decode_jpeg(bytes(packet)) for packet in packets]
    assert all(picture.shape == (480, 640, 3) for picture in pictures)
    assert not np.array_equal(pictures[0], pictures[1])
    assert [packet.pts for packet in packets] == sorted({packet.pts for packet in packets})


def test_container_without_pyav_says_what_to_install(record, monkeypatch, tmp_path):
    """And the camera, which would have been set to its JPEGs, is as it was."""
    monkeypatch.setitem(sys.modules, "av", None)
    with Device("sim:webcam") as device:
        before = device.format

        status, err = record("sim:webcam", "-o", tmp_path / "x.mkv", "-n", 1)

        assert device.format == before
    assert status == 1
    assert "pip install" in err
    assert "recording" not in err
    assert names(tmp_path) == []


def test_container_with_an_old_pyav_says_what_to_install(record, monkeypatch, tmp_path):
    monkeypatch.setattr(av.container, "OutputContainer", object)

    status, err = record("sim:webcam", "-o", tmp_path / "x.mkv", "-n", 1)

    assert status == 1
    assert "PyAV 17 or newer" in err


def test_container_takes_no_pixels(record, tmp_path):
    status, err = record("sim:webcam", "-o", tmp_path / "x.mkv", "-n", 1, "--format", "YUYV")

    assert status == 1
    assert "not YUYV" in err
    assert names(tmp_path) == []


# ---- the camera ----


def test_camera_is_set_only_to_what_was_asked(record, camera, tmp_path):
    record(camera.path, "-o", tmp_path / "a.raw", "-n", 1)
    untouched = camera.ioctls("VIDIOC_S_FMT"), camera.ioctls("VIDIOC_S_PARM")
    record(camera.path, "-o", tmp_path / "b.raw", "-n", 1, "--width", 320, "--height", 240)

    assert untouched == (0, 0)
    assert camera.ioctls("VIDIOC_S_PARM") == 0
    assert (tmp_path / "b.raw").stat().st_size == 320 * 240 * 2


def test_camera_that_takes_another_size_is_told_of(record, camera, tmp_path):
    status, err = record(camera.path, "-o", tmp_path / "x.raw", "-n", 1, "--width", 645)

    assert status == 0
    assert "the camera took width 640 instead of 645" in err


def test_seconds_end_a_recording(record, camera, tmp_path):
    status, _ = record(camera.path, "-o", tmp_path / "x.raw", "--seconds", 0.2, "--rate", 30)

    frames = json.loads((tmp_path / "x.json").read_text())["frames"]
    assert status == 0
    assert frames[-1]["timestamp_ns"] - frames[0]["timestamp_ns"] < 200_000_000
    assert len(frames) in (6, 7)


def test_quiet_is_quiet(record, camera, tmp_path):
    assert record(camera.path, "-o", tmp_path / "x.raw", "-n", 1, "-q") == (0, "")


def test_damaged_frames_are_left_out_and_counted(record, camera, tmp_path):
    camera.fault("error_flag", count=2)

    status, err = record(camera.path, "-o", tmp_path / "x.raw", "-n", 2)

    assert status == 0
    assert "2 frames" in err
    assert "2 damaged" in err


def test_jpeg_that_cannot_be_decoded_is_left_out(record, camera, tmp_path, monkeypatch):
    decode = writers._png
    results = iter([ValueError("Huffman"), None, ValueError("Huffman"), None])

    def png(frame, quality):
        error = next(results)
        if error:
            raise error
        return decode(frame, quality)

    monkeypatch.setitem(writers.PICTURES, "png", png)

    status, err = record(camera.path, "-o", f"{tmp_path}/", "-n", 2, "--as", "png")

    assert status == 0
    assert err.count("left out: Huffman") == 2
    assert "2 damaged" in err
    assert names(tmp_path) == ["frame-000001.png", "frame-000002.png", "frames.json"]


# ---- what goes wrong ----


def test_nothing_is_overwritten(record, tmp_path):
    (tmp_path / "x.json").write_text("mine")
    (tmp_path / "frame-000009.raw").write_text("mine")

    for output, obstacle in ((tmp_path / "x.raw", "x.json"), (tmp_path, "frame-000009.raw")):
        status, err = record("sim:webcam", "-o", output, "-n", 1)

        assert status == 1
        assert f"{obstacle} is there already; --force overwrites it" in err
    assert names(tmp_path) == ["frame-000009.raw", "x.json"]


def test_force_overwrites(record, tmp_path):
    for suffix in (".json", ".raw"):
        (tmp_path / f"x{suffix}").write_text("old")

    status, _ = record("sim:webcam", "-o", tmp_path / "x.raw", "-n", 1, "--force")

    assert status == 0
    assert (tmp_path / "x.raw").stat().st_size == 640 * 480 * 2
    assert len(json.loads((tmp_path / "x.json").read_text())["frames"]) == 1


def test_old_recording_stays_until_the_new_one_is_whole(record, camera, tmp_path):
    (tmp_path / "x.y4m").write_text("old")
    camera.fault("stall")

    status, _ = record(camera.path, "-o", tmp_path / "x.y4m", "-n", 1, "-f", "--timeout", 0.1)

    assert status == 1
    assert (tmp_path / "x.y4m").read_text() == "old"
    assert names(tmp_path) == ["x.y4m"]


@pytest.mark.parametrize("output", ["x.raw", "x.y4m", "x/"])
def test_no_frame_leaves_no_file(record, camera, output, tmp_path):
    camera.fault("stall")

    status, err = record(camera.path, "-o", f"{tmp_path}/{output}", "-n", 1, "--timeout", 0.1)

    assert status == 1
    assert "no good frame" in err
    assert names(tmp_path) == []


def test_only_damaged_frames_end_in_time(record, camera, tmp_path):
    camera.fault("error_flag")

    status, err = record(camera.path, "-o", tmp_path / "x.raw", "-n", 1, "--timeout", 0.3)

    assert status == 1
    assert "damaged" in err
    assert names(tmp_path) == []


@pytest.mark.parametrize("output", ["x.raw", "x.y4m", "x/"])
def test_unplugged_camera_leaves_whole_files(record, camera, output, tmp_path):
    timer = threading.Timer(0.3, camera.unplug)
    timer.start()

    status, err = record(camera.path, "-o", f"{tmp_path}/{output}", "-n", 100)
    timer.join()

    assert status == 1
    assert "No such device" in err
    assert "frames at" in err
    assert_whole(tmp_path)


def assert_whole(folder):
    """Nothing in here is half written, and nothing is hidden."""
    assert [name for name in files_below(folder) if name.startswith(".")] == []
    assert_pictures(folder)
    for path in folder.rglob("*"):
        if path.suffix == ".json":
            frames = json.loads(path.read_text())["frames"]
            assert frames
        if path.suffix == ".raw":
            index = json.loads(path.with_suffix(".json").read_text())["frames"]
            assert path.stat().st_size == sum(sum(row["sizes"]) for row in index)
        if path.suffix == ".y4m":
            assert {len(frame) for frame in read_y4m(path)[1]} == {640 * 480 * 2}


def files_below(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_unwritable_folder_is_a_message(record, tmp_path):
    (tmp_path / "file").touch()

    for output in ("nowhere/x.raw", "file/x/", "file/x.raw"):
        status, err = record("sim:webcam", "-o", f"{tmp_path}/{output}", "-n", 1)

        assert status == 1
        assert f"cannot write {tmp_path}/{output.rstrip('/')}: N" in err
    assert names(tmp_path) == ["file"]


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """Let files have so many bytes together; the write that is too long gets as far as it can."""

    def small_disk(size):
        def write(part, data):
            used = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
            written = part._file.write(data[: max(size - used, 0)])
            part.size += written
            if written < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(files.Part, "_write", write)

    return small_disk


@pytest.mark.parametrize(
    ("output", "size"),
    [("x.raw", 1_500_000), ("x.y4m", 1_500_000), ("x.mkv", 60_000), ("x.avi", 60_000)],
)
def test_full_disk_leaves_whole_files(record, output, size, small_disk, tmp_path):
    small_disk(size)

    status, err = record("sim:webcam", "-o", tmp_path / output)

    assert status == 1
    assert f"cannot write {tmp_path / output}: No space left on device" in err
    assert "frames at" in err
    assert output in names(tmp_path)
    assert_whole(tmp_path)
    if output in ("x.mkv", "x.avi"):
        with av.open(tmp_path / output) as container:
            packets = [bytes(packet) for packet in container.demux() if packet.size]
        assert len(packets) >= 4
        assert all(simplejpeg.decode_jpeg(packet).shape[2] == 3 for packet in packets[:4])


def test_full_disk_leaves_whole_pictures(record, small_disk, tmp_path):
    small_disk(40_000)

    status, err = record("sim:webcam", "-o", f"{tmp_path}/x/")

    assert status == 1
    assert "No space left on device" in err
    assert_whole(tmp_path)
    index = json.loads((tmp_path / "x" / "frames.json").read_text())["frames"]
    assert len(index) >= 3
    assert names(tmp_path / "x") == [*(row["file"] for row in index), "frames.json"]


def assert_pictures(folder):
    for path in folder.rglob("*.jpg"):
        assert simplejpeg.decode_jpeg(path.read_bytes()).shape[2] == 3


def test_busy_camera_leaves_no_file(record, camera, tmp_path):
    with Device(camera.path) as device, device.stream():
        status, err = record(camera.path, "-o", tmp_path / "x.raw", "-n", 1)

    assert status == 1
    assert "VIDIOC_REQBUFS" in err
    assert names(tmp_path) == []


def test_format_without_picture_can_be_kept_raw(record, tmp_path):
    size = {"width": 64, "height": 48, "frame_rates": ["30"]}
    camera = SimulatedCamera(profile(formats=[{"pixel_format": "Z16 ", "sizes": [size]}]))

    for output in ("x.y4m", "x/"):
        status, err = record(camera.path, "-o", f"{tmp_path}/{output}", "-n", 1)

        assert status == 1
        assert "no picture can be made of Z16" in err
    assert names(tmp_path) == []


# ---- signals ----


@contextlib.contextmanager
def recording(*words):
    """Record in a process of its own, which does not outlive the test."""
    command = [*COMMAND, "sim:webcam", *map(str, words)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def size_of_part(folder, suffix):
    return sum(path.stat().st_size for path in folder.glob(f".x{suffix}.*.part"))


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_signal_leaves_whole_pictures(number, tmp_path):
    with recording("-o", f"{tmp_path}/x/", "-n", 1000) as process:
        wait_for(lambda: len(list((tmp_path / "x").glob("*.jpg"))) > 3)

        process.send_signal(number)
        _, err = process.communicate(timeout=20)

    assert process.returncode == 128 + number
    assert "frames at" in err
    assert_whole(tmp_path)
    index = json.loads((tmp_path / "x" / "frames.json").read_text())["frames"]
    assert names(tmp_path / "x") == [*(row["file"] for row in index), "frames.json"]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("suffix", [".raw", ".y4m"])
def test_endless_recording_that_is_ended_is_done(suffix, number, tmp_path):
    with recording("-o", tmp_path / f"x{suffix}") as process:
        wait_for(lambda: size_of_part(tmp_path, suffix) > 2_000_000)

        process.send_signal(number)
        _, err = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "Traceback" not in err
    assert_whole(tmp_path)


def test_killed_recording_leaves_nothing_that_looks_whole(tmp_path):
    with recording("-o", tmp_path / "x.y4m"):
        wait_for(lambda: size_of_part(tmp_path, ".y4m") > 1_000_000)

    assert not (tmp_path / "x.y4m").exists()
    assert [path.suffix for path in Path(tmp_path).iterdir()] == [".part"]
