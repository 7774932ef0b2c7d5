"""Queues waiting videos again when their condition has changed. Only in servers."""

from loguru import logger

from ytarchive.common.scheduler import Duty
from ytarchive.jobs.availability.service import AvailabilityLedger
from ytarchive.jobs.processing.work_plans import WorkPlanReporter
from ytarchive.jobs.queue.policy import Condition
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.requeueing import Requeueing
from ytarchive.jobs.queue.retry_conditions import RetryConditions

log = logger.bind(service="jobs")

INTERVAL = 30.0
"""Seconds between two checks of the conditions."""

_IN_WORDS = {
    Condition.COOKIES: "the cookies have changed",
    Condition.PROXY: "the proxy has changed",
}


class ParkedRetryWatcher:
    """Watches the cookies and the proxy, and handles findings of the ledger."""

    def __init__(
        self,
        repository: JobsRepository,
        requeueing: Requeueing,
        conditions: RetryConditions,
        reporter: WorkPlanReporter,
    ) -> None:
        self._repository = repository
        self._requeueing = requeueing
        self._conditions = conditions
        self._reporter = reporter

    def listen_to(self, ledger: AvailabilityLedger) -> None:
        """Handle the findings of the ledger from now on."""
        ledger.on_return = self._on_available
        ledger.on_finding = self._on_evidence

    @property
    def duty(self) -> Duty:
        """Return the duty of a server."""
        return Duty("parked videos", self.check, INTERVAL)

    async def check(self) -> None:
        """Queue videos that are parked for another state of a condition: once for each change.

        Each parked video records the state in which it failed, so that a video which fails again
        waits for the next change. A change while no server runs counts too.
        """
        for condition in Condition:
            present = await self._conditions.may_help(condition)
            if present is None:
                continue
            requeued = await self._requeueing.requeue_parked(condition, present)
            if requeued:
                log.info("{}: {} videos are tried again", _IN_WORDS[condition], requeued)
        due = await self._requeueing.requeue_due()
        if due:
            log.info("{} videos should be available now and are retried", due)

    async def _on_available(self, video_id: str) -> None:
        if await self._requeueing.requeue_unavailable(video_id):
            log.info("{} is available again and is fetched", video_id)

    async def _on_evidence(self, video_id: str) -> None:
        for job_id in await self._repository.report_again(video_id):
            self._reporter.note(job_id)
