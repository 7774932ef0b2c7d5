"""Exports as text: yt-dlp's list of ids, CSV and JSON."""

import asyncio
import csv
import hashlib
import io
import os
import tempfile
import weakref
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ytarchive.common.content import PART_SIZE, Content, Parts
from ytarchive.common.disk import os_errors
from ytarchive.common.file_names import file_name
from ytarchive.common.json_text import json_bytes
from ytarchive.common.models import utc_now
from ytarchive.storage.export.models import ExportedVideo, ExportFormat
from ytarchive.storage.export.selection import Selection

COLUMNS = (
    *("video_id", "title", "channel_id", "channel_title", "upload_date", "duration", "quality"),
    *("size_bytes", "stored_at", "url", "media_path", "missing"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheet programs execute cells that begin with these characters."""


@dataclass(frozen=True)
class _Listed(Content):
    """Text in a temporary file, which is deleted with the last reference to this object."""

    file: IO[bytes]

    async def _open(self, start: int, stop: int) -> Parts:
        position = start

        async def read() -> bytes:
            nonlocal position
            count = min(stop - position, PART_SIZE)
            part = await asyncio.to_thread(os.pread, self.file.fileno(), count, position)
            position += len(part)
            return part

        return Parts(read, _nothing)


async def _nothing() -> None:
    """Keep the file open: other parts of it may be read."""


async def listing_of(selection: Selection, format_: ExportFormat) -> Content:
    """Return the list of the selected videos. Raises DiskFull or another LocalError."""
    lines, media_type, suffix = _FORMATS[format_]
    digest, size = hashlib.sha256(), 0
    with os_errors(Path(tempfile.gettempdir())):
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # closed with the content
        try:
            async for text in lines(selection):
                digest.update(text)
                size += len(text)
                await asyncio.to_thread(_write, file, text)
        except BaseException:
            file.close()
            raise
    listed = _Listed(
        name=f"ytarchive-videos.{suffix}",
        media_type=media_type,
        size=size,
        modified=utc_now().replace(microsecond=0),
        etag=digest.hexdigest(),
        file=file,
    )
    weakref.finalize(listed, file.close)
    return listed


def _write(file: IO[bytes], text: bytes) -> None:
    """Write all bytes: an unbuffered file may write fewer."""
    rest = memoryview(text)
    while rest:
        rest = rest[file.write(rest) :]


async def _ids(selection: Selection) -> AsyncIterator[bytes]:
    async for videos in selection.videos():
        yield b"".join(f"youtube {video.video_id}\n".encode() for video in videos)


async def _csv(selection: Selection) -> AsyncIterator[bytes]:
    yield _rows([COLUMNS])
    async for videos in selection.videos():
        yield _rows([_cells(video) for video in videos])


async def _json(selection: Selection) -> AsyncIterator[bytes]:
    separator = b"[\n"
    async for videos in selection.with_files():
        for video in videos:
            yield separator + json_bytes(_with_exact_paths(video))
            separator = b",\n"
    yield b"\n]\n" if separator == b",\n" else b"[]\n"


def _rows(rows: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _cells(video: ExportedVideo) -> list[str]:
    values = video.model_dump(mode="json")
    values["missing"] = " ".join(video.missing)
    values["media_path"] = file_name(video.media_path)
    for name in ("title", "channel_title"):
        if values[name].startswith(_FORMULA):
            values[name] = f"'{values[name]}"
    return ["" if values[column] is None else str(values[column]) for column in COLUMNS]


def _with_exact_paths(video: ExportedVideo) -> ExportedVideo:
    files = [each.model_copy(update={"path": file_name(each.path)}) for each in video.files]
    return video.model_copy(update={"files": files, "media_path": file_name(video.media_path)})


_Lines = Callable[[Selection], AsyncIterator[bytes]]
_FORMATS: dict[ExportFormat, tuple[_Lines, str, str]] = {
    ExportFormat.DOWNLOAD_ARCHIVE: (_ids, "text/plain; charset=utf-8", "txt"),
    ExportFormat.CSV: (_csv, "text/csv; charset=utf-8", "csv"),
    ExportFormat.JSON: (_json, "application/json", "json"),
}
"""The lines of each format, its media type and its suffix."""
