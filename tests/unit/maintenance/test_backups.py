"""A backup is consistent during writes, is checked before use, and overwrites nothing."""

import asyncio
import functools
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.common.test_schemas import PACKAGES
from tests.unit.common.writing import LEDGER
from tests.unit.storage.samples import (
    OTHER,
    VIDEO,
    flip_byte,
    listed,
    registered_files,
    run,
    save_request,
    stage,
)
from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Database, Writer
from ytarchive.common.errors import (
    DatabaseCorrupt,
    DatabaseUnsupported,
    IntegrityFailure,
    NotFound,
    StateLocked,
    WrongArchive,
    YTArchiveError,
)
from ytarchive.common.lock import StateLock
from ytarchive.common.schema import Schema
from ytarchive.common.services import ServiceName
from ytarchive.maintenance import backups
from ytarchive.maintenance.backups import DECLARED, back_up, restore
from ytarchive.storage import Access, open_identity
from ytarchive.storage.service import StorageService

JOBS = Schema("ytarchive.jobs", durable=True)


@pytest.fixture
def config(tmp_path: Path) -> StorageConfig:
    """Settings of an archive that has only its identity."""
    config = StorageConfig(base_path=tmp_path / "archive")
    open_identity(config, Access.CREATE)
    return config


@pytest.fixture
async def archive(config: StorageConfig) -> StorageConfig:
    """An archive with one video and a queue, which no process uses."""
    storage = await StorageService.open(config)
    await storage.save_video(save_request(stage(config)))
    await storage.close()
    await (await Database.open(config.state_path / "jobs.db", JOBS)).close()
    return config


def mark(config: StorageConfig, number: int) -> None:
    """Change every database."""
    for path in config.state_path.glob("*.db"):
        with closing(sqlite3.connect(path)) as database:
            database.execute(f"PRAGMA application_id = {number}")


def kill_in(script: str, path: Path) -> None:
    """Run a script that ends by killing itself."""
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)


async def marks(config: StorageConfig) -> set[int]:
    """What the databases are marked with, once they were opened as services open them."""
    found = set()
    for name, package in (("jobs.db", "jobs"), ("library.db", "storage")):
        schema = Schema(f"ytarchive.{package}", durable=True)
        async with await Database.open(config.state_path / name, schema) as database:
            found |= {row[0] for row in await database.select("PRAGMA application_id")}
    return found


async def test_a_restored_archive_is_what_was_backed_up(
    archive: StorageConfig, tmp_path: Path
) -> None:
    before = registered_files(archive)
    backup = back_up(archive, tmp_path / "backups")
    assert listed(Path(backup.path)) == ["feeds.db", "jobs.db", "library.db", "manifest.json"]
    storage = await StorageService.open(archive)
    await storage.save_video(save_request(stage(archive, OTHER), OTHER))
    await storage.close()
    restored = restore(archive, tmp_path / "backups")
    assert restored.path == backup.path
    assert registered_files(archive) == before
    kept = [path for path in map(Path, restored.replaced) if path.name.startswith("library.db")]
    with closing(sqlite3.connect(kept[-1])) as old:
        assert old.execute("SELECT count(*) FROM videos").fetchone() == (2,)
    storage = await StorageService.open(archive)
    assert (await storage.video_exists(VIDEO)).exists
    await storage.close()


def test_every_database_declares_whether_backups_have_it() -> None:
    assert sorted(schema.package for schema in DECLARED) == sorted(PACKAGES)
    assert len({schema.file for schema in DECLARED}) == len(DECLARED)
    assert [schema.file for schema in DECLARED if schema.in_backups] == [
        "retention.db", "subscriptions.db", "jobs.db", "metadata.db", "library.db", "feeds.db",
        "logs.db",
    ]  # fmt: skip


