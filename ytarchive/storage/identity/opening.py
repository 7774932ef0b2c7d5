"""Opens and creates archives. The folder's identity is checked before any other access."""

from loguru import logger
from pydantic import Field

from ytarchive.common import swap
from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Database, Writer
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import InvalidRequest, LocalError, NotAnArchive
from ytarchive.common.identity import (
    ArchiveIdentity,
    create_identity,
    new_identity,
    replace_identity,
)
from ytarchive.common.known_archives import KnownArchives
from ytarchive.common.lock import StateLock
from ytarchive.common.models import Model, to_micros, utc_now
from ytarchive.common.services import ServiceName
from ytarchive.storage.identity.folder_state import Access, FolderState, examine
from ytarchive.storage.library.repository import SCHEMA
from ytarchive.storage.store import files

log = logger.bind(service="storage")

_OF_THE_ARCHIVE = ("library.db", "search.db", "jobs.db")
"""Databases whose content belongs to one archive."""


class Initialized(Model):
    """The result of `ytarchive init`."""

    path: str
    id: str = Field(description="The archive's identity")
    is_new: bool = Field(description="Whether the archive was created, or got a new identity")
    set_aside: list[str] = Field(
        default=[], description="Databases of another archive that were renamed, and are kept"
    )


def open_identity(
    config: StorageConfig, access: Access, known: KnownArchives | None = None
) -> ArchiveIdentity | None:
    """Return the archive's identity, and record where the archive is.

    A missing identity is created if `access` allows it; with READ, the result is None for an
    archive of an early version, which has no identity. Raises ArchiveMissing, WrongArchive,
    NotAnArchive, InvalidConfiguration, NotWritable or DiskFull. Blocks.
    """
    known = KnownArchives.of_user() if known is None else known
    state = examine(config, known)
    if state.damage is not None:
        raise state.damage
    if state.needs_identity():
        if access is Access.READ:
            return None
        log.info("{} gets its identity, as an archive of an earlier version", state.base)
    elif state.identity is None:
        if access is not Access.CREATE:
            raise NotAnArchive(f"there is no archive in {state.base}", path=str(state.base))
        state.require_empty()
        state.require_no_queue()
    identity = state.identity or _create(state, new_identity())
    known.record(state.paths, identity.id)
    return identity


def is_creatable(config: StorageConfig) -> bool:
    """Return whether a command with CREATE access would create an archive. Blocks."""
    try:
        state = examine(config, KnownArchives.of_user())
        if state.needs_identity() or state.identity is not None:
            return False
        state.require_empty()
        state.require_no_queue()
    except LocalError:
        return False
    return state.damage is None


async def initialize(
    config: StorageConfig,
    *,
    new: bool = False,
    moved: bool = False,
    known: KnownArchives | None = None,
) -> Initialized:
    """Create an archive, or record the existing one; without `new`, the call is idempotent.

    `new`: give the folder a new identity, whatever was recorded for it. `moved`: accept the archive
    in the folder, even if another archive was recorded for the path. Raises the errors of
    `open_identity`, and StateLocked while a process uses the archive.
    """
    if new and moved:
        raise InvalidRequest("--new and --moved exclude each other")
    known = KnownArchives.of_user() if known is None else known
    state = examine(config, known)
    if new:
        return await _renew_identity(state, known)
    if moved:
        return _record_move(state, known)
    return _initialize(state, known)


def _initialize(state: FolderState, known: KnownArchives) -> Initialized:
    if state.identity is not None:
        state.needs_identity()
        known.record(state.paths, state.identity.id)
        return _result(state, state.identity, is_new=False)
    lost = state.recorded.archive_id
    if lost is not None and state.recorded.is_found_in(state.base):
        identity = new_identity().model_copy(update={"id": lost})
    else:
        state.needs_identity()
        state.require_no_queue()
        identity = new_identity()
    identity = _create(state, identity)
    known.record(state.paths, identity.id)
    return _result(state, identity, is_new=True)


def _record_move(state: FolderState, known: KnownArchives) -> Initialized:
    identity = state.identity
    if identity is None:
        message = f"there is no archive in {state.base}: it has no identity file"
        raise NotAnArchive(message, path=str(state.base))
    if state.recorded.archive_id not in {None, identity.id}:
        state.needs_identity()
    known.record(state.paths, identity.id, moved=True)
    return _result(state, identity, is_new=False)


async def _renew_identity(state: FolderState, known: KnownArchives) -> Initialized:
    """Give the folder a new identity. Databases of an archive elsewhere are set aside."""
    files.make_folders(state.base)
    identity = new_identity()
    with StateLock(state.layout.state, ServiceName):
        set_aside = _set_aside(state) if _belongs_elsewhere(state) else []
        if not set_aside and state.layout.database.exists():
            async with await Database.open(state.layout.database, SCHEMA) as library:
                await record_in_library(library, identity.id)
        with os_errors(state.base):
            replace_identity(state.base, identity)
    known.record(state.paths, identity.id)
    result = _result(state, identity, is_new=True)
    return result.model_copy(update={"set_aside": set_aside})


async def record_in_library(library: Database, archive_id: str) -> None:
    """Record the archive's identity in the library."""
    row = {"id": archive_id, "now": to_micros(utc_now())}

    def record(writer: Writer) -> None:
        writer.execute("forget_archive", {"id": archive_id})
        writer.execute("record_archive", row)

    known = await library.fetch_one("get_archive")
    if known is None or known["id"] != archive_id:
        await library.write(record)


def _create(state: FolderState, identity: ArchiveIdentity) -> ArchiveIdentity:
    """Write the identity file. Return its identity: another process may have written it first."""
    files.make_folders(state.base)
    with os_errors(state.base):
        if state.damage is not None:
            replace_identity(state.base, identity)
            return identity
        return create_identity(state.base, identity)


def _belongs_elsewhere(state: FolderState) -> bool:
    """Return whether the state belongs to an archive whose files are not in the folder."""
    recorded = state.recorded
    return (recorded.is_used or recorded.has_queue) and not recorded.is_found_in(state.base)


def _set_aside(state: FolderState) -> list[str]:
    time = f"{utc_now():%Y%m%dT%H%M%S.%fZ}"
    folder = state.layout.state
    with os_errors(folder):
        aside = [path for name in _OF_THE_ARCHIVE for path in swap.set_aside(folder / name, time)]
    return [str(path) for path in aside]


def _result(state: FolderState, identity: ArchiveIdentity, *, is_new: bool) -> Initialized:
    return Initialized(path=str(state.base), id=identity.id, is_new=is_new)
