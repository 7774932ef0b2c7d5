"""Playlists, whole or page by page, from either source."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from loguru import logger

from ytarchive.common.errors import ApiFailure
from ytarchive.common.identifiers import is_channel, uploads_playlist
from ytarchive.common.media import PlaylistMetadata
from ytarchive.metadata.api import PlaylistPage
from ytarchive.metadata.api_listing import ApiListing
from ytarchive.metadata.channels import Channels
from ytarchive.metadata.cursors import Cursor
from ytarchive.metadata.data_api import DataApi
from ytarchive.metadata.listings import Batch, Listing, ListingRepository
from ytarchive.metadata.sessions import ListingSessions
from ytarchive.metadata.sharing import SharedCalls
from ytarchive.metadata.sources import Sources
from ytarchive.metadata.videos import Videos

log = logger.bind(service="metadata")

_PAGE = 500
_MOST_ENTRIES = 500_000


class Playlists:
    """Lists playlists. A pass younger than `lifetime` seconds is shared by all who ask."""

    def __init__(
        self,
        sources: Sources,
        listings: ListingRepository,
        videos: Videos,
        channels: Channels,
        lifetime: float,
        now: Callable[[], datetime],
    ) -> None:
        self._sources = sources
        self._listings = listings
        self._videos = videos
        self._channels = channels
        self._lifetime = lifetime
        self._now = now
        self._steps = SharedCalls[Listing]()
        self.sessions = ListingSessions(sources.extractor)

    async def close(self) -> None:
        """Give up what is under way."""
        await self._steps.close()
        await self.sessions.close()

    async def whole(self, source: str, *, refresh: bool) -> PlaylistMetadata:
        """A playlist with all its entries. A listing that fails midway is an error."""
        listing = await self._begin(source, refresh=refresh)
        while not listing.complete:
            listing = await self._advance(listing)
        videos = await self._listings.entries(listing)
        return PlaylistMetadata(
            playlist_id=listing.playlist_id,
            title=listing.title,
            description=listing.description,
            channel_id=listing.channel_id,
            channel_title=listing.channel_title,
            video_count=max(listing.video_count or 0, len(videos)),
            videos=videos,
            fetched_at=listing.started_at,
        )

    async def page(self, source: str, cursor: str | None) -> PlaylistPage:
        """The entries that follow a cursor; no more is asked of YouTube than they need."""
        listing, position = await self._resume(source, cursor)
        while listing.listed <= position and not listing.complete:
            listing = await self._advance(listing)
        videos = await self._listings.entries(listing, position, _PAGE)
        end = position + len(videos)
        following = Cursor(l=listing.listing_id, i=listing.playlist_id, p=end)
        is_last = listing.complete and end >= listing.listed
        return PlaylistPage(
            playlist_id=listing.playlist_id,
            title=listing.title,
            description=listing.description,
            channel_id=listing.channel_id,
            channel_title=listing.channel_title,
            video_count=listing.video_count,
            videos=videos,
            next_cursor=None if is_last else following.encode(),
        )

    async def _resume(self, source: str, text: str | None) -> tuple[Listing, int]:
        if text is None:
            return await self._begin(source, refresh=False), 0
        cursor = Cursor.decode(text, source)
        listing = await self._listings.get(cursor.listing_id)
        if listing is None or listing.playlist_id != cursor.playlist_id:
            listing = await self._begin(cursor.playlist_id, refresh=False)
        return listing, cursor.position

    async def _begin(self, source: str, *, refresh: bool) -> Listing:
        """A fresh pass, perhaps one that others began; a new one with its first entries if not."""
        list_id = await self._channels.uploads(source)
        if list_id is not None and not refresh:
            fresh = await self._listings.fresh(list_id, self._now(), self._lifetime)
            if fresh is not None:
                return fresh
        wanted = list_id or source
        return await self._steps.run(("start", wanted, refresh), lambda: self._start(wanted))

    async def _start(self, source: str) -> Listing:
        listing = await self._sources.ask(
            lambda api: self._start_by_api(api, source), lambda: self._start_by_extractor(source)
        )
        log.info("listing {} ({} entries, says YouTube)", source, listing.video_count)
        return listing

    async def _start_by_api(self, api: DataApi, playlist_id: str) -> Listing:
        about, first = await self._by_api(api).first(playlist_id)
        return await self._listings.start(about, first, self._now())

    async def _start_by_extractor(self, source: str) -> Listing:
        about, session = await self.sessions.first(source)
        await self._channels.learn(source, about)
        playlist_id = source
        if is_channel(source) and about.channel_id:
            playlist_id = uploads_playlist(about.channel_id)
        about = about.model_copy(update={"playlist_id": playlist_id})
        first = Batch(about.videos, page_token=None, complete=not about.videos)
        listing = await self._listings.start(about, first, self._now())
        if not listing.complete:
            await self.sessions.keep(listing.listing_id, session)
        return listing

    async def _advance(self, listing: Listing) -> Listing:
        """The pass with more entries than `listing` has, or complete. One step, shared by all."""
        if listing.listed > _MOST_ENTRIES:
            raise ApiFailure(f"{listing.playlist_id} has no end: {listing.listed} entries")
        return await self._steps.run(listing.listing_id, lambda: self._step(listing))

    async def _step(self, known: Listing) -> Listing:
        current = await self._listings.get(known.listing_id)
        if current is None:
            return await self._start(known.playlist_id)
        if current.listed > known.listed or current.complete:
            return current
        batch = await self._following(current)
        return await self._listings.append(current, batch) or await self._start(known.playlist_id)

    async def _following(self, listing: Listing) -> Batch:
        listed = partial(self._listings.listed_videos, listing)
        by_extractor = partial(
            self.sessions.next_batch, listing.listing_id, listing.playlist_id, listed
        )
        if listing.page_token is None:
            return await by_extractor()
        return await self._sources.ask(
            lambda api: self._by_api(api).following(listing, listed), by_extractor
        )

    def _by_api(self, api: DataApi) -> ApiListing:
        return ApiListing(api, self._videos, self._channels)
