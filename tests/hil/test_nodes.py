# SPDX-License-Identifier: MIT
"""Nodes of every driver: who may open them, and which of them are cameras."""

import subprocess
import sys
from pathlib import Path

import pytest

from v4l2capture import Device, DeviceError, list_devices

OPEN_AS_NOBODY = """
import os, sys
from v4l2capture import Device, DevicePermissionError, diagnose  # while they can be read
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    Device(sys.argv[1])
except DevicePermissionError as error:
    print(error)
"""


@pytest.mark.quirk("no-permission")
@pytest.mark.parametrize(
    "node",
    [
        pytest.param("vivid", marks=pytest.mark.vivid),
        pytest.param("uvc", marks=pytest.mark.uvc),
        pytest.param("loopback", marks=pytest.mark.loopback),
    ],
)
def test_who_is_not_in_the_group_is_told_its_name(node, request):
    path = request.getfixturevalue(node)

    done = subprocess.run(
        [sys.executable, "-c", OPEN_AS_NOBODY, path], capture_output=True, text=True, check=True
    )

    assert f"{path}: Permission denied (errno 13)" in done.stdout
    assert "It belongs to root:video" in done.stdout


@pytest.mark.uvc
@pytest.mark.quirk("several-nodes")
def test_node_of_metadata_is_no_camera(uvc):
    camera = Path(uvc)
    (metadata,) = (
        Path("/dev", entry.name)
        for entry in Path("/sys/class/video4linux", camera.name, "device/video4linux").iterdir()
        if entry.name != camera.name
    )

    assert {str(camera)} == {str(camera), str(metadata)} & {each.path for each in list_devices()}
    with Device(metadata) as device, pytest.raises(DeviceError):
        device.stream()
