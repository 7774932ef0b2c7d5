"""Checks over the real queue: what is archived, and when the next check takes place."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.jobs.peers import video_id
from tests.unit.subscriptions.following import CHANNEL, PLAYLIST, UPLOADS, Following
from ytarchive.common.errors import NetworkFailure, RequestsPaused, SourceGone, UpcomingVideo
from ytarchive.common.events import SubscriptionChecked
from ytarchive.common.models import utc_now
from ytarchive.jobs import (
    CreateJob,
    EventQuery,
    JobOptions,
    JobQuery,
    JobType,
    ResultStatus,
    VideoFilter,
)
from ytarchive.metadata import PlaylistPage, PlaylistPageQuery
from ytarchive.subscriptions import (
    CheckDue,
    CheckOutcome,
    EditSubscription,
    FirstCheck,
    Subscribe,
)
from ytarchive.subscriptions.budget import Cost
from ytarchive.subscriptions.models import CheckSource, SourceProblem
from ytarchive.subscriptions.service import SubscriptionsService

OLD = [video_id(number) for number in range(120)]
NEW = video_id(900)
NEWER = video_id(901)


@pytest.fixture
def following(tmp_path: Path) -> Following:
    made = Following(tmp_path)
    made.youtube.playlists[UPLOADS] = [*OLD]
    made.youtube.playlists[PLAYLIST] = [*OLD]
    return made


@pytest.fixture
async def service(following: Following) -> AsyncIterator[SubscriptionsService]:
    async with following.open() as opened:
        yield opened


def outcome(subscription: object) -> CheckOutcome:
    last = getattr(subscription, "last_check", None)
    assert last is not None
    found: CheckOutcome = last.outcome
    return found


@pytest.mark.parametrize("source", [CHANNEL, PLAYLIST])
async def test_from_now_on_only_later_videos_are_archived(
    following: Following, service: SubscriptionsService, source: str
) -> None:
    await service.subscribe(Subscribe(source=source))
    first = await service.check_subscription(source)
    assert outcome(first) is CheckOutcome.NOTHING_NEW
    assert await following.archived() == []

    for listed in (following.youtube.playlists[UPLOADS], following.youtube.playlists[PLAYLIST]):
        listed.insert(0 if source == CHANNEL else len(listed), NEW)
    second = await service.check_subscription(source)
    assert second.last_check is not None
    assert (outcome(second), second.last_check.new_videos) == (CheckOutcome.NEW, 1)
    assert await following.archived() == [NEW]
    assert outcome(await service.check_subscription(source)) is CheckOutcome.NOTHING_NEW
    assert following.jobs is not None
    assert len((await following.jobs.list_jobs(JobQuery())).items) == 1


async def test_a_complete_listing_later_does_not_fetch_what_precedes_the_subscription(
    following: Following, service: SubscriptionsService
) -> None:
    await service.subscribe(Subscribe(source=PLAYLIST))
    await service.check_subscription(PLAYLIST)
    following.youtube.playlists[PLAYLIST].append(NEW)
    checked = await service.check_subscription(PLAYLIST)
    assert await following.archived() == [NEW]
    assert following.jobs is not None
    assert checked.last_check is not None
    job = await following.jobs.get_job(checked.last_check.job_id or "")
    skipped = [each for each in job.results if each.status is ResultStatus.SKIPPED]
    assert len(skipped) == len(OLD)
    assert {each.message for each in skipped} == {
        "excluded by the filter: it was in the list before the list was followed"
    }


async def test_the_newest_of_the_earlier_videos_are_archived(
    following: Following, service: SubscriptionsService
) -> None:
    rules = JobOptions(filter=VideoFilter(min_duration=1))  # lists of these tests have no lengths
    request = Subscribe(source=CHANNEL, first=FirstCheck.NEWEST, newest=3, options=rules)
    await service.subscribe(request)
    await service.check_subscription(CHANNEL)
    assert await following.archived() == OLD[:3]
    following.youtube.playlists[UPLOADS].insert(0, NEW)
    await service.check_subscription(CHANNEL)
    assert await following.archived() == [*OLD[:3], NEW]


async def test_all_earlier_videos_are_archived_if_the_subscription_is_changed(
    following: Following, service: SubscriptionsService
) -> None:
    await service.subscribe(Subscribe(source=CHANNEL))
    await service.check_subscription(CHANNEL)
    assert await following.archived() == []
    await service.edit_subscription(CHANNEL, EditSubscription(all_videos=True))
    await service.check_subscription(CHANNEL)
    assert await following.archived() == sorted(OLD)


async def test_a_video_that_a_rule_excluded_is_fetched_when_the_rule_changes(
    following: Following, service: SubscriptionsService
) -> None:
    rules = JobOptions(filter=VideoFilter(exclude_titles=[NEW]))
    await service.subscribe(Subscribe(source=CHANNEL, options=rules))
    await service.check_subscription(CHANNEL)
    following.youtube.playlists[UPLOADS][:0] = [NEWER, NEW]
    await service.check_subscription(CHANNEL)
    assert await following.archived() == [NEWER]
    changed = EditSubscription(options=JobOptions(filter=VideoFilter()))
    await service.edit_subscription(CHANNEL, changed)
    await service.check_subscription(CHANNEL)
    assert await following.archived() == [NEW, NEWER]


async def jobs_of(following: Following) -> int:
    assert following.jobs is not None
    return len((await following.jobs.list_jobs(JobQuery())).items)


async def test_videos_that_a_limit_held_back_are_archived_by_the_next_checks(
    following: Following, service: SubscriptionsService
) -> None:
    """The channel is inactive: it is checked daily while videos are left, and then weekly."""
    following.youtube.playlists[UPLOADS] = OLD[:10]
    following.youtube.added = dict.fromkeys(OLD, utc_now() - timedelta(days=200))
    rules = JobOptions(filter=VideoFilter(max_videos=4))
    await service.subscribe(Subscribe(source=CHANNEL, first=FirstCheck.ALL, options=rules))
    counts, waits = [], []
    for _ in range(5):
        checked = await service.check_subscription(CHANNEL)
        counts.append((len(await following.archived()), await jobs_of(following)))
        assert checked.next_check is not None
        waits.append((checked.next_check.at - utc_now()) / timedelta(days=1))
    assert counts == [(4, 1), (8, 2), (10, 3), (10, 3), (10, 3)]
    assert max(waits[:3]) <= 1
    assert min(waits[3:]) > 5


async def test_a_limit_of_a_day_is_applied_again_on_the_next_day(
    following: Following, service: SubscriptionsService
) -> None:
    following.youtube.playlists[UPLOADS] = OLD[:6]
    rules = JobOptions(filter=VideoFilter(max_videos_per_day=4))
    await service.subscribe(Subscribe(source=CHANNEL, first=FirstCheck.ALL, options=rules))
    for _ in range(3):
        await service.check_subscription(CHANNEL)
        assert len(await following.archived()) == 4
    assert await jobs_of(following) == 1
    with sqlite3.connect(following.settings.storage.state_path / "jobs.db") as database:
        database.execute("UPDATE job_videos SET finished_at = finished_at - 86400000000")
    database.close()
    checked = await service.check_subscription(CHANNEL)
    assert checked.last_check is not None
    assert checked.last_check.message.startswith("limits of the rules held videos back")
    assert len(await following.archived()) == 6


async def test_an_unfinished_job_with_other_rules_does_not_replace_the_own_one(
    following: Following, service: SubscriptionsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job by hand excludes the new video; the job of the subscription does not."""
    await service.subscribe(Subscribe(source=CHANNEL))
    await service.check_subscription(CHANNEL)
    following.youtube.playlists[UPLOADS].insert(0, NEW)
    following.youtube.feed_problem = None
    released, request = asyncio.Event(), following.youtube.get_playlist_page

    async def late(playlist_id: str, query: PlaylistPageQuery) -> PlaylistPage:
        await released.wait()
        return await request(playlist_id, query)

    monkeypatch.setattr(following.youtube, "get_playlist_page", late)
    rules = JobOptions(filter=VideoFilter(exclude_titles=[NEW]))
    by_hand = CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id=UPLOADS, options=rules)
    assert following.jobs is not None
    made = await following.jobs.create_job(by_hand)
    first = await service.check_subscription(CHANNEL)
    second = await service.check_subscription(CHANNEL)
    assert first.last_check is not None
    assert second.last_check is not None
    assert made.id != first.last_check.job_id == second.last_check.job_id
    released.set()
    assert NEW in await following.archived()


