# SPDX-License-Identifier: MIT
"""A track: its settings, what changes them, and who is told."""

import asyncio
import threading

import pytest

from v4l2capture import (
    Device,
    ImageCapture,
    MediaStreamTrack,
    OverconstrainedError,
)
from v4l2capture import silence as silence_module
from v4l2capture.sharedcamera import SharedCamera

from .face import (
    Listening,
    control,
    live,
    video_track,
)


@pytest.fixture
def sim():
    return live()


@pytest.fixture
def silence(monkeypatch):
    """A camera is muted after a moment."""
    monkeypatch.setattr(silence_module, "_SILENCE", 0.3)
    monkeypatch.setattr(silence_module, "_SILENT_FRAMES", 1)


# ---- what it is ----


async def test_track_says_what_it_is(sim):
    track = await video_track(sim.path)

    assert track.kind == "video"
    assert track.label == "Simulated Webcam"
    assert len(track.id) == 36
    assert track.ready_state == "live"
    assert track.enabled
    assert not track.muted


async def test_capabilities_and_settings_are_copies(sim):
    track = await video_track(sim.path, {"width": 320, "advanced": [{"zoom": 200}]})

    track.get_capabilities().exposure_mode.clear()
    track.get_constraints().advanced.clear()

    assert track.get_capabilities().exposure_mode == ["manual", "continuous"]
    assert track.get_constraints().to_dict() == {"width": 320, "advanced": [{"zoom": 200}]}


async def test_every_capability_has_a_setting(sim):
    track = await video_track(sim.path)

    assert set(track.get_settings()) == set(track.get_capabilities())


async def test_size_and_rate_have_two_ends_and_no_step(sim):
    """As browsers' tests want it."""
    able = (await video_track(sim.path)).get_capabilities()

    for name in ("width", "height", "aspectRatio", "frameRate"):
        assert set(able[name]) == {"min", "max"}


# ---- constraints ----


async def test_constraints_reach_the_camera(camera):
    track = await video_track(camera.path)

    await track.apply_constraints(brightness={"exact": 7})

    assert track.get_settings().brightness == 7
    assert track.get_constraints().to_dict() == {"brightness": {"exact": 7}}
    assert control(camera, "brightness") == 7


async def test_constraints_begin_when_they_are_applied_and_not_when_they_are_awaited(sim):
    track = await video_track(sim.path)

    applied = [track.apply_constraints(zoom=zoom) for zoom in (200, 300, 400)]
    await applied[2]

    assert all(each.done() for each in applied)
    assert track.get_settings().zoom == 400
    assert control(sim, "zoom_absolute") == 400


async def test_constraints_of_all_tracks_of_a_camera_are_applied_in_call_order(sim, monkeypatch):
    calls = []
    apply = SharedCamera.apply
    monkeypatch.setattr(
        SharedCamera,
        "apply",
        lambda *args: (calls.append((args[1], args[2].zoom)), apply(*args))[1],
    )
    one = await video_track(sim.path)
    two = await video_track(sim.path)

    await asyncio.gather(*(t.apply_constraints(zoom=z) for z in (200, 210) for t in (one, two)))

    assert calls == [(t.id, z) for z in (200, 210) for t in (one, two)]


async def test_impossible_constraint_changes_nothing(sim):
    track = await video_track(sim.path, {"zoom": 150})

    with pytest.raises(OverconstrainedError) as caught:
        await track.apply_constraints(zoom={"min": 501}, brightness=7)

    assert caught.value.constraint == "zoom"
    assert track.get_settings().zoom == 150
    assert track.get_settings().brightness == 0
    assert track.get_constraints().to_dict() == {"zoom": 150}


async def test_wrong_type_rejects_when_it_is_awaited(sim):
    track = await video_track(sim.path)
    applied = track.apply_constraints({"zoom": "far"})

    with pytest.raises(TypeError, match="zoom"):
        await applied


async def test_constraints_of_an_ended_track_do_nothing(sim):
    track = await video_track(sim.path)
    other = track.clone()
    track.stop()

    await track.apply_constraints(zoom={"exact": 9999})
    await other.apply_constraints()

    assert other.get_settings().zoom == 100
    assert track.get_constraints().to_dict() == {}


