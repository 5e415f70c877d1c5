# SPDX-License-Identifier: MIT
"""``v4l2capture set``."""

from __future__ import annotations

import argparse

from .choice import add_lamp, open_whole_camera
from .output import Table, put_json, say
from .request import Request, split_names, split_words
from .undo import Before
from .values import PICTURE

__all__ = ["add_arguments", "run"]

_HEADINGS = ("Name", "Requested", "Actual", "Unit")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = f"{parser.prog} [-h] [--lamp LED] [--json] [DEVICE] NAME=VALUE [NAME=VALUE ...]"
    parser.add_argument(
        "words",
        nargs="+",
        metavar="[DEVICE] NAME=VALUE",
        help="the camera, as everywhere, is what has no =; left out: the first camera there is",
    )
    add_lamp(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """set properties and controls of a camera

    NAME is a W3C name as `caps` shows it (exposureTime, or exposure_time), or the name or id of
    a control as `controls` shows it (gain, 0x00980913). VALUE is a number, on or off, a mode,
    an entry of a menu by its number or label, or points: pointsOfInterest=0.5,0.5.

    Either all is set, or nothing: what cannot be done is an error, and then the camera is as it
    was. Numbers are put on the driver's grid; the output says what each became. Automatic modes
    give way to the values they rule, so exposureTime=100 sets exposureMode to manual.

    Sizes and frame rates are those that the camera itself has, see `formats`.
    """
    try:
        device_name, pairs = split_words(args.words)
        if not pairs:
            raise ValueError("there is no NAME=VALUE")
        properties, others = split_names(pairs)
    except ValueError as error:
        args.usage_error(str(error))
    with open_whole_camera(device_name, args.lamp) as camera:
        request = Request(camera, properties, others)
        request.check()
        before = Before(camera, request.ids)
        try:
            request.carry_out()
        except BaseException:
            before.put_back()
            raise
        if not properties.keys().isdisjoint(PICTURE):
            say(f"{camera.device.path} now gives {camera.device.format}")
        if args.json:
            put_json(request.results())
        else:
            Table(_HEADINGS, list(request.rows())).put()
    return 0
