# SPDX-License-Identifier: MIT
"""W3C dictionaries: presence, spellings, JSON, and what is refused."""

import copy
import dataclasses
import json
import pickle
import re
import warnings
from fractions import Fraction

import pytest

from v4l2capture import dictionaries
from v4l2capture.dictionaries import (
    PROPERTIES,
    Constrain,
    Dictionary,
    FillLightMode,
    MediaSettingsRange,
    MediaTrackCapabilities,
    MediaTrackConstraints,
    MediaTrackConstraintSet,
    MediaTrackSettings,
    MediaTrackSupportedConstraints,
    MeteringMode,
    PhotoCapabilities,
    PhotoSettings,
    Point2D,
    RedEyeReduction,
    UnknownMemberWarning,
    VideoFacingMode,
    VideoResizeMode,
    camel,
    snake,
)

CLASSES = [
    each
    for each in vars(dictionaries).values()
    if isinstance(each, type) and issubclass(each, Dictionary) and each is not Dictionary
]

EXAMPLES = [
    (MediaSettingsRange, {"min": 100, "max": 500.5, "step": 1}),
    (Point2D, {"x": 0.5, "y": 0.25}),
    (
        MediaTrackCapabilities,
        {
            "deviceId": "a",
            "facingMode": ["user"],
            "width": {"min": 1, "max": 1920},
            "focusMode": ["manual", "continuous"],
            "zoom": {"min": 100, "max": 500, "step": 1},
            "torch": [False, True],
        },
    ),
    (
        MediaTrackSettings,
        {
            "deviceId": "a",
            "width": 640,
            "frameRate": 29.97,
            "focusMode": "manual",
            "pointsOfInterest": [{"x": 0.5, "y": 0.5}],
            "pan": -3600,
            "torch": False,
        },
    ),
    (
        MediaTrackConstraints,
        {
            "width": {"min": 640, "ideal": 1280},
            "focusMode": ["manual", "continuous"],
            "whiteBalanceMode": {"exact": "manual"},
            "exposureMode": "continuous",
            "pan": True,
            "zoom": 200,
            "torch": {"exact": True},
            "pointsOfInterest": {"exact": [{"x": 0.1, "y": 0.2}]},
            "advanced": [{"zoom": 100}, {}, {"torch": False}],
        },
    ),
    (
        PhotoCapabilities,
        {
            "redEyeReduction": "controllable",
            "imageHeight": {"min": 240, "max": 2448, "step": 2},
            "fillLightMode": ["off", "flash"],
        },
    ),
    (
        PhotoSettings,
        {"fillLightMode": "flash", "imageHeight": 480, "imageWidth": 640, "redEyeReduction": False},
    ),
]


def snaked(value):
    """The same in Python's spelling, all the way down."""
    if isinstance(value, dict):
        return {snake(name): snaked(each) for name, each in value.items()}
    return [snaked(each) for each in value] if isinstance(value, list) else value


# ---- the table ------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSES)
def test_attributes_are_the_members(cls):
    """They are written down twice: once for type checkers, once with what they take."""
    extensions = {"default"} if cls is MediaSettingsRange else set()

    assert [f.name for f in dataclasses.fields(cls) if f.name not in extensions] == [
        snake(name) for name in cls.MEMBERS
    ]


@pytest.mark.parametrize("name", [name for cls in CLASSES for name in cls.MEMBERS])
def test_both_spellings_are_one_name(name):
    assert camel(snake(name)) == name
    assert re.fullmatch(r"[a-z_0-9]+", snake(name))


def test_everything_that_has_a_setting_can_be_constrained():
    assert list(MediaTrackSettings.MEMBERS) == list(PROPERTIES)
    assert list(MediaTrackConstraintSet.MEMBERS) == list(PROPERTIES)
    assert set(PROPERTIES) - set(MediaTrackCapabilities.MEMBERS) == {"pointsOfInterest"}


def test_enumerations_are_those_of_the_specification():
    assert list(MeteringMode) == ["none", "manual", "single-shot", "continuous"]
    assert list(FillLightMode) == ["auto", "off", "flash"]
    assert list(RedEyeReduction) == ["never", "always", "controllable"]
    assert list(VideoFacingMode) == ["user", "environment", "left", "right"]
    assert list(VideoResizeMode) == ["none", "crop-and-scale"]
    assert json.dumps([MeteringMode.SINGLE_SHOT]) == '["single-shot"]'


# ---- presence, spellings, JSON -----------------------------------------------------------------


@pytest.mark.parametrize(("cls", "data"), EXAMPLES)
def test_json_makes_the_round_trip(cls, data):
    one = cls.of(data)

    assert json.loads(json.dumps(one.to_dict())) == data
    assert cls.of(json.loads(json.dumps(one.to_dict()))) == one


@pytest.mark.parametrize(("cls", "data"), EXAMPLES)
def test_both_spellings_give_the_same(cls, data):
    one = cls.of(data)

    assert cls.of(snaked(data)) == one
    assert cls.of(**data) == one
    assert cls.of(**snaked(data)) == one
    assert cls.of(one) is one
    assert cls(**{snake(name): value for name, value in data.items()}) == one


@pytest.mark.parametrize(("cls", "data"), EXAMPLES)
def test_only_what_is_present_is_seen(cls, data):
    one = cls.of(data)

    assert set(one) == set(one.keys()) == set(dict(one)) == set(data)
    assert len(one) == len(data)
    for name in cls.MEMBERS:
        there = name in data
        assert (name in one) == (snake(name) in one) == there
        assert (getattr(one, snake(name)) is not None) == there
        assert (one.get(name) is None) == (one.get(snake(name)) is None) == (not there)
    assert "nonsense" not in one
    assert 3 not in one
    with pytest.raises(KeyError):
        one["nonsense"]


