"""Connects the parts of the processing: planning, queue, runner, work plans."""

import asyncio
import heapq
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from loguru import logger

from ytarchive.common.config import Settings
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.events import JobChanged, ResultAdded, publish
from ytarchive.common.scheduler import Duty, Scheduler
from ytarchive.common.telemetry import JOBS, QUEUE_DEPTH
from ytarchive.common.tracing import trace
from ytarchive.download import ReleaseStaging, StagingAPI
from ytarchive.jobs.guards.guards import Guards
from ytarchive.jobs.planning.planner import Planner
from ytarchive.jobs.processing.runner import Runner
from ytarchive.jobs.processing.work_plans import WorkPlanReporter
from ytarchive.jobs.queue.damage import end_damaged_rows
from ytarchive.jobs.queue.models import Job, JobStatus, ResultStatus
from ytarchive.jobs.queue.queue import Queue
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.rows import DueVideo, JobHead

log = logger.bind(service="jobs")

_COUNT_INTERVAL = 5.0
_MAX_PLANNINGS = 500
"""Maximum jobs that are planned at the same time; a large job counts until its last video."""
_REPORT_INTERVAL = 2.0


class Engine:
    """Processes the jobs of the queue until it is stopped."""

    def __init__(
        self,
        repository: JobsRepository,
        queue: Queue,
        planner: Planner,
        runner: Runner,
        reporter: WorkPlanReporter,
        guards: Guards,
        staging: StagingAPI | None,
    ) -> None:
        self._repository = repository
        self._queue = queue
        self._planner = planner
        self._runner = runner
        self._reporter = reporter
        self._supervisor = guards.supervisor
        self._staging = staging
        self._to_plan: dict[str, JobHead] = {}
        self._plan_order: list[tuple[int, str]] = []
        self._planning: dict[str, asyncio.Task[None]] = {}
        self._planned: set[str] = set()
        self._listing_failures: dict[str, str] = {}
        queue.on_active = self._plan_all
        planner.on_prepared = queue.refresh
        runner.on_result = self._video_ended
        runner.on_idle_job = self._finish_in_background

    async def start(self, longest_waits: Mapping[str, timedelta], scheduler: Scheduler) -> None:
        """Start processing, beginning with the jobs of the previous process."""
        await end_damaged_rows(self._repository.database)
        await self._repository.set_all_pending()
        await self._repository.bound_waits(longest_waits)
        for job_id in await self._repository.unreported():
            self._reporter.note(job_id)
        self._supervisor.start("queue", self._runner.start_next)
        report, merge = self._reporter.report_noted, self._reporter.merge_plans
        for duty in (
            Duty("work plans", report, _REPORT_INTERVAL, in_commands=True),
            Duty("work plans of lists", merge, 6 * 3600.0),
            Duty("metrics", self._count, _COUNT_INTERVAL),
        ):
            scheduler.add(duty, self._supervisor)

    async def stop(self, grace: float) -> None:
        """Start nothing more; let transfers continue for `grace` seconds. The queue is durable."""
        self._plan_order.clear()
        planning = list(self._planning.values())
        for task in planning:
            task.cancel()
        await asyncio.gather(*planning, return_exceptions=True)
        await self._supervisor.stop()
        await self._runner.finish(grace)
        try:
            await self._repository.set_all_pending()
        except YTArchiveError as error:
            log.warning("running jobs are not set to PENDING: {}", error.message)

    def job_created(self, job: Job) -> None:
        """Read and plan a new job once its videos may start soon."""
        publish(JobChanged(job_id=job.id, status=job.status, listing=job.progress.listing))
        self._queue.created(job.id, job.options.priority)

    def job_changed(self, job_id: str) -> None:
        """Continue a job that was queued again or has more videos."""
        self._planned.discard(job_id)
        self._queue.videos_changed(job_id)

    async def cancel_work(self, job_id: str) -> None:
        """Stop all work that is done only for a cancelled job."""
        self._queue.videos_changed(job_id)
        self._to_plan.pop(job_id, None)
        planning = self._planning.pop(job_id, None)
        if planning is not None:
            planning.cancel()
            await asyncio.gather(planning, return_exceptions=True)
        await self._runner.cancel_work(job_id)
        await self._release_staging(job_id)
        await self._reporter.report(job_id)
        self._plan_more()

    async def _release_staging(self, job_id: str) -> None:
        """Release the partial downloads of a cancelled job; otherwise they are removed by age."""
        waited = await self._repository.cancelled_while_waiting(job_id)
        if self._staging is None or not waited:
            return
        try:
            await self._staging.release_staging(ReleaseStaging(video_ids=waited))
        except YTArchiveError as error:
            log.warning("partial downloads of job {} are kept: {}", job_id, error.message)

    def _finish_in_background(self, job_id: str) -> None:
        """End a job that has nothing left to do; retry until this succeeds."""
        work = partial(self._finish, job_id)
        self._supervisor.spawn(self._supervisor.complete(f"the end of job {job_id}", work, job_id))

    def _plan_all(self, jobs: list[JobHead]) -> None:
        """Plan the jobs that are not planned yet, by priority and age."""
        for job in jobs:
            if job.id not in self._planned and job.id not in self._planning:
                self._planned.add(job.id)
                self._to_plan[job.id] = job
                heapq.heappush(self._plan_order, (-job.priority, job.id))
        self._plan_more()

    def _plan_more(self) -> None:
        """Plan more jobs, limited by memory and by how soon their videos may start."""
        while self._plan_order and len(self._planning) < _MAX_PLANNINGS:
            if self._queue.has_enough(priority=-self._plan_order[0][0]):
                return
            job = self._to_plan.pop(heapq.heappop(self._plan_order)[1], None)
            if job is not None and job.id not in self._planning:
                self._planning[job.id] = asyncio.create_task(self._plan(job))
                self._queue.mark_ready(job.id)

    async def _plan(self, job: JobHead) -> None:
        planned = partial(self._plan_current, [job], job.id)
        try:
            name = f"the planning of job {job.id}"
            failure = await self._supervisor.complete(name, planned, job.id)
        finally:
            self._planning.pop(job.id, None)
            self._plan_more()
        if failure is not None:
            self._listing_failures[job.id] = failure
        self._queue.refresh(job.id)
        self._finish_in_background(job.id)

    async def _plan_current(self, known: list[JobHead], job_id: str) -> str | None:
        """Plan a job; after a failure use its present state."""
        job = known.pop() if known else await self._repository.head(job_id)
        return await self._planner.plan(job) if job and not job.status.is_final else None

    def _video_ended(self, video: DueVideo, status: ResultStatus) -> None:
        publish(ResultAdded(job_id=video.job.id, video_id=video.video_id, status=status))
        self._planner.video_ended()
        self._plan_more()
        if status in {ResultStatus.FAILED, ResultStatus.UNAVAILABLE} or video.attempts:
            self._reporter.note(video.job.id)

    async def _finish(self, job_id: str) -> None:
        """End a job if it has nothing left to do."""
        if await self._repository.has_open_videos(job_id):
            return
        # Read after the check, so that the counters include the video that ended last.
        head = await self._repository.head(job_id)
        if head is None or head.status.is_final or head.listing or job_id in self._planning:
            return
        with trace(head.trace_id):
            await self._conclude(head)

    async def _conclude(self, head: JobHead) -> None:
        job_id = head.id
        await self._reporter.conclude(job_id)
        head = await self._repository.head(job_id) or head  # with `failed_before`
        status, error = _final_status(head, self._listing_failures.pop(job_id, None))
        if await self._repository.finish(job_id, status, error):
            log.info("job {} {}: {} of {} stored", job_id, status.lower(), head.good, head.total)
            self._planned.discard(job_id)
        self._queue.refresh(job_id)

    async def _count(self) -> None:
        jobs, waiting = await self._repository.counts()
        for status in JobStatus:
            JOBS.labels(status.lower()).set(jobs.get(status, 0))
        QUEUE_DEPTH.set(waiting)


def _final_status(head: JobHead, failure: str | None) -> tuple[JobStatus, str | None]:
    """Return the final status: FAILED if there were videos and none could be archived.

    Failures that the list's work plan had before the job do not count.
    """
    has_new_failures = head.failed_before < head.total
    if head.good or (failure is None and not has_new_failures):
        return JobStatus.COMPLETED, failure
    if head.total == 1:
        return JobStatus.FAILED, failure or "the video could not be archived"
    return JobStatus.FAILED, failure or f"none of the {head.total} videos could be archived"


def concurrent_videos(settings: Settings) -> int:
    """Return how many videos are processed at a time: some are extracted while others transfer."""
    concurrency = settings.download.concurrency
    return concurrency + settings.download.videos_ahead + concurrency // 4
