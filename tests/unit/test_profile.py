# SPDX-License-Identifier: MIT
"""Profiles: what loads, what is refused and where, and that nothing is lost on the way."""

import json
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v4l2capture._native import lib
from v4l2capture.errors import ProfileError
from v4l2capture.profile import CAPABILITIES, TYPES, Profile

LEAST = {"card": "A camera", "driver": "a driver"}
CONTROL = {"id": "0x00980900", "name": "brightness", "type": "int", "min": 0, "max": 9}
SIZE = {"width": 640, "height": 480}


def with_control(**members):
    return LEAST | {"controls": [CONTROL | members]}


def with_size(**members):
    return LEAST | {"formats": [{"pixel_format": "YUYV", "sizes": [SIZE | members]}]}


def control(**members):
    return Profile.load(with_control(**members)).controls[0]


# ---- numbers that are the kernel's ----


@pytest.mark.parametrize("word", CAPABILITIES)
def test_capability_is_the_kernels(word):
    names = {"read-write": "READWRITE"}
    name = names.get(word, word.replace("-", "_").upper())

    assert CAPABILITIES[word] == getattr(lib, f"V4L2_CAP_{name}")


@pytest.mark.parametrize("word", TYPES)
def test_type_is_the_kernels(word):
    names = {
        "int": "INTEGER",
        "bool": "BOOLEAN",
        "int64": "INTEGER64",
        "str": "STRING",
        "intmenu": "INTEGER_MENU",
    }

    assert TYPES[word] == getattr(lib, f"V4L2_CTRL_TYPE_{names.get(word, word.upper())}")


# ---- what loads ----


def test_card_and_driver_are_enough():
    profile = Profile.load(LEAST)

    assert profile.controls == ()
    assert [each.pixel_format for each in profile.formats] == ["YUYV", "MJPG"]
    assert [(size.max_width, size.max_height) for size in profile.formats[0].sizes] == [
        (640, 480),
        (1280, 720),
        (1920, 1080),
    ]
    assert profile.formats[0].sizes[0].frame_rates == (30, 15)


def test_no_formats_is_not_the_usual_formats():
    assert Profile.load(LEAST | {"formats": []}).formats == ()


def test_from_text_from_bytes_on_disk_and_from_itself(tmp_path):
    profile = Profile.load(LEAST)
    path = tmp_path / "camera.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(LEAST).encode())

    assert Profile.load(json.dumps(LEAST)) == profile
    assert Profile.load(path) == profile
    assert Profile.load(str(path)) == profile
    assert Profile.load(profile) is profile


def test_unknown_keys_are_ignored():
    assert Profile.load(LEAST | {"source": ["anything"]}) == Profile.load(LEAST)


@pytest.mark.parametrize(
    "members",
    [
        {"default": 57343},
        {"step": 0},
        {"min": 10, "max": 5},
        {"value": -8193},
        {"min": None, "max": None, "step": None, "default": None, "value": None},
        {"type": "menu", "menu": {"0": "Auto", "2": "Shutter"}, "max": 3},
        {"type": "intmenu", "menu": {"0": "-4000", "3": 8}},
        {"type": "107"},
        {"flags": ["inactive", "0x00001000"]},
        {"id": 0x0A046D05},
        {"type": "int64", "min": -(1 << 63), "max": (1 << 63) - 1},
    ],
    ids=str,
)
def test_contradictions_of_real_cameras_load(members):
    Profile.load(with_control(**members))


def test_rates_are_exact():
    profile = Profile.load(with_size(frame_rates=["30000/1001", 30, 29.97, "7.5"]))

    assert profile.formats[0].sizes[0].frame_rates == (
        Fraction(30000, 1001),
        30,
        Fraction(2997, 100),
        Fraction(15, 2),
    )


def test_other_spellings_of_formats():
    """Listings of real cameras write them so."""
    formats = [{"fourcc": "Y16", "sizes": [SIZE | {"fps": [30]}]}]

    one = Profile.load(LEAST | {"formats": formats}).formats[0]

    assert (one.pixel_format, one.sizes[0].frame_rates) == ("Y16 ", (30,))


