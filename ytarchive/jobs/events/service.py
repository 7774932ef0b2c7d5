"""The stream of events: those of this process, and those that other processes send."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from ytarchive.common.errors import YTArchiveError
from ytarchive.common.events import EventBus, EventStream, Snapshot
from ytarchive.common.models import Done
from ytarchive.jobs.events.api import MAX_EVENTS, EventBatch, EventQuery, EventsAPI

_POLL = 1.0


class EventsService(EventsAPI):
    """Serves the events of a bus."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus

    async def follow_events(self, request: EventQuery) -> EventStream:
        """Send events; the first is a snapshot of the current state."""
        return self._bus.follow(request.last_event_id, frozenset(request.kinds))

    async def send_events(self, request: EventBatch) -> Done:
        """Publish events of a service that runs in another process."""
        for event in request.events:
            self._bus.publish(event)
        return Done()


class PolledEvents(EventsService):
    """Polls once a second for read-only commands, because databases change without an event."""

    async def follow_events(self, request: EventQuery) -> EventStream:
        """Send a snapshot every second."""
        return self._snapshots(request)

    async def _snapshots(self, request: EventQuery) -> EventStream:
        while True:
            stream = self._bus.follow(None, frozenset(request.kinds))
            yield await anext(stream)
            await stream.aclose()
            await asyncio.sleep(_POLL)


async def forward_events(bus: EventBus, send: Callable[[EventBatch], Awaitable[Done]]) -> None:
    """Send the events of a process to Jobs. While Jobs does not answer, events are dropped."""
    async for sent in bus.follow():
        event = sent.event
        events = event.events if isinstance(event, Snapshot) else [event]
        for start in range(0, len(events), MAX_EVENTS):
            with suppress(YTArchiveError):
                await send(EventBatch(events=events[start : start + MAX_EVENTS]))
