"""Rows of the library as the verification reads them, and findings for damaged ones."""

from ytarchive.common.database import Row
from ytarchive.storage.store.layout import VIDEO_ID
from ytarchive.storage.verify.checks import FileProblem, RegisteredFile
from ytarchive.storage.verify.models import FindingKind

_DIGEST_BYTES = 32
_REMEDY = "run `ytarchive rebuild`, which rebuilds the library from the archive's files"


def id_of(row: Row) -> str | None:
    """Return the video id of a row, which has it as bytes; None if it is damaged."""
    text = bytes(row["video_id"]).decode("ascii", "replace")
    return text if VIDEO_ID.fullmatch(text) else None


def damaged_id(row: Row) -> FileProblem:
    """Return the finding for a video whose id is damaged."""
    return _damaged(f"videos, number {row['number']}", f"the id is {_shown(row['video_id'])}")


def video_without_media(row: Row) -> FileProblem:
    """Return the finding for a stored video without a registered media file."""
    video = f"videos, number {row['number']}"
    return _damaged(video, f"the media of {_shown(row['video_id'])} is not in the table of files")


def files_without_video(row: Row) -> FileProblem:
    """Return the finding for registered files whose video is not registered."""
    return _damaged(f"files of {_shown(row['video_id'])}", "their video is not in the library")


def file_of(row: Row) -> RegisteredFile | FileProblem:
    """Return a registered file, or the finding for its damaged row."""
    try:
        video_id, path, role = (row[name].decode() for name in ("video_id", "path", "role"))
    except (UnicodeDecodeError, AttributeError):
        return _damaged(f"files, path {_shown(row['path'])}", "its text is not UTF-8")
    size, digest = row["size_bytes"], row["sha256"]
    if not isinstance(size, int) or not isinstance(digest, bytes) or len(digest) != _DIGEST_BYTES:
        return _damaged(f"files, path {_shown(row['path'])}", "its size or digest is no such value")
    return RegisteredFile(video_id, path, role, size, digest)


def _damaged(row: str, cause: str) -> FileProblem:
    detail = f"{cause}; {_REMEDY}"
    return FileProblem("", f"library.db: {row}", FindingKind.UNREADABLE_ROW, detail)


def _shown(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else repr(value)
