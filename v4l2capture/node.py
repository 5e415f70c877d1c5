# SPDX-License-Identifier: MIT
"""A node, open: what video nodes and subdevices have in common, controls and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ._native import lib
from .controls import Controls
from .errors import check
from .events import Events

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["Node"]


class Node:
    """One node, open. Has controls and events; only a :class:`Device` gives pictures, too.

    Attributes:
        path: Of the node.
        controls: All its controls, by name or id.
        events: Changes that the driver tells of.

    Synchronization: any method from any thread. After a fork the child's copy raises
    :class:`ClosedError`; the node stays the parent's.
    """

    path: str
    _closed = False

    def __init__(self, dev: Any) -> None:
        self._dev = dev  # struct vc_device *
        self.controls = Controls(self)
        self.events = Events(self)

    def _check(self, rc: int, operation: str) -> int:
        """Return ``rc``, or raise what it stands for."""
        return check(rc, operation, self.path)

    def close(self) -> None:
        """Close the node, after its streams if it has any. Frames that are alive stay readable.

        Who waits in another thread is woken with :class:`ClosedError`. May be repeated.
        """
        if self._closed:
            return
        self._closed = True
        self._shut()

    def _shut(self) -> None:
        self.events._close()
        lib.vc_device_close(self._dev)

    @property
    def closed(self) -> bool:
        """Whether ``close()`` was called."""
        return self._closed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        what = type(self).__name__.lower()
        raise TypeError(f"a {what} is an open handle; open {self.path} again instead")
