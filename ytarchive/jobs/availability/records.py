"""One row of the availability ledger, and the times of further requests."""

from datetime import datetime, timedelta

from ytarchive.common import errors
from ytarchive.common.database import Row
from ytarchive.common.rows import fields_of
from ytarchive.jobs.availability.models import Availability, AvailabilityState
from ytarchive.jobs.queue.policy import Condition, condition_of

_DAY = timedelta(days=1)
_CHECKS_OF_SUSPICIONS: dict[type[errors.Unavailable], tuple[timedelta, ...]] = {
    errors.VideoUnavailable: (_DAY, 7 * _DAY, 30 * _DAY),
    errors.RecordingUnavailable: (_DAY, _DAY, _DAY),  # which may still be processed
}
"""Intervals of the checks of a suspicion; when all confirm it, the video is unavailable."""

_CHECKS_OF_FACTS: dict[type[errors.Unavailable], timedelta | None] = {
    errors.AgeRestricted: None,
    errors.PaymentRequired: None,
    errors.MembersOnly: 7 * _DAY,  # many channels show videos to members some days earlier
}
"""Interval of the checks of a fact; None: only with other cookies. Default: `_SLOW_CHECK`."""

_SLOW_CHECK = 30 * _DAY

_LIMITS = {
    errors.MembersOnly.reason: "for members only",
    errors.AgeRestricted.reason: "age-restricted",
    errors.RegionBlocked.reason: "blocked in this country",
    errors.PaymentRequired.reason: "must be paid for",
    errors.DrmProtected.reason: "copy-protected",
    errors.UpcomingVideo.reason: "not out yet",
    errors.LiveVideo.reason: "live now",
}
"""Reasons that apply to this account or country, or for a time: the video is not lost."""

_CONDITIONS: dict[str, Condition] = {
    kind.reason: condition
    for kind in errors.error_classes()
    if kind.reason and (condition := condition_of(kind()))
}


class AvailabilityRecord(Availability, extra="ignore"):
    """The recorded evidence about a video: one row of the ledger."""

    confirmations: int = 1
    waits_for: str | None = None
    """The condition that may help and its state at the last request, such as `cookies 1a2b…`."""

    @property
    def condition(self) -> Condition | None:
        """Return the condition that must change before another request, besides time."""
        return _CONDITIONS.get(self.reason or "")

    def is_held(self, now: datetime, present: str | None) -> bool:
        """Return whether the video is known to be unavailable and no request is due.

        `present`: the state of its condition; None if no state of it can help at present.
        """
        if self.state is AvailabilityState.AVAILABLE or self.source != "youtube":
            return False
        if self.next_check_at is not None and self.next_check_at <= now:
            return False
        return self.condition is None or present is None or present == self.waits_for

    def evidence_of(self) -> tuple[object, ...]:
        """Return the fields that differ in a record with new evidence."""
        return self.state, self.reason, self.evidence, self.source, self.confirmations

    def shown(self, *, stored: bool) -> Availability:
        """Return the record for users; `stored`: whether the video is stored."""
        fields = self.model_dump(exclude={"waits_for"})
        return Availability(**fields | {"stored": stored, "summary": self._in_words(stored=stored)})

    def _in_words(self, *, stored: bool) -> str:
        if self.state is AvailabilityState.AVAILABLE:
            return "available again"
        what = _LIMITS.get(self.reason or "", "lost upstream")
        prefix = "perhaps " if self.state is AvailabilityState.SUSPECTED else ""
        return f"{prefix}{what}, {'safe' if stored else 'not'} here"


def record_of(row: Row) -> AvailabilityRecord:
    """Return a row of the ledger as an object."""
    return AvailabilityRecord(**fields_of(AvailabilityRecord, row))


def next_check(error: errors.Unavailable, confirmations: int, now: datetime) -> datetime | None:
    """Return when to request a video again: suspicions soon, facts rarely; None for never."""
    checks = checks_of(error)
    if confirmations <= len(checks):
        return now + checks[confirmations - 1]
    wait = _CHECKS_OF_FACTS.get(type(error), _SLOW_CHECK)
    if wait is not None and confirmations > 1:
        wait = _SLOW_CHECK
    return None if wait is None else now + wait


def checks_of(error: errors.Unavailable) -> tuple[timedelta, ...]:
    """Return when to check a suspicion before it becomes a fact; nothing for clear statements."""
    return _CHECKS_OF_SUSPICIONS.get(type(error), ())
