"""What is logged before there is a store: kept, up to a thousand entries, until there is one."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from loguru import logger

from ytarchive.logging.api import LogEntry
from ytarchive.logging.records import SEVERITY, entry_of

if TYPE_CHECKING:
    from loguru import Message  # exists for type checkers only

_MOST = 1000


class EarlyEntries:
    """Return the first entries of a process, for the first store that requests them."""

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=_MOST)
        self._sink: int | None = None

    def keep(self) -> None:
        """Keep what is logged from now on; loguru must have no sink of this yet."""
        self._sink = logger.add(self._take, level="DEBUG", format=lambda _: "")

    def handed_over(self, level: str) -> Iterator[LogEntry]:
        """Return what was kept, of `level` and above; nothing is kept any more."""
        if self._sink is not None:
            with suppress(ValueError):  # someone may have removed every sink
                logger.remove(self._sink)
        kept, self._entries = self._entries, deque(maxlen=_MOST)
        self._sink = None
        least = logger.level(level).no
        return (entry for entry in kept if SEVERITY[entry.level] >= least)

    def _take(self, message: "Message") -> None:
        self._entries.append(entry_of(message.record))


early_entries = EarlyEntries()
"""Of this process: loguru's sinks are the process's too."""
