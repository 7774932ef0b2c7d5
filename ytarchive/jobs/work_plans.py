"""Tells Storage what could not be archived, so that it stands in the job's work plan."""

import asyncio
from datetime import datetime

from loguru import logger

from ytarchive.common.database import Row
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.models import from_micros
from ytarchive.common.tracing import trace
from ytarchive.jobs.api import ResultStatus
from ytarchive.jobs.repository import JobsRepository
from ytarchive.jobs.rows import errors_of
from ytarchive.jobs.upstream import AvailabilityState
from ytarchive.storage import FailedDownload, StorageAPI, UnavailableVideo, WorkPlanRequest

log = logger.bind(service="jobs")

_INTERVAL = 2.0
_AT_ONCE = 1000


class WorkPlanReporter:
    """Hands failures to Storage in groups, since a plan's file is written anew each time.

    What Storage has not heard of is marked so in the database: a crash or an unreachable Storage
    service only delays it.
    """

    def __init__(self, repository: JobsRepository, storage: StorageAPI) -> None:
        self._repository = repository
        self._storage = storage
        self._pending: set[str] = set()

    def note(self, job_id: str) -> None:
        """A video of this job failed for good, or was stored after all."""
        self._pending.add(job_id)

    async def run(self) -> None:
        """Report what was noted, every two seconds, until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL)
            for job_id in list(self._pending):
                await self.report(job_id)

    async def report(self, job_id: str) -> None:
        """Report everything of a job that Storage has not heard of."""
        self._pending.discard(job_id)
        try:
            while await self._report_some(job_id):
                pass
        except YTArchiveError as error:
            log.warning("the work plan of job {} has to wait: {}", job_id, error.message)
            self._pending.add(job_id)

    async def conclude(self, job_id: str) -> None:
        """Report what is left at the end of a job, and its final counts."""
        await self.report(job_id)
        head = await self._repository.head(job_id)
        if head is None or head.work_plan_id is None:
            return
        request = WorkPlanRequest(
            job_id=job_id, total_videos=head.total, successful_videos=head.good
        )
        try:
            await self._storage.create_work_plan(request)
        except YTArchiveError as error:
            log.warning("the work plan of job {} lacks its counts: {}", job_id, error.message)

    async def _report_some(self, job_id: str) -> bool:
        head = await self._repository.head(job_id)
        rows = await self._repository.unplanned(job_id, _AT_ONCE)
        planned_before = head is not None and head.work_plan_id is not None
        recovered = await self._repository.recovered(job_id) if planned_before else []
        if head is None or not (rows or recovered):
            return False
        request = WorkPlanRequest(
            job_id=job_id,
            unavailable_videos=[
                _unavailable(row, head.playlist_id)
                for row in rows
                if row["state"] == ResultStatus.UNAVAILABLE
            ],
            failed_downloads=[_failed(row) for row in rows if row["state"] == ResultStatus.FAILED],
            resolved_video_ids=recovered,
            total_videos=head.total,
            successful_videos=head.good,
        )
        with trace(head.trace_id):
            plan = await self._storage.create_work_plan(request)
        await self._repository.set_work_plan(job_id, plan.id)
        await self._repository.mark_planned(job_id, rows, recovered)
        return len(rows) == _AT_ONCE


def _unavailable(row: Row, playlist_id: str | None) -> UnavailableVideo:
    is_suspected = row["availability"] == AvailabilityState.SUSPECTED
    return UnavailableVideo(
        video_id=row["video_id"],
        title=row["title"] or None,
        reason=row["reason"] or "unavailable",
        detected_at=from_micros(row["finished_at"]),
        playlist_id=playlist_id,
        last_available=_moment(row["last_available"]),
        evidence=row["message"] or None,
        confirmed=not is_suspected,
        retry_after=_moment(row["next_check_at"]) if is_suspected else None,
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
        retry_after=_moment(row["next_attempt_at"] or None),
        waits_for=_condition(row),
    )


def _condition(row: Row) -> str | None:
    """What a parked video waits for: `waits_for` without the state that it was in."""
    return row["waits_for"] and str(row["waits_for"]).partition(" ")[0]


def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_micros(value)
