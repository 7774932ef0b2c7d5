"""Runs due checks, as a periodic duty of a server or on request."""

from datetime import date, datetime

from ytarchive.common import errors
from ytarchive.common.models import utc_now
from ytarchive.common.scheduler import Duty
from ytarchive.subscriptions.checks import Checker
from ytarchive.subscriptions.pacing import Pacing
from ytarchive.subscriptions.repository import Followed, SubscriptionsRepository

_INTERVAL = 30.0
_AT_ONCE = 200


class DueChecks:
    """The checks whose time has come."""

    def __init__(
        self, repository: SubscriptionsRepository, checker: Checker, pacing: Pacing
    ) -> None:
        self._repository = repository
        self._checker = checker
        self._pacing = pacing
        self._known: tuple[int, date] | None = None
        self._next: datetime | None = None
        self._renewed: datetime | None = None
        self.duty = Duty("subscriptions", self.run, _INTERVAL, due=self.next_due)

    async def next_due(self) -> datetime | None:
        """Return when the next check may start; None if nothing is followed."""
        await self._read()
        if self._next is None:
            return None
        outage = self._checker.outage
        held = outage.until if outage.is_on() else self._renewed
        return max(self._next, held) if held else self._next

    async def _read(self) -> None:
        """Read the next time and the budget, if the database or the day has changed."""
        state = self._repository.database.version, utc_now().date()
        if state != self._known:
            self._next = await self._repository.next_due()
            self._renewed = await self._pacing.spent_until()
            self._known = state

    async def waiting_for(self) -> str | None:
        """Return why no due check starts at present; None if one can."""
        outage = self._checker.outage
        if outage.is_on():
            return f"{outage.message}; next attempt at {outage.until:%Y-%m-%d %H:%M} UTC"
        until = await self._pacing.spent_until()
        if until is not None:
            return f"the budget of today is used up; it is renewed at {until:%Y-%m-%d %H:%M} UTC"
        return None

    async def run(self, limit: int = _AT_ONCE) -> list[Followed]:
        """Check due subscriptions, at most `limit`, and return them with their results."""
        checked: list[Followed] = []
        tried: set[str] = set()
        while len(checked) < limit and not await self._held_until():
            due = await self._repository.due(utc_now(), _AT_ONCE + len(tried))
            left = [each for each in due if each.id not in tried]
            chosen = (await self._pacing.chosen(left))[: limit - len(checked)]
            if not chosen:
                break
            for each in chosen:
                tried.add(each.id)
                if not await self._check(each.id, checked):
                    return checked
        return checked

    async def count_due(self) -> int:
        """Return how many checks are due, up to a limit."""
        return len(await self._repository.due(utc_now(), _AT_ONCE))

    async def _check(self, subscription_id: str, checked: list[Followed]) -> bool:
        """Check a subscription; return False if all checks wait."""
        try:
            followed = await self._checker.check(subscription_id, only_due=True)
        except errors.YTArchiveError:
            if not self._checker.outage.is_on():
                raise
            return False
        if followed is not None:
            checked.append(followed)
        return not self._checker.outage.is_on()

    async def _held_until(self) -> datetime | None:
        """Return when checks may start again; None if they may start now."""
        if self._checker.outage.is_on():
            return self._checker.outage.until
        return await self._pacing.spent_until()
