"""Keeps up to a thousand entries that are logged before the log store exists."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from loguru import logger

from ytarchive.logging.api import LogEntry
from ytarchive.logging.records import SEVERITY, entry_of

if TYPE_CHECKING:
    from loguru import Message  # only for type checkers

_MOST = 1000


class EarlyEntries:
    """The first entries of a process, for the first store that requests them."""

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=_MOST)
        self._sink: int | None = None

    def keep(self) -> None:
        """Keep new entries; loguru must not have this sink yet."""
        self._sink = logger.add(self._take, level="DEBUG", format=lambda _: "")

    def handed_over(self, level: str) -> Iterator[LogEntry]:
        """Return the kept entries of `level` and above, and stop keeping entries."""
        if self._sink is not None:
            with suppress(ValueError):  # another module may have removed all sinks
                logger.remove(self._sink)
        kept, self._entries = self._entries, deque(maxlen=_MOST)
        self._sink = None
        least = logger.level(level).no
        return (entry for entry in kept if SEVERITY[entry.level] >= least)

    def _take(self, message: "Message") -> None:
        self._entries.append(entry_of(message.record))


early_entries = EarlyEntries()
"""One per process, like loguru's sinks."""
