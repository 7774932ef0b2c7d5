"""The marks of videos: files, which are authoritative, and rows, which make lists fast."""

import asyncio
import json
from collections.abc import Collection, Sequence

from loguru import logger

from ytarchive.common import filesystem
from ytarchive.common.database import Database
from ytarchive.common.errors import FileFailure
from ytarchive.storage.marks.models import (
    KnownMarked,
    KnownVideos,
    MarkedVideo,
    marks_of,
    marks_row,
    write_known,
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
        known = await self.known_among([video_id])
        return await asyncio.to_thread(marks_of, self._layout, video_id, known.get(video_id))

    async def write(self, marked: MarkedVideo) -> None:
        """Write the file before the row, so that a rebuilt library has the marks."""
        await asyncio.to_thread(write_marks, self._layout, [marked])
        await self._database.execute("upsert_marks", marks_row(marked))

    async def set_removed(self, video_id: str, *, removed: bool) -> None:
        """Set or clear the mark `removed`; the other marks stay."""
        marked = await self.read(video_id)
        if marked.removed != removed:
            await self.write(marked.model_copy(update={"removed": removed}))

    async def known_among(self, video_ids: Collection[str]) -> dict[str, str]:
        """Return the places outside the archive that the rows of videos have."""
        asked = {"video_ids": json.dumps(list(video_ids))}
        rows = await self._database.fetch_all("known_among", asked)
        return {row["video_id"]: row["known_elsewhere"] for row in rows}

    async def mark_known(self, video_ids: Sequence[str], place: str) -> KnownMarked:
        """Record the place of videos outside the archive; an earlier place stays."""
        earlier = await self.known_among(video_ids)
        asked = [each for each in video_ids if each not in earlier]
        marked, failed = await asyncio.to_thread(self._write_known, asked, place)
        rows = [marks_row(each) for each in marked]
        await self._database.write(lambda writer: writer.execute_many("upsert_marks", rows))
        before = len(video_ids) - len(marked) - len(failed)
        return KnownMarked(marked=len(marked), known_before=before, failed=failed)

    def _write_known(
        self, video_ids: Sequence[str], place: str
    ) -> tuple[list[MarkedVideo], list[str]]:
        """Write the place into the files that videos have, and one file for the other videos."""
        new: list[str] = []
        changed: list[MarkedVideo] = []
        failed: list[str] = []
        for video_id in video_ids:
            if not filesystem.exists(self._layout.marks_file(video_id)):
                new.append(video_id)
                continue
            try:
                marked = marks_of(self._layout, video_id, None)
            except FileFailure as error:
                log.error("{}", error.message)
                failed.append(video_id)
                continue
            if marked.known_elsewhere is None:
                changed.append(marked.model_copy(update={"known_elsewhere": place}))
        write_marks(self._layout, changed)
        if new:
            write_known(self._layout, KnownVideos(video_ids=new, place=place))
        added = [MarkedVideo(video_id=each, known_elsewhere=place) for each in new]
        return [*changed, *added], failed
