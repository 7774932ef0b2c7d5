"""The governor: limits the rate of requests to YouTube, and pauses them. Its state is durable.

A token bucket paces the videos. When YouTube limits this IP address, the circuit opens: no video
starts, and all stay queued. After a pause, which doubles each time, a single extraction is the
probe. If it succeeds, the circuit closes, and each success allows one more concurrent video;
otherwise the circuit opens for longer.

Waits are measured by a monotonic clock, so that setting the wall clock does not change them.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Self

from loguru import logger

from ytarchive.common.database import Database
from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.errors import Blocked, RequestsPaused, YTArchiveError
from ytarchive.common.models import utc_now
from ytarchive.jobs.governor.bucket import TokenBucket
from ytarchive.jobs.governor.circuit import (
    LISTING_SHRANK,
    Circuit,
    CircuitState,
    Streaks,
    asked_wait,
    load_circuit,
    refusal_of,
    save_circuit,
)
from ytarchive.jobs.governor.models import DIRECT, GovernorState, PauseRequest, Permit
from ytarchive.jobs.queue.clock import CLOCK_WAS_SET, Clock, Stopwatch, stopwatch
from ytarchive.jobs.queue.waiting import Waiting

log = logger.bind(service="jobs")

_LONGEST_PROBE = 900.0
"""Seconds after which a probe without outcome is repeated."""
_MAX_RAMP = 8  # concurrent videos after which the ramp ends and earlier blocks are forgotten
_MAX_WAIT = 60.0


class Governor:
    """Decides when the next video may start."""

    def __init__(
        self,
        database: Database,
        settings: DownloadConfig,
        state: CircuitState,
        now: Clock = utc_now,
        passed: Stopwatch = stopwatch,
    ) -> None:
        self._database = database
        self._settings = settings
        self._state = state
        self._now = now
        self._passed = passed
        self._probe_due = passed() + state.remaining(now()).total_seconds()
        self._bucket = TokenBucket(settings, state.tokens, passed)
        self._probe: Permit | None = None
        self._ramp: int | None = 1 if state.times_in_a_row else None
        self._permitted: set[Permit] = set()
        self._before_resume: set[Permit] = set()
        self._changed = asyncio.Event()
        self._streaks = Streaks()
        state.show()

    @classmethod
    async def open(
        cls,
        database: Database,
        settings: DownloadConfig,
        now: Clock = utc_now,
        passed: Stopwatch = stopwatch,
        egress: str = DIRECT,
    ) -> Self:
        """Return the governor of an egress, with the state of the last process."""
        state = await load_circuit(database, now(), float(settings.burst), egress)
        governor = cls(database, settings, state, now, passed)
        elapsed = max((now() - state.counted_at).total_seconds(), 0)
        governor._bucket.take(-governor._bucket.grown_in(elapsed))
        return governor

    def snapshot(self) -> GovernorState:
        """Return the current state."""
        self._apply_clock_change()
        return self._state.shown(self._settings, self._bucket.tokens)

    def waiting(self) -> Waiting | None:
        """Return why no video starts now; None if one may."""
        self._apply_clock_change()
        held = self._state.waiting()
        if held is None and self._bucket.wait(1) > 0:
            pace = f"the polite pace of {self._settings.videos_per_hour} videos an hour"
            return Waiting("pace", pace, egress=self._state.egress)
        return held

    async def turn(
        self, cost: float = 0.0, source: str | None = None, *, of_data_api: bool = False
    ) -> None:
        """Wait until a request of `cost` is allowed, or the queue has a permit for `source`.

        `of_data_api`: a request that a pause by a user delays, but not a block.
        """
        wait_of = self._pause if of_data_api else self._wait
        while not self._covers(source) and (wait := wait_of(cost)) > 0:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(wait, _MAX_WAIT)):
                    await self._changed.wait()

    async def admit(
        self,
        cost: float = 1.0,
        source: str | None = None,
        *,
        queued: bool = False,
        patience: float | None = None,
    ) -> Permit:
        """Wait until a video may start (`cost` below 1 for lighter requests).

        `queued`: a request of the queue, so all requests about `source` are admitted meanwhile.
        `patience`: maximum seconds to wait. Raises RequestsPaused if the wait would be longer.
        """
        asked = None if queued else source
        if patience is not None and not self._covers(asked) and self._wait(cost) > patience:
            raise self._refusal(cost)
        try:
            async with asyncio.timeout(patience):
                await self.turn(cost, asked)
        except TimeoutError:
            raise self._refusal(cost) from None
        if self._covers(asked):
            return Permit(0, is_covered=True, egress=self._state.egress)
        return self._permit(cost, source if queued else None)

    def _covers(self, source: str | None) -> bool:
        return source is not None and any(each.covers == source for each in self._permitted)

    def _refusal(self, cost: float) -> RequestsPaused:
        return refusal_of(self.waiting(), self._wait(cost))

    def _permit(self, cost: float, covers: str | None) -> Permit:
        permit = Permit(cost, self._state.circuit is not Circuit.CLOSED, covers, self._state.egress)
        if permit.is_probe:
            self._begin_probe(permit)
        if cost >= 1:
            self._permitted.add(permit)
        self._bucket.take(cost)
        if covers is not None:
            self._changed.set()  # another caller may wait for the same video
        return permit

    def release(self, permit: Permit) -> None:
        """End a permit. A probe without outcome is repeated."""
        self._permitted.discard(permit)
        self._before_resume.discard(permit)
        if permit is self._probe:
            self._wait_for_probe(timedelta(0))
        self._changed.set()

    async def succeeded(self, permit: Permit | None = None, *, media: bool = False) -> None:
        """Record a success; a successful probe closes the circuit.

        Without a permit: a list was read completely and accepted. `media`: media were fetched.
        """
        self._streaks.clear(media=media, page=permit is not None and not permit.cost)
        if not self._state.is_ended_by_success(media=media):
            return
        is_whole_list = permit is None and self._state.reason == LISTING_SHRANK
        if self._is_probe(permit) or is_whole_list:
            log.info("YouTube answers again: the queue resumes gradually")
            self._state.outages = 0
            await self._close(ramp=1)
        elif self._ramp and self._state.circuit is Circuit.CLOSED and permit in self._permitted:
            # Ignored while the circuit is open: only earlier requests can succeed then.
            self._ramp += 1
            self._changed.set()
            if self._ramp > _MAX_RAMP:
                self._ramp, self._state.times_in_a_row = None, 0
                await self.save()

    async def failed(
        self, error: YTArchiveError, source: str, permit: Permit | None = None
    ) -> None:
        """Record a failure. Blocks, and series of failures, open the circuit."""
        if permit in self._before_resume:
            return
        if isinstance(error, Blocked):
            await self._open_circuit(error.reason, error.message, asked_wait(error))
            return
        streak = self._streaks.add(error, source)
        if streak is not None:
            await self._open_circuit(streak.reason, streak.message(error))
        elif self._is_probe(permit) and (again := self._state.reason_to_reopen(error)):
            await self._open_circuit(again, error.message)
        elif self._is_probe(permit):
            log.info("the probe failed for another reason: {}", error.message)
            self._wait_for_probe(timedelta(minutes=2))
            await self.save()

    async def listing_shrank(self, playlist_id: str, before: int, now: int) -> None:
        """Record a list with far fewer entries than before, which counts as a block."""
        what = f"{playlist_id} lists {now} videos instead of {before}"
        await self._open_circuit(LISTING_SHRANK, f"{what}: answers are incomplete")

    async def pause(self, request: PauseRequest) -> None:
        """Start no new work until the pause ends, also after a restart."""
        self._state.pause(request, self._now())
        log.info("a user paused new work: {}", request.reason or "without a reason")
        await self.save()

    async def resume(self) -> None:
        """Lift the pause by hand; if the circuit is open, let the next request be the probe.

        Blocks reported by requests that started before are ignored then.
        """
        log.info("resumed by a user")
        self._state.end_pause()
        self._before_resume = set(self._permitted)
        self._state.times_in_a_row = 0
        if self._state.circuit is Circuit.OPEN:
            self._wait_for_probe(timedelta(0))
        self._changed.set()
        await self.save()

    async def save(self) -> None:
        """Store the state for the next process."""
        self._apply_clock_change()
        self._state.tokens, self._state.counted_at = self._bucket.tokens, self._now()
        await save_circuit(self._database, self._state)

    async def _open_circuit(
        self, reason: str, message: str, asked: timedelta = timedelta(0)
    ) -> None:
        """Pause new work, for longer at each consecutive time."""
        state = self._state
        if state.circuit is Circuit.OPEN and self._probe_due > self._passed():
            return  # reported by a video that started before the circuit opened
        cool_off = state.open(reason, message, self._now(), asked)
        self._wait_for_probe(cool_off)
        log.warning("{}: no work starts for {:.0f} minutes", message, cool_off.total_seconds() / 60)
        state.show(opened=True)
        await self.save()

    def _is_probe(self, permit: Permit | None) -> bool:
        """Return whether an outcome is the probe's; without a permit it counts as the probe's."""
        return self._probe is not None and permit in {None, self._probe}

    def _begin_probe(self, permit: Permit) -> None:
        log.info("one request tests whether YouTube answers again")
        self._probe, self._state.circuit = permit, Circuit.PROBING
        self._probe_due = self._passed() + _LONGEST_PROBE
        self._state.show()

    def _wait_for_probe(self, pause: timedelta) -> None:
        self._probe, self._state.circuit = None, Circuit.OPEN
        self._probe_due = self._passed() + pause.total_seconds()
        self._state.next_probe_at = self._now() + pause
        self._state.show()
        self._changed.set()

    async def _close(self, ramp: int | None) -> None:
        state = self._state
        if state.circuit is not Circuit.CLOSED:
            # The bucket starts empty after a block, to avoid a burst of requests.
            self._bucket.empty()
        self._probe, state.circuit, self._ramp = None, Circuit.CLOSED, ramp
        state.reason = state.message = state.opened_at = state.next_probe_at = None
        state.show()
        self._changed.set()
        await self.save()

    def _wait(self, cost: float) -> float:
        """Return the seconds until a request of `cost` is allowed."""
        if pause := self._pause(cost):
            return pause
        if self._state.circuit is not Circuit.CLOSED:
            return self._probe_due - self._passed()
        if self._ramp is not None and cost >= 1 and len(self._permitted) >= self._ramp:
            return _MAX_WAIT
        return self._bucket.wait(cost)

    def _pause(self, _: float) -> float:
        return self._state.pause_left(self._now())

    def _apply_clock_change(self) -> None:
        """Update the time of the next probe after a change of the wall clock, and end a pause."""
        state = self._state
        state.pause_left(self._now())
        if state.circuit is not Circuit.OPEN or state.next_probe_at is None:
            return
        due = self._now() + timedelta(seconds=self._probe_due - self._passed())
        if abs(due - state.next_probe_at) > CLOCK_WAS_SET:
            state.next_probe_at = due
            state.show()
