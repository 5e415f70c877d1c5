# SPDX-License-Identifier: MIT
"""Which cameras there are. One that does not answer hides no other."""

import os
from pathlib import Path

import pytest

from v4l2capture import Device, DeviceError, ProfileError, discovery, list_devices

from .lanes import VIVID, SimLane, simulated, small


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A computer without any camera, whatever the one is that runs this."""
    monkeypatch.setattr(discovery, "_SYS", str(tmp_path / "sys"))
    monkeypatch.setattr(discovery, "_BY_ID", str(tmp_path / "by-id"))
    monkeypatch.setattr(discovery, "_BY_PATH", str(tmp_path / "by-path"))
    monkeypatch.delenv("V4L2CAPTURE_SIM", raising=False)
    (tmp_path / "sys").mkdir()
    return tmp_path


def test_profile_may_have_a_name_that_is_no_text(monkeypatch, tmp_path):
    """Files of another alphabet have; one such camera would hide all others."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.json")
    Path(path).write_text('{"card": "Odd", "driver": "test"}', encoding="utf-8")
    monkeypatch.setenv("V4L2CAPTURE_SIM", f"{path},webcam")

    assert sim_paths() == [f"sim:{path}", "sim:webcam"]
    with Device(f"sim:{path}") as device:
        assert device.info.card == "Odd"


def sim_paths():
    return [info.path for info in list_devices() if info.path.startswith("sim:")]


@pytest.mark.parametrize(
    ("listed", "paths"),
    [
        ("", []),
        ("webcam", ["sim:webcam"]),
        ("sim:webcam", ["sim:webcam"]),
        (" webcam , ,mplane,", ["sim:webcam", "sim:mplane"]),
        ("no-such-profile,webcam", ["sim:webcam"]),
        ("webcam,/no/such/file.json,mplane", ["sim:webcam", "sim:mplane"]),
    ],
)
def test_environment_makes_simulated_cameras_show_up(monkeypatch, listed, paths):
    monkeypatch.setenv("V4L2CAPTURE_SIM", listed)

    assert sim_paths() == paths


def test_listed_camera_can_be_opened(monkeypatch):
    monkeypatch.setenv("V4L2CAPTURE_SIM", "webcam")
    (path,) = sim_paths()

    with Device(path) as device:
        assert device.info == next(info for info in list_devices() if info.path == path)


