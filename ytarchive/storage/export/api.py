"""Contract of the export."""

from typing import ClassVar, Protocol

from ytarchive.common.content import Content
from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.services import ServiceName
from ytarchive.storage.export.models import ExportQuery


class ExportAPI(Contract, Protocol):
    """Export stored videos for other programs."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("GET /storage/export")
    async def export(self, request: ExportQuery) -> Content:
        """Return the videos of a channel, of a playlist, or all, as a list or as a bag.

        A bag is a tar file with the files of the videos (BagIt 1.0, SHA-256). Raises NotFound if
        the playlist is not stored or a bag would be empty, FileFailure if a file of a bag is
        missing or has another size, and DatabaseCorrupt if rows of the library cannot be read.
        """
        ...
