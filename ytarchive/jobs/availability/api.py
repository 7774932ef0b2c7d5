"""Contract of the availability of videos."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Page
from ytarchive.common.services import ServiceName
from ytarchive.jobs.availability.models import (
    Availability,
    AvailabilityQuery,
    RestoredAvailability,
)


class AvailabilityAPI(Contract, Protocol):
    """List videos that YouTube refused, with the evidence."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("GET /availability")
    async def list_availability(self, request: AvailabilityQuery) -> Page[Availability]:
        """List the videos that YouTube refused at some time, with the evidence; by id."""
        ...

    @endpoint("GET /availability/{video_id}")
    async def get_availability(self, video_id: VideoId) -> Availability:
        """Return the availability of one video. Raises NotFound if YouTube never refused it."""
        ...

    @endpoint("POST /availability/restore")
    async def restore_availability(self) -> RestoredAvailability:
        """Read evidence from the history, for videos without recorded availability."""
        ...
