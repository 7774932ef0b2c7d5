"""A library of any size, made up: rows as the Storage service writes them, without the files."""

import asyncio
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from ytarchive.common.database import Database, Writer
from ytarchive.storage.service import SCHEMA

_AT_ONCE = 5_000
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_WORDS = ("build", "repair", "the", "old", "new", "kitchen", "garden", "radio", "engine", "talk")
_MICROSECONDS = 1_600_000_000_000_000
_KINDS = (
    ("mp4", "media", 40_000_000),
    ("info.json", "info", 300_000),
    ("jpg", "thumbnail", 90_000),
    ("en.vtt", "captions", 20_000),
)


def video_ids(count: int) -> Iterator[str]:
    """Different video ids, the same ones each time."""
    chance = random.Random(count)
    for _ in range(count):
        yield "".join(chance.choices(_LETTERS, k=11))


def fill(database: Path, ids: Iterable[str]) -> None:
    """Register videos with four files each."""
    asyncio.run(_fill(database, list(ids)))


async def _fill(path: Path, ids: list[str]) -> None:
    async with await Database.open(path, SCHEMA) as database:
        for start in range(0, len(ids), _AT_ONCE):
            await database.write(_Insert(start, ids[start : start + _AT_ONCE]))


class _Insert:
    """A transaction that registers some videos."""

    def __init__(self, start: int, ids: list[str]) -> None:
        self._numbered = list(enumerate(ids, start))

    def __call__(self, writer: Writer) -> None:
        writer.execute_many("upsert_metadata", map(_metadata, self._numbered))
        writer.execute_many("upsert_media", map(_media, self._numbered))
        writer.execute_many("upsert_file", (row for each in self._numbered for row in _files(each)))


def _metadata(numbered: tuple[int, str]) -> dict[str, object]:
    number, video_id = numbered
    chance = random.Random(number)
    return {
        "video_id": video_id,
        "title": " ".join(chance.choices(_WORDS, k=7)).capitalize(),
        "channel_id": f"UC{number % 5_000:022}",
        "channel_title": f"Channel {number % 5_000}",
        "upload_date": _MICROSECONDS + number * 10_000_000,
        "duration": number % 7_200,
        "now": _MICROSECONDS,
    }


def _media(numbered: tuple[int, str]) -> dict[str, object]:
    _, video_id = numbered
    path = f"videos/{video_id}/{video_id}.mp4"
    return {"video_id": video_id, "media_path": path, "quality": "720p", "now": _MICROSECONDS}


def _files(numbered: tuple[int, str]) -> Iterator[dict[str, object]]:
    number, video_id = numbered
    for suffix, role, size in _KINDS:
        folder = f"videos/{video_id}" + ("/captions" if role == "captions" else "")
        yield {
            "video_id": video_id,
            "path": f"{folder}/{video_id}.{suffix}",
            "role": role,
            "size_bytes": size + number % 1_000,
            "sha256": number.to_bytes(32),
        }
