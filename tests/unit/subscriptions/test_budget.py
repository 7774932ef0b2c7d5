"""All checks of a day stay within the budget, and no subscription is starved."""

import heapq
import random
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from statistics import median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytarchive.subscriptions.budget import PLANNED, Demand, DueCheck, affordable, stretched
from ytarchive.subscriptions.rhythm import WEEKLY, next_check, pace_of
from ytarchive.subscriptions.schedules import Schedule

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
INTERVALS = st.timedeltas(10 * MINUTE, 30 * DAY)
COSTS = st.integers(0, 3)
DEMANDS = st.lists(st.builds(Demand, INTERVALS, COSTS, st.booleans()), max_size=40)


@given(DEMANDS, st.integers(50, 3000))
def test_stretched_checks_fit_into_the_budget(demands: list[Demand], daily: int) -> None:
    intervals = stretched(demands, daily)
    shares = [DAY / each for each in intervals]
    spent = sum(each.requests * share for each, share in zip(demands, shares, strict=True))
    assert spent <= daily * PLANNED + 1e-6
    assert all(new >= each.interval for new, each in zip(intervals, demands, strict=True))


@given(DEMANDS)
def test_intervals_that_fit_are_kept(demands: list[Demand]) -> None:
    assert stretched(demands, 10**6) == [each.interval for each in demands]


@given(DEMANDS, st.integers(1, 3000))
def test_adaptive_intervals_grow_alike_up_to_a_week(demands: list[Demand], requests: int) -> None:
    demands = [Demand(each.interval, 1, each.is_fixed) for each in demands]
    intervals = stretched(demands, requests)
    pairs = list(zip(intervals, demands, strict=True))
    is_enough = all(new == each.interval for new, each in pairs if each.is_fixed)
    if is_enough:
        assert all(new <= max(WEEKLY, each.interval) for new, each in pairs)
        factors = [new / each.interval for new, each in pairs
                   if not each.is_fixed and new < WEEKLY]  # fmt: skip
        assert not factors or max(factors) == pytest.approx(min(factors))


def test_checks_without_a_cost_are_not_stretched() -> None:
    assert stretched([Demand(HOUR, 0), Demand(HOUR, 1)], 10) == [
        HOUR,
        pytest.approx(DAY / 9, abs=MINUTE),
    ]


def test_times_that_the_user_set_are_stretched_last() -> None:
    fixed, adaptive = Demand(HOUR, is_fixed=True), Demand(HOUR)
    some = stretched([fixed, adaptive], 30)
    assert some[0] == HOUR
    assert some[1] == pytest.approx(8 * HOUR, abs=MINUTE)
    few = stretched([fixed, adaptive], 10)
    assert few[0] > 2 * HOUR
    assert few[1] > WEEKLY


@given(
    st.lists(st.builds(DueCheck, st.timedeltas(0 * DAY, 9 * DAY), INTERVALS, COSTS), max_size=30),
    st.integers(0, 40),
)
def test_checks_that_start_are_affordable(due: list[DueCheck], left: int) -> None:
    chosen = affordable(due, left)
    assert sum(due[at].requests for at in chosen) <= left
    assert len(set(chosen)) == len(chosen)
    lateness = [due[at].late / due[at].interval for at in chosen]
    assert lateness == sorted(lateness, reverse=True)


# --- a simulated year ---------------------------------------------------------------------------

START = datetime(2026, 1, 1, tzinfo=UTC)
SCHEDULE = Schedule()
LATER = 10 * MINUTE


@dataclass
class Channel:
    """Uploads in order, and the checks."""

    uploads: list[datetime]
    checks: list[datetime] = field(default_factory=list)
    interval: timedelta = DAY
    at: datetime = START

    def known(self, now: datetime) -> list[datetime]:
        end = bisect_right(self.uploads, now)
        return self.uploads[max(0, end - 20) : end]

    def gap(self) -> timedelta:
        return median_low(later - earlier for earlier, later in pairwise(self.uploads))

    def delay(self) -> timedelta:
        """The median time from an upload to the check that finds it."""
        found = [
            self.checks[at] - each
            for each in self.uploads
            if each > START and (at := bisect_right(self.checks, each)) < len(self.checks)
        ]
        return median_low(found)


