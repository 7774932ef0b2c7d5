"""The library is rebuilt from the files alone, with the same rows."""

import asyncio
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.standin.media import ffmpeg_program
from tests.unit.storage.samples import (
    OTHER,
    VIDEO,
    content,
    files_on_disk,
    metadata,
    playlist,
    registered_files,
    run,
    save_request,
    stage,
)
from tests.unit.storage.test_verify import ended, found
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import DatabaseCorrupt, NotAnArchive, StateLocked
from ytarchive.common.lock import StateLock
from ytarchive.common.models import ErrorDetail, utc_now
from ytarchive.common.services import ServiceName
from ytarchive.storage import (
    FailedDownload,
    SaveMetadata,
    SavePlaylist,
    SaveVideo,
    UnavailableVideo,
    WorkPlanQuery,
    WorkPlanRequest,
    rebuild_library,
)
from ytarchive.storage.service import StorageService

TABLES = {
    "videos": "video_id, title, channel_id, channel_title, upload_date, duration, "
    "metadata_at IS NULL, media_path, quality, stored_at IS NULL, size_bytes",
    "files": "video_id, path, role, size_bytes, sha256",
    "playlists": "playlist_id, title, channel_id, channel_title, video_count",
    "moves": "*",
    "work_plans": "*",
    "work_plan_entries": "plan_id, video_id, kind, entry",
    "totals": "*",
}
"""What each table holds, but for the time of storing and the numbers that rows happened to get."""


def rows(config: StorageConfig) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(config.state_path / "library.db")) as database:
        return {
            table: sorted(map(repr, database.execute(f"SELECT {columns} FROM {table}")))
            for table, columns in TABLES.items()
        }


def library(config: StorageConfig) -> Path:
    return config.state_path / "library.db"


async def fill(config: StorageConfig) -> None:
    """An archive with all kinds of content."""
    storage = await StorageService.open(config)
    await storage.save_video(save_request(stage(config)))
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    await storage.save_metadata(SaveMetadata(metadata=metadata("only-metada", "Ünïcode 🎬")))
    for place, captions in (("films/old", "de"), ("films/old", "fr"), (None, "en")):
        staged = stage(config, OTHER, media=captions.encode(), captions=captions)
        await storage.save_video(save_request(staged, OTHER, place))
    audio = stage(config)
    (audio / f"{VIDEO}.mp4").rename(audio / f"{VIDEO}.m4a")
    await storage.save_video(save_request(audio))
    (config.base_path / "my films").mkdir()
    (config.base_path / "my films/One.mkv").write_bytes(b"film")
    (config.base_path / "my films/One.jpg").write_bytes(b"poster")
    in_place = SaveVideo(video_id="-in-place-0", video_path="my films/One.mkv", quality="480p")
    await storage.save_video(in_place)
    await storage.save_playlist(SavePlaylist(playlist=playlist("PLabc", 3)))
    await fill_plans(storage)
    await storage.close()


async def fill_plans(storage: StorageService) -> None:
    unavailable = [
        UnavailableVideo(video_id=f"gone-{n:06}", reason="private", detected_at=utc_now())
        for n in (3, 1, 2)
    ]
    failed = FailedDownload(
        video_id=OTHER,
        attempts=3,
        last_attempt=utc_now(),
        errors=[ErrorDetail(code="E131", message="no formats", details={"a": [1]})],
    )
    first = WorkPlanRequest(job_id="job-1", unavailable_videos=unavailable, total_videos=9)
    await storage.plans.create_work_plan(first)
    second = WorkPlanRequest(
        job_id="job-1", failed_downloads=[failed], resolved_video_ids=["gone-000001"]
    )
    await storage.plans.create_work_plan(second)
    await storage.plans.create_work_plan(WorkPlanRequest(successful_videos=1, total_videos=1))


async def test_a_rebuilt_library_has_the_same_rows(config: StorageConfig) -> None:
    await fill(config)
    before = rows(config)
    rebuilt = await rebuild_library(config)
    assert rows(config) == before
    assert rebuilt.problems == 0
    assert (rebuilt.videos, rebuilt.metadata, rebuilt.playlists, rebuilt.work_plans) == (3, 2, 1, 2)
    registered = registered_files(config)
    sizes = [size for path, (size, _) in registered.items() if not path.startswith("metadata/")]
    assert rebuilt.files == len(sizes) == len(registered) - rebuilt.metadata
    assert rebuilt.size_bytes == sum(sizes)


async def test_the_order_within_a_work_plan_is_kept(config: StorageConfig) -> None:
    await fill(config)
    storage = await StorageService.open(config)
    plans = [entry.id for entry in (await storage.plans.list_work_plans(WorkPlanQuery())).items]
    before = [await storage.plans.get_work_plan(plan) for plan in plans]
    await storage.close()
    await rebuild_library(config)
    storage = await StorageService.open(config)
    assert [await storage.plans.get_work_plan(plan) for plan in plans] == before
    await storage.close()


