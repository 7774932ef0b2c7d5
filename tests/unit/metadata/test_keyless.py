"""The service without a key: the same models, from yt-dlp, each video extracted once."""

import asyncio
from datetime import timedelta

import pytest

from tests.unit.metadata.conftest import Bench
from tests.unit.metadata.peers import video_id
from ytarchive.common.errors import (
    BotCheck,
    InvalidRequest,
    MembersOnly,
    NetworkFailure,
    SourceGone,
    WrongVideo,
)
from ytarchive.common.models import utc_now
from ytarchive.metadata import BatchRequest, PlaylistPageQuery, VideoMetadataQuery
from ytarchive.metadata.service import MetadataService
from ytarchive.metadata.sessions import ListingSessions

CACHED, FRESH = VideoMetadataQuery(), VideoMetadataQuery(refresh=True)
CHANNEL = "UC" + "c" * 22
UPLOADS = "UU" + "c" * 22


async def test_an_ended_listing_releases_its_worker(bench: Bench) -> None:
    bench.extractor.add_list("PLlong", 250)
    async with bench.keyless() as service:
        first = await service.get_playlist_page("PLlong", PlaylistPageQuery())
        assert bench.extractor.open_lists == 1
        rest = PlaylistPageQuery(cursor=first.next_cursor)
        await service.end_listing("PLlong", rest)
        assert bench.extractor.open_lists == 0

        second = await service.get_playlist_page("PLlong", rest)
    assert [video.position for video in second.videos] == list(range(100, 200))


async def test_a_video_is_extracted_once_and_then_cached(bench: Bench) -> None:
    async with bench.keyless() as service:
        first = await service.get_video(video_id(1), CACHED)
    async with bench.keyless() as service:
        assert await service.get_video(f"https://youtu.be/{video_id(1)}", CACHED) == first
    assert first.available_captions == ["en"]
    assert bench.extractor.extracted == [video_id(1)]


async def test_after_its_lifetime_and_on_refresh_it_is_extracted_again(bench: Bench) -> None:
    async with bench.keyless(metadata={"video_lifetime": 60}) as service:
        await service.get_video(video_id(1), CACHED)
        await service.get_video(video_id(1), FRESH)
        bench.clock.advance(seconds=59)
        await service.get_video(video_id(1), CACHED)
        bench.clock.advance(seconds=1)
        await service.get_video(video_id(1), CACHED)
    assert len(bench.extractor.extracted) == 3


async def test_a_failed_refresh_is_an_error_and_the_cached_copy_stays(bench: Bench) -> None:
    async with bench.keyless() as service:
        cached = await service.get_video(video_id(1), CACHED)
        bench.extractor.failures[video_id(1)] = NetworkFailure("cut")
        with pytest.raises(NetworkFailure):
            await service.get_video(video_id(1), FRESH)
        assert await service.get_video(video_id(1), CACHED) == cached


async def test_two_concurrent_requests_cause_one_extraction(bench: Bench) -> None:
    bench.extractor.release = asyncio.Event()
    async with bench.keyless() as service:
        asking = [asyncio.create_task(service.get_video(video_id(1), CACHED)) for _ in range(3)]
        await bench.extractor.started.wait()
        asking[0].cancel()
        bench.extractor.release.set()
        titles = {(await task).title for task in asking[1:]}
    assert titles == {f"Extracted {video_id(1)}"}
    assert bench.extractor.extracted == [video_id(1)]


async def test_another_video_than_the_requested_one_is_refused(bench: Bench) -> None:
    answer = await bench.extractor.extract(video_id(2))

    async def trailer(_: str) -> object:
        return answer

    bench.extractor.extract = trailer  # type: ignore[method-assign, assignment]  # a film's trailer
    async with bench.keyless() as service:
        with pytest.raises(WrongVideo):
            await service.get_video(video_id(1), CACHED)


async def test_a_batch_has_the_reason_of_each_missing_video(bench: Bench) -> None:
    bench.extractor.failures[video_id(2)] = MembersOnly()
    async with bench.keyless() as service:
        await service.get_video(video_id(1), CACHED)
        wanted = [video_id(3), video_id(2), video_id(1), video_id(1)]
        batch = await service.get_batch(BatchRequest(video_ids=wanted))
    assert [video.video_id for video in batch.found] == [video_id(3), video_id(1)]
    (missing,) = batch.missing
    assert (missing.video_id, missing.error_code, missing.reason) == (
        video_id(2),
        "E114",
        "members_only",
    )
    assert bench.extractor.extracted.count(video_id(1)) == 1


