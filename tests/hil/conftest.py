# SPDX-License-Identifier: MIT
"""Fixtures of the guest lane: the nodes that tools/hil/run names in the environment.

Outside the guest nothing here is collected, so ``pytest tests`` works everywhere and
``pytest tests/hil`` fails with "no tests ran". Inside, whatever is missing is a failure: a lane
that skips looks like one that passed.
"""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from v4l2capture import Device

from . import vivid as vivid_
from .nodes import NODES, path_of
from .usbcam import WEBCAM, UsbCamera, damaged_frames_delivered, small

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
        return NODES.joinpath(Path(os.environ[variable]).name, "name").read_text().strip()
    except (KeyError, OSError):
        return ""


_VARIABLES = (
    "V4L2CAPTURE_VIVID",
    "V4L2CAPTURE_VIVID_MPLANE",
    "V4L2CAPTURE_LOOPBACK",
    "V4L2CAPTURE_LOOPBACK_SHARED",
)
_NAMES = {variable: _name(variable) for variable in _VARIABLES}


def _node(variable: str) -> str:
    if not _NAMES[variable]:
        pytest.fail(f"{variable} names no video node: the rig did not load this camera")
    return path_of(_NAMES[variable])


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
def usb() -> Iterator[UsbCamera]:
    """The rig's USB camera as it was at first, all well."""
    with UsbCamera.of_the_rig() as camera:
        camera.reset()
        yield camera
        camera.do("clear")
        camera.do("plug")


@pytest.fixture
def usb_without_mercy() -> Iterator[UsbCamera]:
    """The same; damaged frames, which uvcvideo drops unless told otherwise, are delivered."""
    with damaged_frames_delivered(), UsbCamera.of_the_rig() as camera:
        camera.reset()
        yield camera
        camera.do("clear")
    with UsbCamera.of_the_rig() as camera:
        camera.replug()


@pytest.fixture
def like_the_webcam(tmp_path) -> Callable[..., AbstractContextManager[UsbCamera]]:
    """Play a camera that differs from the built-in webcam in something."""

    def play(*options: str, volatile: tuple[str, ...] = (), **members: Any):
        profile = json.loads(WEBCAM.read_text()) | members
        for control in profile["controls"]:
            if control["name"] in volatile:  # uvcvideo asks for such a value each time
                control.setdefault("flags", []).append("volatile")
        path = tmp_path / "profile.json"
        path.write_text(json.dumps(profile))
        return UsbCamera.play(path, "--largest", "320x240", *options)

    return play


@pytest.fixture
def uvc(usb) -> str:
    """Its node: 320x240 YUYV, 15 frames/s."""
    with Device(usb.path) as device:
        small(device)
    return usb.path


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
