"""Pages of a job's results, read from the queue."""

from ytarchive.common.cursors import video_cursor
from ytarchive.common.database import Row
from ytarchive.common.errors import NotFound
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.models import Page
from ytarchive.jobs.queue.models import JobResult
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.rows import result_of
from ytarchive.jobs.results.api import JobResultsAPI, ResultsQuery


class JobResultsService(JobResultsAPI):
    """List the results of jobs in pages."""

    def __init__(self, repository: JobsRepository) -> None:
        self._repository = repository

    async def list_results(self, job_id: str, request: ResultsQuery) -> Page[JobResult]:
        if await self._repository.head(job_id) is None:
            raise NotFound(f"there is no job {job_id}")

        async def fetch(count: int) -> list[Row]:
            values = request.model_dump() | {"job_id": job_id, "limit": count}
            return await self._repository.database.fetch_all("list_results", values)

        return await _RESULTS.page(request.limit, fetch)


def _name(row: Row) -> str:
    return f"video {row['video_id']} of job {row['job_id']}"


_RESULTS = Listing(
    name=_name, place=lambda row: video_cursor(row["video_id"]), read=read_alone(result_of, _name)
)
