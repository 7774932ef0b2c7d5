"""Contract and model of the results of jobs."""

from typing import ClassVar, Protocol

from pydantic import Field

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import OpaqueId, VideoId
from ytarchive.common.models import Model, Page
from ytarchive.common.services import ServiceName
from ytarchive.jobs.queue.models import JobResult, ResultStatus


class ResultsQuery(Model):
    """Which results of a job to list."""

    status: ResultStatus | None = None
    limit: int = Field(default=500, ge=1, le=5000)
    cursor: VideoId | None = Field(default=None, description="`next_cursor` of the page before")


class JobResultsAPI(Contract, Protocol):
    """List the results of jobs in pages."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("GET /jobs/{job_id}/results")
    async def list_results(self, job_id: OpaqueId, request: ResultsQuery) -> Page[JobResult]:
        """Return the results of a job in the order of its videos. Raises NotFound."""
        ...
