"""The marks of videos: files, which are authoritative, and rows, which make lists fast."""

import asyncio

from ytarchive.common.database import Database
from ytarchive.common.errors import NotFound
from ytarchive.storage.marks.models import MarkedVideo, marks_row, read_marks, write_marks
from ytarchive.storage.store.layout import Layout


class MarkRecords:
    """Reads and writes marks. Callers of `write` hold the lock of the video."""

    def __init__(self, database: Database, layout: Layout) -> None:
        self._database = database
        self._layout = layout

    async def read(self, video_id: str) -> MarkedVideo:
        """Return the marks of a video; all are unset if there are none. Raises FileFailure."""
        try:
            return await asyncio.to_thread(read_marks, self._layout.marks_file(video_id))
        except NotFound:
            return MarkedVideo(video_id=video_id)

    async def write(self, marked: MarkedVideo) -> None:
        """Write the file before the row, so that a rebuilt library has the marks."""
        await asyncio.to_thread(write_marks, self._layout, [marked])
        await self._database.execute("upsert_marks", marks_row(marked))

    async def set_removed(self, video_id: str, *, removed: bool) -> None:
        """Set or clear the mark `removed`; the other marks stay."""
        marked = await self.read(video_id)
        if marked.removed != removed:
            await self.write(marked.model_copy(update={"removed": removed}))
