# SPDX-License-Identifier: MIT
"""The program around a camera: one loop over the cable, the command socket and the clock.

A command is a line of JSON, and so is its answer: ``{"do": "fault", "name": "stall", ...}`` gets
``{}``, or ``{"error": "..."}``. :meth:`Player.do` has the list.
"""

import contextlib
import heapq
import itertools
import json
import selectors
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from faults import Fault, Faults
from firmware import Firmware, Identity, Timer
from model import LARGEST, Model, Request
from picture import Picture
from wire import Link, Unlink, Urb

from v4l2capture.cids import IDS
from v4l2capture.errors import CaptureError

__all__ = ["Player"]


class Camera(NamedTuple):
    """What can be plugged in."""

    model: Model
    identity: Identity
    picture: Picture


class Player:
    """A camera, its cable and its clock.

    Args:
        path: Of the socket that takes commands.
    """

    def __init__(self, model: Model, identity: Identity, path: str) -> None:
        self._first = Camera(model, identity, Picture(model))
        self._camera = self._first  # or another that was plugged in instead
        self._faults = Faults()
        self._firmware: Firmware | None = None
        self._link: Link | None = None
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._selector = selectors.DefaultSelector()
        Path(path).unlink(missing_ok=True)
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(path)
        self._door.listen()
        self._selector.register(self._door, selectors.EVENT_READ, self._welcome)
        self._replug_after: float | None = None

    # ---- the loop ----

    def run(self) -> None:
        """Go on until the program is ended."""
        while True:
            for key, _ in self._selector.select(self._patience()):
                key.data()
            while self._calls and self._calls[0][0] <= time.monotonic():
                heapq.heappop(self._calls)[2]()

    def _patience(self) -> float | None:
        return max(self._calls[0][0] - time.monotonic(), 0.0) if self._calls else None

    def _call(self, delay: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._calls, (time.monotonic() + delay, next(self._numbers), what))

    # ---- the cable ----

    def plug(self) -> None:
        """Plug the camera in; it is as the profile has it."""
        if self._link is not None:
            return
        self._link = Link.plugged()
        timer = Timer(time.monotonic, self._call)
        model, identity, picture = self._camera
        answers = self._link.answer, self._link.answer_packets
        self._firmware = Firmware(model, picture, self._faults, identity, timer, *answers)
        self._firmware.unplug = self.unplug
        self._selector.register(self._link.socket, selectors.EVENT_READ, self._transfer)

    def unplug(self) -> None:
        """Pull the plug."""
        if self._link is None:
            return
        self._selector.unregister(self._link.socket)
        self._link.close()
        self._link = self._firmware = None
        self._camera.picture.stop()
        self._calls.clear()
        if self._replug_after is not None:
            self._call(self._replug_after, self.plug)
            self._replug_after = None

    def _transfer(self) -> None:
        link, firmware = self._link, self._firmware
        if link is None or firmware is None:
            return  # a command of the same moment has pulled the plug
        try:
            for message in link.receive():
                if isinstance(message, Urb):
                    firmware.submit(message)
                elif isinstance(message, Unlink):
                    link.answer_unlink(message, found=firmware.unlink(message.victim))
        except (EOFError, ConnectionResetError):
            self.unplug()

    # ---- commands ----

    def _welcome(self) -> None:
        client, _ = self._door.accept()
        lines = client.makefile("rwb")
        self._selector.register(client, selectors.EVENT_READ, lambda: self._hear(client, lines))

    def _hear(self, client: socket.socket, lines: Any) -> None:
        line = b""
        with contextlib.suppress(OSError):
            line = lines.readline()
        if not line:
            self._selector.unregister(client)
            with contextlib.suppress(OSError):
                lines.close()
            client.close()
            return
        try:
            answer = self.do(**json.loads(line))
        except (CaptureError, ValueError, TypeError, KeyError, OSError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        with contextlib.suppress(OSError):
            lines.write(json.dumps(answer).encode() + b"\n")
            lines.flush()

    def do(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Obey a command.

        ``fault``: see faults.py; ``control`` is a name or an id, ``request`` a name such as
        ``"GET_MIN"``. ``clear``: no more faults. ``unplug``: now, or with ``at`` after so many
        frames; with ``replug`` it comes back after so many seconds. ``plug``; with ``profile``
        another camera, whose ``largest`` picture, ``usb_id`` and transfer (``isochronous``) may
        be said. ``change``: a ``control`` to ``value``, told to the host unless ``announce`` is
        false. ``state``.
        """
        if do == "fault":
            self._faults.add(_fault(**arguments))
        elif do == "clear":
            self._faults.clear()
        elif do == "plug":
            self._plug(**arguments)
        elif do == "unplug":
            self._unplug(**arguments)
        elif do == "change":
            self._change(**arguments)
        elif do == "state":
            return self._state()
        else:
            raise ValueError(f"there is no command {do!r}")
        return {}

    def _plug(self, profile: str = "", **options: Any) -> None:
        if self._link is not None:
            if profile:
                raise ValueError("it is plugged in: unplug it first")
            return
        self._camera = self._another(profile, **options) if profile else self._first
        self.plug()

    def _another(
        self,
        profile: str,
        largest: tuple[int, int] = LARGEST,
        usb_id: tuple[int, int] | None = None,
        isochronous: bool = False,
    ) -> Camera:
        model = Model.load(profile, largest, isochronous=isochronous)
        own = self._first.identity
        vendor, product = usb_id or (own.vendor, own.product)
        return Camera(model, Identity(vendor, product, own.serial), Picture(model))

    def _unplug(self, at: int | None = None, replug: float | None = None) -> None:
        self._replug_after = replug
        if at is None:
            self.unplug()
        elif self._firmware is not None:
            self._firmware.unplug_at = self._firmware.frames + at

    def _change(self, control: str | int, value: int, announce: bool = True) -> None:
        if self._firmware is None:
            raise ValueError("it is unplugged")
        self._firmware.change(_cid(control), value, announce=announce)

    def _state(self) -> dict[str, Any]:
        firmware = self._firmware
        if firmware is None:
            return {"plugged": False}
        names = {cid: name for name, cid in IDS.items()}
        return {
            "plugged": True,
            "streaming": firmware.streaming,
            "frames": firmware.frames,
            "late": firmware.late,
            "requests": firmware.requests,
            "values": {names.get(cid, hex(cid)): v for cid, v in firmware.values.items()},
            "left_out": self._camera.model.left_out,
        }


def _cid(control: str | int) -> int:
    return IDS[control] if isinstance(control, str) else control


def _fault(name: str, control: str | int = 0, request: str = "", **numbers: Any) -> Fault:
    cid = _cid(control) if control else 0
    return Fault(name, control=cid, request=Request[request] if request else 0, **numbers)
