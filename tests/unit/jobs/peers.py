"""In-memory peers of the services that Jobs calls; they follow the test and record calls."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ytarchive.common.errors import DataApiError, NotFound, VideoRemoved, YTArchiveError
from ytarchive.common.identifiers import new_id
from ytarchive.common.media import PlaylistMetadata, PlaylistVideo, VideoMetadata
from ytarchive.common.models import Done, HealthCheck, Page, utc_now
from ytarchive.download import (
    DEFAULT_CHOICE,
    DownloadAPI,
    DownloadEvent,
    DownloadListener,
    DownloadPhase,
    DownloadProgress,
    DownloadRequest,
    DownloadStatus,
    FormatsQuery,
    ReleaseStaging,
    StagingAPI,
    StagingReport,
    VideoFormats,
)
from ytarchive.metadata import (
    BatchMetadata,
    BatchRequest,
    ChannelMetadata,
    ListFeed,
    MetadataAPI,
    MetadataQuery,
    PlaylistPage,
    PlaylistPageQuery,
    QuotaUsage,
    VideoMetadataQuery,
)
from ytarchive.storage import (
    ExistsRequest,
    Finding,
    FindingQuery,
    FormedVideo,
    FormVideo,
    PlanEntry,
    SaveMetadata,
    SavePlaylist,
    SaveVideo,
    StorageAPI,
    StorageLocation,
    StorageStats,
    StoredVideo,
    StoredVideos,
    Verification,
    VerificationAPI,
    VerifyRequest,
    VideoExists,
    VideoQuery,
    WorkPlan,
    WorkPlanQuery,
    WorkPlanRequest,
    WorkPlansAPI,
)


def video_id(number: int) -> str:
    """The id of the `number`-th video."""
    return f"video{number:06d}"


def _healthy(service: str) -> HealthCheck:
    return HealthCheck(service=service, status="healthy", version="0", uptime_seconds=0, checks={})


def describe(video_id: str) -> VideoMetadata:
    now = utc_now()
    return VideoMetadata(
        video_id=video_id, title=f"Title of {video_id}", upload_date=now, fetched_at=now
    )


@dataclass
class MetadataPeer(MetadataAPI):
    playlists: dict[str, list[str]] = field(default_factory=dict)
    failures: dict[str, YTArchiveError] = field(default_factory=dict)
    page_size: int = 50
    batches: list[BatchRequest] = field(default_factory=list)
    pages: int = 0
    ended: int = 0

    async def get_video(self, video_id: str, request: VideoMetadataQuery) -> VideoMetadata:
        failure = self.failures.get(video_id)
        if failure is not None and not (request.extract and isinstance(failure, DataApiError)):
            raise failure
        return describe(video_id)

    async def get_playlist(self, playlist_id: str, request: MetadataQuery) -> PlaylistMetadata:
        raise NotFound("not part of these tests")

    async def get_playlist_page(self, playlist_id: str, request: PlaylistPageQuery) -> PlaylistPage:
        self.pages += 1
        if playlist_id in self.failures:
            raise self.failures[playlist_id]
        start = int(request.cursor or 0)
        ids = self.playlists[playlist_id]
        end = start + self.page_size
        videos = [
            PlaylistVideo(video_id=v, position=start + n) for n, v in enumerate(ids[start:end])
        ]
        return PlaylistPage(
            playlist_id=playlist_id,
            title="A list",
            videos=videos,
            next_cursor=str(end) if end < len(ids) else None,
        )

    async def get_feed(self, playlist_id: str) -> ListFeed:
        return ListFeed(list_id=playlist_id, problem="not part of these tests")

    async def end_listing(self, playlist_id: str, request: PlaylistPageQuery) -> Done:
        self.ended += 1
        return Done()

    async def get_channel(self, channel: str, request: MetadataQuery) -> ChannelMetadata:
        raise NotFound("not part of these tests")

    async def get_quota(self) -> QuotaUsage:
        raise NotFound("not part of these tests")

    async def get_batch(self, request: BatchRequest) -> BatchMetadata:
        self.batches.append(request)
        found = [describe(v) for v in request.video_ids if v not in self.failures]
        return BatchMetadata(found=found, missing=[])

    async def health(self) -> HealthCheck:
        return _healthy("metadata")


@dataclass
class StagingPeer(StagingAPI):
    """Records the videos whose partial downloads are no longer needed."""

    released: list[str] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)

    async def get_staging(self) -> StagingReport:
        return StagingReport(videos=0, size_bytes=0, active=0, max_age=0, max_bytes=0)

    async def release_staging(self, request: ReleaseStaging) -> Done:
        (self.discarded if request.are_removed else self.released).extend(request.video_ids)
        return Done()


@dataclass
class DownloadPeer(DownloadAPI):
    """Finishes each download at once, unless the test holds it or sets a failure."""

    listener: DownloadListener | None = None
    failures: dict[str, list[YTArchiveError]] = field(default_factory=dict)
    hold: set[str] = field(default_factory=set)
    silent: bool = False
    started: list[str] = field(default_factory=list)
    received: list[DownloadRequest] = field(default_factory=list)
    extracted: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    tasks: dict[str, DownloadProgress] = field(default_factory=dict)
    running: int = 0
    most_running: int = 0
    _background: set[asyncio.Task[Any]] = field(default_factory=set)

    async def start_download(self, request: DownloadRequest) -> DownloadProgress:
        self.started.append(request.video_id)
        self.received.append(request)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        task = DownloadProgress(
            task_id=new_id(),
            video_id=request.video_id,
            status=DownloadStatus.DOWNLOADING,
            progress_percent=10,
            downloaded_bytes=10,
            total_bytes=100,
            speed=1,
            phase=DownloadPhase.VIDEO,
        )
        self.tasks[task.task_id] = task
        if request.video_id not in self.hold:
            work = asyncio.create_task(self.end(task.task_id))
            self._background.add(work)
            work.add_done_callback(self._background.discard)
        return task

    async def end(self, task_id: str) -> None:
        """End a download as configured, with a notification unless silent."""
        await asyncio.sleep(0)
        task = self.tasks[task_id]
        failing = self.failures.get(task.video_id)
        error = failing.pop(0) if failing else None
        status = DownloadStatus.FAILED if error else DownloadStatus.COMPLETED
        self.running -= 1
        self.tasks[task_id] = task.model_copy(
            update={
                "status": status,
                "error": error and error.message,
                "error_code": error and error.code,
                "quality": "720p",
            }
        )
        if not self.silent:
            await self.notify(task_id, error)

    async def notify(self, task_id: str, error: YTArchiveError | None = None) -> None:
        task = self.tasks[task_id]
        assert self.listener is not None
        await self.listener.download_finished(
            DownloadEvent(
                task_id=task_id,
                video_id=task.video_id,
                status=task.status,
                finished_at=utc_now(),
                output_path="videos",
                quality="720p",
                error=error and error.detail(),
            )
        )

    def task_of(self, video_id: str) -> str:
        return next(t.task_id for t in self.tasks.values() if t.video_id == video_id)

    async def get_progress(self, task_id: str) -> DownloadProgress:
        return self.tasks[task_id]

    async def cancel_download(self, task_id: str) -> DownloadProgress:
        task = self.tasks[task_id]
        self.cancelled.append(task.video_id)
        self.running -= 1
        return task

    async def get_formats(
        self, video_id: str, request: FormatsQuery = DEFAULT_CHOICE
    ) -> VideoFormats:
        self.extracted.append(video_id)
        failing = self.failures.get(video_id)
        if failing:
            raise failing.pop(0)
        return VideoFormats(
            video_id=video_id,
            title="",
            qualities=[],
            formats=[],
            captions=[],
            automatic_captions=[],
        )

    async def health(self) -> HealthCheck:
        return _healthy("download")


@dataclass
class StoragePeer(StorageAPI, WorkPlansAPI, VerificationAPI):
    stored: dict[str, StorageLocation] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    metadata: set[str] = field(default_factory=set)
    playlists: dict[str, PlaylistMetadata] = field(default_factory=dict)
    plans: dict[str, WorkPlan] = field(default_factory=dict)
    drafts: dict[str, list[PlaylistVideo]] = field(default_factory=dict)
    saves: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    is_full: bool = False
    now: Callable[[], datetime] = utc_now

    def location(self, video_id: str) -> StorageLocation:
        return StorageLocation(
            video_id=video_id,
            video_path=f"/archive/{video_id}.mp4",
            metadata_path="/archive/metadata.json",
            size_bytes=1000,
            stored_at=utc_now(),
            quality="720p",
            captions=["en"],
            side_files=["captions:en", "thumbnail"],
        )

    async def save_metadata(self, request: SaveMetadata) -> StorageLocation:
        self.metadata.add(request.metadata.video_id)
        return self.location(request.metadata.video_id)

    async def save_playlist(self, request: SavePlaylist) -> Done:
        listed = request.playlist
        draft = self.drafts.setdefault(request.draft or "", [])
        if listed.videos and listed.videos[0].position == 0:
            draft.clear()
        draft.extend(listed.videos)
        if not request.unfinished:
            del self.drafts[request.draft or ""]
            self.playlists[listed.playlist_id] = listed.model_copy(update={"videos": draft})
        return Done()

    async def form_video(self, request: FormVideo) -> FormedVideo:
        return FormedVideo(location=self.stored[request.video_id])

    async def save_video(self, request: SaveVideo) -> StorageLocation:
        self.saves[request.video_id] += 1
        if request.unless_removed and request.video_id in self.removed:
            raise VideoRemoved("removed during its download")
        self.removed.discard(request.video_id)
        self.stored[request.video_id] = self.location(request.video_id)
        return self.stored[request.video_id]

    async def video_exists(self, video_id: str) -> VideoExists:
        location = self.stored.get(video_id)
        return VideoExists(video_id=video_id, exists=location is not None, location=location)

    async def videos_exist(self, request: ExistsRequest) -> StoredVideos:
        stored = [v for v in request.video_ids if v in self.stored]
        incomplete = [v for v in stored if self.stored[v].missing]
        without_metadata = [v for v in stored if not self.stored[v].has_metadata]
        return StoredVideos(
            video_ids=stored,
            incomplete=incomplete,
            without_metadata=without_metadata,
            removed=[v for v in request.video_ids if v in self.removed],
        )

    async def list_videos(self, request: VideoQuery) -> Page[StoredVideo]:
        raise NotFound("not part of these tests")

    async def get_metadata(self, video_id: str) -> VideoMetadata:
        raise NotFound("not part of these tests")

    async def create_work_plan(self, request: WorkPlanRequest) -> WorkPlan:
        now = self.now()
        owner = request.playlist_id or request.job_id
        known = next((p for p in self.plans.values() if request.plan_id == p.id), None)
        known = known or next(
            (p for p in self.plans.values() if owner and owner in {p.playlist_id, p.job_id}), None
        )
        unavailable = {v.video_id: v for v in (known.unavailable_videos if known else [])}
        failed = {v.video_id: v for v in (known.failed_downloads if known else [])}
        added = {v.video_id: v.added_at for v in unavailable.values()}
        added |= {v.video_id: v.added_at for v in failed.values()}
        for each in request.unavailable_videos:
            since = {"added_at": added.get(each.video_id) or now}
            unavailable[each.video_id] = each.model_copy(update=since)
        for one in request.failed_downloads:
            since = {"added_at": added.get(one.video_id) or now}
            failed[one.video_id] = one.model_copy(update=since)
        for gone in request.resolved_video_ids:
            unavailable.pop(gone, None)
            failed.pop(gone, None)
        plan = WorkPlan(
            id=known.id if known else new_id(),
            created_at=known.created_at if known else now,
            updated_at=now,
            job_id=request.job_id or (known and known.job_id),
            playlist_id=request.playlist_id or (known and known.playlist_id),
            unavailable_videos=list(unavailable.values()),
            failed_downloads=list(failed.values()),
            total_videos=request.total_videos,
            successful_videos=request.successful_videos,
        )
        for key in [key for key, each in self.plans.items() if each.id == plan.id]:
            self.plans[key] = plan
        self.plans[request.job_id or plan.job_id or plan.id] = plan
        return plan

    async def list_work_plans(self, request: WorkPlanQuery) -> Page[PlanEntry]:
        return Page(items=[])

    async def get_work_plan(self, plan_id: str) -> WorkPlan:
        return next(plan for plan in self.plans.values() if plan.id == plan_id)

    async def get_stats(self) -> StorageStats:
        return StorageStats(
            total_videos=0,
            total_metadata=0,
            total_playlists=0,
            total_files=0,
            total_size_bytes=0,
            work_plans=0,
            base_path="/archive",
            free_bytes=0 if self.is_full else 10**12,
            capacity_bytes=10**12,
            min_free_bytes=2**30,
            is_low_on_space=self.is_full,
        )

    async def start_verification(self, request: VerifyRequest) -> Verification:
        raise NotFound("not part of these tests")

    async def get_verification(self) -> Verification:
        raise NotFound("not part of these tests")

    async def list_findings(self, request: FindingQuery) -> Page[Finding]:
        return Page(items=self.findings)

    async def cancel_verification(self) -> Verification:
        raise NotFound("not part of these tests")

    async def health(self) -> HealthCheck:
        return _healthy("storage")
