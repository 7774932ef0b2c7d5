"""Reads yt-dlp's info of a video, and removes from it what must not be stored."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ytarchive.common.channel_lists import VideoKind
from ytarchive.common.media import VideoMetadata
from ytarchive.common.models import utc_now
from ytarchive.media.formats import Info

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
_SECRET = frozenset(["cookies", "filepath", "_filename", "filename", "infojson_filename"])
_SECRET_HEADERS = frozenset(["cookie", "authorization"])


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
        comment_count=_count(info.get("comment_count")),
        fetched_at=utc_now(),
        kind=_kind(info),
        language=_language(info),
        members_only=_is_for_members(info),
        is_translated=_may_be_translated(info),
        source="yt-dlp",
    )


def _kind(info: Info) -> VideoKind | None:
    """Return the kind of a video. Only broadcasts have a time of release: streams and premieres."""
    kind = _KINDS.get(info.get("media_type") or "")
    is_premiere = kind is VideoKind.VIDEO and info.get("release_timestamp") is not None
    return VideoKind.PREMIERE if is_premiere else kind


def _may_be_translated(info: Info) -> bool:
    """Return whether YouTube's player did not describe the video.

    Then yt-dlp takes the texts from the page, which is in English, and cannot know the status.
    """
    return "live_status" in info and info["live_status"] is None


def _language(info: Info) -> str | None:
    """Return the language of the original sound, if YouTube names it."""
    formats: list[Info] = info.get("formats") or []
    preferred = max(formats, key=lambda each: each.get("language_preference") or -1, default=info)
    return info.get("language") or preferred.get("language") or None


def _is_for_members(info: Info) -> bool | None:
    availability = info.get("availability")
    return availability == "subscriber_only" if availability else None


def _published(info: Info) -> datetime | None:
    for moment in (info.get("timestamp"), info.get("release_timestamp")):
        if moment:
            return datetime.fromtimestamp(moment, UTC)
    day = info.get("upload_date") or info.get("release_date")
    return datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC) if day else None


def _thumbnails(info: Info) -> dict[str, str]:
    """Return URLs by quality: of the JPEG, and with the version of the picture if one has it."""
    found: dict[str, str] = {}
    for each in info.get("thumbnails") or []:
        name, _, extension = parts_of(each.get("url") or "").path.rpartition("/")[2].partition(".")
        key = _THUMBNAILS.get(name)
        if key and extension == "jpg" and "?v=" not in found.get(key, ""):
            found[key] = each["url"]
    if not found and info.get("thumbnail"):
        found["default"] = info["thumbnail"]
    return found


def caption_languages(info: Info) -> list[str]:
    """Return the languages of captions made by people; the live chat is none."""
    return sorted(code for code in info.get("subtitles") or {} if _is_caption(code, info))


def _is_caption(code: str, info: Info) -> bool:
    return any(track.get("ext") == "vtt" for track in info["subtitles"][code] or [])


def parts_of(url: str) -> SplitResult:
    """Return an address in parts, or an empty one for invalid text."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def without_secrets(value: Any) -> Any:
    """Return yt-dlp's info for storing, without data about this machine or its user."""
    if isinstance(value, dict):
        return {
            key: _headers(inner) if key == "http_headers" else without_secrets(inner)
            for key, inner in value.items()
            if key not in _SECRET
        }
    return [without_secrets(each) for each in value] if isinstance(value, list) else value


def _headers(headers: dict[str, str] | None) -> dict[str, str]:
    return {n: v for n, v in (headers or {}).items() if n.lower() not in _SECRET_HEADERS}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None
