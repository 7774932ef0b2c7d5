"""Implements the contract of the trash and the quarantine."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol, TypeVar

from loguru import logger

from ytarchive.common.errors import YTArchiveError
from ytarchive.common.models import Page
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.scheduler import Duty
from ytarchive.storage.bins.bins import Bins
from ytarchive.storage.bins.models import (
    BinName,
    Emptied,
    EmptyTrash,
    Restored,
    RestoreItem,
    TrashItem,
    TrashQuery,
)
from ytarchive.storage.store.watching import WatchedOperations
from ytarchive.storage.trash.api import TrashAPI
from ytarchive.storage.trash.models import Removed, RemovedVideo, RemoveVideos
from ytarchive.storage.trash.removing import Remover
from ytarchive.storage.trash.restoring import Restorer

log = logger.bind(service="storage")

T = TypeVar("T")


class Changing(Protocol):
    """Runs a change of a video to its end while holding the video's lock."""

    async def __call__(self, video_id: str, work: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `work`."""
        ...


class TrashService(WatchedOperations, TrashAPI):
    """The trash and the quarantine of the archive."""

    def __init__(
        self,
        bins: Bins,
        restorer: Restorer,
        remover: Remover,
        changing: Changing,
        days: float,
        watch: ArchiveWatch,
    ) -> None:
        super().__init__(watch)
        self._bins = bins
        self._restorer = restorer
        self._remover = remover
        self._changing = changing
        self._kept = timedelta(days=days)

    async def list_trash(self, request: TrashQuery) -> Page[TrashItem]:
        return await self._page(BinName.TRASH, request)

    async def get_trash_item(self, item_id: str) -> TrashItem:
        return self._shown(await self._bins.read(BinName.TRASH, item_id))

    async def restore_from_trash(self, item_id: str, request: RestoreItem) -> Restored:
        return await self._restore(BinName.TRASH, item_id, replace=request.replace)

    async def empty_trash(self, request: EmptyTrash) -> Emptied:
        older_than = timedelta(days=request.older_than_days)
        emptied = await self._bins.empty(older_than, request.item_ids)
        log.info("deleted {} items of the trash, {} bytes", emptied.items, emptied.size_bytes)
        return emptied

    async def remove_videos(self, request: RemoveVideos) -> Removed:
        videos = [
            await self._remove(video_id, request) for video_id in dict.fromkeys(request.video_ids)
        ]
        return Removed(videos=videos)

    async def _remove(self, video_id: str, request: RemoveVideos) -> RemovedVideo:
        async def work() -> RemovedVideo:
            return await self._remover.remove(video_id, request)

        try:
            return await self._changing(video_id, work)
        except YTArchiveError as error:
            log.info("{}: not removed: {}", video_id, error.message)
            return RemovedVideo(video_id=video_id, error=error.detail())

    async def list_quarantine(self, request: TrashQuery) -> Page[TrashItem]:
        return await self._page(BinName.QUARANTINE, request)

    async def get_quarantine_item(self, item_id: str) -> TrashItem:
        return await self._bins.read(BinName.QUARANTINE, item_id)

    async def restore_from_quarantine(self, item_id: str, request: RestoreItem) -> Restored:
        return await self._restore(BinName.QUARANTINE, item_id, replace=request.replace)

    @property
    def duty(self) -> Duty:
        """Return the duty that purges the trash, which commands run too."""
        return Duty("retention of the trash", self.purge, 3600.0, in_commands=True)

    async def purge(self) -> None:
        """Delete the items of the trash that are older than `storage.trash_days`."""
        async with self.watch.checked():
            emptied = await self._bins.empty(self._kept)
        if emptied.items:
            log.info("purged {} items of the trash", emptied.items)

    async def _restore(self, bin_name: BinName, item_id: str, *, replace: bool) -> Restored:
        item = await self._bins.read(bin_name, item_id)

        async def work() -> Restored:
            return await self._restorer.restore(bin_name, item_id, replace=replace)

        return await self._changing(item.video_id or "", work)

    async def _page(self, bin_name: BinName, query: TrashQuery) -> Page[TrashItem]:
        found = await self._take(bin_name, query)
        items = [self._shown(item) for item in found[: query.limit]]
        return Page(items=items, next_cursor=items[-1].id if len(found) > query.limit else None)

    async def _take(self, bin_name: BinName, query: TrashQuery) -> list[TrashItem]:
        found: list[TrashItem] = []
        async for item in self._bins.items(bin_name, query.cursor):
            if query.video_id in {None, item.video_id}:
                found.append(item)
            if len(found) > query.limit:
                break
        return found

    def _shown(self, item: TrashItem) -> TrashItem:
        if item.bin is BinName.QUARANTINE:
            return item
        return item.model_copy(update={"deleted_at": item.moved_at + self._kept})
