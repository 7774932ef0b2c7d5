"""Subscriptions over the real queue and peers of the other services, for tests."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

import pytest

from tests.unit.jobs.conftest import Workshop, ended
from tests.unit.jobs.peers import DownloadPeer, MetadataPeer, StoragePeer
from ytarchive.common.channel_lists import channel_of_list, uploads_playlist
from ytarchive.common.config import Settings, load_settings
from ytarchive.common.errors import SourceGone, YTArchiveError
from ytarchive.common.media import PlaylistVideo
from ytarchive.common.models import utc_now
from ytarchive.common.scheduler import Scheduler
from ytarchive.jobs import JobQuery, KnownListsAPI
from ytarchive.jobs.service import JobsService
from ytarchive.metadata import FeedEntry, ListFeed, PlaylistPage, PlaylistPageQuery, QuotaUsage
from ytarchive.subscriptions.service import FollowingClients, SubscriptionsService

CHANNEL = "UC" + "followed0000000000000A"
UPLOADS = uploads_playlist(CHANNEL)
PLAYLIST = "PLfollowed000001"


@dataclass
class YouTube(MetadataPeer):
    """Lists of videos that a test changes."""

    names: dict[str, str] = field(default_factory=lambda: {"@achannel": UPLOADS, CHANNEL: UPLOADS})
    playlists: dict[str, list[str]] = field(default_factory=lambda: {UPLOADS: [], PLAYLIST: []})

    units: int | None = None
    """Quota units left; None: no key."""
    feed_problem: str | None = "HTTP status 404"
    added: dict[str, datetime] = field(default_factory=dict)
    failure: YTArchiveError | None = None
    asked: list[str] = field(default_factory=list)
    """The requests: `page` and `feed`."""
    extracted: list[bool] = field(default_factory=list)
    """Whether each requested page had to be from yt-dlp."""

    async def get_quota(self) -> QuotaUsage:
        left = self.units or 0
        source = "yt-dlp" if self.units is None else "data_api"
        return QuotaUsage(
            quota_limit=left, quota_reserve=0, used=0, remaining=left, resets_at=utc_now(),
            source=source,
        )  # fmt: skip

    async def get_feed(self, playlist_id: str) -> ListFeed:
        self.asked.append("feed")
        if self.feed_problem is not None:
            return ListFeed(list_id=playlist_id, problem=self.feed_problem)
        ids = self.playlists[playlist_id][:15]
        entries = [
            FeedEntry(video_id=each, title="", published_at=self.added.get(each, utc_now()))
            for each in ids
        ]
        return ListFeed(list_id=playlist_id, title="A feed", entries=entries)

    async def get_playlist_page(self, playlist_id: str, request: PlaylistPageQuery) -> PlaylistPage:
        self.asked.append("page")
        self.extracted.append(request.extract)
        if self.failure is not None:
            raise self.failure
        list_id = self.names.get(playlist_id, playlist_id)
        if list_id not in self.playlists:
            raise SourceGone(f"YouTube has no list {list_id}")
        page = await super().get_playlist_page(list_id, request)
        videos = [
            PlaylistVideo(**each.model_dump() | {"added_at": self.added.get(each.video_id)})
            for each in page.videos
        ]
        page = page.model_copy(update={"videos": videos})
        if not list_id.startswith("UU"):
            return page
        owner = {"channel_id": channel_of_list(list_id), "channel_title": "A channel"}
        return page.model_copy(update=owner)


@dataclass
class Following:
    """Subscriptions on a state folder, as a process opens them."""

    base_path: Path
    youtube: YouTube = field(default_factory=YouTube)

    @property
    def settings(self) -> Settings:
        return load_settings(
            storage={"base_path": self.base_path},
            download={"pace": "off"},
            jobs={"shutdown_grace": 0, "health_interval": 3600},
        )

    storage: StoragePeer = field(default_factory=StoragePeer)
    download: DownloadPeer = field(default_factory=DownloadPeer)
    now: datetime | None = None
    jobs: JobsService | None = None

    async def archived(self) -> list[str]:
        """Return the stored videos once all jobs have ended."""
        assert self.jobs is not None
        for job in (await self.jobs.list_jobs(JobQuery(limit=500))).items:
            await ended(self.jobs, job.id)
        return sorted(self.storage.stored)

    def set_clock(self, patch: pytest.MonkeyPatch, now: datetime) -> None:
        """Let the subscriptions see this time from now on."""
        self.now = now
        for name, module in list(sys.modules.items()):
            if name.startswith("ytarchive.subscriptions") and hasattr(module, "utc_now"):
                patch.setattr(module, "utc_now", lambda: self.now)

    @asynccontextmanager
    async def open_jobs(self, *, whole_queue: bool = True) -> AsyncIterator[JobsService]:
        """Open the queue alone."""
        state = self.settings.storage.state_path
        workshop = Workshop(state, self.settings, self.youtube, self.download, self.storage)
        async with workshop.open(whole_queue=whole_queue) as jobs:
            self.jobs = jobs
            yield jobs

    def clients(self, jobs: JobsService) -> FollowingClients:
        lists = cast("KnownListsAPI", jobs.subjects()[KnownListsAPI])
        return FollowingClients(jobs, lists, jobs.governor, self.youtube)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[SubscriptionsService]:
        async with self.open_jobs() as jobs:
            opening = SubscriptionsService.open(
                self.settings, self.clients(jobs), Scheduler(in_server=False)
            )
            async with opening as opened:
                yield opened
