# SPDX-License-Identifier: MIT
"""The commands together: from the words of a command line to the one that is meant."""

from __future__ import annotations

import argparse
import inspect
import io
import os
import re
import signal
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

from .. import __version__
from ..errors import CaptureError
from .output import Failed, hush_log, say, writing_result

__all__ = ["COMMANDS", "run"]

# In the order of --help; each is in a module of its own.
COMMANDS = {
    "list": "listing",
    "caps": "caps",
    "controls": "controls",
    "formats": "formats",
    "set": "setting",
    "photo": "photo",
    "record": "record",
    "profile": "profile",
    "doctor": "doctor",
}

_ABOUT = (
    "Look at and set any V4L2 camera, or a simulated one such as sim:webcam; "
    "take photos with it, and record."
)

_EPILOG = """\
DEVICE is /dev/videoN or just N, a stable id as `list` shows it, or sim:PROFILE for a simulated
camera (sim:webcam, sim:/path/to/profile.json); left out, it is the first camera there is.

environment:
  V4L2CAPTURE_SIM  simulated cameras to list behind the real ones: webcam,/path/profile.json
  NO_COLOR         no colours

exit status: 0 done, 1 the camera or the request failed, 2 wrong command line
"""

_NEGATIVE = re.compile(r"-\.?\d")
_OPTION = re.compile(r"--[a-z-]+")


def _parser(names: Iterable[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="v4l2capture",
        description=_ABOUT,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"v4l2capture {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for name in names:
        module = import_module(f".{COMMANDS[name]}", __package__)
        text = inspect.getdoc(module.run) or ""
        command = commands.add_parser(
            name,
            help=text.partition("\n")[0],
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run, usage_error=command.error)
    return parser


def _parse(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.Namespace:
    args, rest = parser.parse_known_args(_joined(words))
    if rest and (not hasattr(args, "words") or any(word.startswith("-") for word in rest)):
        args.usage_error(f"unrecognized arguments: {' '.join(rest)}")
    # argparse takes the words before an option or those behind it, not both.
    args.words = [*getattr(args, "words", ()), *rest]
    return args


def _joined(words: Sequence[str]) -> list[str]:
    """Tie what begins like a negative number to the option before it.

    argparse takes ``-33.9,151.2`` for an option.
    """
    joined: list[str] = []
    for word in words:
        if _NEGATIVE.match(word) and joined and _OPTION.fullmatch(joined[-1]):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    # Python has None for what its parent closed.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a camera's name may be in any alphabet
    words = sys.argv[1:] if argv is None else list(argv)
    # What other commands need takes longer to load than most commands to run.
    meant = [name for name in COMMANDS if name in words[:1]] or list(COMMANDS)
    args = _parse(_parser(meant), words)
    try:
        status = args.run(args)
        with writing_result():
            sys.stdout.flush()
    except (CaptureError, Failed) as error:
        say(str(error))
        return 1
    except BrokenPipeError:
        # Who read our output has enough. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    finally:
        hush_log()
    return int(status)
