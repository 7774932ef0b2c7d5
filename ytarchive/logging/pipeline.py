"""Sends log records to the store: a bounded queue that one task empties in batches."""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, Self

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.telemetry import LOG_ENTRIES_DROPPED
from ytarchive.logging.api import LogBatch, LogEntry, LoggingAPI, LogLevel
from ytarchive.logging.records import entry_of
from ytarchive.logging.sinks import LogProblems, early_entries

if TYPE_CHECKING:
    from loguru import Message

log = logger.bind(service="logging")

_BATCH = 1000
_BATCH_SECONDS = 0.2
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


_storing: ContextVar[bool] = ContextVar("storing", default=False)


_LANES = {level: number for number, level in enumerate(LogLevel)}


class EntryQueue:
    """Any thread may add entries. A full queue drops the oldest entry of the lowest level."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lanes: list[deque[tuple[int, LogEntry]]] = [deque() for _ in LogLevel]
        self._lock = threading.Lock()
        self._taken_in = 0
        self._length = 0
        self._lost = 0

    def __len__(self) -> int:
        return self._length

    @property
    def is_full(self) -> bool:
        """Return whether the next entry displaces another one."""
        return self._length >= self._capacity

    def put(self, entry: LogEntry) -> int:
        """Add an entry without blocking, and return the number of waiting entries."""
        with self._lock:
            self._taken_in += 1
            self._lanes[_LANES[entry.level]].append((self._taken_in, entry))
            if self._length < self._capacity:
                self._length += 1
            else:
                next(lane for lane in self._lanes if lane).popleft()
                self._count_lost(1)
            return self._length

    def take(self, most: int) -> list[LogEntry]:
        """Remove and return up to `most` entries in order of arrival."""
        with self._lock:
            count = min(most, self._length)
            self._length -= count
            return [self._take_first() for _ in range(count)]

    def add_lost(self, count: int) -> None:
        """Count entries that were removed and could not be stored."""
        with self._lock:
            self._count_lost(count)

    def take_lost(self) -> int:
        """Return how many entries were lost since the last call."""
        with self._lock:
            lost, self._lost = self._lost, 0
        return lost

    def _take_first(self) -> LogEntry:
        lane = min((lane for lane in self._lanes if lane), key=lambda lane: lane[0][0])
        return lane.popleft()[1]

    def _count_lost(self, count: int) -> None:
        self._lost += count
        LOG_ENTRIES_DROPPED.inc(count)


class EntryTarget(Protocol):
    """The destination of entries."""

    async def write(self, entries: Sequence[LogEntry]) -> None:
        """Store the entries. The caller retries after an error that `is_passing`."""
        ...


def is_passing(error: Exception) -> bool:
    """Return whether a failure of the store may be temporary, such as a full or missing disk."""
    kinds = errors.ServiceError | errors.NetworkFailure | errors.LocalError
    return isinstance(error, kinds) and not isinstance(error, errors.DatabaseCorrupt)


class RemoteTarget:
    """A Logging service, in process or remote."""

    def __init__(self, service: LoggingAPI) -> None:
        self._service = service

    async def write(self, entries: Sequence[LogEntry]) -> None:
        """Submit the entries in one request, or in smaller ones if it is too large."""
        try:
            await self._service.submit_logs(LogBatch(entries=list(entries)))
        except errors.BodyTooLarge:
            if len(entries) == 1:
                raise
            half = len(entries) // 2
            for part in (entries[:half], entries[half:]):
                await self.write(part)


class LogPipeline:
    """Sends the log records of this process to `target`, without blocking callers.

    Use it as an async context manager, inside which `configure_logging` must not be called.
    """

    def __init__(self, target: EntryTarget, capacity: int = 20_000, level: str = "INFO") -> None:
        self._target = target
        self._level = level
        self._queue = EntryQueue(capacity)
        self._arrived = asyncio.Event()
        self._batch_ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._is_available = True
        self._log_problems = LogProblems()
        self._loop = asyncio.get_running_loop()
        self._sink: int | None = None
        self._drain: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def keeps_up(self) -> bool:
        """Return whether the last batch was stored and there is room for more."""
        return self._is_available and not self._queue.is_full

    def start(self) -> None:
        """Accept all records from now on, and the records kept before."""
        self._sink = logger.add(self._take, level=self._level, format=lambda _: "")
        for entry in early_entries.handed_over(self._level):
            self._put(entry)
        self._drain = asyncio.create_task(self._drain_queue())

    async def stop(self, timeout: float = 5) -> None:  # noqa: ASYNC109  # remaining entries are lost then
        """Stop accepting records, and store the waiting ones within `timeout` seconds."""
        if self._drain is None:
            return
        with suppress(ValueError):  # someone may have removed every sink
            logger.remove(self._sink)
        for event in (self._stopping, self._arrived, self._batch_ready):
            event.set()
        await asyncio.wait({self._drain}, timeout=timeout)
        self._drain.cancel()
        await asyncio.wait({self._drain}, timeout=1.0)
        self._queue.add_lost(len(self._queue.take(len(self._queue))))
        if lost := self._queue.take_lost():
            self._log_problems.report(f"{lost} log entries were lost")

    def _take(self, message: "Message") -> None:
        record = message.record
        # Records of the store itself would cause more records.
        if _storing.get() or threading.current_thread().name.startswith("sqlite-logs"):
            return
        self._put(entry_of(record))

    def _put(self, entry: LogEntry) -> None:
        waiting = self._queue.put(entry)
        if waiting in {1, _BATCH}:
            event = self._arrived if waiting == 1 else self._batch_ready
            with suppress(RuntimeError):  # the event loop is closed
                self._loop.call_soon_threadsafe(event.set)

    async def _drain_queue(self) -> None:
        while batch := await self._next_batch():
            await self._deliver(batch)
            await self._recover()

    async def _next_batch(self) -> list[LogEntry]:
        """Return up to a thousand entries; none when stopped."""
        if not self._queue:
            await self._arrived.wait()
        self._batch_ready.clear()
        if len(self._queue) < _BATCH and not self._stopping.is_set():
            await _within(_BATCH_SECONDS, self._batch_ready)
        if not self._stopping.is_set():
            self._arrived.clear()
        return self._queue.take(_BATCH)

    async def _deliver(self, batch: list[LogEntry]) -> None:
        """Store a batch, with retries; it is lost if the store refuses it permanently."""
        pause = _FIRST_PAUSE
        try:
            while (error := await self._store(batch)) is not None:
                if self._stopping.is_set() or not is_passing(error):
                    self._queue.add_lost(len(batch))
                    return
                await _within(pause, self._stopping)
                pause = min(2 * pause, _LONGEST_PAUSE)
        except asyncio.CancelledError:
            self._queue.add_lost(len(batch))
            raise

    async def _recover(self) -> None:
        """After a failure retry the store at intervals while no entries arrive.

        So `keeps_up` becomes true again, and the log reports lost entries.
        """
        pause = _FIRST_PAUSE
        while not self._is_available:
            await _within(pause, self._arrived)
            if self._queue or self._stopping.is_set():
                return
            message = "the log store is tried again after a failure"
            await self._store([LogEntry(service="logging", message=message)])
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _store(self, batch: list[LogEntry]) -> Exception | None:
        """Store a batch and return the reason of a failure, otherwise None."""
        try:
            token = _storing.set(True)  # records of the store itself are left out
            try:
                await self._target.write(batch)
            finally:
                _storing.reset(token)
        except Exception as error:  # an error of the store must not end the logging
            self._is_available = False
            text = error.message if isinstance(error, errors.YTArchiveError) else repr(error)
            self._log_problems.report(f"log entries cannot be stored: {text}")
            return error
        self._is_available = True
        # While the queue is full, this message would displace an entry.
        if not self._queue.is_full and (lost := self._queue.take_lost()):
            log.warning("{} log entries were lost: the log store was too slow or failed", lost)
        return None


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Wait for the event, up to a number of seconds."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
