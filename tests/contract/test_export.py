"""The export of stored videos, in process and over HTTP."""

import asyncio
import csv
import fcntl
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import bagit
import pytest

from tests.contract.conftest import Reach
from tests.unit.storage.samples import (
    MEDIA,
    OTHER,
    VIDEO,
    flip_byte,
    listed,
    metadata,
    save_request,
    stage,
)
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import (
    Conflict,
    DatabaseCorrupt,
    FileFailure,
    IntegrityFailure,
    InvalidRequest,
    NotFound,
)
from ytarchive.common.media import PlaylistMetadata, PlaylistVideo
from ytarchive.storage import (
    ExportAPI,
    ExportFormat,
    ExportQuery,
    MarksAPI,
    SaveMetadata,
    SavePlaylist,
    VideoMarks,
    open_export,
    rebuild_library,
    write_bag,
)
from ytarchive.storage.service import StorageService

THIRD = "abcdefghijk"
LIST = "PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf"
FORMULA = '=HYPERLINK("http://127.0.0.1/","x"), "ü"\nü'
BAG = ExportQuery(format=ExportFormat.BAGIT)


def sha256sum_accepts(folder: Path) -> bool:
    command = ["sha256sum", "--check", "--strict", "--quiet", "manifest-sha256.txt"]
    return subprocess.run(command, cwd=folder, check=False).returncode == 0


@pytest.fixture
def config(tmp_path: Path) -> StorageConfig:
    return StorageConfig(base_path=tmp_path / "archive")


@pytest.fixture
async def storage(config: StorageConfig) -> AsyncIterator[StorageService]:
    """Two stored videos of different channels, and one of which only the metadata is stored."""
    service = await StorageService.open(config)
    for video_id, title, channel in (
        (OTHER, FORMULA, "Another channel"),
        (VIDEO, "A title", "A channel"),
        (THIRD, "Not stored", "A channel"),
    ):
        update = {"channel_title": channel, "channel_id": f"UC{video_id * 2}"}
        described = metadata(video_id, title).model_copy(update=update)
        await service.save_metadata(SaveMetadata(metadata=described))
        if video_id != THIRD:
            await service.save_video(save_request(stage(config, video_id), video_id))
    entries = [
        PlaylistVideo(video_id=each, position=n)
        for n, each in enumerate((VIDEO, THIRD, OTHER, VIDEO))
    ]
    listed = PlaylistMetadata(
        playlist_id=LIST, title="x", video_count=4, videos=entries, fetched_at=metadata().fetched_at
    )
    await service.save_playlist(SavePlaylist(playlist=listed))
    yield service
    await service.close()


@pytest.fixture
async def api(reach: Reach[Any], storage: StorageService) -> ExportAPI:
    return cast("ExportAPI", await reach(ExportAPI, storage.subjects()[ExportAPI]))


async def exported(api: ExportAPI, format_: str, **selected: str) -> str:
    query = ExportQuery.model_validate({"format": format_, **selected})
    content, parts = await open_export(api, query)
    async with parts:
        found = b"".join([part async for part in parts])
    assert len(found) == content.size
    return found.decode()


async def test_download_archive_has_the_ids_whose_media_is_stored(api: ExportAPI) -> None:
    assert await exported(api, "download-archive") == f"youtube {OTHER}\nyoutube {VIDEO}\n"


async def test_yt_dlp_reads_the_download_archive(api: ExportAPI, tmp_path: Path) -> None:
    from yt_dlp import YoutubeDL  # noqa: PLC0415  # its import is slow

    file = tmp_path / "archive.txt"
    file.write_text(await exported(api, "download-archive"))
    with YoutubeDL({"download_archive": str(file), "quiet": True}) as program:
        known = [
            program.in_download_archive({"id": each, "extractor_key": "Youtube"})
            for each in (VIDEO, OTHER, THIRD)
        ]
    assert known == [True, True, False]


@pytest.mark.parametrize("format_", list(ExportFormat))
async def test_unknown_channel_or_playlist_is_an_error_with_a_hint(
    api: ExportAPI, format_: ExportFormat
) -> None:
    with pytest.raises(NotFound, match="'Unknown'; `ytarchive storage list`"):
        await exported(api, format_, channel="Unknown")
    with pytest.raises(NotFound, match="is not stored; `ytarchive playlist PLx"):
        await exported(api, format_, playlist="PLx" + LIST[3:])


async def test_channel_without_stored_media_has_an_empty_list(api: ExportAPI) -> None:
    assert json.loads(await exported(api, "json", channel=f"UC{THIRD * 2}")) == []


