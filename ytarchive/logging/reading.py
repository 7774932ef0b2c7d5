"""The log for read-only commands: entries of this process are not stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from ytarchive.common.config import Settings
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.logging.files import LogFiles
from ytarchive.logging.pipeline import LogPipeline
from ytarchive.logging.repository import SCHEMA, LogRepository
from ytarchive.logging.service import LoggingService, LogStore


class ReadOnlyLogging(LoggingService):
    """Answers from `logs.db`; submitting an entry raises NotWritable."""

    @classmethod
    @asynccontextmanager
    async def reading(cls, settings: Settings) -> AsyncIterator[Self]:
        """Yield the service; a missing `logs.db` is treated as an empty log."""
        storage, config = settings.storage, settings.logging
        path = storage.state_path / "logs.db"
        async with await ReadOnlyDatabase.open(path, SCHEMA) as database:
            files = LogFiles(storage.base_path / storage.logs_dir, config.file_bytes)
            store = LogStore(LogRepository(database), files, config)
            pipeline = LogPipeline(store, config.queue_entries, settings.server.log_level)
            yield cls(database, store, pipeline)