async def test_constraints_that_wait_when_a_track_stops_do_nothing(sim):
    track = await video_track(sim.path)
    other = track.clone()

    waiting = track.apply_constraints(zoom=400)
    track.stop()
    await asyncio.gather(waiting, other.apply_constraints())

    assert waiting.result() is None
    assert other.get_settings().zoom in (100, 400)  # it may have begun


class Hanging:
    """The driver hangs while it writes, until it is let go."""

    def __init__(self, monkeypatch):
        self._begun = threading.Event()
        self.go_on = threading.Event()
        self._apply = SharedCamera.apply
        monkeypatch.setattr(SharedCamera, "apply", lambda *args: self._hang(*args))

    def _hang(self, *args):
        self._begun.set()
        assert self.go_on.wait(20)
        return self._apply(*args)

    async def begun(self):
        assert await asyncio.to_thread(self._begun.wait, 20)


@pytest.mark.quirk("uvc-timeout")
async def test_a_driver_that_hangs_does_not_stop_the_event_loop(sim, monkeypatch):
    hanging = Hanging(monkeypatch)
    track = await video_track(sim.path)

    applied = track.apply_constraints(zoom=200)
    await hanging.begun()
    frames = track.frames()
    pictures = [await anext(frames) for _ in range(3)]
    grabbed = await ImageCapture(track).grab_frame()
    twin = track.clone()
    assert twin.get_settings().zoom == 100
    hanging.go_on.set()
    await applied
    await twin.apply_constraints()

    assert len({picture.sequence for picture in pictures}) == 3
    assert grabbed.width == 640
    assert twin.get_settings().zoom == 200


async def test_change_that_has_begun_is_carried_out_though_it_is_cancelled(sim, monkeypatch):
    hanging = Hanging(monkeypatch)
    track = await video_track(sim.path)

    begun = track.apply_constraints(zoom=200)
    waiting = track.apply_constraints(zoom=300)
    await hanging.begun()
    begun.cancel()
    waiting.cancel()
    hanging.go_on.set()
    last = track.apply_constraints(brightness=5)
    await last

    assert control(sim, "zoom_absolute") == 200  # and not 300: that had not begun
    assert track.get_settings().zoom == 200
    assert begun.cancelled()
    assert waiting.cancelled()


async def test_what_another_track_requires_stays_true(sim):
    one = await video_track(sim.path)
    two = await video_track(sim.path)
    await one.apply_constraints(zoom={"exact": 200})

    with pytest.raises(OverconstrainedError):
        await two.apply_constraints(zoom={"exact": 300})
    one.stop()
    await two.apply_constraints(zoom={"exact": 300})

    assert two.get_settings().zoom == 300


# ---- what others change ----


async def test_change_by_another_program_is_told(camera):
    track = await video_track(camera.path)
    listening = Listening(track)
    before = track.get_settings().brightness

    with Device(camera.path) as other:
        other.controls["brightness"].value = before + 3
        await listening.wait_for("configurationchange")

    assert track.get_settings().brightness == before + 3
    assert listening.events[0].target is track


async def test_change_of_a_range_is_told(sim):
    track = await video_track(sim.path)
    listening = Listening(track)

    sim.set_range("zoom_absolute", 100, 300, 1, 100)
    await listening.wait_for("configurationchange")

    assert track.get_capabilities().zoom.max == 300


async def test_each_change_is_told(sim):
    track = await video_track(sim.path)
    listening = Listening(track)

    for times, brightness in enumerate((5, 6, 7), 1):
        sim.poke("brightness", brightness)
        await listening.wait_for("configurationchange", times)
        assert track.get_settings().brightness == brightness


async def test_own_change_is_not_told_to_oneself_but_to_others(sim):
    one = await video_track(sim.path)
    two = await video_track(sim.path)
    hearing_one, hearing_two = Listening(one), Listening(two)

    await one.apply_constraints(zoom=200)
    await one.apply_constraints()

    assert hearing_one.types == []
    assert hearing_two.types == ["configurationchange"]
    assert two.get_settings().zoom == 200


