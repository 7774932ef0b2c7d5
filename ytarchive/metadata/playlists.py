"""Playlists, whole or page by page."""

from ytarchive.common.media import PlaylistMetadata
from ytarchive.metadata.api import PlaylistPage
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

    async def page(self, source: str, cursor: str | None) -> PlaylistPage:
        """The entries that follow a cursor; no more is asked of YouTube than they need."""
        listing, position = await self._resume(source, cursor)
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

    async def _resume(self, source: str, text: str | None) -> tuple[Listing, int]:
        if text is None:
            return await self._passes.begin(source, refresh=False), 0
        cursor = Cursor.decode(text, source)
        listing = await self._listings.get(cursor.listing_id)
        if listing is None or listing.playlist_id != cursor.playlist_id:
            listing = await self._passes.begin(cursor.playlist_id, refresh=False)
        return listing, cursor.position
