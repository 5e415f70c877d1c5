# SPDX-License-Identifier: MIT
"""Events from the kernel's own queue: controls that change, sources that change, and who waits."""

import asyncio
import select
import threading
import time

import pytest

from v4l2capture import (
    CaptureTimeout,
    ClosedError,
    ControlEvent,
    Device,
    SourceChangeEvent,
    UnknownControlError,
)

from . import vivid
from .vivid import Input

pytestmark = pytest.mark.vivid

# vivid's menus of what is at the input: "Current DV Timings" and "No Signal".
SIGNAL, NO_SIGNAL = 0, 1


def drained(device: Device) -> list[object]:
    """Return all events that are there."""
    found = []
    while (event := device.events.try_read()) is not None:
        found.append(event)
    return found


def test_value_set_by_another_handle_is_told(camera):
    with Device(camera) as device, Device(camera) as other:
        device.events.subscribe("brightness")

        other.controls["brightness"].value = 99

        event = device.events.read(timeout=10.0)
        assert isinstance(event, ControlEvent)
        assert (event.control, event.value) == ("brightness", 99)
        assert event.id == device.controls["brightness"].id
        assert "value" in event.changes
        assert event.flags == {"slider"}
        assert abs(event.timestamp_ns - time.monotonic_ns()) < 60e9
        assert device.events.try_read() is None


def test_own_writes_are_told_on_request_only(single):
    with Device(single) as device:
        device.events.subscribe("brightness")
        device.events.subscribe("contrast", own=True)

        device.controls["brightness"].value = 3
        device.controls["contrast"].value = 4

        assert [event.control for event in drained(device)] == ["contrast"]


def test_present_state_is_sent_on_request(single):
    with Device(single) as device:
        device.events.subscribe("brightness", "menu", "string", initial=True)

        events = drained(device)

    assert [(event.control, event.value) for event in events] == [
        ("brightness", 128),
        ("menu", 3),
        ("string", None),  # no number
    ]


def test_flags_that_a_master_changes_are_told(single):
    with Device(single) as device, Device(single) as other:
        device.events.subscribe("gain")
        assert "inactive" in device.controls["gain"].flags

        other.controls["gain_automatic"].value = False

        event = device.events.read(timeout=10.0)
        assert event.control == "gain"
        assert "flags" in event.changes
        assert "inactive" not in event.flags
        assert "inactive" not in device.controls["gain"].flags  # what was known is asked anew


def test_range_that_changes_is_told(single):
    """vivid's brightness begins at 128 x the number of the input."""
    with Device(single) as device:
        brightness = device.controls["brightness"]
        assert (brightness.minimum, brightness.maximum) == (0, 255)
        device.events.subscribe("brightness")

        vivid.select_input(single, Input.HDMI)

        event = device.events.read(timeout=10.0)
        assert "range" in event.changes
        assert (brightness.minimum, brightness.maximum) == (384, 639)
        assert brightness.value == 512


def test_array_that_grows_with_the_picture_is_told(single):
    with Device(single) as device:
        device.events.subscribe("u8_pixel_array")
        assert device.controls["u8_pixel_array"].dims == (12, 20)

        device.set_format(640, 360)

        changes = set().union(*(event.changes for event in drained(device)))
        assert "dimensions" in changes
        assert device.controls["u8_pixel_array"].dims == (23, 40)


def test_all_controls_can_be_subscribed_at_once(single):
    with Device(single) as device, Device(single) as other:
        device.events.subscribe()

        other.controls.set({"brightness": 5, "contrast": 6, "menu": 1})

        told = {event.control: event.value for event in drained(device)}
        assert told == {"brightness": 5, "contrast": 6, "menu": 1}


def test_nothing_is_told_after_unsubscribing(single):
    with Device(single) as device, Device(single) as other:
        device.events.subscribe("brightness", "contrast")
        device.events.unsubscribe("brightness")

        other.controls.set({"brightness": 5, "contrast": 6})

        assert [event.control for event in drained(device)] == ["contrast"]


