"""A job with many videos shows the first of them, and all on request."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.jobs.peers import video_id
from ytarchive.common.database import Database
from ytarchive.jobs import MAX_SHOWN, CreateJob, Job, JobQuery, JobType
from ytarchive.jobs.queue.repository import SCHEMA, JobsRepository
from ytarchive.jobs.queue.rows import stored_already


@pytest.fixture
async def jobs(tmp_path: Path) -> AsyncIterator[JobsRepository]:
    async with await Database.open(tmp_path / "jobs.db", SCHEMA) as database:
        yield JobsRepository(database)


async def finished(jobs: JobsRepository, ids: list[str]) -> Job:
    """Store a job whose videos all have a result, and return it as it was created."""
    created = await jobs.create(CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=ids), "trace")
    await jobs.prepare(created.id, [], [stored_already(each) for each in ids])
    return created


async def test_a_large_job_shows_its_first_thousand_videos(jobs: JobsRepository) -> None:
    ids = [video_id(number) for number in range(MAX_SHOWN + 1)]
    created = await finished(jobs, ids)
    [listed] = (await jobs.page(JobQuery())).items
    read = await jobs.job(created.id)
    assert read is not None
    for job in (created, listed, read):
        assert (job.video_ids, job.truncated) == (ids[:MAX_SHOWN], True)
        assert job.progress.total == len(ids)
    for job in (listed, read):
        assert [result.video_id for result in job.results] == ids[:MAX_SHOWN]


async def test_all_videos_of_a_large_job_are_shown_with_expand(jobs: JobsRepository) -> None:
    ids = [video_id(number) for number in range(MAX_SHOWN + 1)]
    created = await finished(jobs, ids)
    whole = await jobs.job(created.id, expand=True)
    none = await jobs.job(created.id, expand=False)
    assert whole is not None
    assert none is not None
    assert [result.video_id for result in whole.results] == whole.video_ids == ids
    assert (none.video_ids, none.results) == ([], [])
    assert (whole.truncated, none.truncated) == (False, False)


async def test_a_job_of_a_thousand_videos_is_shown_completely(jobs: JobsRepository) -> None:
    ids = [video_id(number) for number in range(MAX_SHOWN)]
    created = await finished(jobs, ids)
    read = await jobs.job(created.id)
    assert read is not None
    assert (created.truncated, read.truncated) == (False, False)
    assert len(read.video_ids) == len(read.results) == MAX_SHOWN
