"""Refreshing: budget, sources and turns, in process and over HTTP, with the real Storage."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from tests.contract.conftest import Reach
from tests.unit.storage.samples import metadata, save_request, stage
from ytarchive.common import errors
from ytarchive.common.config import Settings, StorageConfig, load_settings
from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import Page, utc_now
from ytarchive.common.profile import ArchiveProfile
from ytarchive.download import DownloadProgress, DownloadRequest
from ytarchive.jobs import GovernorState, Job, JobQuery
from ytarchive.metadata import (
    BatchMetadata,
    BatchRequest,
    MetadataAPI,
    MissingVideo,
    QuotaUsage,
    VideoMetadataQuery,
)
from ytarchive.refreshing import RefreshingAPI, RefreshOutcome, RunRefreshes
from ytarchive.refreshing.service import RefreshingClients, RefreshingService
from ytarchive.storage import RefreshesAPI
from ytarchive.storage.service import StorageService

VIDEOS = [f"refreshed{n:02}" for n in range(4)]


@dataclass
class YouTube:
    """Answers as Metadata does, and counts requests."""

    units: int | None = None
    """Quota units left; None: no key."""
    failures: dict[str, errors.YTArchiveError] = field(default_factory=dict)
    without_api: set[str] = field(default_factory=set)
    extracted: list[str] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)

    async def get_quota(self) -> QuotaUsage:
        left = self.units or 0
        source = "yt-dlp" if self.units is None else "data_api"
        return QuotaUsage(
            quota_limit=left, quota_reserve=0, used=0, remaining=left, resets_at=utc_now(),
            source=source,
        )  # fmt: skip

    async def get_batch(self, request: BatchRequest) -> BatchMetadata:
        self.calls.append(list(request.video_ids))
        missing = [
            MissingVideo(video_id=each, error_code="E118", reason="unavailable", message="none")
            for each in request.video_ids
            if each in self.without_api
        ]
        found = [self._answer(e) for e in request.video_ids if e not in self.without_api]
        return BatchMetadata(found=found, missing=missing)

    async def get_video(self, video_id: str, _: VideoMetadataQuery) -> VideoMetadata:
        self.extracted.append(video_id)
        if video_id in self.failures:
            raise self.failures[video_id]
        return self._answer(video_id)

    def _answer(self, video_id: str) -> VideoMetadata:
        return metadata(video_id).model_copy(update={"fetched_at": utc_now()})


@dataclass
class Queue:
    """The queue and the governor, as refreshing sees them."""

    jobs: list[Any] = field(default_factory=list)
    state: str = "closed"
    paused: bool = False
    ready: int = 80
    evidence: list[tuple[str, str]] = field(default_factory=list)
    downloads: list[tuple[str, list[str]]] = field(default_factory=list)

    async def list_jobs(self, _: JobQuery) -> Page[Job]:
        return Page[Job].model_construct(items=self.jobs)

    async def get_governor(self) -> GovernorState:
        return GovernorState(
            state=self.state, message="a bot check", pace="polite", videos_per_hour=100,
            ready_videos=self.ready, paused_at=utc_now() if self.paused else None,
        )  # fmt: skip

    async def start_download(self, request: DownloadRequest) -> DownloadProgress:
        self.downloads.append((request.video_id, request.only_missing))
        raise errors.Conflict("another download of the video is active")

    async def seen_available(self, video_id: str) -> None:
        self.evidence.append((video_id, "available"))

    async def seen_unavailable(self, video_id: str, error: errors.Unavailable) -> None:
        self.evidence.append((video_id, error.reason))


@dataclass
class Archive:
    """Four stored videos that are due, and refreshing of them."""

    base: Path
    youtube: YouTube = field(default_factory=YouTube)
    queue: Queue = field(default_factory=Queue)
    limits: dict[str, int] = field(default_factory=dict)
    storage: StorageService | None = None
    clients: RefreshingClients | None = None

    @property
    def settings(self) -> Settings:
        return load_settings(storage={"base_path": self.base}, refreshes=dict(self.limits))

    async def open(
        self, videos: Sequence[str] = VIDEOS, profile: ArchiveProfile | None = None
    ) -> RefreshingService:
        config = StorageConfig(base_path=self.base)
        self.storage = storage = await StorageService.open(config)
        for video_id in videos:
            request = save_request(stage(config, video_id), video_id)
            await storage.save_video(request.model_copy(update={"profile": profile}))
            values = {"video_id": video_id, "refresh_at": 1}
            await storage._database.execute("plan_refresh", values)
        queue = cast("Any", self.queue)
        refreshes = cast("RefreshesAPI", storage.subjects()[RefreshesAPI])
        youtube = cast("MetadataAPI", self.youtube)
        clients = (queue, queue, youtube, storage, refreshes, queue, queue)
        self.clients = RefreshingClients(*clients)
        return RefreshingService(self.settings, self.clients)


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    opened = Archive(tmp_path / "archive")
    yield opened
    if opened.storage is not None:
        await opened.storage.close()


async def reached(reach: Reach[Any], archive: Archive) -> RefreshingAPI:
    return cast("RefreshingAPI", await reach(RefreshingAPI, await archive.open()))


async def test_due_videos_are_refreshed_once_within_the_budget(
    reach: Reach[Any], archive: Archive
) -> None:
    archive.limits = {"requests_per_day": 3}
    api = await reached(reach, archive)
    report = await api.run_refreshes(RunRefreshes())
    assert [each.outcome for each in report.refreshed] == [RefreshOutcome.CHANGED] * 3
    assert report.waiting_for == "the budget of today is used up"
    again = await api.run_refreshes(RunRefreshes())
    assert (again.refreshed, len(archive.youtube.extracted)) == ([], 3)
    state = await api.get_refreshes()
    assert (state.requests_today, state.requests_per_day, state.enabled) == (3, 3, True)
    assert state.waiting_for == "the budget of today is used up"


async def test_the_data_api_refreshes_all_by_one_call_and_yt_dlp_gets_the_reasons_of_the_rest(
    reach: Reach[Any], archive: Archive
) -> None:
    archive.youtube.units = 10
    archive.youtube.without_api = {VIDEOS[1]}
    archive.youtube.failures = {VIDEOS[1]: errors.PrivateVideo()}
    api = await reached(reach, archive)
    report = await api.run_refreshes(RunRefreshes())
    assert {each.video_id for each in report.refreshed} == set(VIDEOS)
    assert [sorted(call) for call in archive.youtube.calls] == [VIDEOS]
    assert archive.youtube.extracted == [VIDEOS[1]]
    assert (VIDEOS[1], "private") in archive.queue.evidence
    state = await api.get_refreshes()
    assert (state.units_today, state.requests_today) == (1, 1)


async def test_videos_with_comments_are_extracted_and_their_comments_fetched(
    archive: Archive,
) -> None:
    archive.youtube.units = 10
    service = await archive.open(VIDEOS[:1], ArchiveProfile(include_comments=True))
    report = await service.run_refreshes(RunRefreshes())
    assert [each.video_id for each in report.refreshed] == VIDEOS[:1]
    assert (archive.youtube.calls, archive.youtube.extracted) == ([], VIDEOS[:1])
    assert archive.queue.downloads == [(VIDEOS[0], ["comments"])]


async def test_without_units_for_refreshes_yt_dlp_is_used(
    reach: Reach[Any], archive: Archive
) -> None:
    archive.youtube.units = 10
    archive.limits = {"units_per_day": 0}
    api = await reached(reach, archive)
    await api.run_refreshes(RunRefreshes())
    assert (archive.youtube.calls, len(archive.youtube.extracted)) == ([], 4)


@pytest.mark.parametrize(
    ("queue", "reason"),
    [
        ({"paused": True}, "a user has paused all requests"),
        ({"state": "open"}, "requests to YouTube are paused: a bot check"),
        ({"state": "probing"}, "requests to YouTube are paused: a bot check"),
        ({"jobs": [object()]}, "a job is running"),
        ({"ready": 1}, "the polite pace leaves the next videos to users"),
    ],
)
async def test_refreshes_wait_for_the_governor_and_for_the_work_of_users(
    archive: Archive, queue: dict[str, Any], reason: str
) -> None:
    archive.queue = Queue(**queue)
    service = await archive.open()
    report = await service.run_refreshes(RunRefreshes())
    assert (report.refreshed, report.waiting_for) == ([], reason)
    assert archive.youtube.extracted == []
    assert (await service.get_refreshes()).waiting_for == reason


async def test_a_block_leaves_the_videos_due_and_other_failures_wait_a_day(
    archive: Archive,
) -> None:
    service = await archive.open(VIDEOS[:2])
    archive.youtube.failures = dict.fromkeys(VIDEOS, errors.BotCheck())
    report = await service.run_refreshes(RunRefreshes())
    assert (report.refreshed, report.waiting_for) == ([], errors.BotCheck().message)
    assert len(archive.youtube.extracted) == 1
    archive.youtube.failures = dict.fromkeys(VIDEOS, errors.ExtractorBroken())
    report = await service.run_refreshes(RunRefreshes())
    assert [each.outcome for each in report.refreshed] == [RefreshOutcome.FAILED] * 2
    assert (await service.run_refreshes(RunRefreshes())).refreshed == []


async def test_a_named_video_is_refreshed_without_regard_to_the_budget(
    reach: Reach[Any], archive: Archive
) -> None:
    archive.limits = {"requests_per_day": 0}
    api = await reached(reach, archive)
    report = await api.run_refreshes(RunRefreshes(video_ids=[VIDEOS[2]]))
    assert [each.video_id for each in report.refreshed] == [VIDEOS[2]]
    with pytest.raises(errors.NotFound):
        await api.run_refreshes(RunRefreshes(video_ids=["zzzzzzzzzzz"]))
    archive.queue.paused = True
    with pytest.raises(errors.RequestsPaused):
        await api.run_refreshes(RunRefreshes(video_ids=[VIDEOS[2]]))


async def test_a_server_refreshes_only_if_the_settings_allow_it(archive: Archive) -> None:
    service = await archive.open()
    [duty] = service.duties()
    assert duty.due is not None
    assert (await duty.due() or utc_now()) < utc_now()
    await duty.work()
    assert len(archive.youtube.extracted) == 4
    assert (await duty.due() or utc_now()) > utc_now()
    archive.limits = {"enabled": 0}
    assert archive.clients is not None
    assert list(RefreshingService(archive.settings, archive.clients).duties()) == []
