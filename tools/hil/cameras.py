# SPDX-License-Identifier: MIT
"""The cameras of the guest: one row for each kernel module. Data only; host and guest read it.

A new camera is a new row. Its nodes are found by the name the driver gives them, because numbers
depend on who was first.
"""

from dataclasses import dataclass

__all__ = ["COUNTED", "TESTED", "Camera", "Node", "usb_cameras"]


@dataclass(frozen=True)
class Node:
    """One video node, and how a command in the guest learns about it."""

    variable: str  # environment variable that gets its path
    name: str  # /sys/class/video4linux/videoN/name
    controls: str = ""  # set once the node is there, as v4l2-ctl --set-ctrl wants them


@dataclass(frozen=True)
class Camera:
    """One kernel module with its parameters and the nodes it makes."""

    module: str
    parameters: tuple[str, ...]
    nodes: tuple[Node, ...]
    package: str = ""  # Debian package with the source of a module the kernel does not have
    directory: str = ""  # or a directory beside this file with the source
    usb: tuple[str, ...] = ()  # arguments of usbcam, which plays a camera for this module


# Capture nodes only (0x1), one of each buffer kind. All four inputs of vivid stay: webcam, TV,
# S-Video and HDMI, so that switching gives source changes; and so do its error injection controls.
VIVID = Camera(
    "vivid",
    ("n_devs=2", "node_types=0x1,0x1", "multiplanar=1,2"),
    (
        Node("V4L2CAPTURE_VIVID", "vivid-000-vid-cap"),
        Node("V4L2CAPTURE_VIVID_MPLANE", "vivid-001-vid-cap"),
    ),
)

# With exclusive_caps a node is a camera only while somebody feeds it, as browsers want it; without,
# it says capture and output at once, as many programs leave it.
LOOPBACK = Camera(
    "v4l2loopback",
    ("devices=2", "exclusive_caps=1,0", "card_label=loopback,loopback-shared"),
    (
        Node("V4L2CAPTURE_LOOPBACK", "loopback"),
        Node("V4L2CAPTURE_LOOPBACK_SHARED", "loopback-shared"),
    ),
    package="v4l2loopback-dkms",
)

# Two cameras in one media device, so that it shows when one's lens or flash is taken for the
# other's: one with an image processor, and a raw one that is set through its subdevices.
TESTCAM = Camera(
    "testcam",
    ("cameras=2", "raw=0,1", "soe=0,1"),
    (
        Node("V4L2CAPTURE_TESTCAM", "testcam 0"),
        Node("V4L2CAPTURE_TESTCAM_RAW", "testcam 1"),
    ),
    directory="testcam",
)


def usb_cameras(*profiles: str, options: tuple[str, ...] = ()) -> tuple[Camera, ...]:
    """Return a row for each profile: a USB camera that a program in the guest plays.

    The first is V4L2CAPTURE_UVC, the second V4L2CAPTURE_UVC_2 and so on. Their nodes are found by
    the serial number, since two of them may have one name.
    """
    rows = []
    for number, profile in enumerate(profiles, 1):
        variable = "V4L2CAPTURE_UVC" + (f"_{number}" if number > 1 else "")
        serial = f"usbcam-{number}"
        usb = (profile, "--serial", serial, "--socket", f"/run/{serial}.sock", *options)
        rows.append(Camera("uvcvideo", (), (Node(variable, serial),), usb=usb))
    return tuple(rows)


# What an emulated processor can still draw and carry.
WEBCAM = usb_cameras("webcam", options=("--largest", "640x480"))

# The least vivid can cost: HDMI as the first input (0x3), no error injection to ask about, a plain
# picture without text. What is left is the same for every library.
_QUIET = "osd_text_mode=2,test_pattern=8"
COUNTED_VIVID = Camera(
    "vivid",
    (
        "n_devs=2",
        "node_types=0x1,0x1",
        "multiplanar=1,2",
        "input_types=0x3,0x3",
        "no_error_inj=1",
    ),
    (
        Node("V4L2CAPTURE_VIVID", "vivid-000-vid-cap", _QUIET),
        Node("V4L2CAPTURE_VIVID_MPLANE", "vivid-001-vid-cap", _QUIET),
    ),
)

TESTED = (VIVID, LOOPBACK, TESTCAM, *WEBCAM)
COUNTED = (COUNTED_VIVID,)
