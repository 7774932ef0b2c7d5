"""The marks of videos: files, which are authoritative, and rows, which make lists fast."""

import asyncio
from collections.abc import Sequence

from loguru import logger

from ytarchive.common.database import Database
from ytarchive.common.errors import FileFailure, NotFound
from ytarchive.storage.marks.models import (
    KnownMarked,
    MarkedVideo,
    marks_row,
    read_marks,
    write_marks,
)
from ytarchive.storage.store.layout import Layout

log = logger.bind(service="storage")


class MarkRecords:
    """Reads and writes marks. Callers of `write` hold the lock of the video."""

    def __init__(self, database: Database, layout: Layout) -> None:
        self._database = database
        self._layout = layout

    async def read(self, video_id: str) -> MarkedVideo:
        """Return the marks of a video; all are unset if there are none. Raises FileFailure."""
        return await asyncio.to_thread(self._read, video_id)

    async def write(self, marked: MarkedVideo) -> None:
        """Write the file before the row, so that a rebuilt library has the marks."""
        await asyncio.to_thread(write_marks, self._layout, [marked])
        await self._database.execute("upsert_marks", marks_row(marked))

    async def set_removed(self, video_id: str, *, removed: bool) -> None:
        """Set or clear the mark `removed`; the other marks stay."""
        marked = await self.read(video_id)
        if marked.removed != removed:
            await self.write(marked.model_copy(update={"removed": removed}))

    async def mark_known(self, video_ids: Sequence[str], place: str) -> KnownMarked:
        """Record the place of videos outside the archive; an earlier place stays."""
        marked, failed = await asyncio.to_thread(self._write_known, video_ids, place)
        rows = [marks_row(each) for each in marked]
        await self._database.write(lambda writer: writer.execute_many("upsert_marks", rows))
        before = len(video_ids) - len(marked) - len(failed)
        return KnownMarked(marked=len(marked), known_before=before, failed=failed)

    def _write_known(
        self, video_ids: Sequence[str], place: str
    ) -> tuple[list[MarkedVideo], list[str]]:
        marked: list[MarkedVideo] = []
        failed: list[str] = []
        for video_id in video_ids:
            try:
                earlier = self._read(video_id)
            except FileFailure as error:
                log.error("{}", error.message)
                failed.append(video_id)
                continue
            if earlier.known_elsewhere is None:
                marked.append(earlier.model_copy(update={"known_elsewhere": place}))
        write_marks(self._layout, marked)
        return marked, failed

    def _read(self, video_id: str) -> MarkedVideo:
        try:
            return read_marks(self._layout.marks_file(video_id))
        except NotFound:
            return MarkedVideo(video_id=video_id)
