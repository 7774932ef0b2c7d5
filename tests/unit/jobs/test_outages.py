"""Outages and pauses: work waits, reports the reason, and resumes automatically."""

import asyncio
from datetime import timedelta

import pytest

from tests.unit.jobs.conftest import Workshop, ended, held, videos
from tests.unit.jobs.peers import video_id
from tests.waiting import eventually, until
from ytarchive.common.errors import (
    ApiFailure,
    ApiRateLimited,
    BotCheck,
    ExtractorBroken,
    IpBlocked,
    MediaRefused,
    NetworkFailure,
    NoFormats,
    RateLimited,
    UnknownFailure,
    YTArchiveError,
)
from ytarchive.common.models import utc_now
from ytarchive.jobs import CreateJob, Job, JobStatus, JobType, PauseRequest, ResultStatus, RetryJobs
from ytarchive.jobs.service import JobsService

LIST = "PLmany"
MANY = 40
"""Failures in a row, far more than any job has retries."""

OUTAGES = [
    NetworkFailure("the name cannot be resolved"),
    ApiFailure("a web page came instead of the Data API's answer"),
    ApiRateLimited("fewer requests"),
]
BLOCKS = [BotCheck(), IpBlocked(), RateLimited()]


def listed(*, metadata_only: bool = False) -> CreateJob:
    kind = JobType.METADATA_ONLY if metadata_only else JobType.PLAYLIST_DOWNLOAD
    return CreateJob(type=kind, playlist_id=LIST)


async def waits_for(jobs: JobsService, job_id: str, reason: str) -> Job:
    """The job, once it waits for that reason."""

    async def waiting() -> Job | None:
        job = await jobs.get_job(job_id)
        return job if job.progress.waiting_reason == reason else None

    return await eventually(waiting)


@pytest.mark.parametrize("error", OUTAGES, ids=lambda each: each.code)
@pytest.mark.parametrize("restart", [False, True])
async def test_a_listing_waits_for_the_end_of_an_outage_however_long(
    workshop: Workshop, error: YTArchiveError, restart: bool
) -> None:
    workshop.metadata.playlists[LIST] = [video_id(n) for n in range(3)]
    workshop.metadata.failures[LIST] = error
    async with workshop.open() as jobs:
        created = await jobs.create_job(listed())
        await until(lambda: workshop.metadata.pages > 6)
        waiting = await held(jobs, created.id)
        if not restart:
            workshop.metadata.failures.clear()
            job = await ended(jobs, created.id)
    if restart:
        async with workshop.open() as jobs:
            assert (await held(jobs, created.id)).progress.listing
            workshop.metadata.failures.clear()
            await jobs.governor.resume_governor()
            job = await ended(jobs, created.id)

    assert error.message in (waiting.progress.waiting_for or "")
    assert waiting.progress.waiting_until is not None
    assert (job.status, job.progress.succeeded) == (JobStatus.COMPLETED, 3)
    assert workshop.storage.plans == {}


@pytest.mark.parametrize("error", OUTAGES, ids=lambda each: each.code)
async def test_a_download_waits_for_the_end_of_an_outage_without_attempts(
    workshop: Workshop, error: YTArchiveError
) -> None:
    workshop.download.failures = {video_id(1): [error] * 8}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(video_id(1), max_retries=0))
        waiting = await waits_for(jobs, created.id, error.reason)
        job = await ended(jobs, created.id)

    assert error.message in (waiting.progress.waiting_for or "")
    assert job.results[0].status is ResultStatus.SUCCESS
    assert job.results[0].attempts == 1
    assert workshop.storage.plans == {}


async def test_a_metadata_only_job_waits_for_the_end_of_an_outage(
    workshop: Workshop,
) -> None:
    workshop.metadata.failures[video_id(1)] = NetworkFailure("connection refused")
    async with workshop.open() as jobs:
        created = await jobs.create_job(
            CreateJob(type=JobType.METADATA_ONLY, video_ids=[video_id(1)])
        )
        await waits_for(jobs, created.id, "network")
        workshop.metadata.failures.clear()
        job = await ended(jobs, created.id)

    assert job.status is JobStatus.COMPLETED


@pytest.mark.parametrize("error", [ExtractorBroken(), NoFormats(), UnknownFailure()])
async def test_while_every_extraction_fails_no_video_fails_finally(
    workshop: Workshop, error: YTArchiveError
) -> None:
    ids = [video_id(n) for n in range(12)]
    workshop.download.failures = {each: [error] * MANY for each in ids}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(*ids, max_retries=3))
        await waits_for(jobs, created.id, "extraction_failing")
        for _ in range(4):
            asked = len(workshop.download.extracted)
            await jobs.governor.resume_governor()
            await until(lambda: len(workshop.download.extracted) > asked)  # noqa: B023  # called at once
            await waits_for(jobs, created.id, "extraction_failing")
        job = await jobs.get_job(created.id)
        assert job.progress.failed == 0
        workshop.download.failures.clear()
        await jobs.governor.resume_governor()
        job = await ended(jobs, created.id)

    assert job.progress.succeeded == len(ids)


