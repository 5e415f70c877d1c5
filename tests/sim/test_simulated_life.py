# SPDX-License-Identifier: MIT
"""How simulated cameras come into being, are found by path, and go."""

import gc
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v4l2capture import (
    Device,
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    ProfileError,
    SimulatedCamera,
    sim,
)
from v4l2capture.profile import TYPES

from .simulated import Node, profile


def open_fds():
    return len(list(Path("/proc/self/fd").iterdir()))


def mapped():
    return Path("/proc/self/maps").read_text(encoding="utf-8").count("v4l2capture-sim")


# ---- by path ----


def test_each_instance_has_a_path_of_its_own():
    one, other = SimulatedCamera("webcam"), SimulatedCamera("webcam")

    assert one.path != other.path
    with Device(one.path):
        assert (one.handles, other.handles) == (1, 0)


def test_devices_of_one_path_share_a_camera():
    with Device("sim:webcam") as one, Device("sim:webcam") as other:
        one.controls["brightness"].value = 7
        assert other.controls["brightness"].value == 7


def test_implicit_camera_dies_with_its_last_device():
    device = Device("sim:webcam")
    device.controls["brightness"].value = 7
    device.close()
    del device
    gc.collect()

    with Device("sim:webcam") as again:
        assert again.controls["brightness"].value == 0


def test_edited_profile_is_played_as_soon_as_nobody_has_the_camera_open(tmp_path):
    """Who closed it may still hold the object, and in a notebook everybody does."""
    path = tmp_path / "camera.json"
    path.write_text(json.dumps(profile(card="Old")), encoding="utf-8")
    with Device(f"sim:{path}") as first:
        path.write_text(json.dumps(profile(card="New")), encoding="utf-8")
        with Device(f"sim:{path}") as second:
            pass
    with Device(f"sim:{path}") as third:
        pass

    assert [device.info.card for device in (first, second, third)] == ["Old", "Old", "New"]


def test_profile_that_is_gone_is_not_played_again(tmp_path):
    path = tmp_path / "camera.json"
    path.write_text(json.dumps(profile()), encoding="utf-8")
    device = Device(f"sim:{path}")
    device.close()
    path.unlink()

    with pytest.raises(DeviceError, match="no such profile"):
        Device(f"sim:{path}")


def test_camera_keeps_what_was_set_while_somebody_has_it():
    device = Device("sim:webcam")
    device.controls["brightness"].value = 7
    device.close()

    with Device("sim:webcam") as again:
        assert again.controls["brightness"].value == 7


def test_open_device_keeps_its_camera():
    camera = SimulatedCamera(profile(), clock="manual")
    device = Device(camera.path)
    del camera
    gc.collect()

    assert device.info.card == "Test"


def test_profile_from_a_file(tmp_path):
    path = tmp_path / "camera.json"
    path.write_text(json.dumps(profile()), encoding="utf-8")

    with Device(f"sim:{path}") as device:
        assert device.info.card == "Test"
    assert SimulatedCamera(path).profile.card == "Test"
    assert SimulatedCamera(path.read_text(encoding="utf-8")).profile.card == "Test"


def test_unknown_name_tells_the_known_ones():
    with pytest.raises(DeviceError, match="hostile, mplane, phone, sensor, webcam"):
        Device("sim:nothing")
    with pytest.raises(DeviceError, match="webcam"):
        SimulatedCamera("nothing")


def test_gone_camera_says_so():
    path = SimulatedCamera("webcam").path
    gc.collect()

    with pytest.raises(DeviceError, match="gone"):
        Device(path)


def test_malformed_file_is_a_profile_error(tmp_path):
    path = tmp_path / "bad.json"
    path.write_text('{"card": 1, "driver": "x"}', encoding="utf-8")

    with pytest.raises(ProfileError) as caught:
        Device(f"sim:{path}")
    assert (caught.value.camera, caught.value.where) == (f"sim:{path}", "card")
    assert str(caught.value).startswith(f"sim:{path}: card: ")


def test_unknown_clock():
    with pytest.raises(ValueError, match="clock"):
        SimulatedCamera("webcam", clock="sundial")


def test_environment_lists_cameras(monkeypatch):
    monkeypatch.setenv("V4L2CAPTURE_SIM", " webcam, sim:mplane,,/path/x.json ")

    assert sim.listed() == ["sim:webcam", "sim:mplane", "sim:/path/x.json"]


@pytest.mark.parametrize("name", sim.builtin_profiles())
def test_built_in_profile_streams_in_every_format(name):
    camera = SimulatedCamera(name, clock="manual")
    camera.clear_faults()
    with Device(camera.path) as device:
        for each in device.formats():
            for size in each.sizes:
                width = getattr(size, "width", None) or size.max_width
                height = getattr(size, "height", None) or size.max_height
                number = int.from_bytes(each.pixel_format.encode(), "little")
                device.set_format(width, height, f"0x{number:08x}")
                with device.stream(buffers=2) as stream:
                    camera.tick()
                    assert stream.try_read().ok


@pytest.mark.parametrize("name", sim.builtin_profiles())
def test_recorded_profile_plays_the_same_camera(name):
    first = SimulatedCamera(name, clock="manual")
    first.clear_faults()
    with Device(first.path) as device:
        recorded = json.loads(json.dumps(device.profile()))
    second = SimulatedCamera(recorded, clock="manual")
    with Device(second.path) as device:
        again = json.loads(json.dumps(device.profile()))
    for before, after in zip(recorded["controls"], again["controls"], strict=True):
        if "menu" not in before:
            after.pop("menu", None)  # an empty menu is not recorded, and then "not listed"

    assert again == recorded