async def test_a_batch_without_extraction_sends_no_request(bench: Bench) -> None:
    async with bench.keyless() as service:
        await service.get_video(video_id(1), CACHED)
        wanted = [video_id(n) for n in range(10_000)]
        batch = await service.get_batch(BatchRequest(video_ids=wanted, extract=False))
    assert len(batch.found) == 1
    assert {(m.error_code, m.reason) for m in batch.missing} == {("E013", "not_extracted")}
    assert len(batch.missing) == 9999
    assert bench.extractor.extracted == [video_id(1)]


async def test_a_block_of_the_address_ends_a_batchs_extractions(bench: Bench) -> None:
    wanted = [video_id(n) for n in range(100)]
    bench.extractor.failures = {each: BotCheck() for each in wanted}
    async with bench.keyless() as service:
        batch = await service.get_batch(BatchRequest(video_ids=wanted))
    assert {missing.reason for missing in batch.missing} == {"bot_check"}
    assert len(batch.missing) == 100
    assert len(bench.extractor.extracted) <= 4


async def pages(service: MetadataService, source: str) -> list[list[str]]:
    """The ids on each page; positions must run on from 0."""
    found: list[list[str]] = []
    cursor, position = None, 0
    while True:
        page = await service.get_playlist_page(source, PlaylistPageQuery(cursor=cursor))
        assert [v.position for v in page.videos] == list(
            range(position, position + len(page.videos))
        )
        position += len(page.videos)
        found.append([video.video_id for video in page.videos])
        cursor = page.next_cursor
        if cursor is None:
            return found


async def test_pages_come_as_yt_dlp_lists_them_and_each_is_listed_once(bench: Bench) -> None:
    bench.extractor.add_list("PLlong", 250)
    async with bench.keyless() as service:
        first = await service.get_playlist_page("PLlong", PlaylistPageQuery())
        assert (first.title, first.video_count, len(first.videos)) == ("List PLlong", 250, 100)
        assert bench.extractor.chunks_read == ["PLlong:0"]  # lazily
        found = await pages(service, "PLlong")
        assert sum(found, []) == [video_id(n) for n in range(250)]  # noqa: RUF017  # three pages
        whole = await service.get_playlist("PLlong", CACHED)
    assert len(whole.videos) == whole.video_count == 250
    assert bench.extractor.chunks_read == ["PLlong:0", "PLlong:100", "PLlong:200"]
    assert bench.extractor.open_lists == 0


async def test_a_page_requested_twice_is_the_same_page(bench: Bench) -> None:
    bench.extractor.add_list("PLlong", 250)
    async with bench.keyless() as service:
        first = await service.get_playlist_page("PLlong", PlaylistPageQuery())
        again = PlaylistPageQuery(cursor=first.next_cursor)
        second, twin = await asyncio.gather(
            *(service.get_playlist_page("PLlong", again) for _ in range(2))
        )
        assert second == twin == await service.get_playlist_page("PLlong", again)
    assert bench.extractor.chunks_read == ["PLlong:0", "PLlong:100"]


async def test_a_cursor_survives_a_restart_and_a_changed_list(bench: Bench) -> None:
    bench.extractor.add_list("PLlong", 250)
    async with bench.keyless() as service:
        first = await service.get_playlist_page("PLlong", PlaylistPageQuery())
    old = bench.extractor.lists["PLlong"]
    new = old.videos[0].model_copy(update={"video_id": video_id(999)})
    bench.extractor.lists["PLlong"] = old.model_copy(update={"videos": [new, *old.videos]})
    seen = [video.video_id for video in first.videos]
    async with bench.keyless() as service:
        cursor = first.next_cursor
        while cursor is not None:
            page = await service.get_playlist_page("PLlong", PlaylistPageQuery(cursor=cursor))
            seen += [video.video_id for video in page.videos]
            cursor = page.next_cursor
    assert sorted(seen) == sorted([video_id(n) for n in range(250)] + [video_id(999)])


