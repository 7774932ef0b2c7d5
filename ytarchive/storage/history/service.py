"""Implements the contract of the history."""

import asyncio

from ytarchive.common.models import Done
from ytarchive.common.presence import ArchiveWatch
from ytarchive.storage.history.api import HistoryAPI
from ytarchive.storage.history.models import HistoryEntry
from ytarchive.storage.history.records import HistoryRecords
from ytarchive.storage.store.changes import Changes
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.watching import WatchedOperations


class HistoryService(WatchedOperations, HistoryAPI):
    """The history of the archive's videos."""

    def __init__(self, layout: Layout, changes: Changes, watch: ArchiveWatch) -> None:
        super().__init__(watch)
        self._records = HistoryRecords(layout)
        self._changes = changes

    async def get_history(self, video_id: str) -> list[HistoryEntry]:
        return await asyncio.to_thread(self._records.read, video_id)

    async def add_history(self, video_id: str, request: HistoryEntry) -> Done:

        async def add() -> Done:
            async with self._changes.lock(video_id):
                await asyncio.to_thread(self._records.append, video_id, [request])
            return Done()

        return await self._changes.run_to_end(add())
