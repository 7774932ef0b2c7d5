"""Contract and models of the Jobs service."""

from enum import StrEnum
from typing import ClassVar, Protocol

from pydantic import Field, model_validator

from ytarchive.common.channel_lists import has_newest_first
from ytarchive.common.contract import ServiceContract, endpoint
from ytarchive.common.identifiers import OpaqueId, PlaylistId, VideoId
from ytarchive.common.models import Done, Model, Page, UtcDatetime
from ytarchive.common.services import ServiceName
from ytarchive.download import DownloadPhase
from ytarchive.jobs.queue.options import JobOptions
from ytarchive.jobs.registry.models import RegisteredName, RegisterService, ServiceRegistry
from ytarchive.jobs.retrying.models import RetryJobs, RetryReport, RetryWorkPlans
from ytarchive.jobs.upstream import (
    Availability,
    AvailabilityQuery,
    GivenPermit,
    PermitOutcome,
    PermitRequest,
)


class JobType(StrEnum):
    """What a job does."""

    VIDEO_DOWNLOAD = "VIDEO_DOWNLOAD"
    PLAYLIST_DOWNLOAD = "PLAYLIST_DOWNLOAD"
    METADATA_ONLY = "METADATA_ONLY"


class JobStatus(StrEnum):
    """Where a job stands."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen unless it is retried."""
        return self in {self.COMPLETED, self.FAILED, self.CANCELLED}


class ResultStatus(StrEnum):
    """How one video of a job ended."""

    SUCCESS = "success"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"
    CANCELLED = "cancelled"


class JobResult(Model):
    """How one video of a job ended."""

    video_id: str
    status: ResultStatus
    message: str = ""
    error_code: str | None = None
    reason: str | None = Field(
        default=None,
        description="Why it is not archived, for programs: filtered, private, no_formats, …",
    )
    metadata_saved: bool = False
    video_downloaded: bool = Field(
        default=False, description="Whether media was fetched; if `skipped`, the stored was better"
    )
    file_size: int = Field(default=0, description="Bytes of all files of the video")
    duration_seconds: float = Field(default=0, description="Time it took")
    attempts: int = 0
    quality: str | None = Field(default=None, description="What was really fetched, as `720p`")
    audio_language: str | None = Field(default=None, description="Of the sound, if it is known")
    retry_after: UtcDatetime | None = Field(
        default=None,
        description="Before this the video is not requested again by itself, such as a premiere",
    )
    failed_before: bool = Field(
        default=False, description="Whether the work plan had this failure before this job"
    )


class VideoProgress(Model):
    """One video that is being worked on."""

    video_id: str
    title: str = ""
    task_id: str | None = None
    phase: DownloadPhase
    progress_percent: float
    downloaded_bytes: int
    total_bytes: int
    speed: float = Field(description="Bytes a second")
    eta: int | None = Field(default=None, description="Seconds")


class JobProgress(Model):
    """How far a job is. `total` grows while a playlist is still being listed."""

    done: int = 0
    total: int = 0
    listing: bool = Field(default=False, description="Whether a playlist is still being listed")
    known: int = Field(
        default=0, description="Entries of the playlist that earlier jobs settled; not in `total`"
    )
    succeeded: int = 0
    skipped: int = 0
    failed: int = 0
    unavailable: int = 0
    cancelled: int = Field(default=0, description="Not counted in `done`")
    failed_before: int = Field(
        default=0,
        description="Of `failed` and `unavailable`, those that the work plan had before this job",
    )
    stored_bytes: int = 0
    speed: float = Field(default=0, description="Bytes a second, over all running videos")
    eta: int | None = Field(
        default=None, description="Seconds; null while it waits, is being listed or has just begun"
    )
    ends_at: UtcDatetime | None = Field(
        default=None, description="The moment that `eta` means; null without it"
    )
    waiting_for: str | None = Field(default=None, description="Why nothing starts now, if so")
    waiting_reason: str | None = Field(
        default=None, description="The same for programs: bot_check, disk_full, upcoming, pace, …"
    )
    waiting_until: UtcDatetime | None = Field(default=None, description="When it ends, if known")
    active: list[VideoProgress] = Field(default_factory=list)


MOST_SHOWN = 1000
"""Videos and results that a job holds unless all of them are asked for (ADR 12)."""


class Job(Model):
    """Something to be archived, and how far it is."""

    id: str
    type: JobType
    status: JobStatus
    created_at: UtcDatetime
    updated_at: UtcDatetime
    video_ids: list[str]
    playlist_id: str | None = None
    options: JobOptions
    results: list[JobResult]
    truncated: bool = Field(
        default=False,
        description=f"Whether `video_ids` and `results` hold the first {MOST_SHOWN} alone: "
        "`?expand=true` returns all, `GET /jobs/{job_id}/results` pages them",
    )
    error: str | None = None
    progress: JobProgress = JobProgress()
    title: str | None = Field(default=None, description="The playlist's title, once it is known")
    work_plan_id: str | None = None


