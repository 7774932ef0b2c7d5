"""A damaged row of jobs.db neither stops the start nor a listing, and no job waits for it."""

from pathlib import Path

import pytest

from tests.damage import VALUES, columns, damaged_copies
from tests.unit.jobs.conftest import Workshop, ended, videos
from ytarchive.common.errors import Unavailable
from ytarchive.jobs import JobQuery, JobType, RetryJobs
from ytarchive.jobs.queue.repository import SCHEMA

GOOD, OTHER, GONE = "video-00001", "video-00002", "video-00003"


@pytest.fixture
async def queue(workshop: Workshop) -> Path:
    """A queue with a job that has ended, one that waits, and evidence of a video that is gone."""
    workshop.download.failures[GONE] = [Unavailable("private", reason="private")] * 9
    async with workshop.open() as jobs:
        done = await jobs.create_job(videos(GOOD, GONE))
        await ended(jobs, done.id)
    async with workshop.open(whole_queue=False) as jobs:
        await jobs.create_job(videos(OTHER))
    return workshop.state_path / "jobs.db"


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("table", sorted({table for table, _ in columns(SCHEMA)}))
async def test_no_damaged_value_stops_the_queue(
    workshop: Workshop, queue: Path, table: str, value: str
) -> None:
    for _ in damaged_copies(queue, SCHEMA, table, [value]):
        async with workshop.open() as jobs:
            fresh = await jobs.create_job(videos("video-00009"))
            assert (await ended(jobs, fresh.id)).status == "COMPLETED"
            for query in (JobQuery(), JobQuery(expand=True), JobQuery(type=JobType.VIDEO_DOWNLOAD)):
                listed = (await jobs.list_jobs(query)).items
                assert fresh.id in {job.id for job in listed}
            for job in listed:
                await ended(jobs, job.id)
            await jobs.registry.list_services()
            await jobs.retry_jobs(RetryJobs(dry_run=True))
