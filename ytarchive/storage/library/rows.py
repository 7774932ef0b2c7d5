"""Rows of the library, from its models."""

import functools
import json
from typing import Any

from ytarchive.common.archived_files import Role
from ytarchive.common.database import Row
from ytarchive.common.media import PlaylistMetadata, VideoMetadata
from ytarchive.common.models import to_micros
from ytarchive.common.profile import ArchiveProfile
from ytarchive.storage.library.records import FileSet
from ytarchive.storage.store.file_sets import StoredFile, written_file
from ytarchive.storage.store.layout import Layout, recorded_quality


def metadata_row(metadata: VideoMetadata) -> dict[str, Any]:
    """Return the row of a video's metadata for lists and searches."""
    fields = metadata.model_dump(
        include={"video_id", "title", "channel_id", "channel_title", "duration"}
    )
    return fields | {"upload_date": metadata.upload_date and to_micros(metadata.upload_date)}


def playlist_row(playlist: PlaylistMetadata) -> dict[str, Any]:
    """Return the row of a playlist's summary."""
    return playlist.model_dump(
        include={"playlist_id", "title", "channel_id", "channel_title", "video_count"}
    )


def metadata_file_row(video_id: str, content: bytes, layout: Layout) -> dict[str, Any]:
    """Return the row of the file with a video's metadata."""
    path = layout.relative(layout.metadata_file(video_id))
    return file_row(video_id, path, written_file(path, content)) | {"role": Role.METADATA.value}


def media_row(stored: FileSet, media: str, moment: int) -> dict[str, Any]:
    """Return the row of a stored video.

    `media`: the name of its file; `moment`: when it was stored, in microseconds, if the manifest
    does not have it.
    """
    return {
        "video_id": stored.video_id,
        "media_path": f"{stored.folder}/{media}",
        "quality": recorded_quality(media, stored.facts.quality),
        "missing": missing_json(stored.facts.missing),
        "profile": profile_json(stored.facts.profile),
        "stored_at": to_micros(stored.facts.stored_at) if stored.facts.stored_at else moment,
    }


def file_rows(stored: FileSet) -> list[dict[str, Any]]:
    """Return the rows of a video's files."""
    return [
        file_row(stored.video_id, f"{stored.folder}/{file.name}", file) for file in stored.files
    ]


def file_row(video_id: str, path: str, file: StoredFile) -> dict[str, Any]:
    """Return the row of a file. `path`: in the archive."""
    return {
        "video_id": video_id,
        "path": path,
        "role": file.role.value,
        "language": file.language,
        "automatic": file.automatic,
        "format": file.format,
        "size_bytes": file.size_bytes,
        "sha256": bytes.fromhex(file.registered_sha256),
    }


def stored_file(row: Row, name: str) -> StoredFile:
    """Return the file of a row, under a name."""
    typed = {each: row[each] for each in ("role", "language", "automatic", "format", "size_bytes")}
    return StoredFile(name=name, sha256=row["sha256"].hex(), **typed)


def missing_json(names: list[str]) -> str | None:
    """Return a list of side files as stored; None if it is empty."""
    return json.dumps(names) if names else None


def profile_json(profile: ArchiveProfile | None) -> str | None:
    """Return a profile as stored; None if it is unknown."""
    return profile.model_dump_json() if profile else None


@functools.lru_cache
def stored_profile(text: str | None) -> ArchiveProfile | None:
    """Return a profile from its stored form."""
    return ArchiveProfile.model_validate_json(text) if text else None
