# SPDX-License-Identifier: MIT
"""MediaDevices: which cameras there are, which one is taken, and why none can be had."""

import asyncio
import contextlib
import errno
import gc
import weakref
from pathlib import Path

import pytest

from v4l2capture import (
    AbortError,
    Camera,
    DeviceBusyError,
    DevicePermissionError,
    InputDeviceInfo,
    MediaDevices,
    NotAllowedError,
    NotFoundError,
    NotReadableError,
    OverconstrainedError,
    SimulatedCamera,
)
from v4l2capture import devicewatch as devicewatch_module
from v4l2capture.dictionaries import UnknownMemberWarning
from v4l2capture.sharedcamera import SharedCamera

from .face import Listening, live, next_picture, quick, settle, video_track
from .lanes import open_fds, small


@pytest.fixture
def sim():
    return live()


async def no_handles(sim):
    """Wait until the camera is closed by its thread."""
    async with asyncio.timeout(5):
        while sim.handles:
            await asyncio.sleep(0.001)


# ---- which there are ----


async def test_cameras_are_listed(camera):
    (info,) = await MediaDevices([camera.path]).enumerate_devices()

    assert isinstance(info, InputDeviceInfo)
    assert info.kind == "videoinput"
    assert info.label
    assert info.device_id
    assert info.group_id
    assert info.path == camera.path
    assert info.get_capabilities().brightness
    assert info.to_dict() == {
        "deviceId": info.device_id,
        "kind": "videoinput",
        "label": info.label,
        "groupId": info.group_id,
    }


async def test_each_list_is_a_new_one_that_says_the_same(sim):
    media_devices = MediaDevices([sim.path])

    one, two = await media_devices.enumerate_devices(), await media_devices.enumerate_devices()

    assert one == two
    assert one is not two
    assert one[0] is not two[0]


async def test_order_is_the_one_that_was_given():
    cameras = [live("phone"), live("webcam"), live("mplane")]

    found = await MediaDevices([sim.path for sim in cameras]).enumerate_devices()

    assert [info.path for info in found] == [sim.path for sim in cameras]


async def test_camera_that_does_not_answer_hides_no_other(sim):
    broken = live()
    broken.fault("ioctl_error", request="VIDIOC_QUERYCAP")

    found = await MediaDevices([broken.path, "sim:nothing", sim.path]).enumerate_devices()

    assert [info.path for info in found] == [sim.path]


async def test_simulated_cameras_of_the_environment_are_listed(monkeypatch):
    monkeypatch.setenv("V4L2CAPTURE_SIM", "webcam,phone")

    found = await MediaDevices().enumerate_devices()

    assert [info.label for info in found][-2:] == ["Simulated Webcam", "Simulated Phone"]


async def test_camera_that_is_in_use_is_listed_without_opening_it_again(sim):
    media_devices = MediaDevices([sim.path])
    before = await media_devices.enumerate_devices()
    track = await video_track(sim.path)
    sim.fault("ioctl_error", request="VIDIOC_QUERYCAP")

    found = await media_devices.enumerate_devices()

    assert found == before
    assert found[0].get_capabilities() == track.get_capabilities()


async def test_id_leads_back_to_the_camera():
    cameras = [live("phone"), live("webcam")]
    media_devices = MediaDevices([sim.path for sim in cameras])

    for info in await media_devices.enumerate_devices():
        stream = await media_devices.get_user_media(video={"deviceId": {"exact": info.device_id}})
        (track,) = stream.get_tracks()
        assert track.get_settings().device_id == info.device_id
        assert track.get_settings().group_id == info.group_id
        assert track.label == info.label


def test_every_property_is_supported():
    supported = MediaDevices([]).get_supported_constraints()

    assert supported.zoom is True
    assert len(supported) == 26


def test_one_path_is_no_list():
    with pytest.raises(TypeError, match="list"):
        MediaDevices("sim:webcam")


