"""Models of bulk retries."""

from pydantic import Field

from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import Model


class RetryJobs(Model):
    """Selects videos to retry; without any field all failed and unavailable videos."""

    reason: str | None = Field(
        default=None,
        max_length=64,
        description="Only videos with this reason: private, no_formats, network, …; videos that "
        "wait for it (bot_check, live, …) start at once",
    )
    job_id: OpaqueId | None = Field(default=None, description="Only videos of this job")
    dry_run: bool = Field(default=False, description="Only count")


class RetryWorkPlans(Model):
    """Selects entries of work plans to retry; without any field all."""

    plan_id: OpaqueId | None = Field(default=None, description="Only of this plan")
    reason: str | None = Field(default=None, max_length=64, description="Only with this reason")
    dry_run: bool = Field(default=False, description="Only count")


class RetriedJob(Model):
    """A job with retried videos."""

    job_id: str | None = Field(description="Null for a job that a dry run did not create")
    videos: int


class RetryReport(Model):
    """The videos that were or would be queued again."""

    dry_run: bool
    videos: int
    reasons: dict[str, int] = Field(description="Number of videos by reason of their failure")
    jobs: list[RetriedJob]
    waiting_for: str | None = Field(default=None, description="Why the videos do not start at once")
    resumed: bool = Field(
        default=False,
        description="Whether a pause was ended, or one request tests whether a block or an outage"
        " is over",
    )
