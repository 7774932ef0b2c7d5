"""Pages of a job's results, in process and over HTTP."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import Reach
from tests.unit.jobs.peers import video_id
from ytarchive.common.database import Database
from ytarchive.common.errors import InvalidIdentifier, NotFound
from ytarchive.common.identifiers import new_id
from ytarchive.jobs import (
    CreateJob,
    JobResult,
    JobResultsAPI,
    JobType,
    ResultsQuery,
    ResultStatus,
)
from ytarchive.jobs.queue.repository import SCHEMA, JobsRepository
from ytarchive.jobs.queue.rows import Outcome
from ytarchive.jobs.results.service import JobResultsService

IDS = [video_id(number) for number in (5, 3, 4, 1, 2)]
FAILED = IDS[1::2]


@pytest.fixture
async def repository(tmp_path: Path) -> AsyncIterator[JobsRepository]:
    async with await Database.open(tmp_path / "jobs.db", SCHEMA) as database:
        yield JobsRepository(database)


@pytest.fixture
async def job_id(repository: JobsRepository) -> str:
    request = CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=[*IDS, video_id(6)])
    job = await repository.create(request, "trace")
    for each in IDS:
        status = ResultStatus.FAILED if each in FAILED else ResultStatus.SUCCESS
        result = JobResult(video_id=each, status=status)
        await repository.set_result(job.id, Outcome(result))
    return job.id


@pytest.fixture
async def results(reach: Reach[Any], repository: JobsRepository) -> JobResultsAPI:
    found: JobResultsAPI = await reach(JobResultsAPI, JobResultsService(repository))
    return found


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
async def test_pages_have_every_result_once_in_the_order_of_the_job(
    results: JobResultsAPI, job_id: str, limit: int
) -> None:
    found, cursor = [], None
    for _ in itertools.count():
        page = await results.list_results(job_id, ResultsQuery(limit=limit, cursor=cursor))
        found += [result.video_id for result in page.items]
        assert len(page.items) <= limit
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == IDS


async def test_results_of_one_status_are_paged(results: JobResultsAPI, job_id: str) -> None:
    query = ResultsQuery(status=ResultStatus.FAILED, limit=1)
    first = await results.list_results(job_id, query)
    assert [result.video_id for result in first.items] == FAILED[:1]
    rest = await results.list_results(
        job_id, query.model_copy(update={"cursor": first.next_cursor, "limit": 10})
    )
    assert [result.video_id for result in rest.items] == FAILED[1:]
    assert rest.next_cursor is None


async def test_results_of_an_unknown_job_are_not_found(results: JobResultsAPI) -> None:
    with pytest.raises(NotFound):
        await results.list_results(new_id(), ResultsQuery())


def test_a_cursor_that_is_no_video_is_refused() -> None:
    with pytest.raises(InvalidIdentifier):
        ResultsQuery.model_validate({"cursor": "../x"})
