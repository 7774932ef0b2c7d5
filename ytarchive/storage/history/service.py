"""Implements the contract of the history."""

import asyncio

from ytarchive.common.database import Database, Writer
from ytarchive.common.errors import FileFailure, NotFound
from ytarchive.common.json_text import stored_json
from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import Done, to_micros, utc_now
from ytarchive.common.presence import ArchiveWatch
from ytarchive.storage.history.api import HistoryAPI
from ytarchive.storage.history.losses import loss_of
from ytarchive.storage.history.models import HistoryEntry, HistoryKind, VideoHistory
from ytarchive.storage.history.records import HistoryRecords
from ytarchive.storage.history.versions import history_of
from ytarchive.storage.store import files
from ytarchive.storage.store.changes import Changes
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.watching import WatchedOperations


class HistoryService(WatchedOperations, HistoryAPI):
    """The history of the archive's videos."""

    def __init__(
        self, database: Database, layout: Layout, changes: Changes, watch: ArchiveWatch
    ) -> None:
        super().__init__(watch)
        self._database = database
        self._layout = layout
        self._records = HistoryRecords(layout)
        self._changes = changes

    async def get_history(self, video_id: str) -> list[HistoryEntry]:
        return await asyncio.to_thread(self._records.read, video_id)

    async def get_versions(self, video_id: str) -> VideoHistory:
        return await asyncio.to_thread(self._read_versions, video_id)

    async def add_history(self, video_id: str, request: HistoryEntry) -> Done:

        async def add() -> Done:
            async with self._changes.lock(video_id):
                await asyncio.to_thread(self._records.append, video_id, [request])
                if request.kind is HistoryKind.AVAILABILITY:
                    await self._note_availability(video_id, request)
            return Done()

        return await self._changes.run_to_end(add())

    def _read_versions(self, video_id: str) -> VideoHistory:
        recorded = self._records.read(video_id)
        try:
            content = files.read(self._layout.metadata_file(video_id))
            present = VideoMetadata.model_validate(stored_json(content))
        except NotFound:
            if not recorded:
                raise NotFound(f"nothing is known of {video_id}") from None
            present = None
        except ValueError as error:
            path = self._layout.metadata_file(video_id)
            raise FileFailure(f"{path} is damaged; fetch the metadata again") from error
        return history_of(video_id, recorded, present)

    async def _note_availability(self, video_id: str, evidence: HistoryEntry) -> None:
        """Record whether the video is lost. If it is available again, it is refreshed soon."""
        loss, now = loss_of(video_id, evidence), to_micros(utc_now())

        def note(writer: Writer) -> None:
            if loss is not None:
                writer.execute("set_lost", loss)
                return
            writer.execute("end_lost", {"video_id": video_id})
            if evidence.data.get("state") == "available":
                writer.execute("refresh_soon", {"video_id": video_id, "now": now})

        await self._database.write(note)
