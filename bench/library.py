"""A generated library of any size: rows as the Storage service writes them, without the files."""

import asyncio
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.world import World
from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Database, Writer
from ytarchive.common.identity import create_identity, new_identity
from ytarchive.common.media import VideoMetadata
from ytarchive.storage.library.repository import SCHEMA
from ytarchive.storage.library.rows import file_row
from ytarchive.storage.search.documents import Change, Document, Track, document, packed
from ytarchive.storage.search.index import SearchIndex
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import Layout, parsed

CHANNELS = 5_000
FIRST_DAY = 1_300_000_000_000_000
"""The first upload, in microseconds; four minutes later comes the next one."""

_BETWEEN_UPLOADS = 240_000_000
_AT_ONCE = 2_000
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_STORED_AT = 1_700_000_000_000_000
_KINDS = (
    ("mp4", "media", 40_000_000),
    ("info.json", "info", 300_000),
    ("jpg", "thumbnail", 90_000),
    ("en.vtt", "captions", 20_000),
)
_SYLLABLES = [
    a + b for a in "bcdfghklmnprstvw" for b in ("a", "e", "i", "o", "u", "an", "er", "in")
]
_VOCABULARY = 60_000
_LINES = 60


@dataclass(frozen=True)
class MadeUp:
    """A video of the library; three of five have captions."""

    number: int
    video_id: str
    title: str
    description: str
    lines: list[str]

    @property
    def text_bytes(self) -> int:
        """The content of the search index."""
        return len("".join([self.title, self.description, *self.lines]).encode())


def video_ids(count: int) -> Iterator[str]:
    """Different video ids, the same ones each time."""
    chance = random.Random(count)
    for _ in range(count):
        yield "".join(chance.choices(_LETTERS, k=11))


def videos(count: int) -> Iterator[MadeUp]:
    """The library's videos, the same ones each time."""
    for number, video_id in enumerate(video_ids(count)):
        yield made_up(number, video_id)


def made_up(number: int, video_id: str) -> MadeUp:
    """A video with words of natural frequency; a third are those of its own subject."""
    words, weights = _words()
    has_captions = number % 5 < 3
    chance = random.Random(number)
    length = 47 + (7 * _LINES if has_captions else 0)
    subject = chance.choices(words, cum_weights=weights, k=length // 12)
    said = chance.choices(words, cum_weights=weights, k=length - length // 3)
    said += chance.choices(subject, k=length // 3)
    chance.shuffle(said)
    lines = [" ".join(said[at : at + 7]) for at in range(47, len(said), 7)]
    return MadeUp(number, video_id, " ".join(said[:7]), " ".join(said[7:47]), lines)


@cache
def _words() -> tuple[list[str], list[float]]:
    chance = random.Random(1)
    words: dict[str, None] = {}
    while len(words) < _VOCABULARY:  # frequent words are short
        words["".join(chance.choices(_SYLLABLES, k=1 + len(words).bit_length() // 6))] = None
    return list(words), list(itertools.accumulate(1 / rank for rank in range(1, _VOCABULARY + 1)))


def library(world: World, size: int) -> Path:
    """The archive with a library of this size and its search index; made once in a run."""
    base_path = world.scratch / f"library-{size}"
    if not base_path.exists():
        base_path.mkdir()
        create_identity(base_path, new_identity())
        asyncio.run(_fill(base_path, size))
        # The library has no files that views could show.
        views = base_path / "metadata" / "views.json"
        views.parent.mkdir(exist_ok=True)
        views.write_text('{"version": 1, "views": []}')
    return base_path


async def _fill(base_path: Path, size: int) -> None:
    layout = Layout.of(StorageConfig(base_path=base_path))
    async with await Database.open(layout.database, SCHEMA) as database:
        await database.write(_widen_cache)
        made = videos(size)
        while some := list(itertools.islice(made, _AT_ONCE)):
            await database.write(_Insert(some))
        [state] = await database.fetch_all("search_state")
    index = await SearchIndex.open(layout.search_index, state["library_id"], state["newest"])
    made = videos(size)
    while some := list(itertools.islice(made, _AT_ONCE)):
        documents = [_document(each) for each in some]
        await index.take_in(documents, state["newest"])
    await index.close()


def _widen_cache(writer: Writer) -> None:
    """Rows come in order, but their places in the indexes do not."""
    writer.connection.execute(f"PRAGMA cache_size = {-256 * 1024}")


class _Insert:
    """A transaction that registers some videos."""

    def __init__(self, some: list[MadeUp]) -> None:
        self._some = some

    def __call__(self, writer: Writer) -> None:
        writer.execute_many("upsert_metadata", map(_metadata, self._some))
        writer.execute_many("upsert_media", map(_media, self._some))
        writer.execute_many("upsert_file", (row for each in self._some for row in _files(each)))


def insert(some: list[MadeUp]) -> "_Insert":
    """A transaction that registers some videos."""
    return _Insert(some)


def metadata_file(video: MadeUp) -> bytes:
    """The content of `metadata/videos/<id>.json`."""
    fields = _metadata(video) | {"description": video.description}
    uploaded, stored_at = fields.pop("upload_date"), fields.pop("now")
    times = {"upload_date": uploaded // 1_000_000, "fetched_at": stored_at // 1_000_000}
    return VideoMetadata.model_validate(fields | times).model_dump_json(indent=2).encode()


def registered(video: MadeUp) -> list[str]:
    """The paths of a video's files."""
    return [str(row["path"]) for row in _files(video)]


def _metadata(video: MadeUp) -> dict[str, Any]:
    return {
        "video_id": video.video_id,
        "title": video.title,
        "channel_id": f"UC{video.number % CHANNELS:022}",
        "channel_title": f"Channel {video.number % CHANNELS}",
        "upload_date": FIRST_DAY + video.number * _BETWEEN_UPLOADS,
        "duration": video.number * 7919 % 7_200,
        "now": _STORED_AT,
    }


def _media(video: MadeUp) -> dict[str, object]:
    path = f"videos/{video.video_id}/{video.video_id}.mp4"
    now = _STORED_AT + video.number // 10
    stored = {
        "media_path": path,
        "quality": "720p",
        "stored_at": now,
        "missing": None,
        "profile": None,
    }
    return {"video_id": video.video_id} | stored


def _files(video: MadeUp) -> Iterator[dict[str, object]]:
    for suffix, role, size in _KINDS:
        if role != "captions" or video.lines:
            path = _path(video, suffix)
            file = StoredFile.of(
                parsed(path), size + video.number % 1_000, video.number.to_bytes(32).hex()
            )
            yield file_row(video.video_id, path, file) | {"role": role}


def _path(video: MadeUp, suffix: str) -> str:
    folder = f"videos/{video.video_id}" + ("/captions" if suffix.endswith("vtt") else "")
    return f"{folder}/{video.video_id}.{suffix}"


def _document(video: MadeUp) -> Document:
    row = _metadata(video)
    path = _path(video, "en.vtt")
    change = Change(
        revision=0,
        video_id=video.video_id,
        title=video.title,
        channel_id=str(row["channel_id"]),
        channel_title=str(row["channel_title"]),
        upload_date=FIRST_DAY + video.number * _BETWEEN_UPLOADS,
        duration=video.number * 7919 % 7_200,
        media_path=None,
        captions={path: "en"} if video.lines else {},
    )
    tracks = [Track("en", path, [5 * n for n in range(len(video.lines))])] if video.lines else []
    return document(change, packed(video.description, "\n".join(video.lines), tracks))