# ---- which one is taken ----


@pytest.fixture
def three():
    """A phone's camera, a webcam with zoom and pan, and one that is fast and has neither."""
    return [live("phone"), live("webcam"), live("mplane")]


@pytest.mark.parametrize(
    ("video", "label"),
    [
        (True, "Simulated Phone"),
        ({}, "Simulated Phone"),
        ({"facingMode": "environment"}, "Simulated Phone"),
        ({"facingMode": {"exact": ["user", "environment"]}}, "Simulated Phone"),
        ({"pan": True}, "Simulated Webcam"),
        ({"pan": True, "torch": True}, "Simulated Phone"),  # each has one: the first
        ({"zoom": False}, "Simulated ISP"),
        ({"width": 3840}, "Simulated Webcam"),
        ({"width": {"exact": 3840}}, "Simulated Webcam"),
        ({"frameRate": {"min": 50}, "height": {"min": 1000}}, "Simulated ISP"),
        ({"zoom": 500}, "Simulated Webcam"),
        ({"advanced": [{"torch": True}]}, "Simulated Phone"),
        ({"advanced": [{"pan": True}]}, "Simulated Webcam"),
        ({"advanced": [{"zoom": 500}, {"torch": True}]}, "Simulated Webcam"),  # the first counts
        ({"zoom": False, "advanced": [{"zoom": 500}]}, "Simulated Webcam"),
    ],
    ids=str,
)
async def test_camera_that_fits_best_is_taken(three, video, label):
    stream = await MediaDevices([sim.path for sim in three]).get_user_media({"video": video})
    (track,) = stream.get_tracks()

    assert track.label == label
    assert track.get_constraints().to_dict() == ({} if video is True else video)
    assert [sim.profile.card for sim in three if sim.handles] == [label]


@pytest.mark.parametrize(
    ("video", "constraint"),
    [
        ({"deviceId": {"exact": "nobody"}}, "deviceId"),
        ({"groupId": {"exact": "nobody"}}, "groupId"),
        ({"facingMode": {"exact": "left"}}, "facingMode"),
        ({"width": {"min": 4000}}, "width"),
        ({"width": {"min": 4000}, "groupId": {"exact": "nobody"}}, "groupId"),
        # The webcam is large enough and the other one fast enough, but neither is both.
        ({"width": {"min": 3000}, "frameRate": {"min": 50}}, ""),
    ],
    ids=str,
)
async def test_no_camera_fits(three, video, constraint):
    with pytest.raises(OverconstrainedError) as caught:
        await MediaDevices([sim.path for sim in three]).get_user_media({"video": video})

    assert caught.value.constraint == constraint
    assert sum(sim.handles for sim in three) == 0


async def test_what_is_wanted_is_set(sim):
    track = await video_track(sim.path, {"width": 1280, "height": 720, "brightness": 9})

    now = track.get_settings()
    assert (now.width, now.height, now.brightness) == (1280, 720, 9)


async def test_camera_streams_when_there_is_a_track(camera):
    track = await video_track(camera.path)

    assert (await next_picture(camera, track.frames())).to_rgb().any()


# ---- one camera for several ----


async def test_two_tracks_of_a_camera_share_it(camera):
    one = await video_track(camera.path)
    two = await video_track(camera.path)

    await one.apply_constraints(brightness=9)

    assert one.id != two.id
    assert two.get_settings().brightness == 9
    assert two.get_constraints().to_dict() == {}


async def test_tracks_that_are_wanted_at_once_share_the_camera(sim):
    tracks = await asyncio.gather(*(video_track(sim.path) for _ in range(5)))

    assert sim.handles == 1
    for track in tracks:
        track.stop()
    await tracks[0].wait_closed()
    assert sim.handles == 0


