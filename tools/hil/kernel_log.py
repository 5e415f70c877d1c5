# SPDX-License-Identifier: MIT
"""Find trouble in a kernel log. Text in, text out: tests need no kernel.

What counts is the start of a message, so that the many harmless lines with "bug" or "warning" in
the middle do not ("AMD IOMMUv2 functionality not available - This is not a bug"), and a program
that crashes in user space ("traps: python[1] general protection fault") does not either.
"""

import re

__all__ = ["MARK", "since_mark", "trouble"]

MARK = "hil: cameras are loaded from here on"

_STAMP = re.compile(r"^(?:<\d+>)?(?:\[[^\]]*\]\s*)*")  # "[   12.345678] [T123] "

_TROUBLE = re.compile(
    "|".join(
        (
            r"-+\[ cut here \]",
            r"WARNING: ",
            r"(?:watchdog: )?BUG: ",
            r"kernel BUG at ",
            r"Oops\b",
            r"general protection fault\b",
            r"(?:stack segment|double fault|invalid opcode)\b",
            r"Kernel panic\b",
            r"Call Trace:",
            r"INFO: task .* blocked for more than ",
            r"INFO: (?:possible|trying|inconsistent)\b",
            r"(?:rcu: )?INFO: rcu\w* .*\bstall",
            r"(?:UBSAN|KASAN|KCSAN|KMSAN|KFENCE): ",
            r"refcount_t: ",
            r"list_(?:add|del) corruption",
            r"kmemleak: \d+ new suspected",
            r"DEBUG_LOCKS_WARN_ON",
            r"sysfs: cannot create duplicate filename",
            r"debugobjects?: ",
            r"ODEBUG: ",
            # Out of step with usbcam; the camera is gone from here on, whatever a test says of it.
            r"vhci_hcd: cannot find a urb\b",
        )
    )
)

# vivid computes how long to sleep after it has looked whether to; where it loses its processor in
# between, as on a busy host, the answer is negative and the kernel says so, with a stack. vivid
# then does not sleep, which is right.
_EXCUSED = re.compile(
    r"schedule_timeout: wrong timeout value [^\n]*\n"
    r"(?:(?!.*Call Trace:).*\n){0,4}.*Call Trace:\n"
    r"(?:.*\n){0,6}.* vivid_thread_\w+\+"
)

_BEFORE, _AFTER = 4, 45  # lines around a finding: a report with registers and stack is about 40
_MOST = 200  # lines in all; the first report is the one that matters


def since_mark(log: str) -> str:
    """Return what comes after the last mark, or the whole log if it has none."""
    return log.rpartition(MARK)[2]


def trouble(log: str) -> str:
    """Return the lines of ``log`` that show a kernel in trouble, with some around them, or ""."""
    lines = _EXCUSED.sub("(excused)", log).splitlines()
    wanted: set[int] = set()
    for number, line in enumerate(lines):
        if _TROUBLE.match(_STAMP.sub("", line)):
            wanted.update(range(max(number - _BEFORE, 0), min(number + _AFTER, len(lines))))
    return "\n".join(lines[number] for number in sorted(wanted)[:_MOST])
