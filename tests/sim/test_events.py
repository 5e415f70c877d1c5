# SPDX-License-Identifier: MIT
"""Events: who is told what, and who is not."""

import errno
import time

import pytest

from v4l2capture import (
    CaptureTimeout,
    ClosedError,
    ControlEvent,
    Device,
    DeviceError,
    DeviceGoneError,
    SourceChangeEvent,
    UnknownControlError,
)

from .lanes import simulated


@pytest.fixture
def other(camera, device):
    """A second handle on the same camera."""
    with Device(camera.path) as other:
        yield other


@pytest.fixture
def webcam():
    camera = simulated("webcam")
    return camera, Device(camera.path)


def drain(device):
    return list(iter(device.events.try_read, None))


@pytest.mark.quirk("two-programs")
def test_change_by_somebody_else_is_told(device, other):
    device.events.subscribe("brightness")

    other.controls["brightness"].value = 47
    event = device.events.read(5)

    assert isinstance(event, ControlEvent)
    assert (event.control, event.id, event.value) == ("brightness", 0x980900, 47)
    assert event.changes == {"value"}
    assert device.events.try_read() is None


def test_nobody_is_told_who_did_not_ask(device, other):
    device.events.subscribe("brightness")

    other.controls["contrast"].value = 12

    assert device.events.try_read() is None
    with pytest.raises(CaptureTimeout, match=r"no event from .* within 0.01 s"):
        device.events.read(0.01)


def test_ones_own_writes_are_silent(device):
    device.events.subscribe("brightness")

    device.controls["brightness"].value = 33

    assert drain(device) == []


def test_ones_own_writes_are_told_when_asked_for(device):
    device.events.subscribe("brightness", own=True)

    device.controls["brightness"].value = 33

    assert [event.value for event in drain(device)] == [33]


@pytest.mark.parametrize("again", [{"own": True}, {"initial": True}])
def test_second_subscription_replaces_the_first(device, again):
    """The kernel keeps to the first one, and says that all is well."""
    device.events.subscribe("brightness")

    device.events.subscribe("brightness", **again)
    device.controls["brightness"].value = 34

    assert len(drain(device)) == 1


def test_same_value_is_no_change(device, other):
    device.events.subscribe("brightness")

    other.controls["brightness"].value = other.controls["brightness"].value

    assert drain(device) == []


def test_initial_state_is_sent_when_asked_for(device):
    device.controls["brightness"].value = 44
    device.events.subscribe("brightness", "contrast", initial=True)

    events = {event.control: event for event in drain(device)}

    assert events["brightness"].value == 44
    assert events["brightness"].changes >= {"value", "flags"}
    assert set(events) == {"brightness", "contrast"}


def test_newer_event_replaces_the_one_nobody_fetched(device, other):
    device.events.subscribe("brightness")

    for value in (5, 6, 7):
        other.controls["brightness"].value = value

    assert drain(device)[-1].value == 7


def test_all_controls_are_meant_when_none_is_named(device, other):
    device.events.subscribe()

    other.controls.set({"brightness": 3, "contrast": 4})

    assert {event.control for event in drain(device)} >= {"brightness", "contrast"}


def test_unsubscribed_control_is_silent(device, other):
    device.events.subscribe("brightness", "contrast")
    device.events.unsubscribe("brightness")

    other.controls.set({"brightness": 3, "contrast": 4})
    first = drain(device)
    device.events.unsubscribe()
    other.controls.set({"contrast": 5})

    assert [event.control for event in first] == ["contrast"]
    assert drain(device) == []


def test_events_come_in_order_with_a_number_and_a_time(device, other):
    device.events.subscribe("brightness", "contrast")

    other.controls["contrast"].value = 1
    other.controls["brightness"].value = 1
    one, two = drain(device)

    assert (one.control, two.control) == ("contrast", "brightness")
    assert two.sequence == one.sequence + 1
    assert one.timestamp_ns <= two.timestamp_ns


def test_iteration_waits(device, other):
    device.events.subscribe("brightness")
    seen = []

    other.controls["brightness"].value = 1
    for event in device.events:
        seen.append(event.value)
        if len(seen) == 3:
            break
        other.controls["brightness"].value = len(seen) + 1

    assert seen == [1, 2, 3]


