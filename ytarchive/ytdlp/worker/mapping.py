"""Converts yt-dlp's info dictionaries to models."""

from datetime import UTC, datetime
from typing import Any

from ytarchive.common.channel_lists import VideoKind
from ytarchive.common.media import PlaylistVideo, VideoMetadata
from ytarchive.common.models import utc_now
from ytarchive.media import Info
from ytarchive.ytdlp.selection import caption_languages, parts_of

# YouTube's file names, and the Data API's names of the same pictures.
_THUMBNAILS = {
    "default": "default",
    "mqdefault": "medium",
    "hqdefault": "high",
    "sddefault": "standard",
    "hq720": "hd720",
    "maxresdefault": "maxres",
}
_KINDS = {"video": VideoKind.VIDEO, "short": VideoKind.SHORT, "livestream": VideoKind.LIVE}
_DEAD_TITLES = frozenset(["[Private video]", "[Deleted video]", "[Unavailable video]"])


def video_metadata(info: Info) -> VideoMetadata:
    """Return a video's metadata from the info that its extraction gave."""
    return VideoMetadata(
        video_id=info["id"],
        title=info.get("title") or "",
        description=info.get("description") or "",
        duration=round(info.get("duration") or 0) or None,
        upload_date=_published(info),
        channel_id=info.get("channel_id") or "",
        channel_title=info.get("channel") or info.get("uploader") or "",
        thumbnail_urls=_thumbnails(info),
        available_captions=caption_languages(info),
        view_count=_count(info.get("view_count")),
        like_count=_count(info.get("like_count")),
        fetched_at=utc_now(),
        kind=_KINDS.get(info.get("media_type") or ""),
        source="yt-dlp",
    )


def _published(info: Info) -> datetime | None:
    for moment in (info.get("timestamp"), info.get("release_timestamp")):
        if moment:
            return datetime.fromtimestamp(moment, UTC)
    day = info.get("upload_date") or info.get("release_date")
    return datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC) if day else None


def _thumbnails(info: Info) -> dict[str, str]:
    """Return URLs by quality; the JPEG if YouTube has a picture in two formats."""
    found: dict[str, str] = {}
    for each in info.get("thumbnails") or []:
        name, _, extension = parts_of(each.get("url") or "").path.rpartition("/")[2].partition(".")
        if name in _THUMBNAILS and extension == "jpg":
            found[_THUMBNAILS[name]] = each["url"]
    if not found and info.get("thumbnail"):
        found["default"] = info["thumbnail"]
    return found


def playlist_video(entry: Info, position: int) -> PlaylistVideo:
    """Return an entry of a flat listing; `position` counts from 0."""
    title = entry.get("title") or ""
    duration = entry.get("duration")
    return PlaylistVideo(
        video_id=entry["id"],
        position=position,
        title=title,
        duration=None if duration is None else round(duration),
        is_available=title not in _DEAD_TITLES,
    )


def list_details(info: Info) -> dict[str, Any]:
    """Return a listing's metadata of the list, as fields of `ListedEntries`."""
    handle = info.get("uploader_id") or ""
    return {
        "title": info.get("title") or "",
        "description": info.get("description") or "",
        "channel_id": info.get("channel_id") or "",
        "channel_title": info.get("channel") or info.get("uploader") or "",
        "handle": handle if handle.startswith("@") else None,
        "video_count": _count(info.get("playlist_count")),
    }


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None