async def test_csv_has_one_row_for_each_video_and_no_formula(api: ExportAPI) -> None:
    other, video = csv.DictReader(io.StringIO(await exported(api, "csv"), newline=""))
    assert (video["video_id"], video["title"], video["duration"]) == (VIDEO, "A title", "213")
    assert video["upload_date"] == "2009-10-25T06:57:33Z"
    assert video["media_path"] == f"videos/{VIDEO}/{VIDEO}.mp4"
    assert (other["video_id"], other["title"]) == (OTHER, f"'{FORMULA}")


async def test_json_has_every_file_with_its_digest(api: ExportAPI) -> None:
    other, video = json.loads(await exported(api, "json"))
    assert (other["title"], video["url"]) == (FORMULA, f"https://www.youtube.com/watch?v={VIDEO}")
    files = {each["path"]: each for each in video["files"]}
    media = files[f"videos/{VIDEO}/{VIDEO}.mp4"]
    assert (media["role"], media["size_bytes"]) == ("media", len(MEDIA))
    assert media["sha256"] == hashlib.sha256(MEDIA).hexdigest()
    assert files[f"videos/{VIDEO}/captions/{VIDEO}.en.vtt"]["language"] == "en"


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ({"channel": "a CHANNEL"}, [VIDEO]),
        ({"channel": f"UC{OTHER * 2}"}, [OTHER]),
        ({"playlist": LIST}, [VIDEO, OTHER]),
        ({"playlist": f"https://www.youtube.com/playlist?list={LIST}"}, [VIDEO, OTHER]),
        ({"playlist": LIST, "channel": "A channel"}, [VIDEO]),
    ],
)
async def test_channel_and_playlist_select_videos(
    api: ExportAPI, selected: dict[str, str], expected: list[str]
) -> None:
    found = json.loads(await exported(api, "json", **selected))
    assert [each["video_id"] for each in found] == expected
    lines = (await exported(api, "download-archive", **selected)).splitlines()
    assert lines == [f"youtube {each}" for each in expected]


async def test_unknown_playlist_and_channel_in_its_place_are_refused(api: ExportAPI) -> None:
    with pytest.raises(NotFound, match="`ytarchive playlist PLunknown` archives it"):
        await exported(api, "csv", playlist="PLunknown")
    with pytest.raises(InvalidRequest, match="give it as channel"):
        await exported(api, "csv", playlist="@youtube")


