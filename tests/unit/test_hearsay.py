# SPDX-License-Identifier: MIT
"""An event against the answer of a driver: which of them is believed, and for how long."""

from v4l2capture.hearsay import Hearsay

BRIGHTNESS = 0x00980900


def test_driver_is_believed_that_nothing_contradicts():
    assert Hearsay().value(BRIGHTNESS, 7) == 7


def test_event_is_believed_while_the_driver_answers_as_before():
    hearsay = Hearsay()
    hearsay.note(BRIGHTNESS, told=44, read=0)

    assert [hearsay.value(BRIGHTNESS, 0) for _ in range(2)] == [44, 44]


def test_driver_is_believed_again_once_it_answers_something_else():
    hearsay = Hearsay()
    hearsay.note(BRIGHTNESS, told=44, read=0)

    assert [hearsay.value(BRIGHTNESS, read) for read in (12, 0)] == [12, 0]


def test_driver_is_believed_again_once_it_is_written_to():
    hearsay = Hearsay()
    hearsay.note(BRIGHTNESS, told=44, read=0)

    hearsay.forget([BRIGHTNESS])

    assert hearsay.value(BRIGHTNESS, 0) == 0


def test_last_event_counts():
    hearsay = Hearsay()
    hearsay.note(BRIGHTNESS, told=44, read=0)

    hearsay.note(BRIGHTNESS, told=0, read=0)

    assert hearsay.value(BRIGHTNESS, 0) == 0
