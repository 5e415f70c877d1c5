# SPDX-License-Identifier: MIT
"""Cameras that are unplugged and come back, at whatever node: a USB cable, and a driver rebound.

Also controls that do not answer for five seconds: who waits for them, and who does not.
"""

import asyncio
import time

import pytest

from v4l2capture import (
    Camera,
    CaptureTimeout,
    Device,
    DeviceGoneError,
    MediaDevices,
    OverconstrainedError,
)

from ..waits import Doing, wait_until_away
from . import testcam, vivid
from .held import Held, held
from .nodes import path_of
from .testcam import FULL
from .usbcam import FRAME_TIMEOUT_S, UsbCamera
from .vivid import MULTI, SINGLE

# The guest is emulated: plugging a camera in takes seconds there.
SOON = 60.0


def read_on(camera: Camera, timeout: float) -> None:
    while True:
        camera.read(timeout)


# ---- a USB camera ----


SMALL = {"width": {"exact": 320}, "height": {"exact": 240}, "resizeMode": {"exact": "none"}}
CHOSEN = SMALL | {"brightness": {"exact": 20}, "exposureMode": "manual", "exposureTime": 500}


@pytest.mark.uvc
@pytest.mark.quirk("unplugged", "other-index")
def test_usb_camera_is_waited_for_and_found_at_another_number(usb: UsbCamera) -> None:
    """Another camera of the same kind has taken its number meanwhile."""
    old = usb.path
    with Camera(old, on_disconnect="wait") as camera:
        camera.apply_constraints(CHOSEN)
        camera.controls["power_line_frequency"].value = 1
        camera.read(FRAME_TIMEOUT_S)  # and dropped: a frame keeps the number from others
        before = camera.settings

        usb.do("unplug")
        reading = Doing(lambda: camera.read(SOON))
        wait_until_away(camera)
        usb.wait_gone()
        with UsbCamera.play("webcam", "--largest", "320x240") as other:
            assert other.path == old
            time.sleep(1.0)  # that it is another one, is seen by now
            with pytest.raises(DeviceGoneError):
                _ = camera.settings
            usb.do("plug")
            frame = reading.end()

            assert camera.device.path == usb.path != old
            assert (frame.format.width, frame.format.height) == (320, 240)
            assert camera.settings.to_dict() == before.to_dict()
            assert usb.values["power_line_frequency"] == 1
            assert (usb.values["auto_exposure"], usb.values["exposure_time_absolute"]) == (1, 500)
            assert other.values["brightness"] == 0


@pytest.mark.uvc
@pytest.mark.quirk("unplugged")
def test_usb_camera_is_reopened(usb: UsbCamera) -> None:
    with Camera(usb.path) as camera:
        camera.apply_constraints(CHOSEN)
        kept = camera.read(FRAME_TIMEOUT_S)
        pixels = bytes(kept.planes[0])
        usb.do("unplug")
        with pytest.raises(DeviceGoneError):
            read_on(camera, FRAME_TIMEOUT_S)
        with pytest.raises(CaptureTimeout, match="is not back within"):
            camera.reopen()

        usb.do("plug")
        camera.reopen(SOON)

        assert camera.stream is not None
        assert camera.read(FRAME_TIMEOUT_S).format.width == 320
        assert (usb.values["brightness"], usb.values["exposure_time_absolute"]) == (20, 500)
        assert bytes(kept.planes[0]) == pixels


def test_nothing_is_left_of_a_usb_camera_that_comes_and_goes(usb: UsbCamera) -> None:
    def cycle() -> Held:
        usb.do("unplug", replug=0.5)
        with pytest.raises(DeviceGoneError):
            read_on(camera, FRAME_TIMEOUT_S)
        camera.reopen(SOON)
        assert camera.read(FRAME_TIMEOUT_S).ok
        return held()

    with Camera(usb.path) as camera:
        camera.apply_constraints(SMALL)
        camera.read(FRAME_TIMEOUT_S)
        before = cycle()

        assert [cycle() for _ in range(2)] == [before] * 2


@pytest.mark.uvc
@pytest.mark.quirk("unplugged", "other-index")
async def test_track_of_a_usb_camera_is_muted_until_it_is_back_elsewhere(usb: UsbCamera) -> None:
    old = usb.path
    media_devices = MediaDevices(on_disconnect="wait")
    (known,) = [each for each in await media_devices.enumerate_devices() if each.path == old]
    wanted = {"deviceId": {"exact": known.device_id}, **SMALL}
    stream = await media_devices.get_user_media({"video": wanted})
    (track,) = stream.get_tracks()
    await track.apply_constraints(CHOSEN)
    await asyncio.wait_for(anext(track.frames()), SOON)  # and dropped, see above
    mutes, unmutes = track.events("mute"), track.events("unmute")

    usb.do("unplug")
    await asyncio.wait_for(anext(mutes), SOON)
    await asyncio.to_thread(usb.wait_gone)
    with UsbCamera.play("webcam", "--largest", "320x240") as other:
        assert await asyncio.to_thread(lambda: other.path) == old
        usb.do("plug")
        await asyncio.wait_for(anext(unmutes), SOON)
        picture = await asyncio.wait_for(anext(track.frames()), SOON)

        assert (picture.width, picture.height) == (320, 240)
        assert (usb.values["brightness"], usb.values["exposure_time_absolute"]) == (20, 500)
        assert other.values["brightness"] == 0
        found = {each.path: each.device_id for each in await media_devices.enumerate_devices()}
        assert found[usb.path] == known.device_id
    track.stop()
    await track.wait_closed()


