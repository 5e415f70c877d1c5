# SPDX-License-Identifier: MIT
"""Any constraints: they are applied, or refused with an error that is documented, and no harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v4l2capture import Camera, OverconstrainedError, SimulatedCamera
from v4l2capture.constraints import select_settings

NAMES = [
    *("width", "height", "aspectRatio", "frameRate", "resizeMode", "deviceId", "groupId"),
    *("zoom", "pan", "tilt", "focusMode", "focusDistance", "pointsOfInterest", "torch"),
    *("exposureMode", "exposureTime", "exposureCompensation", "iso", "brightness", "contrast"),
    *("whiteBalanceMode", "colorTemperature", "sharpness", "saturation"),
]
WORDS = ["none", "manual", "continuous", "single-shot", "crop-and-scale", ""]
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-10, 2000)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([*WORDS, 10**400, 1e308, 5e-324, -0.0, {"x": 0.5, "y": 0.5}, object])
)
KEYS = st.sampled_from(["min", "max", "exact", "ideal", "x", "y", "min_"])
WISHES = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)
LIKELY = st.dictionaries(
    KEYS, st.integers(-10, 2000) | st.sampled_from(WORDS) | st.booleans(), max_size=3
)
SETS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), WISHES | LIKELY, max_size=4)
CONSTRAINTS = SETS | st.builds(
    lambda basic, advanced: {**basic, "advanced": advanced},
    SETS,
    st.lists(SETS | VALUES, max_size=3) | WISHES,
)

# As browsers do: what nobody knows is no error.
pytestmark = pytest.mark.filterwarnings("ignore:.*it is ignored")

REFUSALS = (OverconstrainedError, TypeError, ValueError)


@pytest.fixture(scope="module", params=["webcam", "phone"])
def camera(request):
    sim = SimulatedCamera(request.param, clock="manual")
    with Camera(sim.path) as camera:
        yield camera


@given(constraints=CONSTRAINTS)
def test_any_constraints_are_applied_or_refused(camera, constraints):
    before = camera.settings

    try:
        camera.apply_constraints(constraints)
    except REFUSALS:
        assert camera.settings == before
    else:
        assert camera.settings.to_dict().keys() == before.to_dict().keys()


@given(constraints=CONSTRAINTS, quantize=st.booleans())
def test_pure_choice_says_the_same(camera, constraints, quantize):
    able, now = camera.capabilities.to_dict(), camera.settings.to_dict()

    try:
        chosen = select_settings(able, now, constraints, quantize=quantize)
    except REFUSALS:
        return

    assert chosen.keys() == now.keys()
