# SPDX-License-Identifier: MIT
"""What `v4l2capture photo` takes and refuses, what files are called, and when photos are due."""

import argparse
import os
import signal
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest

from v4l2capture import Photo
from v4l2capture.cli import main, photo
from v4l2capture.cli.photonames import Names, type_of
from v4l2capture.cli.photoresults import describe
from v4l2capture.cli.phototaking import Schedule
from v4l2capture.cli.program import _joined
from v4l2capture.cli.stopping import Ended, Ending

JPEG = "image/jpeg"


# ---- the command line ----


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "required: -o/--output"),
        (["-o", ""], "is a folder; give the name of a file"),
        (["-o", "photos/"], "is a folder"),
        (["-o", "."], "is a folder"),
        (["-o", "/dev/null"], "is no file; give the name of one, or - for stdout"),
        (["-o", "/dev/stderr"], "is no file; give the name of one, or - for stdout"),
        (["-o", "/dev/fd/3"], "is no file; give the name of one, or - for stdout"),
        (["-o", "/dev/x.jpg"], "is no file; give the name of one, or - for stdout"),
        (["-o", "/proc/self/fd/2"], "is no file; give the name of one, or - for stdout"),
        (["-o", "/dev/stdout", "--burst", "2"], "-o - is for one photo"),
        (["-o", "x.gif"], "'x.gif' ends in none of .jpg, .jpeg,"),
        (["-o", "x.jpg.bak"], "ends in none of"),
        (["-o", "x.jpg", "--type", "image/gif"], "invalid choice"),
        (["-o", "x.jpg", "--type", "image/png"], "name of image/jpeg, and --type is image/png"),
        (["-o", "x-%d-%d.jpg"], "2 places for one number"),
        (["-o", "-", "--json"], "cannot both have stdout"),
        (["-o", "-", "--burst", "2"], "-o - is for one photo"),
        (["-o", "-", "--bracket", "iso=100,200"], "-o - is for one photo"),
        (["-o", "-", "--every", "1s"], "-o - is for one photo"),
        (["-o", "x.jpg", "--width", "0"], "not a number of pixels"),
        (["-o", "x.jpg", "--height", "-1"], "not a number of pixels"),
        (["-o", "x.jpg", "--fill-light", "torch"], "choose from"),
        (["-o", "x.jpg", "--red-eye", "--pre-light", "0.5"], "give seconds, 0.6 to 3.0"),
        (["-o", "x.jpg", "--pre-light", "1"], "--pre-light is for --red-eye"),
        (["-o", "x.jpg", "--quality", "0"], "not a quality"),
        (["-o", "x.png", "--quality", "80"], "--quality is for image/jpeg and image/webp"),
        (["-o", "x.jpg", "--burst", "0"], "not a number of photos"),
        (["-o", "x.jpg", "--burst", "2", "--bracket", "iso=100"], "cannot both say how many"),
        (["-o", "x.jpg", "--bracket", "zoom=100,200"], "'zoom' is none of exposure_compensation,"),
        (["-o", "x.jpg", "--bracket", "iso"], "iso takes a number, not ''"),
        (["-o", "x.jpg", "--bracket", "iso=100,,200"], "iso takes a number, not ''"),
        (["-o", "x.jpg", "--bracket", "iso=100", "iso=200"], "--bracket varies iso"),
        (["-o", "x.jpg", "--count", "3"], "--count is for --every"),
        (["-o", "x.jpg", "--every", "1s", "--count", "0"], "not a number of times"),
        (["-o", "x.jpg", "--every", "0s"], "'0s' is no time such as 10s"),
        (["-o", "x.jpg", "--every", "-1s"], "'-1s' is no time such as 10s"),
        (["-o", "x.jpg", "--every", "soon"], "'soon' is no time such as 10s"),
        (["-o", "x.jpg", "--every", "99999h"], "is no time such as 10s"),
        (["-o", "x.jpg", "--tag", "Artist"], "'Artist' is no NAME=VALUE"),
        (["-o", "x.jpg", "--tag", "Artits=Ann"], "Exif has no tag 'Artits'"),
        (["-o", "x.jpg", "--tag", "Artist="], "Artist takes text"),
        (["-o", "x.jpg", "--tag", "GPSLatitude=1"], "cannot be set: give gps="),
        (["-o", "x.jpg", "--tag", "Artist=A", "--tag", "Artist=B"], "a --tag is there twice"),
        (["-o", "x.jpg", "--tag", f"Artist={'x' * 70_000}"], "too many"),
        (["-o", "x.jpg", "--gps", "91,0"], "'91,0' is no place such as 47.5,-8.25"),
        (["-o", "x.jpg", "--gps", "47.5"], "is no place"),
        (["-o", "x.jpg", "--gps", "-nan,0"], "expected one argument"),
        (["-o", "x.jpg", "--gps", "nan,0"], "is no place"),
        (["-o", "x.jpg", "--timeout", "0"], "not a number of seconds"),
        (["-o", "x.jpg", "zoom=far"], "zoom takes a number, not 'far'"),
        (["-o", "x.jpg", "zoom=1", "--red-eye", "zoom=2"], "zoom is there twice"),
        (["-o", "x.jpg", "sim:phone"], "is no NAME=VALUE, and the camera is 'sim:webcam'"),
        (["-o", "x.jpg", "--wide"], "unrecognized arguments: --wide"),
    ],
)
def test_wrong_command_line_is_refused(options, complaint, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["photo", "sim:webcam", *options])

    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert complaint in err
    assert err.startswith("usage: v4l2capture photo [DEVICE] -o FILE")


