"""The search of one archive: the index, its indexer and its finder."""

import asyncio
from typing import Self

from ytarchive.common.database import Database
from ytarchive.common.presence import ArchiveWatch
from ytarchive.storage.library.channels import ChannelNames
from ytarchive.storage.library.repository import Library
from ytarchive.storage.search.api import SearchAPI
from ytarchive.storage.search.finder import Finder
from ytarchive.storage.search.index import SearchIndex
from ytarchive.storage.search.indexer import Indexer
from ytarchive.storage.search.models import SearchQuery, SearchResults
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore


class Search(SearchAPI):
    """The index of one library, its indexer and its finder. Created by `open`."""

    def __init__(
        self,
        index: SearchIndex,
        library: Database,
        layout: Layout,
        store: MediaStore,
        watch: ArchiveWatch,
    ) -> None:
        self.channels = ChannelNames()
        """Resolves names of channels in queries."""
        self._index = index
        self._indexer = Indexer(index, library, layout, store, watch)
        self._finder = Finder(index, Library(library, layout), layout)
        self.notice = self._indexer.notice
        self.pending = self._indexer.pending

    @classmethod
    async def open(
        cls, library: Database, layout: Layout, store: MediaStore, watch: ArchiveWatch
    ) -> Self:
        """Open the index of the library, or create one."""
        [state] = await library.fetch_all("search_state")
        library_id, newest = state["library_id"], state["newest"]
        index = await SearchIndex.open(layout.search_index, library_id, newest)
        return cls(index, library, layout, store, watch)

    @classmethod
    async def reading(cls, library: Database, layout: Layout, store: MediaStore) -> Self:
        """Open the existing index for reading; it may be older than the library."""
        [state] = await library.fetch_all("search_state")
        index = await SearchIndex.reading(layout.search_index, state["library_id"], state["newest"])
        return cls(index, library, layout, store, ArchiveWatch(None))

    async def follow(self) -> None:
        """Index pending changes, then wait for the next change. Callers repeat this."""
        await self._indexer.follow()

    async def catch_up(self) -> None:
        """Index all pending changes without pauses."""
        await self._indexer.catch_up()

    async def search(self, request: SearchQuery) -> SearchResults:
        query = await self.channels.resolved(request)
        results, pending = await asyncio.gather(self._finder.find(query), self.pending())
        return results.model_copy(update={"pending": pending})

    async def close(self) -> None:
        """Close the index; pending changes are indexed after the next start."""
        await self._index.close()
