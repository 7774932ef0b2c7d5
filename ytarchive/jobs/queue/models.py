"""Models of jobs, their progress and their results."""

from enum import StrEnum

from pydantic import Field, model_validator

from ytarchive.common.channel_lists import has_newest_first
from ytarchive.common.identifiers import OpaqueId, PlaylistId, VideoId
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.common.profiles import ProfileRequest
from ytarchive.download import DownloadPhase
from ytarchive.jobs.queue.filtering import VideoFilter

_NO_FILTER = VideoFilter()
"""One object for all jobs: pydantic would copy a default each time."""


class JobOptions(ProfileRequest):
    """How a job's videos are archived.

    Of a request, only the given fields count; a job has all of them.
    """

    include_metadata: bool = True
    skip_existing: bool = True
    replace: bool = Field(
        default=False,
        description="Download stored videos again, and accept a file that is worse than the "
        "stored one; audio never replaces a video",
    )
    upgrade: bool = Field(
        default=False,
        description="Fetch the media of a stored video again if it may exist in a better quality; "
        "the stored media is replaced only by a better one",
    )
    output_dir: str | None = Field(
        default=None,
        max_length=1024,
        description="Folder inside the archive; default `storage.videos_dir`",
    )
    max_retries: int = Field(default=3, ge=0, le=100)
    priority: int = Field(
        default=0, ge=-100, le=100, description="Jobs with a higher priority run first"
    )
    full_listing: bool = Field(
        default=False,
        description="List a channel completely instead of only its new videos",
    )
    filter: VideoFilter = Field(
        default_factory=lambda: _NO_FILTER,
        description="Which videos are archived; the others get the result `skipped`",
    )
    refresh_metadata: bool = Field(
        default=False,
        description="For METADATA_ONLY: request metadata even if it is cached",
    )

    @property
    def keeps_stored(self) -> bool:
        """Return whether a stored video is left as it is."""
        return self.skip_existing and not self.replace


class JobType(StrEnum):
    """The type of a job."""

    VIDEO_DOWNLOAD = "VIDEO_DOWNLOAD"
    PLAYLIST_DOWNLOAD = "PLAYLIST_DOWNLOAD"
    METADATA_ONLY = "METADATA_ONLY"


class JobStatus(StrEnum):
    """The status of a job."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Return whether the job has ended. A retry can open it again."""
        return self in {self.COMPLETED, self.FAILED, self.CANCELLED}


class ResultStatus(StrEnum):
    """The outcome of a video of a job."""

    SUCCESS = "success"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"
    CANCELLED = "cancelled"


class JobResult(Model):
    """The outcome of a video of a job."""

    video_id: str
    status: ResultStatus
    message: str = ""
    error_code: str | None = None
    reason: str | None = Field(
        default=None,
        description="Why it is not archived, for programs: filtered, private, no_formats, …",
    )
    rule: str | None = Field(
        default=None, description="For `filtered`: the field of the filter that excludes the video"
    )
    metadata_saved: bool = False
    video_downloaded: bool = Field(
        default=False,
        description="Whether media were fetched; if `skipped`, the stored media were better",
    )
    file_size: int = Field(default=0, description="Bytes of all files of the video")
    duration_seconds: float = Field(default=0, description="Seconds of processing")
    attempts: int = 0
    quality: str | None = Field(default=None, description="The fetched quality, as `720p`")
    audio_language: str | None = Field(
        default=None, description="Language of the sound, if it is known"
    )
    retry_after: UtcDatetime | None = Field(
        default=None,
        description="No automatic request before this time, for example for a premiere",
    )
    failed_before: bool = Field(
        default=False, description="Whether the work plan contained this failure before this job"
    )


class VideoProgress(Model):
    """An active video."""

    video_id: str
    title: str = ""
    task_id: str | None = None
    phase: DownloadPhase
    progress_percent: float
    downloaded_bytes: int
    total_bytes: int
    speed: float = Field(description="Bytes per second")
    eta: int | None = Field(default=None, description="Seconds")


class JobProgress(Model):
    """The progress of a job. `total` grows while a playlist is being listed."""

    done: int = 0
    total: int = 0
    listing: bool = Field(default=False, description="Whether a playlist is still being listed")
    known: int = Field(
        default=0,
        description="Entries of the playlist with a result of an earlier job; not in `total`",
    )
    succeeded: int = 0
    skipped: int = 0
    failed: int = 0
    unavailable: int = 0
    cancelled: int = Field(default=0, description="Not counted in `done`")
    failed_before: int = Field(
        default=0,
        description="Those of `failed` and `unavailable` that the work plan contained before this"
        " job",
    )
    stored_bytes: int = 0
    speed: float = Field(default=0, description="Bytes per second, over all active videos")
    eta: int | None = Field(
        default=None, description="Seconds; null while it waits, is being listed or has just begun"
    )
    ends_at: UtcDatetime | None = Field(
        default=None, description="The expected end; null without `eta`"
    )
    waiting_for: str | None = Field(
        default=None, description="Why no video can start now; null if one can"
    )
    waiting_reason: str | None = Field(
        default=None, description="The reason for programs: bot_check, disk_full, upcoming, pace, …"
    )
    waiting_egress: str | None = Field(
        default=None, description="Name of the paused egress, if the egress is the reason"
    )
    waiting_until: UtcDatetime | None = Field(
        default=None, description="When the wait ends, if known"
    )
    active: list[VideoProgress] = Field(default_factory=list)


MAX_SHOWN = 1000
"""Maximum videos and results of a job in an answer without `expand` (ADR 12)."""


QUALITY_RECHECK = "quality-recheck"
"""The creator of the jobs that request fresh videos again in a better quality."""
_CREATOR = (
    "The subscription that created it, or `quality-recheck`; null: a user, whose videos retention "
    "never removes"
)


class Job(Model):
    """A job and its progress."""

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
        description=f"Whether `video_ids` and `results` hold the first {MAX_SHOWN} alone: "
        "`?expand=true` returns all, `GET /jobs/{job_id}/results` pages them",
    )
    error: str | None = None
    progress: JobProgress = JobProgress()
    title: str | None = Field(
        default=None, description="The playlist's title, once it is known, or the reason of the job"
    )
    work_plan_id: str | None = None
    subscription_id: str | None = Field(default=None, description=_CREATOR)


_DEFAULTS = JobOptions()
"""One object for all requests: pydantic would copy a default each time."""


class CreateJob(Model):
    """A job to queue: videos, a playlist or channel, or both."""

    type: JobType
    video_ids: list[VideoId] = Field(default_factory=list, max_length=100_000)
    playlist_id: PlaylistId | None = None
    options: JobOptions = Field(default_factory=lambda: _DEFAULTS)
    subscription_id: OpaqueId | None = Field(default=None, description=_CREATOR)

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
        f"watching; default: the first {MAX_SHOWN}",
    )


FIRST_VIDEOS = JobView()


class JobQuery(JobView):
    """Which jobs to list. A page of jobs with many videos is shorter than `limit`."""

    status: JobStatus | None = None
    type: JobType | None = None
    prefix: OpaqueId | None = Field(default=None, description="Only ids that begin with this")
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before")
