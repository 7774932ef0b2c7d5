"""A damaged row of library.db or search.db stops nothing: the others are read, and it is named."""

import pytest

from tests.damage import columns, damage, damaged_copies
from tests.unit.storage.samples import OTHER, VIDEO, flip_byte
from tests.unit.storage.test_odd_files import bounded, filled
from tests.unit.storage.test_verify import ended, found
from ytarchive.common.config import StorageConfig
from ytarchive.storage import (
    FindingKind,
    PassState,
    SearchQuery,
    VideoQuery,
    VideoSort,
    WorkPlanQuery,
    rebuild_library,
)
from ytarchive.storage.library.repository import SCHEMA
from ytarchive.storage.search.index import SCHEMA as SEARCH
from ytarchive.storage.service import StorageService


async def used(config: StorageConfig) -> set[str]:
    """Read everything in pages of one; the videos that every listing has."""
    storage = await StorageService.open(config)
    try:
        listed = [await pages(storage, sort) for sort in VideoSort]
        await storage.search.search(SearchQuery(query="title"))
        for plan in (await storage.plans.list_work_plans(WorkPlanQuery())).items:
            await storage.plans.get_work_plan(plan.id)
        for video_id in (VIDEO, OTHER):
            await storage.video_exists(video_id)
        await storage.get_stats()
        assert (await ended(storage)).state is PassState.COMPLETE
        await found(storage)
        return set.intersection(*listed)
    finally:
        await storage.close()


async def pages(storage: StorageService, sort: VideoSort) -> set[str]:
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(9):
        page = await storage.list_videos(VideoQuery(sort=sort, limit=1, cursor=cursor))
        seen += [video.video_id for video in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return set(seen)
    raise AssertionError(f"the list has no end: {seen}")


@pytest.mark.parametrize("table", sorted({table for table, _ in columns(SCHEMA)}))
async def test_no_damaged_value_of_the_library_stops_anything(
    config: StorageConfig, table: str
) -> None:
    await filled(config)
    storage = await StorageService.open(config)
    flip_byte(config.base_path / "videos" / VIDEO / f"{VIDEO}.mp4")
    assert (await ended(storage)).findings == {FindingKind.DAMAGED: 1}
    await storage.close()
    for damaged in damaged_copies(config.state_path / "library.db", SCHEMA, table):
        assert await bounded(used(config)) & {VIDEO, OTHER}, damaged
    await bounded(rebuild_library(config))
    assert await bounded(used(config)) == {VIDEO, OTHER}


@pytest.mark.parametrize("table", sorted({table for table, _ in columns(SEARCH)}))
async def test_no_damaged_value_of_the_search_index_stops_anything(
    config: StorageConfig, table: str
) -> None:
    await filled(config)
    storage = await StorageService.open(config)
    await storage.search.catch_up()
    await storage.close()
    for damaged in damaged_copies(config.state_path / "search.db", SEARCH, table):
        assert await bounded(used(config)) == {VIDEO, OTHER}, damaged


@pytest.mark.parametrize("table", ["videos", "files"])
async def test_verify_checks_the_other_videos_and_reports_a_damaged_id(
    config: StorageConfig, table: str
) -> None:
    await filled(config)
    assert damage(config.state_path / "library.db", table, "video_id", "not UTF-8")
    storage = await StorageService.open(config)
    try:
        verification = await ended(storage)
        assert verification.state is PassState.COMPLETE
        assert (verification.videos_total, verification.videos_checked >= 1) == (2, True)
        assert verification.findings[FindingKind.UNREADABLE_ROW] >= 1
        rows = [path for path in await found(storage) if path.startswith("library.db: ")]
        assert rows
    finally:
        await storage.close()
    await rebuild_library(config)
    again = await StorageService.open(config)
    try:
        verification = await ended(again)
        assert (verification.findings, verification.videos_checked) == ({}, 2)
    finally:
        await again.close()
