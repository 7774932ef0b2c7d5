"""Implements the contract of the maintenance in a server."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from ytarchive import __version__
from ytarchive.common.config import Settings
from ytarchive.common.paths import allowed_folder
from ytarchive.jobs import AvailabilityAPI
from ytarchive.maintenance.api import BackupRequest, MaintenanceAPI
from ytarchive.maintenance.backups import Backup, back_up
from ytarchive.maintenance.checks import Of, check_services, diagnose
from ytarchive.maintenance.models import Check, Diagnosis
from ytarchive.storage import Rebuilt


class MaintenanceService(MaintenanceAPI):
    """Maintains an archive whose services are open.

    `rebuild`: rebuilds the library. `of`: returns the implementation of a contract.
    """

    def __init__(
        self, settings: Settings, rebuild: Callable[[], Awaitable[Rebuilt]], of: Of
    ) -> None:
        self._settings = settings
        self._rebuild = rebuild
        self._of = of

    async def rebuild(self) -> Rebuilt:
        restored = await self._of(AvailabilityAPI).restore_availability()
        rebuilt = await self._rebuild()
        return rebuilt.model_copy(update={"availability": restored.videos})

    async def back_up(self, request: BackupRequest) -> Backup:
        storage = self._settings.storage
        return await asyncio.to_thread(
            lambda: back_up(storage, allowed_folder(request.folder, storage))
        )

    async def diagnose(self) -> Diagnosis:
        server = Check.ok("server", f"ytarchive {__version__}, process {os.getpid()}")
        return await diagnose(self._settings, [server, *await check_services(self._of)])
