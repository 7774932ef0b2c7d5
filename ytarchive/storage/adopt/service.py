"""Adopts folders in the background: one at a time, over one or more sessions."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

from loguru import logger

from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Database
from ytarchive.common.errors import (
    CannotLink,
    FolderNotFound,
    NotAdoptable,
    PathOutsideArchive,
)
from ytarchive.common.filesystem import exists, is_folder
from ytarchive.common.identity import IDENTITY_FILE
from ytarchive.common.models import Done, Page, utc_now
from ytarchive.common.paths import VIEW_MARKER, allowed_folder, followed
from ytarchive.common.presence import ArchiveWatch
from ytarchive.storage.adopt.api import AdoptionAPI
from ytarchive.storage.adopt.deciding import AdoptionTarget, Changing, Decisions, Places
from ytarchive.storage.adopt.examining import Examiner
from ytarchive.storage.adopt.lists import ListImporter
from ytarchive.storage.adopt.models import (
    AdoptedFile,
    AdoptedFileQuery,
    Adoption,
    AdoptMethod,
    AdoptRequest,
    UndescribedVideos,
)
from ytarchive.storage.adopt.placing import Placer, adoption_folder
from ytarchive.storage.adopt.records import AdoptionRecords, ListRecords, UndescribedRecords
from ytarchive.storage.adopt.session import AdoptionSession
from ytarchive.storage.store.background import BackgroundPass, PassState
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.watching import WatchedOperations, databases_only

log = logger.bind(service="storage")

_OLDEST_RESUMED = timedelta(days=30)


class AdoptionService(WatchedOperations, AdoptionAPI):
    """Starts, monitors and stops the adoption."""

    def __init__(
        self,
        database: Database,
        config: StorageConfig,
        watch: ArchiveWatch,
        changing: Changing,
        *places: *Places,
    ) -> None:
        super().__init__(watch)
        self._records = AdoptionRecords(database)
        self._undescribed = UndescribedRecords(database)
        self._listed = ListRecords(database)
        self._target = AdoptionTarget(*places, changing, config.min_free)
        self._config = config
        self.trusts_callers = False
        """Whether callers may name any folder: a command runs as its user."""
        self._pass = BackgroundPass("adoption", watch, self._target.layout.base, self._state)
        self.paused = self._pass.paused
        self.close = self._pass.close

    async def _state(self) -> PassState:
        return (await self._records.adoption()).state

    async def start_adoption(self, request: AdoptRequest) -> Adoption:
        async with self._pass.paused():
            folder = await asyncio.to_thread(self._folder, request)
            is_listed = await self._begun(request, folder)
            session = await asyncio.to_thread(self._new_session, request, folder, is_listed)
            self._pass.start(session, self._ended)
        return await self.get_adoption()

    async def _ended(self, state: PassState, error: str | None) -> None:
        await self._records.set_state(state, error)
        await self._clean()

    @databases_only
    async def get_adoption(self) -> Adoption:
        return await self._records.adoption()

    @databases_only
    async def list_adopted_files(self, request: AdoptedFileQuery) -> Page[AdoptedFile]:
        return await self._records.page(request)

    @databases_only
    async def cancel_adoption(self) -> Adoption:
        await self._pass.cancel()
        return await self.get_adoption()

    @databases_only
    async def list_undescribed(self) -> UndescribedVideos:
        return UndescribedVideos(video_ids=await self._undescribed.video_ids())

    @databases_only
    async def settle_undescribed(self, request: UndescribedVideos) -> Done:
        await self._undescribed.settle(request.video_ids)
        return Done()

    async def recover(self) -> None:
        """Mark an interrupted adoption as stopped, and remove its staged files.

        Call it after interrupted moves are finished.
        """
        await self._records.stop_interrupted()
        await self._clean()

    async def _clean(self) -> None:
        if not await self._target.library.moves():
            folder = adoption_folder(self._target.layout)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _folder(self, request: AdoptRequest) -> Path:
        """Return the folder to adopt. Raises as `start_adoption`."""
        layout, named = self._target.layout, Path(request.folder)
        if not self.trusts_callers:
            folder = allowed_folder(request.folder, self._config)
        else:
            try:
                folder = followed(named)
            except PathOutsideArchive as error:  # a link that leads to itself
                raise FolderNotFound(f"there is no folder {named}") from error
        if not is_folder(folder):
            raise FolderNotFound(f"there is no folder {folder}")
        _require_foreign(folder, layout)
        is_far = folder.stat().st_dev != layout.base.stat().st_dev
        if is_far and request.method is AdoptMethod.LINK:
            message = f"{folder} is on another file system than the archive in {layout.base}"
            raise CannotLink(message)
        return folder

    async def _begun(self, request: AdoptRequest, folder: Path) -> bool:
        """Resume the last adoption, or begin a new one. Return whether its files are listed."""
        last = await self._records.adoption()
        if (
            last.state is PassState.STOPPED
            and (last.folder, last.method, last.dry_run)
            == (str(folder), request.method, request.dry_run)
            and last.updated_at is not None
            and utc_now() - last.updated_at < _OLDEST_RESUMED
        ):
            await self._records.set_state(PassState.RUNNING)
            log.info("the adoption of {} resumes after {} videos", folder, last.videos_done)
            return last.is_listed
        await self._records.begin(request, folder)
        log.info("the adoption of {} begins", folder)
        return False

    def _new_session(self, request: AdoptRequest, folder: Path, is_listed: bool) -> AdoptionSession:
        layout = self._target.layout
        session: AdoptionSession
        placer = Placer(folder, layout, request.method, lambda: session.is_stopped)
        decisions = Decisions(
            self._target,
            self._records,
            placer,
            Examiner(folder),
            request.method,
            dry_run=request.dry_run,
        )
        lists = ListImporter(self._listed, self._target.marks, folder, dry_run=request.dry_run)
        session = AdoptionSession(
            self._records, decisions, lists, self.watch, folder, layout.base, is_listed=is_listed
        )
        return session


def _require_foreign(folder: Path, layout: Layout) -> None:
    """Raise NotAdoptable for an archive, a view, or a folder that ytarchive uses itself."""
    own = (layout.metadata, layout.videos, layout.logs, layout.own, layout.state)
    if any(folder.is_relative_to(followed(each)) for each in own):
        raise NotAdoptable(f"{folder} is inside this archive, which has its videos already")
    if exists(folder / IDENTITY_FILE):
        raise NotAdoptable(f"{folder} is an archive of ytarchive, which can be used as it is")
    if any(exists(each / VIEW_MARKER) for each in (folder, *folder.parents)):
        raise NotAdoptable(f"{folder} is a view of an archive; its videos are stored there")
