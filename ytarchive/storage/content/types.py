"""Media types and safe names for serving stored files."""

import re
from pathlib import PurePath

from ytarchive.common.file_names import shown_name

UNKNOWN = "application/octet-stream"
MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".3gp": "video/3gpp",
    ".flv": "video/x-flv",
    ".ts": "video/mp2t",
    ".m4a": "audio/mp4",
    ".mka": "audio/x-matroska",
    ".mp3": "audio/mpeg",
    ".aac": "audio/aac",
    ".opus": "audio/ogg",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".weba": "audio/webm",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".vtt": "text/vtt; charset=utf-8",
    ".srt": "application/x-subrip; charset=utf-8",
    ".ass": "text/x-ssa; charset=utf-8",
    ".ttml": "application/ttml+xml; charset=utf-8",
    ".srv1": "application/xml; charset=utf-8",
    ".srv2": "application/xml; charset=utf-8",
    ".srv3": "application/xml; charset=utf-8",
    ".json3": "application/json",
}
"""Media types by suffix, for every kind of file of a video. File contents are not examined."""

_UNSAFE = re.compile(
    r'[\x00-\x1f\x7f-\x9f"\\/:*?<>|\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]'
)


def media_type(path: PurePath) -> str:
    """Return the media type of a file by its suffix."""
    return MEDIA_TYPES.get(path.suffix.lower(), UNKNOWN)


def safe_name(path: PurePath) -> str:
    """Return the file name without characters that could break a header or mislead a reader."""
    return _UNSAFE.sub("_", shown_name(path.name))
