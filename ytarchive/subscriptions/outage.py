"""Recognises outages: failures of many sources at once pause all checks.

The state is not stored: after a restart it is derived from the last results of the subscriptions. A
pause of all requests to YouTube is stored by the governor.
"""

from collections.abc import Mapping, Sized
from datetime import datetime, timedelta
from itertools import takewhile

from loguru import logger

from ytarchive.common.models import utc_now
from ytarchive.subscriptions.models import CheckOutcome, CheckResult

log = logger.bind(service="jobs")

_IN_A_ROW = 5
"""The number of sources that fail, without a success between them, in an outage."""
_FIRST_PAUSE = timedelta(minutes=10)
_LONGEST_PAUSE = timedelta(hours=6)


class Outage:
    """The failures of checks since the last success, and the pause that follows from them."""

    def __init__(self) -> None:
        self._failing: set[str] = set()
        self._pauses = 0
        self.until: datetime | None = None
        self.message = ""

    def restore(self, results: Mapping[str, CheckResult]) -> None:
        """Derive the state from the last check of each subscription, after a restart."""
        newest = sorted(results.items(), key=lambda each: each[1].checked_at, reverse=True)
        failed = list(takewhile(lambda each: each[1].outcome is CheckOutcome.FAILED, newest))
        self._failing = {subscription_id for subscription_id, _ in failed}
        if len(failed) >= _IN_A_ROW:
            # Since the first pause, each further failure was that of a single check after a pause.
            self._pauses = min(len(failed) - _IN_A_ROW, 10)
            last = failed[0][1]
            self.pause(_many(failed, last.message), last.checked_at + self._pause())

    def is_on(self) -> bool:
        """Return whether checks are paused at present."""
        return self.until is not None and utc_now() < self.until

    def failed(self, subscription_id: str, message: str) -> None:
        """Record a failed check; the failure of many sources pauses all checks."""
        self._failing.add(subscription_id)
        if len(self._failing) >= _IN_A_ROW:
            self.pause(_many(self._failing, message))

    def pause(self, message: str, until: datetime | None = None) -> None:
        """Pause all checks until a time; without one for longer at each consecutive pause."""
        if until is None:
            until = utc_now() + self._pause()
        if not self._pauses:
            log.warning("checks for new videos are paused: {}", message)
        self._pauses = min(self._pauses + 1, 10)
        self.until, self.message = until, message

    def _pause(self) -> timedelta:
        pause: timedelta = min(_FIRST_PAUSE * 2**self._pauses, _LONGEST_PAUSE)
        return pause

    def succeeded(self) -> None:
        """Record a successful check, which ends an outage."""
        if self._pauses:
            log.info("checks for new videos continue")
        self._failing.clear()
        self._pauses, self.until = 0, None


def _many(sources: Sized, message: str) -> str:
    return f"{len(sources)} sources in a row could not be checked: {message}"
