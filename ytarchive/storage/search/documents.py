"""A video as it is indexed, from the library's row and the archive's files."""

import hashlib
import json
import math
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from loguru import logger

from ytarchive.common.json_text import stored_json
from ytarchive.common.regular import read_regular
from ytarchive.storage.search.captions import FORMATS, language_of, read_captions
from ytarchive.storage.search.text import clean
from ytarchive.storage.store.layout import Layout

log = logger.bind(service="storage")

_LARGEST_JSON = 64 * 2**20
TRACKS = 2
"""The part of what is packed that has the tracks of captions."""


@dataclass(frozen=True)
class Change:
    """A video that changed, as the library knows it."""

    revision: int
    video_id: str
    title: str
    channel_id: str
    channel_title: str
    upload_date: int | None
    duration: int | None
    media_path: str | None
    captions: list[str]


@dataclass(frozen=True)
class Track:
    """A captions' file, and the second at which each of its lines begins."""

    language: str
    path: str
    seconds: list[int]


@dataclass(frozen=True)
class Document:
    """A video as it is indexed. `content` is what `packed` made."""

    video_id: str
    title: str
    channel_id: str
    channel_title: str
    upload_date: int | None
    duration: int | None
    facets: str
    content: bytes

    def row(self) -> dict[str, Any]:
        """The columns of the index."""
        return asdict(self)


def packed(description: str, captions: str, tracks: list[Track]) -> bytes:
    """What is kept of a video's texts. `captions`: the lines of all tracks, one after the other."""
    told = json.dumps([asdict(track) for track in tracks], separators=(",", ":"))
    return zlib.compress(f"{description}\0{captions}\0{told}".encode())


def unpacked(content: bytes, part: int) -> str:
    """A part of what was packed: 0 the description, 1 the captions, 2 the tracks.

    Of damaged content it is empty: this runs inside queries, which it must not make fail.
    """
    try:
        return zlib.decompress(content).decode("utf-8", "replace").split("\0")[part]
    except (zlib.error, IndexError, TypeError):
        return "" if part != TRACKS else "[]"


def tracks_of(told: str) -> list[Track]:
    """The tracks, from their part of what was packed; none if it is damaged."""
    try:
        return [Track(**track) for track in json.loads(told)]
    except (ValueError, TypeError):
        return []


def document_of(change: Change, layout: Layout) -> Document:
    """Read what is to be indexed. A file that cannot be read is told in the log and left out."""
    told = _told(change, layout)
    lines: list[str] = []
    tracks: list[Track] = []
    for path in change.captions:
        read = _captions(layout.absolute(path))
        lines += (text for _, text in read)
        if read:
            tracks.append(Track(language_of(path), path, [second for second, _ in read]))
    content = packed(clean(_encodable(told.get("description"))), "\n".join(lines), tracks)
    known = replace(
        change,
        title=change.title or _encodable(told.get("title")),
        channel_id=change.channel_id or _encodable(told.get("channel_id")),
        channel_title=change.channel_title or _encodable(told.get("channel")),
    )
    return document(known, content)


def headline_of(change: Change) -> Document:
    """What the library's row alone tells."""
    return document(change, packed("", "", []))


def document(change: Change, content: bytes) -> Document:
    """A video with what was packed of its texts."""
    return Document(
        video_id=change.video_id,
        title=clean(change.title).replace("\n", " "),
        channel_id=change.channel_id,
        channel_title=change.channel_title,
        upload_date=change.upload_date,
        duration=change.duration,
        facets=" ".join(_facets(change)),
        content=content,
    )


def _facets(change: Change) -> Iterable[str]:
    yield channel_facet(change.channel_id)
    yield channel_facet(change.channel_title)
    yield captions_facet(has_captions=bool(change.captions))
    if change.duration is not None:
        yield from duration_facets(change.duration, change.duration)


def channel_facet(channel: str) -> str:
    """The word for a channel's id or name; case does not matter."""
    return "c" + hashlib.blake2b(channel.casefold().encode(), digest_size=5).hexdigest()


def captions_facet(*, has_captions: bool) -> str:
    """The word for having captions or not."""
    return "captioned" if has_captions else "silent"


def duration_facets(shortest: int, longest: int) -> list[str]:
    """The words for durations in this range, and for some that are nearly."""
    return [f"d{step}" for step in range(_step(shortest), _step(longest) + 1)]


def _step(seconds: int) -> int:
    """A coarse measure of durations: four steps to the double."""
    return int(4 * math.log2(max(seconds, 0) + 1))


def _told(change: Change, layout: Layout) -> dict[str, Any]:
    """The stored metadata or, without it, what yt-dlp left beside the video."""
    paths = [layout.metadata_file(change.video_id)]
    if change.media_path is not None:
        media = layout.absolute(change.media_path)
        paths.append(media.with_name(f"{media.stem}.info.json"))
    for path in paths:
        try:
            if path.stat().st_size <= _LARGEST_JSON:
                told = stored_json(read_regular(path))
                if isinstance(told, dict):
                    return told
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            log.warning("{}: not indexed: {}", path, error)
    return {}


def _captions(path: Path) -> list[tuple[int, str]]:
    if path.suffix.lower() not in FORMATS:
        return []
    try:
        return read_captions(path)
    except OSError as error:
        log.warning("{}: not indexed: {}", path, error)
        return []


def _encodable(text: Any) -> str:
    return str(text or "").encode("utf-8", "replace").decode()