def test_malformed_profile_hides_no_other(monkeypatch, tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    monkeypatch.setenv("V4L2CAPTURE_SIM", f"{bad},webcam")

    found, failed = discovery.scan()

    assert "sim:webcam" in [info.path for info in found]
    assert any(isinstance(error, ProfileError) and str(bad) in str(error) for error in failed)


@pytest.mark.parametrize("fault", ["ioctl_error", "disconnect"])
def test_node_that_does_not_answer_hides_no_other(monkeypatch, fault):
    bad, good = simulated(), simulated()
    options = {"request": "VIDIOC_QUERYCAP"} if fault == "ioctl_error" else {}
    bad.fault(fault, **options)
    monkeypatch.setattr(discovery, "node_paths", lambda: [bad.path, "/dev/null", good.path])

    found, failed = discovery.scan()

    assert [info.path for info in found] == [good.path]
    assert [error.filename for error in failed] == [bad.path, "/dev/null"]
    assert all(isinstance(error, DeviceError) for error in failed)


@pytest.mark.quirk("several-nodes", "codec-nodes")
@pytest.mark.parametrize(
    "capabilities",
    [
        ["meta-capture", "streaming"],
        ["video-output", "streaming"],
        ["video-m2m", "streaming"],
        ["video-m2m-mplane", "streaming"],
        ["video-capture-mplane", "video-output-mplane", "video-m2m-mplane", "streaming"],
    ],
)
def test_what_gives_no_pictures_is_no_camera(monkeypatch, capabilities):
    codec, camera = simulated(capabilities=capabilities), simulated()
    monkeypatch.setattr(discovery, "node_paths", lambda: [codec.path, camera.path])

    cameras = list_devices()

    assert [info.path for info in cameras] == [camera.path]
    assert len(discovery.scan()[0]) == 2


def test_no_camera_at_all(nowhere):
    assert list_devices() == []


def test_nodes_are_in_numerical_order(nowhere):
    for name in ("video10", "video2", "video0", "v4l-subdev0", "radio0", "videoX", "video"):
        (nowhere / "sys" / name).mkdir()

    assert discovery.node_paths() == ["/dev/video0", "/dev/video2", "/dev/video10"]


def test_real_node_is_found(camera):
    if isinstance(camera, SimLane):
        assert (VIVID in [info.path for info in list_devices()]) == bool(VIVID)
        return

    (info,) = [info for info in list_devices() if info.path == camera.path]

    assert info.driver == camera.driver
    assert info.version >= (5, 0, 0)
    assert info.stable_id


def node(nowhere, *, serial="", by_id="", by_path=""):
    """A USB camera in a made-up /sys and /dev/v4l."""
    device = nowhere / "devices/usb1/1-1/1-1:1.0"
    device.mkdir(parents=True)
    if serial:
        (device.parent / "serial").write_text(serial + "\n")
    (nowhere / "sys/video0").mkdir()
    (nowhere / "sys/video0/device").symlink_to(device)
    (nowhere / "sys/video0/index").write_text("0\n")
    for folder, name in (("by-id", by_id), ("by-path", by_path)):
        if name:
            (nowhere / folder).mkdir()
            (nowhere / folder / name).symlink_to("../../video0")
            (nowhere / folder / ("a-other-" + name)).symlink_to("../../video7")


def other_node(nowhere, number, *, serial="", by_path=""):
    """Another USB camera there, in the next socket."""
    device = nowhere / f"devices/usb1/1-{number}/1-{number}:1.0"
    device.mkdir(parents=True)
    (device.parent / "serial").write_text(serial + "\n")
    (nowhere / f"sys/video{number}").mkdir()
    (nowhere / f"sys/video{number}/device").symlink_to(device)
    (nowhere / f"sys/video{number}/index").write_text("0\n")
    (nowhere / "by-path" / by_path).symlink_to(f"../../video{number}")


def identified(nowhere):
    camera = simulated(small(card="HD Cam", bus_info="usb-0000:00:14.0-1"))
    return discovery.describe("/dev/video0", camera.open())


@pytest.mark.quirk("other-index")
def test_camera_with_a_serial_number_is_known_by_it(nowhere):
    node(nowhere, serial="A1B2", by_id="usb-HD_Cam_A1B2-video-index0", by_path="pci-0-usb-1")

    info = identified(nowhere)

    assert (info.serial, info.stable_id) == ("A1B2", "usb-HD_Cam_A1B2-video-index0")


@pytest.mark.quirk("other-index")
def test_serial_number_that_two_cameras_share_names_neither(nowhere):
    """Cheap ones of one kind often do; udev gives the link to either, and to who is left."""
    node(nowhere, serial="SN0001", by_id="usb-Cam_SN0001-video-index0", by_path="pci-0-usb-1")
    other_node(nowhere, 2, serial="SN0001", by_path="pci-0-usb-2")

    assert identified(nowhere).stable_id == "pci-0-usb-1"


@pytest.mark.quirk("other-index")
def test_camera_without_a_serial_number_is_known_by_its_socket(nowhere):
    """udev makes a by-id name for it too, which two of its kind share."""
    node(nowhere, by_id="usb-HD_Cam-video-index0", by_path="pci-0-usb-1")

    info = identified(nowhere)

    assert (info.serial, info.stable_id) == ("", "pci-0-usb-1")


def test_camera_without_udev_is_known_by_its_bus(nowhere):
    node(nowhere)

    assert identified(nowhere).stable_id == "usb-0000:00:14.0-1-HD_Cam-index0"


def test_nodes_that_compete_for_a_link_are_known_by_their_bus(nowhere):
    """Both of vivid's cameras are index 0 of one device, and udev gives the link to either."""
    node(nowhere, by_path="platform-vivid.0-video-index0")
    (nowhere / "sys/video1").mkdir()
    (nowhere / "sys/video1/device").symlink_to(nowhere / "devices/usb1/1-1/1-1:1.0")
    (nowhere / "sys/video1/index").write_text("0\n")

    assert identified(nowhere).stable_id == "usb-0000:00:14.0-1-HD_Cam-index0"


@pytest.mark.quirk("other-index")
def test_stable_id_of_a_link_is_that_of_its_node(camera, tmp_path):
    if isinstance(camera, SimLane):
        with Device(camera.path) as device:
            assert device.info.stable_id == camera.path
        return
    link = tmp_path / "cam"
    link.symlink_to(camera.path)

    with Device(link) as through, Device(camera.path) as device:
        assert through.info.stable_id == device.info.stable_id
        assert Path(through.path) == link


# ---- the same one again ----


@pytest.fixture
def nodes(nowhere, monkeypatch):
    """Make nodes of a made-up /dev answer: path to camera, or to what opening it raises."""
    answers = {}

    def open_node(path):
        answer = answers[path]
        if isinstance(answer, Exception):
            raise answer
        return answer.open()

    monkeypatch.setattr(discovery, "open_node", open_node)
    monkeypatch.setattr(discovery, "node_paths", lambda: list(answers))
    return answers


def test_camera_is_found_again_at_another_node(nowhere, nodes):
    """And the one that has taken its old number is not taken for it."""
    mine = simulated(small(card="HD Cam", bus_info="usb-0000:00:14.0-1"))
    other = simulated(small(card="HD Cam", bus_info="usb-0000:00:14.0-2"))
    known = discovery.describe("/dev/video0", mine.open())
    nodes |= {"/dev/video0": other}

    assert discovery.find_again(known) is None

    nodes |= {"/dev/video2": mine}
    assert discovery.find_again(known) == "/dev/video2"


def test_camera_that_may_not_be_opened_is_found_by_its_link(nowhere, nodes):
    node(nowhere, by_path="pci-0-usb-1")
    known = identified(nowhere)
    nodes |= {"/dev/video0": DeviceError(13, "Permission denied", "/dev/video0")}

    assert known.stable_id == "pci-0-usb-1"
    assert discovery.find_again(known) == "/dev/video0"


def test_simulated_camera_is_at_its_path():
    camera = simulated()
    with Device(camera.path) as device:
        assert discovery.find_again(device.info) == camera.path
