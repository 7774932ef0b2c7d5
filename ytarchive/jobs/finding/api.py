"""Contract of short ids."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import Model
from ytarchive.common.services import ServiceName


class FoundId(Model):
    """The complete id of a job or a work plan."""

    id: str


class ShortIdsAPI(Contract, Protocol):
    """Find the ids of jobs and work plans by their beginning, or as `last`."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("GET /jobs/find/{short_id}")
    async def find_job(self, short_id: OpaqueId) -> FoundId:
        """Return the id of the job whose id has this beginning; `last` is the newest job.

        Raises InvalidIdentifier for the beginning of several ids, NotFound if there is none.
        """
        ...

    @endpoint("GET /work-plans/find/{short_id}")
    async def find_work_plan(self, short_id: OpaqueId) -> FoundId:
        """Return the id of the work plan whose id has this beginning.

        `last` is the plan of the newest job that has one. Raises InvalidIdentifier or NotFound.
        """
        ...
