"""The search of one archive: the index, its indexer and its finder."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self, TypeVar

from ytarchive.common.channel_lists import is_channel_name
from ytarchive.common.database import Database
from ytarchive.common.errors import InvalidIdentifier, SourceGone
from ytarchive.common.identifiers import parse_channel
from ytarchive.common.presence import ArchiveWatch
from ytarchive.storage.library.models import VideoFilter
from ytarchive.storage.library.repository import Library
from ytarchive.storage.search.api import SearchAPI
from ytarchive.storage.search.finder import Finder
from ytarchive.storage.search.index import SearchIndex
from ytarchive.storage.search.indexer import Indexer
from ytarchive.storage.search.models import SearchQuery, SearchResults
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore

F = TypeVar("F", bound=VideoFilter)

ChannelLookup = Callable[[str], Awaitable[str]]
"""Returns a channel's id by its @handle or older name. Raises SourceGone if there is none."""


class ChannelNames:
    """Replaces the channel name in a filter with the channel's id."""

    def __init__(self) -> None:
        self.look_up: ChannelLookup | None = None
        """Set by the code that opens the services, because Storage calls no other service."""

    async def resolved(self, query: F) -> F:
        """Return the query with the id of its channel, or with the title if it has one.

        A handle without a channel is treated as a title, so that the filter matches nothing. Raises
        the errors of the look-up.
        """
        if query.channel is None:
            return query
        return query.model_copy(update={"channel": await self._id_or_title(query.channel)})

    async def _id_or_title(self, given: str) -> str:
        try:
            name = parse_channel(given)
        except InvalidIdentifier:
            return given
        if not is_channel_name(name) or self.look_up is None:
            return name
        try:
            return await self.look_up(name)
        except SourceGone:
            return given


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
        self._indexer = indexer = Indexer(index, library, layout, store, watch)
        self._finder = Finder(index, Library(library, layout), layout)
        self.notify = indexer.notify
        self.follow = indexer.follow
        self.catch_up = indexer.catch_up
        self.pending = indexer.pending
        self.begin_again = indexer.begin_again

    @classmethod
    async def open(
        cls, library: Database, layout: Layout, store: MediaStore, watch: ArchiveWatch
    ) -> Self:
        """Open the index of the library, or create one."""
        [state] = await library.fetch_all("search_state")
        index = await SearchIndex.open(layout.search_index, state["library_id"], state["newest"])
        return cls(index, library, layout, store, watch)

    @classmethod
    async def reading(cls, library: Database, layout: Layout, store: MediaStore) -> Self:
        """Open the existing index for reading; it may be older than the library."""
        [state] = await library.fetch_all("search_state")
        index = await SearchIndex.reading(layout.search_index, state["library_id"], state["newest"])
        return cls(index, library, layout, store, ArchiveWatch(None))

    async def search(self, request: SearchQuery) -> SearchResults:
        query = await self.channels.resolved(request)
        if request.wait:
            await self._indexer.wait(request.wait)
        results, pending = await asyncio.gather(self._finder.find(query), self.pending())
        return results.model_copy(update={"pending": pending})

    async def close(self) -> None:
        """Close the index; pending changes are indexed after the next start."""
        await self._index.close()