@pytest.mark.uvc
@pytest.mark.quirk("stall")
def test_silent_usb_camera_is_begun_anew_once(usb: UsbCamera) -> None:
    with Camera(usb.path, on_stall="restart") as camera:
        camera.apply_constraints(SMALL)
        camera.read(FRAME_TIMEOUT_S)
        first = camera.stream
        usb.fault("silent")

        with pytest.raises(CaptureTimeout, match="begun anew"):
            read_on(camera, 6.0)
        second = camera.stream
        assert second is not first
        usb.do("clear")

        assert camera.read(SOON).ok
        assert camera.stream is second


async def test_control_of_a_usb_camera_that_hangs_keeps_no_frames_from_anybody(
    usb: UsbCamera,
) -> None:
    """uvcvideo waits five seconds for an answer."""
    usb.do("clear")
    with UsbCamera.play("webcam", "--largest", "320x240") as other:
        paths = [await asyncio.to_thread(lambda each=each: each.path) for each in (usb, other)]
        tracks = []
        for path in paths:
            stream = await MediaDevices([path]).get_user_media({"video": SMALL})
            tracks += stream.get_tracks()
        readers = [track.frames() for track in tracks]
        for frames in readers:
            await asyncio.wait_for(anext(frames), SOON)
        usb.fault("hang", control="sharpness", request="SET_CUR", count=1)

        begin = time.monotonic()
        change = tracks[0].apply_constraints(sharpness={"exact": 70})
        counts, steps, last, longest = [0, 0], 0, begin, 0.0

        async def count(number: int) -> None:
            async for _ in readers[number]:
                counts[number] += 1

        counting = [asyncio.create_task(count(number)) for number in (0, 1)]
        while not change.done():
            await asyncio.sleep(0.01)
            now = time.monotonic()
            steps, longest, last = steps + 1, max(longest, now - last), now
        hung = time.monotonic() - begin
        print(f"hung for {hung:.1f} s, {counts} frames meanwhile, the loop rested {longest:.2f} s")

        assert hung > 4.0
        assert isinstance(change.exception(), OverconstrainedError)
        assert "Connection timed out" in str(change.exception())
        assert min(counts) >= 10
        assert longest < hung / 2
        for task in counting:
            task.cancel()
        for track in tracks:
            track.stop()
            await track.wait_closed()


# ---- a driver that is rebound ----


@pytest.mark.vivid
@pytest.mark.quirk("unplugged", "other-index")
@pytest.mark.parametrize("name", [SINGLE, MULTI])
def test_rebound_camera_is_waited_for(
    request: pytest.FixtureRequest, name: str, plugged: None
) -> None:
    path = request.getfixturevalue("single" if name == SINGLE else "multi")
    with Camera(path, on_disconnect="wait") as camera, Device(path) as holder:
        camera.apply_constraints(brightness={"exact": 90})
        camera.controls["hue"].value = 5
        before = camera.device.format
        kept = camera.read(FRAME_TIMEOUT_S)
        pixels = [bytes(plane) for plane in kept.planes]

        vivid.unbind()
        reading = Doing(lambda: camera.read(SOON))
        wait_until_away(camera)
        vivid.bind()
        frame = reading.end()

        assert camera.device.path == path_of(name) != path  # whose number the holder has
        assert camera.device.format == before == frame.format
        assert camera.settings.brightness == 90
        assert camera.controls["hue"].value == 5
        assert [bytes(plane) for plane in kept.planes] == pixels
        assert holder.path == path
    vivid.reset(path_of(name), "YUYV" if name == SINGLE else "NM12")


def test_camera_with_lens_and_flash_is_waited_for() -> None:
    """They have nodes of their own, which come one after the other."""
    with Camera(testcam.reset(FULL), on_disconnect="wait") as camera:
        camera.apply_constraints(torch=True, focusDistance=300)
        kinds = [type(node) for node in camera.nodes]
        before = camera.settings
        assert before.torch is True

        testcam.unbind()
        reading = Doing(lambda: camera.read(SOON))
        wait_until_away(camera)
        testcam.bind()
        reading.end()

        assert [type(node) for node in camera.nodes] == kinds
        assert camera.settings.torch is True
        assert camera.settings.focus_distance == before.focus_distance
    testcam.reset(FULL)
