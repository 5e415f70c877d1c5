# SPDX-License-Identifier: MIT
"""A camera that is back and refuses: at first that may be only because udev is not done yet."""

from __future__ import annotations

import math
from time import monotonic

__all__ = ["Refusal"]

# Seconds in which a node that has just come may refuse, until udev has set its rights.
REFUSES = 1.0


class Refusal:
    """Refusals in a row.

    Attributes:
        meant: From when on another one is meant, in monotonic seconds; infinite: there is none.
    """

    def __init__(self) -> None:
        self.meant = math.inf

    def is_meant(self) -> bool:
        """Take note of a refusal; return whether it is for good."""
        now = monotonic()
        self.meant = min(self.meant, now + REFUSES)
        return now >= self.meant

    def end(self) -> None:
        """Take note of an answer that is no refusal."""
        self.meant = math.inf
