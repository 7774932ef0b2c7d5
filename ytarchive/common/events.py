"""Events of this process and the bus that distributes them to subscribers.

No durable state depends on an event. A slow subscriber loses events and gets a snapshot.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Collection
from contextvars import ContextVar
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ytarchive.common.models import Model, UtcDatetime

_QUEUED = 1000
"""Maximum number of events queued for one subscriber, and kept for subscribers that resume."""


class JobChanged(Model):
    """A job was queued, or its status or listing changed."""

    kind: Literal["job"] = "job"
    job_id: str
    status: str
    listing: bool = Field(default=False, description="Whether a playlist is still being listed")

    @property
    def subject(self) -> str | None:
        """Return the subject; the last event of a subject describes its current state."""
        return f"job {self.job_id}"

    @property
    def is_state(self) -> bool:
        """Return whether the event describes a state; otherwise it ends its subject's state."""
        return self.status in {"PENDING", "RUNNING"}


class ResultAdded(Model):
    """A video of a job has a result."""

    kind: Literal["result"] = "result"
    job_id: str
    video_id: str
    status: str
    is_state: ClassVar[bool] = False

    @property
    def subject(self) -> str | None:
        """Return the download of the video, which this event ends."""
        return f"download {self.video_id}"


class DownloadChanged(Model):
    """A download has made progress, or has ended."""

    kind: Literal["download"] = "download"
    task_id: str
    video_id: str
    status: str
    phase: str
    progress_percent: float
    downloaded_bytes: int
    total_bytes: int
    speed: float
    eta: int | None = None

    @property
    def subject(self) -> str | None:
        """Return the video, which has one download at a time."""
        return f"download {self.video_id}"

    @property
    def is_state(self) -> bool:
        """Return whether the download continues."""
        return self.status not in {"COMPLETED", "FAILED", "CANCELLED"}


class VideoChanged(Model):
    """A video was stored, or the verification found it damaged or missing."""

    kind: Literal["video"] = "video"
    video_id: str
    change: Literal["stored", "removed", "damaged"]
    is_state: ClassVar[bool] = False
    subject: ClassVar[str | None] = None


class GovernorChanged(Model):
    """Requests to YouTube were paused, resumed or blocked."""

    kind: Literal["governor"] = "governor"
    state: str
    reason: str | None = None
    paused_at: UtcDatetime | None = None
    paused_until: UtcDatetime | None = None
    pause_reason: str | None = None
    subject: ClassVar[str | None] = "governor"
    is_state: ClassVar[bool] = True


class QueueChanged(Model):
    """Download windows or daily caps stop the start of videos, or no longer do so."""

    kind: Literal["queue"] = "queue"
    reason: str | None = Field(default=None, description="null: videos may start")
    message: str | None = None
    until: UtcDatetime | None = None
    subject: ClassVar[str | None] = "queue"
    is_state: ClassVar[bool] = True


class SubscriptionChecked(Model):
    """A followed channel or playlist was checked for new videos."""

    kind: Literal["subscription"] = "subscription"
    subscription_id: str
    list_id: str
    outcome: Literal["new", "nothing_new", "failed"]
    new_videos: int
    job_id: str | None = Field(default=None, description="The job that archives the new videos")
    next_check_at: UtcDatetime
    is_state: ClassVar[bool] = False
    subject: ClassVar[str | None] = None


class VerificationChanged(Model):
    """The verification has begun, made progress, or ended."""

    kind: Literal["verification"] = "verification"
    scope: str
    state: str | None = Field(default=None, description="null: it runs and has made progress")
    videos_checked: int | None = None
    subject: ClassVar[str | None] = "verification"
    is_state: ClassVar[bool] = True


class AdoptionChanged(Model):
    """The adoption of a folder has begun, made progress, or ended."""

    kind: Literal["adoption"] = "adoption"
    state: str | None = Field(default=None, description="null: it runs and has made progress")
    files_found: int | None = None
    video_id: str | None = Field(default=None, description="The video whose files were decided")
    subject: ClassVar[str | None] = "adoption"
    is_state: ClassVar[bool] = True


