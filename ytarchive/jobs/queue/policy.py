"""What follows from a failure: each class of error has its own action.

| Failure | Action |
|---|---|
| `Blocked`: rate limit, bot check, address blocked | the governor pauses everything; no attempt |
| `NetworkFailure`, `ApiFailure`, `ApiRateLimited` | waits, later and later; no attempt |
| `NetworkFailure` of several videos in a row | the governor pauses everything as well |
| `UpcomingVideo`; `LiveVideo` in a list | unavailable, and queued again at its time; no attempt |
| `LiveVideo` that somebody named | waits for its end; no attempt |
| `VideoUnavailable`, `RecordingUnavailable` | unavailable as long as the ledger looks again |
| age gate, members only, to be paid, private, `CookiesInvalid` | parked until the cookies change |
| `RegionBlocked` | parked until the proxy changes |
| other `Unavailable`: deleted, DRM, source gone | unavailable for good |
| `StaleUrl` | extracted again at once, twice, by the worker; then as below |
| `QuotaExceeded` | waits for the quota; no attempt |
| `ServiceUnavailable`, `ArchiveMissing` | waits; no attempt |
| `StorageProblem`: disk full, gone, stale, read-only, … | waits; no attempt |
| `ToolMissing`, `InvalidConfiguration`, `RequestError`, `FileTooLarge`, `CaseConflict` | fails |
| `IntegrityFailure` | once more, whatever `max_retries` says: each attempt is two transfers |
| the rest: yt-dlp, ffmpeg, worker, stuck program, unknown | `max_retries` times, later and later |
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ytarchive.common import errors
from ytarchive.common.config import JobsConfig
from ytarchive.common.models import utc_now
from ytarchive.common.telemetry import YOUTUBE_ERRORS

_LIVE_RECHECK = timedelta(minutes=30)
_PREMIERE_RECHECK = timedelta(hours=1)
_LATE_PREMIERE = timedelta(minutes=10)
_LONGEST_WAIT = timedelta(days=1)
"""Moments that others name may be wrong or change: they are asked again after this time."""
_LONGEST_PREMIERE = timedelta(days=30)
_SERVICE_RECHECK = timedelta(seconds=5)
_DISK_RECHECK = timedelta(minutes=5)
_STORAGE_RECHECK = timedelta(seconds=15)
_BLOCKED_RECHECK = timedelta(seconds=1)
_QUOTA_RECHECK = timedelta(hours=1)
_LONGEST_OUTAGE_WAIT = timedelta(minutes=5)
_JITTER = 0.25
_INTEGRITY_RETRIES = 1
"""A worker transfers spoilt media again at once; a further attempt rarely helps."""
_OUTAGES = (errors.NetworkFailure, errors.ApiFailure, errors.ApiRateLimited)
_FOR_A_PERSON = (
    *(errors.RequestError, errors.ToolMissing, errors.InvalidConfiguration, errors.CookiesInvalid),
    *(errors.FileTooLarge, errors.CaseConflict),
)
_COUNTED_ELSEWHERE = (errors.DataApiError, errors.QuotaExceeded, errors.Cancelled)
"""The Data API's client counts its own failures; a cancellation is none."""


def count_failure(error: errors.YTArchiveError) -> None:
    """Add a failed attempt at a video or list to the metric, unless its source has done so."""
    if not isinstance(error, _COUNTED_ELSEWHERE):
        YOUTUBE_ERRORS.labels(error.reason or "other").inc()


class Action(StrEnum):
    """What is done about a failed video."""

    RETRY = "retry"  # uses an attempt
    WAIT = "wait"  # uses none
    UNAVAILABLE = "unavailable"
    FAIL = "fail"
    CANCEL = "cancel"


class Condition(StrEnum):
    """What must change before a parked video is worth another try."""

    COOKIES = "cookies"
    PROXY = "proxy"


@dataclass(frozen=True)
class Decision:
    """An action, and when to try again; for FAIL when another try may help."""

    action: Action
    until: datetime | None = None


