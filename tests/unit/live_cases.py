# SPDX-License-Identifier: MIT
"""The cases of browsers' test suites that need a camera: what each does, with a simulated one.

A function of the case and the page serves all cases that differ only in their data.
"""

import asyncio
import re

import pytest

from v4l2capture import (
    DOMException,
    ImageCapture,
    InputDeviceInfo,
    MediaDevices,
    MediaStream,
    MediaStreamTrack,
    OverconstrainedError,
    SimulatedCamera,
)
from v4l2capture.dictionaries import UnknownMemberWarning, snake


class Page:
    """What a browser's test has at hand: one camera, and what was got from it."""

    def __init__(self):
        self.sim = SimulatedCamera("webcam")
        self.media_devices = MediaDevices([self.sim.path])

    async def stream(self, video=True):
        return await self.media_devices.get_user_media({"video": video})

    async def track(self, video=True):
        (track,) = (await self.stream(video)).get_video_tracks()
        return track


async def name_of_error(promise):
    with pytest.raises(DOMException) as caught:
        await promise
    return caught.value.name


def is_range(value):
    return set(value) == {"min", "max"} and value["min"] <= value["max"]


SHAPES = {
    "object with exactly the keys min and max, min<=max": is_range,
    "list containing both none and crop-and-scale": lambda v: {"none", "crop-and-scale"} <= {*v},
    "string": lambda value: isinstance(value, str),
    "integer >= 0": lambda value: isinstance(value, int) and value >= 0,
    "number >= 0": lambda value: isinstance(value, int | float) and value >= 0,
}


async def capability_of_the_track(case, page):
    found = (await page.track()).get_capabilities().to_dict()

    assert SHAPES[case["expect"]["shape"]](found[case["expect"]["present"]])


async def capability_of_the_device(case, page):
    track = await page.track()
    (info,) = await page.media_devices.enumerate_devices()
    found = info.get_capabilities()

    assert SHAPES[case["expect"]["shape"]](found.to_dict()[case["expect"]["present"]])
    assert found == track.get_capabilities()


async def setting_of_the_track(case, page):
    found = (await page.track()).get_settings().to_dict()

    for name, shape in case["expect"].items():
        assert SHAPES[shape](found[name.removeprefix("settings.")])


async def settings_are_an_object(case, page):
    assert isinstance((await page.track()).get_settings().to_dict(), dict)


async def optional_thing_is_absent(case, page):
    """What it looks like matters to those who have it; no V4L2 driver does."""
    track = await page.track()

    for name in ("backgroundBlur", "backgroundSegmentationMask"):
        assert name not in track.get_capabilities().to_dict()
        assert name not in track.get_settings().to_dict()


async def grab_of_a_stopped_track(case, page):
    track = await page.track()
    image_capture = ImageCapture(track)
    track.stop()

    assert await name_of_error(image_capture.grab_frame()) == case["expect"]["rejects"]


async def photo_capabilities_of_an_ended_track(case, page):
    track = await page.track()
    track.stop()
    asked = ImageCapture(track).get_photo_capabilities()

    assert await name_of_error(asked) == case["expect"]["rejects"]


async def image_capture_of_sound(case, page):
    class Sound(MediaStreamTrack):
        kind = "audio"

    track = await page.track()
    sound = Sound(track._source, "sound", track.get_capabilities(), track._seen, waits=False)

    with pytest.raises(DOMException) as caught:
        ImageCapture(sound)
    assert caught.value.name == case["expect"]["throws"]


async def image_capture_of_something_else(case, page):
    assert case["expect"]["throws"] == "TypeError"
    with pytest.raises(TypeError):
        ImageCapture(*case["input"])


async def grabbed_picture_is_that_of_the_track(case, page):
    want = case["expect"]["resolves"]
    size = {"width": {"exact": want["width"]}, "height": {"exact": want["height"]}}
    track = await page.track(size)
    frames = track.frames()

    grabbed = ImageCapture(track).grab_frame()
    pictures = {}
    while not grabbed.done():
        picture = await anext(frames)
        pictures[picture.timestamp_ns] = picture.to_rgb()
    bitmap = grabbed.result()

    assert (bitmap.width, bitmap.height) == (want["width"], want["height"])
    difference = bitmap.array().astype(int) - pictures[bitmap.timestamp_ns]
    assert abs(difference).max() <= 5


async def nothing_has_changed(case, page):
    track = await page.track()
    heard = []
    track.onconfigurationchange = heard.append

    page.sim.source_change()  # tells everybody
    await track.apply_constraints()
    await track.apply_constraints()  # the camera was looked at between them

    assert heard == []
    assert case["expect"]["event"] is None


