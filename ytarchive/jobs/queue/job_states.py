"""Which open jobs are RUNNING: those with an active video. The others are PENDING."""

from ytarchive.common.events import JobChanged, publish
from ytarchive.jobs.queue.models import JobStatus
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.rows import JobHead


class JobStates:
    """Moves open jobs between PENDING and RUNNING."""

    def __init__(self, repository: JobsRepository) -> None:
        self._repository = repository
        self._waiting: set[str] = set()
        """Jobs that this process set to PENDING; earlier copies of their heads may have RUNNING."""

    async def started(self, job: JobHead) -> bool:
        """Set a job to RUNNING; return False if it already was."""
        if job.status is not JobStatus.PENDING and job.id not in self._waiting:
            return False
        self._waiting.discard(job.id)
        await self._repository.set_running(job.id)
        _publish(job, JobStatus.RUNNING)
        return True

    async def held(self, job: JobHead) -> None:
        """Set a job to PENDING that has no active video and cannot start one."""
        if await self._repository.set_pending(job.id):
            self._waiting.add(job.id)
            _publish(job, JobStatus.PENDING)

    async def has_nothing_due(self, job: JobHead) -> None:
        """Set a job to PENDING if all its videos wait for a later time."""
        if job.status is not JobStatus.RUNNING or job.id in self._waiting:
            return
        if await self._repository.set_waiting(job.id):
            self._waiting.add(job.id)
            _publish(job, JobStatus.PENDING)

    async def reset(self) -> None:
        """Set every open job to PENDING, because no video is active in a new process."""
        await self._repository.set_all_pending()

    def ended(self, job_id: str) -> None:
        """Remove the state of an ended job."""
        self._waiting.discard(job_id)


def _publish(job: JobHead, status: JobStatus) -> None:
    publish(JobChanged(job_id=job.id, status=status, listing=job.listing))
