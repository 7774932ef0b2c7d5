"""Lists a playlist by the Data API: 1 unit for the list, then 1 or 2 for each 50 entries."""

import asyncio
from collections import Counter

from loguru import logger

from ytarchive.common.channel_lists import channel_of_list, is_own_list
from ytarchive.common.errors import ApiFailure, SourceGone, Unavailable
from ytarchive.common.media import PlaylistVideo, VideoMetadata
from ytarchive.metadata.api_videos import ApiVideos
from ytarchive.metadata.channels import Channels, own_list_of
from ytarchive.metadata.data_api.client import DataApi, ItemsPage
from ytarchive.metadata.data_api.resources import Resource
from ytarchive.metadata.listings import ListedBatch, Listing
from ytarchive.metadata.repository import Outcome
from ytarchive.metadata.sessions import ListedBefore, take
from ytarchive.ytdlp import ListedEntries

log = logger.bind(service="metadata")


class ApiListing:
    """Lists playlists page by page, with the availability of each entry."""

    def __init__(self, videos: ApiVideos, channels: Channels) -> None:
        self._videos = videos
        self._channels = channels

    async def first(
        self, api: DataApi, playlist_id: str, known: ListedEntries | None, *, described: bool
    ) -> tuple[ListedEntries, ListedBatch]:
        """Return the list's metadata, unless it is `known`, and its first entries.

        Raises SourceGone.

        Both are requested at once, so that downloads can start a round trip earlier.
        """
        about, page = await asyncio.gather(
            _about(api, playlist_id, known),
            api.playlist_items(playlist_id, None),
            return_exceptions=True,
        )
        if isinstance(page, SourceGone) and is_own_list(playlist_id):
            return await self._empty(playlist_id)
        if isinstance(page, BaseException):
            raise page
        if isinstance(about, BaseException):
            raise about
        return about, await self._batch(page, described=described)

    async def following(self, api: DataApi, listing: Listing, listed: ListedBefore) -> ListedBatch:
        """Return the entries that follow what a pass has listed."""
        token = listing.page_token
        for _ in range(10):
            page = await _page(api, listing.playlist_id, token, listed)
            token = page.next_token
            if page.items or token is None:
                return await self._batch(page, described=listing.described)
        raise ApiFailure("the Data API answers with empty pages only")

    async def _empty(self, playlist_id: str) -> tuple[ListedEntries, ListedBatch]:
        """Return an empty list: a channel without videos has no automatic playlist."""
        channel = await self._channels.get(channel_of_list(playlist_id), refresh=False)
        about = own_list_of(channel, playlist_id).model_copy(update={"video_count": 0})
        return about, ListedBatch([], page_token=None, complete=True)

    async def _batch(self, page: ItemsPage, *, described: bool) -> ListedBatch:
        """Return entries, `described` by `videos.list`, which shows which videos exist."""
        named = [(item.item_video_id, item) for item in page.items]
        items = [(video_id, item) for video_id, item in named if video_id is not None]
        absences = {video_id: item.absence() for video_id, item in items if item.looks_dead}
        if described:
            outcomes = await self._videos.check(list(dict(items)), absences) if items else {}
        else:
            self._videos.hint(absences)
            outcomes = dict[str, Outcome](absences)
        videos = [_entry(video_id, item, outcomes.get(video_id)) for video_id, item in items]
        return ListedBatch(videos, page.next_token, complete=page.next_token is None)


async def _page(
    api: DataApi, playlist_id: str, token: str | None, listed: ListedBefore
) -> ItemsPage:
    try:
        return await api.playlist_items(playlist_id, token)
    except ApiFailure as error:
        if error.details.get("api_reason") != "invalidPageToken":
            raise
        log.info("{}: the page token is no longer valid; listing from the start", playlist_id)
        return await _anew(api, playlist_id, await listed())


async def _anew(api: DataApi, playlist_id: str, listed: Counter[str]) -> ItemsPage:
    """Return the new entries of the first page from the start on that has any."""
    token: str | None = None
    while True:
        page = await api.playlist_items(playlist_id, token)
        fresh = [item for item in page.items if not take(listed, item.item_video_id)]
        if fresh or page.next_token is None:
            return ItemsPage(fresh, page.next_token)
        token = page.next_token


def _entry(video_id: str, item: Resource, outcome: object) -> PlaylistVideo:
    metadata = outcome if isinstance(outcome, VideoMetadata) else None
    return PlaylistVideo(
        video_id=video_id,
        position=0,  # set when it is appended to the pass
        title=metadata.title if metadata else item.snippet.title or "",
        duration=metadata.duration if metadata else None,
        is_available=not isinstance(outcome, Unavailable),
        added_at=item.snippet.published_at,
    )


async def _about(api: DataApi, playlist_id: str, known: ListedEntries | None) -> ListedEntries:
    if known is not None:
        return known
    found = await api.playlist(playlist_id) or Resource()
    return ListedEntries(
        playlist_id=playlist_id,
        title=found.snippet.title or "",
        description=found.snippet.description,
        channel_id=found.snippet.channel_id,
        channel_title=found.snippet.channel_title,
        video_count=found.content_details.item_count,
        videos=[],
    )
