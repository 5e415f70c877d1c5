# SPDX-License-Identifier: MIT
"""What `v4l2capture photo` leaves: whole files that say how they were taken, and no other trace."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from v4l2capture import Camera, Device, Photo, SimulatedCamera
from v4l2capture.cli import main

from .simulated import profile

EXIF, GPS = 0x8769, 0x8825
ARTIST, MODEL, BIAS, TIME, ISO, LIGHT = 0x013B, 0x0110, 0x9204, 0x829A, 0x8827, 0x9209
SMALL = ("--width", "320", "--height", "240")


@pytest.fixture(params=["webcam", "phone"])
def camera(request):
    return SimulatedCamera(request.param)


@pytest.fixture
def webcam():
    return SimulatedCamera("webcam")


@pytest.fixture
def phone():
    return SimulatedCamera("phone")


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def names():
    return sorted(path.name for path in Path().iterdir())


def state(camera):
    """Everything that can be set, of all nodes."""
    with Camera(camera.path) as opened:
        return [node.controls.read() for node in opened.nodes], opened.device.format


def opened(file):
    """Return a photo, decoded to its last row."""
    image = Image.open(file)
    image.load()
    return image


def size(file):
    return opened(file).size


def exif(file):
    """Return the tags of all directories."""
    data = opened(file).getexif()
    return {**data, **data.get_ifd(EXIF)}


def facts(out):
    return [json.loads(line) for line in out.splitlines()]


# ---- one photo ----


def test_photo_has_the_largest_size_and_leaves_no_trace(run, camera):
    before = state(camera)
    with Camera(camera.path) as opened_camera:
        able = opened_camera.photo_capabilities

    status, out, err = run("photo", camera.path, "-o", "x.jpg")

    assert (status, err) == (0, "")
    assert size("x.jpg") == (able.image_width.max, able.image_height.max)
    assert names() == ["x.jpg"]
    assert state(camera) == before
    heading, row = out.splitlines()
    assert heading.split()[:3] == ["File", "Size", "Exposure"]
    assert row.split()[0] == "x.jpg"
    assert row.split()[-1] == str(Path("x.jpg").stat().st_size)


def test_photo_says_what_was_used(run, camera):
    status, out, err = run("photo", camera.path, "-o", "x.jpg", *SMALL, "--json")

    (used,) = facts(out)
    assert (status, err) == (0, "")
    assert used["file"] == "x.jpg"
    assert used["type"] == "image/jpeg"
    assert used["bytes"] == Path("x.jpg").stat().st_size
    assert (used["width"], used["height"]) == size("x.jpg") == (320, 240)
    assert abs(datetime.fromisoformat(used["timestamp"]).timestamp() - time.time()) < 30
    assert used["settings"]["imageWidth"] == 320
    with Device(camera.path) as device:
        assert exif("x.jpg")[MODEL] == device.info.card


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["-o", "x.jpg"], "JPEG"),
        (["-o", "x.png"], "PNG"),
        (["-o", "x.tif"], "TIFF"),
        (["-o", "x.webp"], "WEBP"),
        (["-o", "x", "--type", "image/png"], "PNG"),
        (["-o", "x"], "JPEG"),
    ],
)
def test_type_is_that_of_the_name_or_the_option(run, webcam, words, kind):
    status, _, _ = run("photo", webcam.path, *words, *SMALL)

    (name,) = names()
    assert status == 0
    assert opened(name).format == kind
    assert Path(name).suffix


def test_dng_comes_from_a_raw_sensor(run, webcam):
    status, _, _ = run("photo", "sim:sensor", "-o", "x.dng", "--width", "640")
    failed, _, err = run("photo", webcam.path, "-o", "y.dng")

    assert status == 0
    assert Path("x.dng").read_bytes()[:4] == b"II*\0"
    assert failed == 1
    assert "raw pictures" in err
    assert names() == ["x.dng"]


def test_quality_is_that_of_the_file(run, webcam):
    run("photo", webcam.path, "-o", "small.jpg", *SMALL, "--quality", "5")
    run("photo", webcam.path, "-o", "large.jpg", *SMALL, "--quality", "95")

    assert Path("small.jpg").stat().st_size < Path("large.jpg").stat().st_size * 0.7


def test_tags_and_place_are_in_the_file(run, camera):
    status, _, _ = run(
        *("photo", camera.path, "-o", "x.jpg", *SMALL),
        *("--tag", "Artist=Ann", "--tag", "ImageDescription=a = b"),
        *("--gps", "-33.5,151.25,12"),
    )

    assert status == 0
    assert exif("x.jpg")[ARTIST] == "Ann"
    place = opened("x.jpg").getexif().get_ifd(GPS)
    assert (place[1], place[2], place[3]) == ("S", (33, 30, 0), "E")
    assert place[6] == 12


def test_there_is_no_place_where_none_was_given(run, camera):
    run("photo", camera.path, "-o", "x.jpg", *SMALL)

    assert not opened("x.jpg").getexif().get_ifd(GPS)


def test_flash_and_red_eye_reduction(run, phone):
    before = state(phone)

    status, out, _ = run(
        "photo", phone.path, "-o", "x.jpg", *SMALL, "--fill-light", "flash", "--red-eye"
    )

    assert status == 0
    assert "red-eye, flash" in out
    assert exif("x.jpg")[LIGHT] & 0x41 == 0x41
    assert state(phone) == before


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--red-eye"], "this camera has no lamp"),
        (["--fill-light", "flash"], "this camera has no lamp"),
        (["--width", "50000"], "this camera has 160 to 3840"),
        (["--bracket", "iso=100,200"], "iso"),
        (["--bracket", "exposure_time=100,99999"], "exposureTime cannot be 99999"),
        (["zoom=900"], "zoom cannot be 900; the camera has 100 to 500"),
        (["zom=200"], "did you mean zoom?"),
        (["torch=on"], "this camera has no torch"),
        (["gain=on"], "gain takes a whole number"),
        (["zoom=200", "zoom_absolute=300"], "are the same"),
    ],
)
def test_what_the_camera_cannot_do_is_said_and_nothing_is_left(run, webcam, words, complaint):
    before = state(webcam)

    status, out, err = run("photo", webcam.path, "-o", "x.jpg", "pan=3600", *words)

    assert (status, out) == (1, "")
    assert complaint in err
    assert names() == []
    assert state(webcam) == before


def test_device_left_out_is_the_first_camera(run, monkeypatch, webcam):
    monkeypatch.setattr("v4l2capture.discovery.node_paths", lambda: [webcam.path])

    assert run("photo", "-o", "x.jpg", *SMALL, "zoom=200")[0] == 0
    assert exif("x.jpg")[MODEL] == "Simulated Webcam"


def test_missing_device_is_an_error_with_its_name(run):
    status, out, err = run("photo", "/dev/video4711", "-o", "x.jpg")

    assert (status, out) == (1, "")
    assert err.startswith("v4l2capture: open on /dev/video4711: No such file")


@pytest.mark.parametrize("name", ["mplane", "sensor", "hostile"])
def test_every_camera_takes_a_photo(run, name):
    status, _, err = run("photo", f"sim:{name}", "-o", "x.jpg", "--width", "640")

    assert (status, err) == (0, "")
    assert size("x.jpg") == (640, 480)


# ---- what is set for it ----


def test_properties_and_controls_are_for_the_photo_only(run, webcam):
    before = state(webcam)

    status, out, err = run(
        *("photo", webcam.path, "exposureTime=100", "-o", "x.jpg", *SMALL),
        *("gain=7", "zoom=200", "--json", "whiteBalanceMode=manual"),
    )

    (used,) = facts(out)
    assert (status, err) == (0, "")
    assert used["settings"]["exposureTime"] == 100
    assert used["settings"]["exposureMode"] == "manual"
    assert used["settings"]["zoom"] == 200
    assert Fraction(exif("x.jpg")[TIME]) == Fraction(1, 100)
    assert state(webcam) == before


def test_torch_is_on_for_the_photo_only(run, phone):
    before = state(phone)

    status, out, _ = run("photo", phone.path, "-o", "x.jpg", *SMALL, "torch=on", "iso=200")

    assert status == 0
    assert "torch" in out
    assert exif("x.jpg")[ISO] == 200
    assert state(phone) == before


def test_size_of_the_video_is_put_back(run, webcam):
    before = state(webcam)

    status, out, _ = run("photo", webcam.path, "-o", "x.jpg", *SMALL, "width=1280", "frameRate=15")

    assert status == 0
    assert "320x240" in out
    assert state(webcam) == before


def test_what_a_camera_forgets_is_said(run, webcam):
    webcam.fault("reset_controls_on_streamon")

    status, _, err = run("photo", webcam.path, "-o", "x.jpg", *SMALL, "gain=7", "zoom=200")

    assert status == 0
    assert err == (
        "v4l2capture: the camera did not keep what was set: gain is 64, and was set to 7\n"
    )


def test_what_was_set_is_put_back_when_another_value_fails(run, webcam):
    webcam.fault("control_eio", control="gain")
    before = state(webcam)

    status, out, err = run("photo", webcam.path, "-o", "x.jpg", "exposureTime=100", "gain=7")

    assert (status, out) == (1, "")
    assert "gain=7" in err
    assert state(webcam) == before


@pytest.mark.parametrize("many", [(), ("--burst", "3"), ("--bracket", "exposure_time=50,100")])
def test_everything_is_put_back_when_no_frame_comes(run, camera, many):
    before = state(camera)
    camera.fault("stall")

    status, out, err = run(
        "photo", camera.path, "-o", "x.jpg", *SMALL, "zoom=200", "--timeout", "0.3", *many
    )

    assert (status, out) == (1, "")
    assert "no frame from" in err
    assert names() == []
    camera.clear_faults()
    assert state(camera) == before


def test_camera_that_vanishes_is_a_message(run, webcam):
    webcam.fault("disconnect", after=3)

    status, out, err = run("photo", webcam.path, "-o", "x.jpg", *SMALL, "zoom=200")

    assert (status, out) == (1, "")
    assert "unplugged" in err
    assert "Traceback" not in err
    assert names() == []


def test_busy_camera_is_a_message(run, webcam):
    with Device(webcam.path) as device, device.stream():
        status, out, err = run("photo", webcam.path, "-o", "x.jpg", "zoom=200")

    assert (status, out) == (1, "")
    assert "busy" in err
    assert names() == []


def test_format_without_a_picture_is_a_message(run):
    form = {"width": 64, "height": 48, "frame_rates": ["30"]}
    camera = SimulatedCamera(profile(formats=[{"pixel_format": "Z16 ", "sizes": [form]}]))

    status, out, err = run("photo", camera.path, "-o", "x.jpg")

    assert (status, out) == (1, "")
    assert "no pictures that can be decoded" in err


# ---- files ----


def test_nothing_is_overwritten_unless_it_is_forced(run, webcam):
    Path("x.jpg").write_text("mine")

    status, out, err = run("photo", webcam.path, "-o", "x.jpg", *SMALL)
    assert (status, out) == (1, "")
    assert err == "v4l2capture: x.jpg is there already; --force overwrites it\n"
    assert Path("x.jpg").read_text() == "mine"
    assert webcam.ioctls("VIDIOC_STREAMON") == 0

    assert run("photo", webcam.path, "-o", "x.jpg", *SMALL, "-f")[0] == 0
    assert size("x.jpg") == (320, 240)


def test_old_file_stays_when_there_is_no_new_one(run, webcam):
    Path("x.jpg").write_text("mine")
    webcam.fault("stall")

    status, _, _ = run("photo", webcam.path, "-o", "x.jpg", "-f", "--timeout", "0.2")

    assert status == 1
    assert names() == ["x.jpg"]
    assert Path("x.jpg").read_text() == "mine"


def test_folder_that_is_not_there_is_said_before_anything_is_done(run, webcam):
    status, out, err = run("photo", webcam.path, "-o", "nowhere/x.jpg")

    assert (status, out) == (1, "")
    assert err == "v4l2capture: cannot write nowhere/x.jpg: No such file or directory\n"
    assert webcam.ioctls("VIDIOC_STREAMON") == 0


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("into", ["pipe", "file"])
def test_stdout_has_several_names(tmp_path, name, into):
    command = [sys.executable, "-m", "v4l2capture", "photo", "sim:webcam", "-o", name, *SMALL]
    file = tmp_path / "photo"
    if into == "file":
        with file.open("wb") as out:
            subprocess.run(command, stdout=out, check=True)
    else:
        file.write_bytes(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)

    assert size(file) == (320, 240)
    assert names() == ["photo"]
    assert not Path("/dev/stdout.jpg").exists()


def test_photo_may_go_into_a_pipe():
    command = [sys.executable, "-m", "v4l2capture", "photo", "sim:webcam", "-o", "-", *SMALL]

    done = subprocess.run(command, capture_output=True)

    assert done.returncode == 0
    assert size(io.BytesIO(done.stdout)) == (320, 240)
    assert done.stderr.startswith(b"v4l2capture: file -, size 320x240, exposure auto")
    assert subprocess.run([*command, "-q"], capture_output=True).stderr == b""


# ---- several ----


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("x.jpg", ["x-1.jpg", "x-2.jpg", "x-3.jpg"]),
        ("x-%03d.png", ["x-001.png", "x-002.png", "x-003.png"]),
    ],
)
def test_burst_has_a_file_for_each_frame(run, camera, output, expected):
    status, out, err = run("photo", camera.path, "-o", output, *SMALL, "--burst", "3", "--json")

    taken = facts(out)
    assert (status, err) == (0, "")
    assert names() == [photo["file"] for photo in taken] == expected
    assert [size(name) for name in expected] == [(320, 240)] * 3
    times = [photo["timestamp"] for photo in taken]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    ("bracket", "name", "tag", "values", "written"),
    [
        (
            "exposure_compensation=-2,0,2",
            "exposureCompensation",
            BIAS,
            [-2, 0, 2],
            [-2, 0, 2],
        ),
        (
            "exposureTime=50,400",
            "exposureTime",
            TIME,
            [50, 400],
            [Fraction(1, 200), Fraction(1, 25)],
        ),
    ],
)
def test_bracket_has_a_file_for_each_value(run, camera, bracket, name, tag, values, written):
    before = state(camera)

    status, out, _ = run(
        "photo", camera.path, "-o", "x.jpg", *SMALL, "--bracket", bracket, "--json"
    )

    assert status == 0
    assert [photo["settings"][name] for photo in facts(out)] == values
    assert [Fraction(exif(f"x-{n}.jpg")[tag]) for n in range(1, len(values) + 1)] == written
    assert state(camera) == before


@pytest.mark.parametrize(
    ("profile_name", "bracket"),
    [
        ("phone", "focus_distance=0,1000"),
        ("phone", "iso=100,400"),
        ("webcam", "color_temperature=3000,6000"),
        ("webcam", "focusDistance=0,100"),
    ],
)
def test_values_of_a_bracket_are_shown_and_put_back(run, profile_name, bracket):
    camera = SimulatedCamera(profile_name)
    before = state(camera)

    status, out, _ = run("photo", camera.path, "-o", "x.jpg", *SMALL, "--bracket", bracket)

    assert status == 0
    values = bracket.partition("=")[2].split(",")
    for line, value in zip(out.splitlines()[1:], values, strict=True):
        assert value in line.split()
    assert state(camera) == before


def test_all_names_of_a_burst_are_looked_at_first(run, webcam):
    Path("x-3.jpg").write_text("mine")

    status, _, err = run("photo", webcam.path, "-o", "x.jpg", *SMALL, "--burst", "3")

    assert status == 1
    assert "x-3.jpg is there already" in err
    assert names() == ["x-3.jpg"]


# ---- again and again ----


def test_series_is_regular_and_streams_once(run, camera):
    before = state(camera)

    status, out, err = run(
        *("photo", camera.path, "-o", "x-%02d.jpg", "--width", "1280", "--height", "720"),
        *("--every", "400ms", "--count", "5", "--json", "zoom=200"),
    )

    taken = facts(out)
    assert status == 0
    assert names() == [f"x-{n:02}.jpg" for n in range(1, 6)]
    assert "5 photos" in err
    times = [datetime.fromisoformat(photo["timestamp"]).timestamp() for photo in taken]
    assert times[4] - times[0] > 1.5
    # A fresh frame takes up to three intervals; a machine that is too busy leaves moments out.
    assert max((moment - times[0] + 0.05) % 0.4 for moment in times) < 0.25
    assert [photo["settings"]["zoom"] for photo in taken] == [200] * 5
    assert camera.ioctls("VIDIOC_STREAMON") == 1
    assert state(camera) == before


def test_series_may_be_of_brackets(run, phone):
    status, out, _ = run(
        *("photo", phone.path, "-o", "x.jpg", *SMALL, "--bracket", "exposure_time=50,100"),
        *("--every", "1s", "--count", "2", "--json"),
    )

    taken = facts(out)
    assert status == 0
    assert names() == ["x-1.jpg", "x-2.jpg", "x-3.jpg", "x-4.jpg"]
    assert [photo["settings"]["exposureTime"] for photo in taken] == [50, 100, 50, 100]


def test_quiet_series_is_quiet(run, webcam):
    words = ("-o", "x.jpg", *SMALL, "--every", "100ms", "--count", "2", "-q")

    status, out, err = run("photo", webcam.path, *words)

    assert (status, err) == (0, "")
    assert len(out.splitlines()) == 3


@pytest.fixture
def failing(monkeypatch):
    """Let photos be saved, or not: each save does what the next of these does."""

    def failing(*steps):
        save, each = Photo.save, iter(steps)

        def fail(photo, path):
            step = next(each)
            if step is not None:
                step()
            return save(photo, path)

        monkeypatch.setattr(Photo, "save", fail)

    return failing


def full():
    raise OSError(28, os.strerror(28))


def test_photo_that_fails_does_not_end_a_series(run, webcam, failing):
    failing(None, full, None)

    status, out, err = run(
        "photo", webcam.path, "-o", "x.jpg", *SMALL, "--every", "200ms", "--count", "3"
    )

    assert status == 1
    assert "try 2 failed: cannot write x-2.jpg: No space left on device" in err
    assert "2 photos, 1 failed" in err
    assert names() == ["x-1.jpg", "x-2.jpg"]
    assert len(out.splitlines()) == 3


def test_camera_that_stalls_for_a_while_does_not_end_a_series(run, webcam, failing):
    failing(lambda: webcam.fault("stall"), webcam.clear_faults)
    before = state(webcam)

    status, _, err = run(
        *("photo", webcam.path, "-o", "x.jpg", *SMALL, "zoom=200"),
        *("--every", "600ms", "--count", "2", "--timeout", "0.3"),
    )

    assert status == 1
    assert "try 2 failed: no frame" in err
    assert names() == ["x-1.jpg"]
    webcam.clear_faults()
    assert state(webcam) == before


def test_camera_that_is_gone_ends_a_series(run, webcam, failing):
    failing(None, webcam.unplug)

    status, _, err = run(
        "photo", webcam.path, "-o", "x.jpg", *SMALL, "--every", "200ms", "--count", "90"
    )

    assert status == 1
    assert "2 photos" in err
    assert "unplugged" in err
    assert names() == ["x-01.jpg", "x-02.jpg"]


def test_what_is_impossible_ends_a_series_at_once(run, webcam):
    status, out, err = run(
        "photo", webcam.path, "-o", "x.jpg", "--red-eye", "--every", "1h", "--count", "3"
    )

    assert (status, out) == (1, "")
    assert "this camera has no lamp" in err


# ---- signals ----

STATE = """
import json, sys
from v4l2capture import Camera
from v4l2capture.cli import main

