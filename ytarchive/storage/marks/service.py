"""Implements the contract of the marks."""

import json
from contextlib import AsyncExitStack

from ytarchive.common.cursors import video_cursor
from ytarchive.common.database import Database, Row
from ytarchive.common.errors import Conflict
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.models import Page
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.rows import fields_of
from ytarchive.storage.marks.api import MarksAPI
from ytarchive.storage.marks.models import (
    KnownMarked,
    KnownVideos,
    MarkedVideo,
    MarksQuery,
    VideoMarks,
)
from ytarchive.storage.marks.records import MarkRecords
from ytarchive.storage.store.changes import Changes
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.watching import WatchedOperations, databases_only


class MarksService(WatchedOperations, MarksAPI):
    """The marks of the archive's videos."""

    def __init__(
        self, database: Database, layout: Layout, changes: Changes, watch: ArchiveWatch
    ) -> None:
        super().__init__(watch)
        self._database = database
        self._records = MarkRecords(database, layout)
        self._changes = changes

    @databases_only
    async def list_marks(self, request: MarksQuery) -> Page[MarkedVideo]:
        async def fetch(count: int) -> list[Row]:
            values = request.model_dump() | {"limit": count}
            return await self._database.fetch_all("list_marks", values)

        return await _MARKS.page(request.limit, fetch)

    async def get_marks(self, video_id: str) -> MarkedVideo:
        return await self._records.read(video_id)

    async def set_marks(self, video_id: str, request: VideoMarks) -> MarkedVideo:
        return await self._changes.run_to_end(self._set(video_id, request))

    async def mark_known(self, request: KnownVideos) -> KnownMarked:
        asked = list(dict.fromkeys(request.video_ids))
        stored = await self._stored(asked)
        others = [each for each in asked if each not in stored]
        done = await self._changes.run_to_end(self._mark_known(others, request.place))
        return done.model_copy(update={"stored": [each for each in asked if each in stored]})

    async def _stored(self, video_ids: list[str]) -> set[str]:
        parameters = {"video_ids": json.dumps(video_ids)}
        rows = await self._database.fetch_all("stored_ids", parameters)
        return {row["video_id"] for row in rows}

    async def _mark_known(self, video_ids: list[str], place: str) -> KnownMarked:
        async with AsyncExitStack() as held:
            for video_id in sorted(video_ids):
                await held.enter_async_context(self._changes.lock(video_id))
            return await self._records.mark_known(video_ids, place)

    async def _set(self, video_id: str, request: VideoMarks) -> MarkedVideo:
        async with self._changes.lock(video_id):
            if request.removed and await self._stored([video_id]):
                raise Conflict(
                    f"{video_id} is stored: `ytarchive storage remove {video_id}` removes it"
                )
            marked = _with_place(request, await self._records.read(video_id))
            await self._records.write(marked)
        return marked


def _with_place(request: VideoMarks, earlier: MarkedVideo) -> MarkedVideo:
    """Return new marks with the place in views that the video has. Raises Conflict."""
    marks = request.model_dump()
    if earlier.episode_path is not None:
        if request.episode not in {None, earlier.episode}:
            raise Conflict(
                f"{earlier.video_id} is episode {earlier.episode} in media-server views, and media "
                "servers would forget what was watched if that changed"
            )
        marks["episode"] = earlier.episode
    place = {"season": earlier.season, "episode_path": earlier.episode_path}
    return MarkedVideo(video_id=earlier.video_id, **marks, **place)


def _marked(row: Row) -> MarkedVideo:
    return MarkedVideo(**fields_of(MarkedVideo, row))


def _name(row: Row) -> str:
    return f"the marks of video {row['video_id']}"


_MARKS = Listing(
    name=_name, place=lambda row: video_cursor(row["video_id"]), read=read_alone(_marked, _name)
)
