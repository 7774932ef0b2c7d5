"""Begins passes through playlists and continues them step by step, with either source."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from loguru import logger

from ytarchive.common.channel_lists import channel_and_tab, is_account_list, tab_list
from ytarchive.common.errors import ApiFailure
from ytarchive.common.media import ChannelMetadata
from ytarchive.metadata.api_listing import ApiListing
from ytarchive.metadata.channels import Channels, own_list_of
from ytarchive.metadata.data_api.client import DataApi
from ytarchive.metadata.listings import ListedBatch, Listing, ListingRepository
from ytarchive.metadata.sessions import ListingSessions
from ytarchive.metadata.sharing import SharedCalls
from ytarchive.metadata.sources import Sources
from ytarchive.ytdlp import ListedEntries

log = logger.bind(service="metadata")


class ListingPasses:
    """Continues passes. All callers share a pass younger than `lifetime` seconds."""

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
        self._lifetime = timedelta(seconds=lifetime)
        self._now = now
        self._steps = SharedCalls[Listing]()
        self.sessions = ListingSessions(sources.extractor)

    async def close(self) -> None:
        """Give up what is under way."""
        await self._steps.close()
        await self.sessions.close()

    async def begin(
        self,
        source: str,
        *,
        refresh: bool = False,
        newer_than: datetime | None = None,
        described: bool = True,
        extract: bool = False,
    ) -> Listing:
        """Return a fresh pass: a running or cached one, or a new one with its first entries."""
        list_id = await self._channels.list_of(source)
        if list_id is not None and not refresh:
            now = self._now()
            since = max(now - self._lifetime, newer_than or now - self._lifetime)
            fresh = await self._listings.fresh(list_id, since, now, described=described)
            if fresh is not None:
                return fresh
        wanted = list_id or source
        return await self._steps.run(
            ("start", wanted, refresh, newer_than, described, extract),
            lambda: self._start(wanted, described=described, extract=extract),
        )

    async def _start(self, source: str, *, described: bool, extract: bool = False) -> Listing:
        if extract or is_account_list(
            source
        ):  # the Data API refuses lists of accounts, or reports them as empty
            listing = await self._start_by_extractor(source)
        else:
            listing = await self._sources.ask(
                lambda api: self._start_by_api(api, source, described=described),
                lambda: self._start_by_extractor(source),
            )
        log.info("listing {} ({} entries)", source, listing.video_count)
        return listing

    async def _start_by_api(self, api: DataApi, playlist_id: str, *, described: bool) -> Listing:
        began = self._now()
        known = None if described else await self._about(playlist_id)
        about, first = await self._by_api.first(api, playlist_id, known, described=described)
        return await self._listings.start(about, first, began, described=described)

    async def _about(self, playlist_id: str) -> ListedEntries | None:
        """Return the stored metadata of a list, without a request."""
        latest = await self._listings.latest(playlist_id)
        if latest is not None:
            fields = ListedEntries.model_fields.keys() & vars(latest).keys()
            return ListedEntries(**{name: getattr(latest, name) for name in fields}, videos=[])
        channel = await self._channels.known_by_list(playlist_id)
        return own_list_of(channel, playlist_id) if channel else None

    async def _start_by_extractor(self, source: str) -> Listing:
        began = self._now()
        about, session = await self.sessions.first(source)
        await self._channels.store_listed(source, about)
        playlist_id = source
        named = channel_and_tab(source)
        if named and about.channel_id:
            playlist_id = tab_list(about.channel_id, named[1])
        about = about.model_copy(update={"playlist_id": playlist_id})
        first = ListedBatch(about.videos, page_token=None, complete=not about.videos)
        listing = await self._listings.start(about, first, began, described=True)
        if not listing.complete:
            await self.sessions.keep(listing.listing_id, session)
        return listing

    async def channel_of(self, listing: Listing) -> ChannelMetadata | None:
        """Return the channel whose automatic list this is; None if it cannot be requested."""
        return await self._channels.of_list(listing.playlist_id)

    async def advance(self, listing: Listing) -> Listing:
        """Return the pass with more entries than `listing`, or complete.

        All callers share one step.
        """
        if listing.listed > 500_000:
            raise ApiFailure(f"{listing.playlist_id} has no end: {listing.listed} entries")
        return await self._steps.run(listing.listing_id, lambda: self._step(listing))

    async def _step(self, known: Listing) -> Listing:
        current = await self._listings.get(known.listing_id)
        if current is None:
            return await self._start(known.playlist_id, described=known.described)
        if current.listed > known.listed or current.complete:
            return current
        batch = await self._following(current)
        moved_on = await self._listings.append(current, batch)
        return moved_on or await self._start(known.playlist_id, described=known.described)

    async def _following(self, listing: Listing) -> ListedBatch:
        listed = partial(self._listings.listed_videos, listing)
        by_extractor = partial(
            self.sessions.next_batch, listing.listing_id, listing.playlist_id, listed
        )
        if listing.page_token is None:
            return await by_extractor()
        return await self._sources.ask(
            lambda api: self._by_api.following(api, listing, listed), by_extractor
        )
