"""Which open jobs are RUNNING: those with an active video. The others are PENDING."""

from ytarchive.common.events import JobChanged, publish
from ytarchive.jobs.queue.models import JobStatus
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.rows import JobHead


class JobStates:
    """Moves open jobs between PENDING and RUNNING."""

    def __init__(self, repository: JobsRepository) -> None:
        self._repository = repository
        self._running: set[str] = set()
        """Jobs that are RUNNING. The heads of queued videos may have older states."""

    async def started(self, job: JobHead) -> bool:
        """Set a job to RUNNING; return False if it already was."""
        if job.id in self._running:
            return False
        await self._repository.set_running(job.id)
        self._running.add(job.id)
        _publish(job, JobStatus.RUNNING)
        return True

    async def held(self, job: JobHead) -> None:
        """Set a job to PENDING that has no active video and cannot start one."""
        self._running.discard(job.id)  # first, since a video may start meanwhile
        if await self._repository.set_pending(job.id):
            _publish(job, JobStatus.PENDING)

    async def has_nothing_due(self, job: JobHead) -> None:
        """Set a job to PENDING if all its videos wait for a later time."""
        if job.id in self._running and await self._repository.set_waiting(job.id):
            self._running.discard(job.id)
            _publish(job, JobStatus.PENDING)

    def not_running(self, job_id: str) -> None:
        """Record that the database has another state of a job than RUNNING."""
        self._running.discard(job_id)


def _publish(job: JobHead, status: JobStatus) -> None:
    publish(JobChanged(job_id=job.id, status=status, listing=job.listing))
