"""The Metadata service with a key, against the stand-in's Data API: costs, states, failures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from tests.standin import (
    HOSTILE_TITLES,
    Behaviour,
    Catalogue,
    Fault,
    MediaSpec,
    Playlist,
    PlaylistState,
    StandIn,
    VideoState,
)
from tests.standin.api_errors import API_ERRORS
from tests.unit.metadata.peers import Clock, ExtractorPeer, video_id
from ytarchive.common.config import load_settings
from ytarchive.common.errors import (
    ApiFailure,
    ApiKeyInvalid,
    ApiNotEnabled,
    ApiRateLimited,
    DeletedVideo,
    NetworkFailure,
    PrivateVideo,
    QuotaExceeded,
    SourceGone,
    VideoUnavailable,
    YTArchiveError,
)
from ytarchive.metadata import BatchRequest, PlaylistPageQuery, VideoMetadataQuery
from ytarchive.metadata.data_api import client as data_api
from ytarchive.metadata.service import MetadataService

CACHED, FRESH = VideoMetadataQuery(), VideoMetadataQuery(refresh=True)


@dataclass
class Archive:
    """A state folder and what the service on it talks to."""

    folder: Path
    youtube: StandIn
    clock: Clock = field(default_factory=Clock)
    extractor: ExtractorPeer = field(default_factory=ExtractorPeer)

    def __post_init__(self) -> None:
        """Make yt-dlp able to see unavailable entries, or only what the Data API shows."""
        videos = self.catalogue.videos
        self.extractor.sees = lambda each: each in videos and videos[each].state is VideoState.OK

    @asynccontextmanager
    async def service(self, **sections: Any) -> AsyncIterator[MetadataService]:
        """The service as a fresh process would run it."""
        sections = {
            "storage": {"base_path": str(self.folder)},
            "network": {"proxy": self.youtube.proxy_url, "ca_file": str(self.youtube.ca_file)},
        } | sections
        sections["youtube"] = {"api_key": "standin-key"} | sections.get("youtube", {})
        settings = load_settings(**sections)
        async with MetadataService.open(settings, self.extractor, self.clock) as service:
            yield service

    @property
    def catalogue(self) -> Catalogue:
        return self.youtube.catalogue

    @property
    def units(self) -> int:
        """Quota units that the stand-in counted."""
        return self.youtube.requests.quota_used

    def fail(self, **fault: Any) -> None:
        self.youtube.behaviour.faults.append(Fault(**fault))


@pytest.fixture
async def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Archive]:
    monkeypatch.setattr(data_api, "_RETRY_BASE", 0.001)
    async with StandIn(Catalogue(), Behaviour(), media=MediaSpec()) as youtube:
        yield Archive(tmp_path / "archive", youtube)


async def every_page(service: MetadataService, source: str) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = await service.get_playlist_page(source, PlaylistPageQuery(cursor=cursor))
        found += [video.video_id for video in page.videos]
        cursor = page.next_cursor
        if cursor is None:
            return found


def bound(count: int) -> int:
    """The most units that listing `count` entries may cost."""
    return 1 + 2 * ceil(count / 50)


# --- costs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 50, 51, 60, 250])
async def test_a_playlist_and_its_job_stay_within_the_documented_units(
    archive: Archive, count: int
) -> None:
    dead: dict[str, Any] = {"private": 1, "deleted": 2, "age_gated": 1} if count > 10 else {}
    playlist = archive.catalogue.playlist_of(count, **dead)
    async with archive.service() as service:
        listed = await service.get_playlist(playlist.id, CACHED)
        assert archive.units <= bound(count)
        spent = archive.units
        batch = await service.get_batch(BatchRequest(video_ids=playlist.video_ids))
        for each in playlist.video_ids[:3]:
            await service.get_video(each, CACHED)
        assert await every_page(service, playlist.id) == playlist.video_ids
        assert archive.units == spent
        assert (await service.get_quota()).used == spent
    assert [video.video_id for video in listed.videos] == playlist.video_ids
    assert len(batch.found) == count - sum(dead.values()) + dead.get("age_gated", 0)
    assert {m.reason for m in batch.missing} == ({"private", "deleted"} if dead else set())
    # Entries that the API omits are requested from yt-dlp.
    assert set(archive.extractor.extracted) == {each.video_id for each in batch.missing}


INCOMPLETE: list[dict[str, Any]] = [
    {"snippet": {"publishedAt": None}},
    {"snippet": {"publishedAt": "last year", "title": ["A"]}},
    {"snippet": {"channelId": None}},
    {"contentDetails": {"duration": "four seconds"}},
    {"snippet": {"title": None}},
]


@pytest.mark.parametrize("parts", INCOMPLETE)
async def test_incomplete_answer_of_data_api_is_replaced_by_that_of_yt_dlp(
    archive: Archive, parts: dict[str, Any]
) -> None:
    odd, whole = archive.catalogue.add_video(api=parts), archive.catalogue.add_video()
    async with archive.service() as service:
        batch = await service.get_batch(BatchRequest(video_ids=[odd.id, whole.id]))
        alone = await service.get_video(odd.id, FRESH)
    assert {each.video_id: each.source for each in batch.found} == {
        odd.id: None,
        whole.id: "data_api",
    }
    assert alone.title == f"Extracted {odd.id}"


async def test_paging_costs_the_same_and_makes_the_whole_list_free(archive: Archive) -> None:
    playlist = archive.catalogue.playlist_of(120, title="Long", private=3)
    async with archive.service() as service:
        first = await service.get_playlist_page(playlist.id, PlaylistPageQuery())
        assert (first.title, first.video_count, len(first.videos)) == ("Long", 120, 50)
        assert archive.units == 3
        assert await every_page(service, playlist.id) == playlist.video_ids
        whole = await service.get_playlist(playlist.id, CACHED)
    assert archive.units <= bound(120)
    assert sum(not video.is_available for video in whole.videos) == 3


async def test_entries_only_cost_a_unit_for_fifty_and_unavailable_ones_keep_their_reason(
    archive: Archive,
) -> None:
    playlist = archive.catalogue.playlist_of(120, private=3)
    alone = PlaylistPageQuery(describe=False)
    async with archive.service() as service:
        found, page = [], await service.get_playlist_page(playlist.id, alone)
        while True:
            found += page.videos
            if page.next_cursor is None:
                break
            more = PlaylistPageQuery(cursor=page.next_cursor, describe=False)
            page = await service.get_playlist_page(playlist.id, more)
        assert archive.units == 1 + 3
        dead = [video.video_id for video in found if not video.is_available]
        batch = await service.get_batch(BatchRequest(video_ids=dead, extract=False))
        assert archive.units == 1 + 3 + 1

        whole = await service.get_playlist(playlist.id, CACHED)
    assert [video.video_id for video in found] == playlist.video_ids
    assert {missing.reason for missing in batch.missing} == {"private"}
    assert len(batch.missing) == 3
    assert all(video.duration for video in whole.videos if video.is_available)


async def test_known_entries_of_an_uploads_list_are_not_requested_again(archive: Archive) -> None:
    channel = archive.catalogue.playlist_of(120).channel
    async with archive.service() as service:
        for handle in (channel.handle, channel.id):
            query = PlaylistPageQuery(describe=False, newer_than=archive.clock())
            page = await service.get_playlist_page(handle, query)
            assert (page.playlist_id, page.channel_title) == (channel.uploads_id, channel.title)
            archive.clock.advance(days=3 if handle == channel.id else 0.5)
    assert archive.youtube.requests.count("api:channels") == 1
    assert archive.youtube.requests.count("api:playlists") == 0
    assert archive.units == 1 + 1 + 1


async def test_no_listing_is_shared_that_began_before_the_moment_given(archive: Archive) -> None:
    playlist = archive.catalogue.playlist_of(3)
    old = list(playlist.video_ids)
    async with archive.service() as service:
        before = await service.get_playlist_page(playlist.id, PlaylistPageQuery())
        archive.clock.advance(seconds=1)
        [new] = archive.catalogue.add_videos(1)
        archive.catalogue.append(playlist.id, [new])
        shared = await service.get_playlist_page(playlist.id, PlaylistPageQuery())
        query = PlaylistPageQuery(newer_than=archive.clock())
        archive.clock.advance(seconds=1)
        anew = await service.get_playlist_page(playlist.id, query)
        again = await service.get_playlist_page(playlist.id, query)
    assert shared == before
    assert [video.video_id for video in anew.videos] == [*old, new.id]
    assert again == anew


async def test_a_cursor_continues_after_a_restart_without_listing_again(archive: Archive) -> None:
    playlist = archive.catalogue.playlist_of(120)
    async with archive.service() as service:
        first = await service.get_playlist_page(playlist.id, PlaylistPageQuery())
    async with archive.service() as service:
        query = PlaylistPageQuery(cursor=first.next_cursor)
        second = await service.get_playlist_page(playlist.id, query)
    assert [v.video_id for v in second.videos] == playlist.video_ids[50:100]
    assert archive.units == 5


async def test_concurrent_single_requests_share_calls_of_fifty(archive: Archive) -> None:
    videos = archive.catalogue.add_videos(120)
    async with archive.service() as service:
        asked = [service.get_video(video.id, CACHED) for video in videos * 2]
        found = await asyncio.gather(*asked)
    assert [video.video_id for video in found] == [video.id for video in videos] * 2
    assert archive.units == 3


async def test_ten_thousand_ids_cost_two_hundred_units_once(archive: Archive) -> None:
    videos = archive.catalogue.add_videos(9_990)
    wanted = [video.id for video in videos] + [video_id(n) for n in range(10)]
    async with archive.service() as service:
        batch = await service.get_batch(BatchRequest(video_ids=wanted))
        again = await service.get_batch(BatchRequest(video_ids=wanted))
    assert [video.video_id for video in batch.found] == wanted[:9_990]
    assert {m.error_code for m in batch.missing} == {"E118"}
    assert again == batch
    assert archive.units == 200


# --- what is dead, and where things stand -----------------------------------------------------


async def test_ids_and_not_titles_decide_which_entries_are_unavailable(archive: Archive) -> None:
    alive = [
        archive.catalogue.add_video(title)
        for title in ("Private video", "Deleted video", "[Private video]")
    ]
    states = (VideoState.PRIVATE, VideoState.DELETED)
    dead = [archive.catalogue.add_video("Alive!", state=state) for state in states]
    playlist = archive.catalogue.add_playlist([*alive, *dead])
    async with archive.service() as service:
        listed = (await service.get_playlist(playlist.id, CACHED)).videos
        batch = await service.get_batch(BatchRequest(video_ids=playlist.video_ids))
        for video, kind in zip(dead, (PrivateVideo, DeletedVideo), strict=True):
            with pytest.raises(kind):
                await service.get_video(video.id, CACHED)
    assert [video.is_available for video in listed] == [True, True, True, False, False]
    assert [m.reason for m in batch.missing] == ["private", "deleted"]


async def test_a_cached_video_that_became_unavailable_is_detected(archive: Archive) -> None:
    playlist = archive.catalogue.playlist_of(3)
    async with archive.service() as service:
        await service.get_playlist(playlist.id, CACHED)
        archive.catalogue.change_video(playlist.video_ids[1], state=VideoState.PRIVATE)
        listed = (await service.get_playlist(playlist.id, FRESH)).videos
        assert [video.is_available for video in listed] == [True, False, True]
        with pytest.raises(PrivateVideo):
            await service.get_video(playlist.video_ids[1], CACHED)
        archive.catalogue.change_video(playlist.video_ids[1], state=VideoState.OK)
        archive.clock.advance(minutes=6)  # a refusal is not remembered for long
        assert (await service.get_video(playlist.video_ids[1], CACHED)).title


async def test_order_duplicates_dates_and_lengths_follow_the_playlist(archive: Archive) -> None:
    films = archive.catalogue.add_videos(3, duration=93_784)
    playlist = archive.catalogue.add_playlist([films[2], films[0], films[2], films[1]])
    async with archive.service() as service:
        whole = await service.get_playlist(playlist.id, CACHED)
    assert [video.video_id for video in whole.videos] == playlist.video_ids
    assert [video.position for video in whole.videos] == [0, 1, 2, 3]
    assert [video.added_at for video in whole.videos] == [e.added for e in playlist.entries]
    assert {video.duration for video in whole.videos} == {93_784}
    assert whole.channel_title == playlist.channel.title


async def test_hostile_titles_arrive_unchanged_and_stay_so_in_the_cache(archive: Archive) -> None:
    videos = [archive.catalogue.add_video(title) for title in HOSTILE_TITLES]
    playlist = archive.catalogue.add_playlist(videos, title=HOSTILE_TITLES[0])
    async with archive.service() as service:
        await service.get_playlist(playlist.id, CACHED)
    async with archive.service() as service:
        whole = await service.get_playlist(playlist.id, CACHED)
        batch = await service.get_batch(BatchRequest(video_ids=playlist.video_ids))
    titles = [title.replace("\ud800", "?") for title in HOSTILE_TITLES]  # it is no character
    assert [video.title for video in whole.videos] == titles
    # Without a title the Data API's answer is incomplete, and yt-dlp answers.
    extracted = [title if title.strip() else f"Extracted {each.video_id}"
                 for title, each in zip(titles, batch.found, strict=True)]  # fmt: skip
    assert [video.title for video in batch.found] == extracted
    assert whole.title == HOSTILE_TITLES[0]


# --- channels ---------------------------------------------------------------------------------


async def test_a_channel_means_its_uploads_by_every_name(archive: Archive) -> None:
    channel = archive.catalogue.add_channel("Films", handle="@Films")
    archive.catalogue.add_videos(60, channel=channel)
    async with archive.service() as service:
        by_handle = await service.get_playlist("https://www.youtube.com/@films", CACHED)
        assert archive.units <= 1 + bound(60)
        spent = archive.units
        assert await service.get_playlist(channel.id, CACHED) == by_handle
        assert len(await every_page(service, "@Films")) == 60
        described = await service.get_channel("@films", CACHED)
        assert archive.units == spent
        by_user = await service.get_playlist("https://www.youtube.com/user/films", CACHED)
        assert (archive.units, by_user) == (spent + 1, by_handle)
        # Whose address this is, only yt-dlp can find out; the entries are here already.
        archive.extractor.add_list("c:Films", 1, channel_id=channel.id)
        by_custom = await service.get_playlist("https://www.youtube.com/c/Films", CACHED)
        assert (archive.units, by_custom) == (spent + 1, by_handle)
    assert by_handle.playlist_id == channel.uploads_id == described.uploads_playlist_id
    assert (described.channel_id, described.title) == (channel.id, "Films")
    assert described.video_count == 60


async def test_a_channel_without_uploads_is_empty_and_a_missing_one_an_error(
    archive: Archive,
) -> None:
    channel = archive.catalogue.add_channel("Quiet")
    async with archive.service() as service:
        for name in (channel.id, channel.uploads_id, channel.handle):
            empty = await service.get_playlist(name, CACHED)
            assert (empty.videos, empty.video_count) == ([], 0)
            assert await every_page(service, name) == []
        for name in ("UC" + "x" * 22, "UU" + "x" * 22, "@nobody"):
            with pytest.raises(SourceGone):
                await service.get_playlist(name, CACHED)
        with pytest.raises(SourceGone):
            await service.get_channel("@nobody", CACHED)


@pytest.mark.parametrize("state", [PlaylistState.PRIVATE, PlaylistState.NOT_FOUND])
async def test_a_private_playlist_is_reported_as_gone(
    archive: Archive, state: PlaylistState
) -> None:
    playlist = archive.catalogue.add_playlist([])
    archive.catalogue.change_playlist(playlist.id, state=state)
    async with archive.service() as service:
        with pytest.raises(SourceGone):
            await service.get_playlist(playlist.id, CACHED)
        with pytest.raises(SourceGone):
            await service.get_playlist("WL", CACHED)


async def test_an_empty_playlist_is_empty(archive: Archive) -> None:
    playlist = archive.catalogue.add_playlist([], title="Nothing yet")
    async with archive.service() as service:
        whole = await service.get_playlist(playlist.id, CACHED)
    assert (whole.title, whole.videos) == ("Nothing yet", [])
    assert archive.units == 2


# --- failures ---------------------------------------------------------------------------------

MEANT: dict[str, type[YTArchiveError]] = {
    "quotaExceeded": QuotaExceeded,
    "dailyLimitExceeded": QuotaExceeded,
    "rateLimitExceeded": ApiRateLimited,
    "userRateLimitExceeded": ApiRateLimited,
    "resourceExhausted": ApiRateLimited,
    "keyInvalid": ApiKeyInvalid,
    "keyInvalidOld": ApiKeyInvalid,
    "keyMissing": ApiKeyInvalid,
    "accessNotConfigured": ApiNotEnabled,
    "keyServiceBlocked": ApiNotEnabled,
    "keyReferrerBlocked": ApiNotEnabled,
    "playlistNotFound": SourceGone,
    "playlistItemsNotAccessible": SourceGone,
    "watchLaterNotAccessible": SourceGone,
    "watchHistoryNotAccessible": SourceGone,
    "videoNotFound": SourceGone,  # yt-dlp is asked, and knows no such list either
}


@pytest.mark.parametrize("name", API_ERRORS)
async def test_every_error_of_the_api_has_an_error_class(archive: Archive, name: str) -> None:
    playlist = archive.catalogue.playlist_of(1)
    archive.fail(kind="api:playlistItems", api_error=name)
    async with archive.service(youtube={"extract_when_quota_spent": False}) as service:
        with pytest.raises(YTArchiveError) as caught:
            await service.get_playlist(playlist.id, CACHED)
        assert type(caught.value) is MEANT.get(name, ApiFailure)
        key_is_bad = isinstance(caught.value, ApiKeyInvalid | ApiNotEnabled)
        assert (await service.health()).checks["source"] is not key_is_bad
    assert not archive.extractor.extracted


async def test_a_listing_that_fails_midway_is_an_error_and_continues_later(
    archive: Archive,
) -> None:
    playlist = archive.catalogue.playlist_of(120)
    archive.fail(kind="api:playlistItems", after=2, times=3, status=500)
    async with archive.service() as service:
        with pytest.raises(ApiFailure):
            await service.get_playlist(playlist.id, CACHED)
        whole = await service.get_playlist(playlist.id, CACHED)
    assert [video.video_id for video in whole.videos] == playlist.video_ids
    assert archive.youtube.requests.count("api:playlistItems") == 2 + 3 + 1


async def test_a_page_token_that_is_no_longer_valid_loses_no_entry(archive: Archive) -> None:
    playlist = archive.catalogue.playlist_of(120)
    archive.fail(kind="api:playlistItems", after=1, times=1, api_error="invalidPageToken")
    async with archive.service() as service:
        assert await every_page(service, playlist.id) == playlist.video_ids


async def test_a_cut_connection_and_a_short_body_are_retried(archive: Archive) -> None:
    video = archive.catalogue.add_video()
    archive.fail(kind="api:videos", times=1, cut_after=20)
    archive.fail(kind="api:videos", times=1, truncate_to=20)
    async with archive.service() as service:
        assert (await service.get_video(video.id, CACHED)).title == video.title
        assert (await service.get_quota()).used == 3


async def test_nothing_is_sent_to_a_server_with_an_untrusted_certificate(archive: Archive) -> None:
    async with archive.service(network={"proxy": archive.youtube.proxy_url}) as service:
        with pytest.raises(NetworkFailure, match=r"network\.ca_file"):
            await service.get_video(video_id(1), CACHED)
    assert archive.units == 0


async def test_a_missing_video_is_unavailable_and_cached_for_a_short_time(archive: Archive) -> None:
    async with archive.service() as service:
        for _ in range(2):
            with pytest.raises(VideoUnavailable):
                await service.get_video(video_id(1), CACHED)
        assert archive.units == 1
        archive.clock.advance(minutes=6)
        with pytest.raises(VideoUnavailable):
            await service.get_video(video_id(1), CACHED)
    assert archive.units == 2


async def test_one_failed_call_of_a_batch_affects_only_its_videos(archive: Archive) -> None:
    videos = archive.catalogue.add_videos(100)
    archive.fail(kind="api:videos", times=1, status=400)
    async with archive.service() as service:
        wanted = [video.id for video in videos]
        batch = await service.get_batch(BatchRequest(video_ids=wanted))
    assert len(batch.found) == 50
    assert {missing.error_code for missing in batch.missing} == {"E153"}


async def test_a_refused_key_is_not_used_again_in_a_batch(archive: Archive) -> None:
    archive.youtube.behaviour.api_keys = ("another",)
    async with archive.service() as service:
        wanted = [video_id(n) for n in range(10_000)]
        batch = await service.get_batch(BatchRequest(video_ids=wanted))
        assert not (await service.health()).is_healthy
    assert {missing.reason for missing in batch.missing} == {"api_key_invalid"}
    assert len(batch.missing) == 10_000
    assert archive.units <= 8
    assert archive.extractor.extracted == []


async def test_a_request_for_yt_dlps_answer_uses_no_unit(archive: Archive) -> None:
    (video,) = archive.catalogue.add_videos(1)
    async with archive.service() as service:
        found = await service.get_video(video.id, VideoMetadataQuery(extract=True))
    assert found.title == f"Extracted {video.id}"
    assert archive.units == 0


# --- quota ------------------------------------------------------------------------------------


async def test_yt_dlp_answers_without_remaining_quota(archive: Archive) -> None:
    videos = archive.catalogue.add_videos(120)
    wanted = [video.id for video in videos]
    limits = {"quota_limit": 12, "quota_reserve": 10}
    async with archive.service(youtube=limits) as service:
        batch = await service.get_batch(BatchRequest(video_ids=wanted))
        assert len(batch.found) == 120
        assert len(archive.extractor.extracted) == 20
        (video,) = archive.catalogue.add_videos(1)
        assert (await service.get_video(video.id, CACHED)).title == f"Extracted {video.id}"
        assert archive.units == (await service.get_quota()).used == 2


async def test_without_that_permission_the_quota_is_an_error(archive: Archive) -> None:
    videos = archive.catalogue.add_videos(60)
    limits = {"quota_limit": 1, "quota_reserve": 0, "extract_when_quota_spent": False}
    async with archive.service(youtube=limits) as service:
        wanted = [video.id for video in videos]
        batch = await service.get_batch(BatchRequest(video_ids=wanted))
        with pytest.raises(QuotaExceeded):
            await service.get_video(batch.missing[0].video_id, CACHED)
    assert len(batch.found) == 50
    assert {(m.error_code, m.reason) for m in batch.missing} == {("E001", "quota_exceeded")}
    assert archive.extractor.extracted == []


async def test_a_batch_without_extraction_says_not_extracted_when_quota_is_spent(
    archive: Archive,
) -> None:
    async with archive.service(youtube={"quota_limit": 0}) as service:
        request = BatchRequest(video_ids=[video_id(1)], extract=False)
        (missing,) = (await service.get_batch(request)).missing
    assert (missing.error_code, missing.reason) == ("E013", "not_extracted")
    assert archive.units == 0


async def test_a_quota_refusal_of_youtube_holds_until_midnight(archive: Archive) -> None:
    archive.youtube.behaviour.api_quota = 1
    videos = archive.catalogue.add_videos(3)
    async with archive.service() as service:
        await service.get_video(videos[0].id, CACHED)
        await service.get_video(videos[1].id, CACHED)
    assert archive.extractor.extracted == [videos[1].id]
    async with archive.service() as service:
        await service.get_video(videos[2].id, CACHED)
        quota = await service.get_quota()
        assert (quota.remaining, quota.source) == (0, "data_api")
        assert archive.units == 2
        archive.youtube.behaviour.api_quota = 10_000
        archive.clock.moment = quota.resets_at
        assert (await service.get_video(videos[1].id, FRESH)).title == videos[1].title
        assert (await service.get_quota()).used == 1


async def test_a_listing_whose_quota_ends_midway_is_finished_by_yt_dlp(archive: Archive) -> None:
    playlist = archive.catalogue.playlist_of(120)
    archive.extractor.lists[playlist.id] = listed_by_yt_dlp(archive, playlist)
    async with archive.service(youtube={"quota_limit": 4, "quota_reserve": 0}) as service:
        whole = await service.get_playlist(playlist.id, CACHED)
    assert [video.video_id for video in whole.videos] == playlist.video_ids
    assert [video.position for video in whole.videos] == list(range(120))
    assert archive.units == 4


async def test_a_page_by_yt_dlp_uses_no_quota(archive: Archive) -> None:
    playlist = archive.catalogue.playlist_of(3)
    archive.extractor.lists[playlist.id] = listed_by_yt_dlp(archive, playlist)
    async with archive.service() as service:
        page = await service.get_playlist_page(playlist.id, PlaylistPageQuery(extract=True))
    assert [video.video_id for video in page.videos] == playlist.video_ids
    assert archive.units == 0


def listed_by_yt_dlp(archive: Archive, playlist: Playlist) -> Any:
    archive.extractor.add_list(playlist.id, len(playlist.video_ids))
    whole = archive.extractor.lists[playlist.id]
    pairs = zip(whole.videos, playlist.video_ids, strict=True)
    videos = [video.model_copy(update={"video_id": each}) for video, each in pairs]
    return whole.model_copy(update={"videos": videos})


# --- captions, refresh, cancellation ----------------------------------------------------------


async def test_caption_languages_of_an_extraction_are_kept_after_a_refresh_by_the_api(
    archive: Archive,
) -> None:
    archive.extractor.captions = ["de", "en"]
    video = archive.catalogue.add_video()
    async with archive.service(youtube={"api_key": None}) as service:
        await service.get_video(video.id, CACHED)
    async with archive.service() as service:
        fresh = await service.get_video(video.id, FRESH)
        assert (fresh.title, fresh.available_captions) == (video.title, ["de", "en"])
        assert await service.get_video(video.id, CACHED) == fresh
    assert archive.units == 1


async def test_a_failed_refresh_is_an_error_and_the_cached_copy_stays(archive: Archive) -> None:
    video = archive.catalogue.add_video()
    async with archive.service() as service:
        cached = await service.get_video(video.id, CACHED)
        archive.fail(kind="api:videos", status=503)
        with pytest.raises(ApiFailure):
            await service.get_video(video.id, FRESH)
        assert await service.get_video(video.id, CACHED) == cached


async def test_a_cancelled_caller_does_not_affect_other_callers(archive: Archive) -> None:
    archive.youtube.behaviour.latency_ms = 50
    videos = archive.catalogue.add_videos(3)
    async with archive.service() as service:
        tasks = [asyncio.create_task(service.get_video(v.id, CACHED)) for v in videos]
        async with asyncio.timeout(30):
            while not archive.units:
                await asyncio.sleep(0.001)
        tasks[0].cancel()
        found = await asyncio.gather(*tasks[1:])
    assert [video.video_id for video in found] == [video.id for video in videos[1:]]


async def test_the_key_is_sent_only_in_the_header(archive: Archive) -> None:
    playlist = archive.catalogue.playlist_of(60)
    async with archive.service() as service:
        await service.get_playlist(playlist.id, CACHED)
        await service.get_channel(playlist.channel.id, CACHED)
    asked = [e for e in archive.youtube.requests.entries if e.kind.startswith("api:")]
    assert {entry.key_in for entry in asked} == {"header"}
    assert len(asked) == bound(60) + 1


# --- what only an account or yt-dlp can see -----------------------------------------------------


@pytest.mark.parametrize("state", [VideoState.PRIVATE, VideoState.DELETED])
async def test_a_video_that_the_api_leaves_out_is_described_by_yt_dlp(
    archive: Archive, state: VideoState
) -> None:
    video = archive.catalogue.add_video(state=state)
    archive.extractor.sees = lambda _: True  # by the cookies of its owner, for one
    async with archive.service() as service:
        for query in (CACHED, FRESH):
            assert (await service.get_video(video.id, query)).title == f"Extracted {video.id}"
        batch = await service.get_batch(BatchRequest(video_ids=[video.id]))
        assert [found.title for found in batch.found] == [f"Extracted {video.id}"]


async def test_a_refusal_is_requested_again_when_yt_dlp_has_new_cookies(archive: Archive) -> None:
    video = archive.catalogue.add_video(state=VideoState.PRIVATE)
    async with archive.service() as service:
        with pytest.raises(VideoUnavailable):
            await service.get_video(video.id, CACHED)
        archive.extractor.sees = lambda _: True  # the cookies were renewed
        assert (await service.get_video(video.id, CACHED)).title == f"Extracted {video.id}"


@pytest.mark.parametrize("name", ["playlistNotFound", "playlistItemsNotAccessible"])
async def test_a_list_that_the_api_refuses_is_listed_by_yt_dlp(archive: Archive, name: str) -> None:
    playlist = archive.catalogue.playlist_of(3)
    archive.extractor.add_list(playlist.id, 3)
    archive.fail(kind="api:playlistItems", api_error=name)
    async with archive.service() as service:
        listed = await service.get_playlist(playlist.id, CACHED)
    assert [entry.video_id for entry in listed.videos] == [video_id(n) for n in range(3)]


@pytest.mark.parametrize("account_list", ["WL", "LL"])
async def test_lists_of_an_account_are_requested_only_by_yt_dlp(
    archive: Archive, account_list: str
) -> None:
    archive.extractor.add_list(account_list, 2)
    async with archive.service() as service:
        listed = await service.get_playlist(account_list, CACHED)
        assert await every_page(service, account_list) == [video_id(0), video_id(1)]
    assert [entry.video_id for entry in listed.videos] == [video_id(0), video_id(1)]
    assert archive.units == 0
