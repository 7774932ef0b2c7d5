"""Queues waiting videos again when their condition has changed. For servers only."""

from loguru import logger

from ytarchive.common.scheduler import Duty
from ytarchive.jobs.availability.ledger import AvailabilityLedger
from ytarchive.jobs.processing.work_plans import WorkPlanReporter
from ytarchive.jobs.queue.policy import Condition
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.jobs.queue.requeueing import Requeueing
from ytarchive.jobs.queue.retry_conditions import RetryConditions

log = logger.bind(service="jobs")

INTERVAL = 30.0
"""Seconds between two looks at the conditions."""

_IN_WORDS = {
    Condition.COOKIES: "the cookies have changed",
    Condition.PROXY: "the proxy has changed",
}


class ParkedRetryWatcher:
    """Watches cookies and proxy, and hears of what the ledger finds out."""

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
        """Act on what the ledger finds from now on."""
        ledger.on_return = self._came_back
        ledger.on_finding = self._more_is_known

    @property
    def duty(self) -> Duty:
        """Return the duty of a server."""
        return Duty("parked videos", self.check, INTERVAL)

    async def check(self) -> None:
        """Queue what is parked for another state of a condition: once for each change.

        Each parked video is marked with the state under which it failed, so that one which fails
        again waits for the next change, and a change that happened while nothing ran counts too.
        """
        for condition in Condition:
            present = await self._conditions.may_help(condition)
            if present is None:
                continue
            released = await self._requeueing.release(condition, present)
            if released:
                log.info("{}: {} videos are tried again", _IN_WORDS[condition], released)
        due = await self._requeueing.release_due()
        if due:
            log.info("{} videos should be available now and are retried", due)

    async def _came_back(self, video_id: str) -> None:
        if await self._requeueing.came_back(video_id):
            log.info("{} is available again and is fetched", video_id)

    async def _more_is_known(self, video_id: str) -> None:
        for job_id in await self._repository.report_again(video_id):
            self._reporter.note(job_id)
