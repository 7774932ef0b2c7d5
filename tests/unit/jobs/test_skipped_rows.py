"""Pages of the queue's lists skip unreadable rows, and name them."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, cast

import pytest

from tests.skipped_rows import DAMAGED_ROWS, ENTRIES, all_pages, damage_rows, not_utf8
from tests.unit.jobs.conftest import Workshop, ended, videos
from ytarchive.common.models import Page
from ytarchive.jobs import AvailabilityQuery, JobQuery, JobResultsAPI, ResultsQuery
from ytarchive.jobs.service import JobsService

IDS = [f"video-{number:05}" for number in range(ENTRIES)]


class List(NamedTuple):
    """A list, the table behind it, and a damage by which a row of it cannot be read."""

    table: str
    key: str
    damage: str
    page: Callable[[JobsService, str, int, str | None], Awaitable[Page[Any]]]


def jobs(damage: str, **query: Any) -> List:
    return List(
        "jobs", "id", damage,
        lambda it, _, limit, cursor: it.list_jobs(JobQuery(limit=limit, cursor=cursor, **query)),
    )  # fmt: skip


def results(damage: str) -> List:
    def page(it: JobsService, job_id: str, limit: int, cursor: str | None) -> Awaitable[Page[Any]]:
        subject = cast("JobResultsAPI", it.subjects()[JobResultsAPI])
        return subject.list_results(job_id, ResultsQuery(limit=limit, cursor=cursor))

    return List("job_videos", "video_id", damage, page)


def availability(damage: str) -> List:
    return List(
        "availability", "video_id", damage,
        lambda it, _, limit, cursor: it.availability.list_availability(
            AvailabilityQuery(limit=limit, cursor=cursor)
        ),
    )  # fmt: skip


LISTS = {
    "jobs, by their ids": jobs(not_utf8("id")),
    "jobs with their videos": jobs(not_utf8("id"), expand=True),
    "jobs without their videos": jobs("created_at = 9223372036854775807", expand=False),
    "jobs of a type": jobs(not_utf8("id"), type="VIDEO_DOWNLOAD"),
    "jobs of a status": jobs("options = '['", status="COMPLETED"),
    "results, by their ids": results(not_utf8("video_id")),
    "results, by their states": results("state = 'unknown'"),
    "availability, by its ids": availability(not_utf8("video_id")),
    "availability, by its times": availability("first_seen = 9223372036854775807"),
}


@pytest.mark.parametrize("limit", [1, 2])
@DAMAGED_ROWS
@pytest.mark.parametrize("name", LISTS)
async def test_pages_skip_unreadable_rows(
    workshop: Workshop, name: str, damaged: set[int], limit: int
) -> None:
    listed = LISTS[name]
    job_id = ""
    async with workshop.open() as service:
        if listed.table == "availability":
            await service._guards.ledger.seen_missing(IDS, "not listed")
        wanted = [[each] for each in IDS] if listed.table == "jobs" else [IDS]
        for ids in wanted:
            job_id = (await service.create_job(videos(*ids))).id
            await ended(service, job_id)
    database = workshop.state_path / "jobs.db"
    damage_rows(database, listed.table, listed.key, listed.damage, damaged)
    async with workshop.open(whole_queue=False) as service:
        items, skipped = await all_pages(
            lambda cursor: listed.page(service, job_id, limit, cursor), limit
        )
    assert len(items) == len(set(items)) == ENTRIES - len(damaged)
    assert len(skipped) == len(set(skipped)) == len(damaged)
