"""What is adopted of damaged, repeated and odd files, and after a kill."""

import errno
import os
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from tests.unit.storage.adopting import adopt, report
from tests.unit.storage.foreign_libraries import (
    info,
    media,
    of_yt_dlp,
    write_file,
)
from tests.unit.storage.forms import PICTURE, SOUND, made
from tests.unit.storage.samples import OTHER, VIDEO
from ytarchive.common.config import StorageConfig
from ytarchive.common.disk import Space
from ytarchive.common.errors import Conflict
from ytarchive.storage import (
    AdoptMethod,
    AdoptRequest,
    ExistsRequest,
    MarksAPI,
    Outcome,
    PassState,
    VideoMarks,
    rebuild_library,
)
from ytarchive.storage.intake import ranking
from ytarchive.storage.service import StorageService


async def outcome_of(storage: StorageService, folder: Path, name: str) -> tuple[Outcome, str]:
    """The outcome of one file and its reason."""
    done = await adopt(storage, folder)
    assert (done.state, done.error) == (PassState.COMPLETE, None)
    row = (await report(storage))[name]
    return row.outcome, row.detail


@pytest.mark.parametrize(
    ("content", "described", "reason"),
    [(b"", {}, "empty"), (media()[:-500], {}, "cut short"), (b"<html>", {}, ""),
     (media(), {"id": OTHER}, f"describes another video, {OTHER}"),
     (media(), {"duration": 600}, "plays 2 of 600 seconds"),
     (media(".m4a"), {"vcodec": "avc1", "acodec": "mp4a"}, "has no video")],
)  # fmt: skip
async def test_media_that_is_damaged_or_of_another_video_is_refused(
    storage: StorageService, tmp_path: Path, content: bytes, described: dict[str, object],
    reason: str,
) -> None:  # fmt: skip
    write_file(tmp_path / "in" / f"A [{VIDEO}].mp4", content)
    if described:
        write_file(tmp_path / "in" / f"A [{VIDEO}].info.json", info(VIDEO, "A", **described))
    outcome, detail = await outcome_of(storage, tmp_path / "in", f"A [{VIDEO}].mp4")
    assert outcome is Outcome.NOT_RECOGNISED
    assert reason in detail
    assert (await storage.get_stats()).total_videos == 0


async def test_damaged_side_files_are_left_and_the_media_is_adopted(
    storage: StorageService, tmp_path: Path
) -> None:
    stem = tmp_path / "in" / f"A [{VIDEO}]"
    write_file(Path(f"{stem}.mp4"), media())
    write_file(Path(f"{stem}.info.json"), '{"id": ')
    write_file(Path(f"{stem}.en.vtt"), "<html>")
    write_file(Path(f"{stem}.jpg"), b"\xff\xd8\xff cut")
    done = await adopt(storage, tmp_path / "in")
    assert done.files == {Outcome.ADOPTED: 1, Outcome.NOT_RECOGNISED: 3}
    assert (await storage.adopter.list_undescribed()).video_ids == [VIDEO]


async def test_better_of_two_copies_is_adopted_and_a_better_duplicate_is_reported(
    storage: StorageService, tmp_path: Path
) -> None:
    first = tmp_path / "in"
    write_file(first / "a" / f"A [{VIDEO}].mp4", media(height=36))
    write_file(first / "b" / f"A [{VIDEO}].mp4", media(height=72))
    await adopt(storage, first)
    rows = await report(storage)
    assert rows[f"b/A [{VIDEO}].mp4"].outcome is Outcome.ADOPTED
    assert rows[f"a/A [{VIDEO}].mp4"].outcome is Outcome.DUPLICATE
    write_file(tmp_path / "better" / f"A [{VIDEO}].mp4", media(height=144))
    outcome, detail = await outcome_of(storage, tmp_path / "better", f"A [{VIDEO}].mp4")
    assert outcome is Outcome.DUPLICATE
    assert "better: 144p, stored 72p" in detail


