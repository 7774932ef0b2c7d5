"""A thousand hostile titles, names of channels and playlists, in a view of every policy."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.disks import formatted
from tests.standin.hostile import HOSTILE_TITLES
from tests.unit.storage.samples import metadata
from tests.unit.storage.views.test_views import views_of
from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Database, Writer
from ytarchive.common.media import PlaylistMetadata, PlaylistVideo, VideoMetadata
from ytarchive.storage import AddView, SyncView, ViewPolicy
from ytarchive.storage.library.repository import SCHEMA
from ytarchive.storage.library.rows import file_row, metadata_row, playlist_row
from ytarchive.storage.service import StorageService
from ytarchive.storage.store.file_sets import written_file
from ytarchive.storage.store.layout import Layout

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
NAMES = tuple(
    text.encode("utf-8", "replace").decode()  # as metadata are read
    for text in [
        *HOSTILE_TITLES,
        *("Caf\u00e9", "Cafe\u0301", "CAF\u00c9", "Stra\u00dfe", "STRASSE", "strasse"),
        *("\u0130stanbul", "i\u0307stanbul", "istanbul", "ISTANBUL", "\u0131stanbul"),
        *("\u03a3\u03a3", "\u03c3\u03c2", "\u03c3\u03c3", "\u1e9e", "\ufb01le", "file", "FILE"),
        *("\u2215etc\u2044passwd", "\uff0fetc", "a\uff0e\uff0e", "\u2024\u2024", "~", "~root"),
        *("-rf", "--", ".hidden", "aux.txt", "COM1", "com\u00b9.mp4", "LPT9 ", "CONIN$"),
        *("x.", "x ", "x", "X", "x . .", " x", "\u3000x", "x\u200b", "\ufeffx", "x\u00ad"),
        *("\u202excod", "\u2066a\u2069", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d"),
        *(FAMILY * 100, "\U0001f1eb" * 300, "Z" + "\u0301" * 400, "\u0928\u093f" * 300),
        *("\U000e0001tag", "\ue000", "\U0010ffff", "\ufffe", "\x7f\x9f", "s01e02", "4x3-16x9"),
        *("\x00", "\n", "x\ufe0f", "\u200d", "\u3164\u2800", "sample", "desktop.ini"),
        *("Season 2026", "tvshow", "poster", "Music 2026", "Unknown channel", "a [UC0]", "a (2)"),
        *(".ytarchive-view", ".ytarchive-unfinished-1", "tvshow.nfo", "$MFT", "a" * 251 + ".mp4"),
    ]
)  # fmt: skip
COUNT = 1_000
PAIRS = 20
"""Pairs of videos whose ids, with equal titles, differ only in case."""
VIEWS: dict[str, dict[str, Any]] = {
    "lib": {"policy": ViewPolicy.LIBRARY},
    "lists": {"policy": ViewPolicy.PLAYLISTS},
    "tv": {"policy": ViewPolicy.MEDIA_SERVER},
    "own": {"policy": ViewPolicy.CUSTOM, "template": "{channel}/{title}/{date} {title} [{id}]"},
}


def id_of(number: int) -> str:
    """Return the id of a video; the first ones differ only in case."""
    if number >= 2 * PAIRS:
        return f"h_{number:09}"
    return f"{'Pair' if number % 2 else 'pAIR'}_{number // 2:06}"


def suffixes(number: int) -> tuple[str, ...]:
    """Every tenth video is music, and every tenth one has a thumbnail."""
    return (".m4a" if number % 10 == 7 else ".mp4", *((".jpg",) if number % 10 == 3 else ()))


async def fill(config: StorageConfig) -> None:
    """Create the archive's files and their rows, without the checks of a download."""
    layout = Layout.of(config)
    videos = [described(number) for number in range(COUNT)]
    lists = [playlist(number) for number in range(len(NAMES))]
    files = [stored(number, layout) for number in range(COUNT)]
    now = {"now": 1_700_000_000_000_000}
    media = {"quality": "720p", "missing": None, "profile": None} | {"stored_at": now["now"]}
    for video in videos:
        layout.metadata_file(video.video_id).parent.mkdir(parents=True, exist_ok=True)
        layout.metadata_file(video.video_id).write_text(video.model_dump_json())
    for each in lists:
        layout.playlist_file(each.playlist_id).parent.mkdir(parents=True, exist_ok=True)
        layout.playlist_file(each.playlist_id).write_text(each.model_dump_json())

    def insert(writer: Writer) -> None:
        writer.execute_many("upsert_metadata", [metadata_row(each) | now for each in videos])
        writer.execute_many(
            "upsert_media",
            [{"video_id": f[0]["video_id"], "media_path": f[0]["path"]} | media for f in files],
        )
        writer.execute_many("upsert_file", [row for rows in files for row in rows])
        writer.execute_many("upsert_playlist", [playlist_row(each) | now for each in lists])

    async with await Database.open(layout.database, SCHEMA) as database:
        await database.write(insert)