async def test_while_all_media_are_refused_no_video_fails_finally(workshop: Workshop) -> None:
    """As on 17 August 2026: YouTube described the videos, and refused all their formats."""
    ids = [video_id(n) for n in range(12)]
    workshop.download.failures = {each: [MediaRefused("HTTP 403")] * MANY for each in ids}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(*ids, max_retries=3))
        waiting = await waits_for(jobs, created.id, "media_refused")
        for _ in range(4):
            tried = len(workshop.download.started)
            await jobs.governor.resume_governor()
            await until(lambda: len(workshop.download.started) > tried)  # noqa: B023  # called at once
            await waits_for(jobs, created.id, "media_refused")
        assert (await jobs.get_job(created.id)).progress.failed == 0
        assert workshop.download.extracted == []
        workshop.download.failures.clear()
        await jobs.governor.resume_governor()
        job = await ended(jobs, created.id)

    assert "6 videos in a row failed" in (waiting.progress.waiting_for or "")
    assert "ytarchive upgrade-ytdlp" in (waiting.progress.waiting_for or "")
    assert job.progress.succeeded == len(ids)


@pytest.mark.parametrize("reason", ["network", "bot_check", "ip_blocked"])
async def test_videos_that_wait_for_an_outage_are_retried_after_a_resume(
    workshop: Workshop, reason: str
) -> None:
    """By `resume` and by a retry for such a reason, although nothing has failed."""
    settings = workshop.settings.jobs.model_copy(update={"retry_base": 200})
    workshop.settings = workshop.settings.model_copy(update={"jobs": settings})
    workshop.metadata.failures[LIST] = NetworkFailure("no route")
    workshop.metadata.playlists[LIST] = [video_id(1)]
    workshop.download.failures = {video_id(2): [NetworkFailure("no route")]}
    async with workshop.open() as jobs:
        listing = await jobs.create_job(listed())
        single = await jobs.create_job(videos(video_id(2)))
        for job_id in (listing.id, single.id):
            waiting = await waits_for(jobs, job_id, "network")
            assert waiting.progress.waiting_until is not None
            assert waiting.progress.waiting_until - utc_now() > timedelta(minutes=1)
        workshop.metadata.failures.clear()
        if reason == "network":
            await jobs.governor.resume_governor()
        else:
            await jobs.retry_jobs(RetryJobs(reason=reason))
        done = [await ended(jobs, job_id) for job_id in (listing.id, single.id)]

    assert [job.status for job in done] == [JobStatus.COMPLETED] * 2


@pytest.mark.parametrize("error", BLOCKS, ids=lambda each: each.reason)
async def test_a_retry_for_a_block_probes_at_once_although_nothing_failed(
    workshop: Workshop, error: YTArchiveError
) -> None:
    workshop.download.failures = {video_id(1): [error]}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(video_id(1), video_id(2)))
        await waits_for(jobs, created.id, error.reason)
        counted = await jobs.retry_jobs(RetryJobs(reason=error.reason, dry_run=True))
        assert (await jobs.governor.get_governor()).state == "open"
        report = await jobs.retry_jobs(RetryJobs(reason=error.reason))
        job = await ended(jobs, created.id)
        nothing = await jobs.retry_jobs(RetryJobs(reason=error.reason))

    assert counted.resumed
    assert report.resumed
    assert not nothing.resumed
    assert job.progress.succeeded == 2


async def test_a_pause_stops_listings_lookups_and_downloads_until_it_is_resumed(
    workshop: Workshop,
) -> None:
    workshop.metadata.playlists[LIST] = [video_id(1)]
    async with workshop.open() as jobs:
        await jobs.governor.pause_governor(PauseRequest(reason="a backup runs"))
        created = [
            await jobs.create_job(listed()),
            await jobs.create_job(videos(video_id(2))),
            await jobs.create_job(listed(metadata_only=True)),
        ]
        for job in created:
            await waits_for(jobs, job.id, "paused")
    async with workshop.open() as jobs:
        for job in created:
            waiting = await waits_for(jobs, job.id, "paused")
            assert "ytarchive resume" in (waiting.progress.waiting_for or "")
            assert "a backup runs" in (waiting.progress.waiting_for or "")
        await asyncio.sleep(0.05)
        assert workshop.metadata.pages == 0
        assert workshop.metadata.batches == []
        assert workshop.download.started == []
        assert (await jobs.governor.resume_governor()).paused_at is None
        done = [await ended(jobs, job.id) for job in created]

    assert [job.status for job in done] == [JobStatus.COMPLETED] * 3


async def test_a_running_download_continues_during_a_pause(workshop: Workshop) -> None:
    workshop.download.hold = {video_id(1)}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(video_id(1)))
        await until(lambda: workshop.download.tasks)
        await jobs.governor.pause_governor()
        await workshop.download.end(workshop.download.task_of(video_id(1)))
        job = await ended(jobs, created.id)

    assert job.progress.succeeded == 1
