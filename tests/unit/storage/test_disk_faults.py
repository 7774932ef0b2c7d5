"""Full, read-only, foreign and failing disks: one clear error, nothing lost, and work resumes."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.disks import mounted
from tests.unit.storage.samples import (
    MEDIA,
    VIDEO,
    content,
    files_on_disk,
    fill,
    listed,
    metadata,
    registered_files,
    run,
    save_request,
    stage,
)
from ytarchive.common.config import StorageConfig
from ytarchive.common.disk import translated
from ytarchive.common.errors import (
    CrossDevice,
    DatabaseCorrupt,
    DiskFull,
    FileFailure,
    FileGone,
    FileTooLarge,
    InvalidConfiguration,
    LocalError,
    LocksUnavailable,
    NotWritable,
    PermissionDenied,
    ReadOnlyStorage,
    StaleShare,
    StorageGone,
    TooManyOpenFiles,
)
from ytarchive.storage import SaveMetadata
from ytarchive.storage.service import StorageService

UNPRIVILEGED = 65534


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EACCES, PermissionDenied),
        (errno.EPERM, PermissionDenied),
        (errno.EROFS, ReadOnlyStorage),
        (errno.EIO, StaleShare),
        (errno.ESTALE, StaleShare),
        (errno.ENODEV, StorageGone),
        (errno.ENOTCONN, StorageGone),
        (errno.ENOENT, FileGone),
        (errno.EFBIG, FileTooLarge),
        (errno.EXDEV, CrossDevice),
        (errno.ENOLCK, LocksUnavailable),
        (errno.EMFILE, TooManyOpenFiles),
        (errno.ENAMETOOLONG, FileFailure),
    ],
)
def test_each_error_of_the_system_becomes_one_that_names_the_file(
    number: int, error: type[LocalError]
) -> None:
    translated_error = translated(
        OSError(number, os.strerror(number), "/archive/x.mp4"), Path("/archive")
    )
    assert type(translated_error) is error
    assert "/archive/x.mp4" in translated_error.message
    assert translated_error.remedy


class FailingDisk:
    """Lets some operations succeed; the next one fails."""

    def __init__(self, patch: pytest.MonkeyPatch, passes: int, number: int) -> None:
        self.left, self.number = passes, number
        for name in ("rename", "replace", "mkdir", "fsync", "open"):
            patch.setattr(os, name, self._failing(getattr(os, name)))

    def _failing(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def failing(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left == -1:
                raise OSError(self.number, os.strerror(self.number), str(args[0]))
            return operation(*args, **kwargs)

        return failing


@pytest.mark.parametrize(("number", "error"), [(errno.ENOSPC, DiskFull), (errno.EIO, StaleShare)])
@pytest.mark.parametrize("again", [False, True])
async def test_a_disk_that_fails_at_any_step_loses_nothing(
    storage: StorageService,
    config: StorageConfig,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    error: type[LocalError],
    again: bool,
) -> None:
    """The N-th operation fails, for every N; the next attempt stores the video."""
    for passes in range(100):
        video_id = f"video-{passes:05}"
        if again:
            await storage.save_video(save_request(stage(config, video_id, b"old"), video_id))
        request = save_request(stage(config, video_id, captions="de"), video_id)
        with monkeypatch.context() as patch:
            disk = FailingDisk(patch, passes, number)
            with suppress(error):
                await storage.save_video(request)
            if disk.left >= 0:
                break  # it came through without meeting the fault
        location = await storage.save_video(request)
        assert content(location.video_path) == MEDIA
    assert passes > 10
    assert registered_files(config) == files_on_disk(config, "videos")


async def test_metadata_that_cannot_be_written_keeps_the_old_file_and_no_draft(
    storage: StorageService, config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await storage.save_metadata(SaveMetadata(metadata=metadata(title="old")))
    with monkeypatch.context() as patch:
        FailingDisk(patch, 0, errno.ENOSPC)
        with pytest.raises(DiskFull):
            await storage.save_metadata(SaveMetadata(metadata=metadata(title="new")))
    assert (await storage.get_metadata(VIDEO)).title == "old"
    assert listed(config.base_path / "metadata") == [f"videos/{VIDEO}.json", "views.json"]
    assert listed(config.base_path / ".ytarchive/tmp") == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    with mounted(tmp_path / "disk", "size=4m") as folder:
        yield folder


async def test_a_full_disk_is_reported_and_saving_works_when_there_is_space(
    small_disk: Path,
) -> None:
    config = StorageConfig(base_path=small_disk / "archive")
    storage = await StorageService.open(config)
    request = save_request(stage(config))
    filler = small_disk / "filler"
    fill(filler)
    assert not (await storage.health()).checks["free_space"]
    with pytest.raises(DiskFull):
        await storage.save_metadata(SaveMetadata(metadata=metadata()))
    with pytest.raises(DiskFull):
        await storage.save_video(request)
    assert not (config.base_path / "videos" / VIDEO).exists()
    filler.unlink()
    assert (await storage.save_video(request)).video_path
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    await storage.close()


async def test_a_read_only_disk_is_reported_at_once(small_disk: Path) -> None:
    config = StorageConfig(base_path=small_disk / "archive")
    storage = await StorageService.open(config)
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    await storage.close()
    run("mount", "-o", "remount,ro", str(small_disk))
    with pytest.raises(NotWritable, match="Read-only"):
        await StorageService.open(config)


async def test_videos_on_another_disk_than_staging_are_refused_at_once(
    tmp_path: Path, small_disk: Path
) -> None:
    """A folder of the archive that is a mount point: renaming into it would not be possible."""
    (tmp_path / "videos").mkdir()
    run("mount", "--bind", str(small_disk), str(tmp_path / "videos"))
    try:
        with pytest.raises(CrossDevice, match="another file system"):
            await StorageService.open(StorageConfig(base_path=tmp_path))
    finally:
        run("umount", str(tmp_path / "videos"))


async def test_an_output_folder_on_another_disk_is_refused_and_the_download_kept(
    tmp_path: Path, small_disk: Path
) -> None:
    config = StorageConfig(base_path=tmp_path)
    storage = await StorageService.open(config)
    staged = stage(config)
    with pytest.raises(CrossDevice, match="another file system"):
        await storage.save_video(save_request(staged, output_path=small_disk.name))
    assert (await storage.save_video(save_request(staged))).video_path
    await storage.close()


async def test_a_link_in_the_place_of_a_folder_of_the_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive/metadata").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidConfiguration, match="is a link"):
        await StorageService.open(StorageConfig(base_path=tmp_path / "archive"))


@pytest.fixture
def forbidden_folder() -> Iterator[Path]:
    """A folder that this process, for the time being an ordinary user's, may not write to."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    privileged = os.geteuid() == 0
    if privileged:
        os.seteuid(UNPRIVILEGED)
    yield folder
    if privileged:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


