"""Rebuilds the library and the search index from the archive's files alone, without the network.

The new library is built in a separate folder and then swapped in; the old one is kept.
"""

import asyncio
import shutil
import stat
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from loguru import logger
from pydantic import Field

from ytarchive.common import filesystem, snapshots, swap
from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Database
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import LocalError, NotFound, YTArchiveError
from ytarchive.common.filesystem import is_file
from ytarchive.common.lock import StateLock
from ytarchive.common.models import Model
from ytarchive.common.presence import ArchiveWatch, Presence
from ytarchive.common.rows import fields_of
from ytarchive.common.schema import set_aside_older
from ytarchive.common.services import ServiceName
from ytarchive.storage.bins.bins import Bins
from ytarchive.storage.identity.folder_state import Access
from ytarchive.storage.identity.opening import open_identity, record_in_library
from ytarchive.storage.intake.videos import VideoStore
from ytarchive.storage.library.absent_captions import AbsentCaptions
from ytarchive.storage.library.discovery import has_documents
from ytarchive.storage.library.repository import SCHEMA, Library
from ytarchive.storage.maintenance.library_importer import LibraryImporter
from ytarchive.storage.search import Search
from ytarchive.storage.store.layout import CHECKSUMS, Layout
from ytarchive.storage.store.local import LocalMediaStore
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.trash.removing import Remover

log = logger.bind(service="storage")

# A power cut may lose the new library until it is swapped in, so it need not be durable.
_UNFINISHED = replace(SCHEMA, durable=False)


class Rebuilt(Model):
    """The contents of a rebuilt library."""

    videos: int = Field(description="Videos with their media")
    metadata: int
    playlists: int
    work_plans: int
    availability: int = Field(
        default=0, description="Videos whose evidence of availability was restored from the history"
    )
    files: int
    size_bytes: int
    seconds: float
    problems: int = Field(description="Files that are missing, unknown or unreadable")
    examples: list[str] = Field(description="The first 1000 of them")
    replaced: list[str] = Field(description="The replaced files of the library, which are kept")
    is_searchable: bool = Field(
        default=False, description="False: the search index is not complete yet"
    )


async def rebuild_library(
    config: StorageConfig, on_progress: Callable[[int], None] = lambda _: None
) -> Rebuilt:
    """Rebuild `library.db`; `on_progress` is called with the number of videos found so far.

    The archive keeps its identity. Raises StateLocked while a process uses the library,
    ArchiveMissing, WrongArchive or NotAnArchive if the folder is not the archive, NotFound if the
    videos' folder does not exist, and NotWritable, DiskFull or FileFailure.
    """
    layout = Layout.of(config)
    identity = await asyncio.to_thread(open_identity, config, Access.WRITE)
    if not filesystem.is_folder(layout.videos):
        raise NotFound(
            f"{layout.videos} does not exist: there is nothing to rebuild the library from"
        )
    store = LocalMediaStore(layout)
    with StateLock(layout.state, [ServiceName.STORAGE]):
        watch = ArchiveWatch(Presence(layout.base, identity.id) if identity else None)
        await _finish_moves(layout, store)
        rebuilt = await _made_again(layout, store, watch, on_progress)
        return rebuilt.model_copy(update={"is_searchable": await _index(layout, store, watch)})


async def rebuild_open_library(
    database: Database, layout: Layout, store: MediaStore, watch: ArchiveWatch
) -> Rebuilt:
    """Rebuild the library that this process has open, while nobody changes the archive.

    The old library is copied before it is replaced in one commit. Raises as `rebuild_library`.
    """

    async def replace(prepared: Path) -> list[Path]:
        aside = swap.aside_path(layout.database, prepared)
        await asyncio.to_thread(snapshots.take, layout.database, aside)
        await database.replace(prepared / layout.database.name)
        await asyncio.to_thread(shutil.rmtree, prepared)
        return [aside]

    rebuilt = await _made_again(layout, store, watch, lambda _: None, replace)
    log.info("the library is rebuilt; videos: {}, problems: {}", rebuilt.videos, rebuilt.problems)
    return rebuilt


async def restore_lost_library(layout: Layout, store: MediaStore, watch: ArchiveWatch) -> None:
    """Rebuild the library if it is missing although the archive has files.

    Otherwise the archive would count as empty, and all videos would be fetched again. The caller
    holds the lock of the library.
    """
    with os_errors(layout.state):
        await asyncio.to_thread(swap.finish, layout.database)
        await asyncio.to_thread(set_aside_older, layout.database, SCHEMA)
    if not await _is_lost(layout, store):
        return
    log.warning("the archive has lost {}: it is rebuilt from the files", layout.database)
    rebuilt = await _made_again(layout, store, watch, lambda _: None)
    log.warning("{} is rebuilt; videos: {}", layout.database.name, rebuilt.videos)


async def _is_lost(layout: Layout, store: MediaStore) -> bool:
    """Return whether there is no library, but files that it would register."""
    if not await asyncio.to_thread(_is_absent, layout.database):
        return False
    if await asyncio.to_thread(has_documents, layout):
        return True
    async for folder in store.iterate(layout.relative(layout.videos), deep=False):
        key = f"{folder}{CHECKSUMS}"
        if folder.endswith("/") and (await store.stat([key]))[key].leads_to_file:
            return True
    return False


def _is_absent(database: Path) -> bool:
    """Return whether there is no database, or an empty file."""
    status = filesystem.status(database, follow=False)
    return status is None or (stat.S_ISREG(status.st_mode) and not status.st_size)


async def _swap_in(prepared: Path) -> list[Path]:
    return swap.commit(prepared)


async def _made_again(
    layout: Layout,
    store: MediaStore,
    watch: ArchiveWatch,
    on_progress: Callable[[int], None],
    replace: Callable[[Path], Awaitable[list[Path]]] = _swap_in,
) -> Rebuilt:
    """Build the library from the files, and replace the old one if the archive is present."""
    began = time.monotonic()
    with os_errors(layout.state):
        prepared = swap.prepare(layout.state)
    database = await Database.open(prepared / layout.database.name, _UNFINISHED)
    async with database, watch.checked():
        filling = LibraryImporter(database, layout, store, on_progress)
        await filling.fill()
        if watch.archive_id is not None:
            await record_in_library(database, watch.archive_id)
        totals = await Library(database, layout).totals()
    with os_errors(layout.state):
        aside = await replace(prepared)
    return Rebuilt(
        **fields_of(Rebuilt, totals),
        seconds=round(time.monotonic() - began, 3),
        problems=filling.problems,
        examples=filling.examples,
        replaced=[str(path) for path in aside],
    )


async def _finish_moves(layout: Layout, store: MediaStore) -> None:
    """Finish the moves and removals recorded in the old library, if it can be read."""
    if not await asyncio.to_thread(is_file, layout.database):
        return
    try:
        async with await Database.open(layout.database, SCHEMA) as old:
            library = Library(old, layout)
            videos = VideoStore(library, layout, Bins(store), AbsentCaptions(old))
            await videos.recover()
            await Remover(old, layout, videos, Bins(store)).recover()
    except YTArchiveError as error:
        log.warning("the old library is not read: {}", error.message)


async def _index(layout: Layout, store: MediaStore, watch: ArchiveWatch) -> bool:
    """Build the search index. Return whether that succeeded; the library does not need it."""
    async with await Database.open(layout.database, SCHEMA) as library:
        try:
            search = await Search.open(library, layout, store, watch)
            try:
                await search.catch_up()
            finally:
                await search.close()
        except LocalError as error:
            log.error("the search index is not created: {}", error.message)
            return False
    return True
