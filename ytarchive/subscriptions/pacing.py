"""Determines the times of checks within the daily budget."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from ytarchive.common.config import SubscriptionsConfig
from ytarchive.common.models import utc_now
from ytarchive.subscriptions.budget import Cost, Demand, DueCheck, affordable, stretched
from ytarchive.subscriptions.repository import Followed, SpentBudget, SubscriptionsRepository
from ytarchive.subscriptions.rhythm import NextCheck, next_check, pace_of
from ytarchive.subscriptions.schedules import ScheduleKind

_PLAN_LASTS = timedelta(hours=1)


class Pacing:
    """Plans checks, and counts what they use of the budget."""

    def __init__(self, repository: SubscriptionsRepository, settings: SubscriptionsConfig) -> None:
        self._repository = repository
        self._spent = SpentBudget(repository.database)
        self._daily = Cost(settings.requests_per_day, settings.units_per_day)
        self._factors: dict[str, float] = {}
        """By how much the budget lengthens the interval of each subscription."""
        self._planned_at: datetime | None = None

    async def next_check(self, followed: Followed, starts_at: datetime | None = None) -> NextCheck:
        """Return when a subscription is checked after its present check, and why then.

        `starts_at`: the start of an announced premiere or live stream.
        """
        now = utc_now()
        if self._planned_at is None or now - self._planned_at > _PLAN_LASTS:
            await self._plan(now)
        return next_check(
            followed.schedule,
            followed.uploads,
            now,
            interval=self._interval(followed, now),
            starts_at=starts_at,
            jitter=random.uniform(-1, 1),  # noqa: S311  # not for security
        )

    async def chosen(self, due: Sequence[Followed]) -> list[Followed]:
        """Return the due subscriptions that today's budget allows to check, in their order."""
        now = utc_now()
        checks = [
            DueCheck(
                late=now - each.next_check_at,
                interval=self._interval(each, now),
                requests=each.pages,
            )
            for each in due
        ]
        return [due[position] for position in affordable(checks, (await self._left(now)).requests)]

    async def spend(self, cost: Cost) -> None:
        """Count what a check uses; before its requests, so that a crash loses nothing."""
        if cost != Cost(0, 0):
            await self._spent.add(_day(utc_now()), cost)

    async def may_use_units(self, units: int) -> bool:
        """Return whether today's budget of quota units is enough for a check."""
        return units <= (await self._left(utc_now())).units

    async def spent_until(self) -> datetime | None:
        """Return when there is a budget again; None if there is some left today."""
        now = utc_now()
        left = await self._left(now)
        if left.requests > 0:
            return None
        return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

    def _interval(self, followed: Followed, now: datetime) -> timedelta:
        wanted = pace_of(followed.schedule, followed.uploads, now).interval
        return wanted * self._factors.get(followed.id, 1.0)

    async def _left(self, now: datetime) -> Cost:
        spent = await self._spent.get(_day(now))
        return Cost(self._daily.requests - spent.requests, self._daily.units - spent.units)

    async def _plan(self, now: datetime) -> None:
        """Compute the interval of each subscription that the budget allows."""
        followed = await self._repository.active()
        demands = [
            Demand(
                interval=pace_of(each.schedule, each.uploads, now).interval,
                requests=each.pages,
                is_fixed=each.schedule.kind is not ScheduleKind.ADAPTIVE,
            )
            for each in followed
        ]
        intervals = stretched(demands, self._daily.requests)
        self._factors = {
            each.id: interval / demand.interval
            for each, demand, interval in zip(followed, demands, intervals, strict=True)
        }
        self._planned_at = now


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
