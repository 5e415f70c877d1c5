# SPDX-License-Identifier: MIT
"""The guest's USB camera (tools/hil/usbcam), without a guest: descriptors, requests, payloads.

What is asked here is what a driver would do with the bytes; that a driver does is
tests/hil/test_uvc_*.py.
"""

import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools/hil/usbcam"))

import descriptors  # noqa: E402
import payloads  # noqa: E402
from faults import Fault, Faults  # noqa: E402
from firmware import Firmware, Identity, Timer  # noqa: E402
from model import Model, Request  # noqa: E402
from picture import Picture  # noqa: E402
from wire import CMD_SUBMIT, CMD_UNLINK, ECONNRESET, ENOSPC, EPIPE, RET_UNLINK, Link, Unlink, Urb  # noqa: E402

from v4l2capture.cids import IDS  # noqa: E402
from v4l2capture.profile import Profile  # noqa: E402

LISTED = sorted((ROOT / "tests/data/cameras").glob("*.json"))
BUILT_IN = sorted((ROOT / "v4l2capture/profiles").glob("*.json"))
OF_UVC = [path for path in LISTED + BUILT_IN if "uvcvideo" in Profile.load(path).driver]
WEBCAM = ROOT / "v4l2capture/profiles/webcam.json"

EXPOSURE, MODE, BRIGHTNESS, PAN_TILT = (1, 0x04), (1, 0x02), (2, 0x02), (1, 0x0D)


class Host:
    """Sends requests to a camera and keeps what it answers."""

    def __init__(self, profile=WEBCAM, *, isochronous=False) -> None:
        self.answers: list[tuple[bytes, int]] = []
        self.calls: list[tuple[float, object]] = []
        self.time = 0.0
        self.faults = Faults()
        self._number = 0
        model = Model.load(profile, isochronous=isochronous)
        timer = Timer(lambda: self.time, lambda delay, what: self.calls.append((delay, what)))
        self.camera = Firmware(
            model,
            Picture(model),
            self.faults,
            Identity(),
            timer,
            self._answered,
            self._answered,
        )

    def _answered(self, _urb: Urb, data=b"", error: int = 0) -> None:
        self.answers.append((data, error))

    def submit(self, endpoint: int, *, setup: bytes = bytes(8), data: bytes = b"", size: int = 0):
        self._number += 1
        is_in = endpoint != 0 or bool(setup[0] & 0x80)
        self.camera.submit(Urb(self._number, endpoint, is_in, size or len(data), setup, data))
        return self._number

    def ask(self, place, request: Request, data: bytes = b"", interface: int = 0):
        kind, size = (0xA1, 64) if request & 0x80 else (0x21, len(data))
        setup = struct.pack("<BBHHH", kind, request, place[1] << 8, place[0] << 8 | interface, size)
        self.submit(0, setup=setup, data=data, size=size)
        return self.answers.pop() if self.answers else None

    def start(self, format_: int, frame: int) -> None:
        self.ask((0, 2), Request.SET_CUR, struct.pack("<HBBI", 1, format_, frame, 0), interface=1)

    def next_frame(self) -> bytes:
        """Let the camera send a frame; return it as a driver would put it together."""
        _, what = self.calls.pop()
        what()
        frame, bits = b"", 0
        while not bits & 0x02:
            self.submit(descriptors.VIDEO_ENDPOINT, size=payloads.PAYLOAD)
            data, error = self.answers.pop()
            assert not error
            assert data[0] == 6
            bits = data[1]
            frame += data[6:]
        self.bits = bits
        return frame


@pytest.fixture
def host():
    return Host()


