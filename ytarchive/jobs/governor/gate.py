"""The governor for requests that do not come from the queue.

A user requests a video's formats by the API, or starts a direct download: YouTube sees the same IP
address. The queue's own work is already admitted and passes at once. `remote_gate.py` does the same
in another process.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ytarchive.common.errors import YTArchiveError
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.governor.models import Permit
from ytarchive.jobs.queue.policy import is_an_answer
from ytarchive.ytdlp import Gate

_MAX_WAIT = 60.0
"""Maximum seconds that a single request waits."""


class GovernedGate(Gate):
    """Admits requests by the governor, and reports their outcomes to it."""

    def __init__(self, governor: Governor) -> None:
        self._governor = governor

    @asynccontextmanager
    async def passing(self, source: str, *, cost: float, patient: bool) -> AsyncIterator[None]:
        """Wait for the governor, without limit or for a short time."""
        permit = await self.admit(source, cost=cost, patient=patient)
        try:
            yield
        except YTArchiveError as error:
            await self.report_outcome(permit, source, error)
            raise
        else:
            await self.report_outcome(permit, source)
        finally:
            self.release(permit)

    async def admit(self, source: str, *, cost: float, patient: bool) -> Permit:
        """Get a permit at a cost in videos. Raises RequestsPaused."""
        return await self._governor.admit(cost, source, patience=None if patient else _MAX_WAIT)

    async def report_outcome(
        self, permit: Permit, source: str, error: YTArchiveError | None = None
    ) -> None:
        """Report an outcome. The queue reports the outcomes of its videos itself."""
        if permit.is_covered:
            return
        if error is None or is_an_answer(error):
            await self._governor.succeeded(permit)
        else:
            await self._governor.failed(error, source, permit)

    def release(self, permit: Permit) -> None:
        """Release a permit."""
        self._governor.release(permit)
