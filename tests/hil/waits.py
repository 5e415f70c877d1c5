# SPDX-License-Identifier: MIT
"""Waiting for what a driver or another program does in its own time."""

import time
from collections.abc import Callable

__all__ = ["wait_until"]

TIMEOUT_S = 60.0  # the guest's processor is a program


def wait_until(condition: Callable[[], object]) -> None:
    """Ask again and again until it is so."""
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.01)
