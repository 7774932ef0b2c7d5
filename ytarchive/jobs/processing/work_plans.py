"""Reports videos that could not be archived to Storage, for the job's work plan."""

import json
from typing import Any

from loguru import logger

from ytarchive.common.database import Row
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.models import from_micros
from ytarchive.common.rows import moment_of
from ytarchive.common.tracing import trace
from ytarchive.jobs.availability.models import AvailabilityState
from ytarchive.jobs.queue.models import JobType, ResultStatus
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.rows import JobHead, errors_of
from ytarchive.storage import (
    FailedDownload,
    UnavailableVideo,
    WorkPlan,
    WorkPlanRequest,
    WorkPlansAPI,
)

log = logger.bind(service="jobs")

_AT_ONCE = 1000


class WorkPlanReporter:
    """Reports failures to Storage in groups, since a plan's file is written anew each time.

    Unreported failures are marked in the database: after a crash, or while Storage is unreachable,
    they are reported later.
    """

    def __init__(self, repository: JobsRepository, plans: WorkPlansAPI) -> None:
        self._repository = repository
        self._plans = plans
        self._pending: set[str] = set()

    def note(self, job_id: str) -> None:
        """Note that a video of this job failed permanently, or was stored after a failure."""
        self._pending.add(job_id)

    async def report_noted(self) -> None:
        """Report the noted jobs."""
        for job_id in list(self._pending):
            await self.report(job_id)

    async def report(self, job_id: str) -> None:
        """Report all results of a job that Storage does not have."""
        self._pending.discard(job_id)
        try:
            while await self._report_some(job_id):
                pass
        except YTArchiveError as error:
            log.warning("the work plan of job {} has to wait: {}", job_id, error.message)
            self._pending.add(job_id)
        except BaseException:
            self._pending.add(job_id)
            raise

    async def conclude(self, job_id: str) -> None:
        """Report the remaining results of a job at its end, and its final counts."""
        await self.report(job_id)
        head = await self._repository.head(job_id)
        if head is None or head.work_plan_id is None:
            return
        try:
            plan = await self._plans.get_work_plan(head.work_plan_id)
            await self._plans.create_work_plan(_counts(head, plan))
        except YTArchiveError as error:
            log.warning("the work plan of job {} lacks its counts: {}", job_id, error.message)

    async def merge_plans(self) -> None:
        """Merge several plans of one list: earlier versions made one for each job."""
        plans: dict[tuple[str, bool], list[Row]] = {}
        for row in await self._repository.database.fetch_all("plans_of_lists"):
            plans.setdefault((row["list"], bool(row["metadata_only"])), []).append(row)
        for (playlist_id, metadata_only), rows in plans.items():
            if len(rows) > 1:
                merged = [row["work_plan_id"] for row in rows]
                request = WorkPlanRequest(
                    job_id=rows[0]["job_id"],  # the newest
                    playlist_id=playlist_id,
                    metadata_only=metadata_only,
                    merged_plan_ids=merged,
                )
                plan = await self._plans.create_work_plan(request)
                values = {"work_plan_id": plan.id, "merged": json.dumps(merged)}
                await self._repository.database.execute("replace_work_plans", values)

    async def _report_some(self, job_id: str) -> bool:
        head = await self._repository.head(job_id)
        rows = await self._repository.unplanned(job_id, _AT_ONCE)
        planned_before = head is not None and head.work_plan_id is not None
        recovered = await self._repository.recovered(job_id) if planned_before else []
        if head is None or not (rows or recovered):
            return False
        with trace(head.trace_id):
            plan = await self._plans.create_work_plan(_request(head, rows, recovered))
        await self._repository.set_work_plan(job_id, plan.id)
        await self._repository.mark_planned(job_id, _as_planned(head, rows, plan), recovered)
        return len(rows) == _AT_ONCE


def _request(head: JobHead, rows: list[Row], recovered: list[str]) -> WorkPlanRequest:
    """Return the request to Storage with a job's results."""
    return WorkPlanRequest(
        job_id=head.id,
        playlist_id=head.list,
        metadata_only=head.type is JobType.METADATA_ONLY,
        unavailable_videos=[
            _unavailable(row, head.playlist_id)
            for row in rows
            if row["state"] == ResultStatus.UNAVAILABLE
        ],
        failed_downloads=[_failed(row) for row in rows if row["state"] == ResultStatus.FAILED],
        resolved_video_ids=recovered,
        total_videos=head.total + head.known,
        successful_videos=head.good,
    )


def _counts(head: JobHead, plan: WorkPlan) -> WorkPlanRequest:
    """Return the final counts of a job. Other videos of its list are stored or in the plan."""
    elsewhere = max(0, plan.missing - head.missing)
    return WorkPlanRequest(
        plan_id=plan.id,
        total_videos=head.total + head.known,
        successful_videos=head.good + max(0, head.known - elsewhere),
    )


def _as_planned(head: JobHead, rows: list[Row], plan: WorkPlan) -> list[dict[str, Any]]:
    """Return the values of `mark_planned`, and whether the plan had the video before the job."""
    entries: list[UnavailableVideo | FailedDownload]
    entries = [*plan.unavailable_videos, *plan.failed_downloads]
    before = {
        entry.video_id
        for entry in entries
        if entry.added_at is None or entry.added_at < head.created_at
    }
    named = ("job_id", "video_id", "state", "next_check_at")
    return [
        {name: row[name] for name in named} | {"failed_before": row["video_id"] in before}
        for row in rows
    ]


def _unavailable(row: Row, playlist_id: str | None) -> UnavailableVideo:
    is_suspected = row["availability"] == AvailabilityState.SUSPECTED
    is_known = row["attempts"] == 0 and row["last_seen"] is not None  # without a request
    later = row["next_check_at"] if is_suspected else row["next_attempt_at"] or None
    return UnavailableVideo(
        video_id=row["video_id"],
        title=row["title"] or None,
        reason=row["reason"] or "unavailable",
        detected_at=from_micros(row["last_seen"] if is_known else row["finished_at"]),
        playlist_id=playlist_id,
        last_available=moment_of(row["last_available"]),
        evidence=(row["evidence"] if is_known else row["message"]) or None,
        confirmed=not is_suspected,
        retry_after=moment_of(later),
        waits_for=_condition(row),
    )


def _failed(row: Row) -> FailedDownload:
    return FailedDownload(
        video_id=row["video_id"],
        title=row["title"] or None,
        attempts=row["attempts"],
        last_attempt=from_micros(row["finished_at"]),
        errors=errors_of(row),
        file_size=row["file_size"] or None,
        retry_after=moment_of(row["next_attempt_at"] or None),
        waits_for=_condition(row),
    )


def _condition(row: Row) -> str | None:
    """Return the condition of a parked video: `waits_for` without the state of the condition."""
    return row["waits_for"] and str(row["waits_for"]).partition(" ")[0]
