"""Updates the search index in the background.

The library numbers its changes. The index commits the number of the last indexed change together
with the documents, so indexing resumes there after a crash.
"""

import asyncio
import json
import time
from contextlib import suppress

from loguru import logger

from ytarchive.common.database import Database, Row
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.rows import all_readable
from ytarchive.common.supervision import mark_working
from ytarchive.storage.search.documents import (
    Change,
    Document,
    document_of,
    headline_of,
    sources_of,
)
from ytarchive.storage.search.index import SearchIndex
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore

log = logger.bind(service="storage")

_AT_ONCE = 100
_GATHER = 0.5
"""Seconds to wait after a change, so that further changes of a video are indexed together."""


class Indexer:
    """Indexes the library's changes: call `follow` repeatedly, or `catch_up` once."""

    def __init__(
        self,
        index: SearchIndex,
        library: Database,
        layout: Layout,
        store: MediaStore,
        watch: ArchiveWatch,
    ) -> None:
        self._index = index
        self._library = library
        self._layout = layout
        self._store = store
        self._watch = watch
        self._changed = asyncio.Event()
        self._indexed = asyncio.Event()
        self._turn = asyncio.Lock()

    def notify(self) -> None:
        """Signal that the library has changed."""
        self._changed.set()

    async def wait(self, seconds: float) -> None:
        """Wait until every change is indexed, at most for this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                self._indexed.clear()
                while await self.pending():
                    await self._indexed.wait()
                    self._indexed.clear()

    async def pending(self) -> int:
        """Return the number of videos with changes that are not indexed yet."""
        counted = await self._library.fetch_all("count_changes", {"after": self._index.revision})
        return int(counted[0]["videos"])

    async def follow(self) -> None:
        """Index pending changes, sleeping half of the time, then wait for the next change."""
        await self.catch_up(rest=1.0)
        mark_working()
        await self._next_change()

    async def catch_up(self, *, rest: float = 0.0) -> None:
        """Index all pending changes. `rest`: seconds to sleep per second spent reading."""
        done = 0
        while indexed := await self._index_next(rest):
            done += indexed
        if done:
            log.debug("{} videos indexed", done)

    async def begin_again(self) -> None:
        """Empty the index, because another library has replaced the one that it belongs to."""
        async with self._turn:
            [state] = await self._library.fetch_all("search_state")
            await self._index.begin_again(state["library_id"])
        self.notify()

    async def _index_next(self, rest: float) -> int:
        """Index the next changes. Return their number."""
        async with self._turn:
            rows = await self._next_changes()
            if rows:
                async with self._watch.checked():  # or captions on a lost disk are dropped
                    documents = await self._documents(rows, rest)
                await self._index.take_in(documents, rows[-1]["revision"])
                self._indexed.set()
            return len(rows)

    async def _documents(self, rows: list[Row], rest: float) -> list[Document]:
        documents = []
        for change in all_readable(rows, _change, lambda row: f"video {row['video_id']}"):
            began = time.monotonic()
            documents.append(await self._document(change))
            await asyncio.sleep(rest * (time.monotonic() - began))
        return documents

    async def _next_change(self) -> None:
        """Wait for a change, for a limited time because not every change is signalled."""
        try:
            async with asyncio.timeout(30.0):
                await self._changed.wait()
        except TimeoutError:
            return
        await asyncio.sleep(_GATHER)
        self._changed.clear()

    async def _next_changes(self) -> list[Row]:
        page = {"after": self._index.revision, "limit": _AT_ONCE}
        return await self._library.fetch_all("list_changes", page)

    async def _document(self, change: Change) -> Document:
        """Return the document of a video; a video that cannot be read must not block the others."""
        try:
            sources = await sources_of(change, self._layout, self._store)
            return await asyncio.to_thread(document_of, change, sources)
        except Exception:  # files can have any content
            log.exception("{}: only its title is indexed", change.video_id)
            return headline_of(change)


def _change(row: Row) -> Change:
    change = Change(**dict(row) | {"captions": dict(sorted(json.loads(row["captions"]).items()))})
    headline_of(change)  # raises an error for the values of a damaged row
    return change
