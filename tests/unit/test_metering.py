# SPDX-License-Identifier: MIT
"""When light counts as settled, and from when to when a frame was exposed."""

from types import SimpleNamespace

import pytest

from v4l2capture.metering import Settling, exposure_of


def frames_until_settled(lumas, skip=2):
    settling = Settling(skip)
    return next((n for n, luma in enumerate(lumas, 1) if settling.settled(luma)), None)


@pytest.mark.quirk("bad-first-frames")
@pytest.mark.parametrize(
    ("lumas", "needed"),
    [
        ([0.5] * 10, 6),  # two that do not count, one to compare with, three alike
        ([0.0, 0.0, *([0.4] * 8)], 6),
        ([0, 0, 0.1, 0.2, 0.3, 0.4, 0.45, 0.455, 0.456, 0.457, 0.457], 10),
        ([0.5, 0.6] * 10, None),
        ([0.0] * 10, 6),
        ([0.001, 0.00105] * 10, 6),  # noise in the dark
        ([0.5, 0.5, 0.5, 0.509, 0.518, 0.527], 6),  # just under 2 % each
    ],
)
def test_light_settles(lumas, needed):
    assert frames_until_settled(lumas) == needed


@pytest.mark.parametrize(
    ("source", "window"),
    [
        ("start of exposure", (1000, 1030)),
        ("end of frame", (970, 1000)),
        ("arrival", (940, 1000)),
    ],
)
def test_exposure_lies_in_its_window(source, window):
    frame = SimpleNamespace(timestamp_ns=1000, timestamp_source=source)

    assert exposure_of(frame, 30) == window
