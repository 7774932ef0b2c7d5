"""Schedules the automatic verification of a server."""

from datetime import datetime, timedelta

from ytarchive.common.config import StorageConfig
from ytarchive.common.models import utc_now
from ytarchive.common.scheduler import Duty
from ytarchive.storage.verify.models import VerifyRequest, VerifyState
from ytarchive.storage.verify.passes import Pass, VerificationPasses, scope_of
from ytarchive.storage.verify.verification import Verifier

_AFTER = 300.0
_CHECK_EVERY = 600.0
_SESSION_EVERY = timedelta(days=1)


def due_at(last: Pass | None, every: timedelta, now: datetime) -> datetime | None:
    """Return when a session is due: for a new pass, or a day after that of an incomplete one.

    None while a pass is running.
    """
    if last is None:
        return now
    if last.state is VerifyState.COMPLETE and last.completed_at is not None:
        return last.completed_at + every
    return None if last.state is VerifyState.RUNNING else last.updated_at + _SESSION_EVERY


class VerificationSchedule:
    """Starts sessions with one thread; files are repaired only on request."""

    def __init__(
        self, verifier: Verifier, passes: VerificationPasses, config: StorageConfig
    ) -> None:
        self._verifier = verifier
        self._passes = passes
        self._every_days = config.verify_every_days
        self._request = VerifyRequest(time_limit=config.verify_time_limit)

    @property
    def duty(self) -> Duty:
        """Return the duty; its due time is derived from the row of the last pass."""
        return Duty("verification", self.begin, _CHECK_EVERY, _AFTER, due=self.due)

    async def due(self) -> datetime | None:
        """Return when the next session is due; None if never, or if one is running."""
        if self._every_days is None or self._verifier.is_running:
            return None
        last = await self._passes.last_pass(scope_of(self._request))
        return due_at(last, timedelta(days=self._every_days), utc_now())

    async def begin(self) -> None:
        """Start a session."""
        await self._verifier.start(self._request, threads=1)
