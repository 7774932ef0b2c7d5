"""Results of reads may be outdated when they are used: nothing is done or reported twice."""

import asyncio

import pytest

from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.jobs.peers import video_id
from ytarchive.common.database import Database, Parameters, Row
from ytarchive.jobs import JobStatus, ResultStatus


@pytest.fixture(autouse=True)
def late_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer of a database arrives some time after it was read, as on a loaded machine."""
    select = Database.select

    async def late(self: Database, sql: str, parameters: Parameters | None = None) -> list[Row]:
        rows = await select(self, sql, parameters)
        await asyncio.sleep(0.02)
        return rows

    monkeypatch.setattr(Database, "select", late)


async def test_each_video_is_archived_once_and_no_job_of_stored_videos_fails(
    workshop: Workshop,
) -> None:
    async with workshop.open() as jobs:
        alone = [await jobs.create_job(videos(video_id(number))) for number in range(20)]
        together = await jobs.create_job(videos(*(video_id(number) for number in range(20, 40))))
        done = [await ended(jobs, job.id) for job in [*alone, together]]

    assert {job.status for job in done} == {JobStatus.COMPLETED}
    assert {each.status for job in done for each in job.results} == {ResultStatus.SUCCESS}
    assert set(workshop.storage.saves.values()) == {1}
