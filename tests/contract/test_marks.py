"""The marks of videos, in process and over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.contract.conftest import Reach
from tests.unit.storage.samples import OTHER, VIDEO, save_request, stage
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import FileFailure, InvalidIdentifier
from ytarchive.storage import (
    KnownMarked,
    KnownVideos,
    MarkedVideo,
    MarksAPI,
    MarksQuery,
    VideoMarks,
    rebuild_library,
)
from ytarchive.storage.service import StorageService

MARKS = VideoMarks(keep=True, removed=True, known_elsewhere="a disc in the cellar", episode=12)


@pytest.fixture
def config(tmp_path: Path) -> StorageConfig:
    return StorageConfig(base_path=tmp_path / "archive")


@pytest.fixture
async def marks(reach: Reach[Any], config: StorageConfig) -> AsyncIterator[MarksAPI]:
    storage = await StorageService.open(config)
    yield cast("MarksAPI", await reach(MarksAPI, storage.subjects()[MarksAPI]))
    await storage.close()


def file(config: StorageConfig, video_id: str = VIDEO) -> Path:
    return config.base_path / "metadata" / "marks" / f"{video_id}.json"


async def test_video_without_marks_has_none_of_them(marks: MarksAPI) -> None:
    assert await marks.get_marks(VIDEO) == MarkedVideo(video_id=VIDEO)
    assert (await marks.list_marks(MarksQuery())).items == []


async def test_marks_replace_earlier_marks(marks: MarksAPI, config: StorageConfig) -> None:
    marked = await marks.set_marks(f"https://youtu.be/{VIDEO}", MARKS)
    assert marked == MarkedVideo(video_id=VIDEO, **MARKS.model_dump())
    assert await marks.get_marks(VIDEO) == marked
    assert MarkedVideo.model_validate_json(file(config).read_bytes()) == marked
    await marks.set_marks(VIDEO, VideoMarks(episode=3))
    assert await marks.get_marks(VIDEO) == MarkedVideo(video_id=VIDEO, episode=3)
    await marks.set_marks(VIDEO, VideoMarks())
    assert (await marks.list_marks(MarksQuery())).items == []


async def test_marked_videos_are_listed_by_mark_and_in_pages(marks: MarksAPI) -> None:
    await marks.set_marks(VIDEO, VideoMarks(keep=True))
    await marks.set_marks(OTHER, VideoMarks(removed=True))
    first = await marks.list_marks(MarksQuery(limit=1))
    rest = await marks.list_marks(MarksQuery(limit=1, cursor=first.next_cursor))
    assert [each.video_id for each in (*first.items, *rest.items)] == sorted([VIDEO, OTHER])
    assert rest.next_cursor is None
    kept = await marks.list_marks(MarksQuery(keep=True))
    removed = await marks.list_marks(MarksQuery(removed=True))
    assert [each.video_id for each in (*kept.items, *removed.items)] == [VIDEO, OTHER]


async def test_damaged_marks_are_reported(marks: MarksAPI, config: StorageConfig) -> None:
    file(config).write_text('{"keep": true}')
    with pytest.raises(FileFailure, match="no marks that can be read"):
        await marks.get_marks(VIDEO)
    file(config).write_text(f'{{"video_id": "{OTHER}"}}')
    with pytest.raises(FileFailure, match="not named after its video"):
        await marks.get_marks(VIDEO)
    with pytest.raises(InvalidIdentifier):
        await marks.get_marks("../../../../..")


async def test_rebuild_restores_the_marks_and_names_damaged_ones(config: StorageConfig) -> None:
    storage = await StorageService.open(config)
    own = cast("MarksAPI", storage.subjects()[MarksAPI])
    marked = await own.set_marks(VIDEO, MARKS)
    file(config, OTHER).write_text("{")
    await storage.close()
    rebuilt = await rebuild_library(config)
    assert [f"{OTHER}.json has no marks" in each for each in rebuilt.examples] == [True]
    storage = await StorageService.open(config)
    own = cast("MarksAPI", storage.subjects()[MarksAPI])
    assert (await own.list_marks(MarksQuery())).items == [marked]
    await storage.close()


async def test_file_is_written_before_the_row(
    config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = await StorageService.open(config)
    own = cast("MarksAPI", storage.subjects()[MarksAPI])
    monkeypatch.setattr("ytarchive.storage.marks.records.marks_row", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await own.set_marks(VIDEO, MARKS)
    assert (await own.list_marks(MarksQuery())).items == []
    assert (await own.get_marks(VIDEO)).episode == 12
    await storage.close()


async def test_many_videos_are_marked_as_known_in_one_request(
    marks: MarksAPI, config: StorageConfig
) -> None:
    ids = [f"video{n:06}" for n in range(2500)]
    await marks.set_marks(ids[0], VideoMarks(keep=True))
    await marks.set_marks(ids[1], VideoMarks(known_elsewhere="a disc"))
    file(config, ids[2]).write_text("{")
    done = await marks.mark_known(KnownVideos(video_ids=[*ids, ids[5]], place="old list"))
    assert done == KnownMarked(marked=2498, known_before=1, failed=[ids[2]])
    places = [(await marks.get_marks(each)).known_elsewhere for each in (*ids[:2], ids[2499])]
    assert places == ["old list", "a disc", "old list"]
    assert (await marks.get_marks(ids[0])).keep
    again = await marks.mark_known(KnownVideos(video_ids=ids, place="old list"))
    assert (again.marked, again.known_before) == (0, 2499)


async def test_stored_videos_are_not_marked_as_known_elsewhere(
    reach: Reach[Any], config: StorageConfig
) -> None:
    storage = await StorageService.open(config)
    marks: MarksAPI = await reach(MarksAPI, storage.subjects()[MarksAPI])
    await storage.save_video(save_request(stage(config)))
    done = await marks.mark_known(KnownVideos(video_ids=[VIDEO, OTHER], place="old list"))
    assert done == KnownMarked(marked=1, stored=[VIDEO])
    assert (await marks.get_marks(VIDEO)).known_elsewhere is None
    await storage.close()


async def test_rebuild_restores_known_videos_and_later_changes_of_single_ones(
    config: StorageConfig,
) -> None:
    storage = await StorageService.open(config)
    own = cast("MarksAPI", storage.subjects()[MarksAPI])
    ids = [f"video{n:06}" for n in range(500)]
    await own.set_marks(ids[0], VideoMarks(keep=True))
    await own.mark_known(KnownVideos(video_ids=ids, place="old list"))
    await own.set_marks(ids[1], VideoMarks(removed=True))
    await own.set_marks(ids[2], VideoMarks(known_elsewhere="a disc"))
    before = (await own.list_marks(MarksQuery(limit=1000))).items
    assert [(each.keep, each.removed, each.known_elsewhere) for each in before[:4]] == [
        (True, False, "old list"),
        (False, True, None),
        (False, False, "a disc"),
        (False, False, "old list"),
    ]
    await storage.close()
    for name in ("library.db", "library.db-wal"):
        (config.base_path / ".ytarchive" / name).unlink(missing_ok=True)
    assert (await rebuild_library(config)).problems == 0
    storage = await StorageService.open(config)
    own = cast("MarksAPI", storage.subjects()[MarksAPI])
    assert (await own.list_marks(MarksQuery(limit=1000))).items == before
    assert len(before) == 500
    await storage.close()


async def test_list_of_known_videos_is_written_before_their_rows(
    config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = await StorageService.open(config)
    own = cast("MarksAPI", storage.subjects()[MarksAPI])
    ids = [f"video{n:06}" for n in range(300)]
    with monkeypatch.context() as failing:
        failing.setattr("ytarchive.storage.marks.records.marks_row", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await own.mark_known(KnownVideos(video_ids=ids, place="old list"))
    await storage.close()
    folder = config.base_path / "metadata" / "known_elsewhere"
    assert [path.suffix for path in folder.iterdir()] == [".json"]  # one file for all of them
    (folder / "damaged.json").write_text("{")
    rebuilt = await rebuild_library(config)
    assert ["damaged.json" in each for each in rebuilt.examples] == [True]
    storage = await StorageService.open(config)
    own = cast("MarksAPI", storage.subjects()[MarksAPI])
    places = {each.known_elsewhere for each in (await own.list_marks(MarksQuery(limit=500))).items}
    assert places == {"old list"}
    assert (await own.get_marks(ids[299])).known_elsewhere == "old list"
    await storage.close()
