"""The Logging service: takes entries in, keeps them for a while, finds them; metrics."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Self

from loguru import logger

from ytarchive import __version__
from ytarchive.common.config import LoggingConfig, Settings
from ytarchive.common.database import Database
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.models import HealthCheck, Page, utc_now
from ytarchive.logging.api import LogBatch, LogEntry, LoggingAPI, LogQuery, Metric, Received
from ytarchive.logging.complaints import Complaints
from ytarchive.logging.files import LogFiles
from ytarchive.logging.metrics import current_metrics
from ytarchive.logging.records import masked
from ytarchive.logging.repository import SCHEMA, LogRepository

log = logger.bind(service="logging")

_UPKEEP_SECONDS = 3600


class LoggingService(LoggingAPI):
    """Keeps entries in logs.db and as JSON lines in files. Made by `LoggingService.open`."""

    def __init__(self, database: Database, files: LogFiles, config: LoggingConfig) -> None:
        self._repository = LogRepository(database)
        self._files = files
        self._config = config
        self._complaints = Complaints()
        self._started = time.monotonic()

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncIterator[Self]:
        """A running service; leaving the block closes its database."""
        storage = settings.storage
        files = LogFiles(storage.base_path / storage.logs_dir, settings.logging.file_bytes)
        async with await Database.open(storage.state_path / "logs.db", SCHEMA) as database:
            service = cls(database, files, settings.logging)
            await service._repository.widen_cache()
            upkeep = asyncio.create_task(service._upkeep())
            try:
                yield service
            finally:
                upkeep.cancel()
                await asyncio.gather(upkeep, return_exceptions=True)

    async def store(self, entries: Sequence[LogEntry]) -> None:
        """Keep entries. A disk that takes no files must not keep the database from them."""
        try:
            await asyncio.to_thread(self._files.append, entries, utc_now().date())
        except OSError as error:
            self._complaints.say(f"log files cannot be written: {error.strerror}")
        await self._repository.insert(entries)

    async def submit_log(self, request: LogEntry) -> Received:
        """Take one entry."""
        return await self.submit_logs(LogBatch(entries=[request]))

    async def submit_logs(self, request: LogBatch) -> Received:
        """Take up to 10,000 entries; secrets in them are masked."""
        await self.store([masked(entry) for entry in request.entries])
        return Received(accepted=len(request.entries))

    async def query_logs(self, request: LogQuery) -> Page[LogEntry]:
        """Entries that match, newest first."""
        return await self._repository.find(request)

    async def service_logs(self, service: str, request: LogQuery) -> Page[LogEntry]:
        """Entries of one service that match, newest first."""
        return await self._repository.find(request.model_copy(update={"service": service}))

    async def get_metrics(self) -> list[Metric]:
        """The present value of every metric."""
        return current_metrics()

    async def health(self) -> HealthCheck:
        """Whether the log's database answers."""
        usable = await self._repository.database.is_usable()
        return HealthCheck(
            service=self.service,
            status="healthy" if usable else "unhealthy",
            version=__version__,
            uptime_seconds=int(time.monotonic() - self._started),
            checks={"database": usable},
        )

    async def _upkeep(self) -> None:
        """Remove what is too old or too much, every hour."""
        while True:
            try:
                await self._purge()
            except (YTArchiveError, OSError) as error:
                log.warning("old log entries could not be removed: {}", error)
            await asyncio.sleep(_UPKEEP_SECONDS)

    async def _purge(self) -> None:
        config, today = self._config, utc_now().date()
        await asyncio.to_thread(self._files.purge, config.retention_days, config.max_bytes, today)
        await self._repository.purge(utc_now() - timedelta(days=config.retention_days))
