"""Pages of Storage's lists skip unreadable rows, and name them."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from tests.skipped_rows import DAMAGED_ROWS, ENTRIES, all_pages, damage_rows, not_utf8
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


LISTS = {f"videos by {sort}": videos_by(sort) for sort in VideoSort} | {
    "plans, by their ids": plans(not_utf8("plan_id")),
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


@pytest.mark.parametrize("limit", [1, 2])
@DAMAGED_ROWS
@pytest.mark.parametrize("name", LISTS)
async def test_pages_skip_unreadable_rows(
    config: StorageConfig, name: str, damaged: set[int], limit: int
) -> None:
    listed = LISTS[name]
    await filled(config)
    database = config.state_path / listed.database
    damage_rows(database, listed.table, listed.key, listed.damage, damaged)
    storage = await StorageService.open(config)
    try:
        items, skipped = await all_pages(lambda cursor: listed.page(storage, limit, cursor), limit)
    finally:
        await storage.close()
    assert len(items) == len(set(items)) == ENTRIES - len(damaged)
    assert len(skipped) == len(set(skipped)) == len(damaged)
