"""Jobs: the durable queue that drives the other services, and their registry."""

from ytarchive.jobs.api import (
    WHOLE_JOB,
    CreateJob,
    Job,
    JobOptions,
    JobProgress,
    JobQuery,
    JobResult,
    JobsAPI,
    JobStatus,
    JobType,
    JobView,
    ResultStatus,
    VideoProgress,
)
from ytarchive.jobs.registry.models import IN_PROCESS, RegisterService, ServiceRegistry
from ytarchive.jobs.retrying.models import RetriedJob, RetryJobs, RetryReport, RetryWorkPlans
from ytarchive.jobs.upstream import (
    Availability,
    AvailabilityQuery,
    AvailabilityState,
    GovernorState,
)

__all__ = [
    "IN_PROCESS",
    "WHOLE_JOB",
    "Availability",
    "AvailabilityQuery",
    "AvailabilityState",
    "CreateJob",
    "GovernorState",
    "Job",
    "JobOptions",
    "JobProgress",
    "JobQuery",
    "JobResult",
    "JobStatus",
    "JobType",
    "JobView",
    "JobsAPI",
    "RegisterService",
    "ResultStatus",
    "RetriedJob",
    "RetryJobs",
    "RetryReport",
    "RetryWorkPlans",
    "ServiceRegistry",
    "VideoProgress",
]
