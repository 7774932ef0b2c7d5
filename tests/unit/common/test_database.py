"""Commits are durable, failures are rolled back separately, and errors are reported."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from tests.unit.common.writing import LEDGER
from ytarchive.common.database import Database, Writer
from ytarchive.common.errors import (
    DatabaseCorrupt,
    DatabaseUnsupported,
    DiskFull,
    NotFound,
    NotWritable,
    ServiceUnavailable,
)
from ytarchive.common.schema import Queries


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[Database]:
    async with await Database.open(path, LEDGER) as opened:
        yield opened


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """The warnings that were logged."""
    found: list[str] = []
    sink = logger.add(found.append, level="WARNING", format="{message}")
    yield found
    logger.remove(sink)


async def put(ledger: Database, name: str, amount: int = 1) -> int:
    return await ledger.execute("insert_entry", {"name": name, "amount": amount})


async def count(ledger: Database) -> int:
    row = await ledger.fetch_one("count_entries")
    assert row is not None
    return int(row["entries"])


async def test_what_is_written_is_read_by_name(ledger: Database) -> None:
    assert await put(ledger, "a", 5) == 1
    found = await ledger.fetch_one("find_entry", {"name": "a"})
    assert found is not None
    assert dict(found) == {"name": "a", "amount": 5}
    assert await ledger.fetch_one("find_entry", {"name": "b"}) is None


async def test_a_transaction_gives_its_result_and_sees_its_own_writes(ledger: Database) -> None:
    def transfer(writer: Writer) -> tuple[int, list[str]]:
        added = writer.execute_many(
            "insert_entry", [{"name": n, "amount": 1} for n in ("a", "b", "c")]
        )
        return added, [row["name"] for row in writer.fetch_all("all_entries")]

    assert await ledger.write(transfer) == (3, ["a", "b", "c"])


async def test_a_failed_transaction_is_rolled_back_without_others_of_the_commit(
    ledger: Database,
) -> None:
    """All fifty share commits; every third one fails half-way."""

    def entry(number: int) -> Any:
        def transaction(writer: Writer) -> int:
            writer.execute("insert_entry", {"name": f"a{number}", "amount": 1})
            if number % 3 == 0:
                raise NotFound(f"entry {number}")
            writer.execute("insert_entry", {"name": f"b{number}", "amount": 1})
            return number

        return transaction

    outcomes = await asyncio.gather(
        *(ledger.write(entry(n)) for n in range(50)), return_exceptions=True
    )
    for number, outcome in enumerate(outcomes):
        if number % 3 == 0:
            assert isinstance(outcome, NotFound)
            assert outcome.message == f"entry {number}"
        else:
            assert outcome == number
    assert await count(ledger) == 2 * sum(1 for n in range(50) if n % 3)


async def test_a_violated_constraint_is_an_internal_error_with_its_name(ledger: Database) -> None:
    await put(ledger, "a")
    with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE constraint failed: entries\.name"):
        await put(ledger, "a")
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        await put(ledger, "b", -1)
    assert await count(ledger) == 1


@pytest.mark.parametrize("error", [StopIteration(), KeyError("x"), MemoryError()])
async def test_a_transaction_with_any_error_reports_it_to_its_caller(
    ledger: Database, error: Exception
) -> None:
    def fail(_: Writer) -> None:
        raise error

    with pytest.raises((RuntimeError, KeyError, MemoryError)):
        await asyncio.wait_for(ledger.write(fail), 30)
    assert await put(ledger, "still works") == 1


async def test_a_transaction_that_ends_the_group_itself_fails_with_it(ledger: Database) -> None:
    """So does SQLite when the disk fills up; all callers of the commit get an error."""

    def roll_back(writer: Writer) -> None:
        writer.connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")

    results = await asyncio.gather(
        put(ledger, "before"), ledger.write(roll_back), return_exceptions=True
    )
    assert all(isinstance(result, sqlite3.OperationalError) for result in results)
    assert await count(ledger) == 0
    assert await put(ledger, "after") == 1


class FailingConnection:
    """The writer's connection, on a disk that refuses a commit and its rollback, once each."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._failing = {"COMMIT", "ROLLBACK"}

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql in self._failing:
            self._failing.remove(sql)
            raise sqlite3.OperationalError("disk I/O error")
        return self._connection.execute(sql, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


async def test_a_failed_rollback_is_completed_before_the_next_write(
    ledger: Database,
) -> None:
    ledger._writer.connection = FailingConnection(ledger._writer.connection)  # type: ignore[assignment]  # has the same methods
    with pytest.raises(sqlite3.OperationalError):
        await asyncio.wait_for(put(ledger, "lost"), 30)
    assert await asyncio.wait_for(put(ledger, "kept"), 30) == 1
    assert await count(ledger) == 1


async def test_a_thousand_concurrent_writers_share_few_commits(ledger: Database) -> None:
    """A commit costs a sync of the disk, so they must not cost one each."""
    executed: list[str] = []
    await ledger.write(lambda writer: writer.connection.set_trace_callback(executed.append))
    await asyncio.gather(*(put(ledger, f"{n:04}") for n in range(1000)))
    assert await count(ledger) == 1000
    assert executed.count("COMMIT") <= 5


async def test_readers_do_not_wait_for_a_writer(ledger: Database) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(writer: Writer) -> None:
        writer.execute("insert_entry", {"name": "slow", "amount": 1})
        loop.call_soon_threadsafe(entered.set)
        asyncio.run_coroutine_threadsafe(leave.wait(), loop).result(5)

    writing = asyncio.create_task(ledger.write(slow))
    await entered.wait()
    assert await count(ledger) == 0
    leave.set()
    await writing
    assert await count(ledger) == 1


async def test_readers_cannot_write(ledger: Database) -> None:
    with pytest.raises(NotWritable):
        await ledger.select("DELETE FROM entries")


async def test_closing_commits_waiting_transactions(path: Path) -> None:
    ledger = await Database.open(path, LEDGER)
    writes = [asyncio.create_task(put(ledger, str(n))) for n in range(200)]
    await asyncio.sleep(0)
    await ledger.close()
    assert sum(await asyncio.gather(*writes)) == 200
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM entries").fetchone() == (200,)


async def test_a_closed_database_refuses_and_closes_once(path: Path) -> None:
    ledger = await Database.open(path, LEDGER)
    await ledger.close()
    await ledger.close()
    for use in (put(ledger, "x"), ledger.fetch_all("all_entries")):
        with pytest.raises(ServiceUnavailable, match=r"ledger\.db is closed"):
            await asyncio.wait_for(use, 30)
    assert not await ledger.is_usable()


async def test_a_cancelled_writer_does_not_affect_others(ledger: Database) -> None:
    writes = [asyncio.create_task(put(ledger, str(n))) for n in range(20)]
    await asyncio.sleep(0)
    writes[3].cancel()
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [n for n, o in enumerate(outcomes) if o != 1] == [3]


@pytest.mark.parametrize("kills", range(3))
async def test_a_killed_process_loses_nothing_it_had_committed(path: Path, kills: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.unit.common.writing",
        str(path),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    last = -1
    while last < 20 * (kills + 1):
        last = int(await process.stdout.readline())
    process.kill()
    last = max([last, *(int(line) for line in (await process.stdout.read()).split())])
    await process.wait()
    async with await Database.open(path, LEDGER) as ledger:
        names = [row["name"] for row in await ledger.fetch_all("all_entries")]
    assert names[: last + 1] == [f"{n:07}" for n in range(last + 1)]
    assert len(names) <= last + 2


def _overwrite(path: Path, start: int, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("r+b" if path.exists() else "wb") as file:
        file.seek(start)
        file.write(content)


class TestOpening:
    """An unusable file is reported with the reason and the remedy."""

    async def test_a_damaged_file_is_named(self, path: Path) -> None:
        _overwrite(path, 0, b"this is no database" * 500)
        with pytest.raises(DatabaseCorrupt, match=r"ledger\.db is damaged"):
            await Database.open(path, LEDGER)

    async def test_a_damaged_page_is_found(self, path: Path) -> None:
        async with await Database.open(path, LEDGER) as ledger:
            await asyncio.gather(*(put(ledger, f"{n:04}" * 50) for n in range(500)))
        _overwrite(path, 8192, b"\xff" * 8192)
        with pytest.raises(DatabaseCorrupt, match="damaged"):
            await Database.open(path, LEDGER)

    async def test_a_newer_schema_is_left_alone(self, path: Path) -> None:
        async with await Database.open(path, LEDGER) as ledger:
            await ledger.write(lambda writer: None)
        with closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA user_version = 777")
        newer = r"ledger\.db was made by a newer version of ytarchive \(schema 777; .* uses 100\)"
        with pytest.raises(DatabaseUnsupported, match=newer):
            await Database.open(path, LEDGER)

    @pytest.mark.parametrize(
        "change",
        [
            "ALTER TABLE entries RENAME COLUMN amount TO sum",
            "DROP TABLE entries",
            "PRAGMA user_version = 0",
        ],
    )
    async def test_a_file_of_another_shape_is_refused_at_once(
        self, path: Path, change: str
    ) -> None:
        """Its version is known, but its content was not made by this schema."""
        async with await Database.open(path, LEDGER) as ledger:
            await put(ledger, "a")
        with closing(sqlite3.connect(path)) as file:
            file.execute(change)
        with pytest.raises(
            DatabaseCorrupt, match=r"ledger\.db is damaged \(its tables do not match the schema"
        ):
            await Database.open(path, LEDGER)

    async def test_a_file_of_an_older_version_is_set_aside_and_named(
        self, path: Path, warnings: list[str]
    ) -> None:
        async with await Database.open(path, LEDGER) as ledger:
            await put(ledger, "a")
        with closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA user_version = 12")
        async with await Database.open(path, LEDGER) as ledger:
            assert await count(ledger) == 0
        [kept] = path.parent.glob("ledger.db.*.old")
        with closing(sqlite3.connect(kept)) as file:
            assert file.execute("SELECT name FROM entries").fetchall() == [("a",)]
        [warning] = [line for line in warnings if "older version" in line]
        assert f"is kept as {kept.name}: {LEDGER.lost_when_older}" in warning

    async def test_a_folder_at_the_path_is_reported(self, tmp_path: Path) -> None:
        with pytest.raises(DatabaseCorrupt, match="it is a folder and not a regular file"):
            await Database.open(tmp_path, LEDGER)

    async def test_a_file_as_state_folder_is_reported(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(NotWritable):
            await Database.open(tmp_path / "file" / "ledger.db", LEDGER)

    async def test_a_full_disk_is_reported_and_loses_no_older_entry(self, ledger: Database) -> None:
        """`max_page_count` makes SQLite answer as it does on a full disk."""
        await put(ledger, "old")
        await ledger.write(lambda w: w.connection.execute("PRAGMA max_page_count = 1").fetchall())
        with pytest.raises(DiskFull, match=r"ledger\.db is full"):
            await ledger.write(
                lambda w: w.execute_many(
                    "insert_entry", ({"name": f"{n:0500}", "amount": 1} for n in range(5000))
                )
            )
        assert await count(ledger) == 1


def test_two_queries_of_one_name_are_refused() -> None:
    assert Queries("-- about\n\n-- name: a\nSELECT 1;\n-- name: b\nSELECT 2;").names() == ["a", "b"]
    with pytest.raises(ValueError, match="same name"):
        Queries("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;")
