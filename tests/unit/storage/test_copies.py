"""A video stored again in another folder: the first copy is not lost and stays registered."""

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
    """A video that is in `videos` and in `films`."""
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


@pytest.mark.parametrize("mode", VerifyMode)
async def test_an_intact_earlier_copy_replaces_a_lost_one(
    twice: StorageService, config: StorageConfig, mode: VerifyMode
) -> None:
    earlier, newest = (config.base_path / at / VIDEO / f"{VIDEO}.mp4" for at in ("videos", "films"))
    newest.unlink()
    await ended(twice, mode=mode, quarantine=True)
    stored = await twice.video_exists(VIDEO)
    assert stored.exists
    assert stored.location is not None
    assert stored.location.video_path == str(earlier)
    assert stored.location.captions_dir == str(earlier.parent / "captions")
    [lost] = (await found(twice)).values()
    assert (lost.output_path, lost.quality) == ("films", "720p")  # as a repair fetches it again

    flip_byte(earlier)
    await ended(twice, mode=VerifyMode.FULL, quarantine=True)
    assert not (await twice.video_exists(VIDEO)).exists


async def test_a_damaged_copy_replaces_nothing(
    twice: StorageService, config: StorageConfig
) -> None:
    """A quick check does not detect the damage, so the copy is hashed before it is used."""
    earlier, newest = (config.base_path / at / VIDEO / f"{VIDEO}.mp4" for at in ("videos", "films"))
    newest.unlink()
    flip_byte(earlier)
    await ended(twice, mode=VerifyMode.QUICK, quarantine=True)
    assert not (await twice.video_exists(VIDEO)).exists


async def test_an_earlier_copy_that_is_kept_is_reported(
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
