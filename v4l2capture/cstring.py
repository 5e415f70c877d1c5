# SPDX-License-Identifier: MIT
"""Text of drivers."""

from __future__ import annotations

from typing import Any

from ._native import ffi

__all__ = ["text"]


def text(raw: Any) -> str:
    """Return what a driver wrote into a ``char[]``, in whatever alphabet."""
    return str(ffi.string(raw).decode("utf-8", "replace"))
