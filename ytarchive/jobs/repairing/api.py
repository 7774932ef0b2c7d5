"""Contract of the repair of lost and damaged files."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.models import Model
from ytarchive.common.services import ServiceName


class QueuedRepairs(Model):
    """The jobs that a repair queued."""

    job_ids: list[str]


class RepairsAPI(Contract, Protocol):
    """Fetch lost and damaged files again."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("POST /jobs/repair", status=201)
    async def repair_videos(self) -> QueuedRepairs:
        """Queue jobs that fetch the files which the verification found damaged or missing.

        Each video keeps its folder and quality, and the languages and formats of lost captions.
        """
        ...

    @endpoint("POST /jobs/describe", status=201)
    async def describe_adopted(self) -> QueuedRepairs:
        """Queue a job for the metadata of adopted videos that have none, unless one is queued.

        A server does so itself within ten minutes.
        """
        ...
