"""Contract of the maintenance."""

from typing import ClassVar, Protocol

from pydantic import Field

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.models import Model
from ytarchive.common.services import ServiceName
from ytarchive.maintenance.backups import Backup
from ytarchive.maintenance.models import Diagnosis
from ytarchive.storage import Rebuilt


class BackupRequest(Model):
    """Where to make a backup."""

    folder: str = Field(
        min_length=1,
        max_length=2048,
        description="Absolute path of a folder of the server's machine, below a folder of "
        "`storage.allowed_roots`; it is created if it does not exist",
    )


class MaintenanceAPI(Contract, Protocol):
    """Rebuild, back up and check the archive."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("POST /maintenance/rebuild")
    async def rebuild(self) -> Rebuilt:
        """Rebuild the library from the files, and return when it is replaced.

        Downloads continue. Finished videos are stored, and other changes made, after the rebuild.
        If the client disconnects, the rebuild continues. Raises Conflict during a verification or
        another rebuild.
        """
        ...

    @endpoint("POST /maintenance/backup", status=201)
    async def back_up(self, request: BackupRequest) -> Backup:
        """Copy all databases to a new folder in `folder`, consistently, also while jobs run.

        Raises FolderNotAllowed outside `storage.allowed_roots`.
        """
        ...

    @endpoint("GET /maintenance/diagnosis")
    async def diagnose(self) -> Diagnosis:
        """Check the installation, settings, services, network and disk of the server."""
        ...
