# SPDX-License-Identifier: MIT
"""Fixtures of the device layer's tests: each camera test runs on every lane there is.

The simulated camera is always there. vivid, a driver of the kernel, joins in when
V4L2CAPTURE_VIVID names its node, as tools/hil/run does; ``-m vivid`` selects it alone.
"""

from collections.abc import Callable, Iterator

import pytest

from v4l2capture import Device
from v4l2capture.cli import main

from .lanes import VIVID, Lane, SimLane, VividLane, open_small

LANES = [pytest.param(SimLane, id="sim")]
if VIVID:
    LANES.append(pytest.param(VividLane, id="vivid", marks=pytest.mark.vivid))


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
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command line; return its status, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        status = main(list(words))
        out, err = capsys.readouterr()
        return status, out, err

    return run
