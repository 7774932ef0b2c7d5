"""Recognises outages: failures of many sources at once pause all checks."""

from datetime import datetime, timedelta

from loguru import logger

from ytarchive.common.models import utc_now

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

    def is_on(self) -> bool:
        """Return whether checks are paused at present."""
        return self.until is not None and utc_now() < self.until

    def failed(self, subscription_id: str, message: str) -> None:
        """Record a failed check; the failure of many sources pauses all checks."""
        self._failing.add(subscription_id)
        if len(self._failing) >= _IN_A_ROW:
            many = f"{len(self._failing)} sources in a row could not be checked: {message}"
            self.pause(many)

    def pause(self, message: str, until: datetime | None = None) -> None:
        """Pause all checks until a time; without one for longer at each consecutive pause."""
        if until is None:
            until = utc_now() + min(_FIRST_PAUSE * 2**self._pauses, _LONGEST_PAUSE)
        if not self._pauses:
            log.warning("checks for new videos are paused: {}", message)
        self._pauses = min(self._pauses + 1, 10)
        self.until, self.message = until, message

    def succeeded(self) -> None:
        """Record a successful check, which ends an outage."""
        if self._pauses:
            log.info("checks for new videos continue")
        self._failing.clear()
        self._pauses, self.until = 0, None
