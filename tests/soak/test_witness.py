# SPDX-License-Identifier: MIT
"""A witness that never complains proves nothing: here it has every reason to."""

import numpy as np
import pytest

from v4l2capture import Device, SimulatedCamera

from .witness import Held, WrongFrameError, check_number, check_rows, counter_rows, luma


@pytest.fixture
def sim():
    return SimulatedCamera(clock="manual")


def shoot(sim, stream):
    sim.tick()
    return stream.read(0)


def pictures(sim):
    """Two pictures, of a bright camera and of a dark one."""
    with Device(sim.path) as device:
        device.set_format(320, 240, "YUYV")
        with device.stream() as stream:
            sim.poke("brightness", 30)
            bright = shoot(sim, stream)
            sim.poke("brightness", -30)
            return [luma(f, f.planes[0]) for f in (bright, shoot(sim, stream))]


def test_whole_pictures_are_right(sim):
    for number, picture in enumerate(pictures(sim)):
        check_number(picture, number)
        check_rows(picture, number)


def test_picture_of_another_frame_is_wrong(sim):
    with pytest.raises(WrongFrameError, match="frame 1 shows 0"):
        check_number(pictures(sim)[0], 1)


def test_torn_picture_is_wrong_wherever_it_is_torn(sim):
    bright, dark = pictures(sim)

    for row in range(counter_rows(320, 240) + 1, 240, 7):
        torn = np.vstack([bright[:row], dark[row:]])
        if row != 180:  # where the bars change
            with pytest.raises(WrongFrameError, match="torn"):
                check_rows(torn, 0)


@pytest.mark.parametrize("how", ["frame", "plane", "array", "copy"])
def test_pixels_that_change_are_wrong(sim, how, monkeypatch):
    with Device(sim.path) as device:
        device.set_format(320, 240, "YUYV")
        with device.stream() as stream:
            held = Held(shoot(sim, stream), how, 0)
            held.check()

            monkeypatch.setattr(held, "sum", held.sum ^ 1)
            with pytest.raises(WrongFrameError, match="has changed"):
                held.check()
