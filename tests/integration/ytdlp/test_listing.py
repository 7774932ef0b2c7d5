"""Playlists and channels, listed lazily."""

import asyncio

import pytest

from tests.integration.ytdlp.helpers import (
    Archive,
    is_alive,
    until,
)
from tests.ytdlp_requests import EXTRACTION, only
from ytarchive.common import errors

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_list_is_read_page_by_page_on_demand(archive: Archive) -> None:
    playlist = archive.youtube.catalogue.playlist_of(250, title="Long", private=2, deleted=1)
    listing = archive.ytdlp.list_entries(playlist.id)
    first = await anext(listing)
    assert (first.title, first.video_count, len(first.videos)) == ("Long", 250, 100)
    asked = sum(archive.youtube.requests.counts.values())
    await asyncio.sleep(0.2)
    assert sum(archive.youtube.requests.counts.values()) == asked
    videos = [*first.videos, *[v async for chunk in listing for v in chunk.videos]]
    assert only(archive.youtube.requests.counts, EXTRACTION) == {}
    assert [video.video_id for video in videos] == playlist.video_ids
    assert [video.position for video in videos] == list(range(250))
    assert sum(not video.is_available for video in videos) == 3


async def test_a_channel_is_listed_by_its_uploads(archive: Archive) -> None:
    channel = archive.youtube.catalogue.add_channel("Films", handle="@films")
    made = archive.youtube.catalogue.add_videos(3, channel=channel)
    for source in ("@films", channel.id, "c:Films", "user:films"):
        [chunk] = [chunk async for chunk in archive.ytdlp.list_entries(source)]
        assert chunk.playlist_id == channel.uploads_id
        assert chunk.channel_id == channel.id
        assert {v.video_id for v in chunk.videos} == {v.id for v in made}


async def test_a_private_list_is_reported_as_gone(archive: Archive) -> None:
    playlist = archive.youtube.catalogue.playlist_of(2)
    archive.youtube.catalogue.change_playlist(playlist.id, state="private")
    with pytest.raises(errors.SourceGone):
        await anext(archive.ytdlp.list_entries(playlist.id))


async def test_a_missing_list_is_reported_as_gone(archive: Archive) -> None:
    for source in ("PL" + "x" * 32, "@nobodyatall", "UC" + "x" * 22):
        with pytest.raises(errors.SourceGone):
            await anext(archive.ytdlp.list_entries(source))


async def test_an_abandoned_listing_releases_its_worker(archive: Archive) -> None:
    playlist = archive.youtube.catalogue.playlist_of(150)
    listing = archive.ytdlp.list_entries(playlist.id)
    await anext(listing)
    [worker] = archive.workers
    await listing.aclose()
    await until(lambda: not is_alive(worker))
    assert archive.workers == []
