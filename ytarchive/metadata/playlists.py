"""Playlists, complete or in pages.

A cursor names the pass, its playlist and the position of the next entry. How the pass continues
(page token or session) is stored with the pass; if that was lost, the list is read again up to
there.
"""

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from ytarchive.common.channel_lists import channel_and_tab, is_channel_name, is_own_list, tab_list
from ytarchive.common.cursors import cursor_of, refused_cursor, values_of
from ytarchive.common.media import PlaylistMetadata, heading_of
from ytarchive.metadata.api import PlaylistPage, PlaylistPageQuery
from ytarchive.metadata.listings import Listing, ListingRepository
from ytarchive.metadata.passes import ListingPasses

_PAGE = 500
_PLACE: TypeAdapter[tuple[int, str, int]] = TypeAdapter(
    tuple[Annotated[int, Field(ge=1, lt=2**63)], str, Annotated[int, Field(ge=0, lt=2**53)]]
)


class Playlists:
    """Reads playlists from passes, and continues passes as far as needed."""

    def __init__(self, passes: ListingPasses, listings: ListingRepository) -> None:
        self._passes = passes
        self._listings = listings

    async def whole(self, source: str, *, refresh: bool) -> PlaylistMetadata:
        """Return a playlist with all its entries. A listing that fails midway is an error."""
        listing = await self._passes.begin(source, refresh=refresh)
        while not listing.complete:
            listing = await self._passes.advance(listing)
        videos = await self._listings.entries(listing)
        return PlaylistMetadata(
            **heading_of(listing),
            video_count=max(listing.video_count or 0, len(videos)),
            videos=videos,
            fetched_at=listing.started_at,
        )

    async def page(self, source: str, query: PlaylistPageQuery) -> PlaylistPage:
        """Return the entries after a cursor, with no more requests to YouTube than they need."""
        listing, position = await self._resume(source, query)
        while listing.listed <= position and not listing.complete:
            listing = await self._passes.advance(listing)
        videos = await self._listings.entries(listing, position, _PAGE)
        end = position + len(videos)
        following = cursor_of(listing.listing_id, listing.playlist_id, end)
        is_last = listing.complete and end >= listing.listed
        return PlaylistPage(
            **heading_of(listing),
            video_count=listing.video_count,
            videos=videos,
            next_cursor=None if is_last else following,
            channel=await self._passes.channel_of(listing) if query.cursor is None else None,
        )

    async def end(self, source: str, query: PlaylistPageQuery) -> None:
        """Release the resources for the entries after the cursor."""
        if query.cursor is not None:
            await self._passes.sessions.end(_place(query.cursor, source)[0])

    async def _resume(self, source: str, query: PlaylistPageQuery) -> tuple[Listing, int]:
        how: dict[str, Any] = {
            "newer_than": query.newer_than,
            "described": query.describe,
            "extract": query.extract,
        }
        if query.cursor is None:
            return await self._passes.begin(source, **how), 0
        listing_id, playlist_id, position = _place(query.cursor, source)
        listing = await self._listings.get(listing_id)
        if listing is None or listing.playlist_id != playlist_id:
            listing = await self._passes.begin(playlist_id, **how)
        return listing, position


def _place(cursor: str, source: str) -> tuple[int, str, int]:
    """Return the pass, the playlist and the position of a cursor. Raises InvalidRequest."""
    place = values_of(cursor, _PLACE)
    if not _may_be_of(place[1], source):
        raise refused_cursor("made for another playlist")
    return place


def _may_be_of(playlist_id: str, source: str) -> bool:
    """Return whether a playlist can be what a playlist id, channel id or channel's name means."""
    named = channel_and_tab(source)
    if named is None:
        return playlist_id == source
    if is_channel_name(named[0]):
        return is_own_list(playlist_id) or playlist_id == source
    return playlist_id == tab_list(*named)
