"""Retention over the real queue, library and subscriptions; only YouTube is a peer."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.unit.jobs.conftest import ended
from tests.unit.jobs.peers import DownloadPeer, StagingPeer, video_id
from tests.unit.storage.samples import MEDIA, stage
from tests.unit.subscriptions.following import CHANNEL, PLAYLIST, UPLOADS, YouTube
from ytarchive.common.config import Settings, load_settings
from ytarchive.common.contract import Contract
from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import utc_now
from ytarchive.common.scheduler import Scheduler
from ytarchive.jobs import (
    CreateJob,
    Job,
    JobOptions,
    JobQuery,
    JobsAPI,
    JobType,
    KnownListsAPI,
    OriginsAPI,
    ServiceRegistry,
)
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.service import JobsService
from ytarchive.metadata import BatchMetadata, BatchRequest, VideoMetadataQuery
from ytarchive.retention import RetentionRequest, RetentionRule, RunRetention
from ytarchive.retention.gathering import RetentionClients
from ytarchive.retention.service import RetentionService
from ytarchive.storage import (
    MarksAPI,
    StorageAPI,
    TrashAPI,
    TrashItem,
    TrashQuery,
    VideoQuery,
)
from ytarchive.storage.service import StorageService
from ytarchive.subscriptions import EditSubscription, FirstCheck, Subscribe
from ytarchive.subscriptions.service import FollowingClients, SubscriptionsService

__all__ = ["CHANNEL", "PLAYLIST", "UPLOADS"]

OTHER_LIST = "PLfollowed000002"
FIRST_UPLOAD = datetime(2026, 1, 1, tzinfo=UTC)
C = TypeVar("C", bound=Contract)


class DatedYouTube(YouTube):
    """Videos whose upload dates follow their numbers."""

    async def get_video(self, video_id: str, request: VideoMetadataQuery) -> VideoMetadata:
        return _dated(await super().get_video(video_id, request))

    async def get_batch(self, request: BatchRequest) -> BatchMetadata:
        found = (await super().get_batch(request)).found
        return BatchMetadata(found=[_dated(each) for each in found], missing=[])


def _dated(video: VideoMetadata) -> VideoMetadata:
    uploaded = FIRST_UPLOAD + timedelta(days=int(video.video_id[-6:]))
    return video.model_copy(update={"upload_date": uploaded, "channel_id": CHANNEL})


@dataclass
class StagingDownloads(DownloadPeer):
    """Downloads whose files are in staging."""

    settings: Settings = field(default_factory=load_settings)

    async def end(self, task_id: str) -> None:
        storage, name = self.settings.storage, self.tasks[task_id].video_id
        shutil.rmtree(storage.staging_path / name, ignore_errors=True)
        await asyncio.to_thread(stage, storage, name, MEDIA)
        await super().end(task_id)


@dataclass
class Kept:
    """An archive with subscriptions and retention, as a process opens it."""

    base_path: Path
    youtube: DatedYouTube = field(default_factory=DatedYouTube)
    full_listing_days: float = 0
    clock: timedelta = timedelta()
    """The difference of the clock that retention sees."""

    def __post_init__(self) -> None:
        self.settings = load_settings(
            storage={"base_path": self.base_path / "archive", "min_free": 0},
            download={"pace": "off"},
            jobs={
                "shutdown_grace": 0,
                "health_interval": 3600,
                "full_listing_days": self.full_listing_days,
            },
        )
        self.youtube.playlists[OTHER_LIST] = []
        self.downloads = StagingDownloads(settings=self.settings)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Kept"]:
        """Open all services on the archive."""
        async with AsyncExitStack() as stack:
            self.storage = storage = await StorageService.open(self.settings.storage)
            stack.push_async_callback(storage.close)

            async def probe(entry: ServiceRegistry) -> bool:
                return True

            clients = ServiceClients(
                self.youtube,
                self.downloads,
                storage,
                storage.plans,
                storage.verifier,
                staging=StagingPeer(),
            )
            state = self.settings.storage.state_path
            opening = JobsService.open(self.settings, state, clients, probe, whole_queue=True)
            self.jobs = jobs = await stack.enter_async_context(opening)
            self.downloads.listener = jobs
            self.contracts: dict[type[Any], Any] = {
                StorageAPI: storage,
                JobsAPI: jobs,
                **storage.subjects(),
                **jobs.subjects(),
            }
            following = FollowingClients(jobs, self.of(KnownListsAPI), jobs.governor, self.youtube)
            scheduler = Scheduler(in_server=False)
            subscribing = SubscriptionsService.open(self.settings, following, scheduler)
            self.subscriptions = await stack.enter_async_context(subscribing)
            self.retention = await stack.enter_async_context(
                RetentionService.open(self.settings, self.retention_clients())
            )
            yield self

    def retention_clients(self) -> RetentionClients:
        return RetentionClients(
            self.subscriptions,
            self.of(KnownListsAPI),
            self.of(OriginsAPI),
            self.of(StorageAPI),
            self.of(TrashAPI),
            self.of(MarksAPI),
        )

    def of(self, contract: type[C]) -> C:
        found: C = self.contracts[contract]
        return found

    def set_clock(self, patch: pytest.MonkeyPatch, ahead: timedelta) -> None:
        """Let retention see a clock that is ahead of the present."""
        self.clock = ahead
        for name, module in list(sys.modules.items()):
            if name.startswith("ytarchive.retention") and hasattr(module, "utc_now"):
                patch.setattr(module, "utc_now", lambda: utc_now() + self.clock)

    async def follow(self, source: str, *numbers: int) -> str:
        """Follow a list with these videos, and return the id once they are stored."""
        self.set_list(source, *numbers)
        made = await self.subscriptions.subscribe(Subscribe(source=source, first=FirstCheck.ALL))
        await self.check(made.id)
        return made.id

    def set_list(self, source: str, *numbers: int) -> None:
        """Change the videos of a list; those with higher numbers are newer."""
        list_id = self.youtube.names.get(source, source)
        self.youtube.playlists[list_id] = [video_id(n) for n in sorted(numbers, reverse=True)]

    async def check(self, subscription: str) -> None:
        """Check a subscription, and wait for the end of its job. The list is listed completely."""
        edited = EditSubscription(options=JobOptions())
        await self.subscriptions.edit_subscription(subscription, edited)
        await self.subscriptions.check_subscription(subscription)
        await self.settled()

    async def settled(self) -> None:
        """Wait for the end of all jobs."""
        for job in (await self.jobs.list_jobs(JobQuery(limit=500))).items:
            await ended(self.jobs, job.id)

    async def download(self, *numbers: int) -> None:
        """Request videos as a user does."""
        ids = [video_id(n) for n in numbers]
        await self.jobs.create_job(CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=ids))
        await self.settled()

    async def playlist(self, source: str, options: JobOptions | None = None) -> Job:
        """Request a list as a user does."""
        job = await self.jobs.create_job(
            CreateJob(
                type=JobType.PLAYLIST_DOWNLOAD,
                playlist_id=source,
                options=options or JobOptions(),
            )
        )
        return await ended(self.jobs, job.id)

    async def stored(self) -> list[int]:
        """Return the numbers of the stored videos."""
        page = await self.storage.list_videos(VideoQuery(limit=500))
        return sorted(int(each.video_id[-6:]) for each in page.items)

    async def trashed(self) -> list[TrashItem]:
        """Return the items of the trash."""
        return (await self.of(TrashAPI).list_trash(TrashQuery(limit=500))).items

    async def apply(self, subscription: str | None = None, **rule: Any) -> list[int]:
        """Set a rule if one is given, preview and run; return the numbers of removed videos."""
        if rule:
            assert subscription is not None
            await self.retention.set_retention(subscription, RetentionRule(**rule))
        previewed = await self.retention.preview_retention(
            RetentionRequest(subscription=subscription)
        )
        report = await self.retention.run_retention(RunRetention(subscription=subscription))
        assert report.removed == previewed.removed
        return sorted(int(each.video_id[-6:]) for each in report.removed)


def numbers_of(video_ids: Sequence[str]) -> list[int]:
    """Return the numbers of videos."""
    return sorted(int(each[-6:]) for each in video_ids)
