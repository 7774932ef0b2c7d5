"""Schedules of checks: their text form, bad input, and times across changes of the clock."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ytarchive.subscriptions.schedules import SHORTEST, Schedule, ScheduleKind

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
FIELDS = ("0 3 * * *", "*/20 * * * *", "30 2 * * SUN", "0 0 L * *", "15 6,18 1-7 */2 MON")
SCHEDULES = st.one_of(
    st.just(Schedule()),
    st.builds(Schedule, kind=st.just(ScheduleKind.INTERVAL), every=st.floats(600, 31_622_400)),
    st.builds(Schedule, kind=st.just(ScheduleKind.INTERVAL), every=st.integers(600, 31_622_400)),
    st.builds(
        Schedule,
        kind=st.just(ScheduleKind.CRON),
        cron=st.sampled_from(FIELDS),
        time_zone=st.sampled_from(ZONES),
    ),
)


@given(SCHEDULES)
def test_schedule_is_read_back_from_its_text_and_from_json(schedule: Schedule) -> None:
    assert Schedule.parse(str(schedule)) == schedule
    assert Schedule.model_validate_json(schedule.model_dump_json()) == schedule


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (" Adaptive ", "adaptive"),
        ("every 90m", "every 1h30m"),
        ("every 1d 12h", "every 1d12h"),
        ("every 3600", "every 1h"),
        ("cron  0   3 * * *", "cron 0 3 * * *"),
        ("cron 0 3 * * mon UTC", "cron 0 3 * * mon"),
        ("cron 30 6 * * * Europe/Berlin", "cron 30 6 * * * Europe/Berlin"),
    ],
)
def test_schedule_has_one_text_form(text: str, form: str) -> None:
    assert str(Schedule.parse(text)) == form


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no schedule: a schedule is `adaptive`, `every 6h`"),
        ("hourly", "'hourly' is no schedule"),
        ("every", "'every' is no schedule"),
        ("every fish", "must be a duration such as"),
        ("every 5m", "from 10 minutes to 366 days"),
        ("every 2y", "must be a duration such as"),
        ("every 400d", "from 10 minutes to 366 days"),
        ("every nan", "must be a duration"),
        ("cron 0 3 * *", "is no schedule"),
        ("cron 61 3 * * *", "an invalid minute"),
        ("cron 0 3 * * FUNDAY", "an invalid day-of-week"),
        ("cron 0 0 30 2 *", "an invalid day-of-month"),
        ("cron 0 0 */31 2 1#2", "no date matches"),
        ("cron */5 * * * *", "5 min apart; checks must be at least 10 min apart"),
        ("cron 55,0 * * * *", "5 min apart"),
        ("cron 0 3 * * * Berlin", "'Berlin' is no time zone"),
        ("cron 0 3 * * * Europe", "'Europe' is no time zone"),
        ("cron 0 3 * * * ../../../etc/passwd", "no time zone"),
        ("cron " + "0," * 60 + "0 3 * * *", "at most 100 characters"),
    ],
)
def test_bad_schedule_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        Schedule.parse(text)


@given(st.text(max_size=40) | st.builds("cron {} {}".format, st.text(max_size=12), st.text()))
def test_any_text_is_a_schedule_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert Schedule.parse(text).kind in ScheduleKind


@given(
    st.lists(st.text(alphabet="0123456789*/-,L#", min_size=1, max_size=5), min_size=5, max_size=5)
)
def test_accepted_cron_expression_has_times_ten_minutes_apart(fields: list[str]) -> None:
    try:
        schedule = Schedule.parse("cron " + " ".join(fields))
    except ValueError:
        return
    times = list(islice(schedule.times_after(datetime(2026, 12, 30, tzinfo=UTC)), 30))
    assert all(later - earlier >= SHORTEST for earlier, later in pairwise(times))


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "interval"},
        {"kind": "cron"},
        {"kind": "adaptive", "every": 3600},
        {"kind": "interval", "every": 3600, "cron": "0 3 * * *"},
        {"kind": "interval", "every": 3600, "time_zone": "Europe/Berlin"},
        {"kind": "weekly"},
    ],
)
def test_fields_of_another_kind_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Schedule.model_validate(fields)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("month", [3, 4, 10, 11])
def test_daily_cron_runs_once_a_day_when_clocks_change(zone: str, month: int) -> None:
    schedule = Schedule(kind=ScheduleKind.CRON, cron="30 2 * * *", time_zone=zone)
    start = datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    times = list(islice(schedule.times_after(start), 30))
    days = [each.astimezone(ZoneInfo(zone)).date() for each in times]
    assert len(set(days)) == 30
    gaps = {later - earlier for earlier, later in pairwise(times)}
    assert gaps <= {timedelta(hours=hours / 2) for hours in range(46, 51)}


def test_times_are_in_utc_and_after_the_moment() -> None:
    schedule = Schedule.parse("cron 30 6 * * * Europe/Berlin")
    winter = datetime(2026, 1, 10, 5, 30, tzinfo=UTC)
    assert next(schedule.times_after(winter)) == winter + timedelta(days=1)
    assert next(schedule.times_after(winter - timedelta(seconds=1))) == winter
    summer = datetime(2026, 7, 10, 0, 0, tzinfo=UTC)
    assert next(schedule.times_after(summer)) == datetime(2026, 7, 10, 4, 30, tzinfo=UTC)
