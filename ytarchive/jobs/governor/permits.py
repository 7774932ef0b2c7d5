"""Permits of services in other processes, as leases that expire.

A process that dies cannot end its permit. The permit expires within seconds: its slot is free
again, and if it was the probe, the next request is the probe.
"""

import asyncio

from loguru import logger

from ytarchive.common.errors import NotFound, error_from
from ytarchive.common.identifiers import new_id
from ytarchive.common.models import Done
from ytarchive.jobs.governor.api import PermitsAPI
from ytarchive.jobs.governor.gate import GovernedGate
from ytarchive.jobs.governor.models import GivenPermit, PermitOutcome, PermitRequest
from ytarchive.jobs.governor.permit import Permit

log = logger.bind(service="jobs")

_LEASE = 15.0
"""Seconds. Owners renew it several times within this time."""


class Permits(PermitsAPI):
    """Gives and ends permits of the governor."""

    def __init__(self, gate: GovernedGate) -> None:
        self._gate = gate
        self._held: dict[str, Permit] = {}
        self._clocks: dict[str, asyncio.TimerHandle] = {}

    async def ask_permit(self, request: PermitRequest) -> GivenPermit:
        permit = await self._gate.admit(request.source, is_video=request.is_video, patient=False)
        if permit.is_covered:
            return GivenPermit(permit_id=None, egress=permit.egress, lease=_LEASE)
        permit_id = new_id()
        self._held[permit_id] = permit
        self._wind(permit_id)
        return GivenPermit(permit_id=permit_id, egress=permit.egress, lease=_LEASE)

    async def renew_permit(self, permit_id: str) -> Done:
        if permit_id not in self._held:
            raise NotFound(f"there is no permit {permit_id}, or it has ended")
        self._wind(permit_id)
        return Done()

    async def end_permit(self, permit_id: str, request: PermitOutcome) -> Done:
        permit = self._held.get(permit_id, Permit(0))
        error = error_from(request.error) if request.error else None
        try:
            if error is not None or request.succeeded:
                await self._gate.tell(permit, request.source, error)
        finally:
            self._take_back(permit_id)
        return Done()

    def _wind(self, permit_id: str) -> None:
        if clock := self._clocks.get(permit_id):
            clock.cancel()
        loop = asyncio.get_running_loop()
        self._clocks[permit_id] = loop.call_later(_LEASE, self._run_out, permit_id)

    def _run_out(self, permit_id: str) -> None:
        log.warning("the permit of a service in another process has expired: it has ended or hangs")
        self._take_back(permit_id)

    def _take_back(self, permit_id: str) -> None:
        if permit := self._held.pop(permit_id, None):
            self._clocks.pop(permit_id).cancel()
            self._gate.leave(permit)
