"""The service of the governor's contract."""

from ytarchive.common import errors
from ytarchive.jobs.governor.api import GovernorAPI
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.governor.models import GovernorState
from ytarchive.jobs.queue.requeueing import Requeueing
from ytarchive.jobs.queue.waiting import JobWaits, Waiting

_CAUSES = (errors.Blocked, errors.NetworkFailure, errors.ApiFailure, errors.ApiRateLimited)
RESUMING = frozenset(
    [kind.reason for kind in errors.error_classes() if issubclass(kind, _CAUSES)]
    + ["extraction_failing", "listing_shrank"]
)
"""Reasons for which all work waits: a retry of one of them means that its cause has ended."""


class GovernorService(GovernorAPI):
    """Show, pause and resume all requests to YouTube."""

    service = GovernorAPI.service

    def __init__(self, governor: Governor, waits: JobWaits, requeueing: Requeueing) -> None:
        self._governor = governor
        self._waits = waits
        self._requeueing = requeueing

    def waiting(self) -> Waiting | None:
        """Return why no request is sent to YouTube now; None if one may be."""
        return self._governor.waiting()

    async def get_governor(self) -> GovernorState:
        return self._governor.snapshot()

    async def pause_governor(self) -> GovernorState:
        await self._governor.pause()
        return self._governor.snapshot()

    async def resume_governor(self) -> GovernorState:
        await self._governor.resume()
        for reason in sorted(RESUMING):
            await self._requeueing.end_waits(reason)
        self._waits.end_all()
        return self._governor.snapshot()
