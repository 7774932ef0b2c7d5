"""The bounded queue of entries before the store; adding never blocks."""

import threading
from collections import deque

from ytarchive.common.telemetry import LOG_ENTRIES_DROPPED
from ytarchive.logging.api import LogEntry, LogLevel

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