async def test_declared_database_is_backed_up_and_restored(
    archive: StorageConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = replace(LEDGER, file="subscriptions.db")
    known = {**backups._DATABASES, added.file: added}
    monkeypatch.setattr(backups, "_DATABASES", known)
    path = archive.state_path / added.file
    await (await Database.open(path, added)).close()
    mark(archive, 7)
    backup = back_up(archive, tmp_path / "backups")
    assert added.file in [each.name for each in backup.manifest.databases]
    mark(archive, 8)
    restore(archive, tmp_path / "backups")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA application_id").fetchone() == (7,)


async def test_the_digests_equal_those_of_sha256sum(archive: StorageConfig, tmp_path: Path) -> None:
    backup = back_up(archive, tmp_path / "backups")
    for database in backup.manifest.databases:
        told = run("sha256sum", f"{backup.path}/{database.name}").split()[0]
        assert told == database.sha256


def _add_two(number: int, writer: Writer) -> None:
    rows = [{"video_id": f"{number:08}-{side}1"} for side in "ab"]
    writer.execute_many("add_video", rows)


async def test_a_backup_during_writes_contains_a_prefix_of_the_commits(
    config: StorageConfig, tmp_path: Path
) -> None:
    """Each transaction writes two rows: a backup between them would show one alone."""
    storage = await StorageService.open(config)
    database = storage._database

    async def write() -> None:
        for number in range(100_000):
            await database.write(functools.partial(_add_two, number))

    writing = asyncio.create_task(write())
    backups = [await asyncio.to_thread(back_up, config, tmp_path / "b") for _ in range(5)]
    assert not writing.done()
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    await storage.close()
    counts = []
    for backup in backups:
        with closing(sqlite3.connect(f"{backup.path}/library.db")) as copy:
            ids = [row[0] for row in copy.execute("SELECT video_id FROM videos ORDER BY 1")]
        assert ids == [f"{n:08}-{side}1" for n in range(len(ids) // 2) for side in "ab"]
        counts.append(len(ids))
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


async def test_a_write_ahead_log_of_a_killed_process_is_in_the_backup(
    archive: StorageConfig, tmp_path: Path
) -> None:
    script = (
        "import os, signal, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1])\n"
        "database.execute('UPDATE videos SET title = ?', ('written last',))\n"
        "database.commit()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = archive.state_path / "library.db"
    kill_in(script, path)
    assert (archive.state_path / "library.db-wal").stat().st_size > 0
    backup = back_up(archive, tmp_path / "backups")
    with closing(sqlite3.connect(f"{backup.path}/library.db")) as copy:
        assert copy.execute("SELECT title FROM videos").fetchone() == ("written last",)


async def test_a_damaged_database_is_reported_by_the_backup(
    archive: StorageConfig, tmp_path: Path
) -> None:
    path = archive.state_path / "library.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * 8192 + content[12288:])
    with pytest.raises(DatabaseCorrupt, match=r"\.ytarchive/library.db is damaged.*rebuild"):
        back_up(archive, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_without_databases_there_is_nothing_to_back_up(
    config: StorageConfig, tmp_path: Path
) -> None:
    with pytest.raises(NotFound):
        back_up(config, tmp_path / "backups")
    with pytest.raises(NotFound):
        restore(config, tmp_path)


def _newer(backup: Path) -> None:
    path = backup / "library.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 999")
    _sign(backup, "library.db")


def _broken(backup: Path) -> None:
    """Damaged before the digest was computed: the digest is right, the database is not."""
    path = backup / "library.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * 8192 + content[12288:])
    _sign(backup, "library.db")


def _sign(backup: Path, name: str) -> None:
    def change(manifest: Any) -> None:
        for database in manifest["databases"]:
            if database["name"] == name:
                database["sha256"] = run("sha256sum", f"{backup}/{name}").split()[0]
                database["size_bytes"] = (backup / name).stat().st_size

    _edit(backup, change)


def _edit(backup: Path, change: Callable[[Any], None]) -> None:
    manifest = json.loads((backup / "manifest.json").read_text())
    change(manifest)
    (backup / "manifest.json").write_text(json.dumps(manifest))


def _outside(backup: Path) -> None:
    _edit(backup, lambda manifest: manifest["databases"][0].update(name="../../evil.db"))


DAMAGES: list[tuple[Callable[[Path], Any], type[YTArchiveError]]] = [
    (lambda backup: flip_byte(backup / "jobs.db", 5000), IntegrityFailure),
    (lambda backup: (backup / "jobs.db").unlink(), IntegrityFailure),
    (lambda backup: (backup / "library.db").write_bytes(b""), IntegrityFailure),
    (lambda backup: (backup / "manifest.json").write_text("{}"), IntegrityFailure),
    (_outside, IntegrityFailure),
    (_broken, IntegrityFailure),
    (_newer, DatabaseUnsupported),
]


@pytest.mark.parametrize(("damage", "error"), DAMAGES)
async def test_a_damaged_backup_is_refused_and_nothing_is_changed(
    archive: StorageConfig,
    tmp_path: Path,
    damage: Callable[[Path], Any],
    error: type[YTArchiveError],
) -> None:
    backup = Path(back_up(archive, tmp_path / "backups").path)
    damage(backup)
    before = {path: (archive.base_path / path).read_bytes() for path in listed(archive.base_path)}
    with pytest.raises(error):
        restore(archive, backup)
    after = {path: (archive.base_path / path).read_bytes() for path in listed(archive.base_path)}
    locks = {path for path in after if "/lock" in path}
    assert {path: after[path] for path in after.keys() - locks} == before


async def test_it_is_refused_while_a_process_uses_the_archive(
    archive: StorageConfig, tmp_path: Path
) -> None:
    back_up(archive, tmp_path / "backups")
    for service in ServiceName:
        with StateLock(archive.state_path, [service]), pytest.raises(StateLocked):
            restore(archive, tmp_path / "backups")


async def test_a_backup_can_be_restored_with_copied_files_on_a_new_machine(
    archive: StorageConfig, tmp_path: Path
) -> None:
    backup = back_up(archive, tmp_path / "backups")
    elsewhere = StorageConfig(base_path=tmp_path / "new machine")
    ignored = shutil.ignore_patterns(".ytarchive")
    shutil.copytree(archive.base_path, elsewhere.base_path, ignore=ignored)
    assert restore(elsewhere, Path(backup.path)).replaced == []
    assert registered_files(elsewhere) == registered_files(archive)


async def test_a_backup_of_another_archive_is_refused(
    archive: StorageConfig, tmp_path: Path
) -> None:
    backup = back_up(archive, tmp_path / "backups")
    other = StorageConfig(base_path=tmp_path / "other")
    open_identity(other, Access.CREATE)
    with pytest.raises(WrongArchive, match="backup of the archive"):
        restore(other, Path(backup.path))
    assert not other.state_path.exists()


async def test_the_newest_complete_backup_is_restored(
    archive: StorageConfig, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    back_up(archive, folder)
    newest = back_up(archive, folder)
    shutil.copytree(newest.path, folder / ".partial-29990101T000000.000000Z")
    (folder / "2999 notes").mkdir()
    assert restore(archive, folder).path == newest.path


async def test_a_restore_killed_at_any_step_leaves_all_old_or_all_new_databases(
    archive: StorageConfig, tmp_path: Path
) -> None:
    mark(archive, 7)
    shutil.move(back_up(archive, tmp_path / "made").path, tmp_path / "backup")
    mark(archive, 8)
    rounds = int(run(sys.executable, "-m", "tests.unit.maintenance.restore_rounds", str(tmp_path)))
    assert rounds > 8
    outcomes = []
    for number in range(1, rounds + 1):
        config = StorageConfig(base_path=tmp_path / str(number))
        [mark_of_all] = await marks(config)
        outcomes.append(mark_of_all)
        storage = await StorageService.open(config)
        assert (await storage.video_exists(VIDEO)).exists
        await storage.close()
        restore(config, tmp_path / "backup")
        assert await marks(config) == {7}
        assert not list(config.state_path.glob(".prepare*"))
        assert not list(config.state_path.glob("swap-*"))
    assert set(outcomes) == {7, 8}
    assert outcomes == sorted(outcomes, reverse=True)
