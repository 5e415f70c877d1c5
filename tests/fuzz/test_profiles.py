# SPDX-License-Identifier: MIT
"""Anything may be in a profile: it loads and plays, or it is a ProfileError."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v4l2capture import Device, ProfileError, SimulatedCamera
from v4l2capture.profile import Profile

HERE = Path(__file__).resolve().parent
FILES = sorted((HERE.parents[1] / "v4l2capture" / "profiles").glob("*.json"))
REAL = [json.loads(path.read_text(encoding="utf-8")) for path in FILES]

MOST_PIXELS = 1920 * 1080  # of what is played; larger ones only take longer

# fmt: off
ODD = st.sampled_from([
    None, True, -1, 0, 1, 2**31, 2**32, -(2**63), 2**63, 2**64, 10**30, 0.5, 1e308, "", "0", "1/0",
    "0/1", "30000/1001", "4294967295/1", "1/4294967295", "0x009a090d", "0xffffffffff", "YUYV",
    "MJPG", "int", "menu", "rect", "a" * 40, "\0", "é", "\udc80", [], {}, [[]], [{}],
])
# fmt: on
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | ODD
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


def places(node, path=()):
    """Yield the path of everything inside a JSON value."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        yield (*path, key)
        if isinstance(child, dict | list):
            yield from places(child, (*path, key))


PLACES = [sorted(places(data), key=repr) for data in REAL]


@st.composite
def nearly_profiles(draw):
    """A profile that is all right but for a few places."""
    which = draw(st.integers(0, len(REAL) - 1))
    data = copy.deepcopy(REAL[which])
    for path in draw(st.lists(st.sampled_from(PLACES[which]), min_size=1, max_size=4)):
        node = data
        try:
            for key in path[:-1]:
                node = node[key]
            node[path[-1]] = draw(JSON)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return data


def load(source):
    try:
        return Profile.load(source)
    except ProfileError:
        return None


def is_playable(profile):
    sizes = [size for each in profile.formats for size in each.sizes]
    return all(size.max_width * size.max_height <= MOST_PIXELS for size in sizes)


def play(profile):
    """Take a frame; what a camera with faults answers is for other tests."""
    try:
        camera = SimulatedCamera(profile, clock="manual")
    except ProfileError:
        return
    with Device(camera.path) as device:
        device.formats()
        device.controls.read()
        again = Profile.load(device.profile())
        assert {c.id for c in again.controls} == {c.id for c in device.controls.values()}
        if not device.formats() or any(each.sizeimage for each in profile.formats):
            return
        with device.stream(buffers=1) as stream:
            camera.tick()
            assert stream.try_read() is not None


KEYS = sorted({key for data in REAL for key in data})


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), JSON, max_size=5))
def test_any_json_is_a_profile_or_a_profile_error(data):
    load(data)
    load(json.dumps(data))


@given(st.text(max_size=200))
def test_any_text_is_a_profile_or_a_profile_error(text):
    load("{" + text)


@given(nearly_profiles())
def test_what_loads_plays(data):
    profile = load(data)

    if profile is not None:
        assert Profile.load(profile.to_dict()) == profile
        if not profile.faults and is_playable(profile):
            play(profile)


@pytest.mark.parametrize("data", REAL, ids=[path.stem for path in FILES])
def test_what_is_changed_here_and_there_is_right_at_first(data):
    """Else nothing that was made from it would ever play."""
    assert load(data) is not None