async def test_an_interrupted_check_is_repeated_and_uses_the_job_that_exists(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends between the creation of the job and the record of the check."""
    async with following.open() as service:
        await service.subscribe(Subscribe(source=CHANNEL))
        await service.check_subscription(CHANNEL)
        following.youtube.playlists[UPLOADS].insert(0, NEW)
        before = await service._found(CHANNEL)
        await service._checker._checked(before)
    async with following.open() as service:
        again = await service.check_subscription(CHANNEL)
        assert await following.archived() == [NEW]
        assert following.jobs is not None
        jobs = (await following.jobs.list_jobs(JobQuery())).items
        assert len(jobs) == 1
        assert again.last_check is not None
        assert again.last_check.job_id in {None, jobs[0].id}


async def test_an_interrupted_first_check_keeps_its_choice(following: Following) -> None:
    async with following.open() as service:
        await service.subscribe(Subscribe(source=CHANNEL, first=FirstCheck.NEWEST, newest=2))
        await service._checker._checked(await service._found(CHANNEL))
        await following.archived()
    following.youtube.playlists[UPLOADS].insert(0, NEW)
    async with following.open() as service:
        await service.check_subscription(CHANNEL)
        assert await following.archived() == [*OLD[:2], NEW]


@pytest.mark.parametrize(
    ("units", "problem", "source"),
    [
        (100, None, CheckSource.DATA_API),
        (0, None, CheckSource.FEED),
        (None, None, CheckSource.FEED),
        (None, "HTTP status 500", CheckSource.YT_DLP),
    ],
)
async def test_the_source_depends_on_quota_and_feed(
    following: Following,
    service: SubscriptionsService,
    units: int | None,
    problem: str | None,
    source: CheckSource,
) -> None:
    await service.subscribe(Subscribe(source=CHANNEL))
    await service.check_subscription(CHANNEL)
    following.youtube.units, following.youtube.feed_problem = units, problem
    following.youtube.playlists[UPLOADS].insert(0, NEW)
    checked = await service.check_subscription(CHANNEL)
    assert checked.last_check is not None
    assert (checked.last_check.source, outcome(checked)) == (source, CheckOutcome.NEW)
    assert await following.archived() == [NEW]


@pytest.mark.parametrize(
    ("problem", "source"), [(None, CheckSource.FEED), ("HTTP status 500", CheckSource.YT_DLP)]
)
async def test_checks_continue_without_the_data_api_after_the_units_of_a_day(
    following: Following,
    service: SubscriptionsService,
    monkeypatch: pytest.MonkeyPatch,
    problem: str | None,
    source: CheckSource,
) -> None:
    following.set_clock(monkeypatch, datetime(2026, 5, 1, 12, tzinfo=UTC))
    following.youtube.units, following.youtube.feed_problem = 100, problem
    await service.subscribe(Subscribe(source=CHANNEL))
    await service.check_subscription(CHANNEL)
    following.youtube.extracted.clear()
    await service._pacing._spent.add("2026-05-01", Cost(0, service._pacing._daily.units))
    checked = await service.check_subscription(CHANNEL)
    assert checked.last_check is not None
    assert checked.last_check.source is source
    assert following.youtube.extracted == ([True] if source is CheckSource.YT_DLP else [])


async def test_an_empty_feed_proves_nothing(
    following: Following, service: SubscriptionsService
) -> None:
    await service.subscribe(Subscribe(source=CHANNEL))
    await service.check_subscription(CHANNEL)
    following.youtube.feed_problem = None
    following.youtube.playlists[UPLOADS].clear()
    following.youtube.asked.clear()
    checked = await service.check_subscription(CHANNEL)
    assert following.youtube.asked == ["feed", "page"]
    assert checked.last_check is not None
    assert checked.last_check.source is CheckSource.YT_DLP


async def test_a_feed_is_not_the_only_source_for_more_than_a_day(
    following: Following, service: SubscriptionsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.subscribe(Subscribe(source=CHANNEL))
    await service.check_subscription(CHANNEL)
    following.youtube.feed_problem = None
    following.set_clock(monkeypatch, utc_now() + timedelta(hours=25))
    checked = await service.check_subscription(CHANNEL)
    assert checked.last_check is not None
    assert checked.last_check.source is CheckSource.YT_DLP
    again = await service.check_subscription(CHANNEL)
    assert again.last_check is not None
    assert again.last_check.source is CheckSource.FEED


async def test_a_source_is_gone_only_after_several_days(
    following: Following, service: SubscriptionsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.subscribe(Subscribe(source=CHANNEL))
    await service.check_subscription(CHANNEL)
    following.youtube.failure = SourceGone("YouTube has no such channel")
    now, problems = utc_now(), []
    for _ in range(3):
        following.set_clock(monkeypatch, now)
        checked = await service.check_subscription(CHANNEL)
        problems.append(checked.problem)
        assert checked.next_check is not None
        now = checked.next_check.at
    assert problems == [None, None, SourceProblem.GONE]
    assert now - utc_now() > timedelta(days=7)
    following.youtube.failure = None
    following.set_clock(monkeypatch, now)
    checked = await service.check_subscription(CHANNEL)
    assert (checked.problem, checked.failures) == (None, 0)


async def test_many_failing_sources_pause_all_checks(
    following: Following, service: SubscriptionsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = [f"PLoutage{number:07}" for number in range(20)]
    following.youtube.playlists |= dict.fromkeys(lists, OLD)
    for each in lists:
        await service.subscribe(Subscribe(source=each))
    following.youtube.failure = NetworkFailure("no connection")
    following.youtube.asked.clear()
    report = await service.check_due(CheckDue(limit=100))
    assert (len(report.checked), len(following.youtube.asked)) == (5, 5)
    assert report.waiting_for is not None
    assert "5 sources in a row could not be checked: no connection" in report.waiting_for
    assert (await service.check_due(CheckDue())).checked == []

    following.set_clock(monkeypatch, utc_now() + timedelta(minutes=11))
    report = await service.check_due(CheckDue(limit=100))
    assert len(report.checked) == 1  # one of them tests whether the outage is over
    assert following.now is not None
    following.set_clock(monkeypatch, following.now + timedelta(minutes=21))
    following.youtube.failure = None
    report = await service.check_due(CheckDue(limit=100))
    assert (report.waiting_for, report.due) == (None, 0)
    assert {outcome(each) for each in report.checked} == {CheckOutcome.NOTHING_NEW}


async def test_an_outage_continues_after_a_restart(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = [f"PLoutage{number:07}" for number in range(7)]
    following.youtube.playlists |= dict.fromkeys(lists, OLD)
    async with following.open() as service:
        for each in lists:
            await service.subscribe(Subscribe(source=each))
        following.youtube.failure = NetworkFailure("no connection")
        await service.check_due(CheckDue(limit=100))
    following.youtube.asked.clear()
    async with following.open() as service:
        report = await service.check_due(CheckDue(limit=100))
        assert report.waiting_for is not None
        assert report.waiting_for.startswith("5 sources in a row could not be checked: no conn")
        assert following.youtube.asked == []
        following.set_clock(monkeypatch, utc_now() + timedelta(minutes=11))
        assert len((await service.check_due(CheckDue(limit=100))).checked) == 1
    async with following.open() as service:
        assert following.now is not None
        following.set_clock(monkeypatch, following.now + timedelta(minutes=11))
        assert (await service.check_due(CheckDue(limit=100))).checked == []  # 20 minutes
        following.set_clock(monkeypatch, following.now + timedelta(minutes=10))
        following.youtube.failure = None
        report = await service.check_due(CheckDue(limit=100))
        assert (report.waiting_for, report.due) == (None, 0)


async def test_each_check_is_an_event(following: Following, service: SubscriptionsService) -> None:
    made = await service.subscribe(Subscribe(source=CHANNEL))
    assert following.jobs is not None
    events = await following.jobs.events.follow_events(EventQuery(kinds=["subscription"]))
    await anext(events)
    await service.check_subscription(CHANNEL)
    following.youtube.playlists[UPLOADS].insert(0, NEW)
    checked = await service.check_subscription(CHANNEL)
    sent = [(await anext(events)).event for _ in range(2)]
    await events.aclose()
    assert checked.last_check is not None
    assert checked.next_check is not None
    assert sent[1] == SubscriptionChecked(
        subscription_id=made.id,
        list_id=UPLOADS,
        outcome="new",
        new_videos=1,
        job_id=checked.last_check.job_id,
        next_check_at=checked.next_check.at,
    )


async def test_failing_checks_are_a_problem_in_the_health_of_jobs(
    following: Following, service: SubscriptionsService
) -> None:
    assert following.jobs is not None
    following.jobs.watch(service.supervisor)
    service.supervisor.failed("subscriptions", NetworkFailure("no connection"))
    health = await following.jobs.health()
    assert health.problems is not None
    assert health.problems["subscriptions"].startswith("subscriptions: no connection")
    service.supervisor.succeeded("subscriptions")
    assert not (await following.jobs.health()).problems


async def test_a_pause_by_a_user_delays_checks_without_a_failure(
    following: Following, service: SubscriptionsService
) -> None:
    await service.subscribe(Subscribe(source=CHANNEL))
    assert following.jobs is not None
    await following.jobs.governor.pause_governor()
    with pytest.raises(RequestsPaused):
        await service.check_subscription(CHANNEL)
    shown = await service.get_subscription(CHANNEL)
    assert (shown.failures, shown.last_check) == (0, None)
    assert shown.waiting_for is not None
    assert "paused" in shown.waiting_for


async def test_the_time_of_the_next_check_follows_the_uploads(
    following: Following, service: SubscriptionsService
) -> None:
    await service.subscribe(Subscribe(source=CHANNEL))
    now = utc_now()
    times = {video: now - timedelta(hours=10 * number) for number, video in enumerate(OLD[:20])}
    following.youtube.added = times
    checked = await service.check_subscription(CHANNEL)
    assert checked.next_check is not None
    assert checked.next_check.reason == "uploads about every 10 hours; checked every hour"
    wait = checked.next_check.at - now
    assert timedelta(minutes=45) < wait < timedelta(minutes=75)
    assert checked.uploads[-1] == times[OLD[0]]


async def test_an_announced_premiere_determines_the_next_check(
    following: Following, service: SubscriptionsService
) -> None:
    await service.subscribe(Subscribe(source=CHANNEL))
    await service.check_subscription(CHANNEL)
    start = utc_now() + timedelta(hours=3)
    following.download.failures[NEW] = [UpcomingVideo(retry_after=start.isoformat())]
    following.youtube.playlists[UPLOADS].insert(0, NEW)
    await service.check_subscription(CHANNEL)
    assert await following.archived() == []
    checked = await service.check_subscription(CHANNEL)
    assert checked.next_check is not None
    assert checked.next_check.reason.startswith("a premiere or live stream starts at")


async def test_no_check_starts_without_budget(
    following: Following, service: SubscriptionsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    following.set_clock(monkeypatch, datetime(2026, 5, 1, 12, tzinfo=UTC))
    await service.subscribe(Subscribe(source=CHANNEL))
    await service.check_subscription(CHANNEL)
    await service._pacing._spent.add("2026-05-01", service._pacing._daily)
    following.set_clock(monkeypatch, datetime(2026, 5, 1, 23, 59, tzinfo=UTC))
    await service.edit_subscription(CHANNEL, EditSubscription(options=JobOptions(priority=1)))
    report = await service.check_due(CheckDue())
    assert (report.checked, report.due) == ([], 1)
    assert report.waiting_for == (
        "the budget of today is used up; it is renewed at 2026-05-02 00:00 UTC"
    )
    following.set_clock(monkeypatch, datetime(2026, 5, 2, 0, 1, tzinfo=UTC))
    assert len((await service.check_due(CheckDue())).checked) == 1
