"""Models of work plans: what could not be archived, for review."""

from pydantic import Field

from ytarchive.common.identifiers import OpaqueId, PlaylistId, VideoId
from ytarchive.common.models import ErrorDetail, Model, UtcDatetime, utc_now


class PlannedVideo(Model):
    """A video of a work plan."""

    video_id: VideoId
    title: str | None = None
    retry_after: UtcDatetime | None = Field(
        default=None, description="No automatic request before this time"
    )
    waits_for: str | None = Field(
        default=None,
        description='"cookies" or "proxy": a server retries the video when they change',
    )
    added_at: UtcDatetime | None = Field(
        default=None, description="When the video was added to the plan; set by Storage"
    )


class UnavailableVideo(PlannedVideo):
    """A video that YouTube does not provide, with the evidence."""

    reason: str = Field(description="private, deleted, region_blocked, age_restricted, …")
    detected_at: UtcDatetime = Field(default_factory=utc_now)
    playlist_id: str | None = None
    last_available: UtcDatetime | None = None
    evidence: str | None = Field(default=None, description="Message of YouTube or yt-dlp")
    confirmed: bool = Field(
        default=True, description="False while it is a suspicion that a server checks again"
    )


class FailedDownload(PlannedVideo):
    """A video that is available but could not be fetched."""

    attempts: int = 0
    last_attempt: UtcDatetime = Field(default_factory=utc_now)
    errors: list[ErrorDetail] = Field(default_factory=list, description="Oldest first")
    file_size: int | None = Field(default=None, description="Bytes, if known")


class WorkPlanRequest(Model):
    """Entries for a plan. Requests extend the plan of the list or, without one, of the job."""

    job_id: OpaqueId | None = Field(
        default=None,
        description="The plan's job. It is not checked, because plans may be from other archives:"
        " a retry of a plan without a known job creates a job",
    )
    plan_id: OpaqueId | None = Field(
        default=None, description="Extend this plan; with `job_id` it is assigned to that job"
    )
    playlist_id: PlaylistId | None = Field(
        default=None,
        description="The plan's list: all jobs of the list extend the plan, and `job_id` is the "
        "latest of them",
    )
    metadata_only: bool = Field(
        default=False,
        description="The list's plan of videos whose metadata METADATA_ONLY jobs could not fetch",
    )
    unavailable_videos: list[UnavailableVideo] = Field(default_factory=list)
    failed_downloads: list[FailedDownload] = Field(default_factory=list)
    resolved_video_ids: list[VideoId] = Field(
        default_factory=list, description="Videos stored meanwhile; they are removed from the plan"
    )
    merged_plan_ids: list[OpaqueId] = Field(
        default_factory=list,
        description="Further plans of the list: their entries are added to its plan, and they are"
        " removed. Unknown ids are ignored",
    )
    total_videos: int = Field(default=0, ge=0)
    successful_videos: int = Field(default=0, ge=0)


class WorkPlan(Model):
    """The videos of a list or job that could not be archived, for manual review."""

    id: str
    created_at: UtcDatetime
    unavailable_videos: list[UnavailableVideo]
    failed_downloads: list[FailedDownload]
    total_videos: int
    successful_videos: int
    job_id: str | None = None
    playlist_id: str | None = Field(default=None, description="The plan's list")
    metadata_only: bool = False
    updated_at: UtcDatetime
    path: str | None = Field(default=None, description="Path of the plan's JSON file")

    @property
    def missing(self) -> int:
        """Return the number of videos that could not be archived."""
        return len(self.unavailable_videos) + len(self.failed_downloads)


class PlanEntry(Model):
    """A work plan without its entries, for lists."""

    id: str
    created_at: UtcDatetime
    updated_at: UtcDatetime
    job_id: str | None = None
    playlist_id: str | None = None
    total_videos: int
    successful_videos: int
    unavailable: int
    failed: int


class WorkPlanQuery(Model):
    """Selects a page of the plans."""

    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = None
    prefix: OpaqueId | None = Field(default=None, description="Only ids that begin with this")
    missing: bool = Field(default=False, description="Only plans with missing videos")
