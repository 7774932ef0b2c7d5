"""Contract of the events of all services, as a stream."""

from typing import ClassVar, Literal, Protocol

from pydantic import Field

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.events import Change, EventStream
from ytarchive.common.models import Done, Model
from ytarchive.common.services import ServiceName

EventKind = Literal[
    "job", "result", "download", "video", "governor", "queue", "subscription", "verification",
    "adoption", "log",
]  # fmt: skip

MAX_EVENTS = 1000
"""Events in one batch."""


class EventQuery(Model):
    """Which events to send."""

    kinds: list[EventKind] = Field(default=[], description="Only events of these kinds")
    last_event_id: str | None = Field(
        default=None,
        max_length=64,
        description="Resume after this event, as with the header `Last-Event-ID`. A snapshot is "
        "sent if the server was restarted since, or has sent too many events",
    )


class EventBatch(Model):
    """Events of a service that runs in another process."""

    events: list[Change] = Field(max_length=MAX_EVENTS)


class EventsAPI(Contract, Protocol):
    """Follow events."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("GET /events")
    async def follow_events(self, request: EventQuery) -> EventStream:
        """Send events; the first is a snapshot of the current state.

        A subscriber that is too slow loses events and gets a new snapshot.
        """
        ...

    @endpoint("POST /events")
    async def send_events(self, request: EventBatch) -> Done:
        """Publish events of a service that runs in another process."""
        ...
