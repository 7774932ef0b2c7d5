"""Bulk retries: all videos that failed for one reason, or all entries of work plans."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.models import ErrorDetail, every_item
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.profiles import resolved
from ytarchive.common.tracing import current_trace_id, new_trace_id
from ytarchive.jobs.governor.circuit import Circuit
from ytarchive.jobs.governor.service import RESUMING, GovernorService
from ytarchive.jobs.queue.models import CreateJob, JobOptions, JobType
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.requeueing import PlannedVideo, Requeueing, RetryCandidate
from ytarchive.jobs.retrying.models import RetriedJob, RetryJobs, RetryReport, RetryWorkPlans
from ytarchive.storage import (
    FailedDownload,
    UnavailableVideo,
    WorkPlan,
    WorkPlanQuery,
    WorkPlanRequest,
    WorkPlansAPI,
)

log = logger.bind(service="jobs")

REASONS = sorted({kind.reason for kind in errors.error_classes() if kind.reason} | RESUMING)
"""All reasons of videos that are not stored, or wait."""


class Retries:
    """Queues videos again by reason. With `dry_run` they are only counted."""

    def __init__(
        self,
        repository: JobsRepository,
        requeueing: Requeueing,
        plans: WorkPlansAPI,
        governor: GovernorService,
        profiles: Mapping[str, ArchiveProfile],
    ) -> None:
        self._repository = repository
        self._requeueing = requeueing
        self._plans = plans
        self._governor = governor
        self._profiles = profiles

    async def of_jobs(self, request: RetryJobs) -> RetryReport:
        """Queue failed videos of one job or all, for one reason or all. Raises InvalidRequest."""
        _require_known(request.reason)
        if request.dry_run:
            found = await self._requeueing.find(request.job_id, request.reason)
        else:
            found = await self._requeueing.retry(request.job_id, request.reason)
        resumed = await self._resume(request.reason, dry_run=request.dry_run)
        return self._report(found, dry_run=request.dry_run, resumed=resumed)

    async def of_work_plans(self, request: RetryWorkPlans) -> RetryReport:
        """Queue the videos of one work plan or of all, and return a report.

        Entries stay in their plan until the videos are stored.
        """
        _require_known(request.reason)
        found: list[RetryCandidate] = []
        async for plan in self._chosen(request.plan_id):
            videos = [v for v in _entries(plan) if request.reason in {None, v.reason}]
            if not videos:
                continue
            job_id = await self._job_of(plan)
            if not request.dry_run:
                job_id = await self._queue(plan, job_id, videos)
            reasons = Counter(video.reason for video in videos)
            found += [
                RetryCandidate(job_id or "", reason, count) for reason, count in reasons.items()
            ]
        resumed = await self._resume(request.reason, dry_run=request.dry_run)
        return self._report(found, dry_run=request.dry_run, resumed=resumed)

    async def _chosen(self, plan_id: str | None) -> AsyncIterator[WorkPlan]:
        if plan_id is not None:
            yield await self._plans.get_work_plan(plan_id)
            return
        query = WorkPlanQuery(limit=500, missing=True)
        async for headline in every_item(self._plans.list_work_plans, query):
            yield await self._plans.get_work_plan(headline.id)

    async def _job_of(self, plan: WorkPlan) -> str | None:
        """Return the plan's job if it is in this archive's queue; None for plans from elsewhere."""
        head = await self._repository.head(plan.job_id) if plan.job_id else None
        return head.id if head else None

    async def _queue(
        self, plan: WorkPlan, job_id: str | None, videos: Sequence[PlannedVideo]
    ) -> str:
        """Queue a plan's videos in its job, or in a new job that the plan is assigned to."""
        if job_id is None:
            ids = [video.video_id for video in videos]
            options = resolved(JobOptions(), self._profiles)
            request = CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=ids, options=options)
            trace_id = current_trace_id() or new_trace_id()
            job_id = (await self._repository.create(request, trace_id)).id
            await self._repository.set_work_plan(job_id, plan.id)
            await self._plans.create_work_plan(WorkPlanRequest(plan_id=plan.id, job_id=job_id))
        await self._requeueing.queue_planned(job_id, videos)
        log.info("job {}: {} videos of work plan {} queued again", job_id, len(videos), plan.id)
        return job_id

    async def _resume(self, reason: str | None, *, dry_run: bool) -> bool:
        """Resume the governor if `reason` pauses all work; return whether it was paused."""
        if reason not in RESUMING:
            return False
        state = await self._governor.get_governor()
        if not dry_run:
            await self._governor.resume_governor()
        return state.paused_at is not None or state.state != Circuit.CLOSED

    def _report(
        self, found: Sequence[RetryCandidate], *, dry_run: bool, resumed: bool
    ) -> RetryReport:
        reasons: Counter[str] = Counter()
        jobs: Counter[str] = Counter()
        for each in found:
            reasons[each.reason] += each.videos
            jobs[each.job_id] += each.videos
        waiting = self._governor.waiting()
        return RetryReport(
            dry_run=dry_run,
            videos=reasons.total(),
            reasons=dict(reasons.most_common()),
            jobs=[RetriedJob(job_id=job_id or None, videos=n) for job_id, n in jobs.items()],
            waiting_for=waiting.message if waiting and reasons else None,
            resumed=resumed,
        )


def _require_known(reason: str | None) -> None:
    if reason is not None and reason not in REASONS:
        message = f"reason: {reason[:64]!r} is unknown; known reasons: {', '.join(REASONS)}"
        raise errors.InvalidRequest(message, fields={"reason": "unknown"}, known=REASONS)


def _entries(plan: WorkPlan) -> list[PlannedVideo]:
    unavailable = [
        PlannedVideo(each.video_id, each.title or "", each.reason, [_evidence(each)])
        for each in plan.unavailable_videos
    ]
    failed = [
        PlannedVideo(each.video_id, each.title or "", _reason(each), each.errors or [_unknown()])
        for each in plan.failed_downloads
    ]
    return unavailable + failed


def _evidence(video: UnavailableVideo) -> ErrorDetail:
    kind = errors.error_for_reason(video.reason)
    return ErrorDetail(code=kind.code, message=video.evidence or kind.meaning)


def _reason(video: FailedDownload) -> str:
    code = video.errors[-1].code if video.errors else ""
    return errors.error_for_code(code).reason or errors.UnknownFailure.reason


def _unknown() -> ErrorDetail:
    return errors.UnknownFailure().detail()
