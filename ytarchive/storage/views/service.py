"""Implements the contract of the views, and keeps them up to date while the archive is open."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Self

from loguru import logger

from ytarchive.common import filesystem
from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Database, Row
from ytarchive.common.errors import LocalError, NotFound, ViewConflict, YTArchiveError
from ytarchive.common.paths import VIEW_MARKER
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.common.rows import moment_of
from ytarchive.storage.channels.service import ChannelsService
from ytarchive.storage.store.changes import Changes
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.store.watching import WatchedOperations
from ytarchive.storage.views.api import ViewsAPI
from ytarchive.storage.views.declarations import Declarations
from ytarchive.storage.views.keeper import ViewKeeper
from ytarchive.storage.views.models import (
    AddView,
    LinkMethod,
    RemovedView,
    SyncView,
    View,
    ViewDeclaration,
    Views,
    ViewSync,
)
from ytarchive.storage.views.places import Places
from ytarchive.storage.views.policies import policy_of
from ytarchive.storage.views.repository import SCHEMA, Records, ShownLibrary

log = logger.bind(service="storage")

_AT_CLOSE = 10.0
"""Most seconds that closing the archive waits for the views."""


class ViewsService(WatchedOperations, ViewsAPI):
    """The views of the archive. Created by `open`."""

    def __init__(
        self,
        records: Records,
        library: ShownLibrary,
        layout: Layout,
        store: MediaStore,
        config: StorageConfig,
        watch: ArchiveWatch,
    ) -> None:
        super().__init__(watch)
        self._records = records
        self._library = library
        self._layout = layout
        self._store = store
        self._declarations = Declarations(layout, config)
        self._keeper = ViewKeeper(self._declarations, records, self._library, layout, store, watch)
        self.notify = self._keeper.notify
        self.follow = self._keeper.follow
        self.update = self._keeper.update

    def connect(self, changes: Changes, channels: ChannelsService) -> None:
        """Assign places in media-server views, and follow changes of channels."""
        self._keeper.places = Places(self._library.database, self._layout, changes)
        channels.on_change = self._channel_changed

    async def _channel_changed(self, channel_id: str) -> None:
        await self._library.touch_channel(channel_id)
        self.notify()

    @classmethod
    async def open(
        cls,
        library: Database,
        layout: Layout,
        store: MediaStore,
        config: StorageConfig,
        watch: ArchiveWatch,
    ) -> Self:
        """Open the record of the views. Raises NotWritable or DiskFull."""
        await asyncio.to_thread(Declarations(layout, config).ensure)
        records = await Records.open(_file(layout))
        return cls(records, ShownLibrary(library, layout), layout, store, config, watch)

    @classmethod
    async def reading(
        cls, library: Database, layout: Layout, store: MediaStore, config: StorageConfig
    ) -> Self:
        """Open the record for reading."""
        database = await ReadOnlyDatabase.open(_file(layout), SCHEMA)
        watch = ArchiveWatch(None)
        return cls(Records(database), ShownLibrary(library, layout), layout, store, config, watch)

    async def close(self) -> None:
        """Close the record."""
        await self._records.database.close()

    async def finish(self) -> None:
        """Show the last changes before the archive is closed, for a limited time."""
        if isinstance(self._records.database, ReadOnlyDatabase):
            return
        with suppress(TimeoutError, YTArchiveError):
            async with asyncio.timeout(_AT_CLOSE):
                await self.update()

    async def list_views(self) -> Views:
        declared = await asyncio.to_thread(self._declarations.read)
        rows = {row["name"]: row for row in await self._records.database.fetch_all("get_views")}
        return Views(views=[await self._shown(each, rows.get(each.name)) for each in declared])

    async def add_view(self, request: AddView) -> View:
        fields = request.model_dump() | {"path": request.path or request.name}
        view = ViewDeclaration(**fields)
        policy_of(view)
        async with self._keeper.turn:
            declared = await asyncio.to_thread(self._declarations.read)
            await asyncio.to_thread(self._require_free, view, declared)
            await asyncio.to_thread(self._declarations.write, [*declared, view])
        self.notify()
        return await self._shown(view, None)

    async def remove_view(self, name: str) -> RemovedView:
        async with self._keeper.turn:
            declared = await asyncio.to_thread(self._declarations.read)
            view = _named(name, declared)
            others = [each for each in declared if each is not view]
            await asyncio.to_thread(self._declarations.write, others)
            return await self._keeper.remove(view)

    async def sync_view(self, name: str, request: SyncView) -> ViewSync:
        view = _named(name, await asyncio.to_thread(self._declarations.read))
        async with self._keeper.turn:
            try:
                return await self._keeper.run(view, request, reads_folders=True)
            except LocalError as error:
                if not request.dry_run:
                    await self._keeper.report(view, error)
                raise

    async def _shown(self, view: ViewDeclaration, row: Row | None) -> View:
        folder = self._layout.base / view.path
        revision = row["revision"] if row else 0
        return View(
            **view.model_dump(),
            folder=str(folder),
            method=LinkMethod(row["method"]) if row and row["method"] else None,
            entries=row["entries"] if row else 0,
            pending=await self._library.pending(revision),
            synced_at=moment_of(row["synced_at"]) if row else None,
            problem=row["problem"] if row else None,
        )

    def _require_free(self, view: ViewDeclaration, declared: list[ViewDeclaration]) -> None:
        """Raise ViewConflict if the name or the folder of a new view is in use. Blocks."""
        folder = self._declarations.folder(view)
        for other in declared:
            if other.name == view.name:
                raise ViewConflict(f"there is already a view {view.name}")
            taken = self._declarations.folder(other)
            if folder.is_relative_to(taken) or taken.is_relative_to(folder):
                message = f"{folder} overlaps with {taken}, the folder of the view {other.name}"
                raise ViewConflict(message)
        if _is_occupied(folder, self._keeper.marker(view)):
            raise ViewConflict(f"{folder} is not a folder, or has files")


def _file(layout: Layout) -> Path:
    return layout.state / "views.db"


def _is_occupied(folder: Path, marker: bytes) -> bool:
    """Return whether a folder has other files than a view with this marker. Blocks."""
    if not filesystem.exists(folder):
        return False
    own = folder / VIEW_MARKER
    if filesystem.is_file(own) and own.read_bytes() == marker:
        return False
    return not filesystem.is_folder(folder) or bool(filesystem.entries(folder))


def _named(name: str, declared: list[ViewDeclaration]) -> ViewDeclaration:
    found = next((each for each in declared if each.name == name), None)
    if found is None:
        names = ", ".join(each.name for each in declared) or "none"
        raise NotFound(f"there is no view {name}; views: {names}")
    return found
