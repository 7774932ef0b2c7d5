"""Lists of stored videos: complete, in order, and read along an index."""

import functools
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.storage.samples import metadata
from tests.unit.storage.search.archives import describe
from ytarchive.common.archived_files import Role
from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Database, Parameters, Row, Writer
from ytarchive.common.errors import InvalidRequest
from ytarchive.storage import SortOrder, StoredVideo, VideoQuery, VideoSort
from ytarchive.storage.library import lists as lists_module
from ytarchive.storage.library.lists import VideoLists
from ytarchive.storage.library.repository import SCHEMA
from ytarchive.storage.library.rows import file_row, metadata_row
from ytarchive.storage.service import StorageService
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import Layout

COUNT = 60
KEYS: dict[VideoSort, Callable[[StoredVideo], Any]] = {
    VideoSort.STORED_AT: lambda video: video.stored_at,
    VideoSort.UPLOAD_DATE: lambda video: video.upload_date,
    VideoSort.TITLE: lambda video: video.title.lower(),
    VideoSort.DURATION: lambda video: video.duration,
    VideoSort.SIZE: lambda video: video.size_bytes,
    VideoSort.CHANNEL: lambda video: video.channel_title.lower(),
}
FILTERS: list[dict[str, Any]] = [
    {},
    {"channel": "channel 1"},
    {"channel": "UC2"},
    {"has_captions": True},
    {"has_captions": False},
    {"incomplete": True},
    {"incomplete": True, "channel": "UC2"},
    {"duration_min": 2, "duration_max": 4},
    {"duration_max": 1},
    {"uploaded_from": "2020-01-02", "uploaded_to": "2020-01-03"},
    {"uploaded_to": "2020-01-02", "has_captions": True, "channel": "Channel 1"},
]


def add(writer: Writer, number: int) -> None:
    """A video with many twins in every order; each fifth one has no metadata, so no dates."""
    video_id = f"{number:011}"
    path = f"videos/{video_id}/{video_id}"
    writer.execute(
        "upsert_media",
        {
            "video_id": video_id,
            "media_path": f"{path}.mp4",
            "quality": None,
            "stored_at": number // 7,
            "missing": None if number % 11 else '["captions:en"]',
            "profile": None,
        },
    )
    roles = ["media", "captions"] if number % 3 else ["media"]
    for role in roles:
        file = StoredFile(
            name=f"{path}.{role}", role=Role(role), format="x", size_bytes=number % 4, sha256=""
        )
        writer.execute("upsert_file", file_row(video_id, file.name, file))
    if number % 5:
        described = metadata(video_id, "aAbB"[number % 4]).model_copy(
            update={
                "channel_id": f"UC{number % 3}",
                "channel_title": f"Channel {number % 3}",
                "duration": number % 6 + 1,
                "upload_date": datetime(2020, 1, 1, 12, tzinfo=UTC) + timedelta(days=number % 4),
            }
        )
        writer.execute("upsert_metadata", metadata_row(described) | {"now": 1})


