# SPDX-License-Identifier: MIT
"""The exceptions of the rig: verdicts on a run, not errors of the program."""


class Problem(Exception):  # noqa: N818
    """The rig could not do what it promises. The text says what is wrong and what helps."""


class OutOfTime(Problem):
    """The guest was still running when its time was up."""
