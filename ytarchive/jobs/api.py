"""Contract of the Jobs service."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import ServiceContract, endpoint
from ytarchive.common.identifiers import OpaqueId, VideoId
from ytarchive.common.models import Done, Page
from ytarchive.common.services import ServiceName
from ytarchive.jobs.availability.models import Availability, AvailabilityQuery
from ytarchive.jobs.governor.models import GivenPermit, PermitOutcome, PermitRequest
from ytarchive.jobs.queue.models import FIRST_VIDEOS, CreateJob, Job, JobQuery, JobView
from ytarchive.jobs.registry.models import RegisteredName, RegisterService, ServiceRegistry
from ytarchive.jobs.retrying.models import RetryJobs, RetryReport, RetryWorkPlans


class JobsAPI(ServiceContract, Protocol):
    """Create, watch and retry archive jobs; know the services."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("POST /jobs", status=201)
    async def create_job(self, request: CreateJob) -> Job:
        """Queue a job and return it, PENDING, as soon as it is durable."""
        ...

    @endpoint("GET /jobs/{job_id}")
    async def get_job(self, job_id: OpaqueId, request: JobView = FIRST_VIDEOS) -> Job:
        """Return a job with its results and progress. Raises NotFound."""
        ...

    @endpoint("GET /jobs")
    async def list_jobs(self, request: JobQuery) -> Page[Job]:
        """Jobs that match, newest first."""
        ...

    @endpoint("PUT /jobs/{job_id}/retry")
    async def retry_job(self, job_id: OpaqueId) -> Job:
        """Queue again what failed, was unavailable or cancelled. Raises NotFound or Conflict."""
        ...

    @endpoint("POST /jobs/retry")
    async def retry_jobs(self, request: RetryJobs) -> RetryReport:
        """Queue again what failed in any job, by reason. Raises InvalidRequest with the reasons.

        A block by YouTube (bot_check, …) that was the reason is then probed at once.
        """
        ...

    @endpoint("POST /work-plans/retry")
    async def retry_work_plans(self, request: RetryWorkPlans) -> RetryReport:
        """Queue again what work plans have. Entries stay in them until they are stored.

        A plan whose job is not known here gets a new job. Raises NotFound or InvalidRequest.
        """
        ...

    @endpoint("POST /jobs/{job_id}/cancel")
    async def cancel_job(self, job_id: OpaqueId) -> Job:
        """Stop a job and its transfers. Raises NotFound, or Conflict if it has ended."""
        ...

    @endpoint("POST /governor/permits", status=201)
    async def ask_permit(self, request: PermitRequest) -> GivenPermit:
        """Let a service that runs apart ask YouTube. Raises RequestsPaused with `retry_after`."""
        ...

    @endpoint("PUT /governor/permits/{permit_id}")
    async def renew_permit(self, permit_id: OpaqueId) -> Done:
        """Let it last for another lease. Raises NotFound if it has ended."""
        ...

    @endpoint("POST /governor/permits/{permit_id}/end")
    async def end_permit(self, permit_id: OpaqueId, request: PermitOutcome) -> Done:
        """Give it back, and tell how it went; that is heard even if it has ended by itself."""
        ...

    @endpoint("GET /availability")
    async def list_availability(self, request: AvailabilityQuery) -> Page[Availability]:
        """Videos that YouTube did not give at some time, with the evidence; by id."""
        ...

    @endpoint("GET /availability/{video_id}")
    async def get_availability(self, video_id: VideoId) -> Availability:
        """Return what is known of one video. Raises NotFound if nothing was ever wrong with it."""
        ...

    @endpoint("POST /registry/register", status=201)
    async def register_service(self, request: RegisterService) -> ServiceRegistry:
        """Make a service known; its health is polled from now on."""
        ...

    @endpoint("GET /registry/services")
    async def list_services(self) -> list[ServiceRegistry]:
        """Return every known service and its health."""
        ...

    @endpoint("DELETE /registry/services/{service_name}")
    async def remove_service(self, service_name: RegisteredName) -> Done:
        """Forget a service that is gone. Raises NotFound, or Conflict if it is healthy."""
        ...
