# SPDX-License-Identifier: MIT
"""Waiting for what a driver, another thread or another program does in its own time."""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from v4l2capture import Camera, DeviceGoneError

__all__ = ["Doing", "wait_until", "wait_until_away"]

TIMEOUT_S = 60.0  # the guest's processor is a program

Answer = TypeVar("Answer")


def wait_until(
    condition: Callable[[], Answer | None], otherwise: str = "it does not come true"
) -> Answer:
    """Ask again and again until it is so, and return the answer."""
    deadline = time.monotonic() + TIMEOUT_S
    while not (answer := condition()):
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)
    return answer


def wait_until_away(camera: Camera) -> None:
    """Wait until a camera is known to be away."""

    def away() -> bool:
        try:
            return camera.controls is None
        except DeviceGoneError:
            return True

    wait_until(away, "nobody has noticed")


class Doing(threading.Thread):
    """Something that is done in a thread, and what became of it."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self._result: Any = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._result = self._call()
        except BaseException as error:
            self._error = error

    def end(self) -> Any:
        """Wait for its end; return its result, or raise what it raised."""
        self.join(TIMEOUT_S)
        assert not self.is_alive(), "it still waits"
        if self._error:
            raise self._error
        return self._result