async def test_removed_videos_and_links_are_not_adopted(
    storage: StorageService, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    of_yt_dlp(folder, VIDEO)
    write_file(tmp_path / "outside.mp4", media())
    (folder / f"B [{OTHER}].mp4").symlink_to(tmp_path / "outside.mp4")
    (folder / "loop").symlink_to(folder)
    marks = cast("MarksAPI", storage.subjects()[MarksAPI])
    await marks.set_marks(VIDEO, VideoMarks(removed=True))
    outcome, detail = await outcome_of(storage, folder, f"A title [{VIDEO}].mp4")
    assert (outcome, "marked as removed" in detail) == (Outcome.NOT_RECOGNISED, True)
    rows = await report(storage)
    assert "symbolic link" in rows[f"B [{OTHER}].mp4"].detail
    assert "symbolic link" in rows["loop"].detail
    assert (await storage.get_stats()).total_videos == 0


async def test_views_and_archives_below_the_folder_are_skipped_with_the_reason(
    storage: StorageService, config: StorageConfig, tmp_path: Path
) -> None:
    write_file(tmp_path / "view" / ".ytarchive-view", "{}")
    write_file(tmp_path / "view" / "A" / f"A [{VIDEO}].mp4", media())
    await adopt(storage, tmp_path)
    rows = await report(storage)
    assert "view of an archive" in rows[f"view/A/A [{VIDEO}].mp4"].detail
    assert "this archive" in rows[f"{config.base_path.name}/"].detail
    assert len(rows) == 3


async def test_files_that_cannot_be_linked_stop_the_adoption_with_the_remedy_and_can_be_moved(
    storage: StorageService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_yt_dlp(tmp_path / "in", VIDEO)
    storage.adopter.trusts_callers = True

    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, os.strerror(18))

    monkeypatch.setattr(os, "link", refuse)
    done = await adopt(storage, tmp_path / "in")
    assert done.state is PassState.STOPPED
    assert "--copy" in str(done.error)
    assert (await adopt(storage, tmp_path / "in", method=AdoptMethod.MOVE)).videos_adopted == 1
    assert list((tmp_path / "in").iterdir()) == []


async def test_full_disk_stops_before_copying_and_the_next_run_continues(
    config: StorageConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_yt_dlp(tmp_path / "in", VIDEO)
    storage = await StorageService.open(config)
    monkeypatch.setattr(storage._store, "space", _no_space)
    done = await adopt(storage, tmp_path / "in", method=AdoptMethod.COPY)
    assert (done.state, done.videos_adopted) == (PassState.STOPPED, 0)
    assert "bytes" in str(done.error)
    await storage.close()
    storage = await StorageService.open(config)
    done = await adopt(storage, tmp_path / "in", method=AdoptMethod.COPY)
    assert (done.state, done.videos_adopted) == (PassState.COMPLETE, 1)
    await storage.close()


async def _no_space(_: int) -> Space:
    return Space(capacity=2**40, free=0, kept=0)


async def test_cancelled_adoption_resumes_and_another_one_is_refused_meanwhile(
    storage: StorageService, tmp_path: Path
) -> None:
    for number in range(20):
        write_file(tmp_path / "in" / f"A [{number:010d}a].mp4", media())
    storage.adopter.trusts_callers = True
    request = AdoptRequest(folder=str(tmp_path / "in"))
    await storage.adopter.start_adoption(request)
    with pytest.raises(Conflict, match="adoption is running"):
        await storage.adopter.start_adoption(request)
    stopped = await storage.adopter.cancel_adoption()
    assert stopped.state is PassState.STOPPED
    done = await adopt(storage, tmp_path / "in")
    assert (done.state, done.videos_adopted) == (PassState.COMPLETE, 20)


async def test_metadata_that_was_not_fetched_yet_is_requested_after_a_rebuild_too(
    config: StorageConfig, tmp_path: Path
) -> None:
    write_file(tmp_path / "in" / f"A film [{VIDEO}].mp4", media())
    storage = await StorageService.open(config)
    await adopt(storage, tmp_path / "in")
    await storage.close()
    assert (await rebuild_library(config)).metadata == 1
    storage = await StorageService.open(config)
    assert (await storage.adopter.list_undescribed()).video_ids == [VIDEO]
    await storage.close()


async def test_unreadable_folders_and_names_that_are_not_utf8_have_rows_of_their_own(
    storage: StorageService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    write_file(folder / "M\udcfcnchen" / f"Gr\udcfcn [{VIDEO}].mp4", media())
    write_file(folder / "secret" / "a.mp4", media())
    write_file(folder / "names only" / "b.mp4", media())
    os.mkfifo(folder / "pipe")
    monkeypatch.setattr(os, "scandir", partial(_as_another_user, os.scandir))
    done = await adopt(storage, folder)
    assert (done.state, done.videos_adopted) == (PassState.COMPLETE, 1)
    rows = await report(storage)
    assert rows[f"M\udcfcnchen/Gr\udcfcn [{VIDEO}].mp4"].outcome is Outcome.ADOPTED
    assert {path: row.detail for path, row in rows.items() if row.video_id is None} == {
        "secret/": "the folder cannot be read",
        "names only/b.mp4": "it cannot be read",
        "pipe": "not a regular file",
    }


class _Entry:
    """An entry of a folder that permits to list names alone."""

    def __init__(self, found: os.DirEntry[str]) -> None:
        self.name = found.name

    def stat(self, **_: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied")


def _as_another_user(scandir: Any, path: Any) -> Any:
    """What `os.scandir` does for a user who may not enter some folders; root may."""
    name = path.name if isinstance(path, Path) else ""
    if name == "secret":
        raise PermissionError(errno.EACCES, "Permission denied")
    if name == "names only":
        return nullcontext([_Entry(each) for each in scandir(path)])
    return scandir(path)


def test_facts_of_an_mp4_without_a_description_need_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "ffmpeg_path", lambda: None)
    film = made(tmp_path / "film.mp4", *PICTURE, *SOUND)
    facts = ranking.facts_of_local(film, film.stat().st_size, {})
    assert facts.streams == frozenset({"video", "audio"})
    assert facts.label == "48p"


@pytest.mark.parametrize("dry_run", [True, False])
async def test_videos_of_a_download_archive_without_media_are_marked_as_known(
    storage: StorageService, tmp_path: Path, dry_run: bool
) -> None:
    """A video whose media is refused is not marked, so that jobs fetch it."""
    folder, refused, gone = tmp_path / "in", "refused_001", "watched_001"
    of_yt_dlp(folder, VIDEO)
    write_file(folder / f"Cut [{refused}].mp4", media()[:-500])
    names = (VIDEO, refused, gone, OTHER)
    write_file(folder / "archive.txt", "".join(f"youtube {name}\n" for name in names))
    marks = cast("MarksAPI", storage.subjects()[MarksAPI])
    await marks.set_marks(OTHER, VideoMarks(known_elsewhere="a disc"))
    for _ in range(2):  # repeated by a second run
        done = await adopt(storage, folder, dry_run=dry_run)
        assert done.state is PassState.COMPLETE
        row = (await report(storage))["archive.txt"]
        known = "videos of YouTube: 4; without media and known elsewhere: 2"
        assert row.detail == f"a download archive; {known}"
        assert row.outcome is Outcome.NOT_RECOGNISED
    asked = await storage.videos_exist(ExistsRequest(video_ids=list(names)))
    places = {} if dry_run else {gone: str(folder / "archive.txt")}
    assert asked.known_elsewhere == {OTHER: "a disc"} | places
    assert (folder / "archive.txt").is_file()
