"""Converts entries of yt-dlp's listings to models."""

from typing import Any

from ytarchive.common.media import PlaylistVideo
from ytarchive.media import Info

_DEAD_TITLES = frozenset(["[Private video]", "[Deleted video]", "[Unavailable video]"])


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
        members_only=entry.get("availability") == "subscriber_only",
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


def channel_details(info: Info) -> dict[str, str | None]:
    """Return description and pictures of a channel's page, as fields of `ListedEntries`."""
    found = {each.get("id"): each.get("url") for each in info.get("thumbnails") or []}
    return {
        "channel_description": info.get("description") or "",
        "avatar_url": found.get("avatar_uncropped"),
        "banner_url": found.get("banner_uncropped"),
    }


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None
