# SPDX-License-Identifier: MIT
"""Whatever is wanted: the result is possible, is allowed, is best, and stays."""

import math
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from v4l2capture.constraints import fitness_distance, select_settings
from v4l2capture.errors import OverconstrainedError

MODES_OF_FOCUS = ["none", "manual", "single-shot", "continuous"]

RATES = (60, 30, 25, 15, 5)
SIZES = ((160, 120), (176, 144), (320, 240), (640, 360), (640, 480), (1280, 720))

numbers = st.one_of(
    st.integers(-60, 60), st.floats(-60, 60, allow_nan=False).map(lambda x: round(x, 3))
)


@st.composite
def ranges(draw):
    low, span = draw(st.integers(-20, 20)), draw(st.integers(1, 40))
    return {"min": low, "max": low + span, "step": draw(st.integers(1, 7))}


@st.composite
def bounds(draw, values):
    keys = draw(st.sets(st.sampled_from(["min", "max", "exact", "ideal"])))
    return {key: draw(values) for key in sorted(keys)}


def wishes(values):
    return st.one_of(values, bounds(values))


@st.composite
def texts(draw):
    some = st.lists(st.sampled_from(MODES_OF_FOCUS), max_size=3)
    value = draw(st.one_of(st.sampled_from(MODES_OF_FOCUS), some))
    return draw(st.sampled_from([value, {"exact": value}, {"ideal": value}]))


@st.composite
def sets(draw):
    kinds = {
        "zoom": wishes(numbers),
        "brightness": wishes(numbers),
        "tilt": wishes(numbers),  # which the camera does not have
        "focusMode": texts(),
        "torch": st.sampled_from([True, False, {"exact": True}, {"ideal": True}]),
    }
    names = draw(st.sets(st.sampled_from(sorted(kinds))))
    return {name: draw(kinds[name]) for name in sorted(names)}


@st.composite
def cameras(draw):
    able = {
        "zoom": draw(ranges()),
        "brightness": draw(ranges()),
        "focusMode": draw(st.lists(st.sampled_from(MODES_OF_FOCUS), min_size=1, unique=True)),
        "torch": draw(st.sampled_from([[False, True], [True], [False]])),
    }
    now = {
        "zoom": draw(st.sampled_from(steps(able["zoom"]))),
        "brightness": draw(st.sampled_from(steps(able["brightness"]))),
        "focusMode": draw(st.sampled_from(able["focusMode"])),
        "torch": draw(st.sampled_from(able["torch"])),
    }
    return able, now


def steps(able):
    return list(range(able["min"], able["max"] + 1, able["step"]))


def basic(constraints):
    return {name: value for name, value in constraints.items() if name != "advanced"}


def chosen_or_none(able, now, wanted, **more):
    try:
        return select_settings(able, now, wanted, **more)
    except OverconstrainedError as error:
        if error.constraint not in {"", *wanted}:
            raise
        return None


def satisfied(able, now, constraints, advanced):
    """Whether settings hold what is required, with advanced sets read as exact."""
    if advanced:
        constraints = {
            name: {"exact": value} if not isinstance(value, dict) else value
            for name, value in constraints.items()
            if not (name in ("zoom", "tilt") and isinstance(value, bool))
        }
    return math.isfinite(fitness_distance(able, now, constraints))


@given(cameras(), sets(), st.lists(sets(), max_size=3))
def test_result_lies_in_the_capabilities_and_stays(camera, wanted, advanced):
    able, now = camera
    constraints = wanted | {"advanced": advanced}

    chosen = chosen_or_none(able, now, constraints)

    if chosen is None:
        return
    assert chosen.keys() == now.keys()
    for name in ("zoom", "brightness"):
        assert chosen[name] in steps(able[name])
    for name in ("focusMode", "torch"):
        assert chosen[name] in able[name]
    assert satisfied(able, chosen, wanted, advanced=False)
    assert select_settings(able, chosen, constraints) == chosen


@given(cameras(), sets())
def test_result_is_no_worse_than_any_alternative(camera, wanted):
    able, now = camera

    chosen = chosen_or_none(able, now, wanted)

    alternatives = (
        dict(zip(able, values, strict=True))
        for values in product(
            steps(able["zoom"]), steps(able["brightness"]), able["focusMode"], able["torch"]
        )
    )
    distances = [fitness_distance(able, each, wanted) for each in alternatives]
    if chosen is None:
        assert not any(map(math.isfinite, distances))
    else:
        assert fitness_distance(able, chosen, wanted) <= min(distances) + 1e-9


@given(cameras(), sets(), st.lists(sets(), max_size=3))
def test_advanced_sets_never_make_it_fail_and_the_first_that_can_be_met_is(
    camera, wanted, advanced
):
    able, now = camera

    plain = chosen_or_none(able, now, wanted)
    chosen = chosen_or_none(able, now, wanted | {"advanced": advanced})

    assert (plain is None) == (chosen is None)
    if chosen is not None and advanced and satisfied(able, chosen, advanced[0], advanced=True):
        alone = chosen_or_none(able, now, wanted | {"advanced": advanced[:1]})
        assert satisfied(able, alone, advanced[0], advanced=True)


