# SPDX-License-Identifier: MIT
"""The constraint and behaviour cases of browsers' test suites.

``conformance`` of a case: "spec" is what the W3C says, "spec-corrected" where a browser
still does otherwise, "browser" where the W3C is silent. Each case runs here, as arithmetic or
(live_cases.py) with a simulated camera, or stands in LEFT_OUT with its reason.
"""

import copy
import json
from pathlib import Path

import pytest

from v4l2capture.constraints import select_settings, selectable
from v4l2capture.dictionaries import (
    MediaTrackCapabilities,
    MediaTrackConstraints,
    MediaTrackSettings,
    MediaTrackSupportedConstraints,
    PhotoCapabilities,
    PhotoSettings,
    UnknownMemberWarning,
)
from v4l2capture.errors import OverconstrainedError

from .live_cases import LIVE, Page

DATA = Path(__file__).resolve().parents[1] / "data" / "conformance" / "cases.json"
CASES = {case["id"]: case for case in json.loads(DATA.read_text(encoding="utf-8"))}

PRIVACY = "browser only: hides cameras from pages that have not captured yet"

LEFT_OUT = {
    "wpt-image-128": "browser only: a size out of range is refused, asked for or not",
    "wpt-image-130": "browser only: a track that has no camera",
    "wpt-streams-071": PRIVACY,
    "wpt-streams-072": PRIVACY,
    "wpt-streams-097": "browser only: microphones",
    "wpt-streams-098": "browser only: permissions that are taken back",
    "wpt-streams-100": "browser only: an event that scripts make",
}

# What "one camera" is.
CAPABILITIES = {
    "deviceId": "cam1",
    "groupId": "g1",
    "width": {"min": 1, "max": 1280},
    "height": {"min": 1, "max": 720},
    "aspectRatio": {"min": 1 / 720, "max": 1280},
    "frameRate": {"min": 0, "max": 30},
    "resizeMode": ["none", "crop-and-scale"],
}
SETTINGS = {
    "deviceId": "cam1",
    "groupId": "g1",
    "width": 640,
    "height": 480,
    "aspectRatio": 1.3333333333,
    "frameRate": 30,
    "resizeMode": "none",
}
MODES = [
    {"width": 640, "height": 480, "frameRate": 30},
    {"width": 1280, "height": 720, "frameRate": 30},
]


def cases(*actions):
    return [
        pytest.param(case, id=case["id"])
        for case in CASES.values()
        if case["action"].startswith(actions) and case["id"] not in LEFT_OUT.keys() | LIVE.keys()
    ]


APPLY = cases("applyConstraints")
SELECT = cases("getUserMedia")
KEPT = cases("getCapabilities", "getSettings", "getPhotoSettings", "getPhotoCapabilities")
SUPPORTED = cases("MediaDevices.getSupportedConstraints", "getSupportedConstraints")


def test_every_case_runs_or_has_its_reason():
    run = {param.id for params in (APPLY, SELECT, KEPT, SUPPORTED) for param in params}

    assert run | LEFT_OUT.keys() | LIVE.keys() == CASES.keys()
    assert not run & (LEFT_OUT.keys() | LIVE.keys())
    assert not LEFT_OUT.keys() & LIVE.keys()


def applied(case):
    """Apply the constraints of a case as a track would; return what happened."""
    able = case["given"].get("capabilities") or {}
    now = case["given"].get("settings") or {}
    wanted = case["input"] or {}
    try:
        chosen = select_settings(able, now, wanted, quantize=False)
    except OverconstrainedError as error:
        return {"rejects": error.name, "constraint": error.constraint}, now
    return {"resolves": None}, chosen


@pytest.mark.parametrize("case", APPLY)
@pytest.mark.filterwarnings("ignore::v4l2capture.dictionaries.UnknownMemberWarning")
def test_constraints_are_applied(case):
    before = copy.deepcopy(case)
    want = case["expect"]

    result, chosen = applied(case)

    if "getConstraints" in want:
        kept = [MediaTrackConstraints.of(each).to_dict() for each in (case["input"], {})]
        if "rejects" in want:
            kept = kept[1]
        assert kept == want["getConstraints"]
    else:
        assert ("rejects" in want) == ("rejects" in result)
    if "rejects" in want:
        assert result["rejects"] == want["rejects"]
        assert result["constraint"] == want.get("constraint", result["constraint"])
    else:
        assert result == {"resolves": None}
    if want.get("settings_unchanged"):
        assert chosen == (case["given"].get("settings") or {})
    for name, value in want.get("settings", {}).items():
        assert chosen[name] == value
    assert case == before


@pytest.mark.parametrize("case", cases("applyConstraints, get"))
def test_advanced_set_that_fits_is_met(case):
    (wanted,) = case["input"]["advanced"]
    able = case["given"]["capabilities"]

    _, chosen = applied(case)

    assert {name: chosen.get(name) for name in wanted if name in able} == {
        name: value for name, value in wanted.items() if name in able
    }


@pytest.mark.parametrize("case", SELECT)
def test_device_is_selected(case):
    wanted, want = case["input"]["video"], case["expect"]

    if want.get("rejects") == "TypeError":
        with pytest.raises(TypeError):
            selectable(wanted)
        return
    given = selectable(wanted)
    if "rejects" in want:
        with pytest.raises(OverconstrainedError) as caught:
            select_settings(CAPABILITIES, SETTINGS, given, modes=MODES)
        assert caught.value.constraint == want["constraint"]
        return
    chosen = select_settings(CAPABILITIES, SETTINGS, given, modes=MODES)
    for name, value in want.get("settings", {}).items():
        if isinstance(value, str) and value.startswith("<= "):
            assert chosen[name] <= float(value[3:])
        else:
            assert chosen[name] == value


@pytest.mark.parametrize("case", KEPT)
def test_dictionary_keeps_every_member(case):
    kind = {
        "getCapabilities": MediaTrackCapabilities,
        "getPhotoSettings": PhotoSettings,
        "getPhotoCapabilities": PhotoCapabilities,
    }.get(case["action"], MediaTrackSettings)
    want = case["expect"]["contains"]

    found = json.loads(json.dumps(kind.of(want).to_dict()))

    assert found == want


@pytest.mark.parametrize("case", SUPPORTED)
def test_constraint_is_supported(case):
    found = MediaTrackSupportedConstraints().to_dict()

    for name, value in case["expect"].get("contains", {}).items():
        assert found[name] is value
    for name, value in case["expect"].get("optional", {}).items():
        assert found.get(name, value) is value


@pytest.mark.parametrize("name", LIVE)
async def test_live_case(name):
    await LIVE[name](CASES[name], Page())


def test_unknown_constraint_is_dropped_with_a_warning():
    with pytest.warns(UnknownMemberWarning, match="foo"):
        chosen = select_settings({}, {"zoom": 1}, {"foo": {"exact": 1}})

    assert chosen == {"zoom": 1}
