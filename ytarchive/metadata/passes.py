"""Passes through playlists: begun once, moved on step by step, by either source."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from loguru import logger

from ytarchive.common.errors import ApiFailure
from ytarchive.common.identifiers import is_channel, uploads_playlist
from ytarchive.metadata.api_listing import ApiListing
from ytarchive.metadata.channels import Channels
from ytarchive.metadata.data_api import DataApi
from ytarchive.metadata.listings import Batch, Listing, ListingRepository
from ytarchive.metadata.sessions import ListingSessions
from ytarchive.metadata.sharing import SharedCalls
from ytarchive.metadata.sources import Sources

log = logger.bind(service="metadata")

_MOST_ENTRIES = 500_000


class Passes:
    """Moves passes on. One younger than `lifetime` seconds is shared by all who ask."""

    def __init__(
        self,
        sources: Sources,
        listings: ListingRepository,
        by_api: ApiListing,
        channels: Channels,
        lifetime: float,
        now: Callable[[], datetime],
    ) -> None:
        self._sources = sources
        self._listings = listings
        self._by_api = by_api
        self._channels = channels
        self._lifetime = lifetime
        self._now = now
        self._steps = SharedCalls[Listing]()
        self.sessions = ListingSessions(sources.extractor)

    async def close(self) -> None:
        """Give up what is under way."""
        await self._steps.close()
        await self.sessions.close()

    async def begin(self, source: str, *, refresh: bool) -> Listing:
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
        about, first = await self._by_api.first(api, playlist_id)
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

    async def advance(self, listing: Listing) -> Listing:
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
            lambda api: self._by_api.following(api, listing, listed), by_extractor
        )
