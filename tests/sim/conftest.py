# SPDX-License-Identifier: MIT
"""Fixtures of the device layer's tests: each camera test runs on every lane there is.

The simulated camera is always there. Drivers of the kernel join in when V4L2CAPTURE_VIVID and
V4L2CAPTURE_UVC name their nodes, as tools/hil/run does; ``-m vivid`` and ``-m uvc`` select one
alone.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from v4l2capture import Device, SimulatedCamera
from v4l2capture.cli import main

from .lanes import UVC, VIVID, Lane, SimLane, UvcLane, VividLane, open_small
from .ledfiles import STROBES, Files

LANES = [pytest.param(SimLane, id="sim")]
if VIVID:
    LANES.append(pytest.param(VividLane, id="vivid", marks=pytest.mark.vivid))
if UVC:
    LANES.append(pytest.param(UvcLane, id="uvc", marks=pytest.mark.uvc))

# What is refused before any driver is asked: one kernel lane is enough, for a guest is slow.
OURS = (
    "test_bad_timeout_is_refused",
    "test_child_cannot_use_its_parents_camera",
    "test_closed_device_can_do_nothing",
    "test_closed_frame_has_no_pixels",
    "test_closed_stream_can_do_nothing",
    "test_frame_is_not_duplicated_behind_its_back",
)

# Lane, then a fixture or a test that is left out there, and why.
LEFT_OUT = {
    "uvc": {
        "knobs": "USB Video Class has numbers, switches and menus only",
        **dict.fromkeys(OURS, "no driver is asked"),
    },
}

# Lane, then a test that the driver does otherwise, and how: it is run, and has to fail.
OTHERWISE = {
    "uvc": {
        "test_same_value_is_no_change": "uvcvideo tells of every write, also of the same value",
        "test_format_is_busy_while_another_program_streams": (
            "who has set the format has the camera for itself: the other cannot stream at all"
        ),
    },
}


def pytest_report_header() -> list[str]:
    """Say what is left out."""
    rows = [(lane.id, *row) for lane in LANES for row in LEFT_OUT.get(str(lane.id), {}).items()]
    return [f"{lane}: without {name}: {why}" for lane, name, why in rows]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Function]) -> None:
    """Do with each test what the tables say."""
    left_out = []
    for item in items:
        for lane in [mark.name for mark in item.iter_markers() if mark.name in OTHERWISE]:
            if LEFT_OUT[lane].keys() & {item.originalname, *item.fixturenames}:
                left_out.append(item)
            if why := OTHERWISE[lane].get(item.originalname):
                item.add_marker(pytest.mark.xfail(reason=why, strict=True))
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(params=LANES)
def camera(request: pytest.FixtureRequest) -> Iterator[Lane]:
    """A camera to open. What a test changes at it is undone."""
    lane = request.param()
    yield lane
    lane.restore()


@pytest.fixture
def device(camera: Lane) -> Iterator[Device]:
    """An open camera in a small format. Streams are the tests' own: they have to die."""
    with open_small(camera) as device:
        yield device


@pytest.fixture
def sim() -> SimulatedCamera:
    """The simulated webcam, whose clock goes by itself. Files that need another have their own."""
    return SimulatedCamera("webcam")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command line; return its status, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        status = main(list(words))
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture
def flash(tmp_path: Path) -> Files:
    """An LED that strobes."""
    return Files(tmp_path / "white:flash", STROBES)
