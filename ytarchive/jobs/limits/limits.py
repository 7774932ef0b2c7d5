"""Delays the videos of the queue by download windows and daily caps."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, time, timedelta, tzinfo

from loguru import logger

from ytarchive.common.database import Database
from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.events import QueueChanged, publish
from ytarchive.common.models import to_micros, utc_now
from ytarchive.common.windows import moment, next_opening, parse_window
from ytarchive.jobs.queue.clock import Clock
from ytarchive.jobs.queue.waiting import Waiting

log = logger.bind(service="jobs")

_MAX_WAIT = 30.0
"""Seconds between two checks: the wall clock and its time zone may be changed."""


class QueueLimits:
    """Decides by the local time and by today's results whether a video of the queue may start.

    What was fetched is counted from the stored results, so a restart changes nothing.
    """

    def __init__(
        self,
        database: Database,
        settings: DownloadConfig,
        now: Clock = utc_now,
        zone: tzinfo | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._windows = [parse_window(each) for each in settings.windows]
        self._now = now
        self._zone = zone
        self._reached: Waiting | None = None
        self._changed = asyncio.Event()

    async def admit(self, active: Callable[[], int]) -> None:
        """Wait until a video may start; `active` returns how many run, which have no result yet."""
        held = False
        self._changed.clear()
        while (waiting := await self._current(active())) is not None:
            if not held:
                log.info("the queue waits: {}", waiting.message)
            self._publish(waiting)
            held = True
            seconds = (waiting.until - self._now()).total_seconds() if waiting.until else _MAX_WAIT
            with suppress(TimeoutError):
                async with asyncio.timeout(min(max(seconds, 0.01), _MAX_WAIT)):
                    await self._changed.wait()
            self._changed.clear()
        if held:
            log.info("the queue resumes: a video may start")
            self._publish(None)

    async def admits(self, active: int) -> bool:
        """Return whether a video may start now."""
        return await self._current(active) is None

    def video_ended(self) -> None:
        """Check the caps again: a video that failed is not counted."""
        self._changed.set()

    def waiting(self) -> Waiting | None:
        """Return why no video starts now, as far as it is known; None if one may."""
        reached = self._reached
        if reached is not None and reached.until is not None and reached.until <= self._now():
            reached = None
        return self._outside_windows() or reached

    async def refresh(self) -> None:
        """Count today's results again, for `waiting`."""
        await self._current(0)

    async def _current(self, active: int) -> Waiting | None:
        if self._settings.videos_per_day is not None or self._settings.bytes_per_day is not None:
            self._reached = await self._reached_cap(active)
        return self._outside_windows() or self._reached

    def _outside_windows(self) -> Waiting | None:
        now = self._now()
        if not self._windows or (opens := next_opening(self._windows, now, self._zone)) is None:
            return None
        windows = ", ".join(self._settings.windows)
        message = f"outside the download windows ({windows}); the next one opens at {_shown(opens)}"
        return Waiting("outside_window", message, opens)

    async def _reached_cap(self, active: int) -> Waiting | None:
        today = self._now().astimezone(self._zone).date()
        since = moment(today, time(), self._zone)
        resets = moment(today + timedelta(days=1), time(), self._zone)
        row = await self._database.fetch_one("fetched_since", {"since": to_micros(since)})
        videos, size = (row["videos"], row["bytes"]) if row else (0, 0)
        most, most_bytes = self._settings.videos_per_day, self._settings.bytes_per_day
        until = f"it resets at {_shown(resets)}"
        if most is not None and videos + active >= most:
            running = f" and {active} active" if active else ""
            message = f"download.videos_per_day is reached: {videos} of {most} videos{running}"
            return Waiting("daily_videos", f"{message}; {until}", resets)
        if most_bytes is not None and size >= most_bytes:
            fetched = f"{size // 2**20} of {most_bytes // 2**20} MiB"
            message = f"download.bytes_per_day is reached: {fetched} fetched today; {until}"
            return Waiting("daily_bytes", message, resets)
        return None

    def _publish(self, waiting: Waiting | None) -> None:
        if waiting is None:
            publish(QueueChanged())
        else:
            publish(
                QueueChanged(reason=waiting.reason, message=waiting.message, until=waiting.until)
            )


def _shown(when: datetime) -> str:
    return f"{datetime.fromtimestamp(when.timestamp(), tz=utc_now().tzinfo):%Y-%m-%d %H:%M} UTC"
