"""The Storage service: the archive's files and the library."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Self, TypeVar

from ytarchive.common.config import StorageConfig
from ytarchive.common.contract import Contract
from ytarchive.common.database import Database
from ytarchive.common.errors import NotFound
from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import Done, HealthCheck, Page
from ytarchive.common.presence import ArchiveWatch, Presence
from ytarchive.common.rows import fields_of
from ytarchive.common.scheduler import Scheduler
from ytarchive.common.supervision import Supervisor
from ytarchive.storage.adopt.api import AdoptionAPI
from ytarchive.storage.adopt.service import AdoptionService
from ytarchive.storage.api import StorageAPI
from ytarchive.storage.bins.bins import Bins
from ytarchive.storage.channels.api import ChannelsAPI
from ytarchive.storage.channels.service import ChannelsService
from ytarchive.storage.content.api import ContentAPI
from ytarchive.storage.content.service import ContentService
from ytarchive.storage.derived import Derived
from ytarchive.storage.export.api import ExportAPI
from ytarchive.storage.export.service import ExportService
from ytarchive.storage.history.api import HistoryAPI
from ytarchive.storage.history.service import HistoryService
from ytarchive.storage.identity.opening import record_in_library
from ytarchive.storage.intake.forming import Former
from ytarchive.storage.intake.models import FormedVideo, FormVideo
from ytarchive.storage.intake.videos import VideoStore
from ytarchive.storage.library.absent_captions import AbsentCaptions
from ytarchive.storage.library.descriptions import MetadataStore
from ytarchive.storage.library.existence import ExistsRequest, StoredVideos
from ytarchive.storage.library.lists import VideoLists
from ytarchive.storage.library.models import (
    SaveMetadata,
    SavePlaylist,
    SaveVideo,
    StorageLocation,
    StorageStats,
    StoredVideo,
    VideoExists,
    VideoQuery,
)
from ytarchive.storage.library.playlists import save_playlist
from ytarchive.storage.library.presence import check_files
from ytarchive.storage.library.repository import SCHEMA, Library
from ytarchive.storage.maintenance.rebuild import (
    Rebuilt,
    rebuild_open_library,
    restore_lost_library,
)
from ytarchive.storage.marks.api import MarksAPI
from ytarchive.storage.marks.service import MarksService
from ytarchive.storage.refreshes.api import RefreshesAPI
from ytarchive.storage.refreshes.service import RefreshesService
from ytarchive.storage.store import folders
from ytarchive.storage.store.changes import Changes
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.local import LocalMediaStore
from ytarchive.storage.store.media_store import MediaStore, has_space
from ytarchive.storage.store.split import SplitMediaStore
from ytarchive.storage.store.watching import WatchedOperations, databases_only
from ytarchive.storage.trash.api import TrashAPI
from ytarchive.storage.trash.removing import Remover
from ytarchive.storage.trash.restoring import Restorer
from ytarchive.storage.trash.service import TrashService
from ytarchive.storage.verify.api import VerificationAPI
from ytarchive.storage.verify.findings import Findings
from ytarchive.storage.verify.passes import VerificationPasses
from ytarchive.storage.verify.service import VerificationSchedule, Verifier
from ytarchive.storage.work_plans.api import WorkPlansAPI
from ytarchive.storage.work_plans.service import WorkPlans

T = TypeVar("T")
_CHECKS = ("database", "archive", "base_path_writable", "free_space")


class StorageService(WatchedOperations, StorageAPI):
    """Manages the archive. Created by `open`; only one process at a time may open it."""

    def __init__(
        self,
        config: StorageConfig,
        layout: Layout,
        store: MediaStore,
        database: Database,
        derived: Derived,
        presence: Presence | None = None,
    ) -> None:
        super().__init__(ArchiveWatch(presence))
        self._config = config
        self._changes = Changes()
        self._layout, self._store = layout, store
        self._database = database
        self._library = Library(database, layout)
        self._lists = VideoLists(database, layout)
        self._derived = derived
        self.search, self.feeds = derived.search, derived.feeds
        self.channels = self.search.channels
        self.known_channels = ChannelsService(layout, self._changes, self.watch)
        derived.views.connect(self._changes, self.known_channels)
        bins = Bins(store)
        self._absent = AbsentCaptions(database)
        self._videos = VideoStore(self._library, layout, bins, self._absent)
        self._former = Former(self._videos, config.min_free)
        self._descriptions = MetadataStore(self._library, layout, bins)
        self.plans = WorkPlans(database, layout, self._changes, self.watch)
        self._passes = VerificationPasses(database)
        findings = Findings(database, self.watch)
        self._remover = Remover(database, layout, self._videos, bins)
        restorer = Restorer(layout, self._library, self._videos, bins, findings, self._descriptions)
        removing = (restorer, self._remover, self._change)
        self._trash = TrashService(bins, *removing, config.trash_days, self.watch)
        verifying = (self._passes, findings, self._library, layout, self._changes.lock)
        self.verifier = Verifier(*verifying, bins, self._remover.forget_if_removed)
        self._marks = MarksService(database, layout, self._changes, self.watch)
        places = (layout, self._library, store, self._videos, self._descriptions, self._marks)
        self.adopter = AdoptionService(database, config, self.watch, self._change, *places)
        self._supervisor = Supervisor(self.service)
        self._started = time.monotonic()

    @classmethod
    async def open(
        cls,
        config: StorageConfig,
        presence: Presence | None = None,
        scheduler: Scheduler | None = None,
        media: MediaStore | None = None,
    ) -> Self:
        """Create the folders, open the library, and finish interrupted changes.

        A missing library is rebuilt from the files. `presence`: the archive that the folder must
        hold; None: the folder is not checked. `media`: the place of the videos, if another.
        Raises NotWritable, DiskFull, FileFailure, InvalidConfiguration or a database error.
        """
        layout = Layout.of(config)
        await asyncio.to_thread(folders.prepare, layout)
        store = SplitMediaStore(layout, media) if media else LocalMediaStore(layout)
        await restore_lost_library(layout, store, ArchiveWatch(presence))
        database = await Database.open(layout.database, SCHEMA)
        try:
            derived = await Derived.open(database, layout, store, config, ArchiveWatch(presence))
        except BaseException:
            await database.close()
            raise
        storage = cls(config, layout, store, database, derived, presence)
        try:
            if presence is not None:
                await record_in_library(database, presence.archive_id)
            await storage._videos.recover()
            await storage._former.recover()
            await storage._descriptions.recover()
            await storage._remover.recover()
            await storage._passes.stop_interrupted_passes()
            await storage.adopter.recover()
            await storage._settle()
        except BaseException:
            await storage.close()
            raise
        derived.start(storage._supervisor)
        schedule = VerificationSchedule(storage.verifier, storage._passes, storage.watch, config)
        scheduler = scheduler or Scheduler()
        for duty in (schedule.duty, storage._trash.duty):
            scheduler.add(duty, storage._supervisor)
        return storage

    async def close(self) -> None:
        """Stop verification and adoption, finish running changes, then close the library."""
        users = (self._supervisor.stop, self.adopter.close, self.verifier.close)
        parts = (self.known_channels.close, self._changes.close, self._derived.close)
        for close in (*users, *parts, self._database.close):
            await close()

    def subjects(self) -> Mapping[type[Contract], Contract]:
        """Return the implementations of the service's other contracts."""
        layout, database, changes, watch = self._layout, self._database, self._changes, self.watch
        return {
            TrashAPI: self._trash,
            VerificationAPI: self.verifier,
            AdoptionAPI: self.adopter,
            WorkPlansAPI: self.plans,
            **self._derived.subjects(),
            HistoryAPI: HistoryService(database, layout, changes, watch),
            RefreshesAPI: RefreshesService(database, self._descriptions, changes, watch),
            ContentAPI: ContentService(self._library, layout, self._store, watch),
            ChannelsAPI: self.known_channels,
            ExportAPI: ExportService(database, layout, self._store, self.channels, watch),
            MarksAPI: self._marks,
        }

    async def save_metadata(self, request: SaveMetadata) -> StorageLocation:
        async def save() -> StorageLocation:
            async with self._changes.lock(request.metadata.video_id):
                return (await self._descriptions.save(request.metadata)).location

        location = await self._changes.run_to_end(save())
        self._derived.notify()
        return location

    async def rebuild(self) -> Rebuilt:
        """Rebuild the open library; changes wait. Raises Conflict during another pass."""
        return await self._changes.alone(self._rebuild)

    async def _rebuild(self) -> Rebuilt:
        async with self.watch.checked(), self.verifier.paused(), self.adopter.paused():
            await self._videos.recover()
            await self._remover.recover()
            parts = (self._database, self._layout, self._store, self.watch)
            rebuilt = await rebuild_open_library(*parts)
            await self._settle()
        await self._derived.begin_again()
        return rebuilt

    async def _settle(self) -> None:
        """Adapt the marks, work plans and metrics to the stored videos."""
        await self._remover.settle()
        await self.plans.resolve_stored()
        await self.plans.write_missing_files()
        await self._library.measure()

    async def save_playlist(self, request: SavePlaylist) -> Done:
        return await self._changes.run_to_end(self._save_playlist(request))

    async def _save_playlist(self, request: SavePlaylist) -> Done:
        if await save_playlist(request, self._layout, self._library):
            self._derived.notify()
        return Done()

    async def save_video(self, request: SaveVideo) -> StorageLocation:
        return await self._change(request.video_id, lambda: self._remover.save(request))

    async def form_video(self, request: FormVideo) -> FormedVideo:
        return await self._change(request.video_id, lambda: self._former.form(request))

    async def video_exists(self, video_id: str) -> VideoExists:
        try:
            location = await self._videos.locate(video_id)
        except NotFound:
            return VideoExists(video_id=video_id, exists=False)
        exists = location.video_path is not None
        return VideoExists(video_id=video_id, exists=exists, location=location)

    async def videos_exist(self, request: ExistsRequest) -> StoredVideos:
        registered, marked = await self._library.stored_among(request.video_ids)
        seen = await check_files(registered, self._layout, self._store)
        stored = {each: registered[each] for each in seen.stored}
        lost = registered.keys() - seen.stored - seen.failed
        marked.removed.update(await self._remover.removed_among(lost))
        return seen.answer(request, await self._absent.lacking(stored, request), stored, marked)

    @databases_only
    async def list_videos(self, request: VideoQuery) -> Page[StoredVideo]:
        return await self._lists.page(await self.channels.resolved(request))

    async def get_metadata(self, video_id: str) -> VideoMetadata:
        return await self._descriptions.get(video_id)

    async def get_stats(self) -> StorageStats:
        totals = await self._library.totals()
        disk = await self._store.space(self._config.min_free)
        return StorageStats(
            **fields_of(StorageStats, totals),
            search_pending=await self.search.pending(),
            base_path=str(self._layout.base),
            free_bytes=disk.free,
            capacity_bytes=disk.capacity,
            min_free_bytes=disk.kept,
            is_low_on_space=disk.left < 0,
        )

    @databases_only
    async def health(self) -> HealthCheck:
        # Run concurrently: under load, each switch between threads is slow.
        found = await asyncio.gather(
            self._database.is_usable(),
            self.watch.is_there(),
            asyncio.to_thread(folders.is_writable, self._layout.base),
            has_space(self._store, self._config.min_free),
        )
        checks = dict(zip(_CHECKS, found, strict=True))
        failing = self._supervisor.problems()
        return HealthCheck.of(self.service, checks, since=self._started, problems=failing)

    async def _change(self, video_id: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run a change of a video to its end, holding the video's lock."""
        return await self._changes.run_to_end(self._changed(video_id, work))

    async def _changed(self, video_id: str, work: Callable[[], Awaitable[T]]) -> T:
        async with self._changes.lock(video_id), self._remover.around(video_id):
            result = await work()
        await self.plans.resolve(video_id)
        self._derived.notify()
        return result
