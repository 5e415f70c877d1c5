# SPDX-License-Identifier: MIT
"""What real cameras and their drivers do wrong: one row for each, and where it cannot happen.

A row has a test for each driver, which names the row's key in ``@pytest.mark.quirk(key)``, or a
sentence why there can be none: about the driver, not about us. tests/unit/test_faults.py checks
that nothing is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DRIVERS", "QUIRKS", "Quirk"]

DRIVERS = ("simulated", "vivid", "uvcvideo", "loopback")


@dataclass(frozen=True)
class Quirk:
    """One thing that goes wrong.

    Attributes:
        symptom: What the camera or its driver does.
        answer: What the library does then.
        why_not: Driver to the reason why it cannot happen there.
    """

    symptom: str
    answer: str
    why_not: Mapping[str, str]


def _quirk(symptom: str, answer: str, **why_not: str) -> Quirk:
    assert why_not.keys() <= {*DRIVERS}
    return Quirk(symptom, answer, why_not)


# ---- reasons that hold for more than one row ----

# v4l2loopback's own few controls, of which the kernel's control framework takes care.
_NO_HARDWARE = "its controls are variables of the driver; there is no hardware that could fail"
_FRAMEWORK = "the kernel's control framework describes its controls, from memory and by its rules"
_FIXED_CONTROLS = "it has four controls of its own, plain numbers, and none of a camera"
_NO_LENS = "it has no control of a camera's optics or exposure"
_NO_USB = "it is on no bus that could be too narrow"
_NO_JPEG = "it offers no compressed format"
_NO_UVC = "it is no USB camera"
_STAYS = "it cannot be removed while somebody has it open, and has no plug"
_NO_FIRMWARE = "it has no firmware behind it that could have its own mind"
_ANY_READER = "any number of programs may read from it; its buffers have no owner"

# fmt: off
QUIRKS: dict[str, Quirk] = {
    # ---- controls ----
    "query-error": _quirk(
        "describing one control fails with EIO or EPIPE, and a naive walk ends there",
        "the walk goes on behind it; Controls.failed has its id",
        vivid=_FRAMEWORK, loopback=_FRAMEWORK),
    "control-disabled": _quirk(
        "the driver gives a control up and marks it DISABLED, with a range of zeros",
        "it is not listed",
        vivid="it marks none of its controls so",
        uvcvideo="that of Linux 6.1 lets the query fail instead: see query-error",
        loopback=_FIXED_CONTROLS),
    "missing-ioctl": _quirk(
        "ENOTTY: the driver has no controls, no rates, no events",
        "the feature is absent, which is no error",
        vivid="it answers every ioctl that the library makes",
        uvcvideo="it answers every ioctl that the library makes"),
    "transient-error": _quirk(
        "a write fails with EIO or EPIPE right after opening or starting, and works a moment later",
        "it is tried once more, but for buttons and relative movements",
        vivid=_NO_HARDWARE, loopback=_NO_HARDWARE),
    "inactive-control": _quirk(
        "EACCES: an automatic holds the control",
        "the error names the master; constraints set the master first",
        loopback=_FIXED_CONTROLS),
    "master-and-slave": _quirk(
        "firmware ignores a mode and its value that come in one call",
        "the master goes alone and first, and is read back",
        loopback=_FIXED_CONTROLS),
    "menu-holes": _quirk(
        "the entry that everybody expects (AUTO) is not in the menu",
        "entries are chosen from the menu that the driver gives",
        loopback="it has no menus"),
    "out-of-range": _quirk(
        "ERANGE, or a silent clamp, for a value that is out of range or off the step",
        "values are held in range and on the step before, and read back after"),
    "settings-lost": _quirk(
        "controls are at their defaults again after a start, a reopening or a suspend",
        "Camera writes again what it had set, after each start",
        vivid=_NO_FIRMWARE, loopback=_NO_FIRMWARE),
    "getter-writes": _quirk(
        "a library switches automatics off to read a value",
        "looking writes nothing"),
    "no-effect": _quirk(
        "a value reads back well and changes nothing in the picture",
        "nothing more is claimed than what was read back",
        vivid="every control of its picture is in the picture",
        loopback=_FIXED_CONTROLS),
    "renamed-controls": _quirk(
        "Linux 5.16 gave controls other names",
        "keyed by id; both names are understood",
        vivid="none of its controls was among those renamed",
        loopback=_FIXED_CONTROLS),
    "wide-controls": _quirk(
        "64-bit and compound controls cannot be had with the old ioctls",
        "VIDIOC_QUERY_EXT_CTRL and the extended calls, the old ones where there are no others",
        uvcvideo="that of Linux 6.1 has none: all its controls have 32 bits at most",
        loopback="it has none: a boolean and numbers of 32 bits"),
    "bogus-default": _quirk(
        "the default lies outside the range",
        "it is None, and never written",
        vivid=_FRAMEWORK, loopback=_FRAMEWORK),
    "moving-default": _quirk(
        "the default of a speed is not 0: who resets it sets a motor going",
        "speeds are written on request only; nothing is reset",
        vivid=_NO_LENS, loopback=_NO_LENS),
    "relative-controls": _quirk(
        "relative controls can only be written and have step 0",
        "no capability; written as they are on request, never read",
        loopback=_NO_LENS),
    "motor-latency": _quirk(
        "what moves reads another value for a while after the write",
        "its arrival is waited for, two seconds at most",
        vivid=_NO_LENS, loopback=_NO_LENS),
    "empty-menu": _quirk(
        "a menu has no entry between its minimum and its maximum",
        "no entry, no capability; the control stays usable by number",
        vivid=_FRAMEWORK,
        uvcvideo="the menus of standard controls are its own tables, and the entries that a camera "
                 "does not have are left out: see menu-holes",
        loopback="it has no menus"),
    "privacy-shutter": _quirk(
        "a shutter before the lens makes pictures black; the control toggles by itself",
        "the control can be read, and its change is an event",
        vivid=_NO_LENS, loopback=_NO_LENS),

    # ---- opening and enumerating ----
    "no-permission": _quirk(
        "EACCES: the user is not in the node's group",
        "DevicePermissionError names the group and how to get into it"),
    "busy-elsewhere": _quirk(
        "EBUSY: another program streams",
        "DeviceBusyError names who holds it; looking and controls still work",
        loopback=_ANY_READER),
    "busy-after-stop": _quirk(
        "EBUSY after the program's own stop",
        "closing a stream frees its buffers: the next start and another format work"),
    "several-nodes": _quirk(
        "a camera has more nodes: metadata, infrared, H.264",
        "only nodes that capture pictures are cameras; each has its own stable id",
        vivid="the rig has it make capture nodes only",
        loopback="it makes one node for each device"),
    "codec-nodes": _quirk(
        "codecs and image processors look like cameras",
        "memory-to-memory nodes are no cameras",
        vivid="it is none; vim2m would be", uvcvideo="it makes no such nodes",
        loopback="it makes no such nodes"),
    "capture-and-output": _quirk(
        "a loopback says capture and output at once, and has no format while nobody feeds it",
        "it is a camera; the error says that nobody feeds it",
        vivid="it has a node of its own for each direction",
        uvcvideo="it has a node of its own for each direction"),
    "size-ranges": _quirk(
        "sizes are ranges, in steps or any",
        "ranges are shown as such, and any size in them can be set",
        uvcvideo="a USB camera lists each size",
        loopback="while it is fed it has the producer's one size, else none"),
    "no-rates": _quirk(
        "there are no frame rates, or one of 0/0",
        "no rate is None, and nothing is divided by it",
        uvcvideo="it takes an interval of 0 for one of 100 ns, and a size without any for none",
        loopback="there is always one: 30 frames/s until somebody sets another"),
    "other-index": _quirk(
        "the node has another number after replugging",
        "a stable id: serial number, socket or bus",
        loopback="its nodes are numbered by the module's parameters and have no plug"),
    "infrared": _quirk(
        "an infrared camera has GREY pictures only",
        "GREY is a format as others; no vendor's unit is asked"),
    "format-first": _quirk(
        "a camera wants its format before all else",
        "format, then rate, then controls, which are looked at again after the start",
        vivid="it takes them in any order", loopback="the producer has set the format before"),

    # ---- bandwidth, formats, damaged data ----
    "no-bandwidth": _quirk(
        "ENOSPC at the start: the USB bus has no room",
        "BandwidthError does the sum and names a format that would fit; nothing is tried in a loop",
        vivid=_NO_USB,
        loopback=_NO_USB),
    "no-huffman-tables": _quirk(
        "MJPEG comes without Huffman tables",
        "the standard ones are put in",
        vivid=_NO_JPEG),
    "jpeg-padding": _quirk(
        "bytes before or after a JPEG, a size field that is too large",
        "the picture is looked for; the raw bytes stay at hand",
        vivid=_NO_JPEG),
    "truncated-jpeg": _quirk(
        "a JPEG without its end, often the first one",
        "skipped and counted as broken",
        vivid=_NO_JPEG),
    "error-flag": _quirk(
        "V4L2_BUF_FLAG_ERROR, or too few bytes",
        "skipped, counted, its buffer queued at once; the stream goes on"),
    "requeue": _quirk(
        "a buffer that is not queued again stops the stream",
        "it goes back when the last view dies; all of them held is StarvedError, never a hang"),
    "wrong-sizeimage": _quirk(
        "sizeimage is too small for the picture, or 0",
        "what a frame has is believed, within its buffer",
        vivid="it computes the size from the format, by the kernel's rules",
        loopback="it computes the size from the format that the producer set"),
    "padded-rows": _quirk(
        "rows are longer than the picture is wide",
        "arrays have strides",
        uvcvideo="rows have no padding in USB Video Class, and the driver computes them so",
        loopback="it computes rows without padding from the format that the producer set"),
    "stale-frames": _quirk(
        "the queue is full of old frames after a pause",
        "latest() drains it in one call; a photo was exposed after the request"),
    "adjusted-format": _quirk(
        "VIDIOC_S_FMT succeeds with another format than asked",
        "set_format() returns the one that is; Camera crops and scales"),
    "adjusted-rate": _quirk(
        "the frame rate is another than asked",
        "it is read back; frame_rate is what the driver says",
        loopback="it takes any rate, and frames come when the producer writes them"),

    # ---- exposure, first frames ----
    "bad-first-frames": _quirk(
        "the first frames are black, green or dark",
        "a photo waits until the light has settled, with a deadline",
        vivid="its pictures are whole from the first on",
        loopback="its pictures are the producer's"),
    "slow-automatics": _quirk(
        "exposure and white balance take seconds to settle",
        "a photo waits for it, also between the photos of a bracket",
        vivid="its picture has no automatics that need time",
        uvcvideo="the rig's USB cameras look at one scene in one light: nothing has to settle",
        loopback="its pictures are the producer's"),
    "slow-in-the-dark": _quirk(
        "the frame rate halves in low light",
        "the control for it is left as it is; users set it by its name",
        vivid=_NO_LENS, loopback=_NO_LENS),
    "flicker": _quirk(
        "bands of artificial light: the power line's frequency is set for another country",
        "the control is left as it is; users set it by its name",
        vivid=_NO_LENS, loopback=_NO_LENS),
    "stall": _quirk(
        "no frame comes any more",
        "CaptureTimeout, or one new start where the policy says so; frames may come again"),
    "late-controls": _quirk(
        "a new value shows one to three frames later",
        "a photo waits for frames that were exposed after it",
        vivid="a value shows in the next frame that it draws",
        loopback="its pictures are the producer's"),

    # ---- timestamps ----
    "wrong-clock": _quirk(
        "times are on another clock, jump back, or lie ahead",
        "then it is the time of arrival, and timestamp_source says so",
        uvcvideo="it takes the kernel's clock unless it is told to trust the camera's"),
    "time-of-what": _quirk(
        "the time is that of the start of exposure, or of the end of the frame",
        "timestamp_source says which"),
    "lost-frames": _quirk(
        "frames are lost: gaps in the sequence",
        "stream.stats counts them"),

    # ---- unplugging, suspending ----
    "unplugged": _quirk(
        "the plug is pulled: ENODEV from everything",
        "DeviceGoneError, or waiting for its return where the policy says so; closing is quiet; "
        "held frames stay readable; it is found again by its id",
        loopback=_STAYS),
    "hangup": _quirk(
        "poll() says POLLERR or POLLHUP without POLLIN",
        "who waits is told at once; nothing spins",
        loopback=_STAYS),
    "sleeping-sensor": _quirk(
        "reading a control of a suspended sensor fails with EIO or ENXIO",
        "its value is unknown; the control is there",
        vivid=_NO_HARDWARE, loopback=_NO_HARDWARE),
    "partly-restored": _quirk(
        "the driver restores only some controls on resume",
        "Camera writes again what it had set, after each start",
        vivid=_NO_FIRMWARE, loopback=_NO_FIRMWARE),

    # ---- odd nodes ----
    "no-capabilities": _quirk(
        "a grabber has no control of a camera at all; its format changes with the source",
        "pictures work all the same; the change of the source is an event"),
    "unknown-type": _quirk(
        "types and flags of controls that nobody knew when this was written",
        "they are listed as bytes and numbers, and hide no other",
        vivid="there is none in Linux 6.1 that is not known here",
        uvcvideo="its controls are numbers, booleans, menus and buttons",
        loopback=_FIXED_CONTROLS),
    "vendor-ids": _quirk(
        "vendors' controls have ids outside of all classes",
        "any id will do, and never takes the name of a standard one",
        uvcvideo="it makes them of extension units only, for programs that bring the mapping"),
    "extension-units": _quirk(
        "settings in extension units, for which one needs to be root",
        "left out: the library never asks a vendor's unit for anything",
        simulated="it has no extension units", vivid=_NO_UVC,
        uvcvideo="only UVCIOC_CTRL_QUERY reaches them, and the library never makes that call",
        loopback=_NO_UVC),
    "two-programs": _quirk(
        "another program changes controls at the same time",
        "events tell; nothing is kept across opening again"),

    # ---- uvcvideo ----
    "uvc-error-codes": _quirk(
        "a refused request is EPIPE, EBUSY, EILSEQ, EREMOTE, ERANGE, EIO or EINVAL",
        "ControlError with this errno; the other controls work",
        vivid=_NO_HARDWARE, loopback=_NO_HARDWARE),
    "uvc-timeout": _quirk(
        "an answer that takes longer than 5 s is ETIMEDOUT",
        "ControlError; frames and other cameras go on meanwhile",
        vivid=_NO_HARDWARE, loopback=_NO_HARDWARE),
    "uvc-inactive": _quirk(
        "an inactive control cannot be written, and the camera is not even asked",
        "the error names the master",
        vivid="it takes such a value and keeps it: see inactive-control",
        loopback=_FIXED_CONTROLS),
    "uvc-missing-mode": _quirk(
        "EINVAL: the exposure mode is not one of the camera's",
        "refused before the driver is asked, with those that there are",
        loopback="it has no menus"),
    "uvc-bad-range": _quirk(
        "step 0, a maximum below the minimum: passed on as the camera says it",
        "listed; no capability where there is no range; the driver decides on values",
        vivid=_FRAMEWORK, loopback=_FRAMEWORK),
    "uvc-silent-change": _quirk(
        "the camera changes a control and says nothing: the driver's old value is read for ever",
        "what the driver says is told; nobody can know better",
        vivid=_NO_FIRMWARE, loopback=_NO_FIRMWARE),
    "uvc-event-before-value": _quirk(
        "an event has the new value while a read still gives the old one",
        "the value of the event is the one that is told",
        simulated="its events and its values come from one place",
        vivid="its events and its values come from one place",
        loopback="its events and its values come from one place"),
    "uvc-truncated-raw": _quirk(
        "a truncated raw frame is dropped, or delivered short and flagged with nodrop=1",
        "skipped and counted; never an array of the wrong size",
        vivid="it always fills in whole pictures"),
    "uvc-no-frame-size": _quirk(
        "dwMaxVideoFrameSize is 0: MJPEG has buffers of no size, REQBUFS says EINVAL",
        "an error that says so, without asking the driver; raw formats work",
        vivid=_NO_UVC,
        loopback=_NO_UVC),
    "uvc-bus-error": _quirk(
        "an error on the bus brings every queued buffer back, flagged and empty",
        "each is skipped and counted; the stream goes on",
        vivid="it flags one buffer at a time: see error-flag", loopback=_NO_USB),
    "uvc-blocking-dqbuf": _quirk(
        "a DQBUF that waits says EINVAL first when the plug is pulled",
        "nothing waits in DQBUF; who waits in poll gets DeviceGoneError",
        loopback=_STAYS),
    "uvc-rewrites-controls": _quirk(
        "of a C920 the driver writes every control again at each start, since it forgets them",
        "nothing more to do, and nothing is written twice",
        simulated="it is below the driver's cache: see settings-lost",
        vivid=_NO_UVC, loopback=_NO_UVC),
}
# fmt: on
