"""Models of unavailable videos."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.models import Model, UtcDatetime


class AvailabilityState(StrEnum):
    """The state of a video according to the evidence."""

    AVAILABLE = "available"
    SUSPECTED = "suspected"
    UNAVAILABLE = "unavailable"


class Availability(Model):
    """The evidence about a video that is or was unavailable."""

    video_id: str
    state: AvailabilityState = Field(
        description="`suspected` until several checks, a day or more apart, confirm it"
    )
    reason: str | None = Field(default=None, description="private, deleted, unavailable, …")
    evidence: str | None = Field(default=None, description="Message of YouTube or yt-dlp")
    source: str = Field(
        description='"youtube": a request for the video; "listing": missing from its list'
    )
    first_seen: UtcDatetime = Field(description="When this state was first found")
    last_seen: UtcDatetime
    confirmations: int
    last_available: UtcDatetime | None = None
    next_check_at: UtcDatetime | None = None
    stored: bool = Field(default=False, description="Whether the video is stored")
    summary: str = Field(default="", description="For people, as `lost upstream, safe here`")


class RestoredAvailability(Model):
    """The result of reading the history."""

    videos: int = Field(description="Videos whose evidence was unknown")


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