NUMBERS = st.sampled_from([0, 1, -1, 7, 255, -(1 << 31), (1 << 31) - 1, -(1 << 63), (1 << 63) - 1])
CONTROL = st.fixed_dictionaries(
    {
        "id": st.integers(1, 0x0FFFFFFF) | st.integers(0x980900, 0x980920),
        "name": st.text("abc", max_size=50),
        "type": st.sampled_from(list(TYPES)),
        "flags": st.integers(0, 0xFFFFFFFF),
    },
    optional={
        "min": NUMBERS,
        "max": NUMBERS,
        "step": st.integers(0, (1 << 64) - 1),
        "default": NUMBERS,
        "value": NUMBERS,
        "dims": st.lists(st.integers(1, 300), max_size=4),
    },
)


@settings(max_examples=150)
@given(controls=st.lists(CONTROL, max_size=6), side=st.integers(1, 300), align=st.integers(0, 99))
def test_any_profile_plays_or_is_refused(controls, side, align):
    """Whatever a profile says, it is a ProfileError or a camera that does no harm."""
    size = {"width": side, "height": 301 - side}
    one = {"pixel_format": "NV12", "sizes": [size], "bytesperline_align": align}
    try:
        camera = SimulatedCamera(profile(formats=[one], controls=controls), clock="manual")
    except ProfileError:
        return
    node = Node(camera)
    for each in camera.profile.controls:
        for value in (-(1 << 31), -1, 0, 1, (1 << 31) - 1):
            node.set(each.id, value)
        node.get(each.id)
    node.start()
    camera.tick()

    assert node.dqbuf()[0] == 0


# ---- unplugged ----


@pytest.mark.parametrize(
    ("change", "member", "value"),
    [
        (lambda camera: camera.poke("brightness", 7), "value", 7),
        (lambda camera: camera.set_flags("brightness", ["grabbed"]), "flags", {"grabbed"}),
        (lambda camera: camera.set_range("brightness", 1, 5, 2, 3), "maximum", 5),
    ],
    ids=["poke", "flags", "range"],
)
def test_change_from_outside_holds_before_the_first_open(change, member, value):
    camera = SimulatedCamera("webcam")
    change(camera)

    with Device(camera.path) as device:
        assert getattr(device.controls["brightness"], member) == value


def test_unplugged_camera_is_gone_for_good_until_opened_again():
    camera = SimulatedCamera(profile(), clock="manual")
    old = Node(camera)
    old.start()

    camera.unplug()
    assert old.dqbuf()[0] == "ENODEV"
    with pytest.raises(DeviceGoneError):
        Device(camera.path)

    camera.replug()
    assert old.dqbuf()[0] == "ENODEV"
    with Device(camera.path) as device, device.stream() as stream:
        camera.tick()
        assert stream.try_read().sequence == 0


def test_pictures_outlive_the_camera():
    camera = SimulatedCamera(profile(), clock="manual")
    device = Device(camera.path)
    stream = device.stream()
    camera.tick()
    frame = stream.try_read()
    before = bytes(frame.planes[0])

    camera.unplug()
    stream.close()
    device.close()
    del stream, device, camera
    gc.collect()

    assert bytes(frame.planes[0]) == before
    assert mapped() > 0


def test_driver_without_orphans_keeps_the_queue_while_a_frame_is_alive():
    camera = SimulatedCamera(profile(orphaned_buffers=False), clock="manual")
    with Device(camera.path) as device:
        with device.stream() as stream:
            camera.tick()
            frame = stream.try_read()
        with pytest.raises(DeviceBusyError):
            device.stream()
        del frame
        gc.collect()
        device.stream().close()


# ---- nothing is left behind ----


def test_nothing_leaks():
    gc.collect()
    before = open_fds(), mapped()
    for name in ("webcam", "mplane"):
        camera = SimulatedCamera(name, clock="manual")
        with Device(camera.path) as device, device.stream() as stream:
            camera.tick(3)
            assert stream.try_read() is not None
        assert camera.mappings == 0
        assert camera.handles == 0
        del camera, device, stream
    gc.collect()

    assert (open_fds(), mapped()) == before


def test_child_of_a_fork_leaves_the_camera_alone():
    camera = SimulatedCamera(profile(), clock="manual")
    device = Device(camera.path)
    stream = device.stream()
    camera.tick()

    child = os.fork()
    if child == 0:
        try:
            device.close()
            del device, stream
            gc.collect()
            camera.unplug()
        finally:
            os._exit(0 if camera.handles == 0 else 1)
    assert os.waitpid(child, 0)[1] == 0

    assert camera.handles == 1
    assert stream.try_read().sequence == 0


def test_counters():
    camera = SimulatedCamera(profile(), clock="manual")
    with Device(camera.path) as device, device.stream(buffers=3) as stream:
        before = camera.ioctls("VIDIOC_DQBUF"), camera.ioctls("VIDIOC_QBUF")
        camera.tick()
        frame = stream.try_read()
        assert camera.queued == 2
        frame.close()
        del frame
        gc.collect()

        assert camera.queued == 3
        assert camera.mappings == 3
        after = camera.ioctls("VIDIOC_DQBUF"), camera.ioctls("VIDIOC_QBUF")
        assert (after[0] - before[0], after[1] - before[1]) == (1, 1)
