"""Models of bulk retries."""

from pydantic import Field

from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import Model


class RetryJobs(Model):
    """What to try again; without any field everything that failed or was unavailable."""

    reason: str | None = Field(
        default=None,
        max_length=64,
        description="Only what failed for this reason: private, no_formats, network, …; what waits "
        "because of it (bot_check, live, …) waits no longer",
    )
    job_id: OpaqueId | None = Field(default=None, description="Only of this job")
    dry_run: bool = Field(default=False, description="Count it, and do nothing")


class RetryWorkPlans(Model):
    """Which entries of work plans to try again; without any field all."""

    plan_id: OpaqueId | None = Field(default=None, description="Only of this plan")
    reason: str | None = Field(default=None, max_length=64, description="Only with this reason")
    dry_run: bool = Field(default=False, description="Count it, and do nothing")


class RetriedJob(Model):
    """A job some of whose videos are tried again."""

    job_id: str | None = Field(description="Null for a job that a dry run did not make")
    videos: int


class RetryReport(Model):
    """What was queued again, or would be."""

    dry_run: bool
    videos: int
    reasons: dict[str, int] = Field(description="Videos by the reason for which they failed")
    jobs: list[RetriedJob]
    waiting_for: str | None = Field(default=None, description="Why they do not start at once")
    resumed: bool = Field(
        default=False,
        description="Whether a pause was lifted, or one request tries at once whether a block or "
        "an outage is over",
    )
