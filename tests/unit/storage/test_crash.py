"""A save killed at every step."""

import errno
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from tests.unit.storage.samples import (
    MEDIA,
    VIDEO,
    content,
    files_on_disk,
    listed,
    metadata,
    registered_files,
    run,
    save_request,
    sha256sum_accepts,
    stage,
)
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import StaleShare
from ytarchive.storage import MarksAPI, RestoreItem, TrashAPI, TrashQuery
from ytarchive.storage.bins.bins import Bins
from ytarchive.storage.bins.models import BinName
from ytarchive.storage.service import StorageService
from ytarchive.storage.store.local import LocalMediaStore


@pytest.mark.parametrize("kind", ["first", "second", "format"])
async def test_a_save_killed_at_any_step_is_complete_after_the_next_start(
    tmp_path: Path, kind: str
) -> None:
    """The video is stored, or waits unchanged in staging; saving it again stores it."""
    driver = (sys.executable, "-m", "tests.unit.storage.crash_rounds")
    rounds = int(run(*driver, str(tmp_path), kind))
    assert rounds > 12
    outcomes = [await _outcome(tmp_path / str(n + 1), kind) for n in range(rounds)]
    # First the crash comes too early for the video to be stored at start, then it is in time.
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


async def _outcome(base: Path, kind: str) -> bool:
    """Start again after a crash; whether the new download was stored by that alone."""
    config = StorageConfig(base_path=base)
    staged = config.staging_path / VIDEO
    folder = base / "videos" / VIDEO
    storage = await StorageService.open(config)
    try:
        stored = not staged.exists()
        exists = (await storage.video_exists(VIDEO)).exists
        assert exists == (stored or kind != "first")
        assert kind == "first" or await _first_media(base) == MEDIA
        assert registered_files(config) == files_on_disk(config, "videos")
        if not stored:
            assert folder.exists() == (kind != "first")
            assert len(listed(staged)) >= 4
        await storage.save_video(save_request(staged))
        assert (folder / f"{VIDEO}.mp4").read_bytes() == b"new media"
        assert not (folder / f"{VIDEO}.webm").exists()
        assert kind == "first" or await _first_media(base) == MEDIA
        assert sha256sum_accepts(folder)
        assert registered_files(config) == files_on_disk(config, "videos")
        assert listed(config.staging_path) == listed(base / ".ytarchive/tmp") == []
    finally:
        await storage.close()
    return stored


async def _first_media(base: Path) -> bytes:
    """Return the media of the first download: in its place, or else in the trash and listed."""
    for name in (f"{VIDEO}.webm", f"{VIDEO}.mp4"):
        media = base / "videos" / VIDEO / name
        if media.is_file() and media.read_bytes() == MEDIA:
            return MEDIA
    bins = Bins(LocalMediaStore.at(StorageConfig(base_path=base)))
    [item] = [item async for item in bins.items(BinName.TRASH)]
    [file] = [file for file in item.files if file.path.endswith((".webm", ".mp4"))]
    return (base / bins.root(item) / file.path).read_bytes()


async def test_restore_killed_at_any_step_loses_neither_copy(tmp_path: Path) -> None:
    """Afterwards one copy is the video, and the other one is listed in the trash."""
    driver = (sys.executable, "-m", "tests.unit.storage.crash_rounds")
    rounds = int(run(*driver, str(tmp_path), "restore"))
    assert rounds > 12
    outcomes = [await _copies(tmp_path / str(n + 1)) for n in range(rounds)]
    assert set(outcomes) == {(MEDIA, b"new media"), (b"new media", MEDIA)}
    assert outcomes == sorted(outcomes, key=lambda copies: copies[0] == MEDIA)