async def camera_is_opened_twice(case, page):
    first, second = case["input"]
    one = (await page.track(first["video"])).get_settings()
    second["video"]["deviceId"]["exact"] = one.device_id
    two = (await page.track(second["video"])).get_settings()

    assert one.device_id == two.device_id


async def stopped_track_knows_its_camera(case, page):
    track = await page.track()
    before = track.get_settings()
    track.stop()
    after = track.get_settings()

    assert {*after} <= {"deviceId", "facingMode", "groupId"}
    for name in case["expect"]["same_after_stop"]:
        assert before[name] == after[name]


async def group_selects_a_camera(case, page):
    others = [SimulatedCamera(name) for name in ("phone", "mplane")]
    media_devices = MediaDevices([page.sim.path, *(sim.path for sim in others)])
    devices = await media_devices.enumerate_devices()

    for info in devices:
        stream = await media_devices.get_user_media(
            {"video": {"groupId": {"exact": info.group_id}}}
        )
        found = stream.get_tracks()[0].get_settings().device_id
        assert found in [each.device_id for each in devices if each.group_id == info.group_id]
    with pytest.raises(OverconstrainedError) as caught:
        await page.stream({"groupId": {"exact": "no camera"}})
    assert caught.value.constraint == case["expect"]["either"][1]["constraint"]


async def cameras_are_inputs(case, page):
    devices = await page.media_devices.enumerate_devices()

    assert [type(info) for info in devices] == [InputDeviceInfo]


async def function_exists(case, page):
    for name in case["expect"]["exists"]:
        assert callable(getattr(page.media_devices, snake(name)))


async def unknown_key_is_no_request(case, page):
    with pytest.warns(UnknownMemberWarning):
        promise = page.media_devices.get_user_media(case["input"])

    with pytest.raises(TypeError):
        await promise


async def stream_is_cloned(case, page):
    stream = MediaStream([await page.track(), await page.track()])
    one, two = stream.get_tracks()
    twin = stream.clone()

    assert not {track.id for track in stream.get_tracks()} & {t.id for t in twin.get_tracks()}
    one.stop()
    two.stop()
    assert not stream.active
    assert twin.active
    assert {track.ready_state for track in twin.get_tracks()} == {"live"}
    ended = stream.clone()
    assert {track.ready_state for track in ended.get_tracks()} == {"ended"}
    assert not ended.active


async def track_is_cloned(case, page):
    stream = MediaStream([await page.track(), await page.track()])
    clones = [track.clone() for track in stream.get_tracks()]

    for track in stream.get_tracks():
        track.stop()
    assert not stream.active
    for clone in clones:
        assert clone.ready_state == "live"
        stream.add_track(clone)
    assert stream.active


async def streams_are_constructed(case, page):
    track, other = await page.track(), await page.track()
    streams = [MediaStream(), MediaStream([track]), MediaStream(MediaStream([track]))]
    heard = []
    track.onended = heard.append

    assert len({stream.id for stream in streams}) == 3
    assert streams[1].get_tracks() == streams[2].get_tracks() == [track]
    track.stop()
    assert track.ready_state == "ended"
    assert not any(stream.active for stream in streams)
    streams[0].add_track(track)
    assert not streams[0].active
    assert not MediaStream([track]).active
    assert MediaStream([track, other]).active
    await track.wait_closed()
    assert heard == []


async def track_is_found_by_its_id(case, page):
    stream = await page.stream()
    (track,) = stream.get_tracks()
    ids = [each.replace("<id>", track.id) for each in case["input"]]

    assert [stream.get_track_by_id(each) for each in ids] == [track, None]


async def stream_has_an_id(case, page):
    stream = await page.stream(case["input"]["video"])

    assert len(stream.id) == case["expect"]["id_length"]
    assert re.fullmatch(r"[-!#$%&'*+.0-9A-Z^_`a-z{|}~]*", stream.id)


async def tracks_join_an_inactive_stream(case, page):
    stream = await page.stream()
    (track,) = stream.get_tracks()
    track.stop()

    stream.add_track(track.clone())
    stream.remove_track(track)

    assert stream.active is case["expect"]["active"]


async def tracks_are_removed(case, page):
    stream = await page.stream()
    (track,) = stream.get_tracks()
    heard = []
    stream.onremovetrack = heard.append

    stream.remove_track(track.clone())
    assert stream.get_tracks() == [track]
    stream.remove_track(track)
    assert stream.get_tracks() == []
    await track.apply_constraints()
    assert heard == []


async def counted_without_sinks(case, page):
    track = await page.track()

    async with asyncio.timeout(5):
        while track.stats.delivered_frames < 2:
            await asyncio.sleep(0.01)