def decide(
    error: errors.YTArchiveError,
    failures: int,
    max_retries: int,
    settings: JobsConfig,
    *,
    explained: bool = False,
    listed: bool = False,
    alike: int = 1,
) -> Decision:
    """Return the action for `error`, the `failures`-th failed attempt of a video (from 1).

    `explained`: the governor holds everything back because of failures like this one.
    `listed`: the video is of a list, which is followed: nobody waits for this video alone.
    `alike`: how many of the failures had this code, this one included.
    """
    if explained:
        return Decision(Action.WAIT, utc_now() + _BLOCKED_RECHECK)
    if isinstance(error, errors.Cancelled):
        return Decision(Action.CANCEL)
    if isinstance(error, errors.Unavailable | errors.UpcomingVideo) or (
        listed and isinstance(error, errors.Postponed)
    ):
        return Decision(Action.UNAVAILABLE, _available_at(error))
    waiting = _pause(error, alike, settings)
    if waiting is not None:
        return Decision(Action.WAIT, utc_now() + waiting)
    # A request that was refused stays refused, and so does a program or setting that is missing
    # here; anything else may pass: even a fault that is called permanent has been seen to be a
    # mood of YouTube's.
    if isinstance(error, _FOR_A_PERSON):
        return Decision(Action.FAIL)
    later = utc_now() + _backoff(failures, settings)
    is_spoilt = isinstance(error, errors.IntegrityFailure) and alike > _INTEGRITY_RETRIES
    return Decision(Action.FAIL if failures > max_retries or is_spoilt else Action.RETRY, later)


def _available_at(error: errors.YTArchiveError) -> datetime | None:
    """Return when a video that is not out yet, or live, may be available; None for all others."""
    if isinstance(error, errors.UpcomingVideo):
        return utc_now() + _until(error, "retry_after", _PREMIERE_RECHECK, _LONGEST_PREMIERE)
    return utc_now() + _LIVE_RECHECK if isinstance(error, errors.Postponed) else None


@dataclass(frozen=True)
class LongestWaits:
    """What a wait can be, by its cause."""

    longest: timedelta
    live: timedelta
    least: timedelta
    retry_base: timedelta
    retry_max: timedelta


def longest_waits(settings: JobsConfig) -> LongestWaits:
    """Return the longest that `decide` lets anything wait."""
    return LongestWaits(
        longest=_LONGEST_WAIT,
        live=_LIVE_RECHECK,
        least=_DISK_RECHECK,
        retry_base=timedelta(seconds=settings.retry_base * (1 + _JITTER)),
        retry_max=timedelta(seconds=settings.retry_max * (1 + _JITTER)),
    )


def condition_of(error: errors.YTArchiveError) -> Condition | None:
    """Return what must change before another try makes sense; None if time alone may do it."""
    match error:
        case (
            errors.AgeRestricted()
            | errors.MembersOnly()
            | errors.PaymentRequired()
            | errors.PrivateVideo()
        ):
            return Condition.COOKIES
        case errors.CookiesInvalid():
            return Condition.COOKIES
        case errors.RegionBlocked():
            return Condition.PROXY
        case _:
            return None


def is_an_answer(error: errors.YTArchiveError) -> bool:
    """Return whether YouTube dealt with the request as usual, although it did not give the video.

    Its vague "Video unavailable" proves nothing: it is also said to those who ask too much.
    """
    return isinstance(error, errors.Unavailable | errors.Postponed) and not isinstance(
        error, errors.VideoUnavailable
    )


def _pause(error: errors.YTArchiveError, alike: int, settings: JobsConfig) -> timedelta | None:
    """How long a failure that is not the video's own makes it wait; None if it is its own."""
    if isinstance(error, _OUTAGES):
        return min(_backoff(alike, settings), _LONGEST_OUTAGE_WAIT)
    if isinstance(error, errors.QuotaExceeded):
        return _until(error, "resets_at", _QUOTA_RECHECK, _LONGEST_WAIT)
    pauses: dict[type[errors.YTArchiveError], timedelta] = {
        errors.LiveVideo: _LIVE_RECHECK,
        errors.Postponed: _LIVE_RECHECK,
        errors.ServiceUnavailable: _SERVICE_RECHECK,
        errors.DiskFull: _DISK_RECHECK,
        errors.ArchiveMissing: _SERVICE_RECHECK,  # the disk guard holds the queue back meanwhile
        errors.StorageProblem: _STORAGE_RECHECK,
        errors.Blocked: _BLOCKED_RECHECK,  # the governor holds the queue back meanwhile
    }
    return next((pause for kind, pause in pauses.items() if isinstance(error, kind)), None)


def _until(
    error: errors.YTArchiveError, name: str, otherwise: timedelta, longest: timedelta
) -> timedelta:
    """Time to the moment that the error tells, and a little more; `otherwise` if it tells none."""
    try:
        left = datetime.fromisoformat(str(error.details[name])) - utc_now()
    except (KeyError, ValueError, TypeError):
        return otherwise
    if left <= timedelta(0):
        return _LATE_PREMIERE
    return min(left + timedelta(minutes=1), longest)


def _backoff(failures: int, settings: JobsConfig) -> timedelta:
    """Doubles with each failure, up to the longest wait; jitter keeps retries apart."""
    seconds = min(settings.retry_base * 2 ** min(failures - 1, 30), settings.retry_max)
    jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # not a secret
    return timedelta(seconds=seconds * jitter)
