"""The time of the next check, and the reason for it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytarchive.subscriptions.rhythm import DAILY, JITTER, WEEKLY, next_check, pace_of, spoken
from ytarchive.subscriptions.schedules import SHORTEST, Schedule

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ADAPTIVE = Schedule()
MOMENTS = st.timedeltas(-7000 * DAY, 7000 * DAY).map(NOW.__add__)


def every(gap: timedelta, count: int = 30, last: timedelta = timedelta()) -> list[datetime]:
    """Uploads at equal distances, newest first."""
    return [NOW - last - gap * number for number in range(count)]


@pytest.mark.parametrize(
    ("uploads", "interval", "reason"),
    [
        (every(3 * DAY), 7.2 * HOUR, "uploads about every 3 days; checked every 7 hours"),
        (every(DAY), 2.4 * HOUR, "uploads about every day; checked every 144 minutes"),
        (every(5 * HOUR), 30 * MINUTE, "uploads about every 5 hours; checked every 30 minutes"),
        (every(MINUTE), SHORTEST, "uploads about every minute; checked every 10 minutes"),
        (every(30 * DAY), DAY, "uploads about every 30 days; checked every day"),
        (
            every(2 * DAY, last=9 * DAY),
            7.2 * HOUR,
            "every 2 days, but none since 2026-05-23; checked",
        ),
        (every(DAY, last=100 * DAY), WEEKLY, "no upload for 100 days; checked every week"),
        (every(DAY, count=1, last=91 * DAY), WEEKLY, "no upload for 91 days"),
        (every(DAY, count=2), DAILY, "fewer than 3 uploads are known; checked every day"),
        ([], DAILY, "fewer than 3 uploads are known; checked every day"),
        ([NOW - DAY] * 5, 0.8 * HOUR, "uploads about every minute, but none since 2026-05-31"),
        (
            [each - MINUTE * n for each in every(6 * DAY) for n in range(3)],
            timedelta(seconds=5456),
            "uploads at irregular times, on average every 45 hours; checked every 91 minutes",
        ),
    ],
)
def test_interval_is_a_tenth_of_the_median_gap(
    uploads: list[datetime], interval: timedelta, reason: str
) -> None:
    found = pace_of(ADAPTIVE, uploads, NOW)
    assert found.interval == pytest.approx(interval, abs=timedelta(seconds=1))
    assert reason in found.reason
    check = next_check(ADAPTIVE, uploads, NOW)
    assert (check.at - NOW, check.reason) == (found.interval, found.reason)


def test_rhythm_is_that_of_the_last_twenty_uploads() -> None:
    changed = every(2 * HOUR, count=20) + [NOW - 40 * HOUR - DAY * n for n in range(1, 300)]
    assert pace_of(ADAPTIVE, changed, NOW).interval == 12 * MINUTE


@given(st.lists(MOMENTS, max_size=40), MOMENTS, st.floats(-1, 1))
def test_adaptive_interval_stays_within_its_limits(
    uploads: list[datetime], checked_at: datetime, jitter: float
) -> None:
    check = next_check(ADAPTIVE, uploads, checked_at, jitter=jitter)
    waits = check.at - checked_at
    assert SHORTEST <= waits <= WEEKLY * (1 + JITTER)
    assert check == next_check(ADAPTIVE, sorted(uploads), checked_at, jitter=jitter)
    if waits > DAILY * (1 + JITTER):
        assert "no upload for" in check.reason
    assert check.reason.endswith(("minutes", "hours", "day", "week"))


def test_uploads_in_the_future_do_not_count() -> None:
    announced = [NOW + DAY * number for number in range(1, 20)]
    assert pace_of(ADAPTIVE, every(DAY) + announced, NOW) == pace_of(ADAPTIVE, every(DAY), NOW)


def test_jitter_changes_an_adaptive_interval_by_a_fifth() -> None:
    uploads = every(10 * HOUR)
    at = [next_check(ADAPTIVE, uploads, NOW, jitter=jitter).at - NOW for jitter in (-1, 0, 1)]
    assert at == [48 * MINUTE, 60 * MINUTE, 72 * MINUTE]
    fixed = Schedule.parse("every 1h")
    assert next_check(fixed, uploads, NOW, jitter=1).at == NOW + HOUR


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("every 6h", NOW + 6 * HOUR, "checked every 6h"),
        ("cron 30 6 * * * Europe/Berlin", NOW + 16.5 * HOUR, "times of 30 6 * * * (Europe/Berlin)"),
    ],
)
def test_fixed_times_are_kept(text: str, at: datetime, reason: str) -> None:
    check = next_check(Schedule.parse(text), every(HOUR), NOW)
    assert check.at == at
    assert reason in check.reason


@pytest.mark.parametrize("text", ["adaptive", "every 6h", "cron 0 * * * *"])
def test_budget_postpones_a_check_and_is_its_reason(text: str) -> None:
    check = next_check(Schedule.parse(text), every(DAY), NOW, interval=2 * DAY)
    assert check.at == NOW + 2 * DAY
    assert check.reason.endswith("every 2 days, because the daily budget allows no more")


def test_interval_below_the_schedule_s_own_changes_nothing() -> None:
    assert next_check(ADAPTIVE, every(DAY), NOW, interval=HOUR) == next_check(
        ADAPTIVE, every(DAY), NOW
    )


@pytest.mark.parametrize(
    ("starts", "at"),
    [(HOUR, HOUR), (MINUTE, SHORTEST), (DAY, 7.2 * HOUR), (-HOUR, 7.2 * HOUR)],
)
def test_known_premiere_is_checked_at_its_start(starts: timedelta, at: timedelta) -> None:
    check = next_check(ADAPTIVE, every(3 * DAY), NOW, starts_at=NOW + starts)
    assert check.at == NOW + at
    assert ("premiere" in check.reason) is (at < 7 * HOUR)


def test_check_that_was_missed_is_due_once() -> None:
    last = NOW - 10 * DAY
    check = next_check(Schedule.parse("cron 0 3 * * *"), [], last)
    assert last < check.at < NOW


@pytest.mark.parametrize(
    ("durations", "text"),
    [
        ([MINUTE], "minute"),
        ([10 * MINUTE], "10 minutes"),
        ([HOUR, 58 * MINUTE], "hour"),
        ([90 * MINUTE], "90 minutes"),
        ([7.2 * HOUR], "7 hours"),
        ([DAY, 23 * HOUR], "day"),
        ([36 * HOUR], "36 hours"),
        ([2 * DAY, 2.1 * DAY], "2 days"),
        ([7 * DAY], "7 days"),
        ([3.4 * DAY], "3 days"),
    ],
)
def test_durations_are_rounded_for_people(durations: Sequence[timedelta], text: str) -> None:
    assert {spoken(each) for each in durations} == {text}
