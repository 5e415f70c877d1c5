# SPDX-License-Identifier: MIT
"""What we say of a camera, beside what v4l2py and v4l2-ctl say of the same node.

Neither shares a line with us. Where they differ from us the difference is data here, with the
reason; one that is gone makes the test fail, so that the lists stay true.
"""

import re
import subprocess
import sys
import warnings
from fractions import Fraction

import pytest

from v4l2capture import Device, FrameSize, list_devices
from v4l2capture.pixfmt import fourcc

from . import vivid
from .v4l2_ctl import printed_controls, printed_formats, v4l2_ctl
from .vivid import Input

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "v4l2py is no longer being maintained")
    import v4l2py
    from v4l2py.device import BufferType, ControlType, FrameSizeType

pytestmark = pytest.mark.vivid

# ---- listed differences ----

# Capabilities that v4l2py shows and we do not: none of them is about getting pictures.
NOT_SHOWN = {"AUDIO", "EXT_PIX_FORMAT", "TUNER", "VIDEO_OVERLAY"}

# Controls: field -> types where v4l2py has the driver's word as it came, and we what it means.
UNLIKE_V4L2PY = {
    "step": {"button", "bitmask", "area"},  # the driver's 0 is 1: a step of nothing leads nowhere
    # No number is a default: v4l2py has the first element's, or 0.
    "default": {"button", "str", "area", "u8", "u16", "u32"},
}

# What this v4l2-ctl prints for a flag of a newer kernel than itself.
UNNAMED_FLAGS = {"dynamic-array": "0x00000800"}

# v4l2-ctl prints bitmasks as if bit 31 were a sign.
SIGNED_IN_V4L2_CTL = {"bitmask"}


# ---- v4l2py ----


def test_capabilities_agree_with_v4l2py(camera):
    with Device(camera) as device, v4l2py.Device(camera) as witness:
        ours, theirs = device.info, witness.info

        assert (ours.driver, ours.card, ours.bus_info, ours.version) == (
            theirs.driver,
            theirs.card,
            theirs.bus_info,
            theirs.version_tuple,
        )
        words = {word.upper().replace("-", "_") for word in ours.capabilities}
        words = {"READWRITE" if word == "READ_WRITE" else word for word in words}
        names = {flag.name for flag in type(theirs.device_capabilities)} - {None}
        flags = type(theirs.device_capabilities)
        said = {name for name in names if flags[name] in theirs.device_capabilities}
        assert words <= said
        expected = NOT_SHOWN if not ours.multiplanar else NOT_SHOWN - {"VIDEO_OVERLAY"}
        assert said - words == expected


def test_formats_sizes_and_rates_agree_with_v4l2py(single):
    with Device(single) as device, v4l2py.Device(single) as witness:
        ours = device.formats()
        theirs = witness.info.buffer_formats(BufferType.VIDEO_CAPTURE)

        assert [(fourcc(each.pixel_format), each.description) for each in ours] == [
            (each.pixel_format.value, each.description) for each in theirs
        ]
        for info in ours[::8]:  # vivid has the same for all, and v4l2py takes its time
            number = fourcc(info.pixel_format)
            sizes = witness.info.format_frame_sizes(number)
            assert [(size.width, size.height) for size in info.sizes] == [
                (size.info.width, size.info.height) for size in sizes
            ]
            for size in info.sizes:
                rates = witness.info.fps_intervals(number, size.width, size.height)
                assert list(size.frame_rates) == [rate.min_fps for rate in rates]


def test_format_agrees_with_v4l2py(single):
    with Device(single) as device, v4l2py.Device(single) as witness:
        device.set_format(640, 360, "NV12", 30)

        theirs = witness.get_format(BufferType.VIDEO_CAPTURE)
        rate = witness.get_fps(BufferType.VIDEO_CAPTURE)

        ours = device.format
    assert (ours.width, ours.height) == (theirs.width, theirs.height)
    assert fourcc(ours.pixel_format) == theirs.pixel_format.value
    assert (ours.planes[0].sizeimage, ours.planes[0].bytesperline) == (
        theirs.size,
        theirs.bytes_per_line,
    )
    assert ours.frame_rate == rate == 30


def test_controls_agree_with_v4l2py(camera):
    with Device(camera) as device, v4l2py.Device(camera) as witness:
        ours = {control.id: control for control in device.controls.values()}
        theirs = {raw.id: raw for raw in witness.info.controls}
        classes = {i for i, raw in theirs.items() if raw.type == ControlType.CTRL_CLASS}

        assert set(ours) == set(theirs) - classes
        unlike: dict[str, set[str]] = {"step": set(), "default": set()}
        for cid, control in ours.items():
            raw = theirs[cid]
            assert control.label == raw.name.decode()
            assert (control.minimum, control.maximum) == (raw.minimum, raw.maximum)
            if control.step != raw.step:
                unlike["step"].add(control.type)
            if control.default != raw.default_value:
                unlike["default"].add(control.type)
        assert unlike == UNLIKE_V4L2PY


