"""Describes videos without an `info.json`: by an NFO file, or by the name of the media. Blocks."""

import re
from datetime import datetime
from pathlib import Path

from ytarchive.common.media import OF_FILE_NAME, OF_NFO, VideoMetadata
from ytarchive.storage.adopt.naming import NFO
from ytarchive.storage.adopt.nfo import read_nfo

_BEFORE_TITLE = re.compile(r"^(\d{4}-\d\d-\d\d_[^_]*_|\d{8}_|s\d+\.?e\d+ - )")
_AROUND_TITLE = " _-[("


def provisional_metadata(media: Path, video_id: str, at: datetime) -> VideoMetadata | None:
    """Return what is known of a video without its `info.json`; None without a title.

    `at`: when the media was fetched.
    """
    known = read_nfo(media.with_suffix(NFO))
    title = known.title or _title_in(media.stem, video_id)
    if not title:
        return None
    return VideoMetadata(
        video_id=video_id,
        title=title,
        description=known.description,
        upload_date=known.aired,
        channel_title=known.channel,
        fetched_at=at,
        source=OF_NFO if known.title else OF_FILE_NAME,
    )


def _title_in(name: str, video_id: str) -> str:
    before, _, after = name.rpartition(video_id)
    for part in (before, after) if video_id in name else (name,):
        title = _BEFORE_TITLE.sub("", part.strip()).strip(_AROUND_TITLE)
        if title:
            return title
    return ""
