"""Idle partial downloads are removed by age, quota and free space; those in use never are."""

import errno
import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.unit.download.conftest import Ear, ScriptedFetcher
from tests.unit.download.test_service import ended, request
from tests.waiting import eventually, until
from ytarchive.common import errors
from ytarchive.common.config import Settings, StorageConfig
from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.identity import create_identity, new_identity
from ytarchive.common.presence import ArchiveWatch, Presence
from ytarchive.common.reserve import Reserve
from ytarchive.download.service import DownloadService
from ytarchive.download.staging.api import ReleaseStaging, StagingAPI
from ytarchive.download.staging.area import StagingArea
from ytarchive.download.staging.service import StagingCleaner

KIB = 1024
DAY = 86_400


def config(base: Path, **changed: Any) -> StorageConfig:
    return StorageConfig(base_path=base, **({"min_free": 0} | changed))


def stage(
    base: Path, number: int, *, days: float = 0, size: int = 64 * KIB, name: str = ""
) -> Path:
    """Stage a file of a video, changed so many days ago."""
    video_id = f"{number:011}"
    folder = base / ".ytarchive" / "staging" / video_id
    folder.mkdir(parents=True)
    file = folder / (name.format(video_id) or f"{video_id}.137.mp4.part")
    file.write_bytes(bytes(size))
    for path in (file, folder):
        os.utime(path, (time.time() - days * DAY,) * 2)
    return folder


def left(base: Path) -> set[int]:
    folder = base / ".ytarchive" / "staging"
    return {int(path.name) for path in folder.iterdir() if path.name.isdecimal()}


def test_files_are_removed_when_they_are_older_than_the_age(tmp_path: Path) -> None:
    stage(tmp_path, 1, days=8)
    stage(tmp_path, 2, days=6)
    stage(tmp_path, 3, days=8, name="{}.mp4")
    stage(tmp_path, 4, days=8)
    StagingArea(config(tmp_path)).clean({"00000000004"})
    assert left(tmp_path) == {2, 4}


def test_the_oldest_files_beyond_the_quota_are_removed_but_no_finished_video(
    tmp_path: Path,
) -> None:
    for number in range(1, 6):
        stage(tmp_path, number, days=6 - number)
    stage(tmp_path, 6, days=6, name="{}.mp4")
    StagingArea(config(tmp_path, staging_max_bytes=260 * KIB)).clean({"00000000002"})
    assert left(tmp_path) == {2, 4, 5, 6}


def test_on_a_full_disk_only_as_many_files_are_removed_as_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 5):
        stage(tmp_path, number, days=5 - number)
    everything = 4 * 64 * KIB

    def usage(_: object) -> SimpleNamespace:
        staged = sum(p.stat().st_size for p in tmp_path.rglob("*.part"))
        return SimpleNamespace(total=2**40, free=everything - staged)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    StagingArea(config(tmp_path, min_free=2 * 64 * KIB)).clean(set())
    assert left(tmp_path) == {3, 4}


def test_other_folders_are_kept(tmp_path: Path) -> None:
    staging = tmp_path / ".ytarchive" / "staging"
    stage(tmp_path, 1, days=9)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch()
    for name in ("info", "downloads"):
        (staging / name).mkdir()
    (staging / "AAAAAAAAAAA").symlink_to(tmp_path / "outside", target_is_directory=True)
    for path in staging.iterdir():
        os.utime(path, (0, 0), follow_symlinks=False)
    StagingArea(config(tmp_path)).clean(set())
    assert {path.name for path in staging.iterdir()} == {"info", "downloads", "AAAAAAAAAAA"}
    assert (tmp_path / "outside" / "file").exists()


def test_an_interrupted_removal_is_finished(tmp_path: Path) -> None:
    folder = stage(tmp_path, 1)
    folder.rename(folder.with_name(f".removed-{folder.name}"))
    StagingArea(config(tmp_path)).clean(set())
    assert not any((tmp_path / ".ytarchive" / "staging").iterdir())


async def test_the_service_cleans_at_its_start_and_reports_the_rest(
    tmp_path: Path, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    stage(tmp_path, 1, days=9)
    stage(tmp_path, 2, days=1)
    service = DownloadService(Settings(storage=config(tmp_path)), fetcher)
    service.report_to(ear)
    await until(lambda: left(tmp_path) == {2})
    await service.start_download(request(3))
    found = await cast("StagingAPI", service.subjects()[StagingAPI]).get_staging()
    assert (found.videos, found.active, found.max_age) == (1, 1, 7 * DAY)
    assert found.size_bytes >= 64 * KIB
    await service.close()


@pytest.mark.parametrize("ending", ["cancelled", "refused", "failed for now"])
async def test_files_of_ended_downloads_are_idle_unless_a_job_tries_again_soon(
    tmp_path: Path, fetcher: ScriptedFetcher, ear: Ear, ending: str
) -> None:
    settings = Settings(
        storage=config(tmp_path, staging_max_bytes=0), download=DownloadConfig(concurrency=1)
    )
    service = DownloadService(settings, fetcher)
    service.report_to(ear)
    fetcher.failure = {"refused": errors.PrivateVideo(), "failed for now": errors.DiskFull()}.get(
        ending
    )
    task = await service.start_download(request(1, durable=False))
    await until(lambda: fetcher.orders)
    folder, _ = stage(tmp_path, 1), stage(tmp_path, 2)
    if ending == "cancelled":
        await service.cancel_download(task.task_id)
    fetcher.finish.set()
    await ended(service, task)
    await until(lambda: left(tmp_path) == ({1} if ending == "failed for now" else set()))
    staging = cast("StagingAPI", service.subjects()[StagingAPI])
    await staging.release_staging(ReleaseStaging(video_ids=[folder.name]))
    await until(lambda: not folder.exists())
    await service.close()
    assert left(tmp_path) == set()


def test_a_start_on_a_full_disk_removes_the_largest_unfinished_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mib = KIB * KIB
    stage(tmp_path, 1, size=mib)
    stage(tmp_path, 2, size=3 * mib, name="{}.f1.mp4.part-Frag7")
    stage(tmp_path, 3, size=4 * mib, name="{}.mp4")
    whole = 8 * mib

    def usage(_: object) -> SimpleNamespace:
        taken = sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file())
        return SimpleNamespace(total=2**40, free=whole - taken)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    StagingArea(config(tmp_path)).release_space()
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"00000000001.137.mp4.part", "00000000003.mp4"}