async def test_more_videos_than_one_batch_are_exported_once(
    api: ExportAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.storage.export.selection.BATCH", 1)
    assert len(json.loads(await exported(api, "json"))) == 2
    assert len(json.loads(await exported(api, "json", playlist=LIST))) == 2


async def test_export_with_an_unreadable_row_fails_and_names_the_video(
    api: ExportAPI, config: StorageConfig, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(config.state_path / "library.db")) as database:
        database.execute("UPDATE videos SET missing = '[' WHERE video_id = ?", (VIDEO,))
        database.commit()
    with pytest.raises(DatabaseCorrupt, match=f"video {VIDEO} .*`ytarchive rebuild`"):
        await exported(api, "csv")
    with pytest.raises(DatabaseCorrupt, match=f"video {VIDEO} "):
        await write_bag(api, BAG, tmp_path / "bag")
    assert not (tmp_path / "bag").exists()


async def test_bag_is_valid_and_has_all_files_of_the_videos(
    api: ExportAPI, storage: StorageService, config: StorageConfig, tmp_path: Path
) -> None:
    marks = cast("MarksAPI", storage.subjects()[MarksAPI])
    await marks.set_marks(VIDEO, VideoMarks(keep=True))
    channel = config.base_path / "metadata" / "channels" / f"UC{VIDEO * 2}"
    channel.mkdir(parents=True)
    (channel / "poster.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    written = await write_bag(api, BAG, tmp_path / "new" / "bag")
    bag = bagit.Bag(written.path)
    bag.validate()
    assert bag.info["External-Description"] == "all videos"
    inside = listed(Path(written.path) / "data")
    assert written.files == len(inside)
    expected = {f"videos/{each}" for each in listed(config.base_path / "videos")}
    expected |= {f"metadata/marks/{VIDEO}.json", f"metadata/channels/{channel.name}/poster.jpg"}
    assert expected <= set(inside)
    assert sha256sum_accepts(Path(written.path))
    assert listed(tmp_path / "new") == [f"bag/{each}" for each in listed(Path(written.path))]


async def test_any_part_of_a_bag_can_be_read(api: ExportAPI) -> None:
    content = await api.export(BAG)

    async def part(start: int, stop: int) -> bytes:
        async with await content.open(start, stop) as parts:
            return b"".join([each async for each in parts])

    complete = await part(0, content.size)
    assert len(complete) == content.size
    for start, stop in ((0, 1), (511, 513), (1500, 9000), (content.size - 1025, content.size)):
        assert await part(start, stop) == complete[start:stop]


async def test_bag_of_a_playlist_becomes_an_archive(api: ExportAPI, tmp_path: Path) -> None:
    query = ExportQuery(format=ExportFormat.BAGIT, playlist=LIST, channel="A channel")
    written = await write_bag(api, query, tmp_path / "bag")
    restored = StorageConfig(base_path=Path(written.path) / "data")
    rebuilt = await rebuild_library(restored)
    assert (rebuilt.videos, rebuilt.problems) == (1, 0)
    storage = await StorageService.open(restored)
    try:
        found = cast("ExportAPI", storage.subjects()[ExportAPI])
        [copy] = json.loads(await exported(found, "json", playlist=LIST))
    finally:
        await storage.close()
    [original] = json.loads(await exported(api, "json", channel="A channel"))
    assert copy.pop("stored_at")[:19] == original.pop("stored_at")[:19]
    assert copy == original


async def test_bag_with_a_damaged_file_is_not_written(
    api: ExportAPI, config: StorageConfig, tmp_path: Path
) -> None:
    flip_byte(config.base_path / "videos" / VIDEO / f"{VIDEO}.mp4", 100)
    with pytest.raises(IntegrityFailure, match=rf"{VIDEO}\.mp4 is not the registered one"):
        await write_bag(api, BAG, tmp_path / "bags" / "one")
    assert list((tmp_path / "bags").iterdir()) == []


async def test_missing_file_is_named_before_anything_is_written(
    api: ExportAPI, config: StorageConfig, tmp_path: Path
) -> None:
    (config.base_path / "videos" / VIDEO / f"{VIDEO}.mp4").unlink()
    with pytest.raises(FileFailure, match=rf"{VIDEO}\.mp4 is missing.*`ytarchive verify`"):
        await write_bag(api, BAG, tmp_path / "bag")
    shutil.rmtree(config.base_path / "videos" / OTHER)
    with pytest.raises(FileFailure, match="more files"):
        await write_bag(api, BAG, tmp_path / "bag")
    assert not (tmp_path / "bag").exists()


async def test_bag_needs_an_empty_folder_and_a_video(api: ExportAPI, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Conflict, match="is not empty"):
        await write_bag(api, BAG, tmp_path)
    nothing = ExportQuery(format=ExportFormat.BAGIT, channel="Unknown")
    with pytest.raises(NotFound, match="no video of a channel"):
        await write_bag(api, nothing, tmp_path / "bag")
    (tmp_path / "empty").mkdir()
    written = await write_bag(api, BAG, tmp_path / "empty")
    bagit.Bag(written.path).validate()


async def test_interrupted_bag_leaves_nothing_behind(
    api: ExportAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()
    content = await api.export(BAG)
    reading = type(content)._open

    async def slow(*arguments: Any) -> Any:
        parts = await reading(*arguments)
        read = parts._read

        async def one() -> bytes:
            if started.is_set():
                await asyncio.sleep(3600)
            started.set()
            return await read()

        parts._read = one
        return parts

    monkeypatch.setattr(type(content), "_open", slow)
    writing = asyncio.create_task(write_bag(api, BAG, tmp_path / "bags" / "one"))
    await started.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert listed(tmp_path / "bags") == []
    assert not (tmp_path / "bags" / "one").exists()


async def test_bag_is_not_written_into_an_archive(
    api: ExportAPI, config: StorageConfig, tmp_path: Path
) -> None:
    (config.base_path / ".ytarchive-id").write_text("{}")
    with pytest.raises(Conflict, match=r"is in the archive .*: name a folder outside it"):
        await write_bag(api, BAG, config.base_path / "exports" / "bag")
    assert not (config.base_path / "exports").exists()


async def test_next_export_removes_what_a_killed_one_has_left(
    api: ExportAPI, tmp_path: Path
) -> None:
    killed, running, other = (
        tmp_path / "bags" / name
        for name in (".partial-one-0123abcd", ".partial-one-4567abcd", ".partial-two-0123abcd")
    )
    for folder in (killed, running, other):
        (folder / "data").mkdir(parents=True)
    descriptor = os.open(running, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        written = await write_bag(api, BAG, tmp_path / "bags" / "one")
    finally:
        os.close(descriptor)
    bagit.Bag(written.path).validate()
    assert {each.name for each in (tmp_path / "bags").iterdir()} == {
        "one", running.name, other.name
    }  # fmt: skip


async def test_bag_of_hostile_names_is_valid(
    api: ExportAPI, storage: StorageService, tmp_path: Path
) -> None:
    place = "videos/100% \u00fc \U0001f3ac 'quoted' *"
    request = save_request(stage(storage._config, THIRD), THIRD, place)
    await storage.save_video(request)
    query = ExportQuery(format=ExportFormat.BAGIT, channel=f"UC{THIRD * 2}")
    written = await write_bag(api, query, tmp_path / "b\u00e4g [*] 'x'")
    bag = bagit.Bag(written.path)
    bag.validate()
    assert f"data/{place}/{THIRD}/{THIRD}.mp4" in bag.entries
