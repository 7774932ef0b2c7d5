"""Jobs: the durable queue that drives the other services, and their registry."""

from ytarchive.jobs.api import (
    IN_PROCESS,
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
    RegisterService,
    ResultStatus,
    ServiceRegistry,
    VideoProgress,
)
from ytarchive.jobs.upstream import (
    Availability,
    AvailabilityQuery,
    AvailabilityState,
    Governor,
)

__all__ = [
    "IN_PROCESS",
    "WHOLE_JOB",
    "Availability",
    "AvailabilityQuery",
    "AvailabilityState",
    "CreateJob",
    "Governor",
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
    "ServiceRegistry",
    "VideoProgress",
]
