"""Models of jobs, their progress and their results."""

from enum import StrEnum

from pydantic import Field, model_validator

from ytarchive.common.channel_lists import has_newest_first
from ytarchive.common.identifiers import OpaqueId, PlaylistId, VideoId
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.download import DownloadPhase
from ytarchive.jobs.queue.options import JobOptions


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
        """Return whether nothing more will happen unless it is retried."""
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
    waiting_egress: str | None = Field(
        default=None, description="The address that YouTube holds back, by its name, if that is why"
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


_DEFAULTS = JobOptions()
"""One object for all requests: pydantic would copy a default each time."""


class CreateJob(Model):
    """A job to queue: videos, a playlist or channel, or both."""

    type: JobType
    video_ids: list[VideoId] = Field(default_factory=list, max_length=100_000)
    playlist_id: PlaylistId | None = None
    options: JobOptions = Field(default_factory=lambda: _DEFAULTS)

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