def test_controls_are_sorted_by_id():
    controls = [CONTROL | {"id": 0x980913}, CONTROL]

    profile = Profile.load(LEAST | {"controls": controls})

    assert [each.id for each in profile.controls] == [0x980900, 0x980913]


def test_id_may_come_from_the_name():
    bare = {"name": "zoom_absolute", "type": "int"}

    assert Profile.load(LEAST | {"controls": [bare]}).controls[0].id == 0x9A090D


def test_multiplanar_follows_from_the_formats():
    formats = [{"pixel_format": "NM12", "sizes": [SIZE]}]

    assert Profile.load(LEAST | {"formats": formats}).multiplanar
    assert not Profile.load(LEAST).multiplanar
    assert Profile.load(LEAST | {"capabilities": ["video-capture-mplane"]}).multiplanar


# ---- unknown numbers ----


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, (0, 9, 1, 0, 0)),
        ({"default": 5}, (0, 9, 1, 5, 5)),
        ({"value": 5}, (0, 9, 1, 5, 5)),
        ({"value": 99}, (0, 9, 1, 0, 99)),
        ({"min": None, "max": None, "value": -5}, (-5, 0, 1, -5, -5)),
        ({"type": "bool", "min": None, "max": None}, (0, 1, 1, 0, 0)),
        ({"type": "button", "min": None, "max": None}, (0, 0, 0, 0, 0)),
        ({"type": "menu", "min": None, "max": None, "menu": {"1": "a", "3": "b"}}, (1, 3, 1, 1, 1)),
    ],
    ids=str,
)
def test_unknown_numbers_become_harmless_ones(members, expected):
    full = control(**members).filled()

    assert (full.minimum, full.maximum, full.step, full.default, full.value) == expected


# ---- clusters ----


EXPOSURE = [
    {"id": 0x9A0901, "name": "auto_exposure", "type": "menu", "max": 3, "value": 3},
    {"id": 0x9A0902, "name": "exposure", "type": "int", "max": 9, "flags": ["inactive"]},
]


def test_uvc_cameras_have_the_clusters_of_the_driver():
    profile = Profile.load({"card": "c", "driver": "uvcvideo", "controls": EXPOSURE})

    assert [(each.master, each.manual, each.slaves) for each in profile.clusters] == [
        (0x9A0901, 1, (0x9A0902,))
    ]
    assert profile.refuse_inactive


def test_flags_overrule_the_clusters():
    """A control that was listed as active under an automatic master has no such master."""
    active = [EXPOSURE[0], EXPOSURE[1] | {"flags": []}]

    assert Profile.load({"card": "c", "driver": "uvcvideo", "controls": active}).clusters == ()


def test_other_drivers_have_the_clusters_that_are_written_down():
    clusters = [{"master": "0x009a0901", "manual": 1, "slaves": ["exposure_time_absolute"]}]
    data = LEAST | {"controls": EXPOSURE}

    assert Profile.load(data).clusters == ()
    assert len(Profile.load(data | {"clusters": clusters}).clusters) == 1


