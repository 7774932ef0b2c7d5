"""Cancels named jobs, all open jobs, or old open jobs."""

import asyncio
import itertools
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from ytarchive.common.errors import Conflict
from ytarchive.common.models import every_item
from ytarchive.discovery import Archive
from ytarchive.jobs import Job, JobQuery, JobStatus


class CancelReport(BaseModel):
    """The jobs that a command cancelled or would cancel."""

    dry_run: bool
    jobs: list[str] = Field(description="Ids, newest first")


async def cancel_open(
    archive: Archive, created_before: datetime | None, *, dry_run: bool
) -> CancelReport:
    """Cancel all open jobs, or those created before a time. Jobs that end meanwhile are skipped."""
    chosen = [
        job.id
        for job in await open_jobs(archive)
        if created_before is None or job.created_at < created_before
    ]
    done = chosen if dry_run else await _cancel(archive, chosen)
    return CancelReport(dry_run=dry_run, jobs=done)


async def open_jobs(archive: Archive) -> list[Job]:
    """Return the jobs that have not ended, newest first."""
    found: list[Job] = []
    for status in (JobStatus.PENDING, JobStatus.RUNNING):
        query = JobQuery(status=status, limit=500, expand=False)
        found += [job async for job in every_item(archive.jobs.list_jobs, query)]
    # A job may change between the two lists.
    return sorted({job.id: job for job in found}.values(), key=lambda job: job.id, reverse=True)


async def _cancel(archive: Archive, job_ids: Sequence[str]) -> list[str]:
    async def cancel(job_id: str) -> bool:
        try:
            await archive.jobs.cancel_job(job_id)
        except Conflict:
            return False
        return True

    were_open = await asyncio.gather(*map(cancel, job_ids))
    return list(itertools.compress(job_ids, were_open))
