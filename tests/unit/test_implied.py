# SPDX-License-Identifier: MIT
"""Values bring their manual modes along, as strongly as they are wanted themselves."""

import pytest

from v4l2capture.dictionaries import MediaTrackConstraints
from v4l2capture.implied import with_modes

ABLE = {
    "exposureMode": ["manual", "continuous"],
    "exposureTime": {"min": 1, "max": 1000, "step": 1},
    "focusMode": ["continuous"],
    "focusDistance": {"min": 0, "max": 255, "step": 1},
    "colorTemperature": {"min": 2800, "max": 6500, "step": 1},
    "zoom": {"min": 100, "max": 500, "step": 1},
}
NOW = {"exposureMode": "continuous", "exposureTime": 250, "zoom": 100}

MANUAL = {"exact": "manual"}


def whole(constraints):
    return with_modes(MediaTrackConstraints.of(constraints), ABLE, NOW).to_dict()


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({"exposureTime": {"exact": 9}}, MANUAL),
        ({"exposureTime": {"exact": 250}}, MANUAL),  # not just by chance
        ({"exposureTime": {"min": 9, "max": 9}}, MANUAL),
        ({"exposureTime": {"max": 100}}, MANUAL),
        ({"exposureTime": {"exact": 9}, "exposureMode": "continuous"}, MANUAL),
        ({"exposureTime": {"exact": 9}, "exposureMode": {"exact": ["manual", "x"]}}, MANUAL),
        ({"exposureTime": 9}, {"ideal": ["manual"]}),
        (
            {"exposureTime": 9, "exposureMode": {"exact": ["continuous", "manual"]}},
            {"exact": ["continuous", "manual"], "ideal": ["manual"]},
        ),
        # Who wants another mode gets it, if there is one.
        ({"exposureTime": 9, "exposureMode": "continuous"}, {"ideal": ["continuous", "manual"]}),
    ],
    ids=str,
)
def test_mode_is_wanted_as_strongly_as_the_value(given, mode):
    assert whole(given) == given | {"exposureMode": mode}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"zoom": {"exact": 200}},
        {"exposureTime": {"min": 9}},  # holds already
        {"exposureTime": {"exact": 9}, "exposureMode": {"exact": "continuous"}},
        {"focusDistance": {"exact": 9}},  # there is no manual mode
        {"colorTemperature": {"exact": 3000}},  # there are no modes
        {"advanced": [{"exposureTime": {"ideal": 9}}]},  # which has no effect
        {"advanced": [{"exposureTime": 9, "exposureMode": "continuous"}]},
        {"exposureMode": "continuous", "advanced": [{"zoom": 200}, {}]},
    ],
    ids=str,
)
def test_nothing_else_is_added(given):
    assert whole(given) == given


def test_advanced_sets_have_modes_of_their_own():
    given = {"advanced": [{"exposureMode": "continuous"}, {"exposureTime": 9, "zoom": 200}]}

    assert whole(given)["advanced"] == [
        {"exposureMode": "continuous"},
        {"exposureMode": MANUAL, "exposureTime": 9, "zoom": 200},
    ]
