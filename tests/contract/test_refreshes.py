"""Refreshes, versions and lost videos, in process and over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from tests.contract.conftest import Reach
from tests.unit.storage.samples import OTHER, VIDEO, metadata, save_request, stage
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import InvalidRequest, NotFound
from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import to_micros, utc_now
from ytarchive.storage import (
    DueQuery,
    HistoryAPI,
    HistoryEntry,
    HistoryKind,
    LostQuery,
    RefreshAnswer,
    RefreshesAPI,
    UsedBudget,
    Verdict,
    rebuild_library,
)
from ytarchive.storage.refreshes.schedule import next_refresh
from ytarchive.storage.service import StorageService

DAY = timedelta(days=1)
STORED = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Archive:
    """A storage service with the contracts under test."""

    storage: StorageService
    refreshes: RefreshesAPI
    history: HistoryAPI


@pytest.fixture
def config(tmp_path: Path) -> StorageConfig:
    return StorageConfig(base_path=tmp_path / "archive")


@pytest.fixture
async def archive(reach: Reach[Any], config: StorageConfig) -> AsyncIterator[Archive]:
    storage = await StorageService.open(config)
    for video_id in (VIDEO, OTHER):
        await storage.save_video(save_request(stage(config, video_id), video_id))
    found = storage.subjects()
    yield Archive(
        storage,
        cast("RefreshesAPI", await reach(RefreshesAPI, found[RefreshesAPI])),
        cast("HistoryAPI", await reach(HistoryAPI, found[HistoryAPI])),
    )
    await storage.close()


async def make_due(archive: Archive, video_id: str, since: datetime) -> None:
    values = {"video_id": video_id, "refresh_at": to_micros(since)}
    await archive.storage._database.execute("plan_refresh", values)


def answer(**fields: Any) -> RefreshAnswer:
    known = metadata().model_dump() | {"fetched_at": utc_now(), "source": "yt-dlp"}
    return RefreshAnswer(metadata=VideoMetadata.model_validate(known | fields))


@pytest.mark.parametrize(
    ("refreshed", "expected"),
    [
        (timedelta(0), STORED + DAY),
        (1.1 * DAY, STORED + 7 * DAY),
        (6.9 * DAY, STORED + 7 * DAY),
        (8 * DAY, STORED + 30 * DAY),
        (30.5 * DAY, STORED + 395.5 * DAY),
        (400 * DAY, STORED + 765 * DAY),
    ],
)
def test_refreshes_follow_a_day_a_week_and_a_month_after_storing_and_then_yearly(
    refreshed: timedelta, expected: datetime
) -> None:
    assert next_refresh(STORED, STORED + refreshed) == expected


async def test_a_stored_video_is_due_after_a_day_and_again_as_the_schedule_says(
    archive: Archive,
) -> None:
    before = await archive.refreshes.get_due(DueQuery())
    assert before.video_ids == []
    assert before.next_at is not None
    assert abs(before.next_at - utc_now() - DAY) < timedelta(hours=1)
    await make_due(archive, VIDEO, utc_now() - DAY)
    assert (await archive.refreshes.get_due(DueQuery())).video_ids == [VIDEO]
    recorded = await archive.refreshes.record_refresh(VIDEO, answer())
    assert recorded.next_at is not None
    assert abs(recorded.next_at - utc_now() - DAY) < timedelta(hours=1)
    assert (await archive.refreshes.get_due(DueQuery())).video_ids == []


async def test_both_the_longest_and_the_shortest_overdue_videos_are_next(archive: Archive) -> None:
    await make_due(archive, VIDEO, utc_now() - DAY)
    await make_due(archive, OTHER, utc_now() - 400 * DAY)
    assert set((await archive.refreshes.get_due(DueQuery(limit=2))).video_ids) == {VIDEO, OTHER}
    assert (await archive.refreshes.get_due(DueQuery(limit=1))).video_ids == [OTHER]
    assert (await archive.refreshes.get_due(DueQuery(limit=0))).video_ids == []


async def test_versions_numbers_and_incomplete_answers_are_shown(archive: Archive) -> None:
    await archive.refreshes.record_refresh(VIDEO, answer(view_count=5, like_count=1))
    changed = answer(title="New", description="Described\nbriefly", view_count=6)
    recorded = await archive.refreshes.record_refresh(VIDEO, changed)
    assert (recorded.verdict, recorded.changed) == (Verdict.CHANGED, ["title", "description"])
    lesser = await archive.refreshes.record_refresh(VIDEO, answer(title="New", duration=None))
    assert (lesser.verdict, lesser.lacks) == (Verdict.INCOMPLETE, ["duration"])
    assert lesser.next_at is not None
    assert lesser.next_at < utc_now() + 1.1 * DAY
    same = changed.metadata
    assert same is not None
    again = await archive.refreshes.record_refresh(VIDEO, RefreshAnswer(metadata=same))
    assert (again.verdict, again.changed) == (Verdict.UNCHANGED, [])

    found = await archive.history.get_versions(VIDEO)
    assert [each.title for each in found.versions] == ["A title", "New"]
    title, description = found.versions[1].changes
    assert (title.before, title.after, title.diff) == ("A title", "New", None)
    assert description.diff is not None
    assert description.diff.splitlines()[-3:] == [" Described", "-at length", "+briefly"]
    assert [(each.views, each.likes) for each in found.counts] == [(5, 1), (6, 1)]
    assert [each.lacks for each in found.incomplete] == [["duration"]]


async def test_a_video_without_changes_has_one_version(archive: Archive) -> None:
    await archive.refreshes.record_refresh(VIDEO, answer())
    found = await archive.history.get_versions(VIDEO)
    assert [(each.title, each.changes) for each in found.versions] == [("A title", [])]


async def test_nothing_is_known_or_refreshed_of_a_video_that_is_not_stored(
    archive: Archive,
) -> None:
    with pytest.raises(NotFound):
        await archive.history.get_versions("zzzzzzzzzzz")
    with pytest.raises(NotFound):
        await archive.refreshes.record_refresh("zzzzzzzzzzz", RefreshAnswer())


async def test_the_budget_of_a_day_is_counted(archive: Archive) -> None:
    await archive.refreshes.use_budget(UsedBudget(requests=2))
    await archive.refreshes.use_budget(UsedBudget(requests=1, units=3))
    due = await archive.refreshes.get_due(DueQuery())
    assert (due.requests_today, due.units_today) == (3, 3)


def evidence(state: str, reason: str | None, since: datetime) -> HistoryEntry:
    data = {"state": state, "reason": reason, "first_seen": since.isoformat(), "evidence": "x"}
    return HistoryEntry(kind=HistoryKind.AVAILABILITY, time=utc_now(), data=data)


LOST = [("unavailable", "private"), ("unavailable", "deleted"), ("unavailable", "unavailable")]
NOT_LOST = [
    ("suspected", "unavailable"),
    ("unavailable", "age_restricted"),
    ("unavailable", "region_blocked"),
    ("unavailable", "members_only"),
    ("unavailable", "upcoming"),
    ("available", None),
]


@pytest.mark.parametrize(("state", "reason"), [*LOST, *NOT_LOST])
async def test_only_confirmed_losses_are_listed(
    archive: Archive, state: str, reason: str | None
) -> None:
    await archive.history.add_history(VIDEO, evidence(state, reason, STORED))
    await archive.history.add_history("zzzzzzzzzzz", evidence(state, reason, STORED))
    page = await archive.refreshes.list_lost(LostQuery())
    found = [(each.video_id, each.reason, each.lost_since) for each in page.items]
    assert found == ([(VIDEO, reason, STORED)] if (state, reason) in LOST else [])


async def test_a_video_that_is_available_again_is_not_lost_and_is_refreshed_soon(
    archive: Archive,
) -> None:
    await archive.history.add_history(VIDEO, evidence("unavailable", "private", STORED))
    await archive.history.add_history(VIDEO, evidence("available", None, STORED))
    assert (await archive.refreshes.list_lost(LostQuery())).items == []
    assert (await archive.refreshes.get_due(DueQuery())).video_ids == [VIDEO]
    states = (await archive.history.get_versions(VIDEO)).availability
    assert [each.state for each in states] == ["unavailable", "available"]


async def test_lost_videos_are_listed_in_pages_the_newest_loss_first(archive: Archive) -> None:
    await archive.history.add_history(VIDEO, evidence("unavailable", "private", STORED))
    await archive.history.add_history(OTHER, evidence("unavailable", "deleted", STORED + DAY))
    first = await archive.refreshes.list_lost(LostQuery(limit=1))
    assert [each.video_id for each in first.items] == [OTHER]
    second = await archive.refreshes.list_lost(LostQuery(limit=1, cursor=first.next_cursor))
    assert [each.video_id for each in second.items] == [VIDEO]
    assert second.next_cursor is None
    with pytest.raises(InvalidRequest):
        await archive.refreshes.list_lost(LostQuery(cursor="W10"))


async def test_versions_losses_and_due_times_survive_the_loss_of_the_databases(
    archive: Archive, config: StorageConfig
) -> None:
    await archive.refreshes.record_refresh(VIDEO, answer(view_count=5))
    await archive.refreshes.record_refresh(VIDEO, answer(title="New", view_count=5))
    await archive.history.add_history(OTHER, evidence("unavailable", "deleted", STORED))
    before = await archive.history.get_versions(VIDEO)
    await archive.storage.close()
    for database in (config.base_path / ".ytarchive").glob("*.db*"):
        database.unlink()
    await rebuild_library(config)
    storage = await StorageService.open(config)
    try:
        found = storage.subjects()
        refreshes = cast("RefreshesAPI", found[RefreshesAPI])
        history = cast("HistoryAPI", found[HistoryAPI])
        assert await history.get_versions(VIDEO) == before
        assert [each.title for each in before.versions] == ["A title", "New"]
        lost = await refreshes.list_lost(LostQuery())
        assert [(each.video_id, each.reason) for each in lost.items] == [(OTHER, "deleted")]
        due = await refreshes.get_due(DueQuery())
        assert due.video_ids == []
        assert due.next_at is not None
        assert abs(due.next_at - utc_now() - DAY) < timedelta(hours=1)
    finally:
        await storage.close()


async def test_a_torn_last_line_hides_no_version(archive: Archive, config: StorageConfig) -> None:
    for title in ("First", "Second"):
        await archive.refreshes.record_refresh(VIDEO, answer(title=title))
    path = config.base_path / "metadata/history" / f"{VIDEO}.jsonl"
    with path.open("ab") as file:
        file.write(b'{"kind":"version","time":"2026-')
    await archive.refreshes.record_refresh(VIDEO, answer(title="Third"))
    titles = [each.title for each in (await archive.history.get_versions(VIDEO)).versions]
    assert titles == ["First", "Second", "Third"]
