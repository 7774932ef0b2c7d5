"""Contract of the trash and the quarantine."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.models import Page
from ytarchive.common.services import ServiceName
from ytarchive.storage.bins.models import (
    Emptied,
    EmptyTrash,
    ItemId,
    Restored,
    RestoreItem,
    TrashItem,
    TrashQuery,
)
from ytarchive.storage.trash.models import Removed, RemoveVideos


class TrashAPI(Contract, Protocol):
    """List, restore and delete files that were replaced, removed or found damaged."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("GET /trash")
    async def list_trash(self, request: TrashQuery) -> Page[TrashItem]:
        """List the items of the trash, newest first."""
        ...

    @endpoint("GET /trash/{item_id}")
    async def get_trash_item(self, item_id: ItemId) -> TrashItem:
        """Return an item of the trash. Raises NotFound."""
        ...

    @endpoint("POST /trash/{item_id}/restore")
    async def restore_from_trash(self, item_id: ItemId, request: RestoreItem) -> Restored:
        """Move the files of an item back to their original paths and register them again.

        The mark `removed` of the video is cleared when its media is back. Raises NotFound,
        RestoreConflict if a path is occupied, IntegrityFailure if a checksum is wrong, or
        PathOutsideArchive.
        """
        ...

    @endpoint("POST /trash/empty")
    async def empty_trash(self, request: EmptyTrash) -> Emptied:
        """Delete items of the trash permanently."""
        ...

    @endpoint("POST /storage/remove")
    async def remove_videos(self, request: RemoveVideos) -> Removed:
        """Move the files of videos to the trash, and mark the videos as removed.

        Lists do not fetch them again. The result has one entry for each video; one that cannot be
        removed (not stored, or marked `keep`) does not prevent the others.
        """
        ...

    @endpoint("GET /quarantine")
    async def list_quarantine(self, request: TrashQuery) -> Page[TrashItem]:
        """List the items of the quarantine, newest first."""
        ...

    @endpoint("GET /quarantine/{item_id}")
    async def get_quarantine_item(self, item_id: ItemId) -> TrashItem:
        """Return an item of the quarantine. Raises NotFound."""
        ...

    @endpoint("POST /quarantine/{item_id}/restore")
    async def restore_from_quarantine(self, item_id: ItemId, request: RestoreItem) -> Restored:
        """Move damaged files back to their original paths; they stay marked as damaged.

        Raises NotFound, RestoreConflict if a path is occupied, or PathOutsideArchive.
        """
        ...