def uploads(
    chance: random.Random, gap: timedelta, until: datetime, burst: int = 1
) -> list[datetime]:
    """Random uploads from long before the start; `burst` of them at a time."""
    count = int((until - START + 40 * gap) / gap * 2)
    gaps = accumulate(chance.expovariate(1) for _ in range(count))
    moments = [START - 40 * gap + gap * each for each in gaps]
    return sorted(
        each + number * 5 * MINUTE for each in moments for number in range(burst) if each < until
    )


@dataclass
class Year:
    """Checks channels as the service does, with a limit in every 24 hours."""

    channels: list[Channel]
    daily: int
    chance: random.Random
    planned: datetime = START - DAY
    window: deque[datetime] = field(default_factory=deque)
    most: int = 0
    """The highest number of checks in 24 hours."""

    def run(self, days: int) -> None:
        waiting = [(START + self.chance.random() * DAY, n) for n in range(len(self.channels))]
        for at, number in waiting:
            self.channels[number].at = at
        heapq.heapify(waiting)
        now = START
        while (now := max(now, waiting[0][0])) < START + days * DAY:
            self.plan(now)
            due = []
            while waiting and waiting[0][0] <= now:
                due.append(heapq.heappop(waiting)[1])
            chosen = self.admitted(due, now)
            for number in due:
                again = self.check(self.channels[number], now) if number in chosen else now + LATER
                heapq.heappush(waiting, (again, number))

    def plan(self, now: datetime) -> None:
        """Divide the budget again, once a day."""
        if now < self.planned + DAY:
            return
        self.planned = now
        paces = [pace_of(SCHEDULE, each.known(now), now) for each in self.channels]
        wanted = [Demand(each.interval) for each in paces]
        for channel, interval in zip(self.channels, stretched(wanted, self.daily), strict=True):
            channel.interval = interval

    def admitted(self, due: list[int], now: datetime) -> set[int]:
        while self.window and self.window[0] <= now - DAY:
            self.window.popleft()
        late = [
            DueCheck(now - each.at, each.interval) for each in map(self.channels.__getitem__, due)
        ]
        left = self.daily - len(self.window)
        return {due[at] for at in affordable(late, left)}

    def check(self, channel: Channel, now: datetime) -> datetime:
        """Check a channel, and return the time of its next check."""
        self.window.append(now)
        self.most = max(self.most, len(self.window))
        channel.checks.append(now)
        jitter, interval = self.chance.uniform(-1, 1), channel.interval
        known = channel.known(now)
        channel.at = next_check(SCHEDULE, known, now, interval=interval, jitter=jitter).at
        return channel.at

    def longest_pause(self) -> timedelta:
        """The longest time between two checks of a channel, also before the first one."""
        pauses = (
            later - earlier
            for each in self.channels
            for earlier, later in pairwise([START, *each.checks])
        )
        return max(pauses)


def channels(chance: random.Random, count: int, days: int) -> list[Channel]:
    """Channels of all rhythms; the last tenth uploads nothing any more."""
    until = START + days * DAY
    gaps = [2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 30 * DAY]
    made = [
        Channel(uploads(chance, chance.choice(gaps), until, burst=1 + (number % 10 == 0)))
        for number in range(count * 9 // 10)
    ]
    ended = START - 100 * DAY
    made += [Channel(uploads(chance, DAY, ended)) for _ in range(count - len(made))]
    return made


def regular(found: Sequence[Channel], shortest: timedelta) -> list[Channel]:
    """The channels with enough uploads to compare, which are not uploaded together."""
    return [
        each
        for each in found
        if len([moment for moment in each.uploads if moment > START]) >= 10
        and each.gap() >= shortest
    ]


def test_year_of_500_channels_stays_within_the_budget() -> None:
    chance = random.Random(7)
    year = Year(channels(chance, 500, 365), 700, chance)
    year.run(365)
    assert year.most <= 700
    days = Counter((at - START).days for each in year.channels for at in each.checks)
    assert median_low(days.values()) >= 500  # the budget is used
    assert year.longest_pause() <= 9 * DAY
    late = [each for each in regular(year.channels, HOUR) if each.delay() > each.gap() / 5]
    assert late == []


def test_new_uploads_are_found_within_a_fifth_of_the_usual_gap() -> None:
    chance = random.Random(8)
    year = Year(channels(chance, 60, 90), 10_000, chance)
    year.run(90)
    followed = regular(year.channels, HOUR)
    assert len(followed) > 20
    assert [each for each in followed if each.delay() > each.gap() / 5] == []
    assert year.longest_pause() <= WEEKLY * 1.2
