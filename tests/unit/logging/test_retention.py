import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.logging.lines import lines_below
from ytarchive.common.config import LoggingConfig
from ytarchive.common.database import Database
from ytarchive.common.models import utc_now
from ytarchive.logging import LogEntry, LogQuery
from ytarchive.logging import repository as rows_of_the_store
from ytarchive.logging import service as store
from ytarchive.logging.files import LogFiles
from ytarchive.logging.repository import SCHEMA, LogRepository

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def entry(number: int, message: str = "", trace_id: str | None = None) -> LogEntry:
    moment = NOON + timedelta(seconds=number)
    return LogEntry(timestamp=moment, service="jobs", message=message, trace_id=trace_id)


def received_at(path: Path, moment: datetime) -> None:
    """Set the time of arrival of the present entries."""
    with sqlite3.connect(path) as database:
        database.execute("UPDATE entries SET received = ?", [int(moment.timestamp()) * 1_000_000])
    database.close()


async def test_entries_are_kept_by_their_time_of_arrival(
    tmp_path: Path,
) -> None:
    path = tmp_path / "logs.db"
    now = utc_now()
    async with await Database.open(path, SCHEMA) as database:
        await LogRepository(database).insert([entry(n, trace_id=f"old-{n}") for n in range(6_000)])
    received_at(path, now - timedelta(days=31))
    async with await Database.open(path, SCHEMA) as database:
        rows = LogRepository(database)
        await rows.insert([entry(-(10**8), trace_id="old-1"), entry(1, trace_id="new")])
        before = path.stat().st_size
        await rows.purge(now - timedelta(days=30), 2**30)
        kept = (await rows.find(LogQuery())).items
        traces = await database.select("SELECT trace_id FROM traces ORDER BY trace_id")
    assert [item.trace_id for item in kept] == ["new", "old-1"]
    assert [row[0] for row in traces] == ["new", "old-1"]
    assert before > 10 * 2**16


async def test_entries_stored_while_the_clock_was_ahead_are_removed_too(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    async with await Database.open(path, SCHEMA) as database:
        await LogRepository(database).insert([entry(n) for n in range(6_000)])
    received_at(path, utc_now() + timedelta(days=3650))
    async with await Database.open(path, SCHEMA) as database:
        rows = LogRepository(database)
        await rows.insert([entry(1, message="of today")])
        await rows.purge(utc_now() - timedelta(days=30), 2**30)
        assert [item.message for item in (await rows.find(LogQuery())).items] == ["of today"]


async def test_a_month_of_entries_is_limited_by_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and files alike, by a clock that goes from day to day."""
    today = NOON
    for module in (store, rows_of_the_store):
        monkeypatch.setattr(module, "utc_now", lambda: today)
    config = LoggingConfig(retention_days=7)
    async with await Database.open(tmp_path / "logs.db", SCHEMA) as database:
        files = LogFiles(tmp_path / "logs", config.file_bytes)
        kept = store.LogStore(LogRepository(database), files, config)
        for day in range(30):
            today = NOON + timedelta(days=day)
            await kept.write([entry(day * 86_400, message=f"day {day}")])
            await kept.purge()
        found = (await kept.rows.find(LogQuery())).items
    days = [f"day {day}" for day in range(29, 21, -1)]
    assert [item.message for item in found] == days
    assert [json.loads(line)["message"] for line in lines_below(tmp_path / "logs")] == days[::-1]


async def test_the_oldest_entries_are_removed_beyond_the_size_limit(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    async with await Database.open(path, SCHEMA) as database:
        rows = LogRepository(database)
        await rows.insert([entry(n, message="x" * 1000) for n in range(12_000)])
        await rows.purge(utc_now() - timedelta(days=30), 8 * 2**20)
        kept = await database.select("SELECT count(*), max(time), min(time) FROM entries")
    assert 0 < kept[0][0] < 8_000
    assert kept[0][1] == int((NOON + timedelta(seconds=11_999)).timestamp()) * 1_000_000
    assert path.stat().st_size < 16 * 2**20
