"""The index follows the archive after any sequence of events."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.unit.storage.samples import OTHER, VIDEO, save_request, stage
from tests.unit.storage.search.archives import captions_found, describe, found, indexed, store
from ytarchive.common.config import StorageConfig
from ytarchive.storage import rebuild_library
from ytarchive.storage.search import indexer
from ytarchive.storage.service import StorageService

CUE = "00:00:05.000 --> 00:00:09.000\nhello {}\n"


async def test_changed_metadata_and_captions_are_indexed_anew(
    storage: StorageService, config: StorageConfig
) -> None:
    await store(storage, config, VIDEO, "One", CUE.format("first"))
    await indexed(storage)
    await describe(storage, VIDEO, "Two", description="described")
    staged = stage(config, VIDEO)
    (staged / "captions" / f"{VIDEO}.en.vtt").write_text("WEBVTT\n\n" + CUE.format("second"))
    await storage.save_video(save_request(staged))
    await indexed(storage)
    for query in ("two", "described", "second"):
        assert await found(storage, query) == [VIDEO], query
    for query in ("one", "first"):
        assert await found(storage, query) == [], query
    assert _integrity(config) == "ok"


@pytest.mark.parametrize("form", ["ttml", "srv3"])
async def test_captions_stored_without_webvtt_are_found_with_their_time(
    storage: StorageService, config: StorageConfig, form: str
) -> None:
    body = {
        "ttml": '<tt xmlns="http://www.w3.org/ns/ttml"><p begin="5s" end="9s">a radio</p></tt>',
        "srv3": '<timedtext format="3"><body><p t="5000" d="4000">a radio</p></body></timedtext>',
    }[form]
    staged = stage(config, VIDEO)
    captions = staged / "captions" / f"{VIDEO}.en.vtt"
    captions.unlink()
    captions.with_suffix(f".{form}").write_text(body)
    await storage.save_video(save_request(staged))
    await indexed(storage)
    [hit] = await captions_found(storage, "radio")
    assert (hit.language, hit.seconds) == ("en", 5)


async def test_unindexed_changes_are_indexed_at_the_next_start(
    config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "_GATHER", 3600.0)
    storage = await StorageService.open(config)
    await store(storage, config, VIDEO, "A radio")
    await storage.close()
    async with _opened(config) as again:
        await indexed(again)
        assert await found(again, "radio") == [VIDEO]


async def test_an_archive_from_before_there_was_search_is_indexed(config: StorageConfig) -> None:
    async with _opened(config) as storage:
        await store(storage, config, VIDEO, "A radio", CUE.format("there"))
        await indexed(storage)
    _index(config).unlink()
    async with _opened(config) as again:
        assert (await again.get_stats()).search_pending in {0, 1}
        await indexed(again)
        assert await found(again, "radio there") == [VIDEO]


@pytest.mark.parametrize(
    "damage", ["garbage", "cut", "do not match the schema", "of another program"]
)
async def test_a_damaged_index_is_made_anew(config: StorageConfig, damage: str) -> None:
    async with _opened(config) as storage:
        await store(storage, config, VIDEO, "A radio")
        await indexed(storage)
    path = _index(config)
    if damage == "garbage":
        path.write_bytes(b"nonsense" * 9000)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:20_000])
    elif damage == "do not match the schema":
        _change(path, "ALTER TABLE state DROP COLUMN overflow")
    else:
        path.unlink()
        _change(path, "CREATE TABLE state (id INTEGER)")
    async with _opened(config) as again:
        await indexed(again)
        assert await found(again, "radio") == [VIDEO]


def _change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)


async def test_a_restored_older_library_gets_a_new_index(
    config: StorageConfig, tmp_path: Path
) -> None:
    library = config.state_path / "library.db"
    async with _opened(config) as storage:
        await store(storage, config, VIDEO, "A radio")
        await indexed(storage)
    shutil.copy(library, tmp_path)
    async with _opened(config) as storage:
        await store(storage, config, OTHER, "Another radio")
        await indexed(storage)
    shutil.copy(tmp_path / "library.db", library)
    async with _opened(config) as again:
        await indexed(again)
        assert await found(again, "radio") == [VIDEO]


async def test_a_rebuild_makes_the_index_from_the_files_alone(config: StorageConfig) -> None:
    async with _opened(config) as storage:
        await store(storage, config, VIDEO, "A radio", CUE.format("there"))
        await store(storage, config, OTHER, "Other")
    for database in config.state_path.glob("*.db*"):
        database.unlink()
    (config.base_path / "metadata" / "videos" / f"{OTHER}.json").unlink()
    assert (await rebuild_library(config)).is_searchable
    async with _opened(config) as again:
        assert (await again.get_stats()).search_pending == 0
        assert await found(again, "radio there") == [VIDEO]
        assert await found(again, "passwd") == [OTHER]  # the title in its info.json


async def test_unreadable_files_do_not_delay_others(
    storage: StorageService, config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("unexpected")

    with monkeypatch.context() as patched:
        patched.setattr(indexer, "document_of", fail)
        await store(storage, config, VIDEO, "A radio", CUE.format("there"))
        await indexed(storage)
    assert await found(storage, "radio") == [VIDEO]
    await describe(storage, OTHER, "Other radio")
    (config.base_path / "metadata" / "videos" / f"{OTHER}.json").write_bytes(b"\xff{")
    await indexed(storage)
    assert set(await found(storage, "radio")) == {VIDEO, OTHER}


def _index(config: StorageConfig) -> Path:
    return config.state_path / "search.db"


def _integrity(config: StorageConfig) -> str:
    with closing(sqlite3.connect(_index(config))) as database:
        [verdict] = database.execute("PRAGMA integrity_check").fetchone()
    return str(verdict)


@asynccontextmanager
async def _opened(config: StorageConfig) -> AsyncIterator[StorageService]:
    storage = await StorageService.open(config)
    try:
        yield storage
    finally:
        await storage.close()


async def test_search_waits_for_the_index_of_new_videos_if_asked(
    storage: StorageService, config: StorageConfig
) -> None:
    await store(storage, config, VIDEO, "A radio")
    assert await found(storage, "radio", wait=60) == [VIDEO]
