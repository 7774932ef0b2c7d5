"""The circuit breaker: failures that open it, its state, its storage, its metrics and reports."""

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ytarchive.common.database import Database, Row
from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.errors import (
    ExtractorBroken,
    MediaRefused,
    NetworkFailure,
    NoFormats,
    RequestsPaused,
    UnknownFailure,
    YTArchiveError,
)
from ytarchive.common.events import GovernorChanged, publish
from ytarchive.common.rows import fields_of, readable, row_of
from ytarchive.common.telemetry import GOVERNOR_NEXT_PROBE, GOVERNOR_PAUSES, GOVERNOR_STATE
from ytarchive.jobs.governor.models import DIRECT, GovernorState, PauseRequest
from ytarchive.jobs.queue.waiting import Waiting

_FIRST_COOL_OFF = timedelta(minutes=60)
_LONGEST = timedelta(days=3)
_FIRST_OUTAGE = timedelta(minutes=1)
_LONGEST_OUTAGES = 3
"""Maximum doublings of the first pause without a connection: eight minutes."""


_UPDATE = "update yt-dlp: `ytarchive upgrade-ytdlp`"


@dataclass(frozen=True)
class Streak:
    """A number of consecutive similar failures of videos or lists that indicates one cause."""

    reason: str
    errors: tuple[type[YTArchiveError], ...]
    longest: int
    advice: str = ""

    def message(self, error: YTArchiveError) -> str:
        """Return the message of the pause after `error`, the last of the failures."""
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.longest} videos in a row failed: {error.message}{advice}"


EXTRACTION = Streak("extraction_failing", (ExtractorBroken, NoFormats, UnknownFailure), 6, _UPDATE)
MEDIA = Streak("media_refused", (MediaRefused,), 6, _UPDATE)
"""YouTube describes the videos and refuses their media: yt-dlp's client is no longer accepted."""
NETWORK = Streak("network", (NetworkFailure,), 5)


class Streaks:
    """Counts failures by video or list: repeated failures of one count once."""

    def __init__(self) -> None:
        self._sources: dict[Streak, set[str]] = {
            each: set() for each in (EXTRACTION, MEDIA, NETWORK)
        }

    def add(self, error: YTArchiveError, source: str) -> Streak | None:
        """Count a failure; return the streak that it completes, if any, and restart its count."""
        for streak, sources in self._sources.items():
            if isinstance(error, streak.errors):
                sources.add(source)
                if len(sources) >= streak.longest:
                    sources.clear()
                    return streak
        return None

    def clear(self, *, media: bool, page: bool = False) -> None:
        """Record a success.

        Refusals of media end only when `media` were fetched. A `page` of a list ends only failures
        of the network: yt-dlp reads pages although it fails at videos.
        """
        for streak, sources in self._sources.items():
            if streak is NETWORK or (not page and (media or streak is not MEDIA)):
                sources.clear()


