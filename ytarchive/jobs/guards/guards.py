"""Decides whether a video may start, and why work waits: governor, disk, limits, evidence."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.config import Settings
from ytarchive.common.database import Database
from ytarchive.common.errors import NetworkFailure, YTArchiveError
from ytarchive.common.services import ServiceName
from ytarchive.common.supervision import Supervisor
from ytarchive.jobs.availability.evidence import EvidenceHistory
from ytarchive.jobs.availability.service import AvailabilityLedger
from ytarchive.jobs.governor.circuit import EXTRACTION, MEDIA, Circuit
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.guards.clients import ServiceClients
from ytarchive.jobs.limits.limits import QueueLimits
from ytarchive.jobs.queue.retry_conditions import RetryConditions
from ytarchive.jobs.queue.waiting import JobWaits, Waiting
from ytarchive.storage import StorageAPI

log = logger.bind(service="jobs")

_INTERVALS = {"archive_missing": 2.0, "disk_full": 15.0}
"""Seconds between two checks, by reason."""
_SECONDS_GOOD = 0.5
"""How long a check is valid: Download and Storage check the disk for each video as well."""
_OWN_CAUSES = (
    errors.Unavailable,
    errors.Postponed,
    errors.Blocked,
    errors.ServiceUnavailable,
    errors.Cancelled,
)
"""Failures that a missing archive cannot cause."""

Check = Callable[[], Awaitable[Waiting | None]]
"""Returns why work waits; None if it may start."""


class DiskGuard:
    """Pauses the queue while the disk is missing, full or fails; it resumes automatically."""

    def __init__(self, storage: StorageAPI) -> None:
        self._storage = storage
        self._good_until: dict[Check, float] = {}
        self.waiting: Waiting | None = None
        """Return why no video starts now; None if one may."""

    async def admit(self) -> None:
        """Wait until the archive exists and has space for another video."""
        await self._admit(self._problem)

    async def admit_archive(self) -> None:
        """Wait until the archive exists, even without space."""
        await self._admit(self.missing_archive)

    async def missing_archive(self) -> Waiting | None:
        """Return why the archive is missing; None also if Storage does not answer."""
        problem = await self._problem()
        return problem if problem and problem.reason == errors.ArchiveMissing.reason else None

    async def cause_of(self, error: errors.YTArchiveError) -> errors.YTArchiveError:
        """Return ArchiveMissing if that is the cause of an error, otherwise the error."""
        if isinstance(error, _OWN_CAUSES):
            return error
        missing = await self.missing_archive()
        return errors.ArchiveMissing(missing.message) if missing else error

    async def _admit(self, check: Check) -> None:
        if time.monotonic() >= self._good_until.get(check, 0.0):
            await self._wait(check)
            self._good_until[check] = time.monotonic() + _SECONDS_GOOD

    async def _wait(self, check: Check) -> None:
        held = False
        while (problem := await check()) is not None:
            if self.waiting is None or self.waiting.reason != problem.reason:
                log.warning("the queue waits: {}", problem.message)
            self.waiting, held = problem, True
            await asyncio.sleep(_INTERVALS.get(problem.reason, 15.0))
        if held and self.waiting is not None:
            log.info("the queue resumes: the disk can be used again")
            self.waiting = None

    async def _problem(self) -> Waiting | None:
        try:
            stats = await self._storage.get_stats()
        except errors.ArchiveMissing as error:
            return Waiting(
                error.reason, f"{error.message}; the queue resumes when it is available again"
            )
        except errors.LocalError as error:
            return Waiting(error.reason, f"{error.message}. {error.remedy}")
        except errors.YTArchiveError:
            return None
        if not stats.is_low_on_space:
            return None
        free, least = stats.free_bytes // 2**20, stats.min_free_bytes // 2**20
        return Waiting(
            errors.DiskFull.reason,
            f"{stats.base_path} has {free} MiB free, less than storage.min_free ({least} MiB); "
            "the queue resumes when there is more",
        )


@dataclass(frozen=True)
class Guards:
    """Called before a video starts and when it ends."""

    governor: Governor
    disk: DiskGuard
    ledger: AvailabilityLedger
    limits: QueueLimits
    supervisor: Supervisor = field(default_factory=lambda: Supervisor(ServiceName.JOBS))
    waits: JobWaits = field(default_factory=JobWaits)

    def waiting(self) -> Waiting | None:
        """Return why no video starts now; None if one may."""
        held = self.disk.waiting or self.governor.waiting()
        return held if held and held.reason != "pace" else self.limits.waiting() or held

    async def current(self) -> Waiting | None:
        """Return why no video starts now, after today's results were counted again."""
        await self.limits.refresh()
        return self.waiting()

    @property
    def blocks_all_videos(self) -> bool:
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
        is_failing = any(
            state.reason == each.reason and isinstance(error, each.errors)
            for each in (EXTRACTION, MEDIA)
        )
        return is_failing or isinstance(error, NetworkFailure)


async def guards_of(database: Database, settings: Settings, clients: ServiceClients) -> Guards:
    """Return the guards, with the state of the last process."""
    governor = await Governor.open(database, settings.download)
    download, storage = clients.download, clients.storage
    conditions = RetryConditions(settings.network)
    evidence = EvidenceHistory(settings.storage, database, clients.history)
    ledger = AvailabilityLedger(database, download, storage, governor, conditions, evidence)
    return Guards(governor, DiskGuard(storage), ledger, QueueLimits(database, settings.download))
