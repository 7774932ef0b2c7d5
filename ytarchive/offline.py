"""What a command does by the running server, or in this process without open services.

In this process maintenance also works with invalid settings and damaged databases.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from ytarchive.common import errors
from ytarchive.common.config import Settings, StorageConfig
from ytarchive.common.read_only import require_sound
from ytarchive.common.setting_sources import SettingProblem
from ytarchive.discovery import find_server
from ytarchive.jobs import ProfilesAPI, ProfilesService, restore_evidence
from ytarchive.maintenance import (
    Backup,
    BackupRequest,
    Check,
    Diagnosis,
    MaintenanceAPI,
    Verdict,
    back_up,
    check_services,
    check_settings,
    failed,
)
from ytarchive.maintenance import diagnose as diagnose_settings
from ytarchive.reading import open_for_reading
from ytarchive.storage import Rebuilt, is_creatable, rebuild_library

_READ_AT_ONCE = 64 * 2**20
"""Maximum bytes of a database that is read completely."""
ACCESS_REMEDY = "Set YTARCHIVE_SERVER__TOKEN, or `server.token`, to the token of that server."


class OfflineMaintenance(MaintenanceAPI):
    """Maintains an archive for the user of this process, who may name any folder."""

    def __init__(self, settings: Settings, on_progress: Callable[[int], None]) -> None:
        self._settings = settings
        self._on_progress = on_progress

    async def rebuild(self) -> Rebuilt:
        """Rebuild the library. Raises StateLocked while a process uses the archive."""
        rebuilt = await rebuild_library(self._settings.storage, self._on_progress)
        restored = await restore_evidence(self._settings)
        return rebuilt.model_copy(update={"availability": restored})

    async def back_up(self, request: BackupRequest) -> Backup:
        """Copy all databases; a server may be running."""
        return await asyncio.to_thread(back_up, self._settings.storage, Path(request.folder))

    async def diagnose(self) -> Diagnosis:
        """Check everything without changing the archive."""
        return await diagnose_settings(self._settings, await check_archive(self._settings))


@asynccontextmanager
async def open_maintenance(
    settings: Settings,
    server: str | None,
    on_progress: Callable[[int], None] = lambda _: None,
    *,
    beside_server: bool = False,
) -> AsyncIterator[MaintenanceAPI]:
    """Yield the maintenance of the archive, by a running server or by this process.

    `on_progress` is called with the number of videos that a rebuild in this process has found.
    `beside_server`: only a named server is used. Raises ServiceUnavailable or TokenRequired.
    """
    async with aiohttp.ClientSession() as session:
        is_local = beside_server and server is None
        found = None if is_local else await find_server(settings, server, session)
        yield found.of(MaintenanceAPI) if found else OfflineMaintenance(settings, on_progress)


@asynccontextmanager
async def open_profiles(settings: Settings, server: str | None) -> AsyncIterator[ProfilesAPI]:
    """Yield the profiles of a running server, otherwise of these settings, without an archive.

    Raises ServiceUnavailable or TokenRequired.
    """
    async with aiohttp.ClientSession() as session:
        found = await find_server(settings, server, session)
        yield found.of(ProfilesAPI) if found else ProfilesService(settings.profiles)


async def diagnose(
    settings: Settings, problems: Sequence[SettingProblem], server: str | None
) -> Diagnosis:
    """Check everything. `problems`: invalid settings, for which `settings` has the defaults.

    A running server checks itself. If it does not answer, its place is checked from here.
    """
    try:
        async with open_maintenance(settings, server) as maintenance:
            found = await maintenance.diagnose()
    except errors.YTArchiveError as error:
        remedy = ACCESS_REMEDY if isinstance(error, errors.TokenRequired) else None
        found = await diagnose_settings(settings, [failed("server", error, Verdict.FAIL, remedy)])
    return Diagnosis.of([*check_settings(problems), *found.checks])


async def check_archive(settings: Settings) -> list[Check]:
    """Check the services and databases, opened only for reading."""
    try:
        async with open_for_reading(settings) as archive:
            await asyncio.to_thread(_require_sound, settings.storage.state_path)
            place = Check.ok("server", "none is running; commands work without a server")
            return [place, *await check_services(archive.of)]
    except errors.NotAnArchive as error:
        return [await asyncio.to_thread(_no_archive, settings.storage, error)]
    except (errors.ArchiveMissing, errors.WrongArchive) as error:
        return [failed("archive", error, Verdict.FAIL)]
    except errors.YTArchiveError as error:
        return [failed("database", error, Verdict.FAIL)]


def _require_sound(state: Path) -> None:
    """Raise DatabaseCorrupt for a damaged database. A server checks its databases at start."""
    for path in sorted(state.glob("*.db")):
        if path.stat().st_size <= _READ_AT_ONCE:
            require_sound(path)


def _no_archive(storage: StorageConfig, error: errors.NotAnArchive) -> Check:
    """Return the check of a missing archive, which passes if an archive can be created."""
    if not is_creatable(storage):
        return failed("archive", error, Verdict.FAIL)
    return Check.ok("archive", f"none in {storage.base_path} yet: the first download creates it")
