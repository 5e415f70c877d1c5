# SPDX-License-Identifier: MIT
"""Fixtures of the guest lane: the nodes that tools/hil/run names in the environment.

Outside the guest nothing here is collected, so ``pytest tests`` works everywhere and
``pytest tests/hil`` fails with "no tests ran". Inside, whatever is missing is a failure: a lane
that skips looks like one that passed.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from v4l2capture import Device

from . import vivid as vivid_
from .usbcam import UsbCamera

IN_GUEST = os.environ.get("V4L2CAPTURE_HIL") == "1"
WRITER = Path(__file__).with_name("loopback_writer.py")

Writer = Callable[..., "subprocess.Popen[str]"]


def pytest_ignore_collect() -> bool | None:
    return None if IN_GUEST else True


def pytest_report_header() -> str:
    return "guest lane: " + ("on" if IN_GUEST else "off; run it with tools/hil/run")


def _name(variable: str) -> str:
    """What the driver calls the node. It stays when the camera is plugged in again."""
    try:
        return vivid_.NODES.joinpath(Path(os.environ[variable]).name, "name").read_text().strip()
    except (KeyError, OSError):
        return ""


_NODES = (
    "V4L2CAPTURE_VIVID",
    "V4L2CAPTURE_VIVID_MPLANE",
    "V4L2CAPTURE_LOOPBACK",
    "V4L2CAPTURE_LOOPBACK_SHARED",
)
_NAMES = {variable: _name(variable) for variable in _NODES}


def _node(variable: str) -> str:
    if not _NAMES[variable]:
        pytest.fail(f"{variable} names no video node: the rig did not load this camera")
    return vivid_.path_of(_NAMES[variable])


@pytest.fixture
def vivid() -> str:
    """Single-planar capture node; it starts with the webcam input."""
    return _node("V4L2CAPTURE_VIVID")


@pytest.fixture
def vivid_mplane() -> str:
    """Multi-planar capture node."""
    return _node("V4L2CAPTURE_VIVID_MPLANE")


@pytest.fixture
def single(vivid) -> str:
    """Single-planar node in a known state: webcam input, defaults, 320x180 YUYV, 60 frames/s."""
    vivid_.reset(vivid)
    return vivid


@pytest.fixture
def multi(vivid_mplane) -> str:
    """The same, multi-planar, two planes: NM12."""
    vivid_.reset(vivid_mplane, "NM12")
    return vivid_mplane


@pytest.fixture(params=["single", "multi"])
def camera(request) -> str:
    """Both of them, one after the other."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def plugged() -> Iterator[None]:
    """Whatever a test does to vivid, the next one finds its nodes, under whatever numbers."""
    yield
    gc.collect()
    vivid_.bind()


@pytest.fixture
def uvc() -> Iterator[str]:
    """USB camera as it was at first: 320x240 YUYV, 15 frames/s."""
    with UsbCamera.of_the_rig() as usb:
        path = usb.reset()
        with Device(path) as device:
            device.set_format(320, 240, "YUYV", 15)
        yield path
        usb.do("clear")
        usb.do("plug")


@pytest.fixture
def loopback() -> str:
    """Loopback node with exclusive_caps=1: it captures only while it is fed."""
    return _node("V4L2CAPTURE_LOOPBACK")


@pytest.fixture
def loopback_shared() -> str:
    """Loopback node with exclusive_caps=0."""
    return _node("V4L2CAPTURE_LOOPBACK_SHARED")


@pytest.fixture
def feed() -> Iterator[Writer]:
    """Start loopback_writer.py on a node and return when its first frame is in.

    ``feed(node, "--fps", "15", ...)`` returns the process; it ends with the test.
    """
    writers: list[subprocess.Popen[str]] = []

    def start(node: str, *options: str) -> "subprocess.Popen[str]":
        writer = subprocess.Popen(
            # Standard library only: what else is installed costs a second to look for.
            [sys.executable, "-I", "-S", str(WRITER), node, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        writers.append(writer)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n", f"the writer died on {node}"
        return writer

    yield start
    for writer in writers:
        writer.kill()
        writer.communicate()
