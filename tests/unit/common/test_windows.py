"""Download windows: their text, and when they open, also when the clock changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ytarchive.common.config import load_settings
from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.errors import InvalidConfiguration
from ytarchive.common.windows import next_opening, parse_window

BERLIN = ZoneInfo("Europe/Berlin")


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


def opening(now: datetime, *windows: str) -> datetime | None:
    return next_opening([parse_window(each) for each in windows], now, BERLIN)


# 2026-11-28 is a Saturday.
@pytest.mark.parametrize(
    ("now", "windows", "opens"),
    [
        ("2026-11-26 00:59", ["01:00-07:00"], "2026-11-26 01:00"),
        ("2026-11-26 01:00", ["01:00-07:00"], None),
        ("2026-11-26 06:59", ["01:00-07:00"], None),
        ("2026-11-26 07:00", ["01:00-07:00"], "2026-11-27 01:00"),
        ("2026-11-27 12:00", ["01:00-07:00", "sat 00:00-24:00"], "2026-11-28 00:00"),
        ("2026-11-28 12:00", ["01:00-07:00", "SAT 00:00-24:00"], None),
        ("2026-11-29 00:00", ["sat 00:00-24:00"], "2026-12-05 00:00"),
        ("2026-11-28 05:00", ["fri 22:00-06:00"], None),
        ("2026-11-28 06:00", ["fri 22:00-06:00"], "2026-12-04 22:00"),
        ("2026-11-28 23:00", ["mon-fri 22:00-06:00"], "2026-11-30 22:00"),
        ("2026-11-29 23:00", ["sat-sun 8:00-9:00"], "2026-12-05 08:00"),
        ("2026-11-29 23:00", ["sun-mon 22:00-06:00"], None),
        ("2026-11-29 12:00", ["00:00-24:00"], None),
        ("2026-11-26 00:59", ["cron 0 1 * * * for 6h"], "2026-11-26 01:00"),
        ("2026-11-26 01:00", ["cron 0 1 * * * for 6h"], None),
        ("2026-11-26 06:59", ["CRON 0 1 * * *  for 6h"], None),
        ("2026-11-26 07:00", ["cron 0 1 * * * for 6h"], "2026-11-27 01:00"),
        ("2026-11-28 12:00", ["cron 0 1 * * mon-fri for 6h"], "2026-11-30 01:00"),
        ("2026-11-28 12:00", ["cron 0 0 1,15 * * for 1d"], "2026-12-01 00:00"),
        ("2026-12-01 23:59", ["cron 0 0 1,15 * * for 1d"], None),
        ("2026-12-02 00:00", ["cron 0 0 1,15 * * for 1d", "thu 03:00-04:00"], "2026-12-03 03:00"),
        ("2026-11-28 12:01", ["cron */2 * * * * for 90s"], None),
    ],
)
def test_windows_open_at_their_local_time(now: str, windows: list[str], opens: str | None) -> None:
    assert opening(local(now), *windows) == (local(opens) if opens else None)


def test_a_window_keeps_its_local_time_when_the_clock_changes() -> None:
    """On 2026-03-29 the clock skips 02:00 to 03:00, and on 2026-10-25 it repeats this hour."""
    assert opening(local("2026-03-28 12:00"), "01:00-07:00") == local("2026-03-29 01:00")
    assert opening(local("2026-03-29 06:59"), "01:00-07:00") is None
    assert opening(local("2026-03-29 07:00"), "01:00-07:00") == local("2026-03-30 01:00")
    assert local("2026-03-29 07:00") - local("2026-03-29 01:00") == timedelta(hours=5)
    assert opening(local("2026-10-25 02:30", fold=1), "01:00-03:00") is None
    assert opening(local("2026-10-25 03:00"), "01:00-03:00") == local("2026-10-26 01:00")
    cron = "cron 0 1 * * * for 2h"
    assert opening(local("2026-03-29 03:59"), cron) is None  # an hour was skipped
    assert opening(local("2026-03-29 04:00"), cron) == local("2026-03-30 01:00")
    assert opening(local("2026-10-25 02:59"), cron) is None  # and is repeated here
    assert opening(local("2026-10-25 02:00", fold=1), cron) == local("2026-10-26 01:00")
    assert opening(local("2026-10-25 02:10", fold=1), "cron 30 2 * * * for 10m") == local(
        "2026-10-26 02:30"
    )


def test_a_window_whose_times_the_clock_skips_still_has_a_next_opening() -> None:
    now = local("2026-03-29 01:00")
    opens = opening(now, "sun 02:15-02:45")
    assert opens is not None
    assert now < opens <= local("2026-04-05 02:15")
    assert opening(local("2026-03-22 03:00"), "sun 02:30-03:00") == local("2026-04-05 02:30")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("7-8", "must be a time of day such as"),
        ("25:00-26:00", "'25:00' is not a time of day"),
        ("01:00-07:60", "'07:60' is not a time of day"),
        ("day 01:00-07:00", "'day' is not a day of the week; use mon, tue"),
        ("01:00-01:00", "is empty"),
        ("0 1 * * *", "must be a time of day such as"),
        ("cron 0 1 * * *", "must be a time of day such as"),
        ("cron 0 1 * * for 6h", "must have five fields"),
        ("cron 0 25 * * * for 6h", "has an invalid hour"),
        ("cron 0 0 30 2 * for 6h", "no date matches|invalid day"),
        ("cron 0 1 * * * for 8d", "'8d' is not a length from 1 second to 7 days"),
        ("cron 0 1 * * * for long", "'long' is not a length"),
        ("cron 0 1 * * * for 0s", "'0s' is not a length"),
    ],
)
def test_a_value_that_is_no_window_is_refused_with_the_reason(value: str, problem: str) -> None:
    with pytest.raises(
        InvalidConfiguration, match=f"download.windows.*{problem}".replace("*", ".*")
    ):
        load_settings(download={"windows": [value]})


def test_windows_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTARCHIVE_DOWNLOAD__WINDOWS", "01:00-07:00,  Sat 00:00-24:00")
    assert load_settings().download.windows == ["01:00-07:00", "sat 00:00-24:00"]
    assert DownloadConfig().windows == []
