"""Contract of refreshing."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.services import ServiceName
from ytarchive.refreshing.models import RefreshReport, RefreshState, RunRefreshes


class RefreshingAPI(Contract, Protocol):
    """Request the metadata of stored videos again."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("GET /refreshes")
    async def get_refreshes(self) -> RefreshState:
        """Return what refreshes used today, when the next one is due, and why it waits."""
        ...

    @endpoint("POST /refreshes/run")
    async def run_refreshes(self, request: RunRefreshes) -> RefreshReport:
        """Refresh due videos within the daily budget and after the work of users, or named ones.

        Raises NotFound if a named video is not stored, and RequestsPaused while no requests are
        sent to YouTube.
        """
        ...
