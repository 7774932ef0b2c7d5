"""The Metadata service."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Self

from loguru import logger

from ytarchive.common.config import Settings
from ytarchive.common.database import Database
from ytarchive.common.errors import NotFound, YTArchiveError
from ytarchive.common.media import ChannelMetadata, PlaylistMetadata, VideoMetadata
from ytarchive.common.models import Done, HealthCheck, utc_now
from ytarchive.common.scheduler import Duty, Scheduler
from ytarchive.common.supervision import Supervisor
from ytarchive.metadata.api import (
    BatchMetadata,
    BatchRequest,
    ListFeed,
    MetadataAPI,
    MetadataQuery,
    MissingVideo,
    PlaylistPage,
    PlaylistPageQuery,
    QuotaUsage,
    VideoMetadataQuery,
)
from ytarchive.metadata.api_listing import ApiListing
from ytarchive.metadata.api_videos import ApiVideos
from ytarchive.metadata.channels import Channels
from ytarchive.metadata.data_api.quota import QuotaLedger
from ytarchive.metadata.feeds import Feeds
from ytarchive.metadata.listings import ListingRepository
from ytarchive.metadata.passes import ListingPasses
from ytarchive.metadata.playlists import Playlists
from ytarchive.metadata.repository import SCHEMA, MetadataCache
from ytarchive.metadata.sources import Sources, open_sources
from ytarchive.metadata.videos import Videos
from ytarchive.ytdlp import Extractor

log = logger.bind(service="metadata")


class MetadataService(MetadataAPI):
    """Answers from the cache, the Data API or yt-dlp. Created by `MetadataService.open`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        ledger: QuotaLedger,
        sources: Sources,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._sources = sources
        self._cache = MetadataCache(database, settings.metadata, now)
        by_api = ApiVideos(sources.api, self._cache)
        self._videos = Videos(sources, self._cache, by_api)
        self._channels = Channels(sources, self._cache, now)
        listings = ListingRepository(database)
        self._passes = ListingPasses(
            sources,
            listings,
            ApiListing(by_api, self._channels),
            self._channels,
            settings.metadata.playlist_lifetime,
            now,
        )
        self._playlists = Playlists(self._passes, listings)
        self._feeds = Feeds(settings.network, sources.extractor)
        self._started = time.monotonic()
        self._supervisor = Supervisor(self.service)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings,
        extractor: Extractor,
        now: Callable[[], datetime] = utc_now,
        scheduler: Scheduler | None = None,
    ) -> AsyncIterator[Self]:
        """Yield a running service; the end of the block closes connections and database.

        Raises InvalidConfiguration, DatabaseCorrupt, DatabaseUnsupported or NotWritable.
        """
        path = settings.storage.state_path / "metadata.db"
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(await Database.open(path, SCHEMA))
            ledger = QuotaLedger(database, settings.youtube, now)
            sources = await stack.enter_async_context(open_sources(settings, ledger, extractor))
            service = cls(settings, database, ledger, sources, now)
            stack.push_async_callback(service._close)
            service._add_duties(scheduler or Scheduler())
            stack.push_async_callback(service._supervisor.stop)
            yield service

    async def get_video(self, video_id: str, request: VideoMetadataQuery) -> VideoMetadata:
        found = await self._videos.get(video_id, refresh=request.refresh, extract=request.extract)
        log.info("{}: metadata of {}", video_id, found.fetched_at.isoformat(timespec="seconds"))
        return found

    async def get_playlist(self, playlist_id: str, request: MetadataQuery) -> PlaylistMetadata:
        return await self._playlists.whole(playlist_id, refresh=request.refresh)

    async def get_playlist_page(self, playlist_id: str, request: PlaylistPageQuery) -> PlaylistPage:
        return await self._playlists.page(playlist_id, request)

    async def end_listing(self, playlist_id: str, request: PlaylistPageQuery) -> Done:
        await self._playlists.end(playlist_id, request)
        return Done()

    async def get_feed(self, playlist_id: str) -> ListFeed:
        return await self._feeds.get(playlist_id)

    async def get_channel(self, channel: str, request: MetadataQuery) -> ChannelMetadata:
        return await self._channels.get(channel, refresh=request.refresh)

    async def get_quota(self) -> QuotaUsage:
        return QuotaUsage(
            quota_limit=self._ledger.limit,
            quota_reserve=self._ledger.kept_back,
            used=await self._ledger.used(),
            remaining=await self._ledger.remaining(),
            resets_at=self._ledger.resets_at(),
            source="yt-dlp" if self._sources.api is None else "data_api",
        )

    async def get_batch(self, request: BatchRequest) -> BatchMetadata:
        wanted = list(dict.fromkeys(request.video_ids))
        outcomes = await self._videos.get_many(
            wanted, refresh=request.refresh, extract=request.extract
        )
        found: list[VideoMetadata] = []
        missing: list[MissingVideo] = []
        for video_id in wanted:
            outcome = outcomes[video_id]
            if isinstance(outcome, YTArchiveError):
                missing.append(_missing(video_id, outcome))
            else:
                found.append(outcome)
        log.info("metadata of {} videos found, of {} videos missing", len(found), len(missing))
        return BatchMetadata(found=found, missing=missing)

    async def health(self) -> HealthCheck:
        api = self._sources.api
        checks = {
            "database": await self._database.is_usable(),
            "source": api is None or not api.refuses_key,
        }
        problems = self._supervisor.problems()
        return HealthCheck.of(self.service, checks, since=self._started, problems=problems)

    def _add_duties(self, scheduler: Scheduler) -> None:
        for duty in (
            Duty("idle listings", self._close_idle, 10.0, in_commands=True),
            Duty("retention of metadata", self._purge, 3600.0, in_commands=True),
        ):
            scheduler.add(duty, self._supervisor)

    async def _close_idle(self) -> None:
        """Close idle listings, and update the gauges of the quota, which resets at midnight."""
        await self._passes.sessions.close_idle()
        await self._ledger.used()

    async def _purge(self) -> None:
        await self._cache.purge()
        await self._ledger.purge()

    async def _close(self) -> None:
        await self._videos.close()
        await self._passes.close()


def _missing(video_id: str, error: YTArchiveError) -> MissingVideo:
    reason = "not_extracted" if isinstance(error, NotFound) else error.reason
    return MissingVideo(
        video_id=video_id, error_code=error.code, reason=reason, message=error.message
    )