@pytest.mark.parametrize("damage", ["garbage", "cut", "gone", "a hole"])
async def test_a_damaged_or_lost_library_is_made_again_and_the_old_one_is_kept(
    config: StorageConfig, damage: str
) -> None:
    await fill(config)
    before = rows(config)
    old = library(config).read_bytes()
    if damage == "gone":
        library(config).unlink()
    else:
        hole = old[:4096] + b"\xa5" * 8192 + old[12288:]
        library(config).write_bytes({"garbage": b"x" * 9999, "cut": old[:5000]}.get(damage, hole))
        with pytest.raises(DatabaseCorrupt, match="ytarchive rebuild"):
            await StorageService.open(config)
    damaged = [] if damage == "gone" else [library(config).read_bytes()]
    rebuilt = await rebuild_library(config)
    assert rows(config) == before
    # Opening it may have counted up a number in its header of 100 bytes.
    kept = [content(path) for path in rebuilt.replaced if path.endswith(".old")]
    assert [old[100:] for old in kept] == [old[100:] for old in damaged]
    storage = await StorageService.open(config)
    assert (await storage.video_exists(VIDEO)).exists
    await storage.close()


@pytest.mark.parametrize("loss", ["library", "content", "older version", "all databases"])
async def test_a_lost_library_is_rebuilt_automatically(
    config: StorageConfig, loss: str, messages: list[str]
) -> None:
    """Otherwise the archive would count as empty, and everything would be fetched again."""
    await fill(config)
    before = rows(config)
    match loss:
        case "library":
            library(config).unlink()
        case "content":
            library(config).write_bytes(b"")
        case "older version":
            with closing(sqlite3.connect(library(config))) as database:
                database.execute("PRAGMA user_version = 12")
        case _:
            shutil.rmtree(config.state_path)
    storage = await StorageService.open(config)
    assert (await storage.video_exists(VIDEO)).exists
    await storage.close()
    assert rows(config) == before
    assert any("lost" in line and "rebuilt from the files" in line for line in messages)


async def test_a_new_archive_is_not_rebuilt(config: StorageConfig, messages: list[str]) -> None:
    """Also after an interrupted first start, or with only foreign files."""
    (config.base_path / "videos" / "my own").mkdir(parents=True)
    library(config).parent.mkdir(parents=True, exist_ok=True)
    library(config).touch()
    storage = await StorageService.open(config)
    assert (await storage.get_stats()).total_videos == 0
    await storage.close()
    assert not any("made again" in line for line in messages)


async def test_an_interrupted_move_is_finished_before_the_library_is_made_again(
    interrupted: StorageConfig,
) -> None:
    assert (await rebuild_library(interrupted)).videos == 1
    assert registered_files(interrupted) == files_on_disk(interrupted, "videos")


async def test_a_video_without_its_list_of_digests_is_registered_and_reported(
    config: StorageConfig,
) -> None:
    await fill(config)
    folder = config.base_path / "videos" / OTHER
    (folder / "checksums.sha256").unlink()
    await playing(folder / f"{OTHER}.mp4")
    rebuilt = await rebuild_library(config)
    assert rebuilt.problems == 1
    assert "no list of digests" in rebuilt.examples[0]
    storage = await StorageService.open(config)
    assert (await storage.video_exists(OTHER)).exists
    await storage.close()


async def test_a_folder_without_media_is_no_video(config: StorageConfig) -> None:
    await fill(config)
    stranger = config.base_path / "videos" / "AAAAAAAAAAA"
    stranger.mkdir()
    (stranger / "AAAAAAAAAAA.mp4").write_bytes(b"ab")
    rebuilt = await rebuild_library(config)
    assert (rebuilt.videos, rebuilt.problems) == (3, 1)
    assert "is not registered" in rebuilt.examples[0]
    storage = await StorageService.open(config)
    assert not (await storage.video_exists("AAAAAAAAAAA")).exists
    await storage.close()


async def playing(path: Path) -> None:
    """Make a file a real video."""
    source = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10", "-t", "1")
    command = (ffmpeg_program(), "-nostdin", "-v", "error", "-y", *source, str(path))
    process = await asyncio.create_subprocess_exec(*command)
    assert await process.wait() == 0


