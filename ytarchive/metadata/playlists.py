"""Playlists, whole or page by page."""

from typing import Any

from ytarchive.common.media import PlaylistMetadata
from ytarchive.metadata.api import PlaylistPage, PlaylistPageQuery
from ytarchive.metadata.cursors import Cursor
from ytarchive.metadata.listings import Listing, ListingRepository
from ytarchive.metadata.passes import Passes

_PAGE = 500


class Playlists:
    """Reads playlists out of passes, which it moves on as far as it needs."""

    def __init__(self, passes: Passes, listings: ListingRepository) -> None:
        self._passes = passes
        self._listings = listings

    async def whole(self, source: str, *, refresh: bool) -> PlaylistMetadata:
        """A playlist with all its entries. A listing that fails midway is an error."""
        listing = await self._passes.begin(source, refresh=refresh)
        while not listing.complete:
            listing = await self._passes.advance(listing)
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

    async def page(self, source: str, query: PlaylistPageQuery) -> PlaylistPage:
        """The entries that follow a cursor; no more is asked of YouTube than they need."""
        listing, position = await self._resume(source, query)
        while listing.listed <= position and not listing.complete:
            listing = await self._passes.advance(listing)
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

    async def end(self, source: str, query: PlaylistPageQuery) -> None:
        """Nobody wants the entries that follow the cursor."""
        if query.cursor is not None:
            await self._passes.sessions.end(Cursor.decode(query.cursor, source).listing_id)

    async def _resume(self, source: str, query: PlaylistPageQuery) -> tuple[Listing, int]:
        how: dict[str, Any] = {"newer_than": query.newer_than, "described": query.describe}
        if query.cursor is None:
            return await self._passes.begin(source, **how), 0
        cursor = Cursor.decode(query.cursor, source)
        listing = await self._listings.get(cursor.listing_id)
        if listing is None or listing.playlist_id != cursor.playlist_id:
            listing = await self._passes.begin(cursor.playlist_id, **how)
        return listing, cursor.position
