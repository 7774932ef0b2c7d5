"""The time limit of requests: one timer for all, because a timer costs more than most requests."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from ytarchive.common.errors import ServiceTimeout

T = TypeVar("T")


class Deadlines:
    """Cancels requests that take longer than `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._running: dict[asyncio.Task[Any], float] = {}  # end times, earliest first
        self._overdue: set[asyncio.Task[Any]] = set()
        self._is_watching = False

    async def keep(self, work: Awaitable[T]) -> T:
        """Return the result of `work`, as a part of this task. Raises ServiceTimeout."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None  # noqa: S101  # who awaits is one
        cancelled_before = task.cancelling()
        self._running[task] = loop.time() + self._seconds
        if not self._is_watching:
            self._is_watching = True
            loop.call_later(self._seconds, self._check, loop)
        try:
            return await work
        except asyncio.CancelledError:
            if task in self._overdue and task.uncancel() <= cancelled_before:
                raise ServiceTimeout(f"no answer within {self._seconds:g} seconds") from None
            raise  # cancelled from outside
        finally:
            self._running.pop(task, None)
            self._overdue.discard(task)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel overdue requests, and set the timer for the next one."""
        now = loop.time()
        for task, until in list(self._running.items()):
            if until > now:
                loop.call_at(until, self._check, loop)
                return
            del self._running[task]
            self._overdue.add(task)
            task.cancel()
        self._is_watching = False