@pytest.mark.parametrize(("cls", "data"), EXAMPLES)
def test_copies_are_equal(cls, data):
    one = cls.of(data)

    assert copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one


def test_plain_data_is_plain():
    one = PhotoSettings(fill_light_mode=FillLightMode.FLASH)

    assert type(one.to_dict()["fillLightMode"]) is str
    assert one.fill_light_mode is FillLightMode.FLASH
    assert PhotoSettings.of({"fillLightMode": "flash"}).fill_light_mode is FillLightMode.FLASH


def test_default_is_beside_the_dictionary():
    one = MediaSettingsRange(min=1, max=9, default=5)

    assert one.default == 5
    assert one.to_dict() == {"min": 1, "max": 9}
    assert "default" not in one
    assert one == MediaSettingsRange(min=1, max=9)


def test_null_is_absent():
    one = MediaTrackConstraints.of({"zoom": None, "torch": True})

    assert one.to_dict() == {"torch": True}


def test_nothing_is_shared_with_what_was_given():
    given = {"focusMode": ["manual"], "advanced": [{"zoom": 1}]}
    one = MediaTrackConstraints.of(given)

    given["focusMode"].append("none")
    given["advanced"][0]["zoom"] = 2
    one.to_dict()["focusMode"].append("none")

    assert one.to_dict() == {"focusMode": ["manual"], "advanced": [{"zoom": 1}]}


def test_members_cannot_be_assigned():
    with pytest.raises(dataclasses.FrozenInstanceError):
        MediaTrackSettings(zoom=1).zoom = 2


def test_points_begin_at_the_corner():
    assert Point2D() == Point2D(0, 0) == Point2D.of({})
    assert Point2D.of({"x": 1}).to_dict() == {"x": 1, "y": 0.0}


def test_whole_numbers_are_clamped():
    one = MediaTrackConstraints.of({"width": -5, "height": {"max": float("inf"), "min": 1.6}})

    assert one.to_dict() == {"width": 0, "height": {"max": 4294967295, "min": 2}}


def test_whole_number_that_is_too_large_for_a_double_is_clamped():
    one = MediaTrackConstraints.of({"width": 10**400, "height": -(10**400)})

    assert one.to_dict() == {"width": 4294967295, "height": 0}


def test_every_property_is_supported():
    assert MediaTrackSupportedConstraints().to_dict() == dict.fromkeys(PROPERTIES, True)


# ---- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cls", "data"),
    [
        (MediaTrackConstraints, {"focusMode": "manual", "focus_mode": "manual"}),
        (MediaTrackConstraints, {"zoom": {"min": "1"}}),
        (MediaTrackSettings, {"zoom": True}),
        (MediaTrackSettings, {"zoom": complex(1)}),
        (MediaTrackSettings, {"width": float("nan")}),
        (MediaTrackSettings, {"zoom": 10**400}),
        (MediaTrackSettings, {"zoom": Fraction(10**400)}),
        (MediaTrackSettings, {"pointsOfInterest": [{"x": "0"}]}),
        (MediaTrackCapabilities, {"torch": True}),
        (MediaTrackCapabilities, {"zoom": 3}),
        (MediaTrackCapabilities, {"focusMode": "manual"}),
        (PhotoSettings, {"fillLightMode": "torch"}),
        (PhotoSettings, {"redEyeReduction": 1}),
        (PhotoSettings, {"imageWidth": "640"}),
        (PhotoCapabilities, {"redEyeReduction": True}),
        (PhotoSettings, []),
        (PhotoSettings, "x"),
        (PhotoSettings, 3),
    ],
)
def test_wrong_type_is_a_type_error(cls, data):
    with pytest.raises(TypeError):
        cls.of(data)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"focusMode": 3}, "focusMode takes a string, not 3"),
        ({"focusMode": ["manual", 3]}, "focusMode takes a string, not 3"),
        ({"focusMode": "a", "focus_mode": "b"}, "focusMode twice, as focus_mode and focusMode$"),
    ],
    ids=str,
)
def test_complaint_says_what_is_wrong(data, complaint):
    with pytest.raises(TypeError, match=complaint):
        MediaTrackConstraints.of(data)


def test_member_that_is_a_keyword_too_is_a_type_error():
    with pytest.raises(TypeError, match=r"zoom twice$"):
        MediaTrackConstraints.of({"zoom": 200}, zoom=300)


def test_keyword_that_is_no_member_is_a_type_error():
    with pytest.raises(TypeError, match="image_widht"):
        PhotoSettings.of(image_widht=640)
    with pytest.raises(TypeError):
        PhotoSettings.of({"imageWidth": 640}, image_width=640)


@pytest.mark.parametrize(
    "data", [{"nonsense": 1}, {"zoom": {"nonsense": 1}}, {"advanced": [{"nonsense": 1}]}, {3: 4}]
)
def test_unknown_member_is_dropped_with_a_warning_at_the_callers_line(data):
    with pytest.warns(UnknownMemberWarning) as caught:
        one = MediaTrackConstraints.of(data)

    assert "nonsense" not in str(one.to_dict())
    assert caught[0].filename == __file__


def test_bounds_of_a_string_are_unknown_members():
    with pytest.warns(UnknownMemberWarning, match="focusMode has no min"):
        one = MediaTrackConstraints.of({"focusMode": {"min": 1, "exact": "manual"}})

    assert one.focus_mode == Constrain(exact="manual")


def test_names_of_microphones_are_dropped_in_silence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(MediaTrackConstraints.of({"echoCancellation": {"exact": True}})) == 0