def test_values_and_menus_agree_with_v4l2py(single):
    numbers = ("int", "int64", "bool", "menu", "intmenu")
    with Device(single) as device, v4l2py.Device(single) as witness:
        device.controls.set({"hue": -5, "integer_64_bits": 2**40, "menu": 4, "boolean": False})

        ours = {
            control.id: control.value
            for control in device.controls.values()
            if control.type in numbers and "volatile" not in control.flags
        }
        theirs = {cid: witness.controls[cid].value for cid in ours}
        menus = {c.id: c.menu for c in device.controls.values() if c.menu}

        assert ours == theirs
        assert menus == {cid: dict(witness.controls[cid].data) for cid in menus}


def test_listed_difference_v4l2py_signs_bitmasks(single):
    with Device(single) as device, v4l2py.Device(single) as witness:
        control = device.controls["bitmask"]

        assert control.value == 0x80002000
        assert witness.controls[control.id].value == 0x80002000 - 2**32


def test_listed_difference_v4l2py_loses_multi_planar_cameras(single, multi):
    """It asks for VIDEO_CAPTURE only, and its list of their formats does not work at all."""
    ours = {info.path for info in list_devices()}
    theirs = {str(device.filename) for device in v4l2py.iter_video_capture_devices()}

    assert {single, multi} <= ours
    assert multi not in theirs
    assert single in theirs
    with v4l2py.Device(multi) as witness, pytest.raises(UnboundLocalError):
        witness.info.buffer_formats(BufferType.VIDEO_CAPTURE_MPLANE)


def test_listed_difference_v4l2py_cannot_list_formats_beside_an_overlay(single):
    with v4l2py.Device(single) as witness, pytest.raises(UnboundLocalError):
        _ = witness.info.formats


def test_listed_difference_v4l2py_rounds_frame_rates(single):
    """A float comes in between, so that 30000/1001 is something else afterwards."""
    vivid.select_input(single, Input.TV)
    vivid.set_standard(single, vivid.NTSC_M)
    try:
        with Device(single) as device, v4l2py.Device(single) as witness:
            exact = device.format.frame_rate
            [info] = [each for each in device.formats() if each.pixel_format == "YUYV"]
            [rounded] = witness.info.fps_intervals(fourcc("YUYV"), 720, 480)
    finally:
        vivid.set_standard(single, vivid.PAL)

    assert exact == Fraction(30000, 1001)
    assert info.sizes[0].frame_rates == (exact,)
    assert rounded.min_fps != exact
    assert abs(rounded.min_fps - exact) < 1e-9


@pytest.mark.quirk("size-ranges")
def test_sizes_in_steps_agree_with_v4l2py(single):
    vivid.select_input(single, Input.HDMI)
    with Device(single) as device, v4l2py.Device(single) as witness:
        [ours] = next(each for each in device.formats() if each.pixel_format == "YUYV").sizes
        [theirs] = witness.info.format_frame_sizes(fourcc("YUYV"))

    assert not isinstance(ours, FrameSize)
    assert theirs.type in (FrameSizeType.STEPWISE, FrameSizeType.CONTINUOUS)
    step = theirs.info
    assert (ours.min_width, ours.max_width, ours.step_width) == (
        step.min_width,
        step.max_width,
        step.step_width,
    )
    assert (ours.min_height, ours.max_height, ours.step_height) == (
        step.min_height,
        step.max_height,
        step.step_height,
    )


# ---- v4l2-ctl ----


def test_formats_sizes_and_rates_agree_with_v4l2_ctl(camera):
    with Device(camera) as device:
        ours = {
            (info.pixel_format, info.description): {
                (size.width, size.height): [f"{float(rate):.3f}" for rate in size.frame_rates]
                for size in info.sizes
            }
            for info in device.formats()
        }

    theirs = printed_formats(camera)

    assert len(theirs) >= 83
    assert ours == theirs


