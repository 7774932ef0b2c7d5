"""Contract of the staging folder."""

from typing import ClassVar, Protocol

from pydantic import Field

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.common.services import ServiceName


class StagingReport(Model):
    """What downloads that have ended, were cancelled or wait have left in the staging folder."""

    videos: int = Field(description="Videos of which there are files and that are not downloading")
    size_bytes: int
    oldest: UtcDatetime | None = Field(default=None, description="Last change of the oldest video")
    active: int = Field(description="Videos that are downloading; they are not counted above")
    max_age: float = Field(description="Seconds; older files are removed")
    max_bytes: int = Field(description="The oldest files beyond it are removed")


class StagingAPI(Contract, Protocol):
    """Show what partial downloads take on the disk."""

    service: ClassVar[ServiceName] = ServiceName.DOWNLOAD

    @endpoint("GET /download/staging")
    async def get_staging(self) -> StagingReport:
        """Return the number, size and age of partial downloads that nothing works on."""
        ...
