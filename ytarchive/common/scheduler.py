"""Runs the periodic duties of the services in this process and reports their times."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from ytarchive.common.models import Model, UtcDatetime, utc_now
from ytarchive.common.supervision import Supervisor, Work
from ytarchive.common.tracing import trace

_JITTER = 0.05

Due = Callable[[], Awaitable[datetime | None]]
"""Returns when a duty is due, from the rows of its subject; None if it is not due."""


@dataclass(frozen=True)
class Duty:
    """Work that a service repeats. A failure is retried by the service's supervisor."""

    name: str
    work: Work[Any]
    every: float
    """Seconds between two runs or, with `due`, between two checks."""
    after: float = 0.0
    """Seconds before the first run."""
    due: Due | None = None
    in_commands: bool = False
    """Whether commands without a server run it too, because it completes work or limits storage."""


class DutyState(Model):
    """A periodic duty of a service, and when it runs."""

    service: str
    name: str
    interval: float = Field(description="Seconds between two runs, or between two checks")
    running: bool = False
    last_run_at: UtcDatetime | None = Field(
        default=None, description="When it last began, in the current process"
    )
    next_run_at: UtcDatetime | None = None
    last_error: str | None = Field(default=None, description="null after the next success")
    trace_id: str | None = Field(default=None, description="The trace id of the last run")


@dataclass(eq=False)
class ScheduledDuty:
    """A duty that was added to a scheduler."""

    duty: Duty
    supervisor: Supervisor
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    running: bool = False
    last_run_at: datetime | None = None
    next_run_at: datetime | None = None
    trace_id: str | None = None

    def run_now(self) -> None:
        """Run it without waiting for its time; once more if it is running."""
        self.wake.set()

    def state(self) -> DutyState:
        """Return when it ran and runs again."""
        problem = self.supervisor.problem_of(self.duty.name)
        return DutyState(
            service=self.supervisor.service,
            name=self.duty.name,
            interval=self.duty.every,
            running=self.running,
            last_run_at=self.last_run_at,
            next_run_at=problem.until if problem else self.next_run_at,
            last_error=problem and problem.error.message,
            trace_id=self.trace_id,
        )


class Scheduler:
    """The duties of one process; each one ends with the supervisor of its service."""

    def __init__(self, *, in_server: bool = True, now: Callable[[], datetime] = utc_now) -> None:
        self._in_server = in_server
        self._now = now
        self._duties: set[ScheduledDuty] = set()

    def add(self, duty: Duty, supervisor: Supervisor) -> ScheduledDuty:
        """Repeat a duty until its supervisor stops; a command runs only the duties that it needs.

        A duty that the supervisor already has is not added again.
        """
        for known in self._duties:
            if known.supervisor is supervisor and known.duty.name == duty.name:
                return known
        added = ScheduledDuty(duty, supervisor)
        if self._in_server or duty.in_commands:
            self._duties.add(added)
            task = supervisor.spawn(self._repeat(added))
            task.add_done_callback(lambda _: self._duties.discard(added))
        return added

    def states(self) -> list[DutyState]:
        """Return the duties of this process by service and name."""
        return sorted((each.state() for each in self._duties), key=lambda s: (s.service, s.name))

    async def _repeat(self, added: ScheduledDuty) -> None:
        duty, pause = added.duty, added.duty.after
        added.next_run_at = self._now() + timedelta(seconds=pause)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await added.wake.wait()
            added.wake.clear()
            await added.supervisor.complete(duty.name, lambda: self._run(added))
            pause = duty.every * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # no secret
            if duty.due is None:
                added.next_run_at = self._now() + timedelta(seconds=pause)

    async def _run(self, added: ScheduledDuty) -> None:
        duty = added.duty
        if duty.due is not None:
            added.next_run_at = await duty.due()
            if added.next_run_at is None or added.next_run_at > self._now():
                return
        with trace(None) as trace_id:
            added.running, added.last_run_at, added.trace_id = True, self._now(), trace_id
            try:
                await duty.work()
            finally:
                added.running = False
        if duty.due is not None:
            added.next_run_at = await duty.due()
