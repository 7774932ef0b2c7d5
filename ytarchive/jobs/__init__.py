"""Jobs: the durable queue that drives the other services, and their registry."""

from ytarchive.jobs.api import (
    CreateJob,
    Governor,
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

__all__ = [
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
