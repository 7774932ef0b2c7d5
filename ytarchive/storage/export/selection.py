"""Reads the exported videos and their files from the library, in batches."""

import json
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from ytarchive.common.database import Database, Row
from ytarchive.common.errors import DatabaseCorrupt
from ytarchive.common.rows import all_readable, fields_of, left_out
from ytarchive.storage.export.models import ExportedFile, ExportedVideo

T = TypeVar("T")

BATCH = 500


class Selection:
    """The stored videos of a channel, of a list of ids, or all.

    `channel`: its id or title. `video_ids`: in the order of the export.
    """

    def __init__(
        self, database: Database, channel: str | None, video_ids: list[str] | None
    ) -> None:
        self._database = database
        self._channel = channel
        self._video_ids = video_ids

    async def videos(self) -> AsyncIterator[list[ExportedVideo]]:
        """Yield the videos without their files. Raises DatabaseCorrupt for unreadable rows."""
        async for rows in self._rows():
            yield _all(rows, _video)

    async def with_files(self) -> AsyncIterator[list[ExportedVideo]]:
        """Yield the videos with their files. Raises DatabaseCorrupt for unreadable rows."""
        async for videos in self.videos():
            ids = json.dumps([video.video_id for video in videos])
            files: dict[str, list[ExportedFile]] = {}
            rows = await self._database.fetch_all("exported_files", {"video_ids": ids})
            for video_id, file in _all(rows, lambda row: (str(row["video_id"]), _file(row))):
                files.setdefault(video_id, []).append(file)
            yield [
                video.model_copy(update={"files": files.get(video.video_id, [])})
                for video in videos
            ]

    async def _rows(self) -> AsyncIterator[list[Row]]:
        if self._video_ids is None:
            async for rows in self._by_number():
                yield rows
            return
        for start in range(0, len(self._video_ids), BATCH):
            values = {
                "video_ids": json.dumps(self._video_ids[start : start + BATCH]),
                "channel": self._channel,
            }
            yield await self._database.fetch_all("listed_exports", values)

    async def _by_number(self) -> AsyncIterator[list[Row]]:
        """Yield all videos by number, which never changes: each is exported once."""
        reached = 0
        while True:
            values = {"reached": reached, "channel": self._channel, "limit": BATCH}
            rows = await self._database.fetch_all("exported_videos", values)
            if not rows:
                return
            yield rows
            reached = rows[-1]["number"]


def _all(rows: list[Row], read: Callable[[Row], T]) -> list[T]:
    """Return what all rows contain: an export is complete or fails. Raises DatabaseCorrupt."""
    with left_out() as damaged:
        found = all_readable(rows, read, lambda row: f"video {row['video_id']}")
    if damaged:
        names = ", ".join(damaged[:5])
        remedy = "`ytarchive rebuild` restores them; then export again"
        raise DatabaseCorrupt(f"the rows of {names} in library.db cannot be read: {remedy}")
    return found


def _video(row: Row) -> ExportedVideo:
    known = fields_of(ExportedVideo, row)
    known["missing"] = json.loads(row["missing"] or "[]")
    return ExportedVideo(**known, url=f"https://www.youtube.com/watch?v={row['video_id']}")


def _file(row: Row) -> ExportedFile:
    return ExportedFile(**fields_of(ExportedFile, row) | {"sha256": bytes(row["sha256"]).hex()})