class TestReserve:
    """Space for the state that a full disk does not take."""

    @pytest.fixture
    def disk(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
        """A disk whose free space the reserve's size changes."""
        disk = SimpleNamespace(total=16 * 8 * 2**20, others_free=2**30)
        reserve = tmp_path / "reserve"

        def usage(_: object) -> SimpleNamespace:
            taken = reserve.stat().st_size if reserve.exists() else 0
            return SimpleNamespace(total=disk.total, free=max(disk.others_free - taken, 0))

        monkeypatch.setattr(shutil, "disk_usage", usage)
        return disk

    def test_the_reserve_is_filled_while_there_is_space_and_released_in_steps(
        self, disk: SimpleNamespace, tmp_path: Path
    ) -> None:
        reserve = Reserve(tmp_path)
        reserve.refill()
        size = (tmp_path / "reserve").stat().st_size
        assert size == 8 * 2**20
        reserve.release_space()
        assert (tmp_path / "reserve").stat().st_size == size
        disk.others_free = size
        reserve.release_space()
        assert (tmp_path / "reserve").stat().st_size == size - 2**20
        reserve.refill()
        assert (tmp_path / "reserve").stat().st_size == size - 2**20
        disk.others_free = 2**30
        reserve.refill()
        assert (tmp_path / "reserve").stat().st_size == size

    @pytest.mark.parametrize("kind", ["missing", "folder", "empty"])
    def test_an_unusable_reserve_raises_nothing(
        self, disk: SimpleNamespace, tmp_path: Path, kind: str
    ) -> None:
        disk.others_free = 0
        if kind == "folder":
            (tmp_path / "reserve").mkdir()
        if kind == "empty":
            (tmp_path / "reserve").touch()
        before = [*tmp_path.iterdir()]
        Reserve(tmp_path).release_space()
        Reserve(tmp_path / "nowhere").release_space()
        Reserve(tmp_path / "nowhere").refill()
        assert [*tmp_path.iterdir()] == before


async def test_cleaning_does_not_remove_a_video_that_is_being_downloaded(
    tmp_path: Path, fetcher: ScriptedFetcher, ear: Ear
) -> None:
    service = DownloadService(Settings(storage=config(tmp_path, staging_max_bytes=0)), fetcher)
    await service.start_download(request(1))
    folder = stage(tmp_path, 1)
    idle = stage(tmp_path, 2)
    service.report_to(ear)
    await until(lambda: not idle.exists())
    assert folder.exists()
    await service.close()


async def test_complete_download_of_a_removed_video_is_deleted_unless_it_is_in_use(
    tmp_path: Path,
) -> None:
    for number in (1, 2, 3):
        stage(tmp_path, number, name="{}.mp4")
    create_identity(tmp_path, identity := new_identity())
    watch = ArchiveWatch(Presence(tmp_path, identity.id))
    cleaner = StagingCleaner(config(tmp_path), lambda: {"00000000002"}, lambda _: None, watch)
    removed = ReleaseStaging(video_ids=["00000000001", "00000000002"], are_removed=True)
    await cleaner.release_staging(removed)
    await cleaner.release_staging(ReleaseStaging(video_ids=["00000000003"]))
    await cleaner.clean()
    assert left(tmp_path) == {2, 3}


async def test_nothing_is_cleaned_while_the_folder_holds_another_archive(tmp_path: Path) -> None:
    stage(tmp_path, 1, days=8)
    stage(tmp_path, 2, days=8)
    create_identity(tmp_path, new_identity())
    away = Presence(tmp_path, "another archive")
    cleaner = StagingCleaner(config(tmp_path), lambda: (), lambda _: None, ArchiveWatch(away))
    cleaner.discard("00000000002")
    await cleaner.clean()
    assert left(tmp_path) == {1, 2}


@pytest.mark.parametrize("is_durable", [True, False])
async def test_a_download_that_fails_because_the_archive_is_gone_creates_no_folder(
    tmp_path: Path, is_durable: bool
) -> None:
    base, fetcher, ear = tmp_path / "archive", ScriptedFetcher(), Ear()
    base.mkdir()
    identity = create_identity(base, new_identity())
    settings = Settings(storage=config(base))
    service = DownloadService(settings, fetcher, Presence(base, identity.id))
    service.report_to(ear)
    task = await service.start_download(request(durable=is_durable))
    await until(lambda: fetcher.running)
    base.rename(tmp_path / "away")
    fetcher.failure = OSError(errno.ENOENT, "no such file")
    fetcher.finish.set()

    async def is_told() -> bool:
        progress = await service.get_progress(task.task_id)
        return progress.error_code == errors.ArchiveMissing.code

    await eventually(is_told)
    await service.close()
    assert not base.exists()
