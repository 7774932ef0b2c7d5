"""The disk guard: no video starts while the archive is missing or its disk is full or fails."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from loguru import logger

from ytarchive.common import errors
from ytarchive.jobs.queue.waiting import Waiting
from ytarchive.storage import StorageAPI

log = logger.bind(service="jobs")

_INTERVALS = {"archive_missing": 2.0, "disk_full": 15.0}
"""Seconds between two checks, by reason."""
_LONGEST_INTERVAL = 15.0
_SECONDS_GOOD = 0.5
"""How long the last check is valid: Download checks the disk before each video as well."""
_OWN_CAUSES = (
    errors.Unavailable,
    errors.Postponed,
    errors.Blocked,
    errors.ServiceUnavailable,
    errors.Cancelled,
)
"""Failures that a missing archive cannot cause."""


class DiskGuard:
    """Pauses the queue while the disk is missing, full or fails; it resumes automatically."""

    def __init__(self, storage: StorageAPI) -> None:
        self._storage = storage
        self._good_until = 0.0
        self.waiting: Waiting | None = None
        """Return why no video starts now; None if one may."""

    async def admit(self) -> None:
        """Wait until the archive exists and has space for another video."""
        if time.monotonic() >= self._good_until:
            await self._wait(self._problem)
            self._good_until = time.monotonic() + _SECONDS_GOOD

    async def admit_archive(self) -> None:
        """Wait until the archive exists, even without space."""
        await self._wait(self.missing_archive)

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

    async def _wait(self, look: Callable[[], Awaitable[Waiting | None]]) -> None:
        held = False
        while (problem := await look()) is not None:
            if self.waiting is None or self.waiting.reason != problem.reason:
                log.warning("the queue waits: {}", problem.message)
            self.waiting, held = problem, True
            await asyncio.sleep(_INTERVALS.get(problem.reason, _LONGEST_INTERVAL))
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
