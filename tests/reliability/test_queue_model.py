"""The queue against a simple model: they agree after any sequence of operations."""

import asyncio
import shutil
import sqlite3
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.reliability.scale import FULL
from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.jobs.peers import DownloadPeer, video_id
from ytarchive.common.config import load_settings
from ytarchive.common.errors import BotCheck, Conflict, PrivateVideo, ToolFailed
from ytarchive.download import DownloadProgress, DownloadRequest
from ytarchive.jobs import Job, RetryJobs
from ytarchive.jobs.queue import policy
from ytarchive.jobs.service import JobsService

CONCURRENCY = 2
PLACES = 3
VIDEOS = [video_id(number) for number in range(5)]
OUTCOMES = {"fine": None, "private": PrivateVideo, "broken": ToolFailed}
NAMES = st.lists(st.sampled_from(VIDEOS), min_size=1, unique=True)
RESULTS = {"fine": "success", "private": "unavailable", "broken": "failed"}


@dataclass
class Moody(DownloadPeer):
    """Each video has an outcome; nothing ends while `paused`, all is refused while `blocked`."""

    outcome: dict[str, str] = field(default_factory=lambda: defaultdict(lambda: "fine"))
    paused: bool = False
    blocked: bool = False
    twice: list[str] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)

    async def start_download(self, request: DownloadRequest) -> DownloadProgress:
        if request.video_id in self.busy:
            self.twice.append(request.video_id)
        self.busy.add(request.video_id)
        self.hold = set(VIDEOS) if self.paused else set()
        return await super().start_download(request)

    async def end(self, task_id: str) -> None:
        video = self.tasks[task_id].video_id
        failure = BotCheck if self.blocked else OUTCOMES[self.outcome[video]]
        self.failures[video] = [failure()] if failure else []
        self.busy.discard(video)
        await super().end(task_id)

    async def cancel_download(self, task_id: str) -> DownloadProgress:
        self.busy.discard(self.tasks[task_id].video_id)
        return await super().cancel_download(task_id)


def out_of_turn(order: Iterable[str], jobs: Collection[Job]) -> int:
    """The number of videos that started before a video of a job with precedence."""
    job_of = {name: job for job in jobs for name in job.video_ids}
    had = Counter[str]()
    wrong = 0
    for job in map(job_of.__getitem__, order):
        others = [each for each in jobs if had[each.id] < len(each.video_ids)]
        higher = any(each.options.priority > job.options.priority for each in others)
        equals = [had[each.id] for each in others if each.options.priority == job.options.priority]
        wrong += higher or had[job.id] > min(equals, default=0) + 1
        had[job.id] += 1
    return wrong


