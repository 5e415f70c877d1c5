# SPDX-License-Identifier: MIT
"""What fuzzing found, where a test says it better than a file of bytes."""

import errno

import pytest

from v4l2capture import Device, DeviceError, SimulatedCamera


def control(cid):
    range_ = {"min": 0, "max": 9, "step": 1, "default": 0, "value": 0}
    return {"id": f"0x{cid:08x}", "name": f"control_{cid:08x}", "type": "int"} | range_


def camera_with(*ids):
    profile = {"card": "Test", "driver": "test", "controls": [control(cid) for cid in ids]}
    return SimulatedCamera(profile, clock="manual")


def test_a_call_that_is_interrupted_for_ever_ends():
    camera = camera_with(0x00980900)
    with Device(camera.path) as device:
        camera.fault("ioctl_error", request="VIDIOC_G_FMT", value=errno.EINTR)

        with pytest.raises(DeviceError) as caught:
            _ = device.format

        assert caught.value.errno == errno.EINTR


def test_the_walk_over_the_controls_ends_when_it_fails_far_behind_the_begin_of_a_class():
    """It went on just before the class, where the same control came next, again and again."""
    far = 0x00980900 + 0x1000
    camera = camera_with(far, 0x009A0900 + 13)
    camera.fault("query_error", control=far)

    with Device(camera.path) as device:
        assert "zoom_absolute" in device.controls


def test_a_camera_can_be_unplugged_and_plugged_in_before_it_is_opened():
    camera = camera_with(0x00980900)
    camera.unplug()
    camera.replug()

    with Device(camera.path) as device, device.stream() as stream:
        camera.tick()
        assert stream.try_read() is not None


def test_an_errno_that_no_kernel_has_is_refused():
    with pytest.raises((DeviceError, ValueError)):
        camera_with(0x00980900).fault("dqbuf_error", value=1 << 20)


def test_a_closed_device_is_closed_once():
    """A call after the close left as the last one, and closed the node again."""
    camera = camera_with(0x00980900)
    device = Device(camera.path)
    controls = device.controls
    device.close()

    for _ in range(3):
        with pytest.raises(ValueError, match="closed"):
            _ = controls["brightness"].value

    assert camera.handles == 0
