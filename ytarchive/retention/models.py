"""Models of the retention."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.common.setting_types import Size
from ytarchive.subscriptions import SubscriptionRef


class RetentionLimit(StrEnum):
    """A limit of a rule."""

    MAX_AGE_DAYS = "max_age_days"
    MAX_VIDEOS = "max_videos"
    MAX_BYTES = "max_bytes"
    MIN_FREE_BYTES = "min_free_bytes"


class RetentionRule(Model):
    """Which videos of a subscription may be removed; each limit releases videos by itself."""

    max_age_days: float | None = Field(
        default=None, gt=0, le=36_500, description="Release videos stored longer ago than this"
    )
    max_videos: int | None = Field(
        default=None, ge=1, le=1_000_000, description="Keep this many of the newest uploads"
    )
    max_bytes: Size | None = Field(
        default=None, ge=1, description="Keep the newest uploads up to this size"
    )
    min_free_bytes: Size | None = Field(
        default=None,
        ge=1,
        description="Release the oldest uploads until this much is free, with the trash as free",
    )

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if not self.limits:
            raise ValueError("a rule needs a limit: by age, number, size or free space")
        return self

    @property
    def limits(self) -> list[RetentionLimit]:
        """Return the limits that are set."""
        return [each for each in RetentionLimit if getattr(self, each) is not None]


class Retention(Model):
    """The rule of a subscription, and when it is applied."""

    subscription_id: str
    list_id: str
    title: str = ""
    rule: RetentionRule
    is_applied: bool = Field(
        description="Whether it is applied each day; false until `POST /retention/run`"
    )
    previewed_at: UtcDatetime | None = None
    last_run_at: UtcDatetime | None = None
    last_problem: str | None = Field(
        default=None, description="Why the last run ended early; null if it did not"
    )


class RetentionRequest(Model):
    """Which rules to apply."""

    subscription: SubscriptionRef | None = Field(
        default=None, description="Only the rule of this subscription; null for all rules"
    )


class RunRetention(RetentionRequest):
    """Which rules to apply, and how."""

    due: bool = Field(
        default=False,
        description="Only as the daily run: rules that are applied already, if a day has passed. "
        "Needs no preview",
    )


class PlannedRemoval(Model):
    """A video that a rule removes."""

    video_id: VideoId
    title: str = ""
    size_bytes: int
    stored_at: UtcDatetime
    upload_date: UtcDatetime | None = None
    subscription_ids: list[str] = Field(description="All subscriptions that hold it")
    limit: RetentionLimit = Field(description="The limit of the first of them that releases it")
    reason: str = Field(description="The same in words")


class KeptReason(StrEnum):
    """Why a video of a subscription with a rule is kept."""

    WITHIN_LIMITS = "within_limits"
    """A rule of a subscription that holds it keeps it."""
    KEEP = "keep"
    """It has the mark `keep`."""
    REQUESTED = "requested"
    """A user requested it."""
    UNKNOWN_ORIGIN = "unknown_origin"
    """No job of a subscription fetched its media, or that is not known."""
    HELD = "held"
    """Another list holds it whose subscription has no rule, or that is no longer followed."""
    NOT_LISTED = "not_listed"
    """A list that may hold it was not listed yet."""


class KeptVideos(Model):
    """The videos that are kept for one reason."""

    reason: KeptReason
    message: str = Field(description="The reason in words")
    videos: int
    size_bytes: int
    example: VideoId = Field(description="One of them")


class RetentionPreview(Model):
    """What a run would remove at present."""

    removed: list[PlannedRemoval] = Field(description="In the order of their removal")
    removed_bytes: int = 0
    kept: list[KeptVideos]
    kept_bytes: int = 0
    purged_items: list[str] = Field(
        default=[], description="Items of the trash that would be deleted, the oldest ones"
    )
    purged_bytes: int = 0
    free_bytes: int
    trash_bytes: int
    counted_at: UtcDatetime = Field(description="The time by which ages are computed")


class RetentionReport(Model):
    """What a run removed."""

    removed: list[PlannedRemoval]
    removed_bytes: int = Field(default=0, description="Moved to the trash")
    purged_items: int = 0
    purged_bytes: int = Field(default=0, description="Deleted from the trash")
    kept: list[KeptVideos] = Field(default=[], description="Why other videos are kept")
    changed: list[str] = Field(
        default=[], description="Videos that changed or were requested meanwhile, and were kept"
    )


class RetentionRemoval(Model):
    """A video that a rule removed."""

    video_id: VideoId
    title: str = ""
    subscription_id: str
    subscription_title: str = ""
    limit: RetentionLimit
    reason: str
    size_bytes: int
    removed_at: UtcDatetime


class RemovalsQuery(Model):
    """Selects a page of the removals, newest first."""

    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before")
