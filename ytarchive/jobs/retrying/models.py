"""Models of bulk retries."""

from pydantic import Field

from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import Model


class RetryJobs(Model):
    """Selects videos to retry; without any field all failed and unavailable videos."""

    reason: str | None = Field(
        default=None,
        max_length=64,
        description="Only what failed for this reason: private, no_formats, network, …; what waits "
        "because of it (bot_check, live, …) waits no longer",
    )
    job_id: OpaqueId | None = Field(default=None, description="Only of this job")
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
    waiting_for: str | None = Field(default=None, description="Why they do not start at once")
    resumed: bool = Field(
        default=False,
        description="Whether a pause was lifted, or one request tries at once whether a block or "
        "an outage is over",
    )