class LogsAdded(Model):
    """Log entries were stored."""

    kind: Literal["log"] = "log"
    entries: int
    is_state: ClassVar[bool] = False
    subject: ClassVar[str | None] = None


Change = Annotated[
    JobChanged
    | ResultAdded
    | DownloadChanged
    | VideoChanged
    | GovernorChanged
    | QueueChanged
    | SubscriptionChecked
    | VerificationChanged
    | AdoptionChanged
    | LogsAdded,
    Field(discriminator="kind"),
]


class Snapshot(Model):
    """The current state: the first event, and again after lost events."""

    kind: Literal["snapshot"] = "snapshot"
    events: list[Change]


class SentEvent(Model):
    """An event with its id, after which a subscriber can resume."""

    id: str = Field(description="Start of the process and a number, for `Last-Event-ID`")
    event: Annotated[Change | Snapshot, Field(discriminator="kind")]


EventStream = AsyncGenerator[SentEvent, None]


class _Subscriber:
    """The queue of one subscriber; a full queue is emptied."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self._events: deque[SentEvent] = deque()
        self._has_lost = False

    def put(self, sent: SentEvent) -> None:
        if len(self._events) >= _QUEUED:
            self._events.clear()
            self._has_lost = True
        if not self._has_lost:
            self._events.append(sent)
        self.ready.set()

    def take(self) -> list[SentEvent] | None:
        """Return the waiting events; None if some were lost."""
        lost, self._has_lost = self._has_lost, False
        events, self._events = list(self._events), deque()
        self.ready.clear()
        return None if lost else events


class EventBus:
    """Distributes events to subscribers. Used in the event loop only."""

    def __init__(self) -> None:
        self._process = f"{time.time_ns() // 1_000_000:x}"
        self._number = 0
        self._state: dict[str, Change] = {}
        self._recent: deque[SentEvent] = deque(maxlen=_QUEUED)
        self._subscribers: set[_Subscriber] = set()

    def publish(self, event: Change) -> None:
        """Send an event to all subscribers. An unchanged state is not sent."""
        if event.subject is not None:
            known = self._state.pop(event.subject, None)
            if event.is_state and len(self._state) < 20_000:
                self._state[event.subject] = event
                if known == event:
                    return
        self._number += 1
        sent = SentEvent(id=self._id(), event=event)
        self._recent.append(sent)
        for subscriber in self._subscribers:
            subscriber.put(sent)

    async def follow(
        self, last_event_id: str | None = None, kinds: Collection[str] = ()
    ) -> EventStream:
        """Yield events of the given kinds or of all, after a snapshot or the missed events."""
        subscriber = _Subscriber()
        self._subscribers.add(subscriber)
        try:
            missed = self._after(last_event_id)
            while True:
                for sent in [self._snapshot(kinds)] if missed is None else missed:
                    if not kinds or sent.event.kind in kinds or sent.event.kind == "snapshot":
                        yield sent
                await subscriber.ready.wait()
                missed = subscriber.take()
        finally:
            self._subscribers.discard(subscriber)

    def _id(self) -> str:
        return f"{self._process}-{self._number}"

    def _snapshot(self, kinds: Collection[str]) -> SentEvent:
        state = [each for each in self._state.values() if not kinds or each.kind in kinds]
        return SentEvent(id=self._id(), event=Snapshot(events=state))

    def _after(self, last_event_id: str | None) -> list[SentEvent] | None:
        """Return the events after an id; None if the id is of another process or too old."""
        process, _, text = (last_event_id or "").partition("-")
        if process != self._process or not text.isascii() or not text.isdecimal():
            return None
        missing = self._number - int(text[:20])
        if not 0 <= missing <= len(self._recent):
            return None
        return list(self._recent)[len(self._recent) - missing :]


_bus: ContextVar[EventBus | None] = ContextVar("event bus", default=None)


def open_bus() -> EventBus:
    """Return a new bus and make it the bus of this context."""
    bus = EventBus()
    _bus.set(bus)
    return bus


def current_bus() -> EventBus:
    """Return the bus of this context; a new one if there is none."""
    return _bus.get() or open_bus()


def publish(event: Change) -> None:
    """Publish an event on the bus of this context, if there is one."""
    bus = _bus.get()
    if bus is not None:
        bus.publish(event)