async def test_a_cursor_survives_the_loss_of_the_database(bench: Bench) -> None:
    bench.extractor.add_list("PLlong", 250)
    async with bench.keyless() as service:
        first = await service.get_playlist_page("PLlong", PlaylistPageQuery())
    for file in (bench.folder / ".ytarchive").glob("metadata.db*"):
        file.unlink()
    async with bench.keyless() as service:
        query = PlaylistPageQuery(cursor=first.next_cursor)
        second = await service.get_playlist_page("PLlong", query)
    assert [second.videos[0].position, len(second.videos)] == [100, 100]


@pytest.mark.parametrize("cursor", ["", "x", "é", "bm8=", "e30=", "A" * 100_000])
async def test_an_invalid_cursor_is_refused(bench: Bench, cursor: str) -> None:
    async with bench.keyless() as service:
        with pytest.raises(InvalidRequest) as caught:
            await service.get_playlist_page("PLlong", PlaylistPageQuery(cursor=cursor))
    assert "cursor" in caught.value.details["fields"]


async def test_a_cursor_of_another_playlist_is_refused(bench: Bench) -> None:
    bench.extractor.add_list("PLlong", 250)
    async with bench.keyless() as service:
        first = await service.get_playlist_page("PLlong", PlaylistPageQuery())
        with pytest.raises(InvalidRequest, match="another playlist"):
            await service.get_playlist_page("PLother", PlaylistPageQuery(cursor=first.next_cursor))


async def test_a_listing_that_fails_midway_is_an_error_and_continues_at_the_next_request(
    bench: Bench,
) -> None:
    bench.extractor.add_list("PLlong", 250)
    bench.extractor.failures["PLlong"] = NetworkFailure("cut")
    bench.extractor.fail_at = 200
    async with bench.keyless() as service:
        with pytest.raises(NetworkFailure):
            await service.get_playlist("PLlong", CACHED)
        bench.extractor.fail_at = None
        assert len((await service.get_playlist("PLlong", CACHED)).videos) == 250


async def test_a_cached_playlist_is_listed_again_when_it_is_old_or_refreshed(bench: Bench) -> None:
    bench.extractor.add_list("PLx", 3)
    async with bench.keyless(metadata={"playlist_lifetime": 300}) as service:
        await service.get_playlist("PLx", CACHED)
        bench.extractor.add_list("PLx", 4)
        assert len((await service.get_playlist("PLx", CACHED)).videos) == 3
        assert len((await service.get_playlist("PLx", FRESH)).videos) == 4
        bench.extractor.add_list("PLx", 5)
        bench.clock.advance(seconds=300)
        assert len((await service.get_playlist("PLx", CACHED)).videos) == 5


async def test_duplicates_keep_their_positions(bench: Bench) -> None:
    bench.extractor.add_list("PLx", 3)
    listed = bench.extractor.lists["PLx"]
    doubled = listed.model_copy(update={"videos": listed.videos * 2})
    bench.extractor.lists["PLx"] = doubled
    async with bench.keyless() as service:
        videos = (await service.get_playlist("PLx", CACHED)).videos
    assert [video.video_id for video in videos] == [video_id(n) for n in (0, 1, 2)] * 2
    assert [video.position for video in videos] == list(range(6))


async def test_an_empty_list_is_empty_and_a_missing_one_an_error(bench: Bench) -> None:
    bench.extractor.add_list("PLempty", 0)
    bench.extractor.add_list("PLgone", 1)
    bench.extractor.failures["PLgone"] = SourceGone()
    async with bench.keyless() as service:
        assert (await service.get_playlist("PLempty", CACHED)).videos == []
        bench.extractor.fail_at = 0
        with pytest.raises(SourceGone):
            await service.get_playlist("PLgone", CACHED)
    assert bench.extractor.open_lists == 0