def test_flags_of_a_slave_are_told(camera, device, other):
    gain = ("gain_automatic", "gain", False)  # vivid has no other
    exposure = ("auto_exposure", "exposure_time_absolute", 1)
    master, slave, manual = gain if "gain_automatic" in device.controls else exposure
    before = device.controls[slave].flags
    device.events.subscribe(slave)

    other.controls[master].value = manual
    events = [event for event in drain(device) if event.control == slave]

    assert "inactive" in before
    assert "flags" in events[-1].changes
    assert "inactive" not in events[-1].flags
    assert "inactive" not in device.controls[slave].flags  # the event made us look again


def test_range_that_changes_is_told_and_used(webcam):
    camera, device = webcam
    control = device.controls["brightness"]
    assert control.maximum == 64
    device.events.subscribe("brightness")

    camera.set_range("brightness", 0, 10, 1, 5)
    event = device.events.read(1)

    assert "range" in event.changes
    assert (control.minimum, control.maximum) == (0, 10)


@pytest.mark.parametrize(("name", "value"), [("white_balance_automatic", False), ("gain", 100)])
def test_value_has_the_type_of_its_control(webcam, name, value):
    camera, device = webcam
    device.events.subscribe(name)

    camera.poke(name, int(value))
    event = device.events.read(1)

    assert event.value == value
    assert type(event.value) is type(value)


def test_value_that_is_no_number_is_not_told():
    camera = simulated("mplane")
    device = Device(camera.path)
    other = Device(camera.path)
    device.events.subscribe("string", "u8_matrix", "integer_64_bits")

    other.controls["string"].value = "xy"
    other.controls["integer_64_bits"].value = -(1 << 40)
    string, wide = drain(device)

    assert (string.control, string.value) == ("string", None)
    assert (wide.control, wide.value) == ("integer_64_bits", -(1 << 40))


@pytest.mark.quirk("privacy-shutter")
def test_shutter_that_closes_is_told(webcam):
    camera, device = webcam
    device.events.subscribe("privacy")

    camera.poke("privacy", True)

    event = device.events.read(1)
    assert (event.control, event.value) == ("privacy", True)
    assert device.controls["privacy"].value is True


@pytest.mark.quirk("no-capabilities")
def test_source_change_is_told(webcam):
    camera, device = webcam
    device.events.subscribe_source_change()

    camera.source_change()
    event = device.events.read(1)

    assert isinstance(event, SourceChangeEvent)
    assert event.resolution


def test_events_of_one_handle_are_not_the_others(device, other):
    other.events.subscribe("brightness")

    other.controls["brightness"].value = 5
    device.controls["brightness"].value = 6

    assert drain(device) == []
    assert [event.value for event in drain(other)] == [6]


def test_unknown_control_cannot_be_subscribed_to(device):
    with pytest.raises(UnknownControlError, match="no_such_control"):
        device.events.subscribe("no_such_control")


@pytest.mark.quirk("missing-ioctl")
def test_driver_without_events_says_so(webcam):
    camera, device = webcam
    camera.fault("ioctl_error", request="VIDIOC_SUBSCRIBE_EVENT", value=errno.ENOTTY)

    with pytest.raises(DeviceError) as caught:
        device.events.subscribe("brightness")

    assert caught.value.operation == "VIDIOC_SUBSCRIBE_EVENT"


@pytest.mark.parametrize("timeout", [0, 0.02])
def test_timeout_is_kept_to(device, timeout):
    begin = time.monotonic()

    with pytest.raises(CaptureTimeout):
        device.events.read(timeout)

    assert timeout <= time.monotonic() - begin < 2


@pytest.mark.parametrize(
    ("timeout", "error"), [(-1, ValueError), (float("nan"), ValueError), ("1", TypeError)]
)
def test_bad_timeout_is_refused(device, timeout, error):
    with pytest.raises(error):
        device.events.read(timeout)


def test_unplugging_is_told(webcam):
    camera, device = webcam
    device.events.subscribe("brightness")
    camera.unplug()

    with pytest.raises(DeviceGoneError):
        device.events.read()
    with pytest.raises(DeviceGoneError):
        device.events.try_read()


def test_closed_device_has_no_events(camera):
    device = Device(camera.path)
    device.events.fileno()
    device.close()

    for use in (
        device.events.read,
        device.events.try_read,
        device.events.fileno,
        device.events.subscribe,
        device.events.unsubscribe,
        device.events.subscribe_source_change,
        lambda: next(iter(device.events)),
    ):
        with pytest.raises(ClosedError):
            use()