class CreateJob(Model):
    """A job to queue: videos, a playlist or channel, or both."""

    type: JobType
    video_ids: list[VideoId] = Field(default_factory=list, max_length=100_000)
    playlist_id: PlaylistId | None = None
    options: JobOptions = JobOptions()

    @model_validator(mode="after")
    def _has_work(self) -> "CreateJob":
        if self.type is JobType.VIDEO_DOWNLOAD and not self.video_ids:
            raise ValueError("a VIDEO_DOWNLOAD job needs video_ids")
        if self.type is JobType.PLAYLIST_DOWNLOAD and self.playlist_id is None:
            raise ValueError("a PLAYLIST_DOWNLOAD job needs a playlist_id")
        if not self.video_ids and self.playlist_id is None:
            raise ValueError("a METADATA_ONLY job needs video_ids or a playlist_id")
        is_ordered = self.playlist_id is not None and has_newest_first(self.playlist_id)
        if self.options.filter.newest is not None and not is_ordered:
            raise ValueError("filter.newest needs a channel: a playlist can have any order")
        return self


class JobView(Model):
    """How much of a job to show."""

    expand: bool | None = Field(
        default=None,
        description="true: all `video_ids` and `results`; false: none, which is cheaper for "
        f"watching; default: the first {MOST_SHOWN}",
    )


FIRST_VIDEOS = JobView()


class JobQuery(JobView):
    """Which jobs to list. A page of jobs with many videos is shorter than `limit`."""

    status: JobStatus | None = None
    type: JobType | None = None
    prefix: OpaqueId | None = Field(default=None, description="Only ids that begin with this")
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before")


class JobsAPI(ServiceContract, Protocol):
    """Create, watch and retry archive jobs; know the services."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("POST /jobs", status=201)
    async def create_job(self, request: CreateJob) -> Job:
        """Queue a job and return it, PENDING, as soon as it is durable."""
        ...

    @endpoint("GET /jobs/{job_id}")
    async def get_job(self, job_id: OpaqueId, request: JobView = FIRST_VIDEOS) -> Job:
        """A job with its results and progress. Raises NotFound."""
        ...

    @endpoint("GET /jobs")
    async def list_jobs(self, request: JobQuery) -> Page[Job]:
        """Jobs that match, newest first."""
        ...

    @endpoint("PUT /jobs/{job_id}/retry")
    async def retry_job(self, job_id: OpaqueId) -> Job:
        """Queue again what failed, was unavailable or cancelled. Raises NotFound or Conflict."""
        ...

    @endpoint("POST /jobs/retry")
    async def retry_jobs(self, request: RetryJobs) -> RetryReport:
        """Queue again what failed in any job, by reason. Raises InvalidRequest with the reasons.

        A block by YouTube (bot_check, …) that was the reason is then probed at once.
        """
        ...

    @endpoint("POST /work-plans/retry")
    async def retry_work_plans(self, request: RetryWorkPlans) -> RetryReport:
        """Queue again what work plans have. Entries stay in them until they are stored.

        A plan whose job is not known here gets a new job. Raises NotFound or InvalidRequest.
        """
        ...

    @endpoint("POST /jobs/{job_id}/cancel")
    async def cancel_job(self, job_id: OpaqueId) -> Job:
        """Stop a job and its transfers. Raises NotFound, or Conflict if it has ended."""
        ...

    @endpoint("POST /governor/permits", status=201)
    async def ask_permit(self, request: PermitRequest) -> GivenPermit:
        """Let a service that runs apart ask YouTube. Raises RequestsPaused with `retry_after`."""
        ...

    @endpoint("PUT /governor/permits/{permit_id}")
    async def renew_permit(self, permit_id: OpaqueId) -> Done:
        """Let it last for another lease. Raises NotFound if it has ended."""
        ...

    @endpoint("POST /governor/permits/{permit_id}/end")
    async def end_permit(self, permit_id: OpaqueId, request: PermitOutcome) -> Done:
        """Give it back, and tell how it went; that is heard even if it has ended by itself."""
        ...

    @endpoint("GET /availability")
    async def list_availability(self, request: AvailabilityQuery) -> Page[Availability]:
        """Videos that YouTube did not give at some time, with the evidence; by id."""
        ...

    @endpoint("GET /availability/{video_id}")
    async def get_availability(self, video_id: VideoId) -> Availability:
        """What is known of one video. Raises NotFound if nothing was ever wrong with it."""
        ...

    @endpoint("POST /registry/register", status=201)
    async def register_service(self, request: RegisterService) -> ServiceRegistry:
        """Make a service known; its health is polled from now on."""
        ...

    @endpoint("GET /registry/services")
    async def list_services(self) -> list[ServiceRegistry]:
        """Every known service and its health."""
        ...

    @endpoint("DELETE /registry/services/{service_name}")
    async def remove_service(self, service_name: RegisteredName) -> Done:
        """Forget a service that is gone. Raises NotFound, or Conflict if it is healthy."""
        ...
