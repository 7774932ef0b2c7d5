"""Whose turn it is: higher priority first, and fair between the jobs of one priority."""

import asyncio
import heapq
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime
from itertools import count

from loguru import logger

from ytarchive.common.events import JobChanged, publish
from ytarchive.common.models import utc_now
from ytarchive.common.supervision import mark_working
from ytarchive.jobs.queue.clock import ClockWatch, stopwatch
from ytarchive.jobs.queue.job_states import JobStates
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.rows import DueVideo, JobHead

log = logger.bind(service="jobs")

_BUFFERED = 50
_LONGEST_SLEEP = 30.0
_MOST_READY = 200
"""Jobs that wait for a turn while no new one of their priority is read or planned: both cost time
that requests need, and one that is planned early saves none."""
_FOREVER = float("inf")


class Queue:
    """Hands out the videos that may start, a job at a time in turn.

    The database is the queue; this holds a short buffer of it for each active job. What is handed
    out stays queued there until it has a result, so a crash loses nothing. A job of which nothing
    may start sleeps until its next video is due or somebody tells that it changed, so that ten
    thousand jobs cost no more than one.
    """

    def __init__(self, repository: JobsRepository) -> None:
        self._repository = repository
        self.states = JobStates(repository)
        self._jobs: dict[str, JobHead] = {}
        self._buffers: dict[str, deque[DueVideo]] = {}
        self._out: dict[str, set[str]] = {}
        self._only: set[str] | None = None
        self._to_read: set[str] | None = None
        """Jobs that have changed since they were read; None at first: all."""
        self._new: list[tuple[int, str]] = []
        """A heap of the jobs that were created and not read yet: negative priority, id."""
        self._turns = _Turns()
        self._asleep = _Sleepers()
        self._clock = ClockWatch(utc_now, stopwatch)
        self._changed = asyncio.Event()
        self.generation = 0
        """Grows whenever what was handed out may have been cancelled."""
        self.on_active: Callable[[list[JobHead]], None] = lambda _: None

    def restrict_to(self, job_ids: set[str]) -> None:
        """Hand out videos of these jobs only."""
        self._only = job_ids
        self._to_read = None
        self._changed.set()

    def allow(self, job_id: str) -> None:
        """Hand out videos of one more job; no change if there is no restriction."""
        if self._only is not None:
            self._only.add(job_id)
            self.refresh(job_id)

    def videos_changed(self, job_id: str) -> None:
        """Videos of a job were cancelled or queued again: what was read of them may be old."""
        self.generation += 1
        self._buffers.pop(job_id, None)
        self.refresh(job_id)

    def refresh(self, job_id: str) -> None:
        """A job came, went or changed, or new videos of it may start."""
        if self._to_read is not None:
            self._to_read.add(job_id)
        self._wake(job_id)

    def created(self, job_id: str, priority: int) -> None:
        """A job was created: it is read as soon as it may have a turn soon."""
        heapq.heappush(self._new, (-priority, job_id))
        self._changed.set()

    def begin(self, job_id: str) -> None:
        """Let a new job have turns: its planning begins."""
        self._wake(job_id)

    def has_enough(self, priority: int) -> bool:
        """Return whether so many jobs wait for a turn that one of this priority need not hurry."""
        return self._turns.has_waiting(_MOST_READY, priority)

    def returned(self, video: DueVideo) -> None:
        """A video that was handed out has a result, or waits again."""
        out = self._out.get(video.job.id, set())
        out.discard(video.video_id)
        if not out:
            self._out.pop(video.job.id, None)
        self._wake(video.job.id)

    async def next(self) -> DueVideo:
        """Return the next video that may start; waits until there is one."""
        while True:
            self._changed.clear()
            video = await self._pick()
            mark_working()  # what follows may wait for long
            if video is not None:
                return video
            try:
                async with asyncio.timeout(min(self._asleep.wait(stopwatch()), _LONGEST_SLEEP)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _pick(self) -> DueVideo | None:
        await self._mind_the_clock()
        for sleeper in self._asleep.due(stopwatch()):
            self._wake(sleeper)
        created = self._take_new()
        if self._to_read is None or self._to_read or created:
            await self._read(created)
        while (job_id := self._turns.first()) is not None:
            job = self._jobs.get(job_id)
            try:
                video = await self._from_job(job) if job else None
            except BaseException:
                if job is not None:
                    self._turns.add(job)  # or nobody would give it another turn
                raise
            if job is not None and video is not None:
                self._turns.again(job)
                self._out.setdefault(job.id, set()).add(video.video_id)
                return video
        return None

    async def _mind_the_clock(self) -> None:
        jump = self._clock.jump()
        if jump is not None:
            log.warning("the wall clock was set by {}: what waits is not affected", jump.by)
            await self._repository.shift_waits(jump)
            for job_id in self._jobs:
                self._wake(job_id)

    def _take_new(self) -> set[str]:
        """Take out the created jobs that may have a turn soon."""
        taken: set[str] = set()
        while self._new and len(taken) < _MOST_READY and not self.has_enough(-self._new[0][0]):
            taken.add(heapq.heappop(self._new)[1])
        return taken

    async def _read(self, created: set[str]) -> None:
        """Read the jobs that have changed, and those just created."""
        changed, self._to_read = self._to_read, set()
        try:
            if changed is None:
                heads = await self._repository.active()
            else:
                heads = await self._repository.heads(changed | created)
        except BaseException:
            self._to_read = None if changed is None else self._to_read | changed | created
            raise
        for head in heads:
            if head.id not in created:  # told when it was created
                publish(JobChanged(job_id=head.id, status=head.status, listing=head.listing))
        active = {head.id: head for head in heads if self._is_wanted(head)}
        for job_id in (set(self._jobs) if changed is None else changed | created) - active.keys():
            self._forget(job_id)
        known = active.keys() & self._jobs.keys()
        self._jobs |= active
        for job_id in known:
            self._wake(job_id)
        self.on_active(list(active.values()))

    def _is_wanted(self, job: JobHead) -> bool:
        return not job.status.is_final and (self._only is None or job.id in self._only)

    def _forget(self, job_id: str) -> None:
        self._jobs.pop(job_id, None)
        self.states.ended(job_id)
        self._buffers.pop(job_id, None)
        self._asleep.wake(job_id)
        self._turns.forget(job_id)

    def _wake(self, job_id: str) -> None:
        self._asleep.wake(job_id)
        job = self._jobs.get(job_id)
        if job is not None:
            self._turns.add(job)
        self._changed.set()

    async def _from_job(self, job: JobHead) -> DueVideo | None:
        buffer = self._buffers.setdefault(job.id, deque())
        if not buffer:
            # As it is before the read: what ends meanwhile may be read as if it were still queued.
            out = frozenset(self._out.get(job.id, ()))
            now, generation = utc_now(), self.generation  # as they are before anything is read
            due = await self._repository.due(job, _BUFFERED + len(out), now, generation)
            buffer.extend(video for video in due if video.video_id not in out)
            if not buffer:
                if not out:
                    await self.states.has_nothing_due(job)
                self._asleep.add(job.id, stopwatch() + await self._rest(job, now))
                if self._turns.has(job.id):  # something has come while it was looked up
                    self._asleep.wake(job.id)
        return buffer.popleft() if buffer else None

    async def _rest(self, job: JobHead, now: datetime) -> float:
        """Seconds until a job has another video that may start, as far as is known `now`."""
        due = await self._repository.next_due(job.id, now)
        return _FOREVER if due is None else max((due - utc_now()).total_seconds(), 0.01)


class _Turns:
    """Jobs of which something may start, in the order of their turns."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str]] = []
        self._waiting: dict[str, int] = {}
        """Jobs and their priorities."""
        self._counts: Counter[int] = Counter()
        """How many jobs of each priority wait."""
        self._served: dict[str, int] = {}
        self._turn = count(1)

    def add(self, job: JobHead) -> None:
        """Let a job have its turn, after those of its priority that were served longer ago."""
        if job.id not in self._waiting:
            self._waiting[job.id] = job.priority
            self._counts[job.priority] += 1
            heapq.heappush(self._heap, (-job.priority, self._served.get(job.id, 0), job.id))

    def again(self, job: JobHead) -> None:
        """A job had its turn, and may have another."""
        self._served[job.id] = next(self._turn)
        self.add(job)

    def first(self) -> str | None:
        """Take out the job whose turn it is."""
        if not self._heap:
            return None
        job_id = heapq.heappop(self._heap)[2]
        self._counts[self._waiting.pop(job_id)] -= 1
        return job_id

    def has_waiting(self, count: int, priority: int) -> bool:
        """Return whether `count` jobs of at least this priority wait."""
        return sum(n for each, n in self._counts.items() if each >= priority) >= count

    def has(self, job_id: str) -> bool:
        """Return whether a job waits for its turn."""
        return job_id in self._waiting

    def forget(self, job_id: str) -> None:
        """A job has ended; should it still wait, whoever takes it out finds it gone."""
        self._served.pop(job_id, None)


class _Sleepers:
    """Jobs of which nothing may start before a moment."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def add(self, job_id: str, until: float) -> None:
        """Let a job sleep; for ever, if nothing of it is to come."""
        self._until[job_id] = until
        if until < _FOREVER:
            heapq.heappush(self._heap, (until, job_id))

    def wake(self, job_id: str) -> None:
        """A job sleeps no longer."""
        self._until.pop(job_id, None)

    def due(self, now: float) -> list[str]:
        """Take out the jobs that have slept long enough."""
        woken = []
        while self._heap and self._heap[0][0] <= now:
            until, job_id = heapq.heappop(self._heap)
            if self._until.get(job_id) == until:
                woken.append(job_id)
        return woken

    def wait(self, now: float) -> float:
        """Seconds until the first one wakes."""
        return max(self._heap[0][0] - now, 0.01) if self._heap else _FOREVER
