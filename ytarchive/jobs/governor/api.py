"""Contracts of the governor: its state and the pause by hand, and permits."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import Done
from ytarchive.common.services import ServiceName
from ytarchive.jobs.governor.models import (
    GivenPermit,
    GovernorState,
    PermitOutcome,
    PermitRequest,
)


class GovernorAPI(Contract, Protocol):
    """Show, pause and resume all requests to YouTube."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("GET /governor")
    async def get_governor(self) -> GovernorState:
        """Return whether YouTube may be asked at present, and how fast."""
        ...

    @endpoint("POST /governor/pause")
    async def pause_governor(self) -> GovernorState:
        """Start no new work until somebody resumes it, also after a restart.

        Running downloads continue. Listings and direct downloads wait as well.
        """
        ...

    @endpoint("POST /governor/resume")
    async def resume_governor(self) -> GovernorState:
        """Lift the pause by hand; if YouTube blocks this address, send one request at once.

        What waits because of an outage is tried at once, too.
        """
        ...


class PermitsAPI(Contract, Protocol):
    """Permits for services in other processes to send requests to YouTube."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("POST /governor/permits", status=201)
    async def ask_permit(self, request: PermitRequest) -> GivenPermit:
        """Return a permit for one request. Raises RequestsPaused with `retry_after`."""
        ...

    @endpoint("PUT /governor/permits/{permit_id}")
    async def renew_permit(self, permit_id: OpaqueId) -> Done:
        """Extend a permit by another lease. Raises NotFound if it has ended."""
        ...

    @endpoint("POST /governor/permits/{permit_id}/end")
    async def end_permit(self, permit_id: OpaqueId, request: PermitOutcome) -> Done:
        """Return a permit with the outcome, which counts even if the lease has run out."""
        ...
