"""Contract of the views."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.services import ServiceName
from ytarchive.storage.views.models import (
    AddView,
    RemovedView,
    SyncView,
    View,
    ViewName,
    Views,
    ViewSync,
)


class ViewsAPI(Contract, Protocol):
    """Manage folders that show the archive under readable names."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("GET /storage/views")
    async def list_views(self) -> Views:
        """Return all views with their states."""
        ...

    @endpoint("POST /storage/views", status=201)
    async def add_view(self, request: AddView) -> View:
        """Add a view; the server fills its folder in the background.

        Raises ViewConflict if there is a view of this name or folder, InvalidRequest for an invalid
        template, PathOutsideArchive or FolderNotAllowed.
        """
        ...

    @endpoint("DELETE /storage/views/{name}")
    async def remove_view(self, name: ViewName) -> RemovedView:
        """Remove a view and the files that it created. Raises NotFound."""
        ...

    @endpoint("POST /storage/views/{name}/sync")
    async def sync_view(self, name: ViewName, request: SyncView) -> ViewSync:
        """Read all folders of a view, and create, replace and remove files until it is complete.

        Raises NotFound, NoLinkPossible, DiskFull, NotWritable or FileFailure.
        """
        ...
