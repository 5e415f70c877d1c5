# SPDX-License-Identifier: MIT
"""The command line itself: what it takes, what it refuses, how it prints."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import v4l2capture
from v4l2capture.cli import main, output
from v4l2capture.cli.output import Table, visible
from v4l2capture.cli.program import COMMANDS


def refused(*words, capsys):
    """Run a wrong command line; return what it says."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))

    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    assert ended.value.code == 0
    assert "usage: v4l2capture " + command in capsys.readouterr().out


def test_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"v4l2capture {v4l2capture.__version__}\n"


@pytest.mark.parametrize(
    "start",
    [
        "from v4l2capture.cli import main; sys.exit(main())",
        "import runpy; runpy.run_module('v4l2capture', run_name='__main__')",
    ],
    ids=["command", "module"],
)
def test_ctrl_c_during_the_import_ends_it_quietly(start):
    """It takes a while, and who typed something wrong is quick."""
    program = f"""
import os, signal, sys
sys.argv = ["v4l2capture", "list"]
sys.addaudithook(lambda event, args: event == "import" and args[0] == "v4l2capture.discovery"
                 and os.kill(os.getpid(), signal.SIGINT))
{start}
"""

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGINT, "", "")


def test_no_command_is_a_wrong_command_line(capsys):
    assert "COMMAND" in refused(capsys=capsys)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["-o", "clip.mp4"], "neither a folder nor a file ending in"),
        (["-o", "-"], "neither a folder"),
        (["-o", ""], "neither a folder"),
        (["-o", "x/", "-n", "-1"], "'-1' is not a number of frames"),
        (["-o", "x/", "-n", "many"], "'many' is not a number of frames"),
        (["-o", "x/", "--seconds", "nan"], "not a number of seconds"),
        (["-o", "x/", "--seconds", "0"], "not a number of seconds"),
        (["-o", "x/", "--width", "0"], "not a number of pixels"),
        (["-o", "x/", "--rate", "1/0"], "not frames per second"),
        (["-o", "x/", "--rate", "-30"], "not frames per second"),
        (["-o", "x/", "--format", "YUYX"], "is not a pixel format"),
        (["-o", "x/", "--quality", "101"], "not a quality"),
        (["-o", "x/", "--buffers", "1"], "not a number of buffers"),
        (["-o", "x/", "--as", "gif"], "invalid choice"),
        (["-o", "x.raw", "--as", "png"], "--as is for folders"),
        ([], "-o/--output"),
    ],
)
def test_record_refuses_a_wrong_command_line(options, complaint, capsys):
    assert complaint in refused("record", "sim:webcam", *options, capsys=capsys)


def test_a_command_loads_no_library_that_it_does_not_need():
    """A small computer would wait a second for NumPy to list its cameras."""
    program = (
        "import sys; from v4l2capture.cli import main; status = main(sys.argv[1:]); "
        "print(*sorted({'numpy', 'PIL', 'simplejpeg', 'rich', 'av', 'asyncio', 'email'} "
        "& set(sys.modules)), file=sys.stderr)"
    )
    commands = ("list", "controls sim:webcam", "profile sim:webcam", "caps sim:webcam")
    for words in (*commands, "set sim:webcam zoom=200"):
        done = subprocess.run(
            [sys.executable, "-c", program, *words.split()],
            capture_output=True,
            text=True,
            check=True,
        )

        assert done.stderr.splitlines()[-1] == ""


def test_a_command_loads_no_other_command():
    program = (
        "import sys; from v4l2capture.cli import main; main(['list']); "
        "print({'device', 'camera', 'stream'} & {name.split('.')[-1] for name in sys.modules})"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "set()"


def test_module_is_the_same_command():
    done = subprocess.run(
        [sys.executable, "-m", "v4l2capture", "--version"], capture_output=True, text=True
    )

    assert done.returncode == 0
    assert done.stdout.startswith("v4l2capture ")


# ---- output ----

ROWS = [("one",), ("  a", "1", "x"), ("    detail of a",), ("  bbb", "22", "")]
HEADINGS = ("Name", "Number", "Flags")


def test_table_in_a_pipe_has_columns(capsys):
    Table(HEADINGS, ROWS).put()

    assert capsys.readouterr().out.splitlines() == [
        "Name   Number  Flags",
        "one",
        "  a    1       x",
        "    detail of a",
        "  bbb  22",
    ]


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("columns", "expected"), [(40, "  a    1       x"), (18, "  a    1")])
def test_table_on_a_narrow_terminal_loses_no_word(columns, expected, monkeypatch):
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")

    Table(HEADINGS, ROWS).put()

    lines = [line.rstrip() for line in terminal.getvalue().splitlines()]
    assert expected in lines
    assert ("      flags: x" in lines) == (columns < 20)


def test_table_has_no_colours_where_none_are_wanted(monkeypatch):
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")

    Table(HEADINGS, ROWS).put()

    assert "\x1b[3" not in terminal.getvalue()


def test_names_of_drivers_cannot_move_the_cursor():
    assert visible("a\x1b[2Jb\tc\x7f") == "a?[2Jb?c?"


def test_json_is_plain_ascii(capsys):
    output.put_json({"card": "Kamera ä 摄像头"})

    assert capsys.readouterr().out.isascii()


def test_full_disk_behind_stdout_is_a_message():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "v4l2capture", "profile", "sim:webcam"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert done.returncode == 1
    assert done.stderr == "v4l2capture: cannot write the result: No space left on device\n"


def test_who_has_read_enough_hears_no_complaint():
    read, write = os.pipe()
    os.close(read)

    done = subprocess.run(
        [sys.executable, "-m", "v4l2capture", "profile", "sim:webcam"],
        stdout=write,
        stderr=subprocess.PIPE,
    )
    os.close(write)

    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_output_that_is_not_utf8_replaces_what_it_has_not(locale):
    environment = os.environ | {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    profile = '{"card": "Kamera \\u00e4", "driver": "x"}'

    done = subprocess.run(
        [sys.executable, "-m", "v4l2capture", "formats", f"sim:{profile}"],
        env=environment,
        capture_output=True,
    )

    assert done.stderr == b""
    assert done.stdout.startswith(b"Kamera ? (sim:")
