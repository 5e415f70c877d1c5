# SPDX-License-Identifier: MIT
"""Events as W3C objects have them: listeners, ``on...`` attributes, and ``async for``.

Source: DOM, "EventTarget"; HTML, "event handlers".
"""

from __future__ import annotations

import asyncio
import inspect
import weakref
from collections.abc import Callable
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar, overload

__all__ = ["DOMEvent", "EventHandler", "EventTarget", "Listener"]


class DOMEvent:
    """Something happened to an object.

    Attributes:
        type: What, for example ``"ended"``.
        target: The object.
    """

    __slots__ = ("target", "type")

    def __init__(self, type: str, target: EventTarget) -> None:  # noqa: A002
        self.type = type
        self.target = target

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.type} of {self.target!r}>"


# A function, or one that returns a coroutine, which then runs as a task.
Listener: TypeAlias = Callable[[Any], object]

_Event = TypeVar("_Event", bound=DOMEvent)


class EventTarget:
    """An object that tells of events.

    A listener that fails is reported to the event loop's exception handler; the others are
    called all the same.

    Synchronization: the event loop's thread only.
    """

    EVENTS: ClassVar[tuple[str, ...]] = ()  # all types there are

    def __init__(self) -> None:
        self._handlers: dict[str, Listener] = {}
        self._listeners: dict[str, list[Listener]] = {}
        self._queues: weakref.WeakSet[_Queue[Any]] = weakref.WeakSet()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_silent = False  # for good

    def add_event_listener(self, type: str, listener: Listener) -> None:  # noqa: A002
        """Call ``listener`` with each event of a type, once however often it is added.

        Args:
            listener: A function of the event, plain or ``async``.

        Raises:
            ValueError: There is no such type here.
        """
        if not callable(listener):
            raise TypeError(f"a listener is a function of an event, not {listener!r}")
        known = self._listeners.setdefault(self._checked(type), [])
        if listener not in known:
            known.append(listener)
        self._listening()

    def remove_event_listener(self, type: str, listener: Listener) -> None:  # noqa: A002
        """Call it no more; nothing happens where it was never added."""
        known = self._listeners.get(self._checked(type), [])
        if listener in known:
            known.remove(listener)
        self._listening()

    def events(self, type: str) -> _Queue[Any]:  # noqa: A002
        """Return an asynchronous iterator over the events of a type from now on.

        It ends when there can be no more of them, for example when a track has ended.
        """
        queue: _Queue[Any] = _Queue(self, self._checked(type))
        self._queues.add(queue)
        self._listening()
        if self._is_silent:
            queue.put(None)
        return queue

    def _checked(self, type: str) -> str:  # noqa: A002
        if type not in self.EVENTS:
            known = ", ".join(self.EVENTS)
            raise ValueError(f"a {self.__class__.__name__} has no event {type!r}; it has {known}")
        return type

    def _is_heard(self, type: str) -> bool:  # noqa: A002
        return (
            type in self._handlers
            or bool(self._listeners.get(type))
            or any(queue.type == type for queue in self._queues)
        )

    def _listening(self) -> None:
        """Who listens has changed."""

    def _fire(self, event: DOMEvent) -> None:
        """Tell everybody who listens now, as far as nobody before them sends them away."""
        handler = self._handlers.get(event.type)
        if handler is not None:
            self._tell(handler, event)
        known = self._listeners.get(event.type, [])
        for listener in list(known):
            if listener in known:
                self._tell(listener, event)
        for queue in list(self._queues):
            if queue.type == event.type:
                queue.put(event)

    def _fire_no_more(self) -> None:
        self._is_silent = True
        for queue in list(self._queues):
            queue.put(None)

    def _tell(self, listener: Listener, event: DOMEvent) -> None:
        loop = asyncio.get_running_loop()
        try:
            result = listener(event)
        except (Exception, asyncio.CancelledError) as error:  # of something else than this task
            _report(loop, error, listener)
            return
        if inspect.iscoroutine(result):
            task = loop.create_task(result)
            self._tasks.add(task)
            task.add_done_callback(lambda done: self._heard(done, listener))

    def _heard(self, task: asyncio.Task[Any], listener: Listener) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _report(task.get_loop(), error, listener)


def _report(loop: asyncio.AbstractEventLoop, error: BaseException, listener: Listener) -> None:
    loop.call_exception_handler(
        {"message": f"Error in the event listener {listener!r}", "exception": error}
    )


class EventHandler:
    """An attribute such as ``onended``: a listener that another one replaces, or ``None``.

    It is called before those that were added with ``add_event_listener``.
    """

    def __set_name__(self, _owner: type, name: str) -> None:
        self._type = name.removeprefix("on")

    @overload
    def __get__(self, target: None, _owner: type) -> Self: ...

    @overload
    def __get__(self, target: EventTarget, _owner: type) -> Listener | None: ...

    def __get__(self, target: EventTarget | None, _owner: type) -> Listener | Self | None:
        return self if target is None else target._handlers.get(self._type)

    def __set__(self, target: EventTarget, listener: Listener | None) -> None:
        if listener is None:
            target._handlers.pop(self._type, None)
        elif callable(listener):
            target._handlers[self._type] = listener
        else:
            raise TypeError(f"on{self._type} takes a function of an event, not {listener!r}")
        target._listening()


class _Queue(Generic[_Event]):
    """The events of one type, in order, for one ``async for``."""

    def __init__(self, target: EventTarget, type: str) -> None:  # noqa: A002
        self.type = type
        self._target = target  # whoever waits for an object's events keeps it alive
        self._events: asyncio.Queue[_Event | None] = asyncio.Queue()

    def put(self, event: _Event | None) -> None:
        self._events.put_nowait(event)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _Event:
        event = await self._events.get()
        if event is None:
            self.put(None)  # for the others who wait
            raise StopAsyncIteration
        return event
