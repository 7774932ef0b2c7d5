"""The Metadata service without a key: real yt-dlp in worker processes, against the stand-in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.standin import Catalogue, StandIn, VideoState
from tests.ytdlp_requests import EXTRACTION, listing_requests, only, plain_requests
from ytarchive.common.config import load_settings
from ytarchive.metadata import BatchRequest, MetadataQuery, PlaylistPageQuery, VideoMetadataQuery
from ytarchive.metadata.service import MetadataService
from ytarchive.ytdlp import YtDlp


@asynccontextmanager
async def keyless(folder: Path, youtube: StandIn) -> AsyncIterator[MetadataService]:
    settings = load_settings(
        storage={"base_path": str(folder)},
        network={"proxy": youtube.proxy_url, "ca_file": str(youtube.ca_file)},
        youtube={"api_key": None},
        download={"pace": "off"},
    )
    async with YtDlp(settings) as ytdlp, MetadataService.open(settings, ytdlp) as service:
        yield service


async def test_a_playlist_is_paged_through_and_each_page_is_fetched_once(tmp_path: Path) -> None:
    catalogue = Catalogue()
    playlist = catalogue.playlist_of(250, title="Long", private=2, deleted=2)
    async with StandIn(catalogue) as youtube, keyless(tmp_path, youtube) as service:
        found: list[str] = []
        query = PlaylistPageQuery()
        while True:
            page = await service.get_playlist_page(playlist.id, query)
            found += [video.video_id for video in page.videos]
            if page.next_cursor is None:
                break
            query = PlaylistPageQuery(cursor=page.next_cursor)
        asked = listing_requests(youtube.requests.counts)
        whole = await service.get_playlist(playlist.id, MetadataQuery())
        assert listing_requests(youtube.requests.counts) == asked
        assert only(youtube.requests.counts, EXTRACTION) == {}
        assert youtube.requests.count("api:*") == 0
    assert found == playlist.video_ids
    assert whole.title == "Long"
    assert [video.video_id for video in whole.videos] == found


async def test_a_batch_has_metadata_captions_and_reasons(tmp_path: Path) -> None:
    catalogue = Catalogue()
    film = catalogue.add_video("Film", captions=("en", "de"))
    gone = catalogue.add_video(state=VideoState.PRIVATE)
    async with StandIn(catalogue) as youtube, keyless(tmp_path, youtube) as service:
        batch = await service.get_batch(BatchRequest(video_ids=[film.id, gone.id]))
        (video,) = batch.found
        assert await service.get_video(film.id, VideoMetadataQuery()) == video
        counted = only(youtube.requests.counts, EXTRACTION)
        channel = await service.get_channel(film.channel.handle, MetadataQuery())
        plain = await plain_requests(youtube, "--simulate", "--ignore-errors", film.id, gone.id)
    assert counted == only(plain, EXTRACTION)
    assert (video.title, video.view_count) == ("Film", film.views)
    assert sorted(video.available_captions or []) == ["de", "en"]
    assert [missing.reason for missing in batch.missing] == ["private"]
    assert channel.uploads_playlist_id == film.channel.uploads_id
