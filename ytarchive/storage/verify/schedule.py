"""Schedules the automatic verification of a server."""

from datetime import datetime, timedelta

from ytarchive.common.config import StorageConfig
from ytarchive.common.models import utc_now
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.scheduler import Duty
from ytarchive.storage.verify.models import VerifyRequest, VerifyState
from ytarchive.storage.verify.passes import Pass, VerificationPasses, scope_of
from ytarchive.storage.verify.service import Verifier

_SESSION_EVERY = timedelta(days=1)


def due_at(last: Pass | None, every: timedelta, now: datetime) -> datetime | None:
    """Return when a session is due: for a new pass, or a day after that of an incomplete one.

    A pass that was interrupted by a missing archive is due at once. So is one that is still marked
    as running although nothing runs: its state could not be recorded in the missing archive.
    """
    if last is None:
        return now
    if last.state is VerifyState.COMPLETE and last.completed_at is not None:
        return last.completed_at + every
    if last.was_interrupted or last.state is VerifyState.RUNNING:
        return last.updated_at
    return last.updated_at + _SESSION_EVERY


class VerificationSchedule:
    """Starts sessions with one thread; files are repaired only on request."""

    def __init__(
        self,
        verifier: Verifier,
        passes: VerificationPasses,
        watch: ArchiveWatch,
        config: StorageConfig,
    ) -> None:
        self._verifier = verifier
        self._passes = passes
        self._watch = watch
        self._every_days = config.verify_every_days
        self._request = VerifyRequest(time_limit=config.verify_time_limit)

    @property
    def duty(self) -> Duty:
        """Return the duty; its due time is derived from the row of the last pass."""
        return Duty("verification", self.begin, 600.0, 300.0, due=self.due)

    async def due(self) -> datetime | None:
        """Return when the next session is due.

        None if never, while one is running, or while the archive is missing.
        """
        if self._every_days is None or self._verifier.is_running:
            return None
        if not await self._watch.is_there():
            return None
        last = await self._passes.last_pass(scope_of(self._request))
        return due_at(last, timedelta(days=self._every_days), utc_now())

    async def begin(self) -> None:
        """Start a session."""
        await self._verifier.start(self._request, threads=1)
