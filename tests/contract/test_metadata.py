"""The real Metadata service against the stand-in YouTube, in process and over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.conftest import Reach
from tests.standin import Catalogue, MediaSpec, StandIn, VideoState
from tests.unit.metadata.peers import ExtractorPeer
from ytarchive.common.config import load_settings
from ytarchive.common.errors import (
    InvalidIdentifier,
    PrivateVideo,
    QuotaExceeded,
    SourceGone,
    VideoUnavailable,
    YTArchiveError,
)
from ytarchive.common.models import Done, utc_now
from ytarchive.metadata import (
    BatchRequest,
    MetadataAPI,
    PlaylistPageQuery,
    VideoMetadataQuery,
)
from ytarchive.metadata.service import MetadataService

CACHED, FRESH = VideoMetadataQuery(), VideoMetadataQuery(refresh=True)


@pytest.fixture
async def youtube() -> AsyncIterator[StandIn]:
    async with StandIn(Catalogue(), media=MediaSpec(seconds=1)) as standin:
        yield standin


@pytest.fixture
async def metadata(
    reach: Reach[MetadataAPI], youtube: StandIn, tmp_path: Path
) -> AsyncIterator[MetadataAPI]:
    settings = load_settings(
        storage={"base_path": str(tmp_path)},
        network={"proxy": youtube.proxy_url, "ca_file": str(youtube.ca_file)},
        youtube={"api_key": "key", "quota_limit": 20, "quota_reserve": 0,
                 "extract_when_quota_spent": False},
    )  # fmt: skip
    async with MetadataService.open(settings, ExtractorPeer(sees=lambda _: False)) as service:
        yield await reach(MetadataAPI, service)


async def test_a_video_by_id_and_by_address(metadata: MetadataAPI, youtube: StandIn) -> None:
    video = youtube.catalogue.add_video("Größe «東京»", description="line\nline")
    found = await metadata.get_video(video.id, CACHED)
    assert (found.video_id, found.title, found.description) == (
        video.id,
        "Größe «東京»",
        "line\nline",
    )
    assert await metadata.get_video(f"https://youtu.be/{video.id}?t=5", CACHED) == found
    assert youtube.requests.quota_used == 1
    assert (await metadata.get_video(video.id, FRESH)).fetched_at > found.fetched_at


async def test_an_unavailable_video_has_the_same_error(
    metadata: MetadataAPI, youtube: StandIn
) -> None:
    private = youtube.catalogue.add_video(state=VideoState.PRIVATE)
    with pytest.raises((PrivateVideo, VideoUnavailable)) as refused:
        await metadata.get_video(private.id, CACHED)
    assert refused.value.status == 404
    with pytest.raises(InvalidIdentifier):
        await metadata.get_video("https://evil.com/" + private.id, CACHED)
    with pytest.raises(SourceGone):
        await metadata.get_playlist("PLdoesnotexist0000", CACHED)


async def test_a_batch_names_missing_videos_and_reasons(
    metadata: MetadataAPI, youtube: StandIn
) -> None:
    ids = [video.id for video in youtube.catalogue.add_videos(60)]
    private = youtube.catalogue.add_video(state=VideoState.PRIVATE).id
    batch = await metadata.get_batch(BatchRequest(video_ids=[*ids, private], extract=False))
    assert sorted(video.video_id for video in batch.found) == sorted(ids)
    assert [missing.video_id for missing in batch.missing] == [private]
    assert batch.missing[0].message


async def test_a_listing_can_be_ended_early(metadata: MetadataAPI, youtube: StandIn) -> None:
    listed = youtube.catalogue.playlist_of(120)
    query = PlaylistPageQuery(describe=False, newer_than=utc_now())
    first = await metadata.get_playlist_page(listed.id, query)
    rest = PlaylistPageQuery(cursor=first.next_cursor)
    assert await metadata.end_listing(listed.id, rest) == Done()
    second = await metadata.get_playlist_page(listed.id, rest)
    found = [video.video_id for video in [*first.videos, *second.videos]]
    assert found == listed.video_ids[: len(found)]


async def test_a_playlist_whole_and_by_pages(metadata: MetadataAPI, youtube: StandIn) -> None:
    listed = youtube.catalogue.playlist_of(60, deleted=1)
    whole = await metadata.get_playlist(
        f"https://www.youtube.com/playlist?list={listed.id}", CACHED
    )
    assert (whole.playlist_id, len(whole.videos)) == (listed.id, 60)
    assert [video.position for video in whole.videos] == list(range(60))
    paged, cursor = [], None
    while True:
        page = await metadata.get_playlist_page(listed.id, PlaylistPageQuery(cursor=cursor))
        paged += page.videos
        if (cursor := page.next_cursor) is None:
            break
    assert [video.video_id for video in paged] == [video.video_id for video in whole.videos]


async def test_a_channel_by_handle(metadata: MetadataAPI, youtube: StandIn) -> None:
    channel = youtube.catalogue.add_channel("A channel", handle="@achannel")
    found = await metadata.get_channel("@achannel", CACHED)
    assert (found.channel_id, found.uploads_playlist_id) == (channel.id, "UU" + channel.id[2:])


async def test_the_exceeded_quota_is_e001(metadata: MetadataAPI, youtube: StandIn) -> None:
    video = youtube.catalogue.add_video()
    for _ in range(20):
        await metadata.get_video(video.id, FRESH)
    usage = await metadata.get_quota()
    assert (usage.used, usage.remaining, usage.quota_limit) == (20, 0, 20)
    with pytest.raises(QuotaExceeded):
        await metadata.get_video(video.id, FRESH)


async def test_an_unknown_cursor_is_refused(metadata: MetadataAPI, youtube: StandIn) -> None:
    listed = youtube.catalogue.playlist_of(3)
    with pytest.raises(YTArchiveError) as refused:
        await metadata.get_playlist_page(listed.id, PlaylistPageQuery(cursor="nonsense"))
    assert refused.value.status == 422


async def test_health_is_reported(metadata: MetadataAPI) -> None:
    health = await metadata.health()
    assert (health.service, health.status) == ("metadata", "healthy")
