"""The files of playlists, written in parts so that a long list is never wholly in memory.

A file has one entry per line, between the other fields and the count.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loguru import logger

from ytarchive.common.disk import os_errors
from ytarchive.common.errors import Conflict
from ytarchive.common.filesystem import exists
from ytarchive.common.identifiers import parse_playlist_id
from ytarchive.common.json_text import stored_json
from ytarchive.common.media import PlaylistMetadata, PlaylistVideo
from ytarchive.common.regular import open_regular, read_regular
from ytarchive.storage.library.models import SavePlaylist
from ytarchive.storage.library.repository import Library
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import Layout

log = logger.bind(service="storage")

_BEGIN = '  "videos": ['
_END = "  ]"
_LONGEST_ENTRY = 2**16


async def save_playlist(request: SavePlaylist, layout: Layout, library: Library) -> bool:
    """Write a playlist's file, and register it after its last part. Return whether that was it.

    Raises InvalidIdentifier, or as `_save_listed`.
    """
    playlist_id = parse_playlist_id(request.playlist.playlist_id)
    playlist = request.playlist.model_copy(update={"playlist_id": playlist_id})
    request = request.model_copy(update={"playlist": playlist})
    written = await asyncio.to_thread(_save_listed, request, layout)
    if written is not None:
        headline = {"videos": [], "video_count": written}
        await library.save_playlist(playlist.model_copy(update=headline))
    return written is not None


def _save_listed(request: SavePlaylist, layout: Layout) -> int | None:
    """Write a playlist's file. Return the number of entries, or None while more parts follow.

    Raises Conflict, NotWritable, DiskFull or FileFailure.
    """
    parts = [video.model_dump_json().encode() for video in request.playlist.videos]
    if request.draft is None:
        return _write(request, iter(parts), layout)
    draft = layout.scratch / f"playlist-{request.draft}.jsonl"
    with os_errors(draft):
        _gather(draft, request.playlist.videos, parts)
        if request.unfinished:
            return None
        with draft.open("rb") as gathered:
            written = _write(request, (line.rstrip() for line in gathered), layout)
        draft.unlink()
    return written


def _gather(draft: Path, videos: list[PlaylistVideo], parts: list[bytes]) -> None:
    begins = not videos or videos[0].position == 0
    if not begins and _following(draft) != videos[0].position:
        raise Conflict("the part does not follow those before: list the playlist again")
    with draft.open("wb" if begins and videos else "ab") as file:
        file.writelines(part + b"\n" for part in parts)


def _following(draft: Path) -> int:
    """Return the position that follows a draft's last entry."""
    if not exists(draft):
        return 0
    with draft.open("rb") as file:
        file.seek(max(0, draft.stat().st_size - _LONGEST_ENTRY))
        *_, last = file
    return int(json.loads(last)["position"]) + 1


def _write(request: SavePlaylist, entries: Iterator[bytes], layout: Layout) -> int:
    path = layout.playlist_file(request.playlist.playlist_id)
    writing = _Writing(request.playlist, path if request.newest_only else None)
    files.write_atomically(path, writing.lines(entries), layout.scratch)
    return writing.count


class _Writing:
    """Produces the lines of one playlist file."""

    def __init__(self, playlist: PlaylistMetadata, older: Path | None) -> None:
        self._headline = playlist.model_dump_json(exclude={"videos", "video_count"}, indent=2)
        self._stated_count = playlist.video_count
        self._older = older
        self.count = 0

    def lines(self, entries: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the file's content, with the number of entries at the end, where it is known."""
        fields = self._headline.removesuffix("\n}")
        yield f"{fields},\n{_BEGIN}".encode()
        for entry in self._all(entries):
            yield (b",\n    " if self.count else b"\n    ") + entry
            self.count += 1
        count = max(self.count, self._stated_count)
        yield f'\n{_END},\n  "video_count": {count}\n}}\n'.encode()

    def _all(self, entries: Iterator[bytes]) -> Iterator[bytes]:
        if self._older is None or not exists(self._older):
            yield from entries
            return
        newer = set()
        for line in entries:
            newer.add(json.loads(line)["video_id"])
            yield line
        try:
            for entry in entries_of(self._older):
                if entry["video_id"] not in newer:
                    entry["position"] = self.count
                    yield json.dumps(entry, ensure_ascii=False).encode()
        except (OSError, ValueError, LookupError, TypeError):
            # The next full listing restores the other entries.
            log.warning("{} is damaged: not all of its older entries are kept", self._older)


def entries_of(path: Path) -> Iterator[dict[str, Any]]:
    """Iterate over the entries of a playlist's file. Raises OSError or ValueError."""
    with open_regular(path) as file:
        if not any(line.rstrip(b"\r\n") == _BEGIN.encode() for line in file):
            return
        for line in file:
            if line.startswith(_END.encode()):
                return
            if line.strip() == b"{":  # formatted by another program
                yield from stored_json(read_regular(path))["videos"]
                return
            yield stored_json(line.strip().removesuffix(b","))
