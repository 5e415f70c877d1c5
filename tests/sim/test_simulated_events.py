# SPDX-License-Identifier: MIT
"""The simulated driver's events come as v4l2-event.c would send them."""

import pytest

from v4l2capture import SimulatedCamera

from .simulated import Node, profile

CTRL, SOURCE_CHANGE, EOS, ALL = 3, 5, 2, 0
SEND_INITIAL, ALLOW_FEEDBACK = 1, 2
CH_VALUE, CH_FLAGS, CH_RANGE = 1, 2, 4

GAIN, MASTER, SLAVE, BUTTON = 0x980913, 0x9A0901, 0x9A0902, 0x9A0906


@pytest.fixture
def node():
    controls = [
        {"id": GAIN, "name": "gain", "type": "int", "min": 0, "max": 9},
        {"id": BUTTON, "name": "pan_reset", "type": "button"},
        {
            "id": MASTER,
            "name": "auto_exposure",
            "type": "menu",
            "menu": {"0": "Auto", "1": "Manual"},
        },
        {"id": SLAVE, "name": "exposure", "type": "int", "min": 1, "max": 9, "flags": ["inactive"]},
    ]
    clusters = [{"master": MASTER, "manual": 1, "slaves": [SLAVE]}]
    return Node(SimulatedCamera(profile(controls=controls, clusters=clusters), clock="manual"))


def take(node: Node) -> list[tuple[int, int, int]]:
    """All pending events of controls: id, changes, value."""
    found = []
    while True:
        rc, event = node.event()
        if rc:
            assert rc == "ENOENT"
            return found
        found.append((event.id, event.u.ctrl.changes, event.u.ctrl.value))


def test_own_writes_are_not_echoed(node):
    node.subscribe(CTRL, GAIN)

    node.set(GAIN, 5)

    assert take(node) == []


def test_others_hear_of_a_write(node):
    other = Node(node.camera)
    other.subscribe(CTRL, GAIN)

    node.set(GAIN, 5)

    assert take(other) == [(GAIN, CH_VALUE, 5)]


def test_feedback_is_echoed_on_demand(node):
    node.subscribe(CTRL, GAIN, ALLOW_FEEDBACK)

    node.set(GAIN, 5)
    node.set(GAIN, 5)  # no change

    assert take(node) == [(GAIN, CH_VALUE, 5)]


def test_first_state_is_sent_on_demand(node):
    node.subscribe(CTRL, GAIN, SEND_INITIAL)
    node.subscribe(CTRL, BUTTON, SEND_INITIAL)

    assert take(node) == [(GAIN, CH_VALUE | CH_FLAGS, 0), (BUTTON, CH_FLAGS, 0)]


def test_slave_tells_everybody_that_it_woke_up(node):
    """Also who changed the master: the slave's flags are news to it."""
    node.subscribe(CTRL, SLAVE)

    node.set(MASTER, 1)

    assert take(node) == [(SLAVE, CH_FLAGS, 1)]


def test_button_is_an_event_each_time(node):
    other = Node(node.camera)
    other.subscribe(CTRL, BUTTON)

    seen = [node.set(BUTTON, 1), *take(other), node.set(BUTTON, 1), *take(other)]

    assert seen == [0, (BUTTON, CH_VALUE, 0), 0, (BUTTON, CH_VALUE, 0)]


def test_newer_event_replaces_an_older_one(node):
    """A subscription has room for one; the new one goes to the end, the changes add up."""
    node.subscribe(CTRL, GAIN)
    node.subscribe(CTRL, SLAVE)
    node.camera.poke(GAIN, 1)
    node.camera.poke(SLAVE, 7)
    node.camera.set_flags(GAIN, ["grabbed"])

    assert take(node) == [(SLAVE, CH_VALUE, 7), (GAIN, CH_VALUE | CH_FLAGS, 1)]


def test_lost_events_leave_a_gap_in_the_sequence(node):
    node.subscribe(CTRL, GAIN)
    node.camera.poke(GAIN, 1)
    node.camera.poke(GAIN, 2)

    first = node.event()[1].sequence
    node.camera.poke(GAIN, 3)

    assert (first, node.event()[1].sequence) == (1, 2)


def test_pending_counts_down(node):
    node.subscribe(CTRL, GAIN)
    node.subscribe(SOURCE_CHANGE)
    node.camera.poke(GAIN, 1)
    node.camera.source_change()

    assert [node.event()[1].pending, node.event()[1].pending] == [1, 0]


def test_range_is_an_event(node):
    node.subscribe(CTRL, GAIN)

    node.camera.set_range(GAIN, 0, 100, 2, 50)

    event = node.event()[1].u.ctrl
    assert (event.changes, event.maximum, event.step) == (CH_RANGE, 100, 2)


def test_subscriptions_are_checked(node):
    assert node.subscribe(CTRL, 0x123) == "EINVAL"
    assert node.subscribe(77) == "EINVAL"
    assert node.subscribe(ALL) == "EINVAL"
    assert node.subscribe(EOS) == 0


def test_unsubscribing_drops_what_is_pending(node):
    node.subscribe(CTRL, GAIN)
    node.camera.poke(GAIN, 1)

    node.unsubscribe(CTRL, GAIN)
    node.camera.poke(GAIN, 2)

    assert take(node) == []


def test_unsubscribing_from_everything(node):
    node.subscribe(CTRL, GAIN)
    node.subscribe(SOURCE_CHANGE)
    node.camera.source_change()

    node.unsubscribe(ALL)

    assert take(node) == []
