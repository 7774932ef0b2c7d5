"""The way of log records to the store: a bounded queue, drained in batches by one task."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Self

from loguru import logger

from ytarchive.common.errors import NetworkFailure, ServiceError, YTArchiveError
from ytarchive.logging.api import LogEntry
from ytarchive.logging.complaints import Complaints
from ytarchive.logging.queue import EntryQueue

log = logger.bind(service="logging")

EntryTarget = Callable[[Sequence[LogEntry]], Awaitable[object]]
"""Keeps entries. A ServiceError or NetworkFailure of it means: try again later."""

_BATCH = 1000
_BATCH_SECONDS = 0.2
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_STORE_THREADS = "sqlite-logs"

_storing: ContextVar[bool] = ContextVar("storing", default=False)


def comes_from_storing() -> bool:
    """Whether the running code stores entries: what it logs would make it store more."""
    return _storing.get() or threading.current_thread().name.startswith(_STORE_THREADS)


class LogPipeline:
    """Takes entries to `target` without ever holding up who logs.

    Entries may be put before the `async with` block; they wait until it begins.
    """

    def __init__(self, capacity: int) -> None:
        self._queue = EntryQueue(capacity)
        self._complaints = Complaints()
        self._arrived = asyncio.Event()
        self._enough = asyncio.Event()
        self._stopping = False
        self._loop = asyncio.get_running_loop()
        self._drain: asyncio.Task[None] | None = None
        self._target: EntryTarget | None = None

    def start(self, target: EntryTarget) -> Self:
        """Begin to take entries to `target`."""
        self._target = target
        self._drain = asyncio.create_task(self._drain_queue())
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def put(self, entry: LogEntry) -> None:
        """Queue an entry, at once; for any thread."""
        waiting = self._queue.put(entry)
        if waiting in {1, _BATCH}:
            event = self._arrived if waiting == 1 else self._enough
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(event.set)

    async def stop(self, timeout: float = 5) -> None:  # noqa: ASYNC109  # what is left then is lost
        """Store what waits, within `timeout` seconds."""
        if self._drain is None:
            return
        self._stopping = True
        self._arrived.set()
        self._enough.set()
        await asyncio.wait({self._drain}, timeout=timeout)
        self._drain.cancel()
        self._queue.add_lost(len(self._queue.take(len(self._queue))))
        if lost := self._queue.take_lost():
            self._complaints.say(f"{lost} log entries were lost")

    async def _drain_queue(self) -> None:
        while batch := await self._next_batch():
            await self._deliver(batch)

    async def _next_batch(self) -> list[LogEntry]:
        """Up to a thousand entries; none when stopped."""
        if not self._queue:
            await self._arrived.wait()
        self._enough.clear()
        if len(self._queue) < _BATCH and not self._stopping:
            with suppress(TimeoutError):
                async with asyncio.timeout(_BATCH_SECONDS):
                    await self._enough.wait()
        if not self._stopping:
            self._arrived.clear()
        return self._queue.take(_BATCH)

    async def _deliver(self, batch: list[LogEntry]) -> None:
        pause = _FIRST_PAUSE
        while not await self._is_settled(batch):
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _is_settled(self, batch: list[LogEntry]) -> bool:
        """Whether the batch is stored, or lost for good."""
        if self._target is None:
            return False
        try:
            with _own_records_left_out():
                await self._target(batch)
        except Exception as error:  # nothing that a store does may end the logging
            return self._is_given_up(batch, error)
        if lost := self._queue.take_lost():
            log.warning("{} log entries were lost: the log store was too slow or failed", lost)
        return True

    def _is_given_up(self, batch: list[LogEntry], error: Exception) -> bool:
        text = error.message if isinstance(error, YTArchiveError) else repr(error)
        self._complaints.say(f"log entries cannot be stored: {text}")
        if isinstance(error, ServiceError | NetworkFailure) and not self._stopping:
            return False
        self._queue.add_lost(len(batch))
        return True


@contextmanager
def _own_records_left_out() -> Iterator[None]:
    token = _storing.set(True)
    try:
        yield
    finally:
        _storing.reset(token)