async def test_request_that_fails_leaves_the_others_alone(sim):
    track = await video_track(sim.path)

    with pytest.raises(OverconstrainedError):
        await video_track(sim.path, {"width": {"min": 9999}})
    await track.apply_constraints(zoom={"exact": 200})
    with pytest.raises(TypeError):
        await video_track(sim.path, {"zoom": {"exact": 300}})

    assert track.get_settings().zoom == 200
    assert await anext(track.frames())


async def test_requirement_of_a_track_is_respected_by_the_next(sim):
    track = await video_track(sim.path, {"width": {"exact": 640}, "resizeMode": {"exact": "none"}})

    with pytest.raises(OverconstrainedError):
        await video_track(sim.path, {"width": {"exact": 1280}})
    other = await video_track(sim.path, {"width": {"exact": 320}})

    assert track.get_settings().width == 640
    assert other.get_settings().width == 320


# ---- why none can be had ----


@pytest.mark.parametrize(
    "wanted",
    [
        *(None, {}, 5, "video", {"video": False}, {"video": None}, {"audio": False}),
        *({"video": 5}, {"video": "yes"}, {"video": {"width": "wide"}}),
        {"video": {"zoom": {"exact": 200}}},
    ],
    ids=repr,
)
async def test_wrong_request_rejects(sim, wanted):
    promise = MediaDevices([sim.path]).get_user_media(wanted)

    assert promise.done()
    with pytest.raises(TypeError):
        await promise


async def test_unknown_kind_is_no_request(sim):
    with pytest.warns(UnknownMemberWarning, match="doesnotexist") as warned:
        promise = MediaDevices([sim.path]).get_user_media({"doesnotexist": True})

    with pytest.raises(TypeError):
        await promise
    assert warned[0].filename == __file__


@pytest.mark.parametrize("audio", [True, {}, {"echoCancellation": True}], ids=repr)
async def test_there_are_no_microphones(sim, audio):
    with pytest.raises(NotFoundError, match="microphone"):
        await MediaDevices([sim.path]).get_user_media({"video": True, "audio": audio})


async def test_no_camera_is_found():
    with pytest.raises(NotFoundError, match="sim:webcam"):
        await MediaDevices([]).get_user_media({"video": True})


async def test_camera_that_is_not_there_is_found_neither():
    with pytest.raises(NotFoundError, match="No such file"):
        await MediaDevices(["sim:nothing"]).get_user_media({"video": True})


async def test_unplugged_camera_is_found_neither(sim):
    sim.unplug()

    with pytest.raises(NotFoundError):
        await MediaDevices([sim.path]).get_user_media({"video": True})


async def test_forbidden_camera_is_not_allowed(sim):
    sim.fault("ioctl_error", request="VIDIOC_QUERYCAP", value=errno.EACCES)

    with pytest.raises(NotAllowedError) as caught:
        await MediaDevices([sim.path]).get_user_media({"video": True})

    assert isinstance(caught.value.__cause__, DevicePermissionError)


async def test_busy_camera_is_not_readable(camera):
    with Camera(camera.path) as other:
        other.start()

        with pytest.raises(NotReadableError) as caught:
            await MediaDevices([camera.path]).get_user_media({"video": True})

    assert isinstance(caught.value.__cause__, DeviceBusyError)
    assert (await video_track(camera.path)).ready_state == "live"


async def test_bus_without_room_is_not_readable(sim):
    sim.fault("enospc")

    with pytest.raises(NotReadableError):
        await MediaDevices([sim.path]).get_user_media({"video": True})


async def test_camera_that_fails_otherwise_aborts(sim):
    sim.fault("streamon_error", value=errno.EIO)

    with pytest.raises(AbortError):
        await MediaDevices([sim.path]).get_user_media({"video": True})

    await no_handles(sim)