@given(cameras(), sets())
def test_steps_are_left_alone_without_quantize(camera, wanted):
    able, now = camera

    chosen = chosen_or_none(able, now, wanted, quantize=False)

    if chosen is not None:
        for name in ("zoom", "brightness"):
            exact = wanted.get(name, {})
            if isinstance(exact, dict) and "exact" in exact:
                assert chosen[name] == exact["exact"]
            assert able[name]["min"] <= chosen[name] <= able[name]["max"]


# ---- video ---------------------------------------------------------------------------------------

VIDEO = {
    "width": {"min": 1, "max": 1280},
    "height": {"min": 1, "max": 720},
    "aspectRatio": {"min": 1 / 720, "max": 1280},
    "frameRate": {"min": 0, "max": 60},
    "resizeMode": ["none", "crop-and-scale"],
}

modes_of_video = st.lists(
    st.tuples(st.sampled_from(SIZES), st.sampled_from(RATES)), min_size=1, max_size=12, unique=True
)


@st.composite
def video_sets(draw):
    kinds = {
        "width": wishes(st.integers(1, 1500)),
        "height": wishes(st.integers(1, 900)),
        "aspectRatio": wishes(st.sampled_from([1, 4 / 3, 1.5, 16 / 9, 2.2])),
        "frameRate": wishes(st.sampled_from([1, 5, 7.5, 10, 12, 15, 20, 24, 25, 30, 50, 60])),
        "resizeMode": st.sampled_from(
            ["none", "crop-and-scale", {"exact": "none"}, {"exact": "crop-and-scale"}]
        ),
    }
    names = draw(st.sets(st.sampled_from(sorted(kinds))))
    return {name: draw(kinds[name]) for name in sorted(names)}


def as_settings(width, height, rate, resize="none"):
    return {
        "width": width,
        "height": height,
        "aspectRatio": round(width / height, 10),
        "frameRate": float(rate),
        "resizeMode": resize,
    }


@given(modes_of_video, video_sets(), st.lists(video_sets(), max_size=2), st.data())
def test_video_mode_is_possible_allowed_best_and_stays(natives, wanted, advanced, data):
    modes = [{"width": w, "height": h, "frameRate": rate} for (w, h), rate in natives]
    (width, height), rate = data.draw(st.sampled_from(natives))
    now = as_settings(width, height, rate)
    constraints = wanted | {"advanced": advanced}

    chosen = chosen_or_none(VIDEO, now, constraints, modes=modes)

    native = [as_settings(w, h, rate) for (w, h), rate in natives]
    smaller = [
        as_settings(w, h, rate / n, "crop-and-scale") for (w, h), rate in natives for n in (1, 2, 3)
    ]
    distances = [fitness_distance(VIDEO, each, wanted) for each in native + smaller]
    if chosen is None:
        assert not any(map(math.isfinite, distances))
        return
    assert math.isfinite(fitness_distance(VIDEO, chosen, wanted))
    if not advanced:
        assert fitness_distance(VIDEO, chosen, wanted) <= min(distances) + 1e-9
    if chosen["resizeMode"] == "none":
        assert chosen in native
    else:
        assert any(
            chosen["width"] <= w
            and chosen["height"] <= h
            and abs(rate / chosen["frameRate"] - round(rate / chosen["frameRate"])) < 1e-9
            for (w, h), rate in natives
        )
    assert select_settings(VIDEO, chosen, constraints, modes=modes) == chosen


@settings(max_examples=40)
@given(
    st.sampled_from([(32, 24), (30, 15), (18, 32)]),
    st.fixed_dictionaries(
        {},
        optional={
            "width": wishes(st.integers(6, 36)),
            "height": wishes(st.integers(6, 36)),
            "aspectRatio": wishes(st.sampled_from([0.5, 1, 4 / 3, 1.5, 16 / 9])),
        },
    ),
)
def test_no_other_crop_is_nearer(native, wanted):
    """Every size up to the native one is compared."""
    width, height = native
    modes = [{"width": width, "height": height, "frameRate": 30}]
    wanted = wanted | {"resizeMode": {"exact": "crop-and-scale"}}
    now = as_settings(width, height, 30)

    chosen = chosen_or_none(VIDEO, now, wanted, modes=modes)

    # A ratio is met to the nearest pixel, which in a crop of 3x2 is half of it.
    distances = [
        fitness_distance(VIDEO, as_settings(w, h, 30, "crop-and-scale"), wanted) + 1 / min(w, h)
        for w in range(1, width + 1)
        for h in range(1, height + 1)
    ]
    if chosen is None:
        assert not any(map(math.isfinite, distances))
    else:
        # The corner where two wishes meet lies between pixels.
        pixel = 1 / min(chosen["width"], chosen["height"])
        assert fitness_distance(VIDEO, chosen, wanted) <= min(distances) + pixel
