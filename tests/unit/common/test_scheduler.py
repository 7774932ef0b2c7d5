"""Periodic duties: when they run, what is reported of them, and what ends them."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.reliability.virtual_time import START, VirtualLoop
from ytarchive.common.errors import ServiceUnavailable
from ytarchive.common.scheduler import Duty, DutyState, Scheduler
from ytarchive.common.supervision import Supervisor
from ytarchive.common.tracing import current_trace_id

HOUR = 3600.0


@dataclass
class Work:
    """Records when it ran; fails if `failure` is set."""

    loop: VirtualLoop
    failure: Exception | None = None
    runs: list[float] = field(default_factory=list)
    traces: list[str | None] = field(default_factory=list)

    async def run(self) -> None:
        self.runs.append(self.loop.time())
        self.traces.append(current_trace_id())
        if self.failure is not None:
            raise self.failure


class Day:
    """A scheduler in simulated time."""

    def __init__(self, loop: VirtualLoop, *, in_server: bool = True) -> None:
        self.work = Work(loop)
        self.supervisor = Supervisor("storage")
        self.scheduler = Scheduler(in_server=in_server, now=loop.now)

    def state(self) -> DutyState:
        [state] = self.scheduler.states()
        return state


def near(moment: datetime | None, expected: datetime) -> bool:
    """Whether they differ by less than the steps of the simulated clock add up to."""
    return moment is not None and abs(moment - expected) < timedelta(seconds=1)


def simulated(main: Any) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        work: Coroutine[Any, Any, None] = main(loop)
        runner.run(work)


def test_a_duty_runs_after_its_delay_and_then_at_its_interval() -> None:
    async def main(loop: VirtualLoop) -> None:
        day = Day(loop)
        day.scheduler.add(Duty("purge", day.work.run, HOUR, after=60), day.supervisor)
        await asyncio.sleep(10)
        assert (day.state().last_run_at, day.state().trace_id) == (None, None)
        assert near(day.state().next_run_at, START + timedelta(seconds=60))
        await asyncio.sleep(10 * HOUR)
        state = day.state()
        await day.supervisor.stop()

        assert day.work.runs[0] == pytest.approx(60, abs=1)
        gaps = [after - before for before, after in pairwise(day.work.runs)]
        assert len(gaps) >= 9
        assert all(0.95 * HOUR <= gap <= 1.05 * HOUR + 1 for gap in gaps)
        assert len(set(gaps)) > 1  # with jitter
        assert near(state.last_run_at, START + timedelta(seconds=day.work.runs[-1]))
        assert state.next_run_at is not None
        assert state.next_run_at > START + timedelta(seconds=day.work.runs[-1])
        assert (state.service, state.name, state.interval) == ("storage", "purge", HOUR)
        assert state.trace_id == day.work.traces[-1]
        assert len(set(day.work.traces)) == len(day.work.traces)

    simulated(main)


def test_the_error_of_a_duty_is_reported_until_a_retry_succeeds() -> None:
    async def main(loop: VirtualLoop) -> None:
        day = Day(loop)
        day.work.failure = ServiceUnavailable("Storage does not answer")
        day.scheduler.add(Duty("purge", day.work.run, HOUR), day.supervisor)
        await asyncio.sleep(120)
        assert day.state().last_error == "Storage does not answer"
        assert len(day.work.runs) > 3  # with growing pauses, long before the next hour
        day.work.failure = None
        await asyncio.sleep(60)
        assert day.state().last_error is None
        await day.supervisor.stop()

    simulated(main)


def test_a_duty_with_rows_of_its_own_runs_when_they_are_due() -> None:
    async def main(loop: VirtualLoop) -> None:
        day = Day(loop)
        due: list[datetime | None] = [None]

        async def run() -> None:
            await day.work.run()
            due[0] = loop.now() + timedelta(days=30)

        async def next_due() -> datetime | None:
            return due[0]

        day.scheduler.add(Duty("verify", run, 600, due=next_due), day.supervisor)
        await asyncio.sleep(HOUR)
        assert (day.work.runs, day.state().next_run_at) == ([], None)
        due[0] = loop.now() + timedelta(hours=5)
        await asyncio.sleep(HOUR)
        assert (day.work.runs, day.state().next_run_at) == ([], due[0])
        await asyncio.sleep(5 * HOUR)
        [ran] = day.work.runs
        assert 6 * HOUR <= ran <= 6 * HOUR + 700
        assert near(day.state().next_run_at, START + timedelta(days=30, seconds=ran))
        await day.supervisor.stop()

    simulated(main)


def test_a_duty_can_be_run_at_once() -> None:
    async def main(loop: VirtualLoop) -> None:
        day = Day(loop)
        duty = day.scheduler.add(Duty("clean", day.work.run, HOUR, after=HOUR), day.supervisor)
        await asyncio.sleep(5)
        duty.run_now()
        await asyncio.sleep(1)
        assert day.work.runs == pytest.approx([5], abs=0.1)
        await day.supervisor.stop()

    simulated(main)


def test_a_command_runs_only_the_duties_that_it_needs() -> None:
    async def main(loop: VirtualLoop) -> None:
        day = Day(loop, in_server=False)
        day.scheduler.add(Duty("verify", day.work.run, HOUR), day.supervisor).run_now()
        await asyncio.sleep(3 * HOUR)
        assert (day.work.runs, day.scheduler.states()) == ([], [])
        day.scheduler.add(Duty("purge", day.work.run, HOUR, in_commands=True), day.supervisor)
        await asyncio.sleep(0.5)
        assert len(day.work.runs) == 1
        await day.supervisor.stop()

    simulated(main)


def test_duties_end_with_the_supervisor_of_their_service() -> None:
    async def main(loop: VirtualLoop) -> None:
        day = Day(loop)
        day.scheduler.add(Duty("purge", day.work.run, HOUR), day.supervisor)
        await asyncio.sleep(10)
        await day.supervisor.stop()
        await asyncio.sleep(3 * HOUR)
        assert (len(day.work.runs), day.scheduler.states()) == (1, [])

    simulated(main)
