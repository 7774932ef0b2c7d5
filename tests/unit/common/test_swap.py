"""Prepared databases replace the present ones, all or none, and the replaced ones are kept."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.unit.common.writing import LEDGER
from ytarchive.common import swap
from ytarchive.common.database import Database


def mark(path: Path, number: int) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA application_id = {number}")


def marked(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("PRAGMA application_id").fetchone()[0])


def test_replaced_databases_are_kept_with_their_write_ahead_log(tmp_path: Path) -> None:
    present = tmp_path / "a.db"
    mark(present, 1)
    (tmp_path / "a.db-wal").write_bytes(b"log")
    prepared = swap.prepare(tmp_path)
    mark(prepared / "a.db", 2)
    mark(prepared / "b.db", 3)
    aside = swap.commit(prepared)
    assert (marked(present), marked(tmp_path / "b.db")) == (2, 3)
    [wal, old] = aside
    assert (wal.name, wal.read_bytes()) == (f"{old.name}-wal", b"log")
    wal.unlink()
    assert marked(old) == 1
    assert sorted(tmp_path.iterdir()) == sorted([old, present, tmp_path / "b.db"])


async def test_opening_a_database_finishes_its_swap(tmp_path: Path) -> None:
    """The process ended after the decision and before the first rename."""
    mark(tmp_path / "ledger.db", 1)
    prepared = swap.prepare(tmp_path)
    mark(prepared / "ledger.db", 2)
    mark(prepared / "other.db", 2)
    prepared.rename(tmp_path / "swap-20260102")
    async with await Database.open(tmp_path / "ledger.db", LEDGER) as database:
        assert [row[0] for row in await database.select("PRAGMA application_id")] == [2]
    assert marked(tmp_path / "ledger.db.20260102.old") == 1
    assert (tmp_path / "swap-20260102/other.db").exists()
    swap.finish(tmp_path / "other.db")
    assert not (tmp_path / "swap-20260102").exists()


def test_an_uncommitted_swap_is_removed(tmp_path: Path) -> None:
    mark(tmp_path / "a.db", 1)
    abandoned = swap.prepare(tmp_path)
    mark(abandoned / "a.db", 2)
    assert swap.finish(tmp_path / "a.db") == []
    assert swap.prepare(tmp_path) != abandoned
    assert not abandoned.exists()
    assert marked(tmp_path / "a.db") == 1
