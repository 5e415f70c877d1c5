# SPDX-License-Identifier: MIT
"""Every error says what failed, where, and what to do; and travels between processes."""

import copy
import errno
import pickle

import pytest

import v4l2capture
from v4l2capture import (
    BandwidthError,
    CaptureError,
    CaptureTimeout,
    ClosedError,
    ControlError,
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    DevicePermissionError,
    ProfileError,
    StarvedError,
    UnknownControlError,
)
from v4l2capture.errors import check, device_error


def control_error(kind=ControlError):
    error = device_error(kind, errno.EACCES, "VIDIOC_S_EXT_CTRLS", "/dev/video0", "A hint")
    error.control, error.value, error.master = "focus_absolute", 7, "focus_automatic_continuous"
    error.applied = {"brightness": 3}
    return error


def profile_error():
    return ProfileError("a number is wanted", "controls[3].min")


ERRORS = {
    "DeviceError": device_error(DeviceError, errno.EIO, "VIDIOC_S_FMT", "/dev/video0", "Try."),
    "DeviceGoneError": device_error(DeviceGoneError, errno.ENODEV, "VIDIOC_DQBUF", "/dev/video0"),
    "DeviceBusyError": device_error(DeviceBusyError, errno.EBUSY, "VIDIOC_REQBUFS", "/dev/video0"),
    "DevicePermissionError": device_error(
        DevicePermissionError, errno.EACCES, "open", "/dev/video0"
    ),
    "BandwidthError": device_error(BandwidthError, errno.ENOSPC, "VIDIOC_STREAMON", "/dev/video0"),
    "ControlError": control_error(),
    "UnknownControlError": control_error(UnknownControlError),
    "StarvedError": StarvedError("all buffers are held"),
    "CaptureTimeout": CaptureTimeout("no frame"),
    "ClosedError": ClosedError("the stream is closed"),
    "ProfileError": profile_error(),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
@pytest.mark.parametrize(
    "travel",
    [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_error_travels_whole(error, travel):
    """A pool of processes sends its errors home."""
    again = travel(error)

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
    assert again.args == error.args


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
def test_every_error_is_a_capture_error(error):
    assert isinstance(error, CaptureError)
    assert type(error).__doc__


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (DeviceError, OSError),
        (DeviceGoneError, DeviceError),
        (DeviceBusyError, DeviceError),
        (DevicePermissionError, PermissionError),
        (BandwidthError, DeviceError),
        (ControlError, DeviceError),
        (UnknownControlError, KeyError),
        (CaptureTimeout, TimeoutError),
        (ClosedError, ValueError),
        (ProfileError, ValueError),
    ],
)
def test_errors_are_also_what_python_calls_them(kind, base):
    assert issubclass(kind, base)


def test_message_says_operation_path_reason_number_and_hint():
    assert str(ERRORS["DeviceError"]) == (
        "VIDIOC_S_FMT on /dev/video0: Input/output error (errno 5). Try."
    )


def test_message_of_a_control_says_value_and_master():
    assert str(control_error()) == (
        "VIDIOC_S_EXT_CTRLS of focus_absolute=7 on /dev/video0: Permission denied (errno 13). "
        "focus_automatic_continuous holds it; set that to manual first. A hint"
    )


def test_message_of_an_unknown_control_is_no_repr():
    """KeyError would put quotes around it."""
    assert str(control_error(UnknownControlError)).startswith("VIDIOC_S_EXT_CTRLS of")


def test_message_of_a_profile_says_where():
    error = profile_error()

    assert str(error) == "controls[3].min: a number is wanted"
    assert (error.where, error.message) == ("controls[3].min", "a number is wanted")
    assert str(ProfileError("no JSON")) == "no JSON"


@pytest.mark.parametrize("rc", [0, 1, 1 << 20])
def test_success_passes_through(rc):
    assert check(rc, "VIDIOC_S_FMT", "/dev/video0") == rc


@pytest.mark.parametrize(
    ("number", "operation", "kind"),
    [
        (errno.EIO, "VIDIOC_DQBUF", DeviceError),
        (errno.EINVAL, "VIDIOC_S_FMT", DeviceError),
        (errno.ENODEV, "VIDIOC_DQBUF", DeviceGoneError),
        (errno.ENXIO, "open", DeviceGoneError),
        (errno.EBUSY, "VIDIOC_S_FMT", DeviceBusyError),
        (errno.EACCES, "open", DevicePermissionError),
        (errno.EPERM, "open", DevicePermissionError),
        (errno.ENOSPC, "VIDIOC_STREAMON", BandwidthError),
        (errno.ENOSPC, "VIDIOC_G_EXT_CTRLS", DeviceError),
        (errno.ETIMEDOUT, "VIDIOC_S_FMT", DeviceError),
        (12345, "VIDIOC_S_FMT", DeviceError),
    ],
)
def test_number_becomes_the_class_that_tells_who_has_to_act(number, operation, kind):
    with pytest.raises(DeviceError) as caught:
        check(-number, operation, "/dev/video0")

    error = caught.value
    assert type(error) is kind
    assert (error.errno, error.operation, error.filename) == (number, operation, "/dev/video0")


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EBADF, "is closed"), (errno.ECHILD, "belongs to the parent")]
)
def test_what_is_closed_is_no_device_error(number, words):
    with pytest.raises(ClosedError, match=words):
        check(-number, "VIDIOC_S_FMT", "/dev/video0")


def test_every_error_is_public():
    for name, value in vars(v4l2capture.errors).items():
        if isinstance(value, type) and issubclass(value, CaptureError):
            assert name in v4l2capture.errors.__all__
