# SPDX-License-Identifier: MIT
"""``v4l2capture photo``."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from ..bracketing import BRACKETS
from ..dictionaries import FillLightMode, PhotoSettings, camel, snake
from ..encode import SUFFIXES
from ..errors import CaptureError
from ..exif import Exif
from ..exiftags import known_tag
from ..lamp import PRE_LIGHT, check_pre_light
from .arguments import number
from .choice import add_lamp, open_whole_camera
from .files import writing_files
from .output import Failed
from .photonames import Names, type_of
from .photoresults import JsonReport, Report, SpokenReport, TableReport
from .phototaking import Order, Photographer
from .request import split_names, split_words
from .stopping import Ended, Ending
from .values import read_property

__all__ = ["add_arguments", "run"]

_DURATION = re.compile(r"(\d+|\d*\.\d+)(ms|s|m|h|)")
_SECONDS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600}
_LONGEST = 31 * 24 * 3600.0

# What is written for stdout, here and in other programs.
_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")

_WITH_QUALITY = ("image/jpeg", "image/webp")
_QUALITY = 90

# ---- the command line ----


def _output(written: str) -> str:
    return "-" if written in _STDOUT else written


def _duration(written: str) -> float:
    found = _DURATION.fullmatch(written)
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{written!r} is no time such as 10s, 500ms, 2m or 1h")
    return seconds


def _bracket(written: str) -> tuple[str, list[float]]:
    name, _, values = written.partition("=")
    property_ = camel(name)
    if property_ not in BRACKETS:
        known = ", ".join(map(snake, BRACKETS))
        raise argparse.ArgumentTypeError(f"{name!r} is none of {known}")
    try:
        return property_, [read_property(property_, each) for each in values.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _tag(written: str) -> tuple[str, str | list[str]]:
    name, sign, value = written.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"{written!r} is no NAME=VALUE")
    try:
        tag = name, value.split(",") if known_tag(name).count > 1 else value
        Exif(tags=dict([tag]))
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return tag


def _pre_light(written: str) -> float:
    try:
        return check_pre_light(float(written))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{written!r} are no seconds: {error}") from None


def _place(written: str) -> tuple[float, ...]:
    try:
        place = tuple(float(each) for each in written.split(","))
        Exif(gps=place)
    except (TypeError, ValueError):
        raise argparse.ArgumentTypeError(
            f"{written!r} is no place such as 47.5,-8.25 or 47.5,-8.25,400: "
            "degrees north and east, metres"
        ) from None
    return place


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = f"{parser.prog} [DEVICE] -o FILE [option ...] [NAME=VALUE ...]"
    add = parser.add_argument
    pixels = number(int, 1, 65535, "a number of pixels, 1 to 65535")
    quality = number(int, 1, 100, "a quality, 1 to 100")
    burst = number(int, 1, 1000, "a number of photos, 1 to 1000")
    times = number(int, 1, sys.maxsize, "a number of times, from 1 on")
    seconds = number(float, 0.001, 1e9, "a number of seconds")
    add(
        "words",
        nargs="*",
        metavar="[DEVICE] NAME=VALUE",
        help="the camera, and what to set as `set` does; what has no = is the camera",
    )
    add(
        "-o",
        "--output",
        metavar="FILE",
        type=_output,
        required=True,
        help="see above; - is stdout",
    )
    add(
        "--width", metavar="W", type=pixels, help="the nearest size there is; left out: the largest"
    )
    add("--height", metavar="H", type=pixels)
    add("--fill-light", choices=[*map(str, FillLightMode)], help="left out: no flash")
    add("--red-eye", action="store_true", help="light the eyes first")
    add(
        "--pre-light",
        metavar="S",
        type=_pre_light,
        help=f"seconds of it before the photo; left out: {PRE_LIGHT:g}",
    )
    add_lamp(parser)
    add("--type", choices=list(SUFFIXES), help="left out: what the name of FILE says, else a JPEG")
    add(
        "--quality",
        metavar="Q",
        type=quality,
        help=f"1 to 100 (JPEG, WebP); left out: {_QUALITY}",
    )
    add("--burst", metavar="N", type=burst, help="N photos, one frame after another")
    add(
        "--bracket",
        metavar="NAME=V,V,...",
        type=_bracket,
        help="one photo with each value: " + ", ".join(map(snake, BRACKETS)),
    )
    add("--every", metavar="T", type=_duration, help="again and again: 10s, 500ms, 2m, 1h")
    add("--count", metavar="N", type=times, help="how often; left out: until Ctrl-C")
    add("--tag", metavar="NAME=VALUE", type=_tag, action="append", default=[], help="Artist=Ann")
    add("--gps", metavar="LAT,LON[,ALT]", type=_place, help="degrees, and metres: 47.5,-8.25,400")
    add("--timeout", metavar="S", type=seconds, default=10.0, help="for a photo; left out: 10")
    add("--json", action="store_true", help="one JSON object on a line for each photo")
    add("-f", "--force", action="store_true", help="overwrite what is there")
    add("-q", "--quiet", action="store_true", help="nothing but problems on stderr")


def run(args: argparse.Namespace) -> int:
    """take photos, with what is known about them inside

    -o photo.jpg       .png, .tif, .webp and, from a camera that gives raw pictures, .dng likewise
    -o photo-%03d.jpg  the place of the number where there are several; without one they are
                       photo-1.jpg, photo-2.jpg, ...
    -o -               to stdout, if that is no terminal; /dev/stdout likewise

    NAME=VALUE is set for the photo, see `set`, and put back afterwards, also after Ctrl-C and
    SIGTERM; so are size and lamp. Files are there whole or not at all.

    With --every the camera stays open, and photos are taken at equal distances from the first.
    One that fails is said, and does not end it; the exit status is 1 then. --burst and
    --bracket take that many photos each time. A signal ends it at once; the exit status is 0
    when there was no --count, else 128 + the signal's number.
    """
    try:
        order = _order(args)
    except ValueError as error:
        args.usage_error(str(error))
    if order.names is not None:
        with writing_files(Path(args.output)):
            obstacle = order.names.in_the_way()
        if obstacle is not None and not args.force:
            raise Failed(f"{obstacle} is there already; --force overwrites it")
    with Ending() as ending:
        photographer = Photographer(order, ending, _report(args, order), quiet=args.quiet)
        try:
            with open_whole_camera(order.device, order.lamp) as camera:
                photographer.run(camera)
        except (Ended, CaptureError, Failed):
            if not ending.signal:  # whatever was called off has failed
                raise
        is_endless = order.every is not None and order.times is None
        if ending.signal and not (is_endless and photographer.photos):
            return 128 + ending.signal
    return 1 if photographer.failed else 0


def _order(args: argparse.Namespace) -> Order:
    """Return what is wanted.

    Raises:
        ValueError: The command line contradicts itself.
    """
    device, pairs = split_words(args.words)
    properties, others = split_names(pairs)
    kind = type_of(args.output, args.type)
    if args.quality is not None and kind not in _WITH_QUALITY:
        raise ValueError(f"--quality is for {' and '.join(_WITH_QUALITY)}, not for {kind}")
    if args.burst and args.bracket:
        raise ValueError("--burst and --bracket cannot both say how many photos there are")
    if args.bracket and args.bracket[0] in properties:
        raise ValueError(f"--bracket varies {args.bracket[0]}; do not set it, too")
    if args.pre_light is not None and not args.red_eye:
        raise ValueError("--pre-light is for --red-eye")
    if args.count and args.every is None:
        raise ValueError("--count is for --every; --burst takes several photos at once")
    tags = dict(args.tag)
    if len(tags) < len(args.tag):
        raise ValueError("a --tag is there twice")
    Exif(tags=tags)  # all of them may be too much
    at_once = len(args.bracket[1]) if args.bracket else args.burst or 1
    times = 1 if args.every is None else args.count
    return Order(
        device=device,
        lamp=args.lamp,
        properties=properties,
        others=others,
        settings=PhotoSettings(
            image_width=args.width,
            image_height=args.height,
            fill_light_mode=args.fill_light and FillLightMode(args.fill_light),
            red_eye_reduction=args.red_eye or None,
        ),
        options={
            "type": kind,
            "quality": args.quality or _QUALITY,
            "tags": tags,
            "gps": args.gps,
            "pre_light": PRE_LIGHT if args.pre_light is None else args.pre_light,
            "timeout": args.timeout,
        },
        burst=args.burst or 1,
        bracket=args.bracket,
        every=args.every,
        times=times,
        names=_names(args, kind, None if times is None else times * at_once),
    )


def _names(args: argparse.Namespace, kind: str, count: int | None) -> Names | None:
    if args.output != "-":
        return Names(Path(args.output), kind, count)
    if count != 1:
        raise ValueError("-o - is for one photo")
    if args.json:
        raise ValueError("-o - and --json cannot both have stdout")
    if sys.stdout.isatty():
        raise ValueError("-o -: stdout is a terminal; send it to a file or a program")
    return None


def _report(args: argparse.Namespace, order: Order) -> Report:
    if args.json:
        return JsonReport()
    if order.names is None:
        return Report() if args.quiet else SpokenReport()
    return TableReport(order.bracket[0] if order.bracket else None)