async def test_damaged_files_are_reported_and_do_not_stop_the_rebuild(
    config: StorageConfig,
) -> None:
    await fill(config)
    videos, described = config.base_path / "videos", config.base_path / "metadata"
    (videos / OTHER / f"{OTHER}.mp4").unlink()
    (videos / "holiday-pic").mkdir()
    (videos / "holiday-pic/beach.jpg").write_text("")
    (videos / VIDEO / "stranger.txt").write_text("")
    (described / "videos" / f"{VIDEO}.json").write_text("{")
    (described / "playlists/PLabc.json").write_text("[]")
    rebuilt = await rebuild_library(config)
    assert rebuilt.problems == len(rebuilt.examples) == 5
    for name in (f"{OTHER}.mp4: missing", "beach.jpg", "stranger.txt", f"{VIDEO}.json", "PLabc"):
        assert any(name in example for example in rebuilt.examples)
    # One folder of the other video has lost its media; the one in films/old still has it.
    storage = await StorageService.open(config)
    location = (await storage.video_exists(OTHER)).location
    assert location is not None
    assert "films/old" in str(location.video_path)
    # Missing files are reported from now on, too, and fetched again by a repair.
    await ended(storage, mode="full", quarantine=True)
    lost = {path: each.kind for path, each in (await found(storage)).items() if each.is_removed}
    assert lost == {
        f"videos/{OTHER}/{OTHER}.mp4": "missing",
        f"metadata/videos/{VIDEO}.json": "damaged",
    }
    await storage.close()


async def test_a_list_of_digests_cannot_name_files_outside_its_folder(
    config: StorageConfig,
) -> None:
    await fill(config)
    folder = config.base_path / "videos" / OTHER
    with (folder / "checksums.sha256").open("a") as checksums:
        checksums.write(f"{'0' * 64}  ../{VIDEO}/{VIDEO}.mp4\n{'0' * 64}  /etc/passwd\n")
    assert (await rebuild_library(config)).problems == 2
    assert not any("etc" in path or ".." in path for path in registered_files(config))


async def test_a_damaged_list_of_digests_hides_no_video(config: StorageConfig) -> None:
    await fill(config)
    folder = config.base_path / "videos" / OTHER
    await playing(folder / f"{OTHER}.mp4")
    lines = (folder / "checksums.sha256").read_text().splitlines()
    kept = "\n".join(line for line in lines if not line.endswith(".mp4"))
    (folder / "checksums.sha256").write_text(f"{kept}\n{'0' * 64}  {'x' * 300}\0.jpg\n")
    rebuilt = await rebuild_library(config)
    assert rebuilt.videos == 3
    assert any("no list of digests that names the video" in each for each in rebuilt.examples)


async def test_folders_that_are_not_searched_are_reported(
    config: StorageConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a folder that only root can read, and a video that was moved and linked to."""
    await fill(config)
    folder = config.base_path / "videos" / OTHER
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    (config.base_path / "private").mkdir()
    scandir = os.scandir

    def failing(path: Path) -> Any:
        if Path(path).name == "private":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    rebuilt = await rebuild_library(config)
    assert (rebuilt.videos, rebuilt.problems) == (3, 2)  # the other copy of it is in films/old
    for problem in (f"videos/{OTHER}: a link to a folder", "private"):
        assert any(problem in each for each in rebuilt.examples)


async def test_a_copy_of_metadata_with_another_name_is_ignored(
    config: StorageConfig,
) -> None:
    await fill(config)
    before = rows(config)
    file = config.base_path / "metadata" / "videos" / f"{VIDEO}.json"
    for name in ("a", "z"):
        file.with_stem(name).write_bytes(file.read_bytes() + b"\n")
    assert (await rebuild_library(config)).problems == 2
    assert rows(config) == before


async def test_it_is_refused_while_a_process_owns_the_library(config: StorageConfig) -> None:
    await fill(config)
    with StateLock(config.state_path, [ServiceName.STORAGE]), pytest.raises(StateLocked):
        await rebuild_library(config)


async def test_a_rebuild_without_an_archive_creates_nothing(config: StorageConfig) -> None:
    with pytest.raises(NotAnArchive):
        await rebuild_library(config)
    assert not config.base_path.exists()


async def test_a_rebuild_killed_at_any_step_leaves_the_old_or_the_new_library(
    tmp_path: Path,
) -> None:
    driver = (sys.executable, "-m", "tests.unit.storage.crash_rounds")
    rounds = int(run(*driver, str(tmp_path), "rebuild"))
    assert rounds > 5
    for number in range(1, rounds + 1):
        config = StorageConfig(base_path=tmp_path / str(number))
        storage = await StorageService.open(config)
        assert (await storage.get_stats()).total_videos == 2
        await storage.close()
        assert registered_files(config) == files_on_disk(config, "videos")
        assert (await rebuild_library(config)).videos == 2
        left = sorted(path.name for path in config.state_path.iterdir() if path.is_dir())
        assert left == ["staging", "tmp"]
