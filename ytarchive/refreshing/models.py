"""Models of refreshing."""

from enum import StrEnum

from pydantic import Field

from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model, UtcDatetime


class RefreshOutcome(StrEnum):
    """The outcome of a refresh."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    INCOMPLETE = "incomplete"
    """The answer lacked what is known, and changed nothing."""
    UNAVAILABLE = "unavailable"
    """YouTube gave a reason why it does not return the video."""
    FAILED = "failed"
    """Another failure, such as a live stream; it is tried again after a day."""


class RefreshedVideo(Model):
    """A refreshed video and the outcome."""

    video_id: str
    outcome: RefreshOutcome
    changed: list[str] = Field(default=[], description="The changed fields")
    lacks: list[str] = Field(default=[], description="Of an incomplete answer")
    message: str | None = Field(default=None, description="Why there is no answer")
    next_at: UtcDatetime | None = Field(default=None, description="When the next refresh is due")


class RefreshState(Model):
    """What refreshes used today, and when the next one is due."""

    enabled: bool = Field(description="Whether a server refreshes (`refreshes.enabled`)")
    next_at: UtcDatetime | None = Field(
        default=None, description="When the next refresh is due; null without stored videos"
    )
    requests_today: int = Field(description="Requests by yt-dlp")
    requests_per_day: int
    units_today: int = Field(description="Quota units of the Data API")
    units_per_day: int
    waiting_for: str | None = Field(default=None, description="Why no refresh starts at present")


class RunRefreshes(Model):
    """Which videos to refresh."""

    video_ids: list[VideoId] = Field(
        default=[],
        max_length=50,
        description="Stored videos to refresh now, without regard to the budget; without any the "
        "due ones",
    )
    limit: int = Field(default=50, ge=1, le=500, description="Maximum number of due videos")


class RefreshReport(Model):
    """The refreshed videos, and why others wait."""

    refreshed: list[RefreshedVideo]
    waiting_for: str | None = Field(
        default=None, description="Why the remaining due videos are not refreshed now"
    )