def test_photo_is_not_written_to_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    with pytest.raises(SystemExit) as ended:
        main(["photo", "sim:webcam", "-o", "-"])

    assert ended.value.code == 2
    assert "stdout is a terminal" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("10s", 10), ("10", 10), ("500ms", 0.5), (".5s", 0.5), ("1.5m", 90), ("1h", 3600)],
)
def test_time_has_a_unit(written, seconds):
    assert photo._duration(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("exposure_compensation=-2,0,2", ("exposureCompensation", [-2, 0, 2])),
        ("exposureTime=10,0x28", ("exposureTime", [10, 40])),
        ("iso=100", ("iso", [100])),
    ],
)
def test_bracket_has_both_spellings(written, expected):
    assert photo._bracket(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Artist=Ann = Bob", ("Artist", "Ann = Bob")),
        ("ExposureTime=1/100", ("ExposureTime", "1/100")),
        ("LensSpecification=24,70,2.8,4", ("LensSpecification", ["24", "70", "2.8", "4"])),
    ],
)
def test_tag_is_read(written, expected):
    assert photo._tag(written) == expected


def test_place_has_two_or_three_numbers():
    assert photo._place("-33.9,151.2") == (-33.9, 151.2)
    assert photo._place("47,8,-10.5") == (47, 8, -10.5)
    with pytest.raises(argparse.ArgumentTypeError, match="degrees north and east"):
        photo._place("47,8,10,11")


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        (["--gps", "-33.9,151.2"], ["--gps=-33.9,151.2"]),
        (["--gps", "-.5,1"], ["--gps=-.5,1"]),
        (["--gps", "33.9,-151.2"], ["--gps", "33.9,-151.2"]),
        (["--red-eye", "-o"], ["--red-eye", "-o"]),
        (["-n", "-1"], ["-n", "-1"]),
        (["--gps=1,2", "-1"], ["--gps=1,2", "-1"]),
    ],
)
def test_negative_number_belongs_to_the_option_before_it(words, joined):
    assert _joined(words) == joined


# ---- names ----


@pytest.mark.parametrize(
    ("written", "asked", "expected"),
    [
        ("x.jpg", None, JPEG),
        ("x.JPEG", None, JPEG),
        ("x.tif", None, "image/tiff"),
        ("x.dng", "image/x-adobe-dng", "image/x-adobe-dng"),
        ("x", None, JPEG),
        ("x", "image/webp", "image/webp"),
        ("a.b/x", None, JPEG),
        ("x-%03d.png", None, "image/png"),
        ("-", None, JPEG),
        ("-", "image/png", "image/png"),
    ],
)
def test_type_follows_from_the_name(written, asked, expected):
    assert type_of(written, asked) == expected


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [
        ("x.jpg", 1, ["x.jpg"]),
        ("x", 1, ["x.jpg"]),
        ("a/x.jpg", 2, ["a/x-1.jpg", "a/x-2.jpg"]),
        ("x", 2, ["x-1.jpg", "x-2.jpg"]),
        ("x.jpg", 10, ["x-01.jpg", "x-02.jpg"]),
        ("x.jpg", None, ["x-000001.jpg", "x-000002.jpg"]),
        ("x%d.jpg", 1, ["x1.jpg"]),
        ("x%d.jpg", 99, ["x1.jpg", "x2.jpg"]),
        ("x%03dy.jpg", None, ["x001y.jpg", "x002y.jpg"]),
        ("x%3d", 2, ["x001.jpg", "x002.jpg"]),
        ("%d/x.jpg", 2, ["%d/x-1.jpg", "%d/x-2.jpg"]),
        ("100%.jpg", 1, ["100%.jpg"]),
    ],
)
def test_photos_are_numbered(name, count, expected):
    names = Names(Path(name), JPEG, count)

    assert [str(names[number + 1]) for number in range(len(expected))] == expected


def test_numbers_may_become_longer_than_their_place():
    assert Names(Path("x%02d.jpg"), JPEG, None)[100] == Path("x100.jpg")


