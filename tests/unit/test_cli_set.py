# SPDX-License-Identifier: MIT
"""Which words of `v4l2capture set` are the camera, names, and values."""

import pytest

from v4l2capture.cli import main
from v4l2capture.cli.request import split_names, split_words


@pytest.mark.parametrize(
    ("words", "device", "pairs"),
    [
        (["zoom=200"], None, [("zoom", "200")]),
        (["sim:webcam", "zoom=200"], "sim:webcam", [("zoom", "200")]),
        (["zoom=200", "0"], "0", [("zoom", "200")]),
        (["/tmp/a=b.json", "zoom=200"], "/tmp/a=b.json", [("zoom", "200")]),
        (["sim:a=b", "zoom=200"], "sim:a=b", [("zoom", "200")]),
        (['sim:{"card": "a=b"}', "zoom=200"], 'sim:{"card": "a=b"}', [("zoom", "200")]),
        (["a-stable-id", "name=a=b"], "a-stable-id", [("name", "a=b")]),
        (["name=/dev/x"], None, [("name", "/dev/x")]),
        (["pan=-3600", "tilt=0"], None, [("pan", "-3600"), ("tilt", "0")]),
    ],
)
def test_camera_is_the_word_without_an_equals_sign(words, device, pairs):
    assert split_words(words) == (device, pairs)


def test_w3c_names_have_two_spellings_and_come_before_controls():
    properties, others = split_names(
        [
            ("exposureTime", "10"),
            ("focus_mode", "manual"),
            ("brightness", "3"),
            ("gain", "10"),
            ("exposure_auto", "1"),
            ("0x00980913", "10"),
        ]
    )

    assert properties == {"exposureTime": 10, "focusMode": "manual", "brightness": 3}
    assert others == {"gain": "10", "exposure_auto": "1", "0x00980913": "10"}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "arguments are required"),
        (["sim:webcam"], "there is no NAME=VALUE"),
        (["zoom"], "there is no NAME=VALUE"),
        (["sim:webcam", "zoom", "200"], "'zoom' is no NAME=VALUE, and the camera is 'sim:webcam'"),
        (["sim:webcam", "zoom="], "'zoom=' is no NAME=VALUE"),
        (["sim:webcam", "=200"], "'=200' is no NAME=VALUE"),
        (["sim:webcam", "zoom=1", "zoom=2"], "zoom is there twice"),
        (["sim:webcam", "focus_mode=manual", "focusMode=manual"], "focusMode is there twice"),
        (["sim:webcam", "gain=1", "gain=2"], "gain is there twice"),
        (["sim:webcam", "zoom=far"], "zoom takes a number, not 'far'"),
        (["/dev/video4711", "zoom=far"], "zoom takes a number, not 'far'"),
    ],
)
def test_wrong_words_are_a_wrong_command_line(words, complaint, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["set", *words])

    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert complaint in err
    assert err.startswith("usage: v4l2capture set [-h] [--lamp LED] [--json] [DEVICE] NAME=VALUE")
