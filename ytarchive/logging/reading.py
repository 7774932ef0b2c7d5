"""The log for read-only commands: entries of this process are not stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from ytarchive.common.config import Settings
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.logging.repository import SCHEMA
from ytarchive.logging.service import LoggingService


class ReadOnlyLogging(LoggingService):
    """Answers from `logs.db`; submitting an entry raises NotWritable."""

    @classmethod
    @asynccontextmanager
    async def reading(cls, settings: Settings) -> AsyncIterator[Self]:
        """Yield the service; a missing `logs.db` is treated as an empty log."""
        path = settings.storage.state_path / "logs.db"
        async with await ReadOnlyDatabase.open(path, SCHEMA) as database:
            yield cls(database, settings)
