"""File systems without some feature: each is refused with its remedy, or has no effect."""

import errno
import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.storage.samples import MEDIA, VIDEO, content, save_request, stage
from ytarchive.common.config import StorageConfig
from ytarchive.common.disk import Space
from ytarchive.common.errors import CrossDevice, FileFailure, LocksUnavailable
from ytarchive.common.lock import StateLock
from ytarchive.common.services import ServiceName
from ytarchive.storage.service import StorageService

NO_LOCKS = [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL]
NO_SYNC_OF_FOLDERS = [errno.EINVAL, errno.ENOSYS, errno.EBADF, errno.EACCES, errno.EISDIR]
NO_SYNC_OF_FILES = [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP]


def failing(
    original: Callable[..., Any], number: int, holds: Callable[..., bool]
) -> Callable[..., Any]:
    """`original`, which fails where `holds` for its arguments."""

    def operation(*arguments: Any, **more: Any) -> Any:
        if holds(*arguments):
            named = [each for each in arguments[:1] if isinstance(each, str | Path)]
            raise OSError(number, os.strerror(number), *map(str, named))
        return original(*arguments, **more)

    return operation


@pytest.mark.parametrize("number", NO_LOCKS, ids=errno.errorcode.get)
def test_a_state_folder_without_file_locks_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(fcntl, "flock", failing(fcntl.flock, number, lambda *_: True))
    with pytest.raises(LocksUnavailable, match="lock cannot be locked") as raised:
        StateLock(tmp_path, [ServiceName.JOBS]).__enter__()
    assert "storage.state_dir" in raised.value.remedy


@pytest.mark.parametrize("number", NO_SYNC_OF_FOLDERS, ids=errno.errorcode.get)
async def test_a_file_system_that_cannot_sync_folders_stores_videos(
    config: StorageConfig, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def is_folder(descriptor: int) -> bool:
        return stat.S_ISDIR(os.fstat(descriptor).st_mode)

    monkeypatch.setattr(os, "fsync", failing(os.fsync, number, is_folder))
    storage = await StorageService.open(config)
    location = await storage.save_video(save_request(stage(config)))
    await storage.close()
    assert content(location.video_path) == MEDIA


@pytest.mark.parametrize("number", NO_SYNC_OF_FILES, ids=errno.errorcode.get)
async def test_a_file_system_that_cannot_sync_files_is_refused_at_the_start(
    config: StorageConfig, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def is_file(descriptor: int) -> bool:
        return stat.S_ISREG(os.fstat(descriptor).st_mode)

    monkeypatch.setattr(os, "fsync", failing(os.fsync, number, is_file))
    with pytest.raises(FileFailure, match=r"cannot sync files .* use another one"):
        await StorageService.open(config)


async def test_a_file_system_that_cannot_rename_folders_gets_the_files_one_by_one(
    storage: StorageService, config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = failing(os.rename, errno.EXDEV, lambda source, _: Path(source).is_dir())
    monkeypatch.setattr(os, "rename", refusing)
    location = await storage.save_video(save_request(stage(config, captions="de")))
    assert content(location.video_path) == MEDIA
    assert not (config.base_path / ".ytarchive/staging" / VIDEO).exists()


async def test_staging_on_another_file_system_keeps_the_download_and_leaves_no_empty_folder(
    storage: StorageService, config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crosses(source: Any, target: Any) -> bool:
        return "/staging/" in os.fspath(source) and "/videos/" in os.fspath(target)

    request = save_request(stage(config))
    with monkeypatch.context() as patch:
        for name in ("rename", "replace"):
            patch.setattr(os, name, failing(getattr(os, name), errno.EXDEV, crosses))
        with pytest.raises(CrossDevice, match="another file system") as raised:
            await storage.save_video(request)
    assert "on one file system" in raised.value.remedy
    assert not (config.base_path / "videos" / VIDEO).exists()
    assert (await storage.save_video(request)).video_path is not None


async def test_a_file_system_without_reported_size_does_not_count_as_full(
    storage: StorageService, config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = os.statvfs_result((4096, 4096, 0, 0, 0, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: unknown)
    space = Space.at(config.base_path, config.min_free)
    assert not space.is_known
    assert space.left > 10**12
    assert not (await storage.get_stats()).is_low_on_space
    assert (await storage.health()).checks["free_space"]
