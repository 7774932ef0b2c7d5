"""Computes the time of a subscription's next check, and the reason for that time.

Pure functions: times and chance are arguments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median_low

from pydantic import Field

from ytarchive.common.models import Model, UtcDatetime
from ytarchive.subscriptions.schedules import SHORTEST, Schedule

DAILY = timedelta(days=1)
WEEKLY = timedelta(days=7)
JITTER = 0.2
"""Adaptive intervals vary by this share, so that sources are not checked at the same moment."""
_RECENT = 20
"""The number of uploads from which the rhythm is computed."""
_CHECKS_PER_GAP = 10
_PATIENCE = 3
"""After this many usual gaps without an upload, checks become less frequent."""
_INACTIVE = timedelta(days=90)
_MIN_UPLOADS = 3
_CRON_TIMES = 8
_SECOND = timedelta(seconds=1)
_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"))


class NextCheck(Model):
    """When a subscription is checked next."""

    at: UtcDatetime
    reason: str = Field(description="Why at that time, as a sentence for people")


@dataclass(frozen=True)
class Pace:
    """The interval of the checks of a subscription, without a budget."""

    interval: timedelta
    reason: str


def pace_of(schedule: Schedule, uploads: Sequence[datetime], now: datetime) -> Pace:
    """Return the interval that a schedule requests. `uploads` may have any order."""
    if schedule.every is not None:
        return Pace(timedelta(seconds=schedule.every), f"checked {schedule}")
    if schedule.cron is not None:
        text = f"checked at the times of {schedule.cron} ({schedule.time_zone})"
        return Pace(_mean_gap(schedule, now), text)
    return _adaptive(sorted(each for each in uploads if each <= now)[-_RECENT:], now)


def next_check(
    schedule: Schedule,
    uploads: Sequence[datetime],
    checked_at: datetime,
    *,
    interval: timedelta | None = None,
    starts_at: datetime | None = None,
    jitter: float = 0.0,
) -> NextCheck:
    """Return the time of the check that follows the one at `checked_at`; it may be in the past.

    `interval`: the interval that the budget allows; by default, the schedule's own.
    `starts_at`: the start of a known premiere or live stream. `jitter`: chance, from -1 to 1.
    """
    pace = pace_of(schedule, uploads, checked_at)
    allowed = max(interval or pace.interval, pace.interval)
    is_stretched = allowed > pace.interval * 1.05
    reason = pace.reason
    if is_stretched:
        reason += f"; every {spoken(allowed)}, because the daily budget allows no more"
    if schedule.cron is not None:
        earliest = checked_at + allowed - _SECOND if is_stretched else checked_at
        return NextCheck(at=next(schedule.times_after(earliest)), reason=reason)
    if schedule.every is None:
        allowed = max(allowed * (1 + JITTER * jitter), SHORTEST)
    at = checked_at + allowed
    if starts_at is not None and checked_at < starts_at < at:
        at = max(starts_at, checked_at + SHORTEST)
        reason = f"a premiere or live stream starts at {starts_at:%Y-%m-%d %H:%M} UTC"
    return NextCheck(at=at, reason=reason)


def spoken(duration: timedelta) -> str:
    """Return a duration for use after "every": `day`, `7 hours`, `90 minutes`."""
    seconds = duration.total_seconds()
    for length, unit in _UNITS:
        count = round(seconds / length)
        if count >= 3 or (count and abs(seconds - count * length) <= 0.1 * length):
            return unit if count == 1 else f"{count} {unit}s"
    return "minute" if seconds < 90 else f"{round(seconds / 60)} minutes"


def _adaptive(recent: Sequence[datetime], now: datetime) -> Pace:
    """Return the interval for a source with these last uploads, in order."""
    silence = now - recent[-1] if recent else timedelta()
    if silence > _INACTIVE:
        return Pace(WEEKLY, f"no upload for {silence.days} days; checked every week")
    if len(recent) < _MIN_UPLOADS:
        known = f"fewer than {_MIN_UPLOADS} uploads are known"
        return Pace(DAILY, f"{known}; checked every day")
    gaps = [later - earlier for earlier, later in pairwise(recent)]
    mean, usual = (recent[-1] - recent[0]) / len(gaps), median_low(gaps)
    rhythm = f"uploads about every {spoken(usual)}"
    if mean / _PATIENCE > usual:  # several uploads at a time: their small gaps are no rhythm
        usual = mean / _PATIENCE
        rhythm = f"uploads at irregular times, on average every {spoken(mean)}"
    gap = max(usual, silence / _PATIENCE)
    interval = min(max(gap / _CHECKS_PER_GAP, SHORTEST), DAILY)
    if gap > usual:
        rhythm += f", but none since {recent[-1]:%Y-%m-%d}"
    return Pace(interval, f"{rhythm}; checked every {spoken(interval)}")


def _mean_gap(schedule: Schedule, now: datetime) -> timedelta:
    """Return the mean time between the next times of a cron expression."""
    times = schedule.times_after(now)
    first = last = next(times)
    for _ in range(_CRON_TIMES):
        last = next(times)
    return (last - first) / _CRON_TIMES
