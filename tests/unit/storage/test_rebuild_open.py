"""The library is rebuilt while the archive is open, as by a server."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.storage.samples import (
    OTHER,
    VIDEO,
    files_on_disk,
    metadata,
    playlist,
    registered_files,
    run,
    save_request,
    stage,
)
from tests.unit.storage.search.archives import found, indexed
from tests.unit.storage.test_rebuild import fill, rows
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import Conflict
from ytarchive.storage import (
    SaveMetadata,
    SavePlaylist,
    VerifyRequest,
    VideoQuery,
)
from ytarchive.storage.maintenance.library_importer import LibraryImporter
from ytarchive.storage.service import StorageService


@pytest.fixture
async def storage(config: StorageConfig) -> AsyncIterator[StorageService]:
    storage = await StorageService.open(config)
    yield storage
    await storage.close()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """A rebuild waits for this event after it has read the files."""
    released, fill_all = asyncio.Event(), LibraryImporter.fill

    async def filled(importer: LibraryImporter) -> None:
        await fill_all(importer)
        await released.wait()

    monkeypatch.setattr(LibraryImporter, "fill", filled)
    return released


async def store(storage: StorageService, config: StorageConfig, video_id: str, title: str) -> None:
    await storage.save_video(save_request(stage(config, video_id), video_id))
    await storage.save_metadata(SaveMetadata(metadata=metadata(video_id, title)))


async def test_an_open_library_is_rebuilt_with_the_same_rows(config: StorageConfig) -> None:
    await fill(config)
    before = rows(config)
    storage = await StorageService.open(config)
    rebuilt = await storage.rebuild()
    assert rebuilt.problems == 0
    assert (await storage.get_stats()).total_videos == 3
    await storage.close()
    assert rows(config) == before
    [old] = rebuilt.replaced
    shutil.move(old, config.state_path / "library.db")
    assert rows(config) == before


async def test_a_rebuild_finds_removed_and_added_videos_and_search_follows(
    storage: StorageService, config: StorageConfig
) -> None:
    await store(storage, config, VIDEO, "A radio")
    await store(storage, config, OTHER, "A radio of others")
    await indexed(storage)
    shutil.move(config.base_path / "videos" / OTHER, config.base_path.parent / OTHER)
    (config.base_path / "metadata/videos" / f"{OTHER}.json").unlink()
    await storage.rebuild()
    assert not (await storage.video_exists(OTHER)).exists
    await indexed(storage)
    assert await found(storage, "radio") == [VIDEO]
    shutil.move(config.base_path.parent / OTHER, config.base_path / "videos" / OTHER)
    await storage.rebuild()
    assert (await storage.video_exists(OTHER)).exists
    await store(storage, config, OTHER, "Another radio")
    await indexed(storage)
    assert sorted(await found(storage, "radio")) == sorted([VIDEO, OTHER])


async def test_videos_that_finish_during_a_rebuild_are_stored_after_it(
    storage: StorageService, config: StorageConfig, held: asyncio.Event
) -> None:
    rebuilding = asyncio.create_task(storage.rebuild())
    await asyncio.sleep(0)
    saving = asyncio.create_task(store(storage, config, VIDEO, "A radio"))
    listing = asyncio.create_task(
        storage.save_playlist(SavePlaylist(playlist=playlist("PLabc", 3)))
    )
    assert (await storage.list_videos(VideoQuery())).items == []
    assert not saving.done()
    held.set()
    assert (await rebuilding).videos == 0
    await asyncio.gather(saving, listing)
    assert (await storage.video_exists(VIDEO)).exists
    assert registered_files(config) == files_on_disk(config, "videos", "metadata/videos")
    assert (await storage.get_stats()).total_playlists == 1


async def test_a_second_rebuild_and_one_during_a_verification_are_refused(
    storage: StorageService, config: StorageConfig, held: asyncio.Event
) -> None:
    first = asyncio.create_task(storage.rebuild())
    await asyncio.sleep(0)
    with pytest.raises(Conflict, match="being rebuilt"):
        await storage.rebuild()
    held.set()
    await first
    await store(storage, config, VIDEO, "A radio")
    await storage.verifier.start_verification(VerifyRequest())
    with pytest.raises(Conflict, match="verification"):
        await storage.rebuild()


async def test_a_rebuild_continues_if_the_request_for_it_ends(
    storage: StorageService, config: StorageConfig, held: asyncio.Event
) -> None:
    await store(storage, config, VIDEO, "A radio")
    shutil.rmtree(config.base_path / "videos" / VIDEO)
    request = asyncio.create_task(storage.rebuild())
    await asyncio.sleep(0)
    request.cancel()
    await asyncio.wait([request])
    held.set()
    await store(storage, config, OTHER, "Another radio")  # it waits for the rebuild
    assert not (await storage.video_exists(VIDEO)).exists


async def test_closing_the_archive_during_a_rebuild_leaves_the_old_library(
    config: StorageConfig, held: asyncio.Event
) -> None:
    await fill(config)
    before = rows(config)
    storage = await StorageService.open(config)
    rebuilding = asyncio.create_task(storage.rebuild())
    await asyncio.sleep(0)
    await storage.close()
    assert rebuilding.cancelled() or isinstance(
        (await asyncio.gather(rebuilding, return_exceptions=True))[0], asyncio.CancelledError
    )
    assert rows(config) == before


async def test_a_rebuild_of_an_open_library_can_be_killed_at_any_step(tmp_path: Path) -> None:
    driver = (sys.executable, "-m", "tests.unit.storage.crash_rounds")
    rounds = int(run(*driver, str(tmp_path), "rebuild open"))
    assert rounds > 5
    for number in range(1, rounds + 1):
        config = StorageConfig(base_path=tmp_path / str(number))
        storage = await StorageService.open(config)
        assert (await storage.get_stats()).total_videos == 2
        await indexed(storage)
        assert sorted(await found(storage, "passwd")) == sorted([VIDEO, OTHER])
        await storage.close()
        assert registered_files(config) == files_on_disk(config, "videos")
