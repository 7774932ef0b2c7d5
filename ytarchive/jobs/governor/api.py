"""Contract of the governor: whether YouTube may be asked, and the pause by hand."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.services import ServiceName
from ytarchive.jobs.governor.models import GovernorState


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
