"""The five services in memory: requests are recorded, answers are set by the test."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from ytarchive.common.errors import NotFound
from ytarchive.common.events import EventStream, SentEvent, Snapshot
from ytarchive.common.models import Done, HealthCheck, Page
from ytarchive.discovery import Archive
from ytarchive.download import (
    DEFAULT_CHOICE,
    DownloadAPI,
    DownloadPhase,
    FormatChoice,
    FormatsQuery,
    ReleaseStaging,
    StagingAPI,
    StagingReport,
    VideoFormat,
    VideoFormats,
)
from ytarchive.jobs import (
    FIRST_VIDEOS,
    UNLIMITED_PAUSE,
    Availability,
    AvailabilityAPI,
    AvailabilityQuery,
    CreateJob,
    EventBatch,
    EventQuery,
    EventsAPI,
    FoundId,
    GovernorAPI,
    GovernorState,
    Job,
    JobProgress,
    JobQuery,
    JobResult,
    JobsAPI,
    JobStatus,
    JobType,
    JobView,
    PauseRequest,
    RegistryAPI,
    RestoredAvailability,
    ResultStatus,
    RetriedJob,
    RetryJobs,
    RetryReport,
    RetryWorkPlans,
    ServiceRegistry,
    ShortIdsAPI,
    VideoProgress,
)
from ytarchive.jobs.finding.service import ShortIdsService
from ytarchive.logging import LogEntry, LoggingAPI, LogQuery, Metric
from ytarchive.metadata import (
    ChannelMetadata,
    MetadataAPI,
    MetadataQuery,
    PlaylistMetadata,
    PlaylistVideo,
    QuotaUsage,
    VideoMetadata,
    VideoMetadataQuery,
)
from ytarchive.storage import (
    ExistsRequest,
    PlanEntry,
    StorageAPI,
    StorageLocation,
    StorageStats,
    StoredVideos,
    VideoExists,
    WorkPlan,
    WorkPlanQuery,
    WorkPlansAPI,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FILM = "dQw4w9WgXcQ"
TALK = "abcdefghijk"
LIST = "PLabcdefghijklmnop"
CHANNEL = "UCabcdefghijklmnopqrstuv"
OUTCOMES = {
    ResultStatus.SUCCESS: "succeeded",
    ResultStatus.SKIPPED: "skipped",
    ResultStatus.FAILED: "failed",
    ResultStatus.UNAVAILABLE: "unavailable",
    ResultStatus.CANCELLED: "cancelled",
}


def healthy(service: str) -> HealthCheck:
    return HealthCheck(
        service=service, status="healthy", version="1", uptime_seconds=1, checks={"database": True}
    )


def stored(video_id: str = FILM, **fields: Any) -> JobResult:
    """A video that was fetched as asked."""
    given: dict[str, Any] = {"status": "success", "quality": "1080p", "file_size": 2_500_000}
    given |= {"video_downloaded": True, "attempts": 1}
    return JobResult(video_id=video_id, **(given | fields))


def running(video_id: str = FILM, **fields: Any) -> VideoProgress:
    """A video that is being transferred."""
    given: dict[str, Any] = {
        "title": "A film", "phase": DownloadPhase.VIDEO, "progress_percent": 40,
        "downloaded_bytes": 4_000_000, "total_bytes": 10_000_000, "speed": 2_000_000, "eta": 3,
    }  # fmt: skip
    return VideoProgress(video_id=video_id, **(given | fields))


class GovernorPeer(GovernorAPI):
    """A governor that records its calls."""

    def __init__(self) -> None:
        self.state = GovernorState(
            state="closed", pace="polite", videos_per_hour=180, ready_videos=80
        )
        self.calls: list[str] = []
        self.pauses: list[PauseRequest] = []

    async def get_governor(self) -> GovernorState:
        return self.state

    async def pause_governor(self, request: PauseRequest = UNLIMITED_PAUSE) -> GovernorState:
        self.calls.append("pause")
        self.pauses.append(request)
        update = {"paused_until": request.until, "pause_reason": request.reason}
        return self.state.model_copy(update=update)

    async def resume_governor(self) -> GovernorState:
        self.calls.append("resume")
        return self.state


class JobsPeer(JobsAPI):
    """Jobs that pass through the states in `course`, one at each request."""

    def __init__(self) -> None:
        self.requests: list[CreateJob] = []
        self.queries: list[JobQuery] = []
        self.results = [stored()]
        self.moments: list[dict[str, Any]] = []
        self.error: str | None = None
        self.work_plan_id: str | None = None
        self.ended_progress: JobProgress | None = None
        self.retried: list[str] = []
        self.cancelled: list[str] = []
        self.bulk: list[RetryJobs | RetryWorkPlans] = []
        self.report = RetryReport(
            dry_run=False,
            videos=3,
            reasons={"private": 2, "network": 1},
            jobs=[RetriedJob(job_id="job-1", videos=3)],
        )
        self.listed: list[Job] = []
        self.governor = GovernorPeer()
        self.when_looked_at: Callable[[], object] = lambda: None

    async def create_job(self, request: CreateJob) -> Job:
        self.requests.append(request)
        return self.job(f"job-{len(self.requests)}")

    def job(self, job_id: str, status: JobStatus = JobStatus.PENDING, **fields: Any) -> Job:
        request = self.requests[-1] if self.requests else None
        made: dict[str, Any] = {
            "type": request.type if request else JobType.VIDEO_DOWNLOAD,
            "video_ids": request.video_ids if request else [FILM],
            "playlist_id": request.playlist_id if request else None,
            "options": request.options if request else {},
            "created_at": NOON, "updated_at": NOON, "results": [],
            "progress": JobProgress(total=len(self.results)),
        }  # fmt: skip
        return Job.model_validate({"id": job_id, "status": status} | made | fields)

    def ended(self, job_id: str) -> Job:
        counts = {
            name: sum(result.status is status for result in self.results)
            for status, name in OUTCOMES.items()
        }
        counts["failed_before"] = sum(result.failed_before for result in self.results)
        good = counts["succeeded"] + counts["skipped"]
        total = len(self.results)
        return self.job(
            job_id,
            JobStatus.COMPLETED if good and not self.error else JobStatus.FAILED,
            results=self.results,
            progress=self.ended_progress or JobProgress(done=total, total=total, **counts),
            error=self.error,
            work_plan_id=self.work_plan_id,
        )

    async def get_job(self, job_id: str, request: JobView = FIRST_VIDEOS) -> Job:
        if not job_id.startswith("job-"):
            raise NotFound(f"there is no job {job_id}")
        self.when_looked_at()
        if self.moments:
            return self.job(job_id, JobStatus.RUNNING, **self.moments.pop(0))
        return self.ended(job_id)

    async def list_jobs(self, request: JobQuery) -> Page[Job]:
        self.queries.append(request)
        wanted = [
            job
            for job in self.listed
            if request.status in {None, job.status} and job.id.startswith(request.prefix or "")
        ]
        return Page(items=wanted)

    async def retry_job(self, job_id: str) -> Job:
        self.retried.append(job_id)
        return self.job(job_id)

    async def retry_jobs(self, request: RetryJobs) -> RetryReport:
        self.bulk.append(request)
        return self.report.model_copy(update={"dry_run": request.dry_run})

    async def retry_work_plans(self, request: RetryWorkPlans) -> RetryReport:
        self.bulk.append(request)
        return self.report.model_copy(update={"dry_run": request.dry_run})

    async def cancel_job(self, job_id: str) -> Job:
        if not job_id.startswith("job-"):
            raise NotFound(f"there is no job {job_id}")
        self.cancelled.append(job_id)
        return self.job(job_id, JobStatus.CANCELLED)

    async def health(self) -> HealthCheck:
        return healthy("jobs")


class ShortIdsPeer(ShortIdsService):
    """Also knows a job and a work plan that are not listed."""

    async def find_job(self, short_id: str) -> FoundId:
        if short_id.startswith("job-") and len(short_id) < 8:
            return FoundId(id=short_id)
        return await super().find_job(short_id)

    async def find_work_plan(self, short_id: str) -> FoundId:
        if short_id == "plan-1":
            return FoundId(id=short_id)
        return await super().find_work_plan(short_id)


class AvailabilityPeer(AvailabilityAPI):
    """Has no unavailable video."""

    def __init__(self) -> None:
        self.missing: list[AvailabilityQuery] = []
        self.restored = 0

    async def restore_availability(self) -> RestoredAvailability:
        return RestoredAvailability(videos=self.restored)

    async def list_availability(self, request: AvailabilityQuery) -> Page[Availability]:
        self.missing.append(request)
        return Page(items=[])


class RegistryPeer(RegistryAPI):
    """Lists the services in `known`."""

    def __init__(self) -> None:
        self.known: list[ServiceRegistry] = []

    async def list_services(self) -> list[ServiceRegistry]:
        return self.known


def described(video_id: str = FILM, title: str = "A film") -> VideoMetadata:
    return VideoMetadata(
        video_id=video_id, title=title, description="Line one\nLine two", duration=125,
        upload_date=NOON, channel_id=CHANNEL, channel_title="A channel", fetched_at=NOON,
        available_captions=["en"], view_count=7,
    )  # fmt: skip


class MetadataPeer(MetadataAPI):
    """Has one of each kind."""

    def __init__(self) -> None:
        self.queries: list[MetadataQuery] = []

    async def get_video(self, video_id: str, request: VideoMetadataQuery) -> VideoMetadata:
        self.queries.append(request)
        return described(video_id)

    async def get_playlist(self, playlist_id: str, request: MetadataQuery) -> PlaylistMetadata:
        videos = [
            PlaylistVideo(video_id=FILM, position=0, title="A film", duration=125),
            PlaylistVideo(video_id=TALK, position=1, is_available=False),
        ]
        return PlaylistMetadata(
            playlist_id=playlist_id, title="A list", video_count=2, videos=videos, fetched_at=NOON
        )

    async def get_channel(self, channel: str, request: MetadataQuery) -> ChannelMetadata:
        return ChannelMetadata(
            channel_id=CHANNEL, title="A channel", handle="@films",
            uploads_playlist_id="UU" + CHANNEL[2:], fetched_at=NOON,
        )  # fmt: skip

    async def get_quota(self) -> QuotaUsage:
        return QuotaUsage(
            quota_limit=10_000, quota_reserve=1000, used=42, remaining=8958, resets_at=NOON,
            source="data_api",
        )  # fmt: skip

    async def health(self) -> HealthCheck:
        return healthy("metadata")


class DownloadPeer(DownloadAPI):
    """Offers one format, and records for which profile it was asked."""

    def __init__(self) -> None:
        self.choice: FormatChoice | None = None
        self.queries: list[FormatsQuery] = []

    async def get_formats(
        self, video_id: str, request: FormatsQuery = DEFAULT_CHOICE
    ) -> VideoFormats:
        self.queries.append(request)
        offered = VideoFormat(
            format_id="137", extension="mp4", quality="1080p", width=1920, height=1080, fps=25,
            video_codec="avc1", bitrate=4000, size_bytes=10_000_000,
        )  # fmt: skip
        return VideoFormats(
            video_id=video_id, title="A film", qualities=["1080p"], formats=[offered],
            captions=["en"], automatic_captions=[], choice=self.choice,
        )  # fmt: skip

    async def release_staging(self, request: ReleaseStaging) -> Done:
        return Done()

    async def health(self) -> HealthCheck:
        return healthy("download")


class StoragePeer(StorageAPI, WorkPlansAPI):
    """Holds the videos named in `videos`, each with a title."""

    def __init__(self) -> None:
        self.videos = {FILM: "A film"}
        self.plans: list[WorkPlan] = []

    async def video_exists(self, video_id: str) -> VideoExists:
        if video_id not in self.videos:
            return VideoExists(video_id=video_id, exists=False)
        location = StorageLocation(
            video_id=video_id, video_path=f"/archive/videos/{video_id}/{video_id}.mp4",
            metadata_path=f"/archive/metadata/videos/{video_id}.json", stored_at=NOON,
        )  # fmt: skip
        return VideoExists(video_id=video_id, exists=True, location=location)

    async def videos_exist(self, request: ExistsRequest) -> StoredVideos:
        return StoredVideos(video_ids=[v for v in request.video_ids if v in self.videos])

    async def get_metadata(self, video_id: str) -> VideoMetadata:
        if video_id not in self.videos:
            raise NotFound(f"no metadata of {video_id}")
        return described(video_id, self.videos[video_id])

    async def list_work_plans(self, request: WorkPlanQuery) -> Page[PlanEntry]:
        entries = [
            PlanEntry(
                id=plan.id, created_at=plan.created_at, updated_at=plan.updated_at,
                job_id=plan.job_id, total_videos=plan.total_videos,
                successful_videos=plan.successful_videos,
                unavailable=len(plan.unavailable_videos), failed=len(plan.failed_downloads),
            )
            for plan in self.plans
            if plan.id.startswith(request.prefix or "")
        ]  # fmt: skip
        return Page(items=entries)

    async def get_work_plan(self, plan_id: str) -> WorkPlan:
        found = [plan for plan in self.plans if plan.id == plan_id]
        if not found:
            raise NotFound(f"there is no work plan {plan_id}")
        return found[0]

    async def get_stats(self) -> StorageStats:
        return StorageStats(
            total_videos=1, total_metadata=1, total_playlists=0, total_files=5,
            total_size_bytes=2_500_000, work_plans=0, base_path="/archive",
            free_bytes=10**9, capacity_bytes=10**10,
        )  # fmt: skip

    async def health(self) -> HealthCheck:
        return healthy("storage")


class LoggingPeer(LoggingAPI):
    """Answers queries with the pages in `pages`, the last of them repeatedly."""

    def __init__(self) -> None:
        self.queries: list[LogQuery] = []
        self.pages: list[list[LogEntry]] = [[]]
        self.when_asked: Callable[[], object] = lambda: None

    async def query_logs(self, request: LogQuery) -> Page[LogEntry]:
        self.queries.append(request)
        self.when_asked()
        place = str(len(self.queries)) if request.follow else None
        if request.follow and request.cursor is None:
            return Page(items=[], next_cursor=place)
        page = self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        return Page(items=page, next_cursor=place)

    async def get_metrics(self) -> list[Metric]:
        return [
            Metric(name="videos", value=3, tags={"status": "success"}, timestamp=NOON),
            Metric(name="bytes", value=12_345_678, timestamp=NOON),
            Metric(name="seconds_bucket", value=1, tags={"le": "0.1"}, timestamp=NOON),
        ]

    async def health(self) -> HealthCheck:
        return healthy("logging")


class StagingPeer(StagingAPI):
    """A staging folder with one idle video of 5 GiB."""

    async def get_staging(self) -> StagingReport:
        oldest = datetime(2026, 1, 2, tzinfo=UTC)
        return StagingReport(
            videos=1, size_bytes=5 * 2**30, oldest=oldest, active=2, max_age=86_400, max_bytes=2**40
        )

    async def health(self) -> HealthCheck:
        return healthy("download")


class EventsPeer(EventsAPI):
    """Sends an event at each request."""

    service = EventsAPI.service

    async def follow_events(self, request: EventQuery) -> EventStream:
        return self._snapshots()

    async def send_events(self, request: EventBatch) -> Done:
        return Done()

    async def _snapshots(self) -> EventStream:
        while True:
            yield SentEvent(id="1-1", event=Snapshot(events=[]))
            await asyncio.sleep(0.01)


class Peers(Archive):
    """An archive whose five services are all in memory."""

    jobs: JobsPeer
    metadata: MetadataPeer
    download: DownloadPeer
    storage: StoragePeer
    logging: LoggingPeer

    @property
    def registry(self) -> RegistryPeer:
        """Return the registry."""
        return cast("RegistryPeer", self.of(RegistryAPI))

    @property
    def availability(self) -> AvailabilityPeer:
        """Return the availability of videos."""
        return cast("AvailabilityPeer", self.of(AvailabilityAPI))


def peers(url: str | None = None) -> Peers:
    """Return a new archive, of a server if it has a URL."""
    kinds: list[Any] = [JobsPeer, MetadataPeer, DownloadPeer, StoragePeer, LoggingPeer]
    kinds += [StagingPeer, EventsPeer, AvailabilityPeer, RegistryPeer]
    found = {kind.__mro__[1]: kind() for kind in kinds}
    found |= {GovernorAPI: found[JobsAPI].governor, WorkPlansAPI: found[StorageAPI]}
    found[ShortIdsAPI] = ShortIdsPeer(found[JobsAPI].list_jobs, found[WorkPlansAPI])
    return Peers(found, url)
