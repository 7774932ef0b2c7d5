"""Models of what YouTube no longer gives."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.models import Model, UtcDatetime


class AvailabilityState(StrEnum):
    """What the evidence says."""

    AVAILABLE = "available"
    SUSPECTED = "suspected"
    UNAVAILABLE = "unavailable"


class Availability(Model):
    """What is known of a video that YouTube did not give, or once did not."""

    video_id: str
    state: AvailabilityState = Field(
        description="`suspected` until it was found so often enough, a day or more apart"
    )
    reason: str | None = Field(default=None, description="private, deleted, unavailable, …")
    evidence: str | None = Field(default=None, description="What YouTube or yt-dlp said")
    source: str = Field(description='"youtube" was asked for the video, or a "listing" was short')
    first_seen: UtcDatetime = Field(description="When this state was first found")
    last_seen: UtcDatetime
    confirmations: int
    last_available: UtcDatetime | None = None
    next_check_at: UtcDatetime | None = None
    stored: bool = Field(default=False, description="Whether the archive has it")
    summary: str = Field(default="", description="In words, as `lost upstream, safe here`")


class AvailabilityQuery(Model):
    """Which videos to list."""

    state: AvailabilityState | None = None
    reason: str | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{11}$",
        description="`next_cursor` of the page before",
    )
