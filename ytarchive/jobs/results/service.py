"""Pages of a job's results, read from the queue."""

from ytarchive.common.errors import NotFound
from ytarchive.common.models import Page
from ytarchive.common.rows import all_readable
from ytarchive.jobs.api import JobResult
from ytarchive.jobs.repository import JobsRepository
from ytarchive.jobs.results.api import JobResultsAPI, ResultsQuery
from ytarchive.jobs.rows import result_of


class JobResultsService(JobResultsAPI):
    """List the results of jobs, however many there are."""

    service = JobResultsAPI.service

    def __init__(self, repository: JobsRepository) -> None:
        self._repository = repository

    async def list_results(self, job_id: str, request: ResultsQuery) -> Page[JobResult]:
        """Return the results of a job in the order of its videos. Raises NotFound."""
        if await self._repository.head(job_id) is None:
            raise NotFound(f"there is no job {job_id}")
        values = request.model_dump() | {"job_id": job_id, "limit": request.limit + 1}
        rows = await self._repository.database.fetch_all("list_results", values)
        page = rows[: request.limit]
        shown = all_readable(page, result_of, lambda row: f"video {row['video_id']} of {job_id}")
        more = len(rows) > request.limit
        return Page(items=shown, next_cursor=page[-1]["video_id"] if more else None)
