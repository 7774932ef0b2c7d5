"""Contract of the schedule: the periodic duties of the services and their times."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.scheduler import DutyState
from ytarchive.common.services import ServiceName


class ScheduleAPI(Contract, Protocol):
    """List the periodic duties of all services."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("GET /schedule")
    async def get_schedule(self) -> list[DutyState]:
        """Return the periodic duties of all services, by service and name.

        Services in other processes report theirs when they register, every 15 seconds.
        """
        ...
