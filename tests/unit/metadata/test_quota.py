"""The ledger: the quota is never exceeded, and used units survive a restart."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.unit.metadata.conftest import Bench
from ytarchive.common.config import YouTubeConfig
from ytarchive.common.database import Database
from ytarchive.common.errors import QuotaExceeded
from ytarchive.common.telemetry import REGISTRY
from ytarchive.metadata.data_api.quota import QuotaLedger, end_of, pacific_day


def ledger(bench: Bench, database: Database, limit: int = 10, reserve: int = 4) -> QuotaLedger:
    config = YouTubeConfig(api_key=None, quota_limit=limit, quota_reserve=reserve)
    return QuotaLedger(database, config, bench.clock)


async def test_the_reserve_is_never_touched(bench: Bench) -> None:
    async with bench.database() as database:
        book = ledger(bench, database)
        for _ in range(6):
            await book.reserve()
        with pytest.raises(QuotaExceeded) as caught:
            await book.reserve()
        assert (await book.used(), await book.remaining()) == (6, 0)
    error = caught.value
    assert error.code == "E001"
    assert error.details["resets_at"] == "2026-07-02T07:00:00Z"
    assert "6 of today's 10 units" in error.message
    assert "4 are kept in reserve" in error.message


async def test_a_request_larger_than_the_remaining_quota_is_refused(bench: Bench) -> None:
    async with bench.database() as database:
        book = ledger(bench, database)
        await book.reserve(5)
        with pytest.raises(QuotaExceeded):
            await book.reserve(2)
        assert await book.used() == 5


@pytest.mark.parametrize(("limit", "reserve"), [(0, 0), (5, 5), (5, 9)])
async def test_a_quota_that_is_all_reserve_allows_nothing(
    bench: Bench, limit: int, reserve: int
) -> None:
    async with bench.database() as database:
        book = ledger(bench, database, limit, reserve)
        with pytest.raises(QuotaExceeded):
            await book.reserve()
        assert (await book.used(), await book.remaining()) == (0, 0)


async def test_concurrent_requests_cannot_exceed_the_quota(bench: Bench) -> None:
    async with bench.database() as database:
        book = ledger(bench, database)
        outcomes = await asyncio.gather(
            *(book.reserve() for _ in range(50)), return_exceptions=True
        )
        granted = [outcome for outcome in outcomes if not isinstance(outcome, QuotaExceeded)]
        assert len(granted) == 6


async def test_used_units_survive_a_restart(bench: Bench) -> None:
    async with bench.database() as database:
        await ledger(bench, database).reserve(3)
    async with bench.database() as database:
        assert await ledger(bench, database).used() == 3


async def test_the_quota_is_reset_at_midnight_in_california(bench: Bench) -> None:
    bench.clock.moment = datetime(2026, 7, 2, 6, 59, 59, tzinfo=UTC)
    async with bench.database() as database:
        book = ledger(bench, database)
        await book.reserve(6)
        bench.clock.advance(seconds=1)
        assert (await book.used(), await book.remaining()) == (0, 6)
        await book.reserve(6)


@pytest.mark.parametrize(
    ("moment", "midnight"),
    [
        ("2026-01-15T12:00Z", "2026-01-16T08:00Z"),
        ("2026-07-15T12:00Z", "2026-07-16T07:00Z"),
        ("2026-03-08T09:30Z", "2026-03-09T07:00Z"),  # a day of 23 hours
        ("2026-03-08T07:59Z", "2026-03-08T08:00Z"),
        ("2026-11-01T08:00Z", "2026-11-02T08:00Z"),  # a day of 25 hours
        ("2026-11-01T06:59Z", "2026-11-01T07:00Z"),
    ],
)
def test_midnight_follows_daylight_saving(moment: str, midnight: str) -> None:
    now = datetime.fromisoformat(moment)
    assert end_of(pacific_day(now)) == datetime.fromisoformat(midnight)


async def test_a_quota_error_of_youtube_holds_until_the_reset(bench: Bench) -> None:
    async with bench.database() as database:
        book = ledger(bench, database)
        day = await book.reserve()
        error = await book.mark_spent(day)
        assert "YouTube reports" in error.message
    async with bench.database() as database:
        book = ledger(bench, database)
        assert (await book.used(), await book.remaining()) == (10, 0)
        with pytest.raises(QuotaExceeded):
            await book.reserve()
        bench.clock.advance(days=1)
        await book.reserve()


async def test_an_answer_of_yesterday_does_not_affect_todays_quota(bench: Bench) -> None:
    async with bench.database() as database:
        book = ledger(bench, database)
        day = await book.reserve()
        bench.clock.advance(days=1)
        await book.mark_spent(day)
        assert await book.remaining() == 6


async def test_the_gauges_show_it(bench: Bench) -> None:
    async with bench.database() as database:
        await ledger(bench, database, limit=77).reserve(2)
    assert REGISTRY.get_sample_value("ytarchive_quota_limit_units") == 77
    assert REGISTRY.get_sample_value("ytarchive_quota_used_units") == 2