async def _copies(base: Path) -> tuple[bytes, bytes]:
    """Start again after a crash; the media in its place, and the one in the trash."""
    config = StorageConfig(base_path=base)
    storage = await StorageService.open(config)
    try:
        location = (await storage.video_exists(VIDEO)).location
        assert registered_files(config) == files_on_disk(config, "videos")
        assert sha256sum_accepts(base / "videos" / VIDEO)
        bins = Bins(LocalMediaStore.at(config))
        [item] = [item async for item in bins.items(BinName.TRASH)]
        [file] = item.files
        assert location is not None
        return content(location.video_path), (base / bins.root(item) / file.path).read_bytes()
    finally:
        await storage.close()


async def test_removal_killed_at_any_step_is_complete_after_the_next_start_or_not_begun(
    tmp_path: Path,
) -> None:
    driver = (sys.executable, "-m", "tests.unit.storage.crash_rounds")
    rounds = int(run(*driver, str(tmp_path), "remove"))
    assert rounds > 12
    outcomes = [await _is_removed(tmp_path / str(n + 1)) for n in range(rounds)]
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


async def test_undoing_a_removal_killed_at_any_step_loses_no_file(tmp_path: Path) -> None:
    """Afterwards the video is stored, or another call restores it."""
    driver = (sys.executable, "-m", "tests.unit.storage.crash_rounds")
    rounds = int(run(*driver, str(tmp_path), "unremove"))
    assert rounds > 12
    for n in range(rounds):
        await _undo(tmp_path / str(n + 1))


async def _is_removed(base: Path) -> bool:
    """Start again after a crash; whether the video is removed, and all of it is in one place."""
    config = StorageConfig(base_path=base)
    storage = await StorageService.open(config)
    try:
        marks = cast("MarksAPI", storage.subjects()[MarksAPI])
        removed = (await marks.get_marks(VIDEO)).removed
        assert (await storage.video_exists(VIDEO)).exists is not removed
        assert registered_files(config) == files_on_disk(config, "videos", "metadata/videos")
        assert bool(registered_files(config)) is not removed
        trash = cast("TrashAPI", storage.subjects()[TrashAPI])
        items = (await trash.list_trash(TrashQuery())).items
        assert [len(item.files) for item in items] == [7] * removed
    finally:
        await storage.close()
    return removed


async def _undo(base: Path) -> None:
    """Start again after a crash, and restore what is still in the trash."""
    config = StorageConfig(base_path=base)
    storage = await StorageService.open(config)
    try:
        trash = cast("TrashAPI", storage.subjects()[TrashAPI])
        marks = cast("MarksAPI", storage.subjects()[MarksAPI])
        for item in (await trash.list_trash(TrashQuery())).items:
            await trash.restore_from_trash(item.id, RestoreItem())
        assert (await storage.video_exists(VIDEO)).exists
        assert not (await marks.get_marks(VIDEO)).removed
        assert await storage.get_metadata(VIDEO) == metadata()
        assert registered_files(config) == files_on_disk(config, "videos", "metadata/videos")
        assert sha256sum_accepts(base / "videos" / VIDEO)
        assert len(registered_files(config)) == 7
    finally:
        await storage.close()


async def test_metadata_killed_at_any_step_has_the_digest_of_its_file(tmp_path: Path) -> None:
    driver = (sys.executable, "-m", "tests.unit.storage.crash_rounds")
    rounds = int(run(*driver, str(tmp_path), "metadata"))
    titles = []
    for n in range(rounds):
        config = StorageConfig(base_path=tmp_path / str(n + 1))
        storage = await StorageService.open(config)
        try:
            assert registered_files(config) == files_on_disk(config, "metadata/videos")
            assert listed(config.state_path / "tmp") == []
            titles.append((await storage.get_metadata(VIDEO)).title)
        finally:
            await storage.close()
    # First the crash comes too early for the new metadata, then it is in time.
    assert titles == sorted(titles, reverse=True)
    assert set(titles) == {"old title", "new title"}


async def test_a_recorded_move_is_executed_at_the_next_start(interrupted: StorageConfig) -> None:
    storage = await StorageService.open(interrupted)
    assert (await storage.video_exists(VIDEO)).exists
    assert sha256sum_accepts(interrupted.base_path / "videos" / VIDEO)
    await storage.close()


