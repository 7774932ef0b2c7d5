"""Metadata for read-only commands: the quota and cached answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from ytarchive.common.config import Settings
from ytarchive.common.errors import NotCached
from ytarchive.common.media import ChannelMetadata, PlaylistMetadata, VideoMetadata
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.metadata.api import ListFeed, MetadataQuery, VideoMetadataQuery
from ytarchive.metadata.data_api.quota import QuotaLedger
from ytarchive.metadata.repository import SCHEMA
from ytarchive.metadata.service import MetadataService
from ytarchive.metadata.sources import open_sources
from ytarchive.ytdlp import Extractor


class ReadOnlyMetadata(MetadataService):
    """Answers from `metadata.db`. Operations that need a request to YouTube raise NotCached."""

    async def get_video(self, video_id: str, request: VideoMetadataQuery) -> VideoMetadata:
        known = (await self._cache.known([video_id])).get(video_id)
        if not isinstance(known, VideoMetadata):
            raise NotCached(f"{video_id} was not requested lately, and this command only reads")
        return known

    async def get_playlist(self, playlist_id: str, request: MetadataQuery) -> PlaylistMetadata:
        raise NotCached("lists are requested from YouTube, and this command only reads")

    async def get_feed(self, playlist_id: str) -> ListFeed:
        raise NotCached("feeds are requested from YouTube, and this command only reads")

    async def get_channel(self, channel: str, request: MetadataQuery) -> ChannelMetadata:
        known = await self._cache.known_channel(channel, stale=True)
        if known is None:
            raise NotCached(f"{channel} was not requested before, and this command only reads")
        return known

    @classmethod
    @asynccontextmanager
    async def reading(cls, settings: Settings, extractor: Extractor) -> AsyncIterator[Self]:
        """Yield the service; a missing `metadata.db` is treated as empty."""
        path = settings.storage.state_path / "metadata.db"
        async with await ReadOnlyDatabase.open(path, SCHEMA) as database:
            ledger = QuotaLedger(database, settings.youtube)
            async with open_sources(settings, ledger, extractor) as sources:
                yield cls(settings, database, ledger, sources)
