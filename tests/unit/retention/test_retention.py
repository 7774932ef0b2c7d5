"""What rules remove, and what they never remove, over the real queue and library."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.jobs.conftest import videos
from tests.unit.jobs.peers import video_id
from tests.unit.retention.keeping import CHANNEL, OTHER_LIST, PLAYLIST, Kept
from tests.unit.storage.samples import MEDIA, stage
from ytarchive.common.errors import ArchiveMissing, Conflict
from ytarchive.common.models import utc_now
from ytarchive.download import DownloadEvent, DownloadRequest, DownloadStatus
from ytarchive.jobs import JobOptions, VideoFilter
from ytarchive.maintenance import back_up, restore
from ytarchive.retention import (
    KeptReason,
    RemovalsQuery,
    RetentionRequest,
    RetentionRule,
    RunRetention,
)
from ytarchive.storage import (
    MarksAPI,
    RemoveVideos,
    RestoreItem,
    SaveVideo,
    StorageAPI,
    TrashAPI,
    VideoMarks,
    VideoQuery,
    rebuild_library,
)
from ytarchive.subscriptions import FirstCheck, Subscribe

A_DAY = timedelta(days=1)


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    async with Kept(tmp_path).open() as opened:
        yield opened


async def reasons(kept: Kept) -> dict[KeptReason, int]:
    """Return the number of videos that a preview keeps for each reason."""
    preview = await kept.retention.preview_retention(RetentionRequest())
    return {each.reason: each.videos for each in preview.kept}


async def test_the_newest_are_kept_and_lists_do_not_fetch_the_others_again(kept: Kept) -> None:
    channel = await kept.follow(CHANNEL, 1, 2, 3, 4, 5)
    assert await kept.apply(channel, max_videos=2) == [1, 2, 3]
    assert await kept.stored() == [4, 5]
    await kept.check(channel)
    assert await kept.stored() == [4, 5]
    details = {item.detail for item in await kept.trashed()}
    assert details == {"retention of A channel: not among the newest 2"}
    marks = await kept.of(MarksAPI).get_marks(video_id(1))
    assert marks.removed
    page = await kept.retention.list_removals(RemovalsQuery())
    assert {each.video_id for each in page.items} == {video_id(n) for n in (1, 2, 3)}
    assert {each.subscription_id for each in page.items} == {channel}


async def test_what_a_user_requested_is_never_removed(kept: Kept) -> None:
    await kept.download(1)
    channel = await kept.follow(CHANNEL, 1, 2, 3, 4)
    await kept.download(2)
    assert await kept.apply(channel, max_age_days=1e-9) == [3, 4]
    assert await reasons(kept) == {KeptReason.REQUESTED: 2}


async def test_a_list_that_a_user_requested_is_never_removed(kept: Kept) -> None:
    channel = await kept.follow(CHANNEL, 1, 2)
    await kept.playlist(CHANNEL)
    assert await kept.apply(channel, max_age_days=1e-9) == []


async def test_known_entries_that_a_user_requests_again_are_never_removed(tmp_path: Path) -> None:
    """The job of the user ends at entries that are known, and has no rows for them."""
    async with Kept(tmp_path, full_listing_days=7).open() as kept:
        channel = await kept.follow(CHANNEL, *range(1, 61))
        job = await kept.playlist(CHANNEL)
        assert 0 < job.progress.total < 60
        assert await kept.apply(channel, max_age_days=1e-9) == []


async def test_a_direct_download_of_a_stored_video_is_a_request(kept: Kept) -> None:
    channel = await kept.follow(CHANNEL, 1, 2)
    await asyncio.to_thread(stage, kept.settings.storage, video_id(1), MEDIA)
    event = DownloadEvent(
        task_id=video_id(1),
        video_id=video_id(1),
        status=DownloadStatus.COMPLETED,
        finished_at=utc_now(),
        quality="720p",
        request=DownloadRequest(video_id=video_id(1)),
    )
    await kept.jobs.download_finished(event)
    assert await kept.apply(channel, max_age_days=1e-9) == [2]
    assert await reasons(kept) == {KeptReason.REQUESTED: 1}


async def test_what_the_filter_of_a_user_excludes_was_not_requested(kept: Kept) -> None:
    kept.set_list(CHANNEL, 1, 2)
    await kept.playlist(CHANNEL, JobOptions(filter=VideoFilter(include_titles=[video_id(2)])))
    assert await kept.stored() == [2]
    channel = await kept.follow(CHANNEL, 1, 2)
    assert await kept.apply(channel, max_age_days=1e-9) == [1]
    assert await reasons(kept) == {KeptReason.REQUESTED: 1}


async def test_a_requested_video_is_kept_before_its_job_begins(kept: Kept) -> None:
    channel = await kept.follow(CHANNEL, 1, 2)
    kept.downloads.hold.add(video_id(9))
    held = await kept.jobs.create_job(videos(video_id(9), video_id(1)))
    assert await kept.apply(channel, max_age_days=1e-9) == [2]
    await kept.jobs.cancel_job(held.id)


async def test_kept_adopted_and_restored_videos_are_never_removed(kept: Kept) -> None:
    folder = kept.settings.storage.base_path / "own"
    folder.mkdir(parents=True)
    (folder / f"{video_id(1)}.mp4").write_bytes(MEDIA)
    own = SaveVideo(video_id=video_id(1), video_path=str(folder / f"{video_id(1)}.mp4"))
    await kept.of(StorageAPI).save_video(own)
    channel = await kept.follow(CHANNEL, 1, 2, 3, 4)
    await kept.of(MarksAPI).set_marks(video_id(2), VideoMarks(keep=True))
    await kept.of(TrashAPI).remove_videos(RemoveVideos(video_ids=[video_id(3)]))
    [item] = await kept.trashed()
    await kept.of(TrashAPI).restore_from_trash(item.id, RestoreItem())
    assert await kept.apply(channel, max_age_days=1e-9) == [4]
    assert await reasons(kept) == {KeptReason.UNKNOWN_ORIGIN: 2, KeptReason.KEEP: 1}


async def test_a_removed_video_that_is_restored_is_kept(kept: Kept) -> None:
    channel = await kept.follow(CHANNEL, 1, 2)
    assert await kept.apply(channel, max_videos=1) == [1]
    [item] = await kept.trashed()
    await kept.of(TrashAPI).restore_from_trash(item.id, RestoreItem())
    assert await kept.apply(channel, max_videos=1) == []
    assert await kept.stored() == [1, 2]


async def test_all_subscriptions_that_hold_a_video_must_release_it(kept: Kept) -> None:
    channel = await kept.follow(CHANNEL, 1, 2, 3)
    playlist = await kept.follow(PLAYLIST, 2, 3)
    assert await kept.apply(channel, max_age_days=1e-9) == [1]
    assert await reasons(kept) == {KeptReason.HELD: 2}
    await kept.subscriptions.pause_subscription(playlist)
    assert await kept.apply(channel) == []
    assert await kept.apply(playlist, max_videos=1) == [2]
    assert await kept.stored() == [3]


async def test_a_removed_subscription_keeps_its_videos(kept: Kept) -> None:
    channel = await kept.follow(CHANNEL, 1, 2)
    playlist = await kept.follow(PLAYLIST, 2, 3)
    await kept.subscriptions.remove_subscription(playlist)
    assert await kept.apply(channel, max_age_days=1e-9) == [1]
    await kept.subscriptions.remove_subscription(channel)
    assert await kept.retention.list_retention() == []
    assert (await kept.retention.run_retention(RunRetention(due=True))).removed == []
    assert await kept.stored() == [2, 3]


async def test_nothing_is_removed_because_it_is_absent_from_a_list(kept: Kept) -> None:
    channel = await kept.follow(CHANNEL, 1, 2, 3)
    playlist = await kept.follow(PLAYLIST, 1, 2)
    kept.set_list(PLAYLIST, 9)
    for _ in range(2):  # a list that shrank is listed twice before its entries count as gone
        await kept.check(playlist)
    kept.set_list(CHANNEL)
    for _ in range(2):
        await kept.check(channel)
    assert await kept.apply(channel, max_videos=3) == []
    assert await kept.apply(channel, max_age_days=1e-9) == [3]
    assert await kept.stored() == [1, 2, 9]


async def test_a_list_that_was_not_listed_yet_holds_every_video(kept: Kept) -> None:
    channel = await kept.follow(CHANNEL, 1, 2)
    kept.youtube.playlists[OTHER_LIST] = [video_id(1)]
    other = await kept.follow(PLAYLIST, 5)
    await kept.subscriptions.remove_subscription(other)
    waiting = await kept.subscriptions.subscribe(Subscribe(source=OTHER_LIST, first=FirstCheck.ALL))
    assert await kept.apply(channel, max_age_days=1e-9) == []
    assert await reasons(kept) == {KeptReason.NOT_LISTED: 2}
    await kept.check(waiting.id)
    assert await kept.apply(channel) == [2]


async def test_a_limit_of_size_keeps_the_newest_and_deletes_their_oldest_trash(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await kept.follow(CHANNEL, 1, 2, 3)
    [size, *_] = [each.size_bytes for each in await listed(kept)]
    rule: dict[str, Any] = {"max_bytes": 2 * size + size // 2}
    assert await kept.apply(channel, **rule) == [1]
    assert await kept.stored() == [2, 3]
    assert len(await kept.trashed()) == 1
    kept.set_clock(monkeypatch, 2 * A_DAY)
    report = await kept.retention.run_retention(RunRetention(due=True))
    assert (report.removed, report.purged_items) == ([], 1)
    assert await kept.trashed() == []
    assert await kept.stored() == [2, 3]


async def test_the_trash_counts_as_free_and_its_oldest_items_are_deleted_first(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await kept.follow(CHANNEL, 1, 2, 3, 4)
    [size, *_] = [each.size_bytes for each in await listed(kept)]
    await kept.of(TrashAPI).remove_videos(RemoveVideos(video_ids=[video_id(4)]))
    trash = sum(item.size_bytes for item in await kept.trashed())
    free = (await kept.storage.get_stats()).free_bytes

    async def stats() -> Any:
        return (await type(kept.storage).get_stats(kept.storage)).model_copy(
            update={"free_bytes": free}
        )

    monkeypatch.setattr(kept.storage, "get_stats", stats)
    assert await kept.apply(channel, min_free_bytes=free + trash) == []
    assert await kept.apply(channel, min_free_bytes=free + trash + size) == [1]
    assert len(await kept.trashed()) == 2
    kept.set_clock(monkeypatch, 2 * A_DAY)
    rule = RetentionRule(min_free_bytes=free + 1)
    await kept.retention.set_retention(channel, rule)
    assert await kept.apply(channel) == []
    assert [item.video_id for item in await kept.trashed()] == [video_id(1)]


async def test_a_clock_that_is_a_year_ahead_removes_what_is_due_in_two_days(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await kept.follow(CHANNEL, 1, 2, 3)
    assert await kept.apply(channel, max_age_days=30) == []
    kept.set_clock(monkeypatch, timedelta(days=365))
    assert (await kept.retention.run_retention(RunRetention(due=True))).removed == []
    kept.set_clock(monkeypatch, timedelta(days=1.5))
    assert (await kept.retention.run_retention(RunRetention(due=True))).removed == []
    assert await kept.stored() == [1, 2, 3]
    kept.set_clock(monkeypatch, timedelta(days=365))
    with pytest.raises(Conflict, match="not previewed in the last 24 hours"):
        await kept.retention.run_retention(RunRetention())


async def test_videos_are_removed_each_day_when_they_reach_their_age(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await kept.follow(CHANNEL, 1, 2)
    assert await kept.apply(channel, max_age_days=3) == []
    for day in (1, 2, 3):
        kept.set_clock(monkeypatch, day * A_DAY + timedelta(minutes=day))
        report = await kept.retention.run_retention(RunRetention(due=True))
        assert len(report.removed) == (2 if day == 3 else 0)
    again = await kept.retention.run_retention(RunRetention(due=True))
    assert again.removed == []


async def test_a_run_that_fails_is_repeated_and_removes_the_rest(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await kept.follow(CHANNEL, 1, 2, 3, 4)
    trash, removed = kept.of(TrashAPI), 0
    remove = trash.remove_videos

    async def vanishing(request: RemoveVideos) -> Any:
        nonlocal removed
        removed += 1
        if removed == 2:
            raise ArchiveMissing("the disk is not mounted")
        return await remove(request)

    monkeypatch.setattr(trash, "remove_videos", vanishing)
    with pytest.raises(ArchiveMissing):
        await kept.apply(channel, max_videos=1)
    assert await kept.stored() == [2, 3, 4]
    [state] = await kept.retention.list_retention()
    assert state.last_problem == "the disk is not mounted"
    report = await kept.retention.run_retention(RunRetention(due=True))
    assert [each.video_id for each in report.removed] == [video_id(2), video_id(3)]
    assert await kept.stored() == [4]


class Killed(BaseException):
    """The end of a process, at this place."""


async def test_a_removal_that_a_kill_prevented_is_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(request: RemoveVideos) -> Any:
        raise Killed

    site = Kept(tmp_path)
    async with site.open() as kept:
        channel = await kept.follow(CHANNEL, 1, 2, 3)
        monkeypatch.setattr(kept.of(TrashAPI), "remove_videos", killed)
        with pytest.raises(Killed):
            await kept.apply(channel, max_videos=1)
    async with site.open() as kept:
        await kept.download(1)
        report = await kept.retention.run_retention(RunRetention(due=True))
        assert [each.video_id for each in report.removed] == [video_id(2)]
        page = await kept.retention.list_removals(RemovalsQuery())
        assert [each.video_id for each in page.items] == [video_id(2)]


async def test_a_video_that_is_requested_during_a_run_is_kept(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await kept.follow(CHANNEL, *range(1, 23))
    trash = kept.of(TrashAPI)
    remove = trash.remove_videos

    async def removing(request: RemoveVideos) -> Any:
        if request.video_ids == [video_id(1)]:
            await kept.download(21)
        return await remove(request)

    monkeypatch.setattr(trash, "remove_videos", removing)
    await kept.retention.set_retention(channel, RetentionRule(max_videos=1))
    await kept.retention.preview_retention(RetentionRequest())
    report = await kept.retention.run_retention(RunRetention())
    assert report.changed == [video_id(21)]
    assert await kept.stored() == [21, 22]


async def test_what_a_backup_restores_is_kept(tmp_path: Path) -> None:
    site = Kept(tmp_path)
    async with site.open() as kept:
        channel = await kept.follow(CHANNEL, 1, 2)
        await asyncio.to_thread(back_up, kept.settings.storage, tmp_path / "backups")
        await kept.download(1)
    await asyncio.to_thread(restore, site.settings.storage, tmp_path / "backups")
    async with site.open() as kept:
        assert await kept.apply(channel, max_age_days=1e-9) == []
        assert await reasons(kept) == {KeptReason.UNKNOWN_ORIGIN: 2}
        kept.set_list(CHANNEL, 1, 2, 3)
        await kept.check(channel)
        assert await kept.apply(channel) == [3]


async def test_after_a_rebuild_a_requested_video_is_kept(tmp_path: Path) -> None:
    site = Kept(tmp_path)
    async with site.open() as kept:
        channel = await kept.follow(CHANNEL, 1, 2)
        await kept.download(1)
    await rebuild_library(site.settings.storage)
    async with site.open() as kept:
        assert await kept.apply(channel, max_age_days=1e-9) == [2]
        assert await kept.stored() == [1]


async def listed(kept: Kept) -> list[Any]:
    return (await kept.storage.list_videos(VideoQuery())).items


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_protected_videos_stay(kept: Kept, seed: int) -> None:
    """Random lists, requests, marks and rules: the test knows which videos must stay."""
    chance = random.Random(seed)
    everything = range(1, 13)
    members = {
        source: set(chance.sample(everything, chance.randint(3, 9)))
        for source in (CHANNEL, PLAYLIST, OTHER_LIST)
    }
    requested = set(chance.sample(everything, 2))
    await kept.download(*list(requested)[:1])
    followed = {source: await kept.follow(source, *own) for source, own in members.items()}
    await kept.download(*list(requested)[1:])
    stored = set(await kept.stored())
    marked = set(chance.sample(sorted(stored), 2))
    for number in marked:
        await kept.of(MarksAPI).set_marks(video_id(number), VideoMarks(keep=True))
    shrinking = chance.choice([CHANNEL, PLAYLIST, OTHER_LIST])
    kept.set_list(shrinking, 1)
    for _ in range(2):
        await kept.check(followed[shrinking])
    members[shrinking].add(1)
    ruled = set(chance.sample(sorted(members), chance.randint(1, 2)))
    newest = {source: chance.randint(1, 3) for source in ruled}
    for source in ruled:
        rule = RetentionRule(max_videos=newest[source])
        await kept.retention.set_retention(followed[source], rule)
    await kept.apply()
    left = set(await kept.stored())
    unruled = set[int]().union(*(own for source, own in members.items() if source not in ruled))
    assert requested | marked | (stored & unruled) <= left
    for source in ruled:
        free_to_go = members[source] & stored - requested - marked - unruled
        assert set(sorted(free_to_go)[-newest[source] :]) <= left
    only_ruled = stored - requested - marked - unruled
    assert len(left & only_ruled) <= sum(newest.values())
