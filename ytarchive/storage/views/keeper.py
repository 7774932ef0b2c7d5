"""Keeps the views up to date: shows the library's changes, and reads the folders on request."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, replace

from loguru import logger

from ytarchive.common import filesystem
from ytarchive.common.errors import FileFailure, LocalError
from ytarchive.common.models import to_micros, utc_now
from ytarchive.common.paths import VIEW_MARKER
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.supervision import mark_working
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.views.declarations import Declarations
from ytarchive.storage.views.folders import FolderNames
from ytarchive.storage.views.links import ViewFolder
from ytarchive.storage.views.media_library import MediaServerLibrary
from ytarchive.storage.views.models import (
    RemovedView,
    SyncView,
    ViewDeclaration,
    ViewPolicy,
    ViewSync,
)
from ytarchive.storage.views.places import Places
from ytarchive.storage.views.playlists import PlaylistSynchronisation
from ytarchive.storage.views.policies import policy_of
from ytarchive.storage.views.repository import Records, ShownLibrary
from ytarchive.storage.views.synchronisation import Synchronisation, ViewParts

log = logger.bind(service="storage")

_GATHER = 1.0
"""Seconds to wait after a change, so that further changes are shown together."""
_LONGEST_WAIT = 60.0
"""Seconds until the views are compared again, because not every change is signalled."""


@dataclass(frozen=True)
class _State:
    """What a view shows: the last changes of videos and of channels, and the newest playlist."""

    revision: int = 0
    lists: int = 0
    channels: int = 0
    method: str | None = None


class ViewKeeper:
    """Updates the views of an archive, one after another."""

    def __init__(
        self,
        declarations: Declarations,
        records: Records,
        library: ShownLibrary,
        layout: Layout,
        store: MediaStore,
        watch: ArchiveWatch,
    ) -> None:
        self.turn = asyncio.Lock()
        """Held while views or their declarations are changed."""
        self._declarations = declarations
        self._records = records
        self._library = library
        self._layout = layout
        self._store = store
        self._watch = watch
        self._changed = asyncio.Event()
        self.places: Places | None = None
        """Assigns places in media-server views; None only for reading."""

    def notify(self) -> None:
        """Signal that the library has changed."""
        self._changed.set()

    async def follow(self) -> None:
        """Show pending changes in all views, then wait for the next change."""
        await self.update()
        mark_working()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_WAIT):
                await self._changed.wait()
        await asyncio.sleep(_GATHER)
        self._changed.clear()

    async def update(self) -> None:
        """Show the library's changes in all views. A view that fails does not affect the others."""
        if self._store.local_path("videos") is None:
            return
        for view in await asyncio.to_thread(self._declarations.read):
            try:
                async with self.turn, self._watch.checked():
                    await self.run(view, SyncView(), reads_folders=False)
            except LocalError as error:
                await self.report(view, error)

    async def run(
        self, view: ViewDeclaration, request: SyncView, *, reads_folders: bool
    ) -> ViewSync:
        """Show the pending changes; read all folders if `reads_folders`."""
        library_id, newest, lists = await self._newest()
        if not request.dry_run:
            await self._begin(view, library_id, newest)
        state = await self._state(view, library_id, newest)
        if not reads_folders and (state.revision, state.lists) == (newest, lists):
            return ViewSync(name=view.name)
        sync = await self._synchronisation(view, state, request)
        if isinstance(sync, PlaylistSynchronisation):
            if (state.revision, state.lists) != (newest, lists):
                await sync.show_lists()
        else:
            await self._show_changes(view, sync, state, request)
        if not request.dry_run:
            await self._set_state(view, _State(newest, lists, newest))
        if reads_folders:
            await sync.read_folders()
        report = sync.report()
        if not request.dry_run:
            await self._end(view, report, reads_folders=reads_folders)
        return report

    async def _show_changes(
        self, view: ViewDeclaration, sync: Synchronisation, state: _State, request: SyncView
    ) -> None:
        """Show the changed videos, then describe their channels, each once."""
        library = self._library_of(view, request)
        if state.revision == 0:
            await self._remove_unknown(view, sync)
        videos, last = await library.changed(state.revision)
        while last:
            # The next videos are read while these are shown.
            following, _ = await asyncio.gather(library.changed(last), sync.show(videos))
            if not request.dry_run:
                await self._set_state(view, replace(state, revision=last))
            videos, last = following
        if policy_of(view).describes_channels:
            await sync.describe(await library.changed_channels(state.channels))

    async def _remove_unknown(self, view: ViewDeclaration, sync: Synchronisation) -> None:
        """Remove the files of videos that this library does not have."""
        after = ""
        while True:
            page = {"view": view.name, "after": after, "limit": 500}
            rows = await self._records.database.fetch_all("owners_after", page)
            if not rows:
                return
            owners = [row["owner"] for row in rows]
            known = {each.video_id for each in await self._library.videos(owners)}
            await sync.apply({owner: [] for owner in owners if owner not in known})
            after = owners[-1]

    async def _synchronisation(
        self, view: ViewDeclaration, state: _State, request: SyncView
    ) -> Synchronisation:
        root = await asyncio.to_thread(self._declarations.folder, view)
        folder = ViewFolder(root, self._layout.base, self._store, allow_copy=view.allow_copy)
        if not request.dry_run:
            absent = await asyncio.to_thread(self._absent, view, folder, state)
            await self._records.intend(view.name, [], absent)
            await asyncio.to_thread(folder.prepare, self.marker(view))
        library = self._library_of(view, request)
        parts = ViewParts(view.name, policy_of(view), folder, library, self._records, self._store)
        folder_names = await FolderNames.read(self._records, view.name)
        if view.policy is ViewPolicy.PLAYLISTS:
            lists = PlaylistSynchronisation(parts, folder_names, dry_run=request.dry_run)
            return lists.use(self._layout)
        return Synchronisation(parts, folder_names, dry_run=request.dry_run)

    def _library_of(self, view: ViewDeclaration, request: SyncView) -> ShownLibrary:
        if view.policy is not ViewPolicy.MEDIA_SERVER or self.places is None:
            return self._library
        return MediaServerLibrary(self.places, dry_run=request.dry_run)

    def _absent(self, view: ViewDeclaration, folder: ViewFolder, state: _State) -> list[str]:
        """Return the folder of a view if it has to be created. Blocks.

        Raises FileFailure without its disk.
        """
        is_outside = not folder.root.is_relative_to(self._layout.base)
        if is_outside and state.method and not filesystem.is_file(folder.root / VIEW_MARKER):
            message = f"{folder.root} is not the folder of the view {view.name} any more"
            raise FileFailure(f"{message}: connect its disk, or remove the view and add it again")
        return [] if filesystem.exists(folder.root) else [""]

    def marker(self, view: ViewDeclaration) -> bytes:
        """Return the content of the marker in the folder of a view."""
        marker = {"archive": self._watch.archive_id, "view": view.name}
        return json.dumps(marker).encode() + b"\n"

    async def _newest(self) -> tuple[str, int, int]:
        """Return the library, its last change and its newest playlist.

        A moved archive is another library, because links from outside name its old place.
        """
        library_id, newest, lists = await self._library.newest()
        return f"{library_id} in {self._layout.base}", newest, lists

    async def _begin(self, view: ViewDeclaration, library_id: str, newest: int) -> None:
        values = {
            "name": view.name,
            "declaration": view.model_dump_json(),
            "library_id": library_id,
            "newest": newest,
        }
        await self._records.database.execute("begin_view", values)

    async def _state(self, view: ViewDeclaration, library_id: str, newest: int) -> _State:
        """Return the recorded state, or that of a new view if it does not fit."""
        row = await self._records.database.fetch_one("get_view", {"name": view.name})
        fits = (
            row is not None
            and row["revision"] <= newest
            and ((row["declaration"], row["library_id"]) == (view.model_dump_json(), library_id))
        )
        if row is None or not fits:
            return _State(method=row["method"] if row else None)
        channels = min(row["channels"], row["revision"])
        return _State(row["revision"], row["lists"], channels, row["method"])

    async def _set_state(self, view: ViewDeclaration, state: _State) -> None:
        await self._records.database.execute("set_state", vars(state) | {"name": view.name})

    async def _end(self, view: ViewDeclaration, report: ViewSync, *, reads_folders: bool) -> None:
        method = {"name": view.name, "method": report.method}
        await self._records.database.execute("set_method", method)
        if reads_folders:
            now = {"name": view.name, "now": to_micros(utc_now())}
            await self._records.database.execute("set_synced", now)
        if report.created or report.replaced or report.removed:
            log.info(
                "view {}: {} created, {} replaced, {} removed",
                view.name, report.created, report.replaced, report.removed,
            )  # fmt: skip

    async def report(self, view: ViewDeclaration, error: LocalError) -> None:
        """Record why a view could not be updated."""
        log.warning("view {}: {}", view.name, error.message)
        problem = {"name": view.name, "problem": f"{error.message}. {error.remedy}"}
        await self._records.database.execute("set_problem", problem)

    async def remove(self, view: ViewDeclaration) -> RemovedView:
        """Remove the files of a view that is not declared any more.

        If its disk is not connected, only forget them.
        """
        library_id, newest, _ = await self._newest()
        await self._begin(view, library_id, newest)
        state = await self._state(view, library_id, newest)
        try:
            sync = await self._synchronisation(view, state, SyncView())
        except FileFailure as error:
            log.warning("the files of the view {} stay: {}", view.name, error.message)
            await self._records.forget(view.name)
            return RemovedView(name=view.name, removed=0)
        after = ""
        while rows := await self._records.database.fetch_all(
            "owners_after", {"view": view.name, "after": after, "limit": 500}
        ):
            owners = [row["owner"] for row in rows]
            await sync.apply({owner: [] for owner in owners})
            after = owners[-1]
        report = sync.report()
        await sync.clear()
        await self._records.forget(view.name)
        return RemovedView(name=view.name, removed=report.removed, foreign=report.foreign)