async def test_a_recorded_move_is_executed_after_the_archive_was_moved(
    interrupted: StorageConfig, tmp_path: Path
) -> None:
    moved = StorageConfig(base_path=tmp_path / "elsewhere")
    interrupted.base_path.rename(moved.base_path)
    storage = await StorageService.open(moved)
    location = (await storage.video_exists(VIDEO)).location
    assert location is not None
    assert location.video_path == str(moved.base_path / "videos" / VIDEO / f"{VIDEO}.mp4")
    await storage.close()


async def test_a_recorded_move_is_deleted_when_staging_has_changed(
    interrupted: StorageConfig, messages: list[str]
) -> None:
    """The download continued meanwhile: no unfinished file may get a final name."""
    staged = interrupted.staging_path / VIDEO
    (staged / f"{VIDEO}.mp4.part").write_bytes(b"more")
    storage = await StorageService.open(interrupted)
    assert not (await storage.video_exists(VIDEO)).exists
    assert not (interrupted.base_path / "videos" / VIDEO).exists()
    assert any(line.startswith("WARNING storage") and VIDEO in line for line in messages)
    (staged / f"{VIDEO}.mp4.part").unlink()
    assert (await storage.save_video(save_request(staged))).video_path
    await storage.close()


async def test_a_recorded_move_without_files_is_deleted(
    interrupted: StorageConfig,
) -> None:
    for path in sorted((interrupted.staging_path / VIDEO).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    storage = await StorageService.open(interrupted)
    assert not (await storage.video_exists(VIDEO)).exists
    assert not (interrupted.base_path / "videos" / VIDEO).exists()
    await storage.close()


async def test_a_move_that_cannot_be_finished_does_not_prevent_the_start(
    interrupted: StorageConfig, messages: list[str]
) -> None:
    obstacle = interrupted.base_path / "videos" / VIDEO
    obstacle.write_text("a file where the folder belongs")
    storage = await StorageService.open(interrupted)
    assert any(line.startswith("ERROR storage") and VIDEO in line for line in messages)
    obstacle.unlink()
    location = await storage.save_video(save_request(interrupted.staging_path / VIDEO))
    assert content(location.video_path) == MEDIA
    await storage.close()


@pytest.mark.parametrize("media", [MEDIA, b"other media"], ids=["same media", "other media"])
async def test_a_download_after_a_failed_move_is_stored_as_it_is(
    config: StorageConfig, monkeypatch: pytest.MonkeyPatch, media: bytes
) -> None:
    """Whichever file the disk refused to move, no digest of the failed attempt is used."""
    storage = await StorageService.open(config)
    staged = config.staging_path / VIDEO
    await storage.save_video(save_request(_stage_version(config, 0, MEDIA)))
    for passes in range(5):
        _stage_version(config, 2 * passes + 1, media)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", _failing(passes, Path.replace))
            with pytest.raises(StaleShare):
                await storage.save_video(save_request(staged))
        shutil.rmtree(staged)
        await storage.save_video(save_request(_stage_version(config, 2 * passes + 2, MEDIA)))
        info = config.base_path / "videos" / VIDEO / f"{VIDEO}.info.json"
        assert info.read_text() == _info(2 * passes + 2)
        assert registered_files(config) == files_on_disk(config, "videos")
        assert sha256sum_accepts(info.parent)
    await storage.close()


def _stage_version(config: StorageConfig, version: int, media: bytes) -> Path:
    """A download whose info.json differs from others' in its content and not in its size."""
    folder = stage(config, media=media)
    (folder / f"{VIDEO}.info.json").write_text(_info(version))
    return folder


def _info(version: int) -> str:
    return json.dumps({"epoch": 1_700_000_000 + version})


def _failing(passes: int, operation: Callable[..., Any]) -> Callable[..., Any]:
    """The operation, which succeeds a number of times, and then fails."""
    left = iter(range(passes))

    def failing(*arguments: Any) -> Any:
        if next(left, None) is None:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(arguments[0]))
        return operation(*arguments)

    return failing
