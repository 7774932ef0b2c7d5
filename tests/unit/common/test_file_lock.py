"""A database and the staging folder belong to one process, also without any lock file."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ytarchive.common.database import Database
from ytarchive.common.errors import StateLocked
from ytarchive.common.file_lock import FileLock, held_files, held_folder
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.common.schema import Schema

JOBS = Schema("ytarchive.jobs", durable=True)

OPEN = """
import asyncio, sys
from pathlib import Path
from ytarchive.common.database import Database
from ytarchive.common.schema import Schema
from ytarchive.common.errors import StateLocked

async def main():
    try:
        database = await Database.open(Path(sys.argv[1]), Schema("ytarchive.jobs", durable=True))
    except StateLocked as error:
        print(error.message)
    else:
        await database.close()
        print("opened")

asyncio.run(main())
"""


def opened_elsewhere(path: Path) -> str:
    """What another process says that opens a database."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(path)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return done.stdout.strip()


def taken_over(path: Path) -> str:
    """What another program says that tries to have a database for itself."""
    script = (
        "import sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1], timeout=0.1)\n"
        "database.execute('PRAGMA journal_mode = DELETE')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script, str(path)], check=False, capture_output=True, text=True
    ).stderr


async def test_an_open_database_is_refused_to_a_second_process_and_free_afterwards(
    tmp_path: Path,
) -> None:
    path = tmp_path / "jobs.db"
    database = await Database.open(path, JOBS)
    assert f"{path} is used by process {os.getpid()}" in opened_elsewhere(path)
    with pytest.raises(StateLocked):
        await Database.open(path, JOBS)
    await database.close()
    assert opened_elsewhere(path) == "opened"


async def test_readers_work_while_a_process_owns_the_database(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with await Database.open(path, JOBS), await ReadOnlyDatabase.open(path, JOBS) as reader:
        assert await reader.fetch_all("list_services") == []


async def test_sqlite_keeps_its_own_locks_as_long_as_a_database_is_open(tmp_path: Path) -> None:
    """Closing a descriptor of the file would drop them: another program could then write."""
    path = tmp_path / "jobs.db"
    async with await Database.open(path, JOBS) as database:
        await database.fetch_all("list_services")
        with pytest.raises(StateLocked):
            await Database.open(path, JOBS)
        assert "database is locked" in taken_over(path)


async def test_a_database_that_cannot_be_opened_is_not_kept_locked(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 999")
    for _ in range(2):
        with pytest.raises(Exception, match="newer version"):
            await Database.open(path, JOBS)


def test_a_folder_has_one_holder(tmp_path: Path) -> None:
    folder = tmp_path / "archive" / "staging"
    with held_folder(folder):
        with pytest.raises(StateLocked), held_folder(folder):
            pass
        assert list(folder.iterdir()) == []
    with held_folder(folder):
        pass


def test_only_files_that_exist_are_held(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    with held_files([tmp_path / "one", tmp_path / "two"]):
        with pytest.raises(StateLocked):
            FileLock.of_file(tmp_path / "one")
        assert not (tmp_path / "two").exists()
