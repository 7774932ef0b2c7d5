"""Channels, and the playlists of their uploads."""

from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime

from loguru import logger

from ytarchive.common.channel_lists import (
    channel_and_tab,
    channel_of_list,
    is_channel_name,
    is_own_list,
    is_uploads,
    tab_list,
    uploads_playlist,
)
from ytarchive.common.errors import SourceGone, YTArchiveError
from ytarchive.common.media import ChannelMetadata
from ytarchive.metadata.data_api.client import DataApi
from ytarchive.metadata.data_api.resources import channel_metadata
from ytarchive.metadata.repository import MetadataCache
from ytarchive.metadata.sources import Sources
from ytarchive.ytdlp import ListedEntries

log = logger.bind(service="metadata")


class Channels:
    """Requests channels by id, @handle or older name, and caches the answers."""

    def __init__(self, sources: Sources, cache: MetadataCache, now: Callable[[], datetime]) -> None:
        self._sources = sources
        self._cache = cache
        self._now = now

    async def get(self, name: str, *, refresh: bool) -> ChannelMetadata:
        """Return a channel. Costs one unit, or a list page without a key. Raises SourceGone.

        While it cannot be requested, an older answer is returned unless `refresh` is given.
        """
        known = None if refresh else await self._cache.known_channel(name)
        if known is not None:
            return known
        try:
            return await self._requested(name)
        except SourceGone:
            raise
        except YTArchiveError:
            older = None if refresh else await self._cache.known_channel(name, stale=True)
            if older is None:
                raise
            return older

    async def _requested(self, name: str) -> ChannelMetadata:
        if name.startswith("c:"):  # the Data API cannot look it up
            channel = await self._from_list(name)
        else:
            channel = await self._sources.ask(
                lambda api: self._from_api(api, name), lambda: self._from_list(name)
            )
        await self._cache.save_channel(name, channel)
        return channel

    async def list_of(self, source: str) -> str | None:
        """Return the playlist of a source: a playlist, a channel or a channel's tab.

        None for a name that only listing can resolve (no key).
        """
        named = channel_and_tab(source)
        if named is None:
            return source
        channel, tab = named
        if not is_channel_name(channel):
            return tab_list(channel, tab)
        known = await self._cache.known_channel(channel)
        if known is None and self._sources.api is None:
            return None
        found = known or await self.get(channel, refresh=False)
        return tab_list(found.channel_id, tab) if tab else found.uploads_playlist_id

    async def known_by_list(self, playlist_id: str) -> ChannelMetadata | None:
        """Return the cached channel of an automatic playlist, without a request."""
        if not is_own_list(playlist_id):
            return None
        return await self._cache.known_channel(channel_of_list(playlist_id))

    async def of_list(self, playlist_id: str) -> ChannelMetadata | None:
        """Return the channel of an automatic playlist, which is requested once; None on failure.

        The entries of the playlist do not name the pictures of its channel.
        """
        if not is_own_list(playlist_id):
            return None
        try:
            return await self.get(channel_of_list(playlist_id), refresh=False)
        except YTArchiveError as error:
            log.info("{}: its channel is not known: {}", playlist_id, error.message)
            return None

    async def store_listed(self, source: str, listed: ListedEntries) -> None:
        """Store a channel that became known while its entries were listed."""
        named = channel_and_tab(source)
        if named and not named[1] and listed.channel_id:  # a tab counts some videos only
            await self._cache.save_channel(named[0], self._channel(listed))

    async def _from_api(self, api: DataApi, name: str) -> ChannelMetadata:
        resource = await api.channel(name)
        if resource is None:
            raise SourceGone(f"YouTube has no channel {name}")
        return channel_metadata(resource, self._now())

    async def _from_list(self, name: str) -> ChannelMetadata:
        async with aclosing(self._sources.extractor.list_entries(name)) as chunks:
            listed = await anext(chunks, None)
        if listed is None or not listed.channel_id:
            raise SourceGone(f"YouTube shows no channel {name}")
        return self._channel(listed)

    def _channel(self, listed: ListedEntries) -> ChannelMetadata:
        return ChannelMetadata(
            channel_id=listed.channel_id,
            title=listed.channel_title,
            handle=listed.handle,
            description=listed.channel_description or listed.description,
            uploads_playlist_id=uploads_playlist(listed.channel_id),
            video_count=listed.video_count,
            avatar_url=listed.avatar_url,
            banner_url=listed.banner_url,
            fetched_at=self._now(),
        )


def own_list_of(channel: ChannelMetadata, playlist_id: str) -> ListedEntries:
    """Return the metadata of an automatic playlist, from its channel, without entries."""
    return ListedEntries(
        playlist_id=playlist_id,
        title=channel.title,
        channel_id=channel.channel_id,
        channel_title=channel.title,
        video_count=channel.video_count if is_uploads(playlist_id) else None,
        videos=[],
    )
