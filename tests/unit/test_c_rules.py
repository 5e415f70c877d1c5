# SPDX-License-Identifier: MIT
"""What the C core may not do: it never waits, never prints, and knows nothing of Python."""

import re
from pathlib import Path

import pytest

CSRC = Path(__file__).resolve().parents[2] / "csrc"
FILES = sorted(path for path in CSRC.rglob("*.[ch]") if not path.name.endswith(".cdef.h"))

COMMENT_OR_LITERAL = re.compile(
    r"""(?P<comment> /\*.*?\*/ | //[^\n]* ) | " (?:\\.|[^"\\\n])* " | ' (?:\\.|[^'\\\n])* '""",
    re.DOTALL | re.VERBOSE,
)

# Functions, so called ones: a word before a parenthesis that is not a member.
FORBIDDEN = {
    "print": r"[vd]{0,2}f?printf|f?put[cs]|putchar|fwrite|perror|v?syslog",
    "sleep": r"(u|nano|clock_nano)?sleep",
    "wait for files": r"p?(poll|select)|epoll_p?wait2?",
    "wait for threads": r"pthread_cond_\w*wait|pthread_join|sem_\w*wait|cnd_\w*wait|thrd_\w+",
    "wait for processes": r"wait(pid|id|[34])?|system|popen",
    "end the process": r"_?exit|_Exit|quick_exit|abort",
}

# The one call that waits; its file says why.
EXCEPTIONS = {("wait.c", "wait for files"): 1}


def calls(functions: str, text: str) -> list[str]:
    """Return the lines of C source that call one of ``functions``, a regular expression."""
    code = COMMENT_OR_LITERAL.sub(lambda found: " " if found["comment"] else '""', text)
    return [found[0] for found in re.finditer(rf".*(?<![\w.>])(?:{functions})\s*\(.*", code)]


def includes(text: str) -> set[str]:
    """Return the headers that C source includes."""
    code = COMMENT_OR_LITERAL.sub(lambda found: " " if found["comment"] else found[0], text)
    return set(re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)', code, re.MULTILINE))


def name(path: Path) -> str:
    return str(path.relative_to(CSRC))


each_file = pytest.mark.parametrize("path", FILES, ids=name)


@each_file
@pytest.mark.parametrize("what", FORBIDDEN)
def test_core_does_not(what: str, path: Path) -> None:
    allowed = EXCEPTIONS.get((name(path), what), 0)

    found = calls(FORBIDDEN[what], path.read_text(encoding="utf-8"))

    assert len(found) == allowed, found


def test_core_knows_nothing_of_python_and_of_standard_streams() -> None:
    headers = {header for path in FILES for header in includes(path.read_text(encoding="utf-8"))}

    assert not headers & {"Python.h", "sys/select.h", "syslog.h"}


def test_one_file_calls_ioctl() -> None:
    """The kernel is one of two tables of functions; nobody may go around them."""
    including = [
        name(path) for path in FILES if "sys/ioctl.h" in includes(path.read_text(encoding="utf-8"))
    ]

    assert including == ["ops_kernel.c"]


@each_file
def test_lines_are_indented_with_tabs(path: Path) -> None:
    """Spaces only finish an alignment, or begin a line of a comment."""
    lines = path.read_text(encoding="utf-8").splitlines()

    wrong = [number for number, line in enumerate(lines, 1) if re.match(r"\t* {8}| +[^ *]", line)]

    assert wrong == []


@each_file
def test_lines_fit_into_a_hundred_columns(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()

    wrong = [number for number, line in enumerate(lines, 1) if len(line.expandtabs()) > 100]

    assert wrong == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("print", 'fprintf(log, "");'),
        ("print", "printf (text);"),
        ("print", "x = 1; /* so */ puts(text);"),
        ("print", 'if (\'"\') perror("");'),
        ("sleep", "nanosleep(&t, NULL);"),
        ("wait for files", "poll(&fd, 1, -1);"),
        ("wait for files", "return epoll_wait(fd, events, 1, -1);"),
        ("wait for threads", "pthread_cond_timedwait(&c, &m, &t);"),
        ("end the process", "exit(1);"),
    ],
)
def test_rule_sees(what: str, line: str) -> None:
    """A pattern that matches nothing would pass for ever."""
    assert calls(FORBIDDEN[what], line)


@pytest.mark.parametrize(
    "text",
    [
        "/* never printf(),\n * never sleep() */",
        "x(); // poll() is for others",
        'fail("do not poll() \\" or exit(1)");',
        'snprintf(name, 9, "%d", n);',
        "rc = queue_poll(queue); ops->wait(node); node.poll(1);",
        "assert(index < count);",
    ],
    ids=["comment", "line comment", "string", "snprintf", "own names", "assert"],
)
def test_rules_leave_alone(text: str) -> None:
    assert [what for what in FORBIDDEN if calls(FORBIDDEN[what], text)] == []


def test_includes_are_read_outside_comments() -> None:
    text = '#include <a.h>\n# include "b/c.h"\n/* #include <d.h> */\n// #include <e.h>\n'

    assert includes(text) == {"a.h", "b/c.h"}
