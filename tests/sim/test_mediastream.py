# SPDX-License-Identifier: MIT
"""A stream is a set of tracks, and active while one of them is live."""

import re

import pytest

from v4l2capture import MediaDevices, MediaStream

from .face import Listening, live, video_track


@pytest.fixture
def sim():
    return live()


async def test_stream_of_a_camera_has_its_track(sim):
    stream = await MediaDevices([sim.path]).get_user_media({"video": True})
    (track,) = stream.get_tracks()

    assert stream.get_video_tracks() == [track]
    assert stream.get_audio_tracks() == []
    assert stream.active
    assert re.fullmatch(r"[0-9a-f-]{36}", stream.id)


async def test_track_is_found_by_its_id(sim):
    stream = await MediaDevices([sim.path]).get_user_media({"video": True})
    (track,) = stream.get_tracks()

    assert stream.get_track_by_id(track.id) is track
    assert stream.get_track_by_id(track.id + "foo") is None


async def test_stream_is_made_of_nothing_of_a_stream_or_of_tracks(sim):
    track = await video_track(sim.path)
    of_tracks = MediaStream([track])
    of_stream = MediaStream(of_tracks)

    assert MediaStream().get_tracks() == []
    assert of_tracks.get_tracks() == of_stream.get_tracks() == [track]
    assert len({MediaStream().id, of_tracks.id, of_stream.id}) == 3
    assert not MediaStream().active


@pytest.mark.parametrize("wrong", [5, ["track"], [None]], ids=repr)
async def test_stream_takes_nothing_else(wrong):
    with pytest.raises(TypeError):
        MediaStream(wrong)


async def test_stream_turns_inactive_at_once_with_its_last_track(sim):
    track = await video_track(sim.path)
    twin = track.clone()
    stream = MediaStream([track, twin])

    track.stop()
    assert stream.active
    twin.stop()
    assert not stream.active


async def test_live_track_makes_a_stream_active_again(sim):
    track = await video_track(sim.path)
    twin = track.clone()
    stream = MediaStream([track])
    track.stop()

    stream.add_track(twin)

    assert stream.active
    assert len(stream.get_tracks()) == 2


async def test_track_is_in_a_stream_once_and_taken_out_once(sim):
    track = await video_track(sim.path)
    foreign = track.clone()
    stream = MediaStream([track])
    listening = Listening(stream)

    stream.add_track(track)
    stream.remove_track(foreign)
    assert stream.get_tracks() == [track]
    stream.remove_track(track)
    stream.remove_track(track)

    assert stream.get_tracks() == []
    assert track.ready_state == "live"
    assert listening.types == []  # a program knows what it does itself


async def test_list_of_tracks_is_a_copy(sim):
    stream = MediaStream([await video_track(sim.path)])

    stream.get_tracks().clear()

    assert len(stream.get_tracks()) == 1


async def test_clone_of_a_stream_has_clones_of_its_tracks(sim):
    stream = MediaStream([await video_track(sim.path)])
    (track,) = stream.get_tracks()

    twin = stream.clone()
    (other,) = twin.get_tracks()
    track.stop()

    assert twin.id != stream.id
    assert other.id != track.id
    assert (stream.active, twin.active) == (False, True)
    assert not stream.clone().active


async def test_context_closes_the_cameras(sim):
    async with await MediaDevices([sim.path]).get_user_media({"video": True}) as stream:
        assert sim.handles == 1

    assert not stream.active
    assert sim.handles == 0


async def test_stream_says_what_it_is(sim):
    stream = MediaStream([await video_track(sim.path)])

    assert repr(stream) == f"<MediaStream {stream.id}: active, 1 track>"
    assert repr(MediaStream()).endswith("inactive, 0 tracks>")
