"""The retry policy of direct downloads: declared here, implemented by Jobs, set in `app`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ytarchive.common.errors import ArchiveMissing, DiskFull, YTArchiveError
from ytarchive.common.models import utc_now

_DISK_CHECK_INTERVAL = 30


@dataclass(frozen=True)
class Retry:
    """The time of the next attempt, and whether the failed attempt counts."""

    until: datetime
    uses_attempt: bool


class RetryPolicy(Protocol):
    """Decides about a failure."""

    def __call__(
        self, error: YTArchiveError, failures: int, max_retries: int, same_code: int
    ) -> Retry | None:
        """Return the next attempt after the `failures`-th failure; None to give up.

        `same_code`: how many of the failures had this error's code, this one included.
        """
        ...


def never_retry(
    error: YTArchiveError, failures: int, max_retries: int, same_code: int
) -> Retry | None:
    """Give up, in a process without a policy."""
    return None


def for_disk_space(error: YTArchiveError) -> Retry | None:
    """Return the time of the next check of a full or missing disk, for any policy."""
    if not isinstance(error, DiskFull | ArchiveMissing):
        return None
    until = utc_now() + timedelta(seconds=_DISK_CHECK_INTERVAL)
    return Retry(until, uses_attempt=False)
