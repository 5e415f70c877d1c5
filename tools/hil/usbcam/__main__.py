# SPDX-License-Identifier: MIT
"""Plug a USB camera into this machine that is played by a program.

PROFILE is a built-in profile of v4l2capture or a JSON file, of a camera that has the driver
uvcvideo. Needs root and the module vhci-hcd. The camera is there until this program ends. Faults
and the like come in through a socket, see player.py.
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2])]

from firmware import Identity  # noqa: E402
from model import LARGEST, Model  # noqa: E402
from player import Player  # noqa: E402

from v4l2capture.errors import CaptureError  # noqa: E402


def _size(text: str) -> tuple[int, int]:
    width, height = map(int, text.split("x"))
    return width, height


def _id(text: str) -> tuple[int, int]:
    vendor, product = (int(part, 16) for part in text.split(":"))
    return vendor, product


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="usbcam", description=__doc__)
    add = parser.add_argument
    add("profile", metavar="PROFILE")
    add("--socket", metavar="PATH", default="/run/usbcam.sock", help="where commands come in")
    add("--largest", metavar="WxH", type=_size, default=LARGEST)
    add("--isochronous", action="store_true", help="the stream needs bandwidth reserved")
    add("--id", metavar="VVVV:PPPP", type=_id, default=(0x1209, 0x0001))
    add("--serial", default="0001")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    try:
        model = Model.load(arguments.profile, arguments.largest, isochronous=arguments.isochronous)
        vendor, product = arguments.id
        identity = Identity(vendor, product, arguments.serial)
        player = Player(model, identity, arguments.socket)
        player.plug()
    except (CaptureError, OSError, ValueError) as error:
        print(f"usbcam: {error}", file=sys.stderr)
        return 1
    print("plugged in", flush=True)
    try:
        player.run()
    except KeyboardInterrupt:
        player.unplug()
    return 0


if __name__ == "__main__":
    sys.exit(main())
