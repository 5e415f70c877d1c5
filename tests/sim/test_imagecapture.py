# SPDX-License-Identifier: MIT
"""ImageCapture: pictures and photo settings of a track, as the W3C has them."""

from v4l2capture import ImageCapture, MediaDevices


async def test_program_for_a_browser_runs_with_other_spelling_only():
    media_devices = MediaDevices(["sim:webcam"])
    stream = await media_devices.get_user_media({"video": True})
    track = stream.get_video_tracks()[0]

    capabilities = track.get_capabilities()
    assert (capabilities.zoom.min, capabilities.zoom.max) == (100, 500)
    await track.apply_constraints({"advanced": [{"zoom": 200}]})
    bitmap = await ImageCapture(track).grab_frame()

    assert track.get_settings().zoom == 200
    assert (bitmap.width, bitmap.height) == (640, 480)
    assert bitmap.array().std() > 10