with Camera(sys.argv[2]) as other:
    def state():
        return repr([node.controls.read() for node in other.nodes] + [other.device.format])
    before = state()
    status = main(sys.argv[1:])
    print("state:", "as before" if state() == before else state(), flush=True)
sys.exit(status)
"""


@contextlib.contextmanager
def photographing(*words, path="sim:phone"):
    """Take photos in a process of its own, which says at the end whether all is as before."""
    command = [sys.executable, "-c", STATE, "photo", path, *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "count"),
    [
        (signal.SIGINT, ()),
        (signal.SIGINT, ("--count", "1000")),
        (signal.SIGTERM, ("--count", "1000")),
        (signal.SIGHUP, ("--count", "1000")),
    ],
)
def test_signal_ends_a_series_and_leaves_whole_photos(number, count):
    words = ("-o", "x-%03d.jpg", *SMALL, "iso=200", "--every", "150ms", "--fill-light", "flash")
    with photographing(*words, *count) as process:
        wait_for(lambda: len([name for name in names() if not name.startswith(".")]) >= 3)

        process.send_signal(number)
        out, err = process.communicate(timeout=20)

    assert process.returncode == (128 + number if count else 0)
    assert out.splitlines()[-1] == "state: as before"
    assert "Traceback" not in err
    assert " photos, " in err
    assert len(names()) == len(out.splitlines()) - 2  # a heading, and the last line
    for name in names():
        assert exif(name)[ISO] == 200


@pytest.mark.parametrize(
    ("number", "delay"),
    [
        *((signal.SIGTERM, delay) for delay in (0.0, 0.05, 0.3, 0.7, 1.1)),
        (signal.SIGINT, 0.5),
        (signal.SIGHUP, 0.9),
    ],
)
def test_signal_at_any_time_leaves_nothing(number, delay):
    """The lamp is lit for the eyes for most of that time; the size is another one."""
    words = ("-o", "x.jpg", "iso=200", "zoom=200", "--fill-light", "flash", "--red-eye")
    with photographing(*words, "--width", "1280", "--height", "720", "--burst", "50") as process:
        wait_for(lambda: _handles(process, signal.SIGTERM))
        time.sleep(delay)

        process.send_signal(number)
        out, err = process.communicate(timeout=20)

    assert (out, err) == ("state: as before\n", "")
    assert process.returncode == 128 + number
    assert names() == []


def _handles(process, number):
    """Whether a process has a handler for a signal, as the kernel says."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return int(caught.split()[1], 16) >> (number - 1) & 1


def test_signal_does_not_wait_for_a_camera_that_stalls():
    path = f"sim:{json.dumps(profile(faults=[{'fault': 'stall'}]))}"
    with photographing("-o", "x.jpg", "--timeout", "60", path=path) as process:
        wait_for(lambda: _handles(process, signal.SIGTERM))
        time.sleep(0.5)

        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)

    assert process.returncode == 128 + signal.SIGTERM
    assert (out, err) == ("state: as before\n", "")


def test_signal_does_not_wait_for_the_next_time():
    words = ("-o", "x.jpg", *SMALL, "--every", "1h", "--count", "2")
    with photographing(*words) as process:
        wait_for(lambda: "x-1.jpg" in names())

        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)

    assert process.returncode == 128 + signal.SIGINT
    assert out.splitlines()[-1] == "state: as before"
    assert names() == ["x-1.jpg"]


def test_main_gives_back_the_handlers(run, webcam):
    before = signal.getsignal(signal.SIGTERM)

    assert main(["photo", webcam.path, "-o", "x.jpg", *SMALL, "-q"]) == 0

    assert signal.getsignal(signal.SIGTERM) == before
