"""Computes a job's progress from the database and from the Download service."""

import asyncio
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from ytarchive.common.errors import YTArchiveError
from ytarchive.common.models import utc_now
from ytarchive.download import DownloadAPI, DownloadPhase
from ytarchive.jobs.governor.models import GovernorState
from ytarchive.jobs.guards.guards import Guards
from ytarchive.jobs.processing.download_waiter import DownloadWaiter
from ytarchive.jobs.processing.results import ActiveVideo
from ytarchive.jobs.processing.runner import Runner
from ytarchive.jobs.queue.models import Job, JobProgress, JobStatus, JobType, VideoProgress
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.waiting import Waiting

_WINDOW = 1800.0
"""Length of the measured interval: enough for large videos, and short enough for changes."""
_LEAST = 3.0
"""Minimum seconds of measurement; an earlier estimate would be unreliable."""


@dataclass
class Estimate:
    """Measures the progress of one job in this process, including parts of videos.

    Skipped videos take no time and do not count.
    """

    _seen: deque[tuple[float, float]] = field(default_factory=deque)

    def seconds_left(self, now: float, progress: JobProgress, slowest: float) -> int | None:
        """Return the estimated seconds at the moment `now`, at least `slowest`; None if unknown."""
        started = sum(video.progress_percent for video in progress.active) / 100
        left = max(progress.total - progress.done - started, 0)
        worked = progress.succeeded + progress.failed + progress.unavailable + started
        self._note(now, worked)
        since, then = self._seen[0]
        if now - since >= _LEAST and worked > then:
            return round(max((now - since) / (worked - then) * left, slowest))
        return round(slowest) if slowest else None

    def _note(self, now: float, worked: float) -> None:
        """Add a sample every few seconds, and remove those before the interval."""
        if not self._seen or now - self._seen[-1][0] >= 5:
            self._seen.append((now, worked))
        while len(self._seen) > 1 and now - self._seen[1][0] >= _WINDOW:
            self._seen.popleft()


def time_of_pace(progress: JobProgress, kind: JobType, governor: GovernorState) -> float:
    """Return the seconds in which the pace allows the remaining videos to start; 0 without a limit.

    For metadata only there is no estimate, because it needs fewer requests than the pace assumes.
    """
    if governor.pace == "off" or kind is JobType.METADATA_ONLY:
        return 0
    waiting = progress.total - progress.done - len(progress.active) - governor.ready_videos
    return max(waiting, 0) * 3600 / governor.videos_per_hour


class ProgressReader:
    """Adds the present state of active videos to a job."""

    def __init__(
        self,
        repository: JobsRepository,
        runner: Runner,
        waiter: DownloadWaiter,
        download: DownloadAPI,
        guards: Guards,
    ) -> None:
        self._repository = repository
        self._runner = runner
        self._waiter = waiter
        self._download = download
        self._guards = guards
        self._estimates: dict[str, Estimate] = {}

    async def fill(self, job: Job) -> Job:
        """Return the job with its active videos, speed and remaining time."""
        if job.status.is_final:
            self._estimates.pop(job.id, None)
            return job
        active_videos = self._runner.active_videos_of(job.id)
        active = await asyncio.gather(*(self._video(each) for each in active_videos))
        waiting = self._guards.failing(job.id) or (None if active else await self._waiting(job))
        progress = job.progress.model_copy(
            update={
                "active": active,
                "speed": sum(video.speed for video in active),
                "waiting_for": waiting and waiting.message,
                "waiting_reason": waiting and waiting.reason,
                "waiting_until": waiting and waiting.until,
                "waiting_egress": waiting and waiting.egress,
            }
        )
        left = self._seconds_left(job, progress, waiting)
        if left is not None:
            ends_at = (utc_now() + timedelta(seconds=left)).replace(microsecond=0)
            progress = progress.model_copy(update={"eta": left, "ends_at": ends_at})
        waits = waiting is not None and waiting.reason not in {"pace", "probing"}
        status = JobStatus.PENDING if waits and not progress.listing else job.status
        return job.model_copy(update={"progress": progress, "status": status})

    async def _waiting(self, job: Job) -> Waiting | None:
        """Return why no video of a job is active; None if one starts soon."""
        held = await self._guards.current() or self._guards.waits.of(job.id)
        if held is not None or job.progress.listing:
            return held
        return await self._repository.waiting(job.id)

    async def _video(self, active: ActiveVideo) -> VideoProgress:
        video = active.video
        task_id = self._waiter.task_of(video.video_id)
        if task_id is None:
            return _progress_without_task(active)
        with suppress(YTArchiveError):
            now = await self._download.get_progress(task_id)
            fields = now.model_dump(include=set(VideoProgress.model_fields) - {"title"})
            active.seen = VideoProgress(title=active.title, **fields)
        return active.seen or _progress_without_task(active)

    def _seconds_left(self, job: Job, progress: JobProgress, waiting: Waiting | None) -> int | None:
        """Return the estimated seconds until a job ends; None while it waits or is listed.

        A wait restarts the measurement, because its time says nothing about the speed.
        """
        waits = waiting is not None and waiting.reason != "pace"
        if waits or job.status is not JobStatus.RUNNING or progress.listing:
            self._estimates.pop(job.id, None)
            return None
        estimate = self._estimates.setdefault(job.id, Estimate())
        slowest = time_of_pace(progress, job.type, self._guards.governor.snapshot())
        return estimate.seconds_left(time.monotonic(), progress, slowest)


def _progress_without_task(active: ActiveVideo) -> VideoProgress:
    """Return the progress of a video that waits for its download or is being stored."""
    if active.seen is not None:
        stored = {"phase": DownloadPhase.STORING, "progress_percent": 100, "speed": 0, "eta": None}
        return active.seen.model_copy(update=stored)
    return VideoProgress(
        video_id=active.video.video_id,
        title=active.title,
        phase=DownloadPhase.WAITING,
        progress_percent=0,
        downloaded_bytes=0,
        total_bytes=0,
        speed=0,
    )
