"""The governor for requests that do not come from the queue.

A user requests a video's formats by the API, or starts a direct download: YouTube sees the same IP
address. The queue's own work is already admitted and passes at once. `remote_gate.py` does the same
in another process.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loguru import logger

from ytarchive.common.errors import NotFound, YTArchiveError, error_from
from ytarchive.common.identifiers import new_id
from ytarchive.common.models import Done
from ytarchive.jobs.governor.api import PermitsAPI
from ytarchive.jobs.governor.governor import Governor
from ytarchive.jobs.governor.models import GivenPermit, Permit, PermitOutcome, PermitRequest
from ytarchive.jobs.queue.policy import is_an_answer
from ytarchive.ytdlp import Gate

_MAX_WAIT = 60.0
"""Maximum seconds that a single request waits."""


class GovernedGate(Gate):
    """Admits requests by the governor, and reports their outcomes to it."""

    def __init__(self, governor: Governor) -> None:
        self._governor = governor

    @asynccontextmanager
    async def passing(self, source: str, *, is_video: bool, patient: bool) -> AsyncIterator[None]:
        """Wait for the governor, without limit or for a short time."""
        permit = await self.admit(source, is_video=is_video, patient=patient)
        try:
            yield
        except YTArchiveError as error:
            await self.report_outcome(permit, source, error)
            raise
        else:
            await self.report_outcome(permit, source)
        finally:
            self.release(permit)

    async def admit(self, source: str, *, is_video: bool, patient: bool) -> Permit:
        """Get a permit for a video or for a page of a list. Raises RequestsPaused."""
        cost = 1.0 if is_video else 0.0
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


log = logger.bind(service="jobs")

_LEASE = 15.0
"""Seconds. Owners renew it several times within this time."""


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
        permit = await self._gate.admit(request.source, is_video=request.is_video, patient=False)
        if permit.is_covered:
            return GivenPermit(permit_id=None, egress=permit.egress, lease=_LEASE)
        permit_id = new_id()
        self._permits[permit_id] = permit
        self._start_lease(permit_id)
        return GivenPermit(permit_id=permit_id, egress=permit.egress, lease=_LEASE)

    async def renew_permit(self, permit_id: str) -> Done:
        if permit_id not in self._permits:
            raise NotFound(f"there is no permit {permit_id}, or it has ended")
        self._start_lease(permit_id)
        return Done()

    async def end_permit(self, permit_id: str, request: PermitOutcome) -> Done:
        permit = self._permits.get(permit_id, Permit(0))
        error = error_from(request.error) if request.error else None
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
