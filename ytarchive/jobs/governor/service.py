"""Implements the contracts of the governor and of permits."""

import asyncio
from collections.abc import Awaitable, Callable

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.identifiers import new_id
from ytarchive.common.models import Done, utc_now
from ytarchive.jobs.governor.api import GovernorAPI, PermitsAPI
from ytarchive.jobs.governor.gate import GovernedGate
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.governor.models import (
    UNLIMITED_PAUSE,
    GivenPermit,
    GovernorState,
    PauseRequest,
    Permit,
    PermitOutcome,
    PermitRequest,
)
from ytarchive.jobs.queue.requeueing import Requeueing
from ytarchive.jobs.queue.waiting import JobWaits, Waiting

log = logger.bind(service="jobs")

_LEASE = 15.0
"""Seconds. Owners renew it several times within this time."""
_CAUSES = (errors.Blocked, errors.NetworkFailure, errors.ApiFailure, errors.ApiRateLimited)
RESUMING = frozenset(
    [kind.reason for kind in errors.error_classes() if issubclass(kind, _CAUSES)]
    + ["extraction_failing", "listing_shrank", "media_refused"]
)
"""Reasons for which all work waits: a retry of one of them means that its cause has ended."""


class GovernorService(GovernorAPI):
    """Show, pause and resume all requests to YouTube."""

    def __init__(
        self,
        governor: Governor,
        waits: JobWaits,
        requeueing: Requeueing,
        hold: Callable[[], Awaitable[Waiting | None]],
    ) -> None:
        """`hold` returns why no video of a job starts at present, also for other reasons."""
        self._hold = hold
        self._governor = governor
        self._waits = waits
        self._requeueing = requeueing

    def waiting(self) -> Waiting | None:
        """Return why no request is sent to YouTube now; None if one may be."""
        return self._governor.waiting()

    async def get_governor(self) -> GovernorState:
        held = await self._hold()
        return self._governor.snapshot().model_copy(
            update={
                "waiting_reason": held and held.reason,
                "waiting_for": held and held.message,
                "waiting_until": held and held.until,
            }
        )

    async def pause_governor(self, request: PauseRequest = UNLIMITED_PAUSE) -> GovernorState:
        if request.until is not None and request.until <= utc_now():
            raise errors.InvalidRequest(f"the pause would end in the past: {request.until}")
        await self._governor.pause(request)
        return await self.get_governor()

    async def resume_governor(self) -> GovernorState:
        await self._governor.resume()
        for reason in sorted(RESUMING):
            await self._requeueing.end_waits(reason)
        self._waits.end_all()
        return await self.get_governor()


class Permits(PermitsAPI):
    """Gives and ends permits for services in other processes, as leases that expire.

    A process that dies cannot end its permit. The permit expires within seconds: its slot is free
    again, and if it was the probe, the next request is the probe.
    """

    def __init__(self, gate: GovernedGate) -> None:
        self._gate = gate
        self._permits: dict[str, Permit] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def ask_permit(self, request: PermitRequest) -> GivenPermit:
        permit = await self._gate.admit(request.source, cost=request.cost, patient=False)
        permit_id = None if permit.is_covered else new_id()
        if permit_id is not None:
            self._permits[permit_id] = permit
            self._start_lease(permit_id)
        return GivenPermit(permit_id=permit_id, egress=permit.egress, lease=_LEASE)

    async def renew_permit(self, permit_id: str) -> Done:
        if permit_id not in self._permits:
            raise errors.NotFound(f"there is no permit {permit_id}, or it has ended")
        self._start_lease(permit_id)
        return Done()

    async def end_permit(self, permit_id: str, request: PermitOutcome) -> Done:
        permit = self._permits.get(permit_id, Permit(0))
        error = errors.error_from(request.error) if request.error else None
        try:
            if error is not None or request.succeeded:
                await self._gate.report_outcome(permit, request.source, error)
        finally:
            self._release(permit_id)
        return Done()

    def _start_lease(self, permit_id: str) -> None:
        if timer := self._timers.get(permit_id):
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[permit_id] = loop.call_later(_LEASE, self._expire, permit_id)

    def _expire(self, permit_id: str) -> None:
        log.warning("the permit of a service in another process has expired: it has ended or hangs")
        self._release(permit_id)

    def _release(self, permit_id: str) -> None:
        if permit := self._permits.pop(permit_id, None):
            self._timers.pop(permit_id).cancel()
            self._gate.release(permit)
