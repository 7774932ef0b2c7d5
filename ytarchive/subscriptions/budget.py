"""Keeps all checks of a day within a budget of requests.

Two parts: `stretched` plans longer intervals, so that the checks of all subscriptions fit into the
budget; `affordable` selects the checks that may start now, so that the budget holds in any case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import inf

from ytarchive.subscriptions.rhythm import WEEKLY

PLANNED = 0.9
"""The share of the budget that is planned; the rest is for chance and for checks on request."""
_DAY = 86_400.0
_LONGEST = 100 * 365 * _DAY
"""Times of checks must be representable, even if there is almost no budget."""


@dataclass(frozen=True)
class Cost:
    """The cost of a check, or the costs that a day allows."""

    requests: int = 1
    units: int = 0


@dataclass(frozen=True)
class Demand:
    """The checks that a subscription requests."""

    interval: timedelta
    requests: int = 1
    is_fixed: bool = False
    """Whether the user set the interval: it is stretched only if nothing else is enough."""


@dataclass(frozen=True)
class DueCheck:
    """A check whose time has come."""

    late: timedelta
    interval: timedelta
    requests: int = 1


def stretched(demands: Sequence[Demand], daily: int) -> list[timedelta]:
    """Return the interval of each subscription, so that all checks fit into the daily requests.

    All adaptive intervals grow by the same factor, none of them beyond a week. Only if that is not
    enough, all intervals grow by the same further factor.
    """
    wanted = [each.interval.total_seconds() for each in demands]
    is_fixed = [each.is_fixed for each in demands]
    fitting = _fitted(wanted, is_fixed, [each.requests for each in demands], daily)
    return [timedelta(seconds=each) for each in fitting]


def affordable(due: Sequence[DueCheck], left: int) -> list[int]:
    """Return the positions of the checks that may start, most overdue first.

    Lateness is measured in intervals of the subscription, so that no subscription is starved.
    """
    ordered = sorted(range(len(due)), key=lambda at: -(due[at].late / due[at].interval))
    chosen = []
    for position in ordered:
        if due[position].requests <= left:
            left -= due[position].requests
            chosen.append(position)
    return chosen


def _fitted(
    wanted: Sequence[float], is_fixed: Sequence[bool], costs: Sequence[int], daily: int
) -> list[float]:
    """Return intervals in seconds whose costs fit into the planned share of one budget."""
    limit = daily * PLANNED / _DAY
    rates = [cost / interval for cost, interval in zip(costs, wanted, strict=True)]
    if sum(rates) <= limit:
        return list(wanted)
    longest = [
        each if fixed or not cost else max(each, WEEKLY.total_seconds())
        for each, fixed, cost in zip(wanted, is_fixed, costs, strict=True)
    ]
    at_least = sum(cost / each for cost, each in zip(costs, longest, strict=True))
    if at_least > limit:
        further = at_least / limit if limit else inf
        return [
            min(each * further, _LONGEST) if cost else each
            for each, cost in zip(longest, costs, strict=True)
        ]
    factor = _factor(
        rates, [most / each for most, each in zip(longest, wanted, strict=True)], limit
    )
    return [min(each * factor, most) for each, most in zip(wanted, longest, strict=True)]


def _factor(rates: Sequence[float], highest: Sequence[float], limit: float) -> float:
    """Return the factor for all intervals; each one grows at most by its own highest factor."""
    rest, settled = sum(rates), 0.0
    for most, rate in sorted(zip(highest, rates, strict=True)):
        if limit > settled and (factor := rest / (limit - settled)) < most:
            return factor
        rest, settled = rest - rate, settled + rate / most
    return max(highest)