async def test_a_handle_is_resolved_by_listing_it_and_cached(bench: Bench) -> None:
    about = {"channel_id": CHANNEL, "channel_title": "Films", "handle": "@Films"}
    bench.extractor.add_list("@Films", 150, **about)
    async with bench.keyless() as service:
        whole = await service.get_playlist("@Films", CACHED)
        assert (whole.playlist_id, len(whole.videos)) == (UPLOADS, 150)
        assert (await service.get_playlist(UPLOADS, CACHED)).videos == whole.videos
        channel = await service.get_channel("@films", CACHED)
        assert (await service.get_playlist(CHANNEL, CACHED)) == whole
        found = await pages(service, "@Films")
    assert channel.uploads_playlist_id == UPLOADS
    assert channel.title == "Films"
    assert sum(map(len, found)) == 150
    assert bench.extractor.chunks_read == ["@Films:0", "@Films:100"]


async def test_a_channel_costs_one_page(bench: Bench) -> None:
    bench.extractor.add_list(CHANNEL, 1000, channel_id=CHANNEL, channel_title="Films")
    bench.extractor.add_list("@nobody", 0)
    async with bench.keyless() as service:
        for _ in range(2):
            channel = await service.get_channel(CHANNEL, CACHED)
        with pytest.raises(SourceGone):
            await service.get_channel("@nobody", CACHED)
    assert (channel.channel_id, channel.uploads_playlist_id) == (CHANNEL, UPLOADS)
    assert bench.extractor.chunks_read == [f"{CHANNEL}:0", "@nobody:0"]
    assert bench.extractor.open_lists == 0


async def test_a_cancelled_page_loses_nothing(bench: Bench) -> None:
    bench.extractor.add_list("PLlong", 250)
    async with bench.keyless() as service:
        first = await service.get_playlist_page("PLlong", PlaylistPageQuery())
        query = PlaylistPageQuery(cursor=first.next_cursor)
        leaving = asyncio.create_task(service.get_playlist_page("PLlong", query))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait([leaving])
        assert len((await service.get_playlist("PLlong", CACHED)).videos) == 250


async def test_a_removed_pass_is_listed_again(bench: Bench) -> None:
    bench.extractor.add_list("PLlong", 250)
    async with bench.keyless() as service:
        first = await service.get_playlist_page("PLlong", PlaylistPageQuery())
        for _ in range(3):  # more passes of one list than are kept
            await service.get_playlist("PLlong", FRESH)
        query = PlaylistPageQuery(cursor=first.next_cursor)
        second = await service.get_playlist_page("PLlong", query)
    assert second.videos[0].video_id == video_id(100)


async def test_idle_listings_are_closed_and_their_number_is_bounded(bench: Bench) -> None:
    now = 0.0
    sessions = ListingSessions(bench.extractor, most=2, idle=30, clock=lambda: now)
    for number in range(3):
        bench.extractor.add_list(f"PL{number}", 250)
        _, session = await sessions.first(f"PL{number}")
        await sessions.keep(number, session)
        now += 1
    assert bench.extractor.open_lists == len(sessions) == 2
    now = 31.5
    await sessions.close_idle()
    assert bench.extractor.open_lists == len(sessions) == 1
    await sessions.close()
    assert bench.extractor.open_lists == 0


async def test_old_rows_are_purged_and_the_space_is_given_back(bench: Bench) -> None:
    bench.extractor.add_list("PLx", 2000)
    async with bench.keyless() as service:
        await service.get_video(video_id(1), CACHED)
        await service.get_playlist("PLx", CACHED)
    async with bench.database() as database:
        (before,) = await database.select("PRAGMA page_count")
    bench.clock.advance(days=31)
    async with bench.keyless() as service:
        await service.get_quota()
        async with asyncio.timeout(30):
            while (await service._database.select("SELECT count(*) FROM videos"))[0][0]:
                await asyncio.sleep(0)
    async with bench.database() as database:
        (after,) = await database.select("PRAGMA page_count")
        assert await database.select("SELECT * FROM listing_entries") == []
    assert after[0] < before[0] / 2


async def test_health_and_quota_cost_nothing(bench: Bench) -> None:
    async with bench.keyless() as service:
        health, quota = await service.health(), await service.get_quota()
    assert health.is_healthy
    assert health.service == "metadata"
    assert health.checks == {"background": True, "database": True, "source": True}
    assert (quota.source, quota.used, quota.remaining) == ("yt-dlp", 0, 9000)
    assert quota.resets_at - bench.clock() == timedelta(hours=12)
    assert quota.resets_at.tzinfo is utc_now().tzinfo
    assert bench.extractor.extracted == []
