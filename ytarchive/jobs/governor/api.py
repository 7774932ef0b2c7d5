"""Contracts of the governor: its state and the pause by hand, and permits."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import Done
from ytarchive.common.services import ServiceName
from ytarchive.jobs.governor.models import (
    UNLIMITED_PAUSE,
    GivenPermit,
    GovernorState,
    PauseRequest,
    PermitOutcome,
    PermitRequest,
)


class GovernorAPI(Contract, Protocol):
    """Show, pause and resume all requests to YouTube."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("GET /governor")
    async def get_governor(self) -> GovernorState:
        """Return whether requests to YouTube are allowed at present, and their rate."""
        ...

    @endpoint("POST /governor/pause")
    async def pause_governor(self, request: PauseRequest = UNLIMITED_PAUSE) -> GovernorState:
        """Pause new work until a time or until it is resumed, also after a restart.

        Active downloads continue. Listings and direct downloads wait too. A further request
        replaces time and reason. Raises InvalidRequest if the time is in the past.
        """
        ...

    @endpoint("POST /governor/resume")
    async def resume_governor(self) -> GovernorState:
        """End the pause; if YouTube blocks this IP address, send one request at once.

        Work that waits because of an outage is also retried at once.
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
