"""What follows from a failure: each class of error has its own action."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ytarchive.common.config import JobsConfig
from ytarchive.common.errors import (
    Blocked,
    Cancelled,
    DiskFull,
    InvalidConfiguration,
    LiveVideo,
    Postponed,
    RequestError,
    ServiceUnavailable,
    ToolMissing,
    Unavailable,
    UpcomingVideo,
    YTArchiveError,
)
from ytarchive.common.models import utc_now

_LIVE_RECHECK = timedelta(minutes=30)
_PREMIERE_RECHECK = timedelta(hours=1)
_SERVICE_RECHECK = timedelta(seconds=5)
_DISK_RECHECK = timedelta(minutes=5)
_BLOCKED_RECHECK = timedelta(seconds=1)


class Action(StrEnum):
    """What is done about a failed video."""

    RETRY = "retry"  # uses an attempt
    WAIT = "wait"  # uses none
    UNAVAILABLE = "unavailable"
    FAIL = "fail"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Decision:
    """An action and, for RETRY and WAIT, the moment of the next try."""

    action: Action
    until: datetime | None = None


def decide(
    error: YTArchiveError, failures: int, max_retries: int, settings: JobsConfig
) -> Decision:
    """The action for `error`, the `failures`-th failed attempt of a video (from 1)."""
    if isinstance(error, Cancelled):
        return Decision(Action.CANCEL)
    if isinstance(error, Unavailable):
        return Decision(Action.UNAVAILABLE)
    waiting = _pause(error)
    if waiting is not None:
        return Decision(Action.WAIT, utc_now() + waiting)
    # A request that was refused stays refused, and so does a program or setting that is missing
    # here; anything else may pass: even a fault that is called permanent has been seen to be a
    # mood of YouTube's.
    if isinstance(error, RequestError | ToolMissing | InvalidConfiguration):
        return Decision(Action.FAIL)
    if failures > max_retries:
        return Decision(Action.FAIL)
    return Decision(Action.RETRY, utc_now() + _backoff(failures, settings))


def _pause(error: YTArchiveError) -> timedelta | None:
    """How long a failure that is not the video's own makes it wait; None if it is its own."""
    if isinstance(error, UpcomingVideo):
        return _until_start(error)
    pauses: dict[type[YTArchiveError], timedelta] = {
        LiveVideo: _LIVE_RECHECK,
        Postponed: _LIVE_RECHECK,
        ServiceUnavailable: _SERVICE_RECHECK,
        DiskFull: _DISK_RECHECK,
        Blocked: _BLOCKED_RECHECK,  # the governor holds the queue back meanwhile
    }
    return next((pause for kind, pause in pauses.items() if isinstance(error, kind)), None)


def _until_start(error: UpcomingVideo) -> timedelta:
    """Time to a premiere, if it was told, and a little more."""
    try:
        start = datetime.fromisoformat(str(error.details["retry_after"]))
        return max(start - utc_now(), timedelta(0)) + timedelta(minutes=1)
    except (KeyError, ValueError, TypeError):
        return _PREMIERE_RECHECK


def _backoff(failures: int, settings: JobsConfig) -> timedelta:
    """Doubles with each failure, up to the longest wait; jitter keeps retries apart."""
    seconds = min(settings.retry_base * 2 ** min(failures - 1, 30), settings.retry_max)
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311  # not a secret