def described(number: int) -> VideoMetadata:
    """Return a video's metadata. Videos of a pair differ only in the case of their ids."""
    of_pair = number // 2 if number < 2 * PAIRS else number
    channel = of_pair % len(NAMES)
    fields = {
        "title": NAMES[of_pair * 7 % len(NAMES)],
        "channel_id": f"UC{channel:022}",
        "channel_title": NAMES[channel],
        "upload_date": datetime(2026, 5, 27, tzinfo=UTC) + timedelta(seconds=number),
    }
    return metadata(id_of(number)).model_copy(update=fields)


def playlist(number: int) -> PlaylistMetadata:
    """Return a playlist of five videos."""
    videos = [
        PlaylistVideo(video_id=id_of((number * 5 + at) % COUNT), position=at) for at in range(5)
    ]
    return PlaylistMetadata(
        playlist_id=f"PL{number:016}", title=NAMES[number], video_count=5, videos=videos,
        fetched_at=datetime(2026, 1, 2, tzinfo=UTC),
    )  # fmt: skip


def stored(number: int, layout: Layout) -> list[dict[str, Any]]:
    """Create a video's files, which contain their names; return their rows."""
    folder = layout.videos / id_of(number)
    folder.mkdir(parents=True)
    rows = []
    for suffix in suffixes(number):
        path = folder / f"{id_of(number)}{suffix}"
        path.write_text(path.name)
        key = layout.relative(path)
        file = written_file(key, path.read_bytes())
        rows.append(file_row(id_of(number), key, file))
    return rows


VIDEO_FILES = [f"{id_of(number)}{suffix}" for number in range(COUNT) for suffix in suffixes(number)]


@pytest.fixture(params=["local", "exfat", "vfat"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """The folder of the views: of this file system, or of one that ignores case."""
    folder = tmp_path / "disk"
    if request.param != "local":
        with formatted(request.param, folder, tmp_path / "image") as mounted:
            yield mounted
    else:
        folder.mkdir()
        yield folder


@pytest.fixture
async def storage(config: StorageConfig, disk: Path) -> AsyncIterator[StorageService]:
    config = config.model_copy(update={"allowed_roots": (disk,)})
    await (await StorageService.open(config)).close()
    await fill(config)
    service = await StorageService.open(config)
    yield service
    await service.close()


async def test_every_policy_shows_all_files_of_a_thousand_hostile_titles_in_its_folder(
    storage: StorageService, config: StorageConfig, disk: Path
) -> None:
    views = views_of(storage)
    for name, fields in VIEWS.items():
        path = str(disk / name)
        await views.add_view(AddView(name=name, path=path, allow_copy=True, **fields))
        report = await views.sync_view(name, SyncView())
        assert (report.blocked, report.foreign) == ([], 0)
        contents = shown_contents(disk / name)
        if name == "lists":
            assert sum(map(contents.count, VIDEO_FILES)) >= 5 * len(NAMES)
        else:
            assert sorted(contents) == sorted(VIDEO_FILES)
        again = await views.sync_view(name, SyncView())
        assert (again.created, again.removed, again.blocked, again.foreign) == (0, 0, [], 0)
    assert names_in(disk) == set(VIEWS)
    assert names_in(config.base_path) <= {"videos", "metadata", "library", ".ytarchive"}


def names_in(folder: Path) -> set[str]:
    """Return the names of the entries of a folder."""
    return {path.name for path in folder.iterdir()}


def shown_contents(folder: Path) -> list[str]:
    """Return the contents of all files of videos in a view."""
    ends = {".mp4", ".m4a", ".jpg"}
    paths = [path for path in folder.rglob("*") if path.suffix in ends and path.is_file()]
    return [path.read_text() for path in paths]
