"""Builds the indexed form of a video from the library's row and the archive's files."""

import hashlib
import json
import math
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import PurePosixPath
from typing import Any

from loguru import logger

from ytarchive.common.errors import LocalError, NotFound
from ytarchive.common.json_text import stored_json
from ytarchive.media import CAPTION_FORMATS, cues_of
from ytarchive.storage.search.text import clean
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore

log = logger.bind(service="storage")

_LARGEST_JSON = 64 * 2**20
TRACKS = 2
"""The part of the packed content that has the caption tracks."""


@dataclass(frozen=True)
class Headline:
    """The fields of a video in the library and in the index."""

    video_id: str
    title: str
    channel_id: str
    channel_title: str
    upload_date: int | None
    duration: int | None


@dataclass(frozen=True)
class Change(Headline):
    """A changed video, as the library has it."""

    revision: int
    media_path: str | None
    captions: dict[str, str]
    """Languages by path."""


@dataclass(frozen=True)
class Sources:
    """The contents of a video's files that are indexed."""

    described: list[bytes]
    """The stored metadata and the video's `info.json`, as far as they are there."""
    captions: dict[str, bytes]
    """By path, one format of each language."""


@dataclass(frozen=True)
class Track:
    """A captions file with the start times of its lines, in seconds."""

    language: str
    path: str
    seconds: list[int]


@dataclass(frozen=True)
class Document(Headline):
    """The indexed form of a video. `content` is the result of `packed`."""

    facets: str
    content: bytes

    def row(self) -> dict[str, Any]:
        """Return the columns of the index."""
        return asdict(self)


def packed(description: str, captions: str, tracks: list[Track]) -> bytes:
    """Return a video's texts, compressed. `captions`: the lines of all tracks, concatenated."""
    encoded_tracks = json.dumps([asdict(track) for track in tracks], separators=(",", ":"))
    return zlib.compress(f"{description}\0{captions}\0{encoded_tracks}".encode())


def unpacked(content: bytes, part: int) -> str:
    """Return a part of packed content: 0 for the description, 1 the captions, 2 the tracks.

    The part is empty if the content is damaged: queries call this function and must not fail.
    """
    try:
        return zlib.decompress(content).decode("utf-8", "replace").split("\0")[part]
    except (zlib.error, IndexError, TypeError):
        return "" if part != TRACKS else "[]"


def tracks_of(encoded_tracks: str) -> list[Track]:
    """Return the tracks from their part of the packed content; none if it is damaged."""
    try:
        return [Track(**track) for track in json.loads(encoded_tracks)]
    except (ValueError, TypeError):
        return []


async def sources_of(change: Change, layout: Layout, store: MediaStore) -> Sources:
    """Return the files of a video that are indexed. Only unreadable ones that exist are logged."""
    captions = _one_of_each_language(change.captions)
    described = [layout.relative(layout.metadata_file(change.video_id))]
    if change.media_path is not None:
        described.append(str(PurePosixPath(change.media_path).with_suffix(".info.json")))
    contents = [await _content(store, key, _LARGEST_JSON) for key in described]
    texts = {path: await _content(store, path, 16 * 2**20) for path in captions}
    return Sources(
        [content for content in contents if content is not None],
        {path: text for path, text in texts.items() if text is not None},
    )


def document_of(change: Change, sources: Sources) -> Document:
    """Return the document of a video."""
    described = _metadata_of(sources)
    lines: list[str] = []
    tracks: list[Track] = []
    for path, content in sources.captions.items():
        read = _lines(content, path)
        lines += (text for _, text in read)
        if read:
            seconds = [second for second, _ in read]
            tracks.append(Track(change.captions[path], path, seconds))
    text = packed(clean(_encodable(described.get("description"))), "\n".join(lines), tracks)
    known = replace(
        change,
        title=change.title or _encodable(described.get("title")),
        channel_id=change.channel_id or _encodable(described.get("channel_id")),
        channel_title=change.channel_title or _encodable(described.get("channel")),
    )
    return document(known, text)


def headline_of(change: Change) -> Document:
    """Return a document made from the library's row alone."""
    return document(change, packed("", "", []))


def document(change: Change, content: bytes) -> Document:
    """Return the document of a video with the given packed content."""
    headline = {field.name: getattr(change, field.name) for field in fields(Headline)}
    headline["title"] = clean(change.title).replace("\n", " ")
    return Document(**headline, facets=" ".join(_facets(change)), content=content)


def _facets(change: Change) -> Iterable[str]:
    yield channel_facet(change.channel_id)
    yield channel_facet(change.channel_title)
    yield captions_facet(has_captions=bool(change.captions))
    if change.duration is not None:
        yield from duration_facets(change.duration, change.duration)


def channel_facet(channel: str) -> str:
    """Return the index word for a channel's id or name, ignoring case."""
    return "c" + hashlib.blake2b(channel.casefold().encode(), digest_size=5).hexdigest()


def captions_facet(*, has_captions: bool) -> str:
    """Return the index word for videos with captions, or for those without."""
    return "captioned" if has_captions else "silent"


def duration_facets(shortest: int, longest: int) -> list[str]:
    """Return the index words for durations in this range, and slightly outside it."""
    return [f"d{step}" for step in range(_step(shortest), _step(longest) + 1)]


def _step(seconds: int) -> int:
    """Return the step of a duration on a logarithmic scale, with four steps per doubling."""
    return int(4 * math.log2(max(seconds, 0) + 1))


def _metadata_of(sources: Sources) -> dict[str, Any]:
    """Return the stored metadata or, without it, the contents of the video's `info.json`."""
    for content in sources.described:
        try:
            described = stored_json(content)
        except ValueError as error:
            log.warning("a description is not indexed: {}", error)
            continue
        if isinstance(described, dict):
            return described
    return {}


async def _content(store: MediaStore, key: str, limit: int) -> bytes | None:
    try:
        return await store.read(key, limit)
    except NotFound:
        return None
    except LocalError as error:
        log.warning("{}: not indexed: {}", key, error.message)
        return None


def _one_of_each_language(paths: Iterable[str]) -> list[str]:
    """Return captions without those that another format of the same language repeats."""
    found: dict[str, str] = {}
    for path in paths:
        name, _, suffix = path.rpartition(".")
        if suffix.lower() in CAPTION_FORMATS and (name not in found or suffix.lower() == "vtt"):
            found[name] = path
    return list(found.values())


def _encodable(text: Any) -> str:
    return str(text or "").encode("utf-8", "replace").decode()


def _lines(content: bytes, path: str) -> list[tuple[int, str]]:
    """Return the lines of captions, each once, with their start times in seconds."""
    cues = cues_of(content, path.rpartition(".")[2].lower())
    lines = ((cue.begin // 1000, " ".join(clean(" ".join(cue.lines)).split())) for cue in cues)
    return [(second, line) for second, line in lines if line]
