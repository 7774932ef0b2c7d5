"""The Logging service: stores, searches and removes entries; metrics."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self

from loguru import logger

from ytarchive.common.config import LoggingConfig, Settings
from ytarchive.common.database import Database
from ytarchive.common.errors import DatabaseCorrupt, NotFound
from ytarchive.common.events import LogsAdded, publish
from ytarchive.common.filesystem import exists
from ytarchive.common.models import HealthCheck, Page, utc_now
from ytarchive.common.presence import Presence
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.common.scheduler import Duty, Scheduler
from ytarchive.common.services import ServiceName
from ytarchive.common.supervision import Supervisor
from ytarchive.common.telemetry import LOG_ENTRIES, REGISTRY
from ytarchive.common.tracing import current_trace_id
from ytarchive.logging.api import LogBatch, LogEntry, LoggingAPI, LogQuery, Metric, Received
from ytarchive.logging.files import LogFiles
from ytarchive.logging.pipeline import LogPipeline, is_passing
from ytarchive.logging.records import dated, line_of, masked
from ytarchive.logging.repository import SCHEMA, LogRepository
from ytarchive.logging.sinks import LogProblems

log = logger.bind(service="logging")


class LogStore:
    """Stores entries in the database, and in files for people and their tools."""

    def __init__(
        self,
        rows: LogRepository,
        files: LogFiles,
        config: LoggingConfig,
        presence: Presence | None = None,
    ) -> None:
        self.rows = rows
        self._presence = presence
        self._files = files
        self._config = config
        self._log_problems = LogProblems()

    async def write(self, entries: Sequence[LogEntry]) -> None:
        """Store entries without secrets. Raises a database error; file errors go to stderr.

        After a database error the files are not written, because a retry would repeat the entries.
        """
        clean = await asyncio.to_thread(masked, entries)
        try:
            await self.rows.insert(clean)
        except Exception as error:
            if not is_passing(error):
                await asyncio.to_thread(self._write_files, clean)
            raise
        await asyncio.to_thread(self._write_files, clean)
        publish(LogsAdded(entries=len(entries)))
        for level, count in Counter(entry.level for entry in entries).items():
            LOG_ENTRIES.labels(level).inc(count)

    async def purge(self) -> None:
        """Remove entries beyond the limits of age and size."""
        oldest = utc_now() - timedelta(days=self._config.retention_days)
        await asyncio.to_thread(self._purge_files)
        await self.rows.purge(oldest, self._config.max_bytes)

    def _write_files(self, entries: Sequence[LogEntry]) -> None:
        lines = ((entry.service, line_of(entry)) for entry in entries)
        try:
            if self._presence is None or self._presence.is_there():
                self._files.append(lines, utc_now().date())
            else:
                self._files.keep(lines)
        except OSError as error:
            self._log_problems.report(f"log files cannot be written: {error}")

    def _purge_files(self) -> None:
        config = self._config
        try:
            self._files.purge(config.retention_days, config.max_bytes, utc_now().date())
        except OSError as error:
            self._log_problems.report(f"old log files cannot be removed: {error}")


class LoggingService(LoggingAPI):
    """Collects the records of this process and submitted entries."""

    def __init__(
        self, database: Database, settings: Settings, presence: Presence | None = None
    ) -> None:
        storage, config = settings.storage, settings.logging
        files = LogFiles(storage.base_path / storage.logs_dir, config.file_bytes)
        self._database = database
        self._store = LogStore(LogRepository(database), files, config, presence)
        self._pipeline = LogPipeline(self._store, level=settings.server.log_level)
        self._supervisor = Supervisor(self.service)
        self._started = time.monotonic()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings,
        presence: Presence | None = None,
        scheduler: Scheduler | None = None,
    ) -> AsyncIterator[Self]:
        """Yield a running service that stores this process's log until the end of the block.

        `presence` is the archive; while its folder does not contain it, log files wait.
        A damaged database is set aside, because new entries must not depend on old ones.
        Raises DatabaseUnsupported, NotWritable or DiskFull.
        """
        async with AsyncExitStack() as stack:
            database = await _open_database(settings.storage.state_path / "logs.db")
            await stack.enter_async_context(database)
            service = cls(database, settings, presence)
            await service._store.rows.prepare()
            await stack.enter_async_context(service._pipeline)
            purge = Duty("retention of log entries", service._store.purge, 3600.0, in_commands=True)
            (scheduler or Scheduler()).add(purge, service._supervisor)
            stack.push_async_callback(service._supervisor.stop)
            yield service

    @classmethod
    @asynccontextmanager
    async def reading(cls, settings: Settings) -> AsyncIterator[Self]:
        """Yield the service for read-only commands: submitting an entry raises NotWritable.

        A missing `logs.db` is treated as an empty log; entries of this process are not stored.
        """
        path = settings.storage.state_path / "logs.db"
        async with await ReadOnlyDatabase.open(path, SCHEMA) as database:
            yield cls(database, settings)

    async def submit_log(self, request: LogEntry) -> Received:
        if request.trace_id is None:
            request = request.model_copy(update={"trace_id": current_trace_id()})
        return await self._take([request])

    async def submit_logs(self, request: LogBatch) -> Received:
        return await self._take(request.entries)

    async def query_logs(self, request: LogQuery) -> Page[LogEntry]:
        return await self._store.rows.find(request)

    async def service_logs(self, service: str, request: LogQuery) -> Page[LogEntry]:
        if request.service not in {None, service}:
            return Page(items=[])
        page = await self._store.rows.find(request.model_copy(update={"service": service}))
        if not page.items and service not in set(ServiceName):
            anything = await self._store.rows.find(LogQuery(service=service, limit=1))
            if not anything.items:
                raise NotFound(f"there are no entries of a service {service[:64]!r}")
        return page

    async def get_metrics(self) -> list[Metric]:
        now = utc_now()  # a histogram gives its buckets, sum and count
        return [
            Metric(name=sample.name, value=sample.value, tags=sample.labels, timestamp=now)
            for family in REGISTRY.collect()
            for sample in family.samples
        ]

    async def health(self) -> HealthCheck:
        checks = {
            "database": await self._database.is_usable(),
            "queue": self._pipeline.keeps_up,
        }
        problems = self._supervisor.problems()
        return HealthCheck.of(self.service, checks, since=self._started, problems=problems)

    async def _take(self, entries: Sequence[LogEntry]) -> Received:
        if entries:
            now = utc_now()
            await self._store.write([dated(entry, now) for entry in entries])
        return Received(accepted=len(entries))


async def _open_database(path: Path) -> Database:
    try:
        return await Database.open(path, SCHEMA)
    except DatabaseCorrupt as error:
        aside = await asyncio.to_thread(_set_aside, path)
        log.warning(
            "{}; it is kept as {}, and a new database is created", error.message, aside.name
        )
        return await Database.open(path, SCHEMA)


def _set_aside(path: Path) -> Path:
    """Rename a database and its related files, and return the new name."""
    aside = path.with_name(f"{path.name}.damaged-{utc_now():%Y%m%dT%H%M%S}")
    for suffix in ("-wal", "-shm", ""):
        file = path.with_name(path.name + suffix)
        if exists(file):
            file.rename(aside.with_name(aside.name + suffix))
    return aside
