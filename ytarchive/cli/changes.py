"""Waiting for events of the archive, in place of polling."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

from ytarchive.common.events import EventStream
from ytarchive.discovery import Archive
from ytarchive.jobs import EventKind, EventQuery, EventsAPI

_QUIET = 2.0
"""Seconds without an event after which a command checks the state: waits cause no events."""


class Changes:
    """Events since the last check of a command."""

    def __init__(self, stream: EventStream) -> None:
        self._changed = asyncio.Event()
        self._reading = asyncio.create_task(self._read(stream))

    async def next(self) -> None:
        """Wait for an event, two seconds at most. Raises the error that ended the stream."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_QUIET):
                await self._changed.wait()
        self._changed.clear()
        if self._reading.done():
            self._reading.result()

    async def close(self) -> None:
        """End the stream."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self, stream: EventStream) -> None:
        try:
            async with aclosing(stream):
                async for _ in stream:
                    self._changed.set()
        finally:
            self._changed.set()


@asynccontextmanager
async def following(archive: Archive, *kinds: EventKind) -> AsyncIterator[Changes]:
    """Follow events of the given kinds."""
    query = EventQuery(kinds=list(kinds))
    changes = Changes(await archive.of(EventsAPI).follow_events(query))
    try:
        yield changes
    finally:
        await changes.close()
