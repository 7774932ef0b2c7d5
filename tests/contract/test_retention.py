"""The contracts of the retention and of the origins, in process and over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import Reach
from tests.unit.jobs.peers import video_id
from tests.unit.retention.keeping import CHANNEL, PLAYLIST, UPLOADS, Kept
from ytarchive.common.errors import Conflict, InvalidRequest, NotFound
from ytarchive.jobs import HeldVideosQuery, OriginsAPI, RequestedQuery
from ytarchive.retention import (
    KeptReason,
    RemovalsQuery,
    RetentionAPI,
    RetentionLimit,
    RetentionRequest,
    RetentionRule,
    RunRetention,
)


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    async with Kept(tmp_path).open() as opened:
        yield opened


@pytest.fixture
async def api(reach: Reach[Any], kept: Kept) -> RetentionAPI:
    api: RetentionAPI = await reach(RetentionAPI, kept.retention)
    return api


async def test_nothing_is_removed_without_a_rule(api: RetentionAPI, kept: Kept) -> None:
    await kept.follow(CHANNEL, 1)
    assert await api.list_retention() == []
    for asked in (api.preview_retention(RetentionRequest()), api.run_retention(RunRetention())):
        with pytest.raises(InvalidRequest, match="no retention rule is set"):
            await asked
    assert (await api.run_retention(RunRetention(due=True))).removed == []
    with pytest.raises(NotFound, match="has no retention rule"):
        await api.clear_retention(CHANNEL)
    with pytest.raises(NotFound, match="is not followed"):
        await api.set_retention(PLAYLIST, RetentionRule(max_videos=1))


async def test_a_run_needs_a_preview_of_the_same_rules(api: RetentionAPI, kept: Kept) -> None:
    await kept.follow(CHANNEL, 1, 2, 3)
    rule = RetentionRule(max_videos=1, max_bytes=10**9)
    made = await api.set_retention(CHANNEL, rule)
    assert (made.rule, made.is_applied, made.title) == (rule, False, "A channel")
    with pytest.raises(Conflict, match="retention preview"):
        await api.run_retention(RunRetention())
    await api.preview_retention(RetentionRequest(subscription=CHANNEL))
    await api.set_retention(CHANNEL, RetentionRule(max_videos=2))
    with pytest.raises(Conflict, match="retention preview"):
        await api.run_retention(RunRetention(subscription=CHANNEL))
    assert (await api.run_retention(RunRetention(due=True))).removed == []
    assert await kept.stored() == [1, 2, 3]
    previewed = await api.preview_retention(RetentionRequest())
    report = await api.run_retention(RunRetention())
    assert report.removed == previewed.removed
    assert report.removed_bytes == previewed.removed_bytes > 0
    [state] = await api.list_retention()
    assert state.is_applied
    assert state.last_run_at is not None
    assert not (await api.set_retention(CHANNEL, rule)).is_applied
    assert (await api.clear_retention(CHANNEL)).rule == rule
    assert await api.list_retention() == []


async def test_a_preview_names_what_is_removed_and_why_the_rest_is_kept(
    api: RetentionAPI, kept: Kept
) -> None:
    channel = await kept.follow(CHANNEL, 1, 2, 3, 4)
    await kept.download(1)
    await api.set_retention(CHANNEL, RetentionRule(max_videos=1))
    preview = await api.preview_retention(RetentionRequest())
    assert [each.video_id for each in preview.removed] == [video_id(2), video_id(3)]
    first = preview.removed[0]
    assert (first.limit, first.reason) == (RetentionLimit.MAX_VIDEOS, "not among the newest 1")
    assert first.subscription_ids == [channel]
    assert {each.reason: each.example for each in preview.kept} == {
        KeptReason.REQUESTED: video_id(1),
        KeptReason.WITHIN_LIMITS: video_id(4),
    }
    assert preview.kept_bytes == preview.removed_bytes
    assert await kept.stored() == [1, 2, 3, 4]


async def test_removals_are_listed_with_subscription_and_rule(
    api: RetentionAPI, kept: Kept
) -> None:
    channel = await kept.follow(CHANNEL, 1, 2, 3)
    await kept.apply(channel, max_videos=1)
    first = await api.list_removals(RemovalsQuery(limit=1))
    second = await api.list_removals(RemovalsQuery(limit=1, cursor=first.next_cursor))
    found = [*first.items, *second.items]
    assert [each.video_id for each in found] == [video_id(2), video_id(1)]
    assert {(e.subscription_id, e.subscription_title, e.reason) for e in found} == {
        (channel, "A channel", "not among the newest 1")
    }
    assert second.next_cursor is None


async def test_origins_name_all_lists_and_requests(reach: Reach[Any], kept: Kept) -> None:
    origins: OriginsAPI = await reach(OriginsAPI, kept.of(OriginsAPI))
    await kept.follow(CHANNEL, 1, 2)
    await kept.follow(PLAYLIST, 2)
    await kept.download(1)
    page = await origins.list_held(UPLOADS, HeldVideosQuery(limit=1))
    [first] = page.items
    assert (first.video_id, first.is_requested, first.list_ids) == (video_id(1), True, [UPLOADS])
    page = await origins.list_held(UPLOADS, HeldVideosQuery(cursor=page.next_cursor))
    [second] = page.items
    assert (second.is_requested, sorted(second.list_ids)) == (False, [PLAYLIST, UPLOADS])
    assert second.stored_at is not None
    asked = RequestedQuery(video_ids=[video_id(1), video_id(2)])
    assert (await origins.find_requested(asked)).video_ids == [video_id(1)]


@pytest.mark.parametrize("fields", [{}, {"max_videos": 0}, {"max_age_days": 0}], ids=str)
def test_a_rule_without_a_limit_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"limit|greater"):
        RetentionRule(**fields)