# ---- what is refused ----


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({}, ""),
        (LEAST | {"card": None}, ""),
        (LEAST | {"card": 5}, "card"),
        (LEAST | {"card": "a\0b"}, "card"),
        (LEAST | {"card": "\ud800"}, "card"),
        (LEAST | {"version": "6"}, "version"),
        (LEAST | {"version": "6.x.1"}, "version"),
        (LEAST | {"formats": {}}, "formats"),
        (LEAST | {"formats": [5]}, "formats[0]"),
        (LEAST | {"formats": [{"sizes": [SIZE]}]}, "formats[0]"),
        (LEAST | {"formats": [{"pixel_format": "YUY", "sizes": []}]}, "formats[0].sizes"),
        (LEAST | {"formats": [{"pixel_format": "TOOLONG"}]}, "formats[0].pixel_format"),
        (LEAST | {"formats": [{"pixel_format": ""}]}, "formats[0].pixel_format"),
        (LEAST | {"formats": [{"pixel_format": "éé"}]}, "formats[0].pixel_format"),
        (LEAST | {"formats": [{"pixel_format": "YUYV"}] * 2}, "formats[1].pixel_format"),
        (LEAST | {"formats": [{"pixel_format": "YUYV"}] * 257}, "formats"),
        (with_size(width=0), "formats[0].sizes[0].width"),
        (with_size(width=-1), "formats[0].sizes[0].width"),
        (with_size(width=1.5), "formats[0].sizes[0].width"),
        (with_size(width=True), "formats[0].sizes[0].width"),
        (with_size(width=1 << 40), "formats[0].sizes[0].width"),
        (with_size(height=None), "formats[0].sizes[0]"),
        (with_size(frame_rates=30), "formats[0].sizes[0].frame_rates"),
        (with_size(frame_rates=["1/0"]), "formats[0].sizes[0].frame_rates[0]"),
        (with_size(frame_rates=["fast"]), "formats[0].sizes[0].frame_rates[0]"),
        (with_size(frame_rates=["1e999999999"]), "formats[0].sizes[0].frame_rates[0]"),
        (with_size(frame_rates=[0]), "formats[0].sizes[0].frame_rates[0]"),
        (with_size(frame_rates=[-30]), "formats[0].sizes[0].frame_rates[0]"),
        (with_size(frame_rates=[float("nan")]), "formats[0].sizes[0].frame_rates[0]"),
        (with_size(frame_rates=[float("inf")]), "formats[0].sizes[0].frame_rates[0]"),
        (with_size(frame_rates=[True]), "formats[0].sizes[0].frame_rates[0]"),
        (with_size(frame_rate_range=["60", "1"]), "formats[0].sizes[0].frame_rate_range"),
        (with_size(frame_rate_range=["60"]), "formats[0].sizes[0].frame_rate_range"),
        (with_size(min_width=9), "formats[0].sizes[0]"),
        (
            LEAST | {"formats": [{"pixel_format": "YUYV", "bytesperline_align": 1 << 20}]},
            "formats[0].bytesperline_align",
        ),
        (LEAST | {"controls": None, "subdevices": 5}, "subdevices"),
        (LEAST | {"controls": "none"}, "controls"),
        (LEAST | {"controls": [[]]}, "controls[0]"),
        (LEAST | {"controls": [CONTROL, CONTROL]}, "controls[1].id"),
        (LEAST | {"controls": [{"name": "?", "type": "int"}]}, "controls[0].name"),
        (with_control(id="zoom in"), "controls[0].id"),
        (with_control(id=0), "controls[0].id"),
        (with_control(id=1 << 31), "controls[0].id"),
        (with_control(id=1 << 33), "controls[0].id"),
        (with_control(type=None), "controls[0]"),
        (with_control(type="number"), "controls[0].type"),
        (with_control(min="small"), "controls[0].min"),
        (with_control(min=float("nan")), "controls[0].min"),
        (with_control(max=1 << 63), "controls[0].max"),
        (with_control(default=[1]), "controls[0].default"),
        (with_control(step=-1), "controls[0].step"),
        (with_control(step=1 << 64), "controls[0].step"),
        (with_control(flags="slider"), "controls[0].flags"),
        (with_control(flags=["shiny"]), "controls[0].flags[0]"),
        (with_control(flags=[1.5]), "controls[0].flags[0]"),
        (with_control(menu=[]), "controls[0].menu"),
        (with_control(type="menu", menu={"one": "One"}), "controls[0].menu.one"),
        (with_control(type="menu", menu={"-1": "One"}), "controls[0].menu.-1"),
        (with_control(type="menu", menu={"1": 1}), "controls[0].menu.1"),
        (with_control(type="menu", menu={"1": "a", "0x1": "b"}), "controls[0].menu.0x1"),
        (with_control(type="intmenu", menu={"1": "One"}), "controls[0].menu.1"),
        (with_control(type="u8", dims=[0]), "controls[0].dims[0]"),
        (with_control(type="u8", dims=[1] * 5), "controls[0].dims"),
        (with_control(type="u8", dims=[2], value="xyz"), "controls[0].value"),
        (with_control(type="u8", dims=[2], value=[1, "x"]), "controls[0].value[1]"),
        (with_control(type="str", value=["a"]), "controls[0].value"),
        (LEAST | {"subdevices": [{"controls": []}]}, "subdevices[0]"),
        (
            LEAST | {"subdevices": [{"function": "flash", "controls": [CONTROL, 5]}]},
            "subdevices[0].controls[1]",
        ),
        (LEAST | {"capabilities": ["magic"]}, "capabilities[0]"),
        (LEAST | {"clusters": [{"master": 1, "manual": 1}]}, "clusters[0].slaves"),
        (LEAST | {"clusters": [{"master": 1, "manual": 1, "slaves": [2]}]}, "clusters[0].master"),
        (LEAST | {"inactive_writes": "maybe"}, "inactive_writes"),
        (LEAST | {"multiplanar": 1}, "multiplanar"),
        (LEAST | {"faults": [{"count": 1}]}, "faults[0]"),
        (LEAST | {"faults": [{"fault": "drop", "count": -1}]}, "faults[0].count"),
    ],
    ids=lambda value: str(value)[-50:],
)
def test_malformed_profile_says_where(data, where):
    with pytest.raises(ProfileError) as caught:
        Profile.load(json.loads(json.dumps(data)) if "nan" not in str(data) else data)

    assert caught.value.where == where


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"card": NaN}',
        '{"card": Infinity}',
        '{"card": "a", "card": "b"}',
        '{"a": ' * 100_000,
        "{" + " " * (5 << 20) + "}",
        '{"card": "a", "driver": "b", "formats": ' + "9" * 5000 + "}",
    ],
    ids=["open", "nan", "infinity", "twice", "deep", "long", "digits"],
)
def test_text_that_is_no_json(text):
    with pytest.raises(ProfileError):
        Profile.load(text)