async def stats_are_one_object(case, page):
    track = await page.track(case["input"]["video"])

    assert track.stats is track.stats


async def stats_stand_still_while_disabled(case, page):
    track = await page.track(case["input"]["video"])
    twin = track.clone()
    await track.apply_constraints(case["input"]["then applyConstraints"])
    await anext(track.frames())
    track.enabled = False
    before = track.stats.to_dict()

    while twin.stats.total_frames < 10:
        await anext(twin.frames())

    for name, count in track.stats.to_dict().items():
        assert abs(count - before[name]) <= 1
    assert before["totalFrames"] > 0


async def slow_clone_discards_its_own_frames(case, page):
    track = await page.track()
    twin = track.clone()
    await twin.apply_constraints(case["input"]["clone applyConstraints"])
    frames = track.frames()

    while twin.stats.discarded_frames < 2:
        await anext(frames)

    assert track.stats.discarded_frames == case["expect"]["original.discardedFrames"]


async def photo_of_null_is_a_photo(case, page):
    photo = await ImageCapture(await page.track()).take_photo(*case["input"])

    assert photo.type == "image/jpeg"
    assert photo.size == len(photo) > 0


async def photo_that_cannot_be_taken(case, page):
    image_capture = ImageCapture(await page.track())
    able = (await image_capture.get_photo_capabilities()).to_dict()
    (settings,) = case["input"]
    given = case["given"]["photoCapabilities"]
    wanted = {}
    for name, value in settings.items():
        if isinstance(value, str):
            wanted[name] = "flash"  # this camera has no lamp, as that one has no "off"
        else:
            wanted[name] = able[name]["max" if value > given[name]["max"] else "min"]
            wanted[name] += value - given[name]["max" if value > given[name]["max"] else "min"]

    assert await name_of_error(image_capture.take_photo(wanted)) == case["expect"]["rejects"]


LIVE = {
    "wpt-image-003": grab_of_a_stopped_track,
    "wpt-image-004": image_capture_of_sound,
    "wpt-image-005": image_capture_of_something_else,
    "wpt-image-006": image_capture_of_something_else,
    "wpt-image-008": image_capture_of_something_else,
    "wpt-image-009": image_capture_of_something_else,
    "wpt-image-010": image_capture_of_something_else,
    "wpt-image-011": image_capture_of_something_else,
    "wpt-image-013": grabbed_picture_is_that_of_the_track,
    "wpt-image-115": settings_are_an_object,
    "wpt-image-120": photo_capabilities_of_an_ended_track,
    "wpt-image-126": photo_of_null_is_a_photo,
    "wpt-image-132": photo_that_cannot_be_taken,
    "wpt-image-133": photo_that_cannot_be_taken,
    "wpt-image-136": photo_that_cannot_be_taken,
    "chromium-internal-003": nothing_has_changed,
    "wpt-streams-011": capability_of_the_track,
    "wpt-streams-012": capability_of_the_track,
    "wpt-streams-014": capability_of_the_track,
    "wpt-streams-015": capability_of_the_track,
    "wpt-streams-016": capability_of_the_track,
    "wpt-streams-018": capability_of_the_device,
    "wpt-streams-019": capability_of_the_device,
    "wpt-streams-020": capability_of_the_device,
    "wpt-streams-024": capability_of_the_device,
    "wpt-streams-025": camera_is_opened_twice,
    "wpt-streams-028": setting_of_the_track,
    "wpt-streams-030": setting_of_the_track,
    "wpt-streams-031": setting_of_the_track,
    "wpt-streams-032": setting_of_the_track,
    "wpt-streams-033": setting_of_the_track,
    "wpt-streams-046": stopped_track_knows_its_camera,
    "wpt-streams-048": group_selects_a_camera,
    "wpt-streams-074": cameras_are_inputs,
    "wpt-streams-083": function_exists,
    "wpt-streams-086": unknown_key_is_no_request,
    "wpt-streams-104": stream_is_cloned,
    "wpt-streams-105": track_is_cloned,
    "wpt-streams-106": streams_are_constructed,
    "wpt-streams-107": track_is_found_by_its_id,
    "wpt-streams-109": stream_has_an_id,
    "wpt-streams-110": tracks_join_an_inactive_stream,
    "wpt-streams-111": tracks_are_removed,
    "wpt-extensions-002": optional_thing_is_absent,
    "wpt-extensions-009": optional_thing_is_absent,
    "wpt-extensions-014": counted_without_sinks,
    "wpt-extensions-019": stats_are_one_object,
    "wpt-extensions-020": stats_stand_still_while_disabled,
    "wpt-extensions-025": slow_clone_discards_its_own_frames,
}
