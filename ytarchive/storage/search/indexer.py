"""Brings what was stored into the search index, behind everybody's back.

The library counts its changes, and the index notes up to which of them it has come in the same
commit as what it took in: what a crash cuts short is taken in at the next start.
"""

import asyncio
import json
import time

from loguru import logger

from ytarchive.common.database import Database, Row
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.rows import all_readable
from ytarchive.common.supervision import mark_working
from ytarchive.storage.search.documents import Change, Document, document_of, headline_of
from ytarchive.storage.search.index import SearchIndex
from ytarchive.storage.store.layout import Layout

log = logger.bind(service="storage")

_AT_ONCE = 100
_GATHER = 0.5
"""Seconds to wait after a change: metadata, media and captions of a video come shortly after."""
_LOOK_AGAIN = 30.0


class Indexer:
    """Follows the library's changes: `follow` again and again, or `catch_up` once."""

    def __init__(
        self, index: SearchIndex, library: Database, layout: Layout, watch: ArchiveWatch
    ) -> None:
        self._index = index
        self._library = library
        self._layout = layout
        self._watch = watch
        self._changed = asyncio.Event()

    def notice(self) -> None:
        """Something has changed."""
        self._changed.set()

    async def pending(self) -> int:
        """How many videos have changes that are not in the index yet."""
        counted = await self._library.fetch_all("count_changes", {"after": self._index.revision})
        return int(counted[0]["videos"])

    async def follow(self) -> None:
        """Index what is pending, with half of the time left to others; wait for a change."""
        await self.catch_up(rest=1.0)
        mark_working()
        await self._next_change()

    async def catch_up(self, *, rest: float = 0.0) -> None:
        """Index everything that is pending. `rest`: time to sleep for each time spent reading."""
        done = 0
        while rows := await self._next_changes():
            async with self._watch.over():  # or captions of a missing disk would count as none
                documents = await self._documents(rows, rest)
            await self._index.take_in(documents, rows[-1]["revision"])
            done += len(documents)
        if done:
            log.debug("{} videos indexed", done)

    async def _documents(self, rows: list[Row], rest: float) -> list[Document]:
        documents = []
        for change in all_readable(rows, _change, lambda row: f"video {row['video_id']}"):
            began = time.monotonic()
            documents.append(await asyncio.to_thread(self._document, change))
            await asyncio.sleep(rest * (time.monotonic() - began))
        return documents

    async def _next_change(self) -> None:
        """Wait for a change; not all of them are told, so look from time to time."""
        try:
            async with asyncio.timeout(_LOOK_AGAIN):
                await self._changed.wait()
        except TimeoutError:
            return
        await asyncio.sleep(_GATHER)
        self._changed.clear()

    async def _next_changes(self) -> list[Row]:
        page = {"after": self._index.revision, "limit": _AT_ONCE}
        return await self._library.fetch_all("list_changes", page)

    def _document(self, change: Change) -> Document:
        """What can be read; one video that is a riddle must not keep all others waiting."""
        try:
            return document_of(change, self._layout)
        except Exception:  # whatever is in the files
            log.exception("{}: only its headline is indexed", change.video_id)
            return headline_of(change)


def _change(row: Row) -> Change:
    change = Change(**dict(row) | {"captions": sorted(json.loads(row["captions"]))})
    headline_of(change)  # which fails for values that a damaged row may have
    return change
