"""The governor: how fast YouTube may be asked, and whether at all. Its state survives restarts.

A token bucket paces the videos. When YouTube holds the address back, the circuit opens: nothing new
starts, everything stays queued. After a cool-off, which doubles each time, a single video probes;
if it succeeds the circuit closes, otherwise it opens for longer.
"""

import asyncio
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from loguru import logger

from ytarchive.common.config import DownloadConfig, Pace
from ytarchive.common.database import Database
from ytarchive.common.errors import (
    Blocked,
    ExtractorBroken,
    NoFormats,
    UnknownFailure,
    YTArchiveError,
)
from ytarchive.common.models import from_micros, to_micros, utc_now
from ytarchive.jobs.clock import Clock
from ytarchive.jobs.upstream import Governor as GovernorModel

log = logger.bind(service="jobs")


_FIRST_COOL_OFF = timedelta(minutes=60)
_LONGEST_COOL_OFF = timedelta(days=3)
_NEXT_PROBE = timedelta(minutes=2)
_FAILURES_IN_A_ROW = 6
"""Unexplained failures of different videos, without one success between, that mean a block."""
_JITTER = 0.1


class Circuit(StrEnum):
    """Whether YouTube may be asked."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


@dataclass
class _State:
    state: Circuit
    reason: str | None
    message: str | None
    opened_at: datetime | None
    next_probe_at: datetime | None
    times_in_a_row: int
    tokens: float
    counted_at: datetime


class Governor:
    """Decides when the next video may start."""

    def __init__(
        self, database: Database, settings: DownloadConfig, state: _State, now: Clock = utc_now
    ) -> None:
        self._database = database
        self._settings = settings
        self._state = state
        self._now = now
        self._changed = asyncio.Event()
        self._unexplained: set[str] = set()

    @classmethod
    async def open(cls, database: Database, settings: DownloadConfig, now: Clock = utc_now) -> Self:
        """Read the state that the last process left."""
        row = await database.fetch_one("get_governor")
        if row is None:
            fresh = _State(Circuit.CLOSED, None, None, None, None, 0, float(settings.burst), now())
            return cls(database, settings, fresh, now)
        state = _State(
            # A probe that was under way when the process ended has to be made again.
            state=Circuit.CLOSED if row["state"] == Circuit.CLOSED else Circuit.OPEN,
            reason=row["reason"],
            message=row["message"],
            opened_at=_moment(row["opened_at"]),
            next_probe_at=_moment(row["next_probe_at"]),
            times_in_a_row=row["times_in_a_row"],
            tokens=row["tokens"],
            counted_at=from_micros(row["counted_at"]),
        )
        return cls(database, settings, state, now)

    def snapshot(self) -> GovernorModel:
        """The present state, for people and programs."""
        state = self._state
        return GovernorModel(
            state=state.state,
            reason=state.reason,
            message=state.message,
            opened_at=state.opened_at,
            next_probe_at=state.next_probe_at,
            pace=self._settings.pace,
            videos_per_hour=self._settings.videos_per_hour,
            ready_videos=int(self._refilled()),
        )

    def waiting_for(self) -> str | None:
        """Why nothing starts now, in words; None if something may."""
        state = self._state
        if state.state is Circuit.OPEN and state.next_probe_at:
            return f"{state.message}; next try at {state.next_probe_at:%Y-%m-%d %H:%M} UTC"
        if state.state is Circuit.PROBING:
            return f"{state.message}; one video is being tried"
        if self._settings.pace is Pace.POLITE and self._refilled() < 1:
            return f"the polite pace of {self._settings.videos_per_hour} videos an hour"
        return None

    async def admit(self, cost: float = 1.0) -> None:
        """Wait until a video may start (`cost` below 1 for lighter requests)."""
        while (wait := self._wait(cost)) > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(min(wait, 60)):
                    await self._changed.wait()
            except TimeoutError:
                continue
        if self._state.state is Circuit.OPEN:
            self._state.state = Circuit.PROBING
        if self._settings.pace is Pace.POLITE:
            self._state.tokens = self._refilled() - cost
            self._state.counted_at = self._now()

    async def succeeded(self) -> None:
        """YouTube answered as it should: if that was the probe, what was wrong is over."""
        self._unexplained.clear()
        if self._state.state is not Circuit.PROBING:
            return  # while it is open, only what had started before can end well: it proves nothing
        log.info("YouTube answers again: the queue goes on")
        await self._close()

    async def failed(self, error: YTArchiveError, source: str) -> None:
        """A video or list failed. Blocks, and runs of unexplained failures, open the circuit."""
        if isinstance(error, Blocked):
            await self.open_circuit(error.reason, error.message, _asked_wait(error))
            return
        if isinstance(error, ExtractorBroken | NoFormats | UnknownFailure):
            self._unexplained.add(source)
        if len(self._unexplained) >= _FAILURES_IN_A_ROW:
            self._unexplained.clear()
            message = f"{_FAILURES_IN_A_ROW} videos in a row failed: {error.message}"
            await self.open_circuit("extraction_failing", message)
        elif self._state.state is Circuit.PROBING:
            # It failed for reasons of its own: another probe is needed.
            self._state.state = Circuit.OPEN
            self._state.next_probe_at = self._now() + _NEXT_PROBE
            self._changed.set()
            await self.save()

    async def listing_shrank(self, playlist_id: str, before: int, now: int) -> None:
        """A list has suddenly far fewer entries than before: that is a block until it is proven."""
        message = f"{playlist_id} lists {now} videos instead of {before}: YouTube cuts its answers"
        await self.open_circuit("listing_shrank", message)

    async def open_circuit(
        self, reason: str, message: str, asked: timedelta = timedelta(0)
    ) -> None:
        """Let nothing new start for a while, for longer each time in a row."""
        state, now = self._state, self._now()
        if state.state is Circuit.OPEN and state.next_probe_at and state.next_probe_at > now:
            return  # told by a video that had started before the circuit opened
        cool_off = self._cool_off(asked)
        state.state, state.reason, state.message = Circuit.OPEN, reason, message
        state.opened_at, state.next_probe_at = now, now + cool_off
        state.times_in_a_row += 1
        minutes = round(cool_off.total_seconds() / 60)
        log.warning("{}: nothing starts for {} minutes", message, minutes)
        await self.save()

    async def resume(self) -> None:
        """Close the circuit by hand: the cause is mended."""
        log.info("the governor was reset by hand")
        await self._close()

    async def save(self) -> None:
        """Keep the state for the next process."""
        state = self._state
        await self._database.execute(
            "save_governor",
            {
                "state": state.state,
                "reason": state.reason,
                "message": state.message,
                "opened_at": state.opened_at and to_micros(state.opened_at),
                "next_probe_at": state.next_probe_at and to_micros(state.next_probe_at),
                "times_in_a_row": state.times_in_a_row,
                "tokens": self._refilled(),
                "counted_at": to_micros(self._now()),
            },
        )

    async def _close(self) -> None:
        state = self._state
        state.state, state.times_in_a_row = Circuit.CLOSED, 0
        state.reason = state.message = state.opened_at = state.next_probe_at = None
        self._changed.set()
        await self.save()

    def _cool_off(self, asked: timedelta) -> timedelta:
        usual: timedelta = _FIRST_COOL_OFF * 2 ** min(self._state.times_in_a_row, 10)
        jitter = 1 + random.uniform(0, _JITTER)  # noqa: S311  # spreads load, guards nothing
        return min(asked or usual, _LONGEST_COOL_OFF) * jitter

    def _wait(self, cost: float) -> float:
        """Seconds until a request of `cost` may go."""
        state = self._state
        if state.state is Circuit.PROBING:
            return float("inf")
        if state.state is Circuit.OPEN and state.next_probe_at:
            return (state.next_probe_at - self._now()).total_seconds()
        if self._settings.pace is Pace.OFF:
            return 0
        missing = min(cost, 1) - self._refilled()
        return missing * 3600 / self._settings.videos_per_hour

    def _refilled(self) -> float:
        """Tokens there are now; a clock that jumps back adds none, ahead at most a full bucket."""
        passed = max((self._now() - self._state.counted_at).total_seconds(), 0)
        grown = self._state.tokens + passed * self._settings.videos_per_hour / 3600
        return min(grown, float(self._settings.burst))


def _asked_wait(error: YTArchiveError) -> timedelta:
    """How long YouTube asked to wait (Retry-After); nothing if it did not say."""
    try:
        return timedelta(seconds=float(error.details.get("retry_after") or 0))
    except (TypeError, ValueError, OverflowError):
        return timedelta(0)


def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_micros(value)
