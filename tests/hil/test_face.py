# SPDX-License-Identifier: MIT
"""The W3C objects while the plug is pulled and put in again: real nodes, real udev."""

import asyncio
import gc
import time
from collections.abc import Iterator

import pytest

from v4l2capture import ImageCapture, MediaDevices

from . import testcam, usbcam, vivid

# The guest is emulated: enumerating takes a second there.
SOON = 20.0


@pytest.fixture
def plugged(plug) -> Iterator[None]:
    """Whatever a test does, the next one finds the camera again."""
    yield
    gc.collect()
    plug.bind()


@pytest.mark.parametrize(
    ("node", "plug"), [("single", vivid), ("uvc", usbcam)], ids=["vivid", "uvc"]
)
async def test_camera_that_comes_back_is_told_and_known_by_its_id(request, plugged, node, plug):
    path = request.getfixturevalue(node)
    media_devices = MediaDevices()
    before = await media_devices.enumerate_devices()
    (known,) = (info for info in before if info.path == path)
    changes = media_devices.events("devicechange")
    wanted = {"video": {"deviceId": {"exact": known.device_id}}}
    stream = await media_devices.get_user_media(wanted)
    (track,) = stream.get_tracks()
    await asyncio.wait_for(anext(track.frames()), SOON)
    ended = track.events("ended")

    await asyncio.to_thread(plug.unbind)
    pulled = time.monotonic()
    await asyncio.wait_for(anext(ended), SOON)
    there = await asyncio.wait_for(anext(changes), SOON)
    print(f"told of the plug after {time.monotonic() - pulled:.2f} s")
    assert track.ready_state == "ended"
    assert known.device_id not in [info.device_id for info in there.devices]
    assert there.user_inserted_devices == ()

    await asyncio.to_thread(plug.bind)
    ids = {(info.device_id, info.group_id) for info in before}
    new: set[str] = set()
    async with asyncio.timeout(SOON):
        while {(info.device_id, info.group_id) for info in there.devices} != ids:
            there = await anext(changes)  # the nodes come one after the other
            new |= {info.device_id for info in there.user_inserted_devices}
    assert known.device_id in new

    again = (await media_devices.get_user_media(wanted)).get_tracks()[0]
    assert again.label == track.label
    assert (await asyncio.wait_for(anext(again.frames()), SOON)).to_rgb().any()
    again.stop()
    await again.wait_closed()


@pytest.mark.parametrize("node", ["single", "uvc"])
async def test_other_program_that_changes_controls_is_seen(request, node):
    path = request.getfixturevalue(node)
    (track,) = (await MediaDevices([path]).get_user_media({"video": True})).get_tracks()
    changes = track.events("configurationchange")

    program = await asyncio.create_subprocess_exec(
        "v4l2-ctl", "-d", path, "--set-ctrl", "brightness=47"
    )
    assert await program.wait() == 0
    await asyncio.wait_for(anext(changes), SOON)

    assert track.get_settings().brightness == 47
    track.stop()
    await track.wait_closed()


@pytest.mark.parametrize("node", ["single", "loopback_shared"])
async def test_program_for_a_browser_runs_with_what_the_driver_has(node, request, feed):
    path = request.getfixturevalue(node)
    if node == "loopback_shared":
        feed(path, "--format", "YUYV", "--size", "320x180", "--fps", "20")

    media_devices = MediaDevices([path])
    stream = await media_devices.get_user_media({"video": True})
    track = stream.get_video_tracks()[0]
    assert track.get_capabilities().zoom is None
    await track.apply_constraints({"advanced": [{"zoom": 200}]})  # no camera, no effect
    bitmap = await asyncio.wait_for(ImageCapture(track).grab_frame(), SOON)

    assert bitmap.array().shape == (180, 320, 3)
    track.stop()
    await track.wait_closed()


async def test_program_for_a_browser_zooms_and_takes_photos_with_a_usb_camera(uvc):
    media_devices = MediaDevices([uvc])
    stream = await media_devices.get_user_media({"video": True})
    track = stream.get_video_tracks()[0]
    image_capture = ImageCapture(track)
    await track.apply_constraints({"advanced": [{"zoom": 200}]})
    bitmap = await asyncio.wait_for(image_capture.grab_frame(), SOON)
    photo = await asyncio.wait_for(image_capture.take_photo({"imageWidth": 320}), SOON)

    assert track.get_capabilities().zoom.max == 500
    assert track.get_settings().zoom == 200
    assert bitmap.array().shape == (240, 320, 3)
    assert (photo.type, photo.width, photo.height) == ("image/jpeg", 320, 240)
    with usbcam.UsbCamera.of_the_rig() as usb:
        assert usb.values["zoom_absolute"] == 200
    track.stop()
    await track.wait_closed()


async def test_torch_of_a_track_goes_out_with_it():
    (track,) = (await MediaDevices([testcam.reset()]).get_user_media({"video": True})).get_tracks()
    await track.apply_constraints({"advanced": [{"torch": True}]})
    with testcam.open_part(testcam.FLASH) as lamp:
        assert lamp.get(testcam.LED_MODE) == testcam.TORCH_MODE

        track.stop()
        await track.wait_closed()

        assert lamp.get(testcam.LED_MODE) == testcam.OFF
