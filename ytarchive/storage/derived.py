"""What follows from the library: the search index, the views and the podcast feeds."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self

from loguru import logger

from ytarchive.common.config import StorageConfig
from ytarchive.common.contract import Contract
from ytarchive.common.database import Database
from ytarchive.common.errors import LocalError
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.supervision import Supervisor
from ytarchive.storage.feeds.api import FeedsAPI
from ytarchive.storage.feeds.service import FeedsService
from ytarchive.storage.search import Search
from ytarchive.storage.search.api import SearchAPI
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.views.api import ViewsAPI
from ytarchive.storage.views.service import ViewsService

log = logger.bind(service="storage")


@dataclass(frozen=True)
class Derived:
    """Reads the library, and follows its changes. No files of videos depend on it."""

    search: Search
    views: ViewsService
    feeds: FeedsService

    @classmethod
    async def open(
        cls,
        library: Database,
        layout: Layout,
        store: MediaStore,
        config: StorageConfig,
        watch: ArchiveWatch,
    ) -> Self:
        """Open the databases, and create those that are missing."""
        async with AsyncExitStack() as stack:
            search = await Search.open(library, layout, store, watch)
            stack.push_async_callback(search.close)
            feeds = await FeedsService.open(library, layout, store, search.channels, watch)
            stack.push_async_callback(feeds.close)
            views = await ViewsService.open(library, layout, store, config, watch)
            stack.pop_all()
            return cls(search, views, feeds)

    @classmethod
    async def reading(
        cls, library: Database, layout: Layout, store: MediaStore, config: StorageConfig
    ) -> Self:
        """Open the databases for reading."""
        search = await Search.reading(library, layout, store)
        views = await ViewsService.reading(library, layout, store, config)
        return cls(
            search, views, await FeedsService.reading(library, layout, store, search.channels)
        )

    def subjects(self) -> Mapping[type[Contract], Contract]:
        """Return the implementations of their contracts."""
        return {SearchAPI: self.search, ViewsAPI: self.views, FeedsAPI: self.feeds}

    def start(self, supervisor: Supervisor) -> None:
        """Follow the library's changes until the supervisor stops."""
        supervisor.start("search index", self.search.follow)
        supervisor.start("views", self.views.follow)

    async def begin_again(self) -> None:
        """Index another library, which has replaced the one that the index belongs to."""
        try:
            await self.search.begin_again()
        except LocalError as error:
            log.error("the search index is complete only after the next start: {}", error.message)

    def notify(self) -> None:
        """Signal a change of the library."""
        self.search.notify()
        self.views.notify()

    async def close(self) -> None:
        """Show the last changes in the views, for a limited time, and close all databases."""
        await self.views.finish()
        await self.feeds.close()
        await self.views.close()
        await self.search.close()