def test_unknown_control_cannot_be_subscribed(single):
    with Device(single) as device, pytest.raises(UnknownControlError):
        device.events.subscribe("no_such_control")


@pytest.mark.quirk("no-capabilities")
def test_signal_that_goes_and_comes_is_told(single):
    vivid.select_input(single, Input.HDMI)
    with Device(single) as device, Device(single) as other:
        device.events.subscribe_source_change(Input.HDMI)

        for mode in (NO_SIGNAL, SIGNAL):
            other.controls["dv_timings_signal_mode"].value = mode

            event = device.events.read(timeout=10.0)
            assert isinstance(event, SourceChangeEvent)
            assert event.resolution


def test_colour_space_that_changes_is_a_change_of_the_source(single):
    with Device(single) as device, Device(single) as other:
        device.events.subscribe_source_change()

        other.controls["colorspace"].value = "Rec. 709"

        assert isinstance(device.events.read(timeout=10.0), SourceChangeEvent)
        assert device.format.colorspace == 3  # V4L2_COLORSPACE_REC709


# ---- waiting ----


def test_no_event_is_a_timeout(single):
    with Device(single) as device:
        device.events.subscribe("brightness")

        with pytest.raises(CaptureTimeout, match=r"no event from /dev/video\d+ within 0.1 s"):
            device.events.read(timeout=0.1)


def test_wait_ends_with_the_event(single):
    with Device(single) as device, Device(single) as other:
        device.events.subscribe("brightness")
        timer = threading.Timer(0.3, other.controls.set, ({"brightness": 7},))
        timer.start()

        event = device.events.read(timeout=20.0)

        timer.join()
        assert event.value == 7


def test_close_wakes_who_waits_for_an_event(single):
    device = Device(single)
    device.events.subscribe("brightness")
    timer = threading.Timer(0.3, device.close)
    timer.start()

    with pytest.raises(ClosedError):
        device.events.read(timeout=20.0)

    timer.join()


async def test_events_can_be_awaited(single):
    with Device(single) as device, Device(single) as other:
        device.events.subscribe("brightness")
        waiting = asyncio.create_task(device.events.aread(timeout=20.0))
        await asyncio.sleep(0.1)
        assert not waiting.done()

        other.controls["brightness"].value = 8

        assert (await waiting).value == 8


async def test_frames_and_events_are_awaited_side_by_side(camera):
    with Device(camera) as device, Device(camera) as other, device.stream() as stream:
        device.events.subscribe("contrast")

        async def frames() -> int:
            count = 0
            async for frame in stream:
                assert frame.ok
                count += 1
                if count == 5:
                    other.controls["contrast"].value = 9
                    return count
            return count

        async def events() -> int:
            async for event in device.events:
                return event.value
            return -1

        async with asyncio.timeout(30.0):
            results = await asyncio.gather(frames(), events())

    assert results == [5, 9]


async def test_awaiting_a_frame_that_does_not_come_times_out(single):
    with Device(single) as device:
        device.controls["percentage_of_dropped_buffers"].value = 100
        with device.stream() as stream, pytest.raises(CaptureTimeout):
            await stream.aread(timeout=0.2)


def test_descriptor_of_the_device_is_ready_for_either(single):
    with Device(single) as device, Device(single) as other:
        device.events.subscribe("brightness")
        descriptor = device.fileno()
        assert select.select([descriptor], [], [], 0.1)[0] == []

        other.controls["brightness"].value = 44
        assert select.select([descriptor], [], [], 10.0)[0] == [descriptor]
        assert device.events.read(timeout=0).value == 44
        assert select.select([descriptor], [], [], 0)[0] == []

        with device.stream() as stream:
            assert select.select([descriptor], [], [], 10.0)[0] == [descriptor]
            assert stream.read(timeout=0).ok
