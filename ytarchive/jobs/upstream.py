"""Models of what is known of YouTube: whether it may be asked, and what it no longer gives."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import ErrorDetail, Model, Text, UtcDatetime


class GovernorState(Model):
    """Whether YouTube may be asked at present, and how fast."""

    state: str = Field(description='"closed": work goes on; "open": paused; "probing": one try')
    reason: str | None = Field(default=None, description="bot_check, rate_limited, ip_blocked, …")
    message: str | None = None
    opened_at: UtcDatetime | None = None
    next_probe_at: UtcDatetime | None = None
    paused_at: UtcDatetime | None = Field(
        default=None, description="When somebody paused all new work; null: nobody did"
    )
    pace: str = Field(description='"polite" or "off"')
    videos_per_hour: int
    ready_videos: int = Field(description="Videos that may start at once at the polite pace")


class PermitRequest(Model):
    """What a service that runs apart is about to ask YouTube by yt-dlp."""

    source: Text = Field(max_length=512, description="A video's or list's id")
    is_video: bool = Field(default=True, description="False for one page of a list")


class GivenPermit(Model):
    """Leave to ask YouTube."""

    permit_id: OpaqueId | None = Field(
        description="Null if a job asks about the same video: then there is nothing to give back"
    )
    lease: float = Field(description="Seconds after which it ends by itself unless it is renewed")


class PermitOutcome(Model):
    """How it went. Without success and error nothing was learned of YouTube."""

    source: Text = Field(max_length=512)
    succeeded: bool = False
    error: ErrorDetail | None = None


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
