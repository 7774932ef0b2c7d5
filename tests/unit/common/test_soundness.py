"""The start, reading commands and backups accept and refuse the same databases."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ytarchive.common import snapshots
from ytarchive.common.database import Database
from ytarchive.common.errors import DatabaseCorrupt
from ytarchive.common.read_only import require_sound
from ytarchive.common.schema import Schema

SCHEMA = Schema("ytarchive.storage", durable=True)


def statement(sql: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA ignore_check_constraints = ON")
            database.execute("PRAGMA writable_schema = ON")
            database.execute(sql)
            database.commit()

    return change


def overwrite(path: Path) -> None:
    """Overwrite a page of a table."""
    with closing(sqlite3.connect(path)) as database:
        [page] = database.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'videos'"
        ).fetchone()
        [size] = database.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def wrong_type(path: Path) -> None:
    """Store text in a column of numbers, which a STRICT table never has."""
    statement("UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'videos'")(
        path
    )
    statement("UPDATE videos SET stored_at = 'then'")(path)
    statement("UPDATE sqlite_schema SET sql = rtrim(sql) || ' STRICT' WHERE name = 'videos'")(path)


@pytest.mark.parametrize("change", [
    wrong_type,
    statement("UPDATE sqlite_schema SET sql = replace(sql, 'duration INTEGER,', "
              "'duration INTEGER NOT NULL,') WHERE name = 'videos'"),
], ids=["wrong type", "null"])  # fmt: skip
async def test_a_wrong_value_is_accepted_everywhere(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = await filled(tmp_path)
    change(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA quick_check").fetchone() != ("ok",)
    require_sound(path)
    snapshots.check(path)
    await (await Database.open(path, SCHEMA)).close()


@pytest.mark.parametrize(
    "change", [overwrite, lambda path: path.write_bytes(b"no database" * 1000)],
    ids=["a page", "the file"],
)  # fmt: skip
async def test_a_damaged_structure_is_refused_everywhere(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = await filled(tmp_path)
    change(path)
    with pytest.raises(DatabaseCorrupt):
        require_sound(path)
    with pytest.raises(DatabaseCorrupt):
        snapshots.check(path)
    with pytest.raises(DatabaseCorrupt):
        await Database.open(path, SCHEMA)


async def filled(folder: Path) -> Path:
    path = folder / "library.db"
    database = await Database.open(path, SCHEMA)
    await database.execute("add_video", {"video_id": "dQw4w9WgXcQ"})
    await database.close()
    return path
