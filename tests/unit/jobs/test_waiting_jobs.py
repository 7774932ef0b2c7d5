"""A job whose videos all wait is PENDING, with the reason; it is RUNNING again afterwards."""

from datetime import timedelta

import pytest

from tests.unit.jobs.conftest import Workshop, ended, held, videos
from tests.unit.jobs.peers import video_id
from tests.waiting import eventually, until
from ytarchive.common.errors import (
    BotCheck,
    LiveVideo,
    NetworkFailure,
    QuotaExceeded,
    RateLimited,
    ServiceUnavailable,
    YTArchiveError,
)
from ytarchive.common.models import utc_now
from ytarchive.jobs import Job, JobQuery, JobStatus, RetryJobs
from ytarchive.jobs.service import JobsService

ONE, TWO = video_id(1), video_id(2)
IN_AN_HOUR = utc_now() + timedelta(hours=1)


async def stored(jobs: JobsService, status: JobStatus) -> list[str]:
    """The jobs that the database has with a status."""
    return [job.id for job in (await jobs.list_jobs(JobQuery(status=status))).items]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (LiveVideo(), "live"),
        (QuotaExceeded(resets_at=IN_AN_HOUR.isoformat()), "quota_exceeded"),
        (NetworkFailure(), "network"),
        (ServiceUnavailable(), "service_unavailable"),
        (BotCheck(), "bot_check"),
        (RateLimited(), "rate_limited"),
    ],
)
async def test_a_job_whose_videos_all_wait_is_pending_with_the_reason(
    workshop: Workshop, error: YTArchiveError, reason: str
) -> None:
    settings = workshop.settings.jobs.model_copy(update={"retry_base": 600})
    workshop.settings = workshop.settings.model_copy(update={"jobs": settings})
    workshop.download.failures = {ONE: [error]}
    workshop.download.hold = {TWO}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(TWO, ONE))
        await until(lambda: set(workshop.download.started) == {ONE, TWO})
        running = await jobs.get_job(created.id)
        await workshop.download.end(workshop.download.task_of(TWO))
        waiting = await held(jobs, created.id)
        await eventually(lambda: _is_listed(jobs, created.id, JobStatus.PENDING))
        assert await stored(jobs, JobStatus.RUNNING) == []
        await jobs.retry_jobs(RetryJobs(reason=reason))
        await jobs.governor.resume_governor()
        job = await ended(jobs, created.id)

    assert running.status is JobStatus.RUNNING
    assert (waiting.status, waiting.progress.waiting_reason) == (JobStatus.PENDING, reason)
    assert job.status is JobStatus.COMPLETED


async def _is_listed(jobs: JobsService, job_id: str, status: JobStatus) -> bool:
    return job_id in await stored(jobs, status)


async def test_a_waiting_job_is_running_as_soon_as_a_video_starts(workshop: Workshop) -> None:
    workshop.download.failures = {ONE: [LiveVideo()]}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(ONE))
        await held(jobs, created.id)
        await eventually(lambda: _is_listed(jobs, created.id, JobStatus.PENDING))
        workshop.download.hold = {ONE}
        await jobs.retry_jobs(RetryJobs(reason="live"))
        await eventually(lambda: _is_listed(jobs, created.id, JobStatus.RUNNING))
        job = await jobs.get_job(created.id)
        assert await stored(jobs, JobStatus.PENDING) == []
    assert (job.status, job.progress.waiting_for) == (JobStatus.RUNNING, None)


async def test_a_job_that_no_process_works_on_is_pending(workshop: Workshop) -> None:
    workshop.download.hold = {ONE}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(ONE))
        await eventually(lambda: _is_listed(jobs, created.id, JobStatus.RUNNING))
    async with workshop.open(whole_queue=False) as jobs:
        job: Job = await jobs.get_job(created.id)

    assert job.status is JobStatus.PENDING
