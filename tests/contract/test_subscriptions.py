"""The contract of the subscriptions, in process and over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import Reach
from tests.unit.subscriptions.following import CHANNEL, PLAYLIST, UPLOADS, Following
from ytarchive.common.errors import Conflict, InvalidRequest, NotFound, SourceGone
from ytarchive.jobs import JobOptions, VideoFilter
from ytarchive.subscriptions import (
    EditSubscription,
    FirstCheck,
    ImportSubscriptions,
    PreviewRequest,
    Schedule,
    Subscribe,
    SubscriptionsAPI,
    SubscriptionsQuery,
    SubscriptionState,
)


@pytest.fixture
def following(tmp_path: Path) -> Following:
    return Following(tmp_path)


@pytest.fixture
async def api(reach: Reach[Any], following: Following) -> AsyncIterator[SubscriptionsAPI]:
    async with following.open() as opened:
        yield await reach(SubscriptionsAPI, opened)


async def test_a_channel_is_followed_by_its_uploads_list(api: SubscriptionsAPI) -> None:
    made = await api.subscribe(Subscribe(source=CHANNEL))
    assert (made.source, made.list_id, made.title) == (CHANNEL, UPLOADS, "A channel")
    assert (made.state, made.first) == (SubscriptionState.ACTIVE, FirstCheck.FROM_NOW)
    assert made.next_check is not None
    assert made.next_check.reason == "its first check is due"
    assert await api.get_subscription(made.id) == made
    assert await api.get_subscription(made.id[:20]) == made
    assert await api.get_subscription(CHANNEL) == made
    assert await api.get_subscription(f"https://www.youtube.com/channel/{CHANNEL}") == made


async def test_a_source_is_followed_once(api: SubscriptionsAPI) -> None:
    made = await api.subscribe(Subscribe(source=CHANNEL))
    with pytest.raises(Conflict, match="A channel is followed already") as refused:
        await api.subscribe(Subscribe(source="@achannel"))
    assert refused.value.details["subscription_id"] == made.id
    page = await api.list_subscriptions(SubscriptionsQuery())
    assert page.items == [made]


async def test_a_source_that_does_not_exist_is_not_followed(api: SubscriptionsAPI) -> None:
    with pytest.raises(SourceGone):
        await api.subscribe(Subscribe(source="PLmissing000001"))
    assert (await api.list_subscriptions(SubscriptionsQuery())).items == []
    with pytest.raises(NotFound):
        await api.get_subscription("PLmissing000001")


async def test_only_given_options_are_changed(api: SubscriptionsAPI) -> None:
    rules = VideoFilter(include_titles=["talk"])
    options = JobOptions(profile="music", filter=rules)
    made = await api.subscribe(Subscribe(source=PLAYLIST, options=options, first=FirstCheck.ALL))
    changed = await api.edit_subscription(
        made.id,
        EditSubscription(options=JobOptions(priority=5), schedule=Schedule.parse("every 6h")),
    )
    assert (changed.options.profile, changed.options.priority) == ("music", 5)
    assert changed.options.filter == rules
    assert str(changed.schedule) == "every 6h"
    assert await api.get_subscription(made.id) == changed
    assert (await api.edit_subscription(made.id, EditSubscription())) == changed


async def test_an_unknown_profile_follows_nothing(api: SubscriptionsAPI) -> None:
    with pytest.raises(InvalidRequest, match="'other' is unknown"):
        await api.subscribe(Subscribe(source=CHANNEL, options=JobOptions(profile="other")))
    assert (await api.list_subscriptions(SubscriptionsQuery())).items == []


@pytest.mark.parametrize(
    "fields",
    [
        {"options": JobOptions(replace=True)},
        {"options": JobOptions(filter=VideoFilter(newest=3))},
        {"first": FirstCheck.NEWEST},
        {"newest": 3},
        {"first": FirstCheck.NEWEST, "newest": 3, "source": PLAYLIST},
    ],
    ids=str,
)
def test_options_that_contradict_a_subscription_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"subscription|`first`|`newest`"):
        Subscribe(**{"source": CHANNEL} | fields)


async def test_a_paused_subscription_has_no_next_check(api: SubscriptionsAPI) -> None:
    made = await api.subscribe(Subscribe(source=CHANNEL))
    paused = await api.pause_subscription(CHANNEL)
    assert (paused.state, paused.next_check) == (SubscriptionState.PAUSED, None)
    query = SubscriptionsQuery(state=SubscriptionState.PAUSED)
    assert (await api.list_subscriptions(query)).items == [paused]
    resumed = await api.resume_subscription(made.id)
    assert resumed.next_check is not None
    assert resumed.next_check.reason == "it was resumed"


async def test_a_removed_subscription_can_be_created_again(api: SubscriptionsAPI) -> None:
    made = await api.subscribe(Subscribe(source=CHANNEL))
    removed = await api.remove_subscription(CHANNEL)
    assert (removed.id, removed.title) == (made.id, "A channel")
    with pytest.raises(NotFound):
        await api.remove_subscription(made.id)
    assert (await api.subscribe(Subscribe(source=CHANNEL))).id != made.id


async def test_the_list_continues_after_a_page(api: SubscriptionsAPI) -> None:
    made = [await api.subscribe(Subscribe(source=source)) for source in (CHANNEL, PLAYLIST)]
    first = await api.list_subscriptions(SubscriptionsQuery(limit=1))
    second = await api.list_subscriptions(SubscriptionsQuery(limit=1, cursor=first.next_cursor))
    assert first.items + second.items == made
    assert second.next_cursor is None


async def test_a_list_is_imported_and_exported(api: SubscriptionsAPI) -> None:
    other = "UC" + "another00000000000000A"
    content = f"{CHANNEL}\n# a comment\nnonsense\n{other}\n@missing\n"
    imported = await api.import_subscriptions(ImportSubscriptions(content=content))
    assert (imported.added, imported.known) == ([CHANNEL, other], [])
    assert [each.line for each in imported.unreadable] == [3]
    assert [each.source for each in imported.refused] == ["@missing"]
    exported = await api.export_subscriptions()
    assert exported.count == 2
    again = await api.import_subscriptions(ImportSubscriptions(content=exported.opml))
    assert (again.added, again.refused, again.unreadable) == ([], [], [])
    assert len(again.known) == 2


async def test_a_preview_names_the_reason_for_each_video_and_changes_nothing(
    api: SubscriptionsAPI, following: Following
) -> None:
    ids = [f"preview{number:04}" for number in range(3)]
    following.youtube.playlists[PLAYLIST] = ids
    rules = VideoFilter(exclude_titles=[ids[1]])
    made = await api.subscribe(Subscribe(source=PLAYLIST, first=FirstCheck.ALL))
    before = await api.preview_subscription(PLAYLIST, PreviewRequest())
    assert [each.is_taken for each in before.entries] == [True, True, True]
    found = await api.preview_subscription(PLAYLIST, PreviewRequest(filter=rules, limit=2))
    assert [(each.video_id, each.is_taken) for each in found.entries] == [
        (ids[0], True),
        (ids[1], False),
    ]
    assert found.entries[1].reason == f"excluded by the filter: its title matches {ids[1]!r}"
    assert await api.get_subscription(PLAYLIST) == made
    assert following.storage.stored == {}


async def test_a_preview_shows_what_precedes_the_subscription(
    api: SubscriptionsAPI, following: Following
) -> None:
    following.youtube.playlists[PLAYLIST] = ["previewed01"]
    await api.subscribe(Subscribe(source=PLAYLIST))
    reason = "excluded by the filter: it was in the list before the list was followed"
    for check in (False, True):
        if check:
            await api.check_subscription(PLAYLIST)
        [entry] = (await api.preview_subscription(PLAYLIST, PreviewRequest())).entries
        assert (entry.is_taken, entry.reason) == (False, reason)
