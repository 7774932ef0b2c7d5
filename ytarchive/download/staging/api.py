"""Contract of the staging folder."""

from typing import ClassVar, Protocol

from pydantic import Field

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Done, Model, UtcDatetime
from ytarchive.common.services import ServiceName


class StagingReport(Model):
    """The files of ended, cancelled or waiting downloads in the staging folder."""

    videos: int = Field(description="Videos with files that are not downloading")
    size_bytes: int
    oldest: UtcDatetime | None = Field(default=None, description="Last change of the oldest video")
    active: int = Field(description="Videos that are downloading; they are not counted above")
    max_age: float = Field(description="Seconds; older files are removed")
    max_bytes: int = Field(description="The oldest files beyond it are removed")


class ReleaseStaging(Model):
    """Videos that no job downloads any more."""

    video_ids: list[VideoId] = Field(max_length=10_000)
    are_removed: bool = Field(
        default=False,
        description="Whether they were removed from the archive: then their complete downloads are "
        "deleted too",
    )


class StagingAPI(Contract, Protocol):
    """Show and limit the disk space of partial downloads."""

    service: ClassVar[ServiceName] = ServiceName.DOWNLOAD

    @endpoint("GET /download/staging")
    async def get_staging(self) -> StagingReport:
        """Return the number, size and age of unused partial downloads."""
        ...

    @endpoint("POST /download/staging/release")
    async def release_staging(self, request: ReleaseStaging) -> Done:
        """Treat the partial downloads of these videos as idle, and clean at once.

        Without this call, the files of a failed download are kept for an hour, so that its job can
        resume them.
        """
        ...