def pieces(configuration: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(configuration):
        found.append(configuration[at : at + configuration[at]])
        at += configuration[at]
    return found


@pytest.mark.parametrize("isochronous", [False, True])
@pytest.mark.parametrize("path", OF_UVC, ids=lambda path: path.stem)
def test_descriptors_of_every_profile_hang_together(path, isochronous):
    model = Model.load(path, isochronous=isochronous)

    text = descriptors.configuration(model)

    found = pieces(text)
    assert all(len(piece) == piece[0] > 2 for piece in found)
    assert struct.unpack_from("<H", text, 2)[0] == len(text)
    header = next(i for i, piece in enumerate(found) if piece[1:3] == b"\x24\x01")
    control = found[header : header + 4]
    assert [piece[2] for piece in control] == [1, 2, 5, 3]
    assert struct.unpack_from("<H", control[0], 5)[0] == sum(map(len, control))
    stream = next(i for i in range(header + 1, len(found)) if found[i][1:3] == b"\x24\x01")
    last = next(i for i in range(stream, len(found)) if found[i][1] in (0x04, 0x05))
    assert struct.unpack_from("<H", found[stream], 4)[0] == sum(map(len, found[stream:last]))
    packets = [struct.unpack_from("<H", piece, 4)[0] for piece in found[last:] if piece[1] == 5]
    sizes = [(packet & 0x7FF) * (1 + (packet >> 11)) for packet in packets]
    assert sizes == ([*descriptors.PACKETS] if isochronous else [descriptors.PACKET])


def test_numbers_of_a_control_are_those_of_the_profile(host):
    asked = (Request.GET_MIN, Request.GET_MAX, Request.GET_RES, Request.GET_DEF, Request.GET_CUR)

    found = [struct.unpack("<h", host.ask(BRIGHTNESS, r)[0])[0] for r in asked]

    assert found == [-64, 64, 1, 0, 0]
    assert host.ask(BRIGHTNESS, Request.GET_LEN) == (b"\x02\x00", 0)


def test_two_controls_in_one_are_set_at_once(host):
    host.ask(PAN_TILT, Request.SET_CUR, struct.pack("<ii", -3600, 7200))

    values = host.camera.values
    assert (values[IDS["pan_absolute"]], values[IDS["tilt_absolute"]]) == (-3600, 7200)
    assert host.ask(PAN_TILT, Request.GET_CUR)[0] == struct.pack("<ii", -3600, 7200)


def test_refusal_says_why(host):
    """Out of range; ruled by an automatic; then allowed."""

    def attempt(place, data: bytes):
        _, error = host.ask(place, Request.SET_CUR, data)
        return error, host.ask((0, 2), Request.GET_CUR)[0][0]

    assert attempt(BRIGHTNESS, struct.pack("<h", 65)) == (EPIPE, 4)
    assert attempt(EXPOSURE, struct.pack("<I", 300)) == (EPIPE, 2)
    assert attempt(MODE, b"\x01") == (0, 0)
    assert attempt(EXPOSURE, struct.pack("<I", 300)) == (0, 0)
    assert host.camera.values[IDS["exposure_time_absolute"]] == 300


@pytest.mark.parametrize("code", [None, 0, 3])
def test_stall_has_the_code_that_was_asked_for(host, code):
    """Also 0, which says that all is well."""
    host.faults.add(Fault("stall", value=code))

    _, error = host.ask(BRIGHTNESS, Request.GET_CUR)

    assert error == EPIPE
    assert host.ask((0, 2), Request.GET_CUR)[0][0] == (6 if code is None else code)


def test_size_of_a_frame_is_negotiated_unless_it_is_not_said(host):
    def size() -> int:
        return struct.unpack_from("<I", host.ask((0, 1), Request.GET_CUR, interface=1)[0], 18)[0]

    host.start(1, 3)  # YUYV, 160x120
    sizes = [size()]
    host.faults.add(Fault("no_size", count=1))
    sizes += [size(), size()]

    assert sizes == [160 * 120 * 2, 0, 160 * 120 * 2]


def test_announced_change_goes_to_the_status_endpoint(host):
    host.submit(descriptors.STATUS_ENDPOINT, size=16)

    host.camera.change(IDS["brightness"], -5, announce=True)

    assert host.answers == [(b"\x01\x02\x00\x02\x00\xfb\xff", 0)]


def test_frames_are_whole_numbered_and_alternate(host):
    host.start(1, 3)  # YUYV, 160x120

    frames, bits = [], []
    for _ in range(3):
        frames.append(host.next_frame())
        bits.append(host.bits & 1)

    assert {len(frame) for frame in frames} == {160 * 120 * 2}
    assert len(set(frames)) == 3
    assert bits == [1, 0, 1]


@pytest.mark.parametrize(
    ("fault", "is_as_wanted"),
    [
        ("truncated", lambda good, bad: good.startswith(bad) and len(bad) == len(good) // 2),
        ("garbage", lambda good, bad: len(bad) == len(good) and bad[:2] != b"\xff\xd8"),
        ("oversized", lambda good, bad: bad.startswith(good) and len(bad) == 3 * len(good)),
        ("padded", lambda good, bad: bad == good + b"\xff" * 512),
        ("trailed", lambda good, bad: bad == good + b"Z" * 512),
        ("no_dht", lambda good, bad: b"\xff\xc4" in good and b"\xff\xc4" not in bad[:600]),
        ("no_eoi", lambda good, bad: bad + b"\xff\xd9" == good),
        ("empty", lambda _good, bad: bad == b""),
    ],
)
def test_spoiled_frame(fault, is_as_wanted):
    good, bad = Host(), Host()
    bad.faults.add(Fault(fault, count=1))
    for host in (good, bad):
        host.start(2, 2)  # MJPG, 320x240

    assert is_as_wanted(good.next_frame(), bad.next_frame())
    assert good.next_frame() == bad.next_frame()


def test_stream_ends_when_the_endpoint_is_cleared(host):
    host.start(1, 3)
    host.submit(0, setup=struct.pack("<BBHHH", 0x02, 1, 0, 0x80 | descriptors.VIDEO_ENDPOINT, 0))

    assert not host.camera.streaming


def select(host, setting: int) -> int:
    """Choose an alternate setting of the stream; return the error."""
    host.submit(0, setup=struct.pack("<BBHHH", 0x01, 11, setting, 1, 0))
    return host.answers.pop()[1]


def test_isochronous_stream_begins_and_ends_with_its_setting_and_has_a_payload_in_each_packet():
    host = Host(isochronous=True)
    host.start(1, 3)  # YUYV, 160x120: 76 packets of 506 bytes and what is left
    assert not host.camera.streaming
    assert select(host, 1) == 0
    assert host.camera.streaming

    host.calls.pop()[1]()
    packets = tuple((512 * n, 512) for n in range(32))
    pieces = []
    for number in (101, 102, 103):
        host.camera.submit(
            Urb(number, descriptors.VIDEO_ENDPOINT, True, 16384, bytes(8), b"", packets)
        )
        pieces += host.answers.pop()[0]

    assert {len(piece) for piece in pieces} == {512, 6 + 160 * 120 * 2 % 506, 0}
    assert sum(len(piece) - 6 for piece in pieces if piece) == 160 * 120 * 2
    assert select(host, 0) == 0
    assert not host.camera.streaming


def test_bandwidth_that_a_host_cannot_reserve_is_its_own_error():
    host = Host(isochronous=True)
    host.faults.add(Fault("no_bandwidth", count=1))
    host.start(1, 3)

    assert select(host, 1) == ENOSPC
    assert not host.camera.streaming
    assert select(host, 1) == 0


def test_request_that_was_taken_back_is_not_answered(host):
    host.faults.add(Fault("slow", seconds=1.0, count=1))
    number = 1
    assert host.ask(BRIGHTNESS, Request.GET_CUR) is None

    assert host.camera.unlink(number)
    host.calls.pop()[1]()

    assert host.answers == []


def urb_of_the_kernel(seqnum: int) -> bytes:
    """The start of a frame is wanted."""
    where = descriptors.VIDEO_ENDPOINT
    return struct.pack(">5IIiiiI8x", CMD_SUBMIT, seqnum, 0, 1, where, 0, 512, 0, 0, 0)


def unlink_of_the_kernel(seqnum: int, victim: int) -> bytes:
    return struct.pack(">5II24x", CMD_UNLINK, seqnum, 0, 0, 0, victim)


@pytest.fixture
def kernel_and_link():
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.setblocking(False)
        link = Link(ours)
        yield theirs, link
        link.close()


def test_unlink_of_a_urb_that_came_before_is_the_cameras_to_answer(kernel_and_link):
    kernel, link = kernel_and_link
    kernel.sendall(urb_of_the_kernel(1) + unlink_of_the_kernel(2, victim=1))

    urb, unlink = link.receive()

    assert (urb.seqnum, unlink) == (1, Unlink(2, victim=1))


def test_unlink_that_overtakes_its_urb_waits_for_it(kernel_and_link):
    """An answer to a URB that the kernel has taken back unplugs the camera."""
    kernel, link = kernel_and_link
    kernel.sendall(urb_of_the_kernel(1) + unlink_of_the_kernel(3, victim=2))
    assert [message.seqnum for message in link.receive()] == [1]
    with pytest.raises(BlockingIOError):
        kernel.recv(4096)

    kernel.sendall(urb_of_the_kernel(2) + urb_of_the_kernel(4))

    assert [message.seqnum for message in link.receive()] == [4]
    assert struct.unpack(">5Ii24x", kernel.recv(4096)) == (RET_UNLINK, 3, 0, 0, 0, -ECONNRESET)


def test_program_says_what_is_wrong_with_a_profile():
    phone = ROOT / "v4l2capture/profiles/sensor.json"

    done = subprocess.run(
        [sys.executable, ROOT / "tools/hil/usbcam", phone, "--socket", "/nonexistent/socket"],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert done.stderr == "usbcam: Simulated Sensor: no format for USB among: RG10, pRAA\n"