@pytest.mark.parametrize(
    ("name", "count", "there", "is_in_the_way"),
    [
        ("x.jpg", 1, "x.jpg", True),
        ("x", 1, "x.jpg", True),
        ("x.jpg", 1, "x.png", False),
        ("x.jpg", 3, "x.jpg", False),
        ("x.jpg", 3, "x-3.jpg", True),
        ("x.jpg", 3, "x-4.jpg", False),
        ("x%02d.jpg", None, "x77.jpg", True),
        ("x%02d.jpg", None, "xx.jpg", False),
        ("x.jpg", None, "x-123456.jpg", True),
        ("x.jpg", 3, "x-03.jpg", False),
        ("x.jpg", 3, "x-0.jpg", False),
        ("x.jpg", 10**18, f"x-{10**18}.jpg", True),
    ],
)
def test_files_that_would_be_overwritten_are_found(name, count, there, is_in_the_way, tmp_path):
    (tmp_path / there).symlink_to("nowhere")  # even that

    found = Names(tmp_path / name, JPEG, count).in_the_way()

    assert found == (tmp_path / there if is_in_the_way else None)


# ---- time ----


def test_photos_are_due_at_equal_distances_however_long_each_takes():
    schedule = Schedule(10, 100)

    due = [schedule.next(now) for now in (100.4, 110.9, 121.7, 139.9)]

    assert due == [110, 120, 130, 140]
    assert schedule.missed == 0


def test_moments_that_have_passed_are_left_out():
    schedule = Schedule(0.5, 0)

    due = [schedule.next(now) for now in (0.2, 1.6, 2.0, 9.9)]

    assert due == [0.5, 2.0, 2.5, 10.0]
    assert schedule.missed == 2 + 14


# ---- what is shown ----


def cells(varied=None, **used):
    taken = datetime(2024, 12, 31).astimezone()
    data = Photo(
        b"1234", type=JPEG, width=64, height=48, settings=used, timestamp_ns=0, timestamp=taken
    )
    found = describe(data, "x.jpg", varied)
    assert (found.pop("File"), found.pop("Size"), found.pop("Bytes")) == ("x.jpg", "64x48", "4")
    return {name: value for name, value in found.items() if value}


@pytest.mark.parametrize(
    ("used", "shown"),
    [
        ({}, {}),
        ({"exposureTime": 250}, {"Exposure": "1/40 s"}),
        ({"exposureTime": 250, "exposureMode": "manual"}, {"Exposure": "1/40 s"}),
        ({"exposureTime": 20_000, "exposureMode": "manual"}, {"Exposure": "2 s"}),
        ({"exposureTime": 0}, {"Exposure": "0 s"}),
        ({"exposureTime": 250, "exposureMode": "continuous"}, {"Exposure": "auto"}),
        (
            {"exposureMode": "continuous", "exposureCompensation": -0.5},
            {"Exposure": "auto, -0.5 EV"},
        ),
        ({"exposureMode": "manual", "exposureCompensation": 2}, {}),
        ({"iso": 200}, {"ISO": "200"}),
        ({"fillLightMode": "off"}, {"Light": "off"}),
        ({"fillLightMode": "off", "torch": True}, {"Light": "torch"}),
        ({"fillLightMode": "flash", "redEyeReduction": True}, {"Light": "red-eye, flash"}),
        ({"torch": False}, {}),
    ],
)
def test_what_had_an_effect_is_shown(used, shown):
    assert cells(**used) == shown


def test_what_a_bracket_varies_is_shown():
    assert cells("focusDistance", focusDistance=30) == {"focusDistance": "30"}
    assert cells("iso", iso=100) == {"ISO": "100"}


# ---- signals ----


def send(number):
    os.kill(os.getpid(), number)


def test_signal_is_noted_and_no_more_than_that():
    with Ending() as ending:
        ending.check()

        send(signal.SIGTERM)
        send(signal.SIGINT)

        assert ending.signal == signal.SIGTERM
        with pytest.raises(Ended):
            ending.check()


def test_signal_ends_a_sleep():
    with Ending() as ending:
        timer = threading.Timer(0.1, send, [signal.SIGINT])
        timer.start()
        begin = time.monotonic()

        ending.sleep(20)
        timer.join()

    assert time.monotonic() - begin < 10


@pytest.mark.parametrize("comes", ["before", "meanwhile"])
def test_signal_calls_off_what_takes_long(comes):
    called = threading.Event()
    with Ending() as ending:
        if comes == "before":
            send(signal.SIGTERM)

        with ending.calling_off(called.set):
            send(signal.SIGTERM)
            assert called.wait(10)


def test_what_began_after_the_first_call_is_called_off_too():
    calls = threading.Semaphore(0)
    with Ending() as ending, ending.calling_off(calls.release):
        send(signal.SIGTERM)

        assert all(calls.acquire(timeout=10) for _ in range(3))


def test_nothing_is_called_off_without_a_signal():
    called = threading.Event()

    with Ending() as ending, ending.calling_off(called.set):
        pass

    assert not called.is_set()


def test_handlers_are_as_before():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    with Ending():
        assert signal.getsignal(signal.SIGINT) not in before

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