class Watched(Database):
    """Keeps the plan of every query."""

    plans: list[str]

    async def select(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        steps = await super().select(f"EXPLAIN QUERY PLAN {sql}", parameters)
        self.plans.append(" | ".join(row["detail"] for row in steps))
        return await super().select(sql, parameters)


@pytest.fixture
async def lists(tmp_path: Path) -> Any:
    layout = Layout.of(StorageConfig(base_path=tmp_path))
    async with await Watched.open(tmp_path / "library.db", SCHEMA) as database:
        database.plans = []
        for number in range(COUNT):
            await database.write(functools.partial(add, number=number))
        yield VideoLists(database, layout), database


async def pages(lists: VideoLists, query: VideoQuery) -> list[StoredVideo]:
    """All videos of a list, page by page."""
    page = await lists.page(query)
    videos = page.items
    while page.next_cursor is not None:
        assert len(page.items) == query.limit
        page = await lists.page(query.model_copy(update={"cursor": page.next_cursor}))
        videos += page.items
    return videos


@pytest.mark.parametrize("few", [0, 10_000])
@pytest.mark.parametrize("order", SortOrder)
@pytest.mark.parametrize("sort", VideoSort)
async def test_pages_have_every_video_once_and_in_order(
    lists: Any, sort: VideoSort, order: SortOrder, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the index of the order, and by those of the filters; with twins and unknown values."""
    monkeypatch.setattr(lists_module, "_FEW", few)
    found, _ = lists
    for asked in FILTERS:
        query = VideoQuery.model_validate({"sort": sort, "order": order, "limit": 7} | asked)
        videos = await pages(found, query)
        ids = [video.video_id for video in videos]
        whole = await found.page(query.model_copy(update={"limit": 500}))
        assert ids == [video.video_id for video in whole.items]
        assert sorted(ids) == sorted(expected(asked))
        keys = [KEYS[sort](video) for video in videos]
        known = [key for key in keys if key is not None]
        assert known == sorted(known, reverse=order is SortOrder.DESCENDING)
        assert keys[: len(known)] == known  # unknown values come last in both orders


def expected(asked: dict[str, Any]) -> set[str]:
    """The ids that a filter leaves, reckoned from the numbers."""
    known = {n for n in range(COUNT) if n % 5}
    kept = set(range(COUNT))
    if "channel" in asked:
        kept &= {n for n in known if str(n % 3) == asked["channel"][-1]}
    if "has_captions" in asked:
        kept &= {n for n in range(COUNT) if bool(n % 3) is asked["has_captions"]}
    if "incomplete" in asked:
        kept &= {n for n in range(COUNT) if not n % 11}
    if "duration_max" in asked:
        low, high = asked.get("duration_min", 0), asked["duration_max"]
        kept &= {n for n in known if low <= n % 6 + 1 <= high}
    if "uploaded_to" in asked:
        first, last = (int(asked.get(k, "1")[-1]) for k in ("uploaded_from", "uploaded_to"))
        kept &= {n for n in known if first <= n % 4 + 1 <= last}
    return {f"{n:011}" for n in kept}


@pytest.mark.parametrize("sort", VideoSort)
async def test_a_page_is_read_along_an_index(lists: Any, sort: VideoSort) -> None:
    """Nothing is sorted for it, unless a filter leaves so few videos that it costs nothing."""
    found, database = lists
    for order in SortOrder:
        database.plans.clear()
        await pages(found, VideoQuery(sort=sort, order=order, limit=20))
        assert all("USING INDEX videos_by_" in plan for plan in database.plans)
        assert not any("TEMP B-TREE" in plan for plan in database.plans)
        assert all(plan.startswith("SEARCH") for plan in database.plans[1:])
        assert any("rowid" in plan for plan in database.plans)


async def test_videos_stored_meanwhile_do_not_shift_others(lists: Any) -> None:
    found, database = lists
    query = VideoQuery(sort=VideoSort.TITLE, order=SortOrder.ASCENDING, limit=10)
    seen: list[str] = []
    chance = random.Random(1)
    for round_number in range(COUNT):
        page = await found.page(query)
        seen += [video.video_id for video in page.items]
        new = COUNT + round_number
        if chance.random() < 0.5:
            await database.write(functools.partial(add, number=new))
        if page.next_cursor is None:
            break
        query = query.model_copy(update={"cursor": page.next_cursor})
    assert len(seen) == len(set(seen))
    assert {f"{n:011}" for n in range(COUNT)} <= set(seen)


async def test_cursors_of_other_lists_are_refused(lists: Any) -> None:
    found, _ = lists
    query = VideoQuery(limit=5)
    cursor = (await found.page(query)).next_cursor
    for other in (
        VideoQuery(sort=VideoSort.TITLE, cursor=cursor),
        VideoQuery(has_captions=True, cursor=cursor),
        VideoQuery(cursor="nonsense"),
        VideoQuery(cursor="W10"),
        VideoQuery(cursor="é"),
    ):
        with pytest.raises(InvalidRequest, match="cursor"):
            await found.page(other)
    assert len((await found.page(VideoQuery(limit=9, cursor=cursor))).items) == 9


async def test_videos_without_media_are_not_listed(storage: StorageService) -> None:
    await describe(storage, "dQw4w9WgXcQ", "Only described")
    assert (await storage.list_videos(VideoQuery())).items == []