def test_file_that_is_no_object(tmp_path):
    path = tmp_path / "camera.json"
    for content in (b"\xff\xfe\x00", b"[]", b'"text"', b""):
        path.write_bytes(content)
        with pytest.raises(ProfileError):
            Profile.load(path)
    with pytest.raises(FileNotFoundError):
        Profile.load(tmp_path / "nothing.json")


# ---- there and back ----

NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1) | st.none()
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
RATES = st.fractions(Fraction(1, 100), 240, max_denominator=1001)
SIZES = st.fixed_dictionaries(
    {
        "width": st.integers(1, 16384),
        "height": st.integers(1, 16384),
        "frame_rates": st.lists(RATES.map(str), max_size=3),
    }
)
FORMATS = st.fixed_dictionaries(
    {
        "pixel_format": st.sampled_from(["YUYV", "MJPG", "NM12", "Y16", "Y16 -BE", "pRAA"]),
        "sizes": st.lists(SIZES, min_size=1, max_size=3),
    }
)
CONTROLS = st.fixed_dictionaries(
    {
        "id": st.integers(1, 0x0FFFFFFF),
        "name": WORDS,
        "type": st.sampled_from(["int", "bool", "menu", "int64", "bitmask", "button"]),
        "min": NUMBERS,
        "max": NUMBERS,
        "step": st.integers(0, (1 << 64) - 1) | st.none(),
        "default": NUMBERS,
        "value": NUMBERS,
        "flags": st.lists(st.sampled_from(["inactive", "slider", "0x80000000"])),
    },
    optional={"menu": st.dictionaries(st.integers(0, 50).map(str), WORDS, max_size=5)},
)
PROFILES = st.fixed_dictionaries(
    {
        "card": WORDS,
        "driver": WORDS | st.just("uvcvideo"),
        "formats": st.lists(FORMATS, max_size=3, unique_by=lambda each: each["pixel_format"]),
        "controls": st.lists(CONTROLS, max_size=5, unique_by=lambda each: each["id"]),
    }
)


@settings(max_examples=100)
@given(PROFILES)
def test_profile_survives_the_way_through_json(data):
    profile = Profile.load(data)

    assert Profile.load(json.dumps(profile.to_dict())) == profile


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
KEYS = ["formats", "controls", "subdevices", "clusters", "faults", "capabilities", "version"]


@settings(max_examples=200)
@given(st.sampled_from(KEYS), JSON)
def test_nonsense_is_never_anything_but_a_profile_error(key, value):
    try:
        Profile.load(LEAST | {key: value})
    except ProfileError as error:
        assert error.where.startswith(key) or error.where == ""  # noqa: PT017