async def test_event_without_a_difference_is_not_told(sim):
    track = await video_track(sim.path)
    listening = Listening(track)

    sim.poke("brightness", 5)
    sim.poke("brightness", 0)
    await track.apply_constraints()  # after whoever looks because of them
    await track.apply_constraints()

    assert all(event.target.get_settings().brightness == 0 for event in listening.events)
    assert len(listening.events) in (0, 2)  # it may have been seen in between


async def test_change_while_muted_is_told_when_frames_come_again(sim, silence):
    track = await video_track(sim.path)
    listening = Listening(track)
    sim.fault("stall")
    await listening.wait_for("mute")

    sim.poke("brightness", 5)
    other = await video_track(sim.path)  # by then it was looked at
    seen_by_other = other.get_settings().brightness
    before = track.get_settings().brightness
    sim.clear_faults()
    await listening.wait_for("configurationchange")

    assert (seen_by_other, before) == (5, 0)
    assert listening.types == ["mute", "unmute", "configurationchange"]
    assert track.get_settings().brightness == 5


# ---- listeners ----


async def test_listener_that_fails_is_reported_and_hides_no_other(sim):
    loop = asyncio.get_running_loop()
    reported, heard = [], []
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    track = await video_track(sim.path)
    track.onended = lambda _: 1 / 0
    track.add_event_listener("ended", heard.append)

    sim.unplug()
    events = [event async for event in track.events("ended")] or heard

    assert [type(error) for error in reported] == [ZeroDivisionError]
    assert [event.type for event in heard] == ["ended"]
    assert events


async def test_listener_that_asks_what_was_cancelled_fails_like_any_other(sim, silence):
    loop = asyncio.get_running_loop()
    reported = []
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    track = await video_track(sim.path)
    cancelled = loop.create_future()
    cancelled.cancel()
    track.onmute = track.onunmute = lambda _: cancelled.result()
    listening = Listening(track)

    sim.fault("stall")
    await listening.wait_for("mute")
    sim.clear_faults()
    await listening.wait_for("unmute")

    assert [type(error) for error in reported] == [asyncio.CancelledError] * 2
    assert await asyncio.wait_for(anext(track.frames()), 5)


async def test_listener_may_be_a_coroutine_function(sim):
    reported, heard = [], asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: reported.append(context["exception"])
    )
    track = await video_track(sim.path)

    async def listen(event):
        await asyncio.sleep(0)
        heard.set()
        raise LookupError(event.type)

    track.onended = listen
    sim.unplug()
    await asyncio.wait_for(heard.wait(), 5)
    await asyncio.sleep(0)

    assert [str(error) for error in reported] == ["ended"]


async def test_listener_that_is_removed_is_not_called(sim):
    heard = []
    track = await video_track(sim.path)
    track.add_event_listener("ended", heard.append)
    track.add_event_listener("ended", heard.append)
    other = Listening(track)

    track.remove_event_listener("ended", heard.append)
    track.remove_event_listener("mute", heard.append)
    track.onended = heard.append
    track.onended = None
    sim.unplug()
    await other.wait_for("ended")

    assert heard == []
    assert track.onended is None


async def test_listener_may_send_the_next_one_away(sim):
    heard = []
    track = await video_track(sim.path)
    track.add_event_listener("ended", lambda _: track.remove_event_listener("ended", heard.append))
    track.add_event_listener("ended", heard.append)
    last = Listening(track)

    sim.unplug()
    await last.wait_for("ended")

    assert heard == []


async def test_event_that_does_not_exist_is_an_error(sim):
    track = await video_track(sim.path)

    with pytest.raises(ValueError, match="it has ended, mute"):
        track.add_event_listener("end", print)
    with pytest.raises(TypeError):
        track.add_event_listener("ended", None)
    with pytest.raises(TypeError):
        track.onended = 5
    with pytest.raises(ValueError, match="no event"):
        track.events("end")


async def test_objects_say_what_they_are(sim):
    track = await video_track(sim.path)

    assert repr(track) == "<MediaStreamTrack video 'Simulated Webcam', live>"
    assert "ImageCapture" in repr(ImageCapture(track))
    assert isinstance(track, MediaStreamTrack)