async def test_next_best_is_taken_where_the_best_is_busy(three):
    phone, webcam, isp = three
    media_devices = MediaDevices([sim.path for sim in three])
    with Camera(phone.path) as other:
        other.start()
        webcam.fault("streamon_error", value=errno.EIO)

        stream = await media_devices.get_user_media({"video": True})
        assert stream.get_tracks()[0].label == "Simulated ISP"

        isp.fault("ioctl_error", request="VIDIOC_QUERYCAP", value=errno.EACCES)
        stream.get_tracks()[0].stop()
        with pytest.raises(NotReadableError):
            await media_devices.get_user_media({"video": True})

    for sim in three:
        await no_handles(sim)


async def test_cancelled_request_leaves_no_camera_open(sim, monkeypatch):
    begun, join = asyncio.Event(), SharedCamera.join
    loop = asyncio.get_running_loop()

    def slow(*args):
        loop.call_soon_threadsafe(begun.set)
        return join(*args)

    monkeypatch.setattr(SharedCamera, "join", slow)
    wanted = MediaDevices([sim.path]).get_user_media({"video": True})
    await begun.wait()
    wanted.cancel()
    with pytest.raises(asyncio.CancelledError):
        await wanted

    await no_handles(sim)


async def test_request_begins_when_it_is_made(sim):
    wanted = MediaDevices([sim.path]).get_user_media(video=True)
    async with asyncio.timeout(5):
        while not sim.handles:
            await asyncio.sleep(0.001)

    assert (await wanted).active


# ---- cameras come and go ----


@pytest.fixture
def nodes(tmp_path, monkeypatch):
    """A directory that is watched instead of /dev."""
    monkeypatch.setattr(devicewatch_module, "DIRECTORY", tmp_path)
    return tmp_path


@pytest.fixture
def two():
    """One that is there, and one that is not plugged in."""
    here, there = SimulatedCamera(small(card="Here")), SimulatedCamera(small(card="There"))
    there.unplug()
    return here, there


async def test_camera_that_is_plugged_in_is_told(nodes, two):
    here, there = two
    media_devices = MediaDevices([here.path, there.path])
    assert len(await media_devices.enumerate_devices()) == 1
    listening = Listening(media_devices)
    begin = asyncio.get_running_loop().time()

    there.replug()
    (nodes / "video7").touch()
    await listening.wait_for("devicechange")

    (event,) = listening.events
    assert [info.label for info in event.devices] == ["Here", "There"]
    assert [info.label for info in event.user_inserted_devices] == ["There"]
    assert event.target is media_devices
    assert asyncio.get_running_loop().time() - begin < 1


async def test_camera_that_is_unplugged_is_told(nodes, two):
    here, there = two
    media_devices = MediaDevices([here.path, there.path])
    heard = asyncio.Queue()
    await media_devices.enumerate_devices()
    media_devices.ondevicechange = heard.put_nowait

    here.unplug()
    (nodes / "video7").touch()
    event = await asyncio.wait_for(heard.get(), 5)

    assert event.devices == ()
    assert event.user_inserted_devices == ()


async def test_simulated_plug_is_told_without_a_node(nodes, two):
    here, there = two
    media_devices = MediaDevices([here.path, there.path])
    await media_devices.enumerate_devices()
    events = media_devices.events("devicechange")

    there.replug()
    event = await asyncio.wait_for(anext(events), 5)
    assert [info.label for info in event.user_inserted_devices] == ["There"]
    here.unplug()
    event = await asyncio.wait_for(anext(events), 5)
    assert [info.label for info in event.devices] == ["There"]


async def test_events_come_to_async_for(nodes, two):
    here, there = two
    media_devices = MediaDevices([here.path, there.path])
    await media_devices.enumerate_devices()
    events = media_devices.events("devicechange")

    there.replug()
    (nodes / "video7").touch()
    event = await asyncio.wait_for(anext(events), 5)

    assert len(event.devices) == 2


async def test_change_between_the_last_list_and_the_first_listener_is_told(nodes, two):
    here, there = two
    media_devices = MediaDevices([here.path, there.path])
    await media_devices.enumerate_devices()

    there.replug()
    event = await asyncio.wait_for(anext(media_devices.events("devicechange")), 5)

    assert len(event.user_inserted_devices) == 1


