"""Contract of the adoption."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.models import Done, Page
from ytarchive.common.services import ServiceName
from ytarchive.storage.adopt.models import (
    AdoptedFile,
    AdoptedFileQuery,
    Adoption,
    AdoptRequest,
    UndescribedVideos,
)


class AdoptionAPI(Contract, Protocol):
    """Adopt folders with videos of yt-dlp and other programs."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("POST /storage/adopt", status=202)
    async def start_adoption(self, request: AdoptRequest) -> Adoption:
        """Start to adopt a folder, or resume its adoption that was stopped.

        The network is not used. Files of the folder are removed only by the method `move`, after
        the video is registered and its digests agree. Raises Conflict if an adoption is running,
        FolderNotAllowed outside `storage.allowed_roots`, FolderNotFound, NotAdoptable for a folder
        of ytarchive, and CannotLink if the folder is on another file system.
        """
        ...

    @endpoint("GET /storage/adopt")
    async def get_adoption(self) -> Adoption:
        """Return the progress of the adoption and the number of files by outcome."""
        ...

    @endpoint("GET /storage/adopt/files")
    async def list_adopted_files(self, request: AdoptedFileQuery) -> Page[AdoptedFile]:
        """List the files of the last adoption with their outcomes, ordered by path.

        Each file is listed once. The list is complete when the adoption is.
        """
        ...

    @endpoint("POST /storage/adopt/cancel")
    async def cancel_adoption(self) -> Adoption:
        """Stop the adoption; the next run resumes it. Raises Conflict if none is running."""
        ...

    @endpoint("GET /storage/adopt/undescribed")
    async def list_undescribed(self) -> UndescribedVideos:
        """Return adopted videos without metadata for which no job is queued, at most 1000."""
        ...

    @endpoint("POST /storage/adopt/undescribed")
    async def settle_undescribed(self, request: UndescribedVideos) -> Done:
        """Record that a job requests the metadata of these videos."""
        ...
