"""Whose turn it is: higher priority first, and fair between the jobs of one priority."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from itertools import count

from loguru import logger

from ytarchive.common.models import utc_now
from ytarchive.jobs.clock import ClockWatch, stopwatch
from ytarchive.jobs.repository import DueVideo, JobHead, JobsRepository

log = logger.bind(service="jobs")

_BUFFERED = 50
_LONGEST_SLEEP = 30.0


class Queue:
    """Hands out the videos that may start, a job at a time in turn.

    The database is the queue; this holds a short buffer of it for each active job. What is handed
    out stays queued there until it has a result, so a crash loses nothing.
    """

    def __init__(self, repository: JobsRepository) -> None:
        self._repository = repository
        self._jobs: list[JobHead] = []
        self._buffers: dict[str, deque[DueVideo]] = {}
        self._idle_until: dict[str, float] = {}
        self._served: dict[str, int] = {}
        self._turn = count(1)
        self._out: dict[str, set[str]] = {}
        self._only: set[str] | None = None
        self._clock = ClockWatch(utc_now, stopwatch)
        self._stale = True
        self._changed = asyncio.Event()
        self.generation = 0
        """Grows whenever what was handed out may have been cancelled."""
        self.on_active: Callable[[list[JobHead]], None] = lambda _: None

    def restrict_to(self, job_ids: set[str]) -> None:
        """Hand out videos of these jobs only."""
        self._only = job_ids
        self.refresh()

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

    def refresh(self, job_id: str | None = None) -> None:
        """Jobs came, went or changed; or new videos of one job may start."""
        self._stale = True
        if job_id is not None:
            self._idle_until.pop(job_id, None)
        self._changed.set()

    def returned(self, video: DueVideo) -> None:
        """A video that was handed out has a result, or waits again."""
        self._out.get(video.job.id, set()).discard(video.video_id)
        self._idle_until.pop(video.job.id, None)
        self._changed.set()

    async def next(self) -> DueVideo:
        """The next video that may start; waits until there is one."""
        while True:
            self._changed.clear()
            video = await self._pick()
            if video is not None:
                return video
            try:
                async with asyncio.timeout(self._sleep()):
                    await self._changed.wait()
            except TimeoutError:
                self._stale = True

    async def _pick(self) -> DueVideo | None:
        jump = self._clock.jump()
        if jump is not None:
            log.warning("the wall clock was set by {}: what waits is not affected", jump.by)
            await self._repository.shift_waits(jump)
            self._idle_until.clear()
        if self._stale:
            await self._reload()
        in_turn = sorted(self._jobs, key=lambda job: (-job.priority, self._served.get(job.id, 0)))
        for job in in_turn:
            video = await self._from_job(job)
            if video is not None:
                self._served[job.id] = next(self._turn)
                self._out.setdefault(job.id, set()).add(video.video_id)
                return video
        return None

    async def _reload(self) -> None:
        self._stale = False
        active = await self._repository.active()
        self._jobs = [job for job in active if self._only is None or job.id in self._only]
        known = {job.id for job in self._jobs}
        for state in (self._buffers, self._served, self._idle_until):
            for job_id in state.keys() - known:
                del state[job_id]
        self._out = {job_id: out for job_id, out in self._out.items() if out or job_id in known}
        self.on_active(self._jobs)

    async def _from_job(self, job: JobHead) -> DueVideo | None:
        buffer = self._buffers.setdefault(job.id, deque())
        if not buffer and self._idle_until.get(job.id, 0) <= time.monotonic():
            out = self._out.get(job.id, set())
            now = utc_now()
            generation = self.generation  # as it is before anything is read
            due = await self._repository.due(job, _BUFFERED + len(out), now, generation)
            buffer.extend(video for video in due if video.video_id not in out)
            if not buffer:
                rest = await self._rest(job, now)
                if not self._changed.is_set():  # something may have come while it was looked up
                    self._idle_until[job.id] = time.monotonic() + rest
        return buffer.popleft() if buffer else None

    async def _rest(self, job: JobHead, now: datetime) -> float:
        """Seconds until a job has another video that may start, as far as is known `now`."""
        due = await self._repository.next_due(job.id, now)
        if due is None:
            return _LONGEST_SLEEP
        return min(max((due - utc_now()).total_seconds(), 0), _LONGEST_SLEEP)

    def _sleep(self) -> float:
        times = [self._idle_until.get(job.id, 0) - time.monotonic() for job in self._jobs]
        return min([_LONGEST_SLEEP, *(max(seconds, 0.01) for seconds in times)])
