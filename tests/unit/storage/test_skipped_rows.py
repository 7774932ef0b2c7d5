"""Pages of Storage's lists go on past rows that cannot be read, and name them."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any, NamedTuple

import pytest

from tests.unit.storage.generated import make_archive, video_id
from tests.unit.storage.samples import metadata
from ytarchive.common.config import StorageConfig
from ytarchive.common.models import Page
from ytarchive.storage import (
    FindingKind,
    FindingQuery,
    SaveMetadata,
    SearchQuery,
    VideoQuery,
    VideoSort,
    WorkPlanQuery,
    WorkPlanRequest,
)
from ytarchive.storage.service import StorageService
from ytarchive.storage.verify.checks import FileProblem

ENTRIES = 6


class List(NamedTuple):
    """A list, the key of the table behind it, and a damage by which a row cannot be read."""

    table: str
    key: str
    damage: str
    page: Callable[[StorageService, int, str | None], Awaitable[Page[Any]]]
    database: str = "library.db"


def videos_by(sort: VideoSort) -> List:
    return List(
        "videos", "number", "missing = 'no JSON'",
        lambda it, limit, cursor: it.list_videos(
            VideoQuery(sort=sort, limit=limit, cursor=cursor)
        ),
    )  # fmt: skip


def plans(damage: str) -> List:
    return List(
        "work_plans", "plan_id", damage,
        lambda it, limit, cursor: it.plans.list_work_plans(
            WorkPlanQuery(limit=limit, cursor=cursor)
        ),
    )  # fmt: skip


BROKEN_ID = "CAST(CAST(substr({0}, 1, 3) AS BLOB) || x'ff' || substr({0}, 5) AS TEXT)"
LISTS = {f"videos by {sort}": videos_by(sort) for sort in VideoSort} | {
    "plans, by their ids": plans(f"plan_id = {BROKEN_ID.format('plan_id')}"),
    "plans, by their times": plans("created_at = 9223372036854775807"),
    "findings": List(
        "findings", "path", "kind = 'unknown'",
        lambda it, limit, cursor: it.verifier.list_findings(
            FindingQuery(limit=limit, cursor=cursor)
        ),
    ),
    "search": List(
        "videos", "number", "upload_date = 9223372036854775807",
        lambda it, limit, cursor: it.search.search(
            SearchQuery(query="words", limit=limit, cursor=cursor)
        ),
        "search.db",
    ),
}  # fmt: skip


async def filled(config: StorageConfig) -> None:
    await make_archive(config, ENTRIES)
    storage = await StorageService.open(config)
    for number in range(ENTRIES):
        described = metadata(video_id(number), f"Some words {number}")
        await storage.save_metadata(SaveMetadata(metadata=described))
        await storage.plans.create_work_plan(WorkPlanRequest(job_id=f"job-{number}"))
        problem = FileProblem("", f"videos/{number}", FindingKind.FOREIGN, "")
        await storage.verifier._findings.record([problem])
    await storage.search.catch_up()
    await storage.close()


async def through(listed: List, storage: StorageService, limit: int) -> tuple[list[str], list[str]]:
    """Follow the cursors to the end; what the items are, and the names of what is left out."""
    items: list[str] = []
    skipped: list[str] = []
    cursor: str | None = None
    for _ in range(3 * ENTRIES):
        page = await listed.page(storage, limit, cursor)
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
    config: StorageConfig, name: str, damaged: set[int], limit: int
) -> None:
    listed = LISTS[name]
    await filled(config)
    with closing(sqlite3.connect(config.state_path / listed.database)) as database:
        order = f"SELECT {listed.key} FROM {listed.table} ORDER BY {listed.key}"
        keys = [key for (key,) in database.execute(order).fetchall()]
        for number in damaged:
            database.execute(
                f"UPDATE {listed.table} SET {listed.damage} WHERE {listed.key} = ?", [keys[number]]
            )
        database.commit()
    storage = await StorageService.open(config)
    try:
        items, skipped = await through(listed, storage, limit)
    finally:
        await storage.close()
    assert len(items) == len(set(items)) == ENTRIES - len(damaged)
    assert len(skipped) == len(set(skipped)) == len(damaged)
