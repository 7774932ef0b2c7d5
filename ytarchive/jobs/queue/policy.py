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
| `MediaRefused` of several videos in a row | the governor pauses everything as well |
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
"""Times given by others may be wrong or change: the next request is at most this much later."""
_LONGEST_PREMIERE = timedelta(days=30)
_SERVICE_RECHECK = timedelta(seconds=5)
_DISK_RECHECK = timedelta(minutes=5)
_STORAGE_RECHECK = timedelta(seconds=15)
_BLOCKED_RECHECK = timedelta(seconds=1)
_QUOTA_RECHECK = timedelta(hours=1)
_LONGEST_OUTAGE_WAIT = timedelta(minutes=5)
_JITTER = 0.25
_INTEGRITY_RETRIES = 1
"""A worker retries damaged media itself; further attempts rarely help."""
_OUTAGES = (errors.NetworkFailure, errors.ApiFailure, errors.ApiRateLimited)
_NEEDS_USER = (
    *(errors.RequestError, errors.ToolMissing, errors.InvalidConfiguration, errors.CookiesInvalid),
    *(errors.FileTooLarge, errors.CaseConflict),
)
_COUNTED_ELSEWHERE = (errors.DataApiError, errors.QuotaExceeded, errors.Cancelled)
"""The Data API's client counts its own failures; a cancellation is not a failure."""


def count_failure(error: errors.YTArchiveError) -> None:
    """Add a failed attempt at a video or list to the metric, unless its source has done so."""
    if not isinstance(error, _COUNTED_ELSEWHERE):
        YOUTUBE_ERRORS.labels(error.reason or "other").inc()


class Action(StrEnum):
    """The action after a failure."""

    RETRY = "retry"  # uses an attempt
    WAIT = "wait"  # uses no attempt
    UNAVAILABLE = "unavailable"
    FAIL = "fail"
    CANCEL = "cancel"


class Condition(StrEnum):
    """The condition that must change before a parked video is retried."""

    COOKIES = "cookies"
    PROXY = "proxy"


@dataclass(frozen=True)
class Decision:
    """An action and the time of the next attempt; for FAIL: when a retry may succeed."""

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
    same_code: int = 1,
) -> Decision:
    """Return the action for `error`, the `failures`-th failed attempt of a video (from 1).

    `explained`: the governor has paused all requests because of such failures. `listed`: the video
    is part of a list, so no user waits for this video alone. `same_code`: how many of the failures
    had this code, including this one.
    """
    if explained:
        return Decision(Action.WAIT, utc_now() + _BLOCKED_RECHECK)
    if isinstance(error, errors.Cancelled):
        return Decision(Action.CANCEL)
    if isinstance(error, errors.Unavailable | errors.UpcomingVideo) or (
        listed and isinstance(error, errors.Postponed)
    ):
        return Decision(Action.UNAVAILABLE, _available_at(error))
    waiting = _pause(error, same_code, settings)
    if waiting is not None:
        return Decision(Action.WAIT, utc_now() + waiting)
    # A refused request fails again, and so does one for which a program or setting is missing. All
    # other failures may be temporary: YouTube has also reported permanent reasons temporarily.
    if isinstance(error, _NEEDS_USER):
        return Decision(Action.FAIL)
    later = utc_now() + _backoff(failures, settings)
    is_damaged = isinstance(error, errors.IntegrityFailure) and same_code > _INTEGRITY_RETRIES
    return Decision(Action.FAIL if failures > max_retries or is_damaged else Action.RETRY, later)


def _available_at(error: errors.YTArchiveError) -> datetime | None:
    """Return when an upcoming or live video may be available; None for other failures."""
    if isinstance(error, errors.UpcomingVideo):
        return utc_now() + _until(error, "retry_after", _PREMIERE_RECHECK, _LONGEST_PREMIERE)
    return utc_now() + _LIVE_RECHECK if isinstance(error, errors.Postponed) else None


def longest_waits(settings: JobsConfig) -> dict[str, timedelta]:
    """Return the longest waits that `decide` returns, by cause, as parameters of `bound_waits`."""
    return {
        "longest": _LONGEST_WAIT,
        "live": _LIVE_RECHECK,
        "least": _DISK_RECHECK,
        "retry_base": timedelta(seconds=settings.retry_base * (1 + _JITTER)),
        "retry_max": timedelta(seconds=settings.retry_max * (1 + _JITTER)),
    }


def condition_of(error: errors.YTArchiveError) -> Condition | None:
    """Return the condition that must change before a retry; None if time may suffice."""
    match error:
        case (
            errors.AgeRestricted()
            | errors.MembersOnly()
            | errors.PaymentRequired()
            | errors.PrivateVideo()
            | errors.CookiesInvalid()
        ):
            return Condition.COOKIES
        case errors.RegionBlocked():
            return Condition.PROXY
        case _:
            return None


def is_an_answer(error: errors.YTArchiveError) -> bool:
    """Return whether YouTube dealt with the request as usual, although it did not give the video.

    Its vague "Video unavailable" proves nothing: it is also the answer to too many requests.
    """
    return isinstance(error, errors.Unavailable | errors.Postponed) and not isinstance(
        error, errors.VideoUnavailable
    )


def _pause(error: errors.YTArchiveError, same_code: int, settings: JobsConfig) -> timedelta | None:
    """Return the wait after a failure that the video did not cause; None for other failures."""
    if isinstance(error, _OUTAGES):
        return min(_backoff(same_code, settings), _LONGEST_OUTAGE_WAIT)
    if isinstance(error, errors.QuotaExceeded):
        return _until(error, "resets_at", _QUOTA_RECHECK, _LONGEST_WAIT)
    pauses: dict[type[errors.YTArchiveError], timedelta] = {
        errors.LiveVideo: _LIVE_RECHECK,
        errors.Postponed: _LIVE_RECHECK,
        errors.ServiceUnavailable: _SERVICE_RECHECK,
        errors.DiskFull: _DISK_RECHECK,
        errors.ArchiveMissing: _SERVICE_RECHECK,  # the disk guard pauses the queue meanwhile
        errors.StorageProblem: _STORAGE_RECHECK,
        errors.Blocked: _BLOCKED_RECHECK,  # the governor pauses the queue meanwhile
    }
    return next((pause for kind, pause in pauses.items() if isinstance(error, kind)), None)


def _until(
    error: errors.YTArchiveError, name: str, otherwise: timedelta, longest: timedelta
) -> timedelta:
    """Return the time until the moment in the error's details, with a margin; else `otherwise`."""
    try:
        left = datetime.fromisoformat(str(error.details[name])) - utc_now()
    except (KeyError, ValueError, TypeError):
        return otherwise
    if left <= timedelta(0):
        return _LATE_PREMIERE
    return min(left + timedelta(minutes=1), longest)


def _backoff(failures: int, settings: JobsConfig) -> timedelta:
    """Return a wait that doubles with each failure up to a limit, with jitter."""
    seconds = min(settings.retry_base * 2 ** min(failures - 1, 30), settings.retry_max)
    jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # not a secret
    return timedelta(seconds=seconds * jitter)
