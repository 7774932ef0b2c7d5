"""Models of the marks of videos."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import Field

from ytarchive.common.errors import FileFailure, NotFound
from ytarchive.common.identifiers import VideoId
from ytarchive.common.json_text import stored_json
from ytarchive.common.models import Model
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import Layout


class VideoMarks(Model):
    """The marks that users set on a video."""

    keep: bool = Field(default=False, description="Rules must not remove it")
    removed: bool = Field(default=False, description="It was removed, and is not fetched again")
    known_elsewhere: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="The place outside the archive where it is stored, so that it is not fetched",
    )
    episode: int | None = Field(
        default=None, ge=0, le=2**31 - 1, description="Its number among its channel's episodes"
    )


class MarkedVideo(VideoMarks):
    """A video with its marks, as stored in `metadata/marks/<id>.json`."""

    video_id: VideoId
    season: int | None = Field(default=None, description="Of the place in media-server views")
    episode_path: str | None = Field(
        default=None,
        description="Its place in media-server views, without the suffix. Media servers identify a "
        "video by its path, so place and episode number are assigned once",
    )


class KnownVideos(Model):
    """Videos that are stored outside the archive; also a file in `metadata/known_elsewhere`."""

    video_ids: list[VideoId] = Field(min_length=1, max_length=10_000)
    place: str = Field(min_length=1, max_length=500, description="Where they are stored")


class KnownMarked(Model):
    """What became of the requested videos; each is counted or listed once."""

    marked: int = Field(default=0, description="Now marked as known elsewhere")
    known_before: int = Field(default=0, description="Had this mark already")
    stored: list[str] = Field(default=[], description="Stored in the archive, and not marked")
    failed: list[str] = Field(default=[], description="Their marks cannot be read")


class MarksQuery(Model):
    """Selects the marked videos to list."""

    keep: bool | None = None
    removed: bool | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{11}$",
        description="`next_cursor` of the page before",
    )


def read_marks(path: Path) -> MarkedVideo:
    """Return the marks in a file. Blocks. Raises NotFound, or FileFailure if it is damaged."""
    content = files.read(path)
    try:
        marked = MarkedVideo.model_validate(stored_json(content))
    except ValueError:
        raise FileFailure(f"{path} has no marks that can be read") from None
    if path.stem != marked.video_id:
        raise FileFailure(f"{path} is not named after its video, {marked.video_id}")
    return marked


def marks_of(layout: Layout, video_id: str, known_elsewhere: str | None) -> MarkedVideo:
    """Return the marks of a video; all are unset if there are none. Blocks. Raises FileFailure.

    `known_elsewhere`: its place by the row, which applies if it has no file of its own: a list of
    many videos is one file.
    """
    try:
        return read_marks(layout.marks_file(video_id))
    except NotFound:
        return MarkedVideo(video_id=video_id, known_elsewhere=known_elsewhere)


def write_marks(layout: Layout, marked: Iterable[MarkedVideo]) -> None:
    """Write the files of the marks of videos. Blocks.

    They are written before the rows, so that a rebuilt library has the marks.
    """
    contents = {
        layout.marks_file(each.video_id): each.model_dump_json(indent=2).encode() + b"\n"
        for each in marked
    }
    files.write_together(contents, layout.scratch)


def write_known(layout: Layout, known: KnownVideos) -> None:
    """Write one file for videos that have no marks yet. Blocks.

    A file for each of them would take a minute for a hundred thousand.
    """
    content = known.model_dump_json().encode() + b"\n"
    name = f"{hashlib.sha256(content).hexdigest()[:16]}.json"
    files.write_atomically(layout.known_folder / name, content, layout.scratch)


def marks_row(marked: MarkedVideo) -> dict[str, Any]:
    """Return the row of a video's marks."""
    return marked.model_dump()
