"""Models of refreshes and of lost videos."""

from pydantic import Field

from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.storage.history.comparing import Verdict
from ytarchive.storage.library.models import ListedVideo


class LostVideo(ListedVideo):
    """A stored video that is deleted, private or unavailable on YouTube."""

    reason: str = Field(description="private, deleted, or unavailable without a reason")
    lost_since: UtcDatetime = Field(description="When this was first found")
    stored_at: UtcDatetime
    size_bytes: int = Field(description="All files of the video")


class LostQuery(Model):
    """Selects a page of the lost videos."""

    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before"
    )


class DueQuery(Model):
    """How many due videos to return."""

    limit: int = Field(default=50, ge=0, le=1000)


class DueRefreshes(Model):
    """The stored videos whose metadata is to be refreshed, and what today's refreshes used."""

    video_ids: list[str] = Field(description="The most and the least overdue ones, in turn")
    with_comments: list[str] = Field(
        default=[], description="Those of them whose profile has comments"
    )
    next_at: UtcDatetime | None = Field(
        default=None, description="When the next refresh is due; null without stored videos"
    )
    requests_today: int = Field(default=0, description="By yt-dlp, on this day in UTC")
    units_today: int = Field(default=0, description="Quota units of the Data API, on this day")


class UsedBudget(Model):
    """What a refresh is about to use."""

    requests: int = Field(default=0, ge=0)
    units: int = Field(default=0, ge=0)


class RefreshAnswer(Model):
    """The answer to a refresh."""

    metadata: VideoMetadata | None = Field(
        default=None, description="null if YouTube did not return the video"
    )
    retry_at: UtcDatetime | None = Field(
        default=None, description="When to try again, if not by the schedule"
    )


class RecordedRefresh(Model):
    """What a refresh changed."""

    video_id: str
    verdict: Verdict | None = Field(
        default=None, description="null if YouTube did not return the video"
    )
    changed: list[str] = Field(default=[], description="The changed fields")
    lacks: list[str] = Field(
        default=[], description="Known fields that the answer lacked, so that it changed nothing"
    )
    next_at: UtcDatetime | None = Field(default=None, description="When the next refresh is due")
