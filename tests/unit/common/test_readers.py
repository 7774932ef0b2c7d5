"""Reading connections: never on an old snapshot, and no byte of a row ends a query."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.common.writing import LEDGER
from ytarchive.common.database import Database
from ytarchive.common.errors import DatabaseCorrupt


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[Database]:
    async with await Database.open(path, LEDGER) as opened:
        yield opened


async def put(ledger: Database, name: str) -> None:
    await ledger.execute("insert_entry", {"name": name, "amount": 1})


async def names(ledger: Database) -> list[str]:
    return sorted(row["name"] for row in await ledger.fetch_all("all_entries"))


@pytest.mark.parametrize(
    "failing",
    [
        "SELECT name, abs(-9223372036854775807 - (name = 'b')) FROM entries ORDER BY name",
        "SELECT json(iif(name = 'b', '[', '1')) FROM entries ORDER BY name",
        "SELECT no_such_column FROM entries",
    ],
    ids=["in the second row", "in a function", "in the statement"],
)
async def test_readers_see_later_commits_after_failed_reads(ledger: Database, failing: str) -> None:
    await put(ledger, "a")
    await put(ledger, "b")
    for _ in range(4):  # more often than there are readers
        with pytest.raises(sqlite3.Error):
            await ledger.select(failing)
    await put(ledger, "c")
    for _ in range(4):
        assert await names(ledger) == ["a", "b", "c"]


async def test_readers_see_later_commits_after_cancelled_reads(ledger: Database) -> None:
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
    for _ in range(4):
        reading = asyncio.create_task(ledger.select(f"{endless} SELECT i FROM n, entries"))
        await asyncio.sleep(0)
        reading.cancel()
    await put(ledger, "a")
    for _ in range(4):
        assert await names(ledger) == ["a"]


async def test_text_that_is_not_utf8_is_read_with_replacement_characters(
    ledger: Database, path: Path
) -> None:
    await put(ledger, "a")
    await ledger.write(
        lambda writer: writer.connection.execute(
            "INSERT INTO entries (name, amount) VALUES (CAST(x'62ff63' AS TEXT), 2)"
        ).close()
    )
    assert await names(ledger) == ["a", "b\ufffdc"]
    written = await ledger.write(lambda writer: writer.fetch_all("all_entries"))
    assert sorted(row["name"] for row in written) == ["a", "b\ufffdc"]
    await ledger.close()
    async with await Database.open(path, LEDGER) as again:
        assert await names(again) == ["a", "b\ufffdc"]


async def usable(path: Path) -> bool:
    try:
        opened = await Database.open(path, LEDGER)
    except DatabaseCorrupt:
        return False
    async with opened:
        await put(opened, "a")
        return await names(opened) == ["a"]


async def refused_as_damaged(path: Path) -> bool:
    with pytest.raises(DatabaseCorrupt, match="is damaged"):
        await Database.open(path, LEDGER)
    return True


@pytest.mark.parametrize("position", range(40))
async def test_an_invalid_byte_in_the_schema_is_reported_as_damage(
    path: Path, position: int
) -> None:
    """Either the byte is in a place that SQLite ignores, or the file is refused as damaged."""
    await (await Database.open(path, LEDGER)).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE INDEX entries_by_amount ON entries (amount)")
        database.execute("PRAGMA writable_schema = ON")
        damaged = "CAST(substr(CAST(sql AS BLOB), 1, ?1) || x'ff' || substr(sql, ?1 + 2) AS TEXT)"
        database.execute(
            f"UPDATE sqlite_schema SET sql = {damaged} WHERE name = 'entries_by_amount'",
            [position],
        )
        database.commit()
    assert await usable(path) or await refused_as_damaged(path)


@pytest.mark.parametrize("steps", range(1, 12))
async def test_a_cancelled_first_read_leaves_no_thread_behind(path: Path, steps: int) -> None:
    """Such a thread would keep the process from ending."""
    before = set(threading.enumerate())
    async with await Database.open(path, LEDGER) as ledger:
        reading = asyncio.create_task(ledger.select("SELECT 1"))
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    new = set(threading.enumerate()) - before
    left = [each for each in new if "_connection_worker_thread" in each.name]  # aiosqlite's
    for thread in left:
        thread.join(5)
    assert not [thread for thread in left if thread.is_alive()]


def test_a_read_that_is_cancelled_at_once_does_not_outlive_the_event_loop(path: Path) -> None:
    """Its thread would report to a closed loop, and fail."""

    async def cancelled_read() -> None:
        async with await Database.open(path, LEDGER) as ledger:
            reading = asyncio.create_task(ledger.select("SELECT 1"))
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    connect = sqlite3.connect

    def slow_connect(address: str, **how: Any) -> Any:
        if how.get("uri"):
            time.sleep(0.1)  # longer than all else takes, so that the loop would be closed before
        return connect(address, **how)

    failures: list[threading.ExceptHookArgs] = []
    before = set(threading.enumerate())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "excepthook", failures.append)
        patch.setattr(sqlite3, "connect", slow_connect)
        asyncio.run(cancelled_read())
        for thread in set(threading.enumerate()) - before:
            thread.join(5)
    assert failures == []
