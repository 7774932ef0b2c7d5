"""A video stored again in another folder: nothing of the first is lost, or lost sight of."""

import pytest
from loguru import logger

from tests.unit.storage.samples import (
    VIDEO,
    files_on_disk,
    flip_byte,
    registered_files,
    save_request,
    stage,
)
from tests.unit.storage.test_verify import ended, found
from ytarchive.common.config import StorageConfig
from ytarchive.storage import VerifyMode
from ytarchive.storage.service import StorageService


@pytest.fixture
async def twice(storage: StorageService, config: StorageConfig) -> StorageService:
    """A video that lies in `videos` and in `films`."""
    await storage.save_video(save_request(stage(config)))
    await storage.save_video(save_request(stage(config), output_path="films"))
    return storage


async def test_both_copies_stay_registered_and_are_counted(
    twice: StorageService, config: StorageConfig
) -> None:
    both = files_on_disk(config, "videos", "films")
    assert registered_files(config) == both
    stats = await twice.get_stats()
    assert (stats.total_videos, stats.total_files) == (1, len(both))
    assert stats.total_size_bytes == sum(size for size, _ in both.values())
    location = (await twice.video_exists(VIDEO)).location
    assert location is not None
    assert location.video_path == str(config.base_path / "films" / VIDEO / f"{VIDEO}.mp4")


async def test_both_copies_are_verified(twice: StorageService, config: StorageConfig) -> None:
    assert (await ended(twice, mode=VerifyMode.FULL)).findings == {}
    flip_byte(config.base_path / "videos" / VIDEO / f"{VIDEO}.mp4")
    await ended(twice, mode=VerifyMode.FULL)
    assert list(await found(twice)) == [f"videos/{VIDEO}/{VIDEO}.mp4"]


async def test_that_the_earlier_copy_stays_is_told(
    storage: StorageService, config: StorageConfig
) -> None:
    said: list[str] = []
    sink = logger.add(said.append, format="{message}", level="WARNING")
    try:
        for folder in (None, None, "films"):
            await storage.save_video(save_request(stage(config), output_path=folder))
    finally:
        logger.remove(sink)
    assert len(said) == 1
    assert f"the files in {config.base_path / 'videos' / VIDEO} stay registered" in said[0]