async def test_link_that_udev_makes_later_is_seen(nodes, two):
    here, there = two
    media_devices = MediaDevices([here.path, there.path])
    await media_devices.enumerate_devices()
    listening = Listening(media_devices)
    (nodes / "v4l" / "by-id").mkdir(parents=True)
    here.unplug()
    await listening.wait_for("devicechange")

    there.replug()
    (nodes / "v4l" / "by-id" / "usb-Camera-video-index0").touch()
    await listening.wait_for("devicechange", 2)

    assert [info.label for info in listening.events[-1].devices] == ["There"]


async def test_other_nodes_and_lists_that_stay_the_same_are_not_told(nodes, two, monkeypatch):
    here, there = two
    media_devices = MediaDevices([here.path, there.path])
    await media_devices.enumerate_devices()
    looks = []
    monkeypatch.setattr(media_devices, "_look", lambda: looks.append(1))
    listening = Listening(media_devices)
    looks.clear()

    (nodes / "ttyUSB0").touch()
    (nodes / "video").touch()
    assert not media_devices._watch._watch.take()
    (nodes / "video7").touch()
    assert media_devices._watch._watch.take()

    assert looks == []
    assert listening.types == []


async def test_same_list_again_is_not_told(nodes, two):
    here, there = two
    media_devices = MediaDevices([here.path, there.path])
    await media_devices.enumerate_devices()
    listening = Listening(media_devices)

    media_devices._look()
    media_devices._look()
    there.replug()
    media_devices._look()
    await listening.wait_for("devicechange")
    media_devices._look()
    await media_devices.enumerate_devices()
    await asyncio.sleep(0)

    assert listening.types == ["devicechange"]


def watches():
    """Descriptors of inotify(7) that this process has."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            found += "inotify" in str(link.readlink())
    return found


async def test_nobody_watches_where_nobody_listens(nodes, two):
    here, _ = two
    media_devices = MediaDevices([here.path])
    await media_devices.enumerate_devices()
    gc.collect()  # of other tests
    before = watches()

    media_devices.ondevicechange = print
    assert watches() == before + 1
    media_devices.ondevicechange = None
    assert watches() == before
    media_devices.add_event_listener("devicechange", print)
    media_devices.remove_event_listener("devicechange", print)
    assert watches() == before
    events = media_devices.events("devicechange")
    assert watches() == before + 1
    del events
    gc.collect()
    await asyncio.sleep(0)
    assert watches() == before


async def test_media_devices_that_nobody_has_is_gone(sim):
    media_devices = MediaDevices([sim.path])
    await media_devices.enumerate_devices()
    gone = weakref.ref(media_devices)

    del media_devices
    gc.collect()

    assert gone() is None


def test_listening_needs_an_event_loop():
    with pytest.raises(RuntimeError, match="event loop"):
        MediaDevices([]).ondevicechange = print


async def test_too_many_watches_are_an_error(monkeypatch):
    monkeypatch.setattr(devicewatch_module, "DIRECTORY", "/nowhere")

    with pytest.raises(FileNotFoundError):
        MediaDevices([]).add_event_listener("devicechange", print)


async def test_nothing_is_left_of_listing(camera):
    media_devices = MediaDevices([camera.path])
    await media_devices.enumerate_devices()
    before = await settle(camera.path, (open_fds(), 0, 1))

    for _ in range(min(camera.cycles, 5)):
        await media_devices.enumerate_devices()

    assert await settle(camera.path, before) == before


async def test_objects_say_what_they_are():
    assert repr(MediaDevices()) == "<MediaDevices all>"
    assert repr(MediaDevices(["sim:webcam"])) == "<MediaDevices sim:webcam>"
    (info,) = await MediaDevices([quick().path]).enumerate_devices() or [None]
    assert info is None or "Test" in repr(info)