async def test_a_folder_without_write_permission_is_named(forbidden_folder: Path) -> None:
    with pytest.raises(NotWritable, match=str(forbidden_folder)):
        await StorageService.open(StorageConfig(base_path=forbidden_folder))
    with pytest.raises(NotWritable, match=str(forbidden_folder)):
        await StorageService.open(StorageConfig(base_path=forbidden_folder / "archive"))


async def test_a_file_in_the_place_of_the_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("x")
    with pytest.raises(FileFailure, match="archive"):
        await StorageService.open(StorageConfig(base_path=tmp_path / "archive"))


async def test_a_damaged_library_is_reported_and_not_changed(config: StorageConfig) -> None:
    config.state_path.mkdir(parents=True)
    library = config.state_path / "library.db"
    library.write_bytes(b"not a database" * 1000)
    with pytest.raises(DatabaseCorrupt, match=r"library\.db"):
        await StorageService.open(config)
    assert library.read_bytes() == b"not a database" * 1000


async def test_damaged_metadata_is_reported_and_can_be_stored_again(
    storage: StorageService, config: StorageConfig
) -> None:
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    (config.base_path / f"metadata/videos/{VIDEO}.json").write_text('{"video_id": "dQw4')
    with pytest.raises(FileFailure, match=f"{VIDEO}.json is damaged"):
        await storage.get_metadata(VIDEO)
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    assert (await storage.get_metadata(VIDEO)).title == "A title"