class QueueMachine(RuleBasedStateMachine):
    """Creates, holds, cancels, retries and interrupts jobs; the model has each expected result."""

    jobs = Bundle("jobs")

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        settings = load_settings(
            download={"concurrency": CONCURRENCY, "pace": "off"},
            jobs={
                "retry_base": 0.001,
                "notification_timeout": 5,
                "health_interval": 60,
                "shutdown_grace": 0,
            },
        )
        self.peer = Moody()
        self.workshop = Workshop(self.folder, settings, download=self.peer)
        self.runner = asyncio.Runner()
        self.model: dict[str, dict[str, str]] = {}
        self.stored: set[str] = set()
        self.numbers = count(1000)
        self.open_service()

    def open_service(self) -> None:
        self.stack = AsyncExitStack()
        entering = self.stack.enter_async_context(self.workshop.open())
        self.service: JobsService = self.runner.run(entering)

    def settle(self, *job_ids: str) -> None:
        """Let everything end, and add the expected results to the model."""
        for job_id in job_ids or self.model:
            self.runner.run(ended(self.service, job_id))

    def expect(self, job_id: str, names: list[str]) -> None:
        """The expected results of these videos at present."""
        for name in names:
            is_stored = name in self.stored
            self.model[job_id][name] = "skipped" if is_stored else RESULTS[self.peer.outcome[name]]
        self.note_stored(names)

    def note_stored(self, names: Iterable[str]) -> None:
        """A video available again is fetched for every job that has it."""
        self.stored |= {name for name in names if self.peer.outcome[name] == "fine"}
        self.settle()
        for job_id, known in self.model.items():
            returned = {n for n, s in known.items() if s == "unavailable"} & self.stored
            found = self.statuses(job_id)
            assert {found[name] for name in returned} <= {"success", "skipped"}
            known |= {name: found[name] for name in returned}

    def statuses(self, job_id: str) -> dict[str, str]:
        job = self.runner.run(self.service.get_job(job_id))
        return {result.video_id: result.status for result in job.results}

    def create(self, names: list[str], priority: int = 0) -> str:
        request = videos(*names, max_retries=1, priority=priority)
        created = self.runner.run(self.service.create_job(request))
        assert created.status == "PENDING"
        return created.id

    @rule(name=st.sampled_from(VIDEOS), outcome=st.sampled_from(list(OUTCOMES)))
    def change_outcome(self, name: str, outcome: str) -> None:
        self.peer.outcome[name] = outcome

    @rule(target=jobs, names=NAMES, priority=st.integers(-9, 9))
    def run_a_job(self, names: list[str], priority: int) -> str:
        job_id = self.create(names, priority)
        self.model[job_id] = {}
        self.settle(job_id)
        self.expect(job_id, names)
        return job_id

    @rule(
        target=jobs,
        both=st.tuples(NAMES, NAMES),
        priority=st.integers(-1, 1),
        crash=st.booleans(),
    )
    def run_two_that_overlap(
        self, both: tuple[list[str], list[str]], priority: int, crash: bool
    ) -> object:
        """Concurrent jobs, perhaps with a crash in between: a shared video is fetched once."""
        before = sum(self.workshop.storage.saves.values())
        self.peer.paused = True
        made = [self.create(both[0]), self.create(both[1], priority)]
        wanted = set(both[0] + both[1]) - self.stored
        self.wait_for_a_transfer(wanted)
        self.peer.paused = False
        if crash:
            self.crash()
        else:
            self.release()
        for job_id in made:
            self.model[job_id] = {}
        self.settle(*made)
        fine = {name for name in wanted if self.peer.outcome[name] == "fine"}
        assert sum(self.workshop.storage.saves.values()) - before == len(fine)
        for job_id, names in zip(made, both, strict=True):
            self.take_over(job_id, names)
        self.note_stored(fine)
        return multiple(*made)

    def take_over(self, job_id: str, names: Iterable[str]) -> None:
        """Of two jobs for one video, the later may find it fetched with it or stored before."""
        found = self.statuses(job_id)
        for name in names:
            good = {"success", "skipped"} if self.peer.outcome[name] == "fine" else set()
            stored = {"skipped"} if name in self.stored else set()
            assert found[name] in (stored or good or {RESULTS[self.peer.outcome[name]]})
            self.model[job_id][name] = found[name]

    @rule(target=jobs, names=NAMES, crash=st.booleans())
    def run_through_a_block(self, names: list[str], crash: bool) -> str:
        """During a bot check nothing ends and nothing counts, also after a restart."""
        self.peer.blocked = True
        job_id = self.create(names)
        self.model[job_id] = {}
        if set(names) - self.stored:
            self.wait_until(lambda: self.governor() == "open" and not self.active(job_id))
            if crash:
                self.crash()
            job = self.runner.run(self.service.get_job(job_id))
            assert not job.status.is_final
            assert {result.attempts for result in job.results} <= {0}
            assert self.governor() == "open"
        self.peer.blocked = False
        self.runner.run(self.service.governor.resume_governor())
        self.settle(job_id)
        self.expect(job_id, names)
        return job_id

    @rule(
        target=jobs,
        plans=st.lists(st.tuples(st.integers(1, 12), st.integers(-1, 1)), min_size=2, max_size=3),
    )
    def queue_up_during_a_pause(self, plans: list[tuple[int, int]]) -> object:
        """During a pause nothing starts, also after a restart; then by priority and in turn."""
        self.peer.blocked = True
        first = self.create(self.fresh(1), priority=9)
        self.wait_until(lambda: self.governor() == "open" and not self.active(first))
        self.peer.blocked = False
        asked = len(self.peer.started), len(self.peer.extracted)
        made = [first, *(self.create(self.fresh(size), priority) for size, priority in plans)]
        self.crash()
        self.wait_until(self.all_is_planned)
        queued = [self.runner.run(self.service.get_job(job_id)) for job_id in made]
        assert {result.attempts for job in queued for result in job.results} <= {0}
        assert (len(self.peer.started), len(self.peer.extracted)) == asked
        self.runner.run(self.service.governor.resume_governor())
        self.settle(*made)
        assert out_of_turn(self.peer.started[asked[0] :], queued) <= PLACES
        for job in queued:
            self.model[job.id] = {}
            self.expect(job.id, job.video_ids)
        return multiple(*made)

    def fresh(self, size: int) -> list[str]:
        """Videos that no job has had."""
        return [video_id(number) for number in islice(self.numbers, size)]

    def all_is_planned(self) -> bool:
        with closing(sqlite3.connect(self.folder / "jobs.db")) as database:
            return not database.execute("SELECT 1 FROM job_videos WHERE state = 'new'").fetchone()

    @rule(target=jobs, names=NAMES)
    def cancel_a_running_job(self, names: list[str]) -> str:
        self.peer.paused = True
        job_id = self.create(names)
        wanted = [name for name in names if name not in self.stored]
        self.wait_for_a_transfer(wanted)
        if wanted:
            self.runner.run(self.service.cancel_job(job_id))
        self.peer.paused = False
        self.settle(job_id)
        done = {name: "cancelled" if name in wanted else "skipped" for name in names}
        self.model[job_id] = done
        return job_id

    @rule(job_id=jobs)
    def retry(self, job_id: str) -> None:
        open_ones = [n for n, s in self.model[job_id].items() if s not in {"success", "skipped"}]
        if not open_ones:
            with pytest.raises(Conflict):
                self.runner.run(self.service.retry_job(job_id))
            return
        self.runner.run(self.service.retry_job(job_id))
        self.settle(job_id)
        self.expect(job_id, open_ones)

    @rule()
    def retry_everything(self) -> None:
        """Whatever failed in any job; a dry run counts it before."""
        failed = {
            job_id: again
            for job_id, known in self.model.items()
            if (again := {n for n, s in known.items() if s in {"failed", "unavailable"}})
        }
        count = sum(map(len, failed.values()))
        report = self.runner.run(self.service.retry_jobs(RetryJobs(dry_run=True)))
        assert (report.videos, len(report.jobs)) == (count, len(failed))
        report = self.runner.run(self.service.retry_jobs(RetryJobs()))
        assert report.videos == count
        self.settle(*failed)
        for job_id, names in failed.items():
            self.take_over(job_id, names)
        self.note_stored(set().union(*failed.values()))

    @rule(job_id=jobs)
    def cancel_what_has_ended(self, job_id: str) -> None:
        with pytest.raises(Conflict):
            self.runner.run(self.service.cancel_job(job_id))

    @rule()
    def restart(self) -> None:
        self.crash()

    def crash(self) -> None:
        """The process ends without grace, and the next one continues."""
        self.runner.run(self.stack.aclose())
        self.peer.busy.clear()
        self.peer.running = 0
        self.open_service()

    def release(self) -> None:
        """Let held downloads end."""
        for task in [t for t in self.peer.tasks.values() if t.video_id in self.peer.busy]:
            if not task.status.is_final:
                self.runner.run(self.peer.end(task.task_id))

    def wait_for_a_transfer(self, wanted: Collection[str]) -> None:
        """At least one, if any is expected: after a block no more may start at first."""
        self.wait_until(lambda: bool(self.peer.busy) or not wanted)

    def wait_until(self, fact: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not fact():
            assert time.monotonic() < deadline
            self.runner.run(asyncio.sleep(0.001))

    def active(self, job_id: str) -> int:
        """The number of active videos of a job."""
        return len(self.runner.run(self.service.get_job(job_id)).progress.active)

    def governor(self) -> str:
        return self.runner.run(self.service.governor.get_governor()).state

    @invariant()
    def model_and_queue_agree(self) -> None:
        for job_id, expected in getattr(self, "model", {}).items():
            job = self.runner.run(self.service.get_job(job_id))
            assert {result.video_id: result.status for result in job.results} == expected
            counts = [job.progress.succeeded, job.progress.skipped, job.progress.failed]
            counts += [job.progress.unavailable]
            assert sum(counts) == job.progress.done
            assert job.progress.done + job.progress.cancelled == job.progress.total == len(expected)
            assert all(result.attempts <= 2 for result in job.results)

    @invariant()
    def nothing_runs_twice_or_beyond_the_limit(self) -> None:
        if hasattr(self, "model"):
            assert self.peer.twice == []
            assert self.peer.most_running <= PLACES

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.runner.run(self.stack.aclose())
            self.runner.close()
            shutil.rmtree(self.folder)


def test_the_queue_agrees_with_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "_BLOCKED_RECHECK", timedelta(milliseconds=10))
    run_state_machine_as_test(
        QueueMachine,
        settings=settings(
            max_examples=500 if FULL else 60,
            stateful_step_count=20 if FULL else 10,
            deadline=None,
            database=None,
            derandomize=not FULL,
            suppress_health_check=list(HealthCheck),
        ),
    )
