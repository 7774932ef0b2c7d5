"""What is derived from the library: the search index and the views."""

from dataclasses import dataclass
from typing import Self

from loguru import logger

from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Database
from ytarchive.common.errors import LocalError
from ytarchive.common.presence import ArchiveWatch
from ytarchive.common.supervision import Supervisor
from ytarchive.storage.search import Search
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.views.service import ViewsService

log = logger.bind(service="storage")


@dataclass(frozen=True)
class Derived:
    """Follows the library's changes. Nothing of it is needed to restore the archive."""

    search: Search
    views: ViewsService

    @classmethod
    async def open(
        cls,
        library: Database,
        layout: Layout,
        store: MediaStore,
        config: StorageConfig,
        watch: ArchiveWatch,
    ) -> Self:
        """Open the search index and the record of the views, and create what is missing."""
        search = await Search.open(library, layout, store, watch)
        try:
            return cls(search, await ViewsService.open(library, layout, store, config, watch))
        except BaseException:
            await search.close()
            raise

    @classmethod
    async def reading(
        cls, library: Database, layout: Layout, store: MediaStore, config: StorageConfig
    ) -> Self:
        """Open both for reading."""
        search = await Search.reading(library, layout, store)
        return cls(search, await ViewsService.reading(library, layout, store, config))

    def start(self, supervisor: Supervisor) -> None:
        """Follow the library's changes until the supervisor stops."""
        supervisor.start("search index", self.search.follow)
        supervisor.start("views", self.views.follow)

    async def begin_again(self) -> None:
        """Derive both from another library, which has replaced the one that they belong to."""
        try:
            await self.search.begin_again()
        except LocalError as error:
            log.error("the search index is complete only after the next start: {}", error.message)

    def notify(self) -> None:
        """Signal a change of the library."""
        self.search.notify()
        self.views.notify()

    async def close(self) -> None:
        """Show the last changes in the views, for a limited time, and close both."""
        await self.views.finish()
        await self.views.close()
        await self.search.close()