def test_controls_agree_with_v4l2_ctl(camera):
    with Device(camera) as device:
        ours = device.controls
        theirs = printed_controls(camera)
        assert set(ours) == set(theirs)

        unnamed = set()
        for name, control in ours.items():
            seen = theirs[name]
            assert (control.id, control.type) == (seen["id"], seen["type"])
            fields = {"min": "minimum", "max": "maximum", "step": "step", "default": "default"}
            for printed, field in fields.items():
                # Elements of an array have a default there; with us a whole array would.
                if printed in seen and not (field == "default" and control.dims):
                    assert getattr(control, field) == seen[printed], (name, field)
            menu = {index: str(label) for index, label in control.menu.items()}
            assert menu == seen["menu"]
            assert control.dims == seen.get("dims", ())
            flags = {UNNAMED_FLAGS.get(flag, flag) for flag in control.flags}
            unnamed |= control.flags & set(UNNAMED_FLAGS)
            assert flags == seen["flags"], control.name
        assert unnamed == set(UNNAMED_FLAGS)


def test_values_agree_with_v4l2_ctl(single):
    with Device(single) as device:
        device.controls.set({"hue": -5, "integer_64_bits": 2**40, "menu": 4, "string": "xyz"})
        wanted = {
            name: control.value
            for name, control in device.controls.items()
            if control.type in ("int", "int64", "bool", "menu", "intmenu", "str", "bitmask")
            and "volatile" not in control.flags
        }
        types = {name: control.type for name, control in device.controls.items()}

    text = v4l2_ctl(single, "--get-ctrl", ",".join(wanted))

    seen = dict(line.split(": ", 1) for line in text.splitlines())
    unlike = set()
    for name, value in wanted.items():
        printed = value if isinstance(value, str) else str(int(value))
        if types[name] == "str":
            assert seen[name].strip("'") == printed
        elif seen[name].split(" ")[0] != printed:
            unlike.add(types[name])
            assert int(seen[name]) == value - 2**32
    assert unlike == SIGNED_IN_V4L2_CTL


def test_format_agrees_with_v4l2_ctl(multi):
    with Device(multi) as device:
        format_ = device.format

    text = v4l2_ctl(multi, "--get-fmt-video")

    assert f"Width/Height      : {format_.width}/{format_.height}" in text
    assert f"Pixel Format      : '{format_.pixel_format}'" in text
    assert re.findall(r"Bytes per Line\s*: (\d+)", text) == [
        str(plane.bytesperline) for plane in format_.planes
    ]
    assert re.findall(r"Size Image\s*: (\d+)", text) == [
        str(plane.sizeimage) for plane in format_.planes
    ]


# ---- interop ----


def frames_of(witness: v4l2py.Device, count: int) -> list[bytes]:
    found = []
    for frame in witness:
        found.append(bytes(frame))
        if len(found) == count:
            break
    return found


def test_camera_of_v4l2py_is_opened_here_too(single):
    with v4l2py.Device(single) as theirs:
        theirs.set_format(BufferType.VIDEO_CAPTURE, 640, 360, "YUYV")

        with Device.from_v4l2py(theirs) as ours:
            assert (ours.path, ours.format.width) == (single, 640)
            ours.controls["brightness"].value = 99
            assert theirs.controls.brightness.value == 99

            with ours.stream() as stream:
                first = stream.read(timeout=10.0).copy()
            assert len(frames_of(theirs, 2)[0]) == 640 * 360 * 2
            with ours.stream() as stream:
                assert stream.read(timeout=10.0).ok

        assert not theirs.closed
        assert len(first.planes[0]) == 640 * 360 * 2


def test_camera_opened_here_is_handed_to_v4l2py(single):
    with Device(single) as ours:
        theirs = ours.to_v4l2py()
        try:
            assert type(theirs) is v4l2py.Device
            assert not theirs.closed
            assert theirs.info.card == ours.info.card

            with ours.stream() as stream:
                assert stream.read(timeout=10.0).ok
            assert len(frames_of(theirs, 1)[0]) == 320 * 180 * 2
            with ours.stream() as stream:
                assert stream.read(timeout=10.0).ok
        finally:
            theirs.close()
        assert ours.format.width == 320


def test_simulated_camera_cannot_be_handed_to_v4l2py():
    with Device("sim:webcam") as device, pytest.raises(ValueError, match="has no node"):
        device.to_v4l2py()


ASK = """
import sys, warnings
from v4l2capture import Device
with Device(sys.argv[1]) as device:
    device.formats(), device.controls.read(), device.profile()
    with device.stream() as stream:
        stream.read(timeout=20.0).to_jpeg()
    assert not {"v4l2py", "linuxpy"} & set(sys.modules)
    device.to_v4l2py().close()  # with all warnings as errors
try:
    import importlib
    importlib.reload(sys.modules["v4l2py"])
except UserWarning as warning:
    print(warning)
"""


def test_v4l2py_is_imported_on_request_only_and_quietly(single):
    """Its own warning stays for who imports it himself."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ASK, single], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert "no longer being maintained" in done.stdout
