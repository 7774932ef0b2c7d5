"""Storage for commands that only read the archive: no recovery, indexing or verification."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import NotWritable
from ytarchive.common.presence import Presence
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.storage.derived import Derived
from ytarchive.storage.library.repository import SCHEMA
from ytarchive.storage.maintenance.rebuild import Rebuilt
from ytarchive.storage.service import StorageService
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.local import LocalMediaStore


class ReadOnlyStorage(StorageService):
    """Reads the databases and files as they are; changes raise NotWritable."""

    async def rebuild(self) -> Rebuilt:
        """Raise NotWritable."""
        raise NotWritable(f"{self._layout.database} is open for reading only")

    @classmethod
    @asynccontextmanager
    async def reading(cls, config: StorageConfig, presence: Presence | None) -> AsyncIterator[Self]:
        """Yield the service; missing databases count as empty."""
        layout = Layout.of(config)
        database = await ReadOnlyDatabase.open(layout.database, SCHEMA)
        store = LocalMediaStore(layout)
        derived = await Derived.reading(database, layout, store, config)
        storage = cls(config, layout, store, database, derived, presence)
        try:
            yield storage
        finally:
            await storage.close()
