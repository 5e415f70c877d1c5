# SPDX-License-Identifier: MIT
"""The first thing that people try: a photo, whatever cameras there are."""

import importlib.util
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from v4l2capture import SimulatedCamera, __version__

DEMO = Path(__file__).resolve().parents[2] / "tools/demo.py"
EXIF, MODEL, SOFTWARE, TAKEN = 0x8769, 0x0110, 0x0131, 0x9003


@pytest.fixture
def demo():
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def cameras(demo, monkeypatch):
    """Let these be the cameras there are."""

    def cameras(*found):
        listed = [type("Info", (), {"path": camera.path}) for camera in found]
        monkeypatch.setattr(demo, "list_devices", lambda: listed)

    return cameras


def test_photo_without_a_camera_says_how_it_was_taken(demo, cameras, tmp_path, capsys):
    cameras()

    assert demo.main(tmp_path / "photo.jpg") == 0

    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "Simulated Webcam (sim:webcam), 3840x2160",
        f"The photo is in {tmp_path}/photo.jpg",
    ]
    with Image.open(tmp_path / "photo.jpg") as photo:
        photo.load()
        exif = photo.getexif()
        assert photo.size == (3840, 2160)
        assert exif[MODEL] == "Simulated Webcam"
        assert exif[SOFTWARE] == f"v4l2capture {__version__}"
        taken = datetime.strptime(exif.get_ifd(EXIF)[TAKEN], "%Y:%m:%d %H:%M:%S")
    assert abs((datetime.now() - taken).total_seconds()) < 60


def test_camera_that_does_not_work_is_named_and_the_next_one_taken(demo, cameras, tmp_path, capsys):
    broken, works = SimulatedCamera("webcam"), SimulatedCamera("phone")
    broken.unplug()
    cameras(broken, works)

    assert demo.main(tmp_path / "photo.jpg") == 0

    out, err = capsys.readouterr()
    assert f"Not {broken.path}: " in err
    assert out.startswith(f"Simulated Phone ({works.path}), 2592x1944\n")
