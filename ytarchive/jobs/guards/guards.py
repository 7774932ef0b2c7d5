"""Decides whether a video may start, and why work waits: governor, disk, ledger, errors."""

from dataclasses import dataclass, field
from functools import partial

from ytarchive.common.config import Settings
from ytarchive.common.database import Database
from ytarchive.common.errors import NetworkFailure, YTArchiveError
from ytarchive.common.services import ServiceName
from ytarchive.common.supervision import Supervisor
from ytarchive.jobs.availability.evidence import EvidenceHistory, restore_from
from ytarchive.jobs.availability.ledger import AvailabilityLedger
from ytarchive.jobs.governor.circuit import EXTRACTION, Circuit
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.guards.disk_guard import DiskGuard
from ytarchive.jobs.queue.retry_conditions import RetryConditions
from ytarchive.jobs.queue.waiting import JobWaits, Waiting


@dataclass(frozen=True)
class Guards:
    """Called before a video starts and when it ends."""

    governor: Governor
    disk: DiskGuard
    ledger: AvailabilityLedger
    supervisor: Supervisor = field(default_factory=lambda: Supervisor(ServiceName.JOBS))
    waits: JobWaits = field(default_factory=JobWaits)

    def waiting(self) -> Waiting | None:
        """Return why no video starts now; None if one may."""
        return self.disk.waiting or self.governor.waiting()

    @property
    def hold_everything(self) -> bool:
        """Return whether no video can start, for another reason than the pace."""
        waiting = self.waiting()
        return waiting is not None and waiting.reason not in {"pace", "probing"}

    def failing(self, job_id: str) -> Waiting | None:
        """Return the error of background work that concerns a job; None if there is none."""
        problem = self.supervisor.problem(job_id) or self.supervisor.problem(None)
        if problem is None:
            return None
        return Waiting(problem.error.reason, problem.message, problem.until)

    def explain(self, error: YTArchiveError) -> bool:
        """Return whether the cause of the governor's pause explains `error`.

        Then the video waits and uses no attempt.
        """
        state = self.governor.snapshot()
        if state.state == Circuit.CLOSED:
            return False
        is_failing = state.reason == EXTRACTION.reason and isinstance(error, EXTRACTION.errors)
        return is_failing or isinstance(error, NetworkFailure)


async def guards_of(database: Database, settings: Settings, clients: ServiceClients) -> Guards:
    """Return the guards, with the state of the last process."""
    governor = await Governor.open(database, settings.download)
    download, storage = clients.download, clients.storage
    conditions = RetryConditions(settings.network)
    ledger = AvailabilityLedger(database, download, storage, governor, conditions)
    ledger.read_history = partial(restore_from, settings.storage, database)
    if clients.history is not None:
        ledger.on_evidence = EvidenceHistory(clients.history).record
    return Guards(governor, DiskGuard(storage), ledger)
