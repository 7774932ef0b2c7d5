"""When a failed direct download is tried again: declared here, decided by Jobs, joined in `app`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ytarchive.common.errors import ArchiveMissing, DiskFull, YTArchiveError
from ytarchive.common.models import utc_now

_SECONDS_BETWEEN_LOOKS_FOR_ROOM = 30


@dataclass(frozen=True)
class Retry:
    """The moment of the next attempt, and whether the failed one counts."""

    until: datetime
    uses_attempt: bool


class RetryPolicy(Protocol):
    """Decides about one failure."""

    def __call__(
        self, error: YTArchiveError, failures: int, max_retries: int, alike: int
    ) -> Retry | None:
        """Return the next attempt after the `failures`-th failure; None to give up.

        `alike`: how many of the failures had this error's code, this one included.
        """
        ...


def never(error: YTArchiveError, failures: int, max_retries: int, alike: int) -> Retry | None:
    """Give up, in a process without a policy."""
    return None


def for_room(error: YTArchiveError) -> Retry | None:
    """Return the next look at a disk that is full or missing, whatever the policy is."""
    if not isinstance(error, DiskFull | ArchiveMissing):
        return None
    until = utc_now() + timedelta(seconds=_SECONDS_BETWEEN_LOOKS_FOR_ROOM)
    return Retry(until, uses_attempt=False)
