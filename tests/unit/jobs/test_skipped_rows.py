"""Pages of the queue's lists go on past rows that cannot be read, and name them."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any, NamedTuple, cast

import pytest

from tests.unit.jobs.conftest import Workshop, ended, videos
from ytarchive.common.models import Page
from ytarchive.jobs import AvailabilityQuery, JobQuery, JobResultsAPI, ResultsQuery
from ytarchive.jobs.service import JobsService

ENTRIES = 6
IDS = [f"video-{number:05}" for number in range(ENTRIES)]

BROKEN = "{0} = CAST(CAST(substr({0}, 1, 3) AS BLOB) || x'ff' || substr({0}, 5) AS TEXT)"


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
    "jobs, by their ids": jobs(BROKEN.format("id")),
    "jobs with their videos": jobs(BROKEN.format("id"), expand=True),
    "jobs without their videos": jobs("created_at = 9223372036854775807", expand=False),
    "jobs of a type": jobs(BROKEN.format("id"), type="VIDEO_DOWNLOAD"),
    "jobs of a status": jobs("options = '['", status="COMPLETED"),
    "results, by their ids": results(BROKEN.format("video_id")),
    "results, by their states": results("state = 'unknown'"),
    "availability, by its ids": availability(BROKEN.format("video_id")),
    "availability, by its times": availability("first_seen = 9223372036854775807"),
}


async def through(
    listed: List, service: JobsService, job_id: str, limit: int
) -> tuple[list[str], list[str]]:
    """Follow the cursors to the end; what the items are, and the names of what is left out."""
    items: list[str] = []
    skipped: list[str] = []
    cursor: str | None = None
    for _ in range(3 * ENTRIES):
        page = await listed.page(service, job_id, limit, cursor)
        assert len(page.items) <= limit
        items += [item.model_dump_json() for item in page.items]
        skipped += page.skipped
        cursor = page.next_cursor
        if cursor is None:
            return items, skipped
    raise AssertionError(f"the list has no end: {items}")


@pytest.mark.parametrize("limit", [1, 2])
@pytest.mark.parametrize("damaged", [{0}, {ENTRIES - 1}, {1, 2, 3}, set(range(ENTRIES))], ids=str)
@pytest.mark.parametrize("name", LISTS)
async def test_pages_go_on_past_rows_that_cannot_be_read(
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
    with closing(sqlite3.connect(workshop.state_path / "jobs.db")) as database:
        order = f"SELECT {listed.key} FROM {listed.table} ORDER BY {listed.key}"
        keys = [key for (key,) in database.execute(order).fetchall()]
        assert len(keys) == ENTRIES
        for number in damaged:
            database.execute(
                f"UPDATE {listed.table} SET {listed.damage} WHERE {listed.key} = ?", [keys[number]]
            )
        database.commit()
    async with workshop.open(whole_queue=False) as service:
        items, skipped = await through(listed, service, job_id, limit)
    assert len(items) == len(set(items)) == ENTRIES - len(damaged)
    assert len(skipped) == len(set(skipped)) == len(damaged)
