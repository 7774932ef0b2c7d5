"""The retry policy of direct downloads: declared here, implemented by Jobs, set in `app`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ytarchive.common.errors import ArchiveMissing, DiskFull, YTArchiveError
from ytarchive.common.models import utc_now

_DISK_CHECK_INTERVAL = 30


@dataclass(frozen=True)
class Retry:
    """The time of the next attempt, and whether the failed attempt counts."""

    until: datetime
    uses_attempt: bool


RetryPolicy = Callable[[YTArchiveError, int, int, int], Retry | None]
"""Decides about the n-th failure of a download: returns the next attempt; None to give up.

Gets the error, n, the maximum number of retries, and how many of the failures had its code.
"""


def for_disk_space(error: YTArchiveError) -> Retry | None:
    """Return the time of the next check of a full or missing disk, for any policy."""
    if not isinstance(error, DiskFull | ArchiveMissing):
        return None
    until = utc_now() + timedelta(seconds=_DISK_CHECK_INTERVAL)
    return Retry(until, uses_attempt=False)
