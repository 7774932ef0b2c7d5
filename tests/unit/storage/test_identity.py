"""An archive is recognized by its identity; a folder without it never becomes a new archive."""

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.storage.samples import VIDEO, metadata, save_request, stage
from ytarchive.common import case
from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Database
from ytarchive.common.errors import (
    ArchiveMissing,
    CaseConflict,
    InvalidConfiguration,
    InvalidRequest,
    NotAnArchive,
    WrongArchive,
    YTArchiveError,
)
from ytarchive.common.identity import IDENTITY_FILE, read_identity
from ytarchive.common.known_archives import KnownArchives, state_folder
from ytarchive.common.presence import Presence
from ytarchive.common.schema import Schema
from ytarchive.storage import (
    Access,
    SaveMetadata,
    initialize,
    lost_library,
    lost_queue,
    open_identity,
    rebuild_library,
)
from ytarchive.storage.service import StorageService


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownArchives:
    """The record of a user who has opened no archive yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "user"))
    return KnownArchives.of_user()


async def store_a_video(config: StorageConfig) -> None:
    """As a process of the first stage does: without any identity."""
    storage = await StorageService.open(config)
    await storage.save_video(save_request(stage(config)))
    await storage.close()


async def opened(config: StorageConfig, known: KnownArchives) -> str:
    """Open an archive as a server does, and close it; its id."""
    identity = open_identity(config, Access.CREATE, known)
    assert identity is not None
    storage = await StorageService.open(config, Presence(config.base_path, identity.id))
    await storage.close()
    return identity.id


def vanish(base: Path) -> None:
    base.rename(base.with_name("elsewhere"))


def unmount(base: Path) -> None:
    vanish(base)
    base.mkdir()


def unmount_a_whole_disk(base: Path) -> None:
    unmount(base)
    (base / "lost+found").mkdir()


def lose_the_identity(base: Path) -> None:
    (base / IDENTITY_FILE).unlink()


def mount_another_disk(base: Path) -> None:
    unmount(base)
    (base / "holiday.jpg").touch()


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("is_recorded", [True, False], ids=["recorded", "by its state"])
@pytest.mark.parametrize(
    "lose", [vanish, unmount, unmount_a_whole_disk, lose_the_identity, mount_another_disk]
)
async def test_a_missing_archive_is_refused_and_nothing_is_created(  # its parameters
    config: StorageConfig,
    known: KnownArchives,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lose: Callable[[Path], None],
    is_recorded: bool,
    access: Access,
) -> None:
    if not is_recorded:
        config = config.model_copy(update={"state_dir": tmp_path / "state"})
    await opened(config, known)
    lose(config.base_path)
    before = sorted(config.base_path.rglob("*")) if config.base_path.exists() else None
    if not is_recorded:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another user"))
    with pytest.raises(ArchiveMissing) as refused:
        open_identity(config, access)
    assert "mount" in refused.value.remedy.lower()
    assert "ytarchive init --new" in refused.value.remedy
    with pytest.raises(ArchiveMissing):
        await rebuild_library(config)
    after = sorted(config.base_path.rglob("*")) if config.base_path.exists() else None
    assert after == before


async def test_a_lost_identity_is_written_again_by_init(
    config: StorageConfig, known: KnownArchives
) -> None:
    await store_a_video(config)
    archive_id = await opened(config, known)
    lose_the_identity(config.base_path)
    with pytest.raises(ArchiveMissing, match=r"`ytarchive init` writes .ytarchive-id again"):
        open_identity(config, Access.WRITE, known)
    assert (await initialize(config, known=known)).id == archive_id


async def test_an_archive_that_is_mounted_again_is_opened(
    config: StorageConfig, known: KnownArchives
) -> None:
    archive_id = await opened(config, known)
    unmount(config.base_path)
    with pytest.raises(ArchiveMissing):
        open_identity(config, Access.CREATE, known)
    config.base_path.rmdir()
    config.base_path.with_name("elsewhere").rename(config.base_path)
    assert await opened(config, known) == archive_id


@pytest.mark.parametrize("access", [Access.READ, Access.WRITE])
@pytest.mark.parametrize("exists", [True, False])
def test_only_creating_commands_make_an_archive(
    config: StorageConfig, known: KnownArchives, access: Access, exists: bool
) -> None:
    if exists:
        config.base_path.mkdir()
    with pytest.raises(NotAnArchive, match="there is no archive"):
        open_identity(config, access, known)
    assert config.base_path.exists() is exists
    created = open_identity(config, Access.CREATE, known)
    assert created == open_identity(config, access, known)
    content = json.loads((config.base_path / IDENTITY_FILE).read_text())
    assert content.keys() == {"id", "created_at", "version"}


@pytest.mark.parametrize("name", ["holiday.jpg", ".ytarchive", "videos"])
def test_a_folder_with_other_content_becomes_an_archive_only_by_init(
    config: StorageConfig, known: KnownArchives, name: str
) -> None:
    (config.base_path / name).mkdir(parents=True)
    with pytest.raises(NotAnArchive, match="not empty"):
        open_identity(config, Access.CREATE, known)
    assert not (config.base_path / IDENTITY_FILE).exists()


async def test_init_makes_a_folder_with_other_content_an_archive_and_changes_nothing_afterwards(
    config: StorageConfig, known: KnownArchives
) -> None:
    (config.base_path / "notes").mkdir(parents=True)
    created = await initialize(config, known=known)
    again = await initialize(config, known=known)
    assert (created.is_new, again.is_new) == (True, False)
    assert created.id == again.id == await opened(config, known)


@pytest.mark.parametrize("state", ["inside", "elsewhere"])
async def test_swapped_archives_are_refused_until_they_are_declared_moved(
    config: StorageConfig, known: KnownArchives, tmp_path: Path, state: str
) -> None:
    other = StorageConfig(base_path=tmp_path / "other")
    if state == "elsewhere":
        config = config.model_copy(update={"state_dir": tmp_path / "state"})
    first, second = await opened(config, known), await opened(other, known)
    config.base_path.rename(tmp_path / "parked")
    other.base_path.rename(config.base_path)
    with pytest.raises(WrongArchive, match=f"{second}, not {first}"):
        open_identity(config, Access.READ, known)
    if state == "elsewhere":  # its databases are about the first archive
        with pytest.raises(WrongArchive):
            await initialize(config, moved=True, known=known)
        return
    done = await initialize(config, moved=True, known=known)
    assert (done.id, done.is_new) == (second, False)
    assert await opened(config, known) == second


async def test_a_moved_archive_is_opened_at_its_new_path(
    config: StorageConfig, known: KnownArchives, tmp_path: Path
) -> None:
    archive_id = await opened(config, known)
    moved = StorageConfig(base_path=tmp_path / "new place")
    config.base_path.rename(moved.base_path)
    assert await opened(moved, known) == archive_id
    assert (await initialize(moved, moved=True, known=known)).id == archive_id
    assert known.recorded([config.base_path]) == []


async def test_init_new_begins_a_new_archive_and_keeps_the_databases_of_the_lost_one(
    config: StorageConfig, known: KnownArchives, tmp_path: Path
) -> None:
    config = config.model_copy(update={"state_dir": tmp_path / "state"})
    lost = await opened(config, known)
    shutil.rmtree(config.base_path)
    with pytest.raises(ArchiveMissing):
        await initialize(config, known=known)
    done = await initialize(config, new=True, known=known)
    assert done.id != lost
    assert [Path(path).name.split(".")[0] for path in done.set_aside] == ["library", "search"]
    assert {path.name for path in (tmp_path / "state").iterdir()} > {
        Path(path).name for path in done.set_aside
    }
    assert await opened(config, known) == done.id


async def test_init_new_gives_a_copy_of_an_archive_an_identity_of_its_own(
    config: StorageConfig, known: KnownArchives, tmp_path: Path
) -> None:
    await store_a_video(config)
    original = await opened(config, known)
    copy = StorageConfig(base_path=tmp_path / "copy")
    shutil.copytree(config.base_path, copy.base_path)
    done = await initialize(copy, new=True, known=known)
    assert done.set_aside == []
    assert await opened(copy, known) == done.id != original
    assert await opened(config, known) == original


async def test_an_archive_of_the_first_stage_gets_its_identity_by_a_registered_file(
    config: StorageConfig, known: KnownArchives
) -> None:
    await store_a_video(config)
    assert open_identity(config, Access.READ, known) is None
    assert not (config.base_path / IDENTITY_FILE).exists()
    identity = open_identity(config, Access.WRITE, known)
    assert identity == read_identity(config.base_path)


async def test_an_archive_of_the_first_stage_without_its_library_gets_its_identity_by_its_files(
    config: StorageConfig, known: KnownArchives
) -> None:
    await store_a_video(config)
    shutil.rmtree(config.base_path / ".ytarchive")
    assert await opened(config, known)
    assert (await rebuild_library(config)).videos == 1


@pytest.mark.parametrize("access", Access)
async def test_a_first_stage_archive_whose_files_are_all_gone_is_refused(
    config: StorageConfig, known: KnownArchives, access: Access
) -> None:
    await store_a_video(config)
    shutil.rmtree(config.base_path / "videos")
    with pytest.raises(ArchiveMissing, match="none of their files"):
        open_identity(config, access, known)
    with pytest.raises(ArchiveMissing):
        await initialize(config, known=known)
    with pytest.raises(ArchiveMissing):
        await rebuild_library(config)


async def test_a_separate_queue_without_its_archive_is_refused(
    config: StorageConfig, known: KnownArchives, tmp_path: Path
) -> None:
    config = config.model_copy(update={"state_dir": tmp_path / "state"})
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "jobs.db").write_bytes(b"not a database, and not empty")
    with pytest.raises(ArchiveMissing, match="queue"):
        open_identity(config, Access.CREATE, known)


async def test_rebuild_keeps_the_identity(config: StorageConfig, known: KnownArchives) -> None:
    await store_a_video(config)
    archive_id = await opened(config, known)
    (config.base_path / ".ytarchive" / "library.db").unlink()
    assert (await rebuild_library(config)).videos == 1
    assert await opened(config, known) == archive_id
    lose_the_identity(config.base_path)
    with pytest.raises(ArchiveMissing, match=archive_id):  # the new library has it, too
        open_identity(config, Access.WRITE, KnownArchives(None))


def damage_with(content: bytes) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.write_bytes(content)

    return damage


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "damage",
    [
        damage_with(b"{"),
        damage_with(b'{"id": "../x", "created_at": "2026-01-01T00:00:00Z", "version": 1}'),
        damage_with(b"\xff\xfe"),
        replace_by_pipe,
    ],
    ids=["cut", "wrong id", "no text", "pipe"],
)
async def test_a_damaged_identity_is_refused_and_init_writes_it_again(
    config: StorageConfig, known: KnownArchives, damage: Callable[[Path], None]
) -> None:
    await store_a_video(config)
    archive_id = await opened(config, known)
    damage(config.base_path / IDENTITY_FILE)
    with pytest.raises(NotAnArchive, match="damaged"):
        open_identity(config, Access.CREATE, known)
    assert not Presence(config.base_path, archive_id).is_there()
    restored = await initialize(config, known=known)
    assert restored.id == archive_id == await opened(config, known)


@pytest.mark.parametrize("access", Access)
def test_a_file_in_place_of_the_archive_is_refused(
    config: StorageConfig, known: KnownArchives, access: Access
) -> None:
    config.base_path.touch()
    for path in (config.base_path, config.base_path / "archive"):
        below = config.model_copy(update={"base_path": path})
        with pytest.raises(InvalidConfiguration, match=r"storage.base_path: .* is not a folder"):
            open_identity(below, access, known)


@pytest.mark.parametrize("name", ["file", "file/state"])
async def test_a_file_in_place_of_the_state_folder_is_refused(
    config: StorageConfig, known: KnownArchives, tmp_path: Path, name: str
) -> None:
    await opened(config, known)
    (tmp_path / "file").touch()
    config = config.model_copy(update={"state_dir": tmp_path / name})
    with pytest.raises(InvalidConfiguration, match=r"storage.state_dir: .*/file is not a folder"):
        open_identity(config, Access.READ, known)


@pytest.mark.parametrize("damage", ["missing", "empty", "on a missing disk"])
async def test_a_lost_library_is_reported_to_reading_commands(
    config: StorageConfig, tmp_path: Path, damage: str
) -> None:
    assert lost_library(config) is None
    await store_a_video(config)
    assert lost_library(config) is None
    if damage == "on a missing disk":
        config = config.model_copy(update={"state_dir": tmp_path / "disk"})
    else:
        (config.state_path / "library.db").unlink()
    if damage == "empty":
        (config.state_path / "library.db").touch()
    lost = lost_library(config)
    assert lost is not None
    assert "knows none of the stored videos" in lost
    assert "ytarchive rebuild" in lost


async def test_a_linked_archive_is_recorded_under_both_names(
    config: StorageConfig, known: KnownArchives, tmp_path: Path
) -> None:
    disk = tmp_path / "disk" / "archive"
    disk.mkdir(parents=True)
    config.base_path.symlink_to(disk)
    archive_id = await opened(config, known)
    assert {each.path for each in known.recorded([config.base_path, disk])} == {
        str(config.base_path), str(disk),
    }  # fmt: skip
    shutil.rmtree(disk)
    for path in (config.base_path, disk):
        with pytest.raises(ArchiveMissing, match=archive_id):
            open_identity(StorageConfig(base_path=path), Access.CREATE, known)


async def test_moved_and_new_exclude_each_other(
    config: StorageConfig, known: KnownArchives
) -> None:
    with pytest.raises(InvalidRequest):
        await initialize(config, new=True, moved=True, known=known)


async def test_moved_needs_an_archive(config: StorageConfig, known: KnownArchives) -> None:
    with pytest.raises(NotAnArchive, match="identity file"):
        await initialize(config, moved=True, known=known)


@pytest.mark.parametrize("content", [b"", b"[", b"{}", b'{"archives": [1]}', b"\xff"])
def test_a_damaged_record_is_reported_and_kept(
    known: KnownArchives, tmp_path: Path, messages: list[str], content: bytes
) -> None:
    file = tmp_path / "user" / "ytarchive" / "archives.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    known.record([tmp_path], "a" * 32)
    assert [each.id for each in known.recorded([tmp_path])] == ["a" * 32]
    assert file.with_name("archives.json.damaged").read_bytes() == content
    assert any("is damaged" in message for message in messages)


def test_a_state_folder_that_cannot_be_written_is_a_warning(
    config: StorageConfig, tmp_path: Path, messages: list[str]
) -> None:
    (tmp_path / "user").touch()
    assert open_identity(config, Access.CREATE, KnownArchives(tmp_path / "user"))
    assert any("WARNING" in message and "not recorded" in message for message in messages)


@pytest.mark.parametrize("value", ["relative/folder", "/nowhere/../state"])
def test_a_relative_state_home_is_not_used(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", value)
    folder = state_folder()
    assert (folder is None) == (not value.startswith("/"))


def test_a_user_without_home_has_no_record(
    config: StorageConfig, monkeypatch: pytest.MonkeyPatch, messages: list[str]
) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 987_654)
    assert state_folder() is None
    assert open_identity(config, Access.CREATE)
    assert any("no home folder" in message for message in messages)


def test_paths_that_are_not_text_are_recorded(known: KnownArchives, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9")
    known.record([path], "b" * 32)
    assert [each.path for each in known.recorded([path])] == [str(path)]


def _record(folder: Path, number: int) -> None:
    for each in range(10):
        KnownArchives(folder).record([Path(f"/archives/{number}/{each}")], f"{number}-{each}")


def test_records_of_processes_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_record, args=(tmp_path, n)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    paths = [Path(f"/archives/{number}/{each}") for number in range(4) for each in range(10)]
    assert len(KnownArchives(tmp_path).recorded(paths)) == 40


def _create(base: Path, results: "multiprocessing.Queue[str]") -> None:
    try:
        identity = open_identity(StorageConfig(base_path=base), Access.CREATE, KnownArchives(None))
        results.put(identity.id if identity else "none")
    except YTArchiveError as error:
        results.put(error.message)


def test_processes_that_create_at_the_same_time_agree_on_one_identity(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[str] = context.Queue()
    base = tmp_path / "archive"
    processes = [context.Process(target=_create, args=(base, results)) for _ in range(4)]
    for process in processes:
        process.start()
    found = {results.get(timeout=30) for _ in processes}
    for process in processes:
        process.join(30)
    assert len(found) == 1
    assert [path.name for path in base.iterdir()] == [IDENTITY_FILE]


@pytest.mark.parametrize("damage", ["missing", "empty"])
async def test_a_lost_queue_is_reported_with_what_to_do(config: StorageConfig, damage: str) -> None:
    assert lost_queue(config) is None
    await store_a_video(config)
    if damage == "empty":
        (config.state_path / "jobs.db").touch()
    lost = lost_queue(config)
    assert lost is not None
    assert f"jobs.db is {damage}" in lost
    assert "1 stored videos" in lost
    assert "ytarchive restore" in lost
    assert "ytarchive rebuild" in lost
    jobs = Schema("ytarchive.jobs", durable=True)
    await (await Database.open(config.state_path / "jobs.db", jobs)).close()
    assert lost_queue(config) is None


async def test_a_video_whose_id_differs_only_in_case_is_refused(
    storage: StorageService, config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system that ignores case; the stored video stays as it is."""
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    location = await storage.save_video(save_request(stage(config)))
    other = VIDEO.swapcase()
    request = save_request(stage(config, other), other)
    monkeypatch.setattr(case, "_lookup", lambda _: (0, 0))
    with pytest.raises(CaseConflict, match=VIDEO):
        await storage.save_video(request)
    with pytest.raises(CaseConflict):
        await storage.save_metadata(SaveMetadata(metadata=metadata(other)))
    monkeypatch.undo()
    assert (await storage.video_exists(VIDEO)).location == location.model_copy(
        update={"is_first": False}
    )
    assert not (await storage.video_exists(other)).exists