class Circuit(StrEnum):
    """The states of the circuit."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


@dataclass
class CircuitState:
    """The durable state of one egress."""

    circuit: Circuit
    reason: str | None
    message: str | None
    opened_at: datetime | None
    next_probe_at: datetime | None
    times_in_a_row: int
    tokens: float
    counted_at: datetime
    paused_at: datetime | None = None
    """When a user paused it; None if it is not paused."""
    paused_until: datetime | None = None
    pause_reason: str | None = None
    egress: str = DIRECT
    outages: int = 0
    """Consecutive pauses without a connection; a new process starts at 0."""

    def remaining(self, now: datetime) -> timedelta:
        """Return the time until the next probe; setting the clock back does not increase it."""
        if self.next_probe_at is None:
            return timedelta(0)
        left = max(self.next_probe_at - now, timedelta(0))
        if self.opened_at is None or self.opened_at <= now:
            return left
        return min(left, max(self.next_probe_at - self.opened_at, timedelta(0)))

    def is_ended_by_success(self, *, media: bool) -> bool:
        """Return whether a successful request, which fetched `media` or not, ends the pause."""
        return media or self.reason != MEDIA.reason

    def reason_to_reopen(self, error: YTArchiveError) -> str | None:
        """Return the reason of another pause after this failure of the probe; None for others."""
        if isinstance(error, NetworkFailure):
            return NETWORK.reason
        return (
            MEDIA.reason
            if self.reason == MEDIA.reason and isinstance(error, MediaRefused)
            else None
        )

    def open(
        self, reason: str, message: str, now: datetime, asked: timedelta = timedelta(0)
    ) -> timedelta:
        """Open the circuit, and return the length of the pause.

        Without a connection the pause is short. Otherwise consecutive pauses double, and the first
        one is the time that YouTube requested, if any.
        """
        self.reason, self.message, self.opened_at = reason, message, now
        if reason == NETWORK.reason:
            cool_off: timedelta = _FIRST_OUTAGE * 2 ** min(self.outages, _LONGEST_OUTAGES)
            self.outages += 1
        else:
            usual: timedelta = _FIRST_COOL_OFF * 2 ** min(self.times_in_a_row, 10)
            cool_off = min(max(asked, usual) if self.times_in_a_row else asked or usual, _LONGEST)
            self.times_in_a_row += 1
        return cool_off * (1 + random.uniform(0, 0.1))  # noqa: S311  # not for security

    def pause(self, request: PauseRequest, now: datetime) -> None:
        """Pause all new work, or replace time and reason of the present pause."""
        self.paused_at = self.paused_at or now
        self.paused_until, self.pause_reason = request.until, request.reason

    def end_pause(self) -> None:
        """End a pause by a user."""
        self.paused_at = self.paused_until = self.pause_reason = None
        self.publish()

    def pause_left(self, now: datetime) -> float:
        """Return the seconds of the pause by a user; its time is by the wall clock."""
        if self.paused_until is not None and self.paused_until <= now:
            self.end_pause()
        if self.paused_at is None:
            return 0
        return (self.paused_until - now).total_seconds() if self.paused_until else math.inf

    def shown(self, settings: DownloadConfig, tokens: float) -> GovernorState:
        """Return the current state; `tokens`: videos that may start at once."""
        names = GovernorState.model_fields.keys() & vars(self).keys()
        return GovernorState(
            **{name: getattr(self, name) for name in names},
            state=self.circuit,
            pace=settings.pace,
            videos_per_hour=settings.videos_per_hour,
            ready_videos=max(int(tokens), 0),
        )

    def waiting(self) -> Waiting | None:
        """Return why no video starts now, except the pace; None if one may."""
        if self.paused_at is not None:
            since = f"since {self.paused_at:%Y-%m-%d %H:%M} UTC"
            until = f" until {self.paused_until:%Y-%m-%d %H:%M} UTC" if self.paused_until else ""
            reason = f" ({self.pause_reason})" if self.pause_reason else ""
            message = (
                f"paused by `ytarchive pause` {since}{until}{reason}; `ytarchive resume` ends the "
                "pause"
            )
            return Waiting("paused", message, self.paused_until, self.egress)
        probe = self.next_probe_at
        if self.circuit is Circuit.OPEN and probe:
            message = f"{self.message}; next attempt at {probe:%Y-%m-%d %H:%M} UTC"
            return Waiting(self.reason or "", message, probe, self.egress)
        if self.circuit is Circuit.PROBING:
            message = f"{self.message}; one video is the probe"
            return Waiting("probing", message, egress=self.egress)
        return None

    def show(self, *, opened: bool = False) -> None:
        """Update the metrics, and publish the state; `opened` counts a new pause."""
        for circuit in Circuit:
            GOVERNOR_STATE.labels(circuit.value, self.egress).set(circuit is self.circuit)
        probe = self.next_probe_at
        GOVERNOR_NEXT_PROBE.labels(self.egress).set(probe.timestamp() if probe else 0)
        if opened:
            GOVERNOR_PAUSES.labels(self.reason or "", self.egress).inc()
        self.publish()

    def publish(self) -> None:
        """Publish the state."""
        names = GovernorChanged.model_fields.keys() & vars(self).keys()
        values = {name: getattr(self, name) for name in names}
        publish(GovernorChanged(**values, state=self.circuit))


async def load_circuit(
    database: Database, now: datetime, tokens: float, egress: str
) -> CircuitState:
    """Return the state of the last process; closed, with `tokens`, if there is none."""
    row = await database.fetch_one("get_governor", {"egress": egress})
    kept = readable(row, _circuit, "the state of the governor") if row else None
    fresh = CircuitState(Circuit.CLOSED, None, None, None, None, 0, tokens, now, egress=egress)
    return kept or fresh


def _circuit(row: Row) -> CircuitState:
    # A probe that was active when the process ended must be repeated.
    circuit = Circuit.CLOSED if row["state"] == Circuit.CLOSED else Circuit.OPEN
    return CircuitState(**fields_of(CircuitState, row), circuit=circuit)


async def save_circuit(database: Database, state: CircuitState) -> None:
    """Store the state."""
    state.publish()
    await database.execute("save_governor", row_of(state) | {"state": state.circuit})


def asked_wait(error: YTArchiveError) -> timedelta:
    """Return the time that YouTube requested (Retry-After), or 0."""
    try:
        return timedelta(seconds=float(error.details.get("retry_after") or 0))
    except (TypeError, ValueError, OverflowError):
        return timedelta(0)


LISTING_SHRANK = "listing_shrank"
"""The reason of a pause because a list suddenly shrank."""
_UNKNOWN = 600
"""Seconds to wait if the end is not known."""


def refusal_of(waiting: Waiting | None, seconds: float) -> RequestsPaused:
    """Return the error for a request that cannot wait; `seconds`: when it may be sent again."""
    why = waiting.message if waiting else "other requests are running"
    later = max(round(seconds), 1) if math.isfinite(seconds) else _UNKNOWN
    return RequestsPaused(f"no request to YouTube now: {why}", retry_after=later)
