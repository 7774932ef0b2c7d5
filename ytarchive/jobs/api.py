"""Contract of the Jobs service."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import ServiceContract, endpoint
from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import Page
from ytarchive.common.services import ServiceName
from ytarchive.jobs.queue.models import FIRST_VIDEOS, CreateJob, Job, JobQuery, JobView
from ytarchive.jobs.retrying.models import RetryJobs, RetryReport, RetryWorkPlans


class JobsAPI(ServiceContract, Protocol):
    """Create, watch and retry archive jobs."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("POST /jobs", status=201)
    async def create_job(self, request: CreateJob) -> Job:
        """Store a job, and return it with the status PENDING after the commit."""
        ...

    @endpoint("GET /jobs/{job_id}")
    async def get_job(self, job_id: OpaqueId, request: JobView = FIRST_VIDEOS) -> Job:
        """Return a job with its results and progress. Raises NotFound."""
        ...

    @endpoint("GET /jobs")
    async def list_jobs(self, request: JobQuery) -> Page[Job]:
        """Return matching jobs, newest first."""
        ...

    @endpoint("PUT /jobs/{job_id}/retry")
    async def retry_job(self, job_id: OpaqueId) -> Job:
        """Queue failed, unavailable and cancelled videos again. Raises NotFound or Conflict."""
        ...

    @endpoint("POST /jobs/retry")
    async def retry_jobs(self, request: RetryJobs) -> RetryReport:
        """Queue failed videos of all jobs again, by reason. Raises InvalidRequest with the reasons.

        If the reason is a block by YouTube (bot_check, …), a probe is sent at once.
        """
        ...

    @endpoint("POST /work-plans/retry")
    async def retry_work_plans(self, request: RetryWorkPlans) -> RetryReport:
        """Queue the videos of work plans again. Entries stay in a plan until they are stored.

        A plan whose job is not known here gets a new job. Raises NotFound or InvalidRequest.
        """
        ...

    @endpoint("POST /jobs/{job_id}/cancel")
    async def cancel_job(self, job_id: OpaqueId) -> Job:
        """Stop a job and its transfers. Raises NotFound; Conflict if the job has ended."""
        ...
