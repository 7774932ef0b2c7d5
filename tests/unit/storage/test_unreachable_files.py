"""Files that cannot be read temporarily, as on a stale network share, never count as lost."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.storage.samples import VIDEO, metadata, save_request, stage
from ytarchive.common import filesystem
from ytarchive.common.config import StorageConfig
from ytarchive.common.disk import CAUSES
from ytarchive.common.errors import FileFailure, LocalError
from ytarchive.storage import ExistsRequest, SaveMetadata
from ytarchive.storage.service import StorageService

OTHER = "other-video"
NUMBERS = [errno.ESTALE, errno.EIO, errno.EACCES, errno.ENOTCONN, errno.ENODEV, errno.EREMOTEIO]
MISSING = [errno.ENOENT, errno.ENOTDIR]

QUESTIONS = [
    filesystem.exists,
    filesystem.is_file,
    filesystem.is_folder,
    filesystem.is_link,
]


def fail_for(monkeypatch: pytest.MonkeyPatch, part: str, number: int) -> None:
    """Let the status of every path with `part` in it fail."""
    original = os.stat

    def stat(path: Any, *arguments: Any, **more: Any) -> os.stat_result:
        if part in os.fspath(path):
            raise OSError(number, os.strerror(number), os.fspath(path))
        return original(path, *arguments, **more)

    monkeypatch.setattr(os, "stat", stat)


@pytest.mark.parametrize("number", NUMBERS, ids=errno.errorcode.get)
async def test_an_unreachable_video_is_neither_stored_nor_lost(
    storage: StorageService, config: StorageConfig, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    for video_id in (VIDEO, OTHER):
        await storage.save_video(save_request(stage(config, video_id), video_id))
        await storage.save_metadata(SaveMetadata(metadata=metadata(video_id)))
    asked = ExistsRequest(video_ids=[VIDEO, OTHER, "neverstored"])
    with monkeypatch.context() as patch:
        fail_for(patch, f"/videos/{VIDEO}/", number)
        found = await storage.videos_exist(asked)
        with pytest.raises(LocalError) as raised:
            await storage.video_exists(VIDEO)
    after = await storage.videos_exist(asked)

    assert (found.video_ids, found.unreachable) == ([OTHER], [VIDEO])
    assert type(raised.value) is CAUSES[number]
    assert VIDEO in raised.value.message
    assert (after.video_ids, after.unreachable) == ([VIDEO, OTHER], [])


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("number", [*NUMBERS, errno.EINVAL], ids=errno.errorcode.get)
def test_an_unreachable_file_does_not_count_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, question: Any, number: int
) -> None:
    path = tmp_path / "unreachable"
    path.touch()
    with monkeypatch.context() as patch:
        fail_for(patch, "unreachable", number)
        with pytest.raises(CAUSES.get(number, FileFailure)):
            question(path)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("number", MISSING, ids=errno.errorcode.get)
def test_a_missing_file_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, question: Any, number: int
) -> None:
    with monkeypatch.context() as patch:
        fail_for(patch, "missing", number)
        assert question(tmp_path / "missing") is False


def test_links_and_folders_are_distinguished(tmp_path: Path) -> None:
    folder, file = tmp_path / "folder", tmp_path / "folder/file"
    folder.mkdir()
    file.touch()
    link, dangling = tmp_path / "link", tmp_path / "dangling"
    link.symlink_to(file)
    dangling.symlink_to(tmp_path / "nothing")

    assert filesystem.is_file(link)
    assert (filesystem.is_link(link), filesystem.is_link(file)) == (True, False)
    assert (filesystem.exists(dangling), filesystem.is_link(dangling)) == (False, True)
    assert (filesystem.is_folder(folder), filesystem.is_folder(file)) == (True, False)
    assert set(filesystem.entries(folder)) == {file}
