"""Supervises the background work of a service.

An error of any class is logged once, the work is retried with growing pauses, and the error is
shown as a problem until the work succeeds again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from loguru import logger

from ytarchive.common.errors import InternalError, YTArchiveError
from ytarchive.common.faults import as_error
from ytarchive.common.models import utc_now

T = TypeVar("T")
Work = Callable[[], Awaitable[T]]

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_JITTER = 0.2

_working: ContextVar[Callable[[], None] | None] = ContextVar("working", default=None)


def mark_working() -> None:
    """Clear the problem of the supervised work that calls this function.

    For work that succeeds in a step and then waits for long, such as for the next video.
    """
    report = _working.get()
    if report is not None:
        report()


@dataclass(frozen=True)
class Problem:
    """Background work that fails at present."""

    name: str
    error: YTArchiveError
    subject: str | None
    """The id of the affected job; None for all jobs."""
    failures: int
    """Consecutive failures."""
    until: datetime
    """When the work is retried."""

    @property
    def message(self) -> str:
        """Return the failing work, the reason and the remedy."""
        if isinstance(self.error, InternalError):
            return f"{self.name}: {self.error.message}; it is retried, and the log has the details"
        return f"{self.name}: {self.error.message}. {self.error.remedy}"


class Supervisor:
    """Runs the background work of one service."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._log = logger.bind(service=service)
        self._problems: dict[str, Problem] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, name: str, work: Work[Any]) -> None:
        """Run `work` repeatedly until `stop`."""
        self.spawn(self._repeat(name, work))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine once, until `stop` at most."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        """Cancel all started work, and wait for its end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def complete(self, name: str, work: Work[T], subject: str | None = None) -> T:
        """Run `work` until it succeeds, and return its result."""
        token = _working.set(partial(self.succeeded, name))
        try:
            while True:
                try:
                    result = await work()
                except Exception as error:  # background work continues after any exception
                    await asyncio.sleep(self.failed(name, error, subject))
                else:
                    self.succeeded(name)
                    return result
        except asyncio.CancelledError:
            self._problems.pop(name, None)  # the work is no longer needed
            raise
        finally:
            _working.reset(token)

    def failed(self, name: str, error: Exception, subject: str | None = None) -> float:
        """Record a failure and return the seconds to wait before the next attempt."""
        known, named = self._problems.get(name), as_error(error)
        failures = known.failures + 1 if known else 1
        if known is None or _kind(known.error) != _kind(named):
            shown = self._log.opt(exception=error if isinstance(named, InternalError) else None)
            shown.error("{} failed, and is retried: {}", name, named.message)
        pause = _pause(failures)
        until = utc_now() + timedelta(seconds=pause)
        self._problems[name] = Problem(name, named, subject, failures, until)
        return pause

    def succeeded(self, name: str) -> None:
        """Clear a problem."""
        if self._problems.pop(name, None) is not None:
            self._log.info("{} works again", name)

    def problem(self, *subjects: str | None) -> Problem | None:
        """Return the first problem of one of the jobs; None in `subjects`: of all jobs."""
        return next((p for p in self._problems.values() if p.subject in subjects), None)

    def problem_of(self, name: str) -> Problem | None:
        """Return the problem of the work with this name."""
        return self._problems.get(name)

    def problems(self) -> dict[str, str]:
        """Return the message of each problem by the name of the work."""
        return {name: each.message for name, each in sorted(self._problems.items())}

    async def _repeat(self, name: str, work: Work[Any]) -> None:
        while True:
            await self.complete(name, work)
            await asyncio.sleep(0)


def _kind(error: YTArchiveError) -> tuple[type[YTArchiveError], str]:
    return type(error), error.message


def _pause(failures: int) -> float:
    pause: float = min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE)
    return pause * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # not for security
