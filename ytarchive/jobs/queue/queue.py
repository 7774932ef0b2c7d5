"""The order of the queue: higher priority first; jobs of equal priority alternate."""

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
from ytarchive.jobs.queue.models import JobStatus
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.rows import DueVideo, JobHead

log = logger.bind(service="jobs")

_BUFFERED = 50
_MAX_WAIT = 30.0
_MAX_READY = 200
"""With this many ready jobs, no new job of their priority is read or planned: that would take time
from requests, and earlier planning has no advantage."""
_NEVER = float("inf")


class Queue:
    """Returns the videos that may start; jobs of equal priority alternate.

    The database is the queue; this object holds a short buffer of it for each active job. A
    returned video stays queued in the database until it has a result, so a crash loses nothing. A
    job without a due video is not read again until a video is due or the job changes, so that ten
    thousand jobs cost no more than one.
    """

    def __init__(self, repository: JobsRepository) -> None:
        self._repository = repository
        self.states = JobStates(repository)
        self._jobs: dict[str, JobHead] = {}
        self._buffers: dict[str, deque[DueVideo]] = {}
        self._in_progress: dict[str, set[str]] = {}
        self._only: set[str] | None = None
        self._to_read: set[str] | None = None
        """Jobs that changed since they were read; None at first: all."""
        self._created: list[tuple[int, str]] = []
        """A heap of the created jobs that are not read yet: negative priority, id."""
        self._ready = _ReadyJobs()
        self._delayed = _DelayedJobs()
        self._clock = ClockWatch(utc_now, stopwatch)
        self._changed = asyncio.Event()
        self.generation = 0
        """Increases whenever returned videos may have been cancelled."""
        self.on_active: Callable[[list[JobHead]], None] = lambda _: None

    def restrict_to(self, job_ids: set[str]) -> None:
        """Return only videos of these jobs."""
        self._only = job_ids
        self._to_read = None
        self._changed.set()

    def allow(self, job_id: str) -> None:
        """Allow the videos of one more job; no change if there is no restriction."""
        if self._only is not None:
            self._only.add(job_id)
            self.refresh(job_id)

    def videos_changed(self, job_id: str) -> None:
        """Discard the buffer of a job whose videos were cancelled or queued again."""
        self.generation += 1
        self._buffers.pop(job_id, None)
        self.refresh(job_id)

    def refresh(self, job_id: str) -> None:
        """Read a job again that was added, changed or removed, or has new videos."""
        if self._to_read is not None:
            self._to_read.add(job_id)
        self.mark_ready(job_id)

    def created(self, job_id: str, priority: int) -> None:
        """Add a created job; it is read once its videos may start soon."""
        heapq.heappush(self._created, (-priority, job_id))
        self._changed.set()

    def has_enough(self, priority: int) -> bool:
        """Return whether so many jobs are ready that new ones of this priority can wait."""
        return self._ready.has_at_least(_MAX_READY, priority)

    def returned(self, video: DueVideo) -> None:
        """Record that a returned video has a result, or waits again."""
        out = self._in_progress.get(video.job.id, set())
        out.discard(video.video_id)
        if not out:
            self._in_progress.pop(video.job.id, None)
        self.mark_ready(video.job.id)

    async def next(self) -> DueVideo:
        """Wait for the next video that may start, and return it."""
        while True:
            self._changed.clear()
            video = await self._pick()
            mark_working()  # the following wait may be long
            if video is not None:
                return video
            try:
                async with asyncio.timeout(min(self._delayed.wait(stopwatch()), _MAX_WAIT)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _pick(self) -> DueVideo | None:
        await self._apply_clock_change()
        for due_job in self._delayed.due(stopwatch()):
            self.mark_ready(due_job)
        created = self._pop_created()
        if self._to_read is None or self._to_read or created:
            await self._read(created)
        while (job_id := self._ready.pop()) is not None:
            job = self._jobs.get(job_id)
            try:
                video = await self._from_job(job) if job else None
            except BaseException:
                if job is not None:
                    self._ready.add(job)  # without this the job would get no further turn
                raise
            if job is not None and video is not None:
                self._ready.add_after_turn(job)
                self._in_progress.setdefault(job.id, set()).add(video.video_id)
                return video
        return None

    async def _apply_clock_change(self) -> None:
        jump = self._clock.jump()
        if jump is not None:
            log.warning("the wall clock was set by {}: waits are not affected", jump.by)
            await self._repository.shift_waits(jump)
            for job_id in self._jobs:
                self.mark_ready(job_id)

    def _pop_created(self) -> set[str]:
        """Remove and return the created jobs whose videos may start soon."""
        taken: set[str] = set()
        while (
            self._created and len(taken) < _MAX_READY and not self.has_enough(-self._created[0][0])
        ):
            taken.add(heapq.heappop(self._created)[1])
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
            if head.status is not JobStatus.RUNNING:
                self.states.not_running(head.id)
            if head.id not in created:  # published when it was created
                publish(JobChanged(job_id=head.id, status=head.status, listing=head.listing))
        active = {head.id: head for head in heads if self._is_wanted(head)}
        for job_id in (set(self._jobs) if changed is None else changed | created) - active.keys():
            self._forget(job_id)
        known = active.keys() & self._jobs.keys()
        self._jobs |= active
        for job_id in known:
            self.mark_ready(job_id)
        self.on_active(list(active.values()))

    def _is_wanted(self, job: JobHead) -> bool:
        return not job.status.is_final and (self._only is None or job.id in self._only)

    def _forget(self, job_id: str) -> None:
        self._jobs.pop(job_id, None)
        self.states.not_running(job_id)
        self._buffers.pop(job_id, None)
        self._delayed.remove(job_id)
        self._ready.forget(job_id)

    def mark_ready(self, job_id: str) -> None:
        """Let a job have a turn: it may have a due video, or its planning begins."""
        self._delayed.remove(job_id)
        job = self._jobs.get(job_id)
        if job is not None:
            self._ready.add(job)
        self._changed.set()

    async def _from_job(self, job: JobHead) -> DueVideo | None:
        buffer = self._buffers.setdefault(job.id, deque())
        if not buffer:
            # Copied before the read, which may return videos as queued that end meanwhile.
            out = frozenset(self._in_progress.get(job.id, ()))
            now, generation = utc_now(), self.generation  # both before the read
            due = await self._repository.due(job, _BUFFERED + len(out), now, generation)
            buffer.extend(video for video in due if video.video_id not in out)
            if not buffer:
                if not out:
                    await self.states.has_nothing_due(job)
                self._delayed.add(job.id, stopwatch() + await self._seconds_until_due(job, now))
                if self._ready.has(job.id):  # a video was added during the read
                    self._delayed.remove(job.id)
        return buffer.popleft() if buffer else None

    async def _seconds_until_due(self, job: JobHead, now: datetime) -> float:
        """Return the seconds until a job has another due video, as known at `now`."""
        due = await self._repository.next_due(job.id, now)
        return _NEVER if due is None else max((due - utc_now()).total_seconds(), 0.01)


class _ReadyJobs:
    """Jobs that may have a due video, in the order of their turns."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str]] = []
        self._waiting: dict[str, int] = {}
        """Priorities of the jobs, by id."""
        self._counts: Counter[int] = Counter()
        """Number of jobs, by priority."""
        self._served: dict[str, int] = {}
        self._turn = count(1)

    def add(self, job: JobHead) -> None:
        """Add a job, after those of its priority whose last turn is longer ago."""
        if job.id not in self._waiting:
            self._waiting[job.id] = job.priority
            self._counts[job.priority] += 1
            heapq.heappush(self._heap, (-job.priority, self._served.get(job.id, 0), job.id))

    def add_after_turn(self, job: JobHead) -> None:
        """Add a job again after its turn."""
        self._served[job.id] = next(self._turn)
        self.add(job)

    def pop(self) -> str | None:
        """Remove and return the job whose turn is next."""
        if not self._heap:
            return None
        job_id = heapq.heappop(self._heap)[2]
        self._counts[self._waiting.pop(job_id)] -= 1
        return job_id

    def has_at_least(self, count: int, priority: int) -> bool:
        """Return whether there are `count` jobs of at least this priority."""
        return sum(n for each, n in self._counts.items() if each >= priority) >= count

    def has(self, job_id: str) -> bool:
        """Return whether a job is among them."""
        return job_id in self._waiting

    def forget(self, job_id: str) -> None:
        """Forget an ended job. If it is still among them, `pop` returns it, and it is ignored."""
        self._served.pop(job_id, None)


class _DelayedJobs:
    """Jobs without a due video, by the time of the next one."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def add(self, job_id: str, until: float) -> None:
        """Add a job; with `_NEVER` if no video of it becomes due by time."""
        self._until[job_id] = until
        if until < _NEVER:
            heapq.heappush(self._heap, (until, job_id))

    def remove(self, job_id: str) -> None:
        """Remove a job."""
        self._until.pop(job_id, None)

    def due(self, now: float) -> list[str]:
        """Remove and return the jobs that have a due video now."""
        ready = []
        while self._heap and self._heap[0][0] <= now:
            until, job_id = heapq.heappop(self._heap)
            if self._until.get(job_id) == until:
                ready.append(job_id)
        return ready

    def wait(self, now: float) -> float:
        """Return the seconds until the first job has a due video."""
        return max(self._heap[0][0] - now, 0.01) if self._heap else _NEVER
